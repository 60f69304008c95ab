import json
from pathlib import Path

import numpy as np
import pytest

from kgzsl.errors import DataMissingError, GroundingError, SourceError
from kgzsl.graph.knowledge_graph import KnowledgeGraph
from kgzsl.sources.catalog import load_graph
from kgzsl.sources.imagenet import read_imagenet_graph

TIGER, BIG_CAT, FELINE, LION, ENTITY = "n02129604", "n02127808", "n02120997", "n02129165", "n00001740"
SPLIT = {"train": [TIGER], "test": [LION]}


@pytest.fixture(scope="module")
def dgp_graph(shared_data) -> KnowledgeGraph:
    return read_imagenet_graph(
        shared_data("imagenet/imagenet-split.json"), shared_data("imagenet/imagenet-xml-wnids.json")
    )


def test_published_lists_give_the_graph_of_dgp(dgp_graph: KnowledgeGraph) -> None:
    parents = np.bincount(dgp_graph.index.head, minlength=len(dgp_graph))
    assert (len(dgp_graph), dgp_graph.index.num_edges, int((parents == 0).sum())) == (32324, 32544, 309)
    assert list(dgp_graph.relations) == ["is_a"]


def test_published_lists_give_the_ancestor_pairs_of_dgp(dgp_graph: KnowledgeGraph) -> None:
    distance = dgp_graph.index.ancestor_pairs()[2]
    assert np.bincount(distance).tolist() == [
        32324, 32544, 32629, 30750, 26542, 19320, 11815, 6642, 3700, 2030, 1036, 539, 182, 29,
    ]  # fmt: skip
    assert len(distance) == 200082


def test_report_counts_the_lists(dgp_graph: KnowledgeGraph) -> None:
    assert dict(dgp_graph.report) == {
        "train_classes": 1000,
        "test_classes": 20842,
        "listed_synsets": 32295,
        "classes_outside_list": 29,
        "concepts": 32324,
        "edges": 32544,
    }


def test_only_listed_synsets_and_edges_between_them_are_there() -> None:
    graph = read_imagenet_graph(SPLIT, [BIG_CAT, ENTITY])
    assert graph.ids == ("big_cat.n.01", "entity.n.01", "lion.n.01", "tiger.n.02")
    assert [str(edge) for edge in graph.edges()] == [
        "lion.n.01 is_a big_cat.n.01",
        "tiger.n.02 is_a big_cat.n.01",
    ]
    assert graph.resolve(TIGER) == "tiger.n.02"


def test_files_and_lists_say_the_same(tmp_path: Path) -> None:
    (tmp_path / "split.json").write_text(json.dumps(SPLIT))
    (tmp_path / "xml.json").write_text(json.dumps([BIG_CAT]))
    read = read_imagenet_graph(tmp_path / "split.json", str(tmp_path / "xml.json"), wordnet=load_graph("wordnet"))
    assert read.fingerprint == read_imagenet_graph(SPLIT, [BIG_CAT]).fingerprint


def test_wnids_that_are_not_there_are_named_all_at_once() -> None:
    with pytest.raises(GroundingError) as caught:
        read_imagenet_graph({"train": ["n00000001"], "test": [LION]}, ["n99999999", BIG_CAT])
    assert sorted(caught.value.missing) == ["n00000001", "n99999999"]


def test_absent_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataMissingError, match=r"split\.json: there is no such list"):
        read_imagenet_graph(tmp_path / "split.json", [])


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{", "is not JSON"),
        ("[]", "expected an object with 'train' and 'test'"),
        ('{"train": []}', "expected an object with 'train' and 'test'"),
        ('{"train": [], "test": [1]}', "test is not a list of wnids"),
        ('{"train": "n02129604", "test": []}', "train is not a list of wnids"),
        ('{"train": null, "test": []}', "train is not a list of wnids"),
    ],
)
def test_file_of_another_form_is_an_error(tmp_path: Path, text: str, reason: str) -> None:
    (tmp_path / "split.json").write_text(text)
    with pytest.raises(SourceError, match=reason):
        read_imagenet_graph(tmp_path / "split.json", [])
