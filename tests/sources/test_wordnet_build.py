import tomllib
from pathlib import Path

import polars as pl
import pytest

from kgzsl.errors import SourceError
from kgzsl.sources.catalog import load_graph
from kgzsl.sources.folder import read_graph_folder
from kgzsl.sources.wordnet_build import build_wordnet

SHIPPED = Path(__file__).resolve().parents[2] / "graphs" / "wordnet-3.0"


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.slow
def test_rebuilt_wordnet_is_the_shipped_one(wordnet_files: Path, tmp_path: Path) -> None:
    build_wordnet(wordnet_files, tmp_path / "built")
    built, shipped = contents(tmp_path / "built"), contents(SHIPPED)
    facts = tomllib.loads(shipped["graph.toml"].decode())
    if facts["sources"] != tomllib.loads(built["graph.toml"].decode())["sources"]:
        pytest.skip("the installed WordNet files are not those that the shipped graph was made from")
    if facts["writer"] == f"polars {pl.__version__}":
        assert [name for name in shipped if built.get(name) != shipped[name]] == []
    else:  # another polars may write other bytes; what they say must be the same
        again = read_graph_folder(tmp_path / "built")
        assert again.concepts_table.equals(load_graph("wordnet-3.0").concepts_table)
        assert again.edges_table.equals(load_graph("wordnet-3.0").edges_table)
        assert built["LICENSE"] == shipped["LICENSE"]


def test_shipped_fingerprint_is_the_one_of_its_tables() -> None:
    kg = load_graph("wordnet-3.0")
    assert kg.with_tables().fingerprint == kg.fingerprint


def test_shipped_report_accounts_for_every_pointer_line() -> None:
    report = load_graph("wordnet-3.0").report
    parts = ("edges", "merged_inverse", "merged_lexical", "dropped_within_synset")
    assert [report[part] for part in parts] == [235393, 129243, 12937, 19]
    assert sum(report[part] for part in parts) == report["pointer_lines"] == 377592


def test_bytes_do_not_depend_on_where_the_files_lie_or_what_lies_beside_them(toy_wordnet, tmp_path: Path) -> None:
    folder = toy_wordnet()
    build_wordnet(folder, tmp_path / "first")
    nltk_folder = tmp_path / "corpora" / "wordnet"
    nltk_folder.parent.mkdir()
    folder.rename(nltk_folder)
    for name in ("lexnames", "citation.bib", "index.sense"):
        (nltk_folder / name).write_text("00\tadj.all\t3\n")
    build_wordnet(nltk_folder, tmp_path / "second")
    assert contents(tmp_path / "first") == contents(tmp_path / "second")


def test_toy_is_built_with_version_and_licence_of_its_files(toy_wordnet, tmp_path: Path) -> None:
    build_wordnet(toy_wordnet(), tmp_path / "built")
    assert (tmp_path / "built" / "LICENSE").read_text() == (
        "This toy may be used for any purpose.\nWordNet 3.0 Copyright 2006 by nobody.\n"
    )
    assert tomllib.loads((tmp_path / "built" / "graph.toml").read_text())["version"] == "3.0"


def test_files_without_their_licence_are_not_passed_on(toy_wordnet, tmp_path: Path) -> None:
    data = toy_wordnet() / "data.noun"
    data.write_text("".join(line for line in data.read_text().splitlines(keepends=True) if line[0] != " "))
    with pytest.raises(SourceError, match=r"licence .* is missing"):
        build_wordnet(data.parent, tmp_path / "built")
    assert not (tmp_path / "built").exists()
