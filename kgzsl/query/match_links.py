"""Which concepts a pattern's relation links: from one, from many, or whether from one to another."""

from __future__ import annotations

from bisect import bisect_left
from functools import cached_property
from typing import TYPE_CHECKING, Protocol
from weakref import WeakKeyDictionary

import numpy as np

from kgzsl.graph.closure import expand
from kgzsl.query.following import reached
from kgzsl.query.pattern_automaton import Automaton, Transition, automaton_of, neighbors_of
from kgzsl.query.pattern_tree import Inverse, Pattern, Step

if TYPE_CHECKING:
    from kgzsl.graph.index import GraphIndex, IntArray, Neighbors

__all__ = ["EdgeSide", "Link", "Side", "WalkSide", "edge_link", "edge_side", "link_of"]

_KEPT = 2_000_000
"""Ends of walks that one side may remember."""

_SIDES: WeakKeyDictionary[GraphIndex, dict[tuple[object, ...], EdgeSide]] = WeakKeyDictionary()

_STEPS: WeakKeyDictionary[GraphIndex, dict[Step, Link]] = WeakKeyDictionary()


class Side(Protocol):
    """A link read in one direction. Everything it gives is ascending and without repeats."""

    @property
    def num_sources(self) -> int:
        """How many `sources` there are."""

    @property
    def fan(self) -> float:
        """About how many concepts it leads to from one."""

    @property
    def sources(self) -> IntArray:
        """Concepts that it may lead from: no others do."""

    def of(self, source: int) -> list[int]:
        """Concepts that it leads to from one."""

    def count(self, source: int) -> int:
        """At most how many those are, without looking at them."""

    def holds(self, source: int, target: int) -> bool:
        """Whether it leads from one concept to another."""

    def image(self, sources: IntArray) -> IntArray:
        """Concepts that it leads to from any of several."""


class Link:
    """What stands between the two ends of a pattern: `sides[0]` from subject to object, `sides[1]` back."""

    def __init__(self, ahead: Side, back: Side) -> None:
        self.sides = (ahead, back)


class EdgeSide:
    """Edges of some relations, walked one way."""

    def __init__(self, neighbors: Neighbors, *, single: bool) -> None:
        self.neighbors = neighbors
        self._single = single  # one relation: no neighbour stands twice
        self._starts = neighbors.indptr.data
        self._targets = neighbors.indices.data

    @cached_property
    def sources(self) -> IntArray:
        """Concepts that have such an edge."""
        return np.flatnonzero(np.diff(self.neighbors.indptr))

    @cached_property
    def num_sources(self) -> int:
        """How many concepts have such an edge."""
        return len(self.sources)

    @cached_property
    def fan(self) -> float:
        """Edges of one such concept on average."""
        return len(self.neighbors.indices) / max(len(self.sources), 1)

    def of(self, source: int) -> list[int]:
        """Neighbours of one concept."""
        found = self._targets[self._starts[source] : self._starts[source + 1]].tolist()
        return found if self._single else list(dict.fromkeys(found))

    def count(self, source: int) -> int:
        """Edges of one concept."""
        return self._starts[source + 1] - self._starts[source]

    def holds(self, source: int, target: int) -> bool:
        """Whether there is such an edge."""
        end = self._starts[source + 1]
        place = bisect_left(self._targets, target, self._starts[source], end)
        return place < end and self._targets[place] == target

    def image(self, sources: IntArray) -> IntArray:
        """Neighbours of any of several concepts."""
        return np.unique(expand(self.neighbors, sources)[1])


class WalkSide:
    """Walks that fit a pattern, from where they start to where they end."""

    def __init__(self, index: GraphIndex, automaton: Automaton) -> None:
        self.index = index
        self.automaton = automaton
        self._kept: dict[int, tuple[list[int], frozenset[int]]] = {}
        self._num_kept = 0

    @cached_property
    def sources(self) -> IntArray:
        """Concepts at which such a walk may begin: each if a walk of no edges fits, else those with a first edge."""
        if 0 in self.automaton.accepting:
            return np.arange(self.index.num_concepts)
        has = np.zeros(self.index.num_concepts, dtype=bool)
        for way in self.automaton.transitions[0]:
            has |= np.diff(neighbors_of(self.index, way).indptr) > 0
        return np.flatnonzero(has)

    @property
    def num_sources(self) -> int:
        """How many `sources` there are."""
        return len(self.sources)

    @property
    def fan(self) -> float:
        """A guess that makes walks come after edges: how far they lead is seen only by walking."""
        return 16.0

    def _found(self, source: int) -> tuple[list[int], frozenset[int]]:
        if source not in self._kept:
            places = sorted(reached(self.index, self.automaton, [source])[0])
            self._num_kept += len(places) + 1
            if self._num_kept > _KEPT:
                self._kept.clear()
                self._num_kept = len(places) + 1
            self._kept[source] = places, frozenset(places)
        return self._kept[source]

    def of(self, source: int) -> list[int]:
        """Where the walks from one concept end."""
        return self._found(source)[0]

    def count(self, source: int) -> int:
        """How many those are, if they have been looked at before; else as many as there may be."""
        found = self._kept.get(source)
        return self.index.num_concepts if found is None else len(found[0])

    def holds(self, source: int, target: int) -> bool:
        """Whether such a walk leads from one concept to another."""
        return target in self._found(source)[1]

    def image(self, sources: IntArray) -> IntArray:
        """Where walks from any of several concepts end."""
        places = reached(self.index, self.automaton, sources.tolist())[0]
        return np.sort(np.array(places, dtype=np.int64))


def link_of(index: GraphIndex, pattern: Pattern) -> Link:
    """What a pattern of relations links: edges if it is one step, which is kept for the next query, else walks."""
    steps = _STEPS.setdefault(index, {})
    if pattern in steps:
        return steps[pattern]
    sides: list[Side] = []
    for turned in (pattern, Inverse(pattern)):
        automaton = automaton_of(turned, index)
        ways = automaton.transitions[0]
        is_step = len(ways) == 1 and automaton.accepting == {1} and automaton.transitions[1:] == ((),)
        sides.append(edge_side(index, ways[0]) if is_step else WalkSide(index, automaton))
    link = Link(*sides)
    if isinstance(pattern, Step):
        steps[pattern] = link
    return link


def edge_side(index: GraphIndex, way: Transition) -> EdgeSide:
    """Edges of some relations, one way; made once for a graph."""
    known = _SIDES.setdefault(index, {})
    key = (way.forward, way.codes)
    if key not in known:
        known[key] = EdgeSide(neighbors_of(index, way), single=len(way.codes) == 1)
    return known[key]


def edge_link(index: GraphIndex, codes: tuple[int, ...]) -> Link:
    """Edges of these relations, from head to tail."""
    return Link(*(edge_side(index, Transition(1, forward, codes)) for forward in (True, False)))
