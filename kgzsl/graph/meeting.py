"""The compiled search for a shortest way: two breadth-first searches that meet."""

from __future__ import annotations

from typing import Any

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
    degrees: _Ints,
    sizes: _Ints,
    arcs: _Ints,
    most: int,
    b: int,
    first: int,
    last: int,
    base: int,
    mark: int,
    marks: _Ints,
    queues: _Ints,
) -> tuple[int, int, int]:
    """One step from a: end of the queue, arcs from its new part, and where the searches met or -1."""
    end, size = last, 0
    for place in range(first, last):
        here = queues[0, place]
        for step in range(starts[here], starts[here + 1]):
            there = targets[step]
            if marks[there, 0] >= base or (degrees[step] > most and there != b):
                continue
            marks[there, 0] = mark
            marks[there, 2] = arcs[step]
            if marks[there, 1] >= base:
                return end, size, there
            queues[0, end] = there
            end += 1
            size += sizes[step]
    return end, size, -1


@kernel
def _back(
    starts: _Places,
    sources: _Ints,
    degrees: _Ints,
    sizes: _Ints,
    most: int,
    a: int,
    first: int,
    last: int,
    base: int,
    mark: int,
    marks: _Ints,
    queues: _Ints,
) -> tuple[int, int, bool]:
    """One step back from b: end of the queue, arcs to its new part, and whether the searches met."""
    end, size, met = last, 0, False
    for place in range(first, last):
        here = queues[1, place]
        for step in range(starts[here], starts[here + 1]):
            there = sources[step]
            if marks[there, 1] >= base or (degrees[step] > most and there != a):
                continue
            marks[there, 1] = mark
            queues[1, end] = there
            end += 1
            size += sizes[step]
            met = met or marks[there, 0] >= base
    return end, size, met


@kernel
def _written(
    all_starts: _Places,
    all_targets: _Ints,
    sources: _Ints,
    starts: _Places,
    targets: _Ints,
    arcs: _Ints,
    b: int,
    met: int,
    base: int,
    marks: _Ints,
    queues: _Ints,
) -> int:
    """Write the arcs of the best way through where the searches met to `queues[0]`; their number."""
    before = marks[met, 0] - base
    after = marks[met, 1] - base
    here = met
    for place in range(before):
        arc = marks[here, 2]
        queues[0, before - 1 - place] = arc
        here = sources[arc]
    here = met
    for place in range(after):
        wanted = base + after - 1 - place
        step = starts[here]
        while step < starts[here + 1] and marks[targets[step], 1] != wanted:
            step += 1
        if step < starts[here + 1]:
            arc = arcs[step]
        else:  # b is a dead end, and not among the inner targets
            arc = all_starts[here]
            while all_targets[arc] != b:
                arc += 1
        queues[0, before + place] = arc
        here = all_targets[arc]
    return int(before + after)


@kernel
def meet(
    all_starts: _Places,
    all_targets: _Ints,
    sources: _Ints,
    starts: _Places,
    targets: _Ints,
    degrees: _Ints,
    sizes: _Ints,
    arcs: _Ints,
    back_starts: _Places,
    back_sources: _Ints,
    back_degrees: _Ints,
    back_sizes: _Ints,
    degree: _Ints,
    most: int,
    a: int,
    b: int,
    state: _Places,
    marks: _Ints,
    queues: _Ints,
) -> int:
    """The shortest way from a to b that is first by its concepts, then by its arcs.

    Its arcs are written to `queues[0]`, its length is returned, -1 if there is none. The search goes along inner arcs,
    those that do not lead to a dead end: `degrees` are the numbers of edges that touch the target of each
    (`back_degrees`: the source), `sizes` how many inner arcs go on from there, `arcs` its place among all arcs. What
    more than `most` edges touch is not passed through. `marks[v, side]` is `state[0]` + 1 + steps where v was reached
    in this search, and smaller where it was in an earlier one, so that nothing has to be wiped between searches;
    `marks[v, 2]` is the arc that reached v from a.
    """
    # From a, concepts are reached in the order of their best ways, so the first arc to reach one ends its best way,
    # and the first concept that both searches reach is on the best of all.
    if state[0] > 2147483647 - 2 * marks.shape[0] - 4:  # marks are int32
        marks[:] = 0
        state[0] = 0
    base = state[0] + 1
    marks[a, 0], marks[b, 1] = base, base
    queues[0, 0], queues[1, 0] = a, b
    zero: Any = np.int64(0)  # one type from the first pass on: callees are compiled once
    first_a, last_a, depth_a, size_a = zero, zero + 1, zero, starts[a + 1] - starts[a]
    first_b, last_b, depth_b, size_b = zero, zero + 1, zero, back_starts[b + 1] - back_starts[b]
    # A dead end is not found from the other side, only what is next to it: those that are one take the first steps.
    if degree[a] == 1:
        size_a = -1
    if degree[b] == 1:
        size_b = -1
    met = zero - 1
    while met < 0 and first_a < last_a and first_b < last_b:
        if size_a <= size_b:
            depth_a += 1
            end, size_a, met = _ahead(
                starts, targets, degrees, sizes, arcs, most, b, first_a, last_a, base, base + depth_a, marks, queues
            )
            first_a, last_a = last_a, end
            continue
        depth_b += 1
        end, size_b, touched = _back(
            back_starts, back_sources, back_degrees, back_sizes, most, a, first_b, last_b, base, base + depth_b, marks,
            queues,
        )  # fmt: skip
        first_b, last_b = last_b, end
        if touched:
            while marks[queues[0, first_a], 1] < base:
                first_a += 1
            met = queues[0, first_a]
    state[0] = base + depth_a + depth_b
    if met < 0:
        return -1
    return _written(all_starts, all_targets, sources, starts, targets, arcs, b, met, base, marks, queues)
