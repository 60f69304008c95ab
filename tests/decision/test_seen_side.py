"""A gamma that folds of few classes ask for is held back by what it does to known samples."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import kgzsl
from kgzsl.bench import TinyImageNet
from kgzsl.classifier import ZeroShotClassifier
from kgzsl.decision.calibration import calibrate
from kgzsl.decision.pseudo_unseen import PretendedFold
from kgzsl.decision.seen_side import seen_margins
from kgzsl.errors import KgzslWarning
from kgzsl.evaluation.calibration import CalibrationFold, choose_stacking
from kgzsl.evaluation.generalized import SeenMargins, raw_margins, seen_unseen_accuracy
from kgzsl.loading import load_model
from kgzsl.propagation import SGCN

HERD = ["horse.n.01", "ass.n.03", "cow.n.01", "sheep.n.01", "tiger.n.02", "lion.n.01", "wolf.n.01", "fox.n.01"]
NEW = ["zebra.n.01", "goat.n.01", "leopard.n.02", "dog.n.01"]
_margins = st.lists(st.sampled_from([-0.3, -0.1, 0.0, 0.1, 0.2, 0.3, 0.4, 0.7]), min_size=1, max_size=12)


def of(margins):
    values = np.array(margins)
    return SeenMargins.of(values, np.ones(len(values), dtype=bool), np.arange(len(values)) % 3)


@settings(max_examples=60, deadline=None)
@given(_margins, st.floats(-1, 1), st.sampled_from([0.25, 0.5, 0.9]))
def test_the_largest_gamma_that_keeps_the_share_is_taken(margins, gamma, share):
    side = of(margins)
    least = share * side.accuracy(0.0) - 1e-12
    found = side.bounded(gamma, share=share)
    assert found == gamma or 0 < found < gamma
    if gamma <= 0 or side.accuracy(gamma) >= least:
        assert found == gamma
    else:
        assert side.accuracy(found) >= least
        further = [step for step in np.linspace(found, gamma, 50) if step > found]
        kept = [step for step in further if side.accuracy(step) >= least]
        assert {side.accuracy(step) for step in kept} <= {side.accuracy(found)}


def test_seen_margins_are_the_seen_side_of_the_measure():
    rng = np.random.default_rng(0)
    scores, labels = rng.standard_normal((40, 6)), rng.integers(0, 4, 40)
    scores[np.arange(40), labels] += 1.0
    is_seen = np.arange(6) < 4
    both = np.vstack([scores, rng.standard_normal((2, 6))]), np.r_[labels, 4, 5]
    from_raw = SeenMargins.of(*raw_margins(scores, labels, is_seen), labels)
    for gamma in (-0.5, 0.0, 0.3, 1.0):
        assert from_raw.accuracy(gamma) == pytest.approx(seen_unseen_accuracy(*both, is_seen, gamma).seen, abs=1e-12)


def asking(num_classes=3):
    """A fold in which held-out samples lose by 0.4 and 0.6, so that it asks for a gamma of more."""
    scores = np.full((4, num_classes), -0.9)
    scores[:, -1] = [0.0, 0.0, 0.2, 0.2]
    scores[[0, 1, 2, 3], [0, 1, 0, 1]] = [0.9, 0.9, 0.6, 0.8]
    last = num_classes - 1
    return [CalibrationFold(scores, np.array([0, 1, last, last]), np.arange(num_classes) < last)]


def test_a_gamma_is_held_back_only_where_it_costs_too_much():
    asked = choose_stacking(asking()).gamma
    assert asked > 0.6
    free, enough = (calibrate("stacking", asking(), seen=seen) for seen in (None, of([0.8, 0.9, 0.9])))
    many = calibrate("stacking", asking(32), seen=of([0.1, 0.2, 0.9]))
    assert (many.gamma, many.held_back_from) == (choose_stacking(asking(32)).gamma, None)
    assert (free.gamma, free.held_back_from) == (enough.gamma, enough.held_back_from) == (asked, None)
    held = calibrate("stacking", asking(), seen=of([0.1, 0.2, 0.9]))
    assert 0.0 < held.gamma < 0.1  # to keep 1 - 3 / 32 of three samples is to keep all
    assert held.held_back_from == asked
    given_ = calibrate(asked, asking(), seen=of([0.1, 0.2, 0.9]))
    assert (given_.gamma, given_.held_back_from) == (asked, None)


def herd(seed=0, **parameters):
    """Eight kinds with relatives among them: to pretend one of two relatives unseen is to take away all it had."""
    graph, rng, part = kgzsl.load_graph("wordnet"), np.random.default_rng(seed), {}

    def centre(concept):
        above = graph.ancestors(concept, include_self=True).ids
        return sum(part.setdefault(id_, rng.normal(size=32)) for id_ in above[:8])

    centres = {concept: centre(concept) for concept in [*HERD, *NEW]}

    def samples(classes, count):
        X = [centres[concept] + rng.normal(size=(count, 32)) for concept in classes]
        return np.concatenate(X), np.repeat(classes, count)

    train = samples(HERD, 20)
    clf = ZeroShotClassifier(graph, unseen=NEW, calibration="stacking", **parameters).fit(*train)
    return clf, samples(HERD, 10), samples(NEW, 10)


@pytest.mark.parametrize("seed", range(3))
def test_eight_classes_do_not_lose_their_own(seed, tmp_path):
    clf, seen, new = herd(seed)
    calibration = clf.fit_report_.calibration
    assert calibration.held_back_from > calibration.gamma > 0
    assert "gamma is held back from" in str(clf.fit_report_)
    report = kgzsl.evaluate(clf, *seen, *new)
    assert report.s > 0.25
    assert report.u > 0.5
    again = load_model(clf.save(tmp_path / "model"))
    assert again.problem_.calibration == calibration


def test_a_sample_meets_every_class_that_was_pretended_unseen_while_its_own_was_not():
    is_seen, nothing = np.array([True, True, False]), np.zeros(3)

    def folds(first):
        """Of samples numbered from `first` in their classes; the others are not judged."""
        judged = [
            ([[0.9, 0.1, 0.3], [0.2, 0.1, 0.8], [0.5, 0.1, 0.6]], [0, 2, 0], [0, 1, 2], [first, first, first + 1]),
            ([[0.1, 0.9, 0.7], [0.6, 0.5, 0.1]], [1, 1], [2, 0, 1], [first, first + 1]),
        ]
        for scores, labels, columns, ranks in judged:
            parts = np.array(scores), np.array(labels), is_seen, np.array(columns), np.array(ranks)
            yield PretendedFold(*parts, nothing, np.zeros(len(labels)))

    found = seen_margins(list(folds(3)))
    np.testing.assert_allclose(found.margin, [0.2])  # 0.9 - 0.7; the other sample loses to a class that was seen
    np.testing.assert_allclose(found.weight, [0.5])
    assert seen_margins(list(folds(0))) is None  # two examples of each class say too little
    assert seen_margins([]) is None


@pytest.mark.parametrize("propagator", ["eszsl", "conse", SGCN(hidden=16, epochs=3)])
def test_models_of_other_kinds_are_held_back_too(propagator):
    clf, seen, new = herd(propagator=propagator)
    calibration, problem = clf.fit_report_.calibration, clf.problem_
    scores = problem.raw_scores(problem.scale.prepare(np.vstack([seen[0], new[0]])), problem.classes.places("all"))
    labels = np.array([problem.classes.place(label) for label in np.r_[seen[1], new[1]]])
    plain, kept = (
        seen_unseen_accuracy(scores, labels, problem.classes.is_seen, gamma) for gamma in (0.0, calibration.gamma)
    )
    assert kept.seen >= 0.3 * plain.seen


@pytest.mark.parametrize("count", [4, 5])
def test_so_few_classes_are_warned_of_where_the_fit_was_called(zoo, count):
    rows = np.isin(zoo.y, zoo.seen[:count])
    clf = ZeroShotClassifier(zoo.graph, unseen=zoo.unseen, calibration="stacking")
    with pytest.warns(KgzslWarning, match=f"gamma was chosen on {count} seen classes") as caught:
        clf.fit(zoo.X[rows], zoo.y[rows])
    assert [warning.filename for warning in caught] == [__file__]


def test_few_photographed_classes_keep_theirs_and_many_their_gamma(shared_data):
    tiny = TinyImageNet.read(shared_data("tiny-imagenet/features.npz").parent)
    graph, (X, y) = kgzsl.load_graph("wordnet"), tiny.test_seen
    is_train = np.arange(len(y)) % 2 == 0
    held_back = {}
    for num_seen, seed in ((6, 600), (6, 601), (6, 602), (60, 600)):
        drawn = np.random.default_rng(seed).permutation(np.array(tiny.seen)).tolist()
        seen, unseen = drawn[:num_seen], drawn[num_seen : num_seen + 6]
        clf = ZeroShotClassifier(graph, features=tiny.sentences, unseen=unseen, calibration="stacking")
        train, held = (np.isin(y, seen) & rows for rows in (is_train, ~is_train))
        clf.fit(X[train], y[train])
        report = kgzsl.evaluate(clf, X[held], y[held], X[np.isin(y, unseen)], y[np.isin(y, unseen)])
        assert report.s > 0.25
        held_back.setdefault(num_seen, []).append(clf.fit_report_.calibration.held_back_from is not None)
    assert held_back == {6: [True, True, True], 60: [False]}
