"""How much each fact of the graph has to do with a decision, by the way it is asked.

Paths say how a score is built; here facts are switched. The methods differ in what they hold fixed:

* "integrated-gradients" along all gates opened together, degrees counted anew (Sundararajan et al., ICML 2017, eq. 1,
  with the gates inside the normalisation): shares of what all facts together do, from a graph without any. That is
  not the order in which to remove them: a fact carries messages both ways, so that a margin may rise while it fades
  and fall when it is gone, which no slope shows. Weights that are zeros without facts have no direction to start
  from; their length is held at what it is with all of them;
* "shapley" of the game whose players are facts and whose value is what walks over present facts carry, gates of the
  network frozen: walks are unanimity games, so each gives equal parts to its facts (Shapley 1953). A walk there and
  back over one fact needs that fact once, and is its own alone. Facts that join the same two concepts are one player,
  whose part they share; where each relation has a matrix of its own, each is a player for itself;
* "occlusion": the margin with the fact less that without it, one decision a fact;
* "gradient": how fast the margin falls when the fact begins to fade.
"""

import math
from dataclasses import dataclass, field
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from kgzsl.counts import checked_count
from kgzsl.display.table import Table
from kgzsl.errors import ExplanationError, UnknownNameError
from kgzsl.explain.chains import Chains
from kgzsl.explain.decision import Candidate, Decision, NetworkModel
from kgzsl.explain.gates import GatedMargin, Semantics
from kgzsl.explain.ledger import is_closed_form
from kgzsl.explain.network_walks import flow
from kgzsl.explain.rerun import Fact
from kgzsl.explain.walk_games import Player, fact_games
from kgzsl.graph.index import GraphIndex

__all__ = ["FactCredits", "FactMethod", "fact_credits"]

Float64 = NDArray[np.float64]
FactMethod = Literal["integrated-gradients", "shapley", "occlusion", "gradient"]


@dataclass(frozen=True, eq=False)
class FactCredits:
    """A credit for each fact; those of facts that are not listed are exactly 0.

    `baseline` is the margin without any fact (what is said of the class itself), `total` what the credits add up to
    with it, and `residual` what of the margin is left: 0 for "shapley" but for rounding, the error of the quadrature
    for "integrated-gradients"; "occlusion" and "gradient" are no shares, and their residual says how far from it.
    """

    facts: tuple[Fact, ...]
    credits: Float64 = field(repr=False)
    baseline: float
    margin: float
    method: str
    semantics: str

    @property
    def total(self) -> float:
        """The baseline and all credits."""
        return math.fsum([self.baseline, *self.credits.tolist()])

    @property
    def residual(self) -> float:
        """The margin less the total."""
        return self.margin - self.total

    def __len__(self) -> int:
        return len(self.facts)

    def credit(self, fact: Fact) -> float:
        """Of one fact."""
        return float(self.credits[self.facts.index(fact)]) if fact in self.facts else 0.0

    def ranked(self) -> tuple[tuple[Fact, float], ...]:
        """Facts with their credits, what speaks for the target first, what speaks against it last."""
        pairs = zip(self.facts, self.credits.tolist(), strict=True)
        return tuple(sorted(pairs, key=lambda pair: (-float(f"{pair[1]:.11e}"), pair[0])))

    def to_table(self) -> Table:
        """A row for each fact, largest magnitude first."""
        order = sorted(self.ranked(), key=lambda pair: (-abs(pair[1]), pair[0]))
        caption = f"{self.method} ({self.semantics}): {self.baseline:+.4g} without facts, {self.margin:+.4g} with all"
        return Table(
            ["head", "relation", "tail", "credit"], ((*fact, credit) for fact, credit in order), caption=caption
        )

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.method} of {len(self):,} facts, margin {self.margin:+.4g}>"

    def __str__(self) -> str:
        return str(self.to_table())

    def _repr_html_(self) -> str:
        return self.to_table()._repr_html_()


