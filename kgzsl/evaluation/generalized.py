"""Generalised zero-shot measures: seen and unseen classes compete, and gamma trades one side for the other.

Calibrated stacking (Chao et al., "An empirical study and analysis of generalized zero-shot learning for object
recognition in the wild", ECCV 2016) subtracts gamma from every score of a seen class. A sample's fate depends on
gamma through one number only, its margin:

* seen class, best of the seen ones: right as long as gamma < own score - best unseen score;
* unseen class, best of the unseen ones: right as soon as gamma > best seen score - own score;
* not the best of its own side: wrong at every gamma.

So one sort of the margins gives both accuracies at every gamma, exactly. Both inequalities are strict: a tie counts
against the prediction, whichever side it is on.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kgzsl.errors import InputFormatError, SplitError
from kgzsl.evaluation.metrics import checked, harmonic_mean

__all__ = [
    "CalibrationCurve",
    "Margins",
    "SeenMargins",
    "SeenUnseenAccuracy",
    "ausuc",
    "calibration_curve",
    "choose_gamma",
    "sample_margins",
    "seen_unseen_accuracy",
]


class SeenUnseenAccuracy(NamedTuple):
    """Per-class mean accuracy on the seen and on the unseen classes, all classes being candidates.

    >>> from kgzsl.evaluation import SeenUnseenAccuracy
    >>> round(SeenUnseenAccuracy(seen=0.6, unseen=0.3).harmonic_mean, 2)
    0.4
    """

    seen: float
    unseen: float

    @property
    def harmonic_mean(self) -> float:
        """2su / (s + u), 0.0 where one side is 0."""
        return harmonic_mean(self.seen, self.unseen)


@dataclass(frozen=True)
class Margins:
    """What gamma does to each sample that is right at some gamma, by side.

    A seen sample is right while gamma < its margin, an unseen one while gamma > its margin. Weights are a sample's
    share of the mean per-class accuracy of its side; samples that are wrong at every gamma are left out, so the
    weights of a side add up to the highest accuracy it can reach. Both sides are sorted by margin.
    """

    seen_margin: NDArray[np.float64]
    seen_weight: NDArray[np.float64]
    unseen_margin: NDArray[np.float64]
    unseen_weight: NDArray[np.float64]

    def accuracy(self, gamma: float | NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """(s, u) at each gamma, -inf and inf included."""
        lost = np.searchsorted(self.seen_margin, gamma, side="right")
        won = np.searchsorted(self.unseen_margin, gamma, side="left")
        return _sums(self.seen_weight[::-1])[::-1][lost], _sums(self.unseen_weight)[won]

    @property
    def area(self) -> float:
        """Area under (s, u) as gamma goes from -inf to inf: what u is worth whenever s loses a sample, added up."""
        _, unseen = self.accuracy(self.seen_margin)
        return float(unseen @ self.seen_weight)


@dataclass(frozen=True)
class SeenMargins:
    """The seen side of `Margins` alone: sorted margins, and each sample's share of the mean per-class accuracy."""

    margin: NDArray[np.float64]
    weight: NDArray[np.float64]

    @classmethod
    def of(cls, margin: NDArray[np.float64], contender: NDArray[np.bool_], labels: NDArray[np.int64]) -> "SeenMargins":
        """From what `raw_margins` gives for samples of seen classes alone."""
        _, place, support = np.unique(labels, return_inverse=True, return_counts=True)
        order = np.argsort(margin[contender], kind="stable")
        share = 1.0 / (max(len(support), 1) * support[place[contender]])
        return cls(margin[contender][order], share[order])

    def accuracy(self, gamma: float) -> float:
        """Accuracy of the seen side at a gamma."""
        return float(self.weight[np.searchsorted(self.margin, gamma, side="right") :].sum())

    def bounded(self, gamma: float, *, share: float) -> float:
        """`gamma`, or if it leaves less than this share of the accuracy without it, the largest that does not.

        Accuracy is constant between two neighbouring margins: the middle of the last such interval is taken. A gamma
        of 0 or less is left as it is.
        """
        least = share * self.accuracy(0.0) - 1e-12
        if gamma <= 0 or self.accuracy(gamma) >= least:
            return gamma
        steps = np.concatenate([[0.0], np.unique(self.margin[self.margin > 0])])
        first = next(place for place, step in enumerate(steps) if self.accuracy(step) < least)
        return float((steps[first - 1] + steps[first]) / 2)


