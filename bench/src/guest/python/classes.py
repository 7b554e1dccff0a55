"""Classes: attributes, properties, inheritance, slots, operators, exceptions and context managers."""


class Vector:
    __slots__ = ("x", "y")

    def __init__(self, x, y):
        self.x, self.y = x, y

    def __add__(self, other):
        return Vector(self.x + other.x, self.y + other.y)

    @property
    def norm(self):
        return self.x * self.x + self.y * self.y


class Shape:
    def area(self):
        raise NotImplementedError

    def scaled(self, by):
        return self.area() * by


class Square(Shape):
    def __init__(self, side):
        self.side = side

    def area(self):
        return self.side**2


class Odd(Square):
    def area(self):
        if self.side % 2:
            raise ValueError(self.side)
        return super().area()


class Scope:
    entered = 0

    def __enter__(self):
        Scope.entered += 1
        return self

    def __exit__(self, *failure):
        return False


at, total, failed = Vector(0, 0), 0, 0
for i in range(700_000):
    at = at + Vector(i & 3, 1)
    total += at.norm & 7
shapes = [Square(3), Odd(4), Odd(5), Square(6)]
for i in range(800_000):
    try:
        with Scope():
            total += shapes[i & 3].scaled(2)
    except ValueError:
        failed += 1
print(at.x, at.y, total, failed, Scope.entered)
