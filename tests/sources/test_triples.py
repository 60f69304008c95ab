"""Triples: what counts as a row, what a row means, and what bad rows cause."""

import gzip

import pyoxigraph as ox
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kgzsl.errors import (
    DataMissingError,
    InputFormatError,
    IntegrityError,
    KgzslWarning,
    LimitExceededError,
    SourceError,
)
from kgzsl.graph.relation import Relation
from kgzsl.sources.limits import Limits
from kgzsl.sources.terms import contracted, expanded, own_relation, spelled_prefix
from kgzsl.sources.triples import read_triples

LENIENT = Limits(max_bad_fraction=1.0)


@pytest.fixture
def file(tmp_path):
    """Write text or bytes into a file and give its path."""

    def write(content, name="graph.tsv"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


def statements(graph):
    return [(edge.head, edge.relation, edge.tail) for edge in graph.edges()]


def assert_accounts_for_every_row(report):
    parts = ("kept_", "merged_", "skipped_")
    assert report["rows_read"] == sum(count for reason, count in report.items() if reason.startswith(parts))


# -- the benchmark's files ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "triples", "concepts", "labels"), [("AwA", 14112, 9198, 202), ("ImNet-A", 10461, 8942, 214)]
)
def test_kzsl_has_the_counted_triples_concepts_and_relations(shared_data, name, triples, concepts, labels):
    graph = read_triples(shared_data(f"kzsl/KG-{name}.csv"))
    report = graph.report
    assert (report["rows_read"], len(graph), report["kept_names"]) == (triples, concepts, labels)
    assert report["relation_terms"] == {"AwA": 41, "ImNet-A": 40}[name]
    assert report["skipped_self_loop"] == 6
    assert report["kept_edges"] == graph.index.num_edges == triples - labels - 6
    assert_accounts_for_every_row(report)


@pytest.mark.parametrize("name", ["AwA", "ImNet-A"])
def test_kzsl_says_the_same_as_its_turtle(shared_data, tmp_path, name):
    graph = read_triples(shared_data(f"kzsl/KG-{name}.csv"))
    rows = (
        "\t".join(part.value for part in quad.triple)
        for quad in ox.parse(shared_data(f"kzsl/KG-{name}.ttl").read_bytes(), format=ox.RdfFormat.TURTLE)
    )
    path = tmp_path / "iris.tsv"
    path.write_text("\n".join(rows))
    assert read_triples(path).fingerprint == graph.fingerprint


def test_kzsl_names_and_ids(shared_data):
    graph = read_triples(shared_data("kzsl/KG-AwA.csv"))
    whale = graph.concept("awa:n02064816")
    assert (whale.id, whale.label) == ("AwA:n02064816", "blue_whale, sulfur_bottom, Balaenoptera_musculus")
    assert graph.resolve("http://www.semanticweb.org/ontologies/AwA#n02064816") == whale
    assert graph.edges(whale, "same_as")[0].tail == "cn:blue_whale"
    assert graph.relations["disjoint_with"].kind == "negative"
    assert graph.relations["AwA:hasHabitat"].verb == "has habitat"
    assert "cn:dbpedia/genus" in graph.relations


# -- form ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "content",
    [
        "cat\tis_a\tmammal\ndog\tis_a\tmammal\n",
        "cat\tis_a\tmammal\ndog\tis_a\tmammal",
        "\ufeffcat\tis_a\tmammal\r\n\r\ndog\tis_a\tmammal\r\n\n",
        "cat,is_a,mammal\ndog,is_a,mammal\n",
        '"cat", is_a , mammal\r\n"dog","is_a","mammal"',
        "cat;is_a;mammal\ndog;is_a;mammal\n",
        "Subject\tRelation\tObject\ncat\tis_a\tmammal\ndog\tis_a\tmammal\n",
        "object,subject,predicate\nmammal,cat,is_a\nmammal,dog,is_a\n",
        "cat\trdfs:subClassOf\tmammal\ndog\t_hypernym\tmammal\n",
        "cat\tis_a\tmammal\nmammal\thyponym\tdog\n",
        "cat,is a,mammal\ndog,Subclass  of,mammal\n",
        "cat,is-a,mammal\ndog,kind of,mammal\n",
        gzip.compress(b"cat\tis_a\tmammal\ndog\tis_a\tmammal\n", mtime=0),
        gzip.compress(b"cat\tis_a\tmammal\n", mtime=0) + gzip.compress(b"dog\tis_a\tmammal\n", mtime=0),
    ],
)
def test_the_same_graph_in_many_forms(file, content):
    graph = read_triples(file(content))
    assert statements(graph) == [("cat", "is_a", "mammal"), ("dog", "is_a", "mammal")]
    assert graph.report["rows_read"] == 2


