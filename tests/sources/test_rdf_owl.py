"""What OWL, RDFS, SKOS and OBO say, as edges and names; numbers in comments are rows of the reliability table."""

import warnings

import pytest

import kgzsl
from kgzsl.errors import AmbiguousLabelError, KgzslWarning, SourceError, UnknownConceptError, UnknownRelationError
from kgzsl.sources.limits import Limits
from kgzsl.sources.rdf import RdfMapping, read_rdf

PREFIXES = """
@prefix owl: <http://www.w3.org/2002/07/owl#> . @prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix skos: <http://www.w3.org/2004/02/skos/core#> . @prefix rdf: <http://www.w3.org/1999/02/22-rdf-syntax-ns#> .
@prefix obo: <http://purl.obolibrary.org/obo/> . @prefix oboInOwl: <http://www.geneontology.org/formats/oboInOwl#> .
@prefix x: <http://x/> .
"""


def read(text, **options):
    graph = read_rdf(text=PREFIXES + text, format="turtle", **options)
    report = graph.report
    kept = ("kept_", "merged_", "skipped_")
    assert report["rows_read"] == sum(number for key, number in report.items() if key.startswith(kept))
    assert len(graph.edges()) == report["kept_edges"] + report["edges_from_axioms"]
    return graph


def edges(text, **options):
    return [str(edge) for edge in read(text, **options).edges()]


def some(property_, filler):
    return f"[ a owl:Restriction ; owl:onProperty {property_} ; owl:someValuesFrom {filler} ]"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # E1
        (f"x:a rdfs:subClassOf {some('x:p', 'x:b')} .", ["x:a x:p x:b"]),
        ("x:a rdfs:subClassOf [ owl:onProperty x:p ; owl:hasValue x:b ] .", ["x:a x:p x:b"]),
        ("x:a a [ owl:onProperty x:p ; owl:hasValue x:b ] .", ["x:a x:p x:b"]),
        (f"x:a rdfs:subClassOf {some('x:part_of', 'x:b')} .", ["x:b has_part x:a"]),
        (f"x:a rdfs:subClassOf {some('[ owl:inverseOf x:p ]', 'x:b')} .", ["x:b x:p x:a"]),
        ("x:a rdfs:subClassOf [ owl:complementOf x:b ] .", ["x:a disjoint_with x:b"]),
        # E2
        (
            f"x:a owl:equivalentClass [ owl:intersectionOf ( x:g {some('x:p', 'x:b')} ) ] .",
            ["x:a is_a x:g", "x:a x:p x:b"],
        ),
        (f"x:a owl:intersectionOf ( x:g {some('x:p', 'x:b')} ) .", ["x:a is_a x:g", "x:a x:p x:b"]),
        ("x:a owl:equivalentClass [ owl:unionOf ( x:b x:c ) ] .", ["x:b is_a x:a", "x:c is_a x:a"]),
        ("x:a owl:disjointUnionOf ( x:b x:c ) .", ["x:b is_a x:a", "x:c is_a x:a"]),
        ("x:a owl:equivalentClass [ owl:oneOf ( x:b x:c ) ] .", ["x:b instance_of x:a", "x:c instance_of x:a"]),
        (
            f"x:a rdfs:subClassOf {some('x:p', '[ owl:intersectionOf ( x:b ' + some('x:q', 'x:c') + ' ) ]')} .",
            ["x:a x:p x:b"],
        ),
    ],
)
def test_a_class_expression_becomes_the_edges_that_follow_from_it(text, expected):
    graph = read(text)
    assert [str(edge) for edge in graph.edges()] == expected
    assert graph.report["kept_axioms"] == 1
    assert all(id_.startswith("x:") for id_ in graph.ids)
    # nothing is lost in silence where they are not wanted
    bare = read(text, mapping=RdfMapping(axioms=False))
    assert (bare.report["skipped_axiom"], bare.edges()) == (1, ())


