/*
 * Two sides of a connected stream socket: how long a byte takes there and back, and how many messages of
 * 64 KiB arrive. Prints one figure: nanoseconds a round trip, or MB/s.
 *   streams pair round|bulk COUNT           both sides as processes, over socketpair
 *   streams own|open NAME round|bulk COUNT  one side of a CP_Stream
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "capvm.h"

enum { MESSAGE = 64 << 10 };

static char message[MESSAGE];

static void require(int condition, const char *what) {
  if (!condition) {
    perror(what);
    exit(1);
  }
}

static void move(int fd, int writes, size_t length) {
  for (size_t done = 0; done < length;) {
    ssize_t count = writes ? write(fd, message + done, length - done)
                           : read(fd, message + done, length - done);
    require(count > 0, writes ? "write" : "read");
    done += (size_t)count;
  }
}

/* The first of both sides takes the time, after a tenth of the count for warming up. */
static void run(int fd, int first, const char *what, long count) {
  int bulk = strcmp(what, "bulk") == 0;
  struct timespec start, end;
  for (long i = -count / 10; i < count; i++) {
    if (i == 0) {
      clock_gettime(CLOCK_MONOTONIC, &start);
    }
    if (bulk) {
      move(fd, first, MESSAGE);
    } else {
      move(fd, first, 1);
      move(fd, !first, 1);
    }
  }
  if (bulk) {
    /* Until the last message has arrived. */
    move(fd, !first, 1);
  }
  clock_gettime(CLOCK_MONOTONIC, &end);
  double nanos = (double)(end.tv_sec - start.tv_sec) * 1e9 + (double)(end.tv_nsec - start.tv_nsec);
  if (first) {
    printf("%.1f\n", bulk ? (double)MESSAGE * (double)count / nanos * 1e3 : nanos / (double)count);
  }
}

static int open_stream(const char *name) {
  int fd;
  while ((fd = cp_stream_open(name, 0)) == -ENOENT) {
    usleep(1000);
  }
  return fd;
}

int main(int argc, char **argv) {
  require(argc >= 4, "arguments");
  const char *what = argv[argc - 2];
  long count = atol(argv[argc - 1]);
  if (strcmp(argv[1], "pair") == 0) {
    int pair[2];
    require(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0, "socketpair");
    pid_t child = fork();
    require(child >= 0, "fork");
    run(pair[child == 0], child != 0, what, count);
    return child != 0 && wait(NULL) != child;
  }
  int own = strcmp(argv[1], "own") == 0;
  cap_t stream;
  int fd = own ? cp_stream_create(argv[2], 0, &stream) : open_stream(argv[2]);
  require(fd >= 0, "stream");
  require(!own || cp_stream_grant(stream, "*", CAP_READ | CAP_WRITE) == 0, "grant");
  run(fd, !own, what, count);
  return 0;
}
