"""What a query over local data may not do; row F2 of the reliability table."""

import contextlib
import doctest
import sys
import warnings

import pyoxigraph as ox
import pytest
import rdflib
from hypothesis import given, settings
from hypothesis import strategies as st

from kgzsl.errors import InputFormatError, LimitExceededError, UnsafeInputError
from kgzsl.sources import sparql_safety
from kgzsl.sources.limits import Limits
from kgzsl.sources.sparql_safety import refuse_federation
from tests.sources.loopback import Answer, LoopbackServer

REACHING_OUT = [
    "SELECT * WHERE { SERVICE <http://a/> { ?s ?p ?o } }",
    "SELECT * WHERE { SERVICE SILENT ?where { ?s ?p ?o } }",
    "PREFIX a: <http://a/> SELECT * WHERE { SERVICE a:b { ?s ?p ?o } }",
    "ASK { sErViCe<http://a/>{} }",
    "SELECT * { ?a ?b ?c FILTER EXISTS { OPTIONAL { SERVICE <http://a/> { ?s ?p ?o } } } }",
    "SELECT * { { SELECT * { ?s ?p ?o MINUS { SERVICE <http://a/> { ?s ?p ?o } } } } }",
    "SELECT * { BIND(EXISTS { SERVICE <http://a/> { ?s ?p ?o } } AS ?x) }",
    "SELECT * FROM <file:///etc/passwd> WHERE { ?s ?p ?o }",
    "SELECT * FROM NAMED <http://a/> WHERE { GRAPH ?g { ?s ?p ?o } }",
    "BASE <file:///etc/> SELECT * FROM <passwd> WHERE { ?s ?p ?o }",
    "CONSTRUCT { ?s ?p ?o } FROM <file:///a> WHERE { ?s ?p ?o }",
    "DESCRIBE <http://a/> FROM <http://b/>",
    "SELECT * # a comment\nFROM # <http://safe/>\n<http://a/> { ?s ?p ?o }",
    r"SELECT * { \u0053ERVICE <http://a/> { ?s ?p ?o } }",
    r'SELECT * { ?s ?p "\u0022 . SERVICE <http://a/> { ?s ?p "" } } # "',
    r"SELECT * { \SERVICE <http://a/> { ?s ?p ?o } }",
    "LOAD <file:///etc/passwd>",
    "LOAD SILENT <http://a/> INTO GRAPH <http://b/>",
    "INSERT DATA { <http://a/> <http://a/> <http://a/> }",
    "DELETE WHERE { ?s ?p ?o }",
    "CLEAR ALL",
    "SELECT * { ?s ?p ?o } ; DROP ALL",
    "WITH <http://a/> DELETE { ?s ?p ?o } INSERT { ?s ?p 1 } WHERE { ?s ?p ?o }",
]
STAYING = [
    "SELECT * WHERE { ?s ?p ?o }",
    "PREFIX from: <http://from/> SELECT ?service { ?service from:service $load ; from: from:load }",
    "SELECT * { ?s ?p 'SERVICE <http://a/> {}', \"\"\"FROM \"<b>\" LOAD\"\"\", '''it's \\' LOAD''' }",
    "SELECT * { ?s ?p 'from'@from-load }",
    "SELECT * { ?s ?p ?o } # SERVICE <http://a/> { }",
    "SELECT * { <http://x/#SERVICE> ?p _:from }",
    "SELECT * { ?s (<http://a/>|^<http://load/>)+/<http://b/>* ?o FILTER(?s<?o && ?o>?s) }",
    "ASK { ?s ?p 'caf\\u00e9' . VALUES ?s { <http://from/> } }",
    "SELECT (COUNT(*) AS ?n) { GRAPH ?from { ?s ?p ?o } } GROUP BY ?from HAVING(COUNT(*) > 1)",
]


@pytest.fixture
def opened():
    """What is opened or connected to during the test, by the interpreter's own account."""
    rdflib.Graph().query("ASK {}")  # the parser's modules are read from disk on first use
    events, is_on = [], [True]

    def hook(event, arguments):
        if is_on[0] and event in ("open", "socket.connect", "socket.getaddrinfo", "urllib.Request"):
            events.append((event, arguments[0]))

    sys.addaudithook(hook)
    yield events
    is_on[0] = False


@pytest.mark.parametrize("query", REACHING_OUT)
def test_a_query_that_reaches_out_is_refused_before_anything_is_opened(query, opened):
    with pytest.raises(UnsafeInputError):
        refuse_federation(query)
    assert opened == []