@pytest.mark.parametrize(
    "text",
    [
        "x:a rdfs:subClassOf [ owl:onProperty x:p ; owl:allValuesFrom x:b ] .",
        "x:a rdfs:subClassOf [ owl:onProperty x:p ; owl:minCardinality 1 ] .",
        "x:a rdfs:subClassOf [ owl:unionOf ( x:b x:c ) ] .",
        f"x:a rdfs:subClassOf {some('x:p', '[ owl:unionOf ( x:b x:c ) ]')} .",
        f"x:a rdfs:subClassOf {some('x:p', 'owl:Thing')} .",
        "x:a rdfs:subClassOf _:n . _:n owl:intersectionOf _:n .",
        "x:a owl:intersectionOf _:l . _:l rdf:first _:l ; rdf:rest _:l .",
    ],
)
def test_an_expression_that_says_nothing_of_two_named_things_is_counted(text):
    graph = read(text)
    assert graph.edges() == ()
    assert graph.report["skipped_axiom"] + graph.report["kept_axioms"] == 1
    assert graph.ids == ("x:a",)


def test_expressions_within_expressions_end_at_a_bound():
    text = "x:a rdfs:subClassOf _:n0 . " + "".join(
        f"_:n{n} owl:intersectionOf ( _:n{n + 1} x:b{n} ) . " for n in range(50)
    )
    assert len(edges(text)) == 50
    assert len(edges(text, limits=Limits(nesting=10))) == 10


def test_equivalence_is_an_edge_both_ways_and_not_a_taxonomy():
    # E3
    graph = read("x:a owl:equivalentClass x:b . x:b owl:equivalentClass x:c . x:c owl:equivalentClass x:a .")
    assert [str(edge) for edge in graph.edges()] == ["x:a same_as x:b", "x:b same_as x:c", "x:c same_as x:a"]
    assert graph.relations["same_as"].kind == "equivalence"
    assert graph.ancestors("x:a") == ()
    assert graph.report["taxonomic_cycles"] == 0


def test_cycles_are_counted_and_end():
    # E4
    text = "x:a rdfs:subClassOf x:b . x:b rdfs:subClassOf x:c . x:c rdfs:subClassOf x:a . x:d rdfs:subClassOf x:d ."
    graph = read(text)
    assert (graph.report["taxonomic_cycles"], graph.report["skipped_self_loop"]) == (1, 1)
    assert sorted(graph.ancestors("x:a")) == ["x:b", "x:c"]
    assert "x:d" in graph


def test_a_class_that_is_an_individual_too_is_one_concept():
    # E5
    graph = read("x:eagle a owl:Class, owl:NamedIndividual, x:species . x:species a owl:Class .")
    assert [str(edge) for edge in graph.edges()] == ["x:eagle instance_of x:species"]
    assert (len(graph), graph.report["punned"]) == (2, 1)


DEPRECATED = """
x:old a owl:Class ; owl:deprecated true ; rdfs:subClassOf x:top ; obo:IAO_0100001 x:older .
x:older owl:deprecated "true"^^<http://www.w3.org/2001/XMLSchema#boolean> ; obo:IAO_0100001 x:new .
x:part rdfs:subClassOf x:old . x:new a owl:Class ; rdfs:subClassOf x:top ; owl:deprecated false .
obo:GO_0000001 owl:deprecated true ; obo:IAO_0100001 "x:new" .
x:round owl:deprecated true ; obo:IAO_0100001 x:square . x:square owl:deprecated true ; obo:IAO_0100001 x:round .
"""


def test_deprecated_terms_are_left_out_and_lead_to_what_replaces_them():
    # E6
    graph = read(DEPRECATED)
    assert graph.ids == ("x:new", "x:part", "x:top")
    assert [str(edge) for edge in graph.edges()] == ["x:new is_a x:top"]
    for gone in (
        "x:old",
        "http://x/older",
        "GO:0000001",
        "obo:GO_0000001",
        "http://purl.obolibrary.org/obo/GO_0000001",
    ):
        assert graph.resolve(gone) == "x:new"
    assert (graph.report["deprecated"], graph.report["skipped_deprecated"], graph.report["kept_replacements"]) == (
        5,
        2,
        5,
    )
    kept = read(DEPRECATED, mapping=RdfMapping(deprecated=True))
    assert "x:old is_a x:top" in [str(edge) for edge in kept.edges()]


def test_a_concept_without_a_label_is_called_by_its_curie_or_the_end_of_its_iri():
    # E7
    graph = read("obo:GO_0008150 a owl:Class . x:a a owl:Class . <http://y.org/z#polar_bear%21> a owl:Class .")
    labels = {concept: graph.concept(concept).label for concept in graph}
    assert labels == {"GO:0008150": "GO:0008150", "x:a": "x:a", "http://y.org/z#polar_bear%21": "polar bear!"}
    assert graph.report["concepts_without_label"] == 3


