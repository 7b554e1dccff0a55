/* The C library's string functions, formatting and parsing, on short and middling strings. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int main(void) {
  static char text[1 << 16], copy[1 << 16], line[256];
  unsigned long sum = 0;
  size_t length = 0;
  for (int i = 0; length < sizeof text - 64; i++) length += (size_t)sprintf(text + length, "word%d item-%x ", i, i * 31);
  for (int round = 0; round < 5000; round++) {
    memcpy(copy, text, length + 1);
    sum += strlen(copy);
    sum += (unsigned long)(strchr(copy + (round & 1023), 'z') != NULL);
    for (char *at = copy; (at = strstr(at, "item-1")) != NULL; at += 6) sum++;
    for (char *word = strtok(copy, " "); word; word = strtok(NULL, " ")) sum = sum * 3 + (unsigned char)word[strlen(word) - 1];
    sum += (unsigned long)memcmp(text, copy, length) & 1;
  }
  for (int i = 0; i < 2700000; i++) {
    int written = snprintf(line, sizeof line, "%d:%s:%08x:%c", i, "key", i * 7, 'a' + i % 26);
    sum += strtoul(line, NULL, 10) + (unsigned long)written + (strcmp(line, "500000:key") > 0);
  }
  printf("%lu\n", sum);
  return 0;
}
