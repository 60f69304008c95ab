"""A decision taken again on an edited graph: same input, same parameters, the graph's normalisation redone."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kgzsl.errors import ExplanationError, InputFormatError
from kgzsl.explain.decision import Decision, Running
from kgzsl.graph.concept import Edge
from kgzsl.graph.index import GraphIndex

__all__ = ["CLEAR", "Fact", "Outcome", "Rerun", "edited", "fact_of", "walked"]

Float64 = NDArray[np.float64]
Fact = tuple[str, str, str]
"""Head, relation and tail of an edge."""
CLEAR = 1e-9
"""A class wins if its score is higher by more than this: what is equal in truth differs by rounding."""


@dataclass(frozen=True, eq=False)
class Outcome:
    """Scores of all classes in the running, in units of log odds, and what follows from them.

    `concepts` are the classes in the order of `scores` `[num_classes]`. Of equal scores the class that comes first is
    decided for.
    """

    concepts: tuple[str, ...]
    scores: Float64 = field(repr=False)
    target: str
    foil: str | None

    @cached_property
    def prediction(self) -> str:
        """The class with the highest score."""
        return self.concepts[int(np.argmax(self.scores))]

    def score(self, concept: str) -> float:
        """Of one class."""
        return float(self.scores[self.concepts.index(concept)])

    @property
    def margin(self) -> float:
        """The target's score, less the foil's if there is one."""
        return self.score(self.target) - (0.0 if self.foil is None else self.score(self.foil))

    def lead(self, before: str, goal: str | None) -> float:
        """How far `goal` (None: the best class but `before`) is ahead of the best of the others; negative if not."""
        wanted = np.array([concept != before if goal is None else concept == goal for concept in self.concepts])
        if wanted.all() or not wanted.any():
            raise InputFormatError("a counterfactual needs two classes in the running, the predicted one and another")
        return float(self.scores[wanted].max() - self.scores[~wanted].max())

    def probability(self, concept: str) -> float:
        """Of one class, among those in the running."""
        odds = np.exp(self.scores - self.scores.max())
        return float(odds[self.concepts.index(concept)] / odds.sum())


class Rerun:
    """Takes a decision again with facts removed or added; what was asked before is kept.

    Concepts, their features and the fitted parameters stay; a fact may be added between concepts of the decision's
    graph only. Classes with examples keep their own weights, whatever the graph says.
    """

    def __init__(self, decision: Decision) -> None:
        if not decision.running:
            raise ExplanationError("the decision does not say which classes were in the running")
        self.decision = decision
        self._inputs = np.asarray(decision.inputs, dtype=np.float64)
        self._kept: dict[tuple[frozenset[Fact], frozenset[Fact]], Outcome] = {}
        self.num_reruns = 0

    def outcome(self, removed: Iterable[Fact] = (), added: Iterable[Fact] = ()) -> Outcome:
        """The decision without `removed` and with `added`."""
        key = frozenset(removed), frozenset(added)
        if key not in self._kept:
            self._kept[key] = self._made(*key)
        return self._kept[key]

    @cached_property
    def facts(self) -> frozenset[Fact]:
        """Every fact of the graphs of the decision that its model walks."""
        return frozenset(fact for running in self.decision.running for fact in walked(running.index, self._relations))

    @property
    def _relations(self) -> tuple[str, ...] | None:
        return self.decision.model.relations

    def _made(self, removed: frozenset[Fact], added: frozenset[Fact]) -> Outcome:
        self.num_reruns += 1
        concepts: list[str] = []
        scores: list[Float64] = []
        for running in self.decision.running:
            concepts += running.concepts
            scores.append(self._scores(running, removed, added))
        foil = self.decision.foil
        return Outcome(
            tuple(concepts),
            np.concatenate(scores),
            self.decision.target.concept,
            None if foil is None else foil.concept,
        )

    def _scores(self, running: Running, removed: frozenset[Fact], added: frozenset[Fact]) -> Float64:
        model: Any = self.decision.model
        raw = np.empty(len(running.concepts))
        raw[running.is_seen] = running.weights.astype(np.float64) @ self._inputs
        unseen = [concept for concept, seen in zip(running.concepts, running.is_seen, strict=True) if not seen]
        if unseen:
            index = edited(running.index, removed, added)
            rows = np.asarray(model.weights(index, running.features, concepts=unseen), dtype=np.float64)
            raw[~running.is_seen] = rows @ self._inputs
        corrected: Float64 = (raw - self.decision.gamma * running.is_seen - running.offsets) / self.decision.temperature
        return corrected


def fact_of(edge: Edge | Fact) -> Fact:
    """Head, relation and tail of an edge, or of three strings."""
    if isinstance(edge, Edge):
        return edge.head, edge.relation, edge.tail
    if isinstance(edge, tuple) and len(edge) == 3 and all(isinstance(part, str) for part in edge):
        return str(edge[0]), str(edge[1]), str(edge[2])
    raise InputFormatError(f"a fact is an edge, or (head, relation, tail) as three strings, not {edge!r:.120}")


def edited(index: GraphIndex, removed: Iterable[Fact], added: Iterable[Fact] = ()) -> GraphIndex:
    """The index without some facts and with others; facts about concepts that it does not have leave it alone."""
    place = {relation.name: code for code, relation in enumerate(index.relations)}
    gone = _rows(index, removed, place)
    kept = np.ones(index.num_edges, dtype=bool)
    kept[gone] = False
    known = [fact for fact in sorted(added) if fact[0] in index.position and fact[2] in index.position]
    unknown = next((fact for fact in known if fact[1] not in place), None)
    if unknown is not None:
        raise InputFormatError(f"graph {index.name} has no relation {unknown[1]!r}; it has {', '.join(sorted(place))}")
    if not len(gone) and not known:
        return index
    head = np.concatenate([index.head[kept], [index.position[fact[0]] for fact in known]]).astype(np.int64)
    code = np.concatenate([index.relation[kept], [place[fact[1]] for fact in known]]).astype(np.int64)
    tail = np.concatenate([index.tail[kept], [index.position[fact[2]] for fact in known]]).astype(np.int64)
    weight = np.concatenate([index.weight[kept], np.ones(len(known))])
    order = np.lexsort((tail, code, head))
    return GraphIndex(
        index.ids,
        index.relations,
        head=head[order],
        relation=code[order],
        tail=tail[order],
        weight=weight[order],
        name=index.name,
        position=index.position,
    )


def _rows(index: GraphIndex, facts: Iterable[Fact], place: Mapping[str, int]) -> NDArray[np.int64]:
    """Rows of the facts that the index has."""
    rows = []
    for head, relation, tail in facts:
        if head not in index.position or tail not in index.position or relation not in place:
            continue
        first, last = np.searchsorted(index.head, [index.position[head], index.position[head] + 1])
        here = slice(int(first), int(last))
        found = (index.tail[here] == index.position[tail]) & (index.relation[here] == place[relation])
        rows += (np.flatnonzero(found) + here.start).tolist()
    return np.array(sorted(rows), dtype=np.int64)


def walked(index: GraphIndex, relations: tuple[str, ...] | None) -> list[Fact]:
    """Head, relation and tail of every row that a model walks, in the order of the rows."""
    ids, names = index.ids, [relation.name for relation in index.relations]
    rows = index.edge_rows(relations)
    ends = zip(index.head[rows].tolist(), index.relation[rows].tolist(), index.tail[rows].tolist(), strict=True)
    return [(ids[head], names[code], ids[tail]) for head, code, tail in ends]
