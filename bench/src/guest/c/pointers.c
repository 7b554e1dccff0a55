/* Pointer chasing: a shuffled ring that fits the second-level cache, and one that does not. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

struct Node {
  struct Node *next;
  uint64_t value;
  char rest[48];
};

static uint64_t chase(size_t count, long steps) {
  struct Node *nodes = calloc(count, sizeof *nodes);
  size_t *order = malloc(count * sizeof *order);
  uint64_t state = 88172645463325252ULL, sum = 0;
  for (size_t i = 0; i < count; i++) order[i] = i;
  for (size_t i = count - 1; i > 0; i--) {
    state ^= state << 13, state ^= state >> 7, state ^= state << 17;
    size_t other = state % (i + 1), hold = order[i];
    order[i] = order[other], order[other] = hold;
  }
  for (size_t i = 0; i < count; i++) {
    nodes[order[i]].next = &nodes[order[(i + 1) % count]];
    nodes[order[i]].value = i;
  }
  struct Node *at = nodes;
  for (long i = 0; i < steps; i++) {
    sum = sum * 3 + at->value;
    at = at->next;
  }
  free(order);
  free(nodes);
  return sum;
}

int main(void) {
  printf("%llu\n", (unsigned long long)(chase(4000, 90000000) ^ chase(400000, 5000000)));
  return 0;
}
