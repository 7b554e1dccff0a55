/* Makes system calls with random and boundary arguments.
 *
 *   call_fuzz compare SEED CALLS           calls that change nothing outside the working directory and give the same on every
 *                                          Linux; says what each gave, so that two runs can be compared
 *   call_fuzz storm SEED ROUNDS THREADS    all calls there are, in children with THREADS threads each
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { PAGE = 4096, BUFFER = 16 * PAGE, DESCRIPTORS = 16, MOST_ARGUMENTS = 6 };

/* ---- random numbers: the same everywhere for one seed */

static __thread unsigned long state;

static unsigned long next(void) {
  state ^= state << 13;
  state ^= state >> 7;
  state ^= state << 17;
  return state * 0x2545f4914f6cdd1dul;
}

static unsigned long below(unsigned long limit) { return (next() >> 11) % limit; }

/* ---- what calls are made on */

static int descriptors[DESCRIPTORS];
static char *buffer, *read_only, *no_access, *page_end;

static char long_path[5000], long_name[300];

static const char *const paths[] = {"file",    "directory", "missing",      "",          "directory/../file", "link",
                                    "dangling", "loop",      "file/beneath", ".",         "directory/inside",  "directory/..",
                                    long_path, long_name,   "directory/",   "missing/x", "./file",            "link/"};
enum { PATHS = sizeof paths / sizeof paths[0] };

static int kept(int descriptor) {
  int moved = fcntl(descriptor, F_DUPFD, 200);
  close(descriptor);
  return moved;
}

static void make_file(const char *name) {
  int made = open(name, O_CREAT | O_WRONLY, 0644);
  if (made < 0 || write(made, "some text of a file\n", 20) != 20) exit(9);
  close(made);
}

/* There may be one from another child. */
static void make_link(const char *target, const char *name) {
  if (symlink(target, name) != 0 && errno != EEXIST) exit(9);
}

/* Names, memory and descriptors of every kind, none of which blocks. */
static void prepare(void) {
  struct rlimit files = {1024, 1024};
  setrlimit(RLIMIT_NOFILE, &files);
  memset(long_path, 'p', sizeof long_path - 1);
  memset(long_name, 'n', sizeof long_name - 1);
  mkdir("directory", 0755);
  make_file("file");
  make_file("directory/inside");
  make_link("file", "link");
  make_link("nowhere", "dangling");
  make_link("loop", "loop");
  char *area = mmap(NULL, BUFFER + 4 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  buffer = area;
  page_end = area + BUFFER - 8;
  no_access = area + BUFFER;
  read_only = area + BUFFER + PAGE;
  mprotect(no_access, PAGE, PROT_NONE);
  mprotect(read_only, PAGE, PROT_READ);
  munmap(area + BUFFER + 2 * PAGE, 2 * PAGE);
  int ends[2], pair[2];
  if (pipe2(ends, O_NONBLOCK) || socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair)) exit(9);
  int made[DESCRIPTORS] = {
      open("file", O_RDWR),        open("file", O_RDONLY),
      open("directory", O_RDONLY), ends[0],
      ends[1],                     pair[0],
      pair[1],                     socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0),
      eventfd(1, EFD_NONBLOCK),    epoll_create1(0),
      open("file", O_WRONLY | O_APPEND), open("file", O_PATH),
      open("/dev/null", O_RDWR),   inotify_init1(IN_NONBLOCK),
      socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0), memfd_create("memory", 0)};
  for (int i = 0; i < DESCRIPTORS; i++) descriptors[i] = kept(made[i]);
}

/* ---- arguments by kind; each also says itself, without addresses */

static long pick(const long *values, int count, char *text) {
  long value = values[below(count)];
  sprintf(text, "%#lx", value);
  return value;
}

#define PICK(...)                                             \
  ({                                                          \
    static const long values[] = {__VA_ARGS__};               \
    pick(values, sizeof values / sizeof values[0], text);     \
  })

static long address(char *text) {
  static const char *const names[] = {"buffer", "buffer+1", "buffer+256", "0",      "1",    "read-only",
                                      "none",   "page end", "kernel",     "-1",     "buffer", "buffer+512"};
  int which = (int)below(sizeof names / sizeof names[0]);
  long values[] = {(long)buffer,     (long)buffer + 1, (long)buffer + 256, 0,  1,            (long)read_only,
                   (long)no_access, (long)page_end,   0xffff800000000000, -1, (long)buffer, (long)buffer + 512};
  strcpy(text, names[which]);
  return values[which];
}

