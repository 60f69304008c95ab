"""Neighbourhoods out of a real SPARQL engine, over real HTTP."""

import base64
from urllib.parse import parse_qs

import polars as pl
import pyoxigraph as ox
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kgzsl.errors import InputFormatError, LimitExceededError, UnknownConceptError
from kgzsl.graph.knowledge_graph import KnowledgeGraph
from kgzsl.sources.rdf import RdfMapping, read_rdf
from kgzsl.sources.sparql import read_sparql
from tests.sources.loopback import LoopbackServer
from tests.sources.sparql_server import SPACES, answer, query_of, sparql_server, store_of

PREFIXES = {"x": "http://x.org/"}
COUNTED = (
    "kept_declarations", "kept_edges", "kept_names", "kept_relation_facts", "literals", "merged_met_again", "requests",
    "rows_read", "rows_received", "skipped_about_documents", "skipped_blank_node", "skipped_other_language",
    "skipped_outside", "truncated",
)  # fmt: skip
PETS = """
:eats rdfs:label "feeds on"@en .
:cat rdfs:subClassOf :mammal ; rdfs:label "cat"@en, "Katze"@de, "kitty"@en-GB ; skos:altLabel "Felis"@la, "puss" ;
     rdfs:comment "it purrs"@en, "sie schnurrt"@de ; :eats :mouse ; :weighs 4 ; a owl:Class .
:mouse rdfs:subClassOf :mammal ; rdfs:label "Maus"@de, "souris"@fr ; skos:related :cat .
:mammal rdfs:subClassOf :animal, [ a owl:Restriction ; owl:onProperty :drinks ; owl:someValuesFrom :milk ] .
:tom a :cat, owl:NamedIndividual ; rdfs:seeAlso <http://tom.org/> .
:animal skos:narrower :mammal, :bird ; skos:inScheme :zoology .
:bird rdfs:label "bird" ; owl:disjointWith :mammal .
"""


@pytest.fixture(scope="module")
def pets():
    with sparql_server(store_of(PETS)) as server:
        yield server


def read(server, around="x:cat", **options):
    return read_sparql(server.url("/query"), around=around, prefixes=PREFIXES, **options)


def triples(graph):
    return graph.edges_table.select("head", "relation", "tail").rows()


def test_one_hop_with_every_row_accounted_for(pets):
    before = len(pets.asked)
    graph = read(pets, hops=1)
    assert triples(graph) == [
        ("x:cat", "is_a", "x:mammal"),
        ("x:cat", "x:eats", "x:mouse"),
        ("x:mouse", "is_a", "x:mammal"),
        ("x:mouse", "related_to", "x:cat"),
        ("x:tom", "instance_of", "x:cat"),
    ]
    cat = graph.concept("http://x.org/cat")
    assert (cat.id, cat.label, cat.aliases, cat.definition) == ("x:cat", "cat", ("kitty", "puss"), "it purrs")
    assert cat.source == pets.url("/query")
    assert graph.concept("x:mouse").label == "Maus"  # neither in English nor without a language
    assert graph.concept("x:tom").label == "x:tom"
    assert graph.name == "127.0.0.1"
    assert graph.relations["x:eats"].verb == "feeds on"
    assert {key: graph.report[key] for key in COUNTED} == {
        "kept_declarations": 2,  # cat is a class, tom an individual
        "kept_edges": 5,
        "kept_names": 5,  # cat, kitty, puss, it purrs; Maus
        "kept_relation_facts": 1,
        "literals": 10,
        "merged_met_again": 2,
        "requests": len(pets.asked) - before,
        "rows_read": 20,
        "rows_received": 20,
        "skipped_about_documents": 1,
        "skipped_blank_node": 1,
        "skipped_other_language": 1,  # souris
        "skipped_outside": 2,  # mammal is an animal, and drinks milk by a restriction
        "truncated": 0,
    }


def test_hops_and_relations(pets):
    assert triples(read(pets, hops=0)) == []
    assert triples(read(pets, ["x:cat", "x:mammal"], hops=0)) == [("x:cat", "is_a", "x:mammal")]
    taxonomy = read(pets, hops=3, relations="is_a")
    assert triples(taxonomy) == [
        ("x:bird", "is_a", "x:animal"),
        ("x:cat", "is_a", "x:mammal"),
        ("x:mammal", "is_a", "x:animal"),
        ("x:mouse", "is_a", "x:mammal"),
    ]
    assert read(pets, hops=1, relations="taxonomic").report["skipped_outside"] == 1
    assert triples(read(pets, hops=1, relations=["taxonomic", "x:eats"])) == [
        ("x:cat", "is_a", "x:mammal"),
        ("x:cat", "x:eats", "x:mouse"),
        ("x:mouse", "is_a", "x:mammal"),
        ("x:tom", "instance_of", "x:cat"),
    ]


