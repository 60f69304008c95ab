"""The seen/unseen correction and the temperature of a decision, from pretended-unseen folds."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from kgzsl.errors import InputFormatError
from kgzsl.evaluation.calibration import CalibrationFold, choose_stacking, choose_temperature

__all__ = ["DEFAULT_TEMPERATURE", "MIN_CLASSES", "Calibration", "calibrate", "check_stacking", "is_calibration"]

MIN_CLASSES = 4
"""Two seen and two pretended to be unseen: one class alone is always recognised."""

DEFAULT_TEMPERATURE = 0.1
"""Temperature where there are no inputs to choose it on: unit rows, so scores lie in [-1, 1]."""


@dataclass(frozen=True)
class Calibration:
    """`gamma` is taken off the scores of seen classes, then all are divided by `temperature`.

    `source` tells where both come from: "pretended-unseen folds", "given" or "default".
    """

    gamma: float
    temperature: float
    source: str
    num_folds: int = 0


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
    return replace(
        fold, scores=fold.scores[rows][:, columns], labels=fold.labels[rows] - first, is_seen=fold.is_seen[columns]
    )


def check_stacking(calibration: str | float | None, num_classes: int) -> None:
    """`InputFormatError` if gamma cannot be chosen on this many seen classes with examples."""
    if calibration == "stacking" and num_classes < MIN_CLASSES:
        raise InputFormatError(
            f'calibration="stacking" needs examples of at least {MIN_CLASSES} seen classes to pretend some of them '
            f"unseen, and there are {num_classes}; give X and y of more classes, or a number as calibration"
        )


def calibrate(calibration: str | float | None, folds: Sequence[CalibrationFold]) -> Calibration:
    """Choose gamma as `calibration` asks, and the temperature on held-out classes against each other."""
    if calibration == "stacking":
        if not all(fold.is_seen[fold.labels].any() for fold in folds):
            raise InputFormatError(
                'calibration="stacking" needs classes with two examples: an only one cannot be judged by its own '
                "class; give more examples, or a number as calibration"
            )
        gamma = choose_stacking(folds).gamma
    else:
        gamma = 0.0 if calibration is None else float(calibration)
    if not folds:
        return Calibration(gamma, DEFAULT_TEMPERATURE, "default")
    temperature = choose_temperature([_among_held_out(fold) for fold in folds]).temperature
    return Calibration(gamma, temperature, "pretended-unseen folds", len(folds))
