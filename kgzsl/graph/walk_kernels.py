"""Breadth-first walks from one concept or a few: compiled, for those who ask often.

`work` is room to write in, int64 `[5, num_concepts + 1]`, kept between calls. Row 0 marks what a walk has seen with the
walk's own number, of which the last one stands at the end of the row, so that nothing is wiped between two walks.
Rows 1 and 2 take what is found and at how many steps, row 3 steps of several walks together, row 4 what any walk found.
"""

from __future__ import annotations

from typing import Any

from kgzsl.graph.compiled import kernel

__all__ = ["above_all", "is_reached", "lowest", "walk"]


@kernel
def walk(indptr: Any, indices: Any, work: Any, start: int, limit: int) -> int:
    """How many are reached from `start` in at most `limit` steps (-1: any number), `start` included.

    `work[1]` has them, nearest first, then by position; `work[2]` the steps. Negative, if among them are some that no
    walk in this room has found before: whoever keeps something for each of them has to make it.
    """
    seen, places, steps = work[0], work[1], work[2]
    mark = seen[-1] + 1
    seen[-1] = mark
    seen[start] = mark
    places[0] = start
    steps[0] = 0
    count, first, depth = 1, 0, 0
    while first < count and depth != limit:
        depth += 1
        last = count
        in_order = True
        for at in range(first, last):
            for edge in range(indptr[places[at]], indptr[places[at] + 1]):
                other = indices[edge]
                if seen[other] != mark:
                    seen[other] = mark
                    if count > last and other < places[count - 1]:
                        in_order = False
                    places[count] = other
                    steps[count] = depth
                    count += 1
        if not in_order:
            places[last:count].sort()
        first = last
    known, fresh = work[4], False
    for at in range(count):
        if known[places[at]] == 0:
            known[places[at]] = 1
            fresh = True
    return -count if fresh else count


@kernel
def above_all(indptr: Any, indices: Any, work: Any, num_starts: int) -> int:
    """How many are reached from every one of the starts, distinct ones that stand at the end of `work[2]`.

    `work[1]` has them in no order, `work[3]`, at their own positions, the steps from all starts together.
    """
    seen, places, steps, total = work[0], work[1], work[2], work[3]
    size = len(seen) - 1
    base = seen[-1]  # numbers up to base + turn: seen by all walks up to this turn; later ones: by this walk only
    seen[-1] = base + 2 * num_starts
    count = 0
    for turn in range(num_starts):
        start = steps[size - turn]
        count, first, depth = 1, 0, 0
        places[0] = start
        before, every, alone = base + turn, base + turn + 1, base + num_starts + turn
        if turn == 0 or seen[start] == before:
            total[start] = 0 if turn == 0 else total[start]
            seen[start] = every
        else:
            seen[start] = alone
        while first < count:
            depth += 1
            last = count
            for at in range(first, last):
                for edge in range(indptr[places[at]], indptr[places[at] + 1]):
                    other = indices[edge]
                    found = seen[other]
                    if found in (every, alone):
                        continue
                    if turn == 0:
                        total[other] = depth
                        seen[other] = every
                    elif found == before:
                        total[other] += depth
                        seen[other] = every
                    else:
                        seen[other] = alone
                    places[count] = other
                    count += 1
            first = last
    kept = 0
    for at in range(count):
        if seen[places[at]] == base + num_starts:
            places[kept] = places[at]
            kept += 1
    return kept


@kernel
def lowest(indptr: Any, indices: Any, depth: Any, component: Any, work: Any, num_starts: int) -> int:
    """How many of those above all starts have none of the others below them; `work[1]` has them in no order.

    The deepest is one of them, and covers what is above it; so is the deepest of the rest, until none is left. Those
    of its component are above and below it, and all stay.
    """
    seen, places, queue = work[0], work[1], work[2]
    count = above_all(indptr, indices, work, num_starts)
    common = seen[-1] - num_starts
    covered = seen[-1]
    seen[-1] = covered + 1
    found = 0
    while True:
        best = -1
        left = found
        for at in range(found, count):  # places up to `found` are answers, from `left` on there is nothing
            place = places[at]
            if seen[place] != common:
                continue
            places[left] = place
            left += 1
            if best < 0 or depth[place] > depth[best]:
                best = place
        count = left
        if best < 0:
            return found
        for at in range(found, count):
            place = places[at]
            if component[place] == component[best]:
                places[at] = places[found]
                places[found] = place
                found += 1
        size, first = 1, 0
        queue[0] = best
        seen[best] = covered
        while first < size:
            for edge in range(indptr[queue[first]], indptr[queue[first] + 1]):
                other = indices[edge]
                if seen[other] != covered:
                    seen[other] = covered
                    queue[size] = other
                    size += 1
            first += 1


@kernel
def is_reached(indptr: Any, indices: Any, work: Any, start: int, wanted: int) -> bool:
    """Whether a way leads from `start` to `wanted`; none is needed where they are the same."""
    seen, places = work[0], work[1]
    mark = seen[-1] + 1
    seen[-1] = mark
    seen[start] = mark
    places[0] = start
    count, first = 1, 0
    while first < count and seen[wanted] != mark:
        for edge in range(indptr[places[first]], indptr[places[first] + 1]):
            other = indices[edge]
            if seen[other] != mark:
                seen[other] = mark
                places[count] = other
                count += 1
        first += 1
    return bool(seen[wanted] == mark)
