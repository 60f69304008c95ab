"""Several edges as one answer, in a stated order."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from kgzsl.display.html import Noted
from kgzsl.display.table import Table
from kgzsl.graph.concept import Edge

if TYPE_CHECKING:
    from kgzsl.graph.knowledge_graph import KnowledgeGraph

__all__ = ["Edges"]

_SHOWN = 10


class Edges(tuple[Edge, ...]):
    """A tuple of edges that shows itself as a table.

    >>> import kgzsl
    >>> kg = kgzsl.load_graph("wordnet")
    >>> print(kg.edges(head="zebra.n.01"))
    head        relation  tail         weight  source
    zebra.n.01  is_a      equine.n.01       1  wordnet-3.0
    """

    _graph: KnowledgeGraph | None

    def __new__(cls, edges: Iterable[Edge] = (), graph: KnowledgeGraph | None = None) -> Edges:
        """Take edges, and the graph whose labels a notebook shows."""
        made = super().__new__(cls, edges)
        made._graph = graph
        return made

    def to_table(self) -> Table:
        """A row for each edge: head, relation, tail, weight, source."""
        columns = ("head", "relation", "tail", "weight", "source")
        return Table(columns, ((each.head, each.relation, each.tail, each.weight, each.source) for each in self))

    def to_polars(self) -> Any:
        """The table as a `polars.DataFrame`."""
        return self.to_table().to_polars()

    def to_pandas(self) -> Any:
        """The table as a `pandas.DataFrame`."""
        return self.to_table().to_pandas()

    def __str__(self) -> str:
        return str(self.to_table())

    def __repr__(self) -> str:
        if len(self) <= _SHOWN:
            return super().__repr__()
        return f"({', '.join(map(repr, self[:_SHOWN]))}, … {len(self) - _SHOWN:,} more)"

    def __reduce__(self) -> tuple[Any, ...]:
        return (Edges, (tuple(self),))

    def _repr_html_(self) -> str:
        """Concepts by their labels, relations by their verbs; weights and sources where they differ."""
        weighed = len({each.weight for each in self}) > 1
        cited = len({each.source for each in self}) > 1
        columns = ["head", "relation", "tail", *(["weight"] if weighed else []), *(["source"] if cited else [])]
        rows = (
            (self._named(each.head), each.relation, self._named(each.tail))
            + ((each.weight,) if weighed else ())
            + ((each.source,) if cited else ())
            for each in self
        )
        return Table(columns, rows, caption=f"{len(self):,} edge{'s'[: len(self) != 1]}")._repr_html_()

    def _named(self, id_: str) -> str:
        label = self._graph.concept(id_).label if self._graph is not None and id_ in self._graph else id_
        return id_ if label == id_ else Noted(label, id_)
