"""The recipe of `graphs/freshwater-*`, an example ontology of our own."""

import hashlib
from collections.abc import Mapping
from pathlib import Path

from kgzsl.graph.knowledge_graph import KnowledgeGraph
from kgzsl.graph.relation import Relation
from kgzsl.sources.folder import GraphDescription, write_graph_folder
from kgzsl.sources.rdf import RdfMapping, read_rdf

__all__ = ["build_freshwater", "freshwater_graph"]

_RELATIONS: Mapping[str, Relation] = {
    relation.name: relation
    for relation in (
        Relation("has_habitat", "attribute", "habitat_of", "lives in", "is home to"),
        Relation("eats", "attribute", "eaten_by", "eats", "is eaten by"),
        Relation("has_covering", "attribute", "covering_of", "is covered with", "covers"),
        Relation("active_at", "attribute", "activity_time_of", "is active by", "is the active time of"),
        Relation("moves_by", "attribute", "movement_of", "moves by", "is a way of moving of"),
        Relation("breathes_by", "attribute", "breathing_of", "breathes by", "is a way of breathing of"),
        Relation("has_trait", "attribute", "trait_of", "has the trait", "is a trait of"),
    )
}
_LICENCE = """\
Freshwater animals of Europe, an example ontology of kgzsl.

To the extent possible under law, the authors of kgzsl have waived all copyright and related or neighbouring rights to
this work (CC0 1.0 Universal): https://creativecommons.org/publicdomain/zero/1.0/
"""


def freshwater_graph(source: str | Path) -> KnowledgeGraph:
    """The graph that the ontology's Turtle text describes, its properties under plain names and as attributes."""
    rules = {f"water:{name}": name for name in _RELATIONS}
    graph = read_rdf(source, mapping=RdfMapping(relations=rules), strict=True, name="freshwater")
    others = [relation for name, relation in graph.relations.items() if name not in _RELATIONS]
    tables = (graph.concepts_table, graph.edges_table, [*others, *_RELATIONS.values()])
    return KnowledgeGraph.from_tables(*tables, name=graph.name, report=graph.report)


def build_freshwater(source: str | Path, target: str | Path) -> None:
    """Write the graph folder of the freshwater ontology from its Turtle text.

    The bytes depend on the text and on the version of polars, which `graph.toml` names as `writer`.
    """
    description = GraphDescription(
        name="freshwater",
        version="1.0",
        title="Freshwater animals of Europe: kinds, habitats, food, body parts and ways of life",
        upstream="written for kgzsl: ontology.ttl in this folder",
        licence="CC0-1.0",
        citation=["The authors of kgzsl (2026). Freshwater animals of Europe, version 1.0."],
        recipe="kgzsl graph build freshwater --source graphs/freshwater-1.0/ontology.ttl",
        sources={"ontology.ttl": hashlib.sha256(Path(source).read_bytes()).hexdigest()},
    )
    write_graph_folder(freshwater_graph(source), target, description, licence_text=_LICENCE)
