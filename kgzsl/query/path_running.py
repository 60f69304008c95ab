"""How searches for paths are run: by numpy and as Python while they are little work, compiled once they are much."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from kgzsl.graph.closure import spread
from kgzsl.graph.compiled import Kernel
from kgzsl.query import path_kernels
from kgzsl.query.path_kernels import FAR

if TYPE_CHECKING:
    from kgzsl.graph.index import IntArray
    from kgzsl.graph.routing import Arcs

__all__ = ["best_way", "costs_back", "steps_back"]

_PER_STEP = 20  # arcs that Python looks at in the time of a step that numpy takes
_PER_ARC = 50  # arcs that numpy looks at in the time of one that Python does
_MOST = 4_000  # ways that Python begins in one search
_FAR_COST = 2**62  # as in the kernel


def _is_compiled(arcs: Arcs, kernel: Kernel[..., Any]) -> bool:
    """Whether the next search over these arcs is a compiled one; never where there is no numba."""
    return (kernel.is_compiled or arcs.patience <= 0) and kernel.compiled is not kernel.python


def steps_back(arcs: Arcs, starts: IntArray, sources: NDArray[np.int32], *asked: Any) -> NDArray[np.int32]:
    """`path_kernels.steps_back` along these arcs or, from `starts` to `sources`, against them.

    With `early`, what is further off than a is told only in part.
    """
    if _is_compiled(arcs, path_kernels.steps_back):
        return path_kernels.steps_back(starts, sources, arcs.concepts, arcs.degree, *asked)
    return _by_rings(arcs, starts, sources, *asked)


def _by_rings(
    arcs: Arcs,
    starts: IntArray,
    sources: NDArray[np.int32],
    most: int,
    goals: NDArray[np.int32],
    a: int,
    b: int,
    limit: int,
    early: bool,
) -> NDArray[np.int32]:
    """The same, all that is equally far at once."""
    concepts = arcs.concepts
    is_open = (concepts != b) & ((arcs.degree[concepts] <= most) | (concepts == a))
    steps = np.full(len(starts) - 1, FAR, dtype=np.int32)
    steps[goals] = 0
    ring, far = goals, 0
    while len(ring) and far < limit:
        is_end = concepts[ring] == a
        if early and is_end.any():
            break
        far += 1
        _, found = spread(starts, sources, ring[~is_end])
        arcs.patience -= _PER_STEP + len(found) // _PER_ARC
        ring = np.unique(found[(steps[found] == FAR) & is_open[found]])
        steps[ring] = far
    return steps


def costs_back(
    arcs: Arcs, cost: IntArray, most: int, goals: NDArray[np.int32], a: int, b: int, early: bool
) -> tuple[IntArray, NDArray[np.int32]]:
    """`path_kernels.costs_back` along these arcs."""
    if not _is_compiled(arcs, path_kernels.costs_back):
        found = _by_rounds(arcs, cost, most, goals, a, b, early)
        if found is not None:
            return found
    return path_kernels.costs_back(
        arcs.back_starts, arcs.back_sources, arcs.back, cost, arcs.concepts, arcs.degree, most, goals, a, b, early
    )


def _by_rounds(
    arcs: Arcs, cost: IntArray, most: int, goals: NDArray[np.int32], a: int, b: int, early: bool
) -> tuple[IntArray, NDArray[np.int32]] | None:
    """The same, all places that were bettered by the round before at once; None when patience wears off on it."""
    concepts, starts = arcs.concepts, arcs.back_starts
    is_open = (concepts != b) & ((arcs.degree[concepts] <= most) | (concepts == a))
    is_end = concepts == a
    costs = np.full(arcs.num, _FAR_COST, dtype=np.int64)
    steps = np.full(arcs.num, FAR, dtype=np.int32)
    costs[goals] = steps[goals] = 0
    ring: NDArray[Any] = goals
    while len(ring):
        if arcs.patience <= 0:
            return None
        ring = ring[~is_end[ring]]
        owner, there = spread(starts, arcs.back_sources, ring)
        _, arc = spread(starts, arcs.back, ring)
        arcs.patience -= _PER_STEP + len(there) // _PER_ARC
        total, count = costs[ring][owner] + cost[arc], steps[ring][owner] + 1
        is_better = (total < costs[there]) | ((total == costs[there]) & (count < steps[there]))
        is_better &= is_open[there]
        if early:
            is_better &= total <= costs[is_end].min(initial=_FAR_COST)
        there, total, count = there[is_better], total[is_better], count[is_better]
        order = np.lexsort((count, total, there))
        there, total, count = there[order], total[order], count[order]
        best = np.ones(len(there), dtype=bool)
        best[1:] = there[1:] != there[:-1]
        ring = there[best]
        costs[ring], steps[ring] = total[best], count[best]
    return costs, steps


def best_way(
    arcs: Arcs,
    costs: Sequence[NDArray[Any]],
    asked: tuple[Any, ...],
    bound: tuple[int, int],
    budget: int,
    room: Sequence[NDArray[Any]],
) -> list[int]:
    """`path_kernels.best_way` over these arcs: `costs` are theirs and the rest's, `asked` what follows to `is_goal`."""
    search: Any = path_kernels.best_way
    arrays: tuple[NDArray[Any], ...] = (arcs.starts, arcs.targets, arcs.ranks, arcs.concepts, *costs)
    if not _is_compiled(arcs, search):
        # a memoryview gives Python integers three times as fast as an array
        read, written = [array.data for array in arrays], [array.data for array in room]
        *_, looked = room[0].tolist()
        found: list[int] = search.interpreted(*read, *asked, *bound, budget, _MOST, *written).tolist()
        _, *least, now = room[0].tolist()
        arcs.patience -= now - looked
        if found or least[0] < 0 or tuple(least) > bound:
            return found
        if search.compiled is search.python:
            return search.interpreted(*read, *asked, *bound, budget, FAR, *written).tolist()  # type: ignore[no-any-return]
    return search(*arrays, *asked, *bound, budget, FAR, *room).tolist()  # type: ignore[no-any-return]
