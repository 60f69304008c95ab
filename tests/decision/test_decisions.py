"""Sets, ancestors and refusals of a fitted classifier: what they are made of, what they promise, what they refuse."""

import hashlib
import json
import re
from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from safetensors.numpy import load_file, save_file
from scipy.special import softmax

from kgzsl.classifier import ZeroShotClassifier
from kgzsl.contracts import Supervision
from kgzsl.decision.ancestor import predict_ancestor
from kgzsl.decision.conformal import predict_set
from kgzsl.decision.folder import MANIFEST, _names, _seal
from kgzsl.decision.pretended import Pretended, kept_folds
from kgzsl.decision.pseudo_unseen import PretendedFold
from kgzsl.decision.reference import pretended_reference
from kgzsl.decision.rejection import out_of_graph, strangeness
from kgzsl.errors import InputFormatError
from kgzsl.evaluation.conformal import hierarchical_quantile
from kgzsl.features import MatrixFeatures
from kgzsl.graph.knowledge_graph import KnowledgeGraph
from kgzsl.loading import load_model
from kgzsl.propagation import SGCN
from kgzsl.propagation.gp_settings import GPSettings
from kgzsl.propagation.graph_gp import GraphGP
from kgzsl.saving import ARRAYS, CARD, FORMAT

SETTINGS = GPSettings.of(text=1, walk=1, walk_beta=3.0)


@pytest.fixture(scope="module")
def unsure(clf):
    """The same classifier, whose probabilities are more even."""
    return replace(clf.problem_, calibration=replace(clf.problem_.calibration, temperature=0.5))


@pytest.fixture(scope="module")
def clf(zoo):
    features = MatrixFeatures(list(zoo.rows.values()), list(zoo.rows))
    return ZeroShotClassifier(
        zoo.graph, features=features, propagator=GraphGP(settings=SETTINGS), unseen=zoo.unseen, calibration="stacking"
    ).fit(zoo.X, zoo.y)


# -- what is kept of the folds -----------------------------------------------------------------------------------


def test_each_class_is_held_out_once_and_its_inputs_are_scored_without_it(clf, zoo):
    pretended = clf.problem_.pretended
    assert pretended.num_held_out == 8
    assert np.array_equal(np.sum([fold.held_out for fold in pretended.folds], axis=0), np.ones(8))
    places = [zoo.seen.index(id_) for id_ in zoo.y]
    for fold in pretended.folds:
        assert fold.labels.tolist() == places
        kept = np.flatnonzero(~fold.held_out)
        fitted = ZeroShotClassifier(
            zoo.graph,
            features=clf.features,
            propagator=GraphGP(settings=SETTINGS),
            unseen=[zoo.seen[place] for place in np.flatnonzero(fold.held_out)],
        )
        inputs = clf.problem_.scale.prepare(zoo.X)
        index, features = clf.problem_.views[0].index, clf.problem_.views[0].features
        targets = clf.problem_.weights[kept]
        model = fitted.propagator.fit(
            index, features, Supervision(tuple(zoo.seen[p] for p in kept), targets, "prototype")
        )
        hidden = np.flatnonzero(fold.held_out)
        rows = model.weights(index, features, concepts=[zoo.seen[p] for p in hidden])
        np.testing.assert_allclose(fold.scores[:, hidden], inputs @ rows.T, atol=1e-6)
        terms = model.terms(index, features)
        spread = terms.residuals.T @ terms.gram @ terms.residuals / len(kept)
        np.testing.assert_allclose(fold.input_variance, np.einsum("nd,de,ne->n", inputs, spread, inputs), rtol=1e-4)
        positions = index.positions([zoo.seen[p] for p in hidden])
        graph_part = terms.variance(positions) / terms.norms(positions) ** 2
        np.testing.assert_allclose(fold.class_variance[hidden], graph_part, rtol=1e-4)
        assert (fold.class_variance[kept] == 0).all()


