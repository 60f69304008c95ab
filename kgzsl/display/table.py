"""A small table of answers: prints, shows itself in a notebook, and turns into a data frame."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from threading import Lock
from typing import Any

from kgzsl.display.html import Noted, html_table
from kgzsl.display.text import escape_text, text_table, wrap
from kgzsl.errors import InputFormatError, MissingDependencyError

__all__ = ["Table"]

_SHOWN = 20
_WIDTH = 96
_COUNTED = 10_000
"""Rows that are drawn to say how many are not shown; of a longer table it is only said that there are more."""


class Table(Sequence[tuple[Any, ...]]):
    """Rows under named columns, found as they are asked for.

    It is a sequence of its rows: `table[0]`, `len(table)`, `for row in table`; `table["name"]` is a column. Rows may
    be given as an iterator: then a row is drawn when it is first needed, and kept; `len` and `list` draw them all, and
    an error of the iterator is raised again whenever rows behind it are asked for. `caption` stands above the rows,
    `note` below them.

    >>> table = Table(["class", "paths"], [("tiger", 4), ("horse", 12)])
    >>> table["paths"], table[1]
    ((4, 12), ('horse', 12))
    >>> print(table)
    class  paths
    tiger      4
    horse     12
    """

    def __init__(
        self, columns: Iterable[str], rows: Iterable[Sequence[Any]], *, caption: str = "", note: str = ""
    ) -> None:
        self.columns = tuple(columns)
        self.caption = caption
        self.note = note
        self._drawn: list[tuple[Any, ...]] = []
        self._source: Iterator[Sequence[Any]] = iter(rows)
        self._failure: Exception | None = None
        self._lock = Lock()

    def _draw(self, count: int | None) -> list[tuple[Any, ...]]:
        """The rows found so far, at least `count` of them if there are as many; None for all."""
        if count is not None and len(self._drawn) >= count:
            return self._drawn
        with self._lock:
            missing = None if count is None else max(count - len(self._drawn), 0)
            if self._failure is not None:
                raise self._failure
            try:
                self._drawn.extend(map(tuple, islice(self._source, missing)))
            except Exception as failure:
                self._failure = failure  # the iterator would look exhausted from now on
                raise
        return self._drawn

    @property
    def rows(self) -> tuple[tuple[Any, ...], ...]:
        """All rows."""
        return tuple(self._draw(None))

    def head(self, count: int = 10) -> Table:
        """A table of the first rows; no others are drawn.

        >>> print(Table(["class"], [("tiger",), ("horse",)]).head(1))
        class
        tiger
        """
        if isinstance(count, bool) or not isinstance(count, int) or count < 0:
            raise InputFormatError(f"head takes a number of rows from 0 on, not {count!r}")
        return Table(self.columns, self._draw(count)[:count], caption=self.caption, note=self.note)

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        place = 0
        while len(self._draw(place + 1)) > place:
            yield self._drawn[place]
            place += 1

    def __len__(self) -> int:
        return len(self._draw(None))

    def __bool__(self) -> bool:
        return bool(self._draw(1))

    def __getitem__(self, place: Any) -> Any:
        if isinstance(place, str):
            if place not in self.columns:
                raise InputFormatError(f"no column {place!r}; the table has {', '.join(self.columns)}")
            column = self.columns.index(place)
            return tuple(row[column] for row in self._draw(None))
        if isinstance(place, slice):
            ends = (place.start or 0, place.stop or 0)
            count = place.stop if min(ends) >= 0 and (place.step or 1) > 0 else None
            return Table(self.columns, self._draw(count)[place], caption=self.caption, note=self.note)
        return self._draw(place + 1 if place >= 0 else None)[place]

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Table):
            return NotImplemented
        return self.columns == other.columns and self.rows == other.rows

    def __hash__(self) -> int:
        return hash((self.columns, self.rows))

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuilt, (self.columns, self.rows, self.caption, self.note)

    def to_dicts(self) -> list[dict[str, Any]]:
        """Each row as a dict by column.

        >>> Table(["class", "paths"], [("tiger", 4)]).to_dicts()
        [{'class': 'tiger', 'paths': 4}]
        """
        return [dict(zip(self.columns, row, strict=True)) for row in self]

    def to_polars(self) -> Any:
        """The table as a `polars.DataFrame`; concepts become their ids.

        >>> Table(["class", "paths"], [("tiger", 4)]).to_polars().rows()
        [('tiger', 4)]
        """
        import polars as pl

        data = {name: [_plain(value) for value in self[name]] for name in self.columns}
        return pl.DataFrame(data, strict=False)

    def to_pandas(self) -> Any:
        """The table as a `pandas.DataFrame`; concepts become their ids.

        >>> Table(["class", "paths"], [("tiger", 4)]).to_pandas()["paths"].tolist()
        [4]
        """
        try:
            import pandas as pd
        except ImportError:
            raise MissingDependencyError("pandas", extra="pandas", purpose="Table.to_pandas") from None
        return pd.DataFrame([[_plain(value) for value in row] for row in self], columns=list(self.columns))

    def _shown(self) -> tuple[list[tuple[Any, ...]], str]:
        """The rows to print, and what is said of the rest."""
        if not self._draw(1):
            return [], "no rows"
        if len(self._draw(_SHOWN + 1)) <= _SHOWN:
            return self._drawn, "" if self.columns else "a row without columns"
        count = len(self._draw(_COUNTED + 1))
        more = f"{count - _SHOWN:,}" if count <= _COUNTED else f"over {_COUNTED - _SHOWN:,}"
        return self._drawn[:_SHOWN], f"… {more} more"

    def _numbers(self, rows: Iterable[tuple[Any, ...]]) -> list[str]:
        kept = list(rows)
        places = enumerate(self.columns)
        return [name for place, name in places if kept and all(isinstance(row[place], int | float) for row in kept)]

    def __str__(self) -> str:
        rows, rest = self._shown()
        cells = [[_cell(value) for value in row] for row in rows]
        table = text_table(cells, self.columns, right=self._numbers(rows)) if self.columns else ""
        parts = (*_broken(self.caption), table, rest, *_broken(self.note))
        return "\n".join(part for part in parts if part)

    __repr__ = __str__

    def _repr_html_(self) -> str:
        rows, rest = self._shown()
        told = self._told_beside(rows)
        kept = [place for place in range(len(self.columns)) if place - 1 not in told]
        columns = ["concept" if place in told else self.columns[place] for place in kept]
        cells = [[_named(row[place]) for place in kept] for row in rows]
        notes = [note for note in (rest, self.note) if note]
        return html_table(cells, columns, caption=self.caption, notes=notes, right=self._numbers(rows))

    def _told_beside(self, rows: Sequence[tuple[Any, ...]]) -> set[int]:
        """Places of ids that the next column tells the labels of: here a concept shows its label itself."""
        pairs = enumerate(zip(self.columns, self.columns[1:], strict=False))
        ids = [place for place, pair in pairs if pair == ("id", "label")]
        return {p for p in ids if rows and all(getattr(row[p], "label", None) == row[p + 1] for row in rows)}


def _plain(value: Any) -> Any:
    return str(value) if isinstance(value, str) else value


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _named(value: Any) -> str:
    """A cell in a notebook: a concept by its label, and its id where that is another."""
    if isinstance(value, Noted):
        return value
    label = getattr(value, "label", None)
    return Noted(label, str(value)) if isinstance(label, str) and label != value else _cell(value)


def _broken(text: str) -> list[str]:
    """Lines that fit into a terminal."""
    return wrap(escape_text(text), _WIDTH)


def _rebuilt(columns: tuple[str, ...], rows: tuple[tuple[Any, ...], ...], caption: str, note: str = "") -> Table:
    return Table(columns, rows, caption=caption, note=note)
