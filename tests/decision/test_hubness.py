"""The constant a class that is taken off against hubs: its definition, where it counts, what stays as it was."""

from dataclasses import replace

import numpy as np
import pytest

from kgzsl.baselines import ConSE
from kgzsl.classifier import ZeroShotClassifier
from kgzsl.decision.asking import decision_for
from kgzsl.decision.fitting import Examples, Settings, fit_problem
from kgzsl.decision.hubness import Hubness, check_hubness, input_bank
from kgzsl.decision.inputs import class_means
from kgzsl.decision.what_if import what_if
from kgzsl.errors import InputFormatError
from kgzsl.explain import explain
from kgzsl.features import MatrixFeatures
from kgzsl.loading import load_model
from kgzsl.propagation.gp_settings import GPSettings
from kgzsl.propagation.graph_gp import GraphGP
from kgzsl.saving import save_model

SETTINGS = GPSettings.of(text=1, walk=1, walk_beta=3.0)


def fitted(zoo, hubness, propagator=None, *, examples=True, unseen=None):
    features = MatrixFeatures(list(zoo.rows.values()), list(zoo.rows))
    clf = ZeroShotClassifier(
        zoo.graph, features=features, propagator=propagator or GraphGP(settings=SETTINGS), unseen=unseen or zoo.unseen
    ).fit(zoo.X, zoo.y)
    labels = np.unique(zoo.y, return_inverse=True)[1]
    means = class_means(zoo.X, labels, 8)
    given = Examples(clf.problem_.classes, means, "prototype", *((zoo.X, labels) if examples else ()))
    settings = Settings(
        zoo.graph, features, clf.propagator, "stacking" if examples else None, ("taxonomic",), 0, hubness
    )
    return fit_problem(settings, given)[0]


def test_offsets_by_their_definitions():
    rng = np.random.default_rng(0)
    bank, weights = rng.standard_normal((40, 5)), rng.standard_normal((3, 5))
    cosines = weights @ bank.astype(np.float32).T
    nearest = np.sort(cosines, axis=1)[:, -10:]
    bank = bank.astype(np.float32)
    np.testing.assert_allclose(Hubness("csls", bank).offsets(weights), nearest.mean(axis=1) / 2)
    soft = np.log(np.exp(30 * cosines).mean(axis=1)) / 30
    np.testing.assert_allclose(Hubness("inverted-softmax", bank).offsets(weights), soft)
    assert Hubness("csls", bank[:4]).offsets(weights).shape == (3,)


def test_the_bank_has_as_many_inputs_of_each_class_whatever_their_order():
    rng = np.random.default_rng(0)
    inputs, labels = rng.standard_normal((3000, 4)).astype(np.float32), rng.integers(0, 400, 3000)
    labels[:400] = np.arange(400)
    bank = input_bank(inputs, labels, 0)
    order = rng.permutation(3000)
    assert np.array_equal(bank, input_bank(inputs[order], labels[order], 0))
    assert len(bank) == np.minimum(np.bincount(labels), 5).sum()


@pytest.mark.parametrize("kind", ["csls", "inverted-softmax"])
def test_scores_are_lower_by_the_offset_of_their_class(zoo, kind):
    plain, problem = fitted(zoo, None), fitted(zoo, kind)
    assert np.array_equal(plain.weights, problem.weights)
    assert np.array_equal(plain.offsets, np.zeros(12))
    offsets = problem.hubness.offsets(problem.weights)
    inputs, places = problem.scale.prepare(zoo.X_unseen), [11, 0, 5]
    taken = np.where(np.array(places) < 8, problem.calibration.gamma, 0) + offsets[places]
    expected = (plain.raw_scores(inputs, places) - taken) / problem.calibration.temperature
    np.testing.assert_allclose(problem.scores(inputs, places), expected)
    assert problem.calibration.gamma != plain.calibration.gamma  # chosen with the correction


