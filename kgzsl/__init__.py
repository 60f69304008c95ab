"""Recognise classes that were never trained on, and see the paths through a knowledge graph that made it so."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from kgzsl._version import __version__

if TYPE_CHECKING:
    from kgzsl.classifier import ZeroShotClassifier
    from kgzsl.decision.ancestor import Ancestors
    from kgzsl.decision.conformal_sets import ClassSets
    from kgzsl.decision.rejection import OutOfGraph
    from kgzsl.decision.what_if import WhatIf
    from kgzsl.display.table import Table
    from kgzsl.evaluation.data_reading import read_dataset
    from kgzsl.evaluation.data_set import Dataset
    from kgzsl.evaluation.leaks import LeakReport, Run, Selection, audit_protocol
    from kgzsl.evaluation.protocol import Protocol
    from kgzsl.evaluation.report import evaluate
    from kgzsl.evaluation.results import EvaluationReport
    from kgzsl.explain.counterfactual import Counterfactual
    from kgzsl.explain.explanation import Explanation
    from kgzsl.explain.fact_credits import fact_credits
    from kgzsl.explain.faithfulness import faithfulness
    from kgzsl.graph.concept import Concept, Edge
    from kgzsl.graph.concepts import Concepts
    from kgzsl.graph.knowledge_graph import KnowledgeGraph
    from kgzsl.graph.path import Path
    from kgzsl.graph.relation import Relation
    from kgzsl.loading import load_model
    from kgzsl.query.alignment import align
    from kgzsl.query.alignment_result import Alignment
    from kgzsl.query.audit import audit
    from kgzsl.query.audit_report import AuditReport
    from kgzsl.query.contradictions import Contradiction
    from kgzsl.query.grounding import ground
    from kgzsl.query.grounding_file import read_overrides, write_overrides
    from kgzsl.query.grounding_names import NameCheck, check_names
    from kgzsl.query.grounding_result import Grounding
    from kgzsl.query.information_content import InformationContent
    from kgzsl.query.proofs import Proof
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
    "Alignment",
    "Ancestors",
    "AuditReport",
    "ClassSets",
    "Concept",
    "Concepts",
    "Contradiction",
    "Counterfactual",
    "Dataset",
    "Edge",
    "EvaluationReport",
    "Explanation",
    "Grounding",
    "InformationContent",
    "KnowledgeGraph",
    "LeakReport",
    "NameCheck",
    "OutOfGraph",
    "Path",
    "Proof",
    "Protocol",
    "Relation",
    "Run",
    "Selection",
    "Table",
    "WhatIf",
    "ZeroShotClassifier",
    "__version__",
    "align",
    "audit",
    "audit_protocol",
    "check_names",
    "evaluate",
    "fact_credits",
    "faithfulness",
    "ground",
    "list_graphs",
    "load_graph",
    "load_model",
    "read",
    "read_conceptnet",
    "read_dataset",
    "read_graphml",
    "read_imagenet_graph",
    "read_node_link",
    "read_obo",
    "read_overrides",
    "read_rdf",
    "read_sparql",
    "read_triples",
    "read_wordnet",
    "write_overrides",
]

_HOME = {
    "Alignment": "kgzsl.query.alignment_result",
    "Ancestors": "kgzsl.decision.ancestor",
    "AuditReport": "kgzsl.query.audit_report",
    "ClassSets": "kgzsl.decision.conformal_sets",
    "Concept": "kgzsl.graph.concept",
    "Concepts": "kgzsl.graph.concepts",
    "Contradiction": "kgzsl.query.contradictions",
    "Counterfactual": "kgzsl.explain.counterfactual",
    "Dataset": "kgzsl.evaluation.data_set",
    "Edge": "kgzsl.graph.concept",
    "EvaluationReport": "kgzsl.evaluation.results",
    "Explanation": "kgzsl.explain.explanation",
    "Grounding": "kgzsl.query.grounding_result",
    "InformationContent": "kgzsl.query.information_content",
    "KnowledgeGraph": "kgzsl.graph.knowledge_graph",
    "LeakReport": "kgzsl.evaluation.leaks",
    "NameCheck": "kgzsl.query.grounding_names",
    "OutOfGraph": "kgzsl.decision.rejection",
    "Path": "kgzsl.graph.path",
    "Proof": "kgzsl.query.proofs",
    "Protocol": "kgzsl.evaluation.protocol",
    "Relation": "kgzsl.graph.relation",
    "Run": "kgzsl.evaluation.leaks",
    "Selection": "kgzsl.evaluation.leaks",
    "Table": "kgzsl.display.table",
    "WhatIf": "kgzsl.decision.what_if",
    "ZeroShotClassifier": "kgzsl.classifier",
    "align": "kgzsl.query.alignment",
    "audit": "kgzsl.query.audit",
    "audit_protocol": "kgzsl.evaluation.leaks",
    "check_names": "kgzsl.query.grounding_names",
    "evaluate": "kgzsl.evaluation.report",
    "fact_credits": "kgzsl.explain.fact_credits",
    "faithfulness": "kgzsl.explain.faithfulness",
    "ground": "kgzsl.query.grounding",
    "list_graphs": "kgzsl.sources.catalog",
    "load_graph": "kgzsl.sources.catalog",
    "load_model": "kgzsl.loading",
    "read": "kgzsl.sources.reading",
    "read_conceptnet": "kgzsl.sources.conceptnet",
    "read_dataset": "kgzsl.evaluation.data_reading",
    "read_graphml": "kgzsl.sources.networkx_files",
    "read_imagenet_graph": "kgzsl.sources.imagenet",
    "read_node_link": "kgzsl.sources.networkx_files",
    "read_obo": "kgzsl.sources.obo",
    "read_overrides": "kgzsl.query.grounding_file",
    "read_rdf": "kgzsl.sources.rdf",
    "read_sparql": "kgzsl.sources.sparql",
    "read_triples": "kgzsl.sources.triples",
    "read_wordnet": "kgzsl.sources.wordnet",
    "write_overrides": "kgzsl.query.grounding_file",
}


def __getattr__(name: str) -> Any:
    if name == "errors":  # `except kgzsl.errors.KgzslError` needs no import of its own
        return import_module("kgzsl.errors")
    if name not in _HOME:
        raise AttributeError(f"module 'kgzsl' has no attribute {name!r}; it has {', '.join(sorted(_HOME))}")
    value = getattr(import_module(_HOME[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*__all__, *(name for name in globals() if name.startswith("__"))})
