"""How faithful rankings of facts are to the model they speak of: interventions on the model are the only judge.

`faithfulness` gives the table; what stands in it is defined in `faithfulness_curves` (deletion and insertion,
the gain over chance, flips, fidelity) and `faithfulness_checks` (signs, completeness, stability, randomisation).
"""

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from kgzsl.counts import checked_count, checked_seed
from kgzsl.display.progress import progress
from kgzsl.display.table import Table
from kgzsl.errors import InputFormatError, UnknownNameError
from kgzsl.explain.decision import Decision
from kgzsl.explain.fact_credits import FactCredits
from kgzsl.explain.faithfulness_checks import (
    completeness_error,
    randomisation_check,
    randomised,
    sign_accuracy,
    single_effects,
    stability,
)
from kgzsl.explain.faithfulness_curves import (
    Fidelity,
    Ranking,
    deletion_auc,
    deletion_curve,
    deletion_gain,
    facts_to_flip,
    fidelity,
    greedy_ranking,
    insertion_auc,
    insertion_curve,
    leading,
    random_rankings,
)
from kgzsl.explain.faithfulness_rankings import CONTROLS, METHODS, RankingMethod
from kgzsl.explain.gates import GatedMargin, Semantics
from kgzsl.explain.rerun import Fact

__all__ = [
    "CONTROLS",
    "METHODS",
    "Fidelity",
    "Measurement",
    "Ranking",
    "RankingMethod",
    "completeness_error",
    "deletion_auc",
    "deletion_curve",
    "deletion_gain",
    "facts_to_flip",
    "faithfulness",
    "fidelity",
    "greedy_ranking",
    "insertion_auc",
    "insertion_curve",
    "leading",
    "measure",
    "random_rankings",
    "randomisation_check",
    "randomised",
    "sign_accuracy",
    "single_effects",
    "stability",
    "summary",
]

ORACLE, RANDOM = "oracle", "random"
_NEVER = 1_000_000


@dataclass(frozen=True)
class Measurement:
    """What one method did for one decision under one semantics.

    `flips` are the facts needed until the foil was ahead, None if `steps` were not enough. `sign` is NaN for masks,
    `completeness` for whatever has no credits that should add up. `seconds` are those of the ranking alone.
    """

    group: str
    method: str
    semantics: Semantics
    deletion: float
    insertion: float
    flips: int | None
    sign: float
    completeness: float
    fidelity: Fidelity
    seconds: float


def faithfulness(
    decisions: Any,
    X: Any = None,
    *,
    methods: Sequence[str] | Mapping[str, RankingMethod] = ("integrated-gradients", "occlusion", "gradient"),
    semantics: Sequence[Semantics] = ("remove", "suppress"),
    steps: int = 12,
    num_candidates: int | None = 64,
    num_resamples: int = 1000,
    label_space: Any = "all",
    random_state: int | None = None,
    show_progress: bool | None = None,
) -> Table:
    """A row for each method and semantics: means over decisions, with 95 % intervals of the gain.

    `decisions` are decisions or explanations, or a fitted classifier with inputs `X`, each explained against the
    runner-up in `label_space`. `methods` are names in `METHODS` or `CONTROLS`, or functions of a decision that give
    a `Ranking`. "random" (five orders) and "oracle" (greedy among the `num_candidates` facts that did most when last
    tried; None: all) are always measured: they are the 0 and the 1 of "gain". Intervals are bootstraps over decisions.

    >>> from kgzsl.explain.faithfulness_worlds import white_box
    >>> decisions = [white_box(seed).decision for seed in range(4)]
    >>> table = faithfulness(decisions, methods=["measured", "degree"], semantics=["remove"], steps=3)
    >>> [(row[0], round(row[5], 2)) for row in table if row[0] in ("measured", "random")]
    [('measured', 1.0), ('random', 0.0)]
    """
    asked = _decisions(decisions, X, label_space)
    seed = checked_seed(random_state)
    checked_count(num_resamples, "num_resamples")
    found: list[Measurement] = []
    with progress(len(asked), "measuring decisions", show=show_progress) as advance:
        for number, decision in enumerate(asked):
            found += measure(
                decision,
                methods=methods,
                semantics=semantics,
                steps=steps,
                num_candidates=num_candidates,
                random_state=seed + number,
            )
            advance()
    return summary(found, num_resamples=num_resamples, random_state=seed)


def measure(
    decision: Decision,
    *,
    methods: Sequence[str] | Mapping[str, RankingMethod],
    semantics: Sequence[Semantics] = ("remove", "suppress"),
    steps: int = 12,
    num_candidates: int | None = 64,
    random_state: int = 0,
    group: str = "",
) -> tuple[Measurement, ...]:
    """Every method on one decision; `group` is written into each measurement, such as the seed of a world."""
    checked_count(steps, "steps")
    if num_candidates is not None:
        checked_count(num_candidates, "num_candidates")
    rankings: dict[str, tuple[Ranking, float]] = {}
    for name, method in _named(methods).items():
        started = time.perf_counter()
        ranking = method(decision)
        rankings[name] = ranking, time.perf_counter() - started
    asked, found = GatedMargin(decision), []
    chance = random_rankings(asked, random_state=random_state)
    for meaning in semantics:
        effects = single_effects(asked, semantics=meaning)
        started = time.perf_counter()
        oracle = greedy_ranking(asked, semantics=meaning, steps=steps, num_candidates=num_candidates)
        mine = {ORACLE: (oracle, time.perf_counter() - started), **rankings}
        for name, (ranking, seconds) in mine.items():
            found.append(_measured(group, name, asked, ranking, meaning, steps, effects, seconds))
        found.append(_averaged([_measured(group, RANDOM, asked, o, meaning, steps, effects, 0.0) for o in chance]))
    return tuple(found)


