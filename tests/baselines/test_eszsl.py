"""ESZSL: the normal equations, what centring does, the choice of ridges."""

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kgzsl.baselines import ESZSL, Baseline, FittedBaseline, FittedESZSL
from kgzsl.baselines.eszsl import FEATURE_RIDGES, INPUT_RIDGES
from kgzsl.contracts import Supervision
from kgzsl.errors import InputFormatError, VersionError
from kgzsl.evaluation import class_folds, hits_at_k

IDS = [f"c{i:02d}" for i in range(14)]
SEEN, UNSEEN = IDS[:10], IDS[10:]
GIVEN = ESZSL(input_ridge=0.1, feature_ridge=0.5)


def unit(rows):
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def problem(seed=0, *, dim=6, num_features=4, per_class=8, kind="prototype", num_seen=10):
    """Class features, and inputs that are a linear image of them with noise."""
    rng = np.random.default_rng(seed)
    features = unit(rng.normal(size=(14, num_features))).astype(np.float32)
    centres = features @ rng.normal(size=(num_features, dim))
    labels = np.repeat(np.arange(num_seen), per_class)
    inputs = centres[labels] + 0.3 * rng.normal(size=(len(labels), dim))
    inputs = unit(inputs) if kind == "prototype" else np.c_[inputs, np.ones(len(inputs))]
    weights = unit(np.stack([inputs[labels == c].mean(axis=0) for c in range(num_seen)]))
    supervision = Supervision(
        classes=tuple(SEEN[:num_seen]),
        weights=weights.astype(np.float32),
        kind=kind,
        inputs=inputs.astype(np.float32),
        labels=labels,
    )
    test = centres + 0.3 * rng.normal(size=centres.shape)
    return features, supervision, (unit(test) if kind == "prototype" else np.c_[test, np.ones(14)]).astype(np.float32)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 1000), st.floats(1e-2, 1e2), st.floats(1e-2, 1e2), st.sampled_from([3, 12]))
def test_the_map_solves_its_normal_equations(index_of, seed, input_ridge, feature_ridge, num_features):
    features, supervision, _ = problem(seed, num_features=num_features)
    fitted = ESZSL(input_ridge, feature_ridge, center=False).fit(index_of(IDS), features, supervision)
    X, S = supervision.inputs.astype(float).T, unit(features[:10].astype(float)).T
    Y = np.where(np.eye(10)[supervision.labels] == 1, 1.0, -1.0)
    gamma = input_ridge * np.trace(X @ X.T) / len(X)
    lam = feature_ridge * np.trace(S @ S.T) / len(S)
    left = (X @ X.T + gamma * np.eye(len(X))) @ fitted.compatibility.astype(float) @ (S @ S.T + lam * np.eye(len(S)))
    right = X @ Y @ S.T
    # the map is kept in single precision
    np.testing.assert_allclose(left, right, atol=2e-5 * np.abs(right).max())


def test_scores_are_the_bilinear_form(index_of):
    features, supervision, test = problem()
    fitted = replace(GIVEN, center=False).fit(index_of(IDS), features, supervision)
    expected = test @ fitted.compatibility @ features.T
    np.testing.assert_allclose(fitted.scores(test, index_of(IDS), features), expected, atol=1e-5)
    some = fitted.scores(test, index_of(IDS), features, concepts=["c12", "c03"])
    np.testing.assert_allclose(some, expected[:, [12, 3]], atol=1e-5)


@pytest.mark.parametrize("kind", ["prototype", "linear"])
def test_weights_give_the_scores_and_are_not_of_unit_length(index_of, kind):
    features, supervision, test = problem(kind=kind)
    fitted = GIVEN.fit(index_of(IDS), features, supervision)
    weights = fitted.weights(index_of(IDS), features, concepts=UNSEEN)
    np.testing.assert_array_equal(test @ weights.T, fitted.scores(test, index_of(IDS), features, concepts=UNSEEN))
    assert not fitted.unit_rows
    assert np.ptp(np.linalg.norm(weights, axis=1)) > 0


def test_centring_makes_linear_inputs_free_of_their_origin(index_of):
    features, supervision, test = problem(kind="linear")
    shift = np.array([5.0, -3.0, 0.0, 1.0, 2.0, 8.0, 0.0], dtype=np.float32)
    moved = replace(supervision, inputs=supervision.inputs + shift)
    index = index_of(IDS)
    here = GIVEN.fit(index, features, supervision).scores(test, index, features)
    there = GIVEN.fit(index, features, moved).scores(test + shift, index, features)
    np.testing.assert_allclose(here, there, atol=1e-4 * np.abs(here).max())


def test_centring_makes_scores_free_of_what_all_features_share(index_of):
    features, supervision, test = problem()
    index = index_of(IDS)
    here = GIVEN.fit(index, features, supervision).scores(test, index, features)
    moved = features + np.float32(0.5)
    there = GIVEN.fit(index, moved, supervision).scores(test, index, moved)
    np.testing.assert_allclose(here, there, atol=1e-4 * np.abs(here).max())


