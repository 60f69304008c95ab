"""A table of attributes: one concept a row, one number a column."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
import polars as pl
from numpy.typing import NDArray

from kgzsl.contracts import FloatArray, State
from kgzsl.errors import DataMissingError, InputFormatError, SourceError, listing
from kgzsl.features.missing import MissingPolicy, check_policy, completed, resolved, warn_of_filled
from kgzsl.features.rows import NamedRows
from kgzsl.graph.knowledge_graph import KnowledgeGraph

__all__ = ["AttributeTable"]

_SEPARATORS = {".csv": ",", ".tsv": "\t", ".txt": "\t"}


@dataclass(frozen=True, eq=False)
class AttributeTable:
    """Attributes of concepts ("has stripes" 0.9), one named column each.

    `table` is a polars or pandas DataFrame or the path of a .csv, .tsv or .parquet file whose first column holds
    concept ids (anything `KnowledgeGraph.resolve` takes) and whose other columns are numbers; or a mapping from ids
    to mappings from attribute to number, all with the same attributes. Values are kept as they are: a benchmark's -1
    for "not annotated" is a number here. `missing` says what becomes of a concept without a row: "error", "zero" or
    "neighbours"; `report` counts it after `fit`.

    >>> AttributeTable({"cat": {"purrs": 1, "barks": 0}, "dog": {"purrs": 0, "barks": 1}}).attributes
    ('purrs', 'barks')
    """

    name: ClassVar[str] = "attributes"
    table: Any = field(repr=False)
    missing: MissingPolicy = "error"
    report: Mapping[str, int] = field(default_factory=dict, repr=False)
    attributes: tuple[str, ...] = field(default=(), repr=False)
    _rows: NamedRows | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        check_policy(self.missing)
        if self._rows is None:
            table = _as_frame(self.table)
            object.__setattr__(self, "attributes", tuple(table.columns[1:]))
            object.__setattr__(self, "_rows", _checked_rows(table))
        object.__setattr__(self, "table", None)  # held once, as checked rows

    @property
    def named_rows(self) -> NamedRows:
        """The checked rows; column j is `attributes[j]`."""
        assert self._rows is not None
        return self._rows

    def fit(self, graph: KnowledgeGraph, concepts: Sequence[str]) -> Self:
        """Check that the concepts have rows; `MissingFeaturesError` lists all that do not."""
        _, counts = self._completed(graph, concepts)
        warn_of_filled("the attribute table", counts)
        elsewhere = len(self.named_rows.names) - len(self.named_rows.rows_of(graph))
        return replace(self, report=counts | {"rows_not_in_graph": elsewhere})

    def encode(self, graph: KnowledgeGraph, concepts: Sequence[str]) -> FloatArray:
        """Attributes `[len(concepts), len(attributes)]`."""
        return self._completed(graph, concepts)[0]

    def _completed(self, graph: KnowledgeGraph, concepts: Sequence[str]) -> tuple[FloatArray, dict[str, int]]:
        ids = resolved(graph, concepts)
        rows = self.named_rows.rows_of(graph)
        return completed(
            graph,
            ids,
            lambda some: self.named_rows.described(rows, some),
            missing=self.missing,
            source="the attribute table",
            unit=False,
        )

    def state(self) -> State:
        """Ids, attribute names and settings; the values."""
        names, attributes = list(self.named_rows.names), list(self.attributes)
        config = {"ids": names, "attributes": attributes, "missing": self.missing, "report": dict(self.report)}
        return config, {"values": self.named_rows.matrix}

    @classmethod
    def from_state(cls, config: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> Self:
        """The encoder that `state` described."""
        rows = NamedRows.restored(config["ids"], arrays["values"], source="the attribute table")
        attributes = tuple(config["attributes"])
        return cls(None, missing=config["missing"], report=config["report"], attributes=attributes, _rows=rows)


def _as_frame(table: Any) -> pl.DataFrame:
    if isinstance(table, pl.DataFrame):
        return table
    if isinstance(table, str | Path):
        return _read(Path(table))
    if isinstance(table, Mapping):
        return _from_mapping(table)
    if hasattr(table, "to_dict") and hasattr(table, "columns"):  # pandas, without pyarrow
        return pl.DataFrame(table.to_dict(orient="list"), strict=False)
    raise InputFormatError(f"an attribute table is a DataFrame, a path or a mapping, not {type(table).__name__}")


def _from_mapping(table: Mapping[str, Mapping[str, float]]) -> pl.DataFrame:
    if not table or not all(isinstance(row, Mapping) for row in table.values()):
        raise InputFormatError("a mapping of attributes is not empty and maps ids to {attribute: number}")
    attributes = list(next(iter(table.values())))
    uneven = [id_ for id_, row in table.items() if set(row) != set(attributes)]
    if uneven:
        raise InputFormatError(f"other attributes than {listing(attributes)} for {listing(uneven)}; give all to each")
    columns = {name: [row[name] for row in table.values()] for name in attributes}
    return pl.DataFrame({"id": list(table), **columns}, strict=False)


def _read(path: Path) -> pl.DataFrame:
    if not path.is_file():
        raise DataMissingError(path, "no such file; expected a table of attributes")
    suffix = path.suffix.lower()
    try:
        if suffix == ".parquet":
            return pl.read_parquet(path)
        if suffix not in _SEPARATORS:
            raise SourceError(path, f"a table is .csv, .tsv, .txt (tab) or .parquet, not {suffix!r}")
        return pl.read_csv(path, separator=_SEPARATORS[suffix], infer_schema_length=None)
    except (pl.exceptions.PolarsError, UnicodeDecodeError) as error:
        raise SourceError(path, f"not a readable table: {error}") from error


def _checked_rows(table: pl.DataFrame) -> NamedRows:
    if table.width < 2:
        raise InputFormatError(
            f"the attribute table has {table.width} column(s); expected ids and at least one attribute"
        )
    values = table.select(table.columns[1:])
    words = [name for name, dtype in values.schema.items() if not (dtype.is_numeric() or dtype == pl.Boolean)]
    if words:
        raise InputFormatError(f"columns of the attribute table that are not numbers: {listing(words)}")
    blank = [name for name in values.columns if values[name].null_count()]
    if blank:
        raise InputFormatError(f"columns of the attribute table with empty cells: {listing(blank)}; fill them first")
    matrix = values.select(pl.all().cast(pl.Float64)).to_numpy()
    ids = table.get_column(table.columns[0])
    return NamedRows.checked(ids.to_list(), np.asarray(matrix), source="the attribute table")
