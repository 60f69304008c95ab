"""Margins of one decision on many edited graphs at once: what measures of faithfulness ask for."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from kgzsl.explain.chains import Chains
from kgzsl.explain.decision import Candidate, Decision, Running
from kgzsl.explain.gated_closed_form import GatedClosedForm
from kgzsl.explain.gated_network import GatedNetwork
from kgzsl.explain.gates import GatedMargin, Semantics
from kgzsl.explain.ledger import is_closed_form
from kgzsl.explain.pair_gates import PairGates
from kgzsl.explain.rerun import Fact, Rerun

__all__ = ["Interventions", "pair_alone"]

Float64 = NDArray[np.float64]
Rows = Callable[[Tensor, bool], Tensor]

_MOST_NUMBERS = 4_000_000
"""Float64 numbers that a chunk of gates may need in one array: 32 MB."""


class Interventions:
    """The margin of a decision without some of its facts, under "remove" or "suppress", for many sets of them.

    `margins` runs all sets through the gated model at once, in float64; `exact` takes the decision itself again on
    the edited graph, by the fitted model's own `weights`, for target and foil alone. Both agree wherever a shut gate
    is a removed fact (everywhere but in a DGP whose ancestors can be reached by another chain).
    """

    def __init__(self, decision: Decision) -> None:
        self.decision = decision
        self.gated = GatedMargin(decision)
        self.facts = self.gated.facts
        self._place = {fact: place for place, fact in enumerate(self.facts)}
        self._size = 1
        self._sides = [(sign, candidate, self._rows(candidate)) for sign, candidate in decision.sides()]
        self._inputs = torch.from_numpy(np.asarray(decision.inputs, dtype=np.float64))

    @cached_property
    def _rerun(self) -> Rerun:
        return Rerun(pair_alone(self.decision))

    def exact(self, removed: Iterable[Fact]) -> float:
        """The margin of the decision taken again without these facts."""
        return self._rerun.outcome(removed).margin

    @cached_property
    def reach(self) -> tuple[Fact, ...]:
        """The facts on which the margin depends at all, sorted; those that others stand in for among them."""
        halfway = np.full(len(self.facts), 0.5)
        slopes = self.gated.gradient(halfway, semantics="remove"), self.gated.gradient(halfway, semantics="suppress")
        return tuple(self.facts[place] for place in np.flatnonzero(np.abs(slopes).max(axis=0)).tolist())

    def gates(self, removed: Iterable[Fact], *, kept: bool = False) -> Float64:
        """1 for each fact, 0 where it is among `removed`; the other way round if these are the ones `kept`."""
        gates = np.full(len(self.facts), 0.0 if kept else 1.0)
        gates[[self._place[fact] for fact in removed if fact in self._place]] = 1.0 if kept else 0.0
        return gates

    def without(self, sets: Sequence[Iterable[Fact]], *, semantics: Semantics = "remove") -> Float64:
        """`margins` with each of these sets of facts gone `[len(sets)]`."""
        return self.margins(np.array([self.gates(gone) for gone in sets]), semantics=semantics)

    def margins(self, gates: NDArray[Any], *, semantics: Semantics = "remove") -> Float64:
        """One for each row of gates `[n, num_facts]`."""
        if not len(gates):
            return np.empty(0)
        distinct, places = np.unique(np.asarray(gates, dtype=np.float64), axis=0, return_inverse=True)
        chunk = max(1, _MOST_NUMBERS // self._size)
        with torch.no_grad():
            parts = [
                self._margins(torch.from_numpy(distinct[start : start + chunk]), semantics == "remove").numpy()
                for start in range(0, len(distinct), chunk)
            ]
        return np.asarray(np.concatenate(parts)[places.reshape(-1)], dtype=np.float64)

    def _margins(self, gates: Tensor, remove: bool) -> Tensor:
        total = torch.zeros(len(gates), dtype=torch.float64)
        for sign, candidate, rows in self._sides:
            if candidate.is_seen:
                total = total + sign * candidate.score
                continue
            weights = rows(gates, remove)
            length = torch.linalg.vector_norm(weights, dim=1)
            cosine = (weights @ self._inputs) / torch.where(length > 0, length, torch.ones_like(length))
            total = total + sign * (cosine - candidate.offset) / self.decision.temperature
        return total

    def _rows(self, candidate: Candidate) -> Rows:
        """The weights of one side before they are brought to unit length, as a function of many gates."""
        if candidate.is_seen:
            return lambda gates, remove: torch.zeros(len(gates), 1)
        index, model = candidate.index, self.decision.model
        rows = index.edge_rows(model.relations)
        names = [relation.name for relation in index.relations]
        ends = zip(index.head[rows].tolist(), index.relation[rows].tolist(), index.tail[rows].tolist(), strict=True)
        places = [self._place[index.ids[head], names[code], index.ids[tail]] for head, code, tail in ends]
        pairs = PairGates(index, rows, np.array(places, dtype=np.int64))
        if is_closed_form(model):
            closed = GatedClosedForm(model.terms(index, candidate.features), pairs)
            node = index.positions([candidate.concept])
            self._size = max(self._size, index.num_concepts**2)
            return _many(lambda gates, remove: closed.rows(gates, node, remove=remove)[0])
        network = model.opened(index, candidate.concept)  # type: ignore[union-attr]
        entries = max(group.nnz for layer in network.layers for group in layer.groups)
        width = max(layer.weight.shape[1] for layer in network.layers)
        self._size = max(self._size, entries * width)
        gated = GatedNetwork(network, candidate.features, pairs, Chains(index, model.relations), None)
        return _many(lambda gates, remove: gated.output(gates, remove=remove))


def _many(one: Rows) -> Rows:
    """The same function of one row of gates after another, in one pass."""

    def every(gates: Tensor, remove: bool) -> Tensor:
        found: Tensor = torch.func.vmap(lambda row: one(row, remove))(gates)
        return found

    return every


def pair_alone(decision: Decision) -> Decision:
    """The same decision with target and foil as the only classes in the running."""
    running = []
    for _, side in decision.sides():
        weights = np.asarray(side.weights)[None, :] if side.is_seen else np.empty((0, len(decision.inputs)))
        offsets = np.array([side.offset])
        graph = decision.graph_of(side)
        concepts, seen = (side.concept,), np.array([side.is_seen])
        running.append(Running(concepts, seen, weights, offsets, side.index, side.features, graph))
    return replace(decision, running=tuple(running))
