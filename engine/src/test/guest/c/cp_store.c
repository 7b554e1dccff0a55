/* A key-value store that other cVMs call, and what callees must not do to callers. */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include "capvm.h"

enum { PUT, GET, SLEEP, LOOP, LEAVE, FORK, TWICE, NESTED, SERVES_ITSELF, EXECUTE, CRASH,
       JUMP_OUT, BAD_STACK };

static long keys[64], values[64];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static __thread long calls_served;
static __thread jmp_buf before_serving;

static long store(long operation, long key, long value, long d, long e, long f) {
  (void)d, (void)e, (void)f;
  calls_served++;
  switch (operation) {
    case PUT:
    case GET: {
      long found = -1;
      pthread_mutex_lock(&lock);
      for (int i = 0; i < 64; i++) {
        if (keys[i] == key || keys[i] == 0) {
          keys[i] = key;
          if (operation == PUT) values[i] = value;
          found = values[i];
          break;
        }
      }
      pthread_mutex_unlock(&lock);
      return found;
    }
    case SLEEP:
      return sleep(60);
    case LOOP:
      for (;;) {
      }
    case LEAVE:
      syscall(SYS_exit, 0);
      return 0;
    case FORK: {
      pid_t child = fork();
      if (child == 0) return 1; /* into the way back, which is not the child's */
      int status = 0;
      waitpid(child, &status, 0);
      return WIFSIGNALED(status) || WEXITSTATUS(status) ? 5 : 6;
    }
    case TWICE:
      /* Returns, and tries to go on. */
      syscall(0x4341000e, 77);
      syscall(0x4341000e, 78);
      return 79;
    case NESTED: {
      cap_t back = cp_call_open("caller/back");
      long words[6] = {key, value}, result = 0;
      int error = cp_call(back, words, &result, NULL);
      return error ? error : result + 1;
    }
    case EXECUTE: {
      char *argv[] = {"/bin/true", NULL};
      execv(argv[0], argv);
      return errno;
    }
    case CRASH:
      *(volatile int *)0 = 1;
      return -1;
    case JUMP_OUT:
      /* Into a frame of the thread whose stack this is, which sleeps below it. */
      longjmp(before_serving, 1);
    case BAD_STACK:
      __asm__ volatile("mov $16, %%esp; push %%rax" ::: "memory");
  }
  return -1;
}

static void *serve(void *function) {
  if (setjmp(before_serving)) {
    __asm__ volatile("syscall" ::"a"(SYS_exit), "D"(0));
  }
  cp_call_serve(*(cap_t *)function);
  return NULL;
}

static int run_store(void) {
  static cap_t function;
  function = cp_call_export("store", store);
  if (function < 0 || cp_call_grant(function, "*", CAP_CALL)) return 1;
  pthread_t thread;
  for (int i = 0; i < 3; i++) pthread_create(&thread, NULL, serve, &function);
  if (setjmp(before_serving)) {
    __asm__ volatile("syscall" ::"a"(SYS_exit), "D"(0));
  }
  return cp_call_serve(function) == -EOWNERDEAD ? 0 : 2;
}

static long back(long a, long b, long c, long d, long e, long f) {
  return a * b + c + d + e + f;
}

static int failures;
static void expect(const char *what, long got, long wanted) {
  if (got != wanted) {
    failures++;
    printf("%s: %ld, not %ld\n", what, got, wanted);
  }
}

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static long result;
static int request(cap_t function, long operation, long key, long value, int millis) {
  long words[6] = {operation, key, value};
  struct timespec timeout = {millis / 1000, millis % 1000 * 1000000l};
  result = 0;
  return cp_call(function, words, &result, millis ? &timeout : NULL);
}

/* The same with a stack pointer that points to nothing. */
static long call_without_stack(cap_t function, const long *words) {
  register long r10 __asm__("r10") = 0;
  long answer;
  __asm__ volatile("mov %%rsp, %%rbx; mov $16, %%esp; syscall; mov %%rbx, %%rsp"
                   : "=a"(answer)
                   : "a"(0x43410011l), "D"(function), "S"(words), "d"(&result), "r"(r10)
                   : "rbx", "rcx", "r11", "memory");
  return answer;
}

