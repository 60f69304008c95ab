"""Class exemplars in a reduced space, and the kernel regression that predicts those of other classes."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.distance import cdist

from kgzsl.baselines.selection import example_chunks
from kgzsl.contracts import FloatArray

__all__ = ["Exemplars", "kernel_regressions", "median_distance"]

Array = NDArray[np.float64]
IntArray = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Exemplars:
    """Means of classes `[num_classes, num_components]` among inputs less `origin`, times `basis`.

    `explained` is the share of the examples' variance that the components kept have.
    """

    means: Array
    origin: Array
    basis: Array
    explained: float

    @classmethod
    def of(
        cls, inputs: FloatArray, labels: IntArray, classes: IntArray, *, num_components: int, standardize: bool
    ) -> "Exemplars":
        """Exemplars of these classes, ascending; `standardize` divides by the mean deviation within a class."""
        num_classes, dim = len(classes), inputs.shape[1]
        sums, products = np.zeros((num_classes, dim)), np.zeros((dim, dim))
        for rows, own in example_chunks(inputs, labels, classes):
            np.add.at(sums, np.searchsorted(classes, own), rows)
            products += rows.T @ rows
        counts = np.bincount(labels, minlength=classes[-1] + 1)[classes].astype(np.float64)
        origin = sums.sum(axis=0) / counts.sum()
        values, vectors = np.linalg.eigh(products / counts.sum() - np.outer(origin, origin))
        values, vectors = np.maximum(values[::-1], 0.0), vectors[:, ::-1]
        kept = min(num_components, int(np.sum(values > 1e-10 * values.max(initial=0.0))))
        explained = float(values[:kept].sum() / (values.sum() or 1.0))
        basis = vectors[:, :kept]
        means = (sums / counts[:, None] - origin) @ basis
        if standardize:
            squares = np.zeros((num_classes, kept))
            for rows, own in example_chunks(inputs, labels, classes):
                places = np.searchsorted(classes, own)
                np.add.at(squares, places, ((rows - origin) @ basis - means[places]) ** 2)
            deviation = np.sqrt(squares / counts[:, None]).mean(axis=0)
            # what does not vary within classes of one example each, or at all, is left as it is
            least = 1e-6 * deviation.max(initial=0.0)
            deviation = np.maximum(deviation, least) if least > 0 else np.ones(kept)
            basis, means = basis / deviation, means / deviation
        return cls(means, origin, np.asarray(basis), explained)

    def reduced(self, inputs: Array) -> Array:
        """Inputs among the exemplars."""
        return np.asarray((inputs - self.origin) @ self.basis)


def kernel_regressions(kernel: Array, targets: Array, ridges: Sequence[float]) -> list[Array]:
    """(K + λI)^-1 (T - mean of T) for each λ: what new rows of the kernel are multiplied with, mean added."""
    values, basis = np.linalg.eigh(kernel)
    turned = basis.T @ (targets - targets.mean(axis=0))
    return [basis @ (turned / (np.maximum(values, 0.0) + ridge)[:, None]) for ridge in ridges]


def median_distance(described: Array) -> float:
    """Median squared distance between two different rows; 1.0 where that is 0 or there is only one row."""
    upper = np.triu_indices(len(described), k=1)
    distances = cdist(described, described, "sqeuclidean")[upper]
    return (float(np.median(distances)) if len(distances) else 0.0) or 1.0
