"""What is nothing but rounding is exactly zero, and what is merely small is not."""

from itertools import pairwise

import numpy as np
import pytest

from kgzsl.contracts import Supervision
from kgzsl.propagation.gp_settings import GPSettings
from kgzsl.propagation.graph_gp import GraphGP

OPPOSITE = np.array([[1, -1], [-1, 1]], dtype=np.float32) * np.float32(0.5**0.5)


@pytest.mark.parametrize("last_digits", [0, 1])
@pytest.mark.parametrize("beta", [0.01, 3.0])
def test_what_cancels_is_exactly_nothing(index_of, last_digits, beta):
    targets = OPPOSITE.copy()
    for _ in range(last_digits):
        targets[1, 1] = np.nextafter(targets[1, 1], np.float32(1))
    ant, bee, cow, root, below_bee, lonely = range(6)
    index, features = index_of(6, [(ant, root), (bee, root), (cow, root), (below_bee, bee)]), np.eye(6)
    supervision = Supervision(("c000", "c001"), targets, "prototype")
    model = GraphGP(settings=GPSettings.of(walk=1, walk_beta=beta)).fit(index, features, supervision)
    norms = model.terms(index, features).norms(np.array([lonely, below_bee]))
    assert (norms == 0.0).tolist() == [True, False]
    np.testing.assert_allclose(model.weights(index, features, concepts=["c004"]), targets[1:], atol=1e-4)
    assert model.weights(index, features, concepts=["c005"]).tolist() == [[0.0, 0.0]]

    smaller, fewer = index_of(4, [(ant, root), (bee, root), (cow, root)]), np.eye(4, 6)
    halfway = model.weights(smaller, fewer, concepts=["c002", "c003"])
    assert halfway.tolist() == [[0.0, 0.0], [0.0, 0.0]]
    norms = model.terms(smaller, fewer).norms(np.arange(4))
    assert (norms == 0.0).tolist() == [False, False, True, True]


def test_what_is_known_from_far_away_is_not_rounding(index_of):
    index, features = index_of(31, list(pairwise(range(31)))), np.eye(31)
    supervision = Supervision(("c000", "c030"), OPPOSITE, "prototype")
    model = GraphGP(settings=GPSettings.of(walk=1, walk_beta=0.1)).fit(index, features, supervision)
    assert model.terms(index, features).norms(np.array([13, 15, 17])).max() < 1e-9
    expected = [OPPOSITE[0], [0, 0], OPPOSITE[1]]
    found = model.weights(index, features, concepts=["c013", "c015", "c017"])
    np.testing.assert_allclose(found, expected, atol=1e-6)
