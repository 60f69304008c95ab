"""SPARQL over a graph: an engine's answers as ours, and nothing reached beyond the graph."""

import gc
import socket
import sys
import weakref
from datetime import date

import polars as pl
import pyoxigraph as ox
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kgzsl.display.table import Table
from kgzsl.errors import (
    InputFormatError,
    LimitExceededError,
    ResourceLimitError,
    UnknownConceptError,
    UnknownRelationError,
    UnsafeInputError,
)
from kgzsl.graph.concept import Concept
from kgzsl.graph.knowledge_graph import KnowledgeGraph
from kgzsl.query.sparql import sparql
from kgzsl.query.sparql_text import checked
from kgzsl.query.sparql_view import CONCEPTS, concept_iri, iri_id, store_of


def rows(graph, query):
    return list(sparql(graph, query))


# -- answers ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("SELECT ?x { ?x r:is_a c:mammal }", [("bat",), ("cat",), ("dog",)]),
        ("SELECT ?x WHERE { ?x r:is_a c:mammal. }", [("bat",), ("cat",), ("dog",)]),
        ("SELECT ?x { ?x r:is_a c:mammal } ORDER BY DESC(?x) LIMIT 2", [("dog",), ("cat",)]),
        ("SELECT ?x { ?x r:is_a+/^r:is_a c:owl }", [("owl",)]),
        ("SELECT ?r { c:bat ?r c:wing }", [("has_part",)]),
        ("SELECT ?l { c:cat rdfs:label ?l }", [("house cat",)]),
        ("SELECT ?l { c:cat skos:altLabel ?l }", [("Felis catus",), ("cat",)]),
        ("SELECT ?d { c:dog skos:definition ?d }", [("a mammal that barks",)]),
        ("SELECT ?x ?p { ?x r:is_a c:bird OPTIONAL { ?x r:has_part ?p } }", [("owl", None)]),
        ("SELECT (COUNT(*) AS ?n) { ?x r:is_a ?y }", [(6,)]),
        ("SELECT (AVG(?v) AS ?a) (1e0 AS ?b) (1=2 AS ?c) { VALUES ?v { 1 2 } }", [(1.5, 1.0, False)]),
        ("SELECT ?x { c:day ?r ?x } ", [("day",), ("night",)]),
        ("SELECT ?r { c:day ?r ?x }", [("antonym",), ("rdfs:label",)]),
        (
            "SELECT ?x { VALUES ?x { c:bat <urn:other> 'text'@en '2020-01-01'^^xsd:date } }",
            [("2020-01-01",), ("bat",), ("text",), ("urn:other",)],
        ),
        ("select distinct ?y { ?x r:has_part ?y }", [("wing",)]),
        ("# SERVICE in a comment\nSELECT ?x { ?x rdfs:label 'SERVICE <http://x>' }", []),
        ("SELECT ?service { ?service r:is_a c:animal }", [("bird",), ("mammal",)]),
        ("PREFIX c: <urn:other:> SELECT ?x { ?x r:is_a c:mammal }", []),
        ("SELECT ?x { ?x r:is_a <urn:kgzsl:concept:nothing> }", []),
    ],
)
def test_select(toy_graph, query, expected):
    assert rows(toy_graph, query) == expected


def test_ask_is_a_bool_and_graphs_are_tables_of_triples(toy_graph):
    assert sparql(toy_graph, "ASK { c:bat r:is_a+ c:animal }") is True
    assert sparql(toy_graph, "ASK { c:bat r:is_a c:animal }") is False
    found = sparql(toy_graph, "CONSTRUCT { ?x r:grand ?z } WHERE { ?x r:is_a/r:is_a ?z }")
    assert isinstance(found, Table)
    assert found.columns == ("subject", "predicate", "object")
    assert list(found) == [(name, "grand", "animal") for name in ("bat", "cat", "dog", "owl")]
    assert toy_graph.add_edges(found).match("?x grand ?y")["x"] == ("bat", "cat", "dog", "owl")
    assert ("owl", "is_a", "bird") in list(sparql(toy_graph, "DESCRIBE c:owl"))


