"""The concepts of a graph, each made when it is first found."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from kgzsl.graph.concept import Concept
from kgzsl.graph.concepts import Concepts

if TYPE_CHECKING:
    from kgzsl.graph.knowledge_graph import KnowledgeGraph

__all__ = ["ConceptArray"]

_MOST_MADE = 300_000


class ConceptArray:
    """Concepts by position: a second answer that has one shares it, and many are taken at a time."""

    def __init__(self, graph: KnowledgeGraph) -> None:
        self.is_full = False
        self._graph = graph
        self._made: list[Concept | None] = [None] * len(graph)
        self._alone: list[Concepts | None] = [None] * len(graph)
        self._array: Any = np.empty(len(graph), dtype=object)  # the same, to take many at a time

    def at(self, positions: Iterable[int]) -> list[Concept]:
        """The concepts at these positions."""
        made = self._made
        return [made[position] or self._make(position) for position in positions]

    def _make(self, position: int) -> Concept:
        concept = self._made[position] = self._array[position] = Concept(self._graph, position)
        return concept

    def make_all(self) -> None:
        """Make every concept of a graph that is not very large: once many are asked for, none is met unprepared."""
        self.is_full = True
        if len(self._made) <= _MOST_MADE:
            for position, made in enumerate(self._made):
                if made is None:
                    self._make(position)

    def taken(self, positions: Any) -> list[Concept]:
        """The concepts at an array of positions, all of which have been found before."""
        return self._array.take(positions).tolist()  # type: ignore[no-any-return]

    def alone(self, position: int) -> Concepts:
        """An answer of one concept."""
        found = self._alone[position]
        if found is None:
            found = self._alone[position] = self.answer(self.at([position]))
        return found

    @staticmethod
    def answer(concepts: Sequence[Concept], distances: Sequence[int] | None = None) -> Concepts:
        """`Concepts(concepts, distances)` in half the time."""
        made = tuple.__new__(Concepts, concepts)
        made._distances = None if distances is None else tuple(distances)
        return made
