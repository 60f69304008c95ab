"""Whether probabilities mean what they say: expected calibration error, Brier score, reliability bins."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kgzsl.counts import checked_count
from kgzsl.errors import InputFormatError
from kgzsl.evaluation.metrics import checked, label_ranks

__all__ = ["ReliabilityBins", "brier_score", "expected_calibration_error", "reliability_bins", "reliability_of"]

NUM_BINS = 15


@dataclass(frozen=True, eq=False)
class ReliabilityBins:
    """Samples sorted by the confidence of their prediction, in bins of equal mass.

    `confidence`, `accuracy` `[num_bins]` are means over the samples of a bin, `count` how many those are; bins ascend.

    >>> from kgzsl.evaluation import reliability_bins
    >>> bins = reliability_bins([[0.9, 0.1], [0.6, 0.4]], [0, 1], num_bins=2)
    >>> bins.accuracy.tolist(), round(bins.error, 2)
    ([0.0, 1.0], 0.35)
    """

    confidence: NDArray[np.float64]
    accuracy: NDArray[np.float64]
    count: NDArray[np.int64]

    @property
    def error(self) -> float:
        """Mean over samples of |confidence - accuracy| of their bin: the expected calibration error, in [0, 1]."""
        return float(np.average(np.abs(self.confidence - self.accuracy), weights=self.count))


def expected_calibration_error(probabilities: ArrayLike, labels: ArrayLike, *, num_bins: int = NUM_BINS) -> float:
    """How far confidence and accuracy are apart, in [0, 1], over bins of equal mass.

    Guo et al., "On calibration of modern neural networks", ICML 2017, equation 3; their bins are of equal width, ours
    hold equally many samples (Nguyen and O'Connor, EMNLP 2015), so that none is empty. The confidence is the highest
    probability of a row; a class as probable as the sample's own counts as the one predicted.

    Example:
        >>> expected_calibration_error([[0.75, 0.25], [0.75, 0.25]], [0, 1], num_bins=1)
        0.25

    """
    return reliability_bins(probabilities, labels, num_bins=num_bins).error


def reliability_bins(probabilities: ArrayLike, labels: ArrayLike, *, num_bins: int = NUM_BINS) -> ReliabilityBins:
    """Mean confidence and accuracy of samples alike in confidence: what a reliability diagram shows.

    Bins hold equally many samples, but for one more in the first ones, and samples of equal confidence are never
    told apart: they share a bin, the one that the first of them falls into. There are as many bins as samples where
    those are fewer.

    Example:
        >>> bins = reliability_bins([[0.9, 0.1], [0.6, 0.4], [0.3, 0.7]], [0, 1, 1], num_bins=3)
        >>> bins.confidence.tolist(), bins.accuracy.tolist()
        ([0.6, 0.7, 0.9], [0.0, 1.0, 1.0])

    """
    table, places = _probabilities(probabilities, labels)
    return reliability_of(table.max(axis=1), label_ranks(table, places) == 1, num_bins=num_bins)


def reliability_of(
    confidence: NDArray[np.float64], correct: NDArray[Any], *, num_bins: int = NUM_BINS
) -> ReliabilityBins:
    """The bins, where it is known how sure each prediction was and whether it was right."""
    num_bins = min(checked_count(num_bins, "num_bins"), len(confidence))
    order = np.argsort(confidence, kind="stable")
    sure, right = confidence[order], np.asarray(correct, dtype=np.float64)[order]
    sizes = np.array([len(part) for part in np.array_split(sure, num_bins)])
    bin_of = np.repeat(np.arange(num_bins), sizes)
    bin_of = bin_of[np.searchsorted(sure, sure, side="left")]  # equal confidences: where the first of them is
    count = np.bincount(bin_of, minlength=num_bins)
    kept = count > 0
    sums = (np.bincount(bin_of, weights=values, minlength=num_bins)[kept] / count[kept] for values in (sure, right))
    mean_sure, mean_right = sums
    return ReliabilityBins(mean_sure, mean_right, count[kept].astype(np.int64))


def brier_score(probabilities: ArrayLike, labels: ArrayLike) -> float:
    """Mean over samples of the squared distance between a row and the row that is 1 at the sample's own class.

    Brier, "Verification of forecasts expressed in terms of probability" (1950), equation 2: in [0, 2], 0 the best.

    Example:
        >>> brier_score([[0.5, 0.5]], [1])
        0.5

    """
    table, places = _probabilities(probabilities, labels)
    return float(brier_rows(table, places).mean())


def brier_rows(probabilities: NDArray[Any], labels: NDArray[np.int64]) -> NDArray[np.float64]:
    """The squared distance of each row."""
    own = probabilities[np.arange(len(labels)), labels]
    return np.asarray((probabilities**2).sum(axis=1) - 2 * own + 1, dtype=np.float64)


def _probabilities(probabilities: ArrayLike, labels: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    table, places = checked(probabilities, labels)
    sums = table.sum(axis=1, dtype=np.float64)
    # 1e-3: float32 rows over 20,842 classes, softmax or sums of shares
    if (table < 0).any() or np.abs(sums - 1).max() > 1e-3:
        raise InputFormatError(
            f"probabilities are not negative and rows add up to 1; the least here is {table.min():.4g}, and rows add "
            f"up to {sums.min():.4g} to {sums.max():.4g}: give predict_proba, not scores"
        )
    return table.astype(np.float64), places
