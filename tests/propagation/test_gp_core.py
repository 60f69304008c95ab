"""Both ways to solve give the dense solution."""

import numpy as np
import pytest
from scipy import sparse

from kgzsl.errors import NumericError
from kgzsl.propagation import gp_core
from kgzsl.propagation.gp_core import conjugate_gradients, core_solver
from kgzsl.propagation.gp_resolvent import normalized_adjacency


def system(num: int = 60, beta: float = 100.0):
    rng = np.random.default_rng(0)
    dense = np.triu(rng.random((num, num)) < 0.2, 1).astype(float)
    matrix = sparse.eye_array(num) * (1 + beta) - beta * normalized_adjacency(sparse.csr_array(dense + dense.T))
    columns = rng.standard_normal((num, 4))
    columns[:, 2] = 0
    return matrix.tocsr(), columns


@pytest.mark.parametrize("surely_factorised", [1000, 0])
def test_equals_the_dense_solution(monkeypatch, surely_factorised):
    matrix, columns = system()
    monkeypatch.setattr(gp_core, "SURELY_FACTORISED", surely_factorised)
    found = core_solver(matrix)(columns)
    np.testing.assert_allclose(found, np.linalg.solve(matrix.toarray(), columns), atol=1e-12)


def test_an_iteration_that_does_not_converge_is_an_error():
    matrix, columns = system()
    with pytest.raises(NumericError, match="3 iterations"):
        conjugate_gradients(matrix, columns, max_iterations=3)
