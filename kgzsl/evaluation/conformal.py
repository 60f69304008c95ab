"""Conformal quantiles and scores that need no model: arrays in, numbers out.

Photographs of a class that was never seen are not exchangeable with those of seen classes; classes are, if the new
ones resemble a random draw of the known ones. So the unit here is the class: Lee, Barber and Willett,
"Distribution-free inference with hierarchical data" (2023), the hierarchical conformal quantile.
"""

import math
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kgzsl.errors import InputFormatError

__all__ = ["aps_scores", "attainable_coverage", "checked_coverage", "hierarchical_quantile", "lac_scores"]

_ROUNDING = 1e-9
"""Sums of shares 1 / ((K + 1) n_k) differ in the last bits from the level they reach."""


def attainable_coverage(num_classes: int) -> float:
    """The highest coverage that `num_classes` calibration classes can promise: K / (K + 1).

    Example:
        >>> round(attainable_coverage(9), 6)
        0.9

    """
    return num_classes / (num_classes + 1)


def checked_coverage(coverage: Any, num_classes: int, *, name: str = "coverage") -> float:
    """The coverage as a number that so many classes can promise; `InputFormatError` says which they can."""
    is_number = isinstance(coverage, int | float | np.integer | np.floating) and not isinstance(coverage, bool)
    if not is_number or not 0 < coverage < 1:
        raise InputFormatError(f"{name} is a number between 0 and 1, not {coverage!r}")
    most = attainable_coverage(num_classes)
    if coverage > most + _ROUNDING:
        needed = math.ceil(coverage / (1 - coverage) - _ROUNDING)
        raise InputFormatError(
            f"{name}={coverage:.6g} cannot be promised: {num_classes:,} classes to calibrate on allow at most "
            f"{math.floor(1e4 * most) / 1e4:.4g}, and {coverage:.6g} needs {needed:,}; ask for less, or fit with "
            "examples of more classes"
        )
    return float(coverage)


def hierarchical_quantile(scores: ArrayLike, groups: ArrayLike, coverage: float, *, name: str = "coverage") -> float:
    """The smallest q such that classes weigh `coverage` up to q: each of K classes 1 / (K + 1), infinity as much.

    `groups` `[num_samples]` tells the class of each score; the samples of a class share its weight. A score drawn
    from one more class, exchangeable with these, is at most q with probability `coverage` or more. Raises
    `InputFormatError` if the classes are too few for that: K / (K + 1) is the most. `name` is what its message calls
    the coverage.

    Example:
        >>> hierarchical_quantile([0.1, 0.3, 0.2, 0.9], [0, 0, 1, 2], 0.5)
        0.3

    """
    values, codes = np.asarray(scores, dtype=np.float64), np.asarray(groups)
    if values.ndim != 1 or values.shape != codes.shape or np.isnan(values).any():
        raise InputFormatError(
            f"scores are numbers with a group each, not shapes {values.shape} and {codes.shape} or NaN"
        )
    if not len(values):
        raise InputFormatError("no scores to take a quantile of")
    _, places, counts = np.unique(codes, return_inverse=True, return_counts=True)
    level = checked_coverage(coverage, len(counts), name=name)
    order = np.argsort(values, kind="stable")
    reached = np.cumsum(1.0 / ((len(counts) + 1) * counts[places[order]]))
    first = int(np.searchsorted(reached, level - _ROUNDING, side="left"))
    return float(values[order[min(first, len(values) - 1)]])


def lac_scores(probabilities: NDArray[np.float64], scores: NDArray[np.float64] | None = None) -> NDArray[np.float64]:
    """1 - p of every class `[num_samples, num_classes]`, and 0 for the best one, so that no set is empty.

    Sadinle, Lei and Wasserman, "Least ambiguous set-valued classifiers with bounded error levels" (JASA 2019), who
    allow empty sets. `scores` say which class is the best where that is not the order of the probabilities.
    """
    found = 1.0 - probabilities
    ranking = probabilities if scores is None else scores
    return np.where(ranking == ranking.max(axis=1, keepdims=True), 0.0, found)


def aps_scores(probabilities: NDArray[np.float64], scores: NDArray[np.float64] | None = None) -> NDArray[np.float64]:
    """For each class, the sum of all probabilities larger than its own, `[num_samples, num_classes]`; 0 for the best.

    Romano, Sesia and Candès, "Classification with valid and adaptive coverage" (NeurIPS 2020), who count a random
    share of the own probability; here none of it counts, so that no set is empty and the same input always gets the
    same set. `scores` say who stands before whom where that is not the order of the probabilities (None: it is).

    Example:
        >>> aps_scores(np.array([[0.5, 0.25, 0.25]])).tolist()
        [[0.0, 0.5, 0.5]]

    """
    ranking = probabilities if scores is None else scores
    order = np.argsort(-ranking, axis=1, kind="stable")
    ranked = np.take_along_axis(ranking, order, axis=1)
    before = np.cumsum(np.take_along_axis(probabilities, order, axis=1), axis=1)
    before = np.hstack([np.zeros((len(before), 1)), before[:, :-1]])
    # equals share the sum before the first one of them
    places = np.arange(ranked.shape[1])
    starts = np.where(np.hstack([np.ones((len(ranked), 1), dtype=bool), ranked[:, 1:] != ranked[:, :-1]]), places, 0)
    starts = np.maximum.accumulate(starts, axis=1)
    found = np.empty_like(before)
    np.put_along_axis(found, order, np.take_along_axis(before, starts, axis=1), axis=1)
    return found
