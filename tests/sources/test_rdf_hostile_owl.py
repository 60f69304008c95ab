"""The OWL and SKOS files of the hostile set, each with its whole result: E1 to E10, D33."""

import warnings

import pytest

from kgzsl.errors import AmbiguousLabelError, KgzslWarning, UnknownConceptError
from kgzsl.sources.rdf import RdfMapping, read_rdf

X = "http://x/"
# file: edges (without the namespace), other ids than their ends, counts
WHOLE = {
    "restriction": (["a is_a top", "b has_part a", "b is_a top"], [], {"edges_from_axioms": 1, "kept_axioms": 1}),  # E1
    "intersection": (["b has_part c", "c is_a a"], [], {"edges_from_axioms": 2, "skipped_axiom": 0}),  # E2
    "equiv_cycle": (["a is_a top", "a same_as b", "b same_as c", "c same_as a"], [], {"kept_edges": 4}),  # E3
    "subclass_cycle": (
        ["a is_a b", "b is_a c", "c is_a a"], ["d"], {"taxonomic_cycles": 1, "skipped_self_loop": 1},
    ),  # E4
    "punning": (["eagle instance_of species"], [], {"punned": 1}),  # E5
    "deprecated": ([], ["new"], {"deprecated": 1, "skipped_deprecated": 1, "kept_replacements": 1}),  # E6
    "label_clash": ([], ["c1", "c2"], {"kept_names": 2}),  # E8
    "skos_cycle": (
        ["a is_a b", "a is_a c", "b is_a a"], ["d"], {"taxonomic_cycles": 1, "skipped_literal_for_concept": 1},
    ),  # E9
    "imports": ([], [], {"imports_not_loaded": 2}),  # E10
    "unicode_nfc_nfd": ([], ["caf\u00e9", "cafe\u0301"], {"iri_near_duplicates": 1}),  # D33
}  # fmt: skip


@pytest.mark.parametrize("name", list(WHOLE))
def test_a_file_means_what_the_table_says(shared_data, name):
    edges, others, counts = WHOLE[name]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", KgzslWarning)
        graph = read_rdf(shared_data(f"suites/hostile/owl/{name}.ttl"))
    assert [str(edge).replace(X, "") for edge in graph.edges()] == edges
    ends = {end for edge in graph.edges() for end in (edge.head, edge.tail)}
    assert set(graph.ids) == ends | {X + id_ for id_ in others}
    assert {reason: graph.report.get(reason, 0) for reason in counts} == counts


def test_a_class_without_label_is_called_by_its_curie(shared_data):  # E7, E12
    graph = read_rdf(shared_data("suites/hostile/owl/no_label.ttl"))
    assert graph.ids == ("GO:0008150",)
    assert graph.concept("GO:0008150").label == "GO:0008150"
    assert graph.report["concepts_without_label"] == 1
    for spelled in ("obo:GO_0008150", "http://purl.obolibrary.org/obo/GO_0008150"):
        assert graph.resolve(spelled) == "GO:0008150"


def test_a_label_of_two_classes_names_neither(shared_data):  # E8
    graph = read_rdf(shared_data("suites/hostile/owl/label_clash.ttl"))
    with pytest.raises(AmbiguousLabelError, match="'crane' names 2 concepts"):
        graph.find_one("crane")


# -- ontologies of the shape of go-nucleus, whose numbers the table gives --------------------------------------------

HEAD = """@prefix owl: <http://www.w3.org/2002/07/owl#> . @prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix obo: <http://purl.obolibrary.org/obo/> .
"""


def nucleus(num_named, num_restrictions, num_deprecated):
    """Classes with so many named and so many restricted parents, and so many deprecated ones without a label."""
    rows = [HEAD]
    for n in range(num_named):
        rows.append(f'obo:GO_{n + 1:07d} a owl:Class ; rdfs:label "term {n + 1}" ; rdfs:subClassOf obo:GO_0000000 .')
    for n in range(num_restrictions):
        kind = ("owl:someValuesFrom obo:GO_0000000", "owl:hasValue obo:GO_0000000", "owl:minCardinality 1")[n % 3]
        rows.append(
            f"obo:GO_{n + 1:07d} rdfs:subClassOf [ a owl:Restriction ; owl:onProperty obo:BFO_0000066 ; {kind} ] ."
        )
    for n in range(num_deprecated):
        rows.append(f"obo:GO_9{n:06d} a owl:Class ; owl:deprecated true ; obo:IAO_0100001 obo:GO_{n + 1:07d} .")
    return "\n".join(rows)


def test_restrictions_become_typed_edges_and_never_concepts():  # E1: 115 of 336 subclass edges end in a blank node
    graph = read_rdf(text=nucleus(336 - 115, 115, 0))
    assert not [id_ for id_ in graph.ids if not id_.startswith("GO:")]
    assert len(graph.edges(relation="is_a")) == 336 - 115
    assert (graph.report["kept_axioms"], graph.report["skipped_axiom"]) == (77, 38)  # 38 say a number, not a class
    assert len(graph.edges()) == 336 - 115 + 77
    (relation,) = set(graph.relations) - {"is_a"}
    assert graph.relations[relation].kind not in ("taxonomic", "negative")


def test_deprecated_terms_are_left_out_and_lead_to_what_replaced_them():  # E6: 28, all without label
    graph = read_rdf(text=nucleus(50, 0, 28))
    assert len(graph) == 51
    assert (graph.report["deprecated"], graph.report["kept_replacements"]) == (28, 28)
    for n in range(28):
        for spelled in (f"GO:9{n:06d}", f"obo:GO_9{n:06d}", f"http://purl.obolibrary.org/obo/GO_9{n:06d}"):
            assert graph.resolve(spelled) == f"GO:{n + 1:07d}"
    kept = read_rdf(text=nucleus(50, 0, 28), mapping=RdfMapping(deprecated=True))
    assert len(kept) == 51 + 28
    with pytest.raises(UnknownConceptError):
        graph.resolve("GO:9000028")
