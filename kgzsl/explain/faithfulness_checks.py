"""Checks that need no curve: whether signs agree with effects, credits add up, and the answer hangs on the model."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import spearmanr

from kgzsl.counts import checked_seed
from kgzsl.explain.decision import Candidate, Decision, OpenLayer
from kgzsl.explain.fact_credits import FactCredits
from kgzsl.explain.faithfulness_curves import Ranking, leading
from kgzsl.explain.faithfulness_rankings import RankingMethod
from kgzsl.explain.gates import GatedMargin, Semantics
from kgzsl.explain.ledger import is_closed_form
from kgzsl.explain.rerun import Fact
from kgzsl.explain.walk_steps import LayerPart, parts_of
from kgzsl.graph.index import GraphIndex

__all__ = [
    "completeness_error",
    "randomisation_check",
    "randomised",
    "scores_of",
    "sign_accuracy",
    "single_effects",
    "stability",
]

_NOISE = 0.01
"""Of the largest effect: below that the sign of an effect is not asked for."""


def scores_of(ranking: Ranking) -> Mapping[Fact, float] | None:
    """The score of each fact; None if the ranking is an order alone."""
    pairs: Any = ranking.ranked() if isinstance(ranking, FactCredits) else ranking
    if not all(len(entry) == 2 and isinstance(entry[0], tuple) for entry in pairs):
        return None
    return {fact: float(score) for fact, score in pairs}


def single_effects(decision: Decision | GatedMargin, *, semantics: Semantics = "remove") -> dict[Fact, float]:
    """Δ(G) - Δ(G ∖ f) of each fact f that the margin depends on."""
    asked = decision if isinstance(decision, GatedMargin) else GatedMargin(decision)
    found = asked.without([(), *((fact,) for fact in asked.reach)], semantics=semantics)
    return dict(zip(asked.reach, (found[0] - found[1:]).tolist(), strict=True))


def sign_accuracy(
    decision: Decision | GatedMargin,
    ranking: Ranking,
    *,
    semantics: Semantics = "remove",
    effects: Mapping[Fact, float] | None = None,
) -> float:
    """P(sign of the score = sign of Δ(G) - Δ(G ∖ f)) over facts f whose effect is above 1 % of the largest.

    A fact without a score counts as wrong. NaN where scores are no signed numbers: an order, or a mask from 0 up.
    """
    scores = scores_of(ranking)
    if scores is None or min(scores.values(), default=0.0) >= 0:
        return float("nan")
    known = single_effects(decision, semantics=semantics) if effects is None else effects
    noise = _NOISE * max(map(abs, known.values()), default=0.0)
    right = [scores.get(fact, 0.0) * effect > 0 for fact, effect in known.items() if abs(effect) > noise]
    return float(np.mean(right)) if right else float("nan")


def completeness_error(credits: FactCredits) -> float:
    """|Σ credits - (Δ(G) - Δ(∅))|."""
    return abs(credits.residual)


def stability(decision: Decision, method: RankingMethod, *, steps: int = 12) -> float:
    """What two runs share of their first `steps` facts.

    1 if they are the same in the same order, else the Jaccard index of the two sets.
    """
    first, second = leading(method(decision), steps), leading(method(decision), steps)
    if first == second:
        return 1.0
    return len(set(first) & set(second)) / len(set(first) | set(second))


def randomisation_check(decision: Decision, method: RankingMethod, *, random_state: int = 0) -> float:
    """Spearman's ρ of the scores before and after the model's parameters are drawn anew (Adebayo et al., NeurIPS 2018).

    Over all facts that either scores. Near 0, what is said depends on what was learned; a story told from the graph
    alone has 1. NaN for an order without scores.
    """
    before, after = (scores_of(method(one)) for one in (decision, randomised(decision, random_state=random_state)))
    if before is None or after is None:
        return float("nan")
    facts = sorted({*before, *after})
    columns = [[scores.get(fact, 0.0) for fact in facts] for scores in (before, after)]
    if any(len(set(column)) < 2 for column in columns):
        return float("nan")
    return float(spearmanr(*columns).statistic)


def randomised(decision: Decision, *, random_state: int = 0) -> Decision:
    """The same question to a model whose parameters mean nothing.

    Those of each layer are shuffled, in a closed form the weights of the seen classes; graph, features and shapes
    stay. Scores are those of the new model.
    """
    model: Any = _ShuffledTargets if is_closed_form(decision.model) else _ShuffledLayers
    with_model = replace(decision, model=model(decision.model, checked_seed(random_state)))
    sides = [replace(side, score=_score(with_model, side)) for _, side in decision.sides()]
    return replace(with_model, target=sides[0], foil=sides[1] if len(sides) > 1 else None)


def _score(decision: Decision, side: Candidate) -> float:
    """A seen class keeps its examples, and with them its score."""
    if side.is_seen:
        return side.score
    return float(GatedMargin(replace(decision, target=side, foil=None)).without([()])[0])


@dataclass(frozen=True)
class _ShuffledLayers:
    """A network model; what it does not say itself, such as `relations`, the original does."""

    model: Any
    seed: int
    readout: None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self.model, name)

    def opened(self, index: GraphIndex, concept: str) -> Any:
        network = self.model.opened(index, concept)
        rng = np.random.default_rng(self.seed)
        layers = tuple(
            _RelationalLayer.shuffled(layer, (self.seed, number))
            if hasattr(layer, "parts")
            else _Layer.shuffled(layer, rng)
            for number, layer in enumerate(network.layers)
        )
        return _Network(network, layers)


@dataclass(frozen=True, eq=False)
class _Layer:
    operator: Any
    groups: Any
    weight: NDArray[np.float64]
    before: NDArray[np.float64] | None
    after: NDArray[np.float64] | None

    @classmethod
    def shuffled(cls, layer: OpenLayer, rng: np.random.Generator) -> "_Layer":
        """Every entry of a matrix in another place; the same places for every concept asked."""
        weight = rng.permutation(layer.weight.reshape(-1)).reshape(layer.weight.shape)
        before, after = (None if b is None else rng.permutation(b) for b in (layer.before, layer.after))
        return cls(layer.operator, layer.groups, weight, before, after)


@dataclass(frozen=True, eq=False)
class _RelationalLayer:
    parts: tuple[LayerPart, ...]
    after: NDArray[np.float64] | None
    before: None = None

    @classmethod
    def shuffled(cls, layer: OpenLayer, seeds: tuple[int, ...]) -> "_RelationalLayer":
        """The same for each matrix by itself, whatever other relations a concept hears over."""
        parts = []
        for part in parts_of(layer):
            rng = np.random.default_rng([*seeds, *(part.relation or "").encode()])
            weight = rng.permutation(part.weight.reshape(-1)).reshape(part.weight.shape)
            parts.append(LayerPart(part.relation, part.operator, weight))
        after = None if layer.after is None else np.random.default_rng(seeds).permutation(layer.after)
        return cls(tuple(parts), after)


@dataclass(frozen=True, eq=False)
class _Network:
    """A network with other layers."""

    network: Any
    layers: tuple[_Layer | _RelationalLayer, ...]
    readout: None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self.network, name)


@dataclass(frozen=True)
class _ShuffledTargets:
    """A closed form whose seen classes have each other's weights."""

    model: Any
    seed: int

    def __getattr__(self, name: str) -> Any:
        return getattr(self.model, name)

    def terms(self, index: GraphIndex, features: Any) -> Any:
        return _Terms(self.model.terms(index, features), self.seed)


@dataclass(frozen=True)
class _Terms:
    terms: Any
    seed: int

    def __getattr__(self, name: str) -> Any:
        return getattr(self.terms, name)

    @property
    def residuals(self) -> NDArray[np.float64]:
        shuffled: NDArray[np.float64] = np.random.default_rng(self.seed).permutation(self.terms.residuals)
        return shuffled

    @property
    def targets(self) -> NDArray[np.float64]:
        return np.asarray(self.terms.targets - self.terms.residuals + self.residuals)

    def dual(self, inputs: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray(self.terms.gram @ (self.residuals @ inputs))

    def norms(self, positions: NDArray[np.int64]) -> NDArray[np.float64]:
        rows = self.terms.prior_rows(positions) + self.terms.coefficients(positions) @ self.residuals
        lengths = np.linalg.norm(rows, axis=1)
        return np.where(self.terms.norms(positions) > 0, lengths, 0.0)
