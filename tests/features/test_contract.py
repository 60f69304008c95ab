"""What every built-in encoder must do."""

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import kgzsl.features as room
from kgzsl.contracts import NodeEncoder
from kgzsl.errors import UnknownConceptError
from kgzsl.features import (
    ENCODERS,
    AttributeTable,
    CombinedFeatures,
    MatrixFeatures,
    SentenceFeatures,
    TextFeatures,
    WordVectors,
)
from kgzsl.graph import KnowledgeGraph


@dataclass(frozen=True)
class LetterCounts:
    """A stand-in for a sentence encoder: how often each letter occurs."""

    def encode(self, sentences: list[str]) -> np.ndarray:
        return np.array([[text.count(chr(97 + k)) + 0.01 for k in range(26)] for text in sentences])


def _vectors(folder: Path) -> Path:
    words = ["animal", "bat", "bird", "cat", "day", "dog", "house_cat", "mammal", "night", "owl", "wing"]
    rows = np.random.default_rng(0).normal(size=(len(words), 4))
    path = folder / "vectors.txt"
    path.write_text("".join(f"{w} {' '.join(map(str, row))}\n" for w, row in zip(words, rows, strict=True)))
    return path


def _rows(graph: KnowledgeGraph) -> dict[str, list[float]]:
    return {id_: [float(len(id_)), float(place)] for place, id_ in enumerate(graph.ids)}


MAKERS: dict[str, Callable[[KnowledgeGraph, Path], Any]] = {
    "TextFeatures": lambda graph, folder: TextFeatures(),
    "SentenceFeatures": lambda graph, folder: SentenceFeatures(LetterCounts()),
    "WordVectors": lambda graph, folder: WordVectors(_vectors(folder)),
    "AttributeTable": lambda graph, folder: AttributeTable(
        {id_: {"length": row[0], "place": row[1]} for id_, row in _rows(graph).items()}
    ),
    "MatrixFeatures": lambda graph, folder: MatrixFeatures(list(_rows(graph).values()), list(_rows(graph))),
    "CombinedFeatures": lambda graph, folder: CombinedFeatures(
        (TextFeatures(), MatrixFeatures(list(_rows(graph).values()), list(_rows(graph)))), (1.0, 0.5)
    ),
}


@pytest.fixture(params=sorted(MAKERS))
def encoder(request: pytest.FixtureRequest, toy_graph: KnowledgeGraph, tmp_path: Path) -> Any:
    return MAKERS[request.param](toy_graph, tmp_path)


def test_every_public_encoder_is_checked_here():
    public = {name for name in room.__all__ if hasattr(getattr(room, name), "encode")} - {"NodeEncoder"}
    assert public == set(MAKERS) == {ENCODERS.load(name).__name__ for name in ENCODERS.builtin}


def test_it_fulfils_the_contract(encoder):
    assert isinstance(encoder, NodeEncoder)
    assert ENCODERS.load(encoder.name) is type(encoder)


def test_rows_are_finite_float32_in_the_order_asked_for(encoder, toy_graph):
    fitted = encoder.fit(toy_graph, toy_graph.ids)
    rows = fitted.encode(toy_graph, toy_graph.ids)
    assert rows.dtype == np.float32
    assert rows.shape[0] == len(toy_graph)
    assert np.isfinite(rows).all()
    backwards = toy_graph.ids[::-1]
    np.testing.assert_allclose(fitted.encode(toy_graph, backwards), rows[::-1], atol=1e-6)


def test_encoding_two_lists_is_encoding_their_sum(encoder, toy_graph):
    fitted = encoder.fit(toy_graph, toy_graph.ids)
    first, second = ["dog", "owl", "dog"], ["cat"]
    both = np.concatenate([fitted.encode(toy_graph, first), fitted.encode(toy_graph, second)])
    np.testing.assert_allclose(fitted.encode(toy_graph, [*first, *second]), both, atol=1e-6)
    assert fitted.encode(toy_graph, []).shape == (0, both.shape[1])


