"""The same graph as NetworkX sees it, and back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import networkx as nx
import polars as pl

from kgzsl.errors import InputFormatError

if TYPE_CHECKING:
    from kgzsl.graph.knowledge_graph import KnowledgeGraph

__all__ = ["tables_from_networkx", "to_networkx"]


def to_networkx(graph: KnowledgeGraph) -> Any:
    """A `networkx.MultiDiGraph`: nodes are ids, edge keys are relation names, columns are attributes."""
    target = nx.MultiDiGraph(name=graph.name)
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


def tables_from_networkx(source: Any, *, relation: str) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Concept and edge tables of any NetworkX graph.

    Node names must be strings. A multigraph's edge key is the relation if it is a string, else the attribute
    "relation", else `relation`. An undirected edge becomes one edge, in the order NetworkX gives it.
    """
    wrong = [node for node in source.nodes if not isinstance(node, str)]
    if wrong:
        kinds = sorted({type(node).__name__ for node in wrong})
        raise InputFormatError(
            f"node names must be strings; {len(wrong)} are {', '.join(kinds)}, the first {wrong[0]!r}: "
            "rename them with networkx.relabel_nodes(graph, str)"
        )
    concepts = [{**data, "id": node} for node, data in source.nodes(data=True)]
    edges = []
    keyed = (
        source.edges(keys=True, data=True)
        if source.is_multigraph()
        else ((u, v, None, d) for u, v, d in source.edges(data=True))
    )
    for head, tail, key, data in keyed:
        named = key if isinstance(key, str) else data.get("relation", relation)
        edges.append(
            {**{k: v for k, v in data.items() if k != "relation"}, "head": head, "relation": str(named), "tail": tail}
        )
    concept_table = (
        pl.DataFrame(concepts, infer_schema_length=None) if concepts else pl.DataFrame(schema={"id": pl.String})
    )
    empty = {"head": pl.String, "relation": pl.String, "tail": pl.String}
    edge_table = pl.DataFrame(edges, infer_schema_length=None) if edges else pl.DataFrame(schema=empty)
    return concept_table, edge_table
