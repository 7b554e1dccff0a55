"""A small warehouse: classes, inheritance, properties, descriptors, generators, context managers,
decorators, exceptions and a tiny expression language, with nothing imported but what is shown."""
from __future__ import annotations

import abc
import contextlib
import dataclasses
import functools
import typing


class StockError(Exception):
    """Something could not be booked."""


class OutOfStock(StockError):
    def __init__(self, item: str, wanted: int, there: int):
        super().__init__(f"{item}: wanted {wanted}, there are {there}")
        self.item, self.wanted, self.there = item, wanted, there


class Positive:
    """A descriptor that refuses numbers below zero."""

    def __set_name__(self, owner, name):
        self.slot = "_" + name

    def __get__(self, instance, owner=None):
        return self if instance is None else getattr(instance, self.slot)

    def __set__(self, instance, value):
        if value < 0:
            raise ValueError(f"{self.slot[1:]} must not be negative: {value}")
        setattr(instance, self.slot, value)


class Item(abc.ABC):
    registry: dict[str, type[Item]] = {}
    price = Positive()
    count = Positive()

    def __init_subclass__(cls, kind: str, **rest):
        super().__init_subclass__(**rest)
        Item.registry[kind] = cls

    def __init__(self, name: str, price: float, count: int = 0):
        self.name, self.price, self.count = name, price, count

    @property
    def value(self) -> float:
        return self.price * self.count * (1 - self.discount())

    @abc.abstractmethod
    def discount(self) -> float: ...

    def __repr__(self):
        return f"<{type(self).__name__} {self.name} {self.count}×{self.price:.2f}>"

    def __lt__(self, other):
        return (self.value, self.name) < (other.value, other.name)


class Book(Item, kind="book"):
    def discount(self):
        return 0.0


class Fruit(Item, kind="fruit"):
    def discount(self):
        return min(0.5, self.count / 1000)


@dataclasses.dataclass(frozen=True, order=True)
class Booking:
    item: str
    change: int
    note: str = dataclasses.field(default="", compare=False)


def logged(function):
    calls = []

    @functools.wraps(function)
    def wrapper(*arguments, **named):
        calls.append((function.__name__, arguments[1:], tuple(sorted(named.items()))))
        return function(*arguments, **named)

    wrapper.calls = calls
    return wrapper


class Warehouse:
    def __init__(self):
        self.items: dict[str, Item] = {}
        self.bookings: list[Booking] = []

    def add(self, kind: str, *arguments, **named) -> Item:
        item = Item.registry[kind](*arguments, **named)
        return self.items.setdefault(item.name, item)

    @logged
    def book(self, name: str, change: int, *, note: str = ""):
        item = self.items[name]
        if item.count + change < 0:
            raise OutOfStock(name, -change, item.count)
        item.count += change
        self.bookings.append(Booking(name, change, note))

    @contextlib.contextmanager
    def transaction(self):
        before = {name: item.count for name, item in self.items.items()}
        booked = len(self.bookings)
        try:
            yield self
        except StockError:
            for name, count in before.items():
                self.items[name].count = count
            del self.bookings[booked:]
            raise

    def __iter__(self) -> typing.Iterator[Item]:
        yield from sorted(self.items.values(), reverse=True)

    def __len__(self):
        return len(self.items)


def tokens(text: str):
    number = ""
    for character in text + " ":
        if character.isdigit() or character == ".":
            number += character
            continue
        if number:
            yield float(number)
            number = ""
        if not character.isspace():
            yield character


def evaluate(text: str) -> float:
    stream = tokens(text)
    ahead = next(stream, None)

    def advance():
        nonlocal ahead
        taken, ahead = ahead, next(stream, None)
        return taken

    def factor():
        token = advance()
        if token == "(":
            value = expression()
            if advance() != ")":
                raise SyntaxError("missing )")
            return value
        if token == "-":
            return -factor()
        if not isinstance(token, float):
            raise SyntaxError(f"unexpected {token!r}")
        return token

    def term():
        value = factor()
        while ahead in ("*", "/"):
            value = value * factor() if advance() == "*" else value / factor()
        return value

    def expression():
        value = term()
        while ahead in ("+", "-"):
            value = value + term() if advance() == "+" else value - term()
        return value

    return expression()


def averages():
    """A coroutine: send numbers, receive the mean so far; closing it prints a farewell."""
    total, count, mean = 0.0, 0, None
    try:
        while True:
            number = yield mean
            total, count = total + number, count + 1
            mean = total / count
    finally:
        print("averages closed after", count)


def main():
    house = Warehouse()
    house.add("book", "Emma", 9.5, 10)
    house.add("fruit", "apple", 0.4, count=300)
    house.add("fruit", "plum", 0.25, count=900)
    print(len(house), list(house))
    with house.transaction():
        house.book("Emma", -3, note="sold")
        house.book("apple", +50)
    try:
        with house.transaction():
            house.book("plum", -100)
            house.book("Emma", -8)
    except OutOfStock as error:
        print("refused:", error, error.wanted - error.there)
    print([f"{item.name}={item.value:.3f}" for item in house], sorted(house.bookings))
    print(Warehouse.book.calls)
    for bad in (lambda: house.add("fish", "cod", 1), lambda: house.add("book", "X", -1), lambda: Item("a", 1)):
        try:
            bad()
        except (KeyError, ValueError, TypeError) as error:
            print(type(error).__name__, str(error)[:40])
    for text in ("1 + 2 * 3", "(1 + 2) * -3 / 4", "2 *", "1 / 0"):
        try:
            print(text, "=", evaluate(text))
        except (SyntaxError, ZeroDivisionError) as error:
            print(text, "failed:", type(error).__name__, error)
    mean = averages()
    next(mean)
    print([mean.send(number) for number in (1, 2, 6, 7)])
    mean.close()
    match [1, {"kind": "deep", "list": [1, 2, 3]}]:
        case [int(first), {"kind": str(kind), "list": [*_, last]}]:
            print("matched", first, kind, last)
    def deep(depth):
        return deep(depth + 1)
    try:
        deep(0)
    except RecursionError as error:
        print("recursion ended:", error)
    print({word: len(word) for word in "a bb ccc".split()}, {n % 3 for n in range(10)}, *(n for n in range(3)))


main()
raise StockError("uncaught, at the end")
