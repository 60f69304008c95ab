"""Few held-out classes say little of a temperature, and what bound it ended at is told."""

import numpy as np
import pytest
from scipy.special import softmax

from kgzsl.classifier import ZeroShotClassifier
from kgzsl.decision.calibration import calibrate
from kgzsl.evaluation.calibration import CalibrationFold, choose_temperature
from kgzsl.features import MatrixFeatures


def fold(num_classes, num_samples, *, sharpness=0.3, noise=0.1, seed=0):
    """Scores against held-out classes alone, a sample's own class ahead by `sharpness`."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, num_classes, num_samples)
    scores = noise * rng.standard_normal((num_samples, num_classes))
    scores[np.arange(num_samples), labels] += sharpness
    return CalibrationFold(scores, labels, np.zeros(num_classes, dtype=bool))


@pytest.mark.parametrize(
    ("num_classes", "num_samples", "told"), [(2, 200, 2), (40, 100, 10), (200, 4000, 200), (3, 5, 0.5)]
)
def test_a_temperature_is_drawn_towards_the_default_by_how_little_is_known(num_classes, num_samples, told):
    part = fold(num_classes, num_samples, sharpness=0.2)
    chosen = choose_temperature([part]).temperature
    expected = chosen ** (told / (told + 10)) * 0.1 ** (10 / (told + 10))
    found = calibrate(None, [part])
    assert found.temperature == pytest.approx(expected, rel=1e-9)
    assert calibrate(None, [part], is_cosine=False).temperature == pytest.approx(chosen, rel=1e-9)


def test_separable_samples_end_at_the_low_bound():
    few = calibrate(None, [fold(2, 30, noise=0.001)])
    assert few.temperature == pytest.approx(0.02 ** (2 / 12) * 0.1 ** (10 / 12), rel=1e-12)
    many = calibrate(None, [fold(300, 4000, noise=0.001)])
    assert many.temperature == pytest.approx(0.02 ** (300 / 310) * 0.1 ** (10 / 310), rel=1e-12)
    assert (few.at_bound, many.at_bound) == ("low", "low")


def test_scores_that_say_nothing_end_at_the_high_bound():
    found = calibrate(None, [fold(300, 4000, sharpness=-0.2)])
    assert found.temperature == pytest.approx(0.1 ** (10 / 310), rel=1e-12)
    assert found.at_bound == "high"
    assert calibrate(None, [fold(300, 4000, sharpness=-0.2)], is_cosine=False).temperature > 1


def test_no_folds_no_choice():
    assert (calibrate(None, []).temperature, calibrate(None, []).at_bound) == (0.1, "")


@pytest.mark.parametrize("seen", [("dog.n", "eagle.n", "horse.n", "lion.n"), ("dog.n", "owl.n", "tiger.n", "wolf.n")])
def test_four_seen_classes_give_a_temperature_near_the_default(zoo, seen):
    kept = np.isin(zoo.y, seen)
    clf = ZeroShotClassifier(zoo.graph, unseen=zoo.unseen).fit(zoo.X[kept], zoo.y[kept])
    assert 0.05 <= clf.temperature_ <= 0.2


def test_the_report_says_where_the_choice_ended(zoo):
    kept = np.isin(zoo.y, ("dog.n", "eagle.n", "horse.n", "lion.n"))
    X = np.repeat(zoo.X[kept][::8], 8, axis=0)
    X += 1e-4 * np.random.default_rng(0).standard_normal(X.shape)
    report = ZeroShotClassifier(zoo.graph, unseen=zoo.unseen).fit(X, zoo.y[kept]).fit_report_
    told = "; the choice of a temperature ended at its" in str(report)
    assert told == bool(report.calibration.at_bound)
    assert report.calibration.at_bound in ("low", "high")


# -- without examples --------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def described(zoo):
    """Vectors that describe the concepts of the zoo; those of seen classes."""
    rows = np.stack([zoo.rows[id_][:12] for id_ in zoo.graph.ids])  # the space of the inputs
    features, seen = MatrixFeatures(rows, ids=list(zoo.graph.ids)), sorted(zoo.seen)
    return features, seen, np.stack([zoo.rows[name][:12] for name in seen]).astype(np.float64)


def test_scores_that_are_log_odds_are_left_as_they_are(zoo, described):
    """CLIP's probabilities: the softmax of 100 times the cosine of input and description."""
    features, seen, own = described
    clf = ZeroShotClassifier(zoo.graph, features=features, propagator="clip", unseen=zoo.unseen)
    clf.fit_weights(np.c_[own, np.zeros(len(own))], seen, kind="linear")
    assert clf.temperature_ == 1.0
    rows = np.stack([zoo.rows[name][:12] for name in clf.class_labels("all").tolist()]).astype(np.float64)
    cosines = unit(zoo.X_unseen) @ unit(rows).T
    np.testing.assert_allclose(clf.predict_proba(zoo.X_unseen), softmax(100 * cosines, axis=1), atol=1e-5)


@pytest.mark.parametrize("has_graph", [True, False])
def test_a_linear_layer_without_examples_gives_probabilities_of_its_own_scale(zoo, described, has_graph):
    features, seen, own = described
    layer = 3 * np.c_[unit(own), np.zeros(len(own))]
    options = {"features": features, "unseen": zoo.unseen} if has_graph else {}
    clf = ZeroShotClassifier(zoo.graph if has_graph else None, **options).fit_weights(layer, seen, kind="linear")
    assert clf.temperature_ == pytest.approx(1 / 3)
    logits = np.c_[zoo.X, np.ones(len(zoo.X))] @ layer.T
    order = [seen.index(name) for name in clf.class_labels("seen").tolist()]
    np.testing.assert_allclose(
        clf.predict_proba(zoo.X, label_space="seen"), softmax(logits[:, order], axis=1), atol=1e-5
    )


def test_cosines_without_examples_have_the_default(zoo, described):
    features, seen, own = described
    clf = ZeroShotClassifier(zoo.graph, features=features, unseen=zoo.unseen).fit_weights(own, seen, kind="prototype")
    assert clf.temperature_ == 0.1


def unit(rows):
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)
