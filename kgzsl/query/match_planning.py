"""How a query is answered: which concepts each variable can be at all, and what binds it, variable by variable.

Rows are made in the order of the columns, so the plan has nothing to say there. What it does is to narrow: a pattern
with an id, or a rare relation, leaves a variable few values; these are carried over the other patterns, smallest
first, before the first row is looked for (semi-joins: Yannakakis 1981). Then each variable takes its values from the
shortest list that the values before it allow, and the other patterns check them (a generic join: Ngo, Ré, Rudra 2014).
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from kgzsl.query.match_links import Link, Side

if TYPE_CHECKING:
    from kgzsl.graph.index import IntArray
    from kgzsl.query.match_filters import Test

__all__ = ["Bound", "End", "Known", "Level", "Plan", "Relates", "known_end", "narrowed", "planned_levels"]

_WORTH = 2.0
"""How many times fewer values a semi-join must promise to be made."""

_FARTHEST = 4
_MOST_LOOKED_AT = 64

End = str | int
"""A variable's name, or the position of a concept."""


@dataclass(frozen=True, slots=True)
class Relates:
    """A pattern with its names looked up; `variable` stands for the relation, or is "" ."""

    subject: End
    link: Link
    object: End
    variable: str = ""


@dataclass(frozen=True, slots=True)
class Known:
    """A value that is known when it is needed: that of a slot of the row, or a fixed position."""

    slot: int
    position: int = -1

    def __call__(self, row: Sequence[int]) -> int:
        return self.position if self.slot < 0 else row[self.slot]


@dataclass(frozen=True, slots=True)
class Bound:
    """A pattern read from a known end. `codes` is the slot of its relation, where that varies."""

    side: Side
    known: Known
    codes: int | None = None
    forward: bool = True


@dataclass(slots=True)
class Level:
    """What a variable may be, given the values of those before it."""

    name: str
    is_relation: bool = False
    domain: IntArray | None = None
    bound: list[Bound] = field(default_factory=list)
    loops: list[Bound] = field(default_factory=list)
    ends: list[tuple[Known | None, Known | None]] = field(default_factory=list)
    ahead: list[tuple[Bound, IntArray | None]] = field(default_factory=list)
    starts: list[Side] = field(default_factory=list)
    tests: list[Test] = field(default_factory=list)


@dataclass(slots=True)
class Plan:
    """Levels in the order of the columns, behind the slots of values that are given from outside."""

    names: tuple[str, ...]
    num_given: int
    levels: list[Level]
    tests: list[Test] = field(default_factory=list)
    is_empty: bool = False


def narrowed(patterns: Sequence[Relates], domains: dict[str, IntArray], given: set[str]) -> None:
    """Carry the values left to a variable over the patterns to its neighbours, where that leaves them fewer.

    Afterwards `domains` may leave a variable values that no row has, but none that a row has is missing.
    """
    incident: dict[str, list[tuple[Side, Side, str]]] = {}
    for one in patterns:
        if isinstance(one.subject, str) and isinstance(one.object, str) and one.subject != one.object:
            if {one.subject, one.object} & given:
                continue
            ahead, back = one.link.sides
            incident.setdefault(one.subject, []).append((ahead, back, one.object))
            incident.setdefault(one.object, []).append((back, ahead, one.subject))

    def size(name: str) -> int:
        if name in domains:
            return len(domains[name])
        return min(side.num_sources for side, _, _ in incident[name])

    waiting = [(size(name), place, name) for place, name in enumerate(incident)]
    heapq.heapify(waiting)
    sizes = {name: count for count, _, name in waiting}
    places = {name: place for _, place, name in waiting}
    budget = 4 * len(patterns) + 16
    while waiting and budget:
        count, _, name = heapq.heappop(waiting)
        if count > sizes[name]:
            continue
        for side, _, other in incident[name]:
            if count * max(side.fan, 1.0) * _WORTH >= sizes[other]:
                continue
            if name not in domains:
                domains[name] = min((one[0] for one in incident[name]), key=lambda one: one.num_sources).sources
            found = side.image(domains[name])
            if other in domains:
                found = np.intersect1d(found, domains[other], assume_unique=True)
            budget -= 1
            if other not in domains or len(found) < len(domains[other]):
                domains[other] = found
                sizes[other] = len(found)
                heapq.heappush(waiting, (len(found), places[other], other))


