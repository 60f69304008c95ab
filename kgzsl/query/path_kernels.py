"""The compiled searches behind `kgzsl.query.paths`: how far the end is, and the best way on from a place.

Places are numbered, each stands for a concept (`concepts`); costs are whole numbers, so that sums are exact and do not
depend on their order. Of two ways the one of lower cost is better, then that of fewer arcs, then the first by its
concepts, then by the ranks of its arcs.
"""

from __future__ import annotations

from heapq import heappop, heappush
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kgzsl.graph.compiled import kernel

__all__ = ["FAR", "best_way", "costs_back", "steps_back"]

FAR = 2**30
"""The number of steps that stands for: cannot be reached."""

_Ints = NDArray[np.int32]
_Places = NDArray[np.int64]
_Key = tuple[int, int, int, int]


@kernel
def _key(cost: int, steps: int, length: int, item: int) -> _Key:
    """What a heap holds: numbers of one type."""
    return np.int64(cost), np.int64(steps), np.int64(length), np.int64(item)  # type: ignore[return-value]


@kernel
def steps_back(
    starts: _Places,
    sources: _Ints,
    concepts: _Ints,
    degree: _Ints,
    most: int,
    goals: _Ints,
    a: int,
    b: int,
    limit: int,
    early: bool,
) -> _Ints:
    """Fewest arcs from each place to one of `goals`, up to `limit`; FAR where there is no way.

    Arcs are given by their targets. No way leads through concept a or b, nor through others of more than `most`
    edges. With `early` the search ends where a is reached.
    """
    num = len(starts) - 1
    steps, queue = np.empty(num, dtype=np.int32), np.empty(num, dtype=np.int32)
    for place in range(num):  # `np.full` takes numba three times as long to compile, `np.zeros` four times
        steps[place] = 1073741824
    first, last = 0, 0
    for goal in goals:
        steps[goal] = 0
        queue[last] = goal
        last += 1
    while first < last:
        here = queue[first]
        first += 1
        if concepts[here] == a:
            if early:
                break
            continue
        if steps[here] >= limit:
            break
        for arc in range(starts[here], starts[here + 1]):
            there = sources[arc]
            concept = concepts[there]
            if steps[there] < 1073741824 or concept == b or (degree[concept] > most and concept != a):
                continue
            steps[there] = steps[here] + 1
            queue[last] = there
            last += 1
    return steps


@kernel
def costs_back(
    starts: _Places,
    sources: _Ints,
    back: _Places,
    cost: _Places,
    concepts: _Ints,
    degree: _Ints,
    most: int,
    goals: _Ints,
    a: int,
    b: int,
    early: bool,
) -> tuple[_Places, _Ints]:
    """Least cost from each place to one of `goals`, and the fewest arcs at that cost; as `steps_back` otherwise.

    With `early`, what costs no less than the way from a may be given too high.
    """
    num = len(starts) - 1
    costs = np.full(num, 4611686018427387904, dtype=np.int64)
    steps = np.full(num, 1073741824, dtype=np.int32)
    done = np.zeros(num, dtype=np.uint8)
    heap = [_key(0, 0, 0, goal) for goal in goals]
    for goal in goals:
        costs[goal] = 0
        steps[goal] = 0
    while heap:
        own, count, _, here = heappop(heap)
        if done[here]:
            continue
        done[here] = 1
        if concepts[here] == a:
            if early:
                break
            continue
        for place in range(starts[here], starts[here + 1]):
            there = sources[place]
            concept = concepts[there]
            if done[there] or concept == b or (degree[concept] > most and concept != a):
                continue
            total = own + cost[back[place]]
            if total < costs[there] or (total == costs[there] and count + 1 < steps[there]):
                costs[there] = total
                steps[there] = count + 1
                heappush(heap, _key(total, count + 1, 0, there))
    return costs, steps


# A label is a way from the start to a place: a row of cost, arcs, next label of the place, whether it was dropped,
# label and arc before it, place.


@kernel
def _precedes(p: int, arc_p: int, q: int, arc_q: int, labels: _Places, concepts: _Ints, ranks: _Ints) -> bool:
    """Whether the way of label p and then arc_p comes before that of q and arc_q, of as many arcs to one concept."""
    order = np.int64(0)
    rank = np.int64(ranks[arc_p]) - np.int64(ranks[arc_q])
    while p != q:
        here, there = concepts[labels[p, 6]], concepts[labels[q, 6]]
        if here != there:
            order = np.int64(here) - np.int64(there)
        mine, other = ranks[labels[p, 5]], ranks[labels[q, 5]]
        if mine != other:
            rank = np.int64(mine) - np.int64(other)
        p = labels[p, 4]
        q = labels[q, 4]
    return bool(order < 0 or (order == 0 and rank < 0))


@kernel
def _is_new(
    total: int,
    length: int,
    parent: int,
    arc: int,
    limited: bool,
    label: int,
    labels: _Places,
    concepts: _Ints,
    ranks: _Ints,
) -> bool:
    """Whether a way needs a label of its own, given those of its place, from `label` on; takes over or drops those.

    Without a limit of length one way to a place is enough; with one, a dearer way of fewer arcs is kept as well.
    """
    while label >= 0:
        if not labels[label, 3]:
            own, count = labels[label, 0], labels[label, 1]
            if own == total and count == length:
                if _precedes(parent, arc, labels[label, 4], labels[label, 5], labels, concepts, ranks):
                    labels[label, 4] = parent
                    labels[label, 5] = arc
                return False
            better = own < total or (own == total and count < length)
            if better and (not limited or count <= length):
                return False
            if not better and (not limited or length <= count):
                labels[label, 3] = 1
        label = labels[label, 2]
    return True


