"""What holds for the whole graph at once: adjacency, the ancestor closure, depths."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.csgraph import connected_components

if TYPE_CHECKING:
    from kgzsl.graph.index import GraphIndex, IntArray, Neighbors

__all__ = ["adjacency", "ancestor_pairs", "depths", "expand"]


def adjacency(index: GraphIndex, rows: IntArray, symmetric: bool) -> Any:
    """A csr_array of ones where an edge of `rows` leads from row to column, or, if symmetric, either way."""
    head, tail = index.head[rows], index.tail[rows]
    if symmetric:
        head, tail = np.concatenate([head, tail]), np.concatenate([tail, head])
    shape = (index.num_concepts, index.num_concepts)
    matrix = sparse.csr_array((np.ones(len(head)), (head, tail)), shape=shape)
    matrix.sum_duplicates()
    matrix.data[:] = 1.0
    return matrix


def expand(neighbors: Neighbors, positions: IntArray) -> tuple[IntArray, IntArray]:
    """Every (place in `positions`, neighbour of the position there)."""
    starts = neighbors.indptr[positions]
    counts = neighbors.indptr[positions + 1] - starts
    places = np.repeat(np.arange(len(positions)), counts)
    offsets = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    return places, neighbors.indices[starts[places] + offsets]


def ancestor_pairs(up: Neighbors, num_concepts: int) -> tuple[IntArray, IntArray, IntArray]:
    """(node, ancestor, distance), breadth first: each level is joined with the parents, pairs seen before dropped."""
    frontier = np.arange(num_concepts, dtype=np.int64)
    known = frontier * (num_concepts + 1)
    node, ancestor = frontier, frontier
    levels = [(node, ancestor)]
    while len(node):
        places, parents = expand(up, ancestor)
        pairs = np.unique(node[places] * num_concepts + parents)
        at = np.minimum(np.searchsorted(known, pairs), len(known) - 1)
        pairs = pairs[known[at] != pairs]
        node, ancestor = pairs // num_concepts, pairs % num_concepts
        if len(node):
            levels.append((node, ancestor))
            known = np.sort(np.concatenate([known, pairs]), kind="stable")
    nodes, ancestors = (np.concatenate(column) for column in zip(*levels, strict=True))
    distance = np.repeat(np.arange(len(levels)), [len(level) for level, _ in levels])
    order = np.lexsort((ancestors, distance, nodes))
    return nodes[order], ancestors[order], distance[order]


def _condensed(up: Neighbors, num_concepts: int) -> tuple[NDArray[np.int64], int, IntArray, IntArray]:
    """Component of each concept, their number, and the edges between different components, each once."""
    child = np.repeat(np.arange(num_concepts), np.diff(up.indptr))
    ones = np.ones(len(child), dtype=np.int8)
    graph = sparse.csr_array((ones, (child, up.indices)), shape=(num_concepts, num_concepts))
    count, component = connected_components(graph, connection="strong")
    component = component.astype(np.int64)
    between = np.unique(component[child] * count + component[up.indices])
    lower, upper = between // max(count, 1), between % max(count, 1)
    return component, count, lower[lower != upper], upper[lower != upper]


def depths(up: Neighbors, num_concepts: int) -> tuple[IntArray, IntArray]:
    """Shortest and longest way to a root, level by level from the roots down, cycles condensed to one node."""
    component, count, lower, upper = _condensed(up, num_concepts)
    order = np.argsort(upper, kind="stable")
    lower, upper = lower[order], upper[order]
    start = np.searchsorted(upper, np.arange(count + 1))
    waiting = np.bincount(lower, minlength=count)
    shortest = np.where(waiting == 0, 0, np.iinfo(np.int64).max)
    longest = np.zeros(count, dtype=np.int64)
    ready = np.flatnonzero(waiting == 0)
    while len(ready):
        edges = np.concatenate([np.arange(start[c], start[c + 1]) for c in ready.tolist()])
        children, parents = lower[edges], upper[edges]
        np.minimum.at(shortest, children, shortest[parents] + 1)
        np.maximum.at(longest, children, longest[parents] + 1)
        np.subtract.at(waiting, children, 1)
        touched = np.unique(children)
        ready = touched[waiting[touched] == 0]
    return shortest[component], longest[component]