def test_ridges_are_the_best_of_refits_without_each_fold(index_of):
    features, supervision, _ = problem(3)
    index = index_of(IDS)
    fitted = ESZSL(folds=3).fit(index, features, supervision)
    assert fitted.report["chosen_by"] == "fold accuracy"
    accuracies = {(a, b): value for a, b, value in fitted.report["candidates"]}
    assert list(accuracies) == [(a, b) for a in INPUT_RIDGES for b in FEATURE_RIDGES]
    for ridges in [(1.0, 1.0), (0.01, 10.0)]:
        values = []
        for fold in class_folds(10, 3, 0):
            rest = np.setdiff1d(np.arange(10), fold)
            kept = np.isin(supervision.labels, rest)
            part = Supervision(
                classes=tuple(np.array(SEEN)[rest]),
                weights=supervision.weights[rest],
                kind="prototype",
                inputs=supervision.inputs[kept],
                labels=np.searchsorted(rest, supervision.labels[kept]),
            )
            model = ESZSL(*ridges).fit(index, features, part)
            scores = model.scores(supervision.inputs[~kept], index, features, concepts=[SEEN[c] for c in fold])
            values.append(hits_at_k(scores, np.searchsorted(fold, supervision.labels[~kept]), 1))
        assert accuracies[ridges] == pytest.approx(np.mean(values), abs=1e-12)
    best = max(accuracies.values())
    chosen = (fitted.report["input_ridge"], fitted.report["feature_ridge"])
    assert chosen == max(ridges for ridges, value in accuracies.items() if value == best)


def test_a_given_ridge_is_kept_while_the_other_is_chosen(index_of):
    features, supervision, _ = problem()
    report = ESZSL(input_ridge=0.7).fit(index_of(IDS), features, supervision).report
    assert report["input_ridge"] == 0.7
    assert {row[0] for row in report["candidates"]} == {0.7}


def test_unseen_classes_are_recognised_above_chance(index_of):
    hits = []
    for seed in range(10):
        features, supervision, test = problem(seed)
        fitted = ESZSL().fit(index_of(IDS), features, supervision)
        scores = fitted.scores(test[10:], index_of(IDS), features, concepts=UNSEEN)
        hits.append(hits_at_k(scores, np.arange(4), 1))
    # chance is 0.25 with a standard error of 0.07
    assert np.mean(hits) > 0.5


def test_a_class_added_later_moves_no_other(index_of):
    features, supervision, _ = problem()
    fitted = GIVEN.fit(index_of(IDS), features, supervision)
    before = fitted.weights(index_of(IDS), features)
    more = np.concatenate([features, np.ones((1, 4), dtype=np.float32)])
    after = fitted.weights(index_of([*IDS, "new"]), more, concepts=IDS)
    np.testing.assert_array_equal(before, after)


def test_same_input_gives_the_same_bytes_and_leaves_it_alone(index_of):
    features, supervision, test = problem()
    copies = [array.copy() for array in (features, supervision.inputs, supervision.labels, supervision.weights, test)]
    first, again = (ESZSL().fit(index_of(IDS), features, supervision) for _ in range(2))
    assert first.compatibility.tobytes() == again.compatibility.tobytes()
    first.scores(test, index_of(IDS), features)
    for array, copy in zip(
        (features, supervision.inputs, supervision.labels, supervision.weights, test), copies, strict=True
    ):
        np.testing.assert_array_equal(array, copy)


def test_state_comes_back(index_of):
    features, supervision, test = problem(kind="linear")
    fitted = ESZSL().fit(index_of(IDS), features, supervision)
    config, arrays = fitted.state()
    again = FittedESZSL.from_state(json.loads(json.dumps(config)), arrays)
    assert (again.classes, again.report) == (fitted.classes, fitted.report)
    np.testing.assert_array_equal(
        again.scores(test, index_of(IDS), features), fitted.scores(test, index_of(IDS), features)
    )
    with pytest.raises(VersionError, match="format 99"):
        FittedESZSL.from_state({**config, "format": 99}, arrays)


def test_contract_is_fulfilled(index_of):
    features, supervision, _ = problem()
    assert isinstance(GIVEN, Baseline)
    assert isinstance(GIVEN.fit(index_of(IDS), features, supervision), FittedBaseline)


def test_wrong_settings_and_missing_examples_are_named(index_of):
    features, supervision, test = problem()
    index = index_of(IDS)
    for wrong in ({"input_ridge": 0.0}, {"feature_ridge": -1.0}, {"folds": 1}):
        with pytest.raises(InputFormatError, match=next(iter(wrong))):
            ESZSL(**wrong)
    with pytest.raises(InputFormatError, match="only their weights are given"):
        ESZSL().fit(index, features, replace(supervision, inputs=None, labels=None))
    with pytest.raises(InputFormatError, match="14 concepts"):
        ESZSL().fit(index, features[:5], supervision)
    with pytest.raises(InputFormatError, match="fitted with 4"):
        GIVEN.fit(index, features, supervision).scores(test, index, features[:, :3])
    _, few, _ = problem(num_seen=3)
    with pytest.raises(InputFormatError, match="give input_ridge= and feature_ridge="):
        ESZSL().fit(index, features, few)
    assert GIVEN.fit(index, features, few).classes == few.classes
