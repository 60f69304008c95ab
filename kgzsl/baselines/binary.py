"""Attributes as yes or no: what DAP and IAP have in common."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kgzsl.errors import InputFormatError

__all__ = ["SMALLEST", "BinaryAttributes", "attribute_scores"]

Array = NDArray[np.float64]

SMALLEST = 1e-6
"""Probabilities are kept within this of 0 and 1: one attribute alone may not rule a class out for good."""


@dataclass(frozen=True, eq=False)
class BinaryAttributes:
    """An attribute is had by those above the mean of the seen classes, `thresholds` `[num_features]`.

    The field's rule for continuous attributes; of attributes that are 0 or 1 it gives the same ones. Attributes that
    all seen classes have, or none, tell nothing of an input and are left out: `used` are the columns that remain.
    `priors` `[len(used)]` are the shares of seen classes that have them.
    """

    thresholds: Array
    used: NDArray[np.int64]
    priors: Array

    @classmethod
    def of(cls, rows: Array) -> "BinaryAttributes":
        """Of the features of the seen classes `[num_seen, num_features]`; `InputFormatError` if none differs."""
        thresholds = rows.mean(axis=0)
        # a column of equal values may have a mean beside them by rounding
        differs = np.ptp(rows, axis=0) > 1e-12 * np.abs(rows).max(axis=0, initial=0.0)
        priors = (rows > thresholds).mean(axis=0)
        used = np.flatnonzero(differs & (priors > 0) & (priors < 1))
        if not len(used):
            raise InputFormatError(
                f"none of {rows.shape[1]:,} attribute(s) differs among {len(rows)} seen class(es): there is nothing to "
                "learn from; give features that set the seen classes apart"
            )
        return cls(thresholds, used, priors[used])

    def has(self, rows: Array) -> Array:
        """1 where a concept has an attribute that is used, else 0: `[num_concepts, len(used)]`."""
        return (rows[:, self.used] > self.thresholds[self.used]).astype(np.float64)


def attribute_scores(probabilities: Array, priors: Array, has: Array) -> Array:
    """Σ over attributes of log(p(a|x) / p(a)), a being had or not: `[num_samples, num_concepts]`.

    Lampert, Nickisch and Harmeling's product, in logarithms, with classes that are equally likely before.
    """
    kept = np.clip(probabilities, SMALLEST, 1 - SMALLEST)
    yes, no = np.log(kept / priors), np.log((1 - kept) / (1 - priors))
    return np.asarray(no.sum(axis=1)[:, None] + (yes - no) @ has.T)
