"""An explanation by facts: a credit for each, by any method, and what of the margin the credits leave."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import networkx as nx
import numpy as np
from numpy.typing import NDArray

from kgzsl.display.text import escape_text
from kgzsl.errors import ExplanationError, PluginError, UnknownNameError
from kgzsl.explain import fact_page
from kgzsl.explain.chains import Chains
from kgzsl.explain.credits import Credit, in_order
from kgzsl.explain.decision import Decision
from kgzsl.explain.making import counted
from kgzsl.explain.rerun import Fact, Rerun
from kgzsl.explain.spoken import Spoken
from kgzsl.explain.walk_steps import parts_of
from kgzsl.graph.concept import Edge
from kgzsl.graph.knowledge_graph import KnowledgeGraph

__all__ = ["FORMAT", "FactExplanation", "Scores"]

FORMAT = 1

_STORED = 1e-4
"""Scores come from weights stored as float32."""


@dataclass(frozen=True, eq=False)
class Scores:
    """What a method says of facts; those that are not listed have exactly 0.

    `baseline` is the margin without any fact, None where a method has none. `is_signed` tells that a score above 0
    speaks for the target and one below against it, `is_additive` that baseline and scores are meant to add up to
    the margin. `semantics` is "remove" or "suppress".
    """

    facts: tuple[Fact, ...]
    values: NDArray[np.float64] = field(repr=False)
    method: str
    semantics: str
    baseline: float | None = None
    is_signed: bool = True
    is_additive: bool = False


@dataclass(frozen=True, eq=False)
class FactExplanation:
    """Why the target rather than the foil, fact by fact.

    `items` are the `k` facts of the largest |credit|, `others` the rest of them in one row, `constants` the margin
    without any fact. They add up to `total`; `residual` is what of the margin is left, and says how far a method is
    from shares. Unsigned masks are not added up: `total` is 0 and all of the margin is residual.
    """

    decision: Decision = field(repr=False)
    scores: Scores = field(repr=False)
    k: int
    again: Callable[[], Scores] = field(repr=False)
    effects: Mapping[tuple[str, ...], float] | None = None

    @property
    def prediction(self) -> str:
        """Id of the class explained."""
        return self.decision.target.concept

    @property
    def foil(self) -> str | None:
        """Id of the class compared with."""
        return None if self.decision.foil is None else self.decision.foil.concept

    @property
    def predicted(self) -> str | None:
        """Id of the class that was decided for."""
        return None if self.decision.predicted is None else self.decision.predicted.concept

    @property
    def is_foil_chosen(self) -> bool:
        """Whether the foil was asked for."""
        return self.decision.is_foil_chosen

    @property
    def probability(self) -> float | None:
        """Of the target."""
        return self.decision.target.probability

    @property
    def foil_probability(self) -> float | None:
        """Of the foil."""
        return None if self.decision.foil is None else self.decision.foil.probability

    @property
    def margin(self) -> float:
        """The score of the target, less that of the foil if there is one."""
        return self.decision.margin

    @property
    def total(self) -> float:
        """What the rows add up to; 0 for unsigned masks."""
        return math.fsum(row.credit for row in self.rows) if self.scores.is_signed else 0.0

    @property
    def residual(self) -> float:
        """The margin minus the total."""
        return self.margin - self.total

    @property
    def method(self) -> str:
        """How facts were scored."""
        return self.scores.method

    @property
    def labels(self) -> Mapping[str, str]:
        """Names of target, foil and predicted class by id."""
        found = {side.concept: side.label for _, side in self.decision.sides()}
        if self.decision.predicted is not None:
            found.setdefault(*self.decision.predicted)
        return found

    @property
    def known_graph(self) -> KnowledgeGraph:
        """The whole graph that the classifier was fitted on."""
        return self.decision.graph if self.decision.whole is None else self.decision.whole

    @property
    def coverage(self) -> float:
        """The part of all |credit| that the items show."""
        whole = float(np.abs(self.scores.values).sum())
        return math.fsum(abs(row.credit) for row in self.items) / whole if whole else 1.0

    @cached_property
    def _facts(self) -> tuple[Credit, ...]:
        pairs = [pair for pair in zip(self.scores.facts, self.scores.values.tolist(), strict=True) if pair[1]]
        names = self._names({end for (head, _, tail), _ in pairs for end in (head, tail)})
        return in_order(self._row(fact, credit, names) for fact, credit in pairs)

    def _row(self, fact: Fact, credit: float, names: Mapping[str, str]) -> Credit:
        head, relation, tail = fact
        graph = self._graph_of(fact)
        label = f"{names[head]} {graph.relations[relation].verb} {names[tail]}"
        key = ("fact", *fact)
        return Credit("fact", key, label, credit, gross=abs(credit), concepts=(head, tail), facts=(_edge(graph, fact),))

    def _names(self, concepts: set[str]) -> Mapping[str, str]:
        concepts = concepts | {side.concept for _, side in self.decision.sides()}
        return Spoken.of(self._graphs(), concepts).names

    def _graphs(self) -> list[KnowledgeGraph]:
        return [self.decision.graph_of(side) for _, side in self.decision.sides()]

    def _graph_of(self, fact: Fact) -> KnowledgeGraph:
        for graph in self._graphs():
            if fact[0] in graph.index.position and graph.edges(*fact):
                return graph
        raise ExplanationError(f"{' '.join(fact)} is no fact of the graph")

    @cached_property
    def items(self) -> tuple[Credit, ...]:
        """The `k` facts of the largest magnitude."""
        return self._facts[: self.k]

    @cached_property
    def others(self) -> tuple[Credit, ...]:
        """All other facts, as one row; none for unsigned masks, which are not added up."""
        rest = self._facts[self.k :]
        if not rest or not self.scores.is_signed:
            return ()
        parts = [row.credit for row in rest]
        gross = math.fsum(map(abs, parts))
        return (Credit("rest", ("rest",), counted(len(rest), "smaller fact"), math.fsum(parts), gross=gross),)

    @property
    def constants(self) -> tuple[Credit, ...]:
        """The margin without any fact."""
        baseline = self.scores.baseline
        if baseline is None or not self.scores.is_signed:
            return ()
        return (Credit("constant", ("baseline",), "without any fact", baseline, gross=abs(baseline)),)

    @property
    def rows(self) -> tuple[Credit, ...]:
        """Items, others and constants."""
        return (*self.items, *self.others, *self.constants)

    @property
    def views(self) -> tuple[str, ...]:
        """What `by` can be asked for."""
        return ("facts",)

    def by(self, name: str) -> tuple[Credit, ...]:
        """All facts with a credit, largest first, and the constants; "facts" is the only view."""
        if name not in self.views:
            raise UnknownNameError("view of an explanation by facts", name, known=self.views)
        return (*self._facts, *self.constants)

    def with_effects(self) -> FactExplanation:
        """The same with `effects`: for each item the margin once the fact is removed and the decision taken again."""
        rerun = Rerun(self.decision)
        return replace(self, effects={row.key: rerun.outcome([_fact(row)]).margin for row in self.items})

    def verify(self) -> None:
        """Score the facts a second time, and look up what is cited; `ExplanationError` names what is wrong.

        With "remove" the margins with all facts, without any, and (for "occlusion") without each of the items are
        those of decisions taken again on the edited graph, by another road than the scores were.
        """
        again = self.again()
        if again.facts != self.scores.facts or again.values.tobytes() != self.scores.values.tobytes():
            raise ExplanationError(f"{self.method}: facts scored a second time have other scores")
        rows = {row.key: row.credit for row in self._facts}
        for fact, credit in zip(again.facts, again.values.tolist(), strict=True):
            if rows.get(("fact", *fact), 0.0) != credit:
                raise ExplanationError(f"{' '.join(fact)}: the explanation says another credit than {credit!r}")
        if self.scores.semantics == "remove" and self.decision.running:
            self._verify_removals(Rerun(self.decision))

    def _verify_removals(self, rerun: Rerun) -> None:
        expected = [("the margin", self.margin, rerun.outcome().margin)]
        if self.scores.baseline is not None and not self._is_linked:
            expected.append(("the margin without any fact", self.scores.baseline, rerun.outcome(rerun.facts).margin))
        if self.method == "occlusion" and not self._is_linked:
            expected += [
                (row.label, row.credit, self.margin - rerun.outcome([_fact(row)]).margin) for row in self.items
            ]
        size = max(1.0, *(abs(side.score) for _, side in self.decision.sides()))
        for what, found, again in expected:
            if not abs(found - again) <= _STORED * size:
                raise ExplanationError(
                    f"{what}: the explanation says {found!r}, a decision taken again gives {again!r}"
                )

    @cached_property
    def _is_linked(self) -> bool:
        """Whether the model links concepts that no fact joins: a link then finds another way, which gates do not."""
        model: Any = self.decision.model
        if not hasattr(model, "opened") or hasattr(model, "terms"):
            return False
        for _, side in self.decision.sides():
            if side.is_seen:
                continue
            try:
                network = model.opened(side.index, side.concept)
            except PluginError:
                return False
            chains = Chains(side.index, model.relations)
            for layer, sources, targets in zip(network.layers, network.rows, network.rows[1:], strict=False):
                for part in parts_of(layer):
                    entries = part.operator.tocoo()
                    ends = zip(targets[entries.row].tolist(), sources[entries.col].tolist(), strict=True)
                    if any(len(chains.between(here, there)) > 1 for here, there in ends):
                        return True
        return False

    def to_text(self) -> str:
        """At most 16 lines of at most 96 columns; printed numbers add up as printed, unless they are unsigned."""
        return fact_page.text(self)

    def __str__(self) -> str:
        return self.to_text()

    def __repr__(self) -> str:
        foil = "" if self.foil is None else f" rather than {self.foil!r}"
        about = f"{self.prediction!r}{foil}: margin {self.margin:+.2f}, {self.scores.method}"
        return escape_text(f"<FactExplanation of {about}>")

    def to_html(self) -> str:
        """A card that fetches nothing and runs nothing."""
        return fact_page.html(self)

    def _repr_html_(self) -> str:
        return self.to_html()

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON, the same for the same explanation; every fact with a credit is in it."""
        scores = self.scores
        names = ("prediction", "foil", "predicted", "probability", "foil_probability", "margin", "total", "residual")
        effects = self.effects or {}
        return {
            "format": "kgzsl-fact-explanation",
            "version": FORMAT,
            **{name: getattr(self, name) for name in names},
            "method": scores.method,
            "semantics": scores.semantics,
            "is_signed": scores.is_signed,
            "is_additive": scores.is_additive,
            "baseline": scores.baseline,
            "model": self.decision.method,
            "graph": self.known_graph.name,
            "fingerprint": self.known_graph.fingerprint,
            "num_items": len(self.items),
            "facts": [
                {"head": row.key[1], "relation": row.key[2], "tail": row.key[3], "label": row.label}
                | {"credit": row.credit, "effect": effects.get(row.key)}
                for row in self._facts
            ],
            "labels": dict(self.labels),
        }

    def graph(self) -> Any:
        """The items as a `networkx.MultiDiGraph`: edges of the knowledge graph with their `credit`."""
        roles = dict.fromkeys(self.decision.model.classes, "seen")
        sides = self.decision.sides()
        roles |= {side.concept: role for (_, side), role in zip(sides, ("target", "foil"), strict=False)}
        drawn = nx.MultiDiGraph(prediction=self.prediction, foil=self.foil, total=self.total)
        for row in self.items:
            _, head, relation, tail = row.key
            graph = self._graph_of((head, relation, tail))
            for concept in (head, tail):
                drawn.add_node(concept, label=graph.concept(concept).label, role=roles.get(concept, "concept"))
            verb, weight = graph.relations[relation].verb, row.facts[0].weight
            drawn.add_edge(head, tail, key=relation, credit=row.credit, verb=verb, weight=weight)
        return drawn


def _fact(row: Credit) -> Fact:
    _, head, relation, tail = row.key
    return head, relation, tail


def _edge(graph: KnowledgeGraph, fact: Fact) -> Edge:
    edge: Edge = graph.edges(*fact)[0]
    return edge
