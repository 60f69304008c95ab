"""Rankings of the facts of a decision, by name: ours, and controls that know nothing of the model."""

from collections import deque
from collections.abc import Callable, Mapping
from functools import partial

import numpy as np

from kgzsl.explain.decision import Decision
from kgzsl.explain.explaining import explain
from kgzsl.explain.fact_credits import fact_credits, integrated
from kgzsl.explain.faithfulness_curves import Ranking
from kgzsl.explain.gates import GatedMargin, Semantics
from kgzsl.explain.rerun import Fact

__all__ = ["CONTROLS", "METHODS", "RankingMethod", "by_degree", "by_distance", "by_paths", "measured_ranking"]

RankingMethod = Callable[[Decision], Ranking]
Scored = tuple[tuple[Fact, float], ...]


def by_paths(decision: Decision) -> Scored:
    """Each path of the explanation divided equally among its facts: `Explanation.by("facts")`."""
    rows = explain(decision).by("facts")
    pairs = [((row.key[1], row.key[2], row.key[3]), row.credit) for row in rows if row.kind == "fact"]
    return _sorted(dict(pairs))


def measured_ranking(
    decision: Decision, *, semantics: Semantics = "remove", steps: int = 12, width: int = 24
) -> Scored:
    """Integrated gradients put to the test: of the `width` facts next in their order, first what removes most.

    Before each of the first `steps` places the margin is taken again without each of the `width` facts of largest
    credit that are left, those placed already gone too; the one that lowers it most comes next. That is at most
    `steps * width` margins, in `steps` batches. The gradients order facts by messages suppressed, whatever
    `semantics` then measures. The rest follow as the gradients order them, with scores below those.
    """
    asked = GatedMargin(decision)
    shares = integrated(asked, "suppress", 16)
    credit = {asked.facts[place]: float(shares[place]) for place in np.flatnonzero(shares).tolist()}
    waiting = [fact for fact, _ in _sorted(credit)]
    placed: list[Fact] = []
    drops: list[float] = []
    margin = float(asked.without([()], semantics=semantics)[0])
    while len(placed) < steps and waiting:
        tried = waiting[:width]
        found = margin - asked.without([(*placed, fact) for fact in tried], semantics=semantics)
        best = min(range(len(tried)), key=lambda place: (-float(f"{found[place]:.11e}"), tried[place]))
        if found[best] <= 0:
            break
        placed.append(waiting.pop(best))
        drops.append(float(found[best]))
        margin -= drops[-1]
    if len(placed) < steps:  # nothing that is left takes anything off
        return tuple(zip(placed, drops, strict=True))
    positive = [fact for fact in waiting if credit[fact] > 0]
    rest = [(fact, min(drops) / (place + 2)) for place, fact in enumerate(positive)]
    return (*zip(placed, drops, strict=True), *rest)


def by_degree(decision: Decision) -> Scored:
    """Facts between the concepts with the most facts first: the product of both counts."""
    facts = GatedMargin(decision).facts
    counts: dict[str, int] = {}
    for head, _, tail in facts:
        counts[head] = counts.get(head, 0) + 1
        counts[tail] = counts.get(tail, 0) + 1
    return _sorted({fact: float(counts[fact[0]] * counts[fact[2]]) for fact in facts})


def by_distance(decision: Decision) -> Scored:
    """Facts near the target first: 1 / (1 + steps from the target to the nearer end)."""
    facts = GatedMargin(decision).facts
    steps = {decision.target.concept: 0}
    joined: dict[str, list[str]] = {}
    for head, _, tail in facts:
        joined.setdefault(head, []).append(tail)
        joined.setdefault(tail, []).append(head)
    waiting = deque(steps)
    while waiting:
        here = waiting.popleft()
        for there in joined.get(here, ()):
            if there not in steps:
                steps[there] = steps[here] + 1
                waiting.append(there)
    far = np.inf
    return _sorted({fact: 1 / (1 + min(steps.get(fact[0], far), steps.get(fact[2], far))) for fact in facts})


def _sorted(scores: Mapping[Fact, float]) -> Scored:
    return tuple(sorted(scores.items(), key=lambda pair: (-float(f"{pair[1]:.11e}"), pair[0])))


METHODS: Mapping[str, RankingMethod] = {
    "integrated-gradients": partial(fact_credits, method="integrated-gradients", semantics="remove"),
    "integrated-gradients-suppress": partial(fact_credits, method="integrated-gradients", semantics="suppress"),
    "shapley": partial(fact_credits, method="shapley"),
    "occlusion": partial(fact_credits, method="occlusion", semantics="remove"),
    "occlusion-suppress": partial(fact_credits, method="occlusion", semantics="suppress"),
    "gradient": partial(fact_credits, method="gradient", semantics="suppress"),
    "gradient-remove": partial(fact_credits, method="gradient", semantics="remove"),
    "paths": by_paths,
    "measured": measured_ranking,
    "measured-suppress": partial(measured_ranking, semantics="suppress"),
}
"""Ways to rank facts, by name. "shapley" is for networks alone."""

CONTROLS: Mapping[str, RankingMethod] = {"degree": by_degree, "distance": by_distance}
"""Orders that do not ask the model."""
