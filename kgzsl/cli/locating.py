"""A graph by what a person calls it on the command line."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from kgzsl.errors import DataMissingError

if TYPE_CHECKING:
    from kgzsl.graph.knowledge_graph import KnowledgeGraph

__all__ = ["graph_at"]


def graph_at(location: str) -> KnowledgeGraph:
    """A graph that comes with kgzsl, by its name, or one in a file, a folder or at a URL."""
    from kgzsl.sources.catalog import list_graphs, load_graph
    from kgzsl.sources.reading import read

    is_path = Path(location).exists() or any(mark in location for mark in "/\\.:")
    known = {entry.name for entry in list_graphs()}
    if not is_path or location in known:
        return load_graph(location)
    if "://" not in location and not Path(location).exists():
        raise DataMissingError(location, "there is no such file or folder; kgzsl graph list shows the shipped graphs")
    return read(location)
