"""Information content from the taxonomy, from counts and from files, against its definitions."""

import copy
import math

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kgzsl.errors import (
    DataMissingError,
    InputFormatError,
    LimitExceededError,
    SourceError,
    UnknownConceptError,
    UnknownNameError,
    VersionError,
)
from kgzsl.graph.knowledge_graph import KnowledgeGraph
from kgzsl.query import information_content_file
from kgzsl.query.information_content import InformationContent

laws = settings(max_examples=60, deadline=None)
HASH_30 = "wnver::eOS9lXC6GvMWznF1wkZofDdtbBU"


@st.composite
def taxonomies(draw):
    size = draw(st.integers(1, 10))
    place = st.integers(0, size - 1)
    forest = draw(st.booleans())
    pairs = draw(st.lists(st.tuples(place, place), max_size=20))
    edges = {(max(h, t), min(h, t)) for h, t in pairs if h != t}
    edges = {h: (h, t) for h, t in sorted(edges)}.values() if forest else edges
    return KnowledgeGraph.from_tables(
        [f"c{place}" for place in range(size)], [(f"c{h}", "is_a", f"c{t}") for h, t in sorted(edges)]
    )


def plain(kg):
    graph = nx.DiGraph()
    graph.add_nodes_from(kg.ids)
    graph.add_edges_from((edge.head, edge.tail) for edge in kg.edges())
    return graph, [id_ for id_ in kg.ids if graph.degree(id_)]


@laws
@given(taxonomies())
def test_seco_is_as_defined(kg):
    graph, members = plain(kg)
    below = {id_: 1 + len(nx.ancestors(graph, id_)) for id_ in kg.ids}
    expected = [1 - math.log(below[id_]) / math.log(len(members)) if members else 1.0 for id_ in kg.ids]
    np.testing.assert_allclose(InformationContent.intrinsic(kg, "seco").values, expected, atol=1e-15)


@laws
@given(taxonomies())
def test_sanchez_is_as_defined(kg):
    graph, members = plain(kg)
    leaves = {id_ for id_ in kg.ids if graph.in_degree(id_) == 0}

    def content(id_):
        ratio = len(nx.ancestors(graph, id_) & leaves) / (1 + len(nx.descendants(graph, id_)))
        return -math.log((ratio + 1) / (len(leaves & set(members)) + 1))

    found = InformationContent.intrinsic(kg, "sanchez")
    np.testing.assert_allclose(found.values, [content(id_) for id_ in kg.ids], atol=1e-15)
    assert found.unit == "nats"


@laws
@given(taxonomies(), st.data())
def test_counts_go_once_to_every_ancestor(kg, data):
    graph, members = plain(kg)
    counts = data.draw(st.dictionaries(st.sampled_from(kg.ids), st.integers(0, 9), min_size=1))
    smoothing = data.draw(st.sampled_from([0, 1, 0.5]))
    own = {id_: counts.get(id_, 0) + smoothing * (id_ in members) for id_ in kg.ids}
    total = sum(own.values())
    if not total:
        with pytest.raises(InputFormatError, match="all counts are 0"):
            InformationContent.from_counts(kg, counts, smoothing=smoothing)
        return
    share = [(own[id_] + sum(own[below] for below in nx.ancestors(graph, id_))) / total for id_ in kg.ids]
    expected = [-math.log(value) if value else math.inf for value in share]
    found = InformationContent.from_counts(kg, counts, smoothing=smoothing)
    np.testing.assert_allclose(found.values, expected, atol=1e-15)


@laws
@given(taxonomies(), st.sampled_from(["seco", "sanchez", "counts"]))
def test_content_never_grows_upward(kg, method):
    if method == "counts" and not kg.edges():
        return
    found = (
        InformationContent.from_counts(kg, {kg.ids[-1]: 0.3, kg.ids[0]: 0.7})
        if method == "counts"
        else InformationContent.intrinsic(kg, method)
    )
    assert all(found[edge.tail] <= found[edge.head] for edge in kg.edges())
    assert (found.values >= 0).all()


def test_a_value_is_found_by_id(toy_graph):
    found = InformationContent.from_counts(toy_graph, {"cat": 3, "dog": 1}, smoothing=0)
    assert found["animal"] == found["mammal"] == 0.0
    assert found["cat"] == pytest.approx(math.log(4 / 3), abs=1e-15)
    assert found["owl"] == math.inf
    assert len(found) == len(toy_graph)
    assert not found.values.flags.writeable
    with pytest.raises(UnknownConceptError, match="cat"):
        found["catt"]


