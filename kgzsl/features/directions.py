"""The leading right singular vectors of a large sparse matrix."""

from typing import Any

import numpy as np
import scipy.linalg
import scipy.sparse as sp
from numpy.typing import NDArray

from kgzsl.contracts import FloatArray

__all__ = ["leading_directions"]

_EXACT_UP_TO = 1500  # rows; up to here the Gram matrix is decomposed in under a second
_OVERSAMPLED = 10
_NUM_ITERATIONS = 2


def leading_directions(matrix: Any, dim: int, *, random_state: int) -> FloatArray:
    """Right singular vectors of the largest singular values, `[<= dim, num_columns]`, largest first.

    Directions that the matrix does not have (singular value zero) are left out, so there may be fewer than `dim`. The
    largest entry of each is positive. Exact up to 1,500 rows; beyond, subspace iteration from a random start (Halko,
    Martinsson and Tropp 2011, algorithm 4.4), which never forms a dense matrix of all columns by all rows.
    """
    if matrix.shape[0] <= _EXACT_UP_TO:
        values, vectors = scipy.linalg.eigh((matrix @ matrix.T).toarray())
        keep = np.flatnonzero(values > 1e-9 * values[-1])[::-1][:dim]
        rows = (matrix.T @ (vectors[:, keep] / np.sqrt(values[keep]))).T
    else:
        rows = _by_subspace_iteration(matrix, dim, random_state)
    largest = rows[np.arange(len(rows)), np.abs(rows).argmax(axis=1)]
    return np.asarray(rows * np.sign(largest)[:, None], dtype=np.float32)


def _by_subspace_iteration(matrix: Any, dim: int, seed: int) -> FloatArray:
    wide = sp.csr_array(matrix, dtype=np.float32)
    tall = sp.csr_array(wide.T)
    start = np.random.default_rng(seed).standard_normal((wide.shape[1], dim + _OVERSAMPLED), dtype=np.float32)
    basis = _orthonormal(wide @ start)
    for _ in range(_NUM_ITERATIONS):
        basis = _orthonormal(wide @ _orthonormal(tall @ basis))
    return np.asarray(_orthonormal(tall @ basis)[:, :dim].T)


def _orthonormal(columns: NDArray[np.float32]) -> FloatArray:
    """Orthonormal columns that span the same space, the longest principal axis first.

    By the Gram matrix: four times as fast as QR here, and exact enough for a start that is iterated on.
    """
    values, vectors = scipy.linalg.eigh((columns.T @ columns).astype(np.float64))
    keep = np.flatnonzero(values > 1e-6 * values[-1])[::-1]
    return np.asarray(columns @ (vectors[:, keep] / np.sqrt(values[keep])).astype(np.float32))
