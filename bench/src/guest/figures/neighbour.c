/*
 * Rounds a second of processor work with system calls, and of bytes between two processes; with an
 * argument, on a single processor.
 */
#define _GNU_SOURCE
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static const double SECONDS = 0.6;

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec + time.tv_nsec / 1e9;
}

static volatile unsigned hash;

static void work(void) {
  for (int i = 0; i < 20000; i++) hash = hash * 31 + i;
  for (int i = 0; i < 50; i++) syscall(SYS_getppid);
}

static int there[2], back[2];

static void roundTrip(void) {
  char byte = 1;
  if (write(there[1], &byte, 1) != 1 || read(back[0], &byte, 1) != 1) exit(1);
}

static void echo(void) {
  char byte;
  while (read(there[0], &byte, 1) == 1 && write(back[1], &byte, 1) == 1) {}
  _exit(0);
}

static void measure(const char *name, void (*round)(void)) {
  double start = now();
  long rounds = 0;
  for (; now() - start < SECONDS; rounds++) round();
  printf("%s %f\n", name, rounds / (now() - start));
}

static void stay_on_one_processor(void) {
  cpu_set_t all, one;
  if (sched_getaffinity(0, sizeof all, &all) != 0) exit(1);
  int first = 0;
  while (!CPU_ISSET(first, &all)) first++;
  CPU_ZERO(&one);
  CPU_SET(first, &one);
  if (sched_setaffinity(0, sizeof one, &one) != 0) exit(1);
}

int main(int count, char **arguments) {
  (void)arguments;
  if (count > 1) stay_on_one_processor();
  if (pipe(there) != 0 || pipe(back) != 0) return 1;
  if (fork() == 0) {
    close(there[1]);
    echo();
  }
  measure("work", work);
  measure("pipe", roundTrip);
  fflush(stdout);
  close(there[1]);
  wait(NULL);
  return 0;
}
