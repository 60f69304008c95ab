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


class ConceptArray:
    """Concepts by position: a second answer that has one shares it, and many are taken at a time."""

    def __init__(self, graph: KnowledgeGraph) -> None:
        self._graph = graph
        self._made: Any = np.empty(len(graph), dtype=object)

    def at(self, positions: Iterable[int]) -> list[Concept]:
        """The concepts at these positions."""
        made, graph, found = self._made, self._graph, []
        for position in positions:
            concept = made[position]
            if concept is None:
                concept = made[position] = Concept(graph, position)
            found.append(concept)
        return found

    def taken(self, positions: Any) -> list[Concept]:
        """The concepts at an array of positions, all of which have been found before."""
        return self._made.take(positions).tolist()  # type: ignore[no-any-return]

    @staticmethod
    def answer(concepts: Sequence[Concept], distances: Sequence[int] | None = None) -> Concepts:
        """`Concepts(concepts, distances)` in half the time."""
        made = tuple.__new__(Concepts, concepts)
        made.distances = None if distances is None else tuple(distances)
        return made
