/* Makes system calls with random and boundary arguments.
 *
 *   call_fuzz compare SEED CALLS [NAME]    calls that change nothing outside the working directory and give the same on every
 *                                          Linux; says what each gave, so that two runs can be compared. NAME: this call alone
 *   call_fuzz storm SEED ROUNDS THREADS    all calls there are, in children with THREADS threads each
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
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
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { PAGE = 4096, BUFFER = 160 * PAGE, DESCRIPTORS = 18, EVENTS = 8, EPOLL = 9, MEMORY = 15, NOWHERE = 12, FIRST = 200, MOST_ARGUMENTS = 6 };

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

/* Memory of which calls may change the mapping. */
enum { AREA = 16 * PAGE };
static char *mapped;

/* Structures of addresses and lengths that a call reads. */
enum { PIECES = 1025, RANDOM_PIECES = 4, HEADERS = 3 };
static struct iovec pieces[PIECES];
static struct mmsghdr headers[HEADERS];

static struct timespec at_once[2];

static char long_path[5000], long_name[300];

static const char *const paths[] = {"file",    "directory", "missing",      "",          "directory/../file", "link",
                                    "dangling", "loop",      "file/beneath", ".",         "directory/inside",  "directory/..",
                                    long_path, long_name,   "directory/",   "missing/x", "./file",            "link/"};
enum { PATHS = sizeof paths / sizeof paths[0] };

static int kept(int descriptor) {
  int moved = fcntl(descriptor, F_DUPFD, FIRST);
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

static void make_names(void) {
  umask(022);
  mkdir("directory", 0755);
  make_file("file");
  make_file("directory/inside");
  make_link("file", "link");
  make_link("nowhere", "dangling");
  make_link("loop", "loop");
}

/* Descriptors of every kind, none of which blocks; always of the same numbers. */
static void open_all(void) {
  int ends[2], pair[2], datagrams[2];
  if (pipe2(ends, O_NONBLOCK) || socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair) ||
      socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, datagrams))
    exit(9);
  int made[DESCRIPTORS] = {
      open("file", O_RDWR),        open("file", O_RDONLY),
      open("directory", O_RDONLY), ends[0],
      ends[1],                     pair[0],
      pair[1],                     socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0),
      eventfd(1, EFD_NONBLOCK),    epoll_create1(0),
      open("file", O_WRONLY | O_APPEND), open("file", O_PATH),
      open("/dev/null", O_RDWR),   inotify_init1(IN_NONBLOCK),
      datagrams[0], memfd_create("memory", 0),
      timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK), datagrams[1]};
  for (int i = 0; i < DESCRIPTORS; i++) {
    close(FIRST + i);
    descriptors[i] = kept(made[i]);
  }
}

