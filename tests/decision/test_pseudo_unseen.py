"""Gamma and temperature follow from pretended-unseen seen classes alone; recomputed here step by step."""

from dataclasses import dataclass, field, replace

import numpy as np
import pytest

from kgzsl.classifier import ZeroShotClassifier
from kgzsl.contracts import Supervision
from kgzsl.decision.fitting import Examples, _own_scores
from kgzsl.decision.inputs import InputScale
from kgzsl.decision.pseudo_unseen import MAX_SAMPLES_A_CLASS, sample_ranks, without
from kgzsl.evaluation.calibration import CalibrationFold, choose_stacking, choose_temperature, class_folds
from kgzsl.features import MatrixFeatures
from kgzsl.propagation.gp_settings import GPSettings
from kgzsl.propagation.graph_gp import GraphGP

SETTINGS = GPSettings.of(text=1, walk=1, walk_beta=3.0)


def unit(rows):
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


@dataclass(frozen=True)
class Recording:
    """A Gaussian process that remembers what it was shown."""

    inner: GraphGP = field(default_factory=GraphGP)
    shown: list[Supervision] = field(default_factory=list)
    relations: None = None

    def settled(self, fitted):
        return replace(self, inner=self.inner.settled(fitted))

    def fit(self, index, features, supervision):
        self.shown.append(supervision)
        return self.inner.fit(index, features, supervision)


def test_every_fold_hides_its_classes_and_their_inputs_and_shows_no_unseen_class(zoo):
    recording = Recording()
    ZeroShotClassifier(zoo.graph, propagator=recording, unseen=zoo.unseen, calibration="stacking").fit(zoo.X, zoo.y)
    whole, *folds = recording.shown
    assert whole.classes == zoo.seen
    hidden = [sorted(set(zoo.seen) - set(part.classes)) for part in folds]
    expected = [[zoo.seen[place] for place in fold] for fold in class_folds(8, 3, 0)]
    assert hidden == expected
    for part in folds:
        assert not set(part.classes) & set(zoo.unseen)
        places = [whole.classes.index(class_) for class_ in part.classes]
        assert np.array_equal(part.weights, whole.weights[places])
        assert np.array_equal(part.inputs, whole.inputs[np.isin(whole.labels, places)])
        assert [part.classes[label] for label in part.labels] == [
            whole.classes[label] for label in whole.labels if label in places
        ]


def test_scores_of_an_inputs_own_class_come_from_its_other_examples(zoo):
    kept = np.r_[0:8, 8:11, 16:17, 24:64]  # eight, three, one, and eight examples a class
    X, y = zoo.X[kept], np.unique(zoo.y[kept], return_inverse=True)[1]
    means = np.stack([X[y == label].mean(axis=0) for label in range(8)])
    scale = InputScale("prototype", means.mean(axis=0))
    clf = ZeroShotClassifier(zoo.graph, unseen=zoo.unseen).fit(X, zoo.y[kept])
    examples = Examples(clf.problem_.classes, means, "prototype", X, y)
    expected = []
    for row, label in enumerate(y):
        others = X[(y == label) & (np.arange(len(y)) != row)]
        if not len(others):
            expected.append(np.nan)
            continue
        prototype = others.mean(axis=0) - scale.mean
        x = X[row] - scale.mean
        expected.append(x @ prototype / np.linalg.norm(x) / np.linalg.norm(prototype))
    np.testing.assert_allclose(_own_scores(scale, examples), expected, rtol=1e-12)
    assert np.isnan(expected).sum() == 1


def brute_force(zoo):
    """Gamma and temperature from their definition, with our own process for fixed settings on each fold."""
    means = np.stack([zoo.X[zoo.y == id_].mean(axis=0) for id_ in zoo.seen])
    middle = means.mean(axis=0)
    graph = zoo.graph.induced([*zoo.seen, *zoo.unseen])
    features = np.stack([zoo.rows[id_] for id_ in graph.ids])
    targets, inputs = unit(means - middle), unit(zoo.X - middle)
    folds = []
    for hidden in class_folds(8, 3, 0):
        kept = [place for place in range(8) if place not in hidden]
        supervision = Supervision(tuple(zoo.seen[p] for p in kept), targets[kept].astype(np.float32), "prototype")
        model = GraphGP(settings=SETTINGS).fit(graph.index, features, supervision)
        rows = model.weights(graph.index, features, concepts=[zoo.seen[p] for p in hidden])
        scores = inputs @ np.vstack([targets[kept], rows]).T
        labels = np.array([[*kept, *hidden].index(zoo.seen.index(id_)) for id_ in zoo.y])
        for row, label in enumerate(labels):
            if label < len(kept):
                others = zoo.X[(zoo.y == zoo.y[row]) & (np.arange(64) != row)]
                scores[row, label] = inputs[row] @ unit((others.mean(axis=0) - middle)[None])[0]
        folds.append(CalibrationFold(scores, labels, np.arange(8) < len(kept)))
    held_out = [
        CalibrationFold(
            fold.scores[~fold.is_seen[fold.labels]][:, ~fold.is_seen],
            fold.labels[~fold.is_seen[fold.labels]] - fold.is_seen.sum(),
            np.zeros((~fold.is_seen).sum(), dtype=bool),
        )
        for fold in folds
    ]
    chosen = np.clip(choose_temperature(held_out).temperature, 0.02, 1)
    told = 64 / 10  # 8 classes, but 64 samples
    return choose_stacking(folds).gamma, chosen ** (told / (told + 10)) * 0.1 ** (10 / (told + 10))


