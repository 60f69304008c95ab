"""What is written comes back equal, appears whole or not at all, and never takes a place that is not free."""

import csv
import errno
import json
import os
from pathlib import Path

import networkx as nx
import polars as pl
import pyoxigraph as ox
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kgzsl.errors import (
    DataMissingError,
    InputFormatError,
    KgzslError,
    OutputExistsError,
    SourceError,
    UnknownNameError,
)
from kgzsl.graph.knowledge_graph import KnowledgeGraph
from kgzsl.graph.relation import KINDS, Relation
from kgzsl.sources.catalog import load_graph
from kgzsl.sources.networkx_files import read_graphml, read_node_link
from kgzsl.sources.reading import read
from kgzsl.sources.triples import read_triples
from kgzsl.sources.writing import FORMATS, read_parquet, write_graph
from kgzsl.sources.written_rdf import is_written, written_graph

RDF_FORMS = {"turtle": ox.RdfFormat.TURTLE, "ntriples": ox.RdfFormat.N_TRIPLES, "jsonld": ox.RdfFormat.JSON_LD}


def read_written(path: Path, form: str) -> KnowledgeGraph:
    if form in RDF_FORMS:
        content = path.read_bytes()
        assert is_written(content)
        return written_graph(ox.parse(content, format=RDF_FORMS[form]), path)
    readers = {"csv": read_triples, "graphml": read_graphml, "node-link": read_node_link, "parquet": read_parquet}
    return readers[form](path)


def assert_equal(found: KnowledgeGraph, written: KnowledgeGraph) -> None:
    """Every table, description and count, not only what the fingerprint covers."""
    assert found.fingerprint == written.fingerprint
    assert found.concepts_table.equals(written.concepts_table.select(found.concepts_table.columns))
    assert found.edges_table.equals(written.edges_table.select(found.edges_table.columns))
    assert set(found.concepts_table.columns) == set(written.concepts_table.columns)
    assert dict(found.relations) == dict(written.relations)
    assert (found.name, dict(found.report)) == (written.name, dict(written.report))


@pytest.fixture(params=list(FORMATS))
def form(request) -> str:
    return request.param


HOSTILE = [
    'say "hi"', "two\nlines", "a\r\nb\rc", "tab\there", "nan", "true", "null", "NaN", "=cmd()", "'=1", "+1", "@x", "-",
    " outer ", "\u2028", "\x85", "\x1b[31m", "\x7f", "\\u001b", "\\\\u", "\\", "<b>&amp;", "]]>", "😀", "é", "e\u0301",
    "http://example.org/a b", "http://example.org/ok", "AwA:x", "awa:x", "a,b", "rdfs:label", "kgzsl:graph",
    "urn:kgzsl:graph", "urn:kgzsl:concept:x", "urn:kgzsl:concept:%78", "rdf:type", "rdfs:subClassOf", "\ufffe", "20/20",
    "../../etc/passwd", "http://www.semanticweb.org/ontologies/AwA#x", "0", "1.0",
]  # fmt: skip
characters = st.characters(exclude_categories=["Cs"], exclude_characters="\0")
texts = st.sampled_from(HOSTILE) | st.text(characters, max_size=8)
ids = texts.filter(str.strip)


