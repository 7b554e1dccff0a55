/* lseek, tee, flock and copy_file_range on files of every kind: each line is one observation. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void say(const char *what, long long result) {
  printf("%s: %lld%s%s\n", what, result, result < 0 ? " " : "", result < 0 ? strerrorname_np(errno) : "");
  fflush(stdout);
}

static volatile int caught;
static char fifo_path[100];

static void note(int signal) { caught = signal; }

static void handle(int signal, int flags) {
  struct sigaction action = {.sa_handler = note, .sa_flags = flags};
  sigaction(signal, &action, NULL);
}

/* ---- lseek */

static int made(const char *name, const char *content, size_t length) {
  int file = open(name, O_RDWR | O_CREAT | O_TRUNC, 0644);
  if (write(file, content, length) != (ssize_t)length) abort();
  return file;
}

static void seek(const char *name, int file, off_t offset, int whence) {
  char what[100];
  off_t result = lseek(file, offset, whence);
  int error = errno;
  snprintf(what, sizeof what, "lseek %s %lld %d", name, (long long)offset, whence);
  errno = error;
  say(what, result);
}

static void seeks(const char *name, int file) {
  static const off_t offsets[] = {0, 3, -3, 4096, 1 << 20, LLONG_MAX, LLONG_MIN, LLONG_MAX - 3};
  for (int whence = -1; whence <= 6; whence++) {
    for (unsigned i = 0; i < sizeof offsets / sizeof *offsets; i++) {
      seek(name, file, 2, SEEK_SET);
      seek(name, file, offsets[i], whence);
      seek(name, file, 0, SEEK_CUR);
    }
  }
}

/* Walks over data and holes to the end. */
static void walk(const char *name, int file) {
  off_t at = 0;
  for (int i = 0; i < 20; i++) {
    at = lseek(file, at, i % 2 ? SEEK_HOLE : SEEK_DATA);
    printf("walk %s %s %lld\n", name, i % 2 ? "hole" : "data", (long long)at);
    if (at < 0) {
      say("walk end", -1);
      return;
    }
  }
}

static void sparse(const char *name, const char *path) {
  int file = open(path, O_RDWR | O_CREAT | O_TRUNC, 0644);
  char block[4096];
  memset(block, 'x', sizeof block);
  for (int i = 1; i < 4; i++) pwrite(file, block, sizeof block, i << 20);
  ftruncate(file, (4 << 20) + 5);
  fsync(file);
  walk(name, file);
  static const off_t from[] = {0, 1, 1 << 20, (1 << 20) + 7, (1 << 20) + 4096, (3 << 20) + 4096,
                               (4 << 20) + 4, (4 << 20) + 5, 5 << 20, -1};
  for (unsigned i = 0; i < sizeof from / sizeof *from; i++) {
    seek(name, file, from[i], SEEK_DATA);
    seek(name, file, from[i], SEEK_HOLE);
  }
  say("punch", fallocate(file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 2 << 20, 4096));
  walk(name, file);
  ftruncate(file, 0);
  walk("empty", file);
  seek("empty", file, 0, SEEK_HOLE);
  close(file);
}

static void lseeks(void) {
  int pipes[2], pair[2];
  pipe(pipes);
  socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
  snprintf(fifo_path, sizeof fifo_path, "/tmp/fifo%d", getpid());
  mkfifo(fifo_path, 0600);
  int regular = made("regular", "0123456789", 10);
  seeks("regular", regular);
  int memory = memfd_create("memory", MFD_ALLOW_SEALING);
  write(memory, "0123456789", 10);
  seeks("memory", memory);
  seeks("pipe", pipes[0]);
  seeks("socket", pair[0]);
  seeks("fifo", open(fifo_path, O_RDWR));
  seeks("null", open("/dev/null", O_RDWR));
  seeks("zero", open("/dev/zero", O_RDWR));
  seeks("event", eventfd(0, 0));
  seeks("epoll", epoll_create1(0));
  seeks("path", open("regular", O_PATH));
  seeks("closed", 1000);
  mkdir("directory", 0755);
  int directory = open("directory", O_RDONLY);
  seek("directory", directory, 0, SEEK_SET);
  seek("directory", directory, 0, SEEK_CUR);
  seek("directory", directory, -1, SEEK_SET);
  seek("directory", directory, 0, 7);
  int status = open("/proc/self/status", O_RDONLY);
  seek("status", status, 10, SEEK_SET);
  seek("status", status, 10, SEEK_CUR);
  seek("status", status, -21, SEEK_CUR);
  seek("status", status, 0, SEEK_END);
  seek("status", status, 0, SEEK_DATA);
  int copy = dup(regular);
  seek("regular", regular, 7, SEEK_SET);
  seek("copy", copy, 0, SEEK_CUR);
  sparse("sparse", "sparse");
  char path[100];
  snprintf(path, sizeof path, "/tmp/sparse%d", getpid());
  sparse("private", path);
  unlink(path);
  snprintf(path, sizeof path, "/dev/shm/sparse%d", getpid());
  sparse("memory", path);
  unlink(path);
}