def test_classes_given_in_any_order_are_kept_in_that_order(zoo, clf):
    order = np.random.default_rng(1).permutation(8)
    means = np.stack([zoo.X[zoo.y == id_].mean(axis=0) for id_ in zoo.seen])
    fit = {"kind": "prototype", "X": zoo.X, "y": zoo.y}
    turned, plain = (
        ZeroShotClassifier(zoo.graph, features=clf.features, propagator=clf.propagator, unseen=zoo.unseen)
        for _ in range(2)
    )
    plain.fit_weights(means, list(zoo.seen), **fit)
    turned.fit_weights(means[order], [zoo.seen[place] for place in order], **fit)
    for fold, other in zip(plain.problem_.pretended.folds, turned.problem_.pretended.folds, strict=True):
        assert np.array_equal(fold.held_out[order], other.held_out)
        np.testing.assert_allclose(fold.scores[:, order], other.scores, atol=1e-6)
        assert np.array_equal(np.argsort(order)[fold.labels], other.labels)


def test_with_many_classes_fewer_inputs_of_each_are_kept(clf, monkeypatch):
    monkeypatch.setattr("kgzsl.decision.pretended.MOST_NUMBERS", 3 * 64 * 4)
    rng = np.random.default_rng(0)
    fold = PretendedFold(
        rng.standard_normal((64, 8)), np.repeat(np.arange(8), 8), np.arange(8) < 6, np.arange(8),
        np.tile(np.arange(8), 8), np.zeros(8), np.zeros(64),
    )  # fmt: skip
    kept = kept_folds([fold] * 3, range(8)).folds[0]
    assert np.bincount(kept.labels).tolist() == [4] * 8
    assert np.array_equal(kept.scores, fold.scores[fold.ranks < 4].astype(np.float32))


# -- sets --------------------------------------------------------------------------------------------------------


def lac_limits(clf, coverage):
    """Limits for all unseen classes, where a fold holds out fewer than are asked about: the others count more often."""
    problem, values, groups = clf.problem_, [], []
    num_unseen = len(clf.unseen_classes_)
    for fold in problem.pretended.folds:
        hidden = np.flatnonzero(fold.held_out)
        rows = np.flatnonzero(np.isin(fold.labels, hidden))
        scores = fold.scores[rows][:, hidden].astype(float) / clf.temperature_
        own = np.searchsorted(hidden, fold.labels[rows])
        at = np.arange(len(rows)), own
        masses = np.exp(scores) * (num_unseen - 1) / (len(hidden) - 1)
        masses[at] = np.exp(scores[at])
        found = 1 - masses[at] / masses.sum(axis=1)
        values.append(np.where(scores.argmax(axis=1) == own, 0, found))
        groups.append(fold.labels[rows])
    return hierarchical_quantile(np.concatenate(values), np.concatenate(groups), coverage)


def test_sets_have_all_classes_within_the_limit_and_the_best_one(clf, zoo):
    found = predict_set(clf.problem_, zoo.X_unseen, coverage=0.8, label_space="unseen")
    limit = lac_limits(clf, 0.8)
    assert found.limits == {"unseen": pytest.approx(limit)}
    shares = softmax(clf.decision_function(zoo.X_unseen, label_space="unseen"), axis=1)
    for row, labels in enumerate(found):
        order = np.argsort(-shares[row])
        expected = [clf.unseen_classes_[c] for c in order if 1 - shares[row, c] <= limit or c == order[0]]
        assert list(labels) == expected
        np.testing.assert_allclose(found.probabilities[row], np.sort(shares[row])[::-1][: len(labels)])
    assert found.sizes.tolist() == [len(labels) for labels in found]
    assert found.holds(zoo.y_unseen).tolist() == [y in row for y, row in zip(zoo.y_unseen, found, strict=True)]


@pytest.mark.parametrize("method", ["lac", "aps"])
@pytest.mark.parametrize("space", ["all", "seen", "unseen"])
def test_sets_grow_with_the_coverage_and_are_never_empty(clf, zoo, method, space):
    small, large = (
        predict_set(clf.problem_, zoo.X_unseen, coverage=coverage, label_space=space, method=method)
        for coverage in (0.3, 8 / 9)
    )
    assert all(set(a) <= set(b) and a for a, b in zip(small, large, strict=True))
    assert set(small.limits) == ({"seen", "unseen"} if space == "all" else {space})
    assert [labels[0] for labels in small] == clf.predict(zoo.X_unseen, label_space=space).tolist()


