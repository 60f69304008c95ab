import importlib.util
import os
import re
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from kgzsl.errors import (
    ConceptFormError,
    ConceptVersionError,
    InputFormatError,
    UnknownConceptError,
    UnknownNameError,
    VersionError,
)
from kgzsl.sources import catalog
from kgzsl.sources.catalog import list_graphs, load_graph
from kgzsl.sources.reading import read
from kgzsl.sources.wordnet_build import build_wordnet
from kgzsl.sources.writing import write_graph

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def wordnet():
    return load_graph("wordnet")


@pytest.fixture
def own_graphs(toy_wordnet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a folder of graphs that $KGZSL_GRAPHS names: the toy as three versions."""
    folder = tmp_path / "graphs"
    for version in ("0.9", "0.10", "0.2.1"):
        build_wordnet(toy_wordnet(), folder / f"toy-{version}")
    monkeypatch.setenv("KGZSL_GRAPHS", os.pathsep.join([str(tmp_path / "absent"), str(folder)]))
    return folder


def test_shipped_wordnet_has_the_published_counts() -> None:
    kg = load_graph("wordnet")
    nouns = {id_ for id_, pos in kg.concepts_table.select("id", "pos").iter_rows() if pos == "n"}
    verbs = {id_ for id_, pos in kg.concepts_table.select("id", "pos").iter_rows() if pos == "v"}
    heads = {
        relation: kg.edges_table.filter(relation=relation)["head"].to_list() for relation in ("is_a", "instance_of")
    }
    assert len(kg) == 117659
    assert kg.concepts_table["pos"].value_counts().sort("pos").rows() == [
        ("a", 7463), ("n", 82115), ("r", 3621), ("s", 10693), ("v", 13767),
    ]  # fmt: skip
    assert sum(head in nouns for head in heads["is_a"]) == 75850
    assert sum(head in verbs for head in heads["is_a"]) == 13239
    assert len(heads["instance_of"]) == 8577


def test_shipped_wordnet_answers() -> None:
    kg = load_graph("wordnet")
    tiger = kg.concept("n02129604")
    assert (tiger.id, tiger.label, tiger.aliases) == ("tiger.n.02", "tiger", ("Panthera tigris",))
    assert kg.ancestors(tiger)[:2] == ("big_cat.n.01", "feline.n.01")
    assert kg.resolve("02129604-n") == tiger


def test_names_that_differ_only_in_case_are_kept() -> None:
    kg = load_graph("wordnet")
    assert {kg.concept(name).label for name in ("turkey.n.01", "turkey.n.02")} == {"turkey", "Turkey"}


def test_every_concept_has_a_distinct_alternate_id() -> None:
    kg = load_graph("wordnet")
    spelled = kg.concepts_table["alternate_ids"].explode()
    assert spelled.n_unique() == len(spelled) == 2 * 117659 + 2 * 10693


def test_wordnet_is_the_newest_wordnet() -> None:
    assert load_graph("wordnet") is load_graph("wordnet-3.0")


def test_shipped_graphs_are_listed_with_their_licence() -> None:
    (wordnet,) = [info for info in list_graphs() if info.name == "wordnet"]
    assert (wordnet.version, wordnet.num_concepts, wordnet.num_edges) == ("3.0", 117659, 235393)
    assert wordnet.licence == "WordNet 3.0 license, Princeton University"
    assert (wordnet.folder / "LICENSE").read_text().startswith("This software and database is being provided to you")


def test_own_graphs_come_from_the_environment(own_graphs: Path) -> None:
    names = [info.folder.name for info in list_graphs()]
    assert [name for name in names if name.startswith("toy")] == ["toy-0.2.1", "toy-0.9", "toy-0.10"]
    assert len(load_graph("toy-0.9")) == 13


def test_name_without_version_is_the_newest_by_number(own_graphs: Path) -> None:
    assert load_graph("toy") is load_graph("toy-0.10")


def test_own_graph_goes_before_the_shipped_one_of_its_name(own_graphs: Path) -> None:
    shutil.copytree(own_graphs / "toy-0.9", own_graphs / "wordnet-3.0")
    assert len(load_graph("wordnet")) == 13


def test_unknown_name_is_told_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match="no graph is called 'wordnte'; nearest: 'wordnet'") as caught:
        load_graph("wordnte")
    assert caught.value.nearest[0] == "wordnet"


def test_threads_share_one_graph(own_graphs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(catalog, "_loaded", {})
    found, start = [], threading.Barrier(8)

    def load() -> None:
        start.wait()
        found.append(load_graph("toy"))

    threads = [threading.Thread(target=load) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert len({id(graph) for graph in found}) == 1


def test_threads_get_the_answers_that_one_gets() -> None:
    kg = load_graph("wordnet")
    asked = kg.ids[::47]
    expected = [kg.ancestors(id_) for id_ in asked]
    fresh = kg.with_tables()
    found = {}

    def ask(number: int) -> None:
        found[number] = [fresh.ancestors(id_) for id_ in asked]

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(found[number] == expected for number in range(4))


SAY = (
    "import kgzsl.sources.catalog as c; kg = c.load_graph('wordnet'); "
    "print(c.__file__); print(len(kg), kg.ancestors('tiger.n.02')[0], *[i.folder.parent.name for i in c.list_graphs()])"
)


@pytest.mark.slow
def test_wheel_carries_its_graphs(tmp_path: Path) -> None:
    if importlib.util.find_spec("hatchling") is None or importlib.util.find_spec("pip") is None:
        pytest.skip("needs hatchling and pip, to build and install a wheel without a network")
    options = ["--quiet", "--no-deps", "--no-build-isolation", "--disable-pip-version-check"]
    target = tmp_path / "site"
    install = [sys.executable, "-m", "pip", "install", *options, "--target", str(target), str(ROOT)]
    subprocess.run(install, check=True, capture_output=True, text=True, cwd=tmp_path)
    env = {key: value for key, value in os.environ.items() if key != "KGZSL_GRAPHS"} | {"PYTHONPATH": str(target)}
    said = subprocess.run(
        [sys.executable, "-c", SAY], check=True, capture_output=True, text=True, cwd=tmp_path, env=env
    ).stdout
    assert said.splitlines() == [str(target / "kgzsl/sources/catalog.py"), "117659 big_cat.n.01 _graphs _graphs"]


@pytest.mark.parametrize(
    ("text", "error", "words"),
    [
        ("dog.n.00", UnknownConceptError, "sense numbers start at 1; dog.n has 7"),  # A17
        ("dog.n.-1", UnknownConceptError, "sense numbers start at 1; dog.n has 7"),
        ("", ConceptFormError, "ids have the form lemma.pos.number, such as dog.n.01"),  # A18
        ("dog.n.xx", ConceptFormError, "nearest: 'dog.n.01'.*lemma.pos.number"),
        ("dog", ConceptFormError, "nearest: 'dog.n.01'.*lemma.pos.number"),
        (None, InputFormatError, "an id is a string, not NoneType"),
        ("n00000001", UnknownConceptError, "WordNet 3.0 has no concept with the offset n00000001; .* n00001740"),  # A19
        ("v02084071", UnknownConceptError, "WordNet 3.0 has no concept with the offset v02084071; .* v02084122"),
        ("n99999999", UnknownConceptError, "WordNet 3.0 has no concept with the offset n99999999; .* n15300051"),
        (-1, InputFormatError, "an id is a string, not int -1"),
        ("100787849-n", VersionError, "an id of WordNet 3.1, and the graph has WordNet 3.0"),  # A20
        ("wn31:n02084071", VersionError, "an id of WordNet 3.1, and the graph has WordNet 3.0"),
    ],
)
def test_an_id_that_is_none_is_told_why(wordnet, text, error, words):
    with pytest.raises(error, match=words):
        wordnet.resolve(text)


def test_an_id_may_name_its_version(wordnet):
    assert wordnet.resolve("wn30:n02084071") == "dog.n.01"  # A20


def test_ids_of_the_next_version_are_not_mapped(wordnet, shared_data):  # A20
    text = shared_data("suites/conceptnet5/wn31-excerpt.nt").read_text()
    offsets = sorted(set(re.findall(r"wn31/(\d{9}-[nvasr])", text)))
    assert offsets
    for offset in offsets:
        for spelled in (offset, f"http://wordnet-rdf.princeton.edu/wn31/{offset}"):
            with pytest.raises(ConceptVersionError):
                wordnet.resolve(spelled)


def test_the_reasons_survive_writing_and_reading(wordnet, tmp_path):
    part = wordnet.induced(["dog.n.01", "cad.n.01"])
    for name in ("part.parquet", "part.ttl", "part.graphml"):
        graph = read(write_graph(part, tmp_path / name))
        with pytest.raises(UnknownConceptError, match=r"dog\.n has 2"):
            graph.concept("dog.n.00")
        with pytest.raises(ConceptVersionError):
            graph.concept("100787849-n")
