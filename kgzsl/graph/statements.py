"""The edges a graph holds, found by their ends and read from their rows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import repeat
from typing import TYPE_CHECKING

import numpy as np

from kgzsl.errors import InputFormatError, NoPathError
from kgzsl.graph import routing
from kgzsl.graph.columns import Columns
from kgzsl.graph.concept import Edge
from kgzsl.graph.path import Path
from kgzsl.graph.relation import POSITIVE_KINDS
from kgzsl.graph.tables import EDGE_COLUMNS

if TYPE_CHECKING:
    from kgzsl.graph.index import GraphIndex, IntArray
    from kgzsl.graph.knowledge_graph import KnowledgeGraph

__all__ = ["edges", "edges_at", "path_along", "shortest_path", "stored_relation"]


def edges(graph: KnowledgeGraph, head: str | None, relation: str | None, tail: str | None) -> tuple[Edge, ...]:
    """Edges with these ends and this relation, kind or inverse; None leaves a place open."""
    stored = None if relation is None else stored_relation(graph, relation)
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


def stored_relation(graph: KnowledgeGraph, relation: str) -> str | None:
    """The relation that `relation` is the other way round of: `^is_a` and `has_kind` of `is_a`; None if it is none."""
    if not isinstance(relation, str):
        raise InputFormatError(f"a relation is named by a string, not {type(relation).__name__} {relation!r}")
    if relation in graph.relations:
        return None
    if relation.startswith("^"):
        return relation[1:]
    known = [stored.name for stored in graph.relations.values() if stored.inverse == relation]
    if len(known) > 1:
        raise InputFormatError(
            f"{relation!r} is the inverse of {' and of '.join(known)}; use ^{known[0]} or ^{known[1]}"
        )
    return known[0] if known else None


def _rows_between(index: GraphIndex, head: int | None, tail: int | None) -> IntArray:
    if head is None:
        if tail is None:
            return np.arange(index.num_edges)
        down = index.down(tuple(relation.name for relation in index.relations))
        return np.sort(np.array(down.edges_of(tail), dtype=np.int64))
    first, last = np.searchsorted(index.head, [head, head + 1])
    rows = np.arange(first, last)
    return rows if tail is None else rows[index.tail[rows] == tail]


def edges_at(graph: KnowledgeGraph, columns: Columns, rows: Sequence[int]) -> tuple[Edge, ...]:
    """The edges in these rows, each with what its source says of it."""
    index, names = graph.index, list(graph.relations)
    places = np.array(rows, dtype=np.int64)
    ends = [array[places].tolist() for array in (index.head, index.relation, index.tail, index.weight)]
    more = [name for name in columns.names if name not in EDGE_COLUMNS]
    said = [columns.gathered(rows, name) for name in ("source", *more)]
    values = zip(*said[1:], strict=True) if more else repeat(())
    return tuple(
        Edge(graph.ids[head], names[code], graph.ids[tail], weight, source, dict(zip(more, value, strict=True)))
        for head, code, tail, weight, source, value in zip(*ends, said[0], values, strict=False)
    )


def shortest_path(graph: KnowledgeGraph, a: str, b: str, *, relations: Iterable[str] | str | None = None) -> Path:
    """The shortest way from `a` to `b`, edges walked in either direction; among equals the first by ids.

    None stands for every relation but negative ones and annotations. `NoPathError` if there is none.
    """
    start, end = graph.position(a), graph.position(b)
    route = routing.shortest_route(graph.index, start, end, POSITIVE_KINDS if relations is None else relations)
    if route is None:
        words = "positive relations" if relations is None else relations
        named = words if isinstance(words, str) else ", ".join(sorted(words))
        raise NoPathError(graph.ids[start], graph.ids[end], relations=named)
    return path_along(graph, start, route)


def path_along(graph: KnowledgeGraph, start: int, route: Sequence[tuple[int, int]]) -> Path:
    """The path from a position along (edge row, position reached) steps."""
    found = graph.edges_at([row for row, _ in route])
    places = [start, *(position for _, position in route)]
    forward = tuple(edge.head == graph.ids[here] for edge, here in zip(found, places, strict=False))
    labels = {graph.ids[place]: str(graph.read_concept(place, "label")) for place in places}
    relations = {edge.relation: graph.relations[edge.relation] for edge in found}
    return Path(graph.ids[start], found, forward, labels, relations)
