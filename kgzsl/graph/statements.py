"""The edges a graph holds, found by their ends and read from their rows, and the shortest way along them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import repeat
from operator import attrgetter
from operator import index as whole
from typing import TYPE_CHECKING, Any

import numpy as np

from kgzsl.errors import InputFormatError, NoPathError
from kgzsl.graph import routing
from kgzsl.graph.columns import Columns
from kgzsl.graph.concept import Edge
from kgzsl.graph.doors import DOORS
from kgzsl.graph.path import Path
from kgzsl.graph.relation import stored_relation
from kgzsl.graph.tables import EDGE_COLUMNS

if TYPE_CHECKING:
    from kgzsl.graph.index import GraphIndex
    from kgzsl.graph.knowledge_graph import KnowledgeGraph

__all__ = ["EdgeReader", "edges", "edges_at", "path_along", "shortest_path"]

_FEW = 200  # below, reading number by number is faster than gathering arrays


def edges(graph: KnowledgeGraph, head: str | None, relation: str | None, tail: str | None) -> tuple[Edge, ...]:
    """Edges with these ends and this relation, kind or inverse; None leaves a place open."""
    stored = None if relation is None else stored_relation(graph.relations.values(), relation)
    if stored is not None:
        found = edges(graph, tail, stored, head)
        turned = [Edge(e.tail, str(relation), e.head, e.weight, e.source, e.more) for e in found]
        return tuple(sorted(turned, key=attrgetter("head", "tail")))
    ends = [None if end is None else graph.position(end) for end in (head, tail)]
    reader = graph.edge_reader
    rows = reader.rows(*ends)
    if relation is not None:
        codes = graph.index.relation_codes(relation)
        if len(rows) <= _FEW:
            rows = [row for row in rows if reader.relation[row] in codes]
        else:
            chosen = np.array(rows)
            rows = chosen[np.isin(graph.index.relation[chosen], codes)].tolist()
    return reader.at(rows)


def edges_at(graph: KnowledgeGraph, rows: Sequence[int]) -> tuple[Edge, ...]:
    """The edges in these rows of the edge table, counted from 0."""
    num = graph.index.num_edges
    try:
        places = list(map(whole, rows.tolist() if isinstance(rows, np.ndarray) else rows))
    except TypeError:
        raise InputFormatError(f"rows of edges are whole numbers in a list or an array, not {rows!r:.80}") from None
    if places and not (min(places) >= 0 and max(places) < num):
        wrong = next(row for row in places if not 0 <= row < num)
        raise InputFormatError(f"graph {graph.name} has {num:,} edges, in rows from 0 on; there is no row {wrong}")
    return graph.edge_reader.at(places)


class EdgeReader:
    """Makes `Edge`s of rows, a few in microseconds each; the columns only some sources have are read when asked for."""

    def __init__(self, index: GraphIndex, columns: Columns) -> None:
        self._index = index
        self._columns = columns
        self._names = [relation.name for relation in index.relations]
        self._more = tuple(name for name in columns.names if name not in EDGE_COLUMNS)
        # a memoryview gives Python numbers three times as fast as an array
        self._head, self.relation, self._tail = index.head.data, index.relation.data, index.tail.data
        self._weight = index.weight.data

    @cached_property
    def _source(self) -> Any:
        """The text for each row: a column, or where all rows say the same, that."""
        source = self._columns.series("source")[0]
        only = source[0] if len(source) and source.n_unique() == 1 else None
        return repeat(only) if only is not None else source

    @cached_property
    def _starts(self) -> memoryview:
        return self._index.starts.data

    @cached_property
    def _by_tail(self) -> tuple[memoryview, memoryview]:
        tail = self._index.tail
        order = np.argsort(tail, kind="stable").astype(np.int64)
        num = self._index.num_concepts + 1
        return np.searchsorted(tail[order], np.arange(num)).astype(np.int64).data, order.data

    def rows(self, head: int | None, tail: int | None) -> Sequence[int]:
        """Rows of the edges between two positions, ascending; None leaves an end open."""
        if head is None and tail is None:
            return range(self._index.num_edges)
        leaving = range(self._starts[head], self._starts[head + 1]) if head is not None else None
        if tail is None:
            assert leaving is not None
            return leaving
        if leaving is not None and len(leaving) <= _FEW:
            return [row for row in leaving if self._tail[row] == tail]
        starts, order = self._by_tail
        arriving: list[int] = order[starts[tail] : starts[tail + 1]].tolist()
        return arriving if leaving is None else [row for row in arriving if row in leaving]

    def at(self, rows: Sequence[int]) -> tuple[Edge, ...]:
        """The edges in these rows."""
        ids, names, more = self._index.ids, self._names, self._more
        sources = self._sources(rows)
        if len(rows) <= _FEW:
            head, relation, tail, weight = self._head, self.relation, self._tail, self._weight
            said: Iterable[tuple[int, int, int, float]] = (
                (head[row], relation[row], tail[row], weight[row]) for row in rows
            )
        else:
            places = np.asarray(rows, dtype=np.int64)
            index = self._index
            columns = (index.head, index.relation, index.tail, index.weight)
            said = zip(*(column[places].tolist() for column in columns), strict=True)
        found = []
        for (h, code, t, number), source, row in zip(said, sources, rows, strict=False):
            edge: Any = _Draft(
                ids[h], names[code], ids[t], number, source, _More(self._columns, more, row) if more else {}
            )
            edge.__class__ = Edge
            found.append(edge)
        return tuple(found)

    def _sources(self, rows: Sequence[int]) -> Iterable[str]:
        if isinstance(self._source, repeat):
            return self._source
        if len(rows) <= _FEW:
            return [self._source[row] for row in rows]
        gathered: list[str] = self._source.gather(np.asarray(rows)).to_list()
        return gathered


class _Draft:
    """An `Edge` while it is made: a frozen class takes five times as long to fill its places."""

    __slots__ = Edge.__slots__

    def __init__(
        self, head: str, relation: str, tail: str, weight: float, source: str, more: Mapping[str, Any]
    ) -> None:
        self.head, self.relation, self.tail = head, relation, tail
        self.weight, self.source, self.more = weight, source, more


class _More(Mapping[str, Any]):
    """What a source says of an edge beyond the shared columns, read when asked for."""

    __slots__ = ("_columns", "_names", "_row")

    def __init__(self, columns: Columns, names: tuple[str, ...], row: int) -> None:
        self._columns, self._names, self._row = columns, names, row

    def __getitem__(self, name: str) -> Any:
        if name not in self._names:
            raise KeyError(name)
        return self._columns.cell(self._row, name)

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)

    def __repr__(self) -> str:
        return repr(dict(self))

    def __reduce__(self) -> tuple[Any, ...]:
        return dict, (dict(self),)

    def __deepcopy__(self, memo: Any) -> dict[str, Any]:
        return dict(self)


def shortest_path(
    graph: KnowledgeGraph,
    a: str,
    b: str,
    *,
    relations: Iterable[str] | str | None = None,
    weight: str | Mapping[str, float] | Callable[[Edge], float] | None = None,
    max_degree: int | None = None,
    directed: bool = False,
) -> Path:
    """The shortest way from `a` to `b`; `NoPathError` if there is none.

    Edges are walked in either direction; with `directed` only from head to tail, but for symmetric relations.
    `relations` are names, kinds or a list of either; `^is_a` or the inverse's name, `has_kind`, is walked from tail
    to head only. None stands for every relation but negative ones and annotations. Concepts that more than
    `max_degree` edges of these relations touch are not passed through; the ends may be such hubs.

    `weight` None counts edges; otherwise the cheapest way is taken, and among ways of the same cost the one of the
    fewest edges: "weight" prefers heavy edges, "hub" avoids concepts of many edges, a mapping says what an edge of
    each relation costs, a function what an edge does. `kgzsl.query.path_costs` defines them. Among equals the first
    path by its concepts is taken, then by its relations, from head to tail before from tail to head.

    >>> import kgzsl
    >>> kg = kgzsl.load_graph("wordnet")
    >>> path = kg.shortest_path("tiger.n.02", "lion.n.01")
    >>> print(path)
    tiger is a kind of big cat, which has kind lion
    >>> path.edges[0].source
    'wordnet-3.0'
    """
    if weight is not None:
        options = {"relations": relations, "weight": weight, "max_degree": max_degree, "directed": directed}
        cheapest: Path = DOORS.load("paths")(graph, a, b, k=1, max_length=None, **options)[0]
        return cheapest
    start, end = graph.position(a), graph.position(b)
    index = graph.index
    arcs = routing.arcs_of(index, relations, directed=directed)
    most = routing.NO_LIMIT if max_degree is None else routing.checked_degree(max_degree)
    route = routing.shortest_route(index, arcs, start, end, most=most)
    if route is None:
        named = routing.named_relations(relations)
        if max_degree is not None:
            named += f", past concepts of at most {max_degree} edges (max_degree=)"
        raise NoPathError(graph.ids[start], graph.ids[end], relations=named)
    return Path.found(graph, [start, *arcs.targets[route].tolist()], arcs.rows[route].tolist())


def path_along(graph: KnowledgeGraph, start: int, route: Sequence[tuple[int, int]]) -> Path:
    """The path from a position along (edge row, position reached) steps.

    >>> import kgzsl
    >>> zoo = kgzsl.KnowledgeGraph.from_tables(["cat", "tiger"], [("tiger", "is_a", "cat")])
    >>> print(zoo.path_along(zoo.position("tiger"), [(0, zoo.position("cat"))]))
    tiger is a kind of cat
    """
    return Path.found(graph, [start, *(place for _, place in route)], [row for row, _ in route])
