"""Hierarchical precision: how much of the first k answers lies near the right class in the taxonomy.

Frome et al., "DeViSE: a deep visual-semantic embedding model", NIPS 2013, section 4.2 and the appendix on the
hierarchical metric: around the true class a radius grows, in edges of the taxonomy taken either way, until at least k
candidates are inside; those are the correct set, and the measure is the share of the model's first k answers that
belong to it. At k = 1 the correct set is the true class alone, so the measure is Hit@1.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse.csgraph import dijkstra

from kgzsl.counts import checked_count
from kgzsl.errors import InputFormatError
from kgzsl.evaluation.metrics import Average, checked, mean_over
from kgzsl.graph.index import GraphIndex

__all__ = ["hierarchical_precision", "hierarchy_distances", "nearest_classes"]


def hierarchy_distances(
    index: GraphIndex,
    concepts: Sequence[str],
    candidates: Sequence[str] | None = None,
    *,
    relations: Sequence[str] | str | None = None,
) -> NDArray[np.float32]:
    """Edges from each concept to each candidate, up or down the taxonomy, `[num_concepts, num_candidates]`.

    The candidates are the concepts themselves if none are named; inf means that there is no path. `relations` are
    names or kinds; None means taxonomic. Searches the whole graph from every concept. Raises `UnknownConceptError` for
    an id that is not in the index.

    >>> from kgzsl.testing import example_graph
    >>> from kgzsl.evaluation import hierarchy_distances
    >>> hierarchy_distances(example_graph().index, ["tiger", "lion", "owl"]).tolist()
    [[0.0, 2.0, 5.0], [2.0, 0.0, 5.0], [5.0, 5.0, 0.0]]
    """
    rows = index.positions(concepts)
    columns = rows if candidates is None else index.positions(candidates)
    graph = index.adjacency(relations, symmetric=True)
    distances = np.empty((len(rows), len(columns)), dtype=np.float32)
    # distances to the whole graph are never held for more than 64 concepts
    for start in range(0, len(rows), 64):
        part = slice(start, start + 64)
        distances[part] = dijkstra(graph, directed=True, unweighted=True, indices=rows[part])[:, columns]
    return distances


def nearest_classes(distances: ArrayLike, k: int) -> NDArray[np.bool_]:
    """The correct set of every row: all columns no farther than the k-th nearest one.

    `distances` `[num_rows, num_classes]`, a class itself being at distance 0. Columns at the same distance are taken
    together, so a set can be larger than k; it is smaller only where fewer than k columns can be reached.

    Example:
        >>> nearest_classes([[0.0, 2.0, 2.0, 4.0]], 2)
        array([[ True,  True,  True, False]])

    """
    table = np.asarray(distances, dtype=np.float64)
    if table.ndim != 2 or np.isnan(table).any():
        raise InputFormatError(f"distances are a matrix without NaN, not shape {table.shape}")
    return np.asarray(table <= radii(table, checked_count(k, "k"))[:, None])


def radii(distances: NDArray[np.floating[Any]], k: int) -> NDArray[np.floating[Any]]:
    """Distance of each row's k-th nearest column, or of the farthest that can be reached: what lies within is near."""
    place = min(k, distances.shape[1]) - 1
    parts = [
        np.partition(distances[start : start + 1024], place, axis=1)[:, place]
        for start in range(0, len(distances), 1024)
    ]
    radius = np.concatenate(parts) if parts else np.empty(0, dtype=distances.dtype)
    # the largest number there is leaves out exactly the columns at infinity
    return np.asarray(np.minimum(radius, np.finfo(distances.dtype).max))


def hierarchical_precision(
    scores: ArrayLike, labels: ArrayLike, distances: ArrayLike, k: int, *, average: Average = "macro"
) -> float:
    """Share of the `k` best scored classes that are among the k nearest to the true one, in [0, 1].

    `distances` `[num_classes, num_classes]` between the columns of `scores`, as `hierarchy_distances` gives them. Of
    classes with equal scores the wrong ones are taken to stand first. DeViSE averages over samples
    (`average="micro"`). Raises `InputFormatError` if `k` exceeds the number of classes.

    Example:
        >>> tree = [[0, 2, 4], [2, 0, 4], [4, 4, 0]]
        >>> [hierarchical_precision([[0.2, 0.7, 0.1]], [0], tree, k) for k in (1, 2)]
        [0.0, 1.0]

    """
    table, places = checked(scores, labels)
    num_classes = table.shape[1]
    if np.shape(distances) != (num_classes, num_classes):
        raise InputFormatError(f"distances are [{num_classes:,}, {num_classes:,}], not {np.shape(distances)}")
    if checked_count(k, "k") > num_classes:
        raise InputFormatError(f"the first {k:,} of {num_classes:,} classes cannot be taken")
    return mean_over(precision_rows(table, nearest_classes(distances, k)[places], k), places, average)


def precision_rows(scores: NDArray[Any], near: NDArray[np.bool_], k: int) -> NDArray[np.float64]:
    """Share of each row's `k` best scored columns marked in `near`; among equal scores unmarked ones go first."""
    place = scores.shape[1] - k
    threshold = np.partition(scores, place, axis=1)[:, place][:, None]
    above, tied = scores > threshold, scores == threshold
    left = k - above.sum(axis=1) - (tied & ~near).sum(axis=1)
    return np.asarray(((above & near).sum(axis=1) + np.maximum(left, 0)) / k, dtype=np.float64)
