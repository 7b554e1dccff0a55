/*
 * Takes one resource until that is refused, and says how; then keeps what it has. See the table at
 * the end. With "again" children do that one after the other, for ever: what they took is given
 * back each time.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

enum { MANY = 100 * 1000 * 1000 };

static char block[65536];

/* Until one of the steps fails; a step returns less than 0 then. */
static int until(int (*step)(int)) {
  for (int i = 0; i < MANY; i++)
    if (step(i) < 0) return errno;
  return 0;
}

/* Touches what it gets. */
static int memory(int i) {
  void *piece = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (piece == MAP_FAILED) return -1;
  memset(piece, i | 1, 1 << 20);
  return 0;
}

static int mappings(int i) {
  int protection = i % 2 ? PROT_READ : PROT_READ | PROT_WRITE;
  return mmap(NULL, 4096, protection, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED ? -1 : 0;
}

static void *sleeper(void *nothing) {
  for (;;) pause();
  return nothing;
}

static int threads(int i) {
  pthread_attr_t attributes;
  pthread_t thread;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, 16384);
  errno = pthread_create(&thread, &attributes, sleeper, NULL);
  return errno == 0 ? 0 : -1;
}

static int processes(int i) {
  pid_t child = fork();
  if (child == 0) for (;;) pause();
  return child;
}

/* Children that ended and that nobody waits for. */
static int zombies(int i) {
  pid_t child = fork();
  if (child == 0) _exit(0);
  return child;
}

static int descriptors(int i) { return eventfd(0, 0); }

/* A table of files that is large because of its last entry, in many processes. */
static int tables(int i) {
  if (i == 0 && dup2(0, (1 << 20) - 1) < 0) return -1;
  return processes(i);
}

static int files(int i) { return open("/etc/passwd", O_RDONLY); }

static int unnamed(int i) { return memfd_create("unnamed", 0); }

/* Files in memory: written, allocated, and mapped and filled through the mapping. */
static int written(int i) {
  static int file = -1;
  if (i == 0) file = memfd_create("written", 0);
  return write(file, block, sizeof block);
}

static int allocated(int i) {
  static int file = -1;
  if (i == 0) file = memfd_create("allocated", 0);
  return fallocate(file, i % 2, (off_t)i << 22, 1 << 22);
}

static int shared(int i) {
  int file = memfd_create("shared", 0);
  if (file < 0 || ftruncate(file, 1 << 22) < 0) return -1;
  char *pages = mmap(NULL, 1 << 22, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  if (pages == MAP_FAILED) return -1;
  memset(pages, 1, 1 << 22);
  munmap(pages, 1 << 22);
  return 0;
}

static int interests(int i) {
  static int watched[64];
  if (i == 0)
    for (int j = 0; j < 64; j++) watched[j] = eventfd(0, 0);
  int set = epoll_create1(0);
  if (set < 0) return -1;
  struct epoll_event event = {.events = EPOLLIN};
  for (int j = 0; j < 64; j++)
    if (epoll_ctl(set, EPOLL_CTL_ADD, watched[j], &event) < 0) return -1;
  return 0;
}

/* Writes to what does not block until it is full. */
static int fill(int descriptor) {
  while (write(descriptor, block, sizeof block) > 0) {}
  return errno == EAGAIN ? 0 : -1;
}

static int pipes(int i) {
  int ends[2];
  if (pipe2(ends, O_NONBLOCK) < 0) return -1;
  fcntl(ends[1], F_SETPIPE_SZ, 1 << 20);
  return fill(ends[1]);
}

static int pair(int type) {
  int ends[2];
  if (socketpair(AF_UNIX, type | SOCK_NONBLOCK, 0, ends) < 0) return -1;
  return fill(ends[0]);
}

static int streams(int i) { return pair(SOCK_STREAM); }

static int datagrams(int i) { return pair(SOCK_DGRAM); }

/* Open files that are nowhere but in messages under way. */
static int passed(int i) {
  static int ends[2];
  if (i % 100 == 0 && socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends) < 0) return -1;
  union {
    struct cmsghdr header;
    char bytes[CMSG_SPACE(200 * sizeof(int))];
  } control = {.header = {CMSG_LEN(200 * sizeof(int)), SOL_SOCKET, SCM_RIGHTS}};
  int *carried = (int *)CMSG_DATA(&control.header);
  int file = eventfd(0, 0);
  if (file < 0) return -1;
  for (int j = 0; j < 200; j++) carried[j] = file;
  struct iovec one = {block, 1};
  struct msghdr message = {.msg_iov = &one, .msg_iovlen = 1, .msg_control = &control,
                           .msg_controllen = sizeof control.bytes};
  long sent = sendmsg(ends[0], &message, 0);
  close(file);
  return sent < 0 ? -1 : 0;
}

