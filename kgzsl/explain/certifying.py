"""Whether one or two facts can change a decision of a network: all of them, without a decision taken for each.

A class's score depends on few facts, so for each rival only those sets are tried that either class's score depends
on, many at a time, in the network's gated form. What comes near to a change is left to be taken again exactly.
"""

from collections.abc import Iterator
from dataclasses import replace
from itertools import combinations, islice
from math import comb

import numpy as np

from kgzsl.explain.chains import Chains
from kgzsl.explain.decision import Candidate, Decision, Running
from kgzsl.explain.gates import GatedMargin
from kgzsl.explain.ledger import is_closed_form
from kgzsl.explain.rerun import Fact

__all__ = ["sets_that_may_change"]

_CHUNK = 20_000
_NEAR = 1e-4
"""The gated form and the decision itself differ by the rounding of stored weights."""


def sets_that_may_change(
    decision: Decision, before: str, size: int, *, most_margins: int = 300_000
) -> list[tuple[Fact, ...]] | None:
    """Sets of so many facts without which another class than `before` may be ahead, sorted; None where it is not known.

    A set of which a part changes the decision already need not be among them. For networks whose links are single
    facts. Closed forms, whose scores depend on every fact, links that stand for chains, and decisions that would take
    more than `most_margins` margins are not answered.
    """
    if is_closed_form(decision.model) or not hasattr(decision.model, "opened"):
        return None
    candidates = {candidate.concept: candidate for candidate in _candidates(decision)}
    if not all(_has_single_links(decision, candidate) for candidate in candidates.values()):
        return None
    winner, rivals = candidates.pop(before), candidates.values()
    contests = [GatedMargin(replace(decision, target=winner, foil=rival)) for rival in rivals]
    if sum(comb(len(contest.reach), size) for contest in contests) > most_margins:
        return None
    found: set[tuple[Fact, ...]] = set()
    for contest in contests:
        sets = combinations(contest.reach, size)
        while chunk := list(islice(sets, _CHUNK)):
            margins = contest.without(chunk)
            found.update(chunk[place] for place in np.flatnonzero(margins < _NEAR).tolist())
    return sorted(found)


def _candidates(decision: Decision) -> Iterator[Candidate]:
    for running in decision.running:
        seen_rows = iter(running.weights)
        for place, concept in enumerate(running.concepts):
            yield _candidate(decision, running, place, concept, next(seen_rows) if running.is_seen[place] else None)


def _candidate(decision: Decision, running: Running, place: int, concept: str, row: object) -> Candidate:
    offset = float(running.offsets[place])
    score = 0.0
    if row is not None:
        raw = float(np.asarray(row, dtype=np.float64) @ np.asarray(decision.inputs, dtype=np.float64))
        score = (raw - decision.gamma - offset) / decision.temperature
    return Candidate(
        concept=concept,
        label=concept,
        index=running.index,
        features=running.features,
        is_seen=row is not None,
        score=score,
        offset=offset,
        graph=running.graph,
        weights=None if row is None else np.asarray(row),
    )


def _has_single_links(decision: Decision, candidate: Candidate) -> bool:
    """Whether every link of the network behind a class is one fact, or joins a concept with itself."""
    if candidate.is_seen:
        return True
    model = decision.model
    network = model.opened(candidate.index, candidate.concept)  # type: ignore[union-attr]
    chains = Chains.of(candidate.index, model.relations)
    for layer, (sources, targets) in zip(
        network.layers, zip(network.rows, network.rows[1:], strict=False), strict=True
    ):
        entries = layer.operator.tocoo()
        for target, source in zip(targets[entries.row].tolist(), sources[entries.col].tolist(), strict=True):
            if len(chains.between(target, source)) > 1:
                return False
    return True