def planned_levels(
    names: Sequence[str],
    num_given: int,
    patterns: Sequence[Relates],
    domains: Mapping[str, IntArray],
    relations: set[str],
) -> list[Level]:
    """A level for each variable that is not given; each pattern stands where the last of its variables is bound."""
    slots = {name: slot for slot, name in enumerate(names)}
    levels = [Level(name, name in relations, domains.get(name)) for name in names[num_given:]]
    for one in patterns:
        _bind(one, slots, levels, num_given)
    _look_ahead(names, num_given, levels, patterns, slots, domains)
    return levels


def known_end(end: End, slots: Mapping[str, int]) -> Known:
    """Where the value of an end is found."""
    return Known(slots[end]) if isinstance(end, str) else Known(-1, end)


def _bind(one: Relates, slots: Mapping[str, int], levels: list[Level], num_given: int) -> None:
    """Note a pattern at the level of its relation, and at the later of its two ends."""
    ends = known_end(one.subject, slots), known_end(one.object, slots)
    varies = slots.get(one.variable)
    if varies is not None and varies >= num_given:
        before = [end if end.slot < varies else None for end in ends]
        levels[varies - num_given].ends.append((before[0], before[1]))
    later, earlier = (1, 0) if ends[1].slot >= ends[0].slot else (0, 1)
    last = ends[later].slot
    codes = varies if varies is not None and varies < last else None
    if last < num_given:
        return
    level = levels[last - num_given]
    bound = Bound(one.link.sides[earlier], ends[earlier], codes, forward=earlier == 0)
    level.starts.append(one.link.sides[later])
    if 0 <= ends[earlier].slot < last:
        level.bound.append(bound)
        if ends[earlier].slot >= num_given:
            levels[ends[earlier].slot - num_given].starts.append(one.link.sides[earlier])
    elif ends[earlier].slot == last:
        level.loops.append(bound)
    elif codes is not None:  # without, the domain says it all
        level.bound.append(bound)


def _look_ahead(
    names: Sequence[str],
    num_given: int,
    levels: list[Level],
    patterns: Sequence[Relates],
    slots: Mapping[str, int],
    domains: Mapping[str, IntArray],
) -> None:
    """For a variable that no earlier one binds directly, but a later one would: the way over it."""
    incident: dict[int, list[tuple[Side, int]]] = {}
    for one in patterns:
        if isinstance(one.subject, str) and isinstance(one.object, str) and one.subject != one.object:
            ahead, back = one.link.sides
            incident.setdefault(slots[one.subject], []).append((back, slots[one.object]))
            incident.setdefault(slots[one.object], []).append((ahead, slots[one.subject]))
    for slot, level in enumerate(levels, start=num_given):
        if not level.bound and not level.is_relation:
            way = _way_back(slot, incident)
            level.ahead = [(Bound(side, Known(reached)), domains.get(names[reached])) for side, reached in way]


def _way_back(slot: int, incident: Mapping[int, list[tuple[Side, int]]]) -> list[tuple[Side, int]]:
    """Sides and slots from an earlier variable over later ones to this one; empty if there is no short way."""
    came: dict[int, tuple[Side, int] | None] = {slot: None}
    frontier = [slot]
    for _ in range(_FARTHEST):
        following = []
        for here in frontier:
            for side, there in incident.get(here, ()):
                if there in came:
                    continue
                came[there] = (side, here)
                if there < slot:
                    return list(_unwound(there, came))
                following.append(there)
                if len(came) > _MOST_LOOKED_AT:
                    return []
        frontier = following
    return []


def _unwound(slot: int, came: Mapping[int, tuple[Side, int] | None]) -> Iterator[tuple[Side, int]]:
    step = came[slot]
    while step is not None:
        side, following = step
        yield side, slot
        slot = following
        step = came[slot]
