"""What holds for the whole graph at once: adjacency, the ancestor closure, depths."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from kgzsl.graph.closure_rows import ClosureRows
from kgzsl.graph.walking import Walks

if TYPE_CHECKING:
    from kgzsl.graph.index import GraphIndex, IntArray, Neighbors

MOST_PAIRS = 50_000_000
"""Pairs a closure may have: 1.2 GB. WordNet has under a million; only large cycles and long chains come near."""

__all__ = ["MOST_PAIRS", "adjacency", "ancestor_pairs", "components", "depths", "ends", "expand", "once_each", "spread"]


def adjacency(index: GraphIndex, rows: IntArray, symmetric: bool) -> Any:
    """A csr_array of ones where an edge of `rows` leads from row to column, or, if symmetric, either way."""
    head, tail = index.head[rows], index.tail[rows]
    if symmetric:
        head, tail = np.concatenate([head, tail]), np.concatenate([tail, head])
    shape = (index.num_concepts, index.num_concepts)
    from scipy import sparse  # 0.15 s that a question about a few concepts need not wait for

    matrix = sparse.csr_array((np.ones(len(head)), (head, tail)), shape=shape)
    matrix.sum_duplicates()
    matrix.data[:] = 1.0
    return matrix


def expand(neighbors: Neighbors, positions: IntArray) -> tuple[IntArray, IntArray]:
    """Every (place in `positions`, neighbour of the position there)."""
    return spread(neighbors.indptr, neighbors.indices, positions)


def spread(indptr: IntArray, indices: NDArray[Any], positions: NDArray[Any]) -> tuple[IntArray, NDArray[Any]]:
    """`expand`, of compressed rows."""
    starts = indptr[positions]
    counts = indptr[positions + 1] - starts
    places = np.repeat(np.arange(len(positions)), counts)
    offsets = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    return places, indices[starts[places] + offsets]


def once_each(neighbors: Neighbors, num_concepts: int) -> tuple[IntArray, IntArray]:
    """Compressed rows without loops and without a neighbour named twice."""
    source = np.repeat(np.arange(num_concepts), np.diff(neighbors.indptr))
    target = neighbors.indices
    keep = source != target
    keep[1:] &= (source[1:] != source[:-1]) | (target[1:] != target[:-1])
    indptr = np.zeros(num_concepts + 1, dtype=np.int64)
    np.cumsum(np.bincount(source[keep], minlength=num_concepts), out=indptr[1:])
    return indptr, target[keep]


class _Descent:
    """Concepts in an order in which parents come first: `ready` are those all of whose parents are done."""

    def __init__(self, up: Neighbors, num_concepts: int) -> None:
        self.indptr, self.parents = once_each(up, num_concepts)
        counts = np.diff(self.indptr)
        child = np.repeat(np.arange(num_concepts), counts)
        order = np.argsort(self.parents, kind="stable")
        self._children = child[order]
        self._starts = np.searchsorted(self.parents[order], np.arange(num_concepts + 1))
        self._counts, self._waiting = counts, counts.copy()
        self._done = np.zeros(num_concepts, dtype=bool)
        self.num_left = num_concepts
        self.ready: IntArray = np.flatnonzero(counts == 0)

    @property
    def left(self) -> IntArray:
        """Those that are not done."""
        return np.flatnonzero(~self._done)

    def counted(self, positions: IntArray) -> tuple[IntArray, IntArray]:
        """How many parents each has, and all of them in a row."""
        return self._counts[positions], spread(self.indptr, self.parents, positions)[1]

    def finish(self, positions: IntArray) -> None:
        """These are done; `ready` become those that waited for no others."""
        self._done[positions] = True
        self.num_left -= len(positions)
        children, counts = np.unique(spread(self._starts, self._children, positions)[1], return_counts=True)
        self._waiting[children] -= counts
        self.ready = children[(self._waiting[children] == 0) & ~self._done[children]]


def ancestor_pairs(up: Neighbors, num_concepts: int, *, most: int | None = None) -> tuple[IntArray, IntArray, IntArray]:
    """(node, ancestor, distance), sorted by node, distance, ancestor; from the top down, each row from its parents'.

    Concepts on a cycle wait for each other: they are walked from, one by one.
    """
    descent, rows = _Descent(up, num_concepts), ClosureRows(num_concepts, most=MOST_PAIRS if most is None else most)
    while descent.num_left:
        levels = []
        while len(descent.ready):
            levels.append(descent.ready)
            descent.finish(descent.ready)
        rows.expect(sum(number * len(level) for number, level in enumerate(levels, 1)))
        for level in levels:
            rows.add(level, *descent.counted(level))
        if descent.num_left:
            component = components(up, num_concepts)
            left = descent.left
            on_cycle = left[np.bincount(component)[component[left]] > 1]
            walks = Walks(num_concepts)
            for position in on_cycle.tolist():
                rows.put(position, *walks.row(up, position))
            descent.finish(on_cycle)
    return rows.pairs()


def components(up: Neighbors, num_concepts: int) -> IntArray:
    """Strongly connected component of each concept; its own position, where there is no cycle at all."""
    descent = _Descent(up, num_concepts)
    while len(descent.ready):
        descent.finish(descent.ready)
    if not descent.num_left:
        return np.arange(num_concepts)
    ones = np.ones(len(up.indices), dtype=np.int8)
    from scipy import sparse  # as above: a taxonomy without cycles need not wait for it
    from scipy.sparse.csgraph import connected_components

    graph = sparse.csr_array((ones, up.indices, up.indptr), shape=(num_concepts, num_concepts))
    return np.asarray(connected_components(graph, connection="strong")[1], dtype=np.int64)


def depths(up: Neighbors, component: IntArray) -> tuple[IntArray, IntArray]:
    """Shortest and longest way to a root, level by level from the roots down, cycles condensed to one node."""
    count = int(component.max(initial=-1)) + 1
    child = np.repeat(component, np.diff(up.indptr))
    between = np.unique(component[up.indices] * count + child)
    upper, lower = between // max(count, 1), between % max(count, 1)
    upper, lower = upper[upper != lower], lower[upper != lower]
    start = np.searchsorted(upper, np.arange(count + 1))
    waiting = np.bincount(lower, minlength=count)
    shortest = np.where(waiting == 0, 0, np.iinfo(np.int64).max)
    longest = np.zeros(count, dtype=np.int64)
    ready = np.flatnonzero(waiting == 0)
    while len(ready):
        places, children = spread(start, lower, ready)
        parents = ready[places]
        np.minimum.at(shortest, children, shortest[parents] + 1)
        np.maximum.at(longest, children, longest[parents] + 1)
        np.subtract.at(waiting, children, 1)
        touched = np.unique(children)
        ready = touched[waiting[touched] == 0]
    return shortest[component], longest[component]


def ends(up: Neighbors, component: IntArray) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Which concepts have nothing above them, and which nothing below, cycles condensed to one node."""
    child, parent = np.repeat(component, np.diff(up.indptr)), component[up.indices]
    apart = child != parent
    free = np.ones((2, int(component.max(initial=-1)) + 1), dtype=bool)
    free[0, child[apart]] = False
    free[1, parent[apart]] = False
    return free[0, component], free[1, component]
