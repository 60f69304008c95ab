"""Checks of the taxonomy: cycles, roots, depth, and what disjointness forbids."""

import numpy as np
from numpy.typing import NDArray

from kgzsl.graph.index import IntArray, Neighbors
from kgzsl.query.audit_descent import TOO_LARGE, Below, disjoint_ends_above
from kgzsl.query.audit_edges import is_disjointness
from kgzsl.query.audit_subject import MOST_EXAMPLES, Found, Subject, found, pair_keys

__all__ = ["cycles", "deep_chains", "disjoint_ancestors", "several_roots", "shared_descendants"]

DEEP = 40
_SHOWN_OF_A_CYCLE = 6


def cycles(subject: Subject) -> Found:
    """Groups of concepts each of which is above the others; the example is a shortest cycle, upward from its first."""
    index = subject.index
    group = index.components(subject.relations)
    _, first, sizes = np.unique(group, return_index=True, return_counts=True)
    starts = np.sort(first[sizes > 1])
    up = index.up(subject.relations)
    return Found(len(starts), tuple(_cycle(subject, up, group, int(start)) for start in starts[:MOST_EXAMPLES]))


def _cycle(subject: Subject, up: Neighbors, group: IntArray, start: int) -> str:
    came_from: dict[int, int] = {}
    frontier = [start]
    while start not in came_from:
        reached: list[int] = []
        for place in frontier:
            for parent in up.of(place):
                if group[parent] == group[start] and parent not in came_from:
                    came_from[parent] = place
                    reached.append(parent)
        frontier = reached
    route = [start, came_from[start]]
    while route[-1] != start:
        route.append(came_from[route[-1]])
    names = [subject.ids[place] for place in reversed(route)]
    if len(names) > _SHOWN_OF_A_CYCLE + 1:
        names[_SHOWN_OF_A_CYCLE:-1] = [f"… ({len(names) - 1:,} concepts)"]
    return " -> ".join(names)


def several_roots(subject: Subject) -> Found:
    """Concepts that others are below and nothing is above, if there are several; those with most children first."""
    index = subject.index
    children = np.bincount(index.tail[subject.taxonomy], minlength=index.num_concepts)
    parents = np.bincount(index.head[subject.taxonomy], minlength=index.num_concepts)
    roots = np.flatnonzero((children > 0) & (parents == 0))
    if len(roots) < 2:
        return Found(0)
    order = roots[np.argsort(-children[roots], kind="stable")]
    return found(order.tolist(), lambda place: f"{subject.ids[place]} ({children[place]:,} directly below)")


def deep_chains(subject: Subject) -> Found:
    """Concepts with more steps to a root than any taxonomy of the field has, the deepest first."""
    longest = subject.index.depths(subject.relations)[1]
    deep = np.flatnonzero(longest > DEEP)
    order = deep[np.argsort(-longest[deep], kind="stable")]
    return found(order.tolist(), lambda place: f"{subject.ids[place]} ({longest[place]:,} steps below its root)")


def disjoint_ancestors(subject: Subject) -> Found:
    """Pairs said to be disjoint of which one lies above the other, or is the same."""
    first, second = _disjoint_pairs(subject)
    below = disjoint_ends_above(subject.index, subject.relations, first, second)
    if below is None:
        return Found(0, skipped=TOO_LARGE)
    places = np.flatnonzero(_above_or_same(subject, below, first, second)).tolist()
    return found(places, lambda place: f"{subject.ids[first[place]]} and {subject.ids[second[place]]}")


def shared_descendants(subject: Subject) -> Found:
    """Pairs said to be disjoint, neither above the other, that something is a kind of both of."""
    first, second = _disjoint_pairs(subject)
    below = disjoint_ends_above(subject.index, subject.relations, first, second)
    if below is None:
        return Found(0, skipped=TOO_LARGE)
    if not len(first):
        return Found(0)
    both = (below.matrix.T @ below.matrix).tocsr()
    shared = np.asarray(both[below.column[first], below.column[second]]).ravel() > 0
    places = np.flatnonzero(shared & ~_above_or_same(subject, below, first, second)).tolist()
    by_column = below.matrix.tocsc()

    def text(place: int) -> str:
        one, other = (by_column[:, [below.column[end[place]]]].indices for end in (first, second))
        common = np.intersect1d(one, other)
        more = f" and {len(common) - 1:,} more" if len(common) > 1 else ""
        return f"{subject.ids[first[place]]} and {subject.ids[second[place]]} share {subject.ids[common[0]]}{more}"

    return found(places, text)


def _disjoint_pairs(subject: Subject) -> tuple[IntArray, IntArray]:
    rows = subject.rows_of(is_disjointness)
    count = subject.index.num_concepts
    keys = np.unique(pair_keys(subject.index.head[rows], subject.index.tail[rows], count))
    return keys // max(count, 1), keys % max(count, 1)


def _above_or_same(subject: Subject, below: Below, first: IntArray, second: IntArray) -> NDArray[np.bool_]:
    index = subject.index
    ends = ((first, second), (second, first))
    above = [np.asarray(below.matrix[one, below.column[other]]).ravel() > 0 for one, other in ends if len(one)]
    same = index.edge_rows("equivalence")
    keys = pair_keys(index.head[same], index.tail[same], index.num_concepts)
    alike = np.isin(pair_keys(first, second, index.num_concepts), keys)
    forbidden: NDArray[np.bool_] = np.logical_or.reduce([alike, *above])
    return forbidden
