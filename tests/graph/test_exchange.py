from collections import Counter

import networkx as nx
import pytest

from kgzsl.errors import InputFormatError, InvalidGraphError
from kgzsl.graph.knowledge_graph import KnowledgeGraph
from kgzsl.graph.relation import Relation


def said(kg):
    return [str(edge) for edge in kg.edges()]


def test_networkx_sees_nodes_edges_and_attributes(toy_graph):
    seen = toy_graph.nx
    assert (seen.name, list(seen.nodes) == list(toy_graph.ids)) == ("toy", True)
    assert seen.nodes["owl"] == {
        "label": "owl",
        "aliases": ["bird of night", "hooter"],
        "definition": "",
        "source": "",
        "alternate_ids": [],
    }
    assert list(seen.edges(keys=True)) == [(edge.head, edge.tail, edge.relation) for edge in toy_graph.edges()]
    assert seen.edges["bird", "wing", "has_part"] == {"weight": 2.0, "source": "book"}


def test_there_and_back(toy_graph):
    back = KnowledgeGraph.from_networkx(toy_graph.to_networkx())
    assert (back.name, back.fingerprint, back.relations) == ("toy", toy_graph.fingerprint, toy_graph.relations)
    assert back.concepts_table.equals(toy_graph.concepts_table)


def test_relations_of_ones_own_come_back_with_their_kinds(toy_graph):
    kg = toy_graph.add_edges([("owl", "eats", "bat")], relations=[Relation("eats", "causal", "eaten_by")])
    back = KnowledgeGraph.from_networkx(kg.nx)
    assert (back.relations, back.fingerprint) == (kg.relations, kg.fingerprint)


@pytest.mark.parametrize("kind", [nx.Graph, nx.DiGraph, nx.MultiGraph, nx.MultiDiGraph])
def test_every_kind_of_networkx_graph_is_read(kind):
    graph = kind([("b", "a"), ("b", "c")])
    assert said(KnowledgeGraph.from_networkx(graph)) == ["b related_to a", "b related_to c"]
    assert said(KnowledgeGraph.from_networkx(nx.freeze(graph), relation="eats")) == ["b eats a", "b eats c"]
    assert said(KnowledgeGraph.from_networkx(graph.subgraph(["a", "b"]))) == ["b related_to a"]


def test_the_relation_is_the_key_or_the_attribute():
    plain = nx.DiGraph()
    plain.add_edge("a", "b", relation="is_a", weight=2)
    assert said(KnowledgeGraph.from_networkx(plain)) == ["a is_a b"]
    keyed = nx.MultiDiGraph()
    keyed.add_edge("a", "b", key="is_a")
    keyed.add_edge("a", "b", key="eats")
    keyed.add_edge("a", "b", relation="likes")
    assert said(KnowledgeGraph.from_networkx(keyed)) == ["a eats b", "a is_a b", "a likes b"]


@pytest.mark.parametrize("nodes", [(1, 1.5), ("1", 1), (True,), (float("nan"),), (("a", "b"),)])
def test_nodes_that_are_no_strings_are_refused(nodes):
    graph = nx.DiGraph()
    graph.add_nodes_from(nodes)
    with pytest.raises(
        InputFormatError, match=r"node names must be strings; .* rename them with networkx\.relabel_nodes"
    ):
        KnowledgeGraph.from_networkx(graph)


@pytest.mark.parametrize("wrong", [None, [("a", "b")], {"a": ["b"]}, "graph.gml"])
def test_what_is_no_networkx_graph_is_refused(wrong):
    with pytest.raises(InputFormatError, match="from_networkx takes a NetworkX graph, not"):
        KnowledgeGraph.from_networkx(wrong)


@pytest.mark.parametrize("weight", [float("nan"), -1, 0])
def test_weights_are_checked_on_the_way_in(weight):
    graph = nx.DiGraph()
    graph.add_edge("a", "b", weight=weight)
    with pytest.raises(InvalidGraphError, match="weight that is not positive and finite: 'a related_to b'"):
        KnowledgeGraph.from_networkx(graph)


def test_attributes_of_the_wrong_type_are_refused():
    graph = nx.DiGraph()
    graph.add_edge("a", "b", weight="heavy")
    with pytest.raises(InputFormatError, match="column 'weight' must hold numbers, not String"):
        KnowledgeGraph.from_networkx(graph)
    graph = nx.DiGraph()
    graph.add_node("a", colours={"red"})
    with pytest.raises(InputFormatError, match="column 'colours' holds set"):
        KnowledgeGraph.from_networkx(graph)
    graph = nx.DiGraph()
    graph.add_edge("a", "b", relation=3)
    with pytest.raises(InputFormatError, match="'relation' must be a string, not int 3"):
        KnowledgeGraph.from_networkx(graph)


def test_parallel_edges_of_one_relation_and_loops_are_refused():
    with pytest.raises(InvalidGraphError, match="edge given twice: 'a related_to b'"):
        KnowledgeGraph.from_networkx(nx.MultiDiGraph([("a", "b"), ("a", "b")]))
    with pytest.raises(InvalidGraphError, match="edge from a concept to itself: 'a related_to a'"):
        KnowledgeGraph.from_networkx(nx.DiGraph([("a", "a")]))


def test_the_pairs_of_real_data_that_two_relations_join_keep_both(shared_data):
    lines = shared_data("kzsl/KG-AwA.csv").read_text(encoding="utf-8").splitlines()[1:]
    graph = nx.MultiDiGraph()
    for head, relation, tail in sorted({tuple(line.split("\t")) for line in lines}):
        if head != tail:
            graph.add_edge(head, tail, key=relation)
    kg = KnowledgeGraph.from_networkx(graph)
    joined = Counter((edge.head, edge.tail) for edge in kg.edges())
    # counted in the file: 14,112 lines, 6 of them loops; 93 pairs are joined by two relations
    assert (kg.index.num_edges, sum(count > 1 for count in joined.values())) == (14_112 - 6, 93)


@pytest.mark.parametrize("name", ["pred", "adj", "nbunch_iter"])
def test_what_only_networkx_has_is_missing_with_a_hint(toy_graph, name):
    with pytest.raises(AttributeError, match=f"no attribute '{name}'; kg.nx has it.* where kgzsl is installed"):
        getattr(toy_graph, name)
    assert not hasattr(toy_graph, name)


@pytest.mark.parametrize("name", ["lables", "__len", "_ipython_display_"])
def test_what_nobody_has_is_missing_without_a_hint(toy_graph, name):
    with pytest.raises(AttributeError, match=f"^'KnowledgeGraph' object has no attribute '{name}'$"):
        getattr(toy_graph, name)


def test_an_attribute_that_fails_inside_says_why(toy_graph):
    class Broken(type(toy_graph)):
        @property
        def broken(self):
            return self.coded_edges.nothing

    part = Broken(toy_graph.concept_columns, toy_graph.coded_edges, toy_graph.relations.values(), name="toy")
    with pytest.raises(AttributeError, match="'DataFrame' object has no attribute 'nothing'"):
        _ = part.broken
