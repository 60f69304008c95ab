"""Breadth-first walks from one concept or a few: compiled, for those who ask often.

`packed` is what `Neighbors.packed` is: `indptr`, of one more than there are concepts, and `indices` behind it.
`work` is room to write in, int64 `[5, num_concepts + 1]`, kept between calls. Row 0 marks what a walk has seen with the
walk's own number, of which the last one stands at the end of the row, so that nothing is wiped between two walks.
Rows 1 and 2 take what is found and at how many steps, row 3 the steps of several walks together, row 4 what was ever
found by `walk`.
"""

from __future__ import annotations

from typing import Any

from kgzsl.graph.compiled import kernel

__all__ = ["above_all", "is_reached", "walk"]


@kernel
def walk(packed: Any, work: Any, start: int, limit: int) -> int:
    """How many are reached from `start` in at most `limit` steps (-1: any number), `start` included.

    `work[1]` has them, nearest first, then by position; `work[2]` the steps; `work[3]` how many within each number of
    steps, up to three, or to the limit. Negative, if among them are some that no
    walk in this room has found before: whoever keeps something for each of them has to make it.
    """
    indptr, indices = packed[: work.shape[1]], packed[work.shape[1] :]
    seen, places, steps, within = work[0], work[1], work[2], work[3]
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
        within[depth] = count
    while depth < 3 and depth < limit and depth < len(within) - 1:
        depth += 1
        within[depth] = count
    known, fresh = work[4], False
    for at in range(count):
        if known[places[at]] == 0:
            known[places[at]] = 1
            fresh = True
    return -count if fresh else count


@kernel
def above_all(packed: Any, work: Any, num_starts: int) -> int:
    """How many are reached from every one of the starts, distinct ones that stand at the end of `work[2]`.

    `work[1]` has them in no order, `work[3]`, at their own positions, the steps from all starts together.
    """
    indptr, indices = packed[: work.shape[1]], packed[work.shape[1] :]
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
def is_reached(packed: Any, work: Any, start: int, wanted: int) -> bool:
    """Whether a way leads from `start` to `wanted`; none is needed where they are the same."""
    indptr, indices = packed[: work.shape[1]], packed[work.shape[1] :]
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