/* ---- tee */

static void content(const char *what, int pipe) {
  char bytes[200000];
  ssize_t count = read(pipe, bytes, sizeof bytes);
  long sum = 0;
  for (ssize_t i = 0; i < count; i++) sum = sum * 31 + bytes[i];
  say(what, count);
  printf("%s: content %ld\n", what, sum);
}

static void tees(void) {
  int a[2], b[2], regular = open("regular", O_RDWR);
  handle(SIGPIPE, 0);
  pipe2(a, O_NONBLOCK);
  pipe2(b, O_NONBLOCK);
  say("tee empty", tee(a[0], b[1], 10, 0));
  say("tee empty, count 0", tee(a[0], b[1], 0, 0));
  say("tee closed, count 0", tee(1000, 1001, 0, 0));
  say("tee flags, count 0", tee(a[0], b[1], 0, 16));
  say("tee flags", tee(a[0], b[1], 1, -1));
  write(a[1], "hello, world", 12);
  say("tee part", tee(a[0], b[1], 5, SPLICE_F_NONBLOCK));
  say("tee all flags", tee(a[0], b[1], 100, 15));
  content("tee source", a[0]);
  content("tee target", b[0]);
  write(a[1], "hello, world", 12);
  say("tee most", tee(a[0], b[1], SIZE_MAX, 0));
  content("tee most", b[0]);
  say("tee wrong end", tee(a[1], b[1], 1, 0));
  say("tee other wrong end", tee(a[0], b[0], 1, 0));
  say("tee itself", tee(a[0], a[1], 1, 0));
  say("tee from file", tee(regular, b[1], 1, 0));
  say("tee to file", tee(a[0], regular, 1, 0));
  say("tee from closed", tee(1000, b[1], 1, 0));
  say("tee to closed", tee(a[0], 1000, 1, 0));
  say("tee path", tee(open(fifo_path, O_PATH), b[1], 1, 0));
  int fifo = open(fifo_path, O_RDWR | O_NONBLOCK);
  say("tee to fifo", tee(a[0], fifo, 7, 0));
  say("tee fifo to pipe", tee(fifo, b[1], 100, 0));
  say("tee fifo to itself", tee(fifo, fifo, 100, 0));
  content("tee fifo", fifo);
  content("tee from fifo", b[0]);
  content("drain", a[0]);

  char page[4096];
  for (unsigned i = 0; i < sizeof page; i++) page[i] = i * 7;
  int full = 0;
  while (write(a[1], page, sizeof page) > 0) full++;
  printf("pages %d\n", full);
  say("tee full pipe", tee(a[0], b[1], 1 << 20, 0));
  say("tee to full pipe", tee(a[0], b[1], 1 << 20, 0));
  content("tee full source", a[0]);
  content("tee full target", b[0]);

  write(a[1], "x", 1);
  close(b[0]);
  say("tee without reader", tee(a[0], b[1], 10, 0));
  printf("signal %d\n", caught);
  caught = 0;
  close(a[1]);
  close(b[1]);
  pipe(b);
  say("tee last", tee(a[0], b[1], 10, 0));
  content("tee last", a[0]);
  say("tee end", tee(a[0], b[1], 10, 0));
  close(a[0]);

  /* A blocking tee waits for what another process writes, and for room. */
  pipe(a);
  pid_t child = fork();
  if (child == 0) {
    usleep(50000);
    write(a[1], "late", 4);
    _exit(0);
  }
  close(a[1]);
  say("tee waits", tee(a[0], b[1], 100, 0));
  waitpid(child, NULL, 0);
  say("tee nonblocking end", tee(a[0], b[1], 100, SPLICE_F_NONBLOCK));
  content("tee waited", b[0]);
  handle(SIGALRM, 0);
  int empty[2];
  pipe(empty);
  struct itimerval soon = {.it_value = {.tv_usec = 50000}};
  setitimer(ITIMER_REAL, &soon, NULL);
  say("tee interrupted", tee(empty[0], b[1], 100, 0));
  say("tee nonblocking", tee(empty[0], b[1], 100, SPLICE_F_NONBLOCK));
}

/* ---- flock */

