"""From what people have, tables or lists, to the tables a graph is made of."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import polars as pl

from kgzsl.errors import InputFormatError
from kgzsl.graph.concept import Edge
from kgzsl.graph.relation import SHARED_RELATIONS, Relation, describe, given_relations
from kgzsl.graph.tables import checked_concepts, checked_edges, coded_edges, framed

__all__ = ["MERGED", "EdgeLike", "Table", "concept_frame", "edge_frame", "held_tables", "inverses", "turned_round"]

Table = pl.DataFrame | pl.LazyFrame
EdgeLike = Edge | tuple[str, str, str] | tuple[str, str, str, float] | Mapping[str, Any]
MERGED = "turned round and merged"
"""Under this name a graph's report counts edges named by an inverse that were there the right way round as well."""

_ENDS = ("head", "relation", "tail")


def held_tables(
    concepts: Any, edges: Any, relations: Iterable[Relation], report: Mapping[str, int] | None
) -> tuple[pl.DataFrame, pl.DataFrame, dict[str, Relation], dict[str, int]]:
    """Both tables checked, sorted and coded, the relations they need, and the report."""
    given = given_relations(relations)
    table = checked_concepts(concept_frame(concepts))
    stated, merged = turned_round(edge_frame(edges), given)
    checked = checked_edges(stated, table["id"])
    described = describe(checked["relation"].unique().to_list(), given.values())
    counts = {**(report or {}), **({MERGED: merged} if merged else {})}
    return table, coded_edges(checked, table["id"], list(described)), described, counts


def turned_round(edges: pl.DataFrame, given: Mapping[str, Relation]) -> tuple[pl.DataFrame, int]:
    """Edges named by a relation's inverse, held the other way round, and how many of them were there already.

    A name that is in `given`, or is shared, is a relation of its own; given relations come before shared ones.
    """
    if any(not _holds_text(edges, name) for name in _ENDS):
        return edges, 0
    names = edges["relation"].unique().drop_nulls().sort().to_list()
    inverse = inverses(names, given)
    if not inverse:
        return edges, 0
    spelled = edges.with_columns(pl.col(_ENDS).cast(pl.String))
    is_inverse = pl.col("relation").is_in(list(inverse)).fill_null(False)
    straight = spelled.filter(~is_inverse)
    turned = spelled.filter(is_inverse).with_columns(
        pl.col("tail").alias("head"), pl.col("relation").replace(inverse), pl.col("head").alias("tail")
    )
    new = turned.join(straight, on=_ENDS, how="anti", maintain_order="left")
    return pl.concat([straight, new]), len(turned) - len(new)


def _holds_text(table: pl.DataFrame, name: str) -> bool:
    return name in table.columns and isinstance(table.schema[name], pl.String | pl.Categorical | pl.Enum)


def inverses(names: Iterable[str], given: Mapping[str, Relation]) -> dict[str, str]:
    """The relation that each of `names` is the inverse of, for those that are no relation themselves."""
    shared = [relation for name, relation in SHARED_RELATIONS.items() if name not in given]
    found = {}
    for name in sorted(set(names) - set(given) - set(SHARED_RELATIONS)):
        known = [relation.name for relation in given.values() if relation.inverse == name]
        known = known or [relation.name for relation in shared if relation.inverse == name]
        if len(known) > 1:
            raise InputFormatError(
                f"{name!r} is the inverse of {' and of '.join(known)}; give a Relation of that name as well"
            )
        found.update(dict.fromkeys([name], known[0]) if known else {})
    return found


def concept_frame(concepts: Any) -> pl.DataFrame:
    """Concepts as a table: ids, mappings with at least "id", or a table of polars or pandas."""
    return _frame(concepts, _concept_row, ["id"], "concepts are given as a table or as a list of ids or mappings")


def edge_frame(edges: Any) -> pl.DataFrame:
    """Edges as a table: `Edge`s, (head, relation, tail[, weight]) tuples, mappings, or a table of polars or pandas."""
    if isinstance(edges, Edge | Mapping | str):
        raise InputFormatError(f"edges are given as a list, not one by one: [{edges!r:.80}]")
    return _frame(edges, _edge_row, _ENDS, "edges are given as a table or as a list of tuples, mappings or Edges")


def _frame(given: Any, row: Any, required: Sequence[str], form: str) -> pl.DataFrame:
    if isinstance(given, pl.DataFrame):
        return given
    if isinstance(given, pl.LazyFrame):
        return given.collect()
    if type(given).__module__.partition(".")[0] == "pandas" and hasattr(given, "iloc") and hasattr(given, "columns"):
        return framed(_pandas_rows(given), required)
    if isinstance(given, str | bytes | Mapping) or not isinstance(given, Iterable):
        raise InputFormatError(f"{form}, not {type(given).__name__}")
    return framed([row(item) for item in given], required)


def _pandas_rows(table: Any) -> list[dict[str, Any]]:
    """Rows of a pandas table; its missing values are None, but a NaN among numbers stays one."""
    names = [str(name) for name in table.columns]
    if len(set(names)) < len(names):
        raise InputFormatError(f"the table has columns of the same name: {', '.join(names)}")
    columns = []
    for place in range(len(names)):
        column = table.iloc[:, place]
        is_number = str(column.dtype).startswith("float")
        pairs = zip(column.tolist(), column.isna().tolist(), strict=True)
        columns.append([None if absent is True and not is_number else value for value, absent in pairs])
    return [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]


def _edge_row(edge: Any) -> Mapping[str, Any]:
    if isinstance(edge, Edge):
        return {**{name: getattr(edge, name) for name in (*_ENDS, "weight", "source")}, **edge.more}
    if isinstance(edge, Mapping):
        return edge
    if isinstance(edge, tuple | list) and len(edge) in (3, 4):
        return dict(zip((*_ENDS, "weight"), edge, strict=False))
    raise InputFormatError(f"an edge is an Edge, a tuple (head, relation, tail[, weight]) or a mapping, not {edge!r}")


def _concept_row(item: Any) -> Mapping[str, Any]:
    if isinstance(item, str):
        return {"id": item}
    if isinstance(item, Mapping):
        return item
    raise InputFormatError(f"a concept is an id or a mapping with at least 'id', not {type(item).__name__} {item!r}")
