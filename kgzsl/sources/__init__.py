"""Readers of knowledge graphs, and the graphs that come with kgzsl."""

from kgzsl.sources.catalog import GraphInfo, list_graphs, load_graph
from kgzsl.sources.imagenet import read_imagenet_graph
from kgzsl.sources.rdf_mapping import RdfMapping
from kgzsl.sources.wordnet import read_wordnet
from kgzsl.sources.wordnet_build import build_wordnet

__all__ = [
    "GraphInfo",
    "RdfMapping",
    "build_wordnet",
    "list_graphs",
    "load_graph",
    "read_imagenet_graph",
    "read_wordnet",
]
