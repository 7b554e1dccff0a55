/* Memory calls: each line is one observation; addresses themselves are not printed. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

static sigjmp_buf back;
static volatile int code;

static void fault(int signal, siginfo_t *info, void *context) {
  (void)context;
  code = signal * 100 + info->si_code;
  siglongjmp(back, 1);
}

static int touch(volatile char *at, int write) {
  code = 0;
  if (sigsetjmp(back, 1) == 0) {
    if (write) *at = 1;
    else (void)*at;
  }
  return code;
}

static void say(const char *what, long result) {
  printf("%s: %ld%s%s\n", what, result, result < 0 ? " " : "", result < 0 ? strerror(errno) : "");
}

/* A mapping that grew in several places is one mapping still. */
static void grow_often(void) {
  size_t length = 48 * 4096;
  char *grown = mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  grown[0] = 1;
  for (int step = 1; step <= 40 && grown != MAP_FAILED; step++) {
    size_t more = length + (size_t)(step % 7 + 1) * 4096;
    char *held = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    grown = mremap(grown, length, more, MREMAP_MAYMOVE);
    if (grown == MAP_FAILED) break;
    grown[more - 1] = (char)step;
    if (step % 3 == 0) munmap(held, 4096);
    length = more;
  }
  say("grow often", grown != MAP_FAILED && grown[0] == 1 && grown[length - 1] == 40);
}

int main(void) {
  struct sigaction action = {.sa_sigaction = fault, .sa_flags = SA_SIGINFO};
  sigaction(SIGSEGV, &action, NULL);
  sigaction(SIGBUS, &action, NULL);
  char *area = mmap(NULL, 16 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  say("mmap", area != MAP_FAILED ? 0 : -1);
  area[4096] = 5;
  say("protect read", mprotect(area + 4096, 4096, PROT_READ));
  say("write read-only", touch(area + 4096, 1));
  say("read read-only", touch(area + 4096, 0));
  say("write before", touch(area, 1));
  say("write behind", touch(area + 8192, 1));
  say("protect none", mprotect(area + 4096, 4096, PROT_NONE));
  say("read none", touch(area + 4096, 0));
  say("protect both", mprotect(area + 4096, 4096, PROT_READ | PROT_WRITE));
  say("kept", area[4096]);
  say("munmap middle", munmap(area + 4096, 4096));
  say("read unmapped", touch(area + 4096, 0));
  say("munmap again", munmap(area + 4096, 4096));
  say("protect a hole", mprotect(area, 3 * 4096, PROT_READ));
  say("munmap odd", munmap(area + 1, 4096));
  say("mmap nothing", (long)mmap(NULL, 0, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  say("mmap bad descriptor", (long)mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, 99, 0));
  char *again = mmap(area + 4096, 4096, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
  say("fixed", again == area + 4096);
  say("fresh", *again);
  say("no replace", (long)mmap(area + 4096, 4096, PROT_READ,
                               MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0));
  strcpy(area + 8192, "moves along");
  char *moved = mremap(area + 8192, 4096, 64 * 4096, MREMAP_MAYMOVE);
  say("mremap", moved != MAP_FAILED ? 0 : -1);
  printf("%s %d\n", moved, moved[63 * 4096]);
  say("shrink", mremap(moved, 64 * 4096, 4096, 0) == moved);
  grow_often();
  say("read cut off", touch(moved + 4096, 0));
  strcpy(moved, "goes away");
  say("dontneed", madvise(moved, 4096, MADV_DONTNEED));
  say("zeroed", moved[0]);
  say("madvise unknown", madvise(moved, 4096, 12345));
  char *start = sbrk(0);
  say("brk grows", sbrk(100000) == start);
  memset(start, 7, 100000);
  say("brk holds", start[99999]);
  say("brk shrinks", sbrk(-100000) == start + 100000);
  int file = open("map", O_RDWR | O_CREAT | O_TRUNC, 0600);
  say("truncate", ftruncate(file, 5000));
  char *mapped = mmap(NULL, 3 * 4096, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  say("behind the end, same page", touch(mapped + 8191, 1));
  say("behind the end, next page", touch(mapped + 8192, 1));
  strcpy(mapped + 100, "written");
  char buffer[8];
  say("pread", pread(file, buffer, 8, 100));
  printf("%s\n", buffer);
  say("read-only file shared",
      (long)mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, open("map", O_RDONLY), 0));
  unsigned char *program = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  for (int value = 1; value <= 3; value++) {
    unsigned char code[] = {0xb8, (unsigned char)value, 0, 0, 0, 0xc3};
    mprotect(program, 4096, PROT_READ | PROT_WRITE);
    memcpy(program, code, sizeof code);
    mprotect(program, 4096, PROT_READ | PROT_EXEC);
    printf("generated code returns %d\n", ((int (*)(void))(uintptr_t)program)());
  }
  munmap(program, 4096);
  program = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  for (int value = 4; value <= 6; value++) {
    unsigned char code[] = {0xb8, (unsigned char)value, 0, 0, 0, 0xc3};
    memcpy(program, code, sizeof code);
    printf("self-modified code returns %d\n", ((int (*)(void))(uintptr_t)program)());
  }
  char *big = mmap(NULL, 1UL << 30, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  say("a sparse GiB", big != MAP_FAILED ? 0 : -1);
  big[(1UL << 30) - 1] = 3;
  say("its end", big[(1UL << 30) - 1]);
  say("munmap", munmap(big, 1UL << 30));
  volatile unsigned char on_stack[] = {0xb8, 77, 0, 0, 0, 0xc3};
  void *page = (void *)((uintptr_t)on_stack & ~4095UL);
  int everything = PROT_READ | PROT_WRITE | PROT_EXEC;
  say("protect what does not grow", mprotect(area, 4096, PROT_READ | PROT_GROWSDOWN));
  say("protect a stack that would grow up", mprotect(page, 4096, everything | PROT_GROWSUP));
  say("make the stack executable", mprotect(page, 4096, everything | PROT_GROWSDOWN));
  printf("code on the stack returns %d\n", ((int (*)(void))(uintptr_t)on_stack)());
  unsigned char resident[16];
  say("mincore", mincore(area, 4096, resident));
  say("mlock", mlock(area, 4096) <= 0 ? 0 : 1);
  return 0;
}
