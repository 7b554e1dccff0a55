/* Deterministic mixed work for the tests that run many guests at once: prints one checksum. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int ascending(const void *left, const void *right) {
  uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;
  return a < b ? -1 : a > b;
}

int main(int argc, char **argv) {
  uint64_t state = argc > 1 ? strtoull(argv[1], NULL, 10) : 1;
  uint64_t sum = 0;
  size_t count = 200000;
  for (int round = 0; round < 4; round++) {
    uint32_t *numbers = malloc(count * sizeof *numbers);
    char *text = malloc(count);
    double total = 0;
    for (size_t i = 0; i < count; i++) {
      state = state * 6364136223846793005ULL + 1442695040888963407ULL;
      numbers[i] = (uint32_t)(state >> 32);
      text[i] = (char)('a' + (state >> 60));
      total += (double)numbers[i] / 3.0;
    }
    qsort(numbers, count, sizeof *numbers, ascending);
    text[count - 1] = 0;
    for (const char *at = text; (at = strstr(at, "abc")) != NULL; at++) sum++;
    for (size_t i = 0; i < count; i += 97) sum = sum * 31 + numbers[i];
    sum ^= (uint64_t)total;
    free(text);
    free(numbers);
  }
  printf("%016llx\n", (unsigned long long)sum);
  return 0;
}
