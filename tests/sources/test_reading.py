"""Which reader is chosen for what, and what is said when none fits."""

import gzip
import importlib.util
import inspect
import json
import os
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import networkx as nx
import polars as pl
import pytest

from kgzsl.errors import DataMissingError, InputFormatError, PluginError, SourceError, UnknownNameError
from kgzsl.graph.knowledge_graph import KnowledgeGraph
from kgzsl.sources.reading import read, source_of
from kgzsl.sources.registry import SOURCES
from kgzsl.sources.writing import FORMATS, write_graph

EXAMPLE = Path(__file__).resolve().parents[1] / "example_source_package"

TURTLE = "@prefix e: <http://e.org/> .\ne:cat <http://www.w3.org/2000/01/rdf-schema#subClassOf> e:mammal .\n"
GRAPHML = '<?xml version="1.0"?><graphml xmlns="http://graphml.graphdrawing.org/xmlns"><graph/></graphml>'
ASSERTION = "/a/[/r/IsA/,/c/en/cat/,/c/en/mammal/]\t/r/IsA\t/c/en/cat\t/c/en/mammal\t{}\n"
CASES = [
    ("g.ttl", TURTLE, "rdf"),
    ("g", TURTLE, "rdf"),
    ("g.txt", "# a comment\n" + TURTLE, "rdf"),
    ("g.nt", "<http://e.org/a> <http://e.org/b> <http://e.org/c> .\n", "rdf"),
    ("g.csv", "<http://e.org/a> <http://e.org/b> <http://e.org/c> .\n", "rdf"),
    ("g.owl", '<?xml version="1.0"?><rdf:RDF></rdf:RDF>', "rdf"),
    ("g.xml", '<?xml version="1.0"?><rdf:RDF></rdf:RDF>', "rdf"),
    ("g.jsonld", "[]", "rdf"),
    ("g.json", '{"@context": {}, "@id": "a"}', "rdf"),
    ("g.graphml", GRAPHML, "graphml"),
    ("g.xml", GRAPHML, "graphml"),
    ("g.json", '{"nodes": [], "links": []}', "node-link"),
    ("g", '{"directed": true, "nodes": []}', "node-link"),
    ("g.json", "{}", "node-link"),
    ("g.obo", "format-version: 1.2\n", "obo"),
    ("g.txt", "\ufeffformat-version: 1.2\n", "obo"),
    ("g", "! made by hand\n[Term]\nid: A:1\n", "obo"),
    ("g.csv", ASSERTION, "conceptnet"),
    ("g.csv", "cat\tis_a\tmammal\n", "triples"),
    ("g.tsv", "what is this", "triples"),
    ("g", "cat\tis_a\tmammal\ndog\tis_a\tmammal\n", "triples"),
    ("g.dat", "cat,is_a,mammal\n", "triples"),
]


@pytest.mark.parametrize(("name", "content", "source"), CASES, ids=[f"{case[0]}-{case[2]}" for case in CASES])
def test_files_are_known_by_their_bytes_then_by_their_suffix(tmp_path, name, content, source):
    path = tmp_path / name
    path.write_text(content)
    assert source_of(path) == source_of(str(path)) == source
    packed = tmp_path / f"{name}.gz"
    packed.write_bytes(gzip.compress(content.encode()))
    assert source_of(packed) == source


def test_folders_are_known_by_their_files(tmp_path, toy_wordnet, toy_graph):
    assert source_of(toy_wordnet()) == "wordnet"
    assert source_of(write_graph(toy_graph, tmp_path / "toy")) == "parquet"
    assert read(tmp_path / "toy").fingerprint == toy_graph.fingerprint
    shipped = Path(__file__).resolve().parents[2] / "graphs" / "wordnet-3.0"
    assert len(read(shipped)) == 117659
    (tmp_path / "other").mkdir()
    with pytest.raises(SourceError, match="is a folder with nothing; known are"):
        read(tmp_path / "other")


def test_addresses_are_rdf_and_other_schemes_are_told():
    assert source_of("https://example.org/pets") == "rdf"
    with pytest.raises(SourceError, match="has the scheme 'ftp'"):
        read("ftp://example.org/pets")


def test_a_source_is_named_as_an_argument_or_before_the_location(tmp_path):
    path = tmp_path / "cat.dog"
    path.write_text("cat\tis_a\tmammal\n")
    expected = read(path, source="triples").fingerprint
    assert read(f"triples:{path}").fingerprint == expected
    assert read(path, source=lambda path: read(path, source="triples")).fingerprint == expected
    odd = tmp_path / "triples:x"
    odd.write_text("a,b,c\n")
    assert len(read(str(odd))) == 2
    with pytest.raises(UnknownNameError, match="nearest: 'triples'"):
        read(path, source="tripels")
    with pytest.raises(UnknownNameError, match="no source is called 'tripels'; nearest: 'triples'"):
        read(f"tripels:{path}")


