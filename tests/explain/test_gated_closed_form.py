"""A closed form in gates: anew for any gates, and by what changes where few are shut."""

import networkx as nx
import numpy as np
import polars as pl
import pytest
import torch

import kgzsl
from kgzsl.explain import closed_form_updates
from kgzsl.explain.closed_form_updates import UpdatedClosedForm
from kgzsl.explain.gated_closed_form import GatedClosedForm
from kgzsl.explain.gates import GatedScores
from kgzsl.features import MatrixFeatures
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


KERNELS = [
    GPSettings.of(walk=1, walk_beta=3.0, noise=0.3),
    GPSettings.of(convolved=1, convolved_beta=1.0, noise=0.2),
    GPSettings.of(text=1, walk=2, convolved=1, walk_beta=2.0, convolved_beta=0.7, noise=0.2),
]


def scores_of(seed, settings):
    """Of a random multigraph, with parallel facts, facts both ways and a leaf."""
    rng = np.random.default_rng(seed)
    graph = nx.MultiDiGraph()
    graph.add_edges_from((f"c{h}", f"c{t}", r) for h, t, r in _drawn(rng, 9, 18))
    graph.add_edge("leaf", "c0", "is_a")
    kg = kgzsl.KnowledgeGraph.from_networkx(
        nx.MultiDiGraph([(h, t, {"relation": r}) for h, t, r in graph.edges(keys=True)])
    )
    features = MatrixFeatures(rng.normal(size=(len(kg), 4)).astype(np.float32), kg.ids)
    unseen = ["leaf", "c1", "c2"]
    clf = kgzsl.ZeroShotClassifier(kg, features=features, propagator=GraphGP(settings=settings), unseen=unseen)
    clf.fit(rng.normal(size=(8, 5)), ["c0", "c3", "c4", "c5"] * 2)
    decision = clf.explain(rng.normal(size=5), label_space="unseen").decision
    return GatedScores(decision, [side for _, side in decision.sides()])


def _drawn(rng, size, count):
    ends = [(int(h), int(t)) for h, t in rng.integers(size, size=(count, 2)) if h != t]
    path = [(place, place + 1) for place in range(size - 1)]
    return sorted({(h, t, str(rng.choice(["is_a", "instance_of"]))) for h, t in [*ends, *path]})


@pytest.mark.parametrize("settings", KERNELS)
@pytest.mark.parametrize("seed", range(4))
def test_what_few_facts_change_is_what_all_computed_anew_gives(settings, seed, monkeypatch):
    scores = scores_of(seed, settings)
    rng = np.random.default_rng(seed)
    gates = np.ones((40, len(scores.facts)))
    for row, gone in zip(gates[1:], rng.integers(1, 5, size=39), strict=True):  # the first row has all gates open
        row[rng.choice(len(row), size=gone, replace=False)] = rng.choice([0.0, 0.0, 0.4], size=gone)
    found = scores.scores(gates)
    monkeypatch.setattr(closed_form_updates, "_FEW", -1)
    np.testing.assert_allclose(found, scores.scores(gates), rtol=1e-9, atol=1e-11)
    assert np.ptp(found) > 0.1


def test_few_facts_are_not_computed_anew_and_many_are(monkeypatch):
    scores = scores_of(0, KERNELS[2])
    asked = []
    anew = GatedClosedForm.rows
    monkeypatch.setattr(
        GatedClosedForm,
        "rows",
        lambda form, gates, *rest, **how: asked.append(gates) or anew(form, gates, *rest, **how),
    )
    few, many = np.ones((2, 1, len(scores.facts)))
    few[0, :2] = many[0] = 0.0
    scores.scores(few)
    assert not asked
    scores.scores(many)
    assert len(asked) == 1
    assert isinstance(scores._parts[0][1].updated, UpdatedClosedForm)
