"""Why an edge holds: its smallest proof from edges that are stated."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from kgzsl.display.html import html_table
from kgzsl.display.text import escape_text
from kgzsl.errors import InputFormatError, NotEntailedError, ProofError
from kgzsl.graph.concept import Edge
from kgzsl.graph.knowledge_graph import KnowledgeGraph
from kgzsl.graph.relation import Relation, describe, stored_relation
from kgzsl.query.entail_edges import FOLLOWS_FROM, INFERRED_BY
from kgzsl.query.entail_proving import derivation
from kgzsl.query.entail_rules import plain_rule
from kgzsl.query.rules import parsed_rule

__all__ = ["STATED", "NotEntailedError", "Proof", "ProofError", "Step", "joined", "spoken", "why"]

STATED = "stated"
_TOLD = 12


@dataclass(frozen=True, slots=True)
class Step:
    """One edge of a proof; `rule` is "stated" or the name of a rule, `premises` places of earlier steps."""

    edge: Edge
    rule: str
    premises: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, repr=False)
class Proof:
    """A tree of edges, each stated or following by a rule from those under it; what is used twice is one step.

    `steps` come premises first, and the last is what is proved. `premises` are the proofs of what the last step
    follows from, so the tree can be walked; `facts` are the stated edges at its leaves, from left to right.

    >>> import kgzsl
    >>> animals = [("zebra", "is_a", "equine"), ("equine", "is_a", "animal"), ("equine", "has_part", "hoof")]
    >>> kg = kgzsl.KnowledgeGraph.from_tables(["animal", "equine", "hoof", "zebra"], animals)
    >>> proof = kg.entail(["rdfs", "inherited(has_part)"]).why(("zebra", "has_part", "hoof"))
    >>> print(proof)
    zebra has part hoof because zebra is a kind of equine and equine has part hoof
    >>> proof.rule, proof.replay(kg)
    ('inherited(has_part, is_a)', True)
    """

    steps: tuple[Step, ...]
    labels: Mapping[str, str] = field(default_factory=dict, hash=False, compare=False)
    relation_types: Mapping[str, Relation] = field(default_factory=dict, hash=False, compare=False)

    def __post_init__(self) -> None:
        if not self.steps:
            raise InputFormatError("a proof has at least one step")
        for place, step in enumerate(self.steps):
            if any(not 0 <= premise < place for premise in step.premises):
                raise InputFormatError(f"step {place} of the proof follows from {step.premises}, not from earlier ones")

    @property
    def edge(self) -> Edge:
        """What is proved."""
        return self.steps[-1].edge

    @property
    def rule(self) -> str:
        """The rule of the last step; "stated" if there is nothing to prove."""
        return self.steps[-1].rule

    @property
    def premises(self) -> tuple[Proof, ...]:
        """Proofs of the one or two edges that the last step follows from; none of a stated edge."""
        return tuple(self._of(place) for place in self.steps[-1].premises)

    def _of(self, place: int) -> Proof:
        needed = sorted(self._under(place))
        number = {old: new for new, old in enumerate(needed)}
        steps = [self.steps[old] for old in needed]
        kept = (Step(step.edge, step.rule, tuple(number[one] for one in step.premises)) for step in steps)
        return Proof(tuple(kept), self.labels, self.relation_types)

    def _under(self, place: int) -> dict[int, None]:
        """Places of the steps of a proof of a step, leaves met from left to right."""
        met: dict[int, None] = {}
        waiting = [place]
        while waiting:
            here = waiting.pop()
            if here not in met:
                met[here] = None
                waiting += reversed(self.steps[here].premises)
        return met

    @property
    def facts(self) -> tuple[Edge, ...]:
        """The edges it starts from, each once: stated ones, and those that another engine found."""
        places = self._under(len(self.steps) - 1)
        return tuple(self.steps[place].edge for place in places if not self.steps[place].premises)

    def __len__(self) -> int:
        return len(self.steps)

    def sentence(self) -> str:
        """The proof in words: the edge, "because", and the facts; of more than 12 the rest are counted.

        >>> import kgzsl
        >>> kgzsl.load_graph("wordnet").why(("tiger.n.02", "is_a", "feline.n.01")).sentence()
        'tiger is a kind of feline because tiger is a kind of big cat and big cat is a kind of feline'
        """
        said = spoken(self.edge, self.labels, self.relation_types)
        if not self.steps[-1].premises:
            return f"{said}: {self.rule}" if self.rule == STATED else f"{said}: {self.rule} says so, without a proof"
        facts = [spoken(fact, self.labels, self.relation_types) for fact in self.facts]
        return f"{said} because {joined(facts)}"

    def replay(self, graph: KnowledgeGraph) -> bool:
        """Do every step again: True, or `ProofError` at the first that is no application of its rule.

        A step without premises must be an edge that the graph states.

        >>> import kgzsl
        >>> kg = kgzsl.load_graph("wordnet")
        >>> kg.why(("tiger.n.02", "is_a", "feline.n.01")).replay(kg)
        True
        """
        for place, step in enumerate(self.steps):
            reason = _fault(graph, step, [self.steps[premise].edge for premise in step.premises])
            if reason:
                raise ProofError(place, step.edge, reason)
        return True

    def __str__(self) -> str:
        return self.sentence()

    def __repr__(self) -> str:
        return f"<Proof of {str(self.edge)!r} by {self.rule}: {len(self.facts):,} facts, {len(self):,} steps>"

    def _repr_html_(self) -> str:
        rows = []
        for place, step in enumerate(self.steps, start=1):
            by = ", ".join(str(premise + 1) for premise in step.premises)
            source = step.edge.source if not step.premises else f"from {by}"
            rows.append((place, spoken(step.edge, self.labels, self.relation_types), step.rule, source))
        shown = rows if len(rows) <= 50 else [*rows[:25], ("…", f"{len(rows) - 50:,} more steps", "", ""), *rows[-25:]]
        return html_table(shown, ["step", "edge", "rule", "source"], caption=f"why {self.sentence()}", right=["step"])


def joined(parts: list[str]) -> str:
    """`a, b and c`; of more than 12 parts the rest are counted."""
    if len(parts) > _TOLD:
        parts = [*parts[:_TOLD], f"{len(parts) - _TOLD:,} more facts"]
    return ", ".join(parts[:-1]) + (" and " if parts[:-1] else "") + parts[-1]


def spoken(edge: Edge, labels: Mapping[str, str], relations: Mapping[str, Relation]) -> str:
    """An edge as a clause, by labels and verb."""
    verb = describe([edge.relation], relations.values())[edge.relation].verb
    return escape_text(f"{labels.get(edge.head, edge.head)} {verb} {labels.get(edge.tail, edge.tail)}")


def _fault(graph: KnowledgeGraph, step: Step, premises: list[Edge]) -> str:
    """Why a step does not hold; "" if it does."""
    edge = step.edge
    if step.rule == STATED:
        found = _edge(graph, (edge.head, edge.relation, edge.tail))
        is_stated = found is not None and found.more.get(INFERRED_BY) is None
        return "" if is_stated and not premises else "the graph does not state it"
    rule = parsed_rule(step.rule)
    if rule is None:
        return f"{step.rule} gives no proofs"
    plain = plain_rule(graph, rule)
    if [name for name, _ in plain.premises] != [premise.relation for premise in premises]:
        return f"{step.rule} does not start from {', '.join(map(str, premises)) or 'nothing'}"
    ends = [
        (premise.tail, premise.head) if turned else (premise.head, premise.tail)
        for premise, (_, turned) in zip(premises, plain.premises, strict=True)
    ]
    meets = len(ends) == 1 or ends[0][1] == ends[1][0]
    follows = (ends[0][0], plain.conclusion, plain.concept or ends[-1][1])
    return "" if meets and follows == (edge.head, edge.relation, edge.tail) else f"{step.rule} does not give it"


# -- finding -----------------------------------------------------------------------------------------------------


def why(graph: KnowledgeGraph, edge: Edge | tuple[str, str, str], *, rules: Any = None) -> Proof:
    """The smallest proof of an edge: the fewest steps, each counted as often as it is used; ties by rule, then by id.

    Of a stated edge it says "stated". An edge that `entail` added is told as it was derived; any other is derived now,
    by `rules` as `entail` takes them, or if None by those the graph was entailed by, else by "rdfs": nothing
    needs to be added to a graph before it can be asked. `NotEntailedError` if it does not follow.

    >>> import kgzsl
    >>> print(kgzsl.load_graph("wordnet").why(("tiger.n.02", "is_a", "feline.n.01")))
    tiger is a kind of feline because tiger is a kind of big cat and big cat is a kind of feline
    """
    head, relation, tail = _triple(graph, edge)
    steps = _told(graph, (head, relation, tail)) if rules is None else _stated(graph, (head, relation, tail))
    if steps is None:
        derived, names = derivation(graph, (head, relation, tail), rules)
        if derived is None:
            graph.index.relation_codes(relation)  # one that there is
            raise NotEntailedError((head, relation, tail), graph=graph.name, rules=names)
        steps = [Step(one, rule or STATED, premises) for one, rule, premises in derived]
    ends = {end for step in steps for end in (step.edge.head, step.edge.tail)}
    labels = {end: str(graph.read_concept(graph.position(end), "label")) for end in sorted(ends)}
    types = {name: rel for name, rel in graph.relations.items() if any(step.edge.relation == name for step in steps)}
    return Proof(tuple(steps), labels, types)


def _triple(graph: KnowledgeGraph, edge: Any) -> tuple[str, str, str]:
    """Ids and stored relation of what is asked, turned round for an inverse's name, and as a symmetric fact is held."""
    parts = (edge.head, edge.relation, edge.tail) if isinstance(edge, Edge) else edge
    if not isinstance(parts, tuple | list) or len(parts) != 3 or not all(isinstance(part, str) for part in parts):
        raise InputFormatError(f"an edge is an Edge or (head, relation, tail), not {edge!r:.80}")
    head, relation, tail = graph.resolve(parts[0]), parts[1], graph.resolve(parts[2])
    stored = stored_relation(graph.relations.values(), relation)
    if stored is not None:
        head, relation, tail = tail, stored, head
    turned = tail, relation, head
    is_symmetric = relation in graph.relations and graph.relations[relation].symmetric
    if is_symmetric and _edge(graph, (head, relation, tail)) is None and _edge(graph, turned) is not None:
        return turned
    return head, relation, tail


