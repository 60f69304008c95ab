"""Bootstrap confidence intervals: what another draw of the classes, or of the samples, would have given.

Percentile intervals (Efron and Tibshirani, "An introduction to the bootstrap", 1993, chapter 13), not BCa: means over
few classes are what is asked here, where the acceleration of BCa is itself a guess. They are a little too narrow for
few classes. Resampling classes keeps the samples of a class together and so answers for other classes; resampling
samples, within each class, answers for other samples of the same classes. The first are wider.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from numbers import Real
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kgzsl.counts import checked_count, checked_seed
from kgzsl.errors import InputFormatError
from kgzsl.evaluation.metrics import Average, mean_over

__all__ = ["Interval", "Over", "bootstrap_interval", "checked_interval", "generalized_intervals"]

Over = Literal["classes", "samples"]
_MOST_HELD = 4_000_000


@dataclass(frozen=True)
class Interval:
    """A value, and the ends between which `level` of the resampled values lie.

    >>> from kgzsl.evaluation import bootstrap_interval
    >>> interval = bootstrap_interval([1, 0, 1, 1], ["cat", "cat", "dog", "dog"])
    >>> interval.value, interval.low <= interval.value <= interval.high
    (0.75, True)
    """

    value: float
    low: float
    high: float
    level: float = 0.95
    over: Over = "classes"

    @classmethod
    def of(cls, value: float, draws: NDArray[np.float64], *, level: float, over: Over) -> "Interval":
        """The percentiles of resampled values."""
        tail = (1 - level) / 2
        low, high = np.quantile(draws, [tail, 1 - tail])
        return cls(float(value), float(low), float(high), level, over)


def bootstrap_interval(
    values: ArrayLike,
    labels: ArrayLike,
    *,
    over: Over = "classes",
    average: Average = "macro",
    level: float = 0.95,
    num_draws: int = 2000,
    random_state: int | None = None,
) -> Interval:
    """The percentile interval of the mean of one value a sample, such as whether it was recognised.

    `average` "macro" is the mean over the means of classes, "micro" that over samples. `over` "classes" draws classes
    with replacement, each with all of its samples; "samples" draws samples with replacement within each class. The
    same arguments always give the same interval; None counts as 0.

    Example:
        >>> bootstrap_interval([1, 1, 0, 0], [0, 0, 1, 1], over="samples")
        Interval(value=0.5, low=0.5, high=0.5, level=0.95, over='samples')

    """
    table, places = np.asarray(values, dtype=np.float64), np.asarray(labels)
    if table.ndim != 1 or table.shape != places.shape or not len(table):
        raise InputFormatError(f"a value and a label a sample are needed, not shapes {table.shape} and {places.shape}")
    if not np.isfinite(table).all():
        raise InputFormatError("values are finite numbers")
    checked_interval(over, level)
    rng = np.random.default_rng(checked_seed(random_state))
    draws = _resampled(table, places, over, average, checked_count(num_draws, "num_draws"), rng)
    return Interval.of(mean_over(table, places, average), draws, level=level, over=over)


def checked_interval(over: str, level: float) -> None:
    """`InputFormatError` for another way to draw, and for a level that is none."""
    if over not in {"classes", "samples"}:
        raise InputFormatError(f"over is 'classes' or 'samples', not {over!r}")
    if isinstance(level, bool) or not isinstance(level, Real) or not 0 < level < 1:
        raise InputFormatError(f"level is between 0 and 1, not {level!r}")


def _resampled(
    values: NDArray[np.float64],
    labels: NDArray[Any],
    over: Over,
    average: Average,
    num_draws: int,
    rng: np.random.Generator,
) -> NDArray[np.float64]:
    """The mean of each of `num_draws` draws; never more than a few million numbers are held."""
    if average not in {"macro", "micro"}:
        raise InputFormatError(f"average is 'macro' or 'micro', not {average!r}")
    _, codes, support = np.unique(labels, return_inverse=True, return_counts=True)
    weight = np.ones(len(support)) if average == "macro" else support.astype(np.float64)
    if over == "classes":
        means = np.bincount(codes, weights=values) / support
        share = np.full(len(support), 1 / len(support))
        step = max(1, _MOST_HELD // len(support))
        parts = []
        for start in range(0, num_draws, step):
            times = rng.multinomial(len(support), share, size=min(step, num_draws - start))
            parts.append((times @ (weight * means)) / (times @ weight))
        return np.concatenate(parts)
    total = np.zeros(num_draws)
    order = np.argsort(codes, kind="stable")
    for place, rows in enumerate(np.split(order, np.cumsum(support)[:-1])):
        # to draw n samples is to draw how often each distinct value comes
        found, counts = np.unique(values[rows], return_counts=True)
        drawn = rng.multinomial(len(rows), counts / len(rows), size=num_draws)
        total += weight[place] * (drawn @ found) / len(rows)
    return np.asarray(total / weight.sum(), dtype=np.float64)


def generalized_intervals(
    correct: Mapping[str, NDArray[np.float64]],
    labels: Mapping[str, NDArray[Any]],
    *,
    over: Over,
    level: float = 0.95,
    num_draws: int = 2000,
    random_state: int | None = None,
) -> dict[str, Interval]:
    """Intervals of s, u and their harmonic mean, from whether each sample of a side was recognised.

    >>> import numpy as np
    >>> from kgzsl.evaluation import generalized_intervals
    >>> right = {"s": np.array([1.0, 1.0, 0.0]), "u": np.array([1.0, 0.0])}
    >>> found = generalized_intervals(right, {"s": np.array([0, 0, 1]), "u": np.array([2, 2])}, over="samples")
    >>> round(found["harmonic_mean"].value, 2)
    0.5
    """
    checked_interval(over, level)
    num_draws, rng = checked_count(num_draws, "num_draws"), np.random.default_rng(checked_seed(random_state))
    draws = {
        side: _resampled(np.asarray(correct[side], dtype=np.float64), labels[side], over, "macro", num_draws, rng)
        for side in ("s", "u")
    }
    means = {side: mean_over(np.asarray(correct[side], dtype=np.float64), labels[side], "macro") for side in draws}
    found = {side: Interval.of(means[side], draws[side], level=level, over=over) for side in draws}
    both = float(_harmonic(np.array([means["s"]]), np.array([means["u"]]))[0])
    found["harmonic_mean"] = Interval.of(both, _harmonic(draws["s"], draws["u"]), level=level, over=over)
    return found


def _harmonic(s: NDArray[np.float64], u: NDArray[np.float64]) -> NDArray[np.float64]:
    total = s + u
    return np.divide(2 * s * u, total, out=np.zeros_like(total), where=total > 0)
