"""Recognise classes that were never trained on, and see the paths through a knowledge graph that made it so."""

from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kgzsl.graph.knowledge_graph import KnowledgeGraph

try:
    __version__ = version("kgzsl")
except PackageNotFoundError:  # a checkout on the path, not installed
    __version__ = "0.1.0"

_HOME = {
    "KnowledgeGraph": "kgzsl.graph.knowledge_graph",
    "load_graph": "kgzsl.sources.catalog",
    "list_graphs": "kgzsl.sources.catalog",
    "read_wordnet": "kgzsl.sources.wordnet",
    "read_imagenet_graph": "kgzsl.sources.imagenet",
}

__all__ = ["KnowledgeGraph", "__version__"]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'kgzsl' has no attribute {name!r}; it has {', '.join(sorted(_HOME))}")
    value = getattr(import_module(_HOME[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOME})
