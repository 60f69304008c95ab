"""In what order items stand in columns, and how far down, so that what is linked is level as far as that goes."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

__all__ = ["Stacks"]

_SWEEPS = 6


class Stacks:
    """Items, numbered, in columns: `at` says in which; `chains` are items in a row, each a column on from the last.

    `columns` are the items of each, top to bottom, by the mean place of what each is linked with; the first column
    stays as given.
    """

    def __init__(self, at: Sequence[int], chains: Sequence[Sequence[int]]) -> None:
        self._before: list[list[int]] = [[] for _ in at]
        self._after: list[list[int]] = [[] for _ in at]
        for chain in chains:
            for here, there in pairwise(chain):
                if at[here] != at[there]:
                    first, last = (here, there) if at[here] < at[there] else (there, here)
                    self._after[first].append(last)
                    self._before[last].append(first)
        self._beside = [before + after for before, after in zip(self._before, self._after, strict=True)]
        self.columns: list[list[int]] = [[] for _ in range(max(at, default=-1) + 1)]
        for item, column in enumerate(at):
            self.columns[column].append(item)
        self._order()

    def _order(self) -> None:
        columns = self.columns
        place = [0.0] * len(self._beside)
        for column in columns:
            _number(column, place)
        for sweep in range(_SWEEPS):
            order = range(1, len(columns)) if sweep % 2 == 0 else range(len(columns) - 1, 0, -1)
            for number in order:
                near = self._before if sweep % 2 == 0 or number + 1 == len(columns) else self._after
                column = columns[number]
                keys = {item: (_mean(near[item], place, place[item]), place[item]) for item in column}
                column.sort(key=keys.__getitem__)
                _number(column, place)

    def rows(self, above: Sequence[float], below: Sequence[float]) -> list[float]:
        """How far down each item stands: as near to the middle of its neighbours as order and heights allow.

        The heights are how far up and down each needs room.
        """
        rows = [0.0] * len(self._beside)
        spaced = [
            (column, [self._beside[item] for item in column], _offsets(column, above, below)) for column in self.columns
        ]
        for column, _, offsets in spaced:
            _set(rows, column, _apart([0.0] * len(column), offsets))
        for sweep in range(_SWEEPS):
            for column, beside, offsets in spaced if sweep % 2 else reversed(spaced):
                wanted = [  # nearly all items of a dense drawing have two neighbours: where a link passes
                    (rows[near[0]] + rows[near[1]]) / 2 if len(near) == 2 else _mean(near, rows, rows[item])
                    for item, near in zip(column, beside, strict=True)
                ]
                _set(rows, column, _apart(wanted, offsets))
        return rows


def _number(column: Sequence[int], place: list[float]) -> None:
    for number, item in enumerate(column):
        place[item] = number / len(column)


def _set(rows: list[float], column: Sequence[int], placed: Sequence[float]) -> None:
    for item, row in zip(column, placed, strict=True):
        rows[item] = row


def _mean(items: Sequence[int], place: Sequence[float], otherwise: float) -> float:
    if len(items) == 1:
        return place[items[0]]
    return sum(sorted([place[item] for item in items])) / len(items) if items else otherwise


def _offsets(column: Sequence[int], above: Sequence[float], below: Sequence[float]) -> list[float]:
    """How far below the first item each one stands at least."""
    offsets = [0.0] if column else []
    for here, there in pairwise(column):
        offsets.append(offsets[-1] + below[here] + above[there])
    return offsets


def _apart(wanted: Sequence[float], offsets: Sequence[float]) -> list[float]:
    """The places nearest to those wanted that keep order and distance (pooling of adjacent violators)."""
    values: list[float] = []
    sizes: list[int] = []
    for want, offset in zip(wanted, offsets, strict=True):
        level, size = want - offset, 1
        while values and values[-1] > level:
            more = sizes.pop()
            level = (values.pop() * more + level * size) / (more + size)
            size += more
        values.append(level)
        sizes.append(size)
    levels: list[float] = []
    for value, size in zip(values, sizes, strict=True):
        levels += [value] * size
    return [level + offset for level, offset in zip(levels, offsets, strict=True)]