def test_a_fold_is_corrected_by_the_inputs_that_it_may_know(zoo):
    plain, problem = fitted(zoo, None), fitted(zoo, "csls")
    inputs = problem.scale.prepare(zoo.X).astype(np.float32)
    places = np.array([zoo.seen.index(id_) for id_ in zoo.y])
    for before, after in zip(plain.pretended.folds, problem.pretended.folds, strict=True):
        offsets = before.scores - after.scores
        np.testing.assert_allclose(offsets, np.tile(offsets[0], (len(offsets), 1)), atol=1e-6)
        known = ~before.held_out[places]
        hub = Hubness("csls", inputs[known])
        np.testing.assert_allclose(
            offsets[0][~before.held_out], hub.offsets(problem.weights[:8][~before.held_out]), atol=1e-6
        )


def test_explanations_add_up_and_edits_keep_the_offset(zoo):
    problem = fitted(zoo, "csls")
    for target in ("zebra.n", "horse.n"):
        decision = decision_for(problem, zoo.X_unseen[8:9], target, "fox.n", "all")
        assert decision.target.offset == problem.offsets[problem.classes.place(target)]
        assert decision.running[0].offsets.tolist() == problem.offsets.tolist()
        explain(decision).verify()
    edited = what_if(problem, zoo.X_unseen[8:9], "all", remove=[("zebra.n", "is_a", "equine.n")]).problem
    assert np.array_equal(edited.offsets, problem.offsets)
    assert not np.array_equal(edited.weights, problem.weights)


def test_it_comes_back_from_a_file_and_for_classes_added_later(zoo, tmp_path):
    clf = ZeroShotClassifier(zoo.graph, features=MatrixFeatures(list(zoo.rows.values()), list(zoo.rows)))
    problem = fitted(zoo, "csls", unseen=zoo.unseen[:3])
    clf._take(problem, None, num_inputs=12)
    problem = clf.add_class(zoo.unseen[3]).problem_
    assert problem.offsets.tolist() == [*problem.offsets[:11], *problem.hubness.offsets(problem.weights[11:])]
    again = load_model(save_model(problem, clf.get_params(deep=False), tmp_path / "model", overwrite=False)).problem_
    assert np.array_equal(again.offsets, problem.offsets)
    assert again.hubness.kind == "csls"
    assert np.array_equal(again.hubness.bank, problem.hubness.bank)
    inputs = problem.scale.prepare(zoo.X_unseen)
    assert np.array_equal(again.scores(inputs, range(12)), problem.scores(inputs, range(12)))


def test_a_hub_is_no_longer_predicted_everywhere():
    """Twenty classes, one of whose weights is drawn towards the mean of all inputs."""
    rng = np.random.default_rng(0)
    middle = rng.standard_normal(30)
    true = middle + rng.standard_normal((20, 30))
    weights = true + 1.5 * rng.standard_normal((20, 30))  # guessed
    weights[0] = middle
    inputs = np.repeat(true, 20, axis=0) + 2.0 * rng.standard_normal((400, 30))
    weights, inputs = (rows / np.linalg.norm(rows, axis=1, keepdims=True) for rows in (weights, inputs))
    bank = Hubness("csls", inputs[::2].astype(np.float32))
    plain, corrected = inputs @ weights.T, inputs @ weights.T - bank.offsets(weights)
    labels = np.repeat(np.arange(20), 20)
    hub = [(scores.argmax(axis=1) == 0).mean() for scores in (plain, corrected)]
    right = [(scores.argmax(axis=1) == labels).mean() for scores in (plain, corrected)]
    assert hub[1] < 0.6 * hub[0]
    assert right[1] > right[0]


def test_what_cannot_be_corrected_is_refused(zoo):
    with pytest.raises(InputFormatError, match="hubness is None or one of 'csls', 'inverted-softmax', not 'cls'"):
        check_hubness("cls")
    with pytest.raises(InputFormatError, match="give graph=, or leave it out"):
        check_hubness("csls", has_graph=False)
    with pytest.raises(InputFormatError, match="only weights are known: give X and y"):
        fitted(zoo, "csls", examples=False)
    with pytest.raises(InputFormatError, match="needs a propagator that gives weights"):
        fitted(zoo, "csls", ConSE())


def test_without_it_a_problem_is_what_it_was(zoo):
    problem = fitted(zoo, None)
    inputs = problem.scale.prepare(zoo.X)
    before = replace(problem, offsets=None)
    assert np.array_equal(problem.scores(inputs, range(12)), before.scores(inputs, range(12)))
