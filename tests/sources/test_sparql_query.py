"""Nothing but checked IRIs and numbers enters a query; row F1 of the reliability table."""

import doctest

import pyoxigraph as ox
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rdflib.plugins.sparql.algebra import translateQuery
from rdflib.plugins.sparql.parser import parseQuery

from kgzsl.errors import InputFormatError, UnsafeInputError
from kgzsl.sources import sparql_query
from kgzsl.sources.rdf_mapping import RdfMapping
from kgzsl.sources.sparql import read_sparql
from kgzsl.sources.sparql_query import Predicates, Triples, checked_iri, checked_language, exists, is_iri

HOSTILE = [
    'http://x.org/a"> } DROP ALL #',
    "http://x.org/a> } ; DROP ALL ; SELECT * { <http://x.org/a",
    "http://x.org/a b",
    "http://x.org/a\n",
    "http://x.org/a\\u003e",
    "http://x.org/{a}",
    "http://x.org/a|b^c`d",
    "http://x.org/\x00",
    "http://x.org/\x85",
    "http://x.org/\ud800",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_a_text_that_could_leave_its_place_is_refused_and_nothing_is_asked(text):
    for option in ({"around": text}, {"around": "http://x.org/a", "relations": [text]}):
        with pytest.raises(UnsafeInputError, match="which no IRI has"):
            read_sparql("http://127.0.0.1:1/", **option)
    with pytest.raises(UnsafeInputError, match="which no IRI has"):
        read_sparql("http://127.0.0.1:1/", around="http://x.org/a", graphs=[text])
    with pytest.raises((UnsafeInputError, InputFormatError)):
        read_sparql("http://127.0.0.1:1/", around="x:a", prefixes={"x": text})
    for terms in ({"labels": (text,)}, {"relations": {text: "is_a"}}, {"languages": (text,)}):
        with pytest.raises((UnsafeInputError, InputFormatError)):
            read_sparql("http://127.0.0.1:1/", around="http://x.org/a", relations="is_a", mapping=RdfMapping(**terms))
    with pytest.raises(InputFormatError, match="no language tag"):
        read_sparql("http://127.0.0.1:1/", around="http://x.org/a", language=text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a",
        "/a/b",
        "x.org/a",
        "#a",
        "http:",
        "9a:b",
        "http://x.org/" + "a" * 4096,
        "http://x/%",
        "x:a#b#c",
        "http://[::/",
        None,
        7,
    ],
)
def test_what_is_no_absolute_iri_is_said_to_be_none(text):
    with pytest.raises(InputFormatError, match=r"absolute IRI|an IRI is a string"):
        checked_iri(text)


@pytest.mark.parametrize(
    "text", ["http://x.org/it's(1)?a=b&c#d", "urn:uuid:1", "tag:a,2020:b", "http://x.org/é/日本", "x:%7B"]
)
def test_iris_of_every_scheme_and_script_pass(text):
    assert checked_iri(text) == text


def test_a_language_is_a_tag():
    assert [checked_language(tag) for tag in ("en", "pt-BR", "zh-Hant-TW")] == ["en", "pt-br", "zh-hant-tw"]
    for tag in ("", "e n", 'en" || true', "en-", "*", "abcdefghi"):
        with pytest.raises(InputFormatError):
            checked_language(tag)


LETTERS = st.characters(codec="utf-8", categories=["L", "N"]) | st.sampled_from("'?$&();.:@-%")
IRIS = st.text(LETTERS, min_size=1, max_size=9).map("http://x.org/".__add__).filter(is_iri)
QUESTIONS = st.builds(
    Triples,
    st.sampled_from(["s", "o"]),
    st.lists(IRIS, min_size=1, max_size=3).map(tuple),
    st.none() | st.lists(IRIS, min_size=1, max_size=2).map(tuple).map(Predicates),
    axioms=st.booleans(),
)


@settings(max_examples=20, deadline=None)
@given(QUESTIONS, st.tuples(*[IRIS] * 3))
def test_whatever_passes_stays_a_value_for_every_engine(question, after):
    store = ox.Store()
    queries = [
        question.page(5, offset=7),
        question.page(5, after=after),
        question.census(),
        exists(question.iris),
        Triples("s", question.iris, question.predicates, text=True, languages=("en", "")).page(3),
    ]
    for query in queries:
        list(store.query(query))
    prologue, select = parseQuery(queries[0])
    assert not prologue
    if not question.axioms:
        (listed,) = [part for part in select.where.part if part.name == "InlineData"]
        assert [str(iri) for iri in listed.value] == list(question.iris)
    if question.predicates:
        assert f"IN ({', '.join(f'<{iri}>' for iri in question.predicates.iris)})" in queries[0]
    translateQuery(parseQuery(queries[1]))


def test_the_ends_of_iris_are_words():
    assert Predicates((), ("part_of", "part-of")).filter() == ' FILTER(REGEX(STR(?p), "[#/:](part_of|part-of)$"))'
    for name in ('"', ".*", "a|b", "a)", "", "a\\b"):
        with pytest.raises(UnsafeInputError):
            Predicates((), (name,)).filter()


def test_the_example_in_the_docstring_runs():
    assert doctest.testmod(sparql_query).failed == 0
