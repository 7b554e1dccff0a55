/*
 * What it takes to reach another program: lines of a name and nanoseconds, less being better.
 *   sharing native        both sides as processes, over pipe, AF_UNIX, loopback TCP, and shared memory with futex
 *   sharing own           the side in a cVM that publishes memory and a function
 *   sharing use CVM       the side that reads, writes, calls and notifies
 * Copies and calls: the best of five loops. Wake-ups: the median of the first ones, and of those after 3,000.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/futex.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "capvm.h"

enum { LARGEST = 1 << 20, LOOPS = 5, ROUNDS = 20000, SLEEPS = 501, EARLIER_SLEEPS = 3000 };

static const size_t sizes[] = {8, 64, 4096, LARGEST};
enum { SIZES = sizeof sizes / sizeof *sizes };

/* What both sides see. A side that waits for a word of the other sleeps until it is told. */
struct shared {
  int asked;
  int answered;
  long woken; /* when the side that answers went on */
  char bytes[LARGEST] __attribute__((aligned(4096)));
};

static char local[LARGEST] __attribute__((aligned(4096)));

static void require(int condition, const char *what) {
  if (!condition) {
    perror(what);
    exit(1);
  }
}

static long now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1000000000l + t.tv_nsec;
}

/* Some tenths of a second of each. */
static long count_for(size_t bytes) {
  return bytes <= 64 ? 2000000 : bytes <= 4096 ? 500000 : 2000;
}

static void print(const char *what, const char *how, size_t bytes, double nanos) {
  if (bytes) {
    printf("%s-%zu-%s %.1f\n", what, bytes, how, nanos);
  } else {
    printf("%s-%s %.1f\n", what, how, nanos);
  }
}

/* ---- the other side, as its user sees it: through shared memory or through capabilities */

struct peer {
  void (*ask)(int value);  /* changes the word asked, and tells */
  void (*await)(int value); /* sleeps until the word answered has this value */
  long (*woken)(void);
};

static int by_value(const void *a, const void *b) {
  long x = *(const long *)a, y = *(const long *)b;
  return (x > y) - (x < y);
}

static double median(long delays[SLEEPS]) {
  qsort(delays, SLEEPS, sizeof *delays, by_value);
  return (double)delays[SLEEPS / 2];
}

static void measure_waking(const struct peer *peer, const char *how) {
  int value = 0;
  double best = 1e18;
  for (int loop = 0; loop < LOOPS; loop++) {
    long start = now();
    for (int i = 0; i < ROUNDS; i++) {
      peer->ask(++value);
      peer->await(value);
    }
    double each = (double)(now() - start) / ROUNDS;
    best = each < best ? each : best;
  }
  print("notify-round", how, 0, best);
  static long delays[EARLIER_SLEEPS + SLEEPS];
  for (int i = 0; i < EARLIER_SLEEPS + SLEEPS; i++) {
    usleep(1000); /* the other side is asleep by then */
    long start = now();
    peer->ask(++value);
    peer->await(value);
    delays[i] = peer->woken() - start;
  }
  print("notify-first", how, 0, median(delays));
  print("notify-asleep", how, 0, median(delays + EARLIER_SLEEPS));
  peer->ask(-1);
}

/* ---- processes */

static struct shared *mapped;

static void futex_wait(int *word, int expected) {
  syscall(SYS_futex, word, FUTEX_WAIT, expected, NULL, NULL, 0);
}

static void futex_wake(int *word) { syscall(SYS_futex, word, FUTEX_WAKE, 1, NULL, NULL, 0); }

static void ask_by_futex(int value) {
  __atomic_store_n(&mapped->asked, value, __ATOMIC_SEQ_CST);
  futex_wake(&mapped->asked);
}

static void await_by_futex(int value) {
  for (int seen; (seen = __atomic_load_n(&mapped->answered, __ATOMIC_SEQ_CST)) != value;) {
    futex_wait(&mapped->answered, seen);
  }
}

static long woken_of_memory(void) { return mapped->woken; }

static void answer_by_futex(void) {
  for (int seen = 0;;) {
    futex_wait(&mapped->asked, seen);
    int asked = __atomic_load_n(&mapped->asked, __ATOMIC_SEQ_CST);
    if (asked != seen) {
      mapped->woken = now();
      if (asked < 0) return;
      seen = asked;
      __atomic_store_n(&mapped->answered, asked, __ATOMIC_SEQ_CST);
      futex_wake(&mapped->answered);
    }
  }
}

