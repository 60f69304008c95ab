"""The best classes of each input."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax

from kgzsl.display.table import Table
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

    def to_table(self) -> Table:
        """A row for each input and class: input, rank from 1, class, probability."""
        rows = (
            (row, rank, label, probability)
            for row in range(len(self))
            for rank, (label, probability) in enumerate(self[row], start=1)
        )
        return Table(["input", "rank", "class", "probability"], rows)

    def _table(self) -> Table:
        """A row for each input, its classes in one cell."""
        rows = (
            (row, label, probability, ", ".join(f"{other} {chance:.2f}" for other, chance in others))
            for row, ((label, probability), *others) in enumerate(self)
        )
        return Table(["input", "class", "probability", "next"], rows)

    def __str__(self) -> str:
        return str(self._table())

    def __repr__(self) -> str:
        return f"<TopClasses the {self.labels.shape[1]:,} best classes of {len(self):,} inputs>"

    def _repr_html_(self) -> str:
        return self._table()._repr_html_()


def top_classes(scores: NDArray[np.float64], labels: NDArray[Any], k: int) -> TopClasses:
    """The k classes of highest score, all if there are fewer; equal ones in the order of `labels`."""
    if isinstance(k, bool) or not isinstance(k, int | np.integer) or k < 1:
        raise InputFormatError(f"k counts classes, at least 1, not {k!r}")
    order = np.argsort(-scores, axis=1, kind="stable")[:, :k]
    return TopClasses(labels[order], np.take_along_axis(softmax(scores, axis=1), order, axis=1))
