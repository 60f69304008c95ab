"""Changing a graph: each change is a new graph that shares what it did not touch."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import polars as pl

from kgzsl.errors import InputFormatError, InvalidGraphError, UnknownConceptError
from kgzsl.graph.concept import Concept, Edge
from kgzsl.graph.relation import Relation

if TYPE_CHECKING:
    from kgzsl.graph.knowledge_graph import KnowledgeGraph

__all__ = ["add_concepts", "add_edges", "edge_frame", "merge", "remove_edges"]

EdgeLike = Edge | tuple[str, str, str] | tuple[str, str, str, float] | Mapping[str, Any]


def _rows(items: Iterable[Any], names: Sequence[str], what: str) -> list[dict[str, Any]]:
    rows = []
    for item in items:
        if isinstance(item, Mapping):
            rows.append(dict(item))
        elif isinstance(item, tuple) and 0 < len(item) <= len(names):
            rows.append(dict(zip(names, item, strict=False)))
        else:
            raise InputFormatError(f"{what} is a mapping or a tuple ({', '.join(names)}), not {item!r}")
    return rows


def _plain_edge(edge: EdgeLike) -> Any:
    if isinstance(edge, Edge):
        return {
            "head": edge.head,
            "relation": edge.relation,
            "tail": edge.tail,
            "weight": edge.weight,
            "source": edge.source,
            **edge.more,
        }
    return edge


def edge_frame(edges: Iterable[EdgeLike] | pl.DataFrame) -> pl.DataFrame:
    """A table of edges given as a table, as `Edge`, as tuples (head, relation, tail, weight) or as mappings."""
    if isinstance(edges, pl.DataFrame):
        return edges
    rows = _rows([_plain_edge(edge) for edge in edges], ("head", "relation", "tail", "weight"), "an edge")
    for row in rows:
        row.update({end: str(row[end]) for end in ("head", "tail") if end in row})
    if not rows:
        return pl.DataFrame(schema={"head": pl.String, "relation": pl.String, "tail": pl.String})
    return pl.DataFrame(rows, infer_schema_length=None)


def _resolved_ends(graph: KnowledgeGraph, table: pl.DataFrame) -> pl.DataFrame:
    """Ends as ids of the graph; all unknown ones are reported at once."""
    ends = sorted({*table["head"].to_list(), *table["tail"].to_list()})
    resolved: dict[str, str] = {}
    unknown: dict[str, UnknownConceptError] = {}
    for end in ends:
        try:
            resolved[end] = graph.resolve(end)
        except UnknownConceptError as error:
            unknown[end] = error
    if len(unknown) == 1:
        raise next(iter(unknown.values()))
    if unknown:
        advice = [f"{end} (nearest: {', '.join(error.nearest[:3]) or 'none'})" for end, error in unknown.items()]
        raise InvalidGraphError("edges lead to concepts the graph does not have", report={"unknown": advice})
    return table.with_columns(pl.col("head").replace_strict(resolved), pl.col("tail").replace_strict(resolved))


def add_concepts(
    graph: KnowledgeGraph,
    concepts: pl.DataFrame | Iterable[str | Mapping[str, Any] | Concept],
    *,
    name: str | None = None,
) -> KnowledgeGraph:
    """The graph with more concepts: ids, mappings with at least "id", or a table. An id already there is an error."""
    if not isinstance(concepts, pl.DataFrame):
        if isinstance(concepts, str | Mapping):
            concepts = [concepts]
        rows = [{"id": str(item)} if isinstance(item, str) else dict(item) for item in concepts]
        concepts = pl.DataFrame(rows, infer_schema_length=None) if rows else pl.DataFrame(schema={"id": pl.String})
    table = pl.concat([graph.concepts_table, graph.completed_concepts(concepts)], how="diagonal_relaxed")
    return graph.with_tables(concepts=table, name=name)


def add_edges(
    graph: KnowledgeGraph, edges: pl.DataFrame | Iterable[EdgeLike], *, relations: Iterable[Relation] = ()
) -> KnowledgeGraph:
    """The graph with more edges; their ends must be in it. An edge already there is an error."""
    table = _resolved_ends(graph, edge_frame(edges))
    both = pl.concat([graph.edges_table, graph.completed_edges(table)], how="diagonal_relaxed")
    return graph.with_tables(edges=both, relations=relations)


def remove_edges(graph: KnowledgeGraph, edges: pl.DataFrame | Iterable[EdgeLike]) -> KnowledgeGraph:
    """The graph without these edges, concepts kept; an edge it does not have is an error."""
    table = _resolved_ends(graph, edge_frame(edges)).select("head", "relation", "tail").unique()
    keys = ["head", "relation", "tail"]
    absent = table.join(graph.edges_table, on=keys, how="anti").sort(keys)
    if len(absent):
        named = [" ".join(row) for row in absent.iter_rows()]
        raise InvalidGraphError("cannot remove edges the graph does not have", report={"absent": named})
    return graph.with_tables(edges=graph.edges_table.join(table, on=keys, how="anti"))


def merge(
    graph: KnowledgeGraph, other: KnowledgeGraph, *, alignment: Mapping[str, str] | None = None, name: str | None = None
) -> KnowledgeGraph:
    """Both graphs in one. `alignment` maps concepts of `other` onto concepts of this graph; equal ids are one concept.

    Where both describe a concept or an edge, this graph's row stays. An aligned concept of `other` gives its id to
    `alternate_ids`. Edges that the alignment turns into loops are left out and counted in
    `report["loops dropped by merge"]`.
    """
    onto = {other.resolve(source): graph.resolve(target) for source, target in (alignment or {}).items()}
    edges = other.edges_table.with_columns(pl.col("head").replace(onto), pl.col("tail").replace(onto))
    loops = edges.filter(pl.col("head") == pl.col("tail"))
    edges = pl.concat([graph.edges_table, edges.filter(pl.col("head") != pl.col("tail"))], how="diagonal_relaxed")
    edges = edges.unique(["head", "relation", "tail"], keep="first", maintain_order=True)
    newcomers = other.concepts_table.filter(~pl.col("id").is_in(sorted(onto)))
    own = graph.concepts_table
    if onto:
        aligned = (
            pl.DataFrame({"other": list(onto), "id": list(onto.values())}).group_by("id").agg(pl.col("other").sort())
        )
        own = (
            own.join(aligned, on="id", how="left")
            .with_columns(
                pl.concat_list("alternate_ids", pl.col("other").fill_null([]))
                .list.unique(maintain_order=True)
                .alias("alternate_ids")
            )
            .drop("other")
        )
    concepts = pl.concat([own, newcomers], how="diagonal_relaxed").unique("id", keep="first", maintain_order=True)
    report = {**graph.report, "loops dropped by merge": len(loops)} if len(loops) else dict(graph.report)
    relations = [*other.relations.values(), *graph.relations.values()]
    merged_name = name or f"{graph.name}+{other.name}"
    return graph.with_tables(concepts=concepts, edges=edges, relations=relations, name=merged_name, report=report)
