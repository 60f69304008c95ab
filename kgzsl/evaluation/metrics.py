"""Measures of a prediction over a fixed set of candidate classes: arrays in, numbers out.

Scores are `[num_samples, num_classes]`, labels are columns of it. Averages are taken per class unless said
otherwise (Xian et al., "Zero-shot learning: the good, the bad and the ugly", CVPR 2017), so a class with many
samples weighs no more than one with few, and ties count against the prediction: a model that gives
every class the same score has not recognised anything.
"""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kgzsl.counts import checked_count
from kgzsl.errors import InputFormatError, listing

__all__ = [
    "Average",
    "PerClassAccuracy",
    "SetMeasures",
    "harmonic_mean",
    "hits_at_k",
    "label_ranks",
    "mean_over",
    "per_class_accuracy",
    "set_measures",
]

Average = Literal["macro", "micro"]
Ties = Literal["against", "shared"]
TIE = 1e-6
"""Scores are equal where ties are shared if they differ by at most this share of the largest of all, sign aside: the
rounding of float32 is less, so that float32 and float64 give one answer."""


@dataclass(frozen=True)
class PerClassAccuracy:
    """Accuracy of each class by itself, and their mean.

    `accuracy` `[num_classes]` is NaN for a class without samples; such a class is counted in `num_absent` and is not
    part of `mean`. `support` counts the samples of each class.

    >>> from kgzsl.evaluation import per_class_accuracy
    >>> accuracy = per_class_accuracy([[0.9, 0.1], [0.8, 0.2], [0.3, 0.7]], [0, 1, 1])
    >>> accuracy.accuracy.tolist(), accuracy.mean
    ([1.0, 0.5], 0.75)
    """

    accuracy: NDArray[np.float64]
    support: NDArray[np.int64]
    mean: float
    num_absent: int


def hits_at_k(
    scores: ArrayLike, labels: ArrayLike, k: int, *, average: Average = "macro", ties: Ties = "against"
) -> float:
    """Share of samples whose own class is among the `k` best scored, in [0, 1].

    With `ties="against"` a class whose score equals that of the sample's own stands before it. With "shared" scores
    that differ by at most 1e-6 of the largest, sign aside, are equal, and a sample counts for the share of the orders
    of its equals in which its own class is among the `k`: what guessing among them would give. Take it where inputs
    without information score all classes alike, which rounding would decide.

    With `average="macro"` the share is taken in each class that has samples and then averaged; with "micro", over the
    samples. Raises `InputFormatError` for scores that are not finite, labels that are not columns, no samples at all,
    or `k` below 1.

    Example:
        >>> hits_at_k([[0.9, 0.1, 0.0], [0.2, 0.7, 0.1], [0.5, 0.5, 0.0]], [0, 1, 1], 1)
        0.75
        >>> hits_at_k([[0.9, 0.1, 0.0], [0.2, 0.7, 0.1], [0.5, 0.5, 0.0]], [0, 1, 1], 1, ties="shared")
        0.875

    """
    table, places = checked(scores, labels)
    if ties == "shared":
        return mean_over(_shared_hits(table, places, checked_count(k, "k")), places, average)
    if ties != "against":
        raise InputFormatError(f"ties is 'against' or 'shared', not {ties!r}")
    return mean_over(label_ranks(table, places) <= checked_count(k, "k"), places, average)


def _shared_hits(scores: NDArray[Any], labels: NDArray[np.int64], k: int) -> NDArray[np.float64]:
    """The chance of each sample's own class to be among the `k` best, all orders of equals being equally likely."""
    above = scores - scores[np.arange(len(labels)), labels][:, None]
    width = TIE * np.abs(scores).max()
    before, equal = (above > width).sum(axis=1), (np.abs(above) <= width).sum(axis=1)
    return np.asarray(np.clip((k - before) / equal, 0.0, 1.0), dtype=np.float64)


def per_class_accuracy(scores: ArrayLike, labels: ArrayLike, k: int = 1) -> PerClassAccuracy:
    """Hit@k of every class by itself; ties count against the prediction.

    Example:
        >>> per_class_accuracy([[0.9, 0.1, 0.0], [0.2, 0.7, 0.1]], [0, 0])
        PerClassAccuracy(accuracy=array([0.5, nan, nan]), support=array([2, 0, 0]), mean=0.5, num_absent=2)

    """
    table, places = checked(scores, labels)
    return accuracy_by_class(label_ranks(table, places) <= checked_count(k, "k"), places, table.shape[1])


