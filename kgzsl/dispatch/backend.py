"""The functions that NetworkX calls for a `KnowledgeGraph`, under the names and with the arguments it has for them.

Answered from the compiled graph: `shortest_path` and `shortest_path_length` (between two nodes, without weights; the
length also from or to one node), `bidirectional_shortest_path`, `has_path`, `ancestors`, `descendants`, `bfs_edges`,
`single_source_shortest_path_length` and `lowest_common_ancestor`. All else runs on `kg.nx`. Results, their order and
errors are NetworkX's own; only where NetworkX follows the order of a set, which changes from run to run
(`lowest_common_ancestor`), is one of its answers taken, always the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import networkx as nx
import numpy as np

from kgzsl.dispatch import kernels
from kgzsl.dispatch.nodes import Nodes, from_networkx, nodes_of
from kgzsl.dispatch.plain import as_networkx, has_function, how_far, no_neighbors, on_networkx, refusal, said_of
from kgzsl.graph.knowledge_graph import KnowledgeGraph

__all__ = ["BACKEND", "Backend"]

_Graph = KnowledgeGraph | Nodes
_FIRST_EDGES = 64


class Backend:
    """What the entry point `networkx.backends` gives; `networkx.utils.backends` says how it is asked.

    A function without a method here is found as an attribute all the same: NetworkX's own, run on `kg.nx`.

    >>> import kgzsl
    >>> kg = kgzsl.load_graph("wordnet")
    >>> BACKEND.shortest_path(kg, "tiger.n.02", "carnivore.n.01")  # as networkx.shortest_path, where it is installed
    ['tiger.n.02', 'big_cat.n.01', 'feline.n.01', 'carnivore.n.01']
    """

    # -- the functions ---------------------------------------------------------------------------------------

    def bidirectional_shortest_path(self, G: _Graph, source: Any, target: Any) -> list[Any]:
        """The nodes of the path that NetworkX would find, though it is found in the arrays."""
        nodes = nodes_of(G)
        route = _route(nodes, source, target)
        if route is None:
            route = list(said_of("bidirectional_shortest_path", nodes, source, target))
        if not route:
            raise nx.NetworkXNoPath(f"No path between {source} and {target}.")
        return route

    def shortest_path(
        self, G: _Graph, source: Any = None, target: Any = None, weight: Any = None, method: str = "dijkstra"
    ) -> Any:
        """One path; with weights, other methods or an open end, as NetworkX answers on `G.nx`."""
        if source is None or target is None or weight is not None or method != "dijkstra":
            return on_networkx("shortest_path")(G, source, target, weight, method)
        return self.bidirectional_shortest_path(G, source, target)

    def shortest_path_length(
        self, G: _Graph, source: Any = None, target: Any = None, weight: Any = None, method: str = "dijkstra"
    ) -> Any:
        """One length, or those from one node or to one; the rest as NetworkX answers on `G.nx`."""
        if (source is None and target is None) or weight is not None or method != "dijkstra":
            return on_networkx("shortest_path_length")(G, source, target, weight, method)
        if target is None:
            return self.single_source_shortest_path_length(G, source)
        if source is None:
            return self._lengths(G, target, None, ahead=False)
        return len(self.bidirectional_shortest_path(G, source, target)) - 1

    def has_path(self, G: _Graph, source: Any, target: Any) -> bool:
        """Whether `shortest_path` finds one."""
        nodes = nodes_of(G)
        route = _route(nodes, source, target)
        return bool(said_of("bidirectional_shortest_path", nodes, source, target) if route is None else route)

    def single_source_shortest_path_length(self, G: _Graph, source: Any, cutoff: Any = None) -> dict[Any, int]:
        """Steps to each node that can be reached, in the order of the search."""
        return self._lengths(G, source, cutoff, ahead=True)

    def _lengths(self, G: _Graph, source: Any, cutoff: Any, *, ahead: bool) -> dict[Any, int]:
        nodes = nodes_of(G)
        start, limit = nodes.place(source), how_far(cutoff, len(nodes))
        if start is None or limit is None:
            said: dict[Any, int] = said_of("single_source_shortest_path_length", nodes, source, cutoff)
            return said
        search = _Search(nodes, start, limit, ahead=ahead)
        found = search.all()
        return dict(zip(nodes.named(found), (search.steps[found] - 1).tolist(), strict=True))

    def descendants(self, G: _Graph, source: Any) -> set[Any]:
        """All nodes that can be reached, without the first."""
        return self._reached(G, source, ahead=True)

    def ancestors(self, G: _Graph, source: Any) -> set[Any]:
        """All nodes from which it can be reached, without itself."""
        return self._reached(G, source, ahead=False)

    def _reached(self, G: _Graph, source: Any, *, ahead: bool) -> set[Any]:
        nodes = nodes_of(G)
        start = nodes.place(source)
        if start is None:
            return set(no_neighbors(nodes, source, ahead=ahead))
        return set(nodes.named(_Search(nodes, start, len(nodes), ahead=ahead).all()[1:]))

    def bfs_edges(
        self, G: _Graph, source: Any, reverse: bool = False, depth_limit: Any = None, sort_neighbors: Any = None
    ) -> Iterator[tuple[Any, Any]]:
        """Edges as a breadth-first search meets new nodes, drawn as they are asked for."""
        nodes = nodes_of(G)
        limit = how_far(depth_limit, len(nodes))
        if sort_neighbors is not None or limit is None:
            yield from on_networkx("bfs_edges")(G, source, reverse, depth_limit, sort_neighbors)
            return
        start = nodes.place(source)
        if start is None:
            yield from no_neighbors(nodes, source, ahead=not reverse)
            return
        for whence, where in _Search(nodes, start, limit, ahead=not reverse).edges():
            yield from zip(nodes.named(whence), nodes.named(where), strict=True)

    def lowest_common_ancestor(self, G: _Graph, node1: Any, node2: Any, default: Any = None) -> Any:
        """A common ancestor with no other below it: down from the first of them, by the first edge each time."""
        nodes = nodes_of(G)
        first, second = nodes.place(node1), nodes.place(node2)
        if not nodes.is_acyclic:
            return on_networkx("lowest_common_ancestor")(nx.DiGraph([(0, 0)]), 0, 0)  # says so of any such graph
        if first is None or second is None:
            return said_of("lowest_common_ancestor", nodes, node1, node2)
        common = (
            _Search(nodes, first, len(nodes), ahead=False).found()
            & _Search(nodes, second, len(nodes), ahead=False).found()
        )
        if not common.any():
            return default
        return nodes.names[kernels.lowest_below(*nodes.ahead, common, int(common.argmax()))]

    # -- how NetworkX asks -----------------------------------------------------------------------------------

    def __getattr__(self, name: str) -> Callable[..., Any]:
        if not has_function(name):
            raise AttributeError(name)
        return on_networkx(name)

    def can_run(self, name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool | str:
        """Any function of a `KnowledgeGraph` that does not change it; of other graphs, the functions above."""
        return refusal(name, args, kwargs, own=name in _OWN) or True

    def should_run(self, name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool | str:
        """Not where a NetworkX graph would have to be converted first: that costs more than any search in it."""
        known = (getattr(value, "__networkx_cache__", None) for value in (*args, *kwargs.values()))
        if any("kgzsl" in cache.get("backends", {}) for cache in known if cache):
            return True
        return "the graph would have to be converted, which takes longer than the search"

    def convert_from_nx(self, graph: Any, **_options: Any) -> Nodes:
        """A NetworkX graph as arrays. Attributes stay behind: no function that reads them is asked for them here."""
        return from_networkx(graph)

    def convert_to_nx(self, result: Any, **_options: Any) -> Any:
        """`kg.nx` of a graph, shared and frozen; any other result as it is."""
        return as_networkx(result)

    def on_start_tests(self, items: list[Any]) -> None:
        """NetworkX's own tests as they stand: none is left out."""


