"""What is within reach of a concept, by its id: walked, or read off rows once many have asked, and kept."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
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
        self.named: dict[tuple[object, ...], Callable[[str], Concepts]] = {}
        self._graph = graph
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
            asked = self.named[way, relations, limit, include_self]
        except (KeyError, TypeError):  # for the first time, or by a list, which has no hash
            asked = None
        if asked is None:
            asked = self._found(way, relations, limit, include_self).of
            if relations is None or isinstance(relations, str | tuple):
                self.named[way, relations, limit, include_self] = asked
        try:
            return asked(id)
        except TypeError:  # what has no hash is no id
            pass
        return asked(self._graph.resolve(id))

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
    """All above, read off the rows of all ancestors once they are there.

    Concepts with the same single parent share an answer: the same stands above them, at the same distances.
    """

    def __init__(self, graph: KnowledgeGraph, up: Neighbors, relations: Iterable[str] | str | None) -> None:
        super().__init__(graph, up, None, False)
        self._rows = graph.index.ancestor_rows(relations)
        self._steps_from = self._rows.steps_from
        self._concepts: tuple[Concept, ...] = ()
        self._only_parent: Sequence[int] = ()
        self._below: list[Concepts | None] = []

    def of(self, id: str) -> Concepts:
        concepts, position = self._concepts, self._position.get(id)
        if not concepts or position is None:
            return super().of(id)
        parent = self._only_parent[position]
        made = self._below[parent]
        if made is None:
            starts = self._rows.starts
            first = starts[position] + 1
            made = tuple.__new__(Concepts, concepts[first : starts[position + 1]])
            made._told_by = self._steps_from, first
            if parent >= 0:
                self._below[parent] = made
        return made

    def _walked(self, position: int) -> Concepts:
        if self._rows.are_there() and not self._concepts:
            self._only_parent = self._rows.only_parents(self._neighbors).data
            self._below = [None] * (len(self._graph) + 1)  # the last is for what has no parent, or several
            self._concepts = tuple(self._graph.concept_array.at(self._rows.places.tolist()))
        return super()._walked(position)


class _AroundOne(Concepts):
    """What is around a concept with a single neighbour: that one is a step away, all others two."""

    _told_by = NearRows.steps_from, 1


class _Near(Reach):
    """All around within one step or two, by rows of them once they are there; no answer is made twice that is a row."""

    def __init__(self, graph: KnowledgeGraph, around: Neighbors, hops: int) -> None:
        super().__init__(graph, around, hops, False)
        self._rows = NearRows(around, len(graph), hops, patience=1 if graph.index.walks.patience == 0 else PATIENCE)
        self._answers: list[Concepts | None] = []
        self._concepts: tuple[Concept, ...] = ()

    def of(self, id: str) -> Concepts:
        position = self._position.get(id)
        if not self._answers or position is None:
            return super().of(id)
        made = self._answers[position]
        if made is None:
            first, cut, last, near = self._rows.stretch(position)
            if cut == last:
                return self._row(first, last, near)
            made = tuple.__new__(_AroundOne, self._concepts[first:cut] + self._concepts[cut + 1 : last])
        return made

    def _row(self, first: int, last: int, near: int) -> Concepts:
        made = tuple.__new__(Concepts, self._concepts[first:last])
        made._told_by = NearRows.steps_from, near
        return made

    def _walked(self, position: int) -> Concepts:
        if self._rows.are_there(self._graph.index.walks) and not self._answers:
            self._concepts = tuple(self._graph.concept_array.at(self._rows.places.tolist()))
            answers: list[Concepts | None] = [None] * len(self._graph)
            for place in self._rows.whole.tolist():
                first, _, last, near = self._rows.stretch(place)
                answers[place] = self._row(first, last, near)
            self._answers = answers
        return super()._walked(position)
