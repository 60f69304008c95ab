"""What stands above each concept, each cycle taken as one: kept for single questions, in arrays for many."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from kgzsl.errors import ResourceLimitError
from kgzsl.graph import search
from kgzsl.graph.closure import MOST_PAIRS
from kgzsl.graph.index import GraphIndex, IntArray, Neighbors
from kgzsl.graph.relation import Relation
from kgzsl.query.similarity_kernels import best_shared_of_pair

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from kgzsl.graph.knowledge_graph import KnowledgeGraph

__all__ = ["Above", "Ancestry", "ancestry"]

MOST_HELD = 1_000_000
"""(concept, ancestor) pairs kept for single questions: about 100 MB. All of WordNet has 896,000."""

_BELOW = Relation("is_below", "taxonomic")
_MANY = 4  # a quarter of the graph asked for at once: then the closure of all of it costs less


class Above(NamedTuple):
    """What is above some nodes, row by row: `nodes[starts[i]:starts[i + 1]]` at `steps` edges, each also itself."""

    starts: IntArray
    nodes: IntArray
    steps: IntArray


def ancestry(graph: KnowledgeGraph, relations: Iterable[str] | str | None) -> Ancestry:
    """The ancestry of a graph over these relations (None: taxonomic), made once."""
    index = graph.index
    directions = index.directions(relations)
    return index.once(("ancestry", directions), lambda: Ancestry(index, relations))  # type: ignore[no-any-return]


class Ancestry:
    """Ancestors and their distances among the nodes of a taxonomy; a node is a concept, or all those on one cycle.

    Nodes are numbered in the order of their first concepts. `node` holds the node of each concept, `first` the first
    concept of each node, `shortest` and `longest` the edges from each node up to a root. `known` has what `above` was
    asked for, and is never empty for a node, so `known.get(node) or above(node)` saves a call. `packed` are the
    `AncestorRows` for kernels about pairs: None as long as few have asked, and where they would not be faster.
    """

    def __init__(self, index: GraphIndex, relations: Iterable[str] | str | None) -> None:
        self.first, self.node, self.index = _condensed(index, relations)
        self.size = self.index.num_concepts
        self.relations = relations if self.index is index else None  # a condensed graph has one
        self.up: Neighbors = self.index.up(self.relations)
        self.shortest, self.longest = self.index.depths(self.relations)
        self.deepest = int(self.longest.max(initial=0))
        # a memoryview gives Python integers three times as fast as an array
        self.node_of, self.root_steps = self.node.data, self.shortest.data
        self.known: dict[int, dict[int, int]] = {}
        self._held = 0
        self.packed: NDArray[np.int32] | None = None
        self._rows = self.index.ancestor_rows(self.relations)
        self._starts: IntArray | None = None

    # -- one node ---------------------------------------------------------------------------------------------

    def above(self, node: int) -> dict[int, int]:
        """The fewest edges up to each ancestor of a node, itself at 0. Not to be written to."""
        found = self.known.get(node)
        return self._climb(node) if found is None else found

    def _climb(self, node: int) -> dict[int, int]:
        if self._held > MOST_HELD:
            self.known, self._held = {}, 0  # not cleared: another thread may be reading
        rows = self._rows
        if rows.are_there():
            found = rows.distances(node)
            if rows.are_short and best_shared_of_pair.compiled is not best_shared_of_pair.python:
                self.packed = rows.packed
        else:
            found = search.distances(self.up, node)
        self.known[node] = found
        self._held += len(found)
        return found

    # -- many nodes -------------------------------------------------------------------------------------------

    def rows(self, nodes: Sequence[int] | IntArray) -> Above:
        """What is above each of these nodes, in their order."""
        if len(nodes) * _MANY > self.size:
            return self._from_closure(np.asarray(nodes, dtype=np.int64))
        found, total = [], 0
        for node in nodes.tolist() if isinstance(nodes, np.ndarray) else nodes:
            above = self.above(node)
            total += len(above)
            if total > MOST_PAIRS:
                raise too_many_pairs(len(nodes))
            found.append(above)
        starts = np.zeros(len(found) + 1, dtype=np.int64)
        np.cumsum([len(above) for above in found], out=starts[1:])
        ancestors = np.fromiter(chain.from_iterable(found), dtype=np.int64, count=total)
        steps = np.fromiter(chain.from_iterable(above.values() for above in found), dtype=np.int64, count=total)
        return Above(starts, ancestors, steps)

    def closure(self) -> Above:
        """What is above every node; `ResourceLimitError` if that is too much."""
        if int(self.longest.sum()) + self.size > MOST_PAIRS:  # no node has fewer ancestors than its longest way up
            raise too_many_pairs(self.size)
        nodes, ancestors, steps = self.index.ancestor_pairs(self.relations)
        if self._starts is None:
            self._starts = np.searchsorted(nodes, np.arange(self.size + 1)).astype(np.int64)
        return Above(self._starts, ancestors, steps)

    def _from_closure(self, nodes: IntArray) -> Above:
        every = self.closure()
        if np.array_equal(nodes, np.arange(self.size)):
            return every
        counts = every.starts[nodes + 1] - every.starts[nodes]
        starts = np.zeros(len(nodes) + 1, dtype=np.int64)
        np.cumsum(counts, out=starts[1:])
        if starts[-1] > MOST_PAIRS:
            raise too_many_pairs(len(nodes))
        at = np.arange(starts[-1]) + np.repeat(every.starts[nodes] - starts[:-1], counts)
        return Above(starts, every.nodes[at], every.steps[at])


def too_many_pairs(num_nodes: int) -> ResourceLimitError:
    """The error where too much is above the concepts asked about."""
    return ResourceLimitError(
        f"{num_nodes:,} concepts have over {MOST_PAIRS:,} ancestors together, counted once for each; ask about fewer "
        "concepts at a time, or take fewer relations"
    )


def _condensed(index: GraphIndex, relations: Iterable[str] | str | None) -> tuple[IntArray, IntArray, GraphIndex]:
    """The first concept of each node, the node of each concept, and the graph of nodes: the same without cycles."""
    component = index.components(relations)
    if component.max(initial=-1) + 1 == index.num_concepts:
        every = np.arange(index.num_concepts, dtype=np.int64)
        return every, every, index
    _, first, node = np.unique(component, return_index=True, return_inverse=True)
    place = np.empty(len(first), dtype=np.int64)
    order = np.argsort(first, kind="stable")
    place[order] = np.arange(len(first))
    node = place[node]
    up = index.up(relations)
    lower = np.repeat(np.arange(index.num_concepts), np.diff(up.indptr))
    edges = np.unique(np.stack([node[lower], node[up.indices]], axis=1), axis=0)
    head, tail = edges[edges[:, 0] != edges[:, 1]].T
    first = np.sort(first)
    return (
        first,
        node,
        GraphIndex(
            [index.ids[position] for position in first],
            [_BELOW],
            head=np.ascontiguousarray(head),
            relation=np.zeros(len(head), dtype=np.int64),
            tail=np.ascontiguousarray(tail),
            weight=np.ones(len(head)),
            name=index.name,
        ),
    )
