"""A margin as a function of gates on facts: 1 leaves a fact as it is, 0 silences it, or takes it out of the graph."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any, Literal, NamedTuple, get_args

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from kgzsl.errors import InputFormatError, UnknownNameError
from kgzsl.explain.chains import Chains
from kgzsl.explain.closed_form_updates import UpdatedClosedForm
from kgzsl.explain.decision import Candidate, Decision, Running
from kgzsl.explain.fact_gates import FactGates
from kgzsl.explain.gated_closed_form import GatedClosedForm
from kgzsl.explain.gated_network import GatedNetwork
from kgzsl.explain.ledger import is_closed_form
from kgzsl.explain.pair_gates import PairGates
from kgzsl.explain.rerun import Fact, Rerun, walked
from kgzsl.explain.walk_steps import parts_of

__all__ = ["GatedMargin", "GatedScores", "Semantics", "is_removal"]

Float64 = NDArray[np.float64]
Semantics = Literal["remove", "suppress"]
"""What a shut gate means: the fact is out of the graph and the degrees are counted anew, or its message is silent."""

_MOST_NUMBERS = 4_000_000
"""Float64 numbers that a chunk of gates may need in one array: 32 MB."""


class _Solved(NamedTuple):
    """Some positions of a closed form."""

    form: GatedClosedForm
    nodes: NDArray[np.int64]
    updated: UpdatedClosedForm


_Part = GatedNetwork | _Solved


def _rows(part: _Part, gates: Tensor, remove: bool) -> Tensor:
    """Raw weights `[n, num_members, dim]` for columns of gates."""
    if isinstance(part, GatedNetwork):
        return part.outputs(gates, remove=remove)
    return part.form.rows(gates, part.nodes, remove=remove)


class GatedScores:
    """The scores of some candidates of a decision for any gates in [0, 1] on `facts`.

    `facts` are those that the model walks in the graphs of the candidates, sorted. With gates of 0 and 1 and "remove"
    scores are those of the edited graph (with DGP as long as no other chain takes a removed one's place). `frozen`
    keeps what each unit of a network passes, and the length of the weights, as they were in the decision.

    float64 throughout. Memory and time grow with what the scores depend on: the balls around the candidates in a
    network, the square of all concepts of a closed form.
    """

    def __init__(self, decision: Decision, candidates: Sequence[Candidate], *, frozen: bool = False) -> None:
        self.decision, self.candidates = decision, tuple(candidates)
        relations = decision.model.relations
        named = {id(one.index): walked(one.index, relations) for one in self.candidates}
        self.facts: tuple[Fact, ...] = tuple(sorted({fact for facts in named.values() for fact in facts}))
        self.place = {fact: number for number, fact in enumerate(self.facts)}
        """Where each fact's gate stands."""
        self._inputs = torch.from_numpy(np.asarray(decision.inputs, dtype=np.float64))
        fixed = [one.score if one.is_seen else -one.offset / decision.temperature for one in self.candidates]
        self._fixed = torch.tensor(fixed, dtype=torch.float64)
        groups: dict[tuple[int, int], list[int]] = {}
        for number, one in enumerate(self.candidates):
            if not one.is_seen:
                groups.setdefault((id(one.index), id(one.features)), []).append(number)
        self._size = self._near_size = 1
        self._parts = [
            (torch.tensor(members), self._opened(members, named[id(self.candidates[members[0]].index)], frozen))
            for members in groups.values()
        ]
        self._lengths: list[Tensor | None] = [None] * len(self._parts)
        if frozen:
            self._lengths = list(self.lengths(np.ones(len(self.facts))))

    @property
    def chunk(self) -> int:
        """How many columns of gates gradients are taken of at once."""
        return max(1, _MOST_NUMBERS // self._size)

    @property
    def _near_chunk(self) -> int:
        return max(1, _MOST_NUMBERS // self._near_size)

    def scores(self, gates: NDArray[Any], *, semantics: Semantics = "remove") -> Float64:
        """For each row of gates `[n, num_facts]`, those of all candidates `[n, num_candidates]`."""
        remove = is_removal(semantics)
        columns = torch.from_numpy(np.ascontiguousarray(np.asarray(gates, dtype=np.float64).T))
        found = np.empty((len(gates), len(self.candidates)))
        with torch.no_grad():
            for first in range(0, len(gates), self._near_chunk):
                part = slice(first, first + self._near_chunk)
                found[part] = self._near(columns[:, part], remove=remove).numpy()
        return found

    def reached(self) -> NDArray[np.bool_]:
        """Whether anything that a candidate's score is made of hangs on a fact `[num_facts, num_candidates]`.

        What hangs on a fact may still come to the same without it.
        """
        halfway = torch.full((len(self.facts),), 0.5, dtype=torch.float64)
        found = np.zeros((len(self.facts), len(self.candidates)), dtype=bool)
        for first in range(0, len(self.facts), self._near_chunk):
            places = torch.arange(first, min(first + self._near_chunk, len(self.facts)))
            columns = halfway[:, None].repeat(1, len(places) + 1)
            columns[places, torch.arange(len(places))] = 0.0
            for members, part in self._parts:
                if isinstance(part, GatedNetwork):
                    touched = part.touched(columns, remove=True).numpy().T
                    found[np.ix_(places.numpy(), members.numpy())] = touched
                else:
                    found[:, members.numpy()] = True
        return found

    def of(self, gates: Tensor, *, remove: bool, lengths: Sequence[Tensor | None] | None = None) -> Tensor:
        """Scores `[n, num_candidates]` for columns of gates `[num_facts, n]`, to take gradients of.

        `lengths` of the weights of each part's candidates take the place of those that they have with these gates; NaN
        takes none.
        """
        scores = self._fixed.expand(gates.shape[1], -1)
        for (members, part), length in zip(self._parts, lengths or self._lengths, strict=True):
            scores = scores.index_add(1, members, self._cosines(_rows(part, gates, remove), length))
        return scores

    def _near(self, gates: Tensor, *, remove: bool) -> Tensor:
        """The same scores without gradients, and only where they differ."""
        scores = self._fixed.repeat(gates.shape[1], 1)
        for (members, part), length in zip(self._parts, self._lengths, strict=True):
            if isinstance(part, GatedNetwork):
                near = part.outputs_near(gates, remove=remove)
                cosines = self._cosines(near.base, length).repeat(gates.shape[1], 1)
                known = None if length is None else length[near.member]
                cosines[near.column, near.member] = self._cosines(near.rows, known)
            else:
                rows = part.updated.rows(gates) if remove else _rows(part, gates, remove)
                cosines = self._cosines(rows, length)
            scores.index_add_(1, members, cosines)
        return scores

    def _cosines(self, rows: Tensor, length: Tensor | None) -> Tensor:
        """⟨x, w⟩ over the temperature, w at unit length, or over the length given."""
        own = torch.linalg.vector_norm(rows, dim=-1)
        chosen = own if length is None else torch.where(length.isnan(), own, length)
        whole = torch.where(chosen > 0, chosen, 1.0)
        return torch.where(chosen > 0, (rows @ self._inputs) / whole, 0.0) / self.decision.temperature

    def lengths(self, gates: NDArray[Any], *, remove: bool = True) -> tuple[Tensor, ...]:
        """Of the weights of each part's candidates with these gates `[num_facts]`."""
        with torch.no_grad():
            column = torch.from_numpy(np.asarray(gates, dtype=np.float64))[:, None]
            return tuple(torch.linalg.vector_norm(_rows(part, column, remove)[0], dim=1) for _, part in self._parts)

    def _opened(self, members: Sequence[int], facts: Sequence[Fact], frozen: bool) -> "_Part":
        """The candidates on one graph."""
        model, first = self.decision.model, self.candidates[members[0]]
        index, concepts = first.index, [self.candidates[number].concept for number in members]
        places = np.array([self.place[fact] for fact in facts], dtype=np.int64)
        rows = index.edge_rows(model.relations)
        if is_closed_form(model):
            pairs = PairGates(index, rows, places)
            form, nodes = GatedClosedForm(model.terms(index, first.features), pairs), index.positions(concepts)
            updated = UpdatedClosedForm(form, nodes)
            self._size = max(self._size, index.num_concepts**2)
            self._near_size = max(self._near_size, updated.size)
            return _Solved(form, nodes, updated)
        networks = [model.opened(index, concept) for concept in concepts]  # type: ignore[union-attr]
        chains = Chains.of(index, model.relations)
        tells = any(part.relation is not None for layer in networks[0].layers for part in parts_of(layer))
        gating = FactGates(index, rows, places) if tells else PairGates(index, rows, places)
        gated = GatedNetwork(networks, first.features, gating, chains, num_facts=len(self.facts), frozen=frozen)
        self._size, self._near_size = max(self._size, gated.size), max(self._near_size, gated.near_size)
        return gated


class GatedMargin:
    """The margin of a decision, and its slope, for any gates `[num_facts]` in [0, 1] on `facts`; see `GatedScores`.

    `margins` takes many rows of gates at once, `without` many sets of facts that are gone; what one costs depends on
    how far from each other they are. `exact` takes the decision itself again on the edited graph, by the fitted
    model's own `weights`. Both agree wherever a shut gate is a removed fact.
    """

    def __init__(self, decision: Decision, *, frozen: bool = False) -> None:
        self.decision = decision
        signs, candidates = zip(*decision.sides(), strict=True)
        self._scores = GatedScores(decision, candidates, frozen=frozen)
        self._signs = torch.tensor(signs, dtype=torch.float64)
        self.facts = self._scores.facts

    def margin(self, gates: NDArray[Any] | None = None, *, semantics: Semantics = "remove") -> float:
        """With these gates; all open if None."""
        return float(self.margins(self._checked(gates)[None], semantics=semantics)[0])

    def margins(self, gates: NDArray[Any], *, semantics: Semantics = "remove") -> Float64:
        """One for each row of gates `[n, num_facts]`."""
        scores = self._scores.scores(self._checked(gates, is_many=True), semantics=semantics)
        return np.asarray(scores @ self._signs.numpy())

    def without(self, sets: Sequence[Iterable[Fact]], *, semantics: Semantics = "remove") -> Float64:
        """`margins` with each of these sets of facts gone `[len(sets)]`."""
        return self.margins(np.array([self.gates(gone) for gone in sets]), semantics=semantics)

    def gates(self, removed: Iterable[Fact], *, kept: bool = False) -> Float64:
        """1 for each fact, 0 where it is among `removed`; the other way round if these are the ones `kept`."""
        gates = np.full(len(self.facts), 0.0 if kept else 1.0)
        gates[self.places(removed)] = 1.0 if kept else 0.0
        return gates

    def places(self, facts: Iterable[Fact]) -> list[int]:
        """Where the gates of these facts stand; facts that the model does not walk have none."""
        return [self._scores.place[fact] for fact in facts if fact in self._scores.place]

    def gradient(self, gates: NDArray[Any] | None = None, *, semantics: Semantics = "remove") -> Float64:
        """How the margin changes with each gate `[num_facts]`."""
        return np.asarray(self.gradients(self._checked(gates)[None], semantics=semantics)[0])

    def gradients(self, gates: NDArray[Any], *, semantics: Semantics = "remove", from_nothing: bool = False) -> Float64:
        """`gradient` for each row of gates `[n, num_facts]`.

        `from_nothing`: weights that are zeros without any fact have no direction to start from, and turn at once when
        the first fact fades in. Their length is then held at what it is with all facts.
        """
        checked, remove = self._checked(gates, is_many=True), is_removal(semantics)
        lengths = self._held(remove=remove) if from_nothing else None
        found = np.zeros(checked.shape)
        for first in range(0, len(checked), self._scores.chunk):
            part = slice(first, first + self._scores.chunk)
            columns = torch.from_numpy(np.ascontiguousarray(checked[part].T)).requires_grad_()
            margins = self._scores.of(columns, remove=remove, lengths=lengths) @ self._signs
            if not margins.requires_grad:  # two classes with examples of their own
                break
            (slopes,) = torch.autograd.grad(margins.sum(), columns)
            found[part] = slopes.T.numpy()
        return found

    def _held(self, *, remove: bool) -> list[Tensor | None]:
        """Lengths with all facts of weights that are zeros without any, NaN for the others."""
        nothing, everything = np.zeros(len(self.facts)), np.ones(len(self.facts))
        ends = (self._scores.lengths(gates, remove=remove) for gates in (nothing, everything))
        return [torch.where(low > 0, torch.nan, high) for low, high in zip(*ends, strict=True)]

    @cached_property
    def reach(self) -> tuple[Fact, ...]:
        """The facts on which the margin depends at all, sorted; those that others stand in for among them."""
        halfway = np.full(len(self.facts), 0.5)
        slopes = self.gradient(halfway, semantics="remove"), self.gradient(halfway, semantics="suppress")
        return tuple(self.facts[place] for place in np.flatnonzero(np.abs(slopes).max(axis=0)).tolist())

    def exact(self, removed: Iterable[Fact]) -> float:
        """The margin of the decision taken again without these facts."""
        return self._rerun.outcome(removed).margin

    @cached_property
    def _rerun(self) -> Rerun:
        return Rerun(_pair_alone(self.decision))

    def _checked(self, gates: NDArray[Any] | None, *, is_many: bool = False) -> Float64:
        if gates is None:
            return np.ones(len(self.facts))
        checked = np.array(gates, dtype=np.float64)
        if not len(checked) and is_many:
            return np.empty((0, len(self.facts)))
        shape = (len(checked), len(self.facts)) if is_many else (len(self.facts),)
        if checked.shape != shape or not ((checked >= 0) & (checked <= 1)).all():
            raise InputFormatError(f"gates are {len(self.facts)} numbers in [0, 1], one for each fact")
        return checked


def is_removal(semantics: Semantics) -> bool:
    """Whether a shut gate takes its fact out of the graph; `UnknownNameError` for an unknown meaning."""
    if semantics not in get_args(Semantics):
        raise UnknownNameError("semantics", str(semantics), known=get_args(Semantics))
    return semantics == "remove"


def _pair_alone(decision: Decision) -> Decision:
    """The same decision with target and foil as the only classes in the running."""
    running = []
    for _, side in decision.sides():
        weights = np.asarray(side.weights)[None, :] if side.is_seen else np.empty((0, len(decision.inputs)))
        offsets = np.array([side.offset])
        graph = decision.graph_of(side)
        concepts, seen = (side.concept,), np.array([side.is_seen])
        running.append(Running(concepts, seen, weights, offsets, side.index, side.features, graph))
    return replace(decision, running=tuple(running))
