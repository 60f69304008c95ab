"""SAE: the Sylvester equation, and the two ways of comparing."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.linalg import solve_sylvester

from kgzsl.baselines import SAE
from kgzsl.baselines.contract import unit_rows
from kgzsl.baselines.eszsl_solution import Moments
from kgzsl.baselines.sae import SylvesterEquation
from kgzsl.errors import InputFormatError


def sides(problem, penalty, num=12):
    """A, B and C of the paper, from the examples themselves."""
    X = problem.supervision.inputs.astype(float).T
    rows = problem.features[:num].astype(float)
    S = unit_rows(rows - rows.mean(axis=0))[problem.supervision.labels].T
    lam = penalty * np.trace(S @ S.T) / np.trace(X @ X.T)
    return S @ S.T, lam * X @ X.T, (1 + lam) * S @ X.T


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 1000), st.floats(1e-3, 1e3), st.sampled_from([3, 5, 30]), st.sampled_from([4, 40]))
def test_the_residual_of_the_sylvester_equation_vanishes(learnable, seed, penalty, num_features, dim):
    problem = learnable(seed, num_features=num_features, dim=dim)
    W = SAE(penalty, "encode").fit(problem.index, problem.features, problem.supervision).encoder
    A, B, C = sides(problem, penalty)
    # also where A and B are both singular: more features than classes
    assert np.linalg.norm(A @ W + W @ B - C) < 1e-8 * np.linalg.norm(C)


def test_the_map_is_that_of_scipy(learnable):
    problem = learnable(num_features=4, dim=6)
    fitted = SAE(0.5, "encode").fit(problem.index, problem.features, problem.supervision)
    np.testing.assert_allclose(fitted.encoder, solve_sylvester(*sides(problem, 0.5)), atol=1e-9)


def test_moments_without_a_fold_are_those_of_the_rest(learnable):
    problem = learnable()
    labels, described = problem.supervision.labels, unit_rows(problem.features[:12].astype(float))
    folds = [np.arange(0, 5), np.arange(5, 12)]
    whole = Moments.of(problem.supervision.inputs, labels, folds)
    found = SylvesterEquation.of(whole, described[folds[1]], folds[1], left_out=0)
    part = problem.part(folds[1])
    alone = Moments.of(part.inputs, part.labels, [np.arange(7)])
    expected = SylvesterEquation.of(alone, described[folds[1]], np.arange(7))
    np.testing.assert_allclose(found.solve(0.3), expected.solve(0.3), atol=1e-9)


@pytest.mark.parametrize("direction", ["encode", "decode"])
def test_scores_rank_as_the_papers_cosines(learnable, direction):
    problem = learnable()
    fitted = SAE(1.0, direction).fit(problem.index, problem.features, problem.supervision)
    described = unit_rows(problem.features - fitted.feature_mean)
    if direction == "encode":
        cosines = unit_rows(problem.test @ fitted.encoder.T) @ described.T
    else:
        cosines = problem.test @ unit_rows(described @ fitted.encoder).T
    scores = fitted.scores(problem.test, problem.index, problem.features)
    np.testing.assert_array_equal(np.argsort(scores, axis=1), np.argsort(cosines, axis=1))


def test_a_direction_is_one_of_two():
    with pytest.raises(InputFormatError, match='direction is "encode", "decode" or None'):
        SAE(direction="both")
