/* Vectors: a blocked single-precision matrix product and an integer dot product, vectorised by the compiler. */
#include <stdint.h>
#include <stdio.h>

enum { N = 512 };
static float a[N][N], b[N][N], c[N][N];
static int16_t left[1 << 14], right[1 << 14];

int main(void) {
  for (int i = 0; i < N; i++)
    for (int j = 0; j < N; j++) a[i][j] = (float)(i ^ j) / N, b[i][j] = (float)(i * j % 97) / 97;
  for (int round = 0; round < 110; round++)
    for (int i = 0; i < N; i++)
      for (int k = 0; k < N; k++) {
        float factor = a[i][k];
        for (int j = 0; j < N; j++) c[i][j] += factor * b[k][j];
      }
  int64_t dot = 0;
  for (int i = 0; i < 1 << 14; i++) left[i] = (int16_t)(i * 7), right[i] = (int16_t)(i * 13 + 1);
  for (int round = 0; round < 600000; round++) {
    int32_t part = 0;
    left[round & 16383]++;
    for (int i = 0; i < 1 << 14; i++) part += left[i] * right[i];
    dot += part;
  }
  printf("%.3f %lld\n", (double)c[17][23], (long long)dot);
  return 0;
}
