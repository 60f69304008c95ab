"""Which concepts a pattern of relations leads to: SPARQL 1.1's property paths over a graph.

The operators are listed in `kgzsl.query.pattern_syntax`. The edges are those of the graph as it states them, one RDF
triple each; nothing is walked that is not stated. A symmetric relation is walked from head to tail as any other
(`antonym|^antonym` goes both ways; `kg.entail` states the other direction). `.` and `!` range over every relation of
the graph, negative ones and annotations among them.

As in SPARQL, answers are a set: a concept is there if at least one walk that fits leads to it, and a pattern that
fits the walk of no edges leads from each concept to itself. Walks may pass a concept again and again. Beyond SPARQL,
each answer has the fewest edges with which it is reached.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from kgzsl.errors import ResourceLimitError
from kgzsl.graph.closure import expand
from kgzsl.query.pattern_automaton import Automaton, automaton_of, neighbors_of
from kgzsl.query.pattern_syntax import parse_pattern

if TYPE_CHECKING:
    from kgzsl.graph.concepts import Concepts
    from kgzsl.graph.index import GraphIndex, IntArray, Neighbors
    from kgzsl.graph.knowledge_graph import KnowledgeGraph

__all__ = ["follow", "reached"]

MOST_PLACES = 2_000_000_000
"""Pairs of a concept and a state of the pattern that a search may keep apart, a byte each."""

_FEW = 48
"""Up to so many concepts are walked on one by one; more are worth the start of an array operation."""

_MOST_KEPT = 256
"""Automata kept for one graph."""

_AUTOMATA: WeakKeyDictionary[GraphIndex, dict[str, Automaton]] = WeakKeyDictionary()

_Places = list[int] | NDArray[np.int64]


def follow(graph: KnowledgeGraph, ids: Iterable[str] | str, pattern: str) -> Concepts:
    """Concepts that a pattern leads to from one concept or several, nearest first, then by id.

    `distances` are the fewest edges walked. See `KnowledgeGraph.follow`.
    """
    if isinstance(ids, str):
        starts = [graph.position(ids)]
    else:
        starts = graph.concept_columns.rows(ids, graph=graph.name).tolist()
    places, steps = reached(graph.index, _automaton(graph.index, pattern), starts)
    concepts = graph.concept_array  # the second answer that has a concept shares it
    return concepts.answer(concepts.at(places), steps)


def _automaton(index: GraphIndex, pattern: str) -> Automaton:
    """The automaton of a pattern, kept as long as the graph is."""
    kept = _AUTOMATA.setdefault(index, {})
    found = kept.get(pattern) if isinstance(pattern, str) else None
    if found is None:
        found = automaton_of(parse_pattern(pattern), index)
        if len(kept) >= _MOST_KEPT:
            kept.clear()
        kept[pattern] = found
    return found


def reached(index: GraphIndex, automaton: Automaton, starts: Iterable[int]) -> tuple[list[int], list[int]]:
    """Positions where a walk from one of `starts` may end, and the fewest edges of one; by edges, then by position.

    Breadth first over (concept, state), each of them visited once: O(states * concepts + transitions * edges).
    """
    search = _Search(index, automaton)
    frontier = search.begun(sorted({int(start) for start in starts}))
    places: list[int] = []
    steps: list[int] = []
    distance = 0
    while frontier:
        ended = search.newly_ended(frontier)
        places += ended
        steps += [distance] * len(ended)
        distance += 1
        frontier = search.next(frontier)
    return places, steps


class _Search:
    """What has been visited: for each state that has been reached, a byte for each concept.

    Few places are a list and walked on one by one, many are an array and walked on together.
    """

    def __init__(self, index: GraphIndex, automaton: Automaton) -> None:
        self.index = index
        self.automaton = automaton
        self.visited: dict[int, bytearray] = {}
        self.ended = bytearray(index.num_concepts)
        self.ways: dict[int, list[tuple[Neighbors, int, bytearray]]] = {}
        self.scratch: IntArray | None = None

    def seen(self, state: int) -> bytearray:
        """Which concepts have been visited in a state."""
        if state not in self.visited:
            if (len(self.visited) + 2) * self.index.num_concepts > MOST_PLACES:
                raise ResourceLimitError(
                    f"the pattern has {self.automaton.num_states:,} states over {self.index.num_concepts:,} concepts, "
                    f"and over {MOST_PLACES:,} places to keep apart; repeat fewer times, or use '+' or '*'"
                )
            self.visited[state] = bytearray(self.index.num_concepts)
        return self.visited[state]

    def begun(self, starts: list[int]) -> dict[int, _Places]:
        """The frontier of a search that has walked no edge."""
        seen = self.seen(0)
        for start in starts:
            seen[start] = 1
        return {0: _held(starts)} if starts else {}

    def newly_ended(self, frontier: dict[int, _Places]) -> list[int]:
        """Positions of the frontier where a walk may end and none has yet, ascending; marks them."""
        ended: list[int] = []
        for state, places in frontier.items():
            if state not in self.automaton.accepting:
                continue
            if isinstance(places, list):
                for place in places:
                    if not self.ended[place]:
                        self.ended[place] = 1
                        ended.append(place)
            else:
                ended += self.fresh(places, self.ended).tolist()
        ended.sort()
        return ended

    def next(self, frontier: dict[int, _Places]) -> dict[int, _Places]:
        """The concepts, by state, that one more edge leads to and that are visited for the first time."""
        few: dict[int, list[int]] = {}
        many: dict[int, list[IntArray]] = {}
        for state, places in frontier.items():
            for neighbors, target, seen in self.ways.get(state) or self.leaving(state):
                if not isinstance(places, list):
                    many.setdefault(target, []).append(self.fresh(expand(neighbors, places)[1], seen))
                    continue
                found = few.setdefault(target, [])
                for place in places:
                    for other in neighbors.of(place):
                        if not seen[other]:
                            seen[other] = 1
                            found.append(other)
        following = {target: _held(found) for target, found in few.items() if found}
        for target, arrays in many.items():
            rest = [np.asarray(following[target])] if target in following else []
            together = np.concatenate(arrays + rest)
            if len(together):
                following[target] = together if len(together) > _FEW else together.tolist()
        return following

    def leaving(self, state: int) -> list[tuple[Neighbors, int, bytearray]]:
        """Where the transitions out of a state lead, and what has been visited there."""
        ways = [
            (neighbors_of(self.index, way), way.target, self.seen(way.target))
            for way in self.automaton.transitions[state]
        ]
        self.ways[state] = ways
        return ways

    def fresh(self, places: IntArray, seen: bytearray) -> IntArray:
        """Places that have not been seen, once each; marks them."""
        marks = np.frombuffer(seen, dtype=np.uint8)
        unseen: IntArray = places[marks[places] == 0]
        if self.scratch is None:
            self.scratch = np.empty(self.index.num_concepts, dtype=np.int64)
        order = np.arange(len(unseen))
        self.scratch[unseen] = order  # of those that are equal the last stays; sorting would take most of the time
        once: IntArray = unseen[self.scratch[unseen] == order]
        marks[once] = 1
        return once


def _held(places: list[int]) -> _Places:
    return places if len(places) <= _FEW else np.array(places, dtype=np.int64)
