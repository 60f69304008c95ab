"""A set of classes in the fewest words: kinds of things whose classes are all, or nearly all, in the set."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from kgzsl.decision.hierarchy import ClassHierarchy

__all__ = ["Covers"]


class Covers:
    """Antichains of a hierarchy that cover sets of classes at the least cost.

    A class named by itself costs 1, and so does a kind, with 1 more for each class that it stands for and the set does
    not have. Of equal costs the more specific words win. Exact where no concept has two parents; elsewhere each counts
    below the one parent with the fewest classes, and what others cover already is left out in the end.
    """

    def __init__(self, hierarchy: ClassHierarchy) -> None:
        self._hierarchy = hierarchy
        size = np.diff(hierarchy.below.indptr)
        parents = hierarchy.parents
        sizes = np.where(parents >= 0, size[parents], np.iinfo(np.int64).max)
        # ties: the first; what leads to the top has no parent here, for "any class" says nothing
        self._parent = parents[np.arange(len(parents)), sizes.argmin(axis=1)].tolist()
        # from below: the deepest first, and of those as deep the first
        self._turn = np.argsort(np.lexsort((np.arange(len(parents)), -hierarchy.depth))).tolist()
        self._size, self._own, self._top = size.tolist(), hierarchy.own.tolist(), hierarchy.top
        above = np.split(hierarchy.above.indices, hierarchy.above.indptr[1:-1])
        self._above = [nodes[nodes != hierarchy.top].tolist() for nodes in above]

    def smallest(self, member: NDArray[np.bool_]) -> list[tuple[int | None, list[int]]]:
        """The words for a set `[num_classes]`: (node, its classes), or (None, a class by itself)."""
        inside: dict[int, int] = {}
        own: dict[int, list[int]] = {}
        for column in np.flatnonzero(member).tolist():
            own.setdefault(self._own[column], []).append(column)
            for node in self._above[column]:
                inside[node] = inside.get(node, 0) + 1
        children: dict[int, list[int]] = {}
        cost: dict[int, int] = {}
        is_kind: dict[int, bool] = {}
        roots = []
        for node in sorted(inside, key=self._turn.__getitem__):
            parts = children.get(node, ())
            apart = len(own.get(node, ())) + sum([cost[child] for child in parts])
            together = 1 + self._size[node] - inside[node]
            is_kind[node] = together < apart
            cost[node] = min(together, apart)
            parent = self._parent[node]
            if parent == self._top:
                roots.append(node)
            else:
                children.setdefault(parent, []).append(node)
        return _without_repeats(self._words(roots, children, is_kind, own))

    def _words(
        self, roots: list[int], children: dict[int, list[int]], is_kind: dict[int, bool], own: dict[int, list[int]]
    ) -> list[tuple[int | None, list[int]]]:
        found: list[tuple[int | None, list[int]]] = []
        left = list(roots)
        while left:
            node = left.pop()
            if is_kind[node]:
                found.append((node, self._hierarchy.classes_below(node)))
            else:
                found += [(None, [column]) for column in own.get(node, [])]
                left += children.get(node, [])
        return found


def _without_repeats(words: list[tuple[int | None, list[int]]]) -> list[tuple[int | None, list[int]]]:
    """Words all of whose classes others stand for are left out, those for the fewest classes first."""
    kept = sorted(words, key=lambda word: (len(word[1]), word[1]))
    times: dict[int, int] = {}
    for _, columns in kept:
        for column in columns:
            times[column] = times.get(column, 0) + 1
    found = []
    for node, columns in kept:
        if all(times[column] > 1 for column in columns):
            for column in columns:
                times[column] -= 1
        else:
            found.append((node, columns))
    return found
