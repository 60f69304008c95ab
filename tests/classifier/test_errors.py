"""Bad input gets an error with a name before any work is lost, and what was fitted stays fitted."""

import warnings
from dataclasses import dataclass

import numpy as np
import polars as pl
import pytest
from sklearn.base import clone

from kgzsl.classifier import ZeroShotClassifier
from kgzsl.errors import (
    GroundingError,
    InputFormatError,
    InvalidGraphError,
    KgzslError,
    KgzslWarning,
    MissingFeaturesError,
    PluginError,
    SplitError,
    UnknownNameError,
    UnknownRelationError,
)
from kgzsl.features import MatrixFeatures
from kgzsl.graph.knowledge_graph import KnowledgeGraph
from kgzsl.loading import load_model
from kgzsl.propagation.graph_gp import GraphGP


def spoiled(zoo, value):
    X = zoo.X.copy()
    X[17, 4] = X[20, 1] = value
    return X


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_values_that_are_not_finite_are_counted_and_the_first_is_named(zoo, value):
    clf = ZeroShotClassifier(zoo.graph, unseen=zoo.unseen)
    message = rf"X has 2 value\(s\) that are not finite: the first is {value} at row 17, column 4"
    with pytest.raises(InputFormatError, match=message):
        clf.fit(spoiled(zoo, value), zoo.y)
    clf.fit(zoo.X, zoo.y)
    for ask in (clf.predict, clf.predict_proba, clf.decision_function, clf.predict_top):
        with pytest.raises(InputFormatError, match=message):
            ask(spoiled(zoo, value))
    with pytest.raises(InputFormatError, match=r"x has 1 value\(s\) that are not finite"):
        clf.explain(spoiled(zoo, value)[17])
    means = np.stack([zoo.X[zoo.y == id_].mean(axis=0) for id_ in zoo.seen])
    means[3, 2] = value
    with pytest.raises(InputFormatError, match=r"weights has 1 value\(s\) that are not finite.*row 3, column 2"):
        clf.fit_weights(means, zoo.seen, kind="prototype")


@pytest.mark.parametrize("width", [11, 13])
def test_inputs_of_another_width_are_refused(zoo, width):
    clf = ZeroShotClassifier(zoo.graph, unseen=zoo.unseen).fit(zoo.X, zoo.y)
    other = np.zeros((3, width))
    message = f"X has {width} features, but ZeroShotClassifier is expecting 12 features"
    for ask in (clf.predict, clf.predict_proba, clf.decision_function, clf.predict_top):
        with pytest.raises(InputFormatError, match=message):
            ask(other)
    for x in (other[0], other[:1]):
        with pytest.raises(InputFormatError, match=message):
            clf.explain(x)
    with pytest.raises(InputFormatError, match=r"one input \[dim\], such as X\[0\], not an array of shape \(2, 12\)"):
        clf.explain(zoo.X[:2])
    with pytest.raises(InputFormatError, match="could not convert string"):
        clf.explain(["a"] * 12)
    layer = np.ones((8, width + 1)) + np.eye(8, width + 1)
    with pytest.raises(InputFormatError, match=f"expecting {width} features"):
        clf.fit_weights(layer, zoo.seen, X=zoo.X, y=zoo.y)


def test_unknown_and_ambiguous_classes_are_listed_all_at_once(zoo):
    labels = zoo.y.copy()
    labels[labels == "dog.n"] = "dgo.n"
    labels[labels == "owl.n"] = "bat"
    with pytest.raises(GroundingError) as caught:
        ZeroShotClassifier(zoo.graph, unseen=["fox.n", "unicorn", "bat", "xylophone"]).fit(zoo.X, labels)
    error = caught.value
    assert sorted(error.missing) == ["dgo.n", "unicorn", "xylophone"]
    assert error.missing["dgo.n"][0] == "dog.n"
    assert error.ambiguous == {"bat": (("bat.club", "a club"), ("bat.flyer", "a flyer"))}
    assert str(error).startswith("4 class label(s) do not stand for exactly one concept of graph zoo")


@pytest.mark.parametrize("unseen", [["fox.n", "dog.n"], ["fox.n", "dog"], ["n00000003"]])
def test_a_class_both_seen_and_unseen_is_refused_whatever_it_is_called(zoo, unseen):
    assert zoo.graph.resolve("n00000003") == "dog.n"
    with pytest.raises(SplitError, match=r"1 class\(es\) are both seen and unseen") as caught:
        ZeroShotClassifier(zoo.graph, unseen=unseen).fit(zoo.X, zoo.y)
    assert caught.value.overlap == ("dog.n",)


