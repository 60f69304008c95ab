import numpy as np
import polars as pl
import pytest
import torch

import kgzsl
from kgzsl.propagation import GPSettings, GraphGP

NUM_SEEN = 170
"""From about 150 equations on, PyTorch's LU of several matrices is one that minds the number of threads."""


@pytest.fixture(scope="module")
def decision():
    """Of two unseen classes among many seen ones, each below one of ten kinds."""
    kinds = [f"k{place}" for place in range(10)]
    names = [f"c{place:03d}" for place in range(NUM_SEEN + 2)]
    edges = [(name, "is_a", kinds[place % 10]) for place, name in enumerate(names)]
    edges += [(kind, "is_a", "thing") for kind in kinds]
    graph = kgzsl.KnowledgeGraph.from_tables(
        pl.DataFrame({"id": ["thing", *kinds, *names]}),
        pl.DataFrame(edges, schema=["head", "relation", "tail"], orient="row"),
        name="many",
    )
    X = np.random.default_rng(0).normal(size=(2 * NUM_SEEN, 4))
    walks = GraphGP(settings=GPSettings.of(walk=1, walk_beta=3.0, noise=0.3))
    clf = kgzsl.ZeroShotClassifier(graph, unseen=names[-2:], propagator=walks, calibration=0.0)
    return clf.fit(X, 2 * names[:NUM_SEEN]).explain(X[0], label_space="unseen").decision


def test_credits_do_not_mind_that_the_number_of_threads_was_changed(decision):
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(1)
        alone = kgzsl.fact_credits(decision, num_nodes=2)
        torch.set_num_threads(2)
        shared = kgzsl.fact_credits(decision, num_nodes=2)
    finally:
        torch.set_num_threads(before)
    assert shared.facts == alone.facts
    np.testing.assert_allclose(shared.credits, alone.credits, rtol=1e-6, atol=1e-9)
    assert len(alone) > 0
