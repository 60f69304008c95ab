import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from scipy.spatial.distance import cdist
from sklearn.base import clone

from kgzsl.baselines import ESZSL, ConSE
from kgzsl.classifier import ZeroShotClassifier
from kgzsl.decision.inputs import unit_rows
from kgzsl.features import MatrixFeatures, TextFeatures
from kgzsl.propagation import SGCN
from kgzsl.propagation.gp_settings import GPSettings
from kgzsl.propagation.graph_gp import GraphGP

FIXED = GraphGP(settings=GPSettings.of(text=1, walk=1, walk_beta=3.0))
SMALL = SGCN(hidden=16, epochs=40, learning_rate=1e-2, dropout=0.0)


def linear_layer(zoo) -> np.ndarray:
    """Rows whose scores are twice the negative squared distances to the class means, but for what all share."""
    means = np.stack([zoo.X[zoo.y == id_].mean(axis=0) for id_ in zoo.seen])
    return np.hstack([2 * means, -np.sum(means**2, axis=1, keepdims=True)])


def test_classes_are_the_seen_ones_sorted_then_the_unseen_ones_as_given(zoo):
    clf = ZeroShotClassifier(zoo.graph, unseen=zoo.unseen).fit(zoo.X, zoo.y)
    assert clf.classes_.tolist() == [*zoo.seen, *zoo.unseen]
    assert (clf.seen_classes_.tolist(), clf.unseen_classes_.tolist()) == (list(zoo.seen), list(zoo.unseen))
    assert clf.concepts_ == (*zoo.seen, *zoo.unseen)
    assert clf.n_features_in_ == 12


@pytest.mark.parametrize("spelled", ["id", "alternate", "name"])
def test_labels_may_be_ids_alternate_ids_or_names(zoo, spelled):
    def word(id_):
        concept = zoo.graph.concept(id_)
        return {"id": id_, "alternate": concept.alternate_ids[0], "name": concept.label}[spelled]

    labels = np.array([word(id_) for id_ in zoo.y])
    clf = ZeroShotClassifier(zoo.graph, unseen=[word(id_) for id_ in zoo.unseen]).fit(zoo.X, labels)
    by_id = ZeroShotClassifier(zoo.graph, unseen=zoo.unseen).fit(zoo.X, zoo.y)
    assert set(clf.predict(zoo.X_unseen)) <= {word(id_) for id_ in (*zoo.seen, *zoo.unseen)}
    order = [clf.concepts_.index(id_) for id_ in by_id.concepts_]
    assert np.array_equal(clf.weights_[order], by_id.weights_)


def test_seen_classes_keep_the_unit_mean_of_their_centred_inputs(zoo):
    clf = ZeroShotClassifier(zoo.graph, unseen=zoo.unseen).fit(zoo.X, zoo.y)
    means = np.stack([zoo.X[zoo.y == id_].mean(axis=0) for id_ in zoo.seen])
    expected = means - means.mean(axis=0)
    expected /= np.linalg.norm(expected, axis=1, keepdims=True)
    np.testing.assert_allclose(clf.weights_[:8], expected, atol=1e-6)  # float32
    np.testing.assert_allclose(np.linalg.norm(clf.weights_, axis=1), 1, atol=1e-6)


def test_scores_are_cosines_in_units_of_the_temperature(zoo):
    clf = ZeroShotClassifier(zoo.graph, unseen=zoo.unseen, calibration=0.05).fit(zoo.X, zoo.y)
    means = np.stack([zoo.X[zoo.y == id_].mean(axis=0) for id_ in zoo.seen])
    cosines = 1 - cdist(zoo.X_unseen - means.mean(axis=0), clf.weights_.astype(np.float64), "cosine")
    cosines[:, :8] -= 0.05
    np.testing.assert_allclose(clf.decision_function(zoo.X_unseen), cosines / clf.temperature_, atol=1e-5)