def test_two_names_of_one_class_are_refused(zoo):
    labels = zoo.y.copy()
    labels[labels == "owl.n"] = "dog"
    with pytest.raises(InputFormatError, match=r"two class labels for one concept: 'dog' and 'dog.n' are both dog.n"):
        ZeroShotClassifier(zoo.graph).fit(zoo.X, labels)
    with pytest.raises(InputFormatError, match=r"classes named twice: 'fox.n'"):
        ZeroShotClassifier(zoo.graph, unseen=["fox.n", "fox.n"]).fit(zoo.X, zoo.y)


def test_labels_that_are_not_text_are_refused_where_there_is_a_graph(zoo):
    with pytest.raises(InputFormatError, match="class labels are strings when there is a graph, not int 0"):
        ZeroShotClassifier(zoo.graph).fit(zoo.X, np.arange(64) % 8)
    with pytest.raises(InputFormatError, match=r"class labels are strings when there is a graph, not list \['fox.n'\]"):
        ZeroShotClassifier(zoo.graph, unseen=[["fox.n"]]).fit(zoo.X, zoo.y)
    with pytest.raises(InputFormatError, match=r"unseen is a list of classes, not one string: \['fox.n'\]"):
        ZeroShotClassifier(zoo.graph, unseen="fox.n").fit(zoo.X, zoo.y)


def means_of(zoo):
    return np.stack([zoo.X[zoo.y == id_].mean(axis=0) for id_ in zoo.seen])


def test_a_seen_class_without_examples_is_named(zoo):
    kept = ~np.isin(zoo.y, ["dog.n", "owl.n"])
    clf = ZeroShotClassifier(zoo.graph, unseen=zoo.unseen)
    with pytest.raises(SplitError, match=r"2 seen class\(es\) without examples in X, y: 'dog.n', 'owl.n'"):
        clf.fit_weights(means_of(zoo), zoo.seen, kind="prototype", X=zoo.X[kept], y=zoo.y[kept])


def test_examples_of_an_unseen_class_are_refused(zoo):
    clf = ZeroShotClassifier(zoo.graph, unseen=zoo.unseen)
    labels = zoo.y.astype(object)
    labels[0] = "fox.n"
    with pytest.raises(SplitError, match=r"examples of unseen classes: 'fox.n'") as caught:
        clf.fit_weights(means_of(zoo), zoo.seen, kind="prototype", X=zoo.X, y=labels)
    assert caught.value.overlap == ("fox.n",)
    labels[0] = "granite.n"
    with pytest.raises(InputFormatError, match=r"not among the 12 classes: 'granite.n'"):
        clf.fit_weights(means_of(zoo), zoo.seen, kind="prototype", X=zoo.X, y=labels)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"kind": "cosine"}, 'kind is "linear" or "prototype"'),
        ({"classes": "dog.n"}, "classes is a list of classes, not one string"),
        ({"classes": ["dog.n"]}, r"weights of shape \(8, 12\) for 1 classes"),
        ({"classes": []}, "for 0 classes"),
        ({"weights": np.ones(12)}, r"weights of shape \(12,\)"),
        ({"weights": np.ones((8, 2, 2))}, r"weights of shape \(8, 2, 2\)"),
        ({"weights": np.ones((8, 0))}, r"needs at least 1 column\(s\)"),
        ({"weights": np.ones((8, 1)), "kind": "linear"}, r"needs at least 2 column\(s\)"),
        ({"weights": [["a"] * 12] * 8}, "could not convert string"),
        ({"X": np.ones((2, 12))}, "X and y come together"),
        ({"y": ["dog.n"]}, "X and y come together"),
    ],
)
def test_weights_that_do_not_fit_are_refused(zoo, change, message):
    given = {"weights": means_of(zoo), "classes": zoo.seen, "kind": "prototype", **change}
    with pytest.raises(InputFormatError, match=message):
        ZeroShotClassifier(zoo.graph, unseen=zoo.unseen).fit_weights(
            given.pop("weights"), given.pop("classes"), **given
        )


