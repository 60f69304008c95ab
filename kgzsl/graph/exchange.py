"""The same graph as NetworkX sees it, and back."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import polars as pl

from kgzsl.errors import InputFormatError
from kgzsl.graph.relation import Relation
from kgzsl.graph.tables import framed

if TYPE_CHECKING:
    from kgzsl.graph.knowledge_graph import KnowledgeGraph

__all__ = ["DispatchedByNetworkX", "frozen_networkx", "tables_from_networkx", "to_networkx"]


class DispatchedByNetworkX:
    """What NetworkX looks for in a graph that it may be called with: `networkx.shortest_path(kg, a, b)`.

    `kgzsl.dispatch` answers, as it would be answered for the graph's own view `nx`.
    """

    __networkx_backend__ = "kgzsl"
    __networkx_cache__ = None  # `nx` is kept by the graph itself

    def is_directed(self) -> bool:
        """True, as NetworkX asks: edges have a direction.

        >>> import kgzsl
        >>> kgzsl.load_graph("freshwater").is_directed()
        True
        """
        return True

    def is_multigraph(self) -> bool:
        """True, as NetworkX asks: two concepts may have edges of several relations.

        >>> import kgzsl
        >>> kgzsl.load_graph("freshwater").is_multigraph()
        True
        """
        return True

    if not TYPE_CHECKING:  # to a type checker every name would be an attribute

        def __getattr__(self, name: str) -> Any:
            if hasattr(type(self), name):
                return object.__getattribute__(self, name)  # it has failed inside: let it say why
            message = f"{type(self).__name__!r} object has no attribute {name!r}"
            networkx = sys.modules.get("networkx")
            if not name.startswith("__") and hasattr(getattr(networkx, "MultiDiGraph", None), name):
                message += (
                    "; kg.nx has it, the same graph as a networkx.MultiDiGraph. NetworkX's functions take kg itself "
                    "only where kgzsl is installed (pip install), for there NetworkX finds its backends; else give "
                    "them kg.nx"
                )
            raise AttributeError(message, name=name, obj=self)


def to_networkx(graph: KnowledgeGraph) -> Any:
    """A `networkx.MultiDiGraph` of your own, which you may change.

    Nodes are ids, edge keys are relation names, columns are attributes. The graph attribute "relations" describes the
    relations, so that `from_networkx` gives them their kinds back.

    >>> import kgzsl
    >>> zoo = kgzsl.KnowledgeGraph.from_tables(["cat", "tiger"], [("tiger", "is_a", "cat")])
    >>> list(zoo.to_networkx().edges(keys=True))
    [('tiger', 'cat', 'is_a')]
    """
    import networkx as nx  # 0.1 s that only its users wait for

    target = nx.MultiDiGraph(name=graph.name, relations=tuple(graph.relations.values()))
    columns = [column for column in graph.concepts_table.columns if column != "id"]
    target.add_nodes_from(
        (row["id"], {column: row[column] for column in columns}) for row in graph.concepts_table.iter_rows(named=True)
    )
    ends = ("head", "relation", "tail")
    more = [column for column in graph.edges_table.columns if column not in ends]
    target.add_edges_from(
        (row["head"], row["tail"], row["relation"], {column: row[column] for column in more})
        for row in graph.edges_table.iter_rows(named=True)
    )
    return target


def frozen_networkx(graph: KnowledgeGraph) -> Any:
    """The same, frozen: NetworkX refuses to change it."""
    import networkx as nx

    return nx.freeze(to_networkx(graph))


def tables_from_networkx(source: Any, *, relation: str) -> tuple[pl.DataFrame, pl.DataFrame, list[Relation]]:
    """Concept table, edge table and relations of any NetworkX graph.

    Node names must be strings. A multigraph's edge key is the relation if it is a string, else the attribute
    "relation", else `relation`. An undirected edge becomes one edge, in the order NetworkX gives it.
    """
    import networkx as nx

    if not isinstance(source, nx.Graph):
        raise InputFormatError(f"from_networkx takes a NetworkX graph, not {type(source).__name__} {source!r:.80}")
    wrong = [node for node in source.nodes if not isinstance(node, str)]
    if wrong:
        kinds = sorted({type(node).__name__ for node in wrong})
        raise InputFormatError(
            f"node names must be strings; {len(wrong)} are {', '.join(kinds)}, the first {wrong[0]!r}: "
            "rename them with networkx.relabel_nodes(graph, str)"
        )
    concepts = [{**data, "id": node} for node, data in source.nodes(data=True)]
    keyed = source.edges(keys=True, data=True) if source.is_multigraph() else _unkeyed(source)
    edges = []
    for head, tail, key, data in keyed:
        named = key if isinstance(key, str) else data.get("relation", relation)
        more = {name: value for name, value in data.items() if name != "relation"}
        edges.append({**more, "head": head, "relation": named, "tail": tail})
    relations = [known for known in source.graph.get("relations", ()) if isinstance(known, Relation)]
    return framed(concepts, ["id"]), framed(edges, ["head", "relation", "tail"]), relations


def _unkeyed(source: Any) -> Iterator[tuple[str, str, None, dict[str, Any]]]:
    return ((head, tail, None, data) for head, tail, data in source.edges(data=True))
