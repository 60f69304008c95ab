"""Sliced adjacencies give the same rows as whole ones."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from kgzsl.propagation.receptive_field import receptive_field, surroundings
from kgzsl.propagation.topology import AncestorTopology, NeighborTopology

SIZE = 12


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 50), st.permutations(range(SIZE)), st.integers(1, SIZE), st.integers(1, 4))
def test_products_over_the_field_are_rows_of_the_full_products(tree_of, seed, order, num_rows, num_layers):
    rows = np.array(order[:num_rows])
    for topology in (NeighborTopology(), AncestorTopology(3)):
        messages = topology.messages(tree_of(SIZE, seed))
        field = receptive_field(messages, rows, num_layers=num_layers)
        full = np.random.default_rng(seed).standard_normal((SIZE, 2))
        part = full[field.rows[0]]
        for layer in range(num_layers):
            full = sum(matrix.toarray() @ full for matrix in messages.of_layer(layer))
            part = sum(matrix.toarray() @ part for matrix in field.layers[layer])
        np.testing.assert_allclose(part, full[rows], atol=1e-12)


def test_levels_of_a_chain_grow_by_one_neighbour(index_of):
    chain = NeighborTopology().messages(index_of(6, [(child, child - 1) for child in range(1, 6)]))
    field = receptive_field(chain, np.array([5]), num_layers=2)
    assert [rows.tolist() for rows in field.rows] == [[3, 4, 5], [4, 5], [5]]
    assert field.num_rows == [3, 2, 1]


def test_a_row_without_any_message_needs_no_input(index_of):
    lonely = NeighborTopology("none", self_loops=False).messages(index_of(2, []))
    assert receptive_field(lonely, np.array([1]), num_layers=1).num_rows == [0, 1]


def test_surroundings_hold_every_edge_that_can_reach_the_rows(index_of):
    chain = NeighborTopology(self_loops=False).messages(index_of(6, [(child, child - 1) for child in range(1, 6)]))
    part = surroundings(chain, np.array([5, 4]), hops=1)
    assert part.nodes.tolist() == [3, 4, 5]
    assert part.targets.tolist() == [2, 1]
    assert part.edge_index.tolist() == [[0, 2, 1], [1, 1, 2]]
    np.testing.assert_array_equal(part.edge_weight, np.float32([0.5, 0.5, 1.0]))


def test_surroundings_without_a_limit_are_the_whole_graph(tree_of):
    messages = NeighborTopology().messages(tree_of(SIZE))
    part = surroundings(messages, np.array([7, 2]), hops=None)
    edge_index, edge_weight = messages.edges()
    np.testing.assert_array_equal(part.nodes, np.arange(SIZE))
    np.testing.assert_array_equal(part.targets, [7, 2])
    np.testing.assert_array_equal(part.edge_index, edge_index)
    np.testing.assert_array_equal(part.edge_weight, edge_weight)
