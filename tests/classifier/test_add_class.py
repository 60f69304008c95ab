import json
import warnings

import numpy as np
import pytest
from sklearn.base import clone

from kgzsl.classifier import ZeroShotClassifier
from kgzsl.errors import (
    GroundingError,
    InputFormatError,
    InvalidGraphError,
    KgzslWarning,
    SplitError,
    UnknownConceptError,
    UnknownRelationError,
)
from kgzsl.features import MatrixFeatures
from kgzsl.graph.editing import with_edges
from kgzsl.graph.relation import Relation
from kgzsl.loading import load_model
from kgzsl.propagation import SGCN
from kgzsl.propagation.gp_settings import GPSettings
from kgzsl.propagation.graph_gp import GraphGP
from kgzsl.sources.imagenet import read_imagenet_graph

FIXED = GraphGP(settings=GPSettings.of(text=1, walk=1, convolved=1, walk_beta=3.0, convolved_beta=1.0, prior=0.5))
OKAPI = {"edges": [("okapi.n", "is_a", "mammal.n")], "definition": "a striped relative of nobody here"}


def fitted(zoo, propagator=FIXED, unseen=None, graph=None, **parameters):
    features = MatrixFeatures(list(zoo.rows.values()), list(zoo.rows))
    clf = ZeroShotClassifier(
        zoo.graph if graph is None else graph,
        features=features,
        propagator=propagator,
        unseen=zoo.unseen if unseen is None else unseen,
        **parameters,
    )
    return clf.fit(zoo.X, zoo.y)


def with_okapi(graph, edges=(("okapi.n", "is_a", "mammal.n"),)):
    return graph.add_concepts([{"id": "okapi.n", "definition": OKAPI["definition"]}]).add_edges(edges)


def test_a_class_added_has_the_weights_of_a_fit_with_it(zoo):
    clf = fitted(zoo).add_class("okapi.n", **OKAPI)
    refitted = fitted(zoo, unseen=[*zoo.unseen, "okapi.n"], graph=with_okapi(zoo.graph))
    assert clf.classes_.tolist() == refitted.classes_.tolist()
    np.testing.assert_allclose(clf.weights_[-1], refitted.weights_[-1], atol=1e-6)
    assert np.abs(clf.weights_[8:12] - refitted.weights_[8:12]).max() > 1e-5  # the new one would move the others


def test_a_relation_nearly_named_as_another_is_refused_and_the_classifier_stays(zoo):
    clf = fitted(zoo)
    with pytest.raises(UnknownRelationError, match="nearest: 'is_a'"):
        clf.add_class("okapi.n", edges=[("okapi.n", "isa", "mammal.n")])
    assert clf.unseen_classes_.tolist() == fitted(zoo).unseen_classes_.tolist()
    assert "okapi.n" not in clf.graph_


def test_a_relation_of_a_classs_own_is_described_saved_and_read_back(zoo, tmp_path):
    own = Relation("isa", "taxonomic", verb="is said to be a")
    clf = fitted(zoo).add_class("okapi.n", edges=[("okapi.n", "isa", "mammal.n")], relations=[own])
    again = load_model(clf.save(tmp_path / "model"))
    assert clf.graph_.relations["isa"] == again.graph_.relations["isa"] == own
    assert np.array_equal(again.weights_, clf.weights_)
    assert again.weights_[-1].any()


def test_a_model_saved_when_any_name_was_taken_is_read(zoo, tmp_path, monkeypatch):
    def taken_as_before(graph, edges, given, *, takes_slips):
        return with_edges(graph, edges, given, takes_slips=True)

    with monkeypatch.context() as patched:
        patched.setattr("kgzsl.decision.addition.with_edges", taken_as_before)
        edges = [("okapi.n", "is_a", "mammal.n"), ("okapi.n", "isa", "rock.n")]
        folder = fitted(zoo).add_class("okapi.n", edges=edges).save(tmp_path / "model")
    card = json.loads((folder / "model.json").read_text())
    assert card["additions"][0].pop("relations") == []
    assert load_model(folder).graph_.relations["isa"].kind == "association"


