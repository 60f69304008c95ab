"""What NetworkX is told of this backend, each time NetworkX is imported; so nothing is imported here."""

from typing import Any

__all__ = ["get_info"]

_WAYS = "Without weights, from the compiled graph; with them, or without both ends, as NetworkX does."
_FUNCTIONS = {
    "ancestors": "All that lead to a node, over every relation.",
    "bfs_edges": "In NetworkX's order, from the compiled graph unless `sort_neighbors` is given.",
    "bidirectional_shortest_path": "The path that NetworkX finds.",
    "descendants": "All that a node leads to, over every relation.",
    "has_path": "The search that `shortest_path` makes.",
    "lowest_common_ancestor": "Among several, that which is reached from the first common ancestor by id.",
    "shortest_path": _WAYS,
    "shortest_path_length": _WAYS,
    "single_source_shortest_path_length": "In NetworkX's order.",
}


def get_info() -> dict[str, Any]:
    """What the entry point `networkx.backend_info` gives."""
    return {
        "backend_name": "kgzsl",
        "project": "kgzsl",
        "package": "kgzsl",
        "short_summary": "Answers for a `KnowledgeGraph`; any other function runs on `kg.nx`.",
        "description": "Searches over the compiled arrays of a kgzsl.KnowledgeGraph.",
        "functions": {name: {"additional_docs": text} for name, text in _FUNCTIONS.items()},
    }
