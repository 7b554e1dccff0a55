/* Sends signals by every route and prints what handlers and waits are told. No address is printed. */
#define _GNU_SOURCE
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

static sigjmp_buf back;
static volatile int signal_seen, code_seen, count;
static void *volatile address_seen;

static void jump_back(int signal, siginfo_t *info, void *context) {
  signal_seen = signal;
  code_seen = info->si_code;
  address_seen = info->si_addr;
  siglongjmp(back, 1);
}

static void step_over_ud2(int signal, siginfo_t *info, void *context) {
  greg_t *registers = ((ucontext_t *)context)->uc_mcontext.gregs;
  printf("trap %d error %d\n", (int)registers[REG_TRAPNO], (int)registers[REG_ERR]);
  registers[REG_RIP] += 2;
  registers[REG_RAX] = 1234;
}

static void tell(int signal, siginfo_t *info, void *context) {
  count++;
  printf("handler: signal %d code %d own %d\n", signal, info->si_code, info->si_pid == getpid());
}

static void spoil_vectors(int signal, siginfo_t *info, void *context) {
  __asm__ volatile("vpcmpeqd %%ymm5, %%ymm5, %%ymm5\n\tvmovdqa %%ymm5, %%ymm15\n\tfninit" ::: "memory");
}

static void increment(int signal) { count++; }

static void install(int signal, void (*handler)(int, siginfo_t *, void *), int flags) {
  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_sigaction = handler;
  action.sa_flags = SA_SIGINFO | flags;
  sigaction(signal, &action, NULL);
}

static void install_counter(int signal) {
  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_handler = increment;
  sigaction(signal, &action, NULL);
}

#define ATTEMPT(name, statement)                                    \
  do {                                                              \
    signal_seen = 0;                                                \
    if (!sigsetjmp(back, 1)) {                                      \
      statement;                                                    \
    }                                                               \
    printf("%s: signal %d code %d\n", name, signal_seen, code_seen); \
  } while (0)

static int recurse(int depth) {
  volatile char frame[4096];
  frame[0] = depth;
  return recurse(depth + 1) + frame[0];
}

static void faults(void) {
  char *readable = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  volatile int zero = 0;
  install(SIGSEGV, jump_back, 0);
  install(SIGBUS, jump_back, 0);
  install(SIGFPE, jump_back, 0);
  install(SIGILL, jump_back, 0);
  install(SIGTRAP, jump_back, 0);
  ATTEMPT("store to null", *(volatile int *)0 = 1);
  printf("address %d\n", address_seen == NULL);
  ATTEMPT("load near null", (void)*(volatile int *)16);
  printf("address %d\n", address_seen == (void *)16);
  ATTEMPT("store to read-only memory", *(volatile char *)(readable + 5) = 1);
  printf("address %d\n", address_seen == readable + 5);
  ATTEMPT("undefined instruction", __asm__ volatile("ud2"));
  ATTEMPT("breakpoint", __asm__ volatile("int3"));
  ATTEMPT("privileged instruction", __asm__ volatile("hlt"));
  ATTEMPT("jump to null", ((void (*)(void))zero)());
  ATTEMPT("jump to data", ((void (*)(void))readable)());
  printf("address %d\n", address_seen == readable);
  install(SIGILL, step_over_ud2, 0);
  long result = 0;
  __asm__ volatile("ud2" : "=a"(result) : : "memory");
  printf("stepped over: %ld\n", result);
  stack_t stack = {.ss_sp = malloc(65536), .ss_size = 65536};
  sigaltstack(&stack, NULL);
  install(SIGSEGV, jump_back, SA_ONSTACK);
  ATTEMPT("stack overflow", recurse(0));
  stack_t old;
  sigaltstack(NULL, &old);
  printf("alternate stack: flags %d size %d\n", old.ss_flags, (int)old.ss_size);
}

