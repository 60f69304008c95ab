"""What a file that kgzsl writes says of its graph besides names and edges, as text that comes back exactly."""

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import polars as pl

from kgzsl.errors import InputFormatError, SourceError, VersionError
from kgzsl.graph.knowledge_graph import KnowledgeGraph
from kgzsl.graph.relation import Relation
from kgzsl.graph.tables import CONCEPT_COLUMNS, EDGE_COLUMNS

__all__ = ["FORMAT", "Description", "describe_graph", "more_of", "read_json", "rebuilt", "usual", "write_json"]

FORMAT = 1
_SCALARS: Mapping[str, pl.DataType] = {
    str(kind): kind
    for kind in (
        pl.String(), pl.Boolean(), pl.Float64(), pl.Float32(), pl.Int64(), pl.Int32(), pl.Int16(), pl.Int8(),
        pl.UInt64(), pl.UInt32(), pl.UInt16(), pl.UInt8(), pl.Null(),
    )
}  # fmt: skip
_ODD_NUMBERS = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}


@dataclass(frozen=True)
class Description:
    """A graph without its names and edges: what it is called, its relations, counts, and types of its own columns.

    `concept_source` and `edge_source` hold for every row that names no other.
    """

    name: str
    relations: tuple[Relation, ...]
    report: Mapping[str, int] = field(default_factory=dict)
    concept_columns: Mapping[str, str] = field(default_factory=dict)
    edge_columns: Mapping[str, str] = field(default_factory=dict)
    concept_source: str = ""
    edge_source: str = ""
    formulas_escaped: bool = False

    def to_text(self) -> str:
        """As one line of JSON."""
        facts = {"format": FORMAT, **asdict(self)}
        return write_json(facts)

    @classmethod
    def from_text(cls, text: str, location: str | Path) -> "Description":
        """From `to_text`; `SourceError` or `VersionError` if it is not one."""
        facts = read_json(text, location)
        if not isinstance(facts, dict) or "format" not in facts:
            raise SourceError(location, f"the description of the graph is not one: {text[:80]!r}")
        found = facts.pop("format")
        if found != FORMAT:
            raise VersionError(location, found=found, supported=f"format {FORMAT}")
        try:
            relations = tuple(Relation(**relation) for relation in facts.pop("relations"))
            described = cls(relations=relations, **facts)
            for kind in [*described.concept_columns.values(), *described.edge_columns.values()]:
                _type(kind)
        except (TypeError, KeyError, ValueError, AttributeError) as error:
            raise SourceError(location, f"the description of the graph does not hold: {error}") from error
        return described


