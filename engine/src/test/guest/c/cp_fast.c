/* Calls without a deadline, which stay out of Java until something happens in them. */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>
#include "capvm.h"

enum { ADD, ASK, SPIN, CRASH, DEEPER, FLOAT, REVOKE, SUM, PASS_ON, LATER, FOREVER };

static cap_t function;
static volatile long inside;
static cap_t kept;

static long long now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1000000000ll + t.tv_nsec;
}

static long serve_one(long what, long a, long b, long c, long d, long e) {
  switch (what) {
    case ADD:
      return a + 2 * b + 3 * c + 4 * d + 5 * e;
    case ASK:
      return getppid() + a;
    case SPIN: {
      inside = 1;
      for (long long end = now() + a * 1000000; now() < end;) {
      }
      return b;
    }
    case CRASH:
      return *(volatile long *)8;
    case DEEPER: {
      long words[6] = {DEEPER, a - 1, b, c}, result = 0;
      if (a == 0) return c ? getppid() * 0 + b : b;
      int error = cp_call(cp_call_open(a % 2 ? "caller/add" : "shop/fast"), words, &result, NULL);
      return error ? error : result + 1;
    }
    case FLOAT: {
      volatile long double x = a;
      return (long)(x * 3 / 2);
    }
    case REVOKE:
      return cp_call_revoke(function);
    case SUM: { /* of the bytes of a loan, which is the second word; writes it after them */
      unsigned char bytes[64];
      long sum = 0, length = cp_file_read(b, 0, bytes, (size_t)a);
      for (long i = 0; i < length; i++) sum += bytes[i];
      if (cp_file_write(c, 0, &sum, sizeof sum) < 0) return -1;
      kept = b;
      return length < 0 ? length : sum;
    }
    case PASS_ON: /* what was lent, without the right to pass it on */
      return cp_file_grant(b, "*", CAP_READ);
    case LATER: {
      char byte;
      return cp_file_read(kept, 0, &byte, 1);
    }
    case FOREVER:
      inside = 1;
      for (;;) {
      }
  }
  return -1;
}

/* What a function finds in its registers beside its six words: their union, 0 if it is nothing. */
extern long look(long, long, long, long, long, long);
__asm__(
    "look: or %rbx, %rax; or %rbp, %rax; or %r10, %rax; or %r12, %rax; or %r13, %rax; or %r14, %rax\n"
    "or %r15, %rax\n"
    "vpor %ymm0, %ymm1, %ymm1; vpor %ymm2, %ymm1, %ymm1; vpor %ymm3, %ymm1, %ymm1\n"
    "vpor %ymm4, %ymm1, %ymm1; vpor %ymm5, %ymm1, %ymm1; vpor %ymm6, %ymm1, %ymm1\n"
    "vpor %ymm7, %ymm1, %ymm1; vpor %ymm8, %ymm1, %ymm1; vpor %ymm9, %ymm1, %ymm1\n"
    "vpor %ymm10, %ymm1, %ymm1; vpor %ymm11, %ymm1, %ymm1; vpor %ymm12, %ymm1, %ymm1\n"
    "vpor %ymm13, %ymm1, %ymm1; vpor %ymm14, %ymm1, %ymm1; vpor %ymm15, %ymm1, %ymm1\n"
    "xor %ecx, %ecx; vptest %ymm1, %ymm1; setnz %cl; or %rcx, %rax\n"
    "sub $544, %rsp; lea 15(%rsp), %rdx; and $-16, %rdx; fxsave64 (%rdx)\n"
    "mov $8, %ecx; add $32, %rdx\n"
    "1: or (%rdx), %rax; add $16, %rdx; dec %ecx; jnz 1b; add $544, %rsp\n"
    /* Leaves its own marks, and modes that a caller must not find. */
    "mov $0x5a5a5a5a5a5a5a5a, %rbx; mov %rbx, %rbp; mov %rbx, %r12; mov %rbx, %r13; mov %rbx, %r14\n"
    "mov %rbx, %r15; mov %rbx, %rdi; mov %rbx, %rsi; mov %rbx, %r8; mov %rbx, %r9; mov %rbx, %r10\n"
    "vmovq %rbx, %xmm0; vpbroadcastq %xmm0, %ymm0; vmovdqa %ymm0, %ymm7; vmovdqa %ymm0, %ymm15\n"
    "movl $0x9fc0, -8(%rsp); ldmxcsr -8(%rsp); fldpi; std; ret\n");

