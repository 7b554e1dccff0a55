/* Compression: a Lempel-Ziv coder with a hash of the last positions, and its decoder, on text-like data. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SIZE = 8 << 20 };
static unsigned char data[SIZE], packed[SIZE + SIZE / 8], back[SIZE];
static int32_t last[1 << 16];

static size_t pack(void) {
  size_t out = 0, at = 0;
  memset(last, -1, sizeof last);
  while (at < SIZE) {
    uint32_t key = 0;
    if (at + 4 <= SIZE) memcpy(&key, data + at, 4);
    int32_t *slot = &last[key * 2654435761u >> 16];
    int32_t from = *slot;
    *slot = (int32_t)at;
    size_t length = 0;
    if (from >= 0 && at - (size_t)from < 65536)
      while (length < 127 && at + length < SIZE && data[(size_t)from + length] == data[at + length]) length++;
    if (length >= 4) {
      packed[out++] = (unsigned char)(128 | length);
      packed[out++] = (unsigned char)(at - (size_t)from);
      packed[out++] = (unsigned char)((at - (size_t)from) >> 8);
      at += length;
    } else {
      packed[out++] = data[at++] & 127;
    }
  }
  return out;
}

static void unpack(size_t length) {
  size_t out = 0;
  for (size_t at = 0; at < length;) {
    unsigned char token = packed[at++];
    if (token & 128) {
      size_t distance = packed[at] | (size_t)packed[at + 1] << 8;
      at += 2;
      for (int i = token & 127; i > 0; i--, out++) back[out] = back[out - distance];
    } else {
      back[out++] = token;
    }
  }
}

int main(void) {
  uint32_t state = 1;
  for (size_t at = 0; at < SIZE;) {
    state = state * 1664525 + 1013904223;
    uint32_t word = state >> 20;
    for (uint32_t i = 0; i < 3 + word % 7 && at < SIZE; i++) data[at++] = (unsigned char)('a' + (word * (i + 3) + i) % 26);
    if (at < SIZE) data[at++] = ' ';
  }
  size_t total = 0;
  for (int round = 0; round < 25; round++) {
    size_t length = pack();
    unpack(length);
    total += length;
    data[round * 1000] ^= 1;
  }
  printf("%zu %d\n", total, memcmp(data + 100000, back + 100000, SIZE - 100000));
  return 0;
}
