"""The searches, step by step as NetworkX makes them, so that the answer and its order are the same.

Neighbours are compressed rows: those of node v are `targets[starts[v]:starts[v + 1]]`, in NetworkX's order; one that
several edges lead to may stand several times. Work arrays are given by the caller, `[num_nodes]`, zeros where said.
"""

from typing import Any

import numpy as np

from kgzsl.graph.compiled import kernel

__all__ = ["is_acyclic", "lowest_below", "meeting", "spread"]


@kernel
def _level(starts: Any, targets: Any, mine: Any, theirs: Any, queue: Any, first: int, last: int) -> tuple[int, int]:
    """One step on from `queue[first:last]`: the new end of the queue, and the first node that both know, or -1."""
    end = last
    for place in range(first, last):
        here = queue[place]
        for at in range(starts[here], starts[here + 1]):
            there = targets[at]
            if mine[there] == 0:
                mine[there] = here + 1
                queue[end] = there
                end += 1
            if theirs[there] != 0:
                return end, int(there)
    return end, -1


@kernel
def _joined(before: Any, after: Any, met: int) -> Any:
    """The way from where `before` began, by `met`, to where `after` began."""
    middle, here = 0, met
    while here >= 0:
        middle += 1
        here = before[here] - 1
    length, here = middle - 1, met
    while here >= 0:
        length += 1
        here = after[here] - 1
    route = np.empty(length, dtype=np.int64)
    here = met
    for place in range(middle - 1, -1, -1):
        route[place] = here
        here = before[here] - 1
    here = met
    for place in range(middle - 1, length):
        route[place] = here
        here = after[here] - 1
    return route


@kernel
def meeting(
    starts: Any,
    targets: Any,
    back_starts: Any,
    back_targets: Any,
    source: int,
    target: int,
    before: Any,
    after: Any,
    front: Any,
    rear: Any,
) -> Any:
    """Positions from `source` to `target`, another node, where two breadth-first searches meet; empty if they do not.

    `before` and `after` (zeros) are zeros again afterwards. Meanwhile they hold whence each node was reached, as
    position + 1, and -1 where a search began.
    """
    before[source], after[target] = -1, -1
    front[0], rear[0] = source, target
    front_first, front_last, rear_first, rear_last = 0, 1, 0, 1
    met = -1
    while met < 0 and front_first < front_last and rear_first < rear_last:
        if front_last - front_first <= rear_last - rear_first:
            level = front_last
            front_last, met = _level(starts, targets, before, after, front, front_first, front_last)
            front_first = level
        else:
            level = rear_last
            rear_last, met = _level(back_starts, back_targets, after, before, rear, rear_first, rear_last)
            rear_first = level
    route = _joined(before, after, met) if met >= 0 else np.empty(0, dtype=np.int64)
    for place in range(front_last):
        before[front[place]] = 0
    for place in range(rear_last):
        after[rear[place]] = 0
    return route


@kernel
def spread(
    starts: Any, targets: Any, limit: int, most: int, first: int, last: int, queue: Any, steps: Any, came: Any
) -> tuple[int, int]:
    """Breadth first on from `queue[first:last]` until the queue holds `most`: its new bounds, the same at the end.

    `steps` (zeros) counts from 1, where the search began; none is walked further than `limit` steps. `came[i]` is
    whence `queue[i]` was reached.
    """
    while first < last < most:
        here = queue[first]
        if steps[here] > limit:
            return last, last
        first += 1
        for at in range(starts[here], starts[here + 1]):
            there = targets[at]
            if steps[there] == 0:
                steps[there] = steps[here] + 1
                queue[last] = there
                came[last] = here
                last += 1
    return first, last


@kernel
def is_acyclic(starts: Any, targets: Any, waiting: Any, queue: Any) -> bool:
    """Whether no way leads back to where it began; `waiting` (zeros) is room to count in."""
    num_nodes = len(starts) - 1
    for at in range(len(targets)):
        waiting[targets[at]] += 1
    last = 0
    for node in range(num_nodes):
        if waiting[node] == 0:
            queue[last] = node
            last += 1
    first = 0
    while first < last:
        here = queue[first]
        first += 1
        for at in range(starts[here], starts[here + 1]):
            there = targets[at]
            waiting[there] -= 1
            if waiting[there] == 0:
                queue[last] = there
                last += 1
    return last == num_nodes


@kernel
def lowest_below(starts: Any, targets: Any, common: Any, start: int) -> int:
    """Down from `start`, to the first neighbour in `common` each time, as far as it goes; without cycles it ends."""
    here = start
    deeper = True
    while deeper:
        deeper = False
        for at in range(starts[here], starts[here + 1]):
            if common[targets[at]]:
                here = targets[at]
                deeper = True
                break
    return int(here)
