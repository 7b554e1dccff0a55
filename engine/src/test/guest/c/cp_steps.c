/*
 * Two sides that transfer without a pause, so that a kill at any time meets some step of a transfer.
 *   cp_steps KIND own             serves whoever comes, one after the other, and outlives all of them
 *   cp_steps KIND use PEER COUNT  makes COUNT transfers and ends
 *   cp_steps KIND outlive PEER    makes transfers with one owner after the other, and says what ended each
 * KIND is words (copies that need no system call), file, batch (the same by queues of copies), fast (calls that
 * need no system call), call, lend (calls that are lent a buffer), stream, pass (a
 * stream whose descriptor is passed on before each transfer), or a socket that leads to the peer's: link (a port
 * of its own cVM), unix (an abstract name).
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
#include <sys/un.h>
#include <unistd.h>
#include "capvm.h"

enum { BYTES = 1 << 20, MESSAGE = 100000, PORT = 7000, EACH_CONNECTION = 50, SERVERS = 3,
       BATCH = 64, PIECE = BYTES / BATCH, LOAN = 4096 };

#define ABSTRACT "\0steps"

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

/* Tells the owner a value, and waits until it answers the same. */
static long ask(long file, int value) {
  long error;
  int seen;
  if ((error = cp_file_write(file, offsetof(struct shared, asked), &value, sizeof value)) < 0 ||
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
  return 0;
}

static long transfer_file(long file, long count) {
  long error = cp_file_write(file, offsetof(struct shared, bytes), bytes, BYTES);
  if (error >= 0) error = ask(file, (int)(count + 1));
  if (error >= 0) error = cp_file_read(file, offsetof(struct shared, bytes), bytes, BYTES);
  return error < 0 ? error : 0;
}

/* Short and long copies, and notifications that find nobody: all that the vDSO does by itself. */
static void own_words(void) {
  cap_t file = cp_file_create("shared", &shared, sizeof shared, CAP_ALL);
  require(file > 0 && !cp_file_grant(file, "*", CAP_READ | CAP_WRITE | CAP_NOTIFY), "create");
  for (;;) pause();
}

static long transfer_words(long file, long count) {
  static const size_t lengths[] = {11, 100};
  char back[100];
  long error = cp_file_notify(file, offsetof(struct shared, asked), 1);
  for (int i = 0; i < 2 && error >= 0; i++) {
    memset(bytes, (int)count, lengths[i]);
    error = cp_file_write(file, offsetof(struct shared, bytes), bytes, lengths[i]);
    if (error >= 0) error = cp_file_read(file, offsetof(struct shared, bytes), back, lengths[i]);
    if (error >= 0) require(memcmp(bytes, back, lengths[i]) == 0, "what was copied");
  }
  return error < 0 ? error : 0;
}

/* Many copies in one call: once one of them has met the end, all that follow have. */
static long copy_batch(long file, int operation) {
  struct cp_file_operation queue[BATCH];
  for (int i = 0; i < BATCH; i++) {
    queue[i] = (struct cp_file_operation){
        .operation = operation,
        .file = file,
        .offset = offsetof(struct shared, bytes) + (size_t)i * PIECE,
        .buffer = bytes + i * PIECE,
        .length = PIECE,
        .result = 1};
  }
  require(cp_file_submit(queue, BATCH) == BATCH, "submit");
  long error = 0;
  for (int i = 0; i < BATCH; i++) {
    require(error ? is_end(queue[i].result) : queue[i].result == PIECE || is_end(queue[i].result),
            "result of an entry");
    if (queue[i].result < 0) error = queue[i].result;
  }
  return error;
}

static long transfer_batch(long file, long count) {
  long error = copy_batch(file, 1);
  if (error == 0) error = ask(file, (int)(count + 1));
  return error < 0 ? error : copy_batch(file, 0);
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

/* Reverses a buffer that is lent for the call. */
static long reverse(long buffer, long length, long c, long d, long e, long f) {
  (void)c, (void)d, (void)e, (void)f;
  char local[LOAN], back[LOAN];
  long error = cp_file_read(buffer, 0, local, (size_t)length);
  for (long i = 0; i < length; i++) back[i] = local[length - 1 - i];
  return error < 0 ? error : cp_file_write(buffer, 0, back, (size_t)length);
}

static cap_t function;

static void *serve(void *unused) {
  cp_call_serve(function);
  return unused;
}

static void own_function(cp_function exported) {
  function = cp_call_export("work", exported);
  require(function > 0, "export");
  pthread_t thread;
  for (int i = 0; i < SERVERS; i++) pthread_create(&thread, NULL, serve, NULL);
  require(cp_call_grant(function, "*", CAP_CALL) == 0, "grant");
  for (;;) pause();
}

static void own_call(void) { own_function(work); }

static void own_lend(void) { own_function(reverse); }

static long transfer_call(long handle, long count) {
  struct timespec limit = {100, 0};
  long words[6] = {count % 3, count, 7}, result = 0;
  int error = cp_call(handle, words, &result, count % 2 ? &limit : NULL);
  if (error == 0) require(result == count + 7, "result");
  return error;
}

static long add(long a, long b, long c, long d, long e, long f) { return a + b + c + d + e + f; }

static void own_fast(void) { own_function(add); }

static long transfer_fast(long handle, long count) {
  long words[6] = {count, 1, 2, 3, 4, 5}, result = 0;
  int error = cp_call(handle, words, &result, NULL);
  if (error == 0) require(result == count + 15, "sum");
  return error;
}

static long transfer_lend(long handle, long count) {
  static unsigned char lent[LOAN];
  static cap_t buffer;
  if (buffer == 0) buffer = cp_file_create("lent", lent, sizeof lent, CAP_ALL);
  require(buffer > 0, "create what is lent");
  for (int i = 0; i < LOAN; i++) lent[i] = (unsigned char)(i + count);
  struct cp_loan loan = {buffer, 0, LOAN, CAP_READ | CAP_WRITE, 0};
  struct timespec limit = {100, 0};
  long words[6] = {0, LOAN}, result = 0;
  int error = cp_call_lend(handle, words, &loan, 1, &result, count % 2 ? &limit : NULL);
  if (error) return error;
  require(result >= 0, "the callee's use of what is lent");
  for (int i = 0; i < LOAN; i++) {
    require(lent[i] == (unsigned char)(LOAN - 1 - i + count), "what came back");
  }
  return 0;
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

/* Sends the descriptor through a socket pair, with a byte; what is received takes its number. */
static void pass_on(int fd) {
  static int pair[2];
  if (pair[1] == 0) require(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0, "socketpair");
  char byte = 1;
  union {
    char bytes[CMSG_SPACE(sizeof fd)];
    struct cmsghdr header;
  } control;
  struct iovec part = {&byte, 1};
  struct msghdr message = {.msg_iov = &part,
                           .msg_iovlen = 1,
                           .msg_control = &control,
                           .msg_controllen = sizeof control};
  control.header = (struct cmsghdr){
      .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS, .cmsg_len = CMSG_LEN(sizeof fd)};
  memcpy(CMSG_DATA(&control.header), &fd, sizeof fd);
  require(sendmsg(pair[0], &message, 0) == 1, "pass");
  int received;
  require(recvmsg(pair[1], &message, 0) == 1, "take");
  memcpy(&received, CMSG_DATA(&control.header), sizeof received);
  require(received != fd && dup2(received, fd) == fd && close(received) == 0, "what was passed");
}

static long transfer_passed(long fd, long count) {
  pass_on((int)fd);
  return transfer_stream(fd, count);
}

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

struct address {
  struct sockaddr_storage of;
  socklen_t length;
};

static struct address port(void) {
  struct address made = {.length = sizeof(struct sockaddr_in)};
  *(struct sockaddr_in *)&made.of = (struct sockaddr_in){
      .sin_family = AF_INET, .sin_port = htons(PORT), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  return made;
}

static struct address abstract(void) {
  struct address made = {.length = offsetof(struct sockaddr_un, sun_path) + sizeof ABSTRACT - 1};
  struct sockaddr_un *name = (struct sockaddr_un *)&made.of;
  name->sun_family = AF_UNIX;
  memcpy(name->sun_path, ABSTRACT, sizeof ABSTRACT - 1);
  return made;
}

static void own_socket(struct address at) {
  int listener = socket(at.of.ss_family, SOCK_STREAM, 0);
  require(bind(listener, (struct sockaddr *)&at.of, at.length) == 0 && listen(listener, 4) == 0,
          "listen");
  for (;;) {
    int fd = accept(listener, NULL, NULL);
    require(fd >= 0 || errno == ECONNABORTED, "accept");
    if (fd >= 0) echo(fd);
  }
}

static void own_link(void) { own_socket(port()); }

static void own_unix(void) { own_socket(abstract()); }

static long open_socket(struct address at) {
  int fd = socket(at.of.ss_family, SOCK_STREAM, 0);
  require(fd >= 0, "socket");
  if (connect(fd, (struct sockaddr *)&at.of, at.length)) {
    int error = errno;
    close(fd);
    require(error == ECONNREFUSED || error == ECONNRESET, "connect");
    return -ENOENT;
  }
  return fd;
}

static long open_link(void) { return open_socket(port()); }

static long open_unix(void) { return open_socket(abstract()); }

static const struct kind kinds[] = {
    {"words", own_words, open_capability, transfer_words, leave_capability},
    {"fast", own_fast, open_capability, transfer_fast, leave_capability},
    {"file", own_file, open_capability, transfer_file, leave_capability},
    {"batch", own_file, open_capability, transfer_batch, leave_capability},
    {"lend", own_lend, open_capability, transfer_lend, leave_capability},
    {"unix", own_unix, open_unix, transfer_stream, leave_stream},
    {"call", own_call, open_capability, transfer_call, leave_capability},
    {"stream", own_stream, open_stream, transfer_stream, leave_stream},
    {"pass", own_stream, open_stream, transfer_passed, leave_stream},
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

/* What the end of the other side has nothing to do with. */
static void use_what_is_kept(void) {
  static long kept;
  static cap_t file, narrow;
  if (file == 0) {
    file = cp_file_create("kept", &kept, sizeof kept, CAP_ALL);
    narrow = cp_file_restrict(file, 0, sizeof kept, CAP_READ);
  }
  long next = kept + 1, seen = 0;
  require(cp_file_write(file, 0, &next, sizeof next) == sizeof next &&
              cp_file_read(narrow, 0, &seen, sizeof seen) == sizeof seen && seen == next &&
              cp_file_notify(file, 0, 1) == 0,
          "another capability");
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
      if (count == 0 && error == 0) puts("moved");
    }
    require(error == 0 || error == 1 || (argc == 4 && is_end(error)), strerror((int)-error));
    kind->leave(handle);
    use_what_is_kept();
    printf("ended: %s\n", error < 0 ? strerror((int)-error) : "as agreed");
  }
  puts("done");
  return 0;
}
