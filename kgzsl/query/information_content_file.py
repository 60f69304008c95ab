"""Reading counts of WordNet's concepts from files in the form of WordNet::Similarity's and NLTK's `ic-*.dat`.

The first line is `wnver::` and the hash of a WordNet; every other one an offset with its part of speech, n or v, the
count at or below that concept, and ROOT if nothing is above it: `1740n 1915712 ROOT`.
"""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from kgzsl.errors import DataMissingError, LimitExceededError, SourceError, VersionError, listing

if TYPE_CHECKING:
    from kgzsl.graph.knowledge_graph import KnowledgeGraph

__all__ = ["read_information_content_file"]

MOST_BYTES = 64_000_000
"""Largest file read; NLTK's have 3 MB."""

_HASHES = {
    "US9EUGPpJj2jVr+fRrZqQX6vcGs": "2.0",
    "LL1BZMsWkr0YOuiewfbiL656+Q4": "2.1",
    "eOS9lXC6GvMWznF1wkZofDdtbBU": "3.0",
}
"""WordNet::Tools' hashes of WordNet's files, by which WordNet::Similarity tells versions apart."""

_COUNT = re.compile(r"0*(\d{1,8})([nv])")
_PARTS = ("n", "v")


class _Counts(NamedTuple):
    """Counts by identifier such as n00001740, the line each stands in, and the roots' sum by part of speech."""

    counts: dict[str, float]
    lines: dict[str, int]
    roots: dict[str, float]


def read_information_content_file(graph: KnowledgeGraph, path: Path) -> tuple[NDArray[np.float64], dict[str, int]]:
    """Information content in nats of each concept of the graph, and how many lines there were."""
    version, counted = _read(path)
    own = graph.concept_columns.wordnet_versions
    if version and own and version not in own:
        raise VersionError(path, found=f"WordNet {version}", supported=f"WordNet {', '.join(sorted(own))}, the graph's")
    rows = {name: graph.concept_columns.row(name) for name in counted.counts}
    missing = [name for name, row in rows.items() if row is None]
    if missing and (len(missing) == len(rows) or version not in own):
        raise SourceError(
            path,
            f"{len(missing):,} of {len(rows):,} lines are of concepts that graph {graph.name} does not have: "
            f"{listing(missing, limit=5)}; it was made for another WordNet, or the graph is not one",
            line=counted.lines[missing[0]],
        )
    values = np.full(len(graph), np.inf)
    if "pos" in graph.concept_columns.names:
        part = graph.concept_columns.series("pos")[0]
        values[~part.is_in(_PARTS).fill_null(value=False).to_numpy()] = np.nan
    for name, count in counted.counts.items():
        row = rows[name]
        if row is not None and count > 0:
            values[row] = -math.log(count / counted.roots[name[0]]) + 0.0
    return values, {"lines": len(rows), "not in the graph": len(missing)}


def _read(path: Path) -> tuple[str, _Counts]:
    """The version of WordNet that the first line names, "" if it is none known, and the counts."""
    try:
        size = path.stat().st_size
        if size > MOST_BYTES:
            raise LimitExceededError(
                path,
                limit="its number of bytes",
                allowed=MOST_BYTES,
                found=size,
                advice="a file of information content has one short line for each noun and verb of WordNet",
            )
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise DataMissingError(path, f"cannot be read: {error.strerror or error}") from None
    except UnicodeDecodeError:
        raise SourceError(path, "is not text; an ic-*.dat file has lines such as 1740n 1915712 ROOT") from None
    lines = text.splitlines()
    header = lines[0].strip() if lines else ""
    if not header.startswith("wnver::"):
        raise SourceError(path, f"starts with {header[:60]!r}, and an ic-*.dat file with wnver:: and a hash", line=1)
    named = header.removeprefix("wnver::").strip()
    found = re.match(r"(\d\.\d)", named)
    return _HASHES.get(named, found[1] if found else ""), _counted(path, lines)


def _counted(path: Path, lines: list[str]) -> _Counts:
    counts: dict[str, float] = {}
    places: dict[str, int] = {}
    roots = dict.fromkeys(_PARTS, 0.0)
    for number, line in enumerate(lines[1:], start=2):
        fields = line.split()
        if not fields:
            continue
        match = _COUNT.fullmatch(fields[0])
        count = _number(fields[1]) if len(fields) > 1 else -1.0
        if match is None or not 0 <= count < math.inf or fields[2:] not in ([], ["ROOT"]):
            raise SourceError(
                path,
                f"{line.strip()[:60]!r} is not an offset with n or v, a count, and ROOT or nothing",
                line=number,
            )
        name = f"{match[2]}{int(match[1]):08d}"
        if name in counts:
            raise SourceError(path, f"counts {fields[0]} again, after line {places[name]}", line=number)
        counts[name], places[name] = count, number
        if fields[2:]:
            roots[match[2]] += count
    for part in _PARTS:
        if not roots[part] and any(count > 0 for name, count in counts.items() if name[0] == part):
            raise SourceError(path, f"no line of the part of speech {part} with a count is marked ROOT")
    return _Counts(counts, places, roots)


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return -1.0