static long argument(char kind, char *text) {
  switch (kind) {
    case 'f': {
      int which = (int)below(DESCRIPTORS + 4);
      sprintf(text, "fd%d", which);
      if (which < DESCRIPTORS) return descriptors[which];
      static const int bad[] = {-1, 999, 0x7fffffff, AT_FDCWD};
      return bad[which - DESCRIPTORS];
    }
    case 'a': /* where a relative path starts */
      return below(3) ? (sprintf(text, "cwd"), AT_FDCWD) : argument('f', text);
    case 'p': {
      int which = (int)below(PATHS + 2);
      if (which >= PATHS) return address(text);
      sprintf(text, "\"%.20s\"", paths[which]);
      return (long)paths[which];
    }
    case 'b':
      return address(text);
    case 'l':
      return PICK(0, 1, 2, 8, 16, 28, 100, 4096, 65536, 0x7fffffff, 0x80000000, 0x100000000, 1ul << 63, -1);
    case 'c': /* a count that makes no call long */
      return PICK(0, 1, 2, 3, 16, 1024, 1025, -1, 0x7fffffff, 0x80000000);
    case 'o':
      return PICK(0, 1, -1, 10, 4096, -4096, 1ul << 62, 0x7fffffffffffffff, 1ul << 63);
    case 'i':
      return PICK(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 16, 17, 31, 32, 64, 65, 100, 256, 1024, 4096, -1, 0x7fffffff, 0x80000000);
    case 'g':
      return below(2) ? PICK(0, 0, 1, 2, 0x100, 0x200, 0x400, 0x800, 0x1000, 0x2000, 0x4000, 0x80000)
                      : (long)(1ul << below(32));
    case 'm':
      return PICK(0, 0644, 0755, 07777, 010000, -1);
    case 's':
      return PICK(0, 1, 9, 10, 17, 19, 33, 63, 64, 65, -1);
    case 'z':
      strcpy(text, "0");
      return 0;
    case 'r': {
      long value = (long)next();
      sprintf(text, "%#lx", value);
      return value;
    }
  }
  abort();
}

/* ---- calls whose errors agree with Linux's whatever is wrong with them: a letter for each argument; '=' at the end says
   that the value counts */

struct row {
  int number;
  const char *name, *kinds;
};

static const struct row rows[] = {
    {5, "fstat", "fb"}, {6, "lstat", "pb"}, {21, "access", "pi"}, {24, "sched_yield", ""}, {32, "dup", "f"},
    {74, "fsync", "f"}, {75, "fdatasync", "f"}, {80, "chdir", "p"}, {81, "fchdir", "f"}, {83, "mkdir", "pm"},
    {86, "link", "pp"}, {89, "readlink", "pbl="}, {90, "chmod", "pm"}, {95, "umask", "m="}, {36, "getitimer", "ib"},
    {98, "getrusage", "ib"}, {100, "times", "b"}, {63, "uname", "b"}, {99, "sysinfo", "b"}, {115, "getgroups", "cb"},
    {140, "getpriority", "iz"}, {14, "rt_sigprocmask", "ibbl"}, {127, "rt_sigpending", "bl"},
    {13, "rt_sigaction", "szbl"}, {138, "fstatfs", "fb"}, {145, "sched_getscheduler", "z"},
    {204, "sched_getaffinity", "zlb"}, {258, "mkdirat", "apm"}, {265, "linkat", "apapg"},
    {267, "readlinkat", "apbl="}, {268, "fchmodat", "apm"}, {269, "faccessat", "api"},
    {280, "utimensat", "apzg"}, {287, "timerfd_gettime", "fb"}, {290, "eventfd2", "ig"}, {291, "epoll_create1", "g"},
    {292, "dup3", "ffg"}, {294, "inotify_init1", "g"}, {255, "inotify_rm_watch", "fi"}, {283, "timerfd_create", "ig"},
    {302, "prlimit64", "zizb"}, {332, "statx", "apggb"}, {437, "openat2", "apbl"},
    {439, "faccessat2", "apig"}, {49, "bind", "fbc"}, {50, "listen", "fi"}, {48, "shutdown", "fi"},
    {51, "getsockname", "fbb"}, {131, "sigaltstack", "zb"}, {96, "gettimeofday", "bz"},
    {201, "time", "b"}, {76, "truncate", "po"}, {77, "ftruncate", "fo"}, {85, "creat", "pm"}, {92, "chown", "pzz"},
    {260, "fchownat", "apzzg"}, {235, "utimes", "pz"}, {124, "getsid", "z"}, {121, "getpgid", "z"},
    {111, "getpgrp", ""}, {273, "set_robust_list", "bl"},
};
enum { ROWS = sizeof rows / sizeof rows[0] };

