"""Parts of a graph: which concepts belong to a question."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from kgzsl.errors import InputFormatError
from kgzsl.graph.closure import expand

if TYPE_CHECKING:
    from kgzsl.graph.index import GraphIndex, IntArray, Neighbors

__all__ = ["checked_hops", "reached", "renumbered", "within"]


def checked_hops(hops: int) -> int:
    """A number of edges, from 0 on; `InputFormatError` for anything else."""
    if isinstance(hops, bool) or not isinstance(hops, int | np.integer) or hops < 0:
        raise InputFormatError(f"hops counts edges from 0 on, not {hops!r}")
    return int(hops)


def reached(neighbors: Neighbors, start: IntArray, *, hops: int | None = None) -> IntArray:
    """Positions reached from any of `start` in at most `hops` steps (None: any number), themselves included, sorted."""
    found = np.zeros(len(neighbors.indptr) - 1, dtype=bool)
    frontier = np.unique(start)
    found[frontier] = True
    steps = 0
    while len(frontier) and (hops is None or steps < hops):
        steps += 1
        _, others = expand(neighbors, frontier)
        frontier = np.unique(others[~found[others]])
        found[frontier] = True
    return np.flatnonzero(found)


def within(index: GraphIndex, positions: IntArray, relations: Iterable[str] | str | None) -> IntArray:
    """Rows of the edges of these relations that have both ends among `positions`; None for all relations."""
    inside = np.zeros(index.num_concepts, dtype=bool)
    inside[positions] = True
    keep = inside[index.head] & inside[index.tail]
    if relations is not None:
        chosen = np.zeros(index.num_edges, dtype=bool)
        chosen[index.walked_rows(relations)] = True
        keep &= chosen
    return np.flatnonzero(keep)


def renumbered(edges: pl.DataFrame, positions: IntArray) -> pl.DataFrame:
    """Coded edges with ends as places in `positions` (ascending), which contain all of them; their order stays."""
    ends = [pl.Series(end, np.searchsorted(positions, edges[end].to_numpy())) for end in ("head", "tail")]
    return edges.with_columns(ends)
