"""Changing a graph: each change is a new graph that shares what it did not touch."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from kgzsl.display.text import escape_text
from kgzsl.errors import InputFormatError, InvalidGraphError, UnknownNameError, UnknownRelationError
from kgzsl.graph.lookup import nearest_of
from kgzsl.graph.making import EdgeLike, Table, concept_frame, edge_frame, inverses
from kgzsl.graph.relation import KINDS, Kind, Relation, describe, given_relations, stored_relation
from kgzsl.graph.spelling import near_relations
from kgzsl.graph.tables import checked_concepts, checked_edges, coded_edges, has_columns, spelled_edges, stacked

if TYPE_CHECKING:
    from kgzsl.graph.knowledge_graph import KnowledgeGraph

__all__ = ["add_concepts", "add_edges", "describe_relations", "merge", "remove_edges", "with_edges"]

_ENDS = ("head", "relation", "tail")
_ADVISED = 5


def _stated(graph: KnowledgeGraph, edges: Iterable[EdgeLike] | Table, given: Mapping[str, Relation]) -> pl.DataFrame:
    """Edges as a table between ids of the graph, those named by an inverse turned round."""
    table = has_columns(edge_frame(edges), _ENDS).with_columns(pl.col(_ENDS).cast(pl.String))
    resolved = _resolved(graph, sorted({*table["head"].drop_nulls(), *table["tail"].drop_nulls()}))
    names = sorted(set(table["relation"].drop_nulls()) - set(given))
    stored = {name: stored_relation(graph.relations.values(), name) for name in names}
    inverse = {name: other for name, other in stored.items() if other is not None}
    inverse |= inverses([name for name, other in stored.items() if other is None], {**graph.relations, **given})
    head, tail = (pl.col(end).replace(resolved) for end in ("head", "tail"))
    turned = pl.col("relation").is_in(list(inverse))
    return table.with_columns(
        pl.when(turned).then(tail).otherwise(head).alias("head"),
        pl.col("relation").replace(inverse),
        pl.when(turned).then(head).otherwise(tail).alias("tail"),
    )


def _resolved(graph: KnowledgeGraph, ends: Iterable[str]) -> dict[str, str]:
    """The id meant by each end; all unknown ones are reported at once."""
    concepts = graph.concept_columns
    rows = {end: concepts.row(end) for end in ends}
    unknown = [end for end, row in rows.items() if row is None]
    if len(unknown) == 1:
        raise concepts.unknown(unknown, graph=graph.name)
    if unknown:
        errors = [concepts.unknown([end], graph=graph.name) for end in unknown[:_ADVISED]]
        advice = [f"{error.id} (nearest: {', '.join(error.nearest[:3]) or 'none'})" for error in errors]
        name = escape_text(graph.name)
        raise InvalidGraphError(
            f"edges lead to {len(unknown):,} concepts graph {name} does not have; use add_concepts first",
            report={"unknown": [*advice, *unknown[_ADVISED:]]},
        )
    return {end: concepts.ids[row] for end, row in rows.items() if row is not None}


def add_concepts(
    graph: KnowledgeGraph, concepts: Table | Iterable[str | Mapping[str, Any]] | str | Mapping[str, Any]
) -> KnowledgeGraph:
    """A new graph with more concepts: ids, mappings with at least "id", or a table; an id already there is an error.

    >>> import kgzsl
    >>> zoo = kgzsl.KnowledgeGraph.from_tables(["cat"], [])
    >>> zoo.add_concepts(["lion", {"id": "tiger", "definition": "a large striped cat"}]).ids
    ('cat', 'lion', 'tiger')
    """
    new = checked_concepts(concept_frame([concepts] if isinstance(concepts, str | Mapping) else concepts))
    present = [id_ for id_ in new["id"].to_list() if id_ in graph]
    if present:
        raise InvalidGraphError(
            f"graph {escape_text(graph.name)} already has these concepts", report={"id given twice": present}
        )
    both = stacked(graph.concepts_table, new)
    order = both["id"].arg_sort().to_numpy()
    places = np.empty(len(both), dtype=np.int64)
    places[order] = np.arange(len(both))
    edges = graph.coded_edges
    moved = [pl.Series(end, places[edges[end].to_numpy()]) for end in ("head", "tail")]
    return graph.with_tables(concepts=both[order], edges=edges.with_columns(moved))


def add_edges(
    graph: KnowledgeGraph, edges: Table | Iterable[EdgeLike], *, relations: Iterable[Relation] = ()
) -> KnowledgeGraph:
    """A new graph with more edges between its concepts: `Edge`s, (head, relation, tail) tuples, or a table.

    An edge already there is an error. One that is named by a relation's inverse is held the other way round:
    (b, "has_kind", a) as (a, "is_a", b). A relation that is new is an association under its name, unless `relations`
    describes it; if its name is nearly that of another ("isa", "has_prat"), it must be described, or is refused with
    `UnknownRelationError`.

    >>> import kgzsl
    >>> zoo = kgzsl.KnowledgeGraph.from_tables(["cat", "tiger"], [])
    >>> print(*zoo.add_edges([("cat", "has_kind", "tiger")]).edges())
    tiger is_a cat
    """
    given = given_relations(relations)
    return with_edges(graph, edges, given, takes_slips=False)


def with_edges(
    graph: KnowledgeGraph,
    edges: Table | Iterable[EdgeLike],
    given: Mapping[str, Relation],
    *,
    takes_slips: bool,
) -> KnowledgeGraph:
    """`add_edges`; with `takes_slips` a new relation may have any name, as in files of earlier releases."""
    ids = graph.concept_columns.id_column
    stated = checked_edges(_stated(graph, edges, given), ids)
    known = {**graph.relations, **given}
    if not takes_slips:
        _require_no_slips(graph, stated["relation"].unique().to_list(), known)
    described = describe(stated["relation"].to_list(), known.values())
    names = list(described)
    new, held = coded_edges(stated, ids, names), _recoded(graph, names)
    again = new.join(held, on=_ENDS, how="semi", maintain_order="left")
    if len(again):
        named = [" ".join(row) for row in spelled_edges(again, ids, names).select(_ENDS).iter_rows()]
        raise InvalidGraphError(
            f"graph {escape_text(graph.name)} already has these edges", report={"edge given twice": named}
        )
    return graph.with_tables(edges=stacked(held, new).sort(_ENDS), relations=described.values())


def _require_no_slips(graph: KnowledgeGraph, names: Iterable[str], known: Mapping[str, Relation]) -> None:
    """`UnknownRelationError` for a new relation whose name is probably meant to be that of another."""
    for name, nearest in near_relations(set(names) - set(known), known).items():
        error = UnknownRelationError(name, graph=graph.name, known=list(graph.relations), nearest=nearest)
        described = f"relations=[Relation({escape_text(name)!r})]"
        error.message += f"; if it is a relation of its own, describe it: add_edges and add_class take {described}"
        raise error


def _recoded(graph: KnowledgeGraph, names: list[str]) -> pl.DataFrame:
    """The graph's edges with relations as places in `names`, which has all of its own in the same order."""
    edges = graph.coded_edges
    if names == list(graph.relations):
        return edges
    place = np.array([names.index(name) for name in graph.relations], dtype=np.int64)
    return edges.with_columns(pl.Series("relation", place[edges["relation"].to_numpy()]))


