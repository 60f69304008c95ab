"""From any two tables to the sorted, checked columns that a knowledge graph holds."""

from collections.abc import Mapping, Sequence

import polars as pl

from kgzsl.errors import InvalidGraphError

__all__ = ["CONCEPT_COLUMNS", "EDGE_COLUMNS", "checked_concepts", "checked_edges", "coded_edges", "spelled_edges"]

CONCEPT_COLUMNS: Mapping[str, pl.DataType] = {
    "id": pl.String(),
    "label": pl.String(),
    "aliases": pl.List(pl.String()),
    "definition": pl.String(),
    "source": pl.String(),
    "alternate_ids": pl.List(pl.String()),
}
EDGE_COLUMNS: Mapping[str, pl.DataType] = {
    "head": pl.String(),
    "relation": pl.String(),
    "tail": pl.String(),
    "weight": pl.Float64(),
    "source": pl.String(),
}
_EMPTY: Mapping[str, object] = {"weight": 1.0}


def _completed(table: pl.DataFrame, columns: Mapping[str, pl.DataType], *, required: Sequence[str]) -> pl.DataFrame:
    """The table with all shared columns first, in their types; what is absent or null is empty."""
    missing = [name for name in required if name not in table.columns]
    if missing:
        raise InvalidGraphError(
            f"the table lacks the column(s) {', '.join(missing)}; it has {', '.join(table.columns)}"
        )
    shared = []
    for name, dtype in columns.items():
        empty = pl.lit([] if isinstance(dtype, pl.List) else _EMPTY.get(name, ""), dtype=dtype)
        value = pl.col(name).cast(dtype).fill_null(empty) if name in table.columns else empty
        shared.append(value.alias(name))
    more = sorted(set(table.columns) - set(columns))
    return table.select(*shared, *more)


def _faults(checks: Mapping[str, pl.Series]) -> dict[str, list[object]]:
    return {fault: found.to_list() for fault, found in checks.items() if len(found)}


def checked_concepts(table: pl.DataFrame) -> pl.DataFrame:
    """The concept table, complete and sorted by id; `InvalidGraphError` lists empty and repeated ids."""
    table = _completed(table, CONCEPT_COLUMNS, required=["id"])
    ids = table["id"]
    report = _faults(
        {
            "empty id": ids.filter(ids.str.strip_chars() == ""),
            "id given twice": ids.filter(ids.is_duplicated()).unique().sort(),
        }
    )
    if report:
        raise InvalidGraphError("the concept table is not one concept a row", report=report)
    label = pl.when(pl.col("label") == "").then(pl.col("id")).otherwise(pl.col("label"))
    return table.with_columns(label.alias("label")).sort("id")


def checked_edges(table: pl.DataFrame, ids: pl.Series) -> pl.DataFrame:
    """The edge table, complete; `InvalidGraphError` lists unknown ends, bad weights, self loops, repeats."""
    table = _completed(table, EDGE_COLUMNS, required=["head", "relation", "tail"])
    ends = pl.concat([table["head"], table["tail"]])
    named = pl.format("{} {} {}", "head", "relation", "tail")
    bad_weight = ~pl.col("weight").is_finite() | (pl.col("weight") <= 0)
    triple = pl.struct("head", "relation", "tail")
    report = _faults(
        {
            "edge end that is no concept": ends.filter(~ends.is_in(ids.implode())).unique().sort(),
            "edge without a relation": table.filter(pl.col("relation") == "").select(named).to_series(),
            "weight that is not positive and finite": table.filter(bad_weight).select(named).to_series(),
            "edge from a concept to itself": table.filter(pl.col("head") == pl.col("tail")).select(named).to_series(),
            "edge given twice": table.filter(triple.is_duplicated()).select(named).to_series().unique().sort(),
        }
    )
    if report:
        raise InvalidGraphError("the edge table does not fit the concepts", report=report)
    return table


def coded_edges(table: pl.DataFrame, ids: pl.Series, relations: Sequence[str]) -> pl.DataFrame:
    """Edges with ends as positions in `ids` and relations as places in `relations`, sorted by the three."""
    concept, relation = pl.Enum(ids), pl.Enum(relations)
    coded = table.with_columns(
        pl.col("head").cast(concept).to_physical().cast(pl.Int64),
        pl.col("relation").cast(relation).to_physical().cast(pl.Int64),
        pl.col("tail").cast(concept).to_physical().cast(pl.Int64),
    )
    return coded.sort("head", "relation", "tail")


def spelled_edges(edges: pl.DataFrame, ids: pl.Series, relations: Sequence[str]) -> pl.DataFrame:
    """The inverse of `coded_edges`: ids and relation names for positions and codes."""
    names = pl.Series(relations, dtype=pl.String)
    return edges.with_columns(
        ids.gather(edges["head"]).alias("head"),
        names.gather(edges["relation"]).alias("relation"),
        ids.gather(edges["tail"]).alias("tail"),
    )
