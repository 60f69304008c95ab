"""Tables of samples: a column of labels, perhaps names and splits, and features beside them or in another file."""

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from kgzsl.contracts import FloatArray
from kgzsl.errors import IntegrityError, SourceError, listing
from kgzsl.evaluation.data_arrays import npy_array
from kgzsl.evaluation.data_checks import feature_rows, require_file, require_size

__all__ = ["Part", "read_csv", "read_npy", "read_parquet", "table_of"]

_LABELS = ("label", "labels", "y", "class")
_OTHERS = ("name", "split")
_MOST_LINE = 1 << 24
_Read = tuple[list["Part"], dict[str, Any], int]


@dataclass(frozen=True)
class Part:
    """What one file, or one pair of arrays in it, says."""

    X: FloatArray
    labels: NDArray[Any]
    names: tuple[str, ...] = ()
    split: str = ""
    split_column: NDArray[Any] | None = None


def table_of(file: Path) -> Path:
    """The table that goes with a .npy file."""
    beside = [file.with_suffix(".csv"), file.with_name("labels.csv")]
    return next((table for table in beside if table.is_file()), beside[0])


def read_npy(file: Path) -> _Read:
    """Features of a .npy file with the labels of its table."""
    table = require_file(table_of(file), f"the labels of {file.name}: a .csv with a column 'label'")
    rows = _csv_columns(table)
    label = _label_column(rows, table)
    X = feature_rows(npy_array(file), file)
    return [_of_table(rows, label, X, table)], {}, len(set(rows.columns) - {label, *_OTHERS})


def read_csv(file: Path) -> _Read:
    """Features and labels of a table by itself; every column of numbers is a feature."""
    rows = _csv_columns(file)
    label = _label_column(rows, file)
    columns, words = [], []
    if not all(name.strip() for name in rows.columns):
        raise SourceError(
            file, "has a column without a name; numbers of rows, which some programs write, are no features: name the "
            "column, or leave it out"
        )  # fmt: skip
    for name in rows.columns:
        if name in {label, *_OTHERS}:
            continue
        values = _numbers(rows[name], file)
        if values is None:
            words.append(name)
        else:
            columns.append(values)
    if not columns:
        raise SourceError(file, f"has no column of numbers beside {label!r}, but {listing(words) or 'no other'}")
    X = feature_rows(np.stack(columns, axis=1) if len(rows) else np.zeros((0, len(columns))), file)
    return [_of_table(rows, label, X, file)], {}, len(words)


def read_parquet(file: Path) -> _Read:
    """Features and labels of a table with types: a column of lists, or a column a feature."""
    try:
        rows = pl.read_parquet(file)
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError, ValueError) as error:
        raise IntegrityError(
            file, expected="a whole Parquet file", found=str(error).splitlines()[0][:160], advice="get it again"
        ) from error
    label = _label_column(rows, file)
    if "features" in rows.columns:
        column = rows["features"]
        lengths = column.list.len().unique().to_list() if column.dtype == pl.List else [0]
        if column.dtype != pl.List and not isinstance(column.dtype, pl.Array):
            raise SourceError(file, f"column 'features' holds {column.dtype}, not lists of numbers")
        if column.dtype == pl.List and (len(lengths) != 1 or column.null_count()):
            raise SourceError(file, f"lists in column 'features' differ in length or are missing: {listing(lengths)}")
        values = np.array(column.to_list(), dtype=np.float64)
        left = len(set(rows.columns) - {"features", label, *_OTHERS})
    else:
        numeric = [name for name in rows.columns if rows[name].dtype.is_numeric() and name not in {label, "split"}]
        values = rows.select(numeric).to_numpy() if numeric else np.zeros((0, 0))
        left = len(set(rows.columns) - set(numeric) - {label, *_OTHERS})
    return [_of_table(rows, label, feature_rows(values, file), file)], {}, left


def _csv_columns(file: Path) -> pl.DataFrame:
    """The cells of a .csv as text, under names that are there, once each."""
    require_size(file, file.stat().st_size)
    _require_header(file)
    try:
        return pl.read_csv(file, infer_schema=False)
    except (pl.exceptions.PolarsError, OSError, ValueError) as error:
        raise SourceError(file, f"is no .csv table: {str(error).splitlines()[0]}") from error


def _require_header(file: Path) -> None:
    """`SourceError` for a first line that does not name the columns, each once, between commas."""
    try:
        with file.open(encoding="utf-8-sig", newline="") as stream:
            names = next(csv.reader([stream.readline(_MOST_LINE)]), [])
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise SourceError(file, f"is no .csv table in UTF-8: {error}") from error
    others = {mark: names[0].count(mark) for mark in (";", "\t") if len(names) == 1 and mark in names[0]}
    if others:
        mark = max(others, key=others.__getitem__)
        raise SourceError(file, f"cells are separated by {mark!r}; a .csv has commas, and points in numbers")
    if names and all(map(_is_number, names)):
        raise SourceError(
            file, f"the first line has numbers, {listing(names, limit=3)}, where columns are named; add a line of "
            "names, 'label' among them"
        )  # fmt: skip
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise SourceError(file, f"more than one column is called {listing(twice)}")


def _label_column(rows: pl.DataFrame, file: Path) -> str:
    found = [name for name in _LABELS if name in rows.columns]
    if not found:
        raise SourceError(
            file, f"has no column 'label', but {listing(rows.columns)}; the class of each row is looked for as "
            f"{', '.join(_LABELS)}"
        )  # fmt: skip
    if len(found) > 1:
        raise SourceError(
            file, f"has columns {listing(found)}; one of them holds the labels: name the others otherwise"
        )
    return found[0]


def _numbers(column: pl.Series, file: Path) -> NDArray[np.float64] | None:
    """The cells as numbers; None where none is one; `SourceError` where some are, and where some are empty."""
    cells = column.str.strip_chars()
    values = cells.cast(pl.Float64, strict=False)
    wrong = np.flatnonzero((values.is_null() & cells.is_not_null() & (cells != "").fill_null(value=False)).to_numpy())
    blank = np.flatnonzero((cells.is_null() | (cells == "")).to_numpy())
    if len(wrong) + len(blank) == len(cells) and len(wrong):
        return None
    if len(wrong):
        raise SourceError(
            file, f"column {column.name!r}: {len(wrong):,} of {len(cells):,} cell(s) are no numbers, such as "
            f"{cells[int(wrong[0])]!r} in row {wrong[0]}, counted from 0"
        )  # fmt: skip
    if len(blank):
        raise SourceError(
            file, f"column {column.name!r}: {len(blank):,} empty cell(s), in rows counted from 0: "
            f"{listing(blank.tolist())}; remove these samples, or give them a value"
        )  # fmt: skip
    return values.to_numpy()


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _of_table(rows: pl.DataFrame, label: str, X: FloatArray, file: Path) -> Part:
    given = rows[label]
    if given.null_count():
        empty = np.flatnonzero(given.is_null().to_numpy())
        raise SourceError(file, f"{len(empty):,} row(s) without a label, counted from 0: {listing(empty.tolist())}")
    labels = np.array([str(value) for value in given.to_list()])
    if len(labels) != len(X):
        raise SourceError(file, f"{len(labels):,} labels for {len(X):,} rows of features")
    names = tuple(str(name) for name in rows["name"].to_list()) if "name" in rows.columns else ()
    split = rows["split"].cast(pl.String).fill_null("").to_numpy() if "split" in rows.columns else None
    return Part(X, labels, names, split_column=split)
