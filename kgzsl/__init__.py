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
    from kgzsl.query.alignment import align
    from kgzsl.query.audit import audit
    from kgzsl.query.grounding import ground
    from kgzsl.sources.catalog import list_graphs, load_graph
    from kgzsl.sources.conceptnet import read_conceptnet
    from kgzsl.sources.imagenet import read_imagenet_graph
    from kgzsl.sources.networkx_files import read_graphml, read_node_link
    from kgzsl.sources.obo import read_obo
    from kgzsl.sources.rdf import read_rdf
    from kgzsl.sources.reading import read
    from kgzsl.sources.sparql import read_sparql
    from kgzsl.sources.triples import read_triples
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
    "align",
    "audit",
    "evaluate",
    "ground",
    "list_graphs",
    "load_graph",
    "load_model",
    "read",
    "read_conceptnet",
    "read_graphml",
    "read_imagenet_graph",
    "read_node_link",
    "read_obo",
    "read_rdf",
    "read_sparql",
    "read_triples",
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
    "align": "kgzsl.query.alignment",
    "audit": "kgzsl.query.audit",
    "evaluate": "kgzsl.evaluation.report",
    "ground": "kgzsl.query.grounding",
    "list_graphs": "kgzsl.sources.catalog",
    "load_graph": "kgzsl.sources.catalog",
    "load_model": "kgzsl.loading",
    "read": "kgzsl.sources.reading",
    "read_conceptnet": "kgzsl.sources.conceptnet",
    "read_graphml": "kgzsl.sources.networkx_files",
    "read_imagenet_graph": "kgzsl.sources.imagenet",
    "read_node_link": "kgzsl.sources.networkx_files",
    "read_obo": "kgzsl.sources.obo",
    "read_rdf": "kgzsl.sources.rdf",
    "read_sparql": "kgzsl.sources.sparql",
    "read_triples": "kgzsl.sources.triples",
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