EMPTY_PREFIX = {
    "zoo.ttl": """
        @prefix : <http://x.org/zoo#> .
        @prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
        :PolarBear rdfs:subClassOf :Bear ; :eats :Seal .
        <http://y.org/old/PolarBear> rdfs:subClassOf :Bear .
    """,
    "zoo.owl": """<?xml version="1.0"?>
        <rdf:RDF xmlns="http://x.org/zoo#" xmlns:rdfs="http://www.w3.org/2000/01/rdf-schema#"
                 xmlns:owl="http://www.w3.org/2002/07/owl#" xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
          <owl:Class rdf:about="http://x.org/zoo#PolarBear">
            <rdfs:subClassOf rdf:resource="http://x.org/zoo#Bear"/>
            <eats rdf:resource="http://x.org/zoo#Seal"/>
          </owl:Class>
          <owl:Class rdf:about="http://y.org/old/PolarBear"><rdfs:subClassOf rdf:resource="http://x.org/zoo#Bear"/></owl:Class>
        </rdf:RDF>
    """,
}
"""Turtle, and RDF/XML with OWL, whose only prefix of their own is the empty one; no label anywhere."""


@pytest.mark.parametrize("name", EMPTY_PREFIX)
def test_names_are_local_where_the_only_prefix_is_empty_and_ids_stay_whole(name, tmp_path):
    # E7
    file = tmp_path / name
    file.write_text(EMPTY_PREFIX[name], encoding="utf-8")
    graph = kgzsl.read(file)
    zoo, other = "http://x.org/zoo#", "http://y.org/old/PolarBear"
    assert {id_: graph.concept(id_).label for id_ in graph.ids} == {
        f"{zoo}Bear": "Bear", f"{zoo}PolarBear": "PolarBear", f"{zoo}Seal": "Seal", other: "PolarBear",
    }  # fmt: skip
    assert graph.resolve(":PolarBear") == f"{zoo}PolarBear"
    assert [concept.id for concept in graph.find("polarbear")] == [f"{zoo}PolarBear", other]
    assert str(graph.shortest_path(":PolarBear", ":Bear")) == "PolarBear is a kind of Bear"
    assert graph.relations[f"{zoo}eats"].verb == "eats"
    with pytest.raises(UnknownConceptError) as unknown:
        graph.resolve(":PolarBaer")
    assert unknown.value.nearest == (f"{zoo}PolarBear", other)
    with pytest.raises(UnknownRelationError) as missing:
        graph.edges(relation="eats")
    assert missing.value.nearest == (f"{zoo}eats",)


def test_one_label_of_two_concepts_is_ambiguous_and_two_of_one_are_a_choice():
    # E8
    graph = read('x:a rdfs:label "crane"@en, "crane" . x:b rdfs:label "crane"@en, "bird", "a bird"@en .')
    with pytest.raises(AmbiguousLabelError, match="'crane' names 2 concepts"):
        graph.find_one("crane")
    b = graph.concept("x:b")
    assert (b.label, list(b.aliases)) == ("a bird", ["bird", "crane"])


def test_skos_runs_upward_whichever_way_it_is_written():
    # E9
    text = """x:a a skos:Concept ; skos:broader x:b ; skos:inScheme x:s .
    x:b skos:narrower x:a, x:c ; skos:related x:e . x:s a skos:ConceptScheme ; rdfs:label "scheme" .
    x:c skos:exactMatch x:f ; skos:closeMatch x:g ; skos:broadMatch x:h ."""
    graph = read(text)
    assert [str(edge) for edge in graph.edges()] == [
        "x:a is_a x:b", "x:b related_to x:e", "x:c is_a x:b", "x:c is_a x:h", "x:c related_to x:g", "x:c same_as x:f",
    ]  # fmt: skip
    assert "x:s" not in graph
    assert graph.report["merged_duplicate"] == 1
    with pytest.warns(KgzslWarning, match="skipped_literal_for_concept"):
        assert edges('x:d skos:broader "text" .') == []


