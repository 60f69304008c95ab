"""A part of a graph as a layered drawing: kinds left of what they are kinds of."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from kgzsl.display.layered import Drawing, Link, Mark, Shape
from kgzsl.display.picture import Picture
from kgzsl.display.text import escape_text, fit
from kgzsl.errors import InputFormatError
from kgzsl.graph.closure import expand
from kgzsl.graph.relation import Relation
from kgzsl.graph.selection import checked_hops

if TYPE_CHECKING:
    from kgzsl.graph.knowledge_graph import KnowledgeGraph

__all__ = ["LONGEST_VERB", "draw", "layered"]

LONGEST_VERB = 20
_REPEATED = 12
"""A verb on more lines than this is said once, in the legend."""
_SHAPES: Mapping[str, Shape] = {"seen": "square", "unseen": "diamond"}
_LEGEND = {"seen": "□ class with examples", "unseen": "◇ class without", "": "○ concept"}


def draw(
    graph: KnowledgeGraph,
    concepts: Iterable[str] | str | None = None,
    *,
    hops: int = 1,
    relations: Iterable[str] | str | None = None,
    classes: Any = None,
    max_concepts: int = 60,
) -> Picture:
    """A picture of what is within `hops` edges of these concepts (None: of the whole graph), and how it is joined.

    `relations` are names or kinds, None for all. `classes` marks classes with and without examples by their shape:
    a fitted classifier, or {"seen": ids, "unseen": ids}. Of more than `max_concepts` the nearest are drawn, classes
    first among equally near ones, then by id; the caption says of how many. `print` has the same in words.

    >>> import kgzsl
    >>> picture = kgzsl.load_graph("wordnet").draw("zebra.n.01", relations="taxonomic")
    >>> print(picture)
    zebra and what is within 1 edge: 5 concepts, 4 edges
    from            relation      to
    common zebra    is a kind of  zebra
    grevy's zebra   is a kind of  zebra
    mountain zebra  is a kind of  zebra
    zebra           is a kind of  equine
    """
    if isinstance(max_concepts, bool) or not isinstance(max_concepts, int) or max_concepts < 1:
        raise InputFormatError(f"max_concepts counts concepts, at least 1, not {max_concepts!r}")
    roles = _roles(classes, graph)
    asked = () if concepts is None else tuple(dict.fromkeys(graph.resolve(id_) for id_ in _listed(concepts)))
    if concepts is not None and not asked:
        raise InputFormatError("there is no concept to draw: the list is empty")
    near = _nearest(graph, asked, checked_hops(hops), relations, roles)
    part = graph.neighborhood(near[:max_concepts], hops=0, relations=relations)
    about = _about(graph, asked, hops)
    count = f"{len(part):,} concepts, {part.index.num_edges:,} edges"
    if len(near) > len(part):
        count = f"the nearest {len(part):,} of {len(near):,} concepts, {part.index.num_edges:,} edges"
    return layered(part, f"{about}: {count}", asked=asked, roles=roles)


def layered(
    graph: KnowledgeGraph, caption: str, *, asked: Collection[str] = (), roles: Mapping[str, str] | None = None
) -> Picture:
    """The whole graph: every concept and edge, what is said to be a kind of something left of it.

    Where most edges are of other relations, all of them lead from left to right, but those that close a circle.
    Edges between the same two concepts are one line.
    """
    index = graph.index
    joined: dict[tuple[int, int], list[Relation]] = {}
    for head, tail, code in zip(index.head.tolist(), index.tail.tolist(), index.relation.tolist(), strict=True):
        joined.setdefault((head, tail), []).append(index.relations[code])
    climbing = [ends for ends, relations in joined.items() if any(r.kind == "taxonomic" for r in relations)]
    columns = _columns(index.num_concepts, climbing if 2 * len(climbing) >= len(joined) else list(joined))
    _set_beside(columns, list(joined))
    labels = [str(graph.read_concept(place, "label")) for place in range(index.num_concepts)]
    places = sorted(range(index.num_concepts), key=lambda place: (columns.get(place, 0), place))
    known = roles or {}
    marks = tuple(
        Mark(
            index.ids[place],
            labels[place],
            columns.get(place, 0),
            _SHAPES.get(known.get(index.ids[place], ""), "circle"),
            is_strong=index.ids[place] in asked,
            title=index.ids[place],
        )
        for place in places
    )
    silent = _repeated(joined.values())
    links = tuple(
        Link(
            index.ids[head],
            index.ids[tail],
            "" if _verbs(relations) == silent else _verbs(relations),
            1.0,
            title="; ".join(f"{labels[head]} {relation.verb} {labels[tail]}" for relation in relations),
        )
        for (head, tail), relations in joined.items()
    )
    said = tuple(
        (labels[head], relation.verb, labels[tail])
        for (head, tail), relations in joined.items()
        for relation in relations
    )
    legend = _legend(marks, known, silent)
    return Picture(Drawing(marks, links, escape_text(caption), legend, is_weighed=False), caption, said)


def _listed(concepts: Iterable[str] | str) -> Iterable[str]:
    if not isinstance(concepts, Iterable):
        raise InputFormatError(f"concepts are an id or a list of ids, not {concepts!r}")
    return (concepts,) if isinstance(concepts, str) else concepts


def _roles(classes: Any, graph: KnowledgeGraph) -> dict[str, str]:
    """The classes by their concepts: "seen" or "unseen"."""
    if classes is None:
        return {}
    if isinstance(classes, Mapping):
        strange = sorted(set(map(str, classes)) - set(_SHAPES))
        if strange:
            raise InputFormatError(f'classes are listed as "seen" and "unseen", not as {strange[0]!r}')
        return {graph.resolve(id_): str(role) for role, ids in classes.items() for id_ in _listed(ids)}
    concepts, seen = (getattr(classes, name, None) for name in ("concepts_", "seen_classes_"))
    if concepts is None or seen is None:
        raise InputFormatError(
            'classes is a fitted classifier, or {"seen": ids, "unseen": ids}, not '
            f"{type(classes).__name__}{' before fit' if hasattr(classes, 'fit') else ''}"
        )
    return {id_: "seen" if place < len(seen) else "unseen" for place, id_ in enumerate(concepts)}


def _nearest(
    graph: KnowledgeGraph,
    asked: tuple[str, ...],
    hops: int,
    relations: Iterable[str] | str | None,
    roles: Mapping[str, str],
) -> list[str]:
    """All within reach: the nearest first, classes first among these, then by id."""
    if not asked:
        return sorted(graph.ids, key=lambda id_: (id_ not in roles, id_))
    index = graph.index
    around = index.around([relation.name for relation in index.relations] if relations is None else relations)
    ring = index.positions(asked)
    is_found = np.zeros(len(graph), dtype=bool)
    is_found[ring] = True
    found = list(asked)
    while hops and len(ring):
        others = expand(around, ring)[1]
        ring = np.unique(others[~is_found[others]])
        is_found[ring] = True
        found += sorted((graph.ids[place] for place in ring.tolist()), key=lambda id_: (id_ not in roles, id_))
        hops -= 1
    return found


def _about(graph: KnowledgeGraph, asked: tuple[str, ...], hops: int) -> str:
    if not asked:
        return graph.name
    names = ", ".join(graph.concept(id_).label for id_ in asked[:3])
    more = f" and {len(asked) - 3:,} more" if len(asked) > 3 else ""
    return f"{names}{more}" + (f" and what is within {hops} edge{'s'[: hops != 1]}" if hops else "")


def _verbs(relations: list[Relation]) -> str:
    more = f" +{len(relations) - 1}" if len(relations) > 1 else ""
    return fit(relations[0].verb, LONGEST_VERB) + more


def _repeated(lines: Iterable[list[Relation]]) -> str:
    """The words that would stand on most lines; "" if there are few lines."""
    counts: dict[str, int] = {}
    for relations in lines:
        counts[_verbs(relations)] = counts.get(_verbs(relations), 0) + 1
    verb = max(sorted(counts), key=lambda words: counts[words], default="")
    return verb if counts.get(verb, 0) > _REPEATED else ""


def _legend(marks: Iterable[Mark], roles: Mapping[str, str], silent: str) -> str:
    shown = list(marks)
    kinds = {roles.get(mark.key, "") for mark in shown} if roles else set()
    parts = [words for kind, words in _LEGEND.items() if kind in kinds and kinds != {""}]
    parts += ["filled: asked about"] if any(mark.is_strong for mark in shown) else []
    parts += [f"lines without words: {silent}"] if silent else []
    return " · ".join(parts)


def _set_beside(columns: dict[int, int], edges: list[tuple[int, int]]) -> None:
    """What only other relations lead to stands beside the first of its neighbours that has a place."""
    is_changed = True
    while is_changed:
        is_changed = False
        for ends in edges:
            for here, there, step in ((*ends, 1), (*ends[::-1], -1)):
                if there not in columns and here in columns:
                    columns[there] = columns[here] + step
                    is_changed = True


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
