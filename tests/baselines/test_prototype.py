"""Prototype: ridge regression of the means, and the nearest one."""

import numpy as np
import pytest

from kgzsl.baselines import Prototype
from kgzsl.baselines.contract import unit_rows
from kgzsl.baselines.prototype import regressions


@pytest.mark.parametrize("num_features", [4, 30])
def test_regressions_solve_their_normal_equations(num_features):
    rng = np.random.default_rng(0)
    S, C = rng.normal(size=(12, num_features)), rng.normal(size=(12, 5))
    lam = 0.3 * np.trace(S.T @ S) / num_features
    (found,) = regressions(S, C, [0.3])
    np.testing.assert_allclose((S.T @ S + lam * np.eye(num_features)) @ found, S.T @ C, atol=1e-10)


def test_an_input_goes_to_the_nearest_generated_mean(learnable):
    problem = learnable(3)
    fitted = Prototype(ridge=0.3).fit(problem.index, problem.features, problem.supervision)
    targets, rows = problem.supervision.weights.astype(float), problem.features.astype(float)
    S = unit_rows(rows[:12] - rows[:12].mean(axis=0))
    lam = 0.3 * np.trace(S.T @ S) / S.shape[1]
    V = np.linalg.solve(S.T @ S + lam * np.eye(S.shape[1]), S.T @ (targets - targets.mean(axis=0)))
    means = targets.mean(axis=0) + unit_rows(rows[12:] - rows[:12].mean(axis=0)) @ V
    distances = np.linalg.norm(problem.test[:, None] - unit_rows(means), axis=2)
    weights = fitted.weights(problem.index, problem.features, concepts=problem.unseen)
    np.testing.assert_allclose(weights, unit_rows(means), atol=1e-6)
    np.testing.assert_array_equal((problem.test @ weights.T).argmax(axis=1), distances.argmin(axis=1))


def test_a_strong_ridge_gives_every_class_the_mean_of_all(learnable):
    problem = learnable()
    fitted = Prototype(ridge=1e9).fit(problem.index, problem.features, problem.supervision)
    mean = problem.supervision.weights.astype(float).mean(axis=0)
    expected = np.tile(mean / np.linalg.norm(mean), (16, 1))
    np.testing.assert_allclose(fitted.weights(problem.index, problem.features), expected, atol=1e-5)
