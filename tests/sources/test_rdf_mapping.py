"""The mapping as a value, and the names it gives."""

import copy
import doctest
from importlib import import_module

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kgzsl.errors import InputFormatError, UnknownNameError
from kgzsl.graph.relation import SHARED_RELATIONS
from kgzsl.sources.rdf import read_rdf
from kgzsl.sources.rdf_mapping import RdfMapping
from kgzsl.sources.rdf_names import ids_of, own_name, own_prefixes
from kgzsl.sources.rdf_terms import escaped, iri_term, literal_term, unescaped
from kgzsl.sources.reading import read
from kgzsl.sources.terms import contracted

MODULES = (
    "rdf", "rdf_content", "rdf_edges", "rdf_formats", "rdf_graph", "rdf_jsonld", "rdf_kinds", "rdf_mapping",
    "rdf_names", "rdf_owl", "rdf_parsing", "rdf_repair", "rdf_roles", "rdf_safety", "rdf_sorting", "rdf_terms",
    "rdf_texts",
)  # fmt: skip


@pytest.mark.parametrize("module", MODULES)
def test_examples_in_docstrings_are_what_was_seen(module):
    assert doctest.testmod(import_module(f"kgzsl.sources.{module}")).failed == 0


def test_a_mapping_prints_every_decision():
    text = str(RdfMapping(relations={"ex:eats": "^eats", "skos:related": ""}, languages=("de",)))
    assert "\n  labels: rdfs:label, skos:prefLabel" in text
    assert "\n    ^eats: ex:eats" in text
    assert "\n    (left out): skos:related" in text
    assert "\n    is_a: rdfs:subClassOf" in text
    assert "\n  languages: 'de'\n" in text
    assert "\n  individuals: yes\n  deprecated: no\n" in text


def test_a_mapping_is_a_value():
    mapping = RdfMapping(relations={"ex:eats": "eats"}, prefixes={"ex": "http://example.org/"})
    assert (
        copy.deepcopy(mapping)
        == mapping
        == RdfMapping(relations={"ex:eats": "eats"}, prefixes={"ex": "http://example.org/"})
    )
    assert hash(copy.copy(mapping)) == hash(mapping)
    assert mapping != RdfMapping()
    with pytest.raises(TypeError):
        mapping.relations["ex:eats"] = "is_a"


def test_a_property_under_another_name_is_read_aloud_by_its_label(tmp_path):
    path = tmp_path / "zoo.ttl"
    path.write_text(
        "@prefix ex: <http://example.org/> . @prefix owl: <http://www.w3.org/2002/07/owl#> ."
        "@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> ."
        'ex:livesIn a owl:ObjectProperty ; rdfs:label "lives in" .'
        'ex:eatenBy a owl:ObjectProperty ; rdfs:label "is eaten by" .'
        'ex:kindOf a owl:ObjectProperty ; rdfs:label "is some" .'
        "ex:zebra ex:livesIn ex:savanna ; ex:kindOf ex:equine . ex:grass ex:eatenBy ex:zebra ."
    )
    rules = {"ex:livesIn": "has_habitat", "ex:eatenBy": "^eats", "ex:kindOf": "is_a"}
    zoo = read_rdf(path, mapping=RdfMapping(relations=rules, prefixes={"ex": "http://example.org/"}))
    verbs = {name: relation.verb for name, relation in zoo.relations.items()}
    assert verbs == {"eats": "eats", "has_habitat": "lives in", "is_a": "is a kind of"}
    assert zoo.report["relations_without_rule"] == 0


_ZOO = """
@prefix ex: <http://example.org/> . @prefix owl: <http://www.w3.org/2002/07/owl#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> . @prefix skos: <http://www.w3.org/2004/02/skos/core#> .
ex:livesIn a owl:ObjectProperty ; rdfs:label "dwells in" ; owl:inverseOf ex:homeOf .
ex:unused a owl:ObjectProperty .
ex:zebra rdfs:subClassOf ex:equine ; ex:livesIn ex:savanna ; ex:height 3 ; skos:note "x" ; skos:related ex:horse .
ex:grass ex:eatenBy ex:zebra .
"""


def _kinds(graph):
    return {name: relation.kind for name, relation in graph.relations.items() if name not in SHARED_RELATIONS}


@pytest.mark.parametrize("term", ["ex:livesIn", "http://example.org/livesIn", "livesIn", "ex:homeOf"])
def test_a_property_gets_the_kind_that_the_mapping_says(term):
    zoo = read_rdf(text=_ZOO, mapping=RdfMapping(kinds={term: "attribute", "ex:unused": "part"}))
    assert _kinds(zoo) == {"ex:eatenBy": "association", "ex:livesIn": "attribute"}
    assert zoo.relations["ex:livesIn"].verb == "dwells in"
    assert zoo.relations["is_a"] == SHARED_RELATIONS["is_a"]


@pytest.mark.parametrize("term", ["ex:eatenBy", "eats"])
def test_a_renamed_property_gets_its_kind_by_either_name(term):
    zoo = read_rdf(text=_ZOO, mapping=RdfMapping(relations={"ex:eatenBy": "^eats"}, kinds={term: "causal"}))
    assert _kinds(zoo) == {"eats": "causal", "ex:livesIn": "association"}