@kernel
def _expanded(
    label: int,
    count: int,
    starts: _Places,
    targets: _Ints,
    ranks: _Ints,
    concepts: _Ints,
    cost: _Places,
    rest_cost: _Places,
    rest_steps: _Ints,
    steps: _Ints,
    limit: int,
    shut: _Places,
    turn: int,
    turns: _Places,
    opened: _Places,
    settled: _Ints,
    bars: _Places,
    labels: _Places,
    heap: list[_Key],
) -> int:
    """Go on from a label by each arc; how many labels there are then."""
    own, length, here = labels[label, 0], labels[label, 1] + 1, labels[label, 6]
    for arc in range(starts[here], starts[here + 1]):
        there = targets[arc]
        is_out = bars[concepts[there]] == turn or length + steps[there] > limit or rest_steps[there] >= 1073741824
        if label == 0:
            for other in shut:
                is_out = is_out or other == arc
        if is_out:
            continue
        if turns[there] != turn:
            turns[there] = turn
            opened[there] = -1
            settled[there] = 1073741824
        total = own + cost[arc]
        if settled[there] <= length or not _is_new(
            total, length, label, arc, limit < 1073741824, opened[there], labels, concepts, ranks
        ):
            continue
        labels[count, 0], labels[count, 1], labels[count, 2], labels[count, 3] = total, length, opened[there], 0
        labels[count, 4], labels[count, 5], labels[count, 6] = label, arc, there
        opened[there] = count
        heappush(heap, _key(total + rest_cost[there], length + rest_steps[there], length, count))
        count += 1
    return count


@kernel
def best_way(
    starts: _Places,
    targets: _Ints,
    ranks: _Ints,
    concepts: _Ints,
    cost: _Places,
    rest_cost: _Places,
    rest_steps: _Ints,
    steps: _Ints,
    limit: int,
    start: int,
    barred: _Places,
    shut: _Places,
    is_goal: NDArray[np.uint8],
    bound_cost: int,
    bound_steps: int,
    budget: int,
    most: int,
    state: _Places,
    turns: _Places,
    opened: _Places,
    settled: _Ints,
    bars: _Places,
) -> _Places:
    """The best way from a place to a goal in at most `limit` arcs, as arcs; empty if there is none.

    It avoids the concepts `barred` and does not begin with an arc of `shut`. A* (Hart, Nilsson and Raphael 1968) on
    (cost, arcs), led by what the rest costs at least (`rest_cost`, then `rest_steps`) and takes at least (`steps`).
    It may pass a concept twice, at two places. Once `budget` ways were begun, the search may be left off where the
    best is worse than (`bound_cost`, `bound_steps`), and once `most` were, in any case: then `state[1:3]` are what it
    costs at least, else -1. To `state[3]` is added how many arcs were looked at. `state`, `turns`, `opened`, `settled`,
    `bars` are room to work in.
    """
    state[0] += 1
    turn = state[0]
    state[1] = -1
    for concept in barred:
        bars[concept] = turn
    labels = np.empty((64, 7), dtype=np.int64)
    labels[0, 0], labels[0, 1], labels[0, 2], labels[0, 3] = 0, 0, -1, 0
    labels[0, 4], labels[0, 5], labels[0, 6] = -1, -1, start
    zero: Any = np.int64(0)  # one type from the first pass on: callees are compiled once
    count, found = zero + 1, zero - 1
    best_cost, best_steps = zero, zero
    heap = [_key(0, 0, 0, 0)]
    while heap:
        least, fewest, length, label = heappop(heap)
        if found >= 0 and (least > best_cost or fewest > best_steps):
            break
        here = labels[label, 6]
        if labels[label, 3] or (label > 0 and settled[here] <= length):
            continue
        is_worse = least > bound_cost or (least == bound_cost and fewest > bound_steps)
        if found < 0 and (count > most or (count > budget and is_worse)):
            state[1], state[2] = least, fewest
            break
        if is_goal[here]:
            if found < 0 or _precedes(
                labels[label, 4], labels[label, 5], labels[found, 4], labels[found, 5], labels, concepts, ranks
            ):
                found = label
            best_cost, best_steps = least, fewest
            continue
        if label > 0:
            settled[here] = length if limit < 1073741824 else -1
        needed = count + starts[here + 1] - starts[here]
        state[3] += needed - count
        if needed > len(labels):
            wider = np.empty((2 * needed, 7), dtype=np.int64)
            for row in range(count):  # `wider[:count] = labels[:count]` takes numba seconds to compile
                for column in range(7):
                    wider[row, column] = labels[row, column]
            labels = wider
        count = _expanded(
            label,
            count,
            starts,
            targets,
            ranks,
            concepts,
            cost,
            rest_cost,
            rest_steps,
            steps,
            limit,
            shut,
            turn,
            turns,
            opened,
            settled,
            bars,
            labels,
            heap,
        )
    way = np.empty(labels[found, 1] if found >= 0 else 0, dtype=np.int64)
    for place in range(len(way) - 1, -1, -1):
        way[place] = labels[found, 5]
        found = labels[found, 4]
    return way
