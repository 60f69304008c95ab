"""The algebra of ESZSL: moments of the examples, one spectrum for every pair of ridges, and the choice among them.

With XXᵀ = Q diag(x) Qᵀ and S = P diag(s) Rᵀ (rows are classes), V = Q diag(1 / (x + γ)) QᵀXYP diag(s / (s² + λ)) Rᵀ:
after one eigenvalue problem and one singular value decomposition, another pair of ridges costs two scalings.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from kgzsl.baselines.contract import unit_rows
from kgzsl.baselines.selection import example_chunks
from kgzsl.contracts import FloatArray

__all__ = ["Moments", "Ridges", "Spectrum"]

Array = NDArray[np.float64]
IntArray = NDArray[np.int64]
Ridges = tuple[float, float]


@dataclass(frozen=True)
class Moments:
    """Sums of the examples: by class `[num_seen, dim]`, and of their products by group of classes `[dim, dim]` each."""

    sums: Array
    counts: Array
    products: tuple[Array, ...]

    @classmethod
    def of(cls, inputs: FloatArray, labels: IntArray, groups: Sequence[IntArray]) -> "Moments":
        """One pass over the examples, in double precision; `groups` partition the classes."""
        num_classes, dim = sum(len(group) for group in groups), inputs.shape[1]
        sums, products = np.zeros((num_classes, dim)), []
        for group in groups:
            product = np.zeros((dim, dim))
            for rows, places in example_chunks(inputs, labels, group):
                product += rows.T @ rows
                member = csr_array((np.ones(len(rows)), (places, np.arange(len(rows)))), shape=(num_classes, len(rows)))
                sums += member @ rows
            products.append(product)
        return cls(sums, np.bincount(labels, minlength=num_classes).astype(np.float64), tuple(products))


@dataclass(frozen=True)
class Spectrum:
    """The problem of some of the seen classes, ready to be solved for any ridges.

    Ridges are in units of the mean eigenvalue of XXᵀ and of SSᵀ. `input_mean` and `feature_mean` are taken off inputs
    and features first; they are zeros where nothing is centred.
    """

    input_values: Array
    input_basis: Array
    middle: Array
    feature_values: Array
    feature_basis: Array
    input_mean: Array
    feature_mean: Array

    @classmethod
    def of(
        cls,
        moments: Moments,
        features: Array,
        classes: IntArray,
        *,
        left_out: int | None = None,
        center: bool,
        move_inputs: bool,
    ) -> "Spectrum":
        """`classes` are those that train; their examples are those of every group but `left_out`."""
        product = sum((p for place, p in enumerate(moments.products) if place != left_out), np.zeros(()))
        sums, counts = moments.sums[classes], moments.counts[classes]
        input_mean = sums.sum(axis=0) / counts.sum() if move_inputs else np.zeros(sums.shape[1])
        product = product - counts.sum() * np.outer(input_mean, input_mean)
        sums = sums - counts[:, None] * input_mean
        feature_mean = features[classes].mean(axis=0) if center else np.zeros(features.shape[1])
        values, basis = np.linalg.eigh(product)
        left, singular, right = np.linalg.svd(unit_rows(features[classes] - feature_mean), full_matrices=False)
        signed = 2 * sums.T - sums.sum(axis=0)[:, None]  # X Y: own class +1, every other class -1
        return cls(np.maximum(values, 0.0), basis, basis.T @ signed @ left, singular, right, input_mean, feature_mean)

    def solve(self, ridges: Ridges) -> Array:
        """V `[dim, num_features]`."""
        of_inputs, of_features = self._of_inputs(ridges[0]), self._of_features(ridges[1])
        return np.asarray((self.input_basis * of_inputs) @ self.middle @ (of_features[:, None] * self.feature_basis))

    def scores(
        self, rows: Array, features: Array, input_ridges: Sequence[float], feature_ridges: Sequence[float]
    ) -> Iterator[Array]:
        """Scores of `rows` for classes with `features`: for each input ridge, a table for each feature ridge."""
        described = self.feature_basis @ unit_rows(features - self.feature_mean).T
        right = np.hstack([self._of_features(ridge)[:, None] * described for ridge in feature_ridges])
        for ridge in input_ridges:
            left = (self.input_basis * self._of_inputs(ridge)) @ self.middle
            # one large product instead of many small ones, which threads share badly
            yield from np.split((rows - self.input_mean) @ (left @ right), len(feature_ridges), axis=1)

    def _of_inputs(self, ridge: float) -> Array:
        """The factor 1 / (x + γ)."""
        return np.asarray(1.0 / (self.input_values + ridge * self.input_values.mean()))

    def _of_features(self, ridge: float) -> Array:
        """The factor s / (s² + λ)."""
        lam = ridge * float(self.feature_values @ self.feature_values) / self.feature_basis.shape[1]
        return np.asarray(self.feature_values / (self.feature_values**2 + lam))