def _edge(graph: KnowledgeGraph, triple: tuple[str, str, str]) -> Edge | None:
    if triple[1] not in graph.relations:
        return None
    found = [edge for edge in graph.edges(*triple) if edge.relation == triple[1]]  # not of another of that kind
    return found[0] if found else None


def _stated(graph: KnowledgeGraph, triple: tuple[str, str, str]) -> list[Step] | None:
    edge = _edge(graph, triple)
    if edge is None or edge.more.get(INFERRED_BY) is not None:
        return None
    return [Step(edge, STATED)]


def _told(graph: KnowledgeGraph, triple: tuple[str, str, str]) -> list[Step] | None:
    """The steps that the edges themselves tell, premises first; None if one of them is not in the graph."""
    steps: list[Step] = []
    place: dict[tuple[str, ...], int] = {}
    waiting: list[tuple[tuple[str, str, str], Edge | None]] = [(triple, None)]
    while waiting:
        here, edge = waiting.pop()
        if here in place:
            continue
        if edge is None:
            edge = _edge(graph, here)
            if edge is None:
                return None
            rule = edge.more.get(INFERRED_BY)
            premises = [tuple(premise) for premise in edge.more.get(FOLLOWS_FROM) or ()]
            if rule is not None and parsed_rule(rule) is not None and not premises:
                return None
            if any(len(premise) != 3 for premise in premises) or len(waiting) > 4 * graph.index.num_edges + 4:
                return None
            waiting.append((here, edge))
            waiting += [(premise, None) for premise in reversed(premises) if premise not in place]
            continue
        premises = [tuple(premise) for premise in edge.more.get(FOLLOWS_FROM) or ()]
        if any(premise not in place for premise in premises):
            return None  # edges that follow from each other, which no entailment writes
        place[here] = len(steps)
        steps.append(Step(edge, edge.more.get(INFERRED_BY) or STATED, tuple(place[premise] for premise in premises)))
    return steps
