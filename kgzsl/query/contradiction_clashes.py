"""Pairs of concepts that nothing may be a kind of both of, read from edges."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from kgzsl.errors import ResourceLimitError
from kgzsl.graph.index import GraphIndex, IntArray
from kgzsl.query.audit_edges import is_disjointness, local_name

__all__ = ["DENIED", "DISJOINT", "LOOP", "OPPOSITE", "Clashes", "denied", "disjoint", "opposite"]

DISJOINT, DENIED, OPPOSITE, LOOP = "disjoint", "denied", "opposite", "loop"
_MOST = 10_000_000


@dataclass(frozen=True)
class Clashes:
    """Pairs (`first[i]`, `second[i]`), and the rows of the edges that set them against each other.

    `rows` is `[num_clashes, 2]`, with -1 where one edge says all. If `is_direct`, only the two themselves clash: one
    must not be a kind of the other, though something else may be a kind of both.
    """

    rule: str
    first: IntArray
    second: IntArray
    rows: IntArray
    is_direct: bool = False


def _of(rule: str, index: GraphIndex, codes: Iterable[int], *, is_direct: bool = False) -> Clashes:
    """Ends of the edges of some relations, each unordered pair once, at its first row."""
    rows = np.flatnonzero(np.isin(index.relation, list(codes)))
    low, high = np.minimum(index.head[rows], index.tail[rows]), np.maximum(index.head[rows], index.tail[rows])
    _, once = np.unique(low * index.num_concepts + high, return_index=True)
    rows = rows[np.sort(once)]
    pair = np.stack([rows, np.full(len(rows), -1)], axis=1)
    return Clashes(rule, index.head[rows], index.tail[rows], pair, is_direct)


def disjoint(index: GraphIndex) -> Clashes:
    """Kinds that are said to be disjoint."""
    return _of(DISJOINT, index, (code for code, rel in enumerate(index.relations) if is_disjointness(rel)))


def opposite(index: GraphIndex) -> Clashes:
    """Concepts said to be each other's opposite."""
    relations = enumerate(index.relations)
    codes = (code for code, rel in relations if rel.kind == "negative" and rel.symmetric and not is_disjointness(rel))
    return _of(OPPOSITE, index, codes, is_direct=True)


def denied(index: GraphIndex) -> Clashes:
    """Heads of two edges to one tail of which the one says what the other denies, as `not_has_property` does."""
    codes = {local_name(relation.name): code for code, relation in enumerate(index.relations)}
    pairs = [np.zeros((0, 2), dtype=np.int64)]
    for name, code in sorted(codes.items()):
        other = codes.get(name.removeprefix("not")) if name.startswith("not") else None
        if other is not None:
            pairs.append(_meeting(index, code, other))
    rows = np.concatenate(pairs)
    rows = rows[np.lexsort((rows[:, 1], rows[:, 0]))]
    return Clashes(DENIED, index.head[rows[:, 0]], index.head[rows[:, 1]], rows)


def _meeting(index: GraphIndex, code: int, other: int) -> IntArray:
    """(row, row) of the edges of two relations that lead to one tail."""
    ours, theirs = np.flatnonzero(index.relation == code), np.flatnonzero(index.relation == other)
    theirs = theirs[np.argsort(index.tail[theirs], kind="stable")]
    start = np.searchsorted(index.tail[theirs], index.tail[ours])
    counts = np.searchsorted(index.tail[theirs], index.tail[ours], side="right") - start
    if counts.sum() > _MOST:
        names = " and ".join(sorted(index.relations[place].name for place in (code, other)))
        raise ResourceLimitError(
            f"{int(counts.sum()):,} pairs of edges of {names} share a tail, and {_MOST:,} are compared; ask a part of "
            "the graph, made by induced or neighborhood"
        )
    offsets = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    found: IntArray = np.stack([np.repeat(ours, counts), theirs[np.repeat(start, counts) + offsets]], axis=1)
    return found