static void flocks(void) {
  int one = open("regular", O_RDWR), two = open("regular", O_RDONLY), copy = dup(one);
  say("flock shared", flock(one, LOCK_SH));
  say("flock shared too", flock(two, LOCK_SH | LOCK_NB));
  say("flock upgrade refused", flock(one, LOCK_EX | LOCK_NB));
  say("flock other unlocks", flock(two, LOCK_UN));
  say("flock upgrade", flock(one, LOCK_EX | LOCK_NB));
  say("flock excluded", flock(two, LOCK_SH | LOCK_NB));
  say("flock by its copy", flock(copy, LOCK_SH | LOCK_NB));
  say("flock after downgrade", flock(two, LOCK_SH | LOCK_NB));
  say("flock exclusive, read only", flock(two, LOCK_UN) + flock(one, LOCK_UN) + flock(two, LOCK_EX));
  say("flock excluded", flock(one, LOCK_EX | LOCK_NB));
  struct flock record = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
  say("record lock beside", fcntl(one, F_SETLK, &record));
  close(two);
  say("flock after close", flock(one, LOCK_EX | LOCK_NB));
  close(one);
  one = open("regular", O_RDWR);
  say("flock held by copy", flock(one, LOCK_EX | LOCK_NB));
  say("flock copy unlocks", flock(copy, LOCK_UN));
  say("flock unlocked twice", flock(copy, LOCK_UN | LOCK_NB));
  say("flock free", flock(one, LOCK_EX | LOCK_NB));
  int operations[] = {0, 3, 4, 5, 6, 7, 8, 9, 10, 12, 16, 17, 32, 33, 96, 128, 224, -1, 64};
  int closed = 1000, path = open("regular", O_PATH);
  for (unsigned i = 0; i < sizeof operations / sizeof *operations; i++) {
    printf("operation %d\n", operations[i]);
    say("flock", flock(copy, operations[i]));
    say("flock closed", flock(closed, operations[i]));
    say("flock path", flock(path, operations[i]));
  }
  int pipes[2];
  pipe(pipes);
  int files[] = {open("directory", O_RDONLY), open("/dev/null", O_RDWR), pipes[0], pipes[1],
                 eventfd(0, 0), epoll_create1(0), socket(AF_UNIX, SOCK_STREAM, 0),
                 memfd_create("memory", 0), open("/proc/self/status", O_RDONLY)};
  for (unsigned i = 0; i < sizeof files / sizeof *files; i++) {
    printf("file %u\n", i);
    say("flock", flock(files[i], LOCK_EX | LOCK_NB));
    say("flock", flock(files[i], LOCK_UN));
  }

  /* The lock is the open file's: a child has it as well, and it lasts until all are closed. */
  flock(one, LOCK_EX);
  pid_t child = fork();
  if (child == 0) {
    say("flock in child", flock(one, LOCK_EX | LOCK_NB));
    int mine = open("regular", O_RDWR);
    say("flock of child's own", flock(mine, LOCK_EX | LOCK_NB));
    usleep(50000);
    _exit(0);
  }
  close(one);
  say("flock waits", flock(copy, LOCK_EX));
  waitpid(child, NULL, 0);
  one = open("regular", O_RDWR);
  handle(SIGALRM, 0);
  struct itimerval soon = {.it_value = {.tv_usec = 50000}};
  setitimer(ITIMER_REAL, &soon, NULL);
  say("flock interrupted", flock(one, LOCK_SH));
  handle(SIGALRM, SA_RESTART);
  child = fork();
  if (child == 0) {
    usleep(100000);
    flock(copy, LOCK_UN);
    _exit(0);
  }
  setitimer(ITIMER_REAL, &soon, NULL);
  caught = 0;
  say("flock restarted", flock(one, LOCK_SH));
  printf("signal %d\n", caught);
  waitpid(child, NULL, 0);
  /* A conversion gives the lock up first: it is gone if it then cannot be had. */
  int other = open("regular", O_RDWR), third = open("regular", O_RDWR);
  say("flock second", flock(other, LOCK_SH));
  say("flock converts", flock(one, LOCK_EX | LOCK_NB));
  flock(other, LOCK_UN);
  say("flock was given up", flock(third, LOCK_EX | LOCK_NB));
}

/* ---- copy_file_range */

static void show(const char *what, int file) {
  char bytes[64];
  ssize_t count = pread(file, bytes, sizeof bytes, 0);
  printf("%s: '%.*s'\n", what, (int)count, bytes);
}

