"""Tables of numbers and labels as text, read quickly where they are plain, and with care where they are not."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from kgzsl.errors import InputFormatError, listing

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["LABELS", "Table", "first_row", "label_among", "read_table"]

LABELS = ("y", "label", "labels", "class", "classes")
_INDEX = "; pandas writes its index there, and not with to_csv(index=False)"


@dataclass(frozen=True)
class Table:
    """Numbers `[num_rows, num_columns]`, the label of each row, and the names of the columns; None, () for none."""

    numbers: NDArray[np.float64]
    labels: list[str] | None
    names: tuple[str, ...]


@dataclass(frozen=True)
class _Head:
    """The first row that is not empty: names, or numbers already."""

    line: int
    names: tuple[str, ...]
    width: int
    label: int | None


def separator(path: Path) -> str:
    return "\t" if path.suffix.lower() == ".tsv" else ","


def first_row(path: Path) -> list[str]:
    """The cells of the first line that is not empty, whatever bytes the file holds."""
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
        found = (row for row in csv.reader(file, delimiter=separator(path)) if not _is_blank(row))
        return [cell.strip() for cell in next(found, [])]


def label_among(names: Sequence[str], *, where: str = "") -> str | None:
    """The column of labels, if there is one; `InputFormatError` if several could be it."""
    found = [name for name in names if name.lower() in LABELS]
    if len(found) > 1:
        raise InputFormatError(f"{where}columns {listing(found)} may each be the labels; rename all but one")
    return found[0] if found else None


def read_table(path: Path) -> Table:
    """A .csv or .tsv; `InputFormatError` tells the line that cannot be read, counted from 1.

    Rows without a cell, blanks around cells and a byte-order mark are passed over. The first row has names, unless it
    is all numbers. A column called label (or y, class ...) has the labels, every other one a number in each row.
    """
    text = _text(path.read_bytes())
    parted = separator(path)
    line, first = next(_rows(text, parted), (0, []))
    if not line:
        raise InputFormatError("is empty")
    head = _head(first, line)
    quick = _quickly(text, parted, head, first)
    return quick if quick is not None else _carefully(text, parted, head)


def _text(content: bytes) -> str:
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise InputFormatError("line 1: is text in UTF-16; save it in UTF-8")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise InputFormatError(
            f"line {line}: the byte {content[error.start]:#04x} is no text in UTF-8; save it in UTF-8"
        ) from error
    if "\0" in text:
        raise InputFormatError(f"line {text.count(chr(10), 0, text.index(chr(0))) + 1}: has a NUL, so it is no text")
    return text


def _rows(text: str, parted: str) -> Iterator[tuple[int, list[str]]]:
    """Rows with the line that each begins in; lines that are empty are none."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=parted, strict=True)
    while True:
        line = reader.line_num + 1
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise InputFormatError(f"line {line}: the quotes of a cell do not match ({error})") from error
        if not _is_blank(row):
            yield line, [cell.strip() for cell in row]


def _is_blank(row: Sequence[str]) -> bool:
    return not any(cell.strip() for cell in row)


def _head(first: list[str], line: int) -> _Head:
    if all(map(_is_number, first)):
        return _Head(line, (), len(first), None)
    while len(first) > 1 and not first[-1]:  # lines that end in a comma
        first = first[:-1]
    twice = sorted({name for name in first if first.count(name) > 1 and name})
    if twice:
        raise InputFormatError(f"line {line}: more than one column is called {listing(twice)}")
    if "" in first:
        advice = _INDEX if not first[0] else ""
        raise InputFormatError(f"line {line}: column {first.index('') + 1} has no name{advice}")
    if len(first) == 1 and any(mark in first[0] for mark in ";\t|"):
        raise InputFormatError(
            f"line {line}: there is one column, called {first[0]!r:.80}; commas part the columns of a .csv, tabs those "
            "of a .tsv"
        )
    label = label_among(first, where=f"line {line}: ")
    return _Head(line, tuple(first), len(first), None if label is None else first.index(label))


def _is_number(cell: str) -> bool:
    return _number(cell) is not None


def _number(cell: str) -> float | None:
    try:
        return None if "_" in cell else float(cell)  # 1_000 is a number to Python alone
    except ValueError:
        return None


def _quickly(text: str, parted: str, head: _Head, first: list[str]) -> Table | None:
    """The table if nothing in it is odd, which is seen from what Polars makes of it; else None."""
    import polars as pl

    names = list(head.names)
    label = None if head.label is None else names[head.label]
    try:
        table = pl.read_csv(
            text.encode(),
            separator=parted,
            has_header=bool(names),
            infer_schema_length=None,
            schema_overrides=None if label is None else {label: pl.String},  # class 007 is not class 7
        )
    except Exception:  # of many kinds; what is wrong is told by reading once more
        return None
    if len(first) != head.width or table.width != head.width or (names and table.columns != names) or not len(table):
        return None
    numbers = table if label is None else table.drop(label)
    is_plain = all(kind.is_integer() or kind.is_float() for kind in numbers.dtypes)
    if not numbers.width or not is_plain or table.null_count().sum_horizontal().item():
        return None
    labels = None if label is None else [each.strip() for each in table[label].to_list()]
    if labels is not None and not all(labels):
        return None
    try:
        return Table(numbers.cast(pl.Float64).to_numpy(), labels, tuple(numbers.columns) if names else ())
    except pl.exceptions.PolarsError:
        return None


def _carefully(text: str, parted: str, head: _Head) -> Table:
    """The table row by row, or the first line that is not as it should be."""
    import numpy as np

    rows = _rows(text, parted)
    if head.names:
        next(rows)
    labels, numbers = [], []
    places = [place for place in range(head.width) if place != head.label]
    for line, row in rows:
        while len(row) > head.width and not row[-1]:
            row.pop()
        if len(row) != head.width:
            raise InputFormatError(f"line {line}: has {len(row):,} cell(s), and line {head.line} has {head.width:,}")
        if head.label is not None and not row[head.label]:
            raise InputFormatError(f"line {line}: has no label")
        labels.append("" if head.label is None else row[head.label])
        numbers.append([_checked(row[place], line, head, place) for place in places])
    if not numbers:
        raise InputFormatError("has names of columns, and no rows")
    if not places:
        raise InputFormatError("has labels, and no columns of numbers")
    names = tuple(head.names[place] for place in places) if head.names else ()
    return Table(np.array(numbers, dtype=np.float64), None if head.label is None else labels, names)


def _checked(cell: str, line: int, head: _Head, place: int) -> float:
    found = _number(cell)
    if found is None:
        column = repr(head.names[place]) if head.names else f"{place + 1}"
        what = f"{cell!r:.60} is no number" if cell else "is empty"
        hint = "; labels stand in a column called label" if cell and head.label is None else ""
        raise InputFormatError(f"line {line}, column {column}: {what}{hint}")
    return found
