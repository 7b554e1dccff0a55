/* Hands frames to frames.py in another cVM, which turns each around in place: "cp_frames FRAMES". */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "capvm.h"

enum { LONGEST = 640 * 480 * 3 };

/* Whose turn it is: the producer's if even. */
static struct {
  int turn;
  int length;
  unsigned char pixels[LONGEST];
} shared;

static unsigned char original[LONGEST];
static cap_t file;

static int hand_over(int length) {
  shared.length = length;
  int turn = shared.turn + 1;
  __atomic_store_n(&shared.turn, turn, __ATOMIC_RELEASE);
  if (cp_file_notify(file, 0, 1) < 0) return 0;
  struct timespec limit = {60, 0};
  while (length >= 0 && __atomic_load_n(&shared.turn, __ATOMIC_ACQUIRE) == turn) {
    int error = cp_file_wait(file, 0, turn, &limit);
    if (error && error != -EAGAIN) return 0;
  }
  return 1;
}

int main(int argc, char **argv) {
  int frames = argc > 1 ? atoi(argv[1]) : 100;
  long bytes = 0;
  file = cp_file_create("frames", &shared, sizeof shared, CAP_ALL);
  if (file < 0 || cp_file_grant(file, "mirror", CAP_READ | CAP_WRITE | CAP_NOTIFY)) return 1;
  srand(1);
  for (int frame = 0; frame < frames; frame++) {
    int length = 1 + rand() % LONGEST;
    for (int i = 0; i < length; i++) original[i] = (unsigned char)(i * 7 + frame);
    memcpy(shared.pixels, original, (size_t)length);
    if (!hand_over(length)) return 2;
    for (int i = 0; i < length; i++) {
      if (shared.pixels[i] != original[length - 1 - i]) return 3;
    }
    bytes += length;
  }
  /* The mirror says good-bye before this buffer ends with its owner. */
  if (!hand_over(-1)) return 4;
  for (struct timespec limit = {60, 0}; shared.turn != 0;) {
    int error = cp_file_wait(file, 0, shared.turn, &limit);
    if (error && error != -EAGAIN) return 5;
  }
  printf("%d frames, %s\n", frames, bytes > 0 ? "all turned" : "nothing");
  return 0;
}