def test_a_label_space_of_two_is_calibrated_on_pairs(clf):
    (one, *rest) = pretended_reference(clf.problem_, clf.problem_.classes.places(["zebra.n", "dog.n"]))
    for reference in (one, *rest):
        candidates = reference.shares > 0
        assert (candidates.sum(axis=1) == 2).all()
        assert candidates[np.arange(len(candidates)), reference.labels].all()
        assert not reference.is_extended
        np.testing.assert_allclose(reference.masses.sum(axis=1), 1)


def test_hierarchical_sets_have_the_flat_ones_in_them(clf, unsure, zoo):
    flat, kinds = (
        predict_set(unsure, zoo.X_unseen, coverage=8 / 9, hierarchical=hierarchical) for hierarchical in (0, 1)
    )
    assert all(set(a) <= set(b) for a, b in zip(flat, kinds, strict=True))
    assert (kinds.num_words <= flat.num_words).all()
    for labels, words in zip(kinds.labels, kinds.kinds, strict=True):
        assert {label for word in words for label in word.classes} == set(labels)
        for word in words:
            if word.is_kind:
                below = {c for c in clf.classes_ if c == word.concept or word.concept in zoo.graph.ancestors(c).ids}
                assert set(word.classes) == below
            else:
                assert word.classes == (word.concept,)
    assert any(word.is_kind for words in kinds.kinds for word in words)


def test_sets_print_and_show_themselves(unsure, zoo):
    every = predict_set(unsure, zoo.X_unseen, coverage=8 / 9, hierarchical=True)
    row = next(row for row, words in enumerate(every.kinds) if any(word.is_kind for word in words))
    found = predict_set(unsure, zoo.X_unseen[[row, 0]], coverage=8 / 9, hierarchical=True)
    text = str(found)
    assert "random draw of the known ones" in text
    assert re.search(r"any \w+ \(\d\)", text)
    flat = predict_set(unsure, zoo.X_unseen[[row, 0]], coverage=8 / 9)
    assert all(label.removesuffix(".n") in str(flat) for label in flat[0][:8])
    assert found.to_table()["classes"] == tuple(found.sizes.tolist())
    assert "<table" in found._repr_html_()
    assert len(found) == 2
    assert found[1] == list(found)[1]
    with pytest.raises(InputFormatError, match="2 answers are held against as many labels, not 1"):
        found.holds(["fox.n"])


def test_a_class_added_later_is_answered_with(clf, zoo):
    later = ZeroShotClassifier(zoo.graph, features=clf.features, propagator=clf.propagator, unseen=zoo.unseen[:3])
    problem = later.fit(zoo.X, zoo.y).add_class(zoo.unseen[3]).problem_
    own = zoo.X_unseen[zoo.y_unseen == zoo.unseen[3]]
    assert predict_set(problem, own, coverage=0.8, label_space="unseen").holds([zoo.unseen[3]] * 8).all()
    assert predict_ancestor(problem, own, confidence=0.8, label_space="unseen").holds([zoo.unseen[3]] * 8).all()
    assert len(out_of_graph(problem, own, rate=0.2)) == 8


# -- ancestors ---------------------------------------------------------------------------------------------------


def test_an_answer_is_the_first_concept_whose_classes_together_exceed_the_threshold(clf, zoo):
    found = predict_ancestor(clf.problem_, zoo.X_unseen, confidence=0.8)
    shares = softmax(clf.decision_function(zoo.X_unseen), axis=1)
    for row, answer in enumerate(found):
        here = clf.classes_[shares[row].argmax()]
        while True:
            below = [c == here or here in zoo.graph.ancestors(c).ids for c in clf.classes_]
            if shares[row, below].sum() > found.threshold:
                break
            (here,) = zoo.graph.parents(here).ids
        assert answer.concept == here
        assert answer.probability == pytest.approx(shares[row, below].sum())
        assert {label for label, _ in answer.classes} == set(clf.classes_[below])
        parts = [share for _, share in answer.classes]
        assert parts == sorted(parts, reverse=True)
    assert found.holds(zoo.y_unseen).mean() >= 0.8
    assert found.information.max() <= 1