@st.composite
def graphs(draw) -> KnowledgeGraph:
    names = draw(st.lists(ids, min_size=1, max_size=7, unique=True))
    concepts = [
        {
            "id": name,
            "label": draw(texts),
            "aliases": draw(st.lists(texts, max_size=3)),
            "definition": draw(texts),
            "source": draw(texts),
            "alternate_ids": draw(st.lists(texts, max_size=2)),
            "count": draw(st.none() | st.integers(-(2**63), 2**63 - 1)),
            "number": draw(st.none() | st.floats()),
            "flags": draw(st.none() | st.lists(st.booleans(), max_size=2)),
        }
        for name in names
    ]
    relation_names = draw(
        st.lists(ids.filter(lambda name: not name.startswith("^")), min_size=1, max_size=3, unique=True)
    )
    relations = [
        Relation(
            name, draw(st.sampled_from(KINDS)), draw(texts), draw(texts), draw(texts), symmetric=draw(st.booleans())
        )
        for name in [*relation_names, "is_a"]
    ]
    pairs = st.tuples(st.sampled_from(names), st.sampled_from([r.name for r in relations]), st.sampled_from(names))
    triples = draw(st.lists(pairs.filter(lambda t: t[0] != t[2]), max_size=6, unique=True)) if len(names) > 1 else []
    weights = st.floats(min_value=5e-324, allow_infinity=False)
    edges = [
        {
            "head": h,
            "relation": r,
            "tail": t,
            "weight": draw(weights),
            "source": draw(texts),
            "words": draw(st.lists(texts, max_size=2)),
        }
        for h, r, t in triples
    ]
    schema = {"id": pl.String, "label": pl.String, "aliases": pl.List(pl.String), "definition": pl.String,
              "source": pl.String, "alternate_ids": pl.List(pl.String), "count": pl.Int64, "number": pl.Float64,
              "flags": pl.List(pl.Boolean)}  # fmt: skip
    edge_schema = {"head": pl.String, "relation": pl.String, "tail": pl.String, "weight": pl.Float64,
                   "source": pl.String, "words": pl.List(pl.String)}  # fmt: skip
    return KnowledgeGraph.from_tables(
        pl.DataFrame(concepts, schema=schema), pl.DataFrame(edges, schema=edge_schema),
        {r.name: r for r in relations}.values(), name=draw(texts), report={"rows": draw(st.integers(0, 9))},
    )  # fmt: skip


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(graph=graphs(), escape=st.booleans())
def test_any_graph_comes_back_from_every_format(tmp_path, graph, escape):
    for form, suffix in FORMATS.items():
        path = write_graph(
            graph, tmp_path / f"graph{suffix}", format=form, overwrite=True, escape_formulas=escape and form == "csv"
        )
        assert_equal(read_written(path, form), graph)


# -- real graphs ---------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def cats() -> KnowledgeGraph:
    """Part of WordNet, with lists of small integers, texts and nulls in its own columns."""
    return load_graph("wordnet").neighborhood(["tiger.n.02", "walk.v.01"], hops=2)


def test_a_part_of_wordnet_comes_back_through_read(tmp_path, cats, form):
    path = write_graph(cats, tmp_path / f"cats{FORMATS[form]}")
    assert_equal(read_written(path, form), cats)
    assert read(path).fingerprint == cats.fingerprint


@pytest.fixture(scope="module", params=["KG-AwA", "KG-ImNet-A"])
def benchmark(request, shared_data) -> KnowledgeGraph:
    return read_triples(shared_data(f"kzsl/{request.param}.csv"))


def test_the_benchmarks_come_back(tmp_path, benchmark, form):
    assert_equal(read_written(write_graph(benchmark, tmp_path / f"benchmark{FORMATS[form]}"), form), benchmark)


def test_the_same_graph_gives_the_same_bytes(tmp_path, toy_graph, form):
    if form == "parquet":
        pytest.skip("a folder; its tables are compared in the round trip")
    paths = [write_graph(toy_graph, tmp_path / f"{name}{FORMATS[form]}") for name in "ab"]
    assert paths[0].read_bytes() == paths[1].read_bytes()