def test_linear_weights_score_the_input_with_a_constant_1(zoo):
    layer = linear_layer(zoo)
    clf = ZeroShotClassifier(zoo.graph, unseen=zoo.unseen).fit_weights(layer, zoo.seen)
    rows = unit_rows(layer)
    expected = np.hstack([zoo.X, np.ones((len(zoo.X), 1))]) @ rows.T / clf.temperature_
    np.testing.assert_allclose(clf.decision_function(zoo.X, label_space="seen"), expected, atol=1e-4)
    assert clf.weights_.shape == (12, 13)
    assert clf.n_features_in_ == 12


def test_prototypes_of_all_examples_give_the_model_of_the_examples(zoo):
    means = np.stack([zoo.X[zoo.y == id_].mean(axis=0) for id_ in zoo.seen])
    given = ZeroShotClassifier(zoo.graph, unseen=zoo.unseen, calibration="stacking")
    by_means = clone(given).fit_weights(means, zoo.seen, kind="prototype", X=zoo.X, y=zoo.y)
    by_examples = given.fit(zoo.X, zoo.y)
    np.testing.assert_allclose(by_means.weights_, by_examples.weights_, atol=1e-6)
    assert by_means.gamma_ == pytest.approx(by_examples.gamma_, abs=1e-6)
    assert by_means.temperature_ == pytest.approx(by_examples.temperature_, rel=1e-5)
    assert by_means.fit_report_.num_examples == 64


@pytest.mark.parametrize("kind", ["linear", "prototype"])
def test_weights_alone_are_enough(zoo, kind):
    layer = linear_layer(zoo)
    rows = layer if kind == "linear" else layer[:, :-1] / 2
    clf = ZeroShotClassifier(zoo.graph, unseen=zoo.unseen).fit_weights(rows, zoo.seen, kind=kind)
    own_scale = 1 / np.linalg.norm(layer, axis=1).mean()
    assert clf.temperature_ == pytest.approx(own_scale if kind == "linear" else 0.1)
    assert (clf.gamma_, clf.fit_report_.calibration.source) == (0.0, "default")
    assert clf.fit_report_.num_examples == 0
    assert (clf.predict(zoo.X_unseen, label_space="unseen") == zoo.y_unseen).mean() > 0.5


@pytest.mark.parametrize("kind", ["linear", "prototype"])
def test_examples_beside_weights_choose_gamma_and_temperature(zoo, kind):
    layer = linear_layer(zoo)
    rows = layer if kind == "linear" else layer[:, :-1] / 2
    order = np.random.default_rng(0).permutation(8)
    clf = ZeroShotClassifier(zoo.graph, unseen=zoo.unseen, calibration="stacking")
    clf.fit_weights(rows[order], np.array(zoo.seen)[order], kind=kind, X=zoo.X, y=zoo.y)
    assert clf.fit_report_.calibration.source == "pretended-unseen folds"
    assert clf.classes_.tolist() == [*(zoo.seen[place] for place in order), *zoo.unseen]
    assert (clf.predict(zoo.X, label_space="seen") == zoo.y).mean() > 0.7


@pytest.mark.parametrize(
    "propagator", ["graph-gp", SMALL, "eszsl", "conse"], ids=["graph-gp", "sgcn", "eszsl", "conse"]
)
def test_unseen_classes_are_recognised_well_above_chance(zoo, propagator):
    features = MatrixFeatures(list(zoo.rows.values()), list(zoo.rows))
    clf = ZeroShotClassifier(zoo.graph, features=features, propagator=propagator, unseen=zoo.unseen).fit(zoo.X, zoo.y)
    assert (clf.predict(zoo.X_unseen, label_space="unseen") == zoo.y_unseen).mean() > 0.45


def test_features_by_name_and_by_object_are_the_same(zoo):
    by_name = ZeroShotClassifier(zoo.graph, features="text", propagator=FIXED, unseen=zoo.unseen).fit(zoo.X, zoo.y)
    by_object = clone(by_name).set_params(features=TextFeatures()).fit(zoo.X, zoo.y)
    assert np.array_equal(by_name.weights_, by_object.weights_)


