"""How a graph and a path look in a notebook."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from kgzsl.display.html import escape_html, html_table
from kgzsl.display.text import escape_text

if TYPE_CHECKING:
    from kgzsl.graph.knowledge_graph import KnowledgeGraph

__all__ = ["counted", "graph_html", "path_html"]


def counted(graph: KnowledgeGraph) -> str:
    """Name and counts in one line; a relation counts if it has an edge."""
    index = graph.index
    num_relations = len(np.unique(index.relation))
    counts = f"{index.num_concepts:,} concepts, {index.num_edges:,} edges, {num_relations} relations"
    return f"{escape_text(graph.name)}: {counts}"


def graph_html(graph: KnowledgeGraph) -> str:
    """Name and counts, then a row for each relation that has edges: the most edges first."""
    index = graph.index
    counts = np.bincount(index.relation, minlength=len(index.relations)).tolist()
    rows = sorted(zip(counts, index.relations, strict=True), key=lambda row: (-row[0], row[1].name))
    return html_table(
        [(relation.name, relation.kind, f"{count:,}") for count, relation in rows if count],
        ["relation", "kind", "edges"],
        caption=counted(graph),
    )


def path_html(concepts: list[tuple[str, str]], steps: list[tuple[str, str]]) -> str:
    """Labels in bold, ids as their tooltips; between them verbs, whose tooltips are the edges with their sources."""
    shown = [f'<b title="{escape_html(id_)}">{escape_html(label)}</b>' for id_, label in concepts]
    verbs = [f' <span title="{escape_html(edge)}">{escape_html(verb)}</span> ' for edge, verb in steps]
    clauses = [f"{verb}{concept}" for verb, concept in zip(verbs, shown[1:], strict=True)]
    return f"<div>{shown[0]}{', which'.join(clauses)}</div>"
