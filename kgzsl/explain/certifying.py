"""Whether one or two facts can change a decision: all of them, without a decision taken for each.

In a network a class's score hangs on few facts, and without a set of facts it is what it is without those of them that
it hangs on; in a closed form it hangs on all. So scores are computed without each fact, and without every two on which
the score of one class hangs, many at a time in the model's gated form; all other sets follow from these. What comes
near to a change is left to be taken again exactly.
"""

from collections.abc import Iterator, Sequence
from functools import cached_property
from itertools import groupby
from operator import itemgetter

import numpy as np
from numpy.typing import NDArray

from kgzsl.display.progress import steps
from kgzsl.errors import PluginError
from kgzsl.explain.chains import Chains
from kgzsl.explain.decision import Candidate, Decision, Running
from kgzsl.explain.gated_closed_form import MOST_CONCEPTS
from kgzsl.explain.gates import GatedScores
from kgzsl.explain.ledger import is_closed_form
from kgzsl.explain.rerun import Fact, Outcome
from kgzsl.explain.walk_steps import parts_of

__all__ = ["NEAR", "Scan", "sets_that_may_change"]

NEAR = 1e-4
"""The gated form and the decision itself differ by the rounding of stored weights."""


def sets_that_may_change(
    decision: Decision, before: str, size: int, *, most_sets: int = 300_000
) -> list[tuple[Fact, ...]] | None:
    """Sets of one or two facts without which another class than `before` may be ahead, sorted; None where not known.

    A set of which a part changes the decision already need not be among them. For networks whose links are single
    facts, and closed forms of up to `MOST_CONCEPTS` concepts. Links that stand for chains, and decisions for which
    scores would have to be computed without more than `most_sets` sets are not answered.
    """
    return Scan(decision, before).sets(size, most_sets=most_sets)


class Scan:
    """`sets_that_may_change` of one decision: what was computed for sets of one is there for sets of two."""

    def __init__(self, decision: Decision, before: str) -> None:
        self._decision = decision
        self._candidates = sorted(_candidates(decision), key=lambda candidate: candidate.concept != before)

    def sets(self, size: int, *, most_sets: int) -> list[tuple[Fact, ...]] | None:
        """Of so many facts, sorted; None where not known."""
        if size not in (1, 2) or not self.is_known:
            return None
        facts, reached = self._scores.facts, self._reached
        num_singles = int(reached.any(axis=1).sum())
        met = reached.astype(np.float32) @ reached.T.astype(np.float32) > 0 if size == 2 else np.zeros((0, 0), bool)
        if num_singles + int(np.triu(met, k=1).sum()) > most_sets:
            return None
        changing = self._alone[:, 0] - self._alone[:, 1:].max(axis=1, initial=-np.inf) < NEAR
        if size == 1:
            return [(facts[place],) for place in np.flatnonzero(changing).tolist()]
        quiet = np.flatnonzero(~changing)
        asked = np.argwhere(np.triu(met[np.ix_(quiet, quiet)], k=1))
        apart = (pair for pair in _apart(self._alone, reached, changing) if not met[pair])
        pairs = {*apart, *_near_pairs(self._scores, quiet[asked])}
        return sorted((facts[one], facts[other]) for one, other in pairs)

    def leads(self, sets: Sequence[Sequence[Fact]], goal: str | None) -> list[float]:
        """`Outcome.lead` without the facts of each set, as far as the gated form knows it: to within `NEAR`."""
        place, concepts = self._scores.place, tuple(candidate.concept for candidate in self._candidates)
        found: list[float] = []
        for first, group in groupby(sets, key=lambda facts: facts[0]):
            members = list(group)
            gates = np.ones((len(members), len(place)))
            gates[:, place[first]] = 0.0  # what all of them lack is computed once
            for row, facts in zip(gates, members, strict=True):
                row[[place[fact] for fact in facts]] = 0.0
            scores = self._scores.scores(gates)
            found += [Outcome(concepts, row, concepts[0], None).lead(concepts[0], goal) for row in scores]
        return found

    @cached_property
    def is_known(self) -> bool:
        """Whether the gated form scores the decision's classes as decisions taken again do."""
        return all(_is_gated(self._decision, candidate) for candidate in self._candidates)

    @cached_property
    def _scores(self) -> GatedScores:
        return GatedScores(self._decision, self._candidates)

    @cached_property
    def _reached(self) -> NDArray[np.bool_]:
        return self._scores.reached()

    @cached_property
    def _alone(self) -> NDArray[np.float64]:
        """The scores without each fact."""
        num_facts = len(self._scores.facts)
        singles = np.flatnonzero(self._reached.any(axis=1))
        gates = np.ones((len(singles), num_facts))
        gates[np.arange(len(singles)), singles] = 0.0
        alone = np.tile(self._scores.scores(np.ones((1, num_facts))), (num_facts, 1))
        alone[singles] = self._scores.scores(gates)
        return alone


def _near_pairs(scores: GatedScores, pairs: NDArray[np.int64]) -> Iterator[tuple[int, int]]:
    """Those without which the first candidate is hardly ahead of the others, or not."""
    groups = [(first, [other for _, other in group]) for first, group in groupby(pairs.tolist(), key=itemgetter(0))]
    for first, others in steps(groups, "trying all pairs of facts"):
        gates = np.ones((len(others), len(scores.facts)))
        gates[:, first] = 0.0  # what all of them lack is computed once
        gates[np.arange(len(others)), others] = 0.0
        found = scores.scores(gates)
        for place in np.flatnonzero(found[:, 0] - found[:, 1:].max(axis=1, initial=-np.inf) < NEAR).tolist():
            yield first, others[place]


def _apart(
    alone: NDArray[np.float64], reached: NDArray[np.bool_], changing: NDArray[np.bool_]
) -> Iterator[tuple[int, int]]:
    """Two facts, `before` hanging on one and a rival on the other, that are near to a change if that is all they do."""
    mine = np.flatnonzero(reached[:, 0] & ~changing)
    for rival in range(1, alone.shape[1]):
        theirs = np.flatnonzero(reached[:, rival] & ~changing)
        near = alone[mine, 0][:, None] - alone[theirs, rival][None, :] < NEAR
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
    try:
        network = model.opened(candidate.index, candidate.concept)
    except PluginError:  # of modules that are not ours
        return False
    chains = Chains.of(candidate.index, model.relations)
    for layer, (sources, targets) in zip(
        network.layers, zip(network.rows, network.rows[1:], strict=False), strict=True
    ):
        for part in parts_of(layer):
            if part.relation is not None:  # each message is of one fact
                continue
            entries = part.operator.tocoo()
            for target, source in zip(targets[entries.row].tolist(), sources[entries.col].tolist(), strict=True):
                if len(chains.between(target, source)) > 1:
                    return False
    return True
