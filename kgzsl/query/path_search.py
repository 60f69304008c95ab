"""The best ways between two concepts, one after the other: the searches that `kgzsl.query.paths` asks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from heapq import heappop, heappush
from math import fsum
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from kgzsl.errors import ResourceLimitError
from kgzsl.query import path_running
from kgzsl.query.path_costs import whole_costs
from kgzsl.query.path_kernels import FAR

if TYPE_CHECKING:
    from kgzsl.graph.index import IntArray
    from kgzsl.graph.routing import Arcs

__all__ = ["MOST_WALKS", "Search", "Way"]

MOST_WALKS = 20_000
"""Ways that pass a concept twice which may be met in a row before the next one that does not: see `Search.ways`."""

_FEW = 8  # arcs that are looked at one by one
_BUDGET = 256  # ways that a search may begin before it is compared with what the other parts promise

_Key = tuple[int, int, tuple[int, ...], tuple[int, ...]]


@dataclass(frozen=True, slots=True)
class Way:
    """Arcs in a row; `concepts` those they pass, both ends among them, `units` what they cost in whole units."""

    arcs: tuple[int, ...]
    concepts: tuple[int, ...]
    ranks: tuple[int, ...]
    units: int

    @property
    def key(self) -> _Key:
        """What ways are ordered by: cost, number of arcs, concepts, relations."""
        return self.units, len(self.arcs), self.concepts, self.ranks


@dataclass(frozen=True, eq=False)
class Search:
    """The ways from one place to others that stand for concept `b`, in at most `limit` arcs.

    `costs` None counts arcs. Concepts of more than `most` edges are not passed through.
    """

    arcs: Arcs
    start: int
    b: int
    goals: tuple[int, ...]
    costs: NDArray[np.float64] | None = None
    limit: int = FAR
    most: int = FAR

    @property
    def a(self) -> int:
        """The concept that the ways start from."""
        return int(self.arcs.concepts[self.start])

    @cached_property
    def units(self) -> IntArray:
        """What each arc costs, as a whole number."""
        return self.arcs.no_costs if self.costs is None else whole_costs(self.costs, self.arcs.num)

    @cached_property
    def _goals(self) -> NDArray[np.int32]:
        return np.array(self.goals, dtype=np.int32)

    @cached_property
    def _room(self) -> tuple[Any, ...]:
        """What the compiled search works in."""
        num = self.arcs.num
        marks = np.zeros(num, dtype=np.int64), np.empty(num, dtype=np.int64), np.empty(num, dtype=np.int32)
        return np.zeros(4, dtype=np.int64), *marks, np.zeros(num, dtype=np.int64)

    def _steps(self, *, early: bool) -> NDArray[np.int32]:
        arcs = self.arcs
        ask = self.most, self._goals, self.a, self.b, self.limit, early
        return path_running.steps_back(arcs, arcs.back_starts, arcs.back_sources, *ask)

    def _rest(self, *, early: bool) -> tuple[IntArray, NDArray[np.int32]]:
        """Least cost to a goal, and the fewest arcs at that cost, from each place."""
        arcs = self.arcs
        if self.costs is None:
            return arcs.no_rest, self._steps(early=early)
        return path_running.costs_back(arcs, self.units, self.most, self._goals, self.a, self.b, early)

    def within(self) -> NDArray[np.bool_] | None:
        """Whether each arc may be on a way of at most `limit` arcs; None if there is no limit."""
        if self.limit >= FAR:
            return None
        arcs = self.arcs
        ahead = self._steps(early=False)
        starts = np.array([self.start], dtype=np.int32)
        ask = self.most, starts, self.b, self.a, self.limit, False
        behind = path_running.steps_back(arcs, arcs.starts, arcs.targets, *ask)
        inside: NDArray[np.bool_] = behind[arcs.sources].astype(np.int64) + ahead[arcs.targets] < self.limit
        return inside

    def way(self, arcs: tuple[int, ...]) -> Way:
        """A way along arcs from the start."""
        chosen = list(arcs)
        concepts = self.arcs.concepts[self.arcs.targets[chosen]].tolist() if arcs else []
        ranks = self.arcs.ranks[chosen].tolist() if arcs else []
        units = sum(self.units[chosen].tolist()) if arcs else 0
        return Way(arcs, (self.a, *concepts), tuple(ranks), units)

    def cost(self, way: Way) -> float | None:
        """What a way costs; None if arcs are counted."""
        return None if self.costs is None else fsum(self.costs[list(way.arcs)].tolist())

    # -- all that are best -----------------------------------------------------------------------------------

    def shortest(self, *, most: int | None = None) -> list[Way]:
        """All ways of the least cost and, at that, the fewest arcs, by concepts and relations; with `most`, no more.

        For graphs whose places are concepts. `ResourceLimitError` with their number if there are more than `most`.
        """
        cost, steps = self._rest(early=True)
        if steps[self.start] > min(self.limit, FAR - 1):
            return []
        onward: dict[int, list[int]] = {}
        layers = [[self.start]]
        while layers[-1] != [self.b]:
            for here in layers[-1]:
                onward[here] = self._tight(here, cost, steps)
            layers.append(sorted({int(self.arcs.targets[arc]) for here in layers[-1] for arc in onward[here]}))
        if most is not None:
            number = {self.b: 1}
            for here in (here for layer in reversed(layers[:-1]) for here in layer):
                number[here] = sum(number[int(self.arcs.targets[arc])] for arc in onward[here])
            if number[self.start] > most:
                raise ResourceLimitError(
                    f"there are {number[self.start]:,} shortest paths, and limit={most:,}; raise limit=, "
                    "take fewer relations, or ask for the first ones with paths(k=)"
                )
        return sorted(map(self.way, self._along(onward)), key=lambda way: way.key)

    def first(self) -> Way | None:
        """The best way, for graphs whose places are concepts and searches without a limit."""
        cost, steps = self._rest(early=True)
        if steps[self.start] >= FAR:
            return None
        here, found = self.start, []
        while here != self.b:
            found.append(self._tight(here, cost, steps)[0])
            here = int(self.arcs.targets[found[-1]])
        return self.way(tuple(found))

    def _tight(self, here: int, cost: IntArray, steps: NDArray[np.int32]) -> list[int]:
        """Arcs from a place that best ways take, in order."""
        arcs = self.arcs
        first, last = int(arcs.starts[here]), int(arcs.starts[here + 1])
        targets = arcs.targets[first:last]
        tight = steps[targets] == steps[here] - 1
        if self.costs is not None:
            tight &= cost[targets] + self.units[first:last] == cost[here]
        found: list[int] = (first + np.flatnonzero(tight)).tolist()
        return found

    def _along(self, onward: dict[int, list[int]]) -> Iterator[tuple[int, ...]]:
        """Every row of arcs from the start to the end."""
        taken: list[int] = []
        waiting = [iter(onward[self.start])]
        while waiting:
            arc = next(waiting[-1], None)
            if arc is None:
                waiting.pop()
                del taken[-1:]
                continue
            there = int(self.arcs.targets[arc])
            if there == self.b:
                yield (*taken, arc)
            else:
                taken.append(arc)
                waiting.append(iter(onward[there]))

    # -- one after the other ---------------------------------------------------------------------------------

    def ways(self) -> Iterator[Way]:
        """Ways that pass no concept twice, the best first.

        Yen's algorithm (1971, "Finding the K shortest loopless paths in a network") on arcs, so that parallel edges
        are ways of their own, with Lawler's rule (1972): what is left after a way was found is cut into parts by
        the first arc that differs, and each part is searched for its best. In a product with an automaton the best
        of a part may pass a concept twice, at different states. It is then not given, but cut as any other, up to
        the repetition; `ResourceLimitError` if `MOST_WALKS` of these come in a row.
        """
        cost, rest = self._rest(early=False)
        steps = rest if self.costs is None else self._steps(early=False) if self.limit < FAR else self.arcs.no_steps
        if rest[self.start] >= FAR or steps[self.start] > self.limit:
            return
        is_goal = np.zeros(self.arcs.num, dtype=np.uint8)
        is_goal[list(self.goals)] = 1
        heap = [_Part((0, 0, (), ()), (), frozenset(), _BUDGET)]
        in_a_row = 0
        while heap:
            part = heappop(heap)
            if part.budget:
                bound = max(part.key[:2], heap[0].key[:2]) if heap else (FAR**2, FAR)
                found = self._searched(part, bound, cost, rest, steps, is_goal)
                if found is not None:
                    heappush(heap, found)
                continue
            (units, _, concepts, ranks), arcs = part.key, part.arcs
            last = _first_repeat(concepts)
            if last == len(arcs):
                in_a_row = 0
                yield Way(arcs, concepts, ranks, units)
            else:
                in_a_row += 1
                if in_a_row > MOST_WALKS:
                    raise ResourceLimitError(
                        f"{MOST_WALKS:,} ways in a row fit the pattern but pass a concept twice; make the pattern "
                        "more exact, or lower max_length= or max_degree="
                    )
            for place, here in enumerate(self._places(arcs[:last])):
                if place >= part.differs:
                    shut = frozenset((arcs[place],)) | (part.shut if place == part.differs else frozenset())
                    if self._goes_on(here, concepts[: place + 1], shut):
                        heappush(heap, _Part((units, len(arcs), (), ()), arcs[:place], shut, _BUDGET))

    def _places(self, arcs: tuple[int, ...]) -> list[int]:
        """Where each arc of a way from the start comes from."""
        return self.arcs.sources[list(arcs)].tolist() if arcs else []

    def _goes_on(self, here: int, passed: tuple[int, ...], shut: frozenset[int]) -> bool:
        """Whether a place may have an arc on; where there are few it is looked at, to spare a search."""
        first, last = int(self.arcs.starts[here]), int(self.arcs.starts[here + 1])
        if last - first > _FEW:
            return True
        ahead = self.arcs.concepts[self.arcs.targets[first:last]].tolist()
        return any(arc not in shut and to not in passed for arc, to in zip(range(first, last), ahead, strict=True))

    def _searched(
        self,
        part: _Part,
        bound: tuple[int, int],
        cost: IntArray,
        rest: NDArray[np.int32],
        steps: NDArray[np.int32],
        is_goal: NDArray[np.uint8],
    ) -> _Part | None:
        """A part of the ways with its best one; or with a better idea of what that costs, or None if it has none."""
        arcs, prefix, own = self.arcs, list(part.arcs), len(part.arcs)
        targets = arcs.targets[prefix]
        places = np.concatenate([np.array([self.start]), targets])
        spent = int(self.units[prefix].sum())
        found = path_running.best_way(
            arcs,
            (self.units, cost, rest, steps),
            (
                self.limit - own if self.limit < FAR else FAR,
                int(places[-1]),
                arcs.concepts[places].astype(np.int64),
                np.array(sorted(part.shut), dtype=np.int64),
                is_goal,
            ),
            (bound[0] - spent, bound[1] - own),
            part.budget,
            self._room,
        )
        if found:
            way = (*part.arcs, *found)
            return _Part(self.way(way).key, way, part.shut, 0, own)
        state = self._room[0]
        if state[1] < 0:
            return None
        return _Part((spent + int(state[1]), own + int(state[2]), (), ()), part.arcs, part.shut, 4 * part.budget)


@dataclass(frozen=True, slots=True, order=True)
class _Part:
    """Ways that begin with `arcs` and go on by none of `shut`; of which nothing is better than `key`.

    Where its best way was found, `budget` is 0, `key` and `arcs` are those of that way, the first `differs` of which
    all ways of the part begin with. Otherwise `budget` is how many ways the next search for it may begin.
    """

    key: _Key
    arcs: tuple[int, ...]
    shut: frozenset[int] = field(compare=False)
    budget: int = field(compare=False)
    differs: int = field(compare=False, default=0)


def _first_repeat(concepts: tuple[int, ...]) -> int:
    """How many arcs lead on before one leads to a concept that was passed."""
    if len(set(concepts)) == len(concepts):
        return len(concepts) - 1
    seen: set[int] = set()
    for place, concept in enumerate(concepts):
        if concept in seen:
            return place
        seen.add(concept)
    return len(concepts) - 1