def test_columns_are_named_by_the_caller_or_the_header(file):
    path = file("cat\tmammal\tis_a\t2.5\tbook\n")
    graph = read_triples(path, columns=("head", "tail", "relation", "weight", "page"))
    (edge,) = graph.edges()
    assert (str(edge), edge.weight, edge.more["page"]) == ("cat is_a mammal", 2.5, "book")
    with pytest.raises(SourceError, match="has 5 columns and no header") as caught:
        read_triples(path)
    assert caught.value.line == 1
    (edge,) = read_triples(file("head,relation,tail,weight\ncat,is_a,mammal,\n")).edges()
    assert edge.weight == 1.0


def test_relations_are_mapped_on_request(file):
    path = file("cat\tP279\tmammal\nfish\teatenBy\tcat\ncat\tlikes\tmilk\n")
    eats = Relation("likes", "attribute", verb="is fond of")
    graph = read_triples(path, relations={"P279": "is_a", "eatenBy": "^eats", "likes": eats})
    assert statements(graph) == [("cat", "eats", "fish"), ("cat", "is_a", "mammal"), ("cat", "likes", "milk")]
    assert graph.relations["likes"] == eats
    with pytest.raises(InputFormatError, match="must name a relation"):
        read_triples(path, relations={"P279": "^"})


def test_labels_aliases_and_definitions_describe_their_subject(file):
    rows = "c\trdfs:label\tcat\nc\trdfs:label\tkitty\nc\tskos:altLabel\tpuss\nc\tskos:definition\tit purrs\n"
    graph = read_triples(file(rows + "c\tis_a\tmammal\nc\tskos:definition\tit sleeps\n"))
    cat = graph.concept("c")
    assert (cat.label, cat.aliases, cat.definition) == ("cat", ("kitty", "puss"), "it purrs")
    assert graph.concept("mammal").label == "mammal"
    assert graph.report["skipped_second_definition"] == 1
    assert_accounts_for_every_row(graph.report)


@pytest.mark.parametrize(
    "cells",
    [
        ('"cat', "is_a", "mammal"),
        ("nan", "is_a", "null"),
        ("true", "is_a", "infinity"),
        (".22", "is_a", "20/20"),
        ("TCP/IP", "related_to", "N/A"),
        ("a\u2028b", "is_a", "c\x85d"),
        ("a\x1cb", "is_a", "None"),
        ("=cmd()", "is_a", "-1"),
        ("note: this", "is_a", "a:b c"),
    ],
)
def test_words_stay_words(file, cells):
    """B13, B14, A29, J3: quotes, odd line separators and words that other readers take for values."""
    graph = read_triples(file("\t".join(cells) + "\ncat\tis_a\tmammal\n"))
    assert set(statements(graph)) == {cells, ("cat", "is_a", "mammal")}


def test_duplicates_merge_into_the_strongest_and_loops_go(file):
    path = file("head\trelation\ttail\tweight\na\tr\tb\t1\na\tr\tb\t3\na\tr\tb\t2\na\tr\ta\t9\n")
    graph = read_triples(path)
    assert [(str(edge), edge.weight) for edge in graph.edges()] == [("a r b", 3.0)]
    assert (graph.report["merged_duplicate"], graph.report["skipped_self_loop"]) == (2, 1)
    assert_accounts_for_every_row(graph.report)


def test_prefixes_are_compared_without_case_within_a_file(file):
    graph = read_triples(
        file("Ex:a\tr\tex:b\nEX:b\tr\tex:c\nhttp://ex.org/c\tr\tex:d\n"), prefixes={"ex": "http://ex.org/"}
    )
    assert list(graph) == ["ex:a", "ex:b", "ex:c", "ex:d"]
    assert graph.resolve("EX:a") == graph.resolve("http://ex.org/a") == "ex:a"


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(*[st.sampled_from(["a", "b", "x:c", "X:c", "is_a", "rdfs:label"])] * 3), min_size=1))
def test_order_of_rows_does_not_matter(tmp_path_factory, rows):
    path = tmp_path_factory.mktemp("rows") / "graph.tsv"
    found = []
    for ordered in (rows, rows[::-1], sorted(rows)):
        path.write_text("".join("\t".join(row) + "\n" for row in ordered))
        graph = read_triples(path, header=False)
        assert_accounts_for_every_row(graph.report)
        found.append((graph.fingerprint, dict(graph.report)))
    assert found[0] == found[1] == found[2]


# -- faults --------------------------------------------------------------------------------------------------------

