from types import SimpleNamespace

import numpy as np
import polars as pl
import pytest

from kgzsl.errors import DataMissingError, InputFormatError, PluginError, UnknownNameError
from kgzsl.features import (
    ENCODERS,
    AttributeTable,
    MatrixFeatures,
    SentenceFeatures,
    TextFeatures,
    WordVectors,
    resolve_features,
)


def test_names_paths_data_and_objects_are_encoders(toy_graph, tmp_path):
    (tmp_path / "v.txt").write_text("dog 1 2\n")
    (tmp_path / "t.csv").write_text("id,a\ndog,1\n")
    np.savez(tmp_path / "m.npz", ids=np.array(["dog"]), x=np.eye(1))
    own = TextFeatures(dim=3)
    given = {
        "text": TextFeatures,
        "sentence": SentenceFeatures,
        str(tmp_path / "v.txt"): WordVectors,
        tmp_path / "v.txt": WordVectors,
        str(tmp_path / "t.csv"): AttributeTable,
        tmp_path / "m.npz": MatrixFeatures,
        own: TextFeatures,
    }
    assert {key: type(resolve_features(key, toy_graph)) for key in given} == given
    assert resolve_features(own, toy_graph) is own
    data = [
        (np.eye(1), ["dog"]),
        {"dog": [1.0]},
        {"dog": {"barks": 1.0}},
        pl.DataFrame({"id": ["dog"], "a": [1.0]}),
        np.eye(10),
    ]
    kinds = [MatrixFeatures, MatrixFeatures, AttributeTable, AttributeTable, MatrixFeatures]
    assert [type(resolve_features(value, toy_graph)) for value in data] == kinds


@pytest.mark.parametrize(
    ("features", "error", "message"),
    [
        ("texts", UnknownNameError, "nearest: 'text'"),
        ("glove.6B.300d.txt", DataMissingError, "no such file"),
        ("folder/vectors", DataMissingError, "no such file"),
        ("word-vectors", InputFormatError, "pass its path itself"),
        ("attributes", InputFormatError, "needs a table"),
        ("matrix", InputFormatError, "needs a matrix"),
        ("combined", InputFormatError, "needs encoders"),
        (TextFeatures, InputFormatError, "the class TextFeatures; pass an instance"),
        (np.eye(3), InputFormatError, r"10 concepts of graph toy.*shape \(3, 3\)"),
        (7, InputFormatError, "features is int"),
    ],
)
def test_what_is_no_encoder_is_told(features, error, message, toy_graph):
    with pytest.raises(error, match=message):
        resolve_features(features, toy_graph)


def test_packages_offer_encoders_by_name(toy_graph, monkeypatch):
    points = {
        "mine": SimpleNamespace(value="mine:encoder", load=lambda: lambda: TextFeatures(dim=7)),
        "half": SimpleNamespace(value="half:encoder", load=lambda: object),
    }
    monkeypatch.setattr(ENCODERS, "_found", points)
    assert resolve_features("mine", toy_graph).dim == 7
    with pytest.raises(PluginError, match="'half' is a object without"):
        resolve_features("half", toy_graph)
