"""The books of a network: every share of one candidate's score, by the walks that its messages took."""

import math

import numpy as np
from numpy.typing import NDArray

from kgzsl.explain.account import Account, PathCredit, Reach, pathless
from kgzsl.explain.chains import Chains
from kgzsl.explain.decision import Candidate, Decision, NetworkModel
from kgzsl.explain.network_walks import Flow, flow, search

__all__ = ["network_account", "support_shares"]

Float64 = NDArray[np.float64]


def network_account(
    decision: Decision, model: NetworkModel, sign: float, candidate: Candidate, reach: Reach
) -> Account:
    """Split one candidate; gates and the length of the output stay as they were in the forward pass."""
    inputs = np.asarray(decision.inputs, dtype=np.float64)
    unit = sign / decision.temperature
    constants = [("offset", -unit * candidate.offset)] if candidate.offset else []
    if candidate.is_seen:
        own = unit * float(np.asarray(candidate.weights, dtype=np.float64) @ inputs)
        constants += [("gamma", -unit * decision.gamma), ("examples", own)]
        return pathless(sign, candidate, None, tuple(constants), *_own_support(model, candidate.concept, own))
    network = model.opened(candidate.index, candidate.concept)
    passed = flow(network, candidate.features, inputs, unit)
    if not passed.hidden[-1].any():
        return pathless(sign, candidate, None, (*constants, ("unknown", 0.0)), *_own_support(model, None, 0.0))
    if passed.constant:
        constants.append(("bias", passed.constant))
    found = search(passed, Chains.of(candidate.index, model.relations), share=reach.share, at_most=reach.num_paths)
    ids = candidate.index.ids
    paths = tuple(
        PathCredit(
            tuple(ids[place] for place in group.nodes),
            group.credit,
            (("biases", group.biases), ("features", group.features)),
            group.relations,
        )
        for group in found.shares
    )
    sources = passed.features + passed.biases
    left = sources.copy()
    for group in found.shares:
        left[group.nodes[-1]] -= group.credit
    ends = {group.nodes[-1] for group in found.shares}
    size = float(np.abs(sources).sum())
    return Account(
        sign=sign,
        candidate=candidate,
        terms=None,
        constants=tuple(constants),
        paths=paths,
        sources=sources,
        rest=math.fsum([*sources.tolist(), *(-path.credit for path in paths)]),
        rest_gross=float(np.abs(left[np.abs(left) > 1e-12 * size]).sum()),
        num_rest=int(np.count_nonzero(sources)) - len(ends & set(np.flatnonzero(sources).tolist())),
        support=support_shares(passed, inputs, unit),
        classes=model.classes,
        variance=None,
        origin=None,
        is_certified=found.is_certified,
    )


def support_shares(passed: Flow, inputs: Float64, unit: float) -> Float64 | None:
    """What each seen class's own classifier gives `[num_seen]`; None where the last layer was trained.

    With the last layer solved in closed form the output is Σ_s α_s w_s, α the last rows times C.
    """
    network, readout = passed.network, passed.network.readout
    if readout is None:
        return None
    last = network.layers[-1]
    row = np.asarray(last.operator @ passed.hidden[-2])[0]
    if last.after is not None:
        row = np.append(row, 1.0)
    elif last.before is not None:
        row = np.append(row, float(last.operator.sum()))
    length = float(np.linalg.norm(passed.hidden[-1][0]))
    shares: Float64 = unit / length * (row @ readout.coefficients) * (readout.targets @ inputs)
    return shares


def _own_support(model: NetworkModel, concept: str | None, share: float) -> tuple[Float64 | None, tuple[str, ...]]:
    """A class that needs no other: all of its share is its own."""
    if getattr(model, "readout", None) is None:
        return None, ()
    shares = np.zeros(len(model.classes))
    if concept is not None:
        shares[model.classes.index(concept)] = share
    return shares, model.classes