static int locks(int i) {
  static int file = -1;
  if (i == 0) file = open("locked", O_RDWR | O_CREAT, 0600);
  struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = i * 2L, .l_len = 1};
  return fcntl(file, F_SETLK, &lock);
}

static int timers(int i) {
  timer_t timer;
  struct sigevent event = {.sigev_notify = SIGEV_NONE};
  return timer_create(CLOCK_MONOTONIC, &event, &timer);
}

/* As many timers as one process may have, in ever more processes. */
static int alarms(int i) {
  enum { TIMERS = 4000 };
  int made[2];
  char byte = 0;
  if (pipe(made) != 0) return -1;
  pid_t child = fork();
  if (child == 0) {
    struct sigevent none = {.sigev_notify = SIGEV_NONE};
    timer_t timer;
    for (int j = 0; j < TIMERS; j++)
      if (timer_create(CLOCK_MONOTONIC, &none, &timer) != 0) _exit(errno);
    if (write(made[1], &byte, 1) == 1) for (;;) pause();
    _exit(0);
  }
  close(made[1]);
  int all = read(made[0], &byte, 1) == 1;
  close(made[0]);
  if (all) return 0;
  int status = 0;
  if (child > 0) waitpid(child, &status, 0);
  errno = WEXITSTATUS(status);
  return -1;
}

static int signals(int i) {
  sigset_t blocked;
  sigemptyset(&blocked);
  sigaddset(&blocked, SIGRTMIN);
  sigprocmask(SIG_BLOCK, &blocked, NULL);
  return sigqueue(getpid(), SIGRTMIN, (union sigval){.sival_int = i});
}

static int disk(int i) {
  static int file = -1;
  if (i == 0) file = open("/tmp/large", O_WRONLY | O_CREAT, 0600);
  return write(file, block, sizeof block);
}

static int names(int i) {
  char name[64];
  snprintf(name, sizeof name, "/tmp/file%d", i);
  int file = open(name, O_WRONLY | O_CREAT, 0600);
  return file < 0 ? -1 : close(file);
}

static int attributes(int i) {
  static char path[64];
  char name[64];
  if (i % 60 == 0) {
    snprintf(path, sizeof path, "/tmp/attributes%d", i);
    close(open(path, O_WRONLY | O_CREAT, 0600));
  }
  snprintf(name, sizeof name, "user.%d", i);
  return setxattr(path, name, block, 1024, 0);
}

/* Handles of one capability, each narrower than the one before. */
static int capabilities(int i) {
  enum { CREATE = 0x43410003, RESTRICT = 0x43410005 };
  static long first;
  if (i == 0) first = syscall(CREATE, "block", block, sizeof block, 1);
  return first < 0 ? -1 : syscall(RESTRICT, first, 0, sizeof block, 1) < 0 ? -1 : 0;
}

/* Buffers with names as long as they may be. */
static int published(int i) {
  enum { CREATE = 0x43410003 };
  char name[256];
  snprintf(name, sizeof name, "%0255d", i);
  return syscall(CREATE, name, block, sizeof block, 31) < 0 ? -1 : 0;
}

