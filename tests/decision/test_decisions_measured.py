"""What decisions keep on photographs; `benchmarks/decisions.py` prints these and more."""

import numpy as np
import pytest

from kgzsl.bench import TinyImageNet
from kgzsl.classifier import ZeroShotClassifier
from kgzsl.decision.ancestor import predict_ancestor
from kgzsl.decision.conformal import predict_set
from kgzsl.evaluation.generalized import calibration_curve, seen_unseen_accuracy
from kgzsl.sources.catalog import load_graph


@pytest.fixture(scope="module")
def photographs(shared_data):
    return TinyImageNet.read(shared_data("tiny-imagenet/features.npz").parent)


@pytest.fixture(scope="module")
def problem(photographs):
    """Every second held-out photograph of seen classes calibrates: those of training are too well known."""
    X, y = photographs.test_seen
    clf = ZeroShotClassifier(
        load_graph("wordnet"), features=photographs.sentences, unseen=list(photographs.unseen), calibration="stacking"
    )
    return clf.fit_weights(photographs.means, photographs.seen, kind="prototype", X=X[::2], y=y[::2]).problem_


def macro(right, labels):
    return np.mean([right[labels == label].mean() for label in np.unique(labels)])


def test_sets_and_ancestors_of_seen_classes_are_right_as_often_as_stated(problem, photographs):
    X, y = photographs.test_seen[0][1::2], photographs.test_seen[1][1::2]
    for space in ("all", "seen"):
        assert macro(predict_set(problem, X, label_space=space).holds(y), y) >= 0.9
        assert macro(predict_ancestor(problem, X, label_space=space).holds(y), y) >= 0.9


def test_of_unseen_classes_the_network_knows_less_than_of_pretended_ones(problem, photographs):
    X, y = photographs.test_unseen
    sets = predict_set(problem, X, label_space="unseen")
    kinds = predict_set(problem, X, label_space="unseen", hierarchical=True)
    assert 0.82 <= macro(sets.holds(y), y) <= macro(kinds.holds(y), y) <= 0.95
    assert kinds.num_words.mean() < 0.6 * sets.num_words.mean()
    assert macro(predict_ancestor(problem, X, label_space="unseen").holds(y), y) >= 0.82


def test_the_gamma_chosen_costs_under_two_points_of_the_best_in_hindsight(problem, photographs):
    inputs = np.vstack([photographs.test_seen[0], photographs.test_unseen[0]])
    names = np.r_[photographs.test_seen[1], photographs.test_unseen[1]]
    labels = np.array([problem.classes.place(name) for name in names.tolist()])
    scores = problem.raw_scores(problem.scale.prepare(inputs), range(len(problem.classes.labels)))
    best = calibration_curve(scores, labels, problem.classes.is_seen).harmonic_mean.max()
    found = seen_unseen_accuracy(scores, labels, problem.classes.is_seen, problem.calibration.gamma).harmonic_mean
    assert best - found <= 0.02
