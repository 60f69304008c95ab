import tomllib
from pathlib import Path

import polars as pl
import pytest

from kgzsl.errors import DataMissingError, IntegrityError, SourceError, VersionError
from kgzsl.graph.knowledge_graph import KnowledgeGraph
from kgzsl.sources.folder import GraphDescription, read_description, read_graph_folder, write_graph_folder
from kgzsl.sources.wordnet import read_wordnet

DESCRIPTION = GraphDescription(
    name="toy",
    version="1.2",
    title='A "toy"',
    upstream="nowhere",
    licence="none needed",
    citation=["Nobody (2006)."],
    recipe="none",
    sources={"data.noun": "0" * 64},
)


@pytest.fixture
def graph(toy_wordnet) -> KnowledgeGraph:
    return read_wordnet(toy_wordnet())


@pytest.fixture
def folder(graph: KnowledgeGraph, tmp_path: Path) -> Path:
    write_graph_folder(graph, tmp_path / "toy-1.2", DESCRIPTION, licence_text="Use it.\n\n")
    return tmp_path / "toy-1.2"


def test_graph_comes_back_as_it_was(graph: KnowledgeGraph, folder: Path) -> None:
    back = read_graph_folder(folder)
    assert back.ids == graph.ids
    assert dict(back.relations) == dict(graph.relations)
    assert back.concepts_table.equals(graph.concepts_table)
    assert back.edges_table.equals(graph.edges_table)
    assert back.report == graph.report
    assert back.name == "toy"


def test_tables_name_the_ends_of_edges_by_id_and_by_row(graph: KnowledgeGraph, folder: Path) -> None:
    edges, ids = pl.read_parquet(folder / "edges.parquet"), pl.read_parquet(folder / "concepts.parquet")["id"]
    assert edges["head"].to_list() == ids.gather(edges["head_row"]).to_list()
    assert edges["tail"].to_list() == ids.gather(edges["tail_row"]).to_list()
    assert edges.drop("head_row", "tail_row").equals(graph.edges_table)


def test_known_fingerprint_is_the_one_of_the_tables(graph: KnowledgeGraph, folder: Path) -> None:
    back = read_graph_folder(folder)
    assert back.fingerprint == graph.fingerprint == back.with_tables().fingerprint


def test_parts_and_edits_of_a_graph_from_a_folder_are_those_of_the_graph(graph: KnowledgeGraph, folder: Path) -> None:
    back = read_graph_folder(folder)
    classes = ["cat.n.02", "paw.n.01"]
    assert back.induced(classes).edges_table.equals(graph.induced(classes).edges_table)
    gone = [("cat.n.01", "has_part", "paw.n.01")]
    assert back.remove_edges(gone).edges_table.equals(graph.remove_edges(gone).edges_table)


def test_same_graph_gives_the_same_bytes(graph: KnowledgeGraph, folder: Path, tmp_path: Path) -> None:
    write_graph_folder(graph, tmp_path / "again", DESCRIPTION, licence_text="Use it.")
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == {
        path.name: path.read_bytes() for path in (tmp_path / "again").iterdir()
    }


def test_description_says_what_it_was_given_and_what_it_counted(folder: Path) -> None:
    description, facts = read_description(folder)
    assert description == DESCRIPTION
    assert (facts["num_concepts"], facts["num_edges"]) == (13, 20)
    assert facts == tomllib.loads((folder / "graph.toml").read_text())
    assert sum(relation["num_edges"] for relation in facts["relations"]) == 20
    assert (folder / "LICENSE").read_text() == "Use it.\n"


def test_graph_is_held_in_memory_once_read(folder: Path) -> None:
    back = read_graph_folder(folder)
    for path in folder.iterdir():
        path.unlink()
    assert back.concept("cat.n.01").definition == "it purrs"


@pytest.mark.parametrize("name", ["concepts.parquet", "edges.parquet", "LICENSE"])
def test_altered_file_is_refused(folder: Path, name: str) -> None:
    content = bytearray((folder / name).read_bytes())
    content[len(content) // 2] ^= 1
    (folder / name).write_bytes(content)
    with pytest.raises(IntegrityError, match=r"expected sha256 .*, found .*is altered or cut short") as caught:
        read_graph_folder(folder)
    assert Path(caught.value.file) == folder / name


def test_missing_file_is_named(folder: Path) -> None:
    (folder / "edges.parquet").unlink()
    with pytest.raises(DataMissingError, match=r"edges\.parquet: graph\.toml names this file"):
        read_graph_folder(folder)


def test_folder_without_description_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataMissingError, match="a graph folder needs its description here"):
        read_graph_folder(tmp_path)


@pytest.mark.parametrize(
    ("old", "new", "error", "reason"),
    [
        ("format = 1", "format = 2", VersionError, "format 2 is not readable here"),
        ("format = 1", "format = ", SourceError, "is not TOML"),
        ("title = ", "caption = ", SourceError, "lacks title"),
        ('"LICENSE" = ', '"NOTICE" = ', DataMissingError, "NOTICE"),
        ('"LICENSE" = "', '#"', SourceError, "has no checksum for LICENSE"),
    ],
)
def test_description_that_cannot_be_used_is_told(folder: Path, old: str, new: str, error: type, reason: str) -> None:
    path = folder / "graph.toml"
    path.write_text(path.read_text().replace(old, new))
    with pytest.raises(error, match=reason):
        read_graph_folder(folder)