@dataclass(frozen=True)
class CalibrationCurve:
    """Seen and unseen accuracy at every gamma that makes a difference.

    `gamma` ascends from -inf to inf: every margin at which a sample changes, and a value between each two. `seen` does
    not rise and `unseen` does not fall along it.

    >>> from kgzsl.evaluation import calibration_curve
    >>> curve = calibration_curve([[0.9, 0.4], [0.6, 0.5]], [0, 1], [True, False])
    >>> curve.seen.tolist(), curve.harmonic_mean.tolist()
    ([1.0, 1.0, 1.0, 0.0, 0.0], [0.0, 0.0, 1.0, 0.0, 0.0])
    """

    gamma: NDArray[np.float64]
    seen: NDArray[np.float64]
    unseen: NDArray[np.float64]

    @property
    def harmonic_mean(self) -> NDArray[np.float64]:
        """2su / (s + u) at each point, 0.0 where one side is 0."""
        total = self.seen + self.unseen
        product = 2 * self.seen * self.unseen
        return np.divide(product, total, out=np.zeros_like(total), where=product > 0)


def seen_unseen_accuracy(
    scores: ArrayLike, labels: ArrayLike, is_seen: ArrayLike, gamma: float = 0.0
) -> SeenUnseenAccuracy:
    """Per-class mean accuracy on either side when `gamma` is taken off the scores of seen classes.

    `is_seen` `[num_classes]` marks the columns of seen classes. `gamma` may be -inf or inf, which mean the limits: no
    unseen class, or no seen class, is ever predicted. Classes without samples are left out of the means. Raises
    `SplitError` if one side has no column or no sample.

    Example:
        >>> seen_unseen_accuracy([[0.9, 0.1], [0.6, 0.5]], [0, 1], [True, False], gamma=0.25)
        SeenUnseenAccuracy(seen=1.0, unseen=1.0)

    """
    if np.isnan(gamma):
        raise InputFormatError("gamma is a number, not NaN")
    seen, unseen = sample_margins(scores, labels, is_seen).accuracy(gamma)
    return SeenUnseenAccuracy(float(seen), float(unseen))


def ausuc(scores: ArrayLike, labels: ArrayLike, is_seen: ArrayLike) -> float:
    """Area under the curve of (seen accuracy, unseen accuracy) as gamma goes from -inf to inf, in [0, 1].

    Exact, and independent of any gamma already taken off: it is the weighted share of pairs (seen sample, unseen
    sample), both best on their own side, that some gamma gets right together. The measure is of Chao et al. 2016;
    joining the points of a grid of gammas by straight lines agrees with it where no two margins are equal and the grid
    has every point. A pair with equal margins counts 0 here, as ties do everywhere, and 1/2 under straight lines.
    O(n log n) in the samples.

    Example:
        >>> ausuc([[0.9, 0.1], [0.6, 0.5]], [0, 1], [True, False])
        1.0

    """
    return sample_margins(scores, labels, is_seen).area


def calibration_curve(scores: ArrayLike, labels: ArrayLike, is_seen: ArrayLike) -> CalibrationCurve:
    """Both accuracies at every gamma that makes a difference: up to 2m + 1 points for m different margins.

    Example:
        >>> curve = calibration_curve([[0.75, 0.25], [0.5, 0.375]], [0, 1], [True, False])
        >>> curve.gamma.tolist(), curve.seen.tolist(), curve.unseen.tolist()
        ([-inf, 0.125, 0.3125, 0.5, inf], [1.0, 1.0, 1.0, 0.0, 0.0], [0.0, 0.0, 1.0, 1.0, 1.0])

    """
    return curve_of(sample_margins(scores, labels, is_seen))


def choose_gamma(scores: ArrayLike, labels: ArrayLike, is_seen: ArrayLike) -> float:
    """The gamma with the highest harmonic mean of seen and unseen accuracy on these samples.

    Meant for seen classes of which a share is pretended to be unseen, never for test classes. The harmonic mean is
    constant between two neighbouring margins; the middle of the best such interval is taken, and of several equally
    good ones the middle nearest to 0 (the negative one of two as near). 0.0 if the harmonic mean is 0 at every gamma.

    Example:
        >>> choose_gamma([[0.75, 0.25], [0.5, 0.375]], [0, 1], [True, False])
        0.3125

    """
    return best_gamma(sample_margins(scores, labels, is_seen))