def test_gamma_and_temperature_follow_from_the_definition(zoo):
    features = MatrixFeatures(list(zoo.rows.values()), list(zoo.rows))
    clf = ZeroShotClassifier(
        zoo.graph,
        features=features,
        propagator=GraphGP(settings=SETTINGS),
        unseen=zoo.unseen,
        calibration="stacking",
    ).fit(zoo.X, zoo.y)
    gamma, temperature = brute_force(zoo)
    # targets are rounded to float32
    calibration = clf.fit_report_.calibration
    asked = clf.gamma_ if calibration.held_back_from is None else calibration.held_back_from
    assert asked == pytest.approx(gamma, abs=1e-6)
    assert clf.temperature_ == pytest.approx(temperature, rel=1e-4)
    assert clf.fit_report_.calibration.num_folds == 3


def test_which_classes_are_called_unseen_changes_nothing_that_is_chosen(zoo):
    """Concepts that are in the graph all the same: as classes, they decide neither settings, gamma nor temperature."""
    features = MatrixFeatures(list(zoo.rows.values()), list(zoo.rows))
    chosen = set()
    for unseen in (["feline.n"], ["canine.n", "animal.n"], ["raptor.n", "equine.n", "mammal.n"], None):
        clf = ZeroShotClassifier(zoo.graph, features=features, unseen=unseen, calibration="stacking")
        clf.fit(zoo.X, zoo.y)
        chosen.add((clf.problem_.model.settings, clf.gamma_, clf.temperature_))
    assert len(chosen) == 1


@pytest.mark.parametrize(("given", "gamma"), [(None, 0.0), (0.25, 0.25), (np.float32(0.25), 0.25), (0, 0.0)])
def test_gamma_is_what_is_given(zoo, given, gamma):
    plain = ZeroShotClassifier(zoo.graph, unseen=zoo.unseen).fit(zoo.X, zoo.y)
    clf = ZeroShotClassifier(zoo.graph, unseen=zoo.unseen, calibration=given).fit(zoo.X, zoo.y)
    assert clf.gamma_ == gamma
    assert clf.temperature_ == plain.temperature_
    seen = np.arange(12) < 8
    difference = plain.decision_function(zoo.X) - clf.decision_function(zoo.X)
    np.testing.assert_allclose(difference * clf.temperature_, np.where(seen, gamma, 0)[None].repeat(64, 0), atol=1e-12)


def test_stacking_evens_out_seen_and_unseen(zoo):
    features = MatrixFeatures(list(zoo.rows.values()), list(zoo.rows))
    made = {
        calibration: ZeroShotClassifier(zoo.graph, features=features, unseen=zoo.unseen, calibration=calibration)
        for calibration in (None, "stacking")
    }
    right = {name: (clf.fit(zoo.X, zoo.y).predict(zoo.X_unseen) == zoo.y_unseen).mean() for name, clf in made.items()}
    assert right["stacking"] > right[None]


def test_supervision_without_some_classes(zoo):
    whole = Supervision(
        ("a", "b", "c"),
        np.eye(3, dtype=np.float32),
        "prototype",
        np.eye(4, 3, dtype=np.float32),
        np.array([2, 0, 1, 2]),
    )
    part = without(whole, np.array([1]))
    assert part.classes == ("a", "c")
    assert np.array_equal(part.weights, np.eye(3)[[0, 2]])
    assert part.labels.tolist() == [1, 0, 1]
    assert np.array_equal(part.inputs, np.eye(4, 3)[[0, 1, 3]])


def test_inputs_that_are_judged_are_drawn_whatever_their_order():
    rng = np.random.default_rng(0)
    inputs, labels = rng.standard_normal((300, 5)).astype(np.float32), rng.integers(0, 3, 300)
    ranks = sample_ranks(inputs, labels, 0)
    assert [sorted(ranks[labels == label]) for label in range(3)] == [
        list(range(count)) for count in np.bincount(labels)
    ]
    order = rng.permutation(300)
    assert np.array_equal(sample_ranks(inputs[order], labels[order], 0), ranks[order])
    assert not np.array_equal(sample_ranks(inputs, labels, 1), ranks)
    assert (ranks < MAX_SAMPLES_A_CLASS).sum() == 150