static void compare(long calls) {
  for (long i = 0; i < calls; i++) {
    const struct row *row = &rows[below(ROWS)];
    long arguments[MOST_ARGUMENTS] = {0};
    char text[400] = "", one[64];
    int values = 0;
    /* What is in the buffer must not depend on what calls left there. */
    memset(buffer, (int)below(3) ? 0 : (int)below(256), PAGE);
    memset(page_end, 0, 8);
    for (int a = 0; row->kinds[a]; a++) {
      if (row->kinds[a] == '=') {
        values = 1;
        continue;
      }
      arguments[a] = argument(row->kinds[a], one);
      strcat(strcat(text, a ? ", " : ""), one);
    }
    errno = 0;
    long result = syscall(row->number, arguments[0], arguments[1], arguments[2], arguments[3], arguments[4], arguments[5]);
    if (result == -1) {
      printf("%ld %s(%s) = %s\n", i, row->name, text, strerrorname_np(errno));
    } else if (values) {
      printf("%ld %s(%s) = %ld\n", i, row->name, text, result);
    } else {
      printf("%ld %s(%s) = done\n", i, row->name, text);
    }
    /* Descriptors that calls made: none is to stay. Those of the table are above. */
    if (result > 2 && result < 200) close((int)result);
  }
}

/* ---- all calls */

/* Calls that are not made: these end or stop the thread, wait for ever by design, or replace the program. */
static const int excluded[] = {15 /* rt_sigreturn */, 59 /* execve */, 322 /* execveat */, 34 /* pause */, 60 /* exit */,
                               231 /* exit_group */, 62 /* kill */, 129 /* rt_sigqueueinfo */, 130 /* rt_sigsuspend */,
                               200 /* tkill */, 234 /* tgkill */, 297 /* rt_tgsigqueueinfo */, 424 /* pidfd_send_signal */};

static int is_excluded(int number) {
  for (size_t i = 0; i < sizeof excluded / sizeof excluded[0]; i++)
    if (excluded[i] == number) return 1;
  return 0;
}

static void one_call(void) {
  static const char kinds[] = "fffapbbbllcoigmsrz";
  char text[64];
  int number;
  do {
    number = below(12) ? (int)below(463) : 0x43410000 + (int)below(0x18);
  } while (is_excluded(number));
  long arguments[MOST_ARGUMENTS];
  for (int a = 0; a < MOST_ARGUMENTS; a++) arguments[a] = argument(kinds[below(sizeof kinds - 1)], text);
  if (number == 56 || number == 57 || number == 58 || number == 435) {
    /* A copy of the process that ends at once; other kinds of clone would share this stack. */
    if (fork() == 0) _exit(0);
    return;
  }
  syscall(number, arguments[0], arguments[1], arguments[2], arguments[3], arguments[4], arguments[5]);
}

static void *storm_thread(void *seed) {
  state = (unsigned long)seed | 1;
  for (int i = 0; i < 20; i++) next();
  for (int i = 0; i < 400; i++) one_call();
  return NULL;
}

static void storm_child(unsigned long seed, int threads) {
  int nowhere = open("/dev/null", O_RDWR);
  for (int i = 0; i < 3; i++) dup2(nowhere, i);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  prepare();
  struct itimerval limit = {.it_value = {0, 300000}};
  setitimer(ITIMER_REAL, &limit, NULL);
  pthread_t made;
  for (int i = 1; i < threads; i++) pthread_create(&made, NULL, storm_thread, (void *)(seed * 131 + i * 7919));
  storm_thread((void *)(seed * 131));
  _exit(0);
}

static void storm(unsigned long seed, long rounds, int threads) {
  long ended = 0, killed = 0, stopped = 0, aborted = 0;
  for (long round = 0; round < rounds; round++) {
    pid_t child = fork();
    if (child == 0) storm_child(seed + round, threads);
    int status = 0, waited = 0, mine = 0;
    while (waitpid(child, &status, WNOHANG) == 0) {
      usleep(2000);
      if (++waited == 500) {
        kill(child, SIGKILL);
        mine = 1;
      }
    }
    if (mine) stopped++;
    else if (WIFEXITED(status)) ended++;
    else if (WTERMSIG(status) == SIGKILL) aborted++; /* nobody sends it: the library OS gave up */
    else killed++;
    while (waitpid(-1, NULL, WNOHANG) > 0) {
    }
  }
  printf("%ld children: %ld ended, %ld were killed, %ld had to be stopped\n%ld failures\n", rounds, ended, killed, stopped, aborted);
}

int main(int count, char **arguments) {
  if (count < 4) return 2;
  unsigned long seed = strtoul(arguments[2], NULL, 0);
  long number = strtol(arguments[3], NULL, 0);
  signal(SIGPIPE, SIG_IGN);
  if (strcmp(arguments[1], "storm") == 0) {
    storm(seed, number, atoi(arguments[4]));
    return 0;
  }
  prepare();
  state = seed | 1;
  for (int i = 0; i < 20; i++) next();
  compare(number);
  return 0;
}
