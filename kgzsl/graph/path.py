"""A way through a knowledge graph that reads aloud."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from math import fsum
from typing import TYPE_CHECKING, Any

from kgzsl.display.table import Table
from kgzsl.display.text import escape_text
from kgzsl.errors import InputFormatError
from kgzsl.graph.concept import Concept, Edge
from kgzsl.graph.concepts import Concepts
from kgzsl.graph.relation import Relation, describe
from kgzsl.graph.showing import cited, path_html, path_picture

if TYPE_CHECKING:
    from kgzsl.display.picture import Picture
    from kgzsl.graph.knowledge_graph import KnowledgeGraph

__all__ = ["Path"]


class Path:
    """Edges that lead from `start` on; `forward[i]` says whether edge i is walked from head to tail.

    A value: equal if start, edges and directions are, and it does not change. Paths found in a graph read their
    edges from it when asked for them. `len(p)` is the number of edges, `~p` the way back, `p + q` one after the other.

    >>> from kgzsl.graph.concept import Edge
    >>> path = Path("dog", (Edge("dog", "is_a", "canine"), Edge("wolf", "is_a", "canine")), (True, False))
    >>> print(path)
    dog is a kind of canine, which has kind wolf
    >>> path.concepts, path.relations
    (('dog', 'canine', 'wolf'), ('is_a', '^is_a'))
    """

    __slots__ = ("_cost", "_edges", "_forward", "_graph", "_labels", "_places", "_relation_types", "_rows", "_start")
    _start: str | None
    _edges: tuple[Edge, ...] | None
    _forward: tuple[bool, ...] | None
    _labels: Mapping[str, str] | None
    _relation_types: Mapping[str, Relation]
    _cost: float | None
    _graph: KnowledgeGraph | None  # of a path that was found: its concepts' places and its edges' rows are kept
    _places: Sequence[int]
    _rows: Sequence[int]

    def __init__(
        self,
        start: str,
        edges: Iterable[Edge] = (),
        forward: Iterable[bool] = (),
        labels: Mapping[str, str] | None = None,
        relation_types: Mapping[str, Relation] | None = None,
        *,
        cost: float | None = None,
    ) -> None:
        """Take edges that join; `labels` and `relation_types` are what is read aloud, `cost` None is the length."""
        self._start, self._edges, self._forward = start, tuple(edges), tuple(forward)
        self._labels, self._relation_types = labels or {}, relation_types or {}
        self._cost, self._graph = cost, None
        self._places = self._rows = ()
        if len(self._edges) != len(self._forward):
            raise InputFormatError(f"a path of {len(self._edges)} edges has {len(self._forward)} directions")
        here = str(start)
        for edge, ahead in zip(self._edges, self._forward, strict=True):
            if (edge.head if ahead else edge.tail) != here:
                raise InputFormatError(f"the path is at {here!r}, but the next edge is {edge}")
            here = edge.tail if ahead else edge.head

    @classmethod
    def found(
        cls, graph: KnowledgeGraph, places: Sequence[int], rows: Sequence[int], *, cost: float | None = None
    ) -> Path:
        """The path over positions of concepts along rows of the edge table, one fewer; they are trusted to join.

        >>> import kgzsl
        >>> zoo = kgzsl.KnowledgeGraph.from_tables(["cat", "tiger"], [("tiger", "is_a", "cat")])
        >>> print(kgzsl.Path.found(zoo, [1, 0], [0]))
        tiger is a kind of cat
        """
        path = cls.__new__(cls)
        path._graph, path._places, path._rows, path._cost = graph, places, rows, cost
        path._start = path._edges = path._forward = path._labels = None
        path._relation_types = graph.relations
        return path

    # -- what it says ----------------------------------------------------------------------------------------

    @property
    def start(self) -> str:
        """The first concept."""
        if self._start is None:
            assert self._graph is not None
            self._start = Concept(self._graph, int(self._places[0]))
        return self._start

    @property
    def end(self) -> str:
        """The last concept."""
        if self._graph is not None:
            return Concept(self._graph, int(self._places[-1]))
        return self.concepts[-1]

    @property
    def edges(self) -> tuple[Edge, ...]:
        """The edges as the graph states them, with weight and source."""
        if self._edges is None:
            assert self._graph is not None
            self._edges = self._graph.edges_at([int(row) for row in self._rows])
        return self._edges

    @property
    def forward(self) -> tuple[bool, ...]:
        """Whether each edge is walked from head to tail."""
        if self._forward is None:
            assert self._graph is not None
            heads = self._graph.index.head
            steps = zip(self._rows, self._places, strict=False)
            self._forward = tuple(bool(heads[row] == place) for row, place in steps)
        return self._forward

    @property
    def concepts(self) -> tuple[str, ...]:
        """Ids from start to end, one more than there are edges; `Concept`s if the path was found in a graph."""
        if self._graph is not None:
            return Concepts(Concept(self._graph, int(place)) for place in self._places)
        steps = zip(self.edges, self.forward, strict=True)
        return (str(self.start), *(edge.tail if ahead else edge.head for edge, ahead in steps))

    @property
    def relations(self) -> tuple[str, ...]:
        """Relation of each step; `^` marks one that is walked against its direction."""
        steps = zip(self.edges, self.forward, strict=True)
        return tuple(edge.relation if ahead else f"^{edge.relation}" for edge, ahead in steps)

    @property
    def cost(self) -> float:
        """What the path costs by the weights it was found with; the number of its edges if there were none."""
        return float(len(self)) if self._cost is None else self._cost

    @property
    def sources(self) -> tuple[str, ...]:
        """Where the edges come from, each source once, in the order of the path."""
        return tuple(dict.fromkeys(edge.source for edge in self.edges if edge.source))

    @property
    def labels(self) -> Mapping[str, str]:
        """How the concepts are called; those that are not in it by their ids."""
        if self._labels is None:
            self._labels = {concept: concept.label for concept in self.concepts if isinstance(concept, Concept)}
        return self._labels

    @property
    def relation_types(self) -> Mapping[str, Relation]:
        """The relations whose verbs are read aloud."""
        return self._relation_types

    # -- a value ---------------------------------------------------------------------------------------------

    def __len__(self) -> int:
        return len(self._rows) if self._edges is None else len(self._edges)

    def __bool__(self) -> bool:
        return True

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Path):
            return NotImplemented
        if len(self) != len(other) or self.start != other.start:
            return False
        if self._graph is other._graph and self._graph is not None:
            return list(self._rows) == list(other._rows) and list(self._places) == list(other._places)
        return self.edges == other.edges and self.forward == other.forward

    def __hash__(self) -> int:
        return hash((str(self.start), self.edges, self.forward))

    def __copy__(self) -> Path:
        return self

    def __deepcopy__(self, memo: Any) -> Path:
        return self  # immutable

    def __reduce__(self) -> tuple[Any, ...]:
        relations = {edge.relation: self._relation_types.get(edge.relation) for edge in self.edges}
        told = {name: relation for name, relation in sorted(relations.items()) if relation is not None}
        labels = {str(id_): label for id_, label in self.labels.items()}
        return _rebuilt, (str(self.start), self.edges, self.forward, labels, told, self._cost)

    # -- composing -------------------------------------------------------------------------------------------

    def __invert__(self) -> Path:
        """The same path walked from its end, at the same cost."""
        if self._graph is not None:
            return Path.found(self._graph, self._places[::-1], self._rows[::-1], cost=self._cost)
        forward = tuple(not ahead for ahead in reversed(self.forward))
        return Path(self.end, self.edges[::-1], forward, self.labels, self.relation_types, cost=self._cost)

    def __add__(self, other: Path) -> Path:
        """This path, then one that starts where it ends; `InputFormatError` if it starts elsewhere."""
        if not isinstance(other, Path):
            return NotImplemented
        if self.end != other.start:
            ends = f"ends at {str(self.end)!r} is not continued by one from {str(other.start)!r}"
            raise InputFormatError(f"a path that {ends}")
        cost = None if self._cost is None and other._cost is None else fsum((self.cost, other.cost))
        if self._graph is other._graph and self._graph is not None:
            places, rows = [*self._places, *other._places[1:]], [*self._rows, *other._rows]
            return Path.found(self._graph, places, rows, cost=cost)
        return Path(
            self.start,
            self.edges + other.edges,
            self.forward + other.forward,
            {**other.labels, **self.labels},
            {**other.relation_types, **self.relation_types},
            cost=cost,
        )

    # -- showing ---------------------------------------------------------------------------------------------

    def to_table(self) -> Table:
        """A row for each step: from, relation (`^` if walked to its head), to, weight and source of the edge.

        >>> import kgzsl
        >>> kgzsl.load_graph("wordnet").shortest_path("tiger.n.02", "lion.n.01").to_table()["relation"]
        ('is_a', '^is_a')
        """
        steps = zip(pairwise(self.concepts), self.relations, self.edges, strict=True)
        rows = [(here, relation, there, edge.weight, edge.source) for (here, there), relation, edge in steps]
        return Table(("from", "relation", "to", "weight", "source"), rows)

    def draw(self) -> Picture:
        """The path from left to right, each arrow as the graph states it.

        >>> import kgzsl
        >>> path = kgzsl.load_graph("wordnet").shortest_path("tiger.n.02", "lion.n.01")
        >>> "tiger" in path.draw()._repr_html_()
        True
        """
        return path_picture(self)

    def spoken(self) -> list[tuple[str, str, str]]:
        """The words in order, each with what it is ("concept", "verb" or ""), and what there is to say of it.

        A relation without words for the way back is read from its other end: grass is what zebra eats.

        >>> import kgzsl
        >>> kgzsl.load_graph("wordnet").shortest_path("tiger.n.02", "feline.n.01").spoken()[:2]
        [('tiger', 'concept', 'tiger.n.02'), (' ', '', '')]
        """
        kinds = describe({edge.relation for edge in self.edges}, self.relation_types.values())
        named = [(self.labels.get(id_, str(id_)), "concept", str(id_)) for id_ in self.concepts]
        said, opening = [named[0]], ""
        for place, (edge, ahead) in enumerate(zip(self.edges, self.forward, strict=True)):
            kind = kinds[edge.relation]
            said += [(opening, "", "")] if opening else []
            if opening == "; ":
                said.append(named[place])
            if ahead or kind.is_told_back:
                verb = kind.verb if ahead else kind.inverse_verb
                said += [(" ", "", ""), (verb, "verb", cited(edge)), (" ", "", ""), named[place + 1]]
                opening = ", which"
            else:
                said += [(" is what ", "", ""), named[place + 1], (" ", "", ""), (kind.verb, "verb", cited(edge))]
                opening = "; "
        return said

    def __str__(self) -> str:
        return "".join(escape_text(text) for text, _, _ in self.spoken())

    def __repr__(self) -> str:
        return f"<Path {self}>"

    def _repr_html_(self) -> str:
        return path_html(self)


def _rebuilt(
    start: str,
    edges: tuple[Edge, ...],
    forward: tuple[bool, ...],
    labels: Mapping[str, str],
    relations: Mapping[str, Relation],
    cost: float | None,
) -> Path:
    return Path(start, edges, forward, labels, relations, cost=cost)
