/* Rounds a second of processor work with system calls, and of bytes between two processes. */
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

int main(void) {
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
