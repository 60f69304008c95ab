"""Fixtures shared by the whole suite."""

import os
from collections.abc import Callable
from pathlib import Path

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
