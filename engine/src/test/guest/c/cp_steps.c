/*
 * Two sides that transfer without a pause, so that a kill at any time meets some step of a transfer.
 *   cp_steps KIND own             serves whoever comes, one after the other, and outlives all of them
 *   cp_steps KIND use PEER COUNT  makes COUNT transfers and ends
 *   cp_steps KIND outlive PEER    makes transfers with one owner after the other, and says what ended each
 * KIND is file, call, stream, or link: a port of its own cVM that leads to the peer's.
 */
#include <errno.h>
#include <limits.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "capvm.h"

enum { BYTES = 1 << 20, MESSAGE = 100000, PORT = 7000, EACH_CONNECTION = 50, SERVERS = 3 };

static char bytes[BYTES];
static char peer_name[128];

static void require(int condition, const char *what) {
  if (!condition) {
    printf("unexpected: %s, errno %d\n", what, errno);
    exit(1);
  }
}

/* How a side hears of the end of the other. */
static int is_end(long error) {
  return error == -EBADF || error == -EOWNERDEAD || error == -EPIPE || error == -ECONNRESET;
}

/* A kind of transfer: open gives a handle or descriptor, transfer 0 or an error; 1 ends it as agreed. */
struct kind {
  const char *name;
  void (*own)(void);
  long (*open)(void);
  long (*transfer)(long handle, long count);
  void (*leave)(long handle);
};

/* ---- CP_File: bytes are published, a word is changed and told, the answer is waited for */

static struct shared {
  int asked;
  int answered;
  char bytes[BYTES];
} shared;

static void own_file(void) {
  cap_t file = cp_file_create("shared", &shared, sizeof shared, CAP_ALL);
  require(file > 0 && !cp_file_grant(file, "*", CAP_READ | CAP_WRITE | CAP_NOTIFY), "create");
  struct timespec pause = {0, 50000000};
  for (int seen = 0;;) {
    int error = cp_file_wait(file, offsetof(struct shared, asked), seen, &pause);
    require(error == 0 || error == -EAGAIN || error == -ETIMEDOUT, "wait of the owner");
    seen = __atomic_load_n(&shared.asked, __ATOMIC_SEQ_CST);
    __atomic_store_n(&shared.answered, seen, __ATOMIC_SEQ_CST);
    require(cp_file_notify(file, offsetof(struct shared, answered), INT_MAX) >= 0, "notify");
  }
}

static long transfer_file(long file, long count) {
  long error;
  int value = (int)(count + 1), seen;
  if ((error = cp_file_write(file, offsetof(struct shared, bytes), bytes, BYTES)) < 0 ||
      (error = cp_file_write(file, offsetof(struct shared, asked), &value, sizeof value)) < 0 ||
      (error = cp_file_notify(file, offsetof(struct shared, asked), 1)) < 0) {
    return error;
  }
  do {
    error = cp_file_read(file, offsetof(struct shared, answered), &seen, sizeof seen);
    if (error >= 0 && seen != value) {
      error = cp_file_wait(file, offsetof(struct shared, answered), seen, NULL);
    }
    if (error < 0 && error != -EAGAIN) return error;
  } while (seen != value);
  error = cp_file_read(file, offsetof(struct shared, bytes), bytes, BYTES);
  return error < 0 ? error : 0;
}

static void leave_capability(long handle) { cp_file_close(handle); }

/* ---- CP_Call: functions that compute, that compute for long, that sleep */

static long work(long kind, long a, long b, long d, long e, long f) {
  (void)d, (void)e, (void)f;
  if (kind == 1) {
    for (volatile int i = 0; i < 100000; i++) {
    }
  } else if (kind == 2) {
    usleep(100);
  }
  return a + b;
}

static cap_t function;

static void *serve(void *unused) {
  cp_call_serve(function);
  return unused;
}

static void own_call(void) {
  function = cp_call_export("work", work);
  require(function > 0, "export");
  pthread_t thread;
  for (int i = 0; i < SERVERS; i++) pthread_create(&thread, NULL, serve, NULL);
  require(cp_call_grant(function, "*", CAP_CALL) == 0, "grant");
  for (;;) pause();
}

static long transfer_call(long handle, long count) {
  struct timespec limit = {100, 0};
  long words[6] = {count % 3, count, 7}, result = 0;
  int error = cp_call(handle, words, &result, count % 2 ? &limit : NULL);
  if (error == 0) require(result == count + 7, "result");
  return error;
}

