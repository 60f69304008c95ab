"""Explanations of real photographs, through the estimator as a user calls it."""

import numpy as np
import pytest

import kgzsl
from kgzsl.bench import TinyImageNet

VIEWS = ("paths", "facts", "support", "concepts", "patterns")


@pytest.fixture(scope="module")
def photographs(shared_data):
    return TinyImageNet.read(shared_data("tiny-imagenet/features.npz").parent)


@pytest.fixture(scope="module")
def classifier(photographs):
    kg = kgzsl.load_graph("wordnet")
    clf = kgzsl.ZeroShotClassifier(
        kg, features=photographs.sentences, unseen=photographs.unseen, calibration="stacking"
    )
    return clf.fit(*photographs.train)


def test_contributions_add_up_to_the_score_of_200_photographs_and_classes(photographs, classifier):
    rng = np.random.default_rng(0)
    X = photographs.test_unseen[0]
    for _ in range(200):
        x, place = X[rng.integers(len(X))], rng.integers(len(classifier.classes_))
        score = classifier.decision_function(x[None])[0, place]
        explanation = classifier.explain(x, target=classifier.classes_[place], against=None)
        for view in VIEWS:
            assert sum(row.credit for row in explanation.by(view)) == pytest.approx(score, rel=1e-6)


def test_contributions_add_up_to_the_log_odds_against_the_runner_up(photographs, classifier):
    for x in photographs.test_unseen[0][::500]:
        probabilities = np.sort(classifier.predict_proba(x[None], label_space="unseen")[0])
        explanation = classifier.explain(x, label_space="unseen")
        assert explanation.total == pytest.approx(np.log(probabilities[-1] / probabilities[-2]), rel=1e-6)
        explanation.verify()


def test_two_calls_give_identical_output(photographs, classifier):
    x = photographs.test_unseen[0][17]
    first, second = classifier.explain(x), classifier.explain(x)
    assert first.to_dict() == second.to_dict()
    assert first.to_text() == second.to_text()
    assert first._repr_html_() == second._repr_html_()