def test_cells_are_concepts_of_the_graph_and_plain_values(toy_graph):
    ((concept, label, count),) = rows(
        toy_graph, "SELECT ?x ?l (COUNT(?y) AS ?n) { ?x rdfs:label ?l ; r:antonym ?y } GROUP BY ?x ?l"
    )
    assert (type(concept), type(label), type(count)) == (Concept, str, int)
    assert concept.label == label == "day"
    frame = sparql(toy_graph, "SELECT ?x { ?x r:is_a c:mammal }").to_pandas()
    assert [type(value) for value in frame["x"]] == [str] * 3


def test_names_with_several_dots_are_read_as_sparql_has_them():
    ids = ["tiger.n.02", "a.b.c.d", "a-b_c", "x:y", "n.", "a..b"]
    graph = KnowledgeGraph.from_tables(ids, [(id_, "is.a.kind", "tiger.n.02") for id_ in ids[1:]])
    assert rows(graph, "SELECT ?x{?x r:is.a.kind c:tiger.n.02.}") == [(id_,) for id_ in sorted(ids[1:])]
    for id_ in ("a.b.c.d", "a-b_c", "x:y", "a..b"):
        assert rows(graph, f"SELECT ?y {{ c:{id_} r:is.a.kind ?y . }}") == [("tiger.n.02",)]
    assert rows(graph, "SELECT ?y { c:n\\. r:is.a.kind ?y }") == [("tiger.n.02",)]
    assert rows(graph, "SELECT ?y { c:a\\.b.c\\.d r:is.a.kind ?y FILTER(1.5 > .5) }") == [("tiger.n.02",)]
    with pytest.raises(SyntaxError):
        ox.Store().query("PREFIX c: <urn:c:> ASK { ?x ?y c:tiger.n.02 }")  # once the engine reads it, escape no more


@settings(max_examples=60, deadline=None)
@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8).filter(str.strip))
def test_ids_of_any_signs_come_back(id_):
    ends = ["the other end", id_]
    concepts = [{"id": end, "label": end, "aliases": [end + "'"], "definition": end + '"\\'} for end in ends]
    graph = KnowledgeGraph.from_tables(concepts, [(id_, "is_a", "the other end")])
    assert iri_id(concept_iri(id_), CONCEPTS) == id_
    query = "SELECT ?x ?l ?a ?d { ?x r:is_a ?y ; rdfs:label ?l ; skos:altLabel ?a ; skos:definition ?d }"
    assert rows(graph, query) == [(id_, id_, id_ + "'", id_ + '"\\')]
    assert sparql(graph, f"ASK {{ <{concept_iri(id_)}> r:is_a c:the%20other%20end }}")


def test_a_store_is_filled_once_for_a_graph_and_goes_with_it(toy_graph):
    assert store_of(toy_graph) is store_of(toy_graph)
    other = toy_graph.add_edges([("dog", "antonym", "cat")])
    assert rows(other, "SELECT ?x { c:dog r:antonym ?x }") == [("cat",)]
    assert rows(toy_graph, "SELECT ?x { c:dog r:antonym ?x }") == []
    gone = weakref.ref(other)
    del other
    gc.collect()
    assert gone() is None


def test_what_a_limit_leaves_is_the_same_each_time():
    ids = [f"c{number:06d}" for number in range(60_000)]
    edges = pl.DataFrame({"head": ids[1:], "relation": "is_a", "tail": ids[0]})
    made = (KnowledgeGraph.from_tables(ids, edges) for _ in range(3))
    orders = {tuple(str(solution["x"]) for solution in store_of(kg).query("SELECT ?x { ?x ?y ?z }")) for kg in made}
    assert len(orders) == 1


def test_an_empty_graph_answers():
    empty = KnowledgeGraph.from_tables([], [])
    assert rows(empty, "SELECT * { ?x ?y ?z }") == []
    assert sparql(empty, "ASK { ?x ?y ?z }") is False


def test_rows_are_read_in_any_thread(toy_graph):
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(lambda _: sparql(toy_graph, "SELECT ?x { ?x r:is_a c:mammal }"), range(4)))
    assert all(table.rows == (("bat",), ("cat",), ("dog",)) for table in found)


# -- what is refused --------------------------------------------------------------------------------------------

