"""A margin as a function of gates on facts: 1 leaves a fact as it is, 0 silences it, or takes it out of the graph."""

from collections.abc import Callable
from typing import Any, Literal, get_args

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from kgzsl.errors import InputFormatError, UnknownNameError
from kgzsl.explain.chains import Chains
from kgzsl.explain.decision import Candidate, Decision
from kgzsl.explain.gated_closed_form import GatedClosedForm
from kgzsl.explain.gated_network import GatedNetwork
from kgzsl.explain.ledger import is_closed_form
from kgzsl.explain.network_walks import output
from kgzsl.explain.pair_gates import PairGates
from kgzsl.explain.rerun import Fact

__all__ = ["GatedMargin", "Semantics"]

Float64 = NDArray[np.float64]
Semantics = Literal["remove", "suppress"]
"""What a shut gate means: the fact is out of the graph and the degrees are counted anew, or its message is silent."""


class GatedMargin:
    """The margin of a decision, and its slope, for any gates `[num_facts]` in [0, 1] on `facts`.

    `facts` are those that the model walks in the graph of the target or of the foil, sorted. With gates of 0 and 1 and
    "remove" the margin is that of the edited graph (with DGP as long as no other chain takes a removed one's place).
    `frozen` keeps what each unit of a network passes, and the length of the weights, as they were in the decision.

    float64 throughout. Memory and time grow with what the margin depends on: the balls around both classes of a
    network, the square of all concepts of a closed form.
    """

    def __init__(self, decision: Decision, *, frozen: bool = False) -> None:
        self.decision, self.frozen = decision, frozen
        graphs = {id(candidate.index): candidate.index for _, candidate in decision.sides()}
        relations = decision.model.relations
        named = {number: _facts(index, relations) for number, index in graphs.items()}
        self.facts: tuple[Fact, ...] = tuple(sorted({fact for facts in named.values() for fact in facts}))
        place = {fact: number for number, fact in enumerate(self.facts)}
        self._pairs = {
            number: PairGates(
                index,
                index.edge_rows(relations),
                np.array([place[fact] for fact in named[number]], dtype=np.int64),
            )
            for number, index in graphs.items()
        }
        self._inputs = torch.from_numpy(np.asarray(decision.inputs, dtype=np.float64))
        self._sides = [(sign, self._score(candidate)) for sign, candidate in decision.sides()]

    def margin(self, gates: NDArray[Any] | None = None, *, semantics: Semantics = "remove") -> float:
        """With these gates; all open if None."""
        with torch.no_grad():
            return float(self._margin(torch.from_numpy(self._checked(gates)), semantics))

    def gradient(self, gates: NDArray[Any] | None = None, *, semantics: Semantics = "remove") -> Float64:
        """How the margin changes with each gate `[num_facts]`."""
        variable = torch.from_numpy(self._checked(gates)).requires_grad_()
        margin = self._margin(variable, semantics)
        if not margin.requires_grad:  # two classes with examples of their own
            return np.zeros(len(self.facts))
        (slope,) = torch.autograd.grad(margin, variable)
        return np.asarray(slope.numpy(), dtype=np.float64)

    def _margin(self, gates: Tensor, semantics: Semantics) -> Tensor:
        if semantics not in get_args(Semantics):
            raise UnknownNameError("semantics", str(semantics), known=get_args(Semantics))
        parts = [sign * score(gates, semantics == "remove") for sign, score in self._sides]
        return sum(parts[1:], parts[0])

    def _checked(self, gates: NDArray[Any] | None) -> Float64:
        if gates is None:
            return np.ones(len(self.facts))
        checked = np.array(gates, dtype=np.float64)
        if checked.shape != (len(self.facts),) or not ((checked >= 0) & (checked <= 1)).all():
            raise InputFormatError(f"gates are {len(self.facts)} numbers in [0, 1], one for each fact")
        return checked

    def _score(self, candidate: Candidate) -> Callable[[Tensor, bool], Tensor]:
        """The score of one side as a function of (gates, remove)."""
        decision, model = self.decision, self.decision.model
        own = decision.gamma * candidate.is_seen + candidate.offset
        if candidate.is_seen:
            score = torch.tensor(candidate.score, dtype=torch.float64)
            return lambda gates, remove: score
        node = candidate.index.positions([candidate.concept])
        pairs = self._pairs[id(candidate.index)]
        row: Callable[[Tensor, bool], Tensor]
        if is_closed_form(model):
            closed = GatedClosedForm(model.terms(candidate.index, candidate.features), pairs)
            row = lambda gates, remove: closed.rows(gates, node, remove=remove)[0]  # noqa: E731
        else:
            network = model.opened(candidate.index, candidate.concept)  # type: ignore[union-attr]
            slopes = output(network, candidate.features)[1] if self.frozen else None
            gated = GatedNetwork(
                network, candidate.features, pairs, Chains.of(candidate.index, model.relations), slopes
            )
            row = lambda gates, remove: gated.output(gates, remove=remove)  # noqa: E731
        length = None
        if self.frozen:
            with torch.no_grad():
                length = torch.linalg.vector_norm(row(torch.ones(len(self.facts), dtype=torch.float64), False))

        def score_of(gates: Tensor, remove: bool) -> Tensor:
            weights = row(gates, remove)
            norm = torch.linalg.vector_norm(weights) if length is None else length
            unit = weights / norm if float(norm.detach()) > 0 else torch.zeros_like(weights)
            return (unit @ self._inputs - own) / decision.temperature

        return score_of


def _facts(index: Any, relations: tuple[str, ...] | None) -> list[Fact]:
    """Head, relation and tail of every row that the model walks, in the order of the rows."""
    ids, names = index.ids, [relation.name for relation in index.relations]
    rows = index.edge_rows(relations)
    ends = zip(index.head[rows].tolist(), index.relation[rows].tolist(), index.tail[rows].tolist(), strict=True)
    return [(ids[head], names[code], ids[tail]) for head, code, tail in ends]