def remove_edges(graph: KnowledgeGraph, edges: Table | Iterable[EdgeLike]) -> KnowledgeGraph:
    """A new graph without these edges, concepts and relations kept; an edge it does not have is an error.

    An edge of a symmetric relation may be named from either end.

    >>> import kgzsl
    >>> zoo = kgzsl.KnowledgeGraph.from_tables(["cat", "tiger"], [("tiger", "is_a", "cat")])
    >>> len(zoo.remove_edges([("tiger", "is_a", "cat")]).edges())
    0
    """
    stated = _stated(graph, edges, {}).select(_ENDS).unique().sort(_ENDS)
    ids, names = graph.concept_columns.id_column, list(graph.relations)
    known = stated.filter(pl.col("relation").is_in(names))
    coded = _as_held(graph, coded_edges(known, ids, names))
    absent = coded.join(graph.coded_edges, on=_ENDS, how="anti")
    unknown = stated.filter(~pl.col("relation").is_in(names))
    if len(absent) or len(unknown):
        both = pl.concat([spelled_edges(absent, ids, names).select(_ENDS), unknown.select(_ENDS)]).sort(_ENDS)
        named = [" ".join(str(cell) for cell in row) for row in both.iter_rows()]
        raise InvalidGraphError(f"graph {escape_text(graph.name)} does not have these edges", report={"absent": named})
    return graph.with_tables(edges=graph.coded_edges.join(coded, on=_ENDS, how="anti", maintain_order="left"))


def describe_relations(
    graph: KnowledgeGraph, relations: Iterable[Relation] | Mapping[str, Kind | Relation]
) -> KnowledgeGraph:
    """A new graph in which these of its relations are what is said here; concepts and edges stay.

    Names with kinds, of which the rest of the description stays, or `Relation`s, which replace what was known: kind,
    inverse, and the verbs that read an edge aloud. `UnknownRelationError` for a relation that the graph does not have.

    >>> import kgzsl
    >>> zoo = kgzsl.KnowledgeGraph.from_tables(["savanna", "zebra"], [("zebra", "lives_in", "savanna")])
    >>> print(zoo.describe_relations({"lives_in": "attribute"}).relations)
    relation  kind       inverse  read aloud
    lives_in  attribute           a lives in b
    >>> home = kgzsl.Relation("lives_in", "attribute", inverse="home_of", inverse_verb="is home of")
    >>> print(*zoo.describe_relations([home]).edges("savanna", "home_of"))
    savanna home_of zebra
    """
    known = graph.relations
    described = dict(known)
    for name, said in (relations if isinstance(relations, Mapping) else given_relations(relations)).items():
        if name not in known:
            near = nearest_of(str(name), list(known))
            raise UnknownRelationError(str(name), graph=graph.name, known=list(known), nearest=near)
        described[name] = _described(known[name], said)
    return graph.with_tables(relations=described.values())


