"""Which lines of a block of the dump are rows of the languages asked for, found in the bytes themselves."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kgzsl.errors import LimitExceededError
from kgzsl.sources.conceptnet_file import Block
from kgzsl.sources.limits import Limits

__all__ = ["Lines", "scan_lines"]

_TABS = 4
_STEP = 1 << 18
_CONCEPT = b"/c/"
_Places = NDArray[np.int64]


@dataclass(frozen=True)
class Lines:
    """What a block holds: the lines to look at (`text`, and the number of each), and how many others, by reason.

    `wrong` are (number, text) of lines that do not have five columns.
    """

    text: bytes
    numbers: _Places
    num_lines: int
    num_blank: int
    num_other_language: int
    wrong: Sequence[tuple[int, bytes]]


def scan_lines(block: Block, *, languages: Sequence[bytes] | None, limits: Limits, path: str) -> Lines:
    """Look through a block of whole lines; they are numbered from 0.

    Lines whose start is no concept of the languages, or whose end is a concept of another one, are only counted: most
    of a dump never becomes more than these comparisons of bytes.
    """
    octets = np.frombuffer(block, dtype=np.uint8)
    marks = _marks(octets)
    newlines = np.flatnonzero(octets[marks] == 10)
    ends = marks[newlines]
    starts = np.concatenate([[0], ends + 1])[:-1]
    lengths = ends - starts
    if len(lengths) and lengths.max() > limits.line_bytes:
        raise LimitExceededError(path, limit="line_bytes", allowed=limits.line_bytes, found=int(lengths.max()))
    tabs = np.diff(newlines, prepend=-1) - 1
    blank = (tabs == 0) & ((lengths == 0) | ((lengths == 1) & (octets[ends - 1] == 13)))
    rows = np.flatnonzero(tabs == _TABS)
    wrong = np.flatnonzero((tabs != _TABS) & ~blank)
    kept = rows if languages is None else _of_languages(octets, rows, marks, newlines, languages)
    return Lines(
        b"".join(block[a:b] for a, b in _runs(kept, starts, ends)),
        kept,
        len(ends),
        int(blank.sum()),
        len(rows) - len(kept),
        [(int(row), bytes(block[starts[row] : ends[row]])) for row in wrong],
    )


def _marks(octets: NDArray[np.uint8]) -> _Places:
    """Places of tabs and newlines, the two that follow each other in ASCII.

    In steps that stay in the processor's cache: whole blocks at once took three times as long.
    """
    scratch = np.empty(_STEP, dtype=np.uint8)
    parts = []
    for begin in range(0, len(octets), _STEP):
        part = octets[begin : begin + _STEP]
        shifted = np.subtract(part, 9, out=scratch[: len(part)])
        parts.append(np.flatnonzero(shifted < 2) + begin)
    return np.concatenate(parts) if parts else np.zeros(0, dtype=np.int64)


def _of_languages(
    octets: NDArray[np.uint8], rows: _Places, marks: _Places, newlines: _Places, languages: Sequence[bytes]
) -> _Places:
    """The rows whose start is a concept of the languages and whose end is too, or is no concept at all."""
    place = newlines[rows]
    is_start = _is_concept_of(octets, marks[place - 3] + 1, languages)
    rows, place = rows[is_start], place[is_start]
    ends = marks[place - 2] + 1
    is_end = _is_concept_of(octets, ends, languages)
    others = np.flatnonzero(~is_end)
    is_end[others] = ~_begins(octets, ends[others], _CONCEPT)
    return rows[is_end]


def _is_concept_of(octets: NDArray[np.uint8], places: _Places, languages: Sequence[bytes]) -> NDArray[np.bool_]:
    found = np.zeros(len(places), dtype=bool)
    for language in languages:
        found |= _begins(octets, places, _CONCEPT + language + b"/")
    return found


def _begins(octets: NDArray[np.uint8], places: _Places, pattern: bytes) -> NDArray[np.bool_]:
    """Whether the bytes from each place on are `pattern`.

    They are compared from its end on, where languages differ, and each only where those behind it fit.
    """
    at, left = places + len(pattern), np.arange(len(places))
    at = np.minimum(at, len(octets))  # a last line shorter than the pattern ends with a newline, which is not in it
    for octet in reversed(pattern):
        at = at - 1
        fits = octets[at] == octet
        at, left = at[fits], left[fits]
    found = np.zeros(len(places), dtype=bool)
    found[left] = True
    return found


def _runs(rows: _Places, starts: _Places, ends: _Places) -> Iterator[tuple[int, int]]:
    """Where to cut to get these lines, each with its newline; neighbours in one piece."""
    if not len(rows):
        return
    breaks = np.flatnonzero(np.diff(rows) != 1)
    firsts = rows[np.concatenate([[0], breaks + 1])]
    lasts = rows[np.concatenate([breaks, [len(rows) - 1]])]
    yield from zip(starts[firsts].tolist(), (ends[lasts] + 1).tolist(), strict=True)