static void move(int fd, int writes, size_t length) {
  for (size_t done = 0; done < length;) {
    ssize_t count =
        writes ? write(fd, local + done, length - done) : read(fd, local + done, length - done);
    require(count > 0, writes ? "write" : "read");
    done += (size_t)count;
  }
}

struct ends {
  int in[2];  /* what each side reads from */
  int out[2]; /* what each side writes to */
};

static struct ends pipes(void) {
  int there[2], back[2];
  require(pipe(there) == 0 && pipe(back) == 0, "pipe");
  return (struct ends){{back[0], there[0]}, {there[1], back[1]}};
}

static struct ends unix_sockets(void) {
  int pair[2];
  require(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0, "socketpair");
  return (struct ends){{pair[0], pair[1]}, {pair[0], pair[1]}};
}

static struct ends tcp_sockets(void) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t length = sizeof address;
  int listener = socket(AF_INET, SOCK_STREAM, 0), client = socket(AF_INET, SOCK_STREAM, 0), one = 1;
  require(bind(listener, (struct sockaddr *)&address, length) == 0 && listen(listener, 1) == 0 &&
              getsockname(listener, (struct sockaddr *)&address, &length) == 0 &&
              connect(client, (struct sockaddr *)&address, length) == 0,
          "tcp");
  int server = accept(listener, NULL, NULL);
  require(server >= 0, "accept");
  setsockopt(server, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  close(listener);
  return (struct ends){{client, server}, {client, server}};
}

/* Of the side that takes the time, and of the other one: words there and back, then bytes one way. */
static void run_bytes(const struct ends *ends, int other, const char *how) {
  int in = ends->in[other], out = ends->out[other];
  double best = 1e18;
  for (int loop = 0; loop < LOOPS; loop++) {
    long start = now();
    for (int i = 0; i < ROUNDS; i++) {
      move(other ? in : out, !other, 8);
      move(other ? out : in, other, 8);
    }
    double each = (double)(now() - start) / ROUNDS;
    best = each < best ? each : best;
  }
  if (!other) print("call", how, 0, best);
  for (int i = 0; i < SIZES; i++) {
    long count = count_for(sizes[i]) / (sizes[i] <= 64 ? 20 : 5);
    best = 1e18;
    for (int loop = 0; loop < LOOPS; loop++) {
      long start = now();
      for (long j = 0; j < count; j++) move(other ? out : in, other, sizes[i]);
      move(other ? in : out, !other, 1);
      double each = (double)(now() - start) / (double)count;
      best = each < best ? each : best;
    }
    if (!other) print("copy", how, sizes[i], best);
  }
}

static void measure_bytes(struct ends ends, const char *how) {
  pid_t child = fork();
  require(child >= 0, "fork");
  run_bytes(&ends, child == 0, how);
  if (child == 0) _exit(0);
  int status;
  require(waitpid(child, &status, 0) == child && status == 0, how);
}

static void *(*volatile copy)(void *, const void *, size_t) = memcpy;

static void measure_memcpy(void) {
  for (int i = 0; i < SIZES; i++) {
    double best = 1e18;
    for (int loop = 0; loop < LOOPS; loop++) {
      long count = count_for(sizes[i]), start = now();
      for (long j = 0; j < count; j++) copy(local, mapped->bytes, sizes[i]);
      double each = (double)(now() - start) / (double)count;
      best = each < best ? each : best;
    }
    print("copy", "memcpy", sizes[i], best);
  }
}