static volatile long changing[6] = {GET, 5};

static void *change(void *unused) {
  while (changing[0] == GET) changing[1] = 11 - changing[1];
  return unused;
}

int main(int argc, char **argv) {
  if (!strcmp(argv[1], "store")) return run_store();
  cap_t function;
  for (int i = 0; (function = cp_call_open(argv[1])) == -ENOENT && i < 2000; i++) usleep(5000);
  static cap_t own;
  own = cp_call_export("back", back);
  expect("grant", cp_call_grant(own, "*", CAP_CALL), 0);
  pthread_t thread;
  pthread_create(&thread, NULL, serve, &own);

  for (long key = 1; key <= 20; key++) expect("put", request(function, PUT, key, key * key, 0), 0);
  for (long key = 1; key <= 20; key++) {
    expect("get", request(function, GET, key, 0, 5000), 0);
    expect("value", result, key * key);
  }
  expect("sleep", request(function, SLEEP, 0, 0, 100), -ETIMEDOUT);
  expect("loop", request(function, LOOP, 0, 0, 100), -ETIMEDOUT);
  expect("leave", request(function, LEAVE, 0, 0, 5000), -EOWNERDEAD);
  expect("fork", request(function, FORK, 0, 0, 20000), 0);
  expect("the child did not come back", result, 5);
  expect("twice", request(function, TWICE, 0, 0, 5000), 0);
  expect("the first result counts", result, 77);
  expect("nested", request(function, NESTED, 6, 7, 5000), 0);
  expect("nested result", result, 43);
  expect("execute", request(function, EXECUTE, 0, 0, 5000), 0);
  expect("execute is refused", result, EPERM);

  for (int i = 0; i < 8; i++) {
    expect("jump out", request(function, JUMP_OUT, 0, 0, 5000), -EOWNERDEAD);
    expect("go on", request(function, GET, 3, 0, 5000), 0);
    expect("with the right value", result, 9);
  }

  /* A call needs no stack of the caller's. */
  expect("call without a stack", call_without_stack(function, (long[6]){GET, 4}), 0);
  expect("value without a stack", result, 16);

  /* Arguments that change while the call copies them: each is one of those it was. */
  pthread_t changer;
  pthread_create(&changer, NULL, change, NULL);
  for (int i = 0; i < 2000; i++) {
    if (cp_call(function, (const long *)changing, &result, NULL)) failures++;
    expect("a key that was there", result == 25 || result == 36, 1);
  }
  changing[0] = -1;
  pthread_join(changer, NULL);

  /* What a caller must not get. */
  long words[6] = {PUT, 1, 2};
  char byte;
  expect("read", cp_file_read(function, 0, &byte, 1), -EBADF);
  expect("write", cp_file_write(function, 0, &byte, 0), -EBADF);
  expect("narrow", cp_file_restrict(function, 0, 0, CAP_READ), -EBADF);
  expect("pass on", cp_call_grant(function, "*", CAP_CALL), -EACCES);
  expect("forged", cp_call(function + (1l << 32), words, &result, NULL), -EBADF);
  expect("bad result", cp_call(function, words, (long *)8, NULL), -EFAULT);
  expect("bad words", cp_call(function, (long *)8, &result, NULL), -EFAULT);
  expect("return without a call", syscall(0x4341000e, 1), -1);
  expect("serve another's", cp_call_serve(function) < 0, 1);

  int rounds = argc > 2 ? atoi(argv[2]) : 1000;
  double start = now();
  for (int i = 0; i < rounds; i++) {
    if (request(function, GET, 1, 0, 0) || result != 1) failures++;
  }
  printf("%.0f ns a call\n", (now() - start) / rounds);

  int last = argc > 3 ? atoi(argv[3]) : CRASH;
  expect("crash", request(function, last, 0, 0, 20000), -EOWNERDEAD);
  int error = request(function, GET, 1, 0, 5000);
  expect("after the crash", error == -EBADF || error == -EOWNERDEAD, 1);
  puts(failures ? "failed" : "held");
  return failures != 0;
}
