"""Rows of a planned query, one at a time, in the order of their columns."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from kgzsl.query.match_links import Side, edge_side
from kgzsl.query.match_planning import Bound, Level, Plan
from kgzsl.query.pattern_automaton import Transition

if TYPE_CHECKING:
    from kgzsl.graph.index import GraphIndex, IntArray

__all__ = ["Candidates", "Rows", "candidates_of", "edge_codes", "joined"]

Candidates = Callable[[Sequence[int]], Sequence[int]]
"""What a variable may be, ascending, given the values before it."""

Rows = Callable[..., Iterator[tuple[int, ...]]]
_Check = Callable[[Sequence[int], int], bool]


def joined(index: GraphIndex, plan: Plan) -> Rows:
    """A function that gives the values of all variables, given ones first, for which everything holds.

    Ascending, the first variable first. Depth first with a stack of its own: as many levels as there are variables.
    """
    levels = [(candidates_of(index, level), level.tests) for level in plan.levels]
    num_given, last = plan.num_given, len(levels) - 1

    def rows(given: Sequence[int] = ()) -> Iterator[tuple[int, ...]]:
        row = [*given, *(0 for _ in levels)]
        if plan.is_empty or not all(test(row) for test in plan.tests):
            return
        if not levels:
            yield tuple(row)
            return
        (final, final_tests), final_slot = levels[last], num_given + last
        stack = [iter(levels[0][0](row))] if last else [iter((0,))]
        while stack:
            depth = len(stack) - 1
            slot, tests = num_given + depth, levels[depth][1]
            is_last_but_one = depth >= last - 1
            for value in stack[-1]:
                if last:
                    row[slot] = value
                    if tests and not all(test(row) for test in tests):
                        continue
                if not is_last_but_one:
                    stack.append(iter(levels[depth + 1][0](row)))
                    break
                before = tuple(row[:final_slot])
                for end in final(row):
                    row[final_slot] = end
                    if not final_tests or all(test(row) for test in final_tests):
                        yield (*before, end)
            else:
                stack.pop()

    return rows


def candidates_of(index: GraphIndex, level: Level) -> Candidates:
    """The rule that gives a variable its values: the shortest list at hand, checked by all other patterns."""
    if level.is_relation:
        return _relations(index, level)
    checks = [_check(index, bound) for bound in level.bound]
    loops = [_loop(index, loop) for loop in level.loops]
    if not level.bound:
        return _unbound(index, level, loops)
    domain = None if level.domain is None else level.domain.tolist()
    inside = None if level.domain is None else _mask(level.domain, index.num_concepts)
    sides = [_side_of(index, bound) for bound in level.bound]
    starts = [bound.known for bound in level.bound]

    def found(row: Sequence[int]) -> Sequence[int]:
        best, shortest = 0, sides[0](row).count(starts[0](row))
        for place in range(1, len(sides)):
            count = sides[place](row).count(starts[place](row))
            if count < shortest:
                best, shortest = place, count
        if domain is not None and len(domain) < shortest:
            values, others = domain, checks
        else:
            values, others = sides[best](row).of(starts[best](row)), [*checks[:best], *checks[best + 1 :]]
            if inside is not None:
                values = [value for value in values if inside[value]]
        return _passing(values, [*others, *loops], row)

    if len(sides) == 1 and not loops and level.bound[0].codes is None:
        return _bound_once(level.bound[0], domain, inside)
    return found


def _bound_once(bound: Bound, domain: list[int] | None, inside: bytes | None) -> Candidates:
    """Values of a variable that one pattern binds, and nothing else checks."""
    side, slot = bound.side, bound.known.slot
    if domain is None or inside is None:
        return lambda row: side.of(row[slot])

    def found(row: Sequence[int]) -> Sequence[int]:
        start = row[slot]
        if side.count(start) > len(domain):
            return [value for value in domain if side.holds(start, value)]
        return [value for value in side.of(start) if inside[value]]

    return found


def _unbound(index: GraphIndex, level: Level, loops: Sequence[_Check]) -> Candidates:
    """Values of a variable that no earlier one binds: the same for every row, or those that a later one links to it."""
    kept: Sequence[int] | None = None
    met: dict[int, list[int]] = {}
    first = level.ahead[0][0].known if level.ahead else None

    def fixed() -> IntArray:
        if level.domain is not None:
            return level.domain
        smallest = min(level.starts, key=lambda side: side.num_sources, default=None)
        return np.arange(index.num_concepts) if smallest is None else smallest.sources

    def found(row: Sequence[int]) -> Sequence[int]:
        nonlocal kept
        if first is None:
            if kept is None:
                values = np.ascontiguousarray(fixed(), dtype=np.int64)
                kept = _passing(values.tolist(), loops, row) if loops else values.data  # a view is read as it is walked
            return kept
        start = first(row)
        if start not in met:
            met.clear()  # the one before: rows come in order
            values = np.array([start], dtype=np.int64)
            for place, (bound, domain) in enumerate(level.ahead):
                if place and domain is not None:
                    values = np.intersect1d(values, domain, assume_unique=True)
                values = bound.side.image(values)
            values = np.intersect1d(values, fixed(), assume_unique=True)
            met[start] = _passing(values.tolist(), loops, row)
        return met[start]

    return found


def _passing(values: list[int], checks: Sequence[_Check], row: Sequence[int]) -> list[int]:
    for check in checks:
        values = [value for value in values if check(row, value)]
    return values


def _mask(domain: IntArray, size: int) -> bytes:
    inside = np.zeros(size, dtype=bool)
    inside[domain] = True
    return inside.tobytes()


def _side_of(index: GraphIndex, bound: Bound) -> Callable[[Sequence[int]], Side]:
    """The side to read, which depends on the row where the relation varies."""
    if bound.codes is None:
        side = bound.side
        return lambda row: side
    slot, forward = bound.codes, bound.forward
    return lambda row: edge_side(index, Transition(1, forward, (row[slot],)))


def _check(index: GraphIndex, bound: Bound) -> _Check:
    """Whether a value fits a pattern whose other end is known."""
    side_of, known, side = _side_of(index, bound), bound.known, bound.side
    if bound.codes is None:
        return lambda row, value: side.holds(known(row), value)
    return lambda row, value: side_of(row).holds(known(row), value)


def _loop(index: GraphIndex, bound: Bound) -> _Check:
    """Whether a value fits a pattern at both ends."""
    side_of = _side_of(index, bound)
    return lambda row, value: side_of(row).holds(value, value)


def _relations(index: GraphIndex, level: Level) -> Candidates:
    ends = level.ends

    def found(row: Sequence[int]) -> Sequence[int]:
        lists = [
            edge_codes(index, None if head is None else head(row), None if tail is None else tail(row))
            for head, tail in ends
        ]
        kept = lists[0]
        for other in lists[1:]:
            kept = [code for code in kept if code in other]
        return kept

    return found


def edge_codes(index: GraphIndex, head: int | None, tail: int | None) -> list[int]:
    """Relations that have an edge between these ends, ascending; None for any end."""
    if head is None and tail is None:
        return list(range(len(index.relations)))
    every = Transition(1, head is not None, tuple(range(len(index.relations))))
    if not every.codes:
        return []
    neighbors = edge_side(index, every).neighbors
    start = head if head is not None else tail
    assert start is not None
    low, high = neighbors.indptr[start], neighbors.indptr[start + 1]
    rows = neighbors.rows[low:high]
    if head is not None and tail is not None:
        rows = rows[neighbors.indices[low:high] == tail]
    return sorted(set(index.relation[rows].tolist()))
