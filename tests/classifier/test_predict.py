from concurrent.futures import ThreadPoolExecutor

import numpy as np
import polars as pl
import pytest
from scipy.special import softmax
from sklearn.exceptions import NotFittedError

from kgzsl.classifier import ZeroShotClassifier
from kgzsl.errors import InputFormatError


@pytest.fixture(scope="module")
def clf(zoo) -> ZeroShotClassifier:
    return ZeroShotClassifier(zoo.graph, unseen=zoo.unseen, calibration="stacking").fit(zoo.X, zoo.y)


@pytest.mark.parametrize("space", ["all", "seen", "unseen", ["fox.n", "dog.n", "falcon.n"]])
def test_probabilities_are_the_softmax_of_the_scores(zoo, clf, space):
    scores = clf.decision_function(zoo.X_unseen, label_space=space)
    probabilities = clf.predict_proba(zoo.X_unseen, label_space=space)
    assert np.array_equal(probabilities, softmax(scores, axis=1))
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-12)
    labels = clf.class_labels(space)
    assert scores.shape == (32, len(labels))
    assert np.array_equal(clf.predict(zoo.X_unseen, label_space=space), labels[scores.argmax(axis=1)])


def test_columns_stand_in_the_order_of_the_label_space(zoo, clf):
    everything = clf.decision_function(zoo.X_unseen)
    assert clf.class_labels().tolist() == clf.classes_.tolist()
    wanted = ["fox.n", "dog.n", "falcon.n"]
    listed = clf.decision_function(zoo.X_unseen, label_space=wanted)
    assert clf.class_labels(wanted).tolist() == wanted
    columns = [clf.classes_.tolist().index(label) for label in wanted]
    np.testing.assert_allclose(listed, everything[:, columns], rtol=1e-12, atol=1e-12)


def test_the_best_classes_are_those_of_highest_probability(zoo, clf):
    top = clf.predict_top(zoo.X_unseen, k=3)
    probabilities = clf.predict_proba(zoo.X_unseen)
    order = np.argsort(-probabilities, axis=1, kind="stable")[:, :3]
    assert np.array_equal(top.labels, clf.classes_[order])
    np.testing.assert_allclose(top.probabilities, np.take_along_axis(probabilities, order, axis=1), rtol=1e-12)
    assert len(top) == 32
    assert next(iter(top)) == tuple(zip(top.labels[0].tolist(), top.probabilities[0].tolist(), strict=True))
    assert np.array_equal(top.labels[:, 0], clf.predict(zoo.X_unseen))


def test_the_best_classes_print_and_show_themselves(zoo, clf):
    top = clf.predict_top(zoo.X_unseen[:2], k=2)
    (first, p), (second, q) = top[1]
    assert top.to_table().rows[2:] == ((1, 1, first, p), (1, 2, second, q))
    assert str(top).splitlines()[-1].split()[:2] == ["1", first]
    assert repr(top) == "<TopClasses the 2 best classes of 2 inputs>"
    assert first in top._repr_html_()


def test_more_classes_than_there_are_gives_all(zoo, clf):
    assert clf.predict_top(zoo.X_unseen, k=50, label_space="unseen").labels.shape == (32, 4)


def test_two_classes_of_a_plain_classifier_give_one_column(zoo):
    kept = np.isin(zoo.y, zoo.seen[:2])
    plain = ZeroShotClassifier().fit(zoo.X[kept], zoo.y[kept])
    assert plain.decision_function(zoo.X).shape == (64,)
    assert plain.decision_function(zoo.X, label_space="seen").shape == (64, 2)


@pytest.mark.parametrize(
    ("space", "message"),
    [
        ("everything", 'label_space is "all", "seen", "unseen" or a list'),
        ([], "at least one class"),
        (["dog.n", "dog.n"], "each by one name only"),
        (["dog.n", "granite.n", "unicorn"], r"not among the 12 classes: 'granite.n', 'unicorn'"),
        (7, "a list of classes, not 7"),
        ([["dog.n"]], "not among the 12 classes"),
    ],
)
def test_a_label_space_that_makes_no_sense_is_an_error(zoo, clf, space, message):
    with pytest.raises(InputFormatError, match=message):
        clf.predict(zoo.X, label_space=space)


def test_no_unseen_class_leaves_that_label_space_empty(zoo):
    clf = ZeroShotClassifier(zoo.graph).fit(zoo.X, zoo.y)
    with pytest.raises(InputFormatError, match='label_space="unseen" is empty'):
        clf.predict(zoo.X, label_space="unseen")


