import numpy as np
import pytest

from kgzsl.errors import ResourceLimitError, UnknownRelationError
from kgzsl.graph import closure
from kgzsl.graph.index import GraphIndex, Neighbors
from kgzsl.graph.relation import SHARED_RELATIONS


def test_edges_are_positions_sorted_by_head_relation_and_tail(toy_graph):
    index = toy_graph.index
    assert [relation.name for relation in index.relations] == ["antonym", "has_part", "is_a"]
    assert index.head.tolist() == [1, 1, 2, 2, 3, 4, 5, 6, 8]
    assert index.relation.tolist() == [1, 2, 1, 2, 2, 0, 2, 2, 2]
    assert index.tail.tolist() == [9, 6, 9, 0, 6, 7, 6, 0, 2]
    assert index.weight.tolist() == [1, 1, 2, 1, 1, 1, 1, 1, 1]
    assert {array.dtype for array in (index.head, index.relation, index.tail)} == {np.dtype(np.int64)}
    assert index.weight.dtype == np.float64


def test_edge_rows_by_name_kind_or_both(toy_graph):
    index = toy_graph.index
    assert index.edge_rows().tolist() == [1, 3, 4, 6, 7, 8]
    assert index.edge_rows("part").tolist() == index.edge_rows(["has_part"]).tolist() == [0, 2]
    assert index.edge_rows(["negative", "has_part"]).tolist() == [0, 2, 5]
    assert index.edge_rows([]).tolist() == index.edge_rows("causal").tolist() == []
    assert index.edge_rows(("antonym", "has_part", "is_a")).tolist() == list(range(9))
    with pytest.raises(UnknownRelationError, match="no relation 'has_prt' in graph toy; nearest: 'has_part'"):
        index.edge_rows(["is_a", "has_prt"])


@pytest.mark.parametrize("relations", ["has_prt", ["has_prt"], ("has_prt",)])
@pytest.mark.parametrize("question", ["up", "down", "around", "ancestor_rows", "directions"])
def test_an_unknown_relation_is_the_only_error_told(toy_graph, question, relations):
    with pytest.raises(UnknownRelationError) as caught:
        getattr(toy_graph.index, question)(relations)
    assert caught.value.__context__ is None


def test_neighbours_are_sorted_and_come_with_their_edges():
    found = Neighbors(np.array([2, 2, 0, 2]), np.array([1, 1, 1, 0]), np.array([3, 5, 6, 7]), 3)
    assert [found.of(position) for position in range(3)] == [[1], [], [0, 1, 1]]
    assert [found.edges_of(position) for position in range(3)] == [[6], [], [7, 3, 5]]


def test_up_down_and_around(toy_graph):
    index = toy_graph.index
    assert (index.up().of(5), index.down().of(6), index.around().of(6)) == ([6], [1, 3, 5], [0, 1, 3, 5])
    assert index.up("has_part").of(1) == [9]
    assert index.up() is index.up("taxonomic")


def test_the_closure_of_the_toy_graph(toy_graph):
    node, ancestor, distance = toy_graph.index.ancestor_pairs()
    of_owl = node == 8
    assert ancestor[of_owl].tolist() == [8, 2, 0]
    assert distance[of_owl].tolist() == [0, 1, 2]
    assert len(node) == 10 + 2 * 4 + 2


def test_a_closure_without_measure_is_refused_before_it_fills_the_memory(monkeypatch):
    monkeypatch.setattr(closure, "MOST_PAIRS", 1000)
    ring = np.arange(100)
    up = Neighbors(ring, (ring + 1) % 100, ring, 100)
    with pytest.raises(ResourceLimitError, match=r"the closure of 100 concepts has over 1,000 .* take fewer relations"):
        closure.ancestor_pairs(up, 100)


def test_an_index_of_arrays_alone_leaves_them_writable():
    head = np.array([0])
    relations = [SHARED_RELATIONS["is_a"]]
    index = GraphIndex(
        ["a", "b"], relations, head=head, relation=np.array([0]), tail=np.array([1]), weight=np.array([1.0])
    )
    head[0] = 1
    assert index.positions(["b", "a"]).tolist() == [1, 0]
    assert (index.num_concepts, index.num_edges, index.edge_rows().tolist()) == (2, 1, [0])


def test_a_hub_on_a_cycle_is_refused_before_its_pairs_are_made(monkeypatch):
    monkeypatch.setattr(closure, "MOST_PAIRS", 1000)
    leaves = np.arange(1, 40)
    hub = np.zeros(39, dtype=np.int64)
    up = Neighbors(np.concatenate([leaves, hub]), np.concatenate([hub, leaves]), np.arange(78), 40)
    with pytest.raises(ResourceLimitError):
        closure.ancestor_pairs(up, 40)