UNSAFE = [
    "SELECT * { SERVICE <URL> { ?x ?y ?z } }",
    "SELECT * { SERVICE SILENT <URL> { ?x ?y ?z } }",
    "select*{service<URL>{?x?y?z}}",
    "SELECT * { ?x ?y ?z . SERVICE ?x { ?a ?b ?c } }",
    "SELECT * { # <\nSERVICE <URL> { ?x ?y ?z } # >\n}",
    "SELECT * { FILTER(1<2)SERVICE <URL> { ?x ?y ?z } FILTER(2>1) }",
    "SELECT * { ?x ?y '''\\''' . ?x ?z ''' SERVICE''' SERVICE <URL> { ?x ?y ?z } }",
    'SELECT * { ?x ?y "a\\"" SERVICE <URL> { ?x ?y "" } }',
    "SELECT * { \\u0053ERVICE <URL> { ?x ?y ?z } }",
    'SELECT * { ?x ?y "\\u0022 . SERVICE <URL> { ?x ?y ?z } #" }',
    "SELECT * { ?x <urn:\\u00e9#> ?y . SERVICE <URL> { ?x ?y ?z } }",
    "SELECT * { ?x c:a\\#b ?y . SERVICE <URL> { ?x ?y ?z } }",
    "SELECT * { ?x \\ ?y . SERVICE <URL> { ?x ?y ?z } }",
    "ASK { FILTER EXISTS { SERVICE <URL> { ?x ?y ?z } } }",
    "DESCRIBE ?x { SERVICE <URL> { ?x ?y ?z } }",
    "PREFIX s: <URL> SELECT * { SERVICE s:x { ?x ?y ?z } }",
    "LOAD <URL>",
    "INSERT DATA { c:a r:b c:d }",
    "DELETE WHERE { ?x ?y ?z }",
    "CLEAR ALL",
    "PREFIX x: <urn:x> DROP SILENT ALL",
]


@pytest.mark.parametrize("query", UNSAFE)
def test_nothing_reaches_beyond_the_graph(toy_graph, query):
    store_of(toy_graph)
    events = []
    active = [True]

    def watch(event, args):
        if active[0] and event in ("socket.connect", "open", "urllib.Request"):
            events.append((event, args))

    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        server.settimeout(0.05)
        sys.addaudithook(watch)
        try:
            with pytest.raises(UnsafeInputError):
                sparql(toy_graph, query.replace("URL", f"http://127.0.0.1:{server.getsockname()[1]}/"))
        finally:
            active[0] = False
        with pytest.raises(TimeoutError):
            server.accept()
    assert [event for event in events if event[0] != "open"] == []


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("SELECT * FROM <file:///etc/passwd> { ?x ?y ?z }", "FROM names one of several graphs"),
        ("SELECT * FROM NAMED <http://x> { GRAPH ?g { ?x ?y ?z } }", "FROM names"),
        ("SELECT * { GRAPH ?g { ?x ?y ?z } }", "GRAPH names"),
        ("", "SELECT, ASK, CONSTRUCT, DESCRIBE"),
        ("?x is_a dog", "SELECT, ASK"),
        (date(2020, 1, 1), "a query is a string"),
    ],
)
def test_what_is_no_query_of_one_graph_is_refused(toy_graph, query, said):
    with pytest.raises(InputFormatError, match=said):
        sparql(toy_graph, query)


@pytest.mark.parametrize(
    "query",
    [
        "SELECT * {" + "{" * 5_000 + "}" * 5_000 + "}",
        "SELECT * { FILTER(" + "(" * 5_000 + "1" + ")" * 5_000 + ") }",
        "SELECT * { " + " . ".join(f"?x{n} r:is_a ?x{n + 1}" for n in range(10_000)) + " }",
        "SELECT * { ?x r:is_a " + ", ".join(f"?x{n}" for n in range(10_000)) + " }",
        "SELECT * { ?x r:is_a (" + " 1" * 10_000 + ") }",
        "SELECT * { ?x r:is_a ?y " + "OPTIONAL { ?x r:is_a ?z } " * 100 + " }",
        "SELECT * { " + "{ ?x r:is_a ?y }" * 100 + " }",
        "SELECT * { " + " UNION ".join(["{ ?x r:is_a ?y }"] * 10_000) + " }",
        "SELECT * { FILTER(" + "&&".join(["1=1"] * 10_000) + ") }",
        "SELECT * { FILTER(" + "!" * 100_000 + "(1=1)) }",
        "SELECT * { ?x " + "/".join(["r:is_a"] * 10_000) + " ?y }",
        "SELECT * { ?x ?y '" + "x" * 2_000_000 + "' }",
    ],
    ids=range(12),
)
def test_queries_that_would_end_the_process_are_refused(toy_graph, query):
    with pytest.raises(LimitExceededError, match="SPARQL query"):
        sparql(toy_graph, query)