def test_a_class_goes_by_its_label_and_by_its_concept(zoo):
    named = np.array([zoo.graph.concept(id_).label for id_ in zoo.y])
    clf = ZeroShotClassifier(zoo.graph, unseen=["fox"]).fit(zoo.X, named)
    by_label = clf.decision_function(zoo.X, label_space=["fox", "wolf"])
    assert np.array_equal(by_label, clf.decision_function(zoo.X, label_space=["fox.n", "wolf.n"]))


@pytest.mark.parametrize("k", [0, -1, 1.5, "3", True])
def test_k_counts_classes(zoo, clf, k):
    with pytest.raises(InputFormatError, match="k counts classes"):
        clf.predict_top(zoo.X, k=k)


@pytest.mark.parametrize("ask", ["predict", "predict_proba", "decision_function", "predict_top", "explain"])
def test_nothing_is_asked_of_an_unfitted_classifier(zoo, ask):
    with pytest.raises(NotFittedError):
        getattr(ZeroShotClassifier(zoo.graph), ask)(zoo.X[:1])


def test_eight_threads_get_the_answers_of_one(zoo):
    def asked(clf, row):
        x = zoo.X_unseen[row % 32]
        target = "okapi.n" if row % 3 == 0 else None
        return clf.predict_proba(x[None]).tobytes(), clf.explain(x, target=target).to_text()

    def fresh():
        clf = ZeroShotClassifier(zoo.graph, unseen=zoo.unseen).fit(zoo.X, zoo.y)
        return clf.add_class("okapi.n", edges=[("okapi.n", "is_a", "mammal.n")], definition="a mammal of its own")

    one, many = fresh(), fresh()
    serial = [asked(one, row) for row in range(48)]
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(lambda row: asked(many, row), range(48))) == serial


@pytest.mark.parametrize("factor", [1e160, 1e-160])
def test_inputs_in_any_unit_give_the_same_predictions(zoo, factor):
    plain = ZeroShotClassifier(zoo.graph, unseen=zoo.unseen, calibration="stacking").fit(zoo.X, zoo.y)
    scaled = ZeroShotClassifier(zoo.graph, unseen=zoo.unseen, calibration="stacking").fit(zoo.X * factor, zoo.y)
    expected = plain.predict_proba(zoo.X_unseen)
    np.testing.assert_allclose(scaled.predict_proba(zoo.X_unseen * factor), expected, rtol=1e-4)  # float32 weights


def test_inputs_that_leave_the_finite_numbers_are_refused(zoo):
    clf = ZeroShotClassifier(zoo.graph, unseen=zoo.unseen)
    with pytest.raises(InputFormatError, match="too large to compute with"):
        clf.fit(np.sign(zoo.X) * 1.7e308, zoo.y)


def test_a_classifier_of_named_columns_explains_rows_and_arrays_without_a_warning(zoo):
    names = [f"c{column:02d}" for column in range(12)]
    table = pl.DataFrame(zoo.X, schema=names)
    clf = ZeroShotClassifier(zoo.graph, unseen=zoo.unseen).fit(table, zoo.y)
    assert clf.feature_names_in_.tolist() == names
    said = {clf.explain(x).to_text() for x in (table[0], table.row(0), zoo.X[0], zoo.X[:1], zoo.X[0].tolist())}
    assert len(said) == 1
    with pytest.raises(InputFormatError, match="feature names should match"):
        clf.explain(table[0].rename({"c00": "other"}))


def test_a_row_of_pandas_is_explained_by_its_names(zoo):
    pandas = pytest.importorskip("pandas")
    names = [f"c{column:02d}" for column in range(12)]
    table = pandas.DataFrame(zoo.X, columns=names)
    clf = ZeroShotClassifier(zoo.graph, unseen=zoo.unseen).fit(table, zoo.y)
    assert len({clf.explain(x).to_text() for x in (table.iloc[0], table.iloc[:1], zoo.X[0])}) == 1
    with pytest.raises(InputFormatError, match="feature names should match"):
        clf.explain(table[names[::-1]].iloc[0])


def test_a_set_of_classes_has_the_order_of_the_classes(clf):
    named = list(reversed(clf.classes_.tolist()))[:3]
    np.testing.assert_array_equal(clf.class_labels(set(named)), named[::-1])
