"""Whether one or two facts can change a decision: all of them, without a decision taken for each.

In a network a class's score hangs on few facts, and without a set of facts it is what it is without those of them that
it hangs on; in a closed form it hangs on all. So scores are computed without each fact, and without every two on which
the score of one class hangs, many at a time in the model's gated form; all other sets follow from these. What comes
near to a change is left to be taken again exactly.
"""

from collections.abc import Iterator
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from kgzsl.explain.chains import Chains
from kgzsl.explain.decision import Candidate, Decision, Running
from kgzsl.explain.gated_closed_form import MOST_CONCEPTS
from kgzsl.explain.gates import GatedScores
from kgzsl.explain.ledger import is_closed_form
from kgzsl.explain.rerun import Fact

__all__ = ["sets_that_may_change"]

_NEAR = 1e-4
"""The gated form and the decision itself differ by the rounding of stored weights."""


def sets_that_may_change(
    decision: Decision, before: str, size: int, *, most_sets: int = 300_000
) -> list[tuple[Fact, ...]] | None:
    """Sets of one or two facts without which another class than `before` may be ahead, sorted; None where not known.

    A set of which a part changes the decision already need not be among them. For networks whose links are single
    facts, and closed forms of up to `MOST_CONCEPTS` concepts. Links that stand for chains, and decisions for which
    scores would have to be computed without more than `most_sets` sets are not answered.
    """
    if size not in (1, 2):
        return None
    candidates = sorted(_candidates(decision), key=lambda candidate: candidate.concept != before)
    if not all(_is_gated(decision, candidate) for candidate in candidates):
        return None
    scores = GatedScores(decision, candidates)
    reached = scores.reached()
    singles = np.flatnonzero(reached.any(axis=1))
    met = reached.astype(np.float32) @ reached.T.astype(np.float32) > 0 if size == 2 else np.zeros((0, 0), dtype=bool)
    if len(singles) + int(np.triu(met, k=1).sum()) > most_sets:
        return None
    gates = np.ones((len(singles), len(scores.facts)))
    gates[np.arange(len(singles)), singles] = 0.0
    alone = np.tile(scores.scores(np.ones((1, len(scores.facts)))), (len(scores.facts), 1))
    alone[singles] = scores.scores(gates)
    changing = alone[:, 0] - alone[:, 1:].max(axis=1, initial=-np.inf) < _NEAR
    if size == 1:
        return [(scores.facts[place],) for place in np.flatnonzero(changing).tolist()]
    quiet = np.flatnonzero(~changing)
    asked = np.argwhere(np.triu(met[np.ix_(quiet, quiet)], k=1))
    apart = (pair for pair in _apart(alone, reached, changing) if not met[pair])
    pairs = {*apart, *_near_pairs(scores, quiet[asked])}
    return sorted((scores.facts[one], scores.facts[other]) for one, other in pairs)


def _near_pairs(scores: GatedScores, pairs: NDArray[np.int64]) -> Iterator[tuple[int, int]]:
    """Those without which the first candidate is hardly ahead of the others, or not."""
    for first, group in groupby(pairs.tolist(), key=lambda pair: pair[0]):
        others = np.array([other for _, other in group])
        gates = np.ones((len(others), len(scores.facts)))
        gates[:, first] = 0.0  # what all of them lack is computed once
        gates[np.arange(len(others)), others] = 0.0
        found = scores.scores(gates)
        for place in np.flatnonzero(found[:, 0] - found[:, 1:].max(axis=1, initial=-np.inf) < _NEAR).tolist():
            yield first, int(others[place])


def _apart(
    alone: NDArray[np.float64], reached: NDArray[np.bool_], changing: NDArray[np.bool_]
) -> Iterator[tuple[int, int]]:
    """Two facts, `before` hanging on one and a rival on the other, that are near to a change if that is all they do."""
    mine = np.flatnonzero(reached[:, 0] & ~changing)
    for rival in range(1, alone.shape[1]):
        theirs = np.flatnonzero(reached[:, rival] & ~changing)
        near = alone[mine, 0][:, None] - alone[theirs, rival][None, :] < _NEAR
        for one, other in np.argwhere(near):
            yield tuple(sorted((int(mine[one]), int(theirs[other]))))  # type: ignore[misc]


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


def _is_gated(decision: Decision, candidate: Candidate) -> bool:
    """Whether a score by gates is that of the edited graph.

    That of a network is if each link is one fact, or joins a concept with itself; of a closed form always.
    """
    model = decision.model
    if candidate.is_seen:
        return True
    if is_closed_form(model):
        return candidate.index.num_concepts <= MOST_CONCEPTS
    if not hasattr(model, "opened"):
        return False
    network = model.opened(candidate.index, candidate.concept)
    chains = Chains.of(candidate.index, model.relations)
    for layer, (sources, targets) in zip(
        network.layers, zip(network.rows, network.rows[1:], strict=False), strict=True
    ):
        entries = layer.operator.tocoo()
        for target, source in zip(targets[entries.row].tolist(), sources[entries.col].tolist(), strict=True):
            if len(chains.between(target, source)) > 1:
                return False
    return True
