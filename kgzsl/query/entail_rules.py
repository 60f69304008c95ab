"""Rules against a graph: which apply to it, and as the integers that the engine takes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kgzsl.errors import InputFormatError, UnknownNameError, UnknownRelationError
from kgzsl.graph.knowledge_graph import KnowledgeGraph
from kgzsl.graph.lookup import nearest_of
from kgzsl.graph.relation import stored_relation
from kgzsl.query.rules import (
    FORMS,
    Rule,
    RuleSet,
    disjointness,
    domain,
    equivalence,
    generalised,
    inherited,
    inverse,
    parsed_rule,
    range_of,
    sub_relation,
    symmetric,
    transitive,
)

__all__ = ["NAMED", "TRANSITIVE", "Compiled", "Plain", "compiled_rules", "plain_rule", "pruned", "rules_for"]

TRANSITIVE = ("has_part", "is_a", "manner_of", "same_as")
"""Relations that "transitive" stands for, those of them that the graph has."""
_DOMAINS = ("rdfs:domain", "domain")
_RANGES = ("rdfs:range", "range")


# -- sets of rules by name ---------------------------------------------------------------------------------------


def _rdfs(graph: KnowledgeGraph) -> RuleSet:
    rules = [transitive("is_a"), generalised("instance_of", "is_a")]
    return RuleSet([*rules, *_sub_relations(graph)])


def _sub_relations(graph: KnowledgeGraph) -> RuleSet:
    """What the graph says of its relations: is_a edges between concepts that are called like relations of the graph."""
    return RuleSet(
        [sub_relation(low, high) for low, high in _said_of_relations(graph, ("is_a",)) if _is_held(graph, high)]
    )


def _is_held(graph: KnowledgeGraph, name: str) -> bool:
    return name in graph.relations


def _said_of_relations(graph: KnowledgeGraph, relations: Sequence[str]) -> list[tuple[str, str]]:
    """(head, tail) of the edges of these relations whose head is called like a relation of the graph."""
    position = graph.concept_columns.position
    called = [name for name in graph.relations if name in position]
    return [
        (edge.head, edge.tail) for name in called for rel in relations if rel in graph.relations
        for edge in graph.edges(head=name, relation=rel)
    ]  # fmt: skip


def _described(graph: KnowledgeGraph) -> list[str]:
    """Relations that say what something is like or has."""
    return [name for name, relation in graph.relations.items() if relation.kind in ("attribute", "part")]


def _over(graph: KnowledgeGraph) -> list[str]:
    return [name for name in ("is_a", "instance_of") if name in graph.relations]


def _inverses(graph: KnowledgeGraph) -> RuleSet:
    pairs = [(name, rel.inverse) for name, rel in graph.relations.items() if not rel.symmetric and rel.inverse]
    return RuleSet([inverse(name, other) for name, other in pairs if other in graph.relations and name != other])


def _no_chain(graph: KnowledgeGraph) -> RuleSet:
    raise InputFormatError("a graph does not say which relations make a chain; name them: 'chain(r, s, t)'")


NAMED: Mapping[str, Callable[[KnowledgeGraph], RuleSet]] = {
    "rdfs": _rdfs,
    "transitive": lambda graph: RuleSet([transitive(name) for name in TRANSITIVE if name in graph.relations]),
    "symmetric": lambda graph: RuleSet([symmetric(rel.name) for rel in graph.relations.values() if rel.symmetric]),
    "inverse": _inverses,
    "sub-relation": _sub_relations,
    "chain": _no_chain,
    "inherited": lambda graph: RuleSet([inherited(name, over) for over in _over(graph) for name in _described(graph)]),
    "generalised": lambda graph: RuleSet([generalised(name, "is_a") for name in _described(graph)]),
    "equivalence": lambda graph: equivalence(graph.relations),
    "disjointness": lambda graph: disjointness(),
    "domain": lambda graph: RuleSet([domain(rel, c) for rel, c in _said_of_relations(graph, _DOMAINS)]),
    "range": lambda graph: RuleSet([range_of(rel, c) for rel, c in _said_of_relations(graph, _RANGES)]),
}
"""Names of sets of rules -> the rules that they stand for in a graph."""


def rules_for(graph: KnowledgeGraph, rules: Any) -> tuple[RuleSet, frozenset[Rule]]:
    """The rules meant by a name, a rule, or a list of either; and those that a set brought, which need not apply."""
    found: list[Rule] = []
    brought: set[Rule] = set()
    for rule in [rules] if isinstance(rules, str | Rule) else _listed(rules):
        if isinstance(rule, Rule):
            found.append(rule)
        elif isinstance(rule, RuleSet):
            found += rule
        elif isinstance(rule, str):
            own = parsed_rule(rule)
            found += [own] if own is not None else _named(graph, rule)
            brought |= set() if own is not None else set(_named(graph, rule))
        else:
            raise InputFormatError(f"rules are given by name or as Rule, not {type(rule).__name__} {rule!r:.80}")
    return RuleSet(found), frozenset(brought)


def _listed(rules: Any) -> Iterable[Any]:
    if isinstance(rules, bytes | Mapping) or not isinstance(rules, Iterable):
        raise InputFormatError(f"rules are a name, a Rule or a list of them, not {type(rules).__name__} {rules!r:.80}")
    return rules


def _named(graph: KnowledgeGraph, name: str) -> RuleSet:
    word = name.strip().replace("_", "-")
    if word in NAMED:
        return NAMED[word](graph)
    form = word.partition("(")[0]
    if form in FORMS and "(" in word:
        raise InputFormatError(f"{name!r} is not {form} with {FORMS[form][0]} name(s) in brackets")
    known = [*NAMED, "owl-rl"]
    raise UnknownNameError("set of rules", name, known=known, nearest=nearest_of(word, known))


# -- for the engine ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Plain:
    """A rule between stored relations: each premise with whether it is read backwards, the conclusion as it is."""

    premises: tuple[tuple[str, bool], ...]
    conclusion: str
    concept: str


def plain_rule(graph: KnowledgeGraph, rule: Rule) -> Plain:
    """The rule with inverse names replaced by the relation that is stored, and turned so that its conclusion is not."""
    premises = tuple(_stored(graph, relation) for relation in rule.premises)
    conclusion, is_turned = _stored(graph, rule.conclusion)
    if is_turned:
        premises = tuple((name, not turned) for name, turned in reversed(premises))
    return Plain(premises, conclusion, graph.resolve(rule.concept) if rule.concept else "")


def _stored(graph: KnowledgeGraph, relation: str) -> tuple[str, bool]:
    name, is_turned = relation.lstrip("^"), (len(relation) - len(relation.lstrip("^"))) % 2 == 1
    if name not in graph.relations:
        owner = stored_relation(graph.relations.values(), name)
        if owner is not None:
            return owner, not is_turned
    return name, is_turned


@dataclass(frozen=True)
class Compiled:
    """Rules that can apply in a graph: what is told of them, and `codes`, which the engine takes.

    `relations` are those that the rules are about; the codes are places in it.
    """

    rules: tuple[Rule, ...]
    plain: tuple[Plain, ...]
    relations: tuple[str, ...]
    codes: NDArray[np.int64]


def compiled_rules(graph: KnowledgeGraph, rules: RuleSet, optional: frozenset[Rule] = frozenset()) -> Compiled:
    """The rules that can ever apply. `UnknownRelationError` if one that is not `optional` is about no relation here."""
    plain = {rule: plain_rule(graph, rule) for rule in rules}
    trivial = {rule for rule, own in plain.items() if own.premises == ((own.conclusion, False),) and not own.concept}
    held, waiting = set(graph.relations), [rule for rule in rules if rule not in trivial]
    usable: set[Rule] = set()
    while True:
        ready = [rule for rule in waiting if all(name in held for name, _ in plain[rule].premises)]
        if not ready:
            break
        usable.update(ready)
        held.update(plain[rule].conclusion for rule in ready)
        waiting = [rule for rule in waiting if rule not in usable]
    for rule in waiting:
        if rule not in optional:
            missing = next(name for name, _ in plain[rule].premises if name not in held)
            known = sorted(graph.relations)
            raise UnknownRelationError(missing, graph=graph.name, known=known, nearest=nearest_of(missing, known))
    kept = tuple(rule for rule in rules if rule in usable)
    about = {name for rule in kept for name, _ in plain[rule].premises} | {plain[rule].conclusion for rule in kept}
    names = tuple(sorted(about))
    own = tuple(plain[rule] for rule in kept)
    return Compiled(kept, own, names, _codes(graph, own, names))


def pruned(graph: KnowledgeGraph, compiled: Compiled, goal: str) -> Compiled:
    """Only the rules that edges of one relation can need.

    A transitive rule goes too if all others take edges of its relation one step at a time.
    """
    needed = {goal}
    while True:
        more = {name for rule in compiled.plain if rule.conclusion in needed for name, _ in rule.premises}
        if more <= needed:
            break
        needed |= more
    kept = [place for place, rule in enumerate(compiled.plain) if rule.conclusion in needed]
    for place in list(kept):
        name = compiled.plain[place].conclusion
        others = [other for other in kept if other != place]
        if _is_transitive(compiled.plain[place]) and name != goal and not _is_read_whole(compiled, name, place, others):
            kept = others
    own = tuple(compiled.plain[place] for place in kept)
    names = tuple(sorted(needed & set(compiled.relations)))
    return Compiled(tuple(compiled.rules[place] for place in kept), own, names, _codes(graph, own, names))


def _is_transitive(rule: Plain) -> bool:
    return rule.premises == ((rule.conclusion, False), (rule.conclusion, False))


def _is_read_whole(compiled: Compiled, name: str, transitive_by: int, others: Sequence[int]) -> bool:
    """Whether one of the other rules needs edges of the relation that follow by the transitive rule."""
    for place in others:
        for side, (premise, _) in enumerate(compiled.plain[place].premises):
            if premise == name and compiled.codes[place, 6 + side] != transitive_by:
                return True
    return False


def _codes(graph: KnowledgeGraph, rules: Sequence[Plain], names: Sequence[str]) -> NDArray[np.int64]:
    code = {name: place for place, name in enumerate(names)}
    transitive_by = {rule.conclusion: place for place, rule in enumerate(rules) if _is_transitive(rule)}
    rows = []
    for rule in rules:
        (first, turned), rest = rule.premises[0], rule.premises[1:]
        second, second_turned = rest[0] if rest else ("", False)
        sole = [-1, -1]
        same = (rule.conclusion, False)
        if rest and rest[0] == same:  # over transitive edges, one step at a time is enough
            sole[0] = transitive_by.get(first, -1)
        elif rest and rule.premises[0] == same:
            sole[1] = transitive_by.get(second, -1)
        constant = graph.position(rule.concept) if rule.concept else -1
        pair = [code[first], int(turned), code.get(second, -1), int(second_turned)]
        rows.append([*pair, code[rule.conclusion], constant, *sole])
    return np.array(rows, dtype=np.int64).reshape(-1, 8)
