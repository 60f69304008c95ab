"""The baselines behind the estimator: they tell unseen animals apart, calibrate, and take classes in later."""

import numpy as np
import polars as pl
import pytest

from kgzsl.classifier import ZeroShotClassifier
from kgzsl.errors import InputFormatError
from kgzsl.features import AttributeTable, MatrixFeatures
from kgzsl.graph.knowledge_graph import KnowledgeGraph
from kgzsl.graph.relation import SHARED_RELATIONS

NAMES = ["ale", "dap", "devise", "exem", "iap", "prototype", "sae", "sje", "sync"]
CLASSES = [f"class{place:02d}" for place in range(20)]
SEEN, UNSEEN = CLASSES[:16], CLASSES[16:]


@pytest.fixture(scope="module")
def animals():
    """Twenty classes with eight attributes, 0 or 1, and inputs that show them."""
    rng = np.random.default_rng(5)
    codes = rng.permutation(256)[:20]
    attributes = (codes[:, None] >> np.arange(8) & 1).astype(float)
    centres = (attributes - 0.5) @ rng.normal(size=(8, 12))
    edges = pl.DataFrame([{"head": id_, "relation": "is_a", "tail": "animal"} for id_ in CLASSES])
    graph = KnowledgeGraph.from_tables(
        pl.DataFrame({"id": ["animal", *CLASSES]}), edges, [SHARED_RELATIONS["is_a"]], name="animals"
    )
    labels = np.repeat(np.arange(20), 12)
    X = centres[labels] + 0.4 * rng.normal(size=(240, 12))
    table = {id_: {f"a{m}": value for m, value in enumerate(row)} for id_, row in zip(CLASSES, attributes, strict=True)}
    table["animal"] = dict.fromkeys(table[CLASSES[0]], 0.5)
    return graph, AttributeTable(table), X, np.array(CLASSES)[labels]


def fitted(animals, name, unseen=UNSEEN, **parameters):
    graph, table, X, y = animals
    clf = ZeroShotClassifier(graph, features=table, propagator=name, unseen=list(unseen), **parameters)
    rows = np.isin(y, SEEN)
    return clf.fit(X[rows], y[rows])


@pytest.mark.parametrize("name", NAMES)
def test_unseen_classes_are_recognised_by_their_attributes(animals, name):
    _, _, X, y = animals
    clf = fitted(animals, name, calibration="stacking")
    rows = np.isin(y, UNSEEN)
    assert np.mean(clf.predict(X[rows], label_space="unseen") == y[rows]) > 0.6
    # chance among all twenty is 0.05
    assert np.mean(clf.predict(X[rows]) == y[rows]) > 0.2
    assert np.mean(clf.predict(X[~rows]) == y[~rows]) > 0.2
    assert clf.fit_report_.calibration.source == "pretended-unseen folds"
    assert clf.fit_report_.propagation["chosen_by"] == "fold accuracy"
    np.testing.assert_allclose(clf.predict_proba(X[rows]).sum(axis=1), 1.0)


@pytest.mark.parametrize("name", NAMES)
def test_a_class_added_later_is_scored_as_one_that_was_there(animals, name):
    _, _, X, _ = animals
    whole, grown = fitted(animals, name), fitted(animals, name, UNSEEN[:-1])
    before = grown.decision_function(X)
    grown.add_class(UNSEEN[-1])
    np.testing.assert_array_equal(grown.decision_function(X)[:, :-1], before)
    np.testing.assert_allclose(grown.decision_function(X), whole.decision_function(X), rtol=1e-5, atol=1e-4)


def test_clip_style_scores_refuse_features_of_another_space(animals):
    with pytest.raises(InputFormatError, match="features have 8 columns, and inputs 12"):
        fitted(animals, "clip")


def test_clip_style_scores_take_examples_for_the_calibration_alone(animals):
    graph, _, X, y = animals
    means = {id_: X[y == id_].mean(axis=0) for id_ in CLASSES} | {"animal": np.zeros(12)}
    features = MatrixFeatures(list(means.values()), list(means))
    clf = ZeroShotClassifier(graph, features=features, propagator="clip", unseen=UNSEEN, calibration="stacking")
    rows = np.isin(y, SEEN)
    clf.fit(X[rows], y[rows])
    assert np.mean(clf.predict(X) == y) > 0.8
    assert clf.fit_report_.calibration.source == "pretended-unseen folds"
