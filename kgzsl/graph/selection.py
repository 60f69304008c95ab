"""Parts of a graph: which concepts belong to a question."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np

from kgzsl.errors import InputFormatError
from kgzsl.graph.closure import expand

if TYPE_CHECKING:
    from kgzsl.graph.index import GraphIndex, IntArray, Neighbors

__all__ = ["checked_hops", "reached", "renumbered", "within"]

_FEW = 500  # concepts or neighbours that Python looks at faster than numpy
_SPARSE = 40  # by how much a part is smaller than the graph for its edges to be looked up head by head


def checked_hops(hops: int) -> int:
    """A number of edges, from 0 on; `InputFormatError` for anything else."""
    if isinstance(hops, bool) or not isinstance(hops, int | np.integer) or hops < 0:
        raise InputFormatError(f"hops counts edges from 0 on, not {hops!r}")
    return int(hops)


def reached(neighbors: Neighbors, start: IntArray, *, hops: int | None = None) -> IntArray:
    """Positions reached from any of `start` in at most `hops` steps (None: any number), themselves included, sorted."""
    left = -1 if hops is None else hops  # from -1 it never falls to 0
    if len(start) > _FEW:
        found = np.unique(start)
        return _reached(neighbors, found, found, left)
    few = ring = set(start.tolist())
    while left and ring and neighbors.count(ring) <= _FEW:
        left -= 1
        ring = {other for position in ring for other in neighbors.of(position)} - few
        few |= ring
    found = np.array(sorted(few), dtype=np.int64)
    return _reached(neighbors, found, np.array(sorted(ring), dtype=np.int64), left) if left and ring else found


def _reached(neighbors: Neighbors, known: IntArray, ring: IntArray, left: int) -> IntArray:
    """What is known, and what `left` more steps reach from the last of it."""
    found = np.zeros(len(neighbors.indptr) - 1, dtype=bool)
    found[known] = True
    while left and len(ring):
        left -= 1
        _, others = expand(neighbors, ring)
        ring = np.unique(others[~found[others]])
        found[ring] = True
    return np.flatnonzero(found)


def within(index: GraphIndex, positions: IntArray, relations: Iterable[str] | str | None) -> IntArray:
    """Rows of the edges of these relations that have both ends among `positions`, ascending; None for all relations."""
    rows = _within_few(index, positions) if len(positions) * _SPARSE < index.num_concepts else _within(index, positions)
    return rows if relations is None else rows[index.are_walked(rows, relations)]


def _within(index: GraphIndex, positions: IntArray) -> IntArray:
    inside = np.zeros(index.num_concepts, dtype=bool)
    inside[positions] = True
    return np.flatnonzero(inside[index.head] & inside[index.tail])


def _within_few(index: GraphIndex, positions: IntArray) -> IntArray:
    """The same without a look at the other edges."""
    first = index.starts[positions]
    counts = index.starts[positions + 1] - first
    ends = counts.cumsum()
    rows = np.arange(counts.sum()) + (first - ends + counts).repeat(counts)
    tails = index.tail[rows]
    places = positions.searchsorted(tails)
    places[places == len(positions)] = 0
    inside: IntArray = rows[positions[places] == tails]
    return inside


def renumbered(index: GraphIndex, rows: IntArray, positions: IntArray) -> dict[str, IntArray]:
    """Both ends of the edges in `rows` as places in `positions` (ascending), which contain all of them."""
    return {"head": positions.searchsorted(index.head[rows]), "tail": positions.searchsorted(index.tail[rows])}