def test_a_copy_has_the_same_values(toy_graph):
    found = InformationContent.from_counts(toy_graph, {"cat": 3})
    toy_graph.similarity("cat", "dog", measure="lin", ic=found)  # what is kept of it stays behind
    again = copy.deepcopy(found)
    np.testing.assert_array_equal(again.values, found.values)
    assert (again.ids, again.method, again.unit, again.report) == (found.ids, "counts", "nats", {"counts": 1})


def test_similarity_takes_every_form_of_it(toy_graph):
    counts = {"cat": 3, "dog": 1, "owl": 2}
    by_counts = toy_graph.similarity("cat", "dog", measure="lin", ic=counts)
    assert by_counts == toy_graph.similarity(
        "cat", "dog", measure="lin", ic=InformationContent.from_counts(toy_graph, counts)
    )
    given_values = InformationContent(toy_graph.ids, np.arange(len(toy_graph), dtype=float))
    assert toy_graph.similarity("cat", "dog", measure="res", ic=given_values) == given_values["mammal"]
    assert toy_graph.similarity("cat", "dog", measure="res", ic="intrinsic") == toy_graph.similarity(
        "cat", "dog", measure="res", ic="seco"
    )


def test_what_is_never_met_is_like_nothing(toy_graph):
    unseen = InformationContent.from_counts(toy_graph, {"cat": 1}, smoothing=0)
    assert toy_graph.similarity("cat", "dog", measure="lin", ic=unseen) == 0.0
    assert toy_graph.similarity("cat", "dog", measure="jcn", ic=unseen) == 0.0
    assert toy_graph.similarity("dog", "dog", measure="lin", ic=unseen) == 1.0


@pytest.mark.parametrize("ic", [3, ["seco"], np.ones(3)])
def test_what_is_no_information_content_is_an_error(toy_graph, ic):
    with pytest.raises(InputFormatError, match="ic is"):
        toy_graph.similarity("cat", "dog", measure="lin", ic=ic)


def test_content_of_another_graph_is_an_error(toy_graph):
    other = KnowledgeGraph.from_tables(["a", "b"], [("a", "is_a", "b")])
    with pytest.raises(InputFormatError, match="another graph"):
        toy_graph.similarity("cat", "dog", measure="lin", ic=InformationContent.intrinsic(other))
    with pytest.raises(InputFormatError, match="one value for each"):
        InformationContent(toy_graph.ids, np.ones(3))


def test_bad_counts_are_named(toy_graph):
    with pytest.raises(InputFormatError, match="'cat' has -1"):
        InformationContent.from_counts(toy_graph, {"cat": -1})
    with pytest.raises(InputFormatError, match="'cat' has nan"):
        InformationContent.from_counts(toy_graph, {"cat": math.nan})
    with pytest.raises(InputFormatError, match="counts map"):
        InformationContent.from_counts(toy_graph, ["cat"])
    with pytest.raises(UnknownConceptError):
        InformationContent.from_counts(toy_graph, {"catt": 1})
    with pytest.raises(UnknownNameError):
        InformationContent.intrinsic(toy_graph, "zhou")


# -- files -------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def wordnet() -> KnowledgeGraph:
    """Give nine concepts of WordNet 3.0 with its offsets."""
    rows = [
        ("entity.n.01", "n00001740"), ("object.n.01", "n00002684"), ("animal.n.01", "n00015388"),
        ("dog.n.01", "n02084071"), ("cat.n.01", "n02121620"), ("travel.v.01", "v01835496"),
        ("run.v.01", "v01926311"), ("breathe.v.01", "v00001740"), ("blue.a.01", "a00370869"),
    ]  # fmt: skip
    up = [("object", "entity"), ("animal", "object"), ("dog", "animal"), ("cat", "animal")]
    edges = [(f"{h}.n.01", "is_a", f"{t}.n.01") for h, t in up] + [("run.v.01", "is_a", "travel.v.01")]
    return KnowledgeGraph.from_tables(
        [{"id": id_, "pos": wnid[0], "alternate_ids": [wnid], "source": "wordnet-3.0"} for id_, wnid in rows], edges
    )