def test_report_says_what_was_done(zoo):
    report = ZeroShotClassifier(zoo.graph, unseen=zoo.unseen).fit(zoo.X, zoo.y).fit_report_
    assert (report.num_seen, report.num_unseen, report.num_examples) == (8, 4, 64)
    assert (report.num_concepts, report.num_edges) == (20, 19)  # granite and the bats are not among them
    assert (report.unreachable, report.undirected) == ((), ())
    assert str(report).startswith("8 seen and 4 unseen classes, 64 examples, graph of 20 concepts and 19 edges\n")


def test_two_fits_give_the_same_bytes(zoo):
    first, second = (
        ZeroShotClassifier(zoo.graph, unseen=zoo.unseen, calibration="stacking").fit(zoo.X, zoo.y) for _ in range(2)
    )
    assert first.weights_.tobytes() == second.weights_.tobytes()
    assert (first.gamma_, first.temperature_) == (second.gamma_, second.temperature_)


def many_inputs(zoo) -> tuple[np.ndarray, np.ndarray]:
    """More inputs a class than are judged for gamma, so that which of them are judged matters."""
    rng = np.random.default_rng(1)
    return np.concatenate([zoo.X + 0.3 * rng.standard_normal(zoo.X.shape) for _ in range(10)]), np.tile(zoo.y, 10)


@pytest.mark.parametrize("propagator", [FIXED, ConSE(), ESZSL()], ids=["graph-gp", "conse", "eszsl"])
def test_the_order_of_examples_does_not_matter(zoo, propagator):
    X, y = many_inputs(zoo)
    order = np.random.default_rng(2).permutation(len(X))
    made = ZeroShotClassifier(zoo.graph, propagator=propagator, unseen=zoo.unseen, calibration="stacking")
    straight, shuffled = clone(made).fit(X, y), clone(made).fit(X[order], y[order])
    # means of the same numbers in another order differ by rounding, weights are rounded to float32
    np.testing.assert_allclose(straight.weights_, shuffled.weights_, atol=2e-6)
    assert straight.gamma_ == pytest.approx(shuffled.gamma_, abs=1e-5)
    assert straight.temperature_ == pytest.approx(shuffled.temperature_, rel=1e-4)


SCRIPT = """
import numpy as np, sys, hashlib
sys.path.insert(0, sys.argv[1])
import conftest
from kgzsl.classifier import ZeroShotClassifier
zoo = conftest.zoo.__wrapped__() if hasattr(conftest.zoo, "__wrapped__") else conftest.zoo.__pytest_wrapped__.obj()
clf = ZeroShotClassifier(zoo.graph, unseen=zoo.unseen, calibration="stacking").fit(zoo.X, zoo.y)
clf.add_class("okapi.n", edges=[("okapi.n", "is_a", "mammal.n")], definition="a mammal like the zebra")
text = clf.explain(zoo.X_unseen[0]).to_text() + repr((clf.gamma_, clf.temperature_))
print(hashlib.sha256(clf.weights_.tobytes() + text.encode()).hexdigest())
"""


def test_every_hash_seed_gives_the_same_bytes():
    tests = Path(__file__).resolve().parents[1]
    run = [sys.executable, "-c", SCRIPT, str(tests)]
    environment = {**os.environ, "PYTHONPATH": str(tests.parent)}
    started = [
        subprocess.Popen(run, env={**environment, "PYTHONHASHSEED": seed}, stdout=subprocess.PIPE) for seed in "01"
    ]
    first, second = (process.communicate()[0] for process in started)
    assert first == second
    assert len(first.strip()) == 64


def test_clone_and_parameters(zoo):
    clf = ZeroShotClassifier(zoo.graph, features="text", propagator=FIXED, unseen=list(zoo.unseen), random_state=3)
    copy = clone(clf)
    assert copy.get_params(deep=False) == clf.get_params(deep=False)
    assert copy.graph is zoo.graph
    assert not hasattr(copy, "problem_")


def test_a_report_shows_itself_in_lines_and_keeps_what_was_tried(zoo):
    report = ZeroShotClassifier(zoo.graph, unseen=zoo.unseen).fit(zoo.X, zoo.y).fit_report_
    assert repr(report) == str(report)
    assert len(report.propagation["candidates"]) > 100