def test_imports_are_told_of_and_loaded_only_if_given(tmp_path):
    # E10
    (tmp_path / "b.ttl").write_text(PREFIXES + "x:i2 a owl:Ontology ; owl:imports x:i3 . x:b rdfs:subClassOf x:c .")
    text = "x:o a owl:Ontology ; owl:imports x:i2, <file:///etc/hostname> . x:a rdfs:subClassOf x:b ."
    with pytest.warns(KgzslWarning, match="2 imports_not_loaded .*file:///etc/hostname.*http://x/i3"):
        graph = read(text, imports={"http://x/i2": tmp_path / "b.ttl"})
    assert [str(edge) for edge in graph.edges()] == ["x:a is_a x:b", "x:b is_a x:c"]
    assert (graph.report["imports_loaded"], graph.report["imports_not_loaded"]) == (1, 2)
    with pytest.warns(KgzslWarning, match="imports_not_loaded"):
        assert read(text).report["imports_loaded"] == 0


def test_the_language_of_ontologies_is_no_concept():
    # E11
    text = """x:a rdfs:subClassOf owl:Thing, x:b ; a owl:Class, rdfs:Resource . owl:Thing rdfs:label "thing" .
    owl:Class rdfs:subClassOf rdfs:Class .
    x:p a owl:ObjectProperty ; rdfs:domain x:a ; rdfs:range x:b ; rdfs:subPropertyOf x:q .
    x:o a owl:Ontology ; rdfs:comment "about" ."""
    assert read(text).ids == ("x:a", "x:b")


def test_obo_ids_are_one_id_however_they_are_written():
    # E12
    text = """obo:GO_0008150 rdfs:subClassOf <GO:0003674> ;
    oboInOwl:hasAlternativeId "GO:0000004" ; oboInOwl:id "GO:0008150" .
    <https://purl.obolibrary.org/obo/GO_0008150> obo:IAO_0000115 "a process" ; rdfs:subClassOf obo:GO_0003674 ."""
    graph = read(text)
    assert graph.ids == ("GO:0003674", "GO:0008150")
    assert graph.concept("GO:0008150").definition == "a process"
    meant = ("obo:GO_0008150", "http://purl.obolibrary.org/obo/GO_0008150", "GO:0000004", "go:0008150")
    assert {graph.resolve(other) for other in meant} == {"GO:0008150"}
    assert graph.report["merged_duplicate"] == 1
    plain = read(text, mapping=RdfMapping(obo_ids=False))
    assert "obo:GO_0008150" in plain


def test_what_is_never_the_same_pulls_nothing_together(shared_data):
    # E13
    graph = read_rdf(shared_data("kzsl/KG-AwA.ttl"))
    never = graph.edges(relation="disjoint_with")
    assert len(never) == 1423
    assert graph.relations["disjoint_with"].kind == "negative"
    assert len(graph.edges(relation="same_as")) == 182
    chosen = never[0]
    path = graph.shortest_path(chosen.head, chosen.tail)
    assert "disjoint_with" not in {edge.relation for edge in path.edges}


INVERSE = "x:eats owl:inverseOf x:eatenBy ."
RESTRICTION = "[ a owl:Restriction ; owl:onProperty x:eats ; owl:someValuesFrom x:mouse ]"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"{INVERSE} x:cat x:eats x:mouse .", {"x:cat x:eats x:mouse"}),
        (f"{INVERSE} x:mouse x:eatenBy x:cat .", {"x:mouse x:eatenBy x:cat"}),
        (
            f"{INVERSE} x:cat x:eats x:mouse . x:rat x:eatenBy x:cat .",
            {"x:mouse x:eatenBy x:cat", "x:rat x:eatenBy x:cat"},
        ),
        (f"{INVERSE} x:cat rdfs:subClassOf {RESTRICTION} .", {"x:cat x:eats x:mouse"}),
        (
            "x:p owl:inverseOf x:a, x:q . x:cat x:p x:mouse . x:rat x:q x:cat .",
            {"x:cat x:p x:mouse", "x:cat x:p x:rat"},
        ),
    ],
    ids=["the later by name", "the earlier", "both", "in a restriction", "of several inverses"],
)  # fmt: skip
def test_of_two_inverse_properties_the_one_in_use_is_told(text, expected):
    assert set(edges(text)) == expected


