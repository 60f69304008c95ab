"""SynC: similarities, the seen classifiers, and phantoms that give them back."""

from dataclasses import replace

import numpy as np
import pytest

from kgzsl.baselines import SynC
from kgzsl.baselines.contract import unit_rows
from kgzsl.baselines.sync import phantom_classifiers, similarities


def seen_classifiers(problem, ridge):
    """The normal equations of a squared loss for each class against the others."""
    X = problem.supervision.inputs.astype(float)
    X = X - X.mean(axis=0)
    Y = np.where(np.eye(12)[problem.supervision.labels] == 1, 1.0, -1.0)
    return np.linalg.solve(X.T @ X + ridge * np.trace(X.T @ X) / X.shape[1] * np.eye(X.shape[1]), X.T @ Y).T


def weights_of(problem, fitted, concepts=None):
    return fitted.weights(problem.index, problem.features, concepts=concepts)


def test_similarities_by_hand():
    near, far = np.exp(-1.0), np.exp(-4.0)
    found = similarities(np.array([[0.0]]), np.array([[1.0], [2.0]]), 1.0)
    np.testing.assert_allclose(found, [[near / (near + far), far / (near + far)]])


def test_one_hot_similarity_returns_the_seen_classifiers(learnable):
    problem = learnable()
    fitted = SynC(bandwidth=1e-4, ridge=0.1).fit(problem.index, problem.features, problem.supervision)
    described = unit_rows(problem.features[:12] - fitted.feature_mean)
    np.testing.assert_array_equal(similarities(described, described, fitted.variance), np.eye(12))
    expected = seen_classifiers(problem, 0.1)
    np.testing.assert_allclose(fitted.classifiers, expected, atol=1e-9)
    np.testing.assert_allclose(weights_of(problem, fitted, problem.supervision.classes), expected, atol=1e-6)


@pytest.mark.parametrize("bandwidth", [0.05, 0.3, 1.0])
def test_phantoms_give_the_seen_classifiers_back_whatever_the_bandwidth(learnable, bandwidth):
    problem = learnable()
    fitted = SynC(bandwidth, ridge=0.1).fit(problem.index, problem.features, problem.supervision)
    found = weights_of(problem, fitted, problem.supervision.classes)
    np.testing.assert_allclose(found, seen_classifiers(problem, 0.1), atol=1e-5)


def test_an_unseen_class_beside_a_seen_one_gets_its_classifier(learnable):
    problem = learnable()
    fitted = SynC(bandwidth=0.01, ridge=0.1).fit(problem.index, problem.features, problem.supervision)
    features = problem.features.copy()
    features[13] = features[4]
    found = fitted.weights(problem.index, features, concepts=["c13", "c04"])
    np.testing.assert_array_equal(found[0], found[1])


def test_classes_described_alike_share_a_classifier():
    classifiers = np.array([[1.0, 0.0], [0.0, 1.0]])
    similarity = np.full((2, 2), 0.5)
    np.testing.assert_allclose(similarity @ phantom_classifiers(similarity, classifiers), np.full((2, 2), 0.5))


def test_what_all_examples_share_moves_no_score(learnable):
    problem = learnable()
    shift = np.full(7, 0.4, dtype=np.float32)
    moved = replace(problem.supervision, inputs=problem.supervision.inputs + shift)
    here, there = (
        SynC(0.3, 0.1).fit(problem.index, problem.features, supervision) for supervision in (problem.supervision, moved)
    )
    np.testing.assert_allclose(
        here.scores(problem.test, problem.index, problem.features),
        there.scores(problem.test + shift, problem.index, problem.features),
        atol=1e-4,
    )
