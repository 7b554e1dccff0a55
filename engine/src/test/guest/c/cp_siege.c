/*
 * What a cVM must not achieve by asking often: with tables that are full, with a crowd that waits, with arguments
 * that change while they are looked at. "cp_siege own" publishes what "cp_siege" attacks.
 */
#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>
#include "capvm.h"

static int failures;

#define EXPECT(expression, expected) \
  do { \
    long got = (expression), want = (expected); \
    if (got != want && failures++ < 20) \
      printf("line %d: %s is %ld, not %ld\n", __LINE__, #expression, got, want); \
  } while (0)

/* What is published: a turn to wait for, and bytes with others around them that nobody may touch. */
static struct {
  int turn;
  char before[1000];
  char given[37];
  char after[3000];
} memory;

enum { LAST = 36, WAITS = 500 };
static const char secret = 0x5a;
static cap_t turn;
static volatile int over;

/* Both sides tell each other by the last byte how far they are. */
static void await_stage(char stage) {
  while (*(volatile char *)&memory.given[LAST] != stage) usleep(1000);
}

static void *notify_one(void *unused) {
  while (!over) {
    if (cp_file_notify(turn, 0, 1) < 0) failures++;
  }
  return unused;
}

/* Waits among all those of the attacker, while a thread wakes one at a time. */
static int own(void) {
  memset(memory.before, secret, sizeof memory.before);
  memset(memory.after, secret, sizeof memory.after);
  turn = cp_file_create("turn", &memory.turn, sizeof memory.turn, CAP_ALL);
  cap_t given = cp_file_create("given", memory.given, sizeof memory.given, CAP_ALL);
  EXPECT(cp_file_grant(turn, "*", CAP_READ), 0);
  EXPECT(cp_file_grant(given, "*", CAP_READ | CAP_WRITE | CAP_NOTIFY), 0);
  await_stage('c');
  pthread_t thread;
  pthread_create(&thread, NULL, notify_one, NULL);
  struct timespec limit = {60, 0};
  for (int i = 0; i < WAITS; i++) EXPECT(cp_file_wait(turn, 0, 0, &limit), 0);
  memory.given[LAST] = 'd';
  await_stage('e');
  over = 1;
  pthread_join(thread, NULL);
  for (size_t i = 0; i < sizeof memory.before; i++) EXPECT(memory.before[i], secret);
  for (size_t i = 0; i < sizeof memory.after; i++) EXPECT(memory.after[i], secret);
  puts(failures ? "failed" : "held");
  return failures != 0;
}

static cap_t open_when_there(const char *name) {
  cap_t opened;
  while ((opened = cp_file_open(name)) == -ENOENT) usleep(1000);
  return opened;
}

/* ---- tables */

static char room[4096];

static void exhaust(void) {
  static cap_t made[1 << 21];
  cap_t all = cp_file_create("room", room, sizeof room, CAP_ALL);
  long count = 0;
  while ((made[count] = cp_file_restrict(all, 0, 8, CAP_READ)) > 0) count++;
  EXPECT(made[count], -ENOSPC);
  EXPECT(cp_file_create("more", room, 8, CAP_ALL), -ENOSPC);
  EXPECT(cp_file_grant(all, "*", CAP_READ), -ENOSPC);
  EXPECT(cp_file_open("castle/given"), -ENOSPC);
  EXPECT(cp_call_export("function", (cp_function)exhaust), -ENOSPC);
  cap_t stream;
  EXPECT(cp_stream_create("stream", 0, &stream), -ENOSPC);
  /* What was there works, and names nothing else. */
  char byte;
  for (long i = 0; i < count; i += 997) EXPECT(cp_file_read(made[i], 7, &byte, 1), 1);
  EXPECT(cp_file_read(made[count - 1], 8, &byte, 1), -ERANGE);
  /* One place is enough for one; the names that were refused are free. */
  EXPECT(cp_file_close(made[0]), 0);
  cap_t more = cp_file_create("more", room, 8, CAP_ALL);
  EXPECT(more > 0, 1);
  EXPECT(cp_file_read(made[0], 0, &byte, 1), -EBADF);
  EXPECT(cp_file_revoke(all), 0);
  for (long i = 0; i < count; i += 997) EXPECT(cp_file_read(made[i], 0, &byte, 1), -EBADF);
  EXPECT(cp_file_close(more), 0);
  EXPECT(cp_file_close(all), 0);
  /* By offers that nobody takes. */
  all = cp_file_create("room", room, sizeof room, CAP_ALL);
  EXPECT(cp_file_grant(all, "nobody", CAP_READ), 0);
  EXPECT(cp_file_close(all), 0);
}

/* ---- a crowd of waiters */

static void *crowd(void *unused) {
  for (long i = 0; !over; i++) {
    struct timespec none = {0, i % 3 * 1000};
    int error = cp_file_wait(turn, 0, 0, &none);
    if (error != 0 && error != -ETIMEDOUT && error != -EAGAIN) EXPECT(error, 0);
  }
  return unused;
}

/* ---- arguments that change */

static volatile unsigned long changing;
static struct cp_file_operation queue[8];
static struct iovec vector[8];

/* Between what is allowed and what is not. */
static void *change(void *unused) {
  while (!over) {
    unsigned long bad = changing++ % 2;
    for (int i = 0; i < 8; i++) {
      volatile struct cp_file_operation *each = &queue[i];
      each->offset = bad ? 38 + changing % 64 : 0;
      each->length = bad ? 1ul << 63 : 8;
      volatile struct iovec *part = &vector[i];
      part->iov_len = bad ? 100 : 4;
      part->iov_base = bad ? (void *)(1ul << 40) : room;
    }
  }
  return unused;
}

static void change_arguments(cap_t given) {
  memset(room, 1, sizeof room);
  for (int round = 0; round < 20000; round++) {
    for (int i = 0; i < 8; i++) {
      queue[i].operation = 1;
      queue[i].file = given;
      queue[i].buffer = room;
    }
    EXPECT(cp_file_submit(queue, 8), 8);
    for (int i = 0; i < 8; i++) {
      long result = queue[i].result;
      if (result != -ERANGE && result != -EFAULT) EXPECT(result, 8);
    }
    long written = cp_file_writev(given, 0, vector, 8);
    if (written < 0 || written > 37) EXPECT(written == -ERANGE || written == -EFAULT, 1);
  }
}

/* ---- offsets and lengths of every other call that takes some */

static void overreach(cap_t given) {
  unsigned long extents[] = {38, 1ul << 31, (1ul << 32) - 1, 1ul << 32, 1ul << 63, -1ul, -4ul, -37ul};
  for (size_t i = 0; i < sizeof extents / sizeof *extents; i++) {
    unsigned long extent = extents[i];
    struct iovec whole = {room, extent};
    EXPECT(cp_file_notify(given, extent, INT_MAX), -ERANGE);
    long moved = cp_file_readv(given, 0, &whole, 1);
    EXPECT(moved == -ERANGE || moved == -EFAULT, 1);
    moved = cp_file_writev(given, extent, &whole, 1);
    EXPECT(moved == -ERANGE || moved == -EFAULT, 1);
    struct cp_file_operation one = {0, 0, given, extent, room, 1, 0};
    EXPECT(cp_file_submit(&one, 1), 1);
    EXPECT(one.result, -ERANGE);
    EXPECT(cp_file_submit(&one, (int)extent) == -EINVAL || (int)extent == 0 || (int)extent == 38, 1);
    EXPECT(cp_file_notify((cap_t)extent, 0, 1), -EBADF);
    EXPECT(cp_file_close((cap_t)extent), -EBADF);
    EXPECT(cp_file_revoke((cap_t)extent), -EBADF);
    EXPECT(cp_file_grant((cap_t)extent, "*", CAP_READ), -EBADF);
  }
}

int main(int argc, char **argv) {
  (void)argv;
  if (argc > 1) return own();
  turn = open_when_there("castle/turn");
  cap_t given = open_when_there("castle/given");
  overreach(given);
  exhaust();
  /* Without the right to notify. */
  EXPECT(cp_file_notify(turn, 0, INT_MAX), -EACCES);
  pthread_t threads[4];
  for (int i = 0; i < 8; i++) queue[i].length = 8;
  pthread_create(&threads[0], NULL, change, NULL);
  change_arguments(given);
  over = 1;
  pthread_join(threads[0], NULL);
  over = 0;
  for (int i = 0; i < 4; i++) pthread_create(&threads[i], NULL, crowd, NULL);
  EXPECT(cp_file_write(given, LAST, "c", 1), 1);
  for (char stage = 0; stage != 'd' && !failures;) {
    usleep(1000);
    EXPECT(cp_file_read(given, LAST, &stage, 1), 1);
  }
  over = 1;
  for (int i = 0; i < 4; i++) pthread_join(threads[i], NULL);
  EXPECT(cp_file_write(given, LAST, "e", 1), 1);
  puts(failures ? "failed" : "held");
  return failures != 0;
}
