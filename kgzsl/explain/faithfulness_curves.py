"""What becomes of a decision as facts are taken away in the order in which an explanation ranks them.

With Δ the margin of a decision, G its facts and top_k the k facts that a ranking puts first:

    deletion curve     Δ(G ∖ top_k), k = 0 … K                  insertion curve   Δ(∅ ∪ top_k)
    deletion AUC       1/K Σ_{k=1..K} σ(Δ(G ∖ top_k))           insertion AUC     the same of the insertion curve
    deletion gain      (AUC_random - AUC) / (AUC_random - AUC_oracle):   0 is chance, 1 the greedy oracle

σ(Δ) is the probability of the target beside the foil alone. Under "remove" facts leave the graph and degrees are
counted anew, under "suppress" their messages fall silent.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from kgzsl.counts import checked_count, checked_seed
from kgzsl.errors import InputFormatError
from kgzsl.explain.decision import Decision
from kgzsl.explain.fact_credits import FactCredits
from kgzsl.explain.gates import GatedMargin, Semantics
from kgzsl.explain.rerun import Fact

__all__ = [
    "Fidelity",
    "Ranking",
    "deletion_auc",
    "deletion_curve",
    "deletion_gain",
    "facts_to_flip",
    "fidelity",
    "greedy_ranking",
    "insertion_auc",
    "insertion_curve",
    "leading",
    "random_rankings",
]

Float64 = NDArray[np.float64]
Ranking = FactCredits | Sequence[Fact] | Sequence[tuple[Fact, float]]
"""Facts, what speaks most for the target first: bare, or with scores, of which those above 0 speak for it."""


def leading(ranking: Ranking, steps: int | None = None) -> tuple[Fact, ...]:
    """The facts that a ranking says speak for the target, at most `steps` of them.

    A ranking with scores ends where they are 0 or less: it does not claim that those facts hold the decision up.
    """
    pairs = ranking.ranked() if isinstance(ranking, FactCredits) else ranking
    facts: list[Fact] = []
    for entry in pairs[:steps]:
        if len(entry) == 2 and isinstance(entry[0], tuple):
            if not entry[1] > 0:
                break
            facts.append(entry[0])
        elif len(entry) == 3:
            facts.append(entry)
        else:
            raise InputFormatError(f"a ranking has facts, or facts with scores, not {entry!r:.120}")
    return tuple(facts)


def deletion_curve(
    decision: Decision | GatedMargin, ranking: Ranking, *, semantics: Semantics = "remove", steps: int = 12
) -> Float64:
    """Δ(G ∖ top_k) for k = 0 … `steps` `[steps + 1]`; it stays where it is once the ranking has ended."""
    return _curve(decision, ranking, semantics, steps, is_deletion=True)


def insertion_curve(
    decision: Decision | GatedMargin, ranking: Ranking, *, semantics: Semantics = "remove", steps: int = 12
) -> Float64:
    """Δ(top_k) for k = 0 … `steps` `[steps + 1]`, starting from the graph without any fact."""
    return _curve(decision, ranking, semantics, steps, is_deletion=False)


def deletion_auc(
    decision: Decision | GatedMargin, ranking: Ranking, *, semantics: Semantics = "remove", steps: int = 12
) -> float:
    """1/K Σ_{k=1..K} σ(Δ(G ∖ top_k)), K = `steps`; the lower, the more the first facts of the ranking matter."""
    return float(expit(deletion_curve(decision, ranking, semantics=semantics, steps=steps)[1:]).mean())


def insertion_auc(
    decision: Decision | GatedMargin, ranking: Ranking, *, semantics: Semantics = "remove", steps: int = 12
) -> float:
    """1/K Σ_{k=1..K} σ(Δ(top_k)), K = `steps`; the higher, the better the first facts make the decision alone."""
    return float(expit(insertion_curve(decision, ranking, semantics=semantics, steps=steps)[1:]).mean())


def deletion_gain(auc: float, *, random: float, oracle: float) -> float:
    """(random - auc) / (random - oracle), of means over the same decisions; NaN where the oracle gains nothing."""
    return (random - auc) / (random - oracle) if random - oracle > 1e-12 else float("nan")


def facts_to_flip(
    decision: Decision | GatedMargin, ranking: Ranking, *, semantics: Semantics = "remove", at_most: int = 12
) -> int | None:
    """How many facts have to go, in the order of the ranking, until the foil is ahead; None if `at_most` do not do."""
    below = np.flatnonzero(deletion_curve(decision, ranking, semantics=semantics, steps=at_most) < 0)
    return int(below[0]) if len(below) else None


class Fidelity(NamedTuple):
    """Fid+ and Fid- in the form with probabilities.

    `plus` is σ(Δ(G)) - σ(Δ(G ∖ top_k)), high if the facts are needed; `minus` is σ(Δ(G)) - σ(Δ(top_k)), low if they
    suffice.
    """

    plus: float
    minus: float


def fidelity(
    decision: Decision | GatedMargin, ranking: Ranking, *, semantics: Semantics = "remove", num_facts: int = 6
) -> Fidelity:
    """Fid+ and Fid- of the first `num_facts`, for comparison with what others report."""
    gone = deletion_curve(decision, ranking, semantics=semantics, steps=num_facts)
    alone = insertion_curve(decision, ranking, semantics=semantics, steps=num_facts)
    whole = expit(gone[0])
    return Fidelity(float(whole - expit(gone[-1])), float(whole - expit(alone[-1])))


def greedy_ranking(
    decision: Decision | GatedMargin,
    *,
    semantics: Semantics = "remove",
    steps: int = 12,
    num_candidates: int | None = None,
) -> tuple[tuple[Fact, float], ...]:
    """The oracle: each time the fact whose removal lowers the margin most after those before it are gone.

    Every fact that the margin depends on is tried before each step; with `num_candidates` only those that did most
    when they were last tried. The scores are what each removal took off the margin. It ends where none takes any off.
    """
    checked_count(steps, "steps")
    if num_candidates is not None:
        checked_count(num_candidates, "num_candidates")
    asked = _gated(decision)
    gone: list[Fact] = []
    drops: list[float] = []
    margin = float(asked.without([()], semantics=semantics)[0])
    last = dict.fromkeys(asked.reach, np.inf)
    while len(gone) < steps and last:
        order = sorted(last, key=lambda fact: (-last[fact], fact))
        tried = order if num_candidates is None or not gone else order[:num_candidates]
        found = asked.without([(*gone, fact) for fact in tried], semantics=semantics)
        last.update(zip(tried, (margin - found).tolist(), strict=True))
        best = min(tried, key=lambda fact: (-float(f"{last[fact]:.11e}"), fact))
        if last[best] <= 0:
            break
        drops.append(last.pop(best))
        gone.append(best)
        margin -= drops[-1]
    return tuple(zip(gone, drops, strict=True))


def random_rankings(
    decision: Decision | GatedMargin, *, count: int = 5, random_state: int = 0
) -> tuple[tuple[Fact, ...], ...]:
    """`count` orders of the facts that the margin depends on, by chance: what any ranking must beat."""
    checked_count(count, "count")
    facts = _gated(decision).reach
    rng = np.random.default_rng(checked_seed(random_state))
    return tuple(tuple(facts[place] for place in rng.permutation(len(facts)).tolist()) for _ in range(count))


def _curve(
    decision: Decision | GatedMargin, ranking: Ranking, semantics: Semantics, steps: int, *, is_deletion: bool
) -> Float64:
    checked_count(steps, "steps")
    asked, facts = _gated(decision), leading(ranking, steps)
    known = set(asked.facts)
    unknown: Iterable[Fact] = [fact for fact in facts if fact not in known]
    for fact in unknown:
        raise InputFormatError(f"{fact!r} is not among the facts that the model walks")
    gates = [asked.gates(facts[:count], kept=not is_deletion) for count in range(steps + 1)]
    return asked.margins(np.array(gates), semantics=semantics)


def _gated(decision: Decision | GatedMargin) -> GatedMargin:
    return decision if isinstance(decision, GatedMargin) else GatedMargin(decision)
