"""Tables that are read column by column, when a column is asked for."""

from collections.abc import Sequence
from functools import cached_property
from typing import Any

import polars as pl

__all__ = ["Columns"]

_FEW = 50  # below, reading cell by cell is faster than waking polars' threads


class Columns:
    """A table whose columns are read on first use and kept; what nobody asks for is never read."""

    def __init__(self, table: pl.DataFrame | pl.LazyFrame) -> None:
        self._table = table.lazy()
        self._read: dict[str, pl.Series] = {}

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Names of the columns, in order."""
        return tuple(self._table.collect_schema().names())

    @cached_property
    def table(self) -> pl.DataFrame:
        """The whole table."""
        return self._table.collect()

    def series(self, *names: str) -> list[pl.Series]:
        """Columns by name, the missing ones read in one go."""
        absent = [name for name in names if name not in self._read]
        if absent:
            found = self._table.select(absent).collect()
            self._read.update({name: found[name] for name in absent})
        return [self._read[name] for name in names]

    def cell(self, row: int, name: str) -> Any:
        """One cell; a list cell as a Python list."""
        value = self.series(name)[0][row]
        return value.to_list() if isinstance(value, pl.Series) else value

    def gathered(self, rows: Sequence[int], name: str) -> list[Any]:
        """Cells of several rows of one column."""
        if len(rows) < _FEW:
            return [self.cell(row, name) for row in rows]
        found: list[Any] = self.series(name)[0].gather(list(rows)).to_list()
        return found
