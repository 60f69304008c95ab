"""OWL 2 RL by the engine, with proofs of ours where there are any."""

import sys

import polars as pl
import pytest

from kgzsl.errors import MissingDependencyError, ResourceLimitError
from kgzsl.graph.knowledge_graph import KnowledgeGraph
from kgzsl.query.entail_edges import INFERRED_BY
from kgzsl.sources.reading import read

pytest.importorskip("reasonable")

EDGES = [
    ("cat", "is_a", "mammal"), ("mammal", "is_a", "animal"), ("tom", "instance_of", "cat"), ("cat", "same_as", "felid"),
    ("cat", "has_part", "paw"), ("bird", "disjoint_with", "cat"), ("cat", "related_to", "mouse"),
]  # fmt: skip
CONCEPTS = ["animal", "bird", "cat", "felid", "mammal", "mouse", "paw", "tom"]


@pytest.fixture(scope="module")
def entailed():
    return KnowledgeGraph.from_tables(CONCEPTS, EDGES).entail("owl-rl")


def test_what_the_engine_infers_between_concepts_is_there(entailed):
    inferred = {(e.head, e.relation, e.tail) for e in entailed.edges() if e.more[INFERRED_BY]}
    assert inferred >= {
        ("cat", "is_a", "animal"), ("tom", "instance_of", "animal"), ("felid", "is_a", "animal"),
        ("felid", "same_as", "cat"), ("felid", "has_part", "paw"), ("tom", "instance_of", "felid"),
        ("mouse", "related_to", "felid"),
    }  # fmt: skip


def test_what_our_rules_reach_replays_and_the_rest_says_so(entailed):
    graph = KnowledgeGraph.from_tables(CONCEPTS, EDGES)
    for edge in entailed.edges():
        proof = entailed.why(edge)
        if edge.more[INFERRED_BY] == "owl-rl":
            assert (proof.rule, proof.premises) == ("owl-rl", ())
        else:
            assert proof.replay(graph)


def test_entailing_again_changes_nothing(entailed):
    assert entailed.entail("owl-rl").edges_table.equals(entailed.edges_table)


def test_it_may_stand_among_other_rules(entailed):
    more = KnowledgeGraph.from_tables(CONCEPTS, EDGES).entail(["owl-rl", "inherited(has_part)"])
    assert {str(edge) for edge in more.edges()} - {str(edge) for edge in entailed.edges()} == set()


def test_without_the_engine_the_error_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "reasonable", None)
    with pytest.raises(MissingDependencyError, match=r"kgzsl\[reasoning\]"):
        KnowledgeGraph.from_tables(CONCEPTS, EDGES).entail("owl-rl")


def test_too_many_edges_are_refused():
    with pytest.raises(ResourceLimitError):
        KnowledgeGraph.from_tables(CONCEPTS, EDGES).entail("owl-rl", max_edges=3)


def test_every_edge_of_a_part_of_kg_awa_is_proved_by_our_rules(shared_data):
    whole = read(shared_data("kzsl/KG-AwA.csv"))
    graph = whole.neighborhood(["AwA:n02391049", "AwA:a002"], hops=2)
    entailed = graph.entail("owl-rl")
    assert (entailed.edges_table[INFERRED_BY] == "owl-rl").sum() == 0
    inferred = entailed.edges_table.filter(pl.col(INFERRED_BY).is_not_null())
    for row in inferred.sample(100, seed=2).select("head", "relation", "tail").iter_rows():
        assert entailed.why(row).replay(graph)
