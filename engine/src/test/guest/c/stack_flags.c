/* Moves the flags register to and from the stack, as programs do that ask what the processor is. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#define ALIGNMENT_CHECK 0x40000
#define IDENTIFICATION 0x200000
#define ARITHMETIC 0x8d5
#define DIRECTION 0x400

/* The flags register after a value was popped into it; AC is in force for two instructions alone. */
static unsigned long after_popping(unsigned long value) {
  unsigned long result, before;
  __asm__ volatile(
      "pushfq\n\tpopq %1\n\tpushq %2\n\tpopfq\n\tpushfq\n\tpopq %0\n\tpushq %1\n\tpopfq"
      : "=&r"(result), "=&r"(before)
      : "r"(value)
      : "cc", "memory");
  return result;
}

static unsigned short after_popping_a_word(unsigned short value) {
  unsigned short result;
  __asm__ volatile("pushw %1\n\tpopfw\n\tpushfw\n\tpopw %0\n\tcld" : "=r"(result) : "r"(value) : "cc", "memory");
  return result;
}

static sigjmp_buf back;
static void *fault_address;

static void on_fault(int signal, siginfo_t *info, void *context) {
  fault_address = info->si_addr;
  siglongjmp(back, signal);
}

int main(void) {
  printf("nothing: %lx\n", after_popping(0));
  printf("arithmetic: %lx\n", after_popping(ARITHMETIC));
  printf("direction: %lx\n", after_popping(DIRECTION));
  printf("alignment: %lx\n", after_popping(ALIGNMENT_CHECK));
  printf("identification: %lx\n", after_popping(IDENTIFICATION));
  printf("privileged: %lx\n", after_popping(0x1b3000));
  printf("a word: %x %x\n", after_popping_a_word(0), after_popping_a_word(ARITHMETIC | DIRECTION));

  static char stack[65536];
  stack_t other = {.ss_sp = stack, .ss_size = sizeof stack};
  sigaltstack(&other, NULL);
  struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_ONSTACK};
  sigaction(SIGSEGV, &action, NULL);
  char *pages = mmap(NULL, 8192, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  munmap(pages + 4096, 4096);
  int signal = sigsetjmp(back, 1);
  if (signal == 0) {
    __asm__ volatile("movq %%rsp, %%rbx\n\tmovq %0, %%rsp\n\tpushfq\n\tmovq %%rbx, %%rsp" : : "r"(pages + 4096) : "rbx", "memory");
  }
  printf("pushed to a page to read: %d at %ld\n", signal, (long)((char *)fault_address - pages));
  signal = sigsetjmp(back, 1);
  if (signal == 0) {
    __asm__ volatile("movq %%rsp, %%rbx\n\tmovq %0, %%rsp\n\tpopfq\n\tmovq %%rbx, %%rsp" : : "r"(pages + 4096) : "rbx", "memory");
  }
  printf("popped from nowhere: %d at %ld\n", signal, (long)((char *)fault_address - pages));
  return 0;
}
