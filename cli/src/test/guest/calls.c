/* calls export NAME GRANTEE... | calls call CVM/NAME...: functions under the rules of cvm.yaml. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "capvm.h"

static long add(long a, long b, long c, long d, long e, long f) {
  return a + b + c + d + e + f;
}

int main(int argc, char **argv) {
  if (!strcmp(argv[1], "export")) {
    cap_t function = cp_call_export(argv[2], add);
    for (int i = 3; i < argc; i++) {
      printf("grant %s: %s\n", argv[i], strerror(-cp_call_grant(function, argv[i], CAP_CALL)));
    }
    printf("grant %s, to pass on: %s\n", argv[3],
           strerror(-cp_call_grant(function, argv[3], CAP_CALL | CAP_DELEGATE)));
    puts("serving");
    fflush(stdout);
    return cp_call_serve(function) < 0;
  }
  for (int i = 2; i < argc; i++) {
    cap_t function = cp_call_open(argv[i]);
    long result = 0;
    int error = function < 0 ? (int)function
                             : cp_call(function, (long[6]){1, 2, 3, 4, 5, 6}, &result, NULL);
    if (error) {
      printf("%s: %s\n", argv[i], strerror(-error));
    } else {
      printf("%s: %ld, passed on: %s\n", argv[i], result,
             strerror(-cp_call_grant(function, "*", CAP_CALL)));
    }
  }
  return 0;
}
