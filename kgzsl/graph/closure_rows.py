"""The ancestors of every concept, one row each, made from the rows of its parents."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from kgzsl.errors import ResourceLimitError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from kgzsl.graph.index import IntArray

__all__ = ["ClosureRows"]

_BLOCK = 4_000_000


class ClosureRows:
    """Rows of (ancestor, distance), sorted by distance, then ancestor, in one buffer, in the order they were added.

    A row starts with the concept itself. Concepts are added after all their parents; then the row of an only child is
    its parent's, one step further, and only concepts with several parents need anything sorted.
    """

    def __init__(self, num_concepts: int, *, most: int) -> None:
        self.num_concepts = num_concepts
        self.most = most
        self.held = 0
        self.start = np.zeros(num_concepts, dtype=np.int64)
        self.length = np.zeros(num_concepts, dtype=np.int64)
        self._ancestor: NDArray[np.int32] = np.empty(min(8 * num_concepts, most), dtype=np.int32)
        self._distance: NDArray[np.int32] = np.empty_like(self._ancestor)

    def expect(self, more: int) -> None:
        """Refuse at once what is sure to become too much: so many pairs more, at least."""
        if self.held + more > self.most:
            raise ResourceLimitError(
                f"the closure of {self.num_concepts:,} concepts has over {self.most:,} (concept, ancestor) pairs; "
                "take fewer relations, or a part of the graph with induced or neighborhood"
            )

    def _room(self, more: int) -> int:
        """Where the next `more` pairs go; the limit is checked before they are made."""
        self.expect(more)
        first, self.held = self.held, self.held + more
        if self.held > len(self._ancestor):
            size = min(max(2 * len(self._ancestor), self.held), self.most)
            for name in ("_ancestor", "_distance"):
                grown = np.empty(size, dtype=np.int32)
                grown[:first] = getattr(self, name)[:first]
                setattr(self, name, grown)
        return first

    def put(self, position: int, ancestors: IntArray, distances: IntArray) -> None:
        """A row found some other way."""
        first = self._room(len(ancestors))
        self.start[position], self.length[position] = first, len(ancestors)
        self._ancestor[first : self.held] = ancestors
        self._distance[first : self.held] = distances

    def add(self, positions: IntArray, counts: IntArray, parents: IntArray) -> None:
        """Rows of concepts with so many parents each, whose rows are there."""
        several = counts > 1
        if not several.any():
            self._add_single(positions, counts, parents)
            return
        of_several = np.repeat(several, counts)
        self._add_single(positions[~several], counts[~several], parents[~of_several])
        positions, counts, parents = positions[several], counts[several], parents[of_several]
        ends = np.cumsum(counts)
        size = np.cumsum(self.length[parents])[ends - 1]  # pairs to be sorted up to each concept
        first = 0
        while first < len(positions):  # a block of concepts at a time bounds the room that sorting takes
            before = size[first - 1] if first else 0
            last = max(int(np.searchsorted(size, before + _BLOCK, side="right")), first + 1)
            inside = slice(ends[first] - counts[first], ends[last - 1])
            self._add_several(positions[first:last], counts[first:last], parents[inside])
            first = last

    def _add_single(self, positions: IntArray, counts: IntArray, parents: IntArray) -> None:
        above = np.zeros(len(positions), dtype=np.int64)
        above[counts > 0] = self.length[parents]
        first = self._room(len(positions) + int(above.sum()))
        self.length[positions] = above + 1
        starts = self.start[positions] = first + np.cumsum(above + 1) - above - 1
        self._ancestor[starts], self._distance[starts] = positions, 0
        into, taken = (
            _places(starts[counts > 0] + 1, above[counts > 0]),
            _places(self.start[parents], self.length[parents]),
        )
        self._ancestor[into] = self._ancestor[taken]
        self._distance[into] = self._distance[taken] + 1

    def _add_several(self, positions: IntArray, counts: IntArray, parents: IntArray) -> None:
        taken = _places(self.start[parents], self.length[parents])
        place = np.repeat(np.repeat(np.arange(len(positions)), counts), self.length[parents])
        ancestor, distance = self._ancestor[taken], self._distance[taken]
        order = np.lexsort((distance, ancestor, place))
        place, ancestor, distance = place[order], ancestor[order], distance[order]
        nearest = np.append(True, (np.diff(place) != 0) | (np.diff(ancestor) != 0))
        place, ancestor, distance = place[nearest], ancestor[nearest], distance[nearest]
        order = np.lexsort((ancestor, distance, place))
        above = np.bincount(place, minlength=len(positions))
        first = self._room(len(positions) + len(place))
        self.length[positions] = above + 1
        starts = self.start[positions] = first + np.cumsum(above + 1) - above - 1
        self._ancestor[starts], self._distance[starts] = positions, 0
        into = _places(starts + 1, above)
        self._ancestor[into] = ancestor[order]
        self._distance[into] = distance[order] + 1

    def pairs(self) -> tuple[IntArray, IntArray, IntArray]:
        """(node, ancestor, distance), sorted by node, then as the rows are."""
        order = _places(self.start, self.length)
        node = np.repeat(np.arange(self.num_concepts), self.length)
        return node, self._ancestor[order].astype(np.int64), self._distance[order].astype(np.int64)


def _places(starts: IntArray, lengths: IntArray) -> IntArray:
    """start, start + 1, ... for each start, as many as its length."""
    offsets = starts - np.cumsum(lengths) + lengths
    places: IntArray = np.repeat(offsets, lengths) + np.arange(lengths.sum())
    return places
