"""The seen/unseen correction and the temperature of a decision, from pretended-unseen folds."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kgzsl.errors import InputFormatError, KgzslWarning
from kgzsl.evaluation.calibration import CalibrationFold, choose_stacking, choose_temperature
from kgzsl.evaluation.generalized import SeenMargins

__all__ = [
    "MIN_CLASSES",
    "Calibration",
    "calibrate",
    "check_stacking",
    "default_temperature",
    "is_calibration",
    "warn_few_classes",
]

MIN_CLASSES = 4
"""Two seen and two pretended to be unseen: one class alone is always recognised."""

DEFAULT_TEMPERATURE = 0.1
"""Temperature of cosines where there are no inputs to choose it on."""

COSINE_BOUNDS = (0.02, 1.0)
"""Temperatures of cosines: below, 0.1 of cosine is e^5 to 1; above, no cosine says anything."""

PRIOR_CLASSES = 10
"""The default temperature counts as much as what this many held-out classes say."""

SAMPLES_A_CLASS = 10
"""Held-out samples that count as one held-out class, where there are few."""


MANY_CLASSES = 32
"""Seen classes from which on folds are trusted with any gamma.

Of K fewer, gamma has to leave them the share 1 - K / 32 of their accuracy: a half of sixteen, three quarters of eight.
`benchmarks/few_classes.py` shows what it does.
"""


FEWEST_CLASSES = 6
"""Seen classes from which on a gamma was never seen to leave hardly any of their samples in that benchmark."""


@dataclass(frozen=True)
class Calibration:
    """`gamma` is taken off the scores of seen classes, then all are divided by `temperature`.

    `source` tells where both come from: "pretended-unseen folds", "given" or "default". `at_bound` is "low" or "high"
    where the search for the temperature, or what it may be, ended at that bound: probabilities are then too even or
    too sharp, and no sample says by how much; "" otherwise. `held_back_from` is the gamma that the folds asked for
    where it would have cost seen classes too much of their accuracy, and a smaller one was taken; else None.
    """

    gamma: float
    temperature: float
    source: str
    num_folds: int = 0
    at_bound: str = ""
    held_back_from: float | None = None


def is_calibration(value: object) -> bool:
    """Whether `value` is one of the three things `calibration=` takes."""
    if isinstance(value, str):
        return value == "stacking"
    if value is None or isinstance(value, bool):
        return value is None
    return isinstance(value, int | float | np.integer | np.floating) and bool(np.isfinite(value))


def _among_held_out(fold: CalibrationFold) -> CalibrationFold:
    """The same fold with held-out classes and their samples only: the zero-shot question."""
    rows = ~fold.is_seen[fold.labels]
    first = int(fold.is_seen.sum())
    columns = ~fold.is_seen
    return CalibrationFold(fold.scores[rows][:, columns], fold.labels[rows] - first, fold.is_seen[columns])


def check_stacking(calibration: str | float | None, num_classes: int) -> None:
    """`InputFormatError` if gamma cannot be chosen on this many seen classes with examples."""
    if calibration == "stacking" and num_classes < MIN_CLASSES:
        raise InputFormatError(
            f'calibration="stacking" needs examples of at least {MIN_CLASSES} seen classes to pretend some of them '
            f"unseen, and there are {num_classes}; give X and y of more classes, or a number as calibration"
        )


def warn_few_classes(calibration: str | float | None, num_classes: int, *, stacklevel: int) -> None:
    """Warn of a gamma chosen on so few seen classes that not even what they lose by it can be told."""
    if calibration == "stacking" and num_classes < FEWEST_CLASSES:
        warnings.warn(
            f"gamma was chosen on {num_classes} seen classes, and under {FEWEST_CLASSES} say next to nothing of it: "
            "compare s of evaluate with that of calibration=None, or give a number as calibration",
            KgzslWarning,
            stacklevel=stacklevel + 1,
        )


def default_temperature(kind: str, weights: NDArray[np.float64], model: Any = None) -> float:
    """The temperature where there are no inputs to choose it on, by what scores are.

    1 for a `model` whose scores are log odds (`log_odds`). A linear layer (`kind` "linear") is brought to unit rows, so
    that scores are its logits divided by a length: the mean length of the given `weights` gives these back. 0.1 for
    cosines, and for other scores that are made of them.
    """
    if getattr(model, "log_odds", False):
        return 1.0
    if kind != "linear" or hasattr(model, "scores") or not weights.any():
        return DEFAULT_TEMPERATURE
    largest = float(np.abs(weights).max())  # squares of large weights are not finite
    lengths = np.linalg.norm(weights / largest, axis=1)
    return float(1 / lengths[lengths > 0].mean()) / largest


def calibrate(
    calibration: str | float | None,
    folds: Sequence[CalibrationFold],
    *,
    is_cosine: bool = True,
    default: float = DEFAULT_TEMPERATURE,
    seen: SeenMargins | None = None,
) -> Calibration:
    """Choose gamma as `calibration` asks, and the temperature on held-out classes against each other.

    A held-out class of few has lost relatives that a really unseen one has, and may ask for a gamma that hardly a
    sample of a seen class survives. Of K classes, less than 32, gamma is therefore held back to the largest that leaves
    the samples `seen` the share 1 - K / 32 of the accuracy that they have without it.

    Few held-out classes give temperatures that are far too low (all of their samples are told apart) or too high. Of
    cosines (`is_cosine`), what the folds choose is therefore kept within 0.02 and 1, and log temperature is n / (n +
    10) of it and the rest of the default 0.1; n counts held-out classes over all folds, or a tenth of their samples
    if that is less. Scores in other units (linear weights, models with scores of their own) are not drawn towards a
    default. Without folds the temperature is `default`.
    """
    if calibration == "stacking":
        if not all(fold.is_seen[fold.labels].any() for fold in folds):
            raise InputFormatError(
                'calibration="stacking" needs classes with two examples: an only one cannot be judged by its own '
                "class; give more examples, or a number as calibration"
            )
        asked = choose_stacking(folds).gamma
        share = 1 - len(folds[0].is_seen) / MANY_CLASSES
        gamma = asked if seen is None or share <= 0 else seen.bounded(asked, share=share)
    else:
        gamma = asked = 0.0 if calibration is None else float(calibration)
    if not folds:
        return Calibration(gamma, default, "default")
    judged = [_among_held_out(fold) for fold in folds]
    chosen = choose_temperature(judged)
    temperature, at_bound = chosen.temperature, chosen.at_bound
    if is_cosine:
        temperature, side = _steadied(temperature, judged)
        at_bound = side or at_bound
    held_back_from = asked if gamma != asked else None
    return Calibration(gamma, temperature, "pretended-unseen folds", len(folds), at_bound, held_back_from)


def _steadied(temperature: float, judged: Sequence[CalibrationFold]) -> tuple[float, str]:
    """The temperature kept within bounds and drawn towards the default, and the bound that kept it, or ""."""
    num_classes = sum(len(fold.is_seen) for fold in judged)
    told = min(num_classes, sum(len(fold.labels) for fold in judged) / SAMPLES_A_CLASS)
    weight = told / (told + PRIOR_CLASSES)
    low, high = COSINE_BOUNDS
    kept = min(max(temperature, low), high)
    drawn = float(np.exp(weight * np.log(kept) + (1 - weight) * np.log(DEFAULT_TEMPERATURE)))
    return drawn, "low" if temperature < low else "high" if temperature > high else ""