/* One buffer, granted to cVMs with names as long as they may be. */
static int granted(int i) {
  enum { CREATE = 0x43410003, GRANT = 0x4341000A };
  static long file;
  if (i == 0) file = syscall(CREATE, "block", block, sizeof block, 31);
  char name[256];
  snprintf(name, sizeof name, "%0255d", i);
  return file < 0 ? -1 : (int)syscall(GRANT, file, name, 1);
}

/* As many as there are processors, and as many again: nothing to be refused. */
static int loops(int i) {
  static volatile int count;
  if (i < 3) fork();
  if (i == 3) alarm(2);
  for (long j = 0; i > 2 && j < 1000000; j++) count++;
  return 0;
}

/* A function of 64 bytes that is like no other. */
static void invent(unsigned char *at, int i) {
  for (int j = 0; j < 58; j += 5) {
    at[j] = 0xb8;
    memcpy(at + j + 1, &i, 4);
  }
  at[60] = 0xc3;
  ((void (*)(void))at)();
}

static unsigned char *writableCode(size_t bytes) {
  return mmap(NULL, bytes, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

/* Code that is new each time: no more than a while of it, for there is nothing to be refused. */
static int code(int i) {
  static unsigned char *pages;
  if (i == 0) pages = writableCode(1 << 20);
  invent(pages + (i % 16384) * 64, i);
  errno = 0;
  return i < 200000 ? 0 : -1;
}

/* Code that stays, and is as far apart as takes most. */
static int translations(int i) {
  enum { BYTES = 128 << 20, APART = 512 };
  static unsigned char *pages;
  if (i == 0) {
    pages = writableCode(BYTES);
    for (long at = 0; at < BYTES; at += APART) pages[at] = 0xc3;
  }
  ((void (*)(void))(pages + (long)i * APART))();
  return 0;
}

__attribute__((aligned(64), noinline)) static void leaf(void) { __asm__ volatile("nop"); }

/* The same code of a file at ever other places, for a while. */
static int images(int i) {
  extern const char __executable_start;
  static int file;
  if (i == 0) file = open("/proc/self/exe", O_RDONLY);
  size_t at = (size_t)leaf;
  char *page = mmap((void *)(0x10000000 + i * 4096L), 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE,
                    file, (off_t)((at & -4096) - (size_t)&__executable_start));
  if (page == MAP_FAILED) return -1;
  ((void (*)(void))(page + at % 4096))();
  if (munmap(page, 4096) != 0) return -1;
  errno = 0;
  return i < 40000 ? 0 : -1;
}

static const struct {
  const char *word;
  int (*step)(int);
} all[] = {{"memory", memory},       {"mappings", mappings}, {"threads", threads},
           {"processes", processes}, {"zombies", zombies},   {"descriptors", descriptors},
           {"tables", tables},       {"files", files},       {"unnamed", unnamed},
           {"interests", interests}, {"pipes", pipes},       {"streams", streams},
           {"datagrams", datagrams}, {"passed", passed},     {"locks", locks},
           {"timers", timers},       {"signals", signals},     {"alarms", alarms},   {"disk", disk},
           {"written", written}, {"allocated", allocated}, {"shared", shared},
           {"names", names},         {"attributes", attributes}, {"capabilities", capabilities},
           {"published", published}, {"granted", granted}, {"loops", loops},         {"code", code},
           {"translations", translations}, {"images", images}};

static int attack(int (*step)(int)) {
  struct rlimit limit;
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  return until(step);
}

int main(int argc, char **argv) {
  for (unsigned i = 0; argc >= 2 && i < sizeof all / sizeof *all; i++) {
    if (strcmp(argv[1], all[i].word) != 0) continue;
    while (argc == 3) {
      pid_t child = fork();
      if (child == 0) {
        setpgid(0, 0);
        attack(all[i].step);
        unlink("/tmp/large");
        kill(0, SIGKILL);
      }
      while (waitpid(child, NULL, 0) < 0 && errno == EINTR) {}
    }
    int error = attack(all[i].step);
    printf("%s\n", strerrorname_np(error) == NULL ? "0" : strerrorname_np(error));
    fflush(stdout);
    for (;;) pause();
  }
  return 2;
}
