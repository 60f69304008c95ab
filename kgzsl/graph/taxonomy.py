"""What stands above, below and around a concept: the taxonomy's questions, as methods of a graph.

Over taxonomic relations unless others are named: a name, a kind or a list of either, and the other way round by the
inverse's name or as `^is_a`. Any relation may be climbed from head to tail: the ancestors of a car over "has_part" are
its parts and theirs, and those of a wheel over "part_of" are all that has it. Concepts on a cycle are above and below
each other; every search ends.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np

from kgzsl.errors import InputFormatError, NoPathError
from kgzsl.graph import search
from kgzsl.graph.concepts import Concepts
from kgzsl.graph.path import Path
from kgzsl.graph.relation import POSITIVE_KINDS
from kgzsl.graph.root_paths import routes_to_roots
from kgzsl.graph.selection import checked_hops

if TYPE_CHECKING:
    from kgzsl.graph.index import Neighbors
    from kgzsl.graph.knowledge_graph import KnowledgeGraph

__all__ = [
    "ancestors",
    "children",
    "common_ancestors",
    "depth",
    "descendants",
    "is_a",
    "leaves",
    "lowest_common_ancestors",
    "neighbors",
    "parents",
    "paths_to_root",
    "roots",
    "siblings",
    "taxonomic_distance",
]

_Relations = Iterable[str] | str | None


def ancestors(
    graph: KnowledgeGraph,
    id: str,
    *,
    relations: _Relations = None,
    max_distance: int | None = None,
    include_self: bool = False,
) -> Concepts:
    """All above a concept over `relations` (None: taxonomic), nearest first, then by id; each with its distance.

    >>> import kgzsl
    >>> kg = kgzsl.load_graph("wordnet")
    >>> kg.ancestors("tiger.n.02", max_distance=2).ids
    ('big_cat.n.01', 'feline.n.01')
    >>> kg.ancestors("elbow.n.01", relations="part_of", max_distance=2).ids
    ('arm.n.01', 'body.n.01', 'homo.n.02')
    """
    limit = None if max_distance is None else _limit(max_distance)
    return graph.reaches.ask(id, "up", relations, limit, include_self)


def descendants(
    graph: KnowledgeGraph,
    id: str,
    *,
    relations: _Relations = None,
    max_distance: int | None = None,
    include_self: bool = False,
) -> Concepts:
    """All below a concept over `relations` (None: taxonomic), nearest first, then by id; each with its distance.

    >>> import kgzsl
    >>> len(kgzsl.load_graph("wordnet").descendants("animal.n.01"))
    4016
    """
    limit = None if max_distance is None else _limit(max_distance)
    return graph.reaches.ask(id, "down", relations, limit, include_self)


def neighbors(graph: KnowledgeGraph, id: str, *, hops: int = 1, relations: _Relations = None) -> Concepts:
    """All within `hops` edges of a concept, walked either way, nearest first, then by id; each with its distance.

    None stands for every relation but negative ones and annotations, as in `shortest_path`. `neighborhood` has the
    edges among them as well.

    >>> import kgzsl
    >>> kgzsl.load_graph("wordnet").neighbors("tiger.n.02").ids
    ('bengal_tiger.n.01', 'big_cat.n.01', 'panthera.n.01', 'tiger_cub.n.01', 'tigress.n.01')
    """
    steps = hops if hops.__class__ is int and hops >= 0 else checked_hops(hops)
    along = POSITIVE_KINDS if relations is None else relations
    return graph.reaches.ask(id, "around", along, steps)


def parents(graph: KnowledgeGraph, id: str, *, relations: _Relations = None) -> Concepts:
    """Those one step above a concept over `relations` (None: taxonomic), by id.

    >>> import kgzsl
    >>> kgzsl.load_graph("wordnet").parents("dog.n.01").ids
    ('canine.n.02', 'domestic_animal.n.01')
    """
    return _listed(graph, set(graph.index.up(relations).of(_at(graph, id))))


def children(graph: KnowledgeGraph, id: str, *, relations: _Relations = None) -> Concepts:
    """Those one step below a concept over `relations` (None: taxonomic), by id.

    >>> import kgzsl
    >>> kgzsl.load_graph("wordnet").children("zebra.n.01").ids
    ('common_zebra.n.01', "grevy's_zebra.n.01", 'mountain_zebra.n.01')
    """
    return _listed(graph, set(graph.index.down(relations).of(_at(graph, id))))


def siblings(graph: KnowledgeGraph, id: str, *, relations: _Relations = None) -> Concepts:
    """The other children of a concept's parents over `relations` (None: taxonomic), by id.

    >>> import kgzsl
    >>> kgzsl.load_graph("wordnet").siblings("zebra.n.01").ids
    ('ass.n.03', 'hinny.n.01', 'horse.n.01', 'mule.n.01', 'quagga.n.01')
    """
    here, down = _at(graph, id), graph.index.down(relations)
    found = set().union(*map(down.of, graph.index.up(relations).of(here)))
    return _listed(graph, found - {here})


def roots(graph: KnowledgeGraph, id: str | None = None, *, relations: _Relations = None) -> Concepts:
    """Concepts with nothing above them, by id; those above `id`, if one is given, nearest first, with distances.

    A cycle counts as one concept: nothing above it, and all on it are roots. Concepts outside the taxonomy, with
    nothing above or below them, are left out, but each is its own root when asked for.

    >>> import kgzsl
    >>> kgzsl.load_graph("wordnet").roots("tiger.n.02").ids
    ('entity.n.01',)
    """
    return _ends(graph, graph.index.up(relations), 0, id, relations)


def leaves(graph: KnowledgeGraph, id: str | None = None, *, relations: _Relations = None) -> Concepts:
    """Concepts with nothing below them, by id; those below `id`, if one is given, nearest first, with distances.

    A cycle counts as one concept: nothing below it, and all on it are leaves. Concepts outside the taxonomy, with
    nothing above or below them, are left out, but each is its own leaf when asked for.

    >>> import kgzsl
    >>> kgzsl.load_graph("wordnet").leaves("zebra.n.01").ids
    ('common_zebra.n.01', "grevy's_zebra.n.01", 'mountain_zebra.n.01')
    """
    return _ends(graph, graph.index.down(relations), 1, id, relations)


def _ends(graph: KnowledgeGraph, neighbors: Neighbors, side: int, id: str | None, relations: _Relations) -> Concepts:
    index = graph.index
    is_end = index.ends(relations)[side]
    if id is None:
        inside = (np.diff(index.up(relations).indptr) > 0) | (np.diff(index.down(relations).indptr) > 0)
        return _listed(graph, np.flatnonzero(is_end & inside).tolist())
    found = search.distances(neighbors, _at(graph, id))
    kept = [place for place in found if is_end[place]]
    return Concepts(graph.concept_array.at(kept), [found[place] for place in kept])


def paths_to_root(
    graph: KnowledgeGraph, id: str, *, relations: _Relations = None, limit: int | None = 10_000
) -> tuple[Path, ...]:
    """Every way from a concept up to a root, shortest first, then by concepts and relations; a root's own is empty.

    No way passes a concept twice, or goes on from a root. Concepts with several parents multiply: `ResourceLimitError`
    where there are more than `limit` (None: any number) says how many.

    >>> import kgzsl
    >>> for path in kgzsl.load_graph("wordnet").paths_to_root("dog.n.01"):
    ...     print(len(path), path.concepts[1])
    8 domestic_animal.n.01
    13 canine.n.02
    """
    if limit is not None and (isinstance(limit, bool) or not isinstance(limit, int) or limit < 1):
        raise InputFormatError(f"limit counts paths from 1 on, or is None, not {limit!r}")
    start = _at(graph, id)
    routes = routes_to_roots(graph.index, start, relations, limit=limit)
    return tuple(graph.path_along(start, route) for route in routes)


def common_ancestors(graph: KnowledgeGraph, *ids: str, relations: _Relations = None) -> Concepts:
    """All that stands above every one of these concepts, each of which stands above itself; nearest first, then by id.

    The distance is that from all of them together: edges from each up to it, added up.

    >>> import kgzsl
    >>> found = kgzsl.load_graph("wordnet").common_ancestors("tiger.n.02", "lion.n.01", "dog.n.01")
    >>> found.ids[:2], found.distances[:2]
    (('carnivore.n.01', 'placental.n.01'), (8, 11))
    """
    found = search.common_ancestors(graph.index, _several(graph, ids), relations)
    order = sorted(zip(found.values(), found, strict=True))
    return Concepts(graph.concept_array.at(place for _, place in order), [steps for steps, _ in order])


def lowest_common_ancestors(graph: KnowledgeGraph, *ids: str, relations: _Relations = None) -> Concepts:
    """Every common ancestor without another one below it, deepest first, then by id; a concept is above itself.

    Several of them stand side by side where concepts have several parents, or share a cycle. Empty, if there is none.

    >>> import kgzsl
    >>> kgzsl.load_graph("wordnet").lowest_common_ancestors("tiger.n.02", "lion.n.01", "dog.n.01").ids
    ('carnivore.n.01',)
    """
    try:  # ids as they are: no detours
        a, b = ids
        position = graph.concept_columns.position
        only = graph.index.ancestor_rows(relations).only_lowest(position[a], position[b])
        if only >= 0:
            return graph.concept_array.alone(only)
    except (ValueError, KeyError, TypeError):
        pass
    found = search.lowest_common_ancestors(graph.index, _several(graph, ids), relations)
    return graph.concept_array.answer(graph.concept_array.at(found))


def is_a(graph: KnowledgeGraph, id: str, ancestor: str, *, relations: _Relations = None) -> bool:
    """Whether a concept is another one or stands below it, at any distance: whether `ancestor` subsumes it.

    >>> import kgzsl
    >>> kg = kgzsl.load_graph("wordnet")
    >>> kg.is_a("tiger.n.02", "animal.n.01"), kg.is_a("animal.n.01", "tiger.n.02")
    (True, False)
    """
    start, wanted, up = _at(graph, id), _at(graph, ancestor), graph.index.up(relations)
    walks = graph.index.walks
    if walks.are_compiled():
        space = walks.take()
        found = walks.is_reached(up.packed, space.array, start, wanted)
        walks.lay_back(space)
        return bool(found)
    return wanted in search.distances(up, start)


def depth(graph: KnowledgeGraph, id: str, *, relations: _Relations = None, longest: bool = False) -> int:
    """Edges on the shortest (or longest) way up to a root; a cycle counts as one concept.

    >>> import kgzsl
    >>> kg = kgzsl.load_graph("wordnet")
    >>> kg.depth("dog.n.01"), kg.depth("dog.n.01", longest=True)
    (8, 13)
    """
    return int(graph.index.depths(relations)[1 if longest else 0][_at(graph, id)])


def taxonomic_distance(graph: KnowledgeGraph, a: str, b: str, *, relations: _Relations = None) -> int:
    """Edges on the shortest way up from `a` and down to `b`; `NoPathError` without a common ancestor.

    >>> import kgzsl
    >>> kgzsl.load_graph("wordnet").taxonomic_distance("tiger.n.02", "lion.n.01")
    2
    """
    found = search.taxonomic_distance(graph.index, _at(graph, a), _at(graph, b), relations)
    if found is None:
        over = f"{_named(relations, 'taxonomic relations')} by a common ancestor"
        raise NoPathError(graph.resolve(a), graph.resolve(b), relations=over)
    return found


def _at(graph: KnowledgeGraph, id: str) -> int:
    """`graph.position`, without a detour for ids as they are."""
    try:
        return graph.concept_columns.position[id]
    except (KeyError, TypeError):
        pass
    return graph.position(id)


def _several(graph: KnowledgeGraph, ids: tuple[str, ...]) -> list[int]:
    if not ids:
        raise InputFormatError("name the concepts whose common ancestors are asked for, one or more")
    return [_at(graph, id_) for id_ in ids]


def _limit(max_distance: int) -> int:
    if isinstance(max_distance, bool) or not isinstance(max_distance, int | np.integer) or max_distance < 0:
        raise InputFormatError(f"max_distance counts edges from 0 on, not {max_distance!r}")
    return int(max_distance)


def _listed(graph: KnowledgeGraph, positions: Iterable[int]) -> Concepts:
    array = graph.concept_array
    return array.answer(array.at(sorted(positions)))


def _named(relations: _Relations, default: str) -> str:
    return default if relations is None else relations if isinstance(relations, str) else ", ".join(sorted(relations))
