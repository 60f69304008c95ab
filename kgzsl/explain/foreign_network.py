"""Networks that cannot be opened up, such as modules of PyTorch Geometric: their margin by gates on messages."""

from collections.abc import Iterable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from kgzsl.errors import ExplanationError, InputFormatError, UnknownNameError
from kgzsl.explain.decision import Candidate, Decision
from kgzsl.explain.fact_credits import FactCredits
from kgzsl.explain.gates import Semantics
from kgzsl.explain.message_network import MessageMargin
from kgzsl.explain.rerun import Fact, Rerun, walked
from kgzsl.propagation.receptive_field import surroundings
from kgzsl.propagation.torch_threads import one_torch_thread

__all__ = ["ForeignMargin", "foreign_credits"]

Float64 = NDArray[np.float64]

_MOST_NODES = 256
_SETTLED = 1e-3


class ForeignMargin:
    """The margin of a decision for gates `[num_facts]` in [0, 1] on `facts`, as `GatedMargin` has it.

    "suppress" multiplies the messages of a fact by its gate, in every layer, whatever the layer is: the masks of
    PyTorch Geometric. Degrees, attention and the number of messages that a mean divides by stay. "remove" runs the
    model on the edited graph, so gates are 0 or 1 then and there is no slope.

    float64 and one thread, so that the same decision gives the same bytes.
    """

    def __init__(self, decision: Decision) -> None:
        self.decision = decision
        self._network = MessageMargin(decision)
        self.facts: tuple[Fact, ...] = self._network.facts
        self.near = self._network.near
        """Places of the facts about a concept that the margin depends on."""

    def margin(self, gates: NDArray[Any] | None = None, *, semantics: Semantics = "suppress") -> float:
        """With these gates; all open if None."""
        checked = self._checked(gates)
        if semantics == "remove":
            return self._removed(checked)
        with one_torch_thread(), torch.no_grad():
            return float(self._margin(torch.from_numpy(checked), semantics))

    def gradient(self, gates: NDArray[Any] | None = None, *, semantics: Semantics = "suppress") -> Float64:
        """How the margin changes with each gate `[num_facts]`."""
        if semantics == "remove":
            raise ExplanationError(
                "a network that cannot be opened up has no slope in its degrees: semantics='suppress', or 'occlusion'"
            )
        variable = torch.from_numpy(self._checked(gates)).requires_grad_()
        with one_torch_thread():
            margin = self._margin(variable, semantics)
            if not margin.requires_grad:  # no message bears on it
                return np.zeros(len(self.facts))
            (slope,) = torch.autograd.grad(margin, variable, allow_unused=True)
        return np.zeros(len(self.facts)) if slope is None else np.asarray(slope.numpy(), dtype=np.float64)

    def _margin(self, gates: Tensor, semantics: str) -> Tensor:
        from torch_geometric.explain.algorithm.utils import clear_masks, set_masks

        if semantics != "suppress":
            raise UnknownNameError("semantics", str(semantics), known=("remove", "suppress"))
        network = self._network
        set_masks(network, network.masks(gates), network.edge_index, apply_sigmoid=False)
        try:
            return network.margin(network.x, network.edge_index)
        except AssertionError as error:
            raise ExplanationError(
                "a layer of this network sends its messages in several parts, which PyTorch Geometric cannot mask: "
                "explainer='occlusion' removes facts one by one"
            ) from error
        finally:
            clear_masks(network)

    def _removed(self, gates: Float64) -> float:
        if not np.isin(gates, (0.0, 1.0)).all():
            raise InputFormatError("a fact is removed or not: with semantics='remove' gates are 0 or 1 here")
        shut = [fact for fact, gate in zip(self.facts, gates.tolist(), strict=True) if not gate]
        return Rerun(self.decision).outcome(shut).margin

    def _checked(self, gates: NDArray[Any] | None) -> Float64:
        if gates is None:
            return np.ones(len(self.facts))
        checked = np.array(gates, dtype=np.float64)
        if checked.shape != (len(self.facts),) or not ((checked >= 0) & (checked <= 1)).all():
            raise InputFormatError(f"gates are {len(self.facts)} numbers in [0, 1], one for each fact")
        return checked