def write_json(value: object) -> str:
    """JSON on one line, keys sorted, NaN refused."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, allow_nan=False, separators=(",", ":"))


def read_json(text: str, location: str | Path) -> Any:
    """The value; `SourceError` for what is not JSON, NaN and Infinity among it."""
    try:
        return json.loads(text, parse_constant=_refused)
    except (ValueError, RecursionError) as error:
        raise SourceError(location, f"is not JSON: {error}"[:200]) from error


def _refused(constant: str) -> Any:
    raise ValueError(f"{constant} is no JSON number")


def _type(text: str) -> pl.DataType:
    if text.startswith("List(") and text.endswith(")"):
        return pl.List(_type(text[5:-1]))
    if text not in _SCALARS:
        raise KeyError(f"no column type is called {text!r}")
    return _SCALARS[text]


def _own_columns(table: pl.DataFrame, shared: Iterable[str]) -> dict[str, str]:
    """Columns beyond the shared ones, with their types; `InputFormatError` for one that is no plain data."""
    types = {column: str(kind) for column, kind in table.schema.items() if column not in set(shared)}
    for column, kind in types.items():
        try:
            _type(kind)
        except KeyError as error:
            raise InputFormatError(
                f"column {column!r} holds {kind}; only strings, numbers, truth values and lists of them can be "
                'written as text: drop or cast it, or write format="parquet"'
            ) from error
    return types


def describe_graph(graph: KnowledgeGraph, *, formulas_escaped: bool = False) -> Description:
    """What has to be written besides names and edges."""
    return Description(
        name=graph.name,
        relations=tuple(graph.relations.values()),
        report=dict(graph.report),
        concept_columns=_own_columns(graph.concepts_table, CONCEPT_COLUMNS),
        edge_columns=_own_columns(graph.edges_table, EDGE_COLUMNS),
        concept_source=usual(graph.concepts_table["source"]),
        edge_source=usual(graph.edges_table["source"]),
        formulas_escaped=formulas_escaped,
    )


def usual(column: pl.Series) -> str:
    """The most frequent text of a column, the first by name among equals; "" for an empty one."""
    counts = column.value_counts().sort(["count", column.name], descending=[True, False])
    return str(counts[column.name][0]) if len(counts) else ""


def more_of(table: pl.DataFrame, columns: Sequence[str]) -> list[str]:
    """What each row says in these columns, as a JSON object; "" for a row that says nothing."""
    if not columns:
        return [""] * len(table)
    rows = table.select(columns).iter_rows(named=True)
    said = ({column: _plain(value) for column, value in row.items() if value is not None} for row in rows)
    return [write_json(row) if row else "" for row in said]


def _plain(value: Any) -> Any:
    """A value as JSON can say it: numbers that are not finite as their names."""
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    return [_plain(item) for item in value] if isinstance(value, list) else value


def _column(values: list[Any], kind: pl.DataType) -> pl.Series:
    """A column; lists go through one JSON text a row, which polars takes many times faster than Python lists."""
    if not isinstance(kind, pl.List):
        return pl.Series(values, dtype=kind)
    texts = [None if value is None else write_json(value) for value in values]
    return pl.Series(texts, dtype=pl.String).str.json_decode(kind)


def _valued(value: Any, kind: pl.DataType) -> Any:
    if isinstance(kind, pl.List) and isinstance(value, list):
        return [_valued(item, kind.inner) for item in value]  # type: ignore[arg-type]
    return _ODD_NUMBERS.get(value, value) if kind.is_float() and isinstance(value, str) else value


def rebuilt(
    description: Description,
    concepts: Sequence[Mapping[str, Any]],
    edges: Mapping[str, list[Any]],
    location: str | Path,
) -> KnowledgeGraph:
    """The graph of rows that say `id`, `label`, ..., of columns `head`, ..., and of JSON objects under "more"."""
    try:
        table = pl.DataFrame(
            {column: _column([row.get(column) for row in concepts], kind) for column, kind in CONCEPT_COLUMNS.items()}
        ).with_columns(pl.col("source").fill_null(description.concept_source))
        edge_table = pl.DataFrame(
            {column: _column(edges[column], kind) for column, kind in EDGE_COLUMNS.items()}
        ).with_columns(pl.col("source").fill_null(description.edge_source))
        table = _with_more(table, [row.get("more", "") for row in concepts], description.concept_columns, location)
        edge_table = _with_more(edge_table, edges["more"], description.edge_columns, location)
    except (pl.exceptions.PolarsError, TypeError, ValueError, OverflowError, AttributeError) as error:
        raise SourceError(location, f"a cell does not fit its column: {error}") from error
    return KnowledgeGraph.from_tables(
        table, edge_table, description.relations, name=description.name, report=description.report
    )


def _with_more(
    table: pl.DataFrame, texts: Sequence[str], columns: Mapping[str, str], location: str | Path
) -> pl.DataFrame:
    """The table with the graph's own columns in their types."""
    if not columns:
        return table
    kinds = {column: _type(kind) for column, kind in columns.items()}
    said = pl.Series([text or "{}" for text in texts], dtype=pl.String)
    if not _has_odd_numbers(said, kinds):
        return pl.concat([table, said.str.json_decode(pl.Struct(kinds)).struct.unnest()], how="horizontal")
    rows = [read_json(text, location) for text in said]
    return table.with_columns(
        **{name: pl.Series([_valued(row.get(name), kind) for row in rows], dtype=kind) for name, kind in kinds.items()}
    )


def _has_odd_numbers(texts: pl.Series, kinds: Mapping[str, pl.DataType]) -> bool:
    """Whether a number that is not finite may stand there, which JSON has no word for."""
    floats = any("Float" in str(kind) for kind in kinds.values())
    return floats and bool(texts.str.contains(r'"(NaN|-?Infinity)"').any())