def test_an_empty_graph_is_refused(zoo):
    empty = KnowledgeGraph.from_tables(
        pl.DataFrame(schema={"id": pl.String}),
        pl.DataFrame(schema=dict.fromkeys(("head", "relation", "tail"), pl.String)),
    )
    with pytest.raises(InvalidGraphError, match="has no concepts"):
        ZeroShotClassifier(empty, unseen=zoo.unseen).fit(zoo.X, zoo.y)


@pytest.mark.parametrize(
    ("parameters", "error", "message"),
    [
        ({"graph": "wordnet"}, InputFormatError, r"graph is a KnowledgeGraph, not str; kgzsl\.load_graph"),
        ({"graph": None, "unseen": ["fox.n"]}, SplitError, "unseen classes need a graph"),
        ({"calibration": "platt"}, InputFormatError, 'calibration is None, "stacking" or a finite number'),
        ({"calibration": float("nan")}, InputFormatError, "finite number, not nan"),
        ({"calibration": True}, InputFormatError, "finite number, not True"),
        ({"random_state": -1}, InputFormatError, "random_state is None or a whole number from 0 on"),
        ({"random_state": np.random.RandomState(0)}, InputFormatError, "random_state is None or a whole number"),
        ({"relations": "is_b"}, UnknownRelationError, "no relation 'is_b'"),
        ({"propagator": "graph-pg"}, UnknownNameError, "nearest: 'graph-gp'"),
        ({"propagator": GraphGP}, InputFormatError, "propagator is a name"),
        ({"propagator": GraphGP(relations=("is_a",)), "relations": "part"}, InputFormatError, "give them once"),
        ({"features": "txt"}, KgzslError, "txt"),
    ],
)
def test_parameters_that_make_no_sense_are_refused_at_the_fit(zoo, parameters, error, message):
    clf = ZeroShotClassifier(**{"graph": zoo.graph, "unseen": zoo.unseen, **parameters})
    with pytest.raises(error, match=message):
        clf.fit(zoo.X, zoo.y)


def test_concepts_without_features_are_all_named(zoo):
    rows = {id_: row for id_, row in zoo.rows.items() if id_ not in ("feline.n", "fox.n")}
    with pytest.raises(MissingFeaturesError) as caught:
        ZeroShotClassifier(zoo.graph, features=rows, unseen=zoo.unseen).fit(zoo.X, zoo.y)
    assert sorted(caught.value.ids) == ["feline.n", "fox.n"]


def test_one_seen_class_has_nothing_to_be_told_apart_from(zoo):
    one = zoo.y == "dog.n"
    with pytest.raises(SplitError, match="nothing that sets one apart"):
        ZeroShotClassifier(zoo.graph, unseen=zoo.unseen).fit(zoo.X[one], zoo.y[one])
    layer = np.ones((1, 13))
    clf = ZeroShotClassifier(zoo.graph, unseen=zoo.unseen).fit_weights(layer, ["dog.n"])
    assert clf.predict(zoo.X).shape == (64,)


def test_a_seen_class_in_the_middle_of_all_others_is_reported(zoo):
    means = np.array([[1.0, 0], [-1, 0], [0, 1], [0, -1], [0, 0]])
    clf = ZeroShotClassifier(zoo.graph, unseen=zoo.unseen)
    with pytest.warns(KgzslWarning, match=r"1 seen class\(es\) have weights of zero.*'lion.n'") as caught:
        clf.fit_weights(means, zoo.seen[:5], kind="prototype")
    assert caught[0].filename == __file__
    assert clf.fit_report_.undirected == ("lion.n",)


@pytest.mark.parametrize("calibration", ["stacking", None])
def test_gamma_cannot_be_chosen_without_examples(zoo, calibration):
    clf = ZeroShotClassifier(zoo.graph, unseen=zoo.unseen, calibration=calibration)
    if calibration is None:
        clf.fit_weights(means_of(zoo), zoo.seen, kind="prototype")
        return
    with pytest.raises(InputFormatError, match="needs examples of at least 4 seen classes"):
        clf.fit_weights(means_of(zoo), zoo.seen, kind="prototype")
    few = np.isin(zoo.y, zoo.seen[:3])
    with pytest.raises(InputFormatError, match=r"needs examples of at least 4 seen classes.*there are 3"):
        clf.fit(zoo.X[few], zoo.y[few])


def test_gamma_cannot_be_chosen_on_one_example_a_class(zoo):
    with pytest.raises(InputFormatError, match="needs classes with two examples"):
        ZeroShotClassifier(zoo.graph, unseen=zoo.unseen, calibration="stacking").fit(zoo.X[::8], zoo.y[::8])


