"""Generators, comprehensions, iteration tools and coroutines."""
import itertools


def numbers(limit):
    n = 0
    while n < limit:
        yield n
        n += 1


def squares(source):
    for n in source:
        yield n * n


def mean():
    total = count = 0
    while True:
        total, count = total + (yield total / max(count, 1)), count + 1


total = sum(n & 255 for n in squares(numbers(4_000_000)))
average = mean()
next(average)
for n in range(2_500_000):
    average.send(n)
print(total, average.send(0))
print(sum(a * b for a, b in itertools.product(range(1200), repeat=2)), len([x for x in range(1_500_000) if x % 3 == 0]))
