"""How a graph, a concept and a path look in a notebook."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from kgzsl.display.html import escape_html, html_table
from kgzsl.display.layered import Drawing, Link, Mark
from kgzsl.display.picture import Picture
from kgzsl.display.style import STYLE
from kgzsl.display.text import escape_text, fit
from kgzsl.display.zoom import zoomable
from kgzsl.graph.drawing import LONGEST_VERB, layered
from kgzsl.graph.relation import describe

if TYPE_CHECKING:
    from kgzsl.graph.concept import Concept, Edge
    from kgzsl.graph.knowledge_graph import KnowledgeGraph
    from kgzsl.graph.path import Path

__all__ = ["cited", "concept_html", "counted", "graph_html", "path_html", "path_picture"]

_DRAWN_CONCEPTS = 40
_DRAWN_EDGES = 80


def counted(graph: KnowledgeGraph) -> str:
    """Name and counts in one line; a relation counts if it has an edge."""
    index = graph.index
    num_relations = len(np.unique(index.relation))
    counts = f"{index.num_concepts:,} concepts, {index.num_edges:,} edges, {num_relations} relations"
    return f"{escape_text(graph.name)}: {counts}"


def graph_html(graph: KnowledgeGraph) -> str:
    """Name and counts, then a row for each relation that has edges: the most edges first; small graphs are drawn."""
    index = graph.index
    counts = np.bincount(index.relation, minlength=len(index.relations)).tolist()
    rows = sorted(zip(counts, index.relations, strict=True), key=lambda row: (-row[0], row[1].name))
    is_drawn = 0 < index.num_edges <= _DRAWN_EDGES and index.num_concepts <= _DRAWN_CONCEPTS
    return html_table(
        [(relation.name, relation.kind, f"{count:,}") for count, relation in rows if count],
        ["relation", "kind", "edges"],
        caption=counted(graph),
        right=["edges"],
        drawing=layered(graph, counted(graph)).drawing if is_drawn else None,
    )


def path_picture(path: Path) -> Picture:
    """Concepts from left to right, edges as the graph states them."""
    labels = [path.labels.get(id_, str(id_)) for id_ in path.concepts]
    kinds = describe({edge.relation for edge in path.edges}, path.relation_types.values())
    marks = tuple(
        Mark(str(place), label, place, title=str(id_), is_strong=place in (0, len(labels) - 1))
        for place, (id_, label) in enumerate(zip(path.concepts, labels, strict=True))
    )
    links, said = [], []
    for place, (edge, ahead) in enumerate(zip(path.edges, path.forward, strict=True)):
        ends = (place, place + 1) if ahead else (place + 1, place)
        verb = kinds[edge.relation].verb
        said.append((labels[ends[0]], verb, labels[ends[1]]))
        links.append(Link(str(ends[0]), str(ends[1]), fit(verb, LONGEST_VERB), 1.0, title=cited(edge)))
    return Picture(Drawing(marks, tuple(links), str(path), is_weighed=False), str(path), tuple(said))


def path_html(path: Path) -> str:
    """Labels in bold, ids as their tooltips; verbs with their edges and sources as tooltips; below, the drawing."""
    pieces = []
    for text, kind, tooltip in path.spoken():
        title = f' title="{escape_html(tooltip)}"' if tooltip else ""
        tag = {"concept": "b", "verb": "span"}.get(kind)
        pieces.append(f"<{tag}{title}>{escape_html(text)}</{tag}>" if tag else escape_html(text))
    drawing = zoomable(path_picture(path).drawing) if len(path) else ""
    return f'<section class="kx"><style>{STYLE}</style><div>{"".join(pieces)}</div>{drawing}</section>'


def concept_html(concept: Concept) -> str:
    """Names, id and definition, and what it is a kind of."""
    names = ", ".join((concept.label, *concept.aliases))
    definition = f"<div>{escape_html(concept.definition)}</div>" if concept.definition else ""
    return (
        f'<section class="kx"><style>{STYLE}</style><header><b>{escape_html(names)}</b>'
        f"<small>{escape_html(concept.id)}</small></header>{definition}</section>"
    )


def cited(edge: Edge) -> str:
    """An edge with its source."""
    return f"{edge} ({edge.source})" if edge.source else str(edge)
