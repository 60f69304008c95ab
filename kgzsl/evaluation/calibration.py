"""Settings of a decision, chosen on folds of seen classes that are pretended to be unseen.

A fold leaves some of the seen classes out of the fit and scores samples against all of them. What is chosen here
looks at those scores only; no unseen class and no test sample takes part.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.special import logsumexp

from kgzsl.counts import checked_count, checked_seed
from kgzsl.errors import InputFormatError
from kgzsl.evaluation.generalized import SeenUnseenAccuracy, best_gamma, checked_mask, pooled, sample_margins
from kgzsl.evaluation.metrics import checked

__all__ = [
    "CalibrationFold",
    "StackingChoice",
    "TemperatureChoice",
    "choose_stacking",
    "choose_temperature",
    "class_folds",
    "negative_log_likelihood",
]

TEMPERATURE_BOUNDS = (1e-2, 1e2)


@dataclass(frozen=True)
class CalibrationFold:
    """Scores of a model that was fitted without some of the classes.

    `scores` `[num_samples, num_classes]`, `labels` columns of it, `is_seen` `[num_classes]` False for the columns the
    model was fitted without.

    >>> import numpy as np
    >>> from kgzsl.evaluation import CalibrationFold
    >>> scores = np.array([[0.9, 0.2], [0.7, 0.6], [0.3, 0.4]])
    >>> fold = CalibrationFold(scores, np.array([0, 1, 1]), np.array([True, False]))
    >>> fold.scores[:, fold.is_seen].tolist()
    [[0.9], [0.7], [0.3]]
    """

    scores: NDArray[Any]
    labels: NDArray[Any]
    is_seen: NDArray[np.bool_]


@dataclass(frozen=True)
class StackingChoice:
    """The gamma chosen, and the mean accuracies of the folds at it and without it.

    >>> import numpy as np
    >>> from kgzsl.evaluation import CalibrationFold, choose_stacking
    >>> scores = np.array([[0.9, 0.2], [0.7, 0.6], [0.3, 0.4]])
    >>> fold = CalibrationFold(scores, np.array([0, 1, 1]), np.array([True, False]))
    >>> choose_stacking([fold]).at_zero
    SeenUnseenAccuracy(seen=1.0, unseen=0.5)
    """

    gamma: float
    at_gamma: SeenUnseenAccuracy
    at_zero: SeenUnseenAccuracy
    num_folds: int


@dataclass(frozen=True)
class TemperatureChoice:
    """The temperature chosen, its mean negative log likelihood, and that of temperature 1.

    `at_bound` tells that the search ended at one of `bounds`: "low" where the samples are separable, so that ever
    sharper probabilities fit them better, "high" where the scores are worse than no scores; "" otherwise.

    >>> import numpy as np
    >>> from kgzsl.evaluation import CalibrationFold, choose_temperature
    >>> scores = np.array([[0.9, 0.2], [0.7, 0.6], [0.3, 0.4]])
    >>> fold = CalibrationFold(scores, np.array([0, 1, 1]), np.array([True, False]))
    >>> choice = choose_temperature([fold])
    >>> choice.negative_log_likelihood < choice.at_one, choice.num_folds
    (True, 1)
    """

    temperature: float
    negative_log_likelihood: float
    at_one: float
    bounds: tuple[float, float]
    at_bound: str
    num_folds: int


def class_folds(num_classes: int, num_folds: int, random_state: int | None = None) -> list[NDArray[np.int64]]:
    """Split the places 0 ... num_classes - 1 at random into folds whose sizes differ by one at most.

    Each fold ascends. None means 0: the same arguments always give the same folds.

    Example:
        >>> [fold.tolist() for fold in class_folds(5, 2)]
        [[2, 3, 4], [0, 1]]

    """
    if not 2 <= checked_count(num_folds, "num_folds") <= checked_count(num_classes, "num_classes"):
        raise InputFormatError(f"{num_classes} classes can be split into 2 to {num_classes} folds, not {num_folds}")
    order = np.random.default_rng(checked_seed(random_state)).permutation(num_classes)
    return [np.sort(part).astype(np.int64) for part in np.array_split(order, num_folds)]


def choose_stacking(folds: Sequence[CalibrationFold]) -> StackingChoice:
    """The gamma to take off the scores of seen classes: the highest harmonic mean of the folds' mean accuracies.

    Exact over all gammas; `kgzsl.evaluation.choose_gamma` states the rule for ties. Each fold weighs the same, each
    of its classes the same within its side. Raises `InputFormatError` without folds, `SplitError` if a fold has no
    sample of one side.

    >>> import numpy as np
    >>> from kgzsl.evaluation import CalibrationFold, choose_stacking
    >>> scores = np.array([[0.9, 0.2], [0.7, 0.6], [0.3, 0.4]])
    >>> fold = CalibrationFold(scores, np.array([0, 1, 1]), np.array([True, False]))
    >>> choice = choose_stacking([fold])
    >>> round(choice.gamma, 2), choice.at_gamma
    (0.4, SeenUnseenAccuracy(seen=1.0, unseen=1.0))
    """
    margins = pooled([sample_margins(fold.scores, fold.labels, fold.is_seen) for fold in _some(folds)])
    gamma = best_gamma(margins)
    at_gamma, at_zero = (
        SeenUnseenAccuracy(*(float(side) for side in margins.accuracy(value))) for value in (gamma, 0.0)
    )
    return StackingChoice(gamma, at_gamma, at_zero, len(folds))


def choose_temperature(
    folds: Sequence[CalibrationFold], *, gamma: float = 0.0, bounds: tuple[float, float] = TEMPERATURE_BOUNDS
) -> TemperatureChoice:
    """The T for which softmax(scores / T) gives the samples' own classes the highest likelihood.

    Guo et al., "On calibration of modern neural networks", ICML 2017, section 4.2. `gamma` is first taken off the
    columns of seen classes. Minimises the mean over folds of the mean negative log likelihood, which is convex in 1 /
    T. `bounds` are in units of the spread of the scores (root mean square of what is left of a row less its mean), so
    scores multiplied by a constant give a temperature multiplied by it; separable samples end at the lower bound and
    are reported. T is 1.0 if all rows are constant.

    >>> import numpy as np
    >>> from kgzsl.evaluation import CalibrationFold, choose_temperature
    >>> scores = np.array([[0.9, 0.2], [0.7, 0.6], [0.3, 0.4]])
    >>> fold = CalibrationFold(scores, np.array([0, 1, 1]), np.array([True, False]))
    >>> round(choose_temperature([fold], gamma=0.2).temperature, 2)
    0.0
    """
    low, high = bounds
    if not 0 < low < high < np.inf:
        raise InputFormatError(f"bounds of a temperature are two numbers 0 < low < high, not {bounds!r}")
    parts = [_stacked(fold, gamma) for fold in _some(folds)]
    spread = float(np.sqrt(np.mean([np.mean((t - t.mean(axis=1, keepdims=True)) ** 2) for t, _ in parts])))
    at_one = _mean_loss(parts, 1.0)
    if spread == 0.0:
        return TemperatureChoice(1.0, at_one, at_one, (1.0, 1.0), "", len(folds))
    limits = (low * spread, high * spread)
    found = minimize_scalar(
        lambda log_t: _mean_loss(parts, float(np.exp(log_t))),
        bounds=(float(np.log(limits[0])), float(np.log(limits[1]))),
        method="bounded",
        options={"xatol": 1e-9},
    )
    temperature, side = float(np.exp(found.x)), ""
    # the search never tries the bounds themselves, and stops anywhere on the plateau of a loss that has reached 0
    for limit, name in zip(limits, ("low", "high"), strict=True):
        if not side and _mean_loss(parts, limit) <= found.fun:
            temperature, side = limit, name
    return TemperatureChoice(temperature, _mean_loss(parts, temperature), at_one, limits, side, len(folds))


def negative_log_likelihood(scores: NDArray[Any], labels: NDArray[Any], temperature: float) -> float:
    """Mean of -log softmax(scores / temperature) at each sample's own class, in nats.

    Example:
        >>> round(negative_log_likelihood(np.array([[0.0, 0.0]]), np.array([1]), 2.0), 6)
        0.693147

    """
    if not 0 < temperature < np.inf:
        raise InputFormatError(f"a temperature is a number above 0, not {temperature!r}")
    table, places = checked(scores, labels)
    return _loss(table.astype(np.float64), places, temperature)


def _some(folds: Sequence[CalibrationFold]) -> Sequence[CalibrationFold]:
    if not len(folds):
        raise InputFormatError("no folds: pretend at least one seen class to be unseen")
    return folds


def _stacked(fold: CalibrationFold, gamma: float) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    table, places = checked(fold.scores, fold.labels)
    if gamma == 0.0:
        return table.astype(np.float64), places
    if not np.isfinite(gamma):
        raise InputFormatError(f"gamma {gamma!r} leaves no probabilities; give a finite one")
    return table.astype(np.float64) - gamma * checked_mask(fold.is_seen, table.shape[1]), places


def _mean_loss(parts: Sequence[tuple[NDArray[np.float64], NDArray[np.int64]]], temperature: float) -> float:
    return float(np.mean([_loss(table, places, temperature) for table, places in parts]))


def _loss(table: NDArray[np.float64], places: NDArray[np.int64], temperature: float) -> float:
    own = table[np.arange(len(places)), places]
    # own score taken off before dividing: the loss of a sample the scores are sure of stays accurate near 0
    return float(np.mean(logsumexp((table - own[:, None]) / temperature, axis=1)))
