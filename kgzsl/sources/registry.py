"""The sources that `kgzsl.read` knows by name."""

from kgzsl._registry import Registry

__all__ = ["SOURCES"]

SOURCES = Registry(
    "source",
    "kgzsl.sources",
    {
        "conceptnet": "kgzsl.sources.conceptnet:read_conceptnet",
        "graphml": "kgzsl.sources.networkx_files:read_graphml",
        "imagenet": "kgzsl.sources.imagenet:read_imagenet_graph",
        "node-link": "kgzsl.sources.networkx_files:read_node_link",
        "obo": "kgzsl.sources.obo:read_obo",
        "parquet": "kgzsl.sources.writing:read_parquet",
        "rdf": "kgzsl.sources.rdf:read_rdf",
        "sparql": "kgzsl.sources.sparql:read_sparql",
        "triples": "kgzsl.sources.triples:read_triples",
        "wordnet": "kgzsl.sources.wordnet:read_wordnet",
    },
)
"""Built-in readers, and those that packages offer as entry points of the group `kgzsl.sources`."""