def test_others_understand_what_is_written(tmp_path, toy_graph):
    turtle = write_graph(toy_graph, tmp_path / "toy.ttl").read_text()
    assert "concept:dog rdfs:subClassOf concept:mammal" in turtle
    assert 'rdfs:label "house cat"' in turtle
    assert "skos:altLabel" in turtle
    found = nx.read_graphml(write_graph(toy_graph, tmp_path / "toy.graphml"), force_multigraph=True)
    assert found.nodes["cat"]["label"] == "house cat"
    assert sorted(data["relation"] for _, _, data in found.edges("bat", data=True)) == ["has_part", "is_a"]
    data = json.loads(write_graph(toy_graph, tmp_path / "toy.json").read_text())
    linked = nx.node_link_graph(data, edges="links")
    assert linked.has_edge("bat", "mammal", "is_a")
    assert linked.nodes["bat"]["aliases"] == ["flying mouse"]
    with write_graph(toy_graph, tmp_path / "toy.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert {"head": "dog", "relation": "is_a", "tail": "mammal", "weight": "1.0", "source": "book", "more": ""} in rows


def test_formulas_are_marked_on_request_and_the_mark_comes_off(tmp_path):
    """J3."""
    concepts = pl.DataFrame({"id": ["=cmd()|' /C calc'!A0", "'=x", "+1"], "label": ["@SUM(A1)", "-2", "\tx"]})
    graph = KnowledgeGraph.from_tables(concepts, pl.DataFrame({"head": ["+1"], "relation": ["-r"], "tail": ["'=x"]}))
    plain = write_graph(graph, tmp_path / "plain.csv")
    marked = write_graph(graph, tmp_path / "marked.csv", escape_formulas=True)
    with marked.open(newline="") as file:
        cells = [cell for row in csv.reader(file) for cell in row]
    assert not [cell for cell in cells if cell[:1] in tuple("=+-@\t\r")]
    assert read_triples(plain).fingerprint == read_triples(marked).fingerprint == graph.fingerprint


def test_hand_written_additions_to_turtle_are_read(tmp_path, toy_graph):
    path = write_graph(toy_graph, tmp_path / "toy.ttl")
    added = (
        '\nconcept:fox rdfs:subClassOf concept:mammal ; rdfs:label "fox" ; '
        "<http://ex.org/livesIn> concept:night ; <http://ex.org/legs> 4 .\n"
    )
    path.write_text(path.read_text() + added)
    graph = read_written(path, "turtle")
    assert [str(edge) for edge in graph.edges("fox")] == ["fox http://ex.org/livesIn night", "fox is_a mammal"]
    assert graph.relations["http://ex.org/livesIn"].verb == "lives in"
    assert graph.report["literals_not_used"] == 1


def test_a_graph_without_edges_or_of_a_word_called_nan(tmp_path, form):
    """A29."""
    words = ["nan", "null", "true", "infinity", ".22", "20/20", "TCP/IP"]
    graph = KnowledgeGraph.from_tables(
        pl.DataFrame({"id": words}), pl.DataFrame(schema=dict.fromkeys(("head", "relation", "tail"), pl.String))
    )
    assert_equal(read_written(write_graph(graph, tmp_path / f"words{FORMATS[form]}"), form), graph)
    empty = KnowledgeGraph.from_tables(pl.DataFrame(schema={"id": pl.String}), graph.edges_table)
    assert_equal(read_written(write_graph(empty, tmp_path / f"empty{FORMATS[form]}"), form), empty)


# -- faults --------------------------------------------------------------------------------------------------------


def content_of(path: Path) -> object:
    return {file.name: file.read_bytes() for file in path.iterdir()} if path.is_dir() else path.read_bytes()


def test_what_is_there_is_replaced_only_on_request(tmp_path, toy_graph, form):
    path = write_graph(toy_graph, tmp_path / f"toy{FORMATS[form]}")
    before = content_of(path)
    smaller = toy_graph.subgraph(["cat", "mammal"])
    with pytest.raises(OutputExistsError, match="overwrite=True"):
        write_graph(smaller, path)
    assert content_of(path) == before
    write_graph(smaller, path, overwrite=True)
    assert_equal(read_written(path, form), smaller)
    assert [entry.name for entry in tmp_path.iterdir()] == [path.name]


@pytest.mark.parametrize("call", ["os.fsync", "pathlib.Path.replace", "pathlib.Path.rename", "pathlib.Path.chmod"])
@pytest.mark.parametrize("nth", [1, 2, 3])
def test_a_failure_leaves_the_old_graph_and_nothing_else(tmp_path, toy_graph, form, call, nth, monkeypatch):
    path = write_graph(toy_graph, tmp_path / f"toy{FORMATS[form]}")
    before, count = content_of(path), 0
    module, _, name = call.rpartition(".")
    owner = os if module == "os" else Path
    real = getattr(owner, name)

    def failing(*args, **kwargs):
        nonlocal count
        count += 1
        if count == nth:
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(*args, **kwargs)

    with monkeypatch.context() as patched:
        patched.setattr(owner, name, failing)
        try:
            write_graph(toy_graph.subgraph(["cat"]), path, overwrite=True)
            written = True
        except OSError:
            written = False
    if written:
        assert_equal(read_written(path, form), toy_graph.subgraph(["cat"]))
    else:
        assert content_of(path) == before
    assert [entry.name for entry in tmp_path.iterdir()] == [path.name]


def test_what_is_no_graph_is_never_replaced(tmp_path, toy_graph):
    folder = write_graph(toy_graph, tmp_path / "toy")
    (folder / "thesis.tex").write_text("years of work")
    with pytest.raises(OutputExistsError, match=r"'thesis\.tex', which is no part of a graph"):
        write_graph(toy_graph, folder, overwrite=True)
    (tmp_path / "link").symlink_to(folder)
    (tmp_path / "file").write_text("")
    for name in ("link", "file"):
        with pytest.raises(OutputExistsError, match="no folder of a graph"):
            write_graph(toy_graph, tmp_path / name, overwrite=True)
    with pytest.raises(OutputExistsError, match="is a folder"):
        write_graph(toy_graph, folder, format="csv", overwrite=True)


def test_arguments_are_checked_before_anything_is_written(tmp_path, toy_graph):
    with pytest.raises(UnknownNameError, match="nearest: 'turtle'"):
        write_graph(toy_graph, tmp_path / "toy", format="turtel")
    with pytest.raises(UnknownNameError, match=r"no format of graphs is called '.docx'"):
        write_graph(toy_graph, tmp_path / "toy.docx")
    with pytest.raises(DataMissingError, match="no such folder"):
        write_graph(toy_graph, tmp_path / "absent" / "toy.csv")
    with pytest.raises(InputFormatError, match="escape_formulas is for csv"):
        write_graph(toy_graph, tmp_path / "toy.ttl", escape_formulas=True)
    dated = toy_graph.with_tables(concepts=toy_graph.concepts_table.with_columns(born=pl.date(2020, 1, 1)))
    with pytest.raises(InputFormatError, match="column 'born' holds Date"):
        write_graph(dated, tmp_path / "toy.ttl")
    assert list(tmp_path.iterdir()) == []
    assert_equal(read_parquet(write_graph(dated, tmp_path / "toy")), dated)


def test_files_that_were_cut_or_changed_are_refused(tmp_path, toy_graph, form):
    """Never a foreign exception, and never half a graph as if it were whole, where the form can tell."""
    path = write_graph(toy_graph, tmp_path / f"toy{FORMATS[form]}")
    target = path / "edges.parquet" if form == "parquet" else path
    content = target.read_bytes()
    for place in range(0, len(content), max(len(content) // 40, 1)):
        for altered in (content[:place], content[:place] + b"\xff" + content[place + 1 :]):
            target.write_bytes(altered)
            try:
                read_written(path, form)
            except KgzslError:
                continue
            except (AssertionError, SyntaxError):  # pyoxigraph's own, or the mark at the start is gone
                assert form in RDF_FORMS


def test_folders_that_lack_a_file_are_refused(tmp_path, toy_graph):
    folder = write_graph(toy_graph, tmp_path / "toy")
    (folder / "graph.json").unlink()
    with pytest.raises(SourceError, match=r"lacks graph.json"):
        read_parquet(folder)
    with pytest.raises(DataMissingError, match="no such folder"):
        read_parquet(tmp_path / "absent")