def test_answers_climb_with_the_confidence(clf, zoo):
    low, high = (predict_ancestor(clf.problem_, zoo.X_unseen, confidence=level) for level in (0.2, 8 / 9))
    for a, b in zip(low, high, strict=True):
        assert {label for label, _ in a.classes} <= {label for label, _ in b.classes}
    assert low.threshold < high.threshold


def test_answers_read_as_sentences(clf, zoo):
    found = predict_ancestor(clf.problem_, zoo.X_unseen, confidence=8 / 9)
    kinds = [str(answer) for answer in found if len(answer.classes) > 3]
    assert re.fullmatch(r"some kind of \w+ \(\d\.\d\d\): (\w+ \d\.\d\d, ){2}\w+ \d\.\d\d and \d+ more", kinds[0])
    leaf = next(str(a) for a in predict_ancestor(clf.problem_, zoo.X, confidence=0.1) if len(a.classes) == 1)
    assert re.fullmatch(r"\w+ \(\d\.\d\d\)", leaf)
    assert found.to_table()["answer"] == tuple(answer.label for answer in found)
    assert "<table" in found._repr_html_()


# -- refusals ----------------------------------------------------------------------------------------------------


def test_strange_inputs_are_refused_and_known_ones_kept(clf, zoo):
    found = out_of_graph(clf.problem_, np.vstack([zoo.X, zoo.X_unseen]), rate=0.2)
    assert found.is_out.mean() <= 0.2
    far = clf.problem_.scale.mean + np.random.default_rng(0).standard_normal((200, 12)) * 3
    strange = out_of_graph(clf.problem_, far, rate=0.2)
    assert strange.is_out.mean() > found.is_out.mean() + 0.2
    assert auroc(found.scores, strange.scores) > 0.8
    assert found.to_table()["out of graph"] == tuple(found.is_out.tolist())
    assert "at least 0.8 of the inputs" in str(found)
    assert "<table" in found._repr_html_()


def auroc(known, strange):
    return np.mean(known[:, None] < strange[None]) + 0.5 * np.mean(known[:, None] == strange[None])


def test_the_variance_of_the_closed_form_moderates_unseen_classes_only(clf, zoo):
    problem = clf.problem_
    seen, everything = (problem.classes.places(space) for space in ("seen", "all"))
    energy = -np.log(np.exp(clf.decision_function(zoo.X, label_space="seen")).sum(axis=1))
    np.testing.assert_allclose(strangeness(problem, zoo.X, seen), energy)
    terms = problem.model.terms(problem.views[0].index, problem.views[0].features)
    typical = np.mean([fold.input_variance.mean() for fold in problem.pretended.folds])
    places = problem.views[0].index.positions(problem.classes.concepts[8:])
    variance = terms.variance(places) / terms.norms(places) ** 2
    scores = clf.decision_function(zoo.X)
    scores[:, 8:] /= np.sqrt(1 + np.pi / 8 * typical * variance / clf.temperature_**2)
    np.testing.assert_allclose(strangeness(problem, zoo.X, everything), -np.log(np.exp(scores).sum(axis=1)), rtol=1e-6)


@pytest.mark.parametrize(
    ("rate", "message"),
    [
        (0.05, "rate=0.05 cannot be promised: the classes to calibrate on allow 0.1112 or more"),
        (0, "not 0"),
        ("x", "'x'"),
    ],
)
def test_rates_that_make_no_sense_are_refused(clf, zoo, rate, message):
    with pytest.raises(InputFormatError, match=re.escape(message)):
        out_of_graph(clf.problem_, zoo.X, rate=rate)


# -- errors and files ---------------------------------------------------------------------------------------------


