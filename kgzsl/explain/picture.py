"""The largest paths of an explanation as a layered drawing: classes left, what they borrow from right."""

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from kgzsl.display.layered import Drawing, Link, Mark, Shape
from kgzsl.display.rounding import decimals_for, signed
from kgzsl.display.text import fit
from kgzsl.errors import InputFormatError
from kgzsl.explain.page_head import named, question

if TYPE_CHECKING:
    from kgzsl.explain.page_record import Record, Row

__all__ = ["picture"]

_SHAPES: Mapping[str, Shape] = {"seen": "square", "unseen": "circle", "concept": "diamond"}
_STUB = "more paths"
Pair = frozenset[str]


def picture(record: "Record", *, max_nodes: int = 12, max_paths: int = 30) -> Drawing:
    """Target and foil left, concepts by their distance, the ends of paths right with what comes from each.

    Paths are taken largest first as long as they pass no more than `max_nodes` concepts together; the others are one
    stub. A line is a fact, as wide as its credit is large, in the fact's direction. The record needs the views "paths",
    "facts" and "concepts".
    """
    if max_nodes < 3 or max_paths < 1:
        raise InputFormatError(f"a drawing has at least 3 nodes and 1 path, not {max_nodes} and {max_paths}")
    roots = [record.prediction, *([] if record.foil is None else [record.foil])]
    paths = [row for row in record.views["paths"] if row.kind == "path" and len(row.concepts) > 1]
    chosen = _chosen(paths, roots, max_nodes, max_paths)
    links, facts = _linked(chosen), _facts(record)
    columns = _columns(chosen, roots, links)
    credit = {row.concepts[0]: row.credit for row in record.views["concepts"] if row.kind == "concept"}
    decimals = max(decimals_for([row.credit for row in record.rows]), 2)
    marks = [_root(record, concept, decimals) for concept in roots]
    last = max(columns.values(), default=1)
    for concept in sorted(
        set(columns) - set(roots), key=lambda concept: (columns[concept], -abs(credit.get(concept, 0.0)), concept)
    ):
        value = credit.get(concept, 0.0) if columns[concept] == last else None
        marks.append(_mark(record, concept, columns[concept], value, decimals))
    lines = [_link(record, fact, facts[frozenset((fact[0], fact[2]))], decimals) for fact in links]
    left = [row for row in paths if row not in chosen]
    if left:
        rest = math.fsum(row.credit for row in left)
        note = signed(round(rest * 10**decimals), decimals)
        marks.append(Mark(_STUB, f"+{len(left):,} path{'' if len(left) == 1 else 's'}", max(last, 1), "none", note))
        lines.append(Link(roots[-1], _STUB, "", 0.0))
    return Drawing(tuple(marks), tuple(lines), f"the largest paths: {question(record)}", _legend(record))


def _chosen(paths: "Sequence[Row]", roots: Sequence[str], max_nodes: int, max_paths: int) -> "list[Row]":
    nodes = set(roots)
    chosen: list[Row] = []
    for row in paths:
        if len(chosen) < max_paths and len(nodes | set(row.concepts)) <= max_nodes:
            nodes |= set(row.concepts)
            chosen.append(row)
    return chosen


def _linked(chosen: "Sequence[Row]") -> list[tuple[str, str, str]]:
    """One fact for each two concepts that a path joins, in the order of the paths."""
    found: dict[Pair, tuple[str, str, str]] = {}
    for row in chosen:
        for fact in row.paths[0].facts:
            found.setdefault(frozenset((fact[0], fact[2])), fact)
    return list(found.values())


def _facts(record: "Record") -> "dict[Pair, list[Row]]":
    """Rows of the view "facts" by the concepts they join."""
    found: dict[Pair, list[Row]] = {}
    for row in record.views["facts"]:
        if row.kind == "fact":
            found.setdefault(frozenset(row.concepts), []).append(row)
    return found


def _columns(chosen: "Sequence[Row]", roots: Sequence[str], links: Sequence[tuple[str, str, str]]) -> dict[str, int]:
    """Classes first, ends of paths last, what lies between by the number of lines that lead there."""
    beside: dict[str, list[str]] = {}
    for head, _, tail in links:
        beside.setdefault(head, []).append(tail)
        beside.setdefault(tail, []).append(head)
    distance = dict.fromkeys(roots, 0)
    frontier = list(roots)
    for concept in frontier:
        for other in sorted(beside.get(concept, ())):
            if other not in distance:
                distance[other] = distance[concept] + 1
                frontier.append(other)
    inner = {concept for row in chosen for concept in row.concepts[1:-1]}
    ends = {row.concepts[-1] for row in chosen} - inner - set(roots)
    last = 1 + max((distance[concept] for concept in distance if concept not in ends), default=0)
    return {concept: last if concept in ends else number for concept, number in distance.items()}


def _root(record: "Record", concept: str, decimals: int) -> Mark:
    """Target or foil, with what needs no path."""
    own = [row for row in record.views["paths"] if row.kind == "path" and row.concepts == (concept,)]
    own += [row for row in record.constants + record.items if row.kind == "examples" and row.concepts == (concept,)]
    note = ""
    if own:
        number = signed(round(own[0].credit * 10**decimals), decimals)
        note = f"own {'examples' if own[0].kind == 'examples' else 'text'} {number}"
    label = named(record)[0 if concept == record.prediction else 1]
    return Mark(concept, label, 0, _shape(record, concept), note, is_strong=True, title=concept)


def _mark(record: "Record", concept: str, column: int, value: float | None, decimals: int) -> Mark:
    printed = "" if value is None else signed(round(value * 10**decimals), decimals)
    label = record.concepts[concept].label
    return Mark(concept, label, column, _shape(record, concept), value=value, printed=printed)


def _shape(record: "Record", concept: str) -> Shape:
    return _SHAPES[record.concepts[concept].kind]


def _link(record: "Record", fact: tuple[str, str, str], rows: "Sequence[Row]", decimals: int) -> Link:
    """A fact and those beside it that join the same two concepts; credits as in the view "facts"."""
    head, name, tail = fact
    credit = math.fsum(row.credit for row in rows)
    verb = record.relations[name].verb
    number = signed(round(credit * 10**decimals), decimals)
    more = f" +{len(rows) - 1}" if len(rows) > 1 else ""
    return Link(head, tail, fit(verb, 20) + more, credit, number)


def _legend(record: "Record") -> str:
    target, foil = named(record)
    against = f"for {foil}" if foil else "against it"
    return f"□ class with examples · ○ class without · ◇ concept · line: solid for {target}, dashed {against}"