_OWN = frozenset(name for name, value in vars(Backend).items() if callable(value) and name in nx.__dict__)
BACKEND = Backend()


class _Search:
    """A breadth-first search from one node, made as far as it is looked at."""

    def __init__(self, nodes: Nodes, start: int, limit: int, *, ahead: bool) -> None:
        self._rows = nodes.ahead if ahead else nodes.back
        self._limit = limit
        self.steps = np.zeros(len(nodes), dtype=self._rows[0].dtype)
        self._queue, self._came = np.empty_like(self.steps), np.empty_like(self.steps)
        self.steps[start], self._queue[0] = 1, start

    def _on(self, first: int, last: int, most: int) -> tuple[int, int]:
        return kernels.spread(*self._rows, self._limit, most, first, last, self._queue, self.steps, self._came)

    def all(self) -> Any:
        """Positions of all that is found, in order, the start first."""
        _, last = self._on(0, 1, len(self._queue) + 1)
        return self._queue[:last]

    def found(self) -> Any:
        """Whether each node is found, `[num_nodes]`."""
        self.all()
        return self.steps > 0

    def edges(self) -> Iterator[tuple[Any, Any]]:
        """Whence and where, a longer stretch each time."""
        first, last, told, most = 0, 1, 1, _FIRST_EDGES
        while first < last:
            first, last = self._on(first, last, most)
            yield self._came[told:last], self._queue[told:last]
            told, most = last, 2 * most


def _route(nodes: Nodes, source: Any, target: Any) -> list[Any] | None:
    """The nodes of the path, none if there is no path; None if an end is not in the graph."""
    start, end = nodes.place(source), nodes.place(target)
    if start is None or end is None:
        return None
    if start == end:
        return [nodes.names[start]]
    room = nodes.room()
    places = kernels.meeting(*nodes.ahead, *nodes.back, start, end, *room)
    nodes.rooms.append(room)
    return list(nodes.named(places))
