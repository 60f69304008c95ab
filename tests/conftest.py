"""Fixtures shared by the whole suite."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from kgzsl.graph.knowledge_graph import KnowledgeGraph


@pytest.fixture(scope="session")
def shared_data() -> Callable[[str], Path]:
    """Give the path of a test data file that is not part of the repository, or skip the test."""
    root = Path(os.environ.get("KGZSL_TEST_DATA") or Path(__file__).resolve().parents[2] / "shared" / "data")

    def path(name: str) -> Path:
        file = root / name
        if not file.exists():
            pytest.skip(f"needs the external test data {name}; set KGZSL_TEST_DATA to its folder")
        return file

    return path


@pytest.fixture(scope="session")
def toy_graph() -> KnowledgeGraph:
    """Ten concepts, small enough to check by eye.

    animal > mammal > bat, cat, dog; animal > bird > owl; bat and bird have a wing; day is the opposite of night.
    """
    concepts = [
        {"id": "animal", "definition": "a living thing that moves"},
        {"id": "bat", "aliases": ["flying mouse"], "definition": "a mammal that flies", "alternate_ids": ["n02139199"]},
        {"id": "bird", "definition": "an animal with feathers"},
        {"id": "cat", "label": "house cat", "aliases": ["cat", "Felis catus"], "definition": "a mammal that purrs"},
        {"id": "day"},
        {"id": "dog", "aliases": ["hound"], "definition": "a mammal that barks", "alternate_ids": ["n02084071"]},
        {"id": "mammal", "definition": "an animal that gives milk"},
        {"id": "night"},
        {"id": "owl", "label": "owl", "aliases": ["bird of night", "hooter"]},
        {"id": "wing", "definition": "what flies"},
    ]
    edges = [
        ("bat", "has_part", "wing", 1.0, "book"),
        ("bat", "is_a", "mammal", 1.0, "book"),
        ("bird", "has_part", "wing", 2.0, "book"),
        ("bird", "is_a", "animal", 1.0, "book"),
        ("cat", "is_a", "mammal", 1.0, "book"),
        ("day", "antonym", "night", 1.0, "web"),
        ("dog", "is_a", "mammal", 1.0, "book"),
        ("mammal", "is_a", "animal", 1.0, "book"),
        ("owl", "is_a", "bird", 1.0, "web"),
    ]
    table = pl.DataFrame(edges, schema=["head", "relation", "tail", "weight", "source"], orient="row")
    return KnowledgeGraph.from_tables(pl.DataFrame(concepts), table, name="toy", report={"lines read": 19})


@dataclass(frozen=True)
class Zoo:
    """A zero-shot problem of eight seen and four unseen animals, eight inputs each, whose means follow the taxonomy.

    `rows` are features of every concept, and of "okapi.n", which the graph does not have.
    """

    graph: KnowledgeGraph
    seen: tuple[str, ...]
    unseen: tuple[str, ...]
    X: np.ndarray
    y: np.ndarray
    X_unseen: np.ndarray
    y_unseen: np.ndarray
    rows: Mapping[str, np.ndarray]


_KINDS = {
    "animal": "entity", "mammal": "animal", "bird": "animal", "feline": "mammal", "canine": "mammal",
    "equine": "mammal", "raptor": "bird", "tiger": "feline", "lion": "feline", "leopard": "feline", "dog": "canine",
    "wolf": "canine", "fox": "canine", "horse": "equine", "zebra": "equine", "donkey": "equine", "owl": "raptor",
    "eagle": "raptor", "falcon": "raptor", "rock": "thing", "granite": "rock",
}  # fmt: skip


@pytest.fixture(scope="session")
def zoo() -> Zoo:
    """Ids end in ".n"; labels are plain names; "bat" names two concepts; granite has no path to any animal."""
    names = sorted({*_KINDS, *_KINDS.values()})
    rows = [
        {"id": f"{name}.n", "label": name, "definition": f"a {name} is a {_KINDS.get(name, 'being')} of its own"}
        | {"alternate_ids": [f"n{place:08d}"]}
        for place, name in enumerate(names)
    ]
    rows += [{"id": f"bat.{kind}", "label": "bat", "definition": f"a {kind}"} for kind in ("club", "flyer")]
    edges = pl.DataFrame({"head": [f"{name}.n" for name in _KINDS], "tail": [f"{up}.n" for up in _KINDS.values()]})
    graph = KnowledgeGraph.from_tables(
        pl.DataFrame(rows, infer_schema_length=None), edges.with_columns(relation=pl.lit("is_a")), name="zoo"
    )
    rng = np.random.default_rng(7)
    drawn = {name: rng.standard_normal(12) for name in [*names, "okapi"]}
    kinds = {**_KINDS, "okapi": "mammal"}

    def mean(name: str) -> np.ndarray:
        return 0.7 * drawn[name] + (mean(kinds[name]) if name in kinds else 0)

    unseen = ("leopard", "zebra", "fox", "falcon")
    seen = ("dog", "donkey", "eagle", "horse", "lion", "owl", "tiger", "wolf")
    inputs = {name: mean(name) + 0.4 * rng.standard_normal((8, 12)) for name in (*seen, *unseen)}
    features = {f"{name}.n": np.concatenate([mean(name), rng.standard_normal(3)]) for name in [*names, "okapi"]}
    features |= {f"bat.{kind}": rng.standard_normal(15) for kind in ("club", "flyer")}
    return Zoo(
        graph=graph,
        seen=tuple(f"{name}.n" for name in seen),
        unseen=tuple(f"{name}.n" for name in unseen),
        X=np.concatenate([inputs[name] for name in seen]),
        y=np.repeat([f"{name}.n" for name in seen], 8),
        X_unseen=np.concatenate([inputs[name] for name in unseen]),
        y_unseen=np.repeat([f"{name}.n" for name in unseen], 8),
        rows={id_: row.astype(np.float32) for id_, row in features.items()},
    )
