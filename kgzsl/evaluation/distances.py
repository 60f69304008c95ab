"""How bad a mistake is, and how far a class lies from all that was seen, by the taxonomy."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from kgzsl.errors import InputFormatError
from kgzsl.graph.index import GraphIndex

__all__ = ["AncestorHeights", "DistanceBand", "accuracy_by_distance", "ancestor_heights", "distance_to_nearest"]

_Relations = Iterable[str] | str | None


@dataclass(frozen=True, eq=False)
class AncestorHeights:
    """The common ancestors of pairs of concepts by their height in the hierarchy.

    `height` `[num_concepts]` of each concept of the index; `root` is that of an ancestor thought above everything, for
    pairs that share none: one more than the largest height.
    """

    height: NDArray[np.int64]
    root: int
    _above: Any
    _order: NDArray[np.int64]

    def between(self, first: NDArray[np.int64], second: NDArray[np.int64]) -> NDArray[np.int64]:
        """The height of the lowest common ancestor of each pair of positions; 0 of a leaf with itself."""
        pairs, back = np.unique(np.stack([first, second]), axis=1, return_inverse=True)
        found = np.empty(pairs.shape[1], dtype=np.int64)
        for start in range(0, pairs.shape[1], 65536):
            part = slice(start, start + 65536)
            shared = (self._above[pairs[0, part]] * self._above[pairs[1, part]]).tocsr()
            shared.sort_indices()  # columns stand in the order of heights: the first shared one is the lowest
            has_any = np.diff(shared.indptr) > 0
            heights = np.full(len(has_any), self.root)
            heights[has_any] = self.height[self._order[shared.indices[shared.indptr[:-1][has_any]]]]
            found[part] = heights
        return found[back.ravel()]


def ancestor_heights(index: GraphIndex, relations: _Relations = None) -> AncestorHeights:
    """What is needed to tell how bad mistakes are: heights of lowest common ancestors.

    The height of a concept is the number of edges on the longest way down to a leaf of this index (concepts on a cycle
    count as one); that of a mistake is the height of the lowest concept above, or equal to, both the true class and
    the predicted one. Deng et al., "What does classifying more than 10,000 image categories tell us?", ECCV 2010;
    Bertinetto et al., "Making better mistakes", CVPR 2020, section 1. Where several common ancestors are lowest, the
    one of the smallest height counts. `relations` are names or kinds; None means taxonomic.

    >>> from kgzsl.evaluation import ancestor_heights
    >>> from kgzsl.testing import example_graph
    >>> graph = example_graph()
    >>> int(ancestor_heights(graph.index).height[graph.position("mammal")])
    2
    """
    node, ancestor, _ = index.ancestor_pairs(relations)
    height = _heights(index, relations)
    order = np.lexsort((np.arange(index.num_concepts), height))
    place = np.empty(index.num_concepts, dtype=np.int64)
    place[order] = np.arange(index.num_concepts)
    shape = (index.num_concepts, index.num_concepts)
    above = csr_array((np.ones(len(node), dtype=np.int8), (node, place[ancestor])), shape=shape)
    return AncestorHeights(height, int(height.max(initial=0)) + 1, above, order)


def _heights(index: GraphIndex, relations: _Relations) -> NDArray[np.int64]:
    """Longest way down from each concept, level by level from the leaves up, cycles condensed to one node."""
    component = index.components(relations)
    head, tail = index.adjacency(relations, symmetric=False).nonzero()
    child, parent = component[head], component[tail]
    apart = child != parent
    count = int(component.max(initial=-1)) + 1
    below, above = np.unique(np.stack([child[apart], parent[apart]]), axis=1)
    height = np.zeros(count, dtype=np.int64)
    waiting = np.bincount(above, minlength=count)
    start = np.searchsorted(below, np.arange(count + 1))
    ready = np.flatnonzero(waiting == 0)
    while len(ready):
        rows = np.concatenate([np.arange(start[node], start[node + 1]) for node in ready.tolist()])
        np.maximum.at(height, above[rows], height[below[rows]] + 1)
        np.subtract.at(waiting, above[rows], 1)
        touched = np.unique(above[rows])
        ready = touched[waiting[touched] == 0]
    return np.asarray(height[component])


def distance_to_nearest(
    index: GraphIndex, concepts: Sequence[str], seen: Sequence[str], *, relations: _Relations = None
) -> NDArray[np.float64]:
    """Edges from each concept to the nearest of `seen`, up or down the taxonomy; inf where there is no way.

    One search from all of `seen` at once, so it takes the time of reading the edges.

    >>> from kgzsl.testing import example_graph
    >>> from kgzsl.evaluation import distance_to_nearest
    >>> distance_to_nearest(example_graph().index, ["tiger", "owl"], ["lion", "eagle"]).tolist()
    [2.0, 2.0]
    """
    if not len(seen):
        raise InputFormatError("no seen class to measure the distance to")
    graph = index.adjacency(relations, symmetric=True)
    from_seen = dijkstra(graph, directed=True, unweighted=True, indices=index.positions(seen), min_only=True)
    return np.asarray(from_seen[index.positions(concepts)], dtype=np.float64)


@dataclass(frozen=True)
class DistanceBand:
    """Classes at one distance from the nearest seen one: how many there are, and their mean accuracy."""

    distance: float
    num_classes: int
    num_samples: int
    accuracy: float


def accuracy_by_distance(accuracy: ArrayLike, support: ArrayLike, distance: ArrayLike) -> tuple[DistanceBand, ...]:
    """Mean accuracy of the classes at each distance, nearest first; classes without samples are left out.

    `accuracy`, `support` (samples) and `distance` have an entry a class; inf stands for "no way" and comes last.

    Example:
        >>> [band.accuracy for band in accuracy_by_distance([0.5, 1.0, 0.0], [4, 2, 9], [2, 2, 4])]
        [0.75, 0.0]

    """
    values, counts, far = (np.asarray(each) for each in (accuracy, support, distance))
    if not values.shape == counts.shape == far.shape or values.ndim != 1:
        raise InputFormatError(f"an entry a class is needed, not shapes {values.shape}, {counts.shape}, {far.shape}")
    bands = []
    for step in np.unique(far[counts > 0]):
        rows = (far == step) & (counts > 0)
        bands.append(DistanceBand(float(step), int(rows.sum()), int(counts[rows].sum()), float(np.mean(values[rows]))))
    return tuple(bands)
