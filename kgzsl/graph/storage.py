"""A graph as three files, and back."""

import dataclasses
import io
import json
from collections.abc import Mapping
from pathlib import Path

import polars as pl

from kgzsl.errors import SourceError
from kgzsl.graph.knowledge_graph import KnowledgeGraph
from kgzsl.graph.relation import Relation

__all__ = ["STORED_FILES", "read_tables", "write_tables"]

STORED_FILES = ("concepts.parquet", "edges.parquet", "graph.json")


def write_tables(graph: KnowledgeGraph, folder: Path) -> None:
    """Write the concept table, the edge table, and the graph's name and relations into an existing folder."""
    for name, table in (("concepts", graph.concepts_table), ("edges", graph.edges_table)):
        # by way of memory, so that a full disk is an OSError as everywhere else, and not one of polars' own
        content = io.BytesIO()
        table.write_parquet(content)
        (folder / f"{name}.parquet").write_bytes(content.getvalue())
    described = {
        "name": graph.name,
        "report": dict(graph.report),
        "relations": [dataclasses.asdict(relation) for relation in graph.relations.values()],
    }
    text = json.dumps(described, indent=1, sort_keys=True, ensure_ascii=False)
    (folder / "graph.json").write_text(text, encoding="utf-8")


def read_tables(files: Mapping[str, bytes], *, location: str | Path) -> KnowledgeGraph:
    """The graph that `write_tables` wrote, from the content of its files by name, checked like any other.

    `SourceError` with `location` if a file is missing or not readable, `InvalidGraphError` if the tables do not fit.
    """
    try:
        described = json.loads(files["graph.json"])
        concepts = pl.read_parquet(io.BytesIO(files["concepts.parquet"]))
        edges = pl.read_parquet(io.BytesIO(files["edges.parquet"]))
        relations = [Relation(**fields) for fields in described["relations"]]
        name, report = str(described["name"]), dict(described["report"])
    except (ValueError, KeyError, TypeError, pl.exceptions.PolarsError) as error:
        raise SourceError(location, f"not a stored graph: {type(error).__name__}: {error}") from error
    return KnowledgeGraph.from_tables(concepts, edges, relations, name=name, report=report)
