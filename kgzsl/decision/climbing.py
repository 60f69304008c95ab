"""Ways up a hierarchy from the best class, always to the parent with the largest probability."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from kgzsl.decision.hierarchy import ClassHierarchy

__all__ = ["climbed", "heights_needed"]

Float64 = NDArray[np.float64]
IntArray = NDArray[np.int64]

CELLS = 4_000_000
"""Probabilities of nodes held at once: 32 MB."""


def climbed(hierarchy: ClassHierarchy, masses: Float64, start: IntArray, threshold: float) -> tuple[IntArray, Float64]:
    """The first node on each way up whose probability is more than `threshold`, and that probability.

    `masses` `[num_rows, num_classes]`; `start` are columns. The last node is taken if no other is enough; its
    probability is 1.
    """
    nodes, shares = np.empty(len(masses), dtype=np.int64), np.empty(len(masses))
    for rows, table in _node_tables(hierarchy, masses):
        here = hierarchy.own[start[rows]]
        left = np.arange(len(here))
        while len(left):
            left = left[(table[left, here[left]] <= threshold) & (here[left] != hierarchy.top)]
            here[left] = _step(hierarchy, table, left, here[left])
        nodes[rows] = here
        shares[rows] = np.minimum(table[np.arange(len(here)), here], 1.0)
    return nodes, shares


def heights_needed(hierarchy: ClassHierarchy, masses: Float64, start: IntArray, labels: IntArray) -> Float64:
    """The largest threshold at which each row's way up ends too early: at a node without the class `labels` `[n]`.

    -inf where the way begins at a node that has it. So an answer is right if its threshold is larger.
    """
    needed = np.full(len(masses), -np.inf)
    for rows, table in _node_tables(hierarchy, masses):
        here, own = hierarchy.own[start[rows]], labels[rows]
        found = np.full(len(here), -np.inf)
        left = np.arange(len(here))
        while len(left):
            left = left[~_has(hierarchy, here[left], own[left])]
            # never less than before: sums over more classes can round to less
            found[left] = np.maximum(found[left], table[left, here[left]])
            here[left] = _step(hierarchy, table, left, here[left])
        needed[rows] = found
    return needed


def _node_tables(hierarchy: ClassHierarchy, masses: Float64) -> Iterator[tuple[slice, Float64]]:
    size = max(1, CELLS // (hierarchy.top + 1))
    for begin in range(0, len(masses), size):
        rows = slice(begin, begin + size)
        yield rows, hierarchy.node_masses(masses[rows])


def _step(hierarchy: ClassHierarchy, table: Float64, rows: IntArray, here: IntArray) -> IntArray:
    """The parent of each node with the largest probability; of equal ones the first."""
    parents = hierarchy.parents[here]
    shares = np.where(parents >= 0, table[rows[:, None], parents], -np.inf)
    return np.asarray(parents[np.arange(len(rows)), shares.argmax(axis=1)], dtype=np.int64)


def _has(hierarchy: ClassHierarchy, nodes: IntArray, columns: IntArray) -> NDArray[np.bool_]:
    return np.asarray(hierarchy.below[nodes, columns]).ravel() > 0
