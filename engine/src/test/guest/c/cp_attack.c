/* Everything a program must not get with handles, offsets and lengths of its choice. */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include "capvm.h"

static unsigned char memory[8192];
static unsigned char buffer[8192];
static int failures;

#define EXPECT(expression, expected) \
  do { \
    long got = (expression), want = (expected); \
    if (got != want && failures++ < 20) \
      printf("line %d: %s is %ld, not %ld\n", __LINE__, #expression, got, want); \
  } while (0)

static int untouched(void) {
  for (int i = 0; i < 8192; i++) {
    if (memory[i] != 0x5a) return 0;
  }
  return 1;
}

static cap_t raced;
static volatile int started;

static void *use(void *unused) {
  char byte;
  while (cp_file_read(raced, 0, &byte, 1) == 1) started = 1;
  started = 1;
  return unused;
}

enum { LARGE = 8 << 20 };
static unsigned char *large, *copy;
static int reads;

static void *copy_on(void *unused) {
  do {
    started = 1;
  } while ((reads ? cp_file_read(raced, 0, copy, LARGE) : cp_file_write(raced, 0, copy, LARGE)) == LARGE);
  return unused;
}

static int has(const unsigned char *bytes, int value) { return memchr(bytes, value, LARGE) != 0; }

/* Copies of many megabytes while the capability ends: what the owner does afterwards is out of reach. */
static void revoke_during_copy(void) {
  large = malloc(LARGE), copy = malloc(LARGE);
  cap_t all = cp_file_create("large", large, LARGE, CAP_ALL);
  for (int i = 0; i < 20; i++) {
    reads = i % 2;
    memset(large, 1, LARGE), memset(copy, 2, LARGE);
    raced = cp_file_restrict(all, 0, LARGE, CAP_READ | CAP_WRITE);
    started = 0;
    pthread_t thread;
    pthread_create(&thread, 0, copy_on, 0);
    while (!started) {
    }
    for (volatile int spin = 0; spin < i * 20000; spin++) {
    }
    EXPECT(cp_file_close(raced), 0);
    memset(large, 3, LARGE);
    pthread_join(thread, 0);
    EXPECT(has(large, 2), 0);
    EXPECT(has(copy, 3), 0);
  }
  EXPECT(cp_file_close(all), 0);
}

/* Waits that must not begin. */
static void wait_in_vain(void) {
  static int words[3] = {7, 8, 9};
  cap_t all = cp_file_create("words", words, sizeof words - 2, CAP_ALL);
  cap_t mute = cp_file_restrict(all, 0, 8, CAP_WRITE | CAP_NOTIFY);
  struct timespec soon = {0, 1000000};
  EXPECT(cp_file_wait(all, 0, 6, 0), -EAGAIN);
  EXPECT(cp_file_wait(all, 4, 7, 0), -EAGAIN);
  /* Without the system call, which would look at the timeout. */
  EXPECT(cp_file_wait(all, 0, 6, (void *)8), -EAGAIN);
  EXPECT(cp_file_wait(all, 4, 8, &soon), -ETIMEDOUT);
  EXPECT(cp_file_wait(all, 8, 0, &soon), -ERANGE);
  EXPECT(cp_file_wait(all, -4ul, 0, &soon), -ERANGE);
  EXPECT(cp_file_wait(mute, 0, 7, &soon), -EACCES);
  EXPECT(cp_file_wait(mute, 0, 6, &soon), -EACCES);
  EXPECT(cp_file_close(all), 0);
  EXPECT(cp_file_wait(all, 0, 6, 0), -EBADF);
  EXPECT(cp_file_wait(mute, 0, 6, 0), -EBADF);
}

int main(void) {
  memset(memory, 0x5a, sizeof memory);
  cap_t own = cp_file_create("attacked", memory + 1001, 37, CAP_ALL);
  if (own <= 0) return printf("create: %ld\n", own), 1;
  cap_t file = cp_file_restrict(own, 0, 37, CAP_READ | CAP_WRITE | CAP_NOTIFY);

  /* Offsets and lengths. */
  unsigned long extents[] = {0, 1, 36, 37, 38, 64, 65, 4096, 1ul << 20, (1ul << 20) + 1, 1ul << 31,
                             (1ul << 32) - 1, 1ul << 32, 1ul << 63, -1ul, -37ul, -38ul, -4096ul};
  int count = sizeof extents / sizeof *extents;
  for (int i = 0; i < count; i++) {
    for (int j = 0; j < count; j++) {
      unsigned long offset = extents[i], length = extents[j];
      int inside = offset <= 37 && length <= 37 - offset;
      long read = cp_file_read(file, offset, buffer, length);
      long written = cp_file_write(file, offset, memory + 1001, inside ? 0 : length);
      if (inside) {
        EXPECT(read, (long)length);
      } else if ((read != -ERANGE && read != -EFAULT) || (written != -ERANGE && written != -EFAULT)) {
        failures++;
        printf("offset %lx length %lx: %ld %ld\n", offset, length, read, written);
      }
      if (!inside) {
        long narrow = cp_file_restrict(file, offset, length, CAP_READ);
        EXPECT(narrow, -ERANGE);
      }
    }
  }

  /* The guest's own side. */
  EXPECT(cp_file_read(file, 0, (void *)0, 1), -EFAULT);
  EXPECT(cp_file_read(file, 0, (void *)0xfffffff8ul, 37), -EFAULT);
  EXPECT(cp_file_read(file, 0, (void *)0x100000000ul, 1), -EFAULT);
  EXPECT(cp_file_read(file, 0, (void *)-1ul, 1), -EFAULT);
  EXPECT(cp_file_write(file, 0, (void *)0x7fff00000000ul, 8), -EFAULT);
  unsigned char *page = mmap(0, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  EXPECT(cp_file_read(file, 0, page, 8), -EFAULT);
  EXPECT(cp_file_read(file, 0, page + 4090, 37), -EFAULT);
  EXPECT(cp_file_write(file, 0, page, 0), 0);

  /* With the direction flag set, a copy must not run downwards. */
  long result;
  register long length __asm__("rcx") = 37;
  (void)length;
  memset(buffer, 0, sizeof buffer);
  __asm__ volatile("std");
  result = cp_file_read(own, 0, buffer + 100, 37);
  __asm__ volatile("cld");
  EXPECT(result, 37);
  EXPECT(buffer[99], 0);
  EXPECT(buffer[100], 0x5a);

  /* Forged handles. */
  srand(1);
  for (int i = 0; i < 200000; i++) {
    cap_t guess = (cap_t)rand() << 40 ^ (cap_t)rand() << 20 ^ rand();
    if (i % 3 == 0) guess = i / 3;
    if (i % 3 == 1) guess = (cap_t)(i / 3) << 32 | 3;
    if (guess != own && guess != file && cp_file_read(guess, 0, buffer, 1) >= 0) {
      cap_t opened = guess;
      struct cp_file_status status;
      if (cp_file_stat(opened, &status)) failures++;
    }
  }
  EXPECT(cp_file_read(0, 0, buffer, 0), -EBADF);
  EXPECT(cp_file_read(own + (1l << 32), 0, buffer, 0), -EBADF);
  EXPECT(cp_file_read(own | 1l << 24, 0, buffer, 0), -EBADF);
  EXPECT(cp_file_read(own | 1l << 63, 0, buffer, 0), -EBADF);

  /* Rights. */
  cap_t reader = cp_file_restrict(own, 0, 37, CAP_READ);
  EXPECT(cp_file_write(reader, 0, buffer, 1), -EACCES);
  EXPECT(cp_file_notify(reader, 3, 1), -EACCES);
  EXPECT(cp_file_restrict(reader, 0, 37, CAP_READ | CAP_WRITE), -EACCES);
  EXPECT(cp_file_grant(reader, "*", CAP_READ), -EACCES);
  EXPECT(cp_file_restrict(reader, 0, 37, 32), -EINVAL);
  EXPECT(cp_file_open("nobody/nothing"), -ENOENT);
  EXPECT(cp_file_open("attacked"), -ENOENT); /* not granted, not even to itself */
  EXPECT(cp_file_open((char *)1), -EFAULT);
  EXPECT(cp_file_create("attacked", memory, 1, CAP_ALL), -EEXIST);
  EXPECT(cp_file_create("a/b", memory, 1, CAP_ALL), -ENOENT);
  EXPECT(cp_file_create("far", (void *)0xffffffffUL, 2, CAP_ALL), -ERANGE);

  /* Vectors and queues. */
  struct iovec vector[] = {{buffer, 10}, {buffer + 4000, 27}};
  EXPECT(cp_file_readv(own, 0, vector, 2), 37);
  EXPECT(buffer[4026], 0x5a);
  EXPECT(cp_file_readv(own, 1, vector, 2), 10);
  EXPECT(cp_file_writev(own, 38, vector, 2), -ERANGE);
  EXPECT(cp_file_readv(own, 0, vector, -1), -EINVAL);
  struct cp_file_operation queue[] = {{0, 0, own, 0, buffer, 8, 0},
                                      {1, 0, reader, 0, buffer, 8, 0},
                                      {7, 0, own, 0, buffer, 8, 0},
                                      {1, 0, own, 30, buffer, 8, 0},
                                      {0, 0, own, 0, 0, 8, 0}};
  EXPECT(cp_file_submit(queue, 5), 5);
  EXPECT(queue[0].result, 8);
  EXPECT(queue[1].result, -EACCES);
  EXPECT(queue[2].result, -EINVAL);
  EXPECT(queue[3].result, -ERANGE);
  EXPECT(queue[4].result, -EFAULT);

  /* Revocation while another thread reads. */
  for (int i = 0; i < 200; i++) {
    raced = cp_file_restrict(own, 0, 8, CAP_READ);
    started = 0;
    pthread_t thread;
    pthread_create(&thread, 0, use, 0);
    while (!started) {
    }
    EXPECT(cp_file_close(raced), 0);
    EXPECT(cp_file_read(raced, 0, buffer, 1), -EBADF);
    pthread_join(thread, 0);
  }
  EXPECT(cp_file_close(own), 0);
  EXPECT(cp_file_read(file, 0, buffer, 1), -EBADF);
  EXPECT(cp_file_close(own), -EBADF);
  revoke_during_copy();
  wait_in_vain();
  EXPECT(untouched(), 1);
  puts(failures ? "failed" : "held");
  return failures != 0;
}
