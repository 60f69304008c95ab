"""The seen/unseen correction and the temperature of a decision, from pretended-unseen folds."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from kgzsl.errors import InputFormatError
from kgzsl.evaluation.calibration import CalibrationFold, choose_stacking, choose_temperature

__all__ = ["DEFAULT_TEMPERATURE", "Calibration", "calibrate", "is_calibration"]

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
    return value is None or value == "stacking" or (isinstance(value, int | float) and not isinstance(value, bool))


def _among_held_out(fold: CalibrationFold) -> CalibrationFold:
    """The same fold with held-out classes and their samples only: the zero-shot question."""
    rows = ~fold.is_seen[fold.labels]
    first = int(fold.is_seen.sum())
    columns = ~fold.is_seen
    return replace(
        fold, scores=fold.scores[rows][:, columns], labels=fold.labels[rows] - first, is_seen=fold.is_seen[columns]
    )


def calibrate(calibration: str | float | None, folds: Sequence[CalibrationFold]) -> Calibration:
    """Choose gamma as `calibration` asks, and the temperature on held-out classes against each other."""
    if calibration == "stacking":
        if not folds:
            raise InputFormatError(
                'calibration="stacking" needs examples of at least 4 seen classes to pretend some of them unseen; '
                "give X and y, or a number as calibration"
            )
        gamma = choose_stacking(folds).gamma
    else:
        gamma = 0.0 if calibration is None else float(calibration)
    if not folds:
        return Calibration(gamma, DEFAULT_TEMPERATURE, "default")
    temperature = choose_temperature([_among_held_out(fold) for fold in folds]).temperature
    return Calibration(gamma, temperature, "pretended-unseen folds", len(folds))
