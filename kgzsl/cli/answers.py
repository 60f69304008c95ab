"""Answers on standard output: a table or lines for people, JSON or CSV for programs."""

from __future__ import annotations

import csv
import json
import shutil
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Annotated, Any

import typer

from kgzsl.cli.running import aside
from kgzsl.display.text import escape_text, text_table, wrap

__all__ = ["AsCsv", "AsJson", "Form", "Limit", "width"]

AsJson = Annotated[bool, typer.Option("--json", help="Print a JSON array, in UTF-8.")]
AsCsv = Annotated[bool, typer.Option("--csv", help="Print CSV with a header, in UTF-8.")]
Limit = Annotated[
    int | None, typer.Option("--limit", "-n", min=1, help="Print at most so many rows; a table has 50 unless told.")
]

_MOST_ROWS = 50
_NO_EDGE = 100_000


@dataclass(frozen=True)
class Form:
    """How an answer is printed. Rows are printed as they are drawn, but for a table, which must know its widths."""

    as_json: bool = False
    as_csv: bool = False
    limit: int | None = None

    def __post_init__(self) -> None:
        if self.as_json and self.as_csv:
            raise typer.BadParameter("--json and --csv exclude each other")
        reconfigure = getattr(sys.stdout, "reconfigure", None)
        if reconfigure is not None:  # a name must not end the program where the terminal cannot show it
            reconfigure(**({"encoding": "utf-8"} if self.is_data else {"errors": "backslashreplace"}))

    @property
    def is_data(self) -> bool:
        """Whether a program is to read it: then nothing is left out or cut."""
        return self.as_json or self.as_csv

    @property
    def most(self) -> int | None:
        """How many rows are worth drawing: for a table one more than it shows, to know whether there are more."""
        return self.limit if self.is_data else (self.limit or _MOST_ROWS) + 1

    def rows(self, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
        """Print rows under columns."""
        drawn = islice(rows, self.most)
        if self.as_json:
            self.objects(dict(zip(columns, row, strict=True)) for row in drawn)
        elif self.as_csv:
            _print_csv(columns, drawn)
        else:
            self._print_table(columns, list(drawn))

    def objects(self, found: Iterable[Mapping[str, Any]]) -> None:
        """Print a JSON array, an object on each line, as they are drawn."""
        mark = "["
        for item in found:
            sys.stdout.write(f"{mark}\n  {json.dumps(item, ensure_ascii=False, default=_plain)}")
            mark = ","
        sys.stdout.write("[]\n" if mark == "[" else "\n]\n")

    def _print_table(self, columns: Sequence[str], rows: list[Sequence[Any]]) -> None:
        shown = rows[: (self.limit or _MOST_ROWS)]
        cells = [[_cell(value) for value in row] for row in shown]
        right = [
            name
            for place, name in enumerate(columns)
            if shown and all(isinstance(row[place], int | float) for row in shown)
        ]
        ids = [name for place, name in enumerate(columns) if shown and all(_is_id(row[place]) for row in shown)]
        typer.echo(text_table(cells, columns, width=width(), right=right, whole=ids))
        if not shown:
            aside("no rows")
        elif len(rows) > len(shown) and self.limit is None:
            aside(f"… and more; --limit {len(shown) * 10} shows more, --csv and --json all")

    def numbered(self, sentences: Iterable[str]) -> None:
        """Print lines for people, numbered, broken where the terminal ends."""
        for number, sentence in enumerate(sentences, start=1):
            mark = f"{number:>2}  "
            lines = wrap(sentence, width() - len(mark)) if _is_watched() else [sentence]
            typer.echo("\n".join((mark if not place else " " * len(mark)) + line for place, line in enumerate(lines)))


def _print_csv(columns: Sequence[str], rows: Iterator[Sequence[Any]]) -> None:
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(columns)
    for row in rows:
        writer.writerow(["" if value is None else _joined(value, "; ") for value in row])


def _is_watched() -> bool:
    return sys.stdout.isatty()


def width() -> int:
    """Columns of the terminal; in a pipe nothing is cut."""
    return shutil.get_terminal_size().columns if _is_watched() else _NO_EDGE


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return f"{value:.4g}" if isinstance(value, float) else escape_text(_joined(value, ", "))


def _is_id(value: Any) -> bool:
    """Whether it is a concept, or none: ids are for the next question, so they are not cut."""
    return value is None or hasattr(type(value), "label")


def _joined(value: Any, mark: str) -> str:
    return mark.join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def _plain(value: Any) -> Any:
    """What JSON has no form of: numbers of other kinds, dates, terms."""
    item = getattr(value, "item", None)
    return item() if callable(item) else str(value)