def _described(relation: Relation, said: Kind | Relation) -> Relation:
    if isinstance(said, Relation):
        if said.name != relation.name:
            raise InputFormatError(f"{relation.name!r} cannot be described as {said.name!r}: a relation keeps its name")
        return said
    if said not in KINDS:
        raise UnknownNameError("kind of relation", str(said), known=KINDS, nearest=nearest_of(str(said), KINDS))
    return replace(relation, kind=said)


def _as_held(graph: KnowledgeGraph, coded: pl.DataFrame) -> pl.DataFrame:
    """Edges of symmetric relations turned round where the graph has them only the other way round."""
    symmetric = [place for place, rel in enumerate(graph.relations.values()) if rel.symmetric]
    turned = coded.filter(pl.col("relation").is_in(symmetric)).join(graph.coded_edges, on=_ENDS, how="anti")
    other_way = {"head": "tail", "tail": "head"}
    found = turned.rename(other_way).join(graph.coded_edges, on=_ENDS, how="semi").select(_ENDS)
    left = coded.join(found.rename(other_way), on=_ENDS, how="anti").select(_ENDS)
    return pl.concat([left, found]).unique(maintain_order=True)


def merge(
    graph: KnowledgeGraph, other: KnowledgeGraph, *, alignment: Mapping[str, str] | None = None, name: str | None = None
) -> KnowledgeGraph:
    """A new graph with what both say; equal ids are one concept, and `alignment` maps ids of `other` onto ids of this.

    Where both describe a concept, an edge or a relation, this graph's description stays. An aligned concept of
    `other` gives its id to `alternate_ids`. Edges that the alignment turns into loops are left out and counted in
    `report["loops dropped by merge"]`.

    >>> import kgzsl
    >>> zoo = kgzsl.KnowledgeGraph.from_tables(["cat", "tiger"], [("tiger", "is_a", "cat")])
    >>> more = kgzsl.KnowledgeGraph.from_tables(["Tiger", "stripe"], [("Tiger", "has_part", "stripe")])
    >>> print(*zoo.merge(more, alignment={"Tiger": "tiger"}).edges("tiger"), sep="; ")
    tiger has_part stripe; tiger is_a cat
    """
    if not isinstance(other, type(graph)):
        raise InputFormatError(f"merge takes another KnowledgeGraph, not {type(other).__name__} {other!r:.80}")
    if alignment is not None and not isinstance(alignment, Mapping):
        raise InputFormatError(f"an alignment maps ids of the other graph, not {type(alignment).__name__}")
    if name is not None and not isinstance(name, str):
        raise InputFormatError(f"a graph's name is a string, not {name!r}")
    onto = {other.resolve(source): graph.resolve(target) for source, target in (alignment or {}).items()}
    edges = other.edges_table.with_columns(pl.col("head").replace(onto), pl.col("tail").replace(onto))
    is_loop = pl.col("head") == pl.col("tail")
    loops = len(edges.filter(is_loop))
    edges = stacked(graph.edges_table, edges.filter(~is_loop)).unique(_ENDS, keep="first", maintain_order=True)
    newcomers = other.concepts_table.filter(~pl.col("id").is_in(sorted(onto)))
    concepts = stacked(_with_alternates(graph.concepts_table, onto), newcomers)
    report = {**graph.report, "loops dropped by merge": loops} if loops else dict(graph.report)
    return type(graph).from_tables(
        concepts.unique("id", keep="first", maintain_order=True),
        edges,
        {**other.relations, **graph.relations}.values(),
        name=name or f"{graph.name}+{other.name}",
        report=report,
    )


def _with_alternates(concepts: pl.DataFrame, onto: Mapping[str, str]) -> pl.DataFrame:
    """The concept table, to whose `alternate_ids` the ids mapped onto each concept are added."""
    if not onto:
        return concepts
    aligned = pl.DataFrame({"other": list(onto), "id": list(onto.values())}).sort("other")
    grouped = aligned.group_by("id").agg("other")
    alternates = pl.concat_list("alternate_ids", pl.col("other").fill_null([])).list.unique(maintain_order=True)
    joined = concepts.join(grouped, on="id", how="left", maintain_order="left")
    return joined.with_columns(alternates.alias("alternate_ids")).drop("other")
