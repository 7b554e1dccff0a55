/* Hashing: SHA-256 of a buffer, and a hash table with open addressing under inserts and look-ups. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint32_t constants[64];

static uint32_t rotate(uint32_t x, int n) { return x >> n | x << (32 - n); }

static void block(uint32_t state[8], const unsigned char *data) {
  uint32_t w[64], s[8];
  for (int i = 0; i < 16; i++) w[i] = (uint32_t)data[4 * i] << 24 | (uint32_t)data[4 * i + 1] << 16 | (uint32_t)data[4 * i + 2] << 8 | data[4 * i + 3];
  for (int i = 16; i < 64; i++)
    w[i] = w[i - 16] + w[i - 7] + (rotate(w[i - 15], 7) ^ rotate(w[i - 15], 18) ^ w[i - 15] >> 3) +
           (rotate(w[i - 2], 17) ^ rotate(w[i - 2], 19) ^ w[i - 2] >> 10);
  memcpy(s, state, sizeof s);
  for (int i = 0; i < 64; i++) {
    uint32_t t1 = s[7] + (rotate(s[4], 6) ^ rotate(s[4], 11) ^ rotate(s[4], 25)) + ((s[4] & s[5]) ^ (~s[4] & s[6])) + constants[i] + w[i];
    uint32_t t2 = (rotate(s[0], 2) ^ rotate(s[0], 13) ^ rotate(s[0], 22)) + ((s[0] & s[1]) ^ (s[0] & s[2]) ^ (s[1] & s[2]));
    memmove(s + 1, s, 7 * sizeof *s);
    s[4] += t1;
    s[0] = t1 + t2;
  }
  for (int i = 0; i < 8; i++) state[i] += s[i];
}

int main(void) {
  static unsigned char data[1 << 16];
  uint32_t state[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
  for (uint32_t i = 0; i < 64; i++) constants[i] = (i + 1) * 2654435761u ^ i << 27;
  for (size_t i = 0; i < sizeof data; i++) data[i] = (unsigned char)(i * 131);
  for (int round = 0; round < 1500; round++)
    for (size_t at = 0; at < sizeof data; at += 64) block(state, data + at);
  size_t mask = (1 << 20) - 1;
  uint64_t *table = calloc(mask + 1, sizeof *table), found = 0;
  for (uint64_t i = 1; i < 600000; i++) {
    uint64_t key = i * 0x9e3779b97f4a7c15ULL | 1;
    size_t at = key >> 40 & mask;
    while (table[at] != 0) at = (at + 1) & mask;
    table[at] = key;
  }
  for (uint64_t i = 1; i < 6000000; i++) {
    uint64_t key = i * 0x9e3779b97f4a7c15ULL | 1;
    size_t at = key >> 40 & mask;
    while (table[at] != 0 && table[at] != key) at = (at + 1) & mask;
    found += table[at] == key;
  }
  printf("%08x %llu\n", state[0], (unsigned long long)found);
  return 0;
}