static void masks(void) {
  sigset_t usr1, pending;
  sigemptyset(&usr1);
  sigaddset(&usr1, SIGUSR1);
  install(SIGUSR1, tell, 0);
  raise(SIGUSR1);
  kill(getpid(), SIGUSR1);
  sigprocmask(SIG_BLOCK, &usr1, NULL);
  raise(SIGUSR1);
  raise(SIGUSR1);
  sigpending(&pending);
  printf("pending %d count %d\n", sigismember(&pending, SIGUSR1), count);
  sigprocmask(SIG_UNBLOCK, &usr1, NULL);
  printf("count %d\n", count);
  sigprocmask(SIG_BLOCK, &usr1, NULL);
  kill(getpid(), SIGUSR1);
  int which;
  sigwait(&usr1, &which);
  printf("sigwait %d\n", which);
  install_counter(SIGUSR1);
  count = 0;
  raise(SIGUSR1);
  sigset_t none;
  sigemptyset(&none);
  int result = sigsuspend(&none);
  printf("sigsuspend %d %d count %d\n", result, errno == EINTR, count);
  sigprocmask(SIG_UNBLOCK, &usr1, NULL);
}

static void queues(void) {
  sigset_t set;
  siginfo_t info;
  sigemptyset(&set);
  sigaddset(&set, SIGRTMIN + 1);
  sigprocmask(SIG_BLOCK, &set, NULL);
  for (int i = 77; i < 80; i++) {
    union sigval value = {.sival_int = i};
    sigqueue(getpid(), SIGRTMIN + 1, value);
  }
  for (int i = 0; i < 3; i++) {
    sigwaitinfo(&set, &info);
    printf("queued %d code %d\n", info.si_value.sival_int, info.si_code);
  }
  struct timespec soon = {0, 1000};
  int result = sigtimedwait(&set, &info, &soon);
  printf("sigtimedwait %d %d\n", result, errno == EAGAIN);
}

static void timers(void) {
  install_counter(SIGALRM);
  count = 0;
  struct itimerval once = {{0, 0}, {0, 50000}};
  setitimer(ITIMER_REAL, &once, NULL);
  int result = pause();
  printf("pause %d %d count %d\n", result, errno == EINTR, count);
  struct itimerval often = {{0, 5000}, {0, 5000}};
  setitimer(ITIMER_REAL, &often, NULL);
  while (count < 6) {
  }
  often.it_value.tv_usec = 0;
  setitimer(ITIMER_REAL, &often, NULL);
  puts("a loop without system calls was interrupted");
  struct timespec five = {5, 0}, left;
  setitimer(ITIMER_REAL, &once, NULL);
  result = nanosleep(&five, &left);
  printf("nanosleep %d %d left %d\n", result, errno == EINTR, (int)left.tv_sec);
  install_counter(SIGUSR2);
  struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR2};
  struct itimerspec setting = {{0, 0}, {0, 10000000}};
  timer_t timer;
  count = 0;
  timer_create(CLOCK_MONOTONIC, &event, &timer);
  timer_settime(timer, 0, &setting, NULL);
  while (!count) {
  }
  timer_delete(timer);
  puts("a timer expired");
}

/* The call and what surrounds it are one statement, so that the compiler touches no vector register between. */
static void vectors(void) {
  int values[8] __attribute__((aligned(32))) = {1, 2, 3, 4, 5, 6, 7, 8}, sum[8] __attribute__((aligned(32)));
  long double pi;
  install(SIGUSR1, spoil_vectors, 0);
  __asm__ volatile(
      "fldpi\n\tvmovdqa %[values], %%ymm5\n\tvmovdqa %[values], %%ymm15\n\t"
      "mov $62, %%eax\n\tmov %[pid], %%edi\n\tmov %[signal], %%esi\n\tsyscall\n\t"
      "vpaddd %%ymm5, %%ymm15, %%ymm5\n\tvmovdqa %%ymm5, %[sum]\n\tfstpt %[pi]"
      : [sum] "=m"(sum), [pi] "=m"(pi)
      : [values] "m"(values), [pid] "r"(getpid()), [signal] "i"(SIGUSR1)
      : "rax", "rdi", "rsi", "rcx", "r11", "xmm5", "xmm15", "memory");
  printf("%d %d %d %.6Lf\n", sum[0], sum[1], sum[7], pi);
}

int main(void) {
  setvbuf(stdout, NULL, _IOLBF, 0);
  faults();
  masks();
  queues();
  timers();
  vectors();
  signal(SIGTERM, SIG_IGN);
  raise(SIGTERM);
  puts("an ignored signal did nothing");
  signal(SIGTERM, SIG_DFL);
  raise(SIGTERM);
  puts("not reached");
}
