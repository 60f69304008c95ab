"""Computations side by side that take their matrix products together.

A matrix of a wide network is larger than what a processor keeps at hand, and to read it takes longer than to multiply
a few rows by it. So what needs products is a generator that yields them and is sent what they come to; of several that
run together, all rows that wait for the same matrix are multiplied at once.
"""

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

__all__ = ["Product", "Task", "run", "together"]

T = TypeVar("T")
Float64 = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Product:
    """`rows` `[n, in]` times `matrix` `[in, out]`, or times its transpose."""

    rows: Float64
    matrix: Float64
    is_transposed: bool = False

    @property
    def place(self) -> tuple[Any, ...]:
        """Equal where the same numbers in memory are multiplied by."""
        return self.matrix.ctypes.data, self.matrix.shape, self.matrix.strides, self.is_transposed


Task: TypeAlias = Generator[Sequence[Product], Sequence[Float64], T]
"""Yields the products it needs next, is sent them in that order as arrays of its own, and returns what it found."""


def together(tasks: Sequence[Task[T]]) -> Task[list[T]]:
    """Tasks one step after the other, each with the others; their results in their order."""
    results: dict[int, T] = {}
    sent: dict[int, Any] = dict.fromkeys(range(len(tasks)))  # None starts a generator
    while True:
        wanted: dict[int, Sequence[Product]] = {}
        for number, found in sent.items():
            try:
                wanted[number] = tasks[number].send(found)
            except StopIteration as stop:
                results[number] = stop.value
        if not wanted:
            return [results[number] for number in range(len(tasks))]
        products = iter((yield [product for each in wanted.values() for product in each]))
        sent = {number: list(islice(products, len(each))) for number, each in wanted.items()}


def run(task: Task[T]) -> T:
    """What a task returns."""
    found: Any = None
    while True:
        try:
            wanted = task.send(found)
        except StopIteration as stop:
            result: T = stop.value
            return result
        found = _multiplied(wanted)


def _multiplied(products: Sequence[Product]) -> list[Float64]:
    waiting: dict[tuple[Any, ...], list[int]] = {}
    for number, product in enumerate(products):
        waiting.setdefault(product.place, []).append(number)
    found: dict[int, Float64] = {}
    for numbers in waiting.values():
        first = products[numbers[0]]
        rows = [products[number].rows for number in numbers]
        stacked = rows[0] if len(rows) == 1 else np.concatenate(rows)
        whole = stacked @ (first.matrix.T if first.is_transposed else first.matrix)
        found.update(zip(numbers, np.split(whole, np.cumsum([len(part) for part in rows])[:-1]), strict=True))
    return [found[number] for number in range(len(products))]
