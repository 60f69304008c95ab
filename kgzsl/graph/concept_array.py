"""The concepts of a graph, each made when it is first found."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Hashable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from kgzsl.graph import closure
from kgzsl.graph.concept import Concept
from kgzsl.graph.concepts import Concepts

if TYPE_CHECKING:
    from kgzsl.graph.ancestor_rows import AncestorRows
    from kgzsl.graph.index import Neighbors
    from kgzsl.graph.knowledge_graph import KnowledgeGraph

__all__ = ["ConceptArray"]

_MOST_KEPT = 1_000_000
_MOST_MADE = 300_000


class ConceptArray:
    """Concepts by position: a second answer that has one shares it, and many are taken at a time.

    Whole answers are kept as well, up to a million concepts in all: the graph never changes, and loops ask again.
    """

    def __init__(self, graph: KnowledgeGraph) -> None:
        self.kept: dict[Hashable, Concepts] = {}
        self.is_full = False
        self._num_kept = 0
        self._above: dict[AncestorRows, tuple[Concept, ...]] = {}
        self._near: dict[Neighbors, tuple[list[int], memoryview, list[Concept]]] = {}
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

    def keep(self, key: Hashable, answer: Concepts) -> Concepts:
        """The answer, which `kept` has from now on under its key, if it is not too long."""
        if len(answer) <= _MOST_KEPT // 10:
            self._num_kept += len(answer) + 10
            if self._num_kept > _MOST_KEPT:
                self.kept.clear()
                self._num_kept = len(answer) + 10
            self.kept[key] = answer
        return answer

    def above(self, rows: AncestorRows, position: int) -> Concepts:
        """What stands above the concept at this position, by the rows of all ancestors, which are there."""
        concepts = self._above.get(rows)
        if concepts is None:
            concepts = self._above[rows] = tuple(self.at(rows.places.tolist()))
        first, last = rows.starts[position] + 1, rows.starts[position + 1]
        made = tuple.__new__(Concepts, concepts[first:last])
        made._row = rows.steps, first, last
        return made

    def nearby(self, neighbors: Neighbors, position: int, hops: int) -> Concepts | None:
        """What is one step away; or two, from a concept with a single neighbour. None where that has to be walked."""
        starts, places, concepts = self._near.get(neighbors) or self._make_near(neighbors)
        first, last = starts[position], starts[position + 1]
        if hops == 1:
            return self.answer(concepts[first:last], (1,) * (last - first))
        if last - first != 1:
            return None
        only = concepts[first]
        first, last = starts[only._position], starts[only._position + 1]
        found = concepts[first:last]  # the concept is one of them
        del found[bisect_left(places, position, first, last) - first]
        found.insert(0, only)
        return self.answer(found, (1, *(2,) * (last - first - 1)))

    def _make_near(self, neighbors: Neighbors) -> tuple[list[int], memoryview, list[Concept]]:
        starts, places = closure.once_each(neighbors, len(self._made))
        made = self._near[neighbors] = starts.tolist(), places.data, self.at(places.tolist())
        return made

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
