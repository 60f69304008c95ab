"""What stands above classes in the taxonomy, cycles condensed: nodes, their parents, and the classes below each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from kgzsl.decision.problem import Problem
from kgzsl.errors import InputFormatError
from kgzsl.graph.knowledge_graph import KnowledgeGraph

__all__ = ["ClassHierarchy", "hierarchy_of"]

IntArray = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class ClassHierarchy:
    """Classes and all that is above them over taxonomic relations.

    A node is a concept, or all concepts of a cycle; it is called by a class on it, else by its first id. `below`
    `[num_nodes + 1, num_classes]` marks the classes of each node and under it, each once however many ways lead
    there. The last node stands above everything: "any class". `parents` `[num_nodes + 1, most]` holds nodes in
    ascending order, filled up with -1; what has nothing above it in the graph has the last node as its parent.
    `own` is the node of each class, `depth` the longest way of a node from a root.
    """

    graph: KnowledgeGraph
    concepts: tuple[str, ...]
    names: tuple[str, ...]
    below: Any = field(repr=False)
    parents: IntArray = field(repr=False)
    own: IntArray = field(repr=False)
    depth: IntArray = field(repr=False)

    @classmethod
    def of(cls, graph: KnowledgeGraph | None, concepts: Sequence[str]) -> ClassHierarchy:
        """The hierarchy of these classes; `InputFormatError` without a graph, or with nothing above any of them."""
        if graph is None:
            raise InputFormatError("this needs a graph that says what kind of thing each class is: fit with graph=")
        part = graph.induced(concepts)
        index = part.index
        if not index.num_edges:
            raise InputFormatError(
                f"graph {graph.name} has no taxonomic relation above any of the {len(concepts):,} classes: there is "
                "nothing to climb to"
            )
        positions = index.positions(concepts)
        first = np.full(int(index.components().max()) + 1, index.num_concepts)
        np.minimum.at(first, index.components(), np.arange(index.num_concepts))
        used = np.flatnonzero(first < index.num_concepts)
        number = np.full(len(first), -1)
        number[used[np.argsort(first[used])]] = np.arange(len(used))
        node = number[index.components()]  # in the order of their first ids
        member = np.sort(first[used])
        for position in sorted(positions.tolist(), reverse=True):
            member[node[position]] = position
        depth = np.zeros(len(used) + 1, dtype=np.int64)
        depth[node] = index.depths()[1] + 1
        return cls(
            graph=part,
            concepts=tuple(concepts),
            names=tuple(index.ids[place] for place in member),
            below=_below(index.ancestor_pairs(), node, positions, len(used)),
            parents=_parents(index.up(), node, len(used)),
            own=node[positions],
            depth=depth,
        )

    @property
    def top(self) -> int:
        """The node above everything."""
        return len(self.names)

    def node_concept(self, node: int) -> str:
        """The id of a node, "" for the one above everything."""
        return "" if node == self.top else self.names[node]

    def node_label(self, node: int) -> str:
        """What a node is called."""
        return "any class" if node == self.top else self.graph.concept(self.names[node]).label

    def label(self, column: int) -> str:
        """What a class is called."""
        return self.graph.concept(self.concepts[column]).label

    @cached_property
    def above(self) -> Any:
        """`below`, the other way round: the nodes of each class, csr `[num_classes, num_nodes + 1]`."""
        return sparse.csr_array(self.below.T)

    def classes_below(self, node: int) -> list[int]:
        """Columns of the classes of a node and under it, ascending."""
        columns: list[int] = self.below.indices[self.below.indptr[node] : self.below.indptr[node + 1]].tolist()
        return columns

    def node_masses(self, masses: NDArray[np.float64]) -> NDArray[np.float64]:
        """For rows of masses of the classes, those of all nodes `[num_rows, num_nodes + 1]`."""
        return np.asarray((self.below @ masses.T).T)


def hierarchy_of(problem: Problem, places: Sequence[int]) -> ClassHierarchy:
    """The hierarchy of the classes at these places, made once."""
    concepts = [problem.classes.concepts[place] for place in places]
    found: ClassHierarchy = problem.once(("hierarchy", *places), lambda: ClassHierarchy.of(problem.graph, concepts))
    return found


def _below(pairs: tuple[IntArray, IntArray, IntArray], node: IntArray, positions: IntArray, num_nodes: int) -> Any:
    lower, upper, _ = pairs
    column = np.full(len(node), -1)
    column[positions] = np.arange(len(positions))
    of_class = column[lower] >= 0
    cells = np.unique(node[upper[of_class]] * len(positions) + column[lower[of_class]])
    rows = np.concatenate([cells // len(positions), np.full(len(positions), num_nodes)])
    columns = np.concatenate([cells % len(positions), np.arange(len(positions))])
    shape = (num_nodes + 1, len(positions))
    matrix = sparse.csr_array((np.ones(len(rows)), (rows, columns)), shape=shape)
    matrix.sort_indices()
    return matrix


def _parents(up: Any, node: IntArray, num_nodes: int) -> IntArray:
    child = node[np.repeat(np.arange(len(node)), np.diff(up.indptr))]
    parent = node[up.indices]
    cells = np.unique((child * num_nodes + parent)[child != parent])
    child, parent = cells // num_nodes, cells % num_nodes
    counts = np.bincount(child, minlength=num_nodes)
    found = np.full((num_nodes + 1, max(1, int(counts.max(initial=1)))), -1)
    found[:num_nodes][counts == 0, 0] = num_nodes
    place = np.arange(len(child)) - np.repeat(np.cumsum(counts) - counts, counts)
    found[child, place] = parent
    return found
