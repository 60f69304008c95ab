"""What holds for the whole graph at once: adjacency, the ancestor closure, depths."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from kgzsl.errors import ResourceLimitError

if TYPE_CHECKING:
    from kgzsl.graph.index import GraphIndex, IntArray, Neighbors

MOST_PAIRS = 50_000_000
"""Pairs a closure may have: 1.2 GB. WordNet has under a million; only large cycles and long chains come near."""

__all__ = ["MOST_PAIRS", "adjacency", "ancestor_pairs", "components", "depths", "expand"]


def adjacency(index: GraphIndex, rows: IntArray, symmetric: bool) -> Any:
    """A csr_array of ones where an edge of `rows` leads from row to column, or, if symmetric, either way."""
    head, tail = index.head[rows], index.tail[rows]
    if symmetric:
        head, tail = np.concatenate([head, tail]), np.concatenate([tail, head])
    shape = (index.num_concepts, index.num_concepts)
    from scipy import sparse  # 0.15 s that a question about a few concepts need not wait for

    matrix = sparse.csr_array((np.ones(len(head)), (head, tail)), shape=shape)
    matrix.sum_duplicates()
    matrix.data[:] = 1.0
    return matrix


def expand(neighbors: Neighbors, positions: IntArray) -> tuple[IntArray, IntArray]:
    """Every (place in `positions`, neighbour of the position there)."""
    return _spread(neighbors.indptr, neighbors.indices, positions)


def _spread(indptr: IntArray, indices: IntArray, positions: IntArray) -> tuple[IntArray, IntArray]:
    starts = indptr[positions]
    counts = indptr[positions + 1] - starts
    places = np.repeat(np.arange(len(positions)), counts)
    offsets = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    return places, indices[starts[places] + offsets]


def ancestor_pairs(up: Neighbors, num_concepts: int) -> tuple[IntArray, IntArray, IntArray]:
    """(node, ancestor, distance), breadth first: each level is joined with the parents, pairs seen before dropped."""
    frontier = np.arange(num_concepts, dtype=np.int64)
    known = frontier * (num_concepts + 1)
    node, ancestor = frontier, frontier
    levels, held = [(node, ancestor)], num_concepts
    while len(node):
        if held + int((up.indptr[ancestor + 1] - up.indptr[ancestor]).sum()) > MOST_PAIRS:  # before it is allocated
            raise ResourceLimitError(
                f"the closure of {num_concepts:,} concepts has over {MOST_PAIRS:,} (concept, ancestor) pairs; "
                "take fewer relations, or a part of the graph with induced or neighborhood"
            )
        places, parents = expand(up, ancestor)
        pairs = np.sort(node[places] * num_concepts + parents, kind="stable")  # all but sorted already
        pairs = pairs[np.diff(pairs, prepend=-1) > 0]
        at = np.minimum(np.searchsorted(known, pairs), len(known) - 1)
        pairs = pairs[known[at] != pairs]
        node, ancestor = pairs // num_concepts, pairs % num_concepts
        if len(node):
            levels.append((node, ancestor))
            held += len(node)
            known = np.sort(np.concatenate([known, pairs]), kind="stable")
    nodes, ancestors = (np.concatenate(column) for column in zip(*levels, strict=True))
    distance = np.repeat(np.arange(len(levels)), [len(level) for level, _ in levels])
    order = np.argsort(nodes, kind="stable")  # levels stand by distance, and each by node and ancestor
    return nodes[order], ancestors[order], distance[order]


def components(up: Neighbors, num_concepts: int) -> IntArray:
    """Strongly connected component of each concept."""
    ones = np.ones(len(up.indices), dtype=np.int8)
    from scipy import sparse
    from scipy.sparse.csgraph import connected_components

    graph = sparse.csr_array((ones, up.indices, up.indptr), shape=(num_concepts, num_concepts))
    return np.asarray(connected_components(graph, connection="strong")[1], dtype=np.int64)


def depths(up: Neighbors, component: IntArray) -> tuple[IntArray, IntArray]:
    """Shortest and longest way to a root, level by level from the roots down, cycles condensed to one node."""
    count = int(component.max(initial=-1)) + 1
    child = np.repeat(component, np.diff(up.indptr))
    between = np.unique(component[up.indices] * count + child)
    upper, lower = between // max(count, 1), between % max(count, 1)
    upper, lower = upper[upper != lower], lower[upper != lower]
    start = np.searchsorted(upper, np.arange(count + 1))
    waiting = np.bincount(lower, minlength=count)
    shortest = np.where(waiting == 0, 0, np.iinfo(np.int64).max)
    longest = np.zeros(count, dtype=np.int64)
    ready = np.flatnonzero(waiting == 0)
    while len(ready):
        places, children = _spread(start, lower, ready)
        parents = ready[places]
        np.minimum.at(shortest, children, shortest[parents] + 1)
        np.maximum.at(longest, children, longest[parents] + 1)
        np.subtract.at(waiting, children, 1)
        touched = np.unique(children)
        ready = touched[waiting[touched] == 0]
    return shortest[component], longest[component]
