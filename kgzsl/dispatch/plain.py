"""What is left to NetworkX itself: functions that are not answered here, and what it says of a wrong argument."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Iterator
from typing import Any

import networkx as nx
from networkx.utils import backends as dispatching

from kgzsl.dispatch.nodes import Nodes
from kgzsl.graph.knowledge_graph import KnowledgeGraph

__all__ = ["as_networkx", "has_function", "how_far", "no_neighbors", "on_networkx", "refusal", "said_of"]


def has_function(name: str) -> bool:
    """Whether NetworkX dispatches a function of this name."""
    return name in dispatching._registered_algorithms


def on_networkx(name: str) -> Callable[..., Any]:
    """NetworkX's own function, which takes our graphs as well."""
    own = dispatching._registered_algorithms[name].orig_func

    def function(*args: Any, **kwargs: Any) -> Any:
        return own(*map(as_networkx, args), **{key: as_networkx(value) for key, value in kwargs.items()})

    return function


def as_networkx(value: Any) -> Any:
    """A graph of ours as NetworkX's, also in a list; anything else as it is."""
    if isinstance(value, KnowledgeGraph):
        return value.nx
    if isinstance(value, Nodes):
        return value.original
    return [as_networkx(item) for item in value] if type(value) is list else value


def said_of(name: str, nodes: Nodes, *arguments: Any) -> Any:
    """What NetworkX raises where nodes are missing, in the words of the version at hand.

    It is asked about a graph with those nodes among the arguments that are there, some other, and no edges.
    """
    return dispatching._registered_algorithms[name].orig_func(_bare(nodes, *arguments), *arguments)


def no_neighbors(nodes: Nodes, node: Any, *, ahead: bool) -> Iterator[Any]:
    """What NetworkX raises when asked for the neighbours of a node that is not there."""
    bare = _bare(nodes)
    neighbors: Iterator[Any] = bare.neighbors(node) if ahead or not bare.is_directed() else bare.predecessors(node)
    return neighbors


def _bare(nodes: Nodes, *arguments: Any) -> Any:
    bare = nx.DiGraph() if nodes.is_directed() else nx.Graph()
    bare.add_nodes_from([object()] if len(nodes) else [])  # an empty graph has its own errors
    bare.add_nodes_from(argument for argument in arguments if nodes.place(argument) is not None)
    return bare


def how_far(limit: Any, num_nodes: int) -> int | None:
    """The most steps that a cutoff allows, as NetworkX counts them; None if it is no number."""
    if limit is None:
        return num_nodes
    if not isinstance(limit, int | float):
        return None
    return math.ceil(min(limit, num_nodes)) if limit > 0 else 0


def refusal(name: str, args: tuple[Any, ...], kwargs: dict[str, Any], *, own: bool) -> str:
    """Why a call is not for this backend, or ""."""
    values = [*args, *kwargs.values()]
    given = [item for value in values for item in (value if isinstance(value, list) else [value])]
    if any(isinstance(item, KnowledgeGraph) for item in given):
        changes = dispatching._registered_algorithms[name].__wrapped__._will_call_mutate_input(args, kwargs)
        return "a KnowledgeGraph does not change; graph.to_networkx() gives a graph that does" if changes else ""
    return _unanswered(name, args, kwargs) if own else f"{name} is NetworkX's own for any graph but a KnowledgeGraph"


def _unanswered(name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> str:
    """Which argument of a call of ours has no answer in the arrays, or ""."""
    try:
        asked = inspect.signature(dispatching._registered_algorithms[name].orig_func).bind(*args, **kwargs).arguments
    except TypeError:
        return ""  # the call itself will say so
    for argument, plain in (("weight", None), ("method", "dijkstra"), ("sort_neighbors", None)):
        if asked.get(argument, plain) != plain:
            return f"{argument} is not read here"
    ends = [asked.get("source") is not None, asked.get("target") is not None]
    if name == "shortest_path" and not all(ends):
        return "a path needs both ends"
    if name == "shortest_path_length" and not any(ends):
        return "all lengths at once are not counted here"
    return ""