static long open_capability(void) { return cp_file_open(peer_name); }

/* ---- streams of bytes: messages go there and come back, then both directions are closed in turn */

static long move(int fd, int writes, size_t length) {
  for (size_t done = 0; done < length;) {
    long count = writes ? send(fd, bytes + done, length - done, MSG_NOSIGNAL)
                        : recv(fd, bytes + done, length - done, 0);
    if (count < 0) return -errno;
    if (count == 0) return -EPIPE;
    done += (size_t)count;
  }
  return 0;
}

static void echo(int fd) {
  for (;;) {
    long count = recv(fd, bytes, MESSAGE, 0);
    if (count < 0) require(is_end(-errno), "receive");
    if (count <= 0) break;
    long error = move(fd, 1, (size_t)count);
    if (error) {
      require(is_end(error), "send");
      break;
    }
  }
  shutdown(fd, SHUT_WR);
  close(fd);
}

static long transfer_stream(long fd, long count) {
  if (count % EACH_CONNECTION == EACH_CONNECTION - 1) {
    if (shutdown((int)fd, SHUT_WR)) return -errno;
    long error = move((int)fd, 0, 1);
    return error == -EPIPE ? 1 : error;
  }
  long error = move((int)fd, 1, MESSAGE);
  return error ? error : move((int)fd, 0, MESSAGE);
}

static void leave_stream(long fd) { close((int)fd); }

static void own_stream(void) {
  for (;;) {
    cap_t stream;
    int fd = cp_stream_create("echo", 0, &stream);
    require(fd >= 0 && cp_stream_grant(stream, "*", CAP_READ | CAP_WRITE) == 0, "create stream");
    echo(fd);
    require(cp_stream_close(stream) == 0, "close stream");
  }
}

static long open_stream(void) { return cp_stream_open(peer_name, 0); }

static struct sockaddr_in address(void) {
  return (struct sockaddr_in){.sin_family = AF_INET,
                              .sin_port = htons(PORT),
                              .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

static void own_link(void) {
  struct sockaddr_in at = address();
  int listener = socket(AF_INET, SOCK_STREAM, 0);
  require(bind(listener, (struct sockaddr *)&at, sizeof at) == 0 && listen(listener, 4) == 0,
          "listen");
  for (;;) {
    int fd = accept(listener, NULL, NULL);
    require(fd >= 0 || errno == ECONNABORTED, "accept");
    if (fd >= 0) echo(fd);
  }
}

static long open_link(void) {
  struct sockaddr_in at = address();
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  require(fd >= 0, "socket");
  if (connect(fd, (struct sockaddr *)&at, sizeof at)) {
    int error = errno;
    close(fd);
    require(error == ECONNREFUSED || error == ECONNRESET, "connect");
    return -ENOENT;
  }
  return fd;
}

static const struct kind kinds[] = {
    {"file", own_file, open_capability, transfer_file, leave_capability},
    {"call", own_call, open_capability, transfer_call, leave_capability},
    {"stream", own_stream, open_stream, transfer_stream, leave_stream},
    {"link", own_link, open_link, transfer_stream, leave_stream},
};

static long open_when_there(const struct kind *kind) {
  for (;;) {
    long handle = kind->open();
    if (handle >= 0) return handle;
    require(handle == -ENOENT || handle == -EBUSY || is_end(handle), "open");
    usleep(1000);
  }
}

int main(int argc, char **argv) {
  const struct kind *kind = kinds;
  setvbuf(stdout, NULL, _IOLBF, 0);
  while (strcmp(kind->name, argv[1])) kind++;
  if (argc == 3) kind->own();
  snprintf(peer_name, sizeof peer_name, "%s", argv[3]);
  long left = argc > 4 ? atol(argv[4]) : LONG_MAX;
  while (left > 0) {
    long handle = open_when_there(kind), error = 0;
    puts("open");
    for (long count = 0; error == 0 && left > 0; count++, left--) {
      error = kind->transfer(handle, count);
    }
    require(error == 0 || error == 1 || (argc == 4 && is_end(error)), strerror((int)-error));
    kind->leave(handle);
    printf("ended: %s\n", error < 0 ? strerror((int)-error) : "as agreed");
  }
  puts("done");
  return 0;
}
