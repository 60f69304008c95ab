"""Policies for concepts without features."""

import numpy as np
import polars as pl
import pytest

from kgzsl.errors import KgzslWarning, MissingFeaturesError, UnknownNameError
from kgzsl.features import AttributeTable, MatrixFeatures, TextFeatures, WordVectors
from kgzsl.features.missing import unit_rows
from kgzsl.graph import KnowledgeGraph

PARTIAL = {"animal": [1.0, 0.0], "mammal": [0.0, 2.0], "owl": [5.0, 5.0]}


def test_an_error_lists_all_concepts_at_once(toy_graph):
    with pytest.raises(MissingFeaturesError) as caught:
        MatrixFeatures(list(PARTIAL.values()), list(PARTIAL)).fit(toy_graph, ["dog", "owl", "bird", "cat"])
    assert caught.value.ids == ("bird", "cat", "dog")


def test_zero_rows_are_counted(toy_graph):
    features = MatrixFeatures(list(PARTIAL.values()), list(PARTIAL), missing="zero")
    with pytest.warns(KgzslWarning, match="2 of 3 concepts have no features and got zeros"):
        fitted = features.fit(toy_graph, ["dog", "owl", "bird"])
    np.testing.assert_array_equal(fitted.encode(toy_graph, ["dog", "owl"]), [[0, 0], [5, 5]])
    assert fitted.report == {
        "concepts": 3,
        "described": 1,
        "from_neighbours": 0,
        "zero": 2,
        "rows_not_in_graph": 0,
        "rows_of_zeros": 0,
    }


def test_neighbours_are_the_nearest_described_concepts_above(toy_graph):
    features = MatrixFeatures(list(PARTIAL.values()), list(PARTIAL), missing="neighbours")
    with pytest.warns(KgzslWarning, match="3 of 4 concepts have no features and got the mean of what is above"):
        fitted = features.fit(toy_graph, ["dog", "owl", "bird", "cat"])
    np.testing.assert_array_equal(fitted.encode(toy_graph, ["dog", "bird", "cat"]), [[0, 2], [1, 0], [0, 2]])
    assert fitted.report["from_neighbours"] == 3


def test_neighbours_are_averaged_over_every_way_up():
    edges = pl.DataFrame(
        {"head": ["x", "x", "p", "q", "a", "b"], "relation": "is_a", "tail": ["p", "q", "a", "b", "p", "a"]}
    )
    graph = KnowledgeGraph.from_tables(pl.DataFrame({"id": ["a", "b", "p", "q", "x"]}), edges)  # p and a are a cycle
    features = MatrixFeatures([[2.0], [4.0]], ["a", "b"], missing="neighbours")
    with pytest.warns(KgzslWarning):
        fitted = features.fit(graph, graph.ids)
    np.testing.assert_array_equal(fitted.encode(graph, graph.ids), [[2], [4], [2], [4], [3]])


def test_nothing_above_is_still_an_error(toy_graph):
    features = MatrixFeatures(list(PARTIAL.values()), list(PARTIAL), missing="neighbours")
    with pytest.raises(MissingFeaturesError, match="nothing above them is described either") as caught:
        features.fit(toy_graph, ["dog", "night", "wing"])
    assert caught.value.ids == ("night", "wing")


@pytest.mark.parametrize("policy", ["zero", "neighbours"])
def test_every_encoder_that_may_miss_a_concept_has_the_policies(policy, toy_graph, tmp_path):
    path = tmp_path / "v.txt"
    path.write_text("mammal 3 4\n")
    text = TextFeatures(missing=policy).fit(toy_graph, ["mammal", "bird"])
    graph = toy_graph.add_concepts([{"id": "zzz"}]).add_edges([("zzz", "is_a", "mammal")])
    table = AttributeTable({"mammal": {"a": 3.0, "b": 4.0}}, missing=policy)
    expected = {"zero": lambda row: row * 0, "neighbours": lambda row: row}[policy]
    assert_filled = lambda enc: np.testing.assert_allclose(  # noqa: E731
        enc.encode(graph, ["zzz"]), expected(enc.encode(graph, ["mammal"])), atol=1e-6
    )
    assert_filled(text)
    for encoder in (table, WordVectors(path, missing=policy)):
        with pytest.warns(KgzslWarning):
            assert_filled(encoder.fit(graph, ["mammal", "zzz"]))


def test_an_unknown_policy_is_refused():
    with pytest.raises(UnknownNameError, match="'mean'"):
        TextFeatures(missing="mean")


def test_unit_rows_keep_zero_rows():
    rows = unit_rows(np.array([[3.0, 4.0], [0.0, 0.0], [1e-30, 0.0]], dtype=np.float32))
    np.testing.assert_allclose(rows, [[0.6, 0.8], [0, 0], [1, 0]], atol=1e-7)
