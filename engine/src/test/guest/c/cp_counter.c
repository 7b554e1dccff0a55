/* A counter that one cVM owns and another one counts up: "cp_counter own LIMIT", "cp_counter count CVM". */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "capvm.h"

static struct {
  int value;
  int limit;
} shared __attribute__((aligned(8)));

static int fail(const char *what, long error) {
  printf("%s: %s\n", what, strerror((int)-error));
  return 1;
}

static int own(int limit) {
  shared.limit = limit;
  cap_t file = cp_file_create("the counter of this example", &shared, sizeof shared, CAP_ALL);
  if (file < 0) return fail("create", file);
  int error = cp_file_grant(file, "*", CAP_READ | CAP_WRITE | CAP_NOTIFY);
  if (error) return fail("grant", error);
  struct timespec timeout = {20, 0};
  int seen = __atomic_load_n(&shared.value, __ATOMIC_ACQUIRE);
  while (seen < limit) {
    error = cp_file_wait(file, 0, seen, &timeout);
    if (error && error != -11) return fail("wait", error);
    seen = __atomic_load_n(&shared.value, __ATOMIC_ACQUIRE);
  }
  printf("counted to %d\n", seen);
  return 0;
}

static int count(const char *name) {
  cap_t file;
  for (int i = 0; (file = cp_file_open(name)) == -2 && i < 2000; i++) {
    nanosleep(&(struct timespec){0, 5000000}, NULL);
  }
  if (file < 0) return fail("open", file);
  int words[2];
  long n = cp_file_read(file, 0, words, sizeof words);
  if (n != sizeof words) return fail("read", n);
  while (words[0] < words[1]) {
    words[0]++;
    n = cp_file_write(file, 0, words, sizeof words[0]);
    /* The owner may have ended as soon as it saw the last one. */
    if (n < 0) return words[0] == words[1] ? 0 : fail("write", n);
    long woken = cp_file_notify(file, 0, 1);
    if (woken < 0 && words[0] < words[1]) return fail("notify", woken);
  }
  puts("done");
  return 0;
}

int main(int argc, char **argv) {
  return argc == 3 && !strcmp(argv[1], "own") ? own(atoi(argv[2])) : count(argv[2]);
}
