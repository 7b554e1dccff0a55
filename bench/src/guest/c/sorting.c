/* Sorting: the C library's qsort with a comparison callback, and a quicksort of the program's own. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

enum { COUNT = 1500000 };
static uint32_t numbers[COUNT];

static int ascending(const void *left, const void *right) {
  uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;
  return (a > b) - (a < b);
}

static void quick(uint32_t *low, uint32_t *high) {
  while (high - low > 16) {
    uint32_t pivot = low[(high - low) / 2], *i = low, *j = high - 1;
    while (i <= j) {
      while (*i < pivot) i++;
      while (*j > pivot) j--;
      if (i <= j) {
        uint32_t hold = *i;
        *i++ = *j, *j-- = hold;
      }
    }
    quick(low, j + 1);
    low = i;
  }
  for (uint32_t *i = low + 1; i < high; i++) {
    uint32_t value = *i, *j = i;
    while (j > low && j[-1] > value) *j = j[-1], j--;
    *j = value;
  }
}

static void fill(uint64_t state) {
  for (int i = 0; i < COUNT; i++) {
    state = state * 6364136223846793005ULL + 1;
    numbers[i] = (uint32_t)(state >> 32);
  }
}

int main(void) {
  uint64_t sum = 0;
  for (uint64_t round = 1; round <= 3; round++) {
    fill(round);
    qsort(numbers, COUNT, sizeof *numbers, ascending);
    sum = sum * 31 + numbers[COUNT / 3];
    for (int again = 0; again < 2; again++) {
      fill(round * 77 + (uint64_t)again);
      quick(numbers, numbers + COUNT);
      sum = sum * 31 + numbers[COUNT / 5];
    }
  }
  printf("%llu\n", (unsigned long long)sum);
  return 0;
}
