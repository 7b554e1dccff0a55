"""Floating point: a Mandelbrot set and the bodies of the solar system."""
import math

inside = 0
for y in range(-100, 100):
    for x in range(-150, 100):
        z = c = complex(x / 100, y / 100)
        for i in range(150):
            if abs(z) > 2:
                break
            z = z * z + c
        else:
            inside += 1
print(inside)
total = 0.0
for i in range(1, 4_000_000):
    total += math.sqrt(i) / (i + 0.5) - 1.0 / i**2
print(round(total, 6))