def test_no_other_class_moves(zoo):
    clf = fitted(zoo)
    weights, scores = clf.weights_.copy(), clf.decision_function(zoo.X_unseen)
    clf.add_class("okapi.n", **OKAPI)
    assert clf.weights_[:12].tobytes() == weights.tobytes()
    again = clf.decision_function(zoo.X_unseen)
    assert again.shape == (32, 13)
    np.testing.assert_allclose(again[:, :12], scores, rtol=1e-12, atol=1e-12)
    assert np.array_equal(clf.decision_function(zoo.X_unseen, label_space=[*zoo.seen, *zoo.unseen]), scores)


def test_a_second_class_has_the_weights_of_a_fit_with_both(zoo):
    clf = fitted(zoo).add_class("okapi.n", **OKAPI)
    first = clf.weights_.copy()
    row = zoo.rows["okapi.n"][::-1].copy()
    clf.add_class("quagga", edges=[("quagga", "is_a", "equine.n"), ("quagga", "is_a", "okapi.n")], features=row)
    assert clf.weights_[:13].tobytes() == first.tobytes()
    graph = with_okapi(zoo.graph).add_concepts(["quagga"])
    graph = graph.add_edges([("quagga", "is_a", "equine.n"), ("quagga", "is_a", "okapi.n")])
    both = clone(clf).set_params(
        graph=graph,
        features=MatrixFeatures([*zoo.rows.values(), row], [*zoo.rows, "quagga"]),
        unseen=[*zoo.unseen, "okapi.n", "quagga"],
    )
    both.fit(zoo.X, zoo.y)
    np.testing.assert_allclose(clf.weights_[-1], both.weights_[-1], atol=1e-6)


@pytest.mark.parametrize("called", ["granite.n", "granite", "n00000011"])
def test_a_concept_of_the_graph_becomes_a_class(zoo, called):
    assert zoo.graph.resolve("n00000011") == "granite.n"
    clf = fitted(zoo)
    with pytest.warns(KgzslWarning, match="no path to any seen class.*'granite.n'") as caught:
        clf.add_class(called)
    assert caught[0].filename == __file__
    with pytest.warns(KgzslWarning, match="no path"):
        refitted = fitted(zoo, unseen=[*zoo.unseen, "granite.n"])
    np.testing.assert_allclose(clf.weights_[-1], refitted.weights_[-1], atol=1e-6)
    assert (clf.classes_[-1], clf.concepts_[-1]) == (called, "granite.n")


def test_a_concept_inside_the_view_becomes_a_class(zoo):
    clf = fitted(zoo).add_class("canine.n")
    refitted = fitted(zoo, unseen=[*zoo.unseen, "canine.n"])
    np.testing.assert_allclose(clf.weights_[-1], refitted.weights_[-1], atol=1e-6)


def test_a_class_may_stand_above_those_there_are(zoo):
    edges = [("okapi.n", "is_a", "animal.n"), ("zebra.n", "is_a", "okapi.n"), ("horse.n", "is_a", "okapi.n")]
    clf = fitted(zoo).add_class("okapi.n", edges=edges)
    refitted = fitted(zoo, unseen=[*zoo.unseen, "okapi.n"], graph=with_okapi(zoo.graph, edges))
    np.testing.assert_allclose(clf.weights_[-1], refitted.weights_[-1], atol=1e-6)


def test_other_relations_count_where_the_fit_counts_them(zoo):
    graph = zoo.graph.add_edges([("zebra.n", "has_part", "rock.n")])
    edges = [("okapi.n", "is_a", "mammal.n"), ("okapi.n", "has_part", "rock.n")]
    chosen = {"relations": ["is_a", "has_part"], "propagator": GraphGP(settings=FIXED.settings)}
    clf = fitted(zoo, graph=graph, **chosen).add_class("okapi.n", edges=edges)
    refitted = fitted(zoo, unseen=[*zoo.unseen, "okapi.n"], graph=with_okapi(graph, edges), **chosen)
    np.testing.assert_allclose(clf.weights_[-1], refitted.weights_[-1], atol=1e-6)


