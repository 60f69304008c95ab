"""Tables that are read column by column, when a column is asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

__all__ = ["Columns", "Rows"]

_FEW = 50  # below, reading cell by cell is faster than waking polars' threads


class Columns:
    """A table whose columns are read on first use and kept; what nobody asks for is never read."""

    def __init__(self, table: pl.DataFrame | pl.LazyFrame | Rows) -> None:
        self._table = table if isinstance(table, Rows) else table.lazy()
        self._read: dict[str, pl.Series] = {}

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Names of the columns, in order."""
        table = self._table
        return table.whole.names if isinstance(table, Rows) else tuple(table.collect_schema().names())

    @cached_property
    def table(self) -> pl.DataFrame:
        """The whole table."""
        if isinstance(self._table, Rows):
            found = self._table.table()
            self._read = {column.name: column for column in found}
            return found
        return pl.DataFrame(self.series(*self.names))

    def series(self, *names: str) -> list[pl.Series]:
        """Columns by name, the missing ones read in one go."""
        absent = [name for name in names if name not in self._read]
        if absent:
            table = self._table
            if isinstance(table, Rows):
                self._read.update(table.series(absent))
            else:
                found = table.select(absent).collect().rechunk()  # to gather from pieces takes ten times as long
                self._read.update({name: found[name] for name in absent})
        return [self._read[name] for name in names]

    def cell(self, row: int, name: str) -> Any:
        """One cell; a list cell as a Python list."""
        table = self._table
        if isinstance(table, Rows) and name not in table.own:
            return table.whole.cell(table.place(row), name)
        value = self.series(name)[0][row]
        return value.to_list() if isinstance(value, pl.Series) else value

    def gathered(self, rows: Sequence[int], name: str) -> list[Any]:
        """Cells of several rows of one column."""
        if len(rows) < _FEW:
            return [self.cell(row, name) for row in rows]
        found: list[Any] = self.series(name)[0].gather(list(rows)).to_list()
        return found


class Rows:
    """Some rows of other columns, gathered when they are asked for; `own` are columns that differ from those.

    Rows of rows are rows of the first, so that a part of a part of a graph asks nobody but the whole; they have at
    least the same columns of their own.
    """

    whole: Columns
    own: Mapping[str, NDArray[Any]]
    _places: NDArray[np.int64]

    def __init__(self, whole: Columns, places: NDArray[np.int64], own: Mapping[str, NDArray[Any]]) -> None:
        inner = whole._table
        if isinstance(inner, Rows):
            assert own.keys() >= inner.own.keys()
            whole, places = inner.whole, inner._places[places]
        self.whole, self.own, self._places = whole, own, places
        self.place = places.data.__getitem__  # three times as fast as an array

    def series(self, names: Sequence[str]) -> dict[str, pl.Series]:
        """Columns by name."""
        shared = [name for name in names if name not in self.own]
        gathered = (column[self._places] for column in self.whole.series(*shared))
        own = {name: pl.Series(name, self.own[name]) for name in names if name in self.own}
        return dict(zip(shared, gathered, strict=True)) | own

    def table(self) -> pl.DataFrame:
        """All columns."""
        return self.whole.table[self._places].with_columns(pl.Series(name, own) for name, own in self.own.items())
