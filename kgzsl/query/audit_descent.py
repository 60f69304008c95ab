"""Which of some concepts each concept lies below, in time and memory that follow their number."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from kgzsl.graph.closure import MOST_PAIRS
from kgzsl.graph.index import GraphIndex, IntArray

__all__ = ["TOO_LARGE", "Below", "disjoint_ends_above"]

_MOST_BITS = 4_000_000_000
TOO_LARGE = f"over {MOST_PAIRS:,} pairs of a concept and a disjoint one above it"


@dataclass(frozen=True)
class Below:
    """`matrix[c, column[e]]` is 1 where c is e or lies below it, for every concept c and every end e of a pair."""

    matrix: Any
    column: IntArray


def disjoint_ends_above(
    index: GraphIndex, relations: Iterable[str] | str | None, first: IntArray, second: IntArray
) -> Below | None:
    """The ends of these pairs that each concept lies at or below; None if that is too much to hold.

    The whole closure would be quadratic in the depth. Here every concept has a set of bits, one for each end, and
    takes over those of its parents; concepts of a cycle share one set.
    """
    ends = np.union1d(first, second)
    column = np.full(index.num_concepts, -1, dtype=np.int64)
    column[ends] = np.arange(len(ends))
    if len(ends) * index.num_concepts > _MOST_BITS:
        return None
    bits = _inherited(index, relations, ends)
    group = index.components(relations)
    num_set = np.array([value.bit_count() for value in bits], dtype=np.int64)
    if int(num_set[group].sum()) > MOST_PAIRS:
        return None
    from scipy import sparse  # 0.15 s that other questions need not wait for

    members = {number: _places(bits[number], len(ends)) for number in np.flatnonzero(num_set).tolist()}
    rows = np.flatnonzero(num_set[group] > 0)
    columns = [members[number] for number in group[rows].tolist()]
    node = np.repeat(rows, num_set[group[rows]])
    place = np.concatenate(columns) if columns else np.zeros(0, dtype=np.int64)
    shape = (index.num_concepts, len(ends))
    return Below(sparse.coo_array((np.ones(len(node), dtype=np.int32), (node, place)), shape=shape).tocsr(), column)


def _inherited(index: GraphIndex, relations: Iterable[str] | str | None, ends: IntArray) -> list[int]:
    """For each component, the ends at or above it, as bits; parents before children."""
    group = index.components(relations)
    rows = index.edge_rows(relations)
    child, parent = group[index.head[rows]], group[index.tail[rows]]
    between = child != parent
    bits = [0] * (int(group.max(initial=-1)) + 1)
    for place, end in enumerate(ends.tolist()):
        bits[group[end]] |= 1 << place
    longest = np.zeros(len(bits), dtype=np.int64)
    longest[group] = index.depths(relations)[1]
    child, parent = child[between], parent[between]
    order = np.argsort(longest[child], kind="stable")
    for lower, upper in zip(child[order].tolist(), parent[order].tolist(), strict=True):
        bits[lower] |= bits[upper]
    return bits


def _places(value: int, count: int) -> IntArray:
    """Places of the bits that are set, ascending."""
    octets = np.frombuffer(value.to_bytes((count + 7) // 8, "little"), dtype=np.uint8)
    return np.flatnonzero(np.unpackbits(octets, bitorder="little")).astype(np.int64)