static void run_native(void) {
  setvbuf(stdout, NULL, _IOLBF, 0); /* nothing is left for children to print */
  char name[64];
  snprintf(name, sizeof name, "/capvm-sharing-%d", (int)getpid());
  int fd = shm_open(name, O_CREAT | O_EXCL | O_RDWR, 0600);
  require(fd >= 0 && shm_unlink(name) == 0 && ftruncate(fd, sizeof *mapped) == 0, "shm_open");
  mapped = mmap(NULL, sizeof *mapped, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  require(mapped != MAP_FAILED, "mmap");
  pid_t child = fork();
  require(child >= 0, "fork");
  if (child == 0) {
    memset(mapped->bytes, 1, sizeof mapped->bytes);
    answer_by_futex();
    _exit(0);
  }
  static const struct peer peer = {ask_by_futex, await_by_futex, woken_of_memory};
  measure_waking(&peer, "futex");
  waitpid(child, NULL, 0);
  measure_memcpy();
  measure_bytes(pipes(), "pipe");
  measure_bytes(unix_sockets(), "unix");
  measure_bytes(tcp_sockets(), "tcp");
}

/* ---- cVMs */

static cap_t file, function;

static void write_word(size_t offset, int value) {
  require(cp_file_write(file, offset, &value, sizeof value) == sizeof value, "cp_file_write");
}

static void ask_by_capability(int value) {
  write_word(offsetof(struct shared, asked), value);
  require(cp_file_notify(file, offsetof(struct shared, asked), 1) >= 0, "cp_file_notify");
}

static int read_word(size_t offset) {
  int value;
  require(cp_file_read(file, offset, &value, sizeof value) == sizeof value, "cp_file_read");
  return value;
}

static void await_by_capability(int value) {
  for (int seen; (seen = read_word(offsetof(struct shared, answered))) != value;) {
    cp_file_wait(file, offsetof(struct shared, answered), seen, NULL);
  }
}

static long woken_by_capability(void) {
  long woken;
  cp_file_read(file, offsetof(struct shared, woken), &woken, sizeof woken);
  return woken;
}

static long add(long a, long b, long c, long d, long e, long f) {
  return a + b + c + d + e + f;
}

static void *serve(void *unused) {
  cp_call_serve(function);
  return unused;
}

static void own(void) {
  static struct shared published;
  memset(published.bytes, 1, sizeof published.bytes);
  function = cp_call_export("add", add);
  pthread_t server;
  require(function > 0 && cp_call_grant(function, "*", CAP_CALL) == 0 &&
              pthread_create(&server, NULL, serve, NULL) == 0,
          "cp_call_export");
  file = cp_file_create("memory", &published, sizeof published, CAP_ALL);
  require(file > 0 && cp_file_grant(file, "*", CAP_READ | CAP_WRITE | CAP_NOTIFY) == 0,
          "cp_file_create");
  for (int seen = 0;;) {
    cp_file_wait(file, offsetof(struct shared, asked), seen, NULL);
    int asked = __atomic_load_n(&published.asked, __ATOMIC_SEQ_CST);
    if (asked != seen) {
      published.woken = now();
      if (asked < 0) return;
      seen = asked;
      __atomic_store_n(&published.answered, asked, __ATOMIC_SEQ_CST);
      cp_file_notify(file, offsetof(struct shared, answered), 1);
    }
  }
}

static cap_t open_name(const char *cvm, const char *name) {
  char both[256];
  snprintf(both, sizeof both, "%s/%s", cvm, name);
  cap_t opened;
  while ((opened = cp_file_open(both)) == -ENOENT) usleep(1000);
  require(opened > 0, both);
  return opened;
}

static void measure_copies(const char *how, int writes) {
  for (int i = 0; i < SIZES; i++) {
    size_t bytes = sizes[i];
    double best = 1e18;
    for (int loop = 0; loop < LOOPS; loop++) {
      long count = count_for(bytes), start = now();
      for (long j = 0; j < count; j++) {
        long moved = writes ? cp_file_write(file, offsetof(struct shared, bytes), local, bytes)
                            : cp_file_read(file, offsetof(struct shared, bytes), local, bytes);
        require(moved == (long)bytes, how);
      }
      double each = (double)(now() - start) / (double)count;
      best = each < best ? each : best;
    }
    print("copy", how, bytes, best);
  }
}

static void measure_calls(void) {
  double best = 1e18;
  for (int loop = 0; loop < LOOPS; loop++) {
    long count = 1000000, start = now();
    for (long i = 0; i < count; i++) {
      long words[6] = {i, 1, 2, 3, 4, 5}, result;
      require(cp_call(function, words, &result, NULL) == 0 && result == i + 15, "cp_call");
    }
    double each = (double)(now() - start) / (double)count;
    best = each < best ? each : best;
  }
  print("call", "capability", 0, best);
}

static void use(const char *cvm) {
  file = open_name(cvm, "memory");
  function = open_name(cvm, "add");
  measure_calls();
  measure_copies("read", 0);
  measure_copies("write", 1);
  static const struct peer peer = {ask_by_capability, await_by_capability, woken_by_capability};
  measure_waking(&peer, "capability");
}

int main(int argc, char **argv) {
  if (argc == 2 && strcmp(argv[1], "native") == 0) {
    run_native();
  } else if (argc == 2 && strcmp(argv[1], "own") == 0) {
    own();
  } else {
    require(argc == 3, "arguments");
    use(argv[2]);
  }
  return 0;
}
