"""A graph as a folder of Parquet tables, and back."""

import dataclasses
import json
from pathlib import Path

import polars as pl

from kgzsl.errors import SourceError
from kgzsl.graph.knowledge_graph import KnowledgeGraph
from kgzsl.graph.relation import Relation

__all__ = ["STORED_FILES", "read_tables", "write_tables"]

STORED_FILES = ("concepts.parquet", "edges.parquet", "graph.json")


def write_tables(graph: KnowledgeGraph, folder: Path) -> None:
    """Write the concept table, the edge table, and the graph's name and relations into an existing folder."""
    graph.concepts_table.write_parquet(folder / "concepts.parquet")
    graph.edges_table.write_parquet(folder / "edges.parquet")
    described = {
        "name": graph.name,
        "report": dict(graph.report),
        "relations": [dataclasses.asdict(relation) for relation in graph.relations.values()],
    }
    (folder / "graph.json").write_text(json.dumps(described, indent=1, sort_keys=True), encoding="utf-8")


def read_tables(folder: Path) -> KnowledgeGraph:
    """The graph that `write_tables` wrote, checked like any other; `SourceError` if a file is not readable."""
    try:
        described = json.loads((folder / "graph.json").read_text(encoding="utf-8"))
        concepts = pl.read_parquet(folder / "concepts.parquet")
        edges = pl.read_parquet(folder / "edges.parquet")
        relations = [Relation(**fields) for fields in described["relations"]]
    except (OSError, ValueError, KeyError, TypeError, pl.exceptions.PolarsError) as error:
        raise SourceError(folder, f"not a stored graph: {error}") from error
    return KnowledgeGraph.from_tables(concepts, edges, relations, name=described["name"], report=described["report"])
