"""Walks of every length, against the dense inverse, a sum over walks, and a hand calculation."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from kgzsl.propagation.gp_resolvent import Peeling, Resolvent, normalized_adjacency


def random_adjacency(num: int, num_edges: int, seed: int) -> sparse.csr_array:
    rng = np.random.default_rng(seed)
    head, tail = rng.integers(0, num, (2, num_edges))
    dense = np.zeros((num, num))
    dense[head, tail] = 1
    dense = np.maximum(dense, dense.T)
    np.fill_diagonal(dense, 0)
    return sparse.csr_array(dense)


def dense_resolvent(adjacency: sparse.csr_array, beta: float) -> np.ndarray:
    with_loops = adjacency.toarray() + np.eye(adjacency.shape[0])
    root = with_loops.sum(axis=1) ** -0.5
    laplacian = np.eye(len(root)) - root[:, None] * with_loops * root[None, :]
    return np.linalg.inv(np.eye(len(root)) + beta * laplacian)


PATH = sparse.csr_array(np.array([[0.0, 1, 0], [1, 0, 1], [0, 1, 0]]))
SIXTH = 6**-0.5


def test_path_of_three_by_hand():
    # (I + L)^-1 with L = I - A: 2I - A = [[3/2, -s, 0], [-s, 5/3, -s], [0, -s, 3/2]], s = 1/sqrt 6, determinant 13/4
    expected = np.array(
        [[28 / 39, 6 * SIXTH / 13, 2 / 39], [6 * SIXTH / 13, 9 / 13, 6 * SIXTH / 13], [2 / 39, 6 * SIXTH / 13, 28 / 39]]
    )
    everything = np.arange(3)
    found = Resolvent(Peeling.of(normalized_adjacency(PATH)), 1.0).between(everything, everything)
    np.testing.assert_allclose(found, expected, atol=1e-15)


def test_walk_sum_converges_to_the_resolvent():
    beta, matrix = 1.0, normalized_adjacency(PATH)
    walks, power = np.zeros((3, 3)), np.eye(3)
    for length in range(61):
        walks += (beta / (1 + beta)) ** length / (1 + beta) * power
        power = power @ matrix.toarray()
    found = Resolvent(Peeling.of(matrix), beta).between(np.arange(3), np.arange(3))
    np.testing.assert_allclose(found, walks, atol=1e-12)


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 30), st.floats(0, 2), st.sampled_from([0.5, 1.0, 10.0, 100.0]), st.integers(0, 10**6))
def test_equals_the_dense_inverse_with_either_core(num, density, beta, seed):
    adjacency = random_adjacency(num, int(density * num), seed)
    expected = dense_resolvent(adjacency, beta)
    rng = np.random.default_rng(seed)
    first, second = rng.integers(0, num, 7), rng.permutation(num)[:5]
    values = rng.standard_normal((num, 3))
    peeling = Peeling.of(normalized_adjacency(adjacency))
    for dense_core in (10**6, 0):
        resolvent = Resolvent(peeling, beta, dense_core=dense_core)
        np.testing.assert_allclose(resolvent.between(first, second), expected[np.ix_(first, second)], atol=1e-12)
        np.testing.assert_allclose(resolvent.diagonal(first), np.diagonal(expected)[first], atol=1e-12)
        solved = resolvent.solved(first, resolvent.half_solved(values))
        np.testing.assert_allclose(solved, expected[first] @ values, atol=1e-12)


def test_a_tree_leaves_no_core_and_a_ring_all_of_it():
    tree = sparse.csr_array((np.ones(4), ([0, 1, 2, 3], [4, 4, 3, 4])), shape=(6, 6))
    ring = sparse.csr_array((np.ones(5), (range(5), [1, 2, 3, 4, 0])), shape=(5, 5))
    assert Peeling.of(normalized_adjacency(tree.maximum(tree.T))).core.tolist() == []
    assert Peeling.of(normalized_adjacency(ring.maximum(ring.T))).core.tolist() == [0, 1, 2, 3, 4]


def test_more_columns_than_one_batch_of_the_sparse_factorisation():
    num = 700
    ring = sparse.csr_array((np.ones(num), (np.arange(num), (np.arange(num) + 1) % num)), shape=(num, num))
    adjacency = ring.maximum(ring.T)
    resolvent = Resolvent(Peeling.of(normalized_adjacency(adjacency)), 3.0, dense_core=10)
    everything = np.arange(num)
    expected = dense_resolvent(adjacency, 3.0)
    np.testing.assert_allclose(resolvent.between(everything, everything), expected, atol=1e-12)
    np.testing.assert_allclose(resolvent.diagonal(everything), np.diagonal(expected), atol=1e-12)


@pytest.mark.parametrize("positions", [[], [0, 0, 2]])
def test_no_or_repeated_positions(positions):
    resolvent = Resolvent(Peeling.of(normalized_adjacency(PATH)), 1.0)
    asked = np.array(positions, dtype=np.int64)
    found = resolvent.between(asked, np.arange(3))
    np.testing.assert_allclose(found, dense_resolvent(PATH, 1.0)[asked], atol=1e-14)
