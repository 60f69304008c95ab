"""The edges a graph holds, found by their ends and read from their rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from kgzsl.graph.columns import Columns
from kgzsl.graph.concept import Edge
from kgzsl.graph.tables import EDGE_COLUMNS

if TYPE_CHECKING:
    from kgzsl.graph.index import GraphIndex, IntArray
    from kgzsl.graph.knowledge_graph import KnowledgeGraph

__all__ = ["edges", "edges_at"]


def edges(graph: KnowledgeGraph, head: str | None, relation: str | None, tail: str | None) -> tuple[Edge, ...]:
    """Edges with these ends and this relation, kind or inverse; None leaves a place open."""
    stored = _turned(graph, relation)
    if stored is not None:
        found = edges(graph, tail, stored, head)
        turned = [Edge(e.tail, str(relation), e.head, e.weight, e.source, e.more) for e in found]
        return tuple(sorted(turned, key=lambda edge: (edge.head, edge.tail)))
    index = graph.index
    ends = [None if end is None else index.position[graph.resolve(end)] for end in (head, tail)]
    rows = _rows_between(index, *ends)
    if relation is not None:
        rows = rows[np.isin(index.relation[rows], index.relation_codes(relation))]
    return graph.edges_at(rows.tolist())


def _turned(graph: KnowledgeGraph, relation: str | None) -> str | None:
    """The stored relation that `relation` is the other way round of."""
    if relation is None or relation in graph.relations:
        return None
    if relation.startswith("^"):
        return relation[1:]
    return next((stored.name for stored in graph.relations.values() if stored.inverse == relation), None)


def _rows_between(index: GraphIndex, head: int | None, tail: int | None) -> IntArray:
    if head is None and tail is None:
        return np.arange(index.num_edges)
    if head is None:
        everything = [relation.name for relation in index.relations]
        return np.sort(np.array(index.down(everything).edges_of(int(tail or 0)), dtype=np.int64))
    first, last = np.searchsorted(index.head, [head, head + 1])
    rows = np.arange(first, last)
    return rows if tail is None else rows[index.tail[rows] == tail]


def edges_at(graph: KnowledgeGraph, columns: Columns, rows: Sequence[int]) -> tuple[Edge, ...]:
    """The edges in these rows, each with what its source says of it."""
    index, names = graph.index, list(graph.relations)
    more = tuple(name for name in columns.names if name not in EDGE_COLUMNS)
    found = []
    for row in rows:
        ends = (graph.ids[index.head[row]], names[index.relation[row]], graph.ids[index.tail[row]])
        found.append(Edge(*ends, float(index.weight[row]), str(columns.cell(row, "source")), columns.cells(row, more)))
    return tuple(found)
