"""Many similarities at once: block by block, within a stated size."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from kgzsl.display.progress import steps
from kgzsl.errors import ResourceLimitError
from kgzsl.graph.index import IntArray
from kgzsl.query.similarity_ancestry import Above
from kgzsl.query.similarity_measures import Asked, FloatArray, Measure

__all__ = ["MOST_CELLS", "compared"]

MOST_CELLS = 250_000_000
"""Similarities in one answer: 2 GB."""

_FEW_PAIRS = 2_000  # answered one by one: a kernel must first be loaded
_BLOCK = 2_000_000  # similarities at a time: 16 MB, and as much again for each step of a formula


def compared(measure: Measure, xs: IntArray, ys: IntArray) -> FloatArray:
    """The measure of each node of `xs` with each of `ys`, float64 `[len(xs), len(ys)]`."""
    shape = len(xs), len(ys)
    if shape[0] * shape[1] > MOST_CELLS:
        raise ResourceLimitError(
            f"{shape[0]:,} concepts with {shape[1]:,} make {shape[0] * shape[1]:,} similarities, and {MOST_CELLS:,} "
            f"({8 * MOST_CELLS / 1e9:.0f} GB) are the most at once; ask for parts, such as "
            f"similarity_matrix(ids[:{max(MOST_CELLS // shape[1], 1):,}], ids)"
        )
    out = np.empty(shape)
    if shape[0] * shape[1] <= _FEW_PAIRS:
        others = ys.tolist()
        for place, x in enumerate(xs.tolist()):
            out[place] = [measure.pair(x, y) for y in others]
        return out
    right = _asked(measure, ys)
    left = right if xs is ys else _asked(measure, xs)
    for start, stop in steps(list(_blocks(*shape)), "comparing concepts"):
        out[start:stop] = measure.block(left.part(start, stop), right)
    return out


def _blocks(num_rows: int, num_columns: int) -> Iterator[tuple[int, int]]:
    size = max(_BLOCK // num_columns, 1)
    for start in range(0, num_rows, size):
        yield start, min(start + size, num_rows)


def _asked(measure: Measure, nodes: IntArray) -> Asked:
    """What is above each node; a node asked about twice is looked up once."""
    return Asked(nodes, Above(*measure.ancestry.rows(nodes)))
