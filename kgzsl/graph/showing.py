"""How a graph and a path look in a notebook."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from kgzsl.display.html import escape_html, html_table
from kgzsl.display.layered import Drawing, Link, Mark
from kgzsl.display.text import escape_text, fit
from kgzsl.graph.relation import Relation

if TYPE_CHECKING:
    from kgzsl.graph.knowledge_graph import KnowledgeGraph

__all__ = ["counted", "graph_drawing", "graph_html", "path_html"]

_DRAWN_CONCEPTS = 40
_DRAWN_EDGES = 80
_LONGEST_VERB = 20


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
    return html_table(
        [(relation.name, relation.kind, f"{count:,}") for count, relation in rows if count],
        ["relation", "kind", "edges"],
        caption=counted(graph),
        drawing=graph_drawing(graph) if 0 < index.num_edges <= _DRAWN_EDGES else None,
    )


def graph_drawing(graph: KnowledgeGraph) -> Drawing | None:
    """Every concept and edge, what is said to be a kind of something left of it; None over 40 concepts.

    Where most edges are of other relations, all of them lead from left to right, but those that close a circle.
    """
    index = graph.index
    if index.num_concepts > _DRAWN_CONCEPTS:
        return None
    joined: dict[tuple[int, int], list[Relation]] = {}
    for head, tail, code in zip(index.head.tolist(), index.tail.tolist(), index.relation.tolist(), strict=True):
        joined.setdefault((head, tail), []).append(index.relations[code])
    climbing = [ends for ends, relations in joined.items() if any(r.kind == "taxonomic" for r in relations)]
    columns = _columns(index.num_concepts, climbing if 2 * len(climbing) >= len(joined) else list(joined))
    for ends in joined:  # what only other relations lead to stands beside the first of its neighbours
        for here, there, step in ((*ends, 1), (*ends[::-1], -1)):
            if there not in columns and here in columns:
                columns[there] = columns[here] + step
    labels = [str(graph.read_concept(place, "label")) for place in range(index.num_concepts)]
    places = sorted(range(index.num_concepts), key=lambda place: (columns.get(place, 0), place))
    return Drawing(
        tuple(Mark(index.ids[place], labels[place], columns.get(place, 0), title=index.ids[place]) for place in places),
        tuple(
            Link(index.ids[head], index.ids[tail], _verbs([relation.verb for relation in relations]), 1.0)
            for (head, tail), relations in joined.items()
        ),
        counted(graph),
        is_weighed=False,
    )


def _verbs(verbs: list[str]) -> str:
    return fit(verbs[0], _LONGEST_VERB) + (f" +{len(verbs) - 1}" if len(verbs) > 1 else "")


def _columns(num_concepts: int, edges: list[tuple[int, int]]) -> dict[int, int]:
    """Tails right of heads: as far left as the longest way to a tail allows, heads close to them."""
    ahead: dict[int, list[int]] = {}
    for head, tail in edges:
        ahead.setdefault(head, []).append(tail)
    order, forward = _finished(num_concepts, {head: sorted(tails) for head, tails in ahead.items()})
    linked = {place for edge in edges for place in edge}
    column = dict.fromkeys(sorted(linked), 0)
    for here in reversed(order):
        for there in forward.get(here, ()):
            column[there] = max(column[there], column[here] + 1)
    for here in order:
        if forward.get(here):
            column[here] = min(column[there] for there in forward[here]) - 1
    return column


def _finished(num_concepts: int, ahead: dict[int, list[int]]) -> tuple[list[int], dict[int, list[int]]]:
    """Concepts, each behind all that it leads to, and the edges that close no circle."""
    order: list[int] = []
    forward: dict[int, list[int]] = {}
    state = [0] * num_concepts  # 1 while what follows is visited, 2 once it is
    for start in range(num_concepts):
        pending = [] if state[start] else [(start, iter(ahead.get(start, ())))]
        state[start] = state[start] or 1
        while pending:
            here, following = pending[-1]
            there = next(following, None)
            if there is None:
                state[here] = 2
                order.append(here)
                pending.pop()
            elif state[there] != 1:
                forward.setdefault(here, []).append(there)
                if not state[there]:
                    state[there] = 1
                    pending.append((there, iter(ahead.get(there, ()))))
    return order, forward


def path_html(concepts: list[tuple[str, str]], steps: list[tuple[str, str]]) -> str:
    """Labels in bold, ids as their tooltips; between them verbs, whose tooltips are the edges with their sources."""
    shown = [f'<b title="{escape_html(id_)}">{escape_html(label)}</b>' for id_, label in concepts]
    verbs = [f' <span title="{escape_html(edge)}">{escape_html(verb)}</span> ' for edge, verb in steps]
    clauses = [f"{verb}{concept}" for verb, concept in zip(verbs, shown[1:], strict=True)]
    return f"<div>{shown[0]}{', which'.join(clauses)}</div>"
