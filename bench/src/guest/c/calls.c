/* Direct calls and returns: naive Fibonacci, Ackermann, and mutual recursion. */
#include <stdio.h>

__attribute__((noinline)) static unsigned fibonacci(unsigned n) {
  return n < 2 ? n : fibonacci(n - 1) + fibonacci(n - 2);
}

__attribute__((noinline)) static unsigned ackermann(unsigned m, unsigned n) {
  if (m == 0) return n + 1;
  if (n == 0) return ackermann(m - 1, 1);
  return ackermann(m - 1, ackermann(m, n - 1));
}

__attribute__((noinline)) static int odd(unsigned n);
__attribute__((noinline)) static int even(unsigned n) { return n == 0 ? 1 : odd(n - 1) ^ 1; }
static int odd(unsigned n) { return n == 0 ? 0 : even(n - 1) ^ 1; }

int main(void) {
  unsigned sum = fibonacci(41);
  for (int i = 0; i < 4; i++) sum += ackermann(2, 1500 + (unsigned)i);
  for (unsigned i = 0; i < 200000; i++) sum += (unsigned)even(i & 1023);
  printf("%u\n", sum);
  return 0;
}
