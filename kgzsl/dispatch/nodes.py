"""Nodes and neighbours as arrays, in the order in which NetworkX would go through them."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import chain
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from kgzsl.dispatch import kernels
from kgzsl.graph.index import GraphIndex, IntArray
from kgzsl.graph.knowledge_graph import KnowledgeGraph

__all__ = ["Nodes", "from_networkx", "nodes_of"]

_Integers = NDArray[np.int32] | NDArray[np.int64]
_Rows = tuple[_Integers, _Integers]
_Room = tuple[_Integers, _Integers, _Integers, _Integers]


class Nodes:
    """The nodes of a graph by position, and compressed rows of their neighbours, `ahead` and `back`.

    One made of a NetworkX graph is what `convert_from_nx` gives; it keeps that graph as `original`.
    """

    __networkx_backend__ = "kgzsl"
    __networkx_cache__ = None

    def __init__(
        self,
        names: Sequence[Any],
        position: Mapping[Any, int],
        ahead: _Rows,
        back: Callable[[], _Rows],
        *,
        original: Any = None,
    ) -> None:
        self.names = names
        self.position = position
        self.ahead = ahead
        self._back = back
        self.original = original
        self.rooms: list[_Room] = []

    def is_directed(self) -> bool:
        """Whether edges have a direction."""
        return self.original is None or bool(self.original.is_directed())

    def is_multigraph(self) -> bool:
        """Whether two nodes may have several edges."""
        return self.original is None or bool(self.original.is_multigraph())

    def __len__(self) -> int:
        return len(self.names)

    def place(self, node: object) -> int | None:
        """Where a node stands, or None: then it is for NetworkX to say what is wrong with it."""
        try:
            return self.position.get(node)
        except TypeError:  # not hashable
            return None

    def named(self, places: _Integers) -> Iterator[Any]:
        """The nodes at these positions."""
        return map(self.names.__getitem__, places.tolist())

    def room(self) -> _Room:
        """Two arrays of zeros and two to write in, one search's own until it puts them back into `rooms`."""
        try:
            return self.rooms.pop()  # to fill new ones with zeros would take longer than most searches
        except IndexError:
            zeros = [np.zeros(len(self), dtype=self.ahead[0].dtype) for _ in range(2)]
            return zeros[0], zeros[1], np.empty_like(zeros[0]), np.empty_like(zeros[0])

    @cached_property
    def back(self) -> _Rows:
        """Rows of the neighbours that lead here; those of an undirected graph are the same either way."""
        return self._back()

    @cached_property
    def is_acyclic(self) -> bool:
        """Whether no way leads back to where it began."""
        waiting, queue = np.zeros((2, len(self)), dtype=self.ahead[0].dtype)
        return bool(kernels.is_acyclic(*self.ahead, waiting, queue))


_MADE: WeakKeyDictionary[GraphIndex, Nodes] = WeakKeyDictionary()


def nodes_of(graph: KnowledgeGraph | Nodes) -> Nodes:
    """The nodes of a graph, made once: their order and that of their neighbours are those of `graph.nx`."""
    if isinstance(graph, Nodes):
        return graph
    index = graph.index
    nodes = _MADE.get(index)
    if nodes is None:
        nodes = _MADE[index] = _from_index(index)
    return nodes


def _from_index(index: GraphIndex) -> Nodes:
    head, tail, num_nodes = index.head, index.tail, index.num_concepts  # the index itself must not be held by its value

    def back() -> _Rows:
        order = np.argsort(tail, kind="stable")  # `graph.nx` met the edges by head
        return _narrow(_starts(tail[order], num_nodes), head[order])

    return Nodes(index.ids, index.position, _narrow(_starts(head, num_nodes), tail), back)


def from_networkx(graph: Any) -> Nodes:
    """The nodes of a NetworkX graph, of any kind and with any names."""
    names: list[Hashable] = list(graph)
    position = {name: place for place, name in enumerate(names)}
    ahead = _rows(graph.adj, names, position)
    back = _rows(graph.pred, names, position) if graph.is_directed() else ahead
    return Nodes(names, position, ahead, lambda: back, original=graph)


def _starts(sources: IntArray, num_nodes: int) -> IntArray:
    return np.searchsorted(sources, np.arange(num_nodes + 1))


def _rows(neighbors: Mapping[Any, Iterable[Any]], names: Sequence[Any], position: Mapping[Any, int]) -> _Rows:
    kept = [[position[other] for other in neighbors[name]] for name in names]
    starts = np.cumsum([0, *map(len, kept)], dtype=np.int64)
    return _narrow(starts, np.fromiter(chain.from_iterable(kept), dtype=np.int64, count=int(starts[-1])))


def _narrow(starts: IntArray, targets: IntArray) -> _Rows:
    """The same in 32 bits, which makes a search half as long."""
    if max(len(starts), len(targets)) < np.iinfo(np.int32).max:
        return starts.astype(np.int32), targets.astype(np.int32)
    return starts.astype(np.int64), targets.astype(np.int64)
