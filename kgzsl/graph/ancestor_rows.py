"""What stands above every concept, row after row: made once many have asked, and read from then on."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from kgzsl.errors import ResourceLimitError
from kgzsl.graph import closure
from kgzsl.graph.compiled import kernel

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from kgzsl.graph.index import IntArray, Neighbors

__all__ = ["PATIENCE", "AncestorRows", "only_lowest"]

PATIENCE = 400
"""Questions before all rows are made, which takes as long as thousands of walks."""
_MOST_PAIRS = 4_000_000
_SHORT = 300  # ancestors: on longer rows sets are faster than a loop in a loop


class AncestorRows:
    """The ancestors of each concept, itself first, nearest first, then by position; `steps` are their distances.

    `starts` is empty until `are_there` has said yes. Row i is `places[starts[i]:starts[i + 1]]`. `packed` is starts,
    places and steps in one int32 array, which reaches a compiled loop sooner than three. Where all rows
    together would have more than four million ancestors they are never made. `are_short` says whether each has few
    enough that a loop over two rows, one in the other, costs nothing to speak of. `is_prepared` says whether
    `lowest` may be asked; `only_lowest(a, b)` may be at any time, and says -2 where it takes `lowest`.
    """

    def __init__(self, up: Neighbors, num_concepts: int, *, patience: int = PATIENCE) -> None:
        self.num_concepts = num_concepts
        self._patience = patience
        self.starts: Sequence[int] = ()
        self.steps: list[int] = []
        self.packed: NDArray[np.int32] = np.zeros(0, dtype=np.int32)
        self.places = self.packed
        self._view = self.packed.data
        self._up = up
        self.are_short = False
        self.is_prepared = False
        self._ranks: list[int] = []
        self.only_lowest: Callable[[int, int], int] = _ask_sets

    def are_there(self) -> bool:
        """Whether the rows are made, which they are by the question that is one too many."""
        if self.starts:
            return True
        if self._patience > 0:
            self._patience -= 1
            if self._patience <= 0:  # below, where two threads counted at once
                self._make()
        return bool(self.starts)

    def _make(self) -> None:
        try:
            nodes, places, steps = closure.ancestor_pairs(self._up, self.num_concepts, most=_MOST_PAIRS)
        except ResourceLimitError:
            return
        size = self.num_concepts
        starts = np.searchsorted(nodes, np.arange(size + 1))
        self.packed = np.concatenate([starts, places, steps]).astype(np.int32)
        self.places = self.packed[size + 1 : size + 1 + len(places)]
        self.are_short = bool(np.diff(starts).max(initial=0) <= _SHORT)
        self._view, self.steps, self.starts = self.places.data, steps.tolist(), self.packed[: size + 1].data

    def only_parents(self, up: Neighbors) -> NDArray[np.int32]:
        """The parent of each concept that has a single one, and is not above it; else -1. For rows that are there."""
        starts, parents = closure.once_each(up, self.num_concepts)
        lengths = np.diff(np.asarray(self.starts))
        found = np.full(self.num_concepts, -1, dtype=np.int32)
        children = np.flatnonzero(np.diff(starts) == 1)
        only = parents[starts[children]]
        keep = lengths[children] == lengths[only] + 1
        found[children[keep]] = only[keep]
        return found

    def row(self, position: int) -> list[int]:
        """What is above one concept, itself first."""
        return self._view[self.starts[position] : self.starts[position + 1]].tolist()

    def steps_from(self, first: int, count: int) -> Sequence[int]:
        """The steps to so many ancestors from one place in the rows on."""
        return self.steps[first : first + count]

    def distances(self, position: int) -> dict[int, int]:
        """The fewest steps from a concept to each of its ancestors, itself at 0, nearest first."""
        first, last = self.starts[position], self.starts[position + 1]
        return dict(zip(self._view[first:last].tolist(), self.steps[first:last], strict=True))

    # -- the lowest of those that two share, where there are no cycles ----------------------------------------

    def prepare_lowest(self, longest: IntArray) -> None:
        """Take the longest ways up to a root, `[num_concepts]`: the deepest common ancestor is a lowest one."""
        size = self.num_concepts
        self._ranks = (longest * size + np.arange(size)[::-1]).tolist()
        if self.are_short and only_lowest.compiled is not only_lowest.python:  # without numba, sets are faster
            self.only_lowest = partial(only_lowest.compiled, self.packed, self.num_concepts)
        self.is_prepared = True

    def lowest(self, a: int, b: int) -> list[int]:
        """Common ancestors that have no other one below them; deepest first, then by position."""
        common = set(self.row(a)).intersection(self.row(b))
        lowest: list[int] = []
        while common:
            place = max(common, key=self._ranks.__getitem__)
            lowest.append(place)
            common.difference_update(self.row(place))  # what is above a lowest one is none
        return lowest


def _ask_sets(a: int, b: int) -> int:
    return -2


@kernel
def only_lowest(packed: Any, num_concepts: int, a: int, b: int) -> int:
    """The common ancestor nearest to `a` if all others are above it; -1 where nothing is shared, else -2.

    `packed` is that of `AncestorRows`.
    """
    starts, rows = packed[: num_concepts + 1], packed[num_concepts + 1 :]
    nearest, count = -1, 0
    for at in range(starts[a], starts[a + 1]):
        for other in range(starts[b], starts[b + 1]):
            if rows[other] == rows[at]:
                count += 1
                if nearest < 0:
                    nearest = rows[at]
                break
    if nearest >= 0 and starts[nearest + 1] - starts[nearest] != count:
        return -2
    return nearest
