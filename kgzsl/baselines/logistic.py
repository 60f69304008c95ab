"""Many logistic regressions on the same inputs at once."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from kgzsl.contracts import FloatArray

__all__ = ["logistic_loss", "logistic_regressions"]

Array = NDArray[np.float64]


def logistic_regressions(inputs: FloatArray, answers: Array, ridges: Sequence[float]) -> list[Array]:
    """Slopes and, as the last row, intercepts `[dim + 1, num_answers]` for each ridge, in the order of `ridges`.

    `answers` `[num_samples, num_answers]` are 1 or 0. Minimises `logistic_loss` by L-BFGS in coordinates where its
    curvature is at most 1 (Böhning and Lindsay's bound, 1988), from the strongest ridge to the weakest, each starting
    where the last ended. Ridges are in units of the mean eigenvalue of the inputs' second moments. Logits are computed
    in single precision, sums in double.
    """
    extended = np.hstack([inputs.astype(np.float64), np.ones((len(inputs), 1))])
    values, basis = np.linalg.eigh(extended.T @ extended / len(inputs))
    unit = float(np.mean(np.sum(inputs.astype(np.float64) ** 2, axis=0)) / len(inputs)) or 1.0
    start: Array = np.zeros((extended.shape[1], answers.shape[1]))
    found: dict[float, Array] = {}
    wanted = answers.astype(np.float32)
    for ridge in sorted(ridges, reverse=True):
        scale = basis / np.sqrt(np.maximum(values, 0.0) / 4 + ridge * unit)
        turned = (extended @ scale).astype(np.float32)
        # the inverse of the scale, which is a rotation times a diagonal
        first = (scale / np.sum(scale**2, axis=0)).T @ start
        start = scale @ _minimum(turned, scale, wanted, ridge * unit, first)
        found[ridge] = start
    return [found[ridge] for ridge in ridges]


def _minimum(turned: FloatArray, scale: Array, answers: FloatArray, strength: float, first: Array) -> Array:
    """Coordinates Z `[dim + 1, num_answers]` of the least loss, with logits `turned` Z and coefficients `scale` Z."""

    def objective(flat: Array) -> tuple[float, Array]:
        coordinates = flat.reshape(first.shape)
        slopes = scale @ coordinates
        slopes[-1] = 0.0  # intercepts are not penalised
        loss, by_logits = _losses(turned @ coordinates.astype(np.float32), answers)
        gradient = turned.T @ by_logits + strength * (scale.T @ slopes)
        return loss + strength / 2 * float(np.sum(slopes**2)), gradient.ravel()

    options = {"maxiter": 200, "ftol": 1e-7, "gtol": 1e-5}
    result = minimize(objective, first.ravel(), jac=True, method="L-BFGS-B", options=options)
    return np.asarray(result.x.reshape(first.shape))


def logistic_loss(inputs: FloatArray, answers: Array, coefficients: Array, strength: float) -> float:
    """Mean over samples of the summed losses of all answers, and `strength` / 2 times the squared slopes.

    Intercepts are not penalised.
    """
    loss, _ = _losses(inputs @ coefficients[:-1] + coefficients[-1], answers)
    return loss + strength / 2 * float(np.sum(coefficients[:-1] ** 2))


def _losses(logits: NDArray[Any], answers: NDArray[Any]) -> tuple[float, NDArray[Any]]:
    """The loss and its gradient by the logits."""
    # one exponential for both, and never of a large number: log(1 + e^z) = max(z, 0) + log(1 + e^-|z|)
    small = np.exp(-np.abs(logits))
    each = np.maximum(logits, 0) + np.log1p(small) - answers * logits
    probabilities = np.where(logits >= 0, 1, small) / (1 + small)
    return float(each.sum(dtype=np.float64)) / len(logits), (probabilities - answers) / len(logits)
