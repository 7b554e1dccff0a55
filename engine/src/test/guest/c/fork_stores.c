/* One thread forks while others have system calls store to pages that were written since. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { PAGES = 64, PAGE = 4096 };

static volatile int over;
static int file;
static long failures;

/* Initialised, so that it begins as pages of the program's file that nobody has written yet. */
static char initialised[2][PAGES * PAGE] = {{1}, {1}};

static void expect(const char *what, long got, long wanted) {
  if (got != wanted && !__atomic_fetch_add(&failures, 1, __ATOMIC_RELAXED)) {
    printf("%s: %ld, not %ld: %s\n", what, got, wanted, strerror(errno));
  }
}

static void *store(void *own) {
  int ends[2];
  socketpair(AF_UNIX, SOCK_STREAM, 0, ends);
  char *memory = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  for (long i = 0; !over; i++) {
    char *page = (i % 2 ? memory : (char *)own) + i % PAGES * PAGE;
    memset(page, (int)i, 64);
    expect("send", write(ends[0], "hello", 5), 5);
    page[0] = 1;
    expect("receive", read(ends[1], page, 5), 5);
    expect("received", memcmp(page, "hello", 5), 0);
    page[1] = 1;
    expect("file", pread(file, page, PAGE, 0), PAGE);
    page[2] = 1;
    expect("clock", syscall(SYS_clock_gettime, CLOCK_MONOTONIC, page), 0);
    page[3] = 1;
    expect("futex word", __atomic_add_fetch((int *)(page + 64), 1, __ATOMIC_SEQ_CST) != 0, 1);
    int status = 5;
    pid_t child = -1;
    if (i % 64 == 0 && (child = fork()) == 0) _exit(7);
    if (child > 0) {
      int *answer = (int *)page;
      *answer = status;
      expect("wait", waitpid(child, answer, 0), child);
      expect("status", WEXITSTATUS(*answer), 7);
    }
  }
  return NULL;
}

int main(int argc, char **argv) {
  int rounds = argc > 1 ? atoi(argv[1]) : 200;
  file = open("/proc/self/exe", O_RDONLY);
  (void)argv;
  pthread_t threads[2];
  for (int i = 0; i < 2; i++) pthread_create(&threads[i], NULL, store, initialised[i]);
  for (int i = 0; i < rounds; i++) {
    pid_t child = fork();
    if (child == 0) _exit(3);
    int status;
    expect("fork", waitpid(child, &status, 0), child);
  }
  over = 1;
  for (int i = 0; i < 2; i++) pthread_join(threads[i], NULL);
  puts(failures ? "failed" : "held");
  return failures != 0;
}
