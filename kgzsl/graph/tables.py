"""From any two tables to the sorted, checked columns that a knowledge graph holds."""

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from kgzsl.errors import InputFormatError, InvalidGraphError

__all__ = [
    "CONCEPT_COLUMNS",
    "EDGE_COLUMNS",
    "checked_concepts",
    "checked_edges",
    "coded_edges",
    "framed",
    "has_columns",
    "spelled_edges",
    "stacked",
]

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


_PLURAL = {pl.String(): "strings", pl.Float64(): "numbers", pl.List(pl.String()): "lists of strings"}


def framed(rows: Sequence[Mapping[str, Any]], required: Sequence[str]) -> pl.DataFrame:
    """A table of rows given as mappings; those in `required` must be strings in every row."""
    for place, row in enumerate(rows):
        for name in required:
            if not isinstance(row.get(name), str):
                given = f"not {type(row[name]).__name__} {row[name]!r}" if name in row else "and is missing"
                raise InputFormatError(f"row {place}, {dict(row)!r:.80}: {name!r} must be a string, {given}")
    plain = [{name: str(value) if isinstance(value, str) else value for name, value in row.items()} for row in rows]
    try:
        table = pl.DataFrame(plain, infer_schema_length=None)
    except (TypeError, ValueError, OverflowError, pl.exceptions.PolarsError) as error:
        raise InputFormatError(f"the {len(rows)} rows do not make columns of one type each: {error}") from error
    for name, held in table.schema.items():
        if held == pl.Object():
            kinds = sorted({type(row[name]).__name__ for row in rows if row.get(name) is not None})
            raise InputFormatError(f"column {name!r} holds {', '.join(kinds)}; give strings, numbers, or lists of them")
    return table if plain else pl.DataFrame(schema=dict.fromkeys(required, pl.String()))


def stacked(first: pl.DataFrame, second: pl.DataFrame) -> pl.DataFrame:
    """Rows of both tables; a column that only one has is null in the rows of the other."""
    try:
        return pl.concat([first, second], how="diagonal_relaxed")
    except pl.exceptions.PolarsError as error:
        apart = [
            f"{name!r} is {first.schema[name]} here and {held} there"
            for name, held in second.schema.items()
            if name in first.columns and first.schema[name] != held
        ]
        raise InputFormatError(f"columns do not fit together: {'; '.join(apart)}; give them one type") from error


def has_columns(table: pl.DataFrame, names: Sequence[str]) -> pl.DataFrame:
    """The table as it is; `InvalidGraphError` if it lacks one of these columns."""
    missing = [name for name in names if name not in table.columns]
    if missing:
        held = ", ".join(table.columns) or "none"
        raise InvalidGraphError(f"the table lacks the column(s) {', '.join(missing)}; it has {held}")
    return table


def _is_of(held: pl.DataType, dtype: pl.DataType) -> bool:
    if isinstance(dtype, pl.List):
        return isinstance(held, pl.List) and held.inner in (pl.String(), pl.Null())
    if dtype == pl.Float64():
        return held.is_numeric()
    return held == pl.String() or isinstance(held, pl.Categorical | pl.Enum)


def _shared_column(table: pl.DataFrame, name: str, dtype: pl.DataType) -> pl.Expr:
    """A shared column in its type; null, and null in a list, is empty."""
    empty = pl.lit([] if isinstance(dtype, pl.List) else _EMPTY.get(name, ""), dtype=dtype)
    if name not in table.columns or table.schema[name] == pl.Null():
        return empty.alias(name)
    held = table.schema[name]
    if not _is_of(held, dtype) and len(table):
        example = table[name].drop_nulls().head(1).to_list()
        raise InputFormatError(f"column {name!r} must hold {_PLURAL[dtype]}, not {held}; the first is {example}")
    value = pl.col(name).cast(dtype).fill_null(empty)
    return (value.list.drop_nulls() if isinstance(dtype, pl.List) else value).alias(name)


def _completed(table: pl.DataFrame, columns: Mapping[str, pl.DataType], *, required: Sequence[str]) -> pl.DataFrame:
    """The table with all shared columns first, in their types; what is absent or null is empty."""
    has_columns(table, required)
    more = sorted(set(table.columns) - set(columns))
    # a column, not a literal alone, decides how many rows a table has: so `with_columns`, not `select` at once
    return table.with_columns(*(_shared_column(table, name, dtype) for name, dtype in columns.items())).select(
        *columns, *more
    )


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