def summary(measurements: Iterable[Measurement], *, num_resamples: int = 1000, random_state: int = 0) -> Table:
    """Means over decisions, best gain first, for each semantics; every decision must have met the same methods."""
    found = list(measurements)
    checked_count(num_resamples, "num_resamples")
    rows: list[tuple[Any, ...]] = []
    for meaning in dict.fromkeys(one.semantics for one in found):
        by_method: dict[str, list[Measurement]] = {}
        for one in found:
            if one.semantics == meaning:
                by_method.setdefault(one.method, []).append(one)
        count = len(by_method[RANDOM])
        if any(len(mine) != count for mine in by_method.values()):
            raise InputFormatError("every decision must be measured with the same methods")
        drawn = np.random.default_rng(checked_seed(random_state)).integers(count, size=(num_resamples, count))
        areas = {name: np.array([one.deletion for one in mine]) for name, mine in by_method.items()}
        part = [_row(name, meaning, mine, areas, drawn) for name, mine in by_method.items()]
        rows += sorted(part, key=lambda row: (row[2], row[0] != ORACLE, row[0]))
    columns = ["method", "semantics", "deletion AUC", "low", "high", "gain", "gain low", "gain high"]
    columns += [
        "insertion AUC",
        "flipped",
        "facts to flip",
        "sign accuracy",
        "completeness error",
        "Fid+",
        "Fid-",
        "ms",
    ]
    return Table(columns, rows, caption=f"{len(rows)} rows, 95 % intervals over decisions")


def _row(
    name: str, meaning: str, mine: Sequence[Measurement], areas: Mapping[str, NDArray[np.float64]], drawn: Any
) -> tuple[Any, ...]:
    def gain(chosen: Any) -> Any:
        top = areas[RANDOM][chosen].mean(axis=-1) - areas[name][chosen].mean(axis=-1)
        whole = areas[RANDOM][chosen].mean(axis=-1) - areas[ORACLE][chosen].mean(axis=-1)
        return top / np.where(whole > 1e-12, whole, np.nan)

    low, high = np.quantile(areas[name][drawn].mean(axis=1), [0.025, 0.975])
    gains = gain(drawn)
    gain_low, gain_high = np.nanquantile(gains, [0.025, 0.975]) if np.isfinite(gains).any() else (np.nan, np.nan)
    flips = [one.flips for one in mine if one.flips is not None]
    return (
        name,
        meaning,
        float(areas[name].mean()),
        float(low),
        float(high),
        float(gain(np.arange(len(mine)))),
        float(gain_low),
        float(gain_high),
        _mean(one.insertion for one in mine),
        len(flips) / len(mine),
        _mean(flips),
        _mean(one.sign for one in mine),
        _mean(one.completeness for one in mine),
        _mean(one.fidelity.plus for one in mine),
        _mean(one.fidelity.minus for one in mine),
        1000 * float(np.median([one.seconds for one in mine])),
    )


def _mean(values: Iterable[float]) -> float:
    known = [value for value in values if np.isfinite(value)]
    return float(np.mean(known)) if known else float("nan")


def _measured(
    group: str,
    name: str,
    asked: GatedMargin,
    ranking: Ranking,
    meaning: Semantics,
    steps: int,
    effects: Mapping[Fact, float],
    seconds: float,
) -> Measurement:
    gone = deletion_curve(asked, ranking, semantics=meaning, steps=steps)
    come = insertion_curve(asked, ranking, semantics=meaning, steps=steps)
    below, half = np.flatnonzero(gone < 0), min(6, steps)
    whole = expit(gone[0])
    return Measurement(
        group=group,
        method=name,
        semantics=meaning,
        deletion=float(expit(gone[1:]).mean()),
        insertion=float(expit(come[1:]).mean()),
        flips=int(below[0]) if len(below) else None,
        sign=sign_accuracy(asked, ranking, semantics=meaning, effects=effects),
        completeness=completeness_error(ranking) if isinstance(ranking, FactCredits) else float("nan"),
        fidelity=Fidelity(float(whole - expit(gone[half])), float(whole - expit(come[half]))),
        seconds=seconds,
    )


def _averaged(runs: Sequence[Measurement]) -> Measurement:
    """Of several random orders; they flip if most of them do."""
    flips = sorted(_NEVER if one.flips is None else one.flips for one in runs)[len(runs) // 2]
    plus, minus = np.mean([one.fidelity for one in runs], axis=0).tolist()
    return Measurement(
        group=runs[0].group,
        method=RANDOM,
        semantics=runs[0].semantics,
        deletion=float(np.mean([one.deletion for one in runs])),
        insertion=float(np.mean([one.insertion for one in runs])),
        flips=flips if flips < _NEVER else None,
        sign=float("nan"),
        completeness=float("nan"),
        fidelity=Fidelity(plus, minus),
        seconds=0.0,
    )


def _named(methods: Sequence[str] | Mapping[str, RankingMethod]) -> Mapping[str, RankingMethod]:
    if isinstance(methods, Mapping):
        return methods
    known = {**METHODS, **CONTROLS}
    for name in methods:
        if name not in known:
            raise UnknownNameError("method", str(name), known=tuple(known))
    return {name: known[name] for name in methods}


def _decisions(given: Any, inputs: Any, label_space: Any) -> list[Decision]:
    """Of a classifier with inputs, or of explanations; decisions as they are."""
    if hasattr(given, "explain") and inputs is not None:
        return [given.explain(x, label_space=label_space).decision for x in inputs]
    if hasattr(given, "explain") or inputs is not None:
        raise InputFormatError("a fitted classifier and inputs X come together; decisions come alone")
    found = [getattr(one, "decision", one) for one in given]
    if not found:
        raise InputFormatError("there is no decision to measure")
    return found
