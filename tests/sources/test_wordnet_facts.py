"""What is known of WordNet 3.0, counted in the shipped graph."""

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from kgzsl.graph.knowledge_graph import KnowledgeGraph
from kgzsl.sources.catalog import load_graph
from kgzsl.sources.wordnet import read_wordnet
from kgzsl.sources.wordnet_terms import LEXICOGRAPHER_FILES


@pytest.fixture(scope="module")
def wordnet() -> KnowledgeGraph:
    return load_graph("wordnet-3.0")


def parents(graph: KnowledgeGraph, pos: str, relations: str | None = None) -> dict[int, int]:
    """Number of parents -> how many synsets of this part of speech have so many."""
    counts = np.bincount(graph.index.head[graph.index.edge_rows(relations)], minlength=len(graph))
    return dict(Counter(counts[(graph.concepts_table["pos"] == pos).to_numpy()].tolist()))


def test_nouns_have_one_root_and_up_to_six_parents(wordnet: KnowledgeGraph) -> None:
    counted = parents(wordnet, "n")
    assert (counted[0], counted[2], sum(counted[number] for number in (3, 4, 5, 6))) == (1, 2134, 79)


def test_without_instances_7726_nouns_would_be_roots(wordnet: KnowledgeGraph) -> None:
    assert parents(wordnet, "n", "is_a")[0] == 7726


@pytest.mark.slow
def test_debians_folder_has_no_table_of_lexicographer_files(wordnet_files: Path) -> None:  # A2
    graph = read_wordnet(wordnet_files)
    assert graph.report["lexnames_missing"] == int(not (wordnet_files / "lexnames").is_file())
    assert set(graph.concepts_table["lexname"]) == set(LEXICOGRAPHER_FILES)
    assert len(LEXICOGRAPHER_FILES) == 45


def test_verbs_have_559_roots(wordnet: KnowledgeGraph) -> None:
    assert parents(wordnet, "v")[0] == 559


def test_1055_adjectives_bear_a_marker(wordnet: KnowledgeGraph) -> None:
    markers = wordnet.concepts_table["markers"].explode().drop_nulls().str.extract(r"\((\w+)\)$")
    assert dict(Counter(markers.to_list())) == {"a": 596, "p": 430, "ip": 29}


def test_296_offsets_stand_in_more_than_one_file(wordnet: KnowledgeGraph) -> None:
    assert sum(count > 1 for count in Counter(wordnet.concepts_table["offset"].to_list()).values()) == 296


def test_the_taxonomy_has_no_cycle_but_the_topics_have(wordnet: KnowledgeGraph) -> None:
    assert wordnet.report["taxonomic_cycles"] == 0
    topics = set(wordnet.edges_table.filter(relation="has_domain_topic").select("head", "tail").rows())
    assert [pair for pair in sorted(topics) if pair[::-1] in topics] == [
        ("computer.n.01", "computer_science.n.01"),
        ("computer_science.n.01", "computer.n.01"),
    ]


def test_questions_about_topics_end_though_they_turn_in_a_circle(wordnet: KnowledgeGraph) -> None:  # A14
    above = [concept.id for concept in wordnet.ancestors("computer.n.01", relations="has_domain_topic")]
    assert "computer_science.n.01" in above
    assert "computer.n.01" not in above
    assert len(above) == len(set(above))
    assert wordnet.depth("computer.n.01", relations="has_domain_topic", longest=True) >= 0


@pytest.mark.parametrize(
    ("relation", "count"),
    [
        ("also_see", 3220),
        ("antonym", 7604),
        ("attribute", 1278),
        ("causes", 220),
        ("derivationally_related", 63649),
        ("entails", 408),
        ("has_domain_region", 1357),
        ("has_domain_topic", 6653),
        ("has_domain_usage", 1287),
        ("has_member", 12293),
        ("has_part", 9097),
        ("has_substance", 797),
        ("instance_of", 8577),
        ("is_a", 89089),
        ("participle_of", 61),
        ("similar_to", 21386),
        ("verb_group", 1750),
    ],
)
def test_relation_has_as_many_edges_as_its_pointers_have_ends(
    wordnet: KnowledgeGraph, relation: str, count: int
) -> None:
    assert len(wordnet.index.edge_rows(relation)) == count


def test_adjectives_pertain_and_adverbs_derive(wordnet: KnowledgeGraph) -> None:
    heads = {
        relation: Counter(wordnet.edges_table.filter(relation=relation)["head"].str.extract(r"\.(\w)\.\d+$").to_list())
        for relation in ("pertains_to", "derived_from")
    }
    assert heads["derived_from"].keys() == {"r"}
    assert heads["pertains_to"].keys() == {"a"}
    assert heads["derived_from"].total() + heads["pertains_to"].total() == 6667
