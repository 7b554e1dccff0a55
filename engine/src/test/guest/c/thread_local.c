/* Thread-local storage of the main thread, constructors and destructors, and a big static area. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static _Thread_local int counter = 41;
static _Thread_local char zeroes[3000];
static char area[1 << 20];

__attribute__((constructor)) static void before(void) { printf("before main\n"); }

__attribute__((destructor)) static void after(void) { printf("after main\n"); }

static void atEnd(void) { printf("at exit\n"); }

int main(void) {
  atexit(atEnd);
  counter++;
  int sum = 0;
  for (unsigned i = 0; i < sizeof zeroes; i++) sum += zeroes[i];
  memset(area, 3, sizeof area);
  for (unsigned i = 0; i < sizeof area; i++) sum += area[i];
  printf("%d %d\n", counter, sum);
  return 0;
}