/* Calls with marked registers; reports which the caller has not got back, or got of the callee's. */
extern long call_marked(cap_t, const long *, long *, int (*)(cap_t, const long *, long *, void *));
__asm__(
    "call_marked: push %rbx; push %rbp; push %r12; push %r13; push %r14; push %r15; sub $24, %rsp\n"
    "mov %rcx, %rax; mov $0x1111, %ebx; mov $0x2222, %ebp; mov $0x3333, %r12d; mov $0x4444, %r13d\n"
    "mov $0x5555, %r14d; mov $0x6666, %r15d; vmovq %rbx, %xmm0; vpbroadcastq %xmm0, %ymm0\n"
    "vmovdqa %ymm0, %ymm6; vmovdqa %ymm0, %ymm14; mov %rsp, 16(%rsp); xor %ecx, %ecx; call *%rax\n"
    "cld; test %eax, %eax; jnz 9f; mov $1, %eax; cmp $0x1111, %rbx; jne 9f\n"
    "mov $2, %eax; cmp $0x2222, %rbp; jne 9f; mov $3, %eax; cmp $0x3333, %r12; jne 9f\n"
    "mov $4, %eax; cmp $0x4444, %r13; jne 9f; mov $5, %eax; cmp $0x5555, %r14; jne 9f\n"
    "mov $6, %eax; cmp $0x6666, %r15; jne 9f; mov $7, %eax; cmp 16(%rsp), %rsp; jne 9f\n"
    "mov $8, %eax; vptest %ymm0, %ymm0; jnz 9f; vptest %ymm15, %ymm15; jnz 9f\n"
    "mov $9, %eax; stmxcsr 8(%rsp); cmpl $0x1f80, 8(%rsp); jne 9f\n"
    "mov $10, %eax; mov $0x5a5a5a5a5a5a5a5a, %rcx; cmp %rcx, %rdi; je 9f; cmp %rcx, %rsi; je 9f\n"
    "cmp %rcx, %r8; je 9f; cmp %rcx, %r9; je 9f; cmp %rcx, %r10; je 9f; xor %eax, %eax\n"
    "9: vzeroupper; add $24, %rsp; pop %r15; pop %r14; pop %r13; pop %r12; pop %rbp; pop %rbx; ret\n");

static int failures;
static void expect(const char *what, long got, long wanted) {
  if (got != wanted) {
    failures++;
    printf("%s: %ld, not %ld\n", what, got, wanted);
  }
}

static void *serve(void *served) {
  while (cp_call_serve(*(cap_t *)served) == -EINTR) {
  }
  return NULL;
}

static cap_t export_to_all(const char *name, cp_function code, int servers) {
  cap_t *exported = malloc(sizeof *exported);
  *exported = cp_call_export(name, code);
  if (*exported < 0 || cp_call_grant(*exported, "*", CAP_CALL)) exit(1);
  for (int i = 0; i < servers; i++) {
    pthread_t thread;
    pthread_create(&thread, NULL, serve, exported);
  }
  return *exported;
}

static cap_t wait_for(const char *name) {
  cap_t found;
  for (int i = 0; (found = cp_call_open(name)) == -ENOENT && i < 4000; i++) usleep(5000);
  return found;
}

static volatile int ticks;
static void tick(int signal) {
  (void)signal;
  ticks++;
}

static void ticking(int micros) {
  struct itimerval every = {{0, micros}, {0, micros}};
  signal(SIGALRM, tick);
  setitimer(ITIMER_REAL, &every, NULL);
}

static cap_t callee;

static long request(long what, long a, long b, long c) {
  long words[6] = {what, a, b, c}, result = 0;
  int error = cp_call(callee, words, &result, NULL);
  return error ? error : result;
}

