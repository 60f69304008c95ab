"""Recognise classes that were never trained on, and see the paths through a knowledge graph that made it so."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from kgzsl._version import __version__

if TYPE_CHECKING:
    from kgzsl.classifier import ZeroShotClassifier
    from kgzsl.evaluation.report import evaluate
    from kgzsl.evaluation.results import EvaluationReport
    from kgzsl.explain.explanation import Explanation
    from kgzsl.graph.concept import Concept, Edge
    from kgzsl.graph.knowledge_graph import KnowledgeGraph
    from kgzsl.graph.path import Path
    from kgzsl.graph.relation import Relation
    from kgzsl.loading import load_model
    from kgzsl.sources.catalog import list_graphs, load_graph
    from kgzsl.sources.imagenet import read_imagenet_graph
    from kgzsl.sources.wordnet import read_wordnet

__all__ = [
    "Concept",
    "Edge",
    "EvaluationReport",
    "Explanation",
    "KnowledgeGraph",
    "Path",
    "Relation",
    "ZeroShotClassifier",
    "__version__",
    "evaluate",
    "list_graphs",
    "load_graph",
    "load_model",
    "read_imagenet_graph",
    "read_wordnet",
]

_HOME = {
    "Concept": "kgzsl.graph.concept",
    "Edge": "kgzsl.graph.concept",
    "EvaluationReport": "kgzsl.evaluation.results",
    "Explanation": "kgzsl.explain.explanation",
    "KnowledgeGraph": "kgzsl.graph.knowledge_graph",
    "Path": "kgzsl.graph.path",
    "Relation": "kgzsl.graph.relation",
    "ZeroShotClassifier": "kgzsl.classifier",
    "evaluate": "kgzsl.evaluation.report",
    "list_graphs": "kgzsl.sources.catalog",
    "load_graph": "kgzsl.sources.catalog",
    "load_model": "kgzsl.loading",
    "read_imagenet_graph": "kgzsl.sources.imagenet",
    "read_wordnet": "kgzsl.sources.wordnet",
}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'kgzsl' has no attribute {name!r}; it has {', '.join(sorted(_HOME))}")
    value = getattr(import_module(_HOME[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*__all__, *(name for name in globals() if name.startswith("__"))})