static void copies(void) {
  int from = made("from", "0123456789", 10), to = made("to", "", 0);
  off_t in = 2, out = 3;
  say("copy", copy_file_range(from, &in, to, &out, 5, 0));
  printf("offsets %lld %lld, %lld %lld\n", (long long)in, (long long)out,
         (long long)lseek(from, 0, SEEK_CUR), (long long)lseek(to, 0, SEEK_CUR));
  lseek(from, 4, SEEK_SET);
  say("copy to the end", copy_file_range(from, NULL, to, NULL, 100, 0));
  printf("offsets %lld %lld\n", (long long)lseek(from, 0, SEEK_CUR), (long long)lseek(to, 0, SEEK_CUR));
  say("copy at the end", copy_file_range(from, NULL, to, NULL, 100, 0));
  say("copy nothing", copy_file_range(from, NULL, to, NULL, 0, 0));
  in = 50;
  say("copy beyond the end", copy_file_range(from, &in, to, NULL, 100, 0));
  printf("offset %lld\n", (long long)in);
  in = -1;
  say("copy from negative", copy_file_range(from, &in, to, NULL, 1, 0));
  in = 0, out = -1;
  say("copy to negative", copy_file_range(from, &in, to, &out, 1, 0));
  in = LLONG_MAX, out = 0;
  say("copy from the last", copy_file_range(from, &in, to, &out, 1, 0));
  in = 0, out = LLONG_MAX;
  say("copy to the last", copy_file_range(from, &in, to, &out, 1, 0));
  in = 0, out = LLONG_MAX - 5;
  say("copy to nearly the last", copy_file_range(from, &in, to, &out, 1, 0));
  in = 0, out = 0;
  say("copy most", copy_file_range(from, &in, to, &out, SIZE_MAX, 0));
  say("copy much", copy_file_range(from, &in, to, &out, SSIZE_MAX, 0));
  in = 0, out = 0;
  say("copy rest", copy_file_range(from, &in, to, &out, 1 << 30, 0));
  say("copy with flags", copy_file_range(from, &in, to, &out, 1, 1));
  say("copy with flags from closed", copy_file_range(1000, &in, to, &out, 1, 1));
  say("copy from bad address", copy_file_range(from, (off_t *)16, to, NULL, 1, 0));
  say("copy to bad address", copy_file_range(from, NULL, to, (off_t *)16, 1, 0));
  say("copy from closed, bad address", copy_file_range(1000, (off_t *)16, to, NULL, 1, 0));
  say("copy flags, bad address", copy_file_range(from, (off_t *)16, to, NULL, 1, 1));
  say("copy to closed", copy_file_range(from, NULL, 1000, NULL, 1, 0));
  int readable = open("to", O_RDONLY), writable = open("from", O_WRONLY);
  int append = open("to", O_WRONLY | O_APPEND), path = open("to", O_PATH);
  say("copy to unwritable", copy_file_range(from, NULL, readable, NULL, 1, 0));
  say("copy from unreadable", copy_file_range(writable, NULL, to, NULL, 1, 0));
  say("copy to appending", copy_file_range(from, NULL, append, NULL, 1, 0));
  say("copy from path", copy_file_range(path, NULL, to, NULL, 1, 0));
  say("copy nothing to unwritable", copy_file_range(from, NULL, readable, NULL, 0, 0));
  say("copy nothing with flags", copy_file_range(from, NULL, to, NULL, 0, 4));
  int directory = open("directory", O_RDONLY), pipes[2], null = open("/dev/null", O_RDWR);
  pipe(pipes);
  write(pipes[1], "pipe", 4);
  say("copy from directory", copy_file_range(directory, NULL, to, NULL, 1, 0));
  say("copy to directory", copy_file_range(from, NULL, directory, NULL, 1, 0));
  say("copy from pipe", copy_file_range(pipes[0], NULL, to, NULL, 1, 0));
  say("copy to pipe", copy_file_range(from, NULL, pipes[1], NULL, 1, 0));
  say("copy to null", copy_file_range(from, NULL, null, NULL, 1, 0));
  say("copy from null", copy_file_range(null, NULL, to, NULL, 1, 0));
  say("copy from pipe to directory", copy_file_range(pipes[0], NULL, directory, NULL, 1, 0));
  show("to", to);

  /* Within a file: ranges must not overlap, as far as there is something to copy. */
  in = 0, out = 5;
  say("copy within", copy_file_range(from, &in, from, &out, 5, 0));
  show("from", from);
  in = 0, out = 4;
  say("copy overlapping", copy_file_range(from, &in, from, &out, 5, 0));
  in = 4, out = 0;
  say("copy overlapping back", copy_file_range(from, &in, writable, &out, 5, 0));
  in = 3, out = 3;
  say("copy onto itself", copy_file_range(from, &in, from, &out, 1, 0));
  in = 8, out = 10;
  say("copy clipped at the end", copy_file_range(from, &in, from, &out, 100, 0));
  in = 3, out = 3;
  say("copy nothing onto itself", copy_file_range(from, &in, from, &out, 0, 0));
  link("from", "linked");
  in = 1, out = 2;
  say("copy overlapping a link", copy_file_range(from, &in, open("linked", O_WRONLY), &out, 3, 0));
  lseek(from, 0, SEEK_SET);
  say("copy from one offset", copy_file_range(from, NULL, from, NULL, 3, 0));
  show("from", from);

  int memory = memfd_create("memory", MFD_ALLOW_SEALING), other = memfd_create("other", 0);
  write(other, "memory", 6);
  in = 0, out = 2;
  say("copy memory", copy_file_range(other, &in, memory, &out, 6, 0));
  fcntl(memory, F_ADD_SEALS, F_SEAL_GROW);
  in = 0, out = 5;
  say("copy to sealed size", copy_file_range(other, &in, memory, &out, 6, 0));
  in = 0, out = 5;
  say("copy inside sealed size", copy_file_range(other, &in, memory, &out, 3, 0));
  fcntl(memory, F_ADD_SEALS, F_SEAL_WRITE);
  in = 0, out = 0;
  say("copy to sealed", copy_file_range(other, &in, memory, &out, 1, 0));
}