def sample_margins(scores: ArrayLike, labels: ArrayLike, is_seen: ArrayLike) -> Margins:
    """Margins and weights of all samples, both sides sorted; the one thing every measure here is made of."""
    table, places = checked(scores, labels)
    mask = checked_mask(is_seen, table.shape[1])
    return margins_from(*raw_margins(table, places, mask), places, mask)


def raw_margins(
    scores: NDArray[Any], labels: NDArray[np.int64], is_seen: NDArray[np.bool_]
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """(margin, whether the own class beats the rest of its side) of each sample; rows are independent of each other."""
    # float64: the difference of two float32 scores is then exact but for extreme ratios, so equal margins stay equal
    table = scores.astype(np.float64, copy=True)
    rows = np.arange(len(labels))
    own = table[rows, labels]
    table[rows, labels] = -np.inf
    best_seen = table[:, is_seen].max(axis=1)
    best_unseen = table[:, ~is_seen].max(axis=1)
    of_seen = is_seen[labels]
    contender = own > np.where(of_seen, best_seen, best_unseen)
    return np.where(of_seen, own - best_unseen, best_seen - own), contender


def margins_from(
    margin: NDArray[np.float64],
    contender: NDArray[np.bool_],
    labels: NDArray[np.int64],
    is_seen: NDArray[np.bool_],
) -> Margins:
    """Sort the margins of each side and give every sample its share of the per-class mean."""
    support = np.bincount(labels, minlength=len(is_seen))
    of_seen = is_seen[labels]
    sides = []
    for side, name in ((of_seen, "seen"), (~of_seen, "unseen")):
        if not side.any():
            raise SplitError(f"no sample belongs to {'a ' if name == 'seen' else 'an '}{name} class")
        num_present = len(np.unique(labels[side]))
        kept = side & contender
        order = np.argsort(margin[kept], kind="stable")
        sides += [margin[kept][order], (1.0 / (num_present * support[labels[kept]]))[order]]
    return Margins(*sides)


def pooled(parts: Sequence[Margins]) -> Margins:
    """Margins whose accuracies are the means of the parts' accuracies at the same gamma."""
    columns = []
    for side in ("seen", "unseen"):
        margin = np.concatenate([getattr(part, f"{side}_margin") for part in parts])
        weight = np.concatenate([getattr(part, f"{side}_weight") for part in parts]) / len(parts)
        order = np.argsort(margin, kind="stable")
        columns += [margin[order], weight[order]]
    return Margins(*columns)


def curve_of(margins: Margins) -> CalibrationCurve:
    """Evaluate the margins at every margin and between each two neighbours."""
    steps = np.unique(np.concatenate([margins.seen_margin, margins.unseen_margin]))
    gamma = np.unique(np.concatenate([[-np.inf], steps, _middles(steps), [np.inf]]))
    seen, unseen = margins.accuracy(gamma)
    return CalibrationCurve(gamma, seen, unseen)


def best_gamma(margins: Margins) -> float:
    """The rule of `choose_gamma` on margins already computed."""
    middles = _middles(np.unique(np.concatenate([margins.seen_margin, margins.unseen_margin])))
    if not len(middles):
        return 0.0
    value = CalibrationCurve(middles, *margins.accuracy(middles)).harmonic_mean
    best = float(value.max())
    if best == 0.0:
        return 0.0
    # sums of the same shares in another order differ in the last bits: such values are equal
    candidates = middles[value >= best - 1e-12]
    return float(candidates[np.lexsort((candidates, np.abs(candidates)))[0]])


def checked_mask(is_seen: ArrayLike, num_classes: int) -> NDArray[np.bool_]:
    """The mask as booleans, with both sides present."""
    mask = np.asarray(is_seen)
    if mask.dtype != np.bool_ or mask.shape != (num_classes,):
        raise InputFormatError(
            f"is_seen has {num_classes:,} booleans, one a column, not {mask.dtype} of shape {mask.shape}"
        )
    if mask.all() or not mask.any():
        raise SplitError(
            f"all {num_classes:,} columns are {'seen' if mask.all() else 'unseen'} classes; both are needed"
        )
    return mask


def _middles(steps: NDArray[np.float64]) -> NDArray[np.float64]:
    low, high = steps[:-1], steps[1:]
    middle = low + (high - low) / 2
    return middle[(low < middle) & (middle < high)]


def _sums(weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Sums of the first 0, 1, ..., n weights."""
    return np.concatenate([[0.0], np.cumsum(weights)])
