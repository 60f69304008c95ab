"""What stands above and below a concept: the taxonomy's questions, as methods of a graph.

Over taxonomic relations unless others are named; `relations` are names, kinds or a list of either. Concepts on a
cycle are above and below each other; every search ends.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from kgzsl.errors import NoPathError
from kgzsl.graph import search
from kgzsl.graph.concept import Concept
from kgzsl.graph.concepts import Concepts

if TYPE_CHECKING:
    from kgzsl.graph.index import Neighbors
    from kgzsl.graph.knowledge_graph import KnowledgeGraph

__all__ = ["ancestors", "depth", "descendants", "lowest_common_ancestors", "taxonomic_distance"]

_Relations = Iterable[str] | str | None


def ancestors(
    graph: KnowledgeGraph,
    id: str,
    *,
    relations: _Relations = None,
    max_distance: int | None = None,
    include_self: bool = False,
) -> Concepts:
    """All above a concept over `relations` (None: taxonomic), nearest first, then by id; each with its distance."""
    return _found(graph, graph.index.up(relations), id, max_distance, include_self)


def descendants(
    graph: KnowledgeGraph,
    id: str,
    *,
    relations: _Relations = None,
    max_distance: int | None = None,
    include_self: bool = False,
) -> Concepts:
    """All below a concept over `relations` (None: taxonomic), nearest first, then by id; each with its distance."""
    return _found(graph, graph.index.down(relations), id, max_distance, include_self)


def _found(graph: KnowledgeGraph, neighbors: Neighbors, id: str, limit: int | None, include_self: bool) -> Concepts:
    found = search.distances(neighbors, graph.position(id), limit=limit)
    places, steps = list(found)[not include_self :], list(found.values())[not include_self :]
    return Concepts((Concept(graph, place) for place in places), steps)


def lowest_common_ancestors(graph: KnowledgeGraph, a: str, b: str, *, relations: _Relations = None) -> Concepts:
    """Every common ancestor without another one below it, deepest first, then by id; a concept is above itself."""
    found = search.lowest_common_ancestors(graph.index, graph.position(a), graph.position(b), relations)
    return Concepts(Concept(graph, place) for place in found)


def depth(graph: KnowledgeGraph, id: str, *, relations: _Relations = None, longest: bool = False) -> int:
    """Edges on the shortest (or longest) way up to a root; a cycle counts as one concept."""
    return int(graph.index.depths(relations)[int(longest)][graph.position(id)])


def taxonomic_distance(graph: KnowledgeGraph, a: str, b: str, *, relations: _Relations = None) -> int:
    """Edges on the shortest way up from `a` and down to `b`; `NoPathError` without a common ancestor."""
    found = search.taxonomic_distance(graph.index, graph.position(a), graph.position(b), relations)
    if found is None:
        raise NoPathError(graph.resolve(a), graph.resolve(b), relations=_named(relations, "a common ancestor"))
    return found


def _named(relations: _Relations, default: str) -> str:
    return default if relations is None else relations if isinstance(relations, str) else ", ".join(sorted(relations))