def test_what_two_readers_could_take_for_different_things_is_refused():
    with pytest.raises(UnsafeInputError, match="FROM stands 1 times in the query, and 0 clauses were understood"):
        refuse_federation("PREFIX ex: <http://ex/> SELECT * { ?s ex:a.from ?o }")
    with pytest.raises(UnsafeInputError, match=r"\\u0022 stands for a plain character"):
        refuse_federation(r'SELECT * { ?s ?p "\u0022" }')
    with pytest.raises(UnsafeInputError, match="a backslash outside of strings and names"):
        refuse_federation(r"SELECT * { ?s \u00e9 ?o }")


@pytest.mark.parametrize("query", STAYING)
def test_a_query_that_stays_passes_and_both_engines_read_it(query, opened):
    refuse_federation(query)
    ox.Store().query(query)
    rdflib.Graph().query(query)
    assert opened == []


def test_the_danger_is_real(tmp_path, opened):
    file = tmp_path / "secret.ttl"
    file.write_text("<http://a/> <http://a/> 'secret' .")
    query = f"SELECT * FROM <{file.as_uri()}> WHERE {{ ?s ?p ?o }}"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        rdflib.Dataset().query(query)
    assert ("open", str(file)) in opened
    with pytest.raises(UnsafeInputError):
        refuse_federation(query)


def test_an_address_that_is_allowed_passes_and_no_other():
    query = "SELECT * FROM <http://ours/> { SERVICE <http://theirs/> { ?s ?p ?o } }"
    refuse_federation(query, allowed=["http://ours/", "http://theirs/"])
    with pytest.raises(UnsafeInputError, match=r"FROM <http://ours/> .* pass allowed=\[iri\]"):
        refuse_federation(query, allowed=["http://theirs/"])
    with pytest.raises(UnsafeInputError, match="without a full IRI"):
        refuse_federation("SELECT * { SERVICE ?x { ?s ?p ?o } }", allowed=["x", "http://ours/"])
    with pytest.raises(UnsafeInputError, match="update"):
        refuse_federation("LOAD <http://ours/>", allowed=["http://ours/"])


@pytest.mark.parametrize("query", ["", "x", "SELECT", "SELECT * { ?s ?p }", "PREFIX", "{" * 90])
def test_what_is_no_query_is_said_to_be_none(query):
    with pytest.raises(InputFormatError, match="no SPARQL query"):
        refuse_federation(query)


def test_a_query_too_long_or_too_deep_is_refused():
    with pytest.raises(LimitExceededError) as deep:
        refuse_federation("ASK " + "{" * 300 + "}" * 300)
    assert (deep.value.limit, deep.value.allowed) == ("nesting", 200)
    with pytest.raises(LimitExceededError, match="nesting"):
        refuse_federation("ASK " + "{" * 199 + "}" * 199)  # deeper than the parser's own stack
    with pytest.raises(LimitExceededError) as long:
        refuse_federation("ASK {} #" + "x" * 100, limits=Limits(literal_bytes=50))
    assert long.value.limit == "literal_bytes"


PIECES = [
    "{", "}", "(", ")", ".", " ", "\n", "#", "'", '"', '"""', "\\", "<", ">", "?s ", ":a", "@en", "1 ", "x:", "_:b",
    "^", "SELECT * ", "FILTER", "SERVICE ", "SERVICE HERE{ ?s ?p ?o }", "HERE", "FROM HERE", "UNION", "&&", "\\u0027",
    "\\u003E",
]  # fmt: skip


def test_no_arrangement_of_pieces_that_passes_makes_an_engine_ask():
    store = ox.Store()
    store.add(ox.Quad(ox.NamedNode("http://a/"), ox.NamedNode("http://a/"), ox.Literal("a")))
    nothing = '{"head": {"vars": []}, "results": {"bindings": []}}'
    with LoopbackServer(lambda asked: Answer(nothing, content_type="application/sparql-results+json")) as server:
        here = f"<{server.url()}>"
        list(store.query(f"SELECT * {{ SERVICE {here} {{ ?s ?p ?o }} }}"))
        assert len(server.asked) == 1  # the danger is real

        @settings(max_examples=400, deadline=None)
        @given(st.lists(st.sampled_from(PIECES), max_size=10).map("".join))
        def judge(text):
            query = f"SELECT * {{ ?s ?p ?o {text} }}".replace("HERE", here)
            try:
                refuse_federation(query)
            except (UnsafeInputError, InputFormatError):
                return
            with contextlib.suppress(SyntaxError, ValueError, OSError):
                list(store.query(query))

        judge()
        assert len(server.asked) == 1


def test_the_example_in_the_docstring_runs():
    flags = doctest.NORMALIZE_WHITESPACE
    assert doctest.testmod(sparql_safety, optionflags=flags).failed == 0
