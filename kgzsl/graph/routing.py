"""Ways from one concept to another, as positions and rows of edges."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from kgzsl.graph.closure import expand
from kgzsl.graph.index import GraphIndex, IntArray, Neighbors

__all__ = ["shortest_route"]

_Relations = Iterable[str] | str | None


def shortest_route(index: GraphIndex, a: int, b: int, relations: _Relations) -> list[tuple[int, int]] | None:
    """Shortest way from a to b, edges walked either way: (edge row, position reached) for each step.

    Two breadth-first searches meet in the middle. Among equally short ways the one whose positions come first,
    read from a, is taken; None if there is none.
    """
    if a == b:
        return []
    around = index.around(relations)
    steps = np.full((2, index.num_concepts), -1, dtype=np.int32)
    steps[0, a] = steps[1, b] = 0
    mark = np.empty(index.num_concepts, dtype=np.int64)
    frontiers = [np.array([a]), np.array([b])]
    while len(frontiers[0]) and len(frontiers[1]):
        side = 0 if _num_edges(around, frontiers[0]) <= _num_edges(around, frontiers[1]) else 1
        mine, theirs = steps[side], steps[1 - side]
        depth = int(mine[frontiers[side][0]]) + 1
        _, reached = expand(around, frontiers[side])
        frontiers[side] = _once_each(reached[mine[reached] < 0], mark)
        mine[frontiers[side]] = depth
        met = frontiers[side][theirs[frontiers[side]] >= 0]
        if len(met):
            return _walk(around, a, b, *steps, met=met)
    return None


def _once_each(positions: IntArray, mark: IntArray) -> IntArray:
    """Positions without repeats; `mark` is room to write in. Sorting would take most of a search's time."""
    places = np.arange(len(positions))
    mark[positions] = places
    once: IntArray = positions[mark[positions] == places]
    return once


def _num_edges(neighbors: Neighbors, frontier: IntArray) -> int:
    return int((neighbors.indptr[frontier + 1] - neighbors.indptr[frontier]).sum())


def _walk(
    around: Neighbors, a: int, b: int, from_a: NDArray[np.int32], to_b: NDArray[np.int32], *, met: IntArray
) -> list[tuple[int, int]]:
    """The first shortest route through two searches that met in the positions `met`; completes `to_b` up to a."""
    total = int((from_a[met] + to_b[met]).min())
    frontier = met[from_a[met] + to_b[met] == total]
    while from_a[frontier[0]] > 0:
        before = from_a[frontier[0]] - 1
        _, back = expand(around, frontier)
        frontier = np.unique(back[from_a[back] == before])
        to_b[frontier] = total - before
    route, here = [], a
    while here != b:
        first, last = around.indptr[here], around.indptr[here + 1]
        step = first + np.flatnonzero(to_b[around.indices[first:last]] == to_b[here] - 1)[0]
        here = int(around.indices[step])
        route.append((int(around.rows[step]), here))
    return route
