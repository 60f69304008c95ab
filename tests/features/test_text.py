"""Latent semantic analysis of labels and definitions."""

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.decomposition import TruncatedSVD
from sklearn.exceptions import NotFittedError
from sklearn.feature_extraction.text import TfidfVectorizer

from kgzsl.errors import InputFormatError, IntegrityError, KgzslWarning, MissingFeaturesError, UnknownNameError
from kgzsl.features import TextFeatures
from kgzsl.features.directions import leading_directions
from kgzsl.features.words import content_words


@pytest.fixture(scope="module")
def fitted(toy_graph):
    return TextFeatures().fit(toy_graph, toy_graph.ids)


def test_cosines_are_those_of_scikit_learn(toy_graph):
    texts = toy_graph.texts(toy_graph.ids)
    weighted = TfidfVectorizer(analyzer=content_words, sublinear_tf=True).fit_transform(texts)
    rows = TruncatedSVD(4, algorithm="arpack").fit_transform(weighted)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    with pytest.warns(KgzslWarning, match="1 of 10"):  # "day" shares no word with any other
        ours = TextFeatures(dim=4, missing="zero").fit(toy_graph, toy_graph.ids).encode(toy_graph, toy_graph.ids)
    described = [place for place, id_ in enumerate(toy_graph.ids) if id_ != "day"]
    np.testing.assert_allclose((ours @ ours.T)[described], (rows @ rows.T)[described] * ours.any(axis=1), atol=1e-5)


def test_at_full_rank_cosines_are_those_of_the_weighted_words(fitted, toy_graph):
    texts = toy_graph.texts(toy_graph.ids)
    weighted = TfidfVectorizer(analyzer=content_words, sublinear_tf=True).fit_transform(texts)
    rows = fitted.encode(toy_graph, toy_graph.ids)
    np.testing.assert_allclose(rows @ rows.T, (weighted @ weighted.T).toarray(), atol=1e-5)


def test_rows_have_unit_length_and_close_texts_lie_close(fitted, toy_graph):
    dog, cat, wing, night = fitted.encode(toy_graph, ["dog", "cat", "wing", "night"])
    assert np.allclose([row @ row for row in (dog, cat, wing, night)], 1, atol=1e-6)
    assert dog @ cat > 0.05 > abs(dog @ night)


def test_encoding_a_concept_is_encoding_its_text(fitted, toy_graph):
    rows = fitted.encode_texts(toy_graph.texts(toy_graph.ids))
    np.testing.assert_array_equal(rows, fitted.encode(toy_graph, toy_graph.ids))


@settings(max_examples=30, deadline=None)
@given(words=st.lists(st.sampled_from(["mammal", "feathers", "night", "flies", "dogs", "unheard", "of"]), max_size=8))
def test_word_loadings_add_up_to_the_row_before_it_is_scaled(fitted, words):
    text = " ".join([*words, "barks"])
    loadings = fitted.word_loadings(text)
    assert list(loadings) == sorted({word for word in content_words(text) if word in fitted.vocabulary})
    total = sum(loadings.values())
    np.testing.assert_allclose(total / np.linalg.norm(total), fitted.encode_texts([text])[0], atol=1e-5)


def test_only_the_given_concepts_are_read_by_default(toy_graph):
    fitted = TextFeatures().fit(toy_graph, ["dog", "cat"])
    assert "feather" not in fitted.vocabulary
    assert fitted.report["documents"] == 2


def test_the_whole_graph_is_read_when_told_to(toy_graph):
    fitted = TextFeatures(corpus="graph").fit(toy_graph, ["dog", "cat"])
    assert "feather" in fitted.vocabulary
    assert fitted.report["documents"] == 10


def test_a_text_that_is_not_in_the_graph_leaves_no_trace(toy_graph):
    without = toy_graph.subgraph([id_ for id_ in toy_graph.ids if id_ != "bird"])
    fitted = TextFeatures(corpus="graph").fit(without, without.ids)
    config, _ = fitted.state()
    assert "feather" not in config["vocabulary"]


def test_texts_without_a_known_word_follow_the_policy(fitted, toy_graph):
    with pytest.raises(MissingFeaturesError, match="'xylophone'") as caught:
        fitted.encode_texts(["a dog", "xylophone", "of the"])
    assert caught.value.ids == ("xylophone", "of the")
    zero = TextFeatures(missing="zero").fit(toy_graph, toy_graph.ids)
    np.testing.assert_array_equal(zero.encode_texts(["xylophone"]), np.zeros((1, zero.components.shape[0])))


def test_words_of_directions_cut_off_are_not_known_by_rounding_noise(toy_graph):
    with pytest.warns(KgzslWarning, match="1 of 4"):
        fitted = TextFeatures(dim=1, missing="zero").fit(toy_graph, ["animal", "bird", "mammal", "day"])
    assert not fitted.encode(toy_graph, ["day"]).any()


def test_no_word_at_all_is_an_error(toy_graph):
    graph = toy_graph.add_concepts([{"id": "of"}, {"id": "the"}])
    with pytest.raises(MissingFeaturesError, match="give them definitions"):
        TextFeatures().fit(graph, ["of", "the"])


def test_wrong_settings_are_refused():
    with pytest.raises(UnknownNameError, match="'everything'"):
        TextFeatures(corpus="everything")
    with pytest.raises(InputFormatError, match="dim is an integer from 1 on, not 0"):
        TextFeatures(dim=0)


def test_encoding_before_fitting_is_an_error(toy_graph):
    with pytest.raises(NotFittedError, match="call fit"):
        TextFeatures().encode(toy_graph, ["dog"])


def test_a_state_with_missing_columns_is_refused(fitted):
    config, arrays = fitted.state()
    with pytest.raises(IntegrityError, match="arrays for"):
        TextFeatures.from_state(config, arrays | {"components": arrays["components"][:, 1:]})


def test_large_matrices_are_decomposed_as_small_ones_are():
    rng = np.random.default_rng(0)
    low_rank = rng.normal(size=(2000, 12)) @ np.diag(2.0 ** -np.arange(12)) @ rng.normal(size=(12, 300))
    found = leading_directions(sp.csr_array(low_rank), 6, random_state=0)
    exact = np.linalg.svd(low_rank, full_matrices=False)[2][:6]
    np.testing.assert_allclose(np.abs((found * exact).sum(axis=1)), 1, atol=1e-4)
    np.testing.assert_allclose(found @ found.T, np.eye(6), atol=1e-4)