def accuracy_by_class(correct: NDArray[Any], labels: NDArray[np.int64], num_classes: int) -> PerClassAccuracy:
    """Mean of `correct` in every class, where what is correct is already known."""
    support = np.bincount(labels, minlength=num_classes)
    hits = np.bincount(labels, weights=correct, minlength=num_classes)
    accuracy = np.full(num_classes, np.nan)
    present = support > 0
    accuracy[present] = hits[present] / support[present]
    mean = float(accuracy[present].mean()) if present.any() else float("nan")
    return PerClassAccuracy(accuracy, support.astype(np.int64), mean, int((~present).sum()))


@dataclass(frozen=True)
class SetMeasures:
    """How sets of classes do: the share that holds the sample's own class, and how many classes they name.

    `coverage` and `size` are means over classes or samples, as asked; `size_median` and `num_empty` are over samples.
    `coverage_by_class` `[num_classes]` is NaN for a class without samples.

    >>> from kgzsl.evaluation import set_measures
    >>> measures = set_measures([[True, False], [True, True]], [1, 1])
    >>> measures.coverage, measures.size, measures.num_empty
    (0.5, 1.5, 0)
    """

    coverage: float
    size: float
    size_median: float
    num_empty: int
    coverage_by_class: NDArray[np.float64]


def set_measures(sets: ArrayLike, labels: ArrayLike, *, average: Average = "macro") -> SetMeasures:
    """Coverage and size of prediction sets, `[num_samples, num_classes]` booleans that say which class is in.

    Example:
        >>> found = set_measures([[True, True, False], [False, True, False]], [0, 2])
        >>> found.coverage, found.size
        (0.5, 1.5)

    """
    table = np.asarray(sets)
    if table.dtype != np.bool_:
        raise InputFormatError(f"sets are booleans [num_samples, num_classes], not {table.dtype}")
    _, places = checked(table, labels)
    inside = table[np.arange(len(places)), places].astype(np.float64)
    size = table.sum(axis=1)
    by_class = accuracy_by_class(inside, places, table.shape[1]).accuracy
    covered, mean_size = (mean_over(values, places, average) for values in (inside, size.astype(np.float64)))
    return SetMeasures(covered, mean_size, float(np.median(size)), int((size == 0).sum()), by_class)


def harmonic_mean(s: float, u: float) -> float:
    """2su / (s + u) of the accuracies on seen and unseen classes; 0.0 where one of them is 0.

    Example:
        >>> harmonic_mean(0.6, 0.3), harmonic_mean(0.6, 0.0)
        (0.4, 0.0)

    """
    return 2 * s * u / (s + u) if s > 0 and u > 0 else 0.0


def label_ranks(scores: NDArray[Any], labels: NDArray[np.int64]) -> NDArray[np.int64]:
    """Rank of each sample's own class, 1 the best; every class with the same score stands before it.

    Scores of -inf are allowed here (a class left out of the candidates), NaN is not. Trusts its caller to have checked.
    """
    own = scores[np.arange(len(labels)), labels]
    return np.asarray((scores >= own[:, None]).sum(axis=1), dtype=np.int64)


def mean_over(values: NDArray[Any], labels: NDArray[np.int64], average: Average) -> float:
    """Mean of one value a sample: over the samples ("micro"), or over the means of the classes ("macro")."""
    if average == "micro":
        return float(np.mean(values))
    if average != "macro":
        raise InputFormatError(f"average is 'macro' or 'micro', not {average!r}")
    _, codes = np.unique(labels, return_inverse=True)
    return float(np.mean(np.bincount(codes, weights=values) / np.bincount(codes)))


def checked(scores: ArrayLike, labels: ArrayLike) -> tuple[NDArray[np.floating[Any]], NDArray[np.int64]]:
    """Scores and labels as arrays of the promised form, or `InputFormatError`."""
    table = np.asarray(scores)
    places = np.asarray(labels)
    if not np.issubdtype(table.dtype, np.floating):
        table = table.astype(np.float64)
    if table.ndim != 2:
        raise InputFormatError(f"scores have shape [num_samples, num_classes], not {table.shape}")
    if places.shape != (len(table),):
        raise InputFormatError(f"{len(table):,} rows of scores need as many labels, not shape {places.shape}")
    if not len(table):
        raise InputFormatError("no samples: a mean over nothing has no value")
    if not np.isfinite(table).all():
        rows = np.flatnonzero(~np.isfinite(table).all(axis=1))
        raise InputFormatError(f"scores are not finite in {len(rows):,} row(s): {listing(rows.tolist())}")
    if not np.issubdtype(places.dtype, np.integer):
        raise InputFormatError(f"labels are columns of scores, so integers, not {places.dtype}")
    wrong = np.unique(places[(places < 0) | (places >= table.shape[1])])
    if len(wrong):
        raise InputFormatError(f"labels outside the {table.shape[1]:,} columns of scores: {listing(wrong.tolist())}")
    return table, places.astype(np.int64)