def test_graphs_of_networkx_and_rdflib_are_taken(tmp_path):
    graph = nx.MultiDiGraph()
    graph.add_edge("cat", "mammal", "is_a")
    assert [str(edge) for edge in read(graph, name="pets").edges()] == ["cat is_a mammal"]
    rdflib = pytest.importorskip("rdflib")
    assert source_of(rdflib.Graph()) == "rdf"


def test_options_reach_the_reader_and_unknown_ones_do_not(tmp_path):
    path = tmp_path / "g.tsv"
    path.write_text("cat\tP279\tmammal\n")
    graph = read(path, relations={"P279": "is_a"}, name="pets")
    assert ([str(edge) for edge in graph.edges()], graph.name) == (["cat is_a mammal"], "pets")
    with pytest.raises(InputFormatError, match="read_triples takes no 'colour'; it takes delimiter, header, columns"):
        read(path, colour="red")
    with pytest.raises(PluginError, match="gave int, not a KnowledgeGraph"):
        read(path, source=lambda path: 5)


def test_nothing_there_and_nothing_known_are_told(tmp_path):
    with pytest.raises(DataMissingError, match=r"no such file or folder; kgzsl.load_graph\(name\)"):
        read(tmp_path / "absent.ttl")
    path = tmp_path / "book.docx"
    path.write_bytes(b"PK\3\4")
    with pytest.raises(SourceError, match=r"suffix '.docx' .* starts with b'PK.*name one with source=: conceptnet"):
        read(path)
    with pytest.raises(InputFormatError, match="takes a path, a URL or a graph, not int 5"):
        read(5)


def test_every_built_in_source_has_a_reader_with_the_common_options():
    for name, target in SOURCES.builtin.items():
        module, attribute = target.split(":")
        if importlib.util.find_spec(module) is None:
            pytest.skip(f"{module} is not written yet")
        reader = getattr(import_module(module), attribute)
        assert callable(reader), name
        assert next(iter(inspect.signature(reader).parameters.values())).name
    assert set(SOURCES.builtin) == {
        "conceptnet", "graphml", "imagenet", "node-link", "obo", "parquet", "rdf", "sparql", "triples", "wordnet",
    }  # fmt: skip


def test_every_written_format_is_read_back_without_being_told(tmp_path, toy_graph):
    for form, suffix in FORMATS.items():
        path = write_graph(toy_graph, tmp_path / f"toy{suffix}")
        assert read(path).fingerprint == toy_graph.fingerprint, form


# -- a source of another package -----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def installed(tmp_path_factory) -> Path:
    """The folder that the example package is installed in, or skip the test."""
    for needed in ("pip", "hatchling"):
        if importlib.util.find_spec(needed) is None:
            pytest.skip(f"needs {needed} to install the example package")
    folder = tmp_path_factory.mktemp("installed")
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation", "--no-index"]
    said = subprocess.run(
        [*command, "--disable-pip-version-check", "--target", str(folder), str(EXAMPLE)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert said.returncode == 0, said.stderr
    return folder


def test_an_installed_source_is_found_by_its_name(installed, tmp_path):
    path = tmp_path / "pets.lines"
    path.write_text("dog > is a > mammal\ncat > is a > mammal\ndog > chases > cat\n")
    program = (
        "import json, sys\n"
        "from kgzsl.errors import UnknownNameError\n"
        "from kgzsl.sources.reading import read\n"
        "from kgzsl.sources.registry import SOURCES\n"
        "path = sys.argv[1]\n"
        "graphs = [read(path, source='lines'), read('lines:' + path, separator='>')]\n"
        "print(json.dumps([SOURCES.names()[-1], [[str(edge) for edge in graph.edges()] for graph in graphs]]))\n"
    )
    root = str(Path(__file__).resolve().parents[2])
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(installed), root])}
    said = subprocess.run(
        [sys.executable, "-c", program, str(path)], capture_output=True, text=True, check=False, env=environment
    )
    assert said.returncode == 0, said.stderr
    name, found = json.loads(said.stdout)
    assert name == "lines"
    assert found == [["cat is_a mammal", "dog chases cat", "dog is_a mammal"]] * 2


def test_a_source_that_does_not_load_is_told(tmp_path, monkeypatch):
    info = tmp_path / "broken-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: broken\nVersion: 1\n")
    (info / "entry_points.txt").write_text("[kgzsl.sources]\nbroken = no_such_module:read\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(SOURCES, "_found", None)
    with pytest.raises(PluginError, match="source 'broken', offered by no_such_module:read, does not load"):
        read("anything", source="broken")
    monkeypatch.setattr(SOURCES, "_found", None)


def test_reading_twice_gives_the_same_graph(tmp_path):
    graph = KnowledgeGraph.from_tables(
        pl.DataFrame({"id": ["b", "a"]}), pl.DataFrame({"head": ["a"], "relation": ["r"], "tail": ["b"]})
    )
    path = write_graph(graph, tmp_path / "g.csv")
    assert read(path).fingerprint == read(path).fingerprint == graph.fingerprint
