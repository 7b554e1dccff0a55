/* Integers: a bit sieve, modular powers, divisions, and 128-bit products. */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

static uint64_t sieve[1 << 18];

static uint64_t power(uint64_t base, uint64_t exponent, uint64_t modulus) {
  uint64_t result = 1;
  for (; exponent; exponent >>= 1) {
    if (exponent & 1) result = (uint64_t)((unsigned __int128)result * base % modulus);
    base = (uint64_t)((unsigned __int128)base * base % modulus);
  }
  return result;
}

int main(void) {
  uint64_t sum = 0, limit = 64u << 18;
  for (int round = 0; round < 11; round++) {
    memset(sieve, 0, sizeof sieve);
    for (uint64_t p = 2; p * p < limit; p++)
      if (!(sieve[p >> 6] >> (p & 63) & 1))
        for (uint64_t m = p * p; m < limit; m += p) sieve[m >> 6] |= 1ULL << (m & 63);
    for (uint64_t i = 0; i < 1 << 18; i++) sum += (uint64_t)__builtin_popcountll(~sieve[i]);
  }
  for (uint64_t i = 1; i < 100000; i++) sum += power(i, 0xfffffffb, 0xffffffffffffffc5ULL);
  for (uint32_t i = 1; i < 60000000; i++) sum += (uint32_t)sum / i % 10;
  printf("%llu\n", (unsigned long long)sum);
  return 0;
}
