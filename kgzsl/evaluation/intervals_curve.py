"""How far the area under the seen/unseen curve would lie elsewhere with other classes, or with other samples."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kgzsl.counts import checked_count, checked_seed
from kgzsl.evaluation.generalized import checked_mask, margins_from, raw_margins
from kgzsl.evaluation.intervals import Interval, Over, checked_interval
from kgzsl.evaluation.metrics import checked

__all__ = ["area_interval", "ausuc_interval"]

_MOST_HELD = 4_000_000


def ausuc_interval(
    scores: ArrayLike,
    labels: ArrayLike,
    is_seen: ArrayLike,
    *,
    over: Over = "classes",
    level: float = 0.95,
    num_draws: int = 2000,
    random_state: int | None = None,
) -> Interval:
    """The percentile interval of `ausuc`, from draws of the classes or of the samples of each class.

    Both sides are drawn, independently of each other; every draw has its own whole curve, not a gamma of its own. The
    same arguments always give the same interval; None counts as 0.

    Example:
        >>> ausuc_interval([[0.9, 0.1], [0.6, 0.5]], [0, 1], [True, False], num_draws=10)
        Interval(value=1.0, low=1.0, high=1.0, level=0.95, over='classes')

    """
    table, places = checked(scores, labels)
    mask = checked_mask(is_seen, table.shape[1])
    margin, contender = raw_margins(table, places, mask)
    return area_interval(
        margin, contender, places, mask, over=over, level=level, num_draws=num_draws, random_state=random_state
    )


def area_interval(
    margin: NDArray[np.float64],
    contender: NDArray[np.bool_],
    labels: NDArray[np.int64],
    is_seen: NDArray[np.bool_],
    *,
    over: Over,
    level: float = 0.95,
    num_draws: int = 2000,
    random_state: int | None = None,
) -> Interval:
    """The interval of `ausuc_interval`, where the margins of the samples are known (`raw_margins`)."""
    checked_interval(over, level)
    value = margins_from(margin, contender, labels, is_seen).area
    of_seen = is_seen[labels]
    sides = [_Side(labels[rows], contender[rows]) for rows in (of_seen, ~of_seen)]
    seen_margin, unseen_margin = (margin[rows & contender] for rows in (of_seen, ~of_seen))
    order = np.argsort(unseen_margin, kind="stable")
    # how many unseen samples are right before this seen one is lost
    beaten = np.searchsorted(unseen_margin[order], seen_margin, side="left")
    rng = np.random.default_rng(checked_seed(random_state))
    step = max(1, _MOST_HELD // len(labels))
    areas = []
    for start in range(0, checked_count(num_draws, "num_draws"), step):
        seen, unseen = (side.drawn(min(step, num_draws - start), over, rng) for side in sides)
        before = np.zeros((len(unseen), len(order) + 1))
        np.cumsum(unseen[:, order], axis=1, out=before[:, 1:])
        areas.append((seen * before[:, beaten]).sum(axis=1))
    return Interval.of(value, np.concatenate(areas), level=level, over=over)


class _Side:
    """The samples of one side, sorted by class: what each weighs in the mean over classes, in any draw."""

    def __init__(self, labels: NDArray[np.int64], contender: NDArray[np.bool_]) -> None:
        _, self._codes, self._support = np.unique(labels, return_inverse=True, return_counts=True)
        self._kept = np.flatnonzero(contender)
        self._order = np.argsort(self._codes, kind="stable")

    def drawn(self, num: int, over: Over, rng: np.random.Generator) -> NDArray[np.float64]:
        """Weights `[num, num_contenders]` of the samples that are right at some gamma."""
        classes = len(self._support)
        if over == "classes":
            times = rng.multinomial(classes, np.full(classes, 1 / classes), size=num)
            return (times / (classes * self._support))[:, self._codes[self._kept]]
        # each place among the samples sorted by class is filled by a sample of the same class
        codes = self._codes[self._order]
        first = (np.cumsum(self._support) - self._support)[codes]
        weight = 1.0 / (classes * self._support[self._codes[self._kept]])
        found = np.empty((num, len(self._kept)))
        times_of = np.empty(len(codes), dtype=np.int64)
        for row in range(num):
            filled = first + (rng.random(len(codes)) * self._support[codes]).astype(np.int64)
            times_of[self._order] = np.bincount(filled, minlength=len(codes))
            found[row] = times_of[self._kept] * weight
        return found
