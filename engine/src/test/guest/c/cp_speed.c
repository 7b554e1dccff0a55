/* What a read through a capability costs, beside memcpy: "cp_speed BYTES ROUNDS". */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "capvm.h"

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

int main(int argc, char **argv) {
  size_t bytes = argc > 1 ? strtoul(argv[1], 0, 0) : 8;
  long rounds = argc > 2 ? atol(argv[2]) : 1000000;
  char *from = aligned_alloc(4096, (bytes + 4095) & ~4095ul);
  char *to = aligned_alloc(4096, (bytes + 4095) & ~4095ul);
  memset(from, 1, bytes);
  memset(to, 2, bytes);
  cap_t file = cp_file_create("speed", from, bytes, CAP_ALL);
  if (file < 0) return 1;
  double best_cap = 1e18, best_copy = 1e18;
  for (int run = 0; run < 5; run++) {
    double start = now();
    for (long i = 0; i < rounds; i++) {
      if (cp_file_read(file, 0, to, bytes) != (long)bytes) return 2;
    }
    double cap = (now() - start) / (double)rounds;
    start = now();
    for (long i = 0; i < rounds; i++) {
      memcpy(to, from, bytes);
      __asm__ volatile("" : : "r"(to) : "memory");
    }
    double copy = (now() - start) / (double)rounds;
    if (cap < best_cap) best_cap = cap;
    if (copy < best_copy) best_copy = copy;
  }
  printf("%zu bytes: cp_file_read %.1f ns, memcpy %.1f ns\n", bytes, best_cap, best_copy);
  return 0;
}
