"""ConSE by hand, and the choice of its temperature."""

import json
from dataclasses import replace

import numpy as np
import pytest

from kgzsl.baselines import Baseline, ConSE, FittedBaseline, FittedConSE
from kgzsl.contracts import Supervision
from kgzsl.errors import InputFormatError, VersionError
from kgzsl.evaluation import class_folds, hits_at_k

IDS = ["cat", "dog", "liger", "lion", "oak"]


def unit(rows):
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def by_hand():
    """Three seen classes on the axes; features in the plane; one unseen class between two of them."""
    features = np.array([[1, 0], [0, 1], [3, 3], [-1, 1], [-1, -1]], dtype=np.float32)
    supervision = Supervision(classes=("cat", "dog", "oak"), weights=np.eye(3, dtype=np.float32), kind="prototype")
    return features, supervision


def test_scores_by_hand(index_of):
    features, supervision = by_hand()
    index = index_of(IDS)
    fitted = ConSE(num_likeliest=2, temperature=0.5).fit(index, features, supervision)
    x = np.array([[0.8, 0.6, 0.1]], dtype=np.float32)
    # the two likeliest are cat and dog, with shares 1 / (1 + e^-0.4) and the rest
    share = 1 / (1 + np.exp((0.6 - 0.8) / 0.5))
    mixture = np.array([share, 1 - share])
    np.testing.assert_allclose(fitted.mixtures(x), [mixture], rtol=1e-6)
    expected = [mixture @ row / np.linalg.norm(mixture) / np.linalg.norm(row) for row in features.astype(float)]
    np.testing.assert_allclose(fitted.scores(x, index, features), [expected], rtol=1e-6)
    np.testing.assert_allclose(
        fitted.scores(x, index, features, concepts=["lion", "liger"]), [[expected[3], expected[2]]], rtol=1e-6
    )


def test_only_the_likeliest_count(index_of):
    features, supervision = by_hand()
    fitted = ConSE(num_likeliest=1, temperature=0.5).fit(index_of(IDS), features, supervision)
    # a tie goes to the first class
    np.testing.assert_array_equal(fitted.mixtures(np.array([[0.1, 0.9, 0.2], [0.5, 0.5, 0.5]])), features[[1, 0]])


def test_more_likeliest_than_classes_takes_them_all(index_of):
    features, supervision = by_hand()
    fitted = ConSE(temperature=1e6).fit(index_of(IDS), features, supervision)
    np.testing.assert_allclose(
        fitted.mixtures(np.array([[1.0, 0.0, 0.0]])), [features[[0, 1, 4]].mean(axis=0)], atol=1e-5
    )


def test_a_concept_without_features_scores_zero(index_of):
    features, supervision = by_hand()
    features[3] = 0
    fitted = ConSE(temperature=0.5).fit(index_of(IDS), features, supervision)
    assert fitted.scores(np.eye(3, dtype=np.float32), index_of(IDS), features, concepts=["lion"]).tolist() == [[0]] * 3


def learnable(seed=0, num_seen=12):
    rng = np.random.default_rng(seed)
    ids = [f"c{i:02d}" for i in range(num_seen + 3)]
    features = unit(rng.normal(size=(len(ids), 5))).astype(np.float32)
    centres = features @ rng.normal(size=(5, 7))
    labels = np.repeat(np.arange(num_seen), 20)
    inputs = unit(centres[labels] + 0.8 * rng.normal(size=(len(labels), 7)))
    weights = unit(np.stack([inputs[labels == c].mean(axis=0) for c in range(num_seen)]))
    supervision = Supervision(
        tuple(ids[:num_seen]), weights.astype(np.float32), "prototype", inputs.astype(np.float32), labels
    )
    return ids, features, supervision


def test_temperature_is_the_best_of_refits_without_each_fold(index_of):
    ids, features, supervision = learnable()
    index = index_of(ids)
    model = ConSE(num_likeliest=4, folds=3)
    fitted = model.fit(index, features, supervision)
    candidates = dict(map(tuple, fitted.report["candidates"]))
    assert len(candidates) == 13
    best = max(candidates.values())
    assert fitted.temperature == max(t for t, value in candidates.items() if value == best)
    for temperature, value in list(candidates.items())[::4]:
        values = []
        for fold in class_folds(12, 3, 0):
            rest = np.setdiff1d(np.arange(12), fold)
            part = Supervision(tuple(ids[c] for c in rest), supervision.weights[rest], "prototype")
            rows = np.isin(supervision.labels, fold)
            scores = (
                replace(model, temperature=temperature)
                .fit(index, features, part)
                .scores(supervision.inputs[rows], index, features, concepts=[ids[c] for c in fold])
            )
            values.append(hits_at_k(scores, np.searchsorted(fold, supervision.labels[rows]), 1))
        assert value == pytest.approx(np.mean(values), abs=1e-12)


def test_same_input_gives_the_same_bytes(index_of):
    ids, features, supervision = learnable()
    first, again = (ConSE().fit(index_of(ids), features, supervision) for _ in range(2))
    assert first.report == again.report
    assert (
        first.scores(supervision.inputs, index_of(ids), features).tobytes()
        == again.scores(supervision.inputs, index_of(ids), features).tobytes()
    )


def test_state_comes_back(index_of):
    ids, features, supervision = learnable()
    fitted = ConSE().fit(index_of(ids), features, supervision)
    config, arrays = fitted.state()
    again = FittedConSE.from_state(json.loads(json.dumps(config)), arrays)
    assert again.report == fitted.report
    np.testing.assert_array_equal(
        again.scores(supervision.inputs, index_of(ids), features),
        fitted.scores(supervision.inputs, index_of(ids), features),
    )
    with pytest.raises(VersionError, match="format 0"):
        FittedConSE.from_state({**config, "format": 0}, arrays)


def test_contract_is_fulfilled(index_of):
    ids, features, supervision = learnable()
    assert isinstance(ConSE(), Baseline)
    assert isinstance(ConSE().fit(index_of(ids), features, supervision), FittedBaseline)


def test_wrong_settings_and_missing_examples_are_named(index_of):
    features, supervision = by_hand()
    for wrong in ({"num_likeliest": 0}, {"temperature": 0.0}, {"temperature": np.inf}, {"folds": 1}):
        with pytest.raises(InputFormatError, match=next(iter(wrong))):
            ConSE(**wrong)
    with pytest.raises(InputFormatError, match="give temperature="):
        ConSE().fit(index_of(IDS), features, supervision)
    ids, features, few = learnable(num_seen=3)
    with pytest.raises(InputFormatError, match="too few"):
        ConSE().fit(index_of(ids), features, few)
