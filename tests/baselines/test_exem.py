"""EXEM: exemplars, the regression through them, and distances."""

import numpy as np
import pytest
from scipy.spatial.distance import cdist

from kgzsl.baselines import EXEM
from kgzsl.baselines.exemplars import Exemplars, kernel_regressions


def class_means(problem):
    X, labels = problem.supervision.inputs.astype(float), problem.supervision.labels
    return np.stack([X[labels == c].mean(axis=0) for c in range(12)])


@pytest.mark.parametrize("standardize", [True, False])
def test_the_regression_reproduces_seen_means_when_the_kernel_interpolates(learnable, standardize):
    problem = learnable()
    model = EXEM(bandwidth=0.1, ridge=1e-12, standardize=standardize)
    fitted = model.fit(problem.index, problem.features, problem.supervision)
    predicted = fitted.predicted(problem.index, problem.features, concepts=problem.supervision.classes)
    np.testing.assert_allclose(predicted, fitted.exemplars, atol=1e-8)
    np.testing.assert_allclose(fitted.exemplars, (class_means(problem) - fitted.input_mean) @ fitted.basis, atol=1e-9)


def test_a_strong_ridge_predicts_the_mean_of_all(learnable):
    problem = learnable()
    fitted = EXEM(bandwidth=1.0, ridge=1e12).fit(problem.index, problem.features, problem.supervision)
    predicted = fitted.predicted(problem.index, problem.features)
    np.testing.assert_allclose(predicted, np.tile(fitted.exemplars.mean(axis=0), (16, 1)), atol=1e-6)


def test_distances_are_those_of_the_inputs_where_nothing_is_standardized(learnable):
    problem = learnable()
    fitted = EXEM(1.0, 0.1, standardize=False).fit(problem.index, problem.features, problem.supervision)
    scores = fitted.scores(problem.test, problem.index, problem.features, concepts=problem.supervision.classes)
    # a rotation by principal components moves no distance
    expected = -cdist(problem.test.astype(float), class_means(problem), "sqeuclidean") / 2
    # what is left out is half the squared length of an input from the mean of all
    lengths = np.linalg.norm(problem.test - fitted.input_mean, axis=1, keepdims=True)
    np.testing.assert_allclose(scores - lengths**2 / 2, expected, atol=1e-5)


def test_standardized_coordinates_deviate_by_one_on_the_mean_of_the_classes(learnable):
    problem = learnable()
    X, labels = problem.supervision.inputs, problem.supervision.labels
    found = Exemplars.of(X, labels, np.arange(12), num_components=500, standardize=True)
    reduced = found.reduced(X.astype(float))
    deviations = np.stack([reduced[labels == c].std(axis=0) for c in range(12)])
    np.testing.assert_allclose(deviations.mean(axis=0), 1.0, rtol=1e-6)
    assert found.explained == pytest.approx(1.0)


def test_few_components_keep_the_most_variance(learnable):
    problem = learnable(dim=7)
    X, labels = problem.supervision.inputs, problem.supervision.labels
    found = Exemplars.of(X, labels, np.arange(12), num_components=2, standardize=False)
    values = np.sort(np.linalg.eigvalsh(np.cov(X.T.astype(float), bias=True)))[::-1]
    assert found.basis.shape == (7, 2)
    assert found.explained == pytest.approx(values[:2].sum() / values.sum(), rel=1e-5)


def test_one_example_a_class_has_no_deviation_and_is_not_standardized(learnable):
    problem = learnable(per_class=1)
    given = [
        EXEM(1.0, 0.1, standardize=side).fit(problem.index, problem.features, problem.supervision)
        for side in (True, False)
    ]
    np.testing.assert_array_equal(given[0].exemplars, given[1].exemplars)


def test_kernel_regressions_solve_their_equations():
    rng = np.random.default_rng(0)
    rows, targets = rng.normal(size=(6, 3)), rng.normal(size=(6, 2))
    kernel = np.exp(-cdist(rows, rows, "sqeuclidean"))
    for ridge, found in zip((0.1, 2.0), kernel_regressions(kernel, targets, (0.1, 2.0)), strict=True):
        np.testing.assert_allclose((kernel + ridge * np.eye(6)) @ found, targets - targets.mean(axis=0), atol=1e-12)
