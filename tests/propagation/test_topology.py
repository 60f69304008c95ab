"""Rules from a graph to messages, against dense formulas and PyTorch Geometric."""

import json

import networkx as nx
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from kgzsl.errors import InputFormatError, UnknownNameError, UnknownRelationError
from kgzsl.propagation.topology import AncestorTopology, NeighborTopology, Topology, topology_from_config

EDGES = st.lists(st.tuples(st.integers(0, 8), st.integers(0, 8)), max_size=20)
TOPOLOGIES = [
    NeighborTopology(),
    NeighborTopology("none", self_loops=False, relations=("is_a", "part")),
    AncestorTopology(num_groups=3, relations=("taxonomic",)),
]


def dense_adjacency(edges, size=9):
    matrix = np.zeros((size, size))
    for head, tail in edges:
        matrix[head, tail] = matrix[tail, head] = float(head != tail)
    return matrix


@settings(max_examples=40, deadline=None)
@given(EDGES)
def test_row_normalisation_is_inverse_degree_times_adjacency_with_loops(index_of, edges):
    matrix = dense_adjacency(edges) + np.eye(9)
    found = NeighborTopology("row").messages(index_of(9, edges)).steps[0][0].toarray()
    np.testing.assert_allclose(found, matrix / matrix.sum(axis=1, keepdims=True), atol=1e-15)


@settings(max_examples=40, deadline=None)
@given(EDGES)
def test_symmetric_normalisation_is_that_of_pytorch_geometric(index_of, edges):
    from torch_geometric.nn.conv.gcn_conv import gcn_norm

    rows, columns = np.nonzero(dense_adjacency(edges))
    edge_index, edge_weight = gcn_norm(torch.tensor(np.stack([columns, rows])), num_nodes=9, dtype=torch.float64)
    expected = np.zeros((9, 9))
    expected[edge_index[1], edge_index[0]] = edge_weight
    found = NeighborTopology("symmetric").messages(index_of(9, edges)).steps[0][0].toarray()
    np.testing.assert_allclose(found, expected, atol=1e-12)


def test_a_concept_without_neighbours_and_loops_receives_nothing(index_of):
    messages = NeighborTopology("symmetric", self_loops=False).messages(index_of(3, [(0, 1)]))
    np.testing.assert_array_equal(messages.steps[0][0].toarray(), [[0, 1, 0], [1, 0, 0], [0, 0, 0]])


@settings(max_examples=40, deadline=None)
@given(EDGES, st.integers(1, 4))
def test_ancestor_groups_average_over_shortest_upward_distances(index_of, edges, num_groups):
    upward = nx.DiGraph([edge for edge in edges if edge[0] != edge[1]])
    upward.add_nodes_from(range(9))
    groups = np.zeros((num_groups, 9, 9))
    for node, distances in nx.all_pairs_shortest_path_length(upward):
        for ancestor, distance in distances.items():
            groups[min(distance, num_groups - 1), node, ancestor] = 1.0
    messages = AncestorTopology(num_groups).messages(index_of(9, edges))
    for group in range(num_groups):
        for step, matrix in enumerate((groups[group].T, groups[group])):
            expected = matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)
            np.testing.assert_allclose(messages.steps[step][group].toarray(), expected, atol=1e-15)


def test_edges_run_from_source_to_target_sorted_by_target(index_of):
    edge_index, edge_weight = AncestorTopology(2).messages(index_of(3, [(0, 2), (1, 2)])).edges(step=1, group=1)
    np.testing.assert_array_equal(edge_index, [[2, 2], [0, 1]])
    np.testing.assert_array_equal(edge_weight, np.ones(2, dtype=np.float32))


def test_the_cached_adjacency_of_the_index_is_not_written_to(index_of):
    index = index_of(4, [(1, 0), (2, 0), (3, 1)])
    before = index.adjacency().toarray()
    NeighborTopology("symmetric", self_loops=False).messages(index)
    np.testing.assert_array_equal(index.adjacency().toarray(), before)


@pytest.mark.parametrize("topology", TOPOLOGIES)
def test_config_survives_json(topology):
    assert isinstance(topology, Topology)
    assert topology_from_config(json.loads(json.dumps(topology.config()))) == topology


@pytest.mark.parametrize(
    ("topology", "error", "message"),
    [
        (NeighborTopology("columns"), UnknownNameError, "no normalization is called 'columns'"),
        (NeighborTopology(relations=("isa",)), UnknownRelationError, "no relation 'isa'"),
        (AncestorTopology(num_groups=0), InputFormatError, "num_groups=0"),
    ],
)
def test_a_rule_that_cannot_be_followed_says_why(index_of, topology, error, message):
    with pytest.raises(error, match=message):
        topology.messages(index_of(2, [(0, 1)]))


def test_an_unknown_kind_of_topology_in_a_file_is_refused():
    with pytest.raises(UnknownNameError, match="no topology is called 'hyperbolic'"):
        topology_from_config({"kind": "hyperbolic"})
