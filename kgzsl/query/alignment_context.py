"""Whether the neighbours of two concepts are matched with each other."""

import numpy as np

from kgzsl.graph.index import GraphIndex, IntArray
from kgzsl.graph.relation import POSITIVE_KINDS

__all__ = ["Surroundings", "agreement", "same_as"]

_PARENT, _CHILD, _OTHER = 0, 1, 2
_CHUNK = 2_000_000


class Surroundings:
    """Neighbours of each concept with the place they have: above, below, or joined by another positive relation.

    Concepts that edges `same_as` join are one: `one` gives the first of them for each concept.
    """

    def __init__(self, index: GraphIndex) -> None:
        self.one = same_as(index)
        up = index.edge_rows("taxonomic")
        other = index.edge_rows([kind for kind in POSITIVE_KINDS if kind not in ("taxonomic", "equivalence")])
        parts = [
            (index.head[up], index.tail[up], _PARENT),
            (index.tail[up], index.head[up], _CHILD),
            (index.head[other], index.tail[other], _OTHER),
            (index.tail[other], index.head[other], _OTHER),
        ]
        self.num_concepts = index.num_concepts
        source = np.concatenate([self.one[start] for start, _, _ in parts])
        key = np.concatenate([self.one[end] + place * index.num_concepts for _, end, place in parts])
        pairs = np.unique(source * (3 * index.num_concepts) + key)
        self.source, self.key = pairs // max(3 * index.num_concepts, 1), pairs % max(3 * index.num_concepts, 1)
        self.start = np.searchsorted(self.source, np.arange(index.num_concepts + 1))
        self.pairs = pairs

    def known(self, matched: IntArray) -> IntArray:
        """How many neighbours of each concept are matched."""
        has = matched[self.key % max(self.num_concepts, 1)] >= 0
        return np.bincount(self.source[has], minlength=self.num_concepts)


def agreement(
    a: Surroundings, b: Surroundings, target: IntArray, first: IntArray, second: IntArray
) -> tuple[IntArray, IntArray]:
    """For each pair of a position in `a` and one in `b`: how many matched neighbours agree, and how many could.

    `target[i]` is the match in `b` of position i of `a`, -1 without one. A neighbour agrees if its match is a
    neighbour of the other concept in the same place.
    """
    matched = np.flatnonzero(target >= 0)
    forth, back = np.full(a.num_concepts, -1, dtype=np.int64), np.full(b.num_concepts, -1, dtype=np.int64)
    forth[a.one[matched]] = b.one[target[matched]]
    back[b.one[target[matched]]] = a.one[matched]
    left, right = a.one[first], b.one[second]
    sizes = a.start[left + 1] - a.start[left]
    count = np.zeros(len(left), dtype=np.int64)
    total = np.cumsum(sizes)
    begin = 0
    while begin < len(left):  # a chunk has about two million neighbours, and at least one pair
        done = total[begin - 1] if begin else 0
        end = max(begin + 1, int(np.searchsorted(total, done + _CHUNK)))
        here = slice(begin, end)
        count[here] = _agreeing(a, b, forth, left[here], right[here], sizes[here])
        begin = end
    return count, np.minimum(a.known(forth)[left], b.known(back)[right])


def _agreeing(
    a: Surroundings, b: Surroundings, target: IntArray, first: IntArray, second: IntArray, sizes: IntArray
) -> IntArray:
    place = np.repeat(np.arange(len(first)), sizes)
    offset = np.arange(len(place)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    key = a.key[a.start[first][place] + offset]
    matched = target[key % max(a.num_concepts, 1)]
    wanted = second[place] * (3 * b.num_concepts) + matched + key // max(a.num_concepts, 1) * b.num_concepts
    at = np.minimum(np.searchsorted(b.pairs, wanted), max(len(b.pairs) - 1, 0))
    hit = (matched >= 0) & (b.pairs[at] == wanted) if len(b.pairs) else np.zeros(len(place), dtype=bool)
    return np.bincount(place[hit], minlength=len(first))


def same_as(index: GraphIndex) -> IntArray:
    """For each concept the first of those that edges `same_as` join with it: one thing under several ids."""
    if all(relation.name != "same_as" for relation in index.relations):
        return np.arange(index.num_concepts, dtype=np.int64)
    from scipy.sparse.csgraph import connected_components  # 0.15 s that other questions need not wait for

    group = connected_components(index.adjacency("same_as"), directed=False)[1]
    _, first, inverse = np.unique(group, return_index=True, return_inverse=True)
    return np.asarray(first[inverse], dtype=np.int64)
