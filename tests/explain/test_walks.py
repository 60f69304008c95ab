from itertools import pairwise, permutations

import numpy as np
import pytest
import scipy.sparse
from hypothesis import given, settings
from hypothesis import strategies as st

from kgzsl.explain.walks import WalkKernel


def normalised(num_nodes, edges):
    matrix = np.eye(num_nodes)
    for a, b in edges:
        matrix[a, b] = matrix[b, a] = 1.0
    scale = 1 / np.sqrt(matrix.sum(1))
    return scale[:, None] * matrix * scale


def loop_erased(walk):
    path = []
    for node in walk:
        if node in path:
            path = path[: path.index(node) + 1]
        else:
            path.append(node)
    return tuple(path)


def weights_by_walking(adjacency, beta, start, length):
    """Weight of each loop-erased path from `start`, walks followed step by step up to `length`."""
    damping = beta / (1 + beta)
    # the loop erasure of a walk's beginning is all that its continuation needs to know
    state, total = {(start,): 1 / (1 + beta)}, {}
    for _ in range(length + 1):
        following = {}
        for path, weight in state.items():
            total[path] = total.get(path, 0.0) + weight
            for node in np.flatnonzero(adjacency[path[-1]]).tolist():
                longer = loop_erased((*path, node))
                following[longer] = following.get(longer, 0.0) + weight * damping * adjacency[path[-1], node]
        state = following
    return total


@st.composite
def graphs(draw, max_nodes=6):
    num_nodes = draw(st.integers(2, max_nodes))
    pairs = [(a, b) for a in range(num_nodes) for b in range(a)]
    return num_nodes, draw(st.lists(st.sampled_from(pairs), unique=True, max_size=9))


BETAS = st.sampled_from([0.3, 1.0, 3.0])


def test_path_graph_worked_by_hand():
    """1-2-3 with beta 1: I + L = [[3/2, -r, 0], [-r, 5/3, -r], [0, -r, 3/2]] with r = 1/√6; det 3.25."""
    kernel = WalkKernel(scipy.sparse.csr_array(normalised(3, [(0, 1), (1, 2)])), 1.0)
    assert kernel.column(0)[2] == pytest.approx((1 / 6) / 3.25, abs=1e-15)
    walked = weights_by_walking(normalised(3, [(0, 1), (1, 2)]), 1.0, 2, 60)
    assert sum(weight for path, weight in walked.items() if path[-1] == 0) == pytest.approx(
        kernel.column(0)[2], abs=1e-12
    )
    (path,) = kernel.paths(2, 0)
    assert path.nodes == (2, 1, 0)
    assert path.weight == pytest.approx(1 / 19.5, abs=1e-15)


@settings(max_examples=25, deadline=None)
@given(graphs(max_nodes=5), BETAS)
def test_every_path_weighs_what_its_walks_weigh(graph, beta):
    adjacency = normalised(*graph)
    kernel = WalkKernel(scipy.sparse.csr_array(adjacency), beta)
    walked = weights_by_walking(adjacency, beta, 0, 90)
    for end in range(graph[0]):
        found = {path.nodes: path.weight for path in kernel.paths(0, end, share=1.0, at_most=1000)}
        expected = {path: weight for path, weight in walked.items() if path[-1] == end}
        assert found.keys() == expected.keys()
        assert [found[path] for path in expected] == pytest.approx(list(expected.values()), rel=1e-8, abs=1e-12)


@settings(max_examples=25, deadline=None)
@given(graphs(max_nodes=8), BETAS)
def test_paths_come_heaviest_first_and_sum_to_the_kernel(graph, beta):
    adjacency = normalised(*graph)
    kernel = WalkKernel(scipy.sparse.csr_array(adjacency), beta)
    dense = np.linalg.inv(np.eye(graph[0]) * (1 + beta) - beta * adjacency)
    for end in range(graph[0]):
        paths = kernel.paths(0, end, share=1.0, at_most=10_000)
        weights = [path.weight for path in paths]
        assert sum(weights) == pytest.approx(dense[0, end], rel=1e-10, abs=1e-14)
        assert all(a >= b - 1e-15 for a, b in pairwise(weights))
        assert all(len(set(path.nodes)) == len(path.nodes) for path in paths)