static void lend(void) {
  static unsigned char numbers[100];
  for (int i = 0; i < 100; i++) numbers[i] = (unsigned char)i;
  cap_t file = cp_file_create("numbers", numbers, sizeof numbers, CAP_ALL);
  cap_t own = cp_file_restrict(file, 0, 50, CAP_READ);
  long words[6] = {SUM, 10}, result = 0;
  struct cp_loan loans[2] = {{file, 20, 10, CAP_READ, 2}, {file, 80, 8, CAP_WRITE, 3}};
  expect("lend", cp_call_lend(callee, words, loans, 2, &result, NULL), 0);
  expect("sum of what was lent", result, 245);
  expect("sum that was written", *(long *)(numbers + 80), 245);
  expect("a loan ends with its call", request(LATER, 0, 0, 0), -EBADF);
  words[1] = 11;
  expect("lend again", cp_call_lend(callee, words, loans, 2, &result, NULL), 0);
  expect("beyond what was lent", result, -ERANGE);
  words[0] = PASS_ON;
  expect("lend to be passed on", cp_call_lend(callee, words, loans, 1, &result, NULL), 0);
  expect("pass on what was lent", result, -EACCES);
  loans[0].file = own;
  expect("lend without the right", cp_call_lend(callee, words, loans, 1, &result, NULL), -EACCES);
  loans[0] = (struct cp_loan){file, 95, 6, CAP_READ, 2};
  expect("lend beyond the end", cp_call_lend(callee, words, loans, 1, &result, NULL), -ERANGE);
  loans[0] = (struct cp_loan){file, 0, 6, CAP_READ, 6};
  expect("lend in no word", cp_call_lend(callee, words, loans, 1, &result, NULL), -EINVAL);
  loans[0] = (struct cp_loan){callee, 0, 0, CAP_READ, 2};
  expect("lend a function", cp_call_lend(callee, words, loans, 1, &result, NULL), -EBADF);
  expect("lend seven", cp_call_lend(callee, words, loans, 7, &result, NULL), -EINVAL);
}

static void *many(void *unused) {
  for (long i = 0; i < 20000; i++) {
    if (request(ADD, i, 1, 0) != i + 2) failures++;
    if (i % 512 == 0 && request(ASK, i, 0, 0) != i) failures++;
  }
  return unused;
}

static int shop(void) {
  function = export_to_all("fast", serve_one, 2);
  export_to_all("look", look, 1);
  ticking(3000); /* servers are interrupted, and serve again */
  for (;;) pause();
}

static int caller(void) {
  export_to_all("add", serve_one, 1);
  callee = wait_for("shop/fast");
  cap_t looking = wait_for("shop/look");

  expect("sum", request(ADD, 1, 10, 100), 321);
  for (int i = 0; i < 1000; i++) expect("asks its own process", request(ASK, i, 0, 0), i);
  for (int i = 0; i < 1000; i++) expect("floats", request(FLOAT, i * 2, 0, 0), i * 3);
  for (int i = 0; i < 20; i++) {
    long words[6] = {0}, result = -1;
    volatile long double x = 3.0L + i;
    x = x * 2;
    expect("marks", call_marked(looking, words, &result, (void *)cp_call), 0);
    expect("what the callee sees", result, 0);
    expect("x87 goes on", (long)x, 6 + 2 * i);
  }
  for (long depth = 0; depth < 2; depth++) {
    expect("nested", request(DEEPER, depth, 7, 0), 7 + depth);
    expect("nested, asking inside", request(DEEPER, depth, 7, 1), 7 + depth);
  }
  long words[6] = {ADD};
  expect("no place for the result", cp_call(callee, words, (long *)16, NULL), -EFAULT);
  expect("words at the end of memory", cp_call(callee, (long *)0xfffffff8, words, NULL), -EFAULT);

  lend();

  pthread_t threads[6];
  for (int i = 0; i < 6; i++) pthread_create(&threads[i], NULL, many, NULL);
  for (int i = 0; i < 6; i++) pthread_join(threads[i], NULL);

  ticking(2000);
  for (int i = 0; i < 10; i++) expect("spins", request(SPIN, 20, i, 0), i);
  struct itimerval never = {{0}};
  setitimer(ITIMER_REAL, &never, NULL);
  expect("signals reached the caller", ticks > 5, 1);

  puts(failures ? "failed" : "held");
  fflush(stdout);
  return failures != 0;
}

static void *revoke_later(void *unused) {
  usleep(200000);
  request(REVOKE, 0, 0, 0);
  return unused;
}

int main(int argc, char **argv) {
  if (!strcmp(argv[1], "shop")) return shop();
  if (!strcmp(argv[1], "caller")) return caller();
  callee = wait_for("shop/fast");
  if (!strcmp(argv[1], "adds")) {
    int rounds = argc > 2 ? atoi(argv[2]) : 100000;
    long long start = now();
    for (long i = 0; i < rounds; i++) expect("sum", request(ADD, i, 1, 0), i + 2);
    if (argc > 2) printf("%lld ns a call\n", (now() - start) / rounds);
    return failures != 0;
  }
  if (!strcmp(argv[1], "revoked")) {
    pthread_t thread;
    pthread_create(&thread, NULL, revoke_later, NULL);
  }
  puts("calling");
  fflush(stdout);
  long end = request(!strcmp(argv[1], "crash") ? CRASH : FOREVER, 0, 0, 0);
  puts(end == -EOWNERDEAD ? "owner died" : end == -EBADF ? "revoked" : "?");
  return 0;
}
