"""Solving with a sparse positive definite matrix, in the way that suits its size."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse.linalg import splu

from kgzsl.errors import NumericError

__all__ = ["conjugate_gradients", "core_solver"]

Float64 = NDArray[np.float64]

SURELY_FACTORISED = 5000
"""A factorisation of a matrix of this size fits into memory even if it fills up completely."""

MOST_NEIGHBOURS = 8
"""Mean number of neighbours up to which larger matrices are factorised. WordNet with all its relations has 5."""


def core_solver(matrix: Any) -> Callable[[Float64], Float64]:
    """A function that solves for columns `[n, k]`: by factorisation, or iteratively where that would fill up."""
    num = matrix.shape[0]
    if num <= SURELY_FACTORISED or matrix.nnz / num - 1 <= MOST_NEIGHBOURS:
        factor = splu(
            matrix.tocsc(), permc_spec="MMD_AT_PLUS_A", diag_pivot_thresh=0.0, options={"SymmetricMode": True}
        )
        return lambda columns: np.asarray(factor.solve(columns))
    rows = matrix.tocsr()
    return lambda columns: conjugate_gradients(rows, columns)


def conjugate_gradients(
    matrix: Any, columns: Float64, *, tolerance: float = 1e-13, max_iterations: int = 1000
) -> Float64:
    """Solve for all columns at once, each to a residual of `tolerance` times its length.

    Preconditioned by the diagonal. The matrices here have eigenvalues between 1 and 1 + 2 beta, so tens of iterations
    are enough.
    """
    inverse = 1 / matrix.diagonal()[:, None]
    solution = np.zeros_like(columns)
    left = columns.copy()
    direction = inverse * left
    product = (left * direction).sum(axis=0)
    enough = tolerance * np.linalg.norm(columns, axis=0)
    for _ in range(max_iterations):
        if (np.linalg.norm(left, axis=0) <= enough).all():
            return solution
        image = matrix @ direction
        curvature = (direction * image).sum(axis=0)
        step = np.divide(product, curvature, out=np.zeros_like(product), where=curvature > 0)
        solution += step * direction
        left -= step * image
        scaled = inverse * left
        before, product = product, (left * scaled).sum(axis=0)
        direction *= np.divide(product, before, out=np.zeros_like(product), where=before > 0)
        direction += scaled
    raise NumericError(f"walks over the graph did not converge in {max_iterations} iterations")