def test_what_is_missing_is_said(clf, zoo):
    means = np.stack([zoo.X[zoo.y == id_].mean(axis=0) for id_ in zoo.seen])
    weights_only = ZeroShotClassifier(zoo.graph, features=clf.features, unseen=zoo.unseen)
    weights_only.fit_weights(means, list(zoo.seen), kind="prototype")
    plain = ZeroShotClassifier().fit(zoo.X, zoo.y)
    trained = ZeroShotClassifier(zoo.graph, propagator=SGCN(hidden=8, epochs=2), unseen=zoo.unseen).fit(zoo.X, zoo.y)
    single = ZeroShotClassifier(zoo.graph, unseen=zoo.unseen).fit(zoo.X[::8], zoo.y[::8])
    few = np.isin(zoo.y, zoo.seen[:3])
    three = ZeroShotClassifier(zoo.graph, unseen=zoo.unseen).fit(zoo.X[few], zoo.y[few])
    for ask in (predict_set, predict_ancestor, out_of_graph):
        with pytest.raises(InputFormatError, match="takes at least 4 seen classes; this model has 3"):
            ask(three.problem_, zoo.X)
        with pytest.raises(InputFormatError, match="fit with X and y, or give fit_weights both"):
            ask(weights_only.problem_, zoo.X)
        with pytest.raises(InputFormatError, match="needs a graph: fit with graph="):
            ask(plain.problem_, zoo.X)
        with pytest.raises(InputFormatError, match='fit with calibration="stacking", X and y'):
            ask(trained.problem_, zoo.X)
        with pytest.raises(InputFormatError, match="the seen side of the label space"):
            ask(single.problem_, zoo.X)
    with pytest.raises(InputFormatError, match=r"confidence=0\.9 cannot be promised: "):
        predict_ancestor(clf.problem_, zoo.X)
    with pytest.raises(InputFormatError, match=r"coverage=0\.9 cannot be promised: 8 classes"):
        predict_set(clf.problem_, zoo.X)
    with pytest.raises(InputFormatError, match='method is "lac" or "aps", not \'raps\''):
        predict_set(clf.problem_, zoo.X, method="raps")


@pytest.mark.parametrize("propagator", ["conse", "eszsl", SGCN(hidden=8, epochs=20)], ids=["conse", "eszsl", "sgcn"])
def test_models_with_other_scores_or_weights_answer_too(zoo, propagator):
    features = MatrixFeatures(list(zoo.rows.values()), list(zoo.rows))
    clf = ZeroShotClassifier(
        zoo.graph, features=features, propagator=propagator, unseen=zoo.unseen, calibration="stacking"
    ).fit(zoo.X, zoo.y)
    sets = predict_set(clf.problem_, zoo.X_unseen, coverage=0.6)
    assert [labels[0] for labels in sets] == clf.predict(zoo.X_unseen).tolist()
    assert len(predict_ancestor(clf.problem_, zoo.X_unseen, confidence=0.6)) == 32
    energy = -np.log(np.exp(clf.decision_function(zoo.X)).sum(axis=1))
    np.testing.assert_allclose(out_of_graph(clf.problem_, zoo.X, rate=0.4).scores, energy)


def test_a_loaded_classifier_decides_alike(clf, zoo, tmp_path):
    again = load_model(clf.save(tmp_path / "model"))
    for a, b in zip(clf.problem_.pretended.folds, again.problem_.pretended.folds, strict=True):
        for name in ("scores", "labels", "held_out", "class_variance", "input_variance"):
            assert np.array_equal(getattr(a, name), getattr(b, name))
    first, second = (predict_set(each.problem_, zoo.X_unseen, coverage=0.8) for each in (clf, again))
    assert (first.labels, first.limits) == (second.labels, second.limits)


def test_folds_that_do_not_fit_together_are_refused(clf):
    arrays = clf.problem_.pretended.arrays("p")
    assert Pretended.from_arrays(arrays, "p", 3, 8).num_held_out == 8
    for name, wrong in [("p/0/labels", np.full(64, 8)), ("p/1/scores", np.zeros((64, 7), dtype=np.float32))]:
        with pytest.raises(ValueError, match="pretended-unseen fold"):
            Pretended.from_arrays({**arrays, name: wrong}, "p", 3, 8)


