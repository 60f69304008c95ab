"""Walks from a concept: as Python while few are asked for, compiled once they are many."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from kgzsl.graph import walk_kernels

if TYPE_CHECKING:
    from kgzsl.graph.index import IntArray, Neighbors

__all__ = ["Walks", "Workspace", "distances"]

_PATIENCE = 250_000
_PER_WALK = 500
"""Loading numba takes 0.3 s; 500 walks, or walks over 250,000 concepts, take about 10 ms without it."""


def distances(neighbors: Neighbors, start: int, *, limit: int | None = None) -> dict[int, int]:
    """Fewest steps from `start` to all that can be reached in at most `limit`, nearest first, then by position."""
    found = {start: 0}
    frontier = [start]
    steps = 0
    while frontier and (limit is None or steps < limit):
        steps += 1
        reached = {other for position in frontier for other in neighbors.of(position) if other not in found}
        frontier = sorted(reached)
        found.update(dict.fromkeys(frontier, steps))
    return found


class Workspace:
    """Room for the kernels to write in, and its rows as Python reads them fastest."""

    __slots__ = ("array", "places", "places_view", "steps_view", "total_view")

    def __init__(self, num_concepts: int) -> None:
        self.array = np.zeros((5, num_concepts + 1), dtype=np.int64)
        self.places = self.array[1]
        self.places_view = self.array[1].data
        self.steps_view = self.array[2].data
        self.total_view = self.array[3].data

    def steps(self, first: int, count: int, limit: int) -> Sequence[int]:
        """The steps at which a walk with this limit found the places from `first` to `count`."""
        if not 0 < limit <= 3 or count < 30:
            steps: list[int] = self.steps_view[first:count].tolist()
            return steps
        found: tuple[int, ...] = (0,)[first:]
        before = 1
        for depth, last in enumerate(self.total_view[1 : limit + 1].tolist(), 1):
            found += (depth,) * (last - before)
            before = last
        return found

    def start_from(self, positions: Iterable[int]) -> None:
        """Name the starts, no two alike, of walks from several."""
        starts, place = self.steps_view, 0
        for position in positions:
            place -= 1
            starts[place] = position


class Walks:
    """Which way the walks over a graph go by now, and the room for them: a thread takes a workspace and lays it back.

    `patience` is the work after which the kernels are compiled (0: at once; None: never).
    """

    def __init__(self, num_concepts: int, *, patience: int | None = _PATIENCE) -> None:
        self.num_concepts = num_concepts
        self.patience = patience
        self.compiled = False
        self.walk, self.is_reached = walk_kernels.walk.python, walk_kernels.is_reached.python
        self.above_all = walk_kernels.above_all.python
        self._done = 0
        self._spaces: list[Workspace] = []

    def are_compiled(self, work: int = 0) -> bool:
        """Whether the kernels are to be used for the next walk, after one more over `work` concepts."""
        if self.compiled or self.patience is None:
            return self.compiled
        self._done += _PER_WALK + work
        if self._done > self.patience:
            kernel = walk_kernels.walk
            if kernel.compiled is kernel.python:  # no numba: lists and dicts are faster than its lines as Python
                self.patience = None
            else:
                self.walk, self.is_reached = kernel.compiled, walk_kernels.is_reached.compiled
                self.above_all = walk_kernels.above_all.compiled
                self.compiled = True
        return self.compiled

    def take(self) -> Workspace:
        """A workspace that no other thread has."""
        try:
            return self._spaces.pop()
        except IndexError:
            return Workspace(self.num_concepts)

    def lay_back(self, space: Workspace) -> None:
        """Return a workspace, once nothing is read from it any more."""
        self._spaces.append(space)

    def row(self, neighbors: Neighbors, start: int) -> tuple[IntArray, IntArray]:
        """What is reached from `start` and at how many steps, nearest first, then by position, `start` included."""
        assert len(neighbors.indptr) == self.num_concepts + 1  # a compiled loop would write behind its room
        if self.compiled:
            space = self.take()
            count = abs(self.walk(neighbors.packed, space.array, start, -1))
            found = space.array[1, :count].copy(), space.array[2, :count].copy()
            space.array[4, found[0]] = 0  # nothing has been made for them
            self.lay_back(space)
            return found
        steps = distances(neighbors, start)
        self.are_compiled(len(steps))
        return np.array(list(steps), dtype=np.int64), np.array(list(steps.values()), dtype=np.int64)
