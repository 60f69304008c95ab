"""What is within one step of each concept, or two, laid out row after row: an answer is a stretch of them."""

from __future__ import annotations

import sys
from struct import Struct
from typing import TYPE_CHECKING

import numpy as np

from kgzsl.graph import closure

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from kgzsl.graph.index import IntArray, Neighbors
    from kgzsl.graph.walking import Walks

__all__ = ["NearRows"]

_MOST_PLACES = 2_000_000
_PLACES_PER_QUESTION = 2_500
_read = Struct("4i").unpack_from
_SIZE = 16  # bytes of what `_read` reads


class NearRows:
    """Rows of places: each concept, its neighbours, and theirs if it has several; each part by position.

    Not there until `are_there` has said yes: after as many questions as there is patience, or one for every 2,500
    places if that is more, for they are made for those who will ask on. Never where they would have more than two
    million places, or without numba.
    """

    def __init__(self, neighbors: Neighbors, num_concepts: int, hops: int, *, patience: int) -> None:
        self.places: NDArray[np.int32] = np.zeros(0, dtype=np.int32)
        self.whole = self.places  # concepts that have several neighbours, of two hops: nothing is cut out of their rows
        self._neighbors, self._num_concepts, self._hops = neighbors, num_concepts, hops
        self._stretches = b""
        self._asked, self._patience = 0, patience

    def stretch(self, position: int) -> tuple[int, int, int, int]:
        """Where the answer for a concept stands: `first` up to `last` of `places`, less `cut`.

        `cut` is `last` where nothing is cut out; what is around a single neighbour is that neighbour's row, less the
        concept that asks. The fourth says how many of the answer are one step away.
        """
        return _read(self._stretches, _SIZE * position)

    @staticmethod
    def steps_from(near: int, count: int) -> Sequence[int]:
        """The steps to each of an answer, the first so many of which are one step away."""
        return (*(1,) * near, *(2,) * (count - near))

    def are_there(self, walks: Walks) -> bool:
        """Whether the rows are made, which they are by the question that is one too many."""
        if not self._stretches and walks.compiled:
            self._asked += 1
            if self._asked >= self._patience:
                self._make(walks)
        return bool(self._stretches)

    def _make(self, walks: Walks) -> None:
        starts, near = closure.once_each(self._neighbors, self._num_concepts)
        degrees = np.diff(starts)
        inner = np.flatnonzero(degrees > 1) if self._hops == 2 else np.zeros(0, dtype=np.int64)
        reached = np.concatenate([[0], np.cumsum(degrees[near])])
        most = int((reached[starts[inner + 1]] - reached[starts[inner]]).sum())  # some of them more than once
        num_places = self._num_concepts + len(near) + most
        self._patience = max(self._patience, num_places // _PLACES_PER_QUESTION)
        if num_places > _MOST_PLACES:
            self._patience = sys.maxsize
        if self._asked < self._patience:
            return

        second, counts = _second_steps(self._neighbors, walks, inner.tolist(), degrees, most)
        lengths = 1 + degrees
        lengths[inner] += counts
        heads = np.cumsum(lengths) - lengths  # where each row begins, with the concept itself
        self.places = np.empty(lengths.sum(), dtype=np.int32)
        self.places[heads] = np.arange(self._num_concepts)
        beside = np.repeat(heads + 1 - starts[:-1], degrees) + np.arange(len(near))
        self.places[beside] = near
        behind = heads[inner] + 1 + degrees[inner] - (np.cumsum(counts) - counts)
        self.places[np.repeat(behind, counts) + np.arange(len(second))] = second

        first, last, cut = heads + 1, heads + lengths, heads + lengths
        if self._hops == 2:
            alone = np.flatnonzero(degrees == 1)
            only = near[starts[alone]]
            back = np.empty(len(near), dtype=np.int64)
            back[np.argsort(near, kind="stable")] = np.arange(len(near))  # the edge that leads the other way
            first[alone], last[alone] = heads[only], heads[only] + 1 + degrees[only]
            cut[alone] = beside[back[starts[alone]]]
        self.whole = inner.astype(np.int32)
        self._stretches = np.stack([first, cut, last, degrees], axis=1).astype(np.int32).tobytes()


def _second_steps(
    neighbors: Neighbors, walks: Walks, positions: Sequence[int], degrees: IntArray, most: int
) -> tuple[IntArray, IntArray]:
    """What is two steps from each of these, one after another, and how many are."""
    found, counts, done = np.empty(most, dtype=np.int64), [], 0
    space = walks.take()
    for position, first in zip(positions, (1 + degrees[positions]).tolist(), strict=True):
        count = abs(walks.walk(neighbors.packed, space.array, position, 2)) - first
        found[done : done + count] = space.places[first : first + count]
        counts.append(count)
        done += count
    space.array[4, found[:done]] = 0  # nothing has been made for them
    walks.lay_back(space)
    return found[:done], np.array(counts, dtype=np.int64)
