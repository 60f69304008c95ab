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

import numpy as np

from kgzsl.errors import ResourceLimitError
from kgzsl.graph.closure import expand
from kgzsl.graph.concept import Concept
from kgzsl.graph.concepts import Concepts
from kgzsl.query.pattern_automaton import Automaton, automaton_of, neighbors_of
from kgzsl.query.pattern_syntax import parse_pattern

if TYPE_CHECKING:
    from kgzsl.graph.index import GraphIndex, IntArray, Neighbors
    from kgzsl.graph.knowledge_graph import KnowledgeGraph

__all__ = ["follow", "reached"]

MOST_PLACES = 2_000_000_000
"""Pairs of a concept and a state of the pattern that a search may keep apart, a byte each."""

_FEW = 48
"""Up to so many concepts are walked on one by one; more are worth the start of an array operation."""


def follow(graph: KnowledgeGraph, ids: Iterable[str] | str, pattern: str) -> Concepts:
    """Concepts that a pattern leads to from one concept or several, nearest first, then by id.

    `distances` are the fewest edges walked. See `KnowledgeGraph.follow`.
    """
    if isinstance(ids, str):
        starts = [graph.position(ids)]
    else:
        starts = graph.concept_columns.rows(ids, graph=graph.name).tolist()
    index = graph.index
    places, steps = reached(index, automaton_of(parse_pattern(pattern), index), starts)
    return Concepts((Concept(graph, place) for place in places), steps)


def reached(index: GraphIndex, automaton: Automaton, starts: Iterable[int]) -> tuple[list[int], list[int]]:
    """Positions where a walk from one of `starts` may end, and the fewest edges of one; by edges, then by position.

    Breadth first over (concept, state), each of them visited once: O(states * concepts + transitions * edges).
    """
    search = _Search(index, automaton)
    frontier: dict[int, list[int]] = {0: sorted(set(starts))}
    search.seen(0)
    for start in frontier[0]:
        search.visited[0][start] = 1
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
    """What has been visited: for each state that has been reached, a byte for each concept."""

    def __init__(self, index: GraphIndex, automaton: Automaton) -> None:
        self.index = index
        self.automaton = automaton
        self.visited: dict[int, bytearray] = {}
        self.ends = bytearray(index.num_concepts)
        self.moves: dict[int, list[tuple[Neighbors, int]]] = {}
        self._scratch: IntArray | None = None

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

    def newly_ended(self, frontier: dict[int, list[int]]) -> list[int]:
        """Positions of the frontier where a walk may end and none has yet, ascending; marks them."""
        found = [frontier[state] for state in frontier if state in self.automaton.accepting]
        ended: list[int] = []
        for positions in found:
            ended += self.new(positions, self.ends)
        ended.sort()
        return ended

    def next(self, frontier: dict[int, list[int]]) -> dict[int, list[int]]:
        """The concepts, by state, that one more edge leads to and that are visited for the first time."""
        following: dict[int, list[int]] = {}
        for state, positions in frontier.items():
            for neighbors, target in self.ways(state):
                found = self.neighbors(neighbors, positions, self.seen(target))
                if found:
                    following.setdefault(target, []).extend(found)
        return following

    def ways(self, state: int) -> list[tuple[Neighbors, int]]:
        if state not in self.moves:
            self.moves[state] = [
                (neighbors_of(self.index, way), way.target) for way in self.automaton.transitions[state]
            ]
        return self.moves[state]

    def neighbors(self, neighbors: Neighbors, positions: list[int], seen: bytearray) -> list[int]:
        """Neighbours that have not been seen, once each; marks them."""
        if len(positions) > _FEW:
            return self.unseen(expand(neighbors, np.array(positions))[1], seen)
        found = []
        for position in positions:
            others = neighbors.of(position)
            if len(others) > _FEW:
                found += self.new(others, seen)
                continue
            for other in others:
                if not seen[other]:
                    seen[other] = 1
                    found.append(other)
        return found

    def new(self, positions: list[int], seen: bytearray) -> list[int]:
        if len(positions) > _FEW:
            return self.unseen(np.array(positions), seen)
        found = []
        for position in positions:
            if not seen[position]:
                seen[position] = 1
                found.append(position)
        return found

    def unseen(self, positions: IntArray, seen: bytearray) -> list[int]:
        marks = np.frombuffer(seen, dtype=np.uint8)
        fresh = positions[marks[positions] == 0]
        if self._scratch is None:
            self._scratch = np.empty(self.index.num_concepts, dtype=np.int64)
        places = np.arange(len(fresh))
        self._scratch[fresh] = places  # the last of those that are equal stays; sorting would take most of the time
        fresh = fresh[self._scratch[fresh] == places]
        marks[fresh] = 1
        return fresh.tolist()  # type: ignore[no-any-return]