def test_many_values_are_no_many_patterns(toy_graph):
    listed = " ".join(["c:bat", "c:dog"] * 5_000)
    assert len(rows(toy_graph, f"SELECT DISTINCT ?x {{ VALUES ?x {{ {listed} }} ?x r:is_a c:mammal }}")) == 2
    pairs = " ".join(["(c:bat 1)", "(c:dog 2)"] * 5_000)
    assert len(rows(toy_graph, f"SELECT DISTINCT ?x {{ VALUES (?x ?n) {{ {pairs} }} ?x r:is_a c:mammal }}")) == 2
    commas = listed.replace(" ", ", ")
    assert len(rows(toy_graph, f"SELECT ?x {{ ?x r:is_a c:mammal FILTER(?x IN ({commas})) }}")) == 2


def test_queries_as_large_as_allowed_are_answered(toy_graph):
    for joined in (
        "?x r:is_a " + ", ".join(f"?x{n}" for n in range(60)),
        " . ".join(f"?x{n} r:is_a ?x{n + 1}" for n in range(60)),
        "?x r:is_a ?y " + "OPTIONAL { ?x r:antonym ?z } " * 30,
        " UNION ".join(["{ ?x r:is_a c:animal }"] * 100),
        "?x " + "/".join(["r:is_a"] * 60) + " ?y",
    ):
        assert rows(toy_graph, f"SELECT ?x {{ {joined} }} LIMIT 1") is not None


def test_too_many_rows_are_refused(toy_graph, monkeypatch):
    monkeypatch.setattr("kgzsl.query.sparql.MOST_ROWS", 100)
    with pytest.raises(ResourceLimitError, match="over 100 rows are the answer; add LIMIT"):
        sparql(toy_graph, "SELECT * { ?a ?b ?c . ?d ?e ?f }")


@pytest.mark.parametrize(
    ("query", "error", "said", "marked"),
    [
        ("SELECT ?x { ?x r:is_a c:mamal }", UnknownConceptError, "no concept 'mamal' .*'mammal'", "mamal"),
        ("SELECT ?x { ?x r:is_a c:felis.c.01 }", UnknownConceptError, "no concept 'felis.c.01'", "felis.c.01"),
        ("SELECT ?x { ?x r:isa c:mammal }", UnknownRelationError, "nearest: 'is_a'", "isa"),
        ("SELECT ?x { ?x r:part_of c:bat }", UnknownRelationError, r"nearest: '\^r:has_part'", "part_of"),
        ("SELECT ?x {\n  ?x r:is_a }", InputFormatError, "near line 2, column 1[2-4]", ""),
        ("SELECT ?x { ?x rdf:is.a.b c:a%2Eb c:bat }", UnknownConceptError, "no concept 'a.b'", "a%2Eb"),
        ("SELECT ?x { ?x skos:a.b.c ?y ?z }", InputFormatError, "near line 1, column 3[0-4]", ""),
        ("SELECT ?x { ?x nope:is_a ?y }", InputFormatError, "cannot read the query", ""),
    ],
)
def test_an_error_marks_its_place(toy_graph, query, error, said, marked):
    with pytest.raises(error, match=said) as caught:
        sparql(toy_graph, query)
    shown, caret = str(caught.value).split("\n")[-2:]
    assert shown[caret.index("^") :].startswith(marked)


def test_names_without_prefixes_are_told_how_they_are_written(toy_graph):
    with pytest.raises(InputFormatError, match=r"have prefixes, as in \?x r:is_a c:dog\.n\.01"):
        sparql(toy_graph, "SELECT ?x { ?x is_a mammal }")


def test_new_names_may_be_made_by_construct_and_as_iris(toy_graph):
    assert rows(toy_graph, "CONSTRUCT { c:new r:newer ?x } WHERE { c:bat r:is_a ?x }") == [("new", "newer", "mammal")]
    assert checked("SELECT ?x { ?x <urn:kgzsl:relation:new> ?y }").names == ()


def test_match_and_sparql_agree_on_what_both_can_say(toy_graph):
    ours = toy_graph.match("?x is_a+ animal . ?x has_part ?y . ?x != bird")
    theirs = sparql(toy_graph, "SELECT ?x ?y { ?x r:is_a+ c:animal ; r:has_part ?y FILTER(?x != c:bird) }")
    assert ours == theirs
