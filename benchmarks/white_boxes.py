"""W1 and W3 to W7: models written by hand, and for each way to explain whether it said what must be said."""

import math
from collections.abc import Iterable, Mapping, Sequence
from functools import cache, partial
from typing import Any

import numpy as np
from explainers import CaptumIntegratedGradients, GNNExplainerRuns
from sklearn.metrics import roc_auc_score

from kgzsl.display.text import text_table
from kgzsl.explain.counterfactual import counterfactual
from kgzsl.explain.explaining import explain
from kgzsl.explain.fact_credits import FactCredits
from kgzsl.explain.faithfulness import CONTROLS, METHODS
from kgzsl.explain.faithfulness_checks import scores_of
from kgzsl.explain.faithfulness_worlds import WORLDS
from kgzsl.explain.rerun import Rerun

__all__ = ["print_white_boxes", "said_right"]


@cache
def _case(world: str, seed: int) -> Any:
    return WORLDS[world](seed)


def said_right(world: str, method: Any, seed: int) -> float:  # noqa: PLR0911 - one for each world
    """1 or 0; NaN where the method does not speak of what is asked."""
    case = _case(world.split(maxsplit=1)[0], seed)
    ranking = method(case.decision)
    scores = scores_of(ranking) or {}
    top = max(map(abs, scores.values()), default=0.0)
    if world == "W1":  # the exact credit of every fact
        return float(all(abs(scores.get(f, 0.0) - truth) <= 1e-9 * max(top, 1) for f, truth in case.credits.items()))
    if world == "W1 nothing":  # exactly no credit where there is nothing
        return float(not any(scores.get(fact, 0.0) for fact, truth in case.credits.items() if not truth))
    (fact, *others) = case.facts or (None,)
    if world == "W4":  # what is left of the margin without the fact: nothing
        if not (isinstance(ranking, FactCredits) and ranking.method == "occlusion"):
            return math.nan
        assert abs(Rerun(case.decision).outcome([fact]).margin) < 1e-9
        return float(abs(case.decision.margin - scores.get(fact, 0.0)) < 1e-9)
    if world == "W5":  # the sign
        return float(scores.get(fact, 0.0) < 0)
    if world == "W6":  # equal parts
        mine = [scores.get(one, 0.0) for one in (fact, *others)]
        return float(min(mine) > 0 and max(mine) - min(mine) <= 1e-9 * top)
    return float(_own_share(case.decision, ranking, method) >= 0.9)


def _own_share(decision: Any, ranking: Any, method: Any) -> float:
    """What is said of the classes themselves, of all magnitudes; a mask has no line for that."""
    if method is METHODS["paths"]:
        rows = explain(decision).by("facts")
        own = math.fsum(row.gross for row in rows if row.kind != "fact")
        return own / math.fsum(row.gross for row in rows)
    if not isinstance(ranking, FactCredits):
        return 0.0
    own = abs(ranking.baseline)
    return own / (own + float(np.abs(ranking.credits).sum()))


def routed(method: Any, seeds: Iterable[int]) -> float:
    """AUROC of telling the twin that hears properties from the share of its credit on those."""
    shares, labels = [], []
    for seed in seeds:
        for case in _case("W3", seed):
            scores: Mapping[Any, float] = scores_of(method(case.decision)) or {}
            total = math.fsum(map(abs, scores.values()))
            on = math.fsum(abs(score) for fact, score in scores.items() if fact[1] == "has_property")
            shares.append(on / total if total else 0.5)
            labels.append(case.label == "has_property")
    return float(roc_auc_score(labels, shares))


def pairs_found(seeds: Iterable[int]) -> float:
    """Share of W6 in which the counterfactual is both facts together."""
    found = []
    for seed in seeds:
        case = _case("W6", seed)
        change = counterfactual(case.decision, case.facts)
        change.verify()
        found.append(set(change.removed) == set(case.facts))
    return float(np.mean(found))


def print_white_boxes(worlds: Sequence[str], seeds: range) -> None:
    masks = GNNExplainerRuns()
    methods: dict[str, Any] = {**METHODS, **CONTROLS}
    methods |= {name: partial(masks.ranking, name=name) for name in masks.names()}
    methods["Captum IG"] = CaptumIntegratedGradients()
    columns = [one for world in worlds for one in (("W1", "W1 nothing") if world == "W1" else (world,))]
    cells: dict[str, list[float]] = {}
    for name, method in methods.items():
        for world in columns:
            if world == "W3":
                cells.setdefault(name, []).append(routed(method, seeds))
            else:
                right = [said_right(world, method, seed) for seed in seeds]
                cells.setdefault(name, []).append(float(np.mean(right)))
    best = np.max([row for name, row in cells.items() if name.startswith("GNNExplainer")], axis=0)
    rows = {name: row for name, row in cells.items() if not name.startswith("GNNExplainer")}
    rows["GNNExplainer (best of 6)"] = best.tolist()
    lines = [[name, *("" if np.isnan(value) else f"{value:.3f}" for value in row)] for name, row in rows.items()]
    print(f"share of {len(seeds)} seeds in which what must be said was said; W3: AUROC")
    print(text_table(lines, ["method", *columns], right=columns))
    if "W6" in worlds:
        print(f"W6: the smallest change is both facts together in {100 * pairs_found(seeds):.0f} %")
