/* Linked into each compiled benchmark: reports at the end the processor time it took, in nanoseconds. */
#include <stdio.h>
#include <time.h>

__attribute__((destructor)) static void report(void) {
  struct timespec time;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  fprintf(stderr, "%lld\n", (long long)time.tv_sec * 1000000000 + time.tv_nsec);
}
