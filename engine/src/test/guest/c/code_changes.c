/* Writes code and runs it, again and again, by every route that changes what a page holds. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define READ_WRITE (PROT_READ | PROT_WRITE)
#define CODE_BYTES 6

/* mov eax, value; ret */
static void put(unsigned char *where, int value) {
  unsigned char code[CODE_BYTES] = {0xb8, value, 0, 0, 0, 0xc3};
  memcpy(where, code, CODE_BYTES);
}

static int run(void *code) { return ((int (*)(void))code)(); }

int main(void) {
  unsigned char *page = mmap(NULL, 4096, READ_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  int sum = 0;
  for (int i = 0; i < 200; i++) {
    put(page, i);
    sum += run(page);
  }
  printf("rewritten: %d\n", sum);

  /* mov eax, 1; mov byte [rip - 11], 7; ret: changes its own first instruction. */
  unsigned char itself[] = {0xb8, 1, 0, 0, 0, 0xc6, 0x05, 0xf5, 0xff, 0xff, 0xff, 7, 0xc3};
  memcpy(page, itself, sizeof itself);
  int first = run(page);
  printf("self-modifying: %d %d\n", first, run(page));

  unsigned char *other = mmap(NULL, 4096, READ_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  put(other, 9);
  mprotect(other, 4096, PROT_READ | PROT_EXEC);
  printf("made executable: %d\n", run(other));
  mprotect(other, 4096, READ_WRITE);
  put(other, 10);
  mprotect(other, 4096, PROT_READ | PROT_EXEC);
  printf("changed in between: %d\n", run(other));

  put(page, 11);
  run(page);
  int ends[2];
  unsigned char code[CODE_BYTES];
  put(code, 33);
  pipe(ends);
  write(ends[1], code, CODE_BYTES);
  printf("read over code: %d\n", (int)read(ends[0], page, CODE_BYTES));
  printf("run: %d\n", run(page));

  int file = memfd_create("code", 0);
  ftruncate(file, 4096);
  unsigned char *writable = mmap(NULL, 4096, READ_WRITE, MAP_SHARED, file, 0);
  put(writable, 44);
  unsigned char *executable = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_SHARED, file, 0);
  printf("two views: %d\n", run(executable));
  put(writable, 45);
  printf("changed through the other view: %d\n", run(executable));
  put(code, 46);
  write(ends[1], code, CODE_BYTES);
  read(ends[0], writable, CODE_BYTES);
  printf("read into the other view: %d\n", run(executable));
  unsigned char *late = mmap(NULL, 4096, READ_WRITE, MAP_SHARED, file, 0);
  put(late, 47);
  printf("changed through a view made later: %d\n", run(executable));
  munmap(writable, 4096);
  put(late, 48);
  printf("changed with one view gone: %d\n", run(executable));

  /* An instruction that begins on one page and ends on the next, which becomes executable later. */
  unsigned char *two = mmap(NULL, 8192, READ_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  put(two + 4094, 56);
  mprotect(two, 4096, PROT_READ | PROT_EXEC);
  mprotect(two + 4096, 4096, PROT_READ | PROT_EXEC);
  printf("across two areas: %d\n", run(two + 4094));
  mprotect(two + 4096, 4096, READ_WRITE);
  two[4097] = 1;
  mprotect(two + 4096, 4096, PROT_READ | PROT_EXEC);
  printf("its second part changed: %d\n", run(two + 4094));
  mprotect(two, 4096, READ_WRITE);
  put(two, 57);
  mprotect(two, 4096, PROT_READ | PROT_EXEC);
  printf("beside it: %d %d\n", run(two), run(two + 4094));

  put(page, 58);
  run(page);
  pid_t child = fork();
  put(page, child == 0 ? 59 : 60);
  int after = run(page);
  if (child == 0) _exit(after);
  int status;
  waitpid(child, &status, 0);
  printf("changed after a fork: %d and %d\n", WEXITSTATUS(status), after);

  /* A file of the system's that nobody can change, but for the process itself. */
  int library = open("/lib/x86_64-linux-gnu/libm.so.6", O_RDONLY);
  unsigned char *text = mmap(NULL, 4096, READ_WRITE, MAP_PRIVATE, library, 0);
  put(text, 61);
  mprotect(text, 4096, PROT_READ | PROT_EXEC);
  printf("in a private page of a library: %d\n", run(text));
  mprotect(text, 4096, READ_WRITE);
  put(text, 62);
  mprotect(text, 4096, PROT_READ | PROT_EXEC);
  printf("changed between: %d\n", run(text));
  child = fork();
  if (child == 0) _exit(run(text));
  waitpid(child, &status, 0);
  printf("in a child: %d\n", WEXITSTATUS(status));

  munmap(page, 4096);
  unsigned char *again = mmap(page, 4096, READ_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
  put(again, 55);
  printf("mapped anew: %d\n", run(again));
  return 0;
}
