"""What follows from a graph's edges, as edges that say what they follow from.

`entail(graph, rules)` takes a set of rules by name, rules as `kgzsl.query.rules` makes them, their names, or a list of
any of these:

| name | rules |
|---|---|
| "rdfs" | `is_a` is transitive; what is an `instance_of` a kind is one of the kinds above; "sub-relation" |
| "owl-rl" | the OWL 2 RL profile, by the engine `reasonable` (`kgzsl.query.entail_owl`) |
| "transitive" | of `has_part`, `is_a`, `manner_of` and `same_as` |
| "symmetric" | relations that are described as symmetric |
| "inverse" | relations that are each other's inverse, where a graph holds both |
| "sub-relation" | where the graph says so: an `is_a` edge between two concepts called like its relations |
| "inherited" | attributes and parts of a kind are those of what is one, over `is_a` and `instance_of` |
| "generalised" | who has an attribute or a part has what that is a kind of |
| "equivalence" | `same_as` goes both ways and on, and what holds of one holds of the other |
| "disjointness" | disjoint kinds have disjoint kinds below them |
| "domain", "range" | where the graph says so by `rdfs:domain`, `rdfs:range`: the ends become instances |

"rdfs" is the RDFS closure (RDF 1.1 Semantics, rules rdfs5, 7, 9, 11) in our vocabulary: `is_a` for `rdfs:subClassOf`,
`instance_of` for `rdf:type`. Domain and range (rdfs2, 3) are asked for by name. Axiomatic and reflexive triples
(everything is a Resource, each class is a kind of itself) are no edges here. Concepts on an `is_a` cycle are all above
each other; the graph's report counts the cycles.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from kgzsl.display.progress import progress
from kgzsl.display.text import escape_text
from kgzsl.errors import InputFormatError, ResourceLimitError
from kgzsl.graph.knowledge_graph import KnowledgeGraph
from kgzsl.query.entail_edges import given_rows, known_rules, with_inferred
from kgzsl.query.entail_engine import forward
from kgzsl.query.entail_owl import OWL_RL, engine_edges, owl_rules
from kgzsl.query.entail_rules import Compiled, compiled_rules, rules_for
from kgzsl.query.rules import Rule, RuleSet

__all__ = ["MOST_EDGES", "asked_rules", "entail", "unentailed"]

MOST_EDGES = 10_000_000
"""Edges that may follow unless more are allowed. WordNet's `is_a` gives under a million."""


def entail(graph: KnowledgeGraph, rules: Any = "rdfs", *, max_edges: int | None = None) -> KnowledgeGraph:
    """The graph with the edges that follow by rules; those it states stay as they are.

    An edge that follows says in `more["inferred_by"]` by which rule, and in `more["follows_from"]` from which one or
    two edges, as [head, relation, tail]: the last step of its smallest proof, which `why` tells whole. (Of an edge that
    no graph shows, since it leads from a concept to itself, the rules it follows by come after its tail.) It weighs as
    little as the lightest edge stated in that proof. Edges that an earlier `entail` added are found again by its rules
    and these. `report` counts "inferred edges", and the "entailed cycles" of relations that go on and on.
    `ResourceLimitError` if more than `max_edges` follow.

    >>> import kgzsl
    >>> animals = [("zebra", "is_a", "equine"), ("equine", "is_a", "animal"), ("equine", "has_part", "hoof")]
    >>> kg = kgzsl.KnowledgeGraph.from_tables(["animal", "equine", "hoof", "zebra"], animals)
    >>> more = kg.entail(["rdfs", "inherited(has_part)"])
    >>> for edge in more.edges(head="zebra"):
    ...     print(edge, edge.more["inferred_by"])
    zebra has_part hoof inherited(has_part, is_a)
    zebra is_a animal transitive(is_a)
    zebra is_a equine None
    """
    most = MOST_EDGES if max_edges is None else _checked_most(max_edges)
    found, optional, wants_owl = asked_rules(graph, rules)
    known = known_rules(graph)
    compiled = compiled_rules(graph, found + known, optional | frozenset(known))
    bare = unentailed(graph)
    with progress(3, "entailing") as advance:
        by_engine = engine_edges(bare, max_edges=most) if wants_owl else None
        advance()
        derived = _derived(bare, compiled, most)
        advance()
        return with_inferred(bare, compiled, *derived, by_engine=by_engine)


def asked_rules(graph: KnowledgeGraph, rules: Any) -> tuple[RuleSet, frozenset[Rule], bool]:
    """The rules meant, those that need not apply, and whether the OWL 2 RL engine is asked for as well.

    None stands for the rules that the graph was entailed by; without any, for "rdfs".
    """
    if rules is None:
        rules = known_rules(graph) or "rdfs"
    wants_owl = _is_owl(rules)
    if wants_owl:
        rules = []
    elif isinstance(rules, list | tuple | set | frozenset) and not isinstance(rules, RuleSet):
        wants_owl = any(_is_owl(rule) for rule in rules)
        rules = [rule for rule in rules if not _is_owl(rule)]
    found, optional = rules_for(graph, rules)
    extra = owl_rules(graph) if wants_owl else RuleSet()
    return found + extra, optional | frozenset(extra), wants_owl


def _is_owl(rule: Any) -> bool:
    return isinstance(rule, str) and rule.strip().replace("_", "-") == OWL_RL


def _checked_most(max_edges: int) -> int:
    if isinstance(max_edges, bool) or not isinstance(max_edges, int | np.integer) or max_edges < 0:
        raise InputFormatError(f"max_edges is a number of edges, not {max_edges!r}")
    return int(min(max_edges, 1 << 30))


def unentailed(graph: KnowledgeGraph) -> KnowledgeGraph:
    """The graph without the edges that an earlier entailment added."""
    edges = graph.coded_edges
    rows = given_rows(graph)
    return graph if len(rows) == len(edges) else graph.with_tables(edges=edges[rows])


def _derived(
    graph: KnowledgeGraph, compiled: Compiled, most: int
) -> tuple[NDArray[np.int32], NDArray[np.float64], int]:
    """Facts about the rules' relations, their weights, and how many of them the graph gives."""
    index = graph.index
    place = {name: code for code, name in enumerate(compiled.relations)}
    codes = np.array([place.get(relation.name, -1) for relation in index.relations], dtype=np.int64)
    own = codes[index.relation] if len(codes) else np.zeros(0, dtype=np.int64)
    rows = np.flatnonzero(own >= 0)
    stated = np.stack([index.head[rows], own[rows], index.tail[rows]], axis=1)
    found = forward(
        stated,
        index.weight[rows],
        compiled.codes,
        num_concepts=index.num_concepts,
        num_relations=len(compiled.relations),
        most=most,
    )
    if found is None:
        raise ResourceLimitError(
            f"over {most:,} edges follow from graph {escape_text(graph.name)} by {_few(compiled.rules)}; take fewer "
            "rules, a part of the graph with induced or neighborhood, or allow more with max_edges="
        )
    return *found, len(rows)


def _few(rules: tuple[Rule, ...]) -> str:
    names = [rule.name for rule in rules]
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more rules" if len(names) > 5 else "")