def test_of_two_inverse_properties_one_tells_both():
    text = """x:eats owl:inverseOf x:eatenBy ; rdfs:label "eats"@en ; a owl:ObjectProperty .
    x:eatenBy rdfs:label "is eaten by" . x:cat x:eats x:mouse . x:mouse x:eatenBy x:cat, x:owl .
    x:partly owl:inverseOf x:hasPart . x:leg x:partly x:cat . x:near a owl:SymmetricProperty . x:cat x:near x:owl ."""
    graph = read(text)
    assert [str(edge) for edge in graph.edges()] == [
        "x:cat has_part x:leg", "x:cat x:near x:owl", "x:mouse x:eatenBy x:cat", "x:mouse x:eatenBy x:owl",
    ]  # fmt: skip
    relation = graph.relations["x:eatenBy"]
    assert (relation.inverse, relation.verb, relation.inverse_verb) == ("x:eats", "is eaten by", "eats")
    assert len(graph.edges(head="x:cat", relation="x:eats")) == 1
    assert graph.relations["x:near"].symmetric
    assert (graph.report["inverses_turned"], graph.report["merged_duplicate"]) == (2, 1)
    assert "x:cat x:eats x:mouse" in edges(text, mapping=RdfMapping(inverses=False))


def test_individuals_may_be_left_out():
    text = "x:a a x:C . x:b a owl:NamedIndividual ; x:p x:a . x:C a owl:Class ; rdfs:subClassOf x:D . x:p x:q x:C ."
    assert edges(text)[:3] == ["x:C is_a x:D", "x:a instance_of x:C", "x:b x:p x:a"]
    graph = read(text, mapping=RdfMapping(individuals=False))
    assert [str(edge) for edge in graph.edges()] == ["x:C is_a x:D", "x:p x:q x:C"]
    assert graph.report["individuals"] == 2
    assert graph.report["skipped_individual"] == 2


def test_property_chains_are_counted():
    graph = read("x:p owl:propertyChainAxiom ( x:q x:r ) . x:a x:p x:b .")
    assert graph.report["property_chains"] == 1
    assert [str(edge) for edge in graph.edges()] == ["x:a x:p x:b"]


def test_languages_are_taken_in_order():
    # D34
    text = 'x:a rdfs:label "colour"@en-GB, "color"@en-US, "couleur"@fr, "farbe"@de, "plain" .'
    for language, label, aliases in (
        ("en", "colour", ["color", "plain"]),
        ("fr", "couleur", ["color", "colour", "plain"]),
        ("EN-gb", "colour", ["color", "plain"]),
        (None, "colour", ["color", "plain"]),
        ("it", "colour", ["color", "plain"]),
    ):
        concept = read(text, language=language).concept("x:a")
        assert (concept.label, list(concept.aliases)) == (label, aliases), language
    only = read('x:a rdfs:label "farbe"@de, "couleur"@fr ; skos:altLabel "ton"@de, "teinte"@fr .')
    assert (only.concept("x:a").label, list(only.concept("x:a").aliases)) == ("farbe", ["ton"])
    assert only.report["skipped_other_language"] == 2
    with pytest.raises(SourceError, match="language"):
        read('x:a rdfs:label "x"@12345 .')


def test_the_first_definition_by_property_and_letters_is_taken():
    graph = read('x:a rdfs:comment "b" ; skos:definition "d", "c" ; obo:IAO_0000115 "z"@de .')
    assert graph.concept("x:a").definition == "c"
    assert graph.report["skipped_second_definition"] == 3


def test_a_mapping_decides_otherwise():
    text = """x:a x:isKindOf x:b ; x:title "A" ; x:note "n" ; x:size 3, 4 ; x:ghost x:c ; rdfs:seeAlso x:d ."""
    mapping = RdfMapping(
        labels=("x:title",),
        definitions=("http://x/note",),
        relations={"x:isKindOf": "is_a", "x:ghost": "", "rdfs:seeAlso": "^related_to"},
        attributes=("x:size",),
    )
    graph = read(text, mapping=mapping)
    assert [str(edge) for edge in graph.edges()] == ["x:a is_a x:b", "x:d related_to x:a"]
    a = graph.concept("x:a")
    assert (a.label, a.definition, dict(a.more)) == ("A", "n", {"x:size": ["3", "4"]})
    assert graph.report["skipped_about_documents"] == 1


def test_no_warning_without_a_fault():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        read("x:a rdfs:subClassOf x:b, x:a, owl:Thing, [ owl:unionOf ( x:c ) ] ; x:p 1 .")