@settings(max_examples=20, deadline=None)
@given(graphs(), BETAS, st.randoms(use_true_random=False))
def test_relabelling_permutes_the_paths_and_nothing_else(graph, beta, random):
    num_nodes, edges = graph
    place = list(range(num_nodes))
    random.shuffle(place)
    here = WalkKernel(scipy.sparse.csr_array(normalised(num_nodes, edges)), beta)
    there = WalkKernel(scipy.sparse.csr_array(normalised(num_nodes, [(place[a], place[b]) for a, b in edges])), beta)
    moved = {
        tuple(place[node] for node in path.nodes): path.weight for path in here.paths(0, 1, share=1.0, at_most=999)
    }
    assert moved == pytest.approx(
        {path.nodes: path.weight for path in there.paths(place[0], place[1], share=1.0, at_most=999)}, rel=1e-10
    )


def test_the_best_paths_are_those_of_a_full_search():
    adjacency = normalised(7, [(a, b) for a, b in permutations(range(7), 2) if (a * b + a + b) % 3])
    kernel = WalkKernel(scipy.sparse.csr_array(adjacency), 3.0)
    every = kernel.paths(0, 6, share=1.0, at_most=100_000)
    best = kernel.paths(0, 6, share=1.0, at_most=5)
    assert len(every) > 5
    assert best == tuple(sorted(every, key=lambda path: (-path.weight, path.nodes)))[:5]


def test_nodes_without_a_way_between_them_have_no_path():
    kernel = WalkKernel(scipy.sparse.csr_array(normalised(4, [(0, 1), (2, 3)])), 1.0)
    assert kernel.paths(0, 3) == ()


def test_without_smoothing_every_node_keeps_to_itself():
    kernel = WalkKernel(scipy.sparse.csr_array(normalised(3, [(0, 1), (1, 2)])), 0.0)
    assert kernel.column(1).tolist() == [0.0, 1.0, 0.0]
    assert [path.weight for path in kernel.paths(1, 1)] == [1.0]


def test_conjugate_gradients_agree_with_the_factorisation(monkeypatch):
    adjacency = scipy.sparse.csr_array(normalised(6, [(a, b) for a, b in permutations(range(6), 2)]))
    direct = WalkKernel(adjacency, 10.0)
    monkeypatch.setattr("kgzsl.explain.walks._DIRECT_SIZE", 0)
    iterated = WalkKernel(adjacency, 10.0)
    assert iterated._factor is None
    right = np.arange(12.0).reshape(6, 2)
    np.testing.assert_allclose(iterated.apply(right), direct.apply(right), rtol=1e-12)


@settings(max_examples=25, deadline=None)
@given(graphs(max_nodes=7), BETAS, st.lists(st.floats(-2, 2), min_size=7, max_size=7), st.integers(1, 12))
def test_no_larger_path_to_any_end_is_missed(graph, beta, values, at_most):
    kernel = WalkKernel(scipy.sparse.csr_array(normalised(*graph)), beta)
    ends = np.arange(graph[0])
    values = np.array(values[: graph[0]])
    every = [path for end in ends for path in kernel.paths(0, end, at_most=10_000)]
    sizes = sorted((abs(values[path.nodes[-1]]) * path.weight for path in every), reverse=True)
    found = kernel.best_paths(0, ends, values, share=1.0, at_most=at_most)
    best = [abs(values[path.nodes[-1]]) * path.weight for path in found]
    assert best == pytest.approx(sizes[: len(best)], rel=1e-8, abs=1e-14)
    assert sum(sizes[len(best) :]) <= 1e-9 * sum(sizes) or len(best) == at_most
