"""The best classes of each input."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax

from kgzsl.errors import InputFormatError

__all__ = ["TopClasses", "top_classes"]


@dataclass(frozen=True, eq=False)
class TopClasses:
    """The best classes of each input: `labels` and `probabilities` `[num_samples, k]`, best first.

    Iterating gives, for each input, its (label, probability) pairs.
    """

    labels: NDArray[Any]
    probabilities: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, row: int) -> tuple[tuple[Any, float], ...]:
        pairs = zip(self.labels[row].tolist(), self.probabilities[row].tolist(), strict=True)
        return tuple(pairs)

    def __iter__(self) -> Iterator[tuple[tuple[Any, float], ...]]:
        return (self[row] for row in range(len(self)))


def top_classes(scores: NDArray[np.float64], labels: NDArray[Any], k: int) -> TopClasses:
    """The k classes of highest score, all if there are fewer; equal ones in the order of `labels`."""
    if isinstance(k, bool) or not isinstance(k, int | np.integer) or k < 1:
        raise InputFormatError(f"k counts classes, at least 1, not {k!r}")
    order = np.argsort(-scores, axis=1, kind="stable")[:, :k]
    return TopClasses(labels[order], np.take_along_axis(softmax(scores, axis=1), order, axis=1))