HEADER = "head\trelation\ttail\tweight\n"
FAULTS = [
    ("skipped_columns", b"a\tis_a\n", 2),
    ("skipped_columns", b"a\tis_a\tb\t1\tmore\n", 2),
    ("skipped_empty_cell", b"\tis_a\tb\t1\n", 2),
    ("skipped_relation_name", b"a\t^is_a\tb\t1\n", 2),
    ("skipped_not_utf8", b"a\tis_a\t\xff\t1\n", 2),
    ("skipped_weight_not_number", b"a\tis_a\tb\theavy\n", 2),
    ("skipped_weight_not_finite", b"a\tis_a\tb\tNaN\n", 2),
    ("skipped_weight_not_finite", b"a\tis_a\tb\tInfinity\n", 2),
    ("skipped_weight_not_finite", b"a\tis_a\tb\t1e999\n", 2),
    ("skipped_weight_not_positive", b"a\tis_a\tb\t0\n", 2),
    ("skipped_weight_not_positive", b"a\tis_a\tb\t-1\n", 2),
]


@pytest.mark.parametrize(
    ("reason", "row", "line"), FAULTS, ids=[f"{row[0]}-{place}" for place, row in enumerate(FAULTS)]
)
def test_bad_rows_are_counted_or_refused(file, reason, row, line):
    path = file(HEADER.encode() + row + b"cat\tis_a\tmammal\t1\n")
    with pytest.warns(KgzslWarning, match=f"1 {reason} .line {line}"):
        graph = read_triples(path)
    assert statements(graph) == [("cat", "is_a", "mammal")]
    assert graph.report[reason] == 1
    assert_accounts_for_every_row(graph.report)
    with pytest.raises(SourceError, match=reason) as caught:
        read_triples(path, strict=True)
    assert caught.value.line == line
    with pytest.raises(SourceError, match="1 of 2 rows are bad, more than 0 %"):
        read_triples(path, limits=Limits(max_bad_fraction=0))
    with pytest.raises(SourceError, match="2 of 3 rows are bad, more than 1 %"):
        read_triples(file(HEADER.encode() + row * 2 + b"cat\tis_a\tmammal\t1\n"))


def test_what_is_no_table_is_refused(file, tmp_path):
    refused = [
        (b"", SourceError, "the file is empty"),
        (b"\n\n \n", SourceError, "has no rows"),
        (b"<!DOCTYPE html><html>", SourceError, "looks like an HTML page"),
        (b"only words here\n", SourceError, "found no two tabs or commas"),
        ("a\tb\tc\n".encode("utf-16"), SourceError, "UTF-16"),
        (gzip.compress(b"a\tb\tc\n" * 99, mtime=0)[:-12], IntegrityError, "gzip data"),
        (gzip.compress(b"a\tb\tc\n" * 99, mtime=0)[:-8] + b"\0" * 8, IntegrityError, "gzip data"),
        (b'a,b,"c\nd,e,f\n', SourceError, "a quote is not closed"),
        (b"a\tb\t" + b"c" * 2000, LimitExceededError, "line_bytes"),
        (gzip.compress(b"a\tb\tc\n" * 10**6, mtime=0), LimitExceededError, "gzip_ratio"),
    ]
    for content, error, words in refused:
        with pytest.raises(error, match=words):
            read_triples(file(content), limits=Limits(line_bytes=1000))
    for path in (tmp_path, tmp_path / "absent.tsv", "a\0b"):
        with pytest.raises(DataMissingError, match="cannot be read"):
            read_triples(path)
    with pytest.raises(SourceError, match="the header names 'head', 'relation', 'tail', 'tail'"):
        read_triples(file("head\trelation\ttail\tobject\na\tb\tc\td\n"), header=True)
    with pytest.raises(InputFormatError, match="each name once"):
        read_triples(file("a\tb\tc\n"), columns=("head", "relation", "relation"))


# -- terms ---------------------------------------------------------------------------------------------------------


def test_terms_are_contracted_by_the_longest_namespace_that_has_a_name():
    numbered = {
        "ns1": "http://www.semanticweb.org/ontologies/ConceptNet#dbpedia/",
        "ex": "http://ex.org/",
        "e": "http://ex.org/e/",
    }
    assert contracted(numbered["ns1"] + "genus", numbered) == "cn:dbpedia/genus"
    assert contracted("http://ex.org/e/x", numbered) == "e:x"
    assert contracted("http://other.org/x", numbered) == "http://other.org/x"
    assert contracted("http://ex.org/", {"ns2": "http://ex.org/"}) == "http://ex.org/"
    assert expanded("EX:x", numbered) == "http://ex.org/x"
    assert expanded("no curie") is expanded("nowhere:x") is None
    assert spelled_prefix("IMNET-a") == "ImNet-A"


def test_a_relation_without_a_rule_reads_well():
    verbs = {"AwA:hasBodyPart": "has body part", "http://ex.org/livesIn": "lives in", "RO:0002211": "0002211"}
    assert {term: own_relation(term).verb for term in verbs} == verbs
    assert own_relation("cn:notCapableOf").kind == "negative"
    assert own_relation("is_a").kind == "taxonomic"
