"""Taxonomy questions on the shipped WordNet beside 3,500 rows of NLTK's answers."""

import gzip
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from kgzsl.errors import NoPathError
from kgzsl.graph.knowledge_graph import KnowledgeGraph
from kgzsl.sources.catalog import load_graph


@pytest.fixture(scope="module")
def wordnet() -> KnowledgeGraph:
    return load_graph("wordnet-3.0")


@pytest.fixture(scope="module")
def rows(shared_data: Callable[[str], Path]) -> list[dict[str, str]]:
    data = gzip.decompress(shared_data("wordnet/nltk-similarity.tsv.gz").read_bytes())
    return list(pl.read_csv(data, separator="\t", infer_schema=False).fill_null("").iter_rows(named=True))


def test_names_are_nltks(wordnet: KnowledgeGraph, rows: list[dict[str, str]]) -> None:
    ours = [(wordnet.resolve(row["a"]), wordnet.resolve(row["b"])) for row in rows]
    assert ours == [(row["a_name"], row["b_name"]) for row in rows]
    assert len(rows) == 3500


def test_shortest_distances_are_nltks(wordnet: KnowledgeGraph, rows: list[dict[str, str]]) -> None:
    def distance(row: dict[str, str]) -> str:
        try:
            return str(wordnet.taxonomic_distance(row["a"], row["b"]))
        except NoPathError:
            return ""

    assert [distance(row) for row in rows] == [row["shortest_path_distance"] for row in rows]


def test_lowest_common_ancestors_at_the_greatest_depth_are_nltks(
    wordnet: KnowledgeGraph, rows: list[dict[str, str]]
) -> None:
    def lowest(row: dict[str, str]) -> list[str]:
        found = wordnet.lowest_common_ancestors(row["a"], row["b"])
        depths = [wordnet.depth(concept, longest=True) for concept in found]
        return sorted(c.more["wnid"] for c, depth in zip(found, depths, strict=True) if depth == max(depths))

    expected = [sorted(filter(None, row["lowest_common_hypernyms"].replace(",", " ").split())) for row in rows]
    assert [lowest(row) for row in rows] == expected


@pytest.mark.parametrize("end", ["a", "b"])
def test_depths_are_nltks(wordnet: KnowledgeGraph, rows: list[dict[str, str]], end: str) -> None:
    ours = [(wordnet.depth(row[end]), wordnet.depth(row[end], longest=True)) for row in rows]
    assert ours == [(int(row[f"{end}_min_depth"]), int(row[f"{end}_max_depth"])) for row in rows]
