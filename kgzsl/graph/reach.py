"""What is within reach of a concept, by its id: walked, or read off rows once many have asked, and kept."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from kgzsl.graph import search
from kgzsl.graph.ancestor_rows import PATIENCE
from kgzsl.graph.concepts import Concepts
from kgzsl.graph.near_rows import NearRows

if TYPE_CHECKING:
    from kgzsl.graph.concept import Concept
    from kgzsl.graph.index import Neighbors
    from kgzsl.graph.knowledge_graph import KnowledgeGraph

__all__ = ["Reach", "Reaches"]

_MANY = 24  # concepts: below, they are taken faster one by one
_MOST_KEPT = 1_000_000


class Reaches:
    """The reaches of a graph. Their answers are kept, up to a million concepts in all, then all forgotten.

    The graph never changes, and loops ask again.
    """

    def __init__(self, graph: KnowledgeGraph) -> None:
        self.room = _MOST_KEPT
        self._graph = graph
        self._named: dict[tuple[object, ...], Callable[[str], Concepts]] = {}
        self._made: dict[tuple[object, ...], Reach] = {}

    def ask(
        self,
        id: str,
        way: str,
        relations: Iterable[str] | str | None,
        limit: int | None = None,
        include_self: bool = False,
    ) -> Concepts:
        """All within `limit` steps (None: any number) "up", "down" or "around" a concept over these relations."""
        try:
            return self._named[way, relations, limit, include_self](id)
        except (KeyError, TypeError):
            pass  # asked for the first time, by a list, or not an id
        reach = self._found(way, relations, limit, include_self)
        if relations is None or isinstance(relations, str | tuple):
            self._named[way, relations, limit, include_self] = reach.of
        return reach.of(self._graph.resolve(id))

    def _found(self, way: str, relations: Iterable[str] | str | None, limit: int | None, include_self: bool) -> Reach:
        graph, index = self._graph, self._graph.index
        neighbors: Neighbors = getattr(index, way)(relations)
        reach = self._made.get((neighbors, limit, include_self))
        if reach is None:
            if way == "up" and limit is None and not include_self:
                reach = _Above(graph, neighbors, relations)
            elif way == "around" and limit in (1, 2) and not include_self:
                reach = _Near(graph, neighbors, limit)
            else:
                reach = Reach(graph, neighbors, limit, include_self)
            self._made[neighbors, limit, include_self] = reach
        return reach

    def make_room(self, size: int) -> bool:
        """Whether an answer for which there was too little room may be kept; others are forgotten for it."""
        self.room += size
        if size > _MOST_KEPT // 10:
            return False
        self.room = _MOST_KEPT - size
        for reach in tuple(self._made.values()):
            reach.kept.clear()
        return True


class Reach:
    """All within so many steps of a concept, nearest first, then by position: walked once, and kept for the next."""

    def __init__(self, graph: KnowledgeGraph, neighbors: Neighbors, limit: int | None, include_self: bool) -> None:
        self.kept: dict[str, Concepts] = {}
        self._graph, self._neighbors = graph, neighbors
        self._limit, self._first = limit, 0 if include_self else 1
        self._position = graph.concept_columns.position
        self._reaches = graph.reaches

    def of(self, id: str) -> Concepts:
        """The answer for what the graph knows by this id."""
        kept = self.kept.get(id)
        if kept is not None:
            return kept
        position = self._position.get(id)
        answer = self._walked(self._graph.position(id) if position is None else position)
        reaches, size = self._reaches, len(answer) + 10
        reaches.room -= size
        if reaches.room >= 0 or reaches.make_room(size):
            self.kept[id] = answer
        return answer

    def _walked(self, position: int) -> Concepts:
        graph, neighbors, limit, first = self._graph, self._neighbors, self._limit, self._first
        walks, array = graph.index.walks, graph.concept_array
        if not walks.compiled:
            found = search.distances(neighbors, position, limit=limit)
            walks.are_compiled(len(found))
            return array.answer(array.at(list(found)[first:]), list(found.values())[first:])
        if not array.is_full:
            array.make_all()
        space = walks.take()
        most = -1 if limit is None else limit
        count = walks.walk(neighbors.packed, space.array, position, most)
        if count > _MANY:
            concepts = array.taken(space.places[first:count])
        else:  # negative where some are found for the first time
            count = abs(count)
            concepts = array.at(space.places_view[:count].tolist())[first:]
        steps = space.steps(first, count, most)
        walks.lay_back(space)
        return array.answer(concepts, steps)


class _Above(Reach):
    """All above, read off the rows of all ancestors once they are there: faster than it would be to keep more."""

    def __init__(self, graph: KnowledgeGraph, up: Neighbors, relations: Iterable[str] | str | None) -> None:
        super().__init__(graph, up, None, False)
        self._rows = graph.index.ancestor_rows(relations)
        self._concepts: tuple[Concept, ...] = ()

    def of(self, id: str) -> Concepts:
        concepts, starts, position = self._concepts, self._rows.starts, self._position.get(id)
        if not concepts or position is None:
            return super().of(id)
        first = starts[position] + 1
        made = tuple.__new__(Concepts, concepts[first : starts[position + 1]])
        made._told_by = self._rows, first
        return made

    def _walked(self, position: int) -> Concepts:
        if self._rows.are_there() and not self._concepts:
            self._concepts = tuple(self._graph.concept_array.at(self._rows.places.tolist()))
        return super()._walked(position)


class _Near(Reach):
    """All around within one step or two, read off rows of them once they are there."""

    def __init__(self, graph: KnowledgeGraph, around: Neighbors, hops: int) -> None:
        super().__init__(graph, around, hops, False)
        self._rows = NearRows(around, len(graph), hops, patience=1 if graph.index.walks.patience == 0 else PATIENCE)
        self._concepts: tuple[Concept, ...] = ()

    def of(self, id: str) -> Concepts:
        concepts, position = self._concepts, self._position.get(id)
        if not concepts or position is None:
            return super().of(id)
        first, cut, last, near = self._rows.stretch(position)
        found = concepts[first:cut] if cut == last else concepts[first:cut] + concepts[cut + 1 : last]
        made = tuple.__new__(Concepts, found)
        made._told_by = self._rows, near
        return made

    def _walked(self, position: int) -> Concepts:
        if self._rows.are_there(self._graph.index.walks) and not self._concepts:
            self._concepts = tuple(self._graph.concept_array.at(self._rows.places.tolist()))
        return super()._walked(position)
