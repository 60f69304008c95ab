"""CLIP-style scores: the direct cosine at temperature 1 / 100, several prompts, and spaces that do not match."""

import json
from dataclasses import replace

import numpy as np
import pytest
from scipy.special import softmax

from kgzsl.baselines import CLIPStyle, FittedCLIPStyle
from kgzsl.baselines.clip_style import average_prompts
from kgzsl.baselines.contract import unit_rows
from kgzsl.classifier import ZeroShotClassifier
from kgzsl.contracts import Supervision
from kgzsl.errors import InputFormatError
from kgzsl.features import MatrixFeatures
from kgzsl.loading import load_model
from kgzsl.testing import example_graph

IDS = [f"c{place}" for place in range(6)]


def shared_space(seed=0, *, num_prompts=1, dim=5):
    rng = np.random.default_rng(seed)
    features = rng.normal(size=(6, num_prompts * dim)).astype(np.float32)
    images = (3 * rng.normal(size=(9, dim))).astype(np.float32)
    layer = np.c_[rng.normal(size=(4, dim)), np.zeros(4)].astype(np.float32)
    return features, images, Supervision(tuple(IDS[:4]), layer, "linear")


def test_scores_are_a_hundred_times_the_direct_cosine(index_of):
    features, images, supervision = shared_space()
    fitted = CLIPStyle().fit(index_of(IDS), features, supervision)
    inputs = np.c_[images, np.ones(9)].astype(np.float32)
    cosines = unit_rows(images.astype(float)) @ unit_rows(features.astype(float)).T
    scores = fitted.scores(inputs, index_of(IDS), features)
    np.testing.assert_allclose(scores, 100 * cosines, atol=1e-4)
    np.testing.assert_allclose(softmax(scores, axis=1), softmax(cosines / 0.01, axis=1), atol=1e-4)
    some = fitted.scores(inputs, index_of(IDS), features, concepts=["c5", "c1"])
    np.testing.assert_array_equal(some, scores[:, [5, 1]])


def test_prompts_are_averaged_as_unit_embeddings(index_of):
    features, images, supervision = shared_space(num_prompts=3)
    fitted = CLIPStyle(scale=1.0, num_prompts=3).fit(index_of(IDS), features, supervision)
    parts = features.astype(float).reshape(6, 3, 5)
    texts = (parts / np.linalg.norm(parts, axis=2, keepdims=True)).mean(axis=1)
    np.testing.assert_allclose(average_prompts(features.astype(float), 3), unit_rows(texts))
    expected = unit_rows(images.astype(float)) @ unit_rows(texts).T
    scores = fitted.scores(np.c_[images, np.ones(9)].astype(np.float32), index_of(IDS), features)
    np.testing.assert_allclose(scores, expected, atol=1e-6)


@pytest.mark.parametrize(("center", "centered"), [(None, True), (True, True), (False, False)])
def test_centred_inputs_meet_centred_features(index_of, center, centered):
    features, images, supervision = shared_space()
    weights = unit_rows(supervision.weights[:, :5].astype(float)).astype(np.float32)
    prototype = replace(supervision, weights=weights, kind="prototype")
    fitted = CLIPStyle(center=center).fit(index_of(IDS), features, prototype)
    texts = unit_rows(features.astype(float))
    texts = unit_rows(texts - texts[:4].mean(axis=0)) if centered else texts
    scores = fitted.scores(images, index_of(IDS), features)
    np.testing.assert_allclose(scores, 100 * unit_rows(images.astype(float)) @ texts.T, atol=1e-4)
    assert fitted.report["centered"] is centered


@pytest.mark.parametrize(
    ("num_prompts", "said"),
    [(1, "features have 5 columns, and inputs 7.*need 7 columns"), (2, "need 2 prompts of 7 columns")],
)
def test_spaces_of_two_widths_are_refused(index_of, num_prompts, said):
    features, _, _ = shared_space()
    wider = Supervision(tuple(IDS[:4]), np.ones((4, 8), dtype=np.float32), "linear")
    with pytest.raises(InputFormatError, match=said):
        CLIPStyle(num_prompts=num_prompts).fit(index_of(IDS), features, wider)


def test_wrong_settings_are_named():
    for wrong in ({"scale": 0.0}, {"num_prompts": 0}):
        with pytest.raises(InputFormatError, match=f"{next(iter(wrong))} is"):
            CLIPStyle(**wrong)


def test_state_comes_back(index_of):
    features, images, supervision = shared_space(num_prompts=2)
    fitted = CLIPStyle(num_prompts=2, center=True).fit(index_of(IDS), features, supervision)
    config, arrays = fitted.state()
    again = FittedCLIPStyle.from_state(json.loads(json.dumps(config)), arrays)
    inputs = np.c_[images, np.ones(9)].astype(np.float32)
    assert (
        again.scores(inputs, index_of(IDS), features).tobytes()
        == fitted.scores(inputs, index_of(IDS), features).tobytes()
    )
    assert again.report == fitted.report


def test_a_classifier_of_texts_alone_is_clips_zero_shot_classifier(tmp_path):
    graph = example_graph()
    rng = np.random.default_rng(0)
    features = rng.normal(size=(len(graph), 8)).astype(np.float32)
    rows = dict(zip(graph.ids, features, strict=True))
    seen, unseen = ["cat", "dog", "owl"], ["tiger", "wolf"]
    layer = np.c_[np.stack([rows[id_] for id_ in seen]), np.zeros(3)]
    clf = ZeroShotClassifier(
        graph, features=MatrixFeatures(features, list(graph.ids)), propagator="clip", unseen=unseen
    )
    clf.fit_weights(layer, seen, kind="linear")
    images = rng.normal(size=(20, 8))
    texts = unit_rows(np.stack([rows[id_] for id_ in [*seen, *unseen]]).astype(float))
    expected = (unit_rows(images) @ texts.T).argmax(axis=1)
    assert clf.predict(images).tolist() == np.array([*seen, *unseen])[expected].tolist()
    clf.add_class("lion")
    before = clf.decision_function(images)
    loaded = load_model(clf.save(tmp_path / "model"))
    np.testing.assert_array_equal(loaded.decision_function(images), before)