@pytest.mark.parametrize("kinds", [{"x:eats": "attribute"}, {"eats": "attribute", "x:never": "part", "never": "part"}])
def test_relations_may_be_asked_for_by_the_kind_that_a_mapping_gives(pets, kinds):
    graph = read(pets, hops=1, relations="attribute", mapping=RdfMapping(kinds=kinds))
    assert triples(graph) == [("x:cat", "x:eats", "x:mouse")]
    assert graph.relations["x:eats"].kind == "attribute"


def test_language_is_chosen(pets):
    cat = read(pets, hops=0, language="de").concept("x:cat")
    assert (cat.label, cat.definition) == ("Katze", "sie schnurrt")


def test_what_is_asked_wrongly_is_said(pets):
    before = len(pets.asked)
    with pytest.raises(InputFormatError, match="around= is empty"):
        read(pets, [])
    with pytest.raises(InputFormatError, match="relations= is empty"):
        read(pets, relations=[])
    with pytest.raises(InputFormatError, match="hops counts edges from 0"):
        read(pets, hops=-1)
    for kind in ("association", "annotation"):
        with pytest.raises(InputFormatError, match=f"'{kind}' stands for no list"):
            read(pets, relations=["is_a", kind])
    with pytest.raises(InputFormatError, match="counted from 1"):
        read(pets, page_size=0)
    assert len(pets.asked) == before


def test_an_iri_the_endpoint_does_not_know_is_an_error(pets):
    with pytest.raises(UnknownConceptError, match=r"says nothing of 'http://x.org/dog'.*graphs=") as caught:
        read(pets, ["x:cat", "x:dog"])
    assert caught.value.id == "http://x.org/dog"


def test_more_edges_than_allowed_are_refused_before_they_travel(pets):
    before = len(pets.asked)
    with pytest.raises(LimitExceededError) as caught:
        read(pets, hops=3, max_edges=2)
    assert (caught.value.limit, caught.value.found) == ("max_edges", "at least 3")
    assert str(caught.value).endswith("or give max_edges=")
    assert not any("LIMIT 5000" in query_of(asked) for asked in pets.asked[before:])


def test_named_graphs_are_read_when_named():
    store = store_of("")
    for place, name in enumerate(["http://g/1", "http://g/2"]):
        end = ox.NamedNode(f"http://x.org/b{place}")
        store.add(ox.Quad(ox.NamedNode("http://x.org/a"), ox.NamedNode("http://x.org/p"), end, ox.NamedNode(name)))
    with sparql_server(store) as server:
        with pytest.raises(UnknownConceptError):
            read(server, "x:a")
        assert triples(read(server, "x:a", graphs=["http://g/2"])) == [("x:a", "x:p", "x:b1")]
        assert len(triples(read(server, "x:a", graphs=["http://g/1", "http://g/2"]))) == 2


def test_credentials_are_sent_and_not_shown(pets):
    before = len(pets.asked)
    read(pets, hops=0, auth=("ann", "s3:cr@t"))
    sent = {asked.headers.get("Authorization") for asked in pets.asked[before:]}
    assert sent == {"Basic " + base64.b64encode(b"ann:s3:cr@t").decode()}
    with pytest.raises(LimitExceededError) as caught:
        read(pets, hops=1, auth=("ann", "s3:cr@t"), max_edges=1)
    assert "***@127.0.0.1" in str(caught.value)
    assert "ann" not in str(caught.value)


NODES = st.sampled_from("abcdefghij")
PREDICATES = {
    "http://x.org/p": ("x:p", False),
    "http://x.org/Q": ("x:Q", False),
    "http://www.w3.org/2000/01/rdf-schema#subClassOf": ("is_a", False),
    "http://www.w3.org/2004/02/skos/core#narrower": ("is_a", True),
}
GRAPHS = st.lists(st.tuples(NODES, st.sampled_from(sorted(PREDICATES)), NODES), min_size=1, max_size=18, unique=True)


def local_graph(statements):
    """The same statements as a graph of ours, without any of the code under test."""
    edges = set()
    for s, p, o in statements:
        relation, is_reverse = PREDICATES[p]
        head, tail = (o, s) if is_reverse else (s, o)
        if head != tail:
            edges.add((f"x:{head}", relation, f"x:{tail}"))
    ids = sorted({f"x:{end}" for s, _, o in statements for end in (s, o)})
    table = pl.DataFrame(sorted(edges), schema=dict.fromkeys(["head", "relation", "tail"], pl.String), orient="row")
    return KnowledgeGraph.from_tables(pl.DataFrame({"id": ids}), table)


def store_from(statements):
    store = ox.Store()
    for s, p, o in statements:
        store.add(ox.Quad(ox.NamedNode(f"http://x.org/{s}"), ox.NamedNode(p), ox.NamedNode(f"http://x.org/{o}")))
    return store