def fact_credits(
    decision: Decision,
    method: FactMethod = "integrated-gradients",
    *,
    semantics: Semantics = "remove",
    num_nodes: int = 16,
) -> FactCredits:
    """Credits of the facts of a decision; the module says what the methods mean.

    `semantics` says what a missing fact is: "remove" counts degrees anew, "suppress" keeps them. "shapley" is for
    networks and suppresses. `num_nodes` are the Gauss-Legendre nodes of "integrated-gradients".

    >>> from kgzsl.testing import example_decision
    >>> import kgzsl
    >>> found = kgzsl.fact_credits(example_decision(), method="occlusion")
    >>> found.to_table().columns, len(found)
    (('head', 'relation', 'tail', 'credit'), 13)
    """
    if method not in get_args(FactMethod):
        raise UnknownNameError("method", str(method), known=get_args(FactMethod))
    checked_count(num_nodes, "num_nodes")
    if method == "shapley":
        return _shapley(decision)
    gated = GatedMargin(decision)
    nothing = np.zeros(len(gated.facts))
    baseline, margin = gated.margin(nothing, semantics=semantics), gated.margin(semantics=semantics)
    if method == "integrated-gradients":
        shares = integrated(gated, semantics, num_nodes)
    elif method == "gradient":
        shares = gated.gradient(semantics=semantics)
    else:
        shares = _occluded(gated, semantics)
    reached = np.flatnonzero(shares)
    return FactCredits(
        tuple(gated.facts[place] for place in reached.tolist()), shares[reached], baseline, margin, method, semantics
    )


def integrated(gated: GatedMargin, semantics: Semantics, num_nodes: int) -> Float64:
    """∫ over t of the gradient at all gates t `[num_facts]`, by Gauss-Legendre."""
    nodes, weights = np.polynomial.legendre.leggauss(num_nodes)
    gates = np.repeat((nodes[:, None] + 1) / 2, len(gated.facts), axis=1)
    return np.asarray(weights / 2 @ gated.gradients(gates, semantics=semantics, from_nothing=True), dtype=np.float64)


def _occluded(gated: GatedMargin, semantics: Semantics) -> Float64:
    """The effect of each fact alone; of those out of reach it is nothing."""
    effects = np.zeros(len(gated.facts))
    margins = gated.without([(), *((fact,) for fact in gated.reach)], semantics=semantics)
    effects[gated.places(gated.reach)] = margins[0] - margins[1:]
    return effects


def _shapley(decision: Decision) -> FactCredits:
    model = decision.model
    if is_closed_form(model):
        raise ExplanationError(
            "shapley counts the walks of a network; the walks of a closed form have no end: explanation.by('facts') "
            "divides each of its paths among the facts of it"
        )
    sums: dict[Fact, list[float]] = {}
    baseline: list[float] = []
    for sign, candidate in decision.sides():
        _add_side(decision, model, sign, candidate, sums, baseline)  # type: ignore[arg-type]
    facts = tuple(sorted(fact for fact, parts in sums.items() if any(parts)))
    shares = np.array([math.fsum(sums[fact]) for fact in facts])
    return FactCredits(facts, shares, math.fsum(baseline), decision.margin, "shapley", "suppress")


def _add_side(
    decision: Decision,
    model: NetworkModel,
    sign: float,
    candidate: Candidate,
    sums: dict[Fact, list[float]],
    baseline: list[float],
) -> None:
    unit = sign / decision.temperature
    baseline.append(-unit * (candidate.offset + decision.gamma * candidate.is_seen))
    inputs = np.asarray(decision.inputs, dtype=np.float64)
    if candidate.is_seen:
        baseline.append(unit * float(np.asarray(candidate.weights, dtype=np.float64) @ inputs))
        return
    index = candidate.index
    passed = flow(model.opened(index, candidate.concept), candidate.features, inputs, unit)
    baseline.append(passed.constant)
    for players, credit in fact_games(passed, Chains.of(index, model.relations)).items():
        if not players:
            baseline.append(credit)
        for player in players:
            facts = _facts_of(player, index, model.relations)
            for fact in facts:
                sums.setdefault(fact, []).append(credit / len(players) / len(facts))


def _facts_of(player: Player, index: GraphIndex, relations: tuple[str, ...] | None) -> list[Fact]:
    """The one fact that it is, or all that join the two concepts that it is."""
    ids = index.ids
    if len(player) == 3:
        head, relation, tail = player
        return [(ids[head], relation, ids[tail])]
    (low, high), around = player, index.around(relations)
    rows = sorted({row for place, row in zip(around.of(low), around.edges_of(low), strict=True) if place == high})
    return [
        (ids[index.head[row]], index.relations[int(index.relation[row])].name, ids[index.tail[row]]) for row in rows
    ]
