"""The ancestors of concepts as sets of numbers that say which of them stand lowest."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kgzsl.graph.index import IntArray, Neighbors
    from kgzsl.graph.walking import Walks

__all__ = ["AncestorSets"]

_MOST_KEPT = 500_000
_FEW = 24


class AncestorSets:
    """For graphs without cycles: what stands above a concept, itself included, as the set of their ranks.

    The rank is greater the deeper a concept stands, and among equals the earlier. So the greatest of those that several
    concepts share is one of their lowest common ancestors, and what is above it is none; so on with the rest.
    Sets are kept, up to half a million ranks in all.
    """

    def __init__(self, up: Neighbors, longest: IntArray, walks: Walks) -> None:
        self._up, self._walks = up, walks
        self._num = len(longest)
        ranks = longest * self._num + range(self._num - 1, -1, -1)
        self._rank: list[int] = ranks.tolist()  # shared by the sets: one object for each rank
        self._kept: dict[int, frozenset[int]] = {}
        self._num_kept = 0

    def _found(self, position: int) -> frozenset[int]:
        """The set of one concept and, where they are few, of those above it that have none yet."""
        kept, rank, above = self._kept, self._rank, self._up.of
        todo = [position]
        for here in todo:
            todo += [parent for parent in above(here) if parent not in kept and parent not in todo]
            if len(todo) > _FEW:
                found = frozenset([rank[place] for place in self._walks.row(self._up, position)[0].tolist()])
                break
        else:
            for here in sorted(todo, key=rank.__getitem__) if len(todo) > 1 else todo:  # parents first
                found = kept[here] = frozenset((rank[here],)).union(*[kept[parent] for parent in above(here)])
                self._num_kept += len(found) + 10
            self._num_kept -= len(found) + 10
        self._num_kept += len(found) + 10
        if self._num_kept > _MOST_KEPT:
            kept.clear()
            self._num_kept = len(found) + 10
        kept[position] = found
        return found

    def lowest(self, positions: Sequence[int]) -> list[int]:
        """Common ancestors that have no other one below them; deepest first, then by position."""
        kept, num = self._kept, self._num
        if len(positions) == 2:  # as most ask: half the time
            a, b = positions
            common = (kept.get(a) or self._found(a)) & (kept.get(b) or self._found(b))
        else:
            sets = [kept.get(position) or self._found(position) for position in positions]
            common = sets[0].intersection(*sets[1:])
        lowest: list[int] = []
        while common:
            place = num - 1 - max(common) % num
            lowest.append(place)
            above = kept.get(place) or self._found(place)
            if len(above) == len(common):  # what is above a common ancestor is one too: here, all of them
                break
            common -= above
        return lowest