/* Names, memory and descriptors. */
static void prepare(void) {
  struct rlimit files = {1024, 1024};
  setrlimit(RLIMIT_NOFILE, &files);
  memset(long_path, 'p', sizeof long_path - 1);
  memset(long_name, 'n', sizeof long_name - 1);
  make_names();
  char *area = mmap(NULL, BUFFER + 4 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  buffer = area;
  page_end = area + BUFFER - 8;
  no_access = area + BUFFER;
  read_only = area + BUFFER + PAGE;
  mprotect(no_access, PAGE, PROT_NONE);
  mprotect(read_only, PAGE, PROT_READ);
  munmap(area + BUFFER + 2 * PAGE, 2 * PAGE);
  /* Far from all else: a call that says too long a range reaches what follows. */
  mapped = mmap((void *)0x60000000, AREA, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
  if (mapped != (char *)0x60000000) exit(9);
  open_all();
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

static long argument(char kind, char *text);

/* Any but one. */
static long without(int excluded, char *text) {
  long descriptor;
  do descriptor = argument('f', text);
  while (descriptor == descriptors[excluded]);
  return descriptor;
}

static long flag(char *text) {
  long value = (long)(1ul << below(32));
  sprintf(text, "%#lx", value);
  return value;
}

static long vector(char *text) {
  if (below(4) == 0) return address(text);
  for (int i = 0; i < RANDOM_PIECES; i++) {
    *text++ = i ? ' ' : '[';
    pieces[i].iov_base = (void *)address(text);
    text += strlen(text);
    *text++ = ':';
    pieces[i].iov_len = below(2) ? below(10) : (size_t)argument('l', text);
    text += sprintf(text, "%#lx", pieces[i].iov_len);
  }
  strcpy(text, "]");
  return (long)pieces;
}

static long header(struct msghdr *made, char *text) {
  memset(made, 0, sizeof *made);
  strcpy(text++, "{");
  if (below(2)) made->msg_name = (void *)address(text), text += strlen(text);
  made->msg_namelen = below(2) ? 0 : (socklen_t)argument('c', text);
  text += sprintf(text, ":%#x ", made->msg_namelen);
  made->msg_iov = (void *)vector(text);
  text += strlen(text);
  made->msg_iovlen = below(4) ? below(RANDOM_PIECES) : (size_t)argument('c', text);
  text += sprintf(text, ":%#lx ", made->msg_iovlen);
  if (below(4) == 0) made->msg_control = (void *)address(text), text += strlen(text);
  made->msg_controllen = below(4) ? 0 : (size_t)argument('c', text);
  sprintf(text, ":%#lx}", made->msg_controllen);
  return (long)made;
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
    case 'G': { /* what has a place or no inode of its own: not pipes, sockets and memory, nothing of the host's */
      static const int which[] = {0, 1, 2, EVENTS, 9, 10, 11, 13, 16};
      if (below(5) == 0) return sprintf(text, "none"), -1;
      int chosen = which[below(sizeof which / sizeof which[0])];
      sprintf(text, "fd%d", chosen);
      return descriptors[chosen];
    }
    case 'B': /* how many bytes an event counter takes depends on the kernel's version */
      return without(EVENTS, text);
    case 'J': /* and so do the requests of epoll */
      return without(EPOLL, text);
    case 'A': /* none whose bytes are all of the memory that the machine has */
      return without(MEMORY, text);
    case 'd': /* the ends of a directory depend on the file system */
      return without(2, text);
    case 'e':
      return PICK(0, 0, 1, 2, 0x800, 0x4000, 0x1000, 0x80000, 0x100000, -1);
    case 'K':
      return PICK(0, 1, 4, 5, 6, 7, 11, 16, 17, 63);
    case 't': /* timers that there are not */
      return PICK(64, 1000, 0x7fffffff, -1);
    case 'q': /* offsets that every file system can have */
      return PICK(0, 1, -1, 10, PAGE, -PAGE, 1ul << 63);
    case '1': /* socket options */
      return PICK(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 13, 17, 18, 19, 20, 21, 31, 1024, -1);
    case 'Y':
      return PICK(0, 1, 2, 3);
    case 'X':
      return PICK(0, 0, 1, 2, 4, 0x200, 0x400, 0x10000, 0x20000);
    case 'x':
      return PICK(0, 0, 1, 2, 3, 8, -1);
    case 'S':
      return PICK(0, 1, PAGE, PAGE + 1, 2 * PAGE);
    case 'a': /* where a relative path starts */
      return below(3) ? (sprintf(text, "cwd"), AT_FDCWD) : argument('G', text);
    case 'p': {
      int which = (int)below(PATHS + 2);
      if (which >= PATHS) return address(text);
      sprintf(text, "\"%.20s\"", paths[which]);
      return (long)paths[which];
    }
    case 'b':
      return address(text);
    case 'l':
      return PICK(0, 1, 2, 8, 16, 20, 100, 4096, 65536, 0x7fffffff, 0x80000000, 0x100000000, 1ul << 63, -1);
    case 'c': /* a count that makes no call long */
      return PICK(0, 1, 2, 3, 16, 1024, 1025, -1, 0x7fffffff, 0x80000000);
    case 'o':
      return PICK(0, 1, -1, 10, 4096, -4096, 1ul << 62, 0x7fffffffffffffff, 1ul << 63);
    case 'i':
      return PICK(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 16, 17, 31, 32, 64, 65, 100, 256, 1024, 4096, -1, 0x7fffffff, 0x80000000);
    case 'g':
      return below(2) ? PICK(0, 0, 1, 2, 0x100, 0x200, 0x400, 0x800, 0x1000, 0x2000, 0x4000, 0x80000)
                      : flag(text);
    case 'm':
      return PICK(0, 0644, 0755, 07777, 010000, -1);
    case 's':
      return PICK(0, 1, 9, 10, 17, 19, 33, 63, 64, 65, -1);
    case 'n': /* kinds of nodes, without those that open a device or wait when opened */
      return PICK(0, 0644, 0100644, 0100000, 040755, 0120777, 0170000, -1);
    case 'k':
      return PICK(0, 1, 2, 3, 4, 5, 6, 7, 11, 16, 17, 63, -1);
    case 'N': {
      static const char *const names[] = {"a", "", "unknown.a", "b", long_name};
      int which = (int)below(sizeof names / sizeof names[0] + 1);
      if (which == sizeof names / sizeof names[0]) return address(text);
      sprintf(text, "\"%.20s\"", names[which]);
      return (long)names[which];
    }
    case 'v':
      return vector(text);
    case 'h':
      return below(5) ? header(&headers[0].msg_hdr, text) : address(text);
    case 'H': {
      if (below(5) == 0) return address(text);
      for (int i = 0; i < HEADERS; i++) text += sprintf(text, "+") + (header(&headers[i].msg_hdr, text + 1), strlen(text + 1));
      return (long)headers;
    }
    case 'Z': { /* a time that has passed; none would wait for ever */
      static const char *const names[] = {"at once", "1", "none", "kernel"};
      long values[] = {(long)at_once, 1, (long)no_access, 0xffff800000000000};
      int which = below(3) ? 0 : (int)below(4);
      strcpy(text, names[which]);
      return values[which];
    }
    case 'w':
      return PICK(0, 0, MSG_DONTWAIT, MSG_PEEK, MSG_NOSIGNAL, MSG_TRUNC, MSG_DONTWAIT | MSG_PEEK);
    case 'D':
      return PICK(AF_UNSPEC, AF_UNIX, AF_UNIX, AF_INET, AF_INET, AF_INET6, 46, 100, -1);
    case 'T':
      return PICK(0, 1, 2, 4, 5, 6, 11, 15, 0x800 | 1, 0x80000 | 2, 0x10001, 0x10000, -1);
    case 'P':
      return PICK(0, 0, 1, 6, 17, 256, 0x7fffffff, -1);
    case 'M': {
      static const char *const names[] = {"area", "area+1", "area+page", "area+4 pages", "kernel", "-1", "-page", "-2 pages"};
      long values[] = {(long)mapped, (long)mapped + 1, (long)mapped + PAGE, (long)mapped + 4 * PAGE, 0xffff800000000000,
                       -1, -PAGE, -2 * PAGE};
      int which = (int)below(sizeof values / sizeof values[0]);
      strcpy(text, names[which]);
      return values[which];
    }
    case 'L':
      return PICK(0, 1, PAGE, PAGE + 1, 2 * PAGE, 2 * AREA, -1, -PAGE); /* none reaches what is mapped elsewhere */
    case 'y':
      return PICK(0, 1, 2, 3, 4, 5, 6, 7, 8, 10, 11, 16, 17, 18, 19, 20, 21, 26, 64, -1);
    case 'R':
      return PICK(0, 1, 2, 3, 4, 7, 8, 0x10, 0x1000000, 0x2000000, -1);
    case 'W':
      return PICK(0, 1, 2, 3, 0x20, 0x21, 0x22, 0x23, 0x4022, 0x8022, 0x24);
    case 'U':
      return PICK(0, 1, 2, 3, 4, 8, 9, 16, 17, 32, 64, 1024, -1);
    case 'E': /* futex operations */
      return PICK(128, 129, 137, 138, 256, 128 | 15, 127);
    case 'Q':
      return PICK(0, 0x5401, 0x5413, 0x541b, 0x5421, 0x5450, 0x5451, 0x7fffffff, -1);
    case 'C':
      return PICK(0, 1, 2, 3, 5, 6, 9, 36, 37, 1030, 1032, 1033, 1034, 98, -1);
    case 'j': /* SPLICE_F_NONBLOCK is always there: what the descriptor says does not count everywhere */
      return PICK(2, 2, 3, 6, 10, 0x12, 0x22, -1);
    case 'V': /* levels of socket options */
      return PICK(SOL_SOCKET, SOL_SOCKET, 41, 255, -1);
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
   that the value counts, '*' that names, descriptors or mappings change, which are then put back, '!' that what is read
   from memory is 0 */

struct row {
  int number;
  const char *name, *kinds;
};

static const struct row rows[] = {
    /* what files say */
    {4, "stat", "pb"}, {5, "fstat", "fb"}, {6, "lstat", "pb"}, {21, "access", "pi"}, {79, "getcwd", "bl="},
    {89, "readlink", "pbl="}, {137, "statfs", "pb"}, {138, "fstatfs", "fb"}, {262, "newfstatat", "apbX"},
    {267, "readlinkat", "apbl="}, {269, "faccessat", "api"}, {332, "statx", "apXgb"}, {439, "faccessat2", "apig"},
    {78, "getdents", "fbl*"}, {217, "getdents64", "fbl*"},
    /* names */
    {80, "chdir", "p*"}, {81, "fchdir", "f*"}, {82, "rename", "pp*"}, {83, "mkdir", "pm*"}, {84, "rmdir", "p*"},
    {86, "link", "pp*"}, {87, "unlink", "p*"}, {88, "symlink", "pp*"}, {133, "mknod", "pnz*"}, {258, "mkdirat", "apm*"},
    {259, "mknodat", "apnz*"}, {263, "unlinkat", "apg*"}, {264, "renameat", "apap*"}, {265, "linkat", "apapX*"},
    {266, "symlinkat", "pap*"}, {316, "renameat2", "apapx*"}, {2, "open", "pgm*"}, {85, "creat", "pm*"},
    {257, "openat", "apgm*"}, {437, "openat2", "apbl*"},
    /* attributes */
    {90, "chmod", "pm"}, {91, "fchmod", "Gm"}, {92, "chown", "pzz"}, {93, "fchown", "Gzz"}, {94, "lchown", "pzz"},
    {95, "umask", "m=*"}, {132, "utime", "pb"}, {235, "utimes", "pz"}, {260, "fchownat", "apzzg"}, {261, "futimesat", "apb"},
    {268, "fchmodat", "apm"}, {280, "utimensat", "apzg"}, {452, "fchmodat2", "apmg"}, {76, "truncate", "po*"},
    {77, "ftruncate", "fo*"}, {188, "setxattr", "pNblg*"}, {189, "lsetxattr", "pNblg*"}, {190, "fsetxattr", "GNblg*"},
    {191, "getxattr", "pNbl"}, {192, "lgetxattr", "pNbl"}, {193, "fgetxattr", "GNbl"}, {194, "listxattr", "pbl"},
    {195, "llistxattr", "pbl"}, {196, "flistxattr", "Gbl"}, {197, "removexattr", "pN*"}, {198, "lremovexattr", "pN*"},
    {199, "fremovexattr", "GN*"},
    /* bytes of files */
    {0, "read", "fbl*"}, {1, "write", "Bbl*"}, {17, "pread64", "fblo*"}, {18, "pwrite64", "fblq*"}, {19, "readv", "fvc*"},
    {20, "writev", "Bvc*"}, {295, "preadv", "fvco*"}, {296, "pwritev", "fvcq*"}, {327, "preadv2", "fvcozX*"},
    {328, "pwritev2", "BvcqzX*"}, {8, "lseek", "dqi*"}, {40, "sendfile", "BGbl*!"}, {275, "splice", "fbfblj*!"},
    {276, "tee", "fflj*"}, {278, "vmsplice", "fbcj*"}, {326, "copy_file_range", "fbfbli*!"}, {285, "fallocate", "AUqq*"},
    {221, "fadvise64", "fooi"}, {187, "readahead", "fol"}, {277, "sync_file_range", "foog"}, {73, "flock", "fi*"},
    {74, "fsync", "f"}, {75, "fdatasync", "f"},
    /* descriptors */
    {16, "ioctl", "JQb*"}, {72, "fcntl", "fCb*"}, {32, "dup", "f"}, {33, "dup2", "ff*"}, {292, "dup3", "ffg*"},
    {22, "pipe", "b*"}, {293, "pipe2", "be*"}, {284, "eventfd", "i"}, {290, "eventfd2", "ig"}, {213, "epoll_create", "i"},
    {291, "epoll_create1", "g"}, {233, "epoll_ctl", "fifb*"}, {232, "epoll_wait", "fbcz"}, {281, "epoll_pwait", "fbczbl"},
    {441, "epoll_pwait2", "fbcZbl"}, {7, "poll", "bcz"}, {271, "ppoll", "bcZbl"}, {23, "select", "cbbbZ"},
    {270, "pselect6", "cbbbZb"}, {282, "signalfd", "fbl*"}, {289, "signalfd4", "fblg*"}, {283, "timerfd_create", "ig"},
    {286, "timerfd_settime", "fgbb*"}, {287, "timerfd_gettime", "fb"}, {253, "inotify_init", ""},
    {294, "inotify_init1", "g"}, {254, "inotify_add_watch", "fpg*"}, {255, "inotify_rm_watch", "fi"},
    {319, "memfd_create", "pe"}, {434, "pidfd_open", "zg"},
    /* sockets */
    {41, "socket", "DTP"}, {53, "socketpair", "DTPb*"}, {42, "connect", "fbc*"}, {43, "accept", "fbb*"},
    {288, "accept4", "fbbg*"}, {44, "sendto", "fblwbc*"}, {45, "recvfrom", "fblwbb*"}, {46, "sendmsg", "fhw*"},
    {47, "recvmsg", "fhw*"}, {307, "sendmmsg", "fHcw*"}, {299, "recvmmsg", "fHcwZ*"}, {48, "shutdown", "fi*"},
    {49, "bind", "fbc*"}, {50, "listen", "fi*"}, {51, "getsockname", "fbb"}, {52, "getpeername", "fbb"},
    {54, "setsockopt", "fV1bc*"}, {55, "getsockopt", "fV1bb"},
    /* memory */
    {9, "mmap", "MLYWGS*"}, {10, "mprotect", "MLR*"}, {11, "munmap", "ML*"}, {26, "msync", "MLg"},
    {27, "mincore", "MSb"}, {28, "madvise", "MLy*"}, {149, "mlock", "ML*"}, {150, "munlock", "ML"}, {325, "mlock2", "MLg*"},
    /* the process and its time */
    {24, "sched_yield", ""}, {36, "getitimer", "ib"}, {38, "setitimer", "ibb"}, {61, "wait4", "zbgb"},
    {247, "waitid", "izbgb"}, {63, "uname", "b"}, {96, "gettimeofday", "bz"}, {97, "getrlimit", "ib"}, {98, "getrusage", "ib"},
    {99, "sysinfo", "b"}, {100, "times", "b"}, {111, "getpgrp", ""}, {115, "getgroups", "cb"}, {118, "getresuid", "bbb"},
    {120, "getresgid", "bbb"}, {121, "getpgid", "z"}, {124, "getsid", "z"}, {125, "capget", "bb"}, {140, "getpriority", "iz"},
    {143, "sched_getparam", "zb"}, {145, "sched_getscheduler", "z"}, {146, "sched_get_priority_max", "c"},
    {147, "sched_get_priority_min", "c"}, {148, "sched_rr_get_interval", "zb"}, {204, "sched_getaffinity", "zlb"},
    {302, "prlimit64", "zizb"}, {309, "getcpu", "bbz"}, {318, "getrandom", "blg"},
    {201, "time", "b"}, {222, "timer_create", "Kbb"}, {223, "timer_settime", "tibb"}, {224, "timer_gettime", "tb"},
    {225, "timer_getoverrun", "t"}, {226, "timer_delete", "t"}, {228, "clock_gettime", "kb"}, {229, "clock_getres", "kb"},
    {230, "clock_nanosleep", "kibb"}, {35, "nanosleep", "bb"}, {202, "futex", "bEzZbi"}, {273, "set_robust_list", "bl"},
    {274, "get_robust_list", "zbb"}, {13, "rt_sigaction", "szbl"}, {14, "rt_sigprocmask", "ibbl"},
    {127, "rt_sigpending", "bl"}, {128, "rt_sigtimedwait", "bbZl"}, {131, "sigaltstack", "zb"},
};
enum { ROWS = sizeof rows / sizeof rows[0] };

static int root;

static int removed(const char *path, const struct stat *status, int kind, struct FTW *where) {
  (void)status;
  if (where->level > 0) (kind == FTW_DP ? rmdir : unlink)(path);
  return 0;
}

/* Names, descriptors and memory as they were before the first call. */
static void put_back(void) {
  if (fchdir(root) != 0) exit(9);
  nftw(".", removed, 10, FTW_DEPTH | FTW_PHYS);
  make_names();
  close(999);
  close_range(3, FIRST - 1, 0);
  open_all();
  mmap(mapped, AREA, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
}

static void compare(long calls, const char *name) {
  root = kept(open(".", O_PATH));
  for (long i = 0; i < calls; i++) {
    const struct row *row = &rows[below(ROWS)];
    if (name != NULL && strcmp(name, row->name) != 0) continue;
    long arguments[MOST_ARGUMENTS] = {0};
    char text[4000] = "", one[2000];
    int values = 0, changes = 0, count = 0;
    /* What is in the buffer must not depend on what calls left there. */
    int filling = (int)below(3) ? 0 : (int)below(256);
    memset(buffer, strchr(row->kinds, '!') ? 0 : filling, PAGE);
    buffer[PAGE] = 0;
    memset(page_end, 0, 8);
    for (const char *kind = row->kinds; *kind; kind++) {
      values |= *kind == '=';
      changes |= *kind == '*';
      if (strchr("=*!", *kind)) continue;
      arguments[count] = argument(*kind, one);
      strcat(strcat(text, count ? ", " : ""), one);
      count++;
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
    if (changes && result != -1) {
      if (row->number == SYS_mmap) munmap((void *)result, arguments[1]);
      put_back();
    } else if (result > 2 && result < FIRST) {
      close((int)result); /* a descriptor that the call made */
    }
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
  /* A directory of its own, so that a name above it is still one of the working directory's. */
  if (mkdir("tree", 0755) != 0 || chdir("tree") != 0) return 9;
  prepare();
  state = seed * 2 + 1;
  for (int i = 0; i < 20; i++) next();
  compare(number, count > 4 ? arguments[4] : NULL);
  return 0;
}