def test_a_kind_is_kept_when_a_graph_is_written_and_read(tmp_path):
    zoo = read_rdf(text=_ZOO, mapping=RdfMapping(kinds={"ex:livesIn": "attribute"}))
    for suffix in ("ttl", "json"):
        zoo.write(tmp_path / f"zoo.{suffix}")
        assert read(tmp_path / f"zoo.{suffix}").relations == zoo.relations


def test_a_mapping_prints_the_kinds_it_gives():
    mapping = RdfMapping(kinds={"ex:livesIn": "attribute", "ex:eats": "attribute"})
    assert "\n  kinds\n    attribute: ex:livesIn, ex:eats\n" in str(mapping)
    assert repr(mapping) == "RdfMapping(kinds={'ex:livesIn': 'attribute', 'ex:eats': 'attribute'})"


@pytest.mark.parametrize(
    ("kinds", "error", "message"),
    [
        (
            {"ex:liveIn": "part"},
            UnknownNameError,
            "no property with edges is called 'ex:liveIn'; nearest: 'ex:livesIn'",
        ),
        ({"livein": "part"}, UnknownNameError, "nearest: 'ex:livesIn'"),
        ({"ex:height": "part"}, UnknownNameError, "no property with edges is called 'ex:height'"),
        ({"skos:note": "part"}, InputFormatError, "that property is ignored; give it a name with relations="),
        ({"rdfs:label": "part"}, InputFormatError, "read as label"),
        ({"rdfs:subClassOf": "part"}, InputFormatError, "becomes is_a, which every graph has as taxonomic"),
        ({"ex:livesIn": "part", "livesIn": "causal"}, InputFormatError, "both part .* and causal"),
    ],
)
def test_a_kind_for_what_is_no_relation_of_the_document_is_refused(kinds, error, message):
    with pytest.raises(error, match=message):
        read_rdf(text=_ZOO + 'ex:zebra rdfs:label "zebra" .', mapping=RdfMapping(kinds=kinds))


def test_a_kind_that_is_none_is_refused_with_the_nearest():
    with pytest.raises(UnknownNameError, match="no kind of relation is called 'atribute'; nearest: 'attribute'"):
        RdfMapping(kinds={"ex:livesIn": "atribute"})


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"labels": "rdfs:label"}, "labels is a tuple of strings"),
        ({"languages": (3,)}, "languages is a tuple"),
        ({"relations": {"ex:p": 3}}, "names a relation"),
        ({"relations": {"ex:p": "^"}}, "names a relation"),
    ],
)
def test_a_mapping_is_checked(wrong, message):
    with pytest.raises(InputFormatError, match=message):
        RdfMapping(**wrong)


def test_a_property_may_be_written_by_any_prefix_or_in_full():
    mapping = RdfMapping(prefixes={"own": "http://own/"})
    declared = {"doc": "http://doc/"}
    for written, iri in (
        ("rdfs:label", "http://www.w3.org/2000/01/rdf-schema#label"),
        ("own:p", "http://own/p"),
        ("doc:p", "http://doc/p"),
        ("http://doc/p", "http://doc/p"),
        ("dcterms:", "http://purl.org/dc/terms/"),
    ):
        assert mapping.iri(written, declared) == iri


_IRIS = st.lists(
    st.sampled_from(
        [
            "http://x/a", "http://x/ab/c", "http://x/ab/", "http://x/", "urn:x", "http://y#z+(b", "http://www.w3.org/2002/07/owl#",
            "http://www.w3.org/2002/07/owl#Thing", "http://purl.obolibrary.org/obo/GO_1", "http://purl.obolibrary.org/obo/x",
        ]
    ),
    max_size=6,
)  # fmt: skip
_PREFIXES = st.dictionaries(
    st.sampled_from(["", "a", "OWL", "ns1", "ns2", "b"]),
    st.sampled_from(["http://x/", "http://x/a", "http://x/ab/", "http://y#z+(", "http://purl.obolibrary.org/obo/", ""]),
)


@settings(max_examples=60, deadline=None)
@given(_IRIS, _PREFIXES)
def test_ids_in_columns_are_those_of_the_shared_rule(iris, declared):
    mapping = RdfMapping()
    prefixes = own_prefixes(declared, mapping)
    # of two prefixes for one namespace, the last by name stands
    unique = {space: name for name, space in prefixes.items()}
    given_prefixes = {name: space for space, name in unique.items()}
    ids = ids_of(pl.Series(iris, dtype=pl.String), prefixes, mapping).to_list()
    plain = [iri if not iri.endswith("GO_1") else "GO:1" for iri in iris]
    assert ids == [id_ if id_ == "GO:1" else contracted(id_, given_prefixes) for id_ in plain]
    assert ids == [own_name(iri, given_prefixes, mapping) for iri in iris]


@settings(max_examples=60, deadline=None)
@given(st.text())
def test_a_literal_is_spelled_and_meant_alike(text):
    spelled = escaped(text)
    assert "\n" not in spelled
    assert unescaped(spelled) == "".join("\ufffd" if "\ud800" <= mark <= "\udfff" else mark for mark in text)


def test_terms_are_spelled_as_in_n_triples():
    assert iri_term("http://x/a b<") == "<http://x/a%20b%3C>"
    assert literal_term('a"\n', language="EN") == '"a\\"\\n"@en'
    assert literal_term("a", language="12") == '"a"'
    assert literal_term("1", datatype="http://x/t") == '"1"^^<http://x/t>'
