"""Small graphs as layered drawings."""

import pytest

from kgzsl.graph.drawing import layered
from kgzsl.graph.knowledge_graph import KnowledgeGraph


def graph(*edges):
    ids = sorted({end for head, _, tail in edges for end in (head, tail)})
    return KnowledgeGraph.from_tables(ids, edges, name="g")


def columns(kg):
    return {mark.key: mark.column for mark in layered(kg, "").drawing.marks}


def test_kinds_stand_right_of_what_they_are_kinds_of(toy_graph):
    found = columns(toy_graph)
    for head, tail in (("bat", "mammal"), ("owl", "bird"), ("mammal", "animal"), ("bird", "animal")):
        assert found[head] + 1 == found[tail]


def test_every_concept_and_every_edge_is_drawn_once(toy_graph):
    drawing = layered(toy_graph, "").drawing
    assert sorted(mark.key for mark in drawing.marks) == list(toy_graph.ids)
    assert sorted((link.start, link.label, link.end) for link in drawing.links) == sorted(
        (edge.head, toy_graph.relations[edge.relation].verb, edge.tail) for edge in toy_graph.edges()
    )


def test_parallel_edges_are_one_line_that_counts_them():
    (link,) = layered(graph(("a", "is_a", "b"), ("a", "related_to", "b")), "").drawing.links
    assert link.label == "is a kind of +1"


def test_without_kinds_other_relations_lead_from_left_to_right_and_circles_end():
    found = columns(graph(("a", "causes", "b"), ("b", "causes", "c"), ("c", "causes", "a"), ("x", "causes", "c")))
    assert found["a"] < found["b"] < found["c"]
    assert found["x"] < found["c"]


def test_a_self_loop_and_an_unlinked_concept_are_no_trouble():
    kg = KnowledgeGraph.from_tables(["a", "b", "lone"], [("a", "is_a", "b")], name="g")
    assert columns(kg)["lone"] == 0
    assert "<svg" in kg._repr_html_()


@pytest.mark.parametrize(("length", "is_drawn"), [(40, True), (41, False)])
def test_graphs_of_up_to_forty_concepts_are_drawn(length, is_drawn):
    kg = graph(*((f"c{place:02}", "is_a", f"c{place + 1:02}") for place in range(length - 1)))
    assert ("<svg" in kg._repr_html_()) == is_drawn


def test_many_edges_or_none_are_not_drawn():
    crowd = graph(*((f"c{one:02}", "related_to", f"c{other:02}") for one in range(14) for other in range(one)))
    assert "<svg" not in crowd._repr_html_()
    assert "<svg" not in KnowledgeGraph.from_tables(["a"], [], name="g")._repr_html_()
