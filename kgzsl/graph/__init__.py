"""What a knowledge graph is: concepts, typed edges, paths, and the graph as integers."""

from kgzsl.graph.concept import Concept, Edge
from kgzsl.graph.index import GraphIndex
from kgzsl.graph.knowledge_graph import KnowledgeGraph
from kgzsl.graph.path import Path
from kgzsl.graph.relation import KINDS, POSITIVE_KINDS, SHARED_RELATIONS, Relation

__all__ = [
    "KINDS",
    "POSITIVE_KINDS",
    "SHARED_RELATIONS",
    "Concept",
    "Edge",
    "GraphIndex",
    "KnowledgeGraph",
    "Path",
    "Relation",
]