def test_a_model_of_an_earlier_release_has_no_folds_and_says_so(clf, zoo):
    with pytest.raises(InputFormatError, match="fit again a model that an older release saved"):
        predict_set(replace(clf.problem_, pretended=None), zoo.X)


# -- the promise, from end to end ---------------------------------------------------------------------------------


def world(seed):
    """A random taxonomy of 60 classes whose means follow it; 45 of them, drawn at random, are seen."""
    rng = np.random.default_rng(seed)
    names = [f"c{number:02d}" for number in range(60)]
    kinds, groups = rng.integers(0, 12, 60), rng.integers(0, 4, 12)
    edges = [(names[c], f"kind{kinds[c]:02d}") for c in range(60)]
    edges += [(f"kind{k:02d}", f"group{groups[k]}") for k in range(12)] + [(f"group{g}", "thing") for g in range(4)]
    ids = sorted({end for edge in edges for end in edge})
    graph = KnowledgeGraph.from_tables(
        pl.DataFrame({"id": ids}),
        pl.DataFrame(edges, schema=["head", "tail"], orient="row").with_columns(relation=pl.lit("is_a")),
    )
    of_group, of_kind = rng.standard_normal((4, 16)), rng.standard_normal((12, 16))
    means = of_group[groups[kinds]] + of_kind[kinds] + 0.7 * rng.standard_normal((60, 16))
    X = np.repeat(means, 6, axis=0) + 0.8 * rng.standard_normal((360, 16))
    y = np.repeat(names, 6)
    hidden = np.sort(rng.permutation(60)[:15])
    features = dict(zip(ids, 0.1 * rng.standard_normal((len(ids), 16)), strict=True))
    for number, name in enumerate(names):
        features[name] = means[number] + rng.standard_normal(16)
    return graph, MatrixFeatures(list(features.values()), list(features)), X, y, [names[c] for c in hidden]


def test_new_classes_of_random_worlds_are_covered_as_promised():
    held = {name: [] for name in ("lac", "aps", "hierarchical", "ancestor", "kept", "lac of all", "seen")}
    for seed in range(25):
        graph, features, X, y, hidden = world(seed)
        clf = ZeroShotClassifier(graph, features=features, propagator=GraphGP(settings=SETTINGS), unseen=hidden)
        new = np.isin(y, hidden)
        test = ~new & (np.arange(360) % 6 == 5)
        problem = clf.fit(X[~new & ~test], y[~new & ~test]).problem_
        for method in ("lac", "aps"):
            held[method].append(predict_set(problem, X[new], label_space="unseen", method=method).holds(y[new]).mean())
        held["hierarchical"].append(
            predict_set(problem, X[new], label_space="unseen", hierarchical=True).holds(y[new]).mean()
        )
        held["lac of all"].append(predict_set(problem, X[new]).holds(y[new]).mean())
        held["seen"].append(predict_set(problem, X[test]).holds(y[test]).mean())
        held["ancestor"].append(predict_ancestor(problem, X[new], label_space="unseen").holds(y[new]).mean())
        held["kept"].append(1 - out_of_graph(problem, X[new], rate=0.1, label_space="unseen").is_out.mean())
    means = {name: np.mean(shares) for name, shares in held.items()}
    errors = {name: np.std(shares) / 5 for name, shares in held.items()}
    assert all(means[name] >= 0.9 - errors[name] for name in held), means


def test_a_folder_of_an_earlier_release_is_read(clf, zoo, tmp_path):
    folder = clf.save(tmp_path / "model")
    card = json.loads((folder / CARD).read_text())
    for name in ("pretended", "hubness"):
        del card[name]
    (folder / CARD).write_text(json.dumps(card))
    arrays = {name: array for name, array in load_file(folder / ARRAYS).items() if not name.startswith("pretended/")}
    save_file(arrays, folder / ARRAYS)
    entries = {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in _names(folder)}
    manifest = {"format": FORMAT, "sha256": entries, "seal": _seal(entries, FORMAT)}
    (folder / MANIFEST).write_text(json.dumps(manifest))
    again = load_model(folder)
    assert np.array_equal(again.decision_function(zoo.X), clf.decision_function(zoo.X))
    assert again.problem_.pretended is None
