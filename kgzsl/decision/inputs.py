"""How an input is prepared before it meets the weights of a class."""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from kgzsl.errors import InputFormatError, listing

__all__ = ["InputScale", "class_means", "require_finite", "unit_rows"]

Kind = Literal["prototype", "linear"]

LARGEST = 1e30
"""The largest linear input: propagators are given single precision, and sums of its products must fit there too."""


def unit_rows(matrix: NDArray[Any]) -> NDArray[np.float64]:
    """Rows divided by their length; a row of zeros stays."""
    rows = np.asarray(matrix, dtype=np.float64)
    # by a power of two near its largest value first, which rounds nothing: squares of 1e160 are no numbers
    _, exponents = np.frexp(np.abs(rows).max(axis=1, initial=0.0, keepdims=True))
    rows = np.ldexp(rows, -exponents)
    length = np.linalg.norm(rows, axis=1, keepdims=True)
    scaled: NDArray[np.float64] = np.divide(rows, length, out=np.zeros_like(rows), where=length > 0)
    return scaled


def class_means(X: NDArray[Any], labels: NDArray[np.int64], num_classes: int) -> NDArray[np.float64]:
    """Mean input of each class `[num_classes, dim]`."""
    sums = np.zeros((num_classes, X.shape[1]))
    with np.errstate(over="ignore", invalid="ignore"):  # what is too large is found when it is scaled
        np.add.at(sums, labels, X)
    counts = np.bincount(labels, minlength=num_classes)
    means: NDArray[np.float64] = sums / counts[:, None]
    return means


def require_finite(matrix: NDArray[Any], name: str) -> None:
    """`InputFormatError` that counts the values which are NaN or infinite and says where the first one is."""
    finite = np.isfinite(matrix)
    if finite.all():
        return
    row, column = (int(place) for place in np.argwhere(~finite)[0])
    raise InputFormatError(
        f"{name} has {int((~finite).sum()):,} value(s) that are not finite: the first is {matrix[row, column]!s} at "
        f"row {row}, column {column} (counted from 0); NaN and inf have no meaning here, remove or impute them"
    )


@dataclass(frozen=True)
class InputScale:
    """What is done to an input: centred and brought to unit length ("prototype"), or given a constant 1 ("linear").

    `mean` `[dim]` is the mean of the class means; it is zero for "linear".
    """

    kind: Kind
    mean: NDArray[np.float64]

    @classmethod
    def of(cls, kind: Kind, weights: NDArray[np.float64]) -> "InputScale":
        """The scale for class means, or linear weights, of the seen classes."""
        if kind == "linear":
            return cls("linear", np.zeros(weights.shape[1] - 1))
        with np.errstate(over="ignore", invalid="ignore"):
            return cls("prototype", weights.mean(axis=0))

    @property
    def dim(self) -> int:
        """Width of an input as the user gives it."""
        return len(self.mean)

    def prepare(self, X: NDArray[Any]) -> NDArray[np.float64]:
        """Inputs `[num_samples, dim]` as the weights expect them, float64; `InputFormatError` if they are too large."""
        inputs = np.asarray(X, dtype=np.float64)
        if self.kind == "linear":
            _require_small(np.abs(inputs) <= LARGEST, "inputs")
            return np.hstack([inputs, np.ones((len(inputs), 1))])
        return self._centred(inputs, "inputs")

    def targets(self, weights: NDArray[Any]) -> NDArray[np.float32]:
        """Weights of seen classes as unit rows: class means are centred first."""
        rows = np.asarray(weights, dtype=np.float64)
        scaled = self._centred(rows, "class means") if self.kind == "prototype" else unit_rows(rows)
        return scaled.astype(np.float32)

    def _centred(self, rows: NDArray[np.float64], name: str) -> NDArray[np.float64]:
        with np.errstate(over="ignore", invalid="ignore"):
            centred = rows - self.mean
        _require_small(np.isfinite(centred), name)
        return unit_rows(centred)


def _require_small(fits: NDArray[np.bool_], name: str) -> None:
    if not fits.all():
        raise InputFormatError(
            f"{int((~fits).sum()):,} value(s) of the {name} are too large to compute with once they are prepared, in "
            f"row(s) {listing(np.flatnonzero(~fits.all(axis=1)).tolist(), limit=5)} (counted from 0); scale them down"
        )
