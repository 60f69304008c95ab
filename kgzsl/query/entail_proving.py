"""One edge derived on demand, from the part of a graph that can have to do with it."""

from __future__ import annotations

from collections import deque
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kgzsl.errors import ResourceLimitError
from kgzsl.graph.concept import Edge
from kgzsl.graph.index import IntArray, Neighbors
from kgzsl.graph.knowledge_graph import KnowledgeGraph
from kgzsl.query.entail_edges import INFERRED, INFERRED_BY
from kgzsl.query.entail_engine import HEAD, LEFT, RELATION, RIGHT, RULE, TAIL, Ints, forward
from kgzsl.query.entail_rules import Compiled, compiled_rules, pruned
from kgzsl.query.entailment import MOST_EDGES, asked_rules, unentailed

__all__ = ["derivation"]

_Triple = tuple[str, str, str]
Derived = tuple[Edge, str, tuple[int, ...]]
"""An edge, the rule it follows by ("" if the graph gives it), and the places of what it follows from."""


def derivation(graph: KnowledgeGraph, triple: _Triple, rules: Any) -> tuple[list[Derived] | None, tuple[str, ...]]:
    """The smallest derivation of an edge, premises first, or None; and the names of the rules that were tried."""
    bare = unentailed(graph)
    found, optional, _ = asked_rules(graph, rules)
    compiled = compiled_rules(graph, found, optional)
    names = tuple(rule.name for rule in compiled.rules)
    if triple[1] not in compiled.relations:
        return None, names
    compiled = pruned(graph, compiled, triple[1])
    if [rule.form for rule in compiled.rules] == ["transitive"]:
        return _chained(bare, compiled.rules[0].name, triple), names
    facts, weights, rows = _facts(bare, compiled, triple)
    goal = (graph.position(triple[0]), compiled.relations.index(triple[1]), graph.position(triple[2]))
    (matching,) = np.nonzero((facts[:, [HEAD, RELATION, TAIL]] == goal).all(axis=1))
    if not len(matching):
        return None, names
    return _steps(bare, compiled, facts, weights, rows, int(matching[0])), names


def _chained(graph: KnowledgeGraph, rule: str, triple: _Triple) -> list[Derived] | None:
    """The derivation by one transitive relation alone: its shortest way, the first by ids, from the far end back."""
    start, end = graph.position(triple[0]), graph.position(triple[2])
    up, down = graph.index.up([triple[1]]), graph.index.down([triple[1]])
    to_end = _distances(down, end)
    first = [other for other in up.of(start) if other in to_end]
    if not first:
        return None
    rows: list[int] = []
    here, left = start, min(to_end[other] for other in first)
    while here != end or not rows:
        place, other = next((place, other) for place, other in enumerate(up.of(here)) if to_end.get(other) == left)
        rows.append(up.edges_of(here)[place])
        here, left = other, left - 1
    edges = graph.edges_at(rows)
    found: list[Derived] = [(edge, str(edge.more.get(INFERRED_BY) or ""), ()) for edge in edges]
    weight, last = edges[-1].weight, len(edges) - 1
    for place in range(len(edges) - 2, -1, -1):
        weight = min(weight, edges[place].weight)
        edge = Edge(edges[place].head, triple[1], edges[-1].tail, weight, INFERRED)
        found.append((edge, rule, (place, last)))
        last = len(found) - 1
    return found


def _distances(neighbors: Neighbors, start: int) -> dict[int, int]:
    found = {start: 0}
    waiting = deque([start])
    while waiting:
        here = waiting.popleft()
        for other in neighbors.of(here):
            if other not in found:
                found[other] = found[here] + 1
                waiting.append(other)
    return found


