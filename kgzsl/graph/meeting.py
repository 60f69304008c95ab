"""The compiled search for a shortest way: two breadth-first searches that meet."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from kgzsl.graph.compiled import kernel

__all__ = ["meet"]

_Ints = NDArray[np.int32]
_Places = NDArray[np.int64]


@kernel
def _ahead(
    starts: _Places,
    targets: _Ints,
    degree: _Ints,
    most: int,
    b: int,
    first: int,
    last: int,
    base: int,
    mark: int,
    marks: _Ints,
    via: _Ints,
    queues: _Ints,
) -> tuple[int, int, int]:
    """One step from a: end of the queue, edges at its new part, and where the searches met or -1."""
    end, edges = last, 0
    for place in range(first, last):
        here = queues[0, place]
        for arc in range(starts[here], starts[here + 1]):
            there = targets[arc]
            if marks[0, there] >= base or (degree[there] > most and there != b):
                continue
            marks[0, there] = mark
            via[there] = arc
            if marks[1, there] >= base:
                return end, edges, there
            queues[0, end] = there
            end += 1
            edges += starts[there + 1] - starts[there]
    return end, edges, -1


@kernel
def _back(
    starts: _Places,
    sources: _Ints,
    degree: _Ints,
    most: int,
    a: int,
    first: int,
    last: int,
    base: int,
    mark: int,
    marks: _Ints,
    queues: _Ints,
) -> tuple[int, int, bool]:
    """One step back from b: end of the queue, edges at its new part, and whether the searches met."""
    end, edges, met = last, 0, False
    for place in range(first, last):
        here = queues[1, place]
        for arc in range(starts[here], starts[here + 1]):
            there = sources[arc]
            if marks[1, there] >= base or (degree[there] > most and there != a):
                continue
            marks[1, there] = mark
            queues[1, end] = there
            end += 1
            edges += starts[there + 1] - starts[there]
            met = met or marks[0, there] >= base
    return end, edges, met


@kernel
def _written(
    starts: _Places, targets: _Ints, sources: _Ints, met: int, base: int, marks: _Ints, via: _Ints, queues: _Ints
) -> int:
    """Write the arcs of the best way through where the searches met to `queues[0]`; their number."""
    before = marks[0, met] - base
    after = marks[1, met] - base
    here = met
    for step in range(before):
        arc = via[here]
        queues[0, before - 1 - step] = arc
        here = sources[arc]
    here = met
    for step in range(after):
        first = starts[here]
        while marks[1, targets[first]] != base + after - 1 - step:
            first += 1
        queues[0, before + step] = first
        here = targets[first]
    return int(before + after)


@kernel
def meet(
    starts: _Places,
    targets: _Ints,
    back_starts: _Places,
    back_sources: _Ints,
    sources: _Ints,
    degree: _Ints,
    most: int,
    a: int,
    b: int,
    state: _Places,
    marks: _Ints,
    via: _Ints,
    queues: _Ints,
) -> int:
    """The shortest way from a to b that is first by its concepts, then by its arcs.

    Its arcs are written to `queues[0]`, its length is returned, -1 if there is none. Nothing of more than `most`
    edges is passed through. `marks[side, v]` is `state[0]` + 1 + steps where v was reached in this search, and
    smaller where it was in an earlier one, so that nothing has to be wiped between searches.
    """
    # From a, concepts are reached in the order of their best ways, so the first arc to reach one ends its best way,
    # and the first concept that both searches reach is on the best of all.
    if state[0] > 2147483647 - 2 * marks.shape[1] - 4:  # marks are int32
        marks[:] = 0
        state[0] = 0
    base = state[0] + 1
    marks[0, a], marks[1, b] = base, base
    queues[0, 0], queues[1, 0] = a, b
    first_a, last_a, depth_a, edges_a = 0, 1, 0, starts[a + 1] - starts[a]
    first_b, last_b, depth_b, edges_b = 0, 1, 0, back_starts[b + 1] - back_starts[b]
    met = -1
    while met < 0 and first_a < last_a and first_b < last_b:
        if edges_a <= edges_b:
            depth_a += 1
            end, edges_a, met = _ahead(
                starts, targets, degree, most, b, first_a, last_a, base, base + depth_a, marks, via, queues
            )
            first_a, last_a = last_a, end
            continue
        depth_b += 1
        end, edges_b, touched = _back(
            back_starts, back_sources, degree, most, a, first_b, last_b, base, base + depth_b, marks, queues
        )
        first_b, last_b = last_b, end
        if touched:
            while marks[1, queues[0, first_a]] < base:
                first_a += 1
            met = queues[0, first_a]
    state[0] = base + depth_a + depth_b
    return _written(starts, targets, sources, met, base, marks, via, queues) if met >= 0 else -1