@pytest.mark.parametrize("propagator", ["conse", "eszsl", SGCN(hidden=8, epochs=20)], ids=["conse", "eszsl", "sgcn"])
def test_every_model_takes_one_more_class(zoo, propagator):
    clf = fitted(zoo, propagator)
    before = clf.decision_function(zoo.X_unseen)
    clf.add_class("okapi.n", **OKAPI)
    after = clf.decision_function(zoo.X_unseen)
    np.testing.assert_allclose(after[:, :12], before, rtol=1e-6, atol=1e-6)  # scores may come as float32
    assert np.isfinite(after[:, 12]).all()
    assert np.ptp(after[:, 12]) > 0


def test_text_features_describe_the_new_class_by_its_words(zoo):
    words = GraphGP(settings=GPSettings.of(text=1, noise=0.1))
    clf = ZeroShotClassifier(zoo.graph, propagator=words, unseen=zoo.unseen).fit(zoo.X, zoo.y)
    clf.add_class("like_lion", edges=[("like_lion", "is_a", "equine.n")], definition="lion", aliases=["lion"])
    clf.add_class("like_owl", edges=[("like_owl", "is_a", "equine.n")], definition="owl", aliases=["owl"])
    cosines = clf.weights_[-2:] @ clf.weights_[:8].T
    assert [zoo.seen[place] for place in cosines.argmax(axis=1)] == ["lion.n", "owl.n"]
    assert clf.problem_.graph.concept("like_owl").label == "like owl"


def borrowing(zoo, features, label, **stated):
    """A class is added whose concepts the features do not all describe; the classifier, and what was warned of."""
    clf = ZeroShotClassifier(zoo.graph, features=features, propagator=FIXED, unseen=zoo.unseen).fit(zoo.X, zoo.y)
    with pytest.warns(KgzslWarning) as caught:
        clf.add_class(label, **stated)
    borrowed = [each for each in caught if "got the mean of what is next to them" in str(each.message)]
    assert [each.filename for each in borrowed] == [__file__]
    return clf, str(borrowed[0].message)


def features_of(clf, *ids):
    view = clf.problem_.views[-1]
    return view.features[view.index.positions(ids)]


def test_a_class_without_a_known_word_has_the_features_of_what_is_above_it(zoo):
    edges = [("zorse", "is_a", "equine.n"), ("zorse", "is_a", "fox.n")]
    clf, message = borrowing(zoo, "text", "zorse", edges=edges, definition="wwww qqqq")
    assert "1 concept(s) that come with this class" in message
    assert "'zorse'; to avoid it, give features=" in message
    above = features_of(clf, "equine.n", "fox.n").mean(axis=0)
    np.testing.assert_allclose(features_of(clf, "zorse")[0], above / np.linalg.norm(above), atol=1e-6)
    clf.explain(zoo.X[0], target="zorse").verify()
    with pytest.warns(KgzslWarning, match="got the mean of what is next to them"):
        clf.add_class("zony", edges=[("zony", "is_a", "zorse")], definition="yyyy")
    np.testing.assert_array_equal(features_of(clf, "zony"), features_of(clf, "zorse"))


def test_concepts_that_come_along_have_the_features_of_the_nearest_above_else_below(zoo):
    graph = zoo.graph.add_concepts(["way.n", "up.n"])
    graph = graph.add_edges([("way.n", "is_a", "up.n"), ("up.n", "is_a", "equine.n"), ("up.n", "is_a", "owl.n")])
    kept = {id_: row for id_, row in zoo.rows.items() if id_ not in ("rock.n", "thing.n")}
    by_graph = type(zoo)(**{**vars(zoo), "graph": graph})
    clf, message = borrowing(by_graph, kept, "okapi.n", edges=[("okapi.n", "is_a", "way.n")])
    assert "2 concept(s) that come with this class" in message
    mean = np.mean([zoo.rows["equine.n"], zoo.rows["owl.n"]], axis=0)
    np.testing.assert_allclose(features_of(clf, "way.n", "up.n"), [mean, mean], rtol=1e-6)
    np.testing.assert_array_equal(features_of(clf, "okapi.n")[0], zoo.rows["okapi.n"])
    below, message = borrowing(by_graph, kept, "granite.n")
    assert "'rock.n', 'thing.n'" in message
    np.testing.assert_array_equal(features_of(below, "rock.n", "thing.n"), [zoo.rows["granite.n"]] * 2)