def _facts(graph: KnowledgeGraph, compiled: Compiled, triple: _Triple) -> tuple[Ints, NDArray[np.float64], IntArray]:
    index = graph.index
    place = {name: code for code, name in enumerate(compiled.relations)}
    codes = np.array([place.get(relation.name, -1) for relation in index.relations], dtype=np.int64)
    rows = _part(graph, compiled, triple)
    stated = np.stack([index.head[rows], codes[index.relation[rows]], index.tail[rows]], axis=1)
    found = forward(
        stated,
        index.weight[rows],
        compiled.codes,
        num_concepts=index.num_concepts,
        num_relations=len(compiled.relations),
        most=MOST_EDGES,
    )
    if found is None:
        raise ResourceLimitError(
            f"over {MOST_EDGES:,} edges would be derived to prove {' '.join(triple)!r}; name fewer rules with rules=, "
            "or ask a part of the graph, made by induced or neighborhood"
        )
    return *found, rows


def _part(graph: KnowledgeGraph, compiled: Compiled, triple: _Triple) -> IntArray:
    """Rows of the edges that a proof can start from.

    Every rule joins its premises end to end, so the facts of a proof are a way from the one end to the other; steps
    go backwards only along relations that a rule turns. Domain and range lead to a concept that no way leads to.
    """
    index = graph.index
    names = [name for name in compiled.relations if name in graph.relations]
    rows = index.edge_rows(names) if names else np.zeros(0, dtype=np.int64)
    if any(rule.concept for rule in compiled.plain):
        return rows
    turned = _turned(compiled)
    ahead = [name for name in names if name not in turned]
    start, end = (graph.position(triple[place]) for place in (0, 2))
    near = [
        _reach(graph, ahead, [n for n in names if n in turned], here, up) for here, up in ((start, True), (end, False))
    ]
    both = near[0] & near[1]
    kept: IntArray = rows[both[index.head[rows]] & both[index.tail[rows]]]
    return kept


def _turned(compiled: Compiled) -> set[str]:
    """Relations that may be walked backwards: premises read so, and what conclusions made of them are made of."""
    found: set[str] = set()
    while True:
        more = {
            name for rule in compiled.plain for name, turned in rule.premises if turned or (rule.conclusion in found)
        }
        if more <= found:
            return found
        found |= more


def _reach(graph: KnowledgeGraph, ahead: list[str], either: list[str], start: int, up: bool) -> Any:
    """Whether each concept is reached from one along these relations, against them if not `up`."""
    index = graph.index
    reached = np.zeros(index.num_concepts, dtype=bool)
    reached[start] = True
    waiting = [start]
    neighbors = [index.up(ahead) if up else index.down(ahead)] if ahead else []
    neighbors += [index.around(either)] if either else []
    while waiting:
        here = waiting.pop()
        for side in neighbors:
            for other in side.of(here):
                if not reached[other]:
                    reached[other] = True
                    waiting.append(other)
    return reached


def _steps(
    graph: KnowledgeGraph,
    compiled: Compiled,
    facts: Ints,
    weights: NDArray[np.float64],
    rows: IntArray,
    goal: int,
) -> list[Derived]:
    """A fact and all it follows from, premises first; what is used twice once."""
    number: dict[int, int] = {}
    waiting = [(goal, False)]
    while waiting:
        place, is_ready = waiting.pop()
        if place in number:
            continue
        if is_ready:
            number[place] = len(number)
            continue
        waiting.append((place, True))
        waiting += [(int(facts[place, side]), False) for side in (RIGHT, LEFT) if facts[place, side] >= 0]
    order = list(number)
    given = [place for place in order if place < len(rows)]
    edges = dict(zip(given, graph.edges_at(rows[given].tolist()), strict=True))
    found: list[Derived] = []
    for place in order:
        head, code, tail, rule, left, right = facts[place, [HEAD, RELATION, TAIL, RULE, LEFT, RIGHT]].tolist()
        if rule < 0:
            edge = edges[place]
            found.append((edge, str(edge.more.get(INFERRED_BY) or ""), ()))
            continue
        edge = Edge(graph.ids[head], compiled.relations[code], graph.ids[tail], float(weights[place]), INFERRED)
        premises = tuple(number[premise] for premise in (left, right) if premise >= 0)
        found.append((edge, compiled.rules[rule].name, premises))
    return found