/* ---- the largest file of a process */

static char limited[10000];

static void said(const char *what, long long result) {
  size_t length = strlen(limited);
  snprintf(limited + length, sizeof limited - length, "%s: %lld%s, signal %d\n", what, result,
           result < 0 ? strerrorname_np(errno) : "", caught);
  caught = 0;
}

static void limits(void) {
  int from = made("from", "0123456789", 10), to = made("limited", "", 0);
  int append = open("limited", O_WRONLY | O_APPEND);
  off_t in = 0, out = 20;
  struct rlimit limit, before;
  getrlimit(RLIMIT_FSIZE, &before);
  limit = before;
  limit.rlim_cur = 25;
  setrlimit(RLIMIT_FSIZE, &limit);
  handle(SIGXFSZ, 0);
  caught = 0;
  said("copy up to the limit", copy_file_range(from, &in, to, &out, 10, 0));
  in = 0, out = 25;
  said("copy at the limit", copy_file_range(from, &in, to, &out, 1, 0));
  said("copy nothing at the limit", copy_file_range(from, &in, to, &out, 0, 0));
  in = 50;
  said("copy from the end at the limit", copy_file_range(from, &in, to, &out, 5, 0));
  said("write up to the limit", pwrite(to, "0123456789", 10, 17));
  said("write at the limit", pwrite(to, "0123456789", 10, 25));
  said("write beyond the limit", pwrite(to, "0123456789", 10, 2500));
  said("write nothing beyond the limit", pwrite(to, "", 0, 2500));
  said("append at the limit", write(append, "x", 1));
  said("seek beyond the limit", lseek(to, 100, SEEK_SET));
  said("write there", write(to, "x", 1));
  said("output", write(1, "x", 1));
  said("output", write(1, "", 0));
  said("lengthen", ftruncate(to, 26));
  said("lengthen to the limit", ftruncate(to, 25));
  said("shorten", ftruncate(to, 22));
  said("lengthen by name", truncate("limited", 26));
  said("allocate", fallocate(to, 0, 20, 6));
  said("allocate to the limit", fallocate(to, 0, 20, 5));
  said("allocate beyond the end", fallocate(to, FALLOC_FL_KEEP_SIZE, 20, 6));
  said("zero", fallocate(to, FALLOC_FL_ZERO_RANGE, 20, 6));
  said("pipe", write(open(fifo_path, O_RDWR), "01234567890123456789012345", 26));
  setrlimit(RLIMIT_FSIZE, &before);
  printf("%s", limited);
}

static void large(void) {
  int from = open("large", O_RDWR | O_CREAT | O_TRUNC, 0644), to = made("large copy", "", 0);
  char block[8192];
  for (int i = 0; i < 40; i++) {
    memset(block, 'a' + i % 26, sizeof block);
    write(from, block, sizeof block);
  }
  off_t in = 5000;
  long total = 0, count;
  while ((count = copy_file_range(from, &in, to, NULL, 1 << 20, 0)) > 0) total += count;
  printf("copied %ld\n", total);
}

int main(void) {
  lseeks();
  tees();
  flocks();
  large();
  copies();
  limits();
  unlink(fifo_path);
}