def test_a_class_with_nothing_described_around_it_has_the_mean_of_all(zoo):
    inside = set(zoo.graph.induced([*zoo.seen, *zoo.unseen]).ids)
    rows = {id_: row for id_, row in zoo.rows.items() if id_ in inside}
    clf, _ = borrowing(zoo, rows, "granite.n")
    mean = np.mean(list(rows.values()), axis=0)
    np.testing.assert_allclose(features_of(clf, "granite.n", "rock.n", "thing.n"), [mean] * 3, atol=1e-6)


@pytest.mark.parametrize("features", ["text", "matrix"])
def test_borrowed_features_come_back_from_disk(zoo, tmp_path, features):
    given = features if features == "text" else dict(zoo.rows)
    stated = {"edges": [("zorse", "is_a", "equine.n")], "definition": "wwww"}
    clf, _ = borrowing(zoo, given, "zorse", **stated)
    loaded = load_model(clf.save(tmp_path / "model"))
    assert loaded.problem_.additions[-1].borrowed == ("zorse",)
    assert loaded.decision_function(zoo.X).tobytes() == clf.decision_function(zoo.X).tobytes()
    assert features_of(loaded, "zorse").tobytes() == features_of(clf, "zorse").tobytes()


def test_features_given_are_not_borrowed(zoo):
    clf = fitted(zoo).add_class("zorse", edges=[("zorse", "is_a", "equine.n")], features=zoo.rows["zebra.n"])
    assert clf.problem_.additions[-1].borrowed == ()


def test_explanations_of_added_classes_hold(zoo):
    clf = fitted(zoo, calibration="stacking").add_class("okapi.n", **OKAPI)
    clf.add_class("quagga", edges=[("quagga", "is_a", "okapi.n")], features=zoo.rows["zebra.n"])
    for target, against in [("okapi.n", "runner-up"), ("quagga", "okapi.n"), ("quagga", None), ("dog.n", "quagga")]:
        explanation = clf.explain(zoo.X_unseen[3], target=target, against=against)
        explanation.verify()
        scores = dict(zip(clf.classes_, clf.decision_function(zoo.X_unseen[3:4])[0], strict=True))
        foil = 0.0 if against is None else scores[explanation.foil] if against == "runner-up" else scores[against]
        assert explanation.margin == pytest.approx(scores[target] - foil, rel=1e-5)


def test_a_class_can_be_added_after_loading(zoo, tmp_path):
    here = fitted(zoo).add_class("okapi.n", **OKAPI)
    here.save(tmp_path / "model")
    there = load_model(tmp_path / "model")
    for clf in (here, there):
        clf.add_class("quagga", edges=[("quagga", "is_a", "okapi.n")], features=zoo.rows["zebra.n"])
    assert here.weights_.tobytes() == there.weights_.tobytes()
    text = [clf.explain(zoo.X_unseen[0], target="quagga").to_text() for clf in (here, there)]
    assert text[0] == text[1]


