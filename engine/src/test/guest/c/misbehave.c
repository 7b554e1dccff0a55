/* One way to go wrong for each word: see the table at the end. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

static volatile int sink;

static int loop(void) {
  for (;;) sink++;
}

/* A loop without any memory access, call or system call. */
static int tightLoop(void) {
  for (;;) __asm__ volatile("1: jmp 1b");
}

static int recurse(int depth) {
  volatile char frame[512];
  frame[depth % 512] = 1;
  return recurse(depth + 1) + frame[(depth + 1) % 512];
}

static int recursion(void) { return recurse(0); }

static int allocate(void) {
  char *all = malloc(4294967296UL);
  if (all == NULL) {
    printf("refused: %s\n", strerror(errno));
    return 0;
  }
  printf("granted\n");
  return 1;
}

/* Maps and touches memory until there is none left, 16 MiB at a time. */
static int exhaust(void) {
  for (long count = 0; count < 4096; count++) {
    void *piece =
        mmap(NULL, 16 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (piece == MAP_FAILED) {
      printf("refused: %s after at least 64 MiB: %s\n", strerror(errno), count >= 4 ? "yes" : "no");
      return 0;
    }
    for (long offset = 0; offset < 16 << 20; offset += 4096) ((volatile char *)piece)[offset] = 1;
  }
  printf("never refused\n");
  return 1;
}

static int forkBomb(void) {
  for (int children = 0; children < 100000; children++) {
    pid_t child = fork();
    if (child < 0) {
      printf("refused\n");
      fflush(stdout);
      kill(0, SIGKILL);
      return 0;
    }
    if (child == 0) for (;;) pause();
  }
  printf("never refused\n");
  return 1;
}

/* Its child makes processes without end. */
static int forks(void) {
  if (fork() == 0)
    while (fork() != 0) {}
  for (;;) pause();
}

/* Neighbours that differ in protection cannot be one mapping. */
static int mapBomb(void) {
  for (long page = 0; page < 200000; page++) {
    int protection = page % 2 ? PROT_READ : PROT_READ | PROT_WRITE;
    if (mmap(NULL, 4096, protection, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED) {
      printf("refused: %s\n", strerror(errno));
      fflush(stdout);
      for (;;) pause();
    }
  }
  printf("never refused\n");
  return 1;
}

enum { PIECES = 60000, PAGE = 4096 };

static int refused(int failed) {
  if (!failed) {
    printf("never refused\n");
    return 1;
  }
  printf("refused: %s\n", strerror(errno));
  for (;;) pause();
}

static char *reserve(void) {
  return mmap(NULL, 2L * PIECES * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
}

/* What is between mappings is reserved on the host. */
static int holes(void) {
  char *all = reserve();
  munmap(all, 2L * PIECES * PAGE);
  int failed = 0;
  for (long i = 0; i < PIECES && !failed; i++)
    failed = mmap(all + 2 * i * PAGE, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) ==
             MAP_FAILED;
  return refused(failed);
}

/* Neighbours lose their ends. */
static int ends(void) {
  char *all = reserve();
  int failed = 0;
  for (long i = 0; i < PIECES / 2 && !failed; i++)
    failed = mmap(all + 2 * i * PAGE, 2 * PAGE, i % 2 ? PROT_READ : PROT_READ | PROT_WRITE,
                  MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == MAP_FAILED;
  for (long i = 0; i < PIECES / 2 && !failed; i++) failed = munmap(all + (2 * i + 1) * PAGE, PAGE) < 0;
  return refused(failed);
}

static int sparseFile(void) {
  int file = open("sparse", O_RDWR | O_CREAT | O_TRUNC, 0600);
  if (ftruncate(file, 2L * PIECES * PAGE) < 0) exit(2);
  return file;
}

/* Private pages that were written before they became neighbours stay apart. */
static int neighbours(void) {
  char *all = reserve();
  int file = sparseFile(), failed = 0;
  for (long i = 0; i < 2L * PIECES && !failed; i++) {
    long page = i < PIECES ? 2 * i : 2 * (i - PIECES) + 1;
    failed = mmap(all + page * PAGE, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_FIXED, file,
                  page * PAGE) == MAP_FAILED;
    if (!failed) all[page * PAGE] = 1;
  }
  return refused(failed);
}

/* So do private pages that were writable, one apart from the next, and are not any more. */
static int apart(void) {
  int failed = 0;
  char *all = mmap(NULL, 2L * PIECES * PAGE, PROT_READ, MAP_PRIVATE, sparseFile(), 0);
  for (long i = 0; i < PIECES && !failed; i++) {
    failed = mprotect(all + 2 * i * PAGE, PAGE, PROT_READ | PROT_WRITE) < 0;
    if (!failed) all[2 * i * PAGE] = 1;
  }
  for (long i = 0; i < PIECES && !failed; i++) mprotect(all + 2 * i * PAGE, PAGE, PROT_READ);
  return refused(failed);
}

/* What a fork shared and is dropped comes from elsewhere afterwards. */
static int dropped(void) {
  int failed = 0;
  char *all = mmap(NULL, 2L * PIECES * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (fork() == 0) for (;;) pause();
  for (long i = 0; i < PIECES && !failed; i++) failed = madvise(all + 2 * i * PAGE, PAGE, MADV_DONTNEED) < 0;
  return refused(failed);
}

/* Pages with code are read-only until somebody stores to them: every fourth one here. */
static int codePages(void) {
  char *all = mmap(NULL, 4L * PIECES * PAGE, PROT_READ | PROT_WRITE | PROT_EXEC,
                   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  for (long i = 0; i < PIECES; i++) memcpy(all + 4 * i * PAGE, "\xb8\x01\0\0\0\xc3", 6);
  for (long i = 0; i < PIECES; i++) sink += ((int (*)(void))(all + 4 * i * PAGE))();
  printf("never refused\n");
  return 1;
}

static int illegal(void) {
  __asm__ volatile("ud2");
  return 0;
}

static int privileged(void) {
  __asm__ volatile("hlt");
  return 0;
}

static int breakpoint(void) {
  __asm__ volatile("int3");
  return 0;
}

static int divide(void) {
  volatile int zero = 0;
  return sink / zero;
}

static int divideOverflow(void) {
  volatile int least = INT32_MIN, minusOne = -1;
  return least / minusOne;
}

static int unaligned(void) {
  static char area[64] __attribute__((aligned(64)));
  __asm__ volatile("movaps %0, %%xmm0" : : "m"(area[1]) : "xmm0");
  return 0;
}

static int nullCall(void) {
  void (*volatile nothing)(void) = NULL;
  nothing();
  return 0;
}

static int wildJump(void) {
  void (*volatile far)(void) = (void (*)(void))0x7ffff7f00000UL;
  far();
  return 0;
}

static int nullRead(void) { return *(volatile int *)8; }

static int writeToCode(void) {
  *(volatile char *)(uintptr_t)&nullRead = 0;
  return 0;
}

static int runData(void) {
  static unsigned char code[] = {0xc3};
  ((void (*)(void))(uintptr_t)code)();
  return 0;
}

static int aborts(void) { abort(); }

/* Clears the whole stack away by hand and goes on. */
static int noStack(void) {
  __asm__ volatile("xor %%esp, %%esp; push %%rax" : : : "memory");
  return 0;
}

static void report(int signal, siginfo_t *info, void *context) {
  (void)context;
  char line[128];
  int length = snprintf(line, sizeof line, "signal %d code %d address %s\n", signal, info->si_code,
                        info->si_addr == (void *)8 ? "8" : "other");
  if (write(1, line, (size_t)length) != length) _exit(2);
  _exit(3);
}

static int handledNullRead(void) {
  struct sigaction action = {.sa_sigaction = report, .sa_flags = SA_SIGINFO};
  sigaction(SIGSEGV, &action, NULL);
  return nullRead();
}

static int handledDivide(void) {
  struct sigaction action = {.sa_sigaction = report, .sa_flags = SA_SIGINFO};
  sigaction(SIGFPE, &action, NULL);
  return divide();
}

/* The handler runs on its own stack when the main one is used up. */
static int handledRecursion(void) {
  static char alternate[65536];
  stack_t stack = {.ss_sp = alternate, .ss_size = sizeof alternate};
  struct sigaction action = {.sa_sigaction = report, .sa_flags = SA_SIGINFO | SA_ONSTACK};
  sigaltstack(&stack, NULL);
  sigaction(SIGSEGV, &action, NULL);
  return recursion();
}

static const struct {
  const char *word;
  int (*way)(void);
} ways[] = {{"loop", loop},
            {"tight-loop", tightLoop},
            {"recursion", recursion},
            {"allocate", allocate},
            {"exhaust", exhaust},
            {"fork-bomb", forkBomb},
            {"forks", forks},
            {"map-bomb", mapBomb},
            {"holes", holes},
            {"ends", ends},
            {"neighbours", neighbours},
            {"apart", apart},
            {"dropped", dropped},
            {"code-pages", codePages},
            {"illegal", illegal},
            {"privileged", privileged},
            {"breakpoint", breakpoint},
            {"divide", divide},
            {"divide-overflow", divideOverflow},
            {"unaligned", unaligned},
            {"null-call", nullCall},
            {"wild-jump", wildJump},
            {"null-read", nullRead},
            {"write-to-code", writeToCode},
            {"run-data", runData},
            {"abort", aborts},
            {"no-stack", noStack},
            {"handled-null-read", handledNullRead},
            {"handled-divide", handledDivide},
            {"handled-recursion", handledRecursion}};

int main(int argc, char **argv) {
  setvbuf(stdout, NULL, _IONBF, 0);
  for (unsigned i = 0; argc == 2 && i < sizeof ways / sizeof *ways; i++)
    if (strcmp(argv[1], ways[i].word) == 0) return ways[i].way();
  fprintf(stderr, "usage: misbehave WORD\n");
  return 2;
}
