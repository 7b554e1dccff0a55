"""Function calls: recursion, keyword arguments, closures and bound methods."""


def fibonacci(n):
    return n if n < 2 else fibonacci(n - 1) + fibonacci(n - 2)


def keyed(a, *, b=1, c=2):
    return a + b * c


def adder(n):
    def add(m):
        return n + m

    return add


class Counter:
    def __init__(self):
        self.n = 0

    def up(self, by):
        self.n += by
        return self


total = fibonacci(31)
add = adder(3)
counter = Counter()
for i in range(2_000_000):
    total += keyed(i, c=3) + add(i)
    counter.up(1).up(2)
print(total, counter.n)
