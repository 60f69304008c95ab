import json
from pathlib import Path

import polars as pl
import pytest

from kgzsl.errors import InvalidGraphError, SourceError
from kgzsl.graph.knowledge_graph import KnowledgeGraph
from kgzsl.graph.relation import Relation
from kgzsl.graph.storage import STORED_FILES, read_tables, write_tables


def contents(folder: Path) -> dict[str, bytes]:
    return {name: (folder / name).read_bytes() for name in STORED_FILES}


@pytest.fixture
def stored(toy_graph, tmp_path) -> dict[str, bytes]:
    write_tables(toy_graph, tmp_path)
    return contents(tmp_path)


def test_a_graph_comes_back_whole(toy_graph, stored):
    read = read_tables(stored, location="here")
    assert read.concepts_table.equals(toy_graph.concepts_table)
    assert read.edges_table.equals(toy_graph.edges_table)
    assert dict(read.relations) == dict(toy_graph.relations)
    assert (read.name, dict(read.report)) == (toy_graph.name, dict(toy_graph.report))
    assert read.fingerprint == toy_graph.fingerprint


def test_columns_and_relations_of_the_users_come_back(tmp_path):
    concepts = pl.DataFrame({"id": ["ä", "b\n", "c"], "wings": [[1], [], None], "more": [None, True, False]})
    edges = pl.DataFrame({"head": ["ä"], "relation": ["eats"], "tail": ["c"], "weight": [0.1], "year": [-300]})
    relations = [Relation("eats", "association", verb="eats", symmetric=False), Relation("unused", "causal")]
    graph = KnowledgeGraph.from_tables(concepts, edges, relations, name="ménagerie")
    write_tables(graph, tmp_path)
    read = read_tables(contents(tmp_path), location=tmp_path)
    assert read.concepts_table.equals(graph.concepts_table)
    assert read.edges_table.equals(graph.edges_table)
    assert dict(read.relations) == dict(graph.relations)
    assert (read.name, read.fingerprint) == (graph.name, graph.fingerprint)


def test_a_graph_without_edges_or_concepts_comes_back(tmp_path):
    empty = KnowledgeGraph.from_tables(
        pl.DataFrame(schema={"id": pl.String}),
        pl.DataFrame(schema=dict.fromkeys(("head", "relation", "tail"), pl.String)),
    )
    write_tables(empty, tmp_path)
    assert read_tables(contents(tmp_path), location=tmp_path).fingerprint == empty.fingerprint


def test_equal_graphs_are_written_as_equal_bytes(toy_graph, stored, tmp_path):
    (tmp_path / "again").mkdir()
    write_tables(read_tables(stored, location="here"), tmp_path / "again")
    assert contents(tmp_path / "again") == stored


@pytest.mark.parametrize("name", STORED_FILES)
@pytest.mark.parametrize("content", [None, b"", b"{}", b"[]", b"PAR1", b"\xff" * 40])
def test_a_file_that_is_no_table_is_named_by_the_place_it_came_from(stored, name, content):
    spoiled = {key: value for key, value in stored.items() if key != name}
    if content is not None:
        spoiled[name] = content
    with pytest.raises(SourceError, match="over there: not a stored graph"):
        read_tables(spoiled, location="over there")


def test_tables_that_do_not_fit_together_are_refused(stored, tmp_path, toy_graph):
    write_tables(toy_graph.subgraph(["cat", "mammal"]), tmp_path)
    with pytest.raises(InvalidGraphError, match="edge end that is no concept"):
        read_tables({**stored, "concepts.parquet": contents(tmp_path)["concepts.parquet"]}, location="here")


def test_a_relation_of_another_form_is_refused(stored):
    described = json.loads(stored["graph.json"])
    described["relations"][0]["colour"] = "red"
    with pytest.raises(SourceError, match="colour"):
        read_tables({**stored, "graph.json": json.dumps(described).encode()}, location="here")
