"""The books of a network: every share of one candidate's score, by the walks that its messages took."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kgzsl.explain.account import Account, PathCredit, Reach, pathless
from kgzsl.explain.chains import Chains
from kgzsl.explain.decision import Candidate, Decision, NetworkModel, OpenNetwork
from kgzsl.explain.lockstep import Task, run, together
from kgzsl.explain.network_walks import Flow, Search, backward, forward, searching
from kgzsl.explain.walk_steps import parts_of

__all__ = ["network_accounts", "support_shares"]

Float64 = NDArray[np.float64]


def network_accounts(decision: Decision, model: NetworkModel, reach: Reach) -> tuple[Account, ...]:
    """Split target and foil; gates and the length of the output stay as they were in the forward pass."""
    networks = _opened(model, [side for _, side in decision.sides() if not side.is_seen])
    tasks = [
        _account(decision, model, networks.get(side.concept), sign, side, reach) for sign, side in decision.sides()
    ]
    return tuple(run(together(tasks)))


def _opened(model: NetworkModel, candidates: Sequence[Candidate]) -> dict[str, OpenNetwork]:
    """The network for each, with the same matrices where the model can give them so."""
    concepts = [(side.index, side.concept) for side in candidates]
    if concepts and hasattr(model, "opened_together"):
        networks = model.opened_together(concepts)
    else:
        networks = [model.opened(index, concept) for index, concept in concepts]
    return {concept: network for (_, concept), network in zip(concepts, networks, strict=True)}


def _account(
    decision: Decision,
    model: NetworkModel,
    network: OpenNetwork | None,
    sign: float,
    candidate: Candidate,
    reach: Reach,
) -> Task[Account]:
    """One of them; a class with examples needs no network."""
    inputs = np.asarray(decision.inputs, dtype=np.float64)
    unit = sign / decision.temperature
    constants = [("offset", -unit * candidate.offset)] if candidate.offset else []
    if network is None:
        own = unit * float(np.asarray(candidate.weights, dtype=np.float64) @ inputs)
        constants += [("gamma", -unit * decision.gamma), ("examples", own)]
        return pathless(sign, candidate, None, tuple(constants), *_own_support(model, candidate.concept, own))
    made = yield from forward(network, candidate.features, inputs, unit)
    if not made.hidden[-1].any():
        return pathless(sign, candidate, None, (*constants, ("unknown", 0.0)), *_own_support(model, None, 0.0))
    chains = Chains.of(candidate.index, model.relations)
    tasks: list[Task[Any]] = [
        backward(made, len(candidate.features)),
        searching(made, chains, share=reach.share, at_most=reach.num_paths),
    ]
    results = yield from together(tasks)
    passed: Flow = results[0]
    found: Search = results[1]
    if passed.constant:
        constants.append(("bias", passed.constant))
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
    row = np.concatenate([np.asarray(part.operator @ passed.hidden[-2])[0] for part in parts_of(last)])
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
