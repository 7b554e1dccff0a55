/* Floating point: five bodies in their own gravity, and the C library's transcendental functions. */
#include <math.h>
#include <stdio.h>

struct Body {
  double x, y, z, vx, vy, vz, mass;
};

static struct Body bodies[5] = {{0, 0, 0, 0, 0, 0, 39.47},
                                {4.84, -1.16, -0.10, 0.606, 2.81, -0.02, 0.037},
                                {8.34, 4.12, -0.4, -1.01, 1.82, 0.008, 0.011},
                                {12.89, -15.11, -0.22, 1.08, 0.868, -0.01, 0.0017},
                                {15.37, -25.9, 0.179, 0.979, 0.594, -0.034, 0.002}};

int main(void) {
  for (int step = 0; step < 9000000; step++) {
    for (int i = 0; i < 5; i++) {
      for (int j = i + 1; j < 5; j++) {
        double dx = bodies[i].x - bodies[j].x, dy = bodies[i].y - bodies[j].y, dz = bodies[i].z - bodies[j].z;
        double square = dx * dx + dy * dy + dz * dz, pull = 0.001 / (square * sqrt(square));
        bodies[i].vx -= dx * bodies[j].mass * pull, bodies[j].vx += dx * bodies[i].mass * pull;
        bodies[i].vy -= dy * bodies[j].mass * pull, bodies[j].vy += dy * bodies[i].mass * pull;
        bodies[i].vz -= dz * bodies[j].mass * pull, bodies[j].vz += dz * bodies[i].mass * pull;
      }
    }
    for (int i = 0; i < 5; i++) {
      bodies[i].x += 0.001 * bodies[i].vx, bodies[i].y += 0.001 * bodies[i].vy, bodies[i].z += 0.001 * bodies[i].vz;
    }
  }
  double sum = bodies[0].x;
  for (int i = 1; i < 18000000; i++) sum += sin(i) * exp(-1.0 / i) + log(i) * 1e-9;
  printf("%.9f\n", sum);
  return 0;
}