LINES = [HASH_30, "1740n 100 ROOT", "2684n 90", "15388n 50", "2084071n 20", "2121620n 0", "1740v 5 ROOT"]
LINES += ["1835496v 15 ROOT", "1926311v 4.5"]


def written(folder, *lines):
    path = folder / "ic-test.dat"
    path.write_text("\n".join(lines) + "\n")
    return path


def test_a_file_is_read(wordnet, tmp_path):
    found = InformationContent.from_file(wordnet, written(tmp_path, *LINES))
    expected = {
        "entity.n.01": 0.0, "object.n.01": -math.log(0.9), "animal.n.01": -math.log(0.5), "dog.n.01": -math.log(0.2),
        "cat.n.01": math.inf, "breathe.v.01": -math.log(5 / 20), "travel.v.01": -math.log(15 / 20),
        "run.v.01": -math.log(4.5 / 20),
    }  # fmt: skip
    assert {id_: found[id_] for id_ in expected} == expected
    assert math.isnan(found["blue.a.01"])
    assert dict(found.report) == {"lines": 8, "not in the graph": 0}
    assert found.method == "ic-test.dat"


def test_a_path_is_read_once_until_the_file_changes(wordnet, tmp_path):
    path = written(tmp_path, *LINES)
    ask = lambda ic: wordnet.similarity("dog.n.01", "animal.n.01", measure="res", ic=ic)  # noqa: E731
    assert ask(str(path)) == ask(path) == -math.log(0.5)
    written(tmp_path, *LINES[:3], "15388n 25.0", *LINES[4:])
    assert ask(path) == -math.log(0.25)


def test_a_part_of_wordnet_reads_the_whole_file(wordnet, tmp_path):
    found = InformationContent.from_file(wordnet, written(tmp_path, *LINES, "2000000n 7"))
    assert dict(found.report) == {"lines": 9, "not in the graph": 1}


@pytest.mark.parametrize(
    ("line", "text", "said"),
    [
        (3, "2684x 90", "offset with n or v"),
        (3, "2684n", "offset with n or v"),
        (3, "2684n many", "offset with n or v"),
        (3, "2684n -1", "offset with n or v"),
        (3, "2684n nan", "offset with n or v"),
        (3, "2684n 90 LEAF", "offset with n or v"),
        (3, "1740n 90", "again, after line 2"),
        (1, "1740n 100 ROOT", "wnver::"),
    ],
)
def test_a_bad_line_is_named(wordnet, tmp_path, line, text, said):
    lines = [*LINES[: line - 1], text, *LINES[line:]]
    with pytest.raises(SourceError, match=said) as error:
        InformationContent.from_file(wordnet, written(tmp_path, *lines))
    assert error.value.line == line


def test_a_file_of_another_wordnet_is_an_error(wordnet, tmp_path):
    for header in ("wnver::LL1BZMsWkr0YOuiewfbiL656+Q4", "wnver::2.1"):
        with pytest.raises(VersionError, match=r"WordNet 2\.1"):
            InformationContent.from_file(wordnet, written(tmp_path, header, *LINES[1:]))
    with pytest.raises(SourceError, match="1 of 9 lines are of concepts") as error:
        InformationContent.from_file(wordnet, written(tmp_path, "wnver::unknown", *LINES[1:], "2000000n 7"))
    assert error.value.line == 10


def test_files_that_are_none(wordnet, tmp_path, monkeypatch):
    with pytest.raises(DataMissingError, match="seco"):
        wordnet.similarity("dog.n.01", "cat.n.01", measure="lin", ic="secco")
    with pytest.raises(DataMissingError, match="cannot be read"):
        InformationContent.from_file(wordnet, tmp_path)
    with pytest.raises(SourceError, match="wnver") as error:
        InformationContent.from_file(wordnet, written(tmp_path, ""))
    assert error.value.line == 1
    with pytest.raises(SourceError, match="marked ROOT"):
        InformationContent.from_file(wordnet, written(tmp_path, HASH_30, "1740n 100"))
    (tmp_path / "bytes").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(SourceError, match="not text"):
        InformationContent.from_file(wordnet, tmp_path / "bytes")
    monkeypatch.setattr(information_content_file, "MOST_BYTES", 10)
    with pytest.raises(LimitExceededError, match="number of bytes"):
        InformationContent.from_file(wordnet, written(tmp_path, *LINES))
