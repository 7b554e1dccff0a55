/*
 * One child after the other, while what the parent has mapped changes in every way between them and
 * each child changes its own: what one leaves must not be seen by the next.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PAGE = 4096, PAGES = 16, ROUNDS = 400, CODE_BYTES = 6 };

static unsigned seed = 1;
static unsigned char *memory; /* a range in which everything happens */
static sigjmp_buf fault;

static unsigned below(unsigned limit) {
  seed = seed * 1103515245 + 12345;
  return (seed >> 16) % limit;
}

static void on_fault(int signal) { siglongjmp(fault, signal); }

/* mov eax, value; ret */
static void put(unsigned char *where, int value) {
  unsigned char code[CODE_BYTES] = {0xb8, value, 0, 0, 0, 0xc3};
  memcpy(where, code, CODE_BYTES);
}

static int code_file(int value) {
  int file = memfd_create("code", 0);
  unsigned char page[PAGE] = {0};
  put(page, value);
  if (write(file, page, PAGE) != PAGE) exit(1);
  return file;
}

/* What a page says: its first byte, what its code returns, or why neither can be had. */
static int look(unsigned char *page, int execute) {
  int signal = sigsetjmp(fault, 1);
  if (signal != 0) return 1000 + signal;
  return execute ? ((int (*)(void))page)() : *(volatile unsigned char *)page;
}

static int store(unsigned char *page, int value) {
  int signal = sigsetjmp(fault, 1);
  if (signal != 0) return signal;
  *(volatile unsigned char *)page = value;
  return 0;
}

/* One change to a run of pages. */
static void change(int files[2]) {
  unsigned char *page = memory + below(PAGES) * PAGE;
  size_t length = (1 + below(3)) * PAGE;
  if (page + length > memory + PAGES * PAGE) length = PAGE;
  int readable = PROT_READ, writable = PROT_READ | PROT_WRITE, all = writable | PROT_EXEC;
  switch (below(9)) {
    case 0: munmap(page, length); break;
    case 1: mmap(page, length, writable, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0); break;
    case 2: mmap(page, length, writable, MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED, -1, 0); break;
    case 3: mprotect(page, length, readable); break;
    case 4: mprotect(page, length, writable); break;
    case 5: mmap(page, PAGE, readable | PROT_EXEC, MAP_PRIVATE | MAP_FIXED, files[below(2)], 0); break;
    case 6: mmap(page, PAGE, writable, MAP_PRIVATE | MAP_FIXED, files[below(2)], 0); break;
    case 7:
      mmap(page, PAGE, all, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
      put(page, 1 + below(100));
      break;
    case 8: madvise(page, length, below(2) ? MADV_DONTFORK : MADV_DOFORK); break;
  }
  for (int i = 0; i < 3; i++) store(memory + below(PAGES) * PAGE + PAGE / 2 + below(100), below(256));
}

static unsigned sum_of_all(void) {
  unsigned sum = 0;
  for (int i = 0; i < PAGES; i++) {
    unsigned char *page = memory + i * PAGE;
    int first = look(page, 0);
    sum = sum * 31 + first;
    if (first < 1000) for (int j = PAGE / 2; j < PAGE / 2 + 100; j++) sum = sum * 31 + page[j];
    if (first == 0xb8) sum = sum * 31 + look(page, 1);
  }
  return sum;
}

int main(void) {
  struct sigaction action = {.sa_handler = on_fault, .sa_flags = SA_NODEFER};
  sigaction(SIGSEGV, &action, NULL);
  sigaction(SIGBUS, &action, NULL);
  memory = mmap(NULL, PAGES * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  int files[2] = {code_file(11), code_file(22)};
  unsigned all = 0;
  for (int round = 0; round < ROUNDS; round++) {
    int answer[2];
    if (pipe(answer) != 0) return 1;
    unsigned seen = 0;
    pid_t child = fork();
    if (child == 0) {
      seen = sum_of_all();
      seed += round;
      for (unsigned i = 0; i < 1 + seed % 5; i++) change(files);
      char *grown = malloc(round % 3 * 100000);
      if (grown != NULL) memset(grown, round, round % 3 * 100000);
      write(answer[1], &seen, sizeof seen);
      if (round % 50 == 49) execl("/bin/true", "true", NULL);
      _exit(0);
    }
    if (read(answer[0], &seen, sizeof seen) != sizeof seen) return 1;
    waitpid(child, NULL, 0);
    close(answer[0]);
    close(answer[1]);
    all = all * 31 + seen;
    if (round % 20 == 0) printf("round %d: child %08x, parent %08x\n", round, seen, sum_of_all());
    for (unsigned i = below(4); i > 0; i--) change(files);
  }
  printf("all: %08x\n", all);
  return 0;
}
