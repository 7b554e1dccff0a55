/* "cp_waiter own" publishes a word and sleeps; "cp_waiter CVM/word" waits for it until the owner's end. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "capvm.h"

static int word;

int main(int argc, char **argv) {
  (void)argc;
  if (!strcmp(argv[1], "own")) {
    cap_t file = cp_file_create("word", &word, sizeof word, CAP_ALL);
    if (file < 0 || cp_file_grant(file, "*", CAP_READ)) return 1;
    for (;;) pause();
  }
  cap_t file;
  for (int i = 0; (file = cp_file_open(argv[1])) == -2 && i < 2000; i++) {
    usleep(5000);
  }
  puts("waiting");
  fflush(stdout);
  int error = cp_file_wait(file, 0, 0, NULL);
  puts(strerror(-error));
  puts(strerror((int)-cp_file_read(file, 0, &word, sizeof word)));
  return error != -130;
}