def test_classes_without_a_path_to_a_seen_one_are_allowed_and_reported(zoo):
    clf = ZeroShotClassifier(zoo.graph, unseen=["fox.n", "granite.n", "bat.club"])
    with pytest.warns(KgzslWarning, match=r"2 unseen class\(es\) have no path.*'granite.n', 'bat.club'") as caught:
        clf.fit(zoo.X, zoo.y)
    assert [(each.filename, each.category) for each in caught] == [(__file__, KgzslWarning)]
    assert clf.fit_report_.unreachable == ("granite.n", "bat.club")
    assert "2 unseen class(es) without a path to any seen class" in str(clf.fit_report_)
    assert np.isfinite(clf.predict_proba(zoo.X)).all()
    with pytest.warns(KgzslWarning, match="no path") as caught:
        clf.fit_weights(means_of(zoo), zoo.seen, kind="prototype")
    assert caught[0].filename == __file__


def failing_calls(zoo):
    nowhere = np.array(["nowhere.n", *zoo.seen[1:]])
    bad = np.full((8, 5), np.nan)
    return {
        "unknown class": lambda clf: clf.fit(zoo.X[:, :5], np.repeat(nowhere, 8)),
        "not finite": lambda clf: clf.fit(spoiled(zoo, np.nan)[:, :6], zoo.y),
        "one class": lambda clf: clf.fit(zoo.X[:8, :7], zoo.y[:8]),
        "lengths differ": lambda clf: clf.fit(zoo.X[:5, :3], zoo.y),
        "weights not finite": lambda clf: clf.fit_weights(bad, zoo.seen, kind="prototype"),
        "weights of an unknown class": lambda clf: clf.fit_weights(np.eye(8, 5), nowhere, kind="prototype"),
        "broken encoder": lambda clf: clf.set_params(features={"dog.n": [1.0]}).fit(zoo.X[:, :4], zoo.y),
        "class there already": lambda clf: clf.add_class("fox.n"),
        "unknown parent": lambda clf: clf.add_class("x.n", edges=[("x.n", "is_a", "nowhere.n")], definition="a dog"),
        "features not finite": lambda clf: clf.add_class("qqq", edges=[("qqq", "is_a", "dog.n")], features=[np.nan]),
    }


FAILURES = [
    "unknown class", "not finite", "one class", "lengths differ", "weights not finite", "weights of an unknown class",
    "broken encoder", "class there already", "unknown parent", "features not finite",
]  # fmt: skip


@pytest.mark.parametrize("name", FAILURES)
def test_a_call_that_fails_leaves_the_fitted_classifier_as_it_was(zoo, name):
    clf = ZeroShotClassifier(zoo.graph, unseen=zoo.unseen).fit(zoo.X, zoo.y)
    before, problem, report = clf.predict_proba(zoo.X), clf.problem_, clf.fit_report_
    with pytest.raises(KgzslError):
        failing_calls(zoo)[name](clf)
    assert (clf.problem_, clf.fit_report_, clf.n_features_in_) == (problem, report, 12)
    assert np.array_equal(clf.predict_proba(zoo.X), before)


def test_a_call_that_fails_before_any_fit_leaves_nothing_fitted(zoo):
    clf = ZeroShotClassifier(zoo.graph, unseen=["nowhere.n"])
    with pytest.raises(GroundingError):
        clf.fit(zoo.X, zoo.y)
    assert vars(clf).keys() == vars(clone(clf)).keys()


def test_an_interrupted_fit_leaves_the_fitted_classifier_as_it_was(zoo):
    class Interrupted(MatrixFeatures):
        def fit(self, graph, concepts):
            raise KeyboardInterrupt

    clf = ZeroShotClassifier(zoo.graph, unseen=zoo.unseen).fit(zoo.X, zoo.y)
    problem = clf.problem_
    clf.set_params(features=Interrupted([[1.0]], ["dog.n"]))
    with pytest.raises(KeyboardInterrupt):
        clf.fit(zoo.X[:, :3], zoo.y)
    assert clf.problem_ is problem
    assert clf.n_features_in_ == 12