def test_other_ids_of_a_concept_mean_the_same_row(encoder, toy_graph):
    fitted = encoder.fit(toy_graph, toy_graph.ids)
    np.testing.assert_array_equal(fitted.encode(toy_graph, ["n02084071"]), fitted.encode(toy_graph, ["dog"]))


def test_fitting_gives_the_same_bytes_and_leaves_the_receiver(encoder, toy_graph):
    before = dict(vars(encoder))
    first, second = (encoder.fit(toy_graph, toy_graph.ids) for _ in range(2))
    assert first.encode(toy_graph, toy_graph.ids).tobytes() == second.encode(toy_graph, toy_graph.ids).tobytes()
    assert all(vars(encoder)[key] is value for key, value in before.items())


def test_the_state_goes_through_json_and_arrays(encoder, toy_graph):
    fitted = encoder.fit(toy_graph, toy_graph.ids)
    config, arrays = fitted.state()
    assert all(isinstance(value, np.ndarray) and not value.dtype.hasobject for value in arrays.values())
    again = type(encoder).from_state(json.loads(json.dumps(config)), arrays)
    np.testing.assert_array_equal(again.encode(toy_graph, toy_graph.ids), fitted.encode(toy_graph, toy_graph.ids))
    assert again.report == fitted.report


def test_unknown_concepts_are_named(encoder, toy_graph):
    with pytest.raises(UnknownConceptError, match="unicorn"):
        encoder.fit(toy_graph, ["dog", "unicorn"])
    with pytest.raises(UnknownConceptError, match="unicorn"):
        encoder.fit(toy_graph, toy_graph.ids).encode(toy_graph, ["unicorn"])


@pytest.mark.parametrize("encoder", ["TextFeatures", "SentenceFeatures", "WordVectors"], indirect=True)
def test_a_new_concept_is_folded_in_and_moves_no_other_row(encoder, toy_graph):
    fitted = encoder.fit(toy_graph, toy_graph.ids)
    larger = toy_graph.add_concepts([{"id": "fox", "definition": "a mammal that barks at night, not a dog or cat"}])
    if encoder.name == "word-vectors":
        fitted = replace(fitted, missing="zero")
    np.testing.assert_array_equal(fitted.encode(larger, toy_graph.ids), fitted.encode(toy_graph, toy_graph.ids))
    assert fitted.encode(larger, ["fox"]).shape == (1, fitted.encode(toy_graph, ["dog"]).shape[1])


_SCRIPT = """
import hashlib, sys
import numpy as np, polars as pl
from kgzsl.features import TextFeatures, WordVectors
from kgzsl.graph import KnowledgeGraph
names = [f"c{k}" for k in range(40)]
texts = [" ".join(f"w{(k * j) % 37}" for j in range(1, 9)) for k in range(40)]
edges = pl.DataFrame({"head": names[1:], "relation": "is_a", "tail": names[:-1]})
kg = KnowledgeGraph.from_tables(pl.DataFrame({"id": names, "label": texts}), edges)
open(sys.argv[1], "w").write("".join(f"w{k} {k}.5 {k * k % 7} 1\\n" for k in range(20)))
for encoder in (TextFeatures(dim=9), WordVectors(sys.argv[1], missing="neighbours")):
    fitted = encoder.fit(kg, kg.ids)
    config, arrays = fitted.state()
    print(hashlib.sha256(repr(config).encode() + fitted.encode(kg, kg.ids).tobytes()).hexdigest())
"""


def test_every_hash_seed_gives_the_same_bytes(tmp_path):
    root = Path(room.__file__).parents[2]
    digests = [
        subprocess.run(
            [sys.executable, "-c", _SCRIPT, str(tmp_path / "v.txt")],
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": str(root), "OMP_NUM_THREADS": "1", "PATH": ""},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    ]
    assert digests[0] == digests[1]
    assert len(digests[0].split()) == 2
