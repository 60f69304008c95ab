"""Paths between two concepts: the `k` best, and all the shortest; `shortest_path` with costs comes here as well.

`relations`, `directed` and `max_degree` are those of `KnowledgeGraph.shortest_path`; `weight` is defined in
`kgzsl.query.path_costs`; `pattern` in `kgzsl.query.pattern_syntax`. Paths pass no concept twice. Two edges of
different relations between the same concepts make two paths; a symmetric relation that is stated both ways makes one,
along the cheaper edge, unless a pattern says which way it is walked. In every answer paths are ordered by cost, then by
the number of edges, then by their concepts, then by their relations in the order of their names, head to tail before
tail to head.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np

from kgzsl.errors import InputFormatError, NoPathError
from kgzsl.graph.path import Path
from kgzsl.graph.routing import arcs_of, checked_degree, named_relations
from kgzsl.query.path_costs import Weight, arc_costs
from kgzsl.query.path_kernels import FAR
from kgzsl.query.path_patterns import product_of
from kgzsl.query.path_search import Search, Way

if TYPE_CHECKING:
    from kgzsl.graph.knowledge_graph import KnowledgeGraph

__all__ = ["MOST_SHORTEST", "all_shortest_paths", "paths"]

MOST_SHORTEST = 10_000
"""Shortest paths that are listed unless more are asked for: their number may grow with the power of their length."""

_Relations = Iterable[str] | str | None


def paths(
    graph: KnowledgeGraph,
    a: str,
    b: str,
    *,
    k: int = 5,
    max_length: int | None = 6,
    relations: _Relations = None,
    pattern: str | None = None,
    weight: Weight = None,
    max_degree: int | None = None,
    directed: bool = False,
) -> tuple[Path, ...]:
    """The `k` best paths from `a` to `b` of at most `max_length` edges; see `KnowledgeGraph.paths`."""
    num, limit = _whole(k, "k", least=1), FAR if max_length is None else _whole(max_length, "max_length", least=0)
    start, end = graph.position(a), graph.position(b)
    if relations is None and pattern is None and isinstance(weight, Mapping):
        relations = tuple(weight)
    bounds = [f"of at most {max_length} edges (max_length=)"] if max_length is not None else []
    bounds += [f"past concepts of at most {max_degree} edges (max_degree=)"] if max_degree is not None else []
    goals: tuple[int, ...]
    if pattern is None:
        arcs = arcs_of(graph.index, relations, directed=directed)
        first, goals, named = start, (end,), named_relations(relations)
    else:
        if relations is not None or directed:
            raise InputFormatError(
                "a pattern says itself which relations are walked, and which way; leave out relations= and directed="
            )
        product = product_of(graph.index, pattern)
        arcs = product.arcs
        first, named = product.start(start), f"the pattern {pattern!r}"
        goals = product.goals(end)
    search = Search(arcs, first, end, goals, None, limit, min(checked_degree(max_degree), FAR))
    search = _told_once(replace(search, costs=arc_costs(graph, arcs, weight, within=search.within)))
    if start == end and search.start in search.goals:
        return (Path.found(graph, [start], [], cost=None if weight is None else 0.0),)
    if num == 1 and limit >= FAR and pattern is None:
        best = search.first()
        found = [] if best is None else [best]
    else:
        found = list(islice(search.ways(), num)) if start != end else []
    if not found:
        raise NoPathError(graph.ids[start], graph.ids[end], relations=", ".join([named, *bounds]))
    return tuple(_path(graph, search, way) for way in found)


def all_shortest_paths(
    graph: KnowledgeGraph,
    a: str,
    b: str,
    *,
    relations: _Relations = None,
    weight: Weight = None,
    max_degree: int | None = None,
    directed: bool = False,
    limit: int = MOST_SHORTEST,
) -> tuple[Path, ...]:
    """Every path of the least cost and, at that, the fewest edges; see `KnowledgeGraph.all_shortest_paths`."""
    most = _whole(limit, "limit", least=1)
    start, end = graph.position(a), graph.position(b)
    if relations is None and isinstance(weight, Mapping):
        relations = tuple(weight)
    arcs = arcs_of(graph.index, relations, directed=directed)
    costs = arc_costs(graph, arcs, weight)
    search = _told_once(Search(arcs, start, end, (end,), costs, most=min(checked_degree(max_degree), FAR)))
    if start == end:
        return (Path.found(graph, [start], [], cost=None if weight is None else 0.0),)
    found = search.shortest(most=most)
    if not found:
        named = named_relations(relations)
        named += f", past concepts of at most {max_degree} edges (max_degree=)" if max_degree is not None else ""
        raise NoPathError(graph.ids[start], graph.ids[end], relations=named)
    return tuple(_path(graph, search, way) for way in found)


def _told_once(search: Search) -> Search:
    """Over one arc of each two that say the same, the cheaper one, else that from head to tail."""
    arcs, costs, first = search.arcs, search.costs, search.arcs.twins
    if costs is None or not len(first):
        return replace(search, arcs=arcs.once)
    dearer = np.where(costs[first] > costs[first + 1], first, first + 1)
    kept = arcs.once if (dearer > first).all() else arcs.without(dearer)
    return replace(search, arcs=kept, costs=np.delete(costs, dearer))


def _path(graph: KnowledgeGraph, search: Search, way: Way) -> Path:
    rows = search.arcs.rows[list(way.arcs)].tolist() if way.arcs else []
    return Path.found(graph, way.concepts, rows, cost=search.cost(way))


def _whole(value: Any, name: str, *, least: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < least:
        raise InputFormatError(f"{name}= is a whole number from {least} up, not {value!r}")
    return min(int(value), FAR)
