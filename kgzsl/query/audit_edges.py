"""Checks of single edges, and of what edges connect."""

import re

import numpy as np

from kgzsl.graph.index import IntArray
from kgzsl.graph.relation import POSITIVE_KINDS, Relation
from kgzsl.graph.selection import reached
from kgzsl.query.audit_subject import Found, Subject, found, pair_keys

__all__ = [
    "bad_weights",
    "both_ends",
    "dangling_edges",
    "hubs",
    "is_disjointness",
    "isolated_parts",
    "local_name",
    "opposites_of_a_kind",
    "orphans",
    "repeated_edges",
    "said_and_denied",
    "self_loops",
    "unreached_classes",
]

HUB_EDGES = 50
HUB_SHARE = 0.05


def local_name(name: str) -> str:
    """A relation's name without prefix, case, underscores: how two spellings of one are told.

    >>> local_name("cn:capableOf"), local_name("capable_of")
    ('capableof', 'capableof')
    """
    return re.sub(r"[\W_]+", "", re.split(r"[/#:]", name.rstrip("/#:"))[-1]).casefold()


def is_disjointness(relation: Relation) -> bool:
    """Whether a relation says that nothing is both."""
    return local_name(relation.name) == "disjointwith"


# -- what tables may not hold -----------------------------------------------------------------------------------


def self_loops(subject: Subject) -> Found:
    """Edges from a concept to itself."""
    return found(np.flatnonzero(subject.index.head == subject.index.tail).tolist(), subject.said)


def repeated_edges(subject: Subject) -> Found:
    """Edges that stand in the table twice."""
    index = subject.index
    order = np.lexsort((index.tail, index.relation, index.head))
    triples = np.stack([index.head, index.relation, index.tail], axis=1)[order]
    again = np.flatnonzero((triples[1:] == triples[:-1]).all(axis=1)) + 1
    return found(np.sort(order[again]).tolist(), subject.said)


def dangling_edges(subject: Subject) -> Found:
    """Edges with an end or a relation that the graph does not have."""
    index = subject.index
    ends = np.stack([index.head, index.tail])
    bad = ((ends < 0) | (ends >= index.num_concepts)).any(axis=0)
    bad |= (index.relation < 0) | (index.relation >= len(index.relations))
    return found(np.flatnonzero(bad).tolist(), subject.said)


def bad_weights(subject: Subject) -> Found:
    """Weights that are not positive and finite."""
    weight = subject.index.weight
    rows = np.flatnonzero(~(np.isfinite(weight) & (weight > 0))).tolist()
    return found(rows, lambda row: f"{subject.said(row)}: {weight[row]}")


# -- contradictions ---------------------------------------------------------------------------------------------


def opposites_of_a_kind(subject: Subject) -> Found:
    """Edges that say "is the opposite of" between two that are also said to be the same, or one a kind of the other."""
    index = subject.index
    denied = subject.rows_of(lambda rel: rel.kind == "negative" and rel.symmetric and not is_disjointness(rel))
    joined = np.union1d(subject.taxonomy, index.edge_rows("equivalence"))
    keys = pair_keys(index.head, index.tail, index.num_concepts)
    rows = denied[np.isin(keys[denied], keys[joined])]
    _, first = np.unique(keys[rows], return_index=True)  # a symmetric edge may be held from both ends

    def text(row: int) -> str:
        against = joined[keys[joined] == keys[row]][0]
        return f"{subject.said(row)}, yet {subject.said(int(against))}"

    return found(np.sort(rows[first]).tolist(), text)


def said_and_denied(subject: Subject) -> Found:
    """Edges `not_x` between two concepts that also have the edge `x`."""
    index = subject.index
    codes = {local_name(relation.name): code for code, relation in enumerate(index.relations)}
    keys = index.head * index.num_concepts + index.tail
    rows: list[int] = []
    for name, code in sorted(codes.items()):
        other = codes.get(name.removeprefix("not")) if name.startswith("not") else None
        if other is not None:
            denied = np.flatnonzero(index.relation == code)
            rows += denied[np.isin(keys[denied], keys[index.relation == other])].tolist()
    return found(sorted(rows), subject.said)