@pytest.mark.parametrize(
    ("label", "options", "error", "message"),
    [
        ("fox.n", {}, SplitError, r"'fox.n' is a class already"),
        ("fox", {}, SplitError, r"'fox' \(fox.n\) is a class already"),
        ("dog.n", {}, SplitError, r"'dog.n' is a class already"),
        ("okapi.n", {"edges": [("okapi.n", "is_a", "mamal.n")]}, UnknownConceptError, r"nearest: 'mammal.n'"),
        ("okapi.n", {"edges": [("okapi.n", "is_a", "okapi.n")]}, InvalidGraphError, "itself"),
        ("okapi.n", {}, GroundingError, r"(?s)'okapi.n' is not in the graph.*needs edges=\[\('okapi.n', 'is_a', …\)\]"),
        ("bat", {}, GroundingError, r"'bat' is one of: bat.club"),
        ("granite.n", {"definition": "a stone"}, InputFormatError, "in the graph already, with its own words"),
        ("canine.n", {"features": np.ones(15)}, InputFormatError, "has features in the graph already"),
        ("okapi.n", {**OKAPI, "features": np.ones(14)}, InputFormatError, "15 finite numbers here"),
        ("okapi.n", {**OKAPI, "features": np.full(15, np.nan)}, InputFormatError, "15 finite numbers here"),
        ("okapi.n", {**OKAPI, "features": "abc"}, InputFormatError, "could not convert"),
        ("okapi.n", {"edges": ("okapi.n", "is_a", "mammal.n")}, InputFormatError, "edges are a list of"),
        ("okapi.n", {"edges": [("okapi.n", "is_a", "mammal.n", 2.0)]}, InputFormatError, "edges are a list of"),
        ("okapi.n", {"edges": [("okapi.n", "is_a", 3)]}, InputFormatError, "edges are a list of"),
        ("okapi.n", {"aliases": "okapi"}, InputFormatError, "aliases are a list"),
        ("okapi.n", {"definition": 3}, InputFormatError, "a definition is a string"),
        ("", {"definition": "nothing"}, InputFormatError, "named by its concept's id or name"),
        (7, {}, InputFormatError, "named by its concept's id or name"),
    ],
)
def test_an_addition_that_makes_no_sense_changes_nothing(zoo, label, options, error, message):
    clf = fitted(zoo)
    problem = clf.problem_
    with pytest.raises(error, match=message):
        clf.add_class(label, **options)
    assert clf.problem_ is problem
    assert len(clf.classes_) == 12


def test_a_label_in_use_is_not_taken_again(zoo):
    named = np.array([zoo.graph.concept(id_).label for id_ in zoo.y])
    clf = ZeroShotClassifier(zoo.graph, unseen=zoo.unseen).fit(zoo.X, named)
    with pytest.raises(SplitError, match="'dog' is a class already"):
        clf.add_class("dog", edges=[("dog", "is_a", "mammal.n")], definition="another dog")


def test_without_a_graph_no_class_can_be_added(zoo):
    with pytest.raises(SplitError, match="add_class needs a graph"):
        ZeroShotClassifier().fit(zoo.X, zoo.y).add_class("okapi.n")


def test_the_graph_given_stays_as_it_is(zoo):
    before = zoo.graph.fingerprint
    clf = fitted(zoo).add_class("okapi.n", **OKAPI)
    assert "okapi.n" in clf.problem_.graph
    assert clf.graph is zoo.graph
    assert "okapi.n" not in zoo.graph
    assert zoo.graph.fingerprint == before


@pytest.mark.slow
def test_a_class_added_to_the_imagenet_graph_has_the_weights_of_a_fit_with_it(shared_data):
    split = shared_data("imagenet/imagenet-split.json")
    graph = read_imagenet_graph(split, shared_data("imagenet/imagenet-xml-wnids.json"))
    wnids = json.loads(split.read_text())
    seen = sorted(graph.resolve(wnid) for wnid in wnids["train"])
    unseen = [graph.resolve(wnid) for wnid in wnids["test"][::40]]
    rng = np.random.default_rng(0)
    rows = rng.standard_normal((len(graph) + 1, 300), dtype=np.float32)
    layer = rng.standard_normal((1000, 129))
    edges = [("okapi.new", "is_a", "giraffe.n.01")]
    settings = GPSettings.of(text=1, walk=1, convolved=1, walk_beta=3.0, convolved_beta=3.0)
    given = ZeroShotClassifier(
        graph,
        features=MatrixFeatures(rows, [*graph.ids, "okapi.new"]),
        propagator=GraphGP(settings=settings),
        unseen=unseen,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", KgzslWarning)  # some classes have no path to a seen one
        clf = clone(given).fit_weights(layer, seen)
        before = clf.weights_.tobytes()
        clf.add_class("okapi.new", edges=edges)
        grown = graph.add_concepts(["okapi.new"]).add_edges(edges)
        refitted = given.set_params(graph=grown, unseen=[*unseen, "okapi.new"]).fit_weights(layer, seen)
    assert clf.weights_[:-1].tobytes() == before
    np.testing.assert_allclose(clf.weights_[-1], refitted.weights_[-1], atol=1e-6)
