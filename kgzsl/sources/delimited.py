"""Tab- and comma-separated text as rows of cells, each with the line it stands in."""

import codecs
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from kgzsl.errors import LimitExceededError, SourceError
from kgzsl.sources.file_content import text_of
from kgzsl.sources.limits import Limits
from kgzsl.sources.tally import Tally

__all__ = ["Rows", "read_rows", "sniffed_delimiter"]

_QUOTED = re.compile(r'[ \t]*"([^"]*(?:""[^"]*)*)"[ \t]*(?=,|\r?\n|\r|\Z)')
_PLAIN = re.compile(r"([^,\r\n]*)")
_SNIFFED_LINES = 20


@dataclass(frozen=True)
class Rows:
    """Rows of a file: `line` (Int64, 1-based) and `cells` (lists of strings)."""

    table: pl.DataFrame
    delimiter: str

    @property
    def first(self) -> Sequence[str]:
        """Cells of the first row."""
        cells: Sequence[str] = self.table["cells"][0].to_list()
        return cells


def read_rows(content: bytes, tally: Tally, *, delimiter: str | None, limits: Limits) -> Rows:
    r"""Rows of delimited text, blank lines left out and counted.

    Between tabs, and any delimiter but the comma, a quote is a character like any other, and only "\n" ends a line:
    quotes and odd line separators stand in real labels, and a reader that gives them a meaning swallows the next row.
    Between commas a cell may stand in quotes as RFC 4180 has it, and then holds commas, quotes and line ends. Cells
    outside quotes lose surrounding white space. Lines that are not UTF-8 are faults.
    """
    location = tally.location
    lines = _lines(content, tally)
    longest = lines["text"].str.len_bytes().max()
    if isinstance(longest, int) and longest > limits.line_bytes:
        raise LimitExceededError(location, limit="line_bytes", allowed=limits.line_bytes, found=longest)
    decoded = lines.drop_nulls("text")
    filled = decoded.filter(pl.col("text").str.strip_chars() != "")
    tally.count("blank_lines", len(decoded) - len(filled))
    if not len(filled):
        raise SourceError(location, "has no rows")
    if delimiter is None:
        delimiter = sniffed_delimiter(filled["text"].head(_SNIFFED_LINES).to_list(), location)
    if delimiter == "," and filled["text"].str.contains('"', literal=True).any():
        return Rows(_quoted_rows("\n".join(lines["text"].fill_null("").to_list()), location), delimiter)
    cells = pl.col("text").str.split(delimiter).list.eval(pl.element().str.strip_chars()).alias("cells")
    return Rows(filled.select("line", cells), delimiter)


def _lines(content: bytes, tally: Tally) -> pl.DataFrame:
    """Lines with their numbers; those that are not UTF-8 are null, and faults."""
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        text_of(content, tally.location)
    raw = content.removeprefix(codecs.BOM_UTF8)
    texts: list[str | None] = []
    try:
        texts.extend(raw.decode().split("\n"))
    except UnicodeDecodeError:
        for number, line in enumerate(raw.split(b"\n"), start=1):
            try:
                texts.append(line.decode())
            except UnicodeDecodeError:
                tally.fault("skipped_not_utf8", line=number, found=repr(line[:60]))
                texts.append(None)
    if texts[-1] == "":
        texts.pop()
    numbers = pl.int_range(1, len(texts) + 1, dtype=pl.Int64, eager=True)
    return pl.DataFrame({"line": numbers, "text": pl.Series(texts, dtype=pl.String)})


def sniffed_delimiter(lines: Sequence[str], location: str | Path) -> str:
    """Tab, comma or semicolon: the first of which every line has the same number, at least two, else that of line 1."""
    for mark in "\t,;":
        if lines[0].count(mark) >= 2 and len({line.count(mark) for line in lines}) == 1:
            return mark
    for mark in "\t,;":
        if lines[0].count(mark) >= 2:
            return mark
    raise SourceError(
        location,
        f"found no two tabs or commas in {lines[0][:80]!r}; expected head, relation, tail: name another delimiter=",
    )


def _quoted_rows(text: str, location: str | Path) -> pl.DataFrame:
    """Rows of comma-separated text in which quotes mean something."""
    lines: list[int] = []
    rows: list[list[str]] = []
    position, line = 0, 1
    while position < len(text):
        end = text.find("\n", position)
        plain_row = text[position : end if end >= 0 else len(text)].removesuffix("\r")
        if '"' not in plain_row and "\r" not in plain_row:  # nearly every row, and ten times faster
            if plain_row.strip():
                lines.append(line)
                rows.append([cell.strip() for cell in plain_row.split(",")])
            position = end + 1 if end >= 0 else len(text)
            line += 1
            continue
        start, cells = line, []
        while True:
            quoted = _QUOTED.match(text, position)
            if quoted is not None:
                cells.append(quoted[1].replace('""', '"'))
                line += quoted[0].count("\n")
                position = quoted.end()
            else:
                plain = _PLAIN.match(text, position)
                assert plain is not None
                if plain[1].lstrip().startswith('"'):
                    raise SourceError(location, f"a quote is not closed in {plain[1][:80]!r}", line=line)
                cells.append(plain[1].strip())
                position = plain.end()
            if text[position : position + 1] != ",":
                break
            position += 1
        if cells != [""]:
            lines.append(start)
            rows.append(cells)
        position += 2 if text[position : position + 2] == "\r\n" else 1
        line += 1
    return pl.DataFrame({"line": lines, "cells": rows}, schema={"line": pl.Int64, "cells": pl.List(pl.String)})
