import polars as pl
import pytest

from kgzsl.graph.knowledge_graph import KnowledgeGraph
from kgzsl.graph.relation import Relation

CONCEPTS = {"id": ["a", "b"], "label": ["x", "y"], "aliases": [["p", "q"], []], "definition": ["d", ""]}
EDGES = {"head": ["a"], "relation": ["is_a"], "tail": ["b"], "weight": [1.0]}


def fingerprint(concepts=CONCEPTS, edges=EDGES, relations=(), name="graph"):
    return KnowledgeGraph.from_tables(pl.DataFrame(concepts), pl.DataFrame(edges), relations, name=name).fingerprint


def test_it_is_a_sha256_that_stays_the_same():
    assert fingerprint() == "4b93bb053f92e57e5841cfa2d08e5414c4310c1583c487acf6ce5bbdabaabe60"


@pytest.mark.parametrize(
    "concepts",
    [
        {"id": ["a", "b"]},
        {**CONCEPTS, "label": ["x", "z"]},
        {**CONCEPTS, "aliases": [["q", "p"], []]},
        {**CONCEPTS, "aliases": [["pq"], []]},
        {**CONCEPTS, "aliases": [["p"], ["q"]]},
        {**CONCEPTS, "definition": ["", "d"]},
        {**CONCEPTS, "label": ["xy", ""]},
    ],
)
def test_what_a_concept_says_counts(concepts):
    assert fingerprint(concepts) != fingerprint()


@pytest.mark.parametrize(
    "edges",
    [
        {**EDGES, "weight": [2.0]},
        {**EDGES, "relation": ["instance_of"]},
        {**EDGES, "head": ["b"], "tail": ["a"]},
    ],
)
def test_what_an_edge_says_counts(edges):
    assert fingerprint(edges=edges) != fingerprint()


def test_the_kind_of_a_relation_counts_if_it_has_an_edge():
    assert fingerprint(relations=[Relation("is_a", "association")]) != fingerprint()
    assert fingerprint(relations=[Relation("eats", "causal")]) == fingerprint()


def test_where_it_comes_from_does_not_count():
    assert fingerprint({**CONCEPTS, "source": ["s", "t"], "more": [1, 2]}, name="other") == fingerprint()
    assert fingerprint(edges={**EDGES, "source": ["s"], "note": ["n"]}) == fingerprint()


def test_no_text_can_pass_for_a_boundary():
    forged = {"id": ["a", "b"], "definition": ["x\nb\x1fy", ""]}
    assert fingerprint(forged) != fingerprint({"id": ["a", "b"], "definition": ["x", "y"]})
    assert fingerprint({"id": ["a", "b"], "aliases": [["p\x1eq"], []]}) != fingerprint(
        {"id": ["a", "b"], "aliases": [["p", "q"], []]}
    )
