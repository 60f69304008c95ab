"""A node of a knowledge graph, and an edge between two."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from kgzsl.display.text import escape_text
from kgzsl.graph.showing import concept_html

if TYPE_CHECKING:
    from kgzsl.graph.knowledge_graph import KnowledgeGraph

__all__ = ["Concept", "Edge"]


class Concept(str):
    """A concept's id, that knows what its graph says of it.

    It *is* the id, a string: equal to it, hashed like it, accepted wherever an id is. Everything else is read
    from the graph when asked for, so a thousand concepts cost no more than a thousand ids.

    >>> import kgzsl
    >>> tiger = kgzsl.load_graph("wordnet").concept("tiger.n.02")
    >>> tiger.label, tiger == "tiger.n.02"
    ('tiger', True)
    """

    __slots__ = ("_graph", "_position")
    _graph: KnowledgeGraph
    _position: int

    def __new__(cls, graph: KnowledgeGraph, position: int) -> Concept:
        """Made by a graph; use `KnowledgeGraph.concept`."""
        concept = str.__new__(cls, graph.ids[position])  # `super()` would take a third of the time
        concept._graph = graph
        concept._position = position
        return concept

    @property
    def id(self) -> str:
        """The id as a plain string."""
        return str.__str__(self)

    @property
    def label(self) -> str:
        """The name to show."""
        return str(self._read("label"))

    @property
    def aliases(self) -> tuple[str, ...]:
        """Other names, in the source's order."""
        return tuple(self._read("aliases"))

    @property
    def definition(self) -> str:
        """What the source says it means; "" if it says nothing."""
        return str(self._read("definition"))

    @property
    def source(self) -> str:
        """Where the concept comes from."""
        return str(self._read("source"))

    @property
    def alternate_ids(self) -> tuple[str, ...]:
        """Other identifiers that resolve to this concept."""
        return tuple(self._read("alternate_ids"))

    @property
    def more(self) -> Mapping[str, Any]:
        """All that the source says beyond the shared columns."""
        return self._graph.read_more(self._position)

    def _read(self, column: str) -> Any:
        return self._graph.read_concept(self._position, column)

    def __str__(self) -> str:
        return str.__str__(self)

    def __repr__(self) -> str:
        return f"Concept({str.__str__(self)!r}, {self.label!r})"

    def __reduce__(self) -> tuple[Any, ...]:
        return (str, (str.__str__(self),))

    def _repr_html_(self) -> str:
        return concept_html(self)


@dataclass(frozen=True, slots=True)
class Edge:
    """One statement of a graph: head, relation, tail; `weight` is positive and finite.

    `more` holds what the source says beyond the shared columns.

    >>> print(Edge("dog", "is_a", "canine", weight=2.0))
    dog is_a canine
    """

    head: str
    relation: str
    tail: str
    weight: float = 1.0
    source: str = ""
    more: Mapping[str, Any] = field(default_factory=dict, hash=False, compare=False)

    def __str__(self) -> str:
        return escape_text(f"{self.head} {self.relation} {self.tail}")

    def __repr__(self) -> str:
        said = [repr(str(part)) for part in (self.head, self.relation, self.tail)]
        said += [f"weight={self.weight!r}"] if self.weight != 1.0 else []
        said += [f"source={self.source!r}"] if self.source else []
        more = {name: value for name, value in self.more.items() if value not in (None, "", [])}
        said += [f"more={more!r}"] if more else []
        return f"Edge({', '.join(said)})"
