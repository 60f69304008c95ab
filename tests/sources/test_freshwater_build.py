"""The example ontology: rebuilt from its text, and fit for recognising classes without examples."""

import tomllib
from collections import Counter
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from kgzsl.classifier import ZeroShotClassifier
from kgzsl.sources.catalog import load_graph
from kgzsl.sources.folder import read_graph_folder
from kgzsl.sources.freshwater_build import build_freshwater, freshwater_graph
from kgzsl.sources.reading import read

SHIPPED = Path(__file__).resolve().parents[2] / "graphs" / "freshwater-1.0"
TEXT = SHIPPED / "ontology.ttl"
RANGES = {
    "has_habitat": "habitat", "has_covering": "covering", "active_at": "time_of_day", "moves_by": "movement",
    "breathes_by": "breathing", "has_trait": "trait",
}  # fmt: skip


@pytest.fixture(scope="module")
def water():
    return load_graph("freshwater")


@pytest.fixture(scope="module")
def species(water):
    """Animals without kinds of their own: the classes to recognise."""
    return [animal for animal in water.descendants("water:animal") if not water.descendants(animal)]


def test_rebuilt_ontology_is_the_shipped_one(tmp_path):
    build_freshwater(TEXT, tmp_path / "built")
    facts = tomllib.loads((SHIPPED / "graph.toml").read_text())
    if facts["writer"] == f"polars {pl.__version__}":
        for file in (tmp_path / "built").iterdir():
            assert file.read_bytes() == (SHIPPED / file.name).read_bytes(), file.name
    else:  # another polars may write other bytes; what they say must be the same
        assert read_graph_folder(tmp_path / "built").with_tables().fingerprint == facts["fingerprint"]


def test_its_text_is_read_like_anybody_s_ontology(water):
    """Without the recipe only the names and kinds of its own properties differ."""
    plain = read(TEXT)
    assert plain.concepts_table.select("id", "label", "aliases", "definition").equals(
        water.concepts_table.select("id", "label", "aliases", "definition")
    )
    named = plain.edges_table.with_columns(pl.col("relation").str.strip_prefix("water:"))
    ends = ["head", "relation", "tail"]
    assert named.select(ends).sort(ends).equals(water.edges_table.select(ends))


def test_counts_and_licence(water, species):
    assert (len(water), water.index.num_edges, len(species)) == (457, 2153, 226)
    assert "CC0" in (SHIPPED / "LICENSE").read_text()
    assert water.fingerprint == water.with_tables().fingerprint == freshwater_graph(TEXT).fingerprint


def test_every_concept_is_named_once_and_defined_in_its_own_words(water):
    rows = water.concepts_table.select("label", "aliases").iter_rows()
    labels = Counter(name for label, aliases in rows for name in [label, *aliases])
    assert [name for name, count in labels.items() if count > 1] == []
    assert water.concepts_table.filter(pl.col("definition").str.len_chars() < 20)["id"].to_list() == []
    assert water.concepts_table["definition"].is_duplicated().sum() == 0


def test_properties_lead_where_they_say(water):
    for relation, top in RANGES.items():
        allowed = set(water.descendants(f"water:{top}"))
        assert {edge.tail for edge in water.edges(relation=relation)} <= allowed, relation
    animals = {"water:animal", *water.descendants("water:animal")}
    assert {edge.head for edge in water.edges(relation="attribute")} <= animals
    eaten = {edge.tail for edge in water.edges(relation="eats")}
    assert eaten <= animals | set(water.descendants("water:food"))


def test_every_kind_lives_and_feeds_somewhere_and_shares_it_with_others(water, species):
    """What is known of an unseen kind must be known of seen ones too."""
    shared = Counter(edge.tail for edge in water.edges(relation="attribute"))
    for animal in species:
        lineage = [animal, *water.ancestors(animal)]
        facts = [edge for kind in lineage for edge in water.edges(kind, "attribute")]
        assert {"has_habitat", "eats"} <= {edge.relation for edge in facts}, animal
        assert sum(shared[edge.tail] > 3 for edge in facts) >= 4, animal


def test_an_unseen_kind_is_recognised_by_what_the_ontology_says(water, species):
    """Inputs are what is observed of an animal: its habitats, food, parts and habits, and noise."""
    kinds = {edge.tail for edge in water.edges() if edge.relation != "is_a"}
    places = {tail: place for place, tail in enumerate(sorted(kinds))}
    rng = np.random.default_rng(0)

    def observed(animal):
        facts = [edge for kind in [animal, *water.ancestors(animal)] for edge in water.edges(kind)]
        row = rng.normal(0, 0.1, len(places))
        row[[places[edge.tail] for edge in facts if edge.tail in places]] += 1
        return row

    unseen = list(species)[::6]
    seen = [animal for animal in species if animal not in unseen]
    X = np.stack([observed(animal) for animal in seen for _ in range(2)])
    y = [animal for animal in seen for _ in range(2)]
    classifier = ZeroShotClassifier(water, features="text", unseen=unseen).fit(X, y)
    found = classifier.predict(np.stack([observed(animal) for animal in unseen]), label_space="unseen")
    accuracy = np.mean([a == b for a, b in zip(found, unseen, strict=True)])
    assert accuracy > 10 / len(unseen), f"{accuracy:.2f} of {len(unseen)} unseen kinds; by chance {1 / len(unseen):.3f}"