def both_ends(subject: Subject) -> Found:
    """Facts held twice: a symmetric relation both ways, or an edge beside its own inverse."""
    index = subject.index
    codes = {relation.name: code for code, relation in enumerate(index.relations)}
    twins = {code: codes[rel.name if rel.symmetric else rel.inverse] for code, rel in enumerate(index.relations)
             if (rel.symmetric or rel.inverse in codes)}  # fmt: skip
    forth = index.head * index.num_concepts + index.tail
    back = index.tail * index.num_concepts + index.head
    rows: list[int] = []
    for code, twin in twins.items():
        own = np.flatnonzero(index.relation == code)
        own = own[np.isin(back[own], forth[index.relation == twin])]
        rows += own[index.head[own] < index.tail[own]].tolist() if code == twin else own.tolist() if code < twin else []
    return found(sorted(rows), subject.said)


# -- what is connected ------------------------------------------------------------------------------------------


def orphans(subject: Subject) -> Found:
    """Concepts without any edge."""
    return found(np.flatnonzero(subject.degree == 0).tolist(), subject.id_at)


def hubs(subject: Subject) -> Found:
    """Concepts with very many edges, those with the most first."""
    least = max(HUB_EDGES, HUB_SHARE * len(subject.ids))
    positions = np.flatnonzero(subject.degree > least)
    order = np.argsort(-subject.degree[positions], kind="stable")
    return found(
        positions[order].tolist(), lambda position: f"{subject.ids[position]} ({subject.degree[position]:,} edges)"
    )


def isolated_parts(subject: Subject) -> Found:
    """Parts that no positive edge joins with the largest one, the largest of them first; orphans are not counted."""
    index = subject.index
    part = _parts(index.num_concepts, index.edge_rows(POSITIVE_KINDS), subject)
    inside = part[subject.degree > 0]
    numbers, first, sizes = np.unique(inside, return_index=True, return_counts=True)
    order = np.lexsort((first, -sizes))[1:]  # the largest is no isolated part
    members = np.flatnonzero(subject.degree > 0)

    def text(place: int) -> str:
        others = int(sizes[place]) - 1
        return f"{subject.ids[members[first[place]]]}{f' with {others:,} more' if others else ''}"

    return found(order.tolist() if len(numbers) else [], text)


def unreached_classes(subject: Subject) -> Found:
    """Classes that share no ancestor, however far, with any seen class."""
    if subject.seen is None or subject.classes is None:
        return Found(0, skipped="it needs seen= and classes=")
    index = subject.index
    wanted = np.union1d(subject.seen, subject.classes)
    inside = np.zeros(index.num_concepts, dtype=bool)
    inside[reached(index.up(subject.relations), wanted)] = True
    rows = subject.taxonomy[inside[index.head[subject.taxonomy]] & inside[index.tail[subject.taxonomy]]]
    part = _parts(index.num_concepts, rows, subject)
    lost = subject.classes[~np.isin(part[subject.classes], part[subject.seen])]
    return found(np.unique(lost).tolist(), subject.id_at)


def _parts(num_concepts: int, rows: IntArray, subject: Subject) -> IntArray:
    """The connected part that each concept is in."""
    from scipy import sparse  # 0.15 s that other questions need not wait for
    from scipy.sparse.csgraph import connected_components

    head, tail = subject.index.head[rows], subject.index.tail[rows]
    joined = sparse.coo_array((np.ones(len(rows), dtype=np.int8), (head, tail)), shape=(num_concepts, num_concepts))
    return np.asarray(connected_components(joined.tocsr(), directed=False)[1], dtype=np.int64)