def foreign_credits(
    decision: Decision, method: str, *, semantics: Semantics | None = None, num_nodes: int | None = None
) -> FactCredits:
    """Credits of facts as `fact_credits` gives them, for networks that cannot be opened up.

    "integrated-gradients" and "gradient" suppress messages; `num_nodes` Gauss-Legendre nodes, or as many from 16 on
    as leave a thousandth of the magnitudes, 256 at most. "occlusion" removes facts unless it is told to suppress them.
    """
    if method not in ("integrated-gradients", "gradient", "occlusion"):
        raise ExplanationError(
            f"{method} is not known of {decision.method}, whose messages can be masked, no more: integrated-gradients, "
            "gradient and occlusion can be had"
        )
    chosen: Semantics = semantics or ("remove" if method == "occlusion" else "suppress")
    if method == "occlusion" and chosen == "remove":
        return _removed_one_by_one(decision)
    gated = ForeignMargin(decision)
    baseline = gated.margin(np.zeros(len(gated.facts)), semantics=chosen)
    margin = gated.margin(semantics=chosen)
    if method == "integrated-gradients":
        shares = _integrated(gated, chosen, margin - baseline, num_nodes)
    elif method == "gradient":
        shares = gated.gradient(semantics=chosen)
    else:
        shares = _occluded(gated, chosen, margin)
    reached = np.flatnonzero(shares).tolist()
    facts = tuple(gated.facts[place] for place in reached)
    return FactCredits(facts, shares[reached], baseline, margin, method, chosen)


def _integrated(gated: ForeignMargin, semantics: Semantics, whole: float, num_nodes: int | None) -> Float64:
    """∫ over t of the gradient at all gates t; a kink costs nodes."""
    count = num_nodes or 16
    while True:
        nodes, weights = np.polynomial.legendre.leggauss(count)
        slopes = [
            weight / 2 * gated.gradient(np.full(len(gated.facts), (node + 1) / 2), semantics=semantics)
            for node, weight in zip(nodes.tolist(), weights.tolist(), strict=True)
        ]
        shares = np.asarray(np.sum(slopes, axis=0), dtype=np.float64)
        left = abs(whole - float(shares.sum()))
        if num_nodes is not None or 2 * count > _MOST_NODES or left <= _SETTLED * float(np.abs(shares).sum()):
            return shares
        count *= 2


def _removed_one_by_one(decision: Decision) -> FactCredits:
    """The effect of each fact within the network's reach, whatever its layers are made of: no message is masked."""
    relations = decision.model.relations
    indices = {id(side.index): side.index for _, side in decision.sides()}
    facts = sorted({fact for index in indices.values() for fact in walked(index, relations)})
    read = {concept for _, side in decision.sides() if not side.is_seen for concept in _read(decision.model, side)}
    rerun = Rerun(decision)
    margin = rerun.outcome().margin
    near = [fact for fact in facts if fact[0] in read or fact[2] in read]
    effects = np.array([margin - rerun.outcome([fact]).margin for fact in near])
    reached = np.flatnonzero(effects).tolist()
    listed = tuple(near[place] for place in reached)
    return FactCredits(listed, effects[reached], rerun.outcome(facts).margin, margin, "occlusion", "remove")


def _read(model: Any, candidate: Candidate) -> Iterable[str]:
    """The concepts that a class's weights depend on, as far as that is known."""
    index, hops = candidate.index, model.hops
    if hops is None:
        return index.ids
    near = surroundings(model.topology.messages(index), index.positions([candidate.concept]), hops=hops)
    return [index.ids[place] for place in near.nodes.tolist()]


def _occluded(gated: ForeignMargin, semantics: Semantics, margin: float) -> Float64:
    """The margin less that without each fact near the classes; no other one can bear on it."""
    effects = np.zeros(len(gated.facts))
    gates = np.ones(len(gated.facts))
    for place in gated.near:
        gates[place] = 0.0
        effects[place] = margin - gated.margin(gates, semantics=semantics)
        gates[place] = 1.0
    return effects