def test_inputs_are_never_written_to(zoo):
    X, y, rows = zoo.X.copy(), zoo.y.copy(), {id_: row.copy() for id_, row in zoo.rows.items()}
    for array in (X, y, *rows.values()):
        array.flags.writeable = False
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        clf = ZeroShotClassifier(zoo.graph, features=rows, unseen=zoo.unseen, calibration="stacking").fit(X, y)
        clf.explain(X[0])
    assert np.array_equal(X, zoo.X)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"unseen": 5}, "unseen is a list of classes, not 5"),
        ({"unseen": np.array(5)}, "unseen is a list of classes, not array"),
        ({"relations": 3}, "relations is None, a name or a list of names, not 3"),
        ({"relations": ["is_a", 3]}, "relations is None, a name or a list of names"),
    ],
)
def test_parameters_of_another_type_are_refused(zoo, parameters, message):
    with pytest.raises(InputFormatError, match=message):
        ZeroShotClassifier(**{"graph": zoo.graph, "unseen": zoo.unseen, **parameters}).fit(zoo.X, zoo.y)


@pytest.mark.parametrize("classes", [None, 3])
def test_classes_of_given_weights_are_a_list(zoo, classes):
    with pytest.raises(InputFormatError, match=f"classes is a list of classes, not {classes}"):
        ZeroShotClassifier(zoo.graph).fit_weights(means_of(zoo), classes, kind="prototype")


def test_arguments_of_another_type_are_refused(zoo, tmp_path):
    clf = ZeroShotClassifier(zoo.graph, unseen=zoo.unseen).fit(zoo.X, zoo.y)
    for k in (1.5, "3", None, True, 0):
        with pytest.raises(InputFormatError, match=f"k counts reasons, at least 1, not {k!r}"):
            clf.explain(zoo.X[0], k=k)
        with pytest.raises(InputFormatError, match=f"k counts classes, at least 1, not {k!r}"):
            clf.predict_top(zoo.X, k=k)
    assert clf.explain(zoo.X[0], k=np.int64(2)).items == clf.explain(zoo.X[0], k=2).items
    with pytest.raises(InputFormatError, match="a folder is a string or a path, not None"):
        clf.save(None)
    with pytest.raises(InputFormatError, match="a folder is a string or a path, not None"):
        load_model(None)
    for wrong in ({"edges": 3}, {"aliases": 3}):
        with pytest.raises(InputFormatError, match="are a list of"):
            clf.add_class("x.n", **wrong)


def test_nothing_said_may_be_none(zoo):
    clf = ZeroShotClassifier(zoo.graph, unseen=zoo.unseen).fit(zoo.X, zoo.y)
    clf.add_class("canine.n", edges=None, aliases=None)
    assert clf.classes_[-1] == "canine.n"


@dataclass(frozen=True)
class Giving:
    """A propagator whose fit gives what it is told to."""

    what: object

    def fit(self, index, features, supervision):
        return self.what


@pytest.mark.parametrize(("what", "named"), [(None, "None"), ({}, "a dict")])
def test_a_propagator_that_gives_nothing_to_predict_with_is_named(zoo, what, named):
    clf = ZeroShotClassifier(zoo.graph, propagator=Giving(what), unseen=zoo.unseen)
    with pytest.raises(PluginError, match=f"Giving.fit gave {named}, not a fitted propagator"):
        clf.fit(zoo.X, zoo.y)


class Uniform:
    """What was learned, without a report."""

    def __init__(self, supervision):
        self.classes, self._row = supervision.classes, supervision.weights[:1]

    def weights(self, index, features, *, concepts=None):
        return np.repeat(self._row, len(concepts), axis=0)


class Plain:
    """A propagator that is no dataclass and has relations of its own."""

    def __init__(self, relations=None):
        self.relations = relations

    def fit(self, index, features, supervision):
        return Uniform(supervision)


def test_a_model_without_a_report_is_taken(zoo):
    clf = ZeroShotClassifier(zoo.graph, propagator=Plain(), unseen=zoo.unseen).fit(zoo.X, zoo.y)
    assert clf.fit_report_.propagation == {}


@pytest.mark.parametrize("own", [None, "is_a", ["is_a"]])
def test_a_propagator_that_is_no_dataclass_keeps_its_relations(zoo, own):
    clf = ZeroShotClassifier(zoo.graph, propagator=Plain(own), unseen=zoo.unseen).fit(zoo.X, zoo.y)
    assert clf.problem_.relations == (("taxonomic", "attribute") if own is None else ("is_a",))
    with pytest.raises(InputFormatError, match=r"set them there|give them once"):
        clf.set_params(relations="taxonomic").fit(zoo.X, zoo.y)