def test_the_neighbourhood_is_the_one_of_the_whole_graph_however_the_pages_are_cut():
    served = {}
    with LoopbackServer(lambda asked: answer(served["store"], asked, row_limit=served["row_limit"])) as server:

        @settings(max_examples=20, deadline=None)
        @given(GRAPHS, st.integers(0, 3), st.integers(1, 6), st.none() | st.integers(1, 4), st.data())
        def agree(statements, hops, page_size, row_limit, data):
            nodes = sorted({end for s, _, o in statements for end in (s, o)})
            around = data.draw(st.lists(st.sampled_from(nodes), min_size=1, max_size=2, unique=True))
            ids = [f"x:{node}" for node in around]
            served.update(store=store_from(statements), row_limit=row_limit)
            read_graph = read(server, ids, hops=hops, page_size=page_size)
            expected = local_graph(statements).neighborhood(ids, hops=hops)
            assert read_graph.ids == expected.ids
            assert triples(read_graph) == triples(expected)
            accounted = ("kept_", "merged_", "skipped_")
            rows = sum(number for key, number in read_graph.report.items() if key.startswith(accounted))
            assert rows == read_graph.report["rows_read"] == read_graph.report["rows_received"]
            assert read_graph.report["truncated"] == 0

        agree()


ONTOLOGY = """
:hand rdfs:subClassOf :limb, [ a owl:Restriction ; owl:onProperty :partOf ; owl:someValuesFrom :body ] ; a owl:Class .
:limb a owl:Class ; rdfs:label "limb"@en, "Glied"@de ; skos:definition "what moves"@en ; rdfs:isDefinedBy :anatomy .
:thumb owl:equivalentClass [ a owl:Class ; owl:intersectionOf (
    :finger [ owl:onProperty :attachedTo ; owl:hasValue :hand ] [ owl:intersectionOf (
        :short [ owl:onProperty :partOf ; owl:someValuesFrom :hand ] ) ] ) ] .
:finger owl:disjointWith :toe ; rdfs:subClassOf [ owl:onProperty :partOf ; owl:allValuesFrom :hand ] .
:digit owl:equivalentClass [ owl:unionOf ( :finger :toe ) ] .
:old a owl:Class ; owl:deprecated true ; rdfs:subClassOf :limb .
:attachedTo a owl:ObjectProperty ; rdfs:label "is attached to"@en .
:touches a owl:SymmetricProperty, owl:ObjectProperty . :hand :touches :body . :body :touches :hand .
:holds a owl:ObjectProperty ; owl:inverseOf :heldBy . :heldBy a owl:ObjectProperty .
:hand :holds :tool . :cup :heldBy :hand . :hand :holds :cup .
:myHand a :hand, owl:NamedIndividual ; skos:altLabel "mine" .
:anatomy a owl:Ontology .
"""


def test_an_ontology_means_the_same_as_in_a_file():
    prefixes = "@prefix x: <http://x.org/> . @prefix : <http://x.org/> ."
    head = "".join(f"@prefix {name}: <{space}> .\n" for name, space in SPACES.items() if name)
    whole = read_rdf(text=prefixes + head + ONTOLOGY, format="turtle")
    with sparql_server(store_of(ONTOLOGY)) as server:
        graph = read(server, "x:hand", hops=5, page_size=3)
        assert graph.fingerprint == whole.fingerprint
        part = read(server, "x:thumb", hops=1, page_size=2)
        assert triples(part) == triples(whole.neighborhood("x:thumb", hops=1))
        assert ("x:hand", "has_part", "x:thumb") in triples(part)
        assert triples(read(server, "x:thumb", relations="has_part")) == [("x:hand", "has_part", "x:thumb")]
        assert triples(read(server, "x:thumb", hops=1, mapping=RdfMapping(axioms=False))) == []
        with pytest.raises(UnknownConceptError, match="the mapping leaves it out"):
            read(server, "x:old")
        assert "x:old" in read(server, "x:old", mapping=RdfMapping(deprecated=True))
        with pytest.raises(InputFormatError, match="language of ontologies"):
            read(server, "owl:Class")


def test_what_is_asked_for_by_name_is_read_whatever_its_use():
    with sparql_server(store_of(":a skos:inScheme :zoo ; :p :b .")) as server:
        assert triples(read(server, "x:a")) == [("x:a", "x:p", "x:b")]
        assert triples(read(server, "x:a", relations=["skos:inScheme"])) == [("x:a", "skos:inScheme", "x:zoo")]


def test_questions_are_asked_by_post_in_batches():
    statements = [("a", "http://x.org/p", f"b{place:03d}") for place in range(250)]
    with sparql_server(store_from(statements)) as server:
        graph = read(server, "x:a", hops=1)
        assert len(graph) == 251
        assert {asked.method for asked in server.asked} == {"POST"}
        last_ring = [query for asked in server.asked if (query := query_of(asked)).count("<http://x.org/b") > 1]
        assert max(query.count("<http://x.org/b") for query in last_ring) == 100
        assert parse_qs(server.asked[0].body.decode()).keys() == {"query"}
