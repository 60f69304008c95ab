"""The last layer of a network solved in closed form: its equations, and what each seen class gives."""

import networkx as nx
import numpy as np
import pytest

import kgzsl
from kgzsl.contracts import Supervision
from kgzsl.errors import InputFormatError, IntegrityError
from kgzsl.explain.network_account import support_shares
from kgzsl.explain.network_walks import flow
from kgzsl.features.matrix import MatrixFeatures
from kgzsl.graph.knowledge_graph import KnowledgeGraph
from kgzsl.propagation.dgp import DGP, DGPM
from kgzsl.propagation.fitted_network import FittedNetwork
from kgzsl.propagation.gcnz import GCNZ
from kgzsl.propagation.rgcn import RGCN
from kgzsl.propagation.sgcn import SGCN
from kgzsl.propagation.topology import RelationTopology

NETWORKS = {
    "sgcn": SGCN(hidden=7, epochs=6, readout="ridge"),
    "gcnz": GCNZ(hidden=(6, 5), epochs=6, readout="ridge"),
    "gcnz with bias": GCNZ(hidden=(6, 5), bias=True, epochs=6, readout="ridge"),
    "dgp": DGP(hidden=7, epochs=6, readout="ridge"),
    "dgpm": DGPM(hidden=7, epochs=6, readout="ridge"),
    "rgcn": RGCN(hidden=(7,), epochs=6, relations=("is_a", "related_to"), readout="ridge"),
    "rgcn with bases": RGCN(hidden=(6, 5), num_bases=2, epochs=6, relations=("is_a", "related_to"), readout="ridge"),
}
PAIRS = [
    "horse equine",
    "zebra equine",
    "donkey equine",
    "tiger feline",
    "lion feline",
    "equine mammal",
    "feline mammal",
]
SEEN = ("horse", "lion", "tiger")


def zoo():
    facts = [(*pair.split(), "is_a") for pair in PAIRS]
    return KnowledgeGraph.from_networkx(nx.MultiDiGraph([*facts, ("zebra", "horse", "related_to")]))


@pytest.fixture(scope="module", params=NETWORKS)
def solved(request):
    graph = zoo()
    rng = np.random.default_rng(0)
    features = rng.normal(size=(len(graph), 4)).astype(np.float32)
    targets = rng.normal(size=(3, 5)).astype(np.float32)
    targets /= np.linalg.norm(targets, axis=1, keepdims=True)
    fitted = NETWORKS[request.param].fit(graph.index, features, Supervision(SEEN, targets, "prototype"))
    return graph, features, targets, fitted


def last_rows(fitted, graph, features, concepts):
    """What the last layer multiplies, from the opened layers; of several matrices from the messages of all concepts."""
    if isinstance(fitted.topology, RelationTopology):
        return last_relational_rows(fitted, graph, features)[graph.index.positions(concepts)]
    rows = []
    for concept in concepts:
        passed = flow(fitted.opened(graph.index, concept), features, np.zeros(5), 1.0)
        layer = passed.network.layers[-1]
        row = (layer.operator @ passed.hidden[-2])[0]
        if layer.after is not None:
            row = np.append(row, 1.0)
        elif layer.before is not None:
            row = np.append(row, layer.operator.sum())
        rows.append(row)
    return np.array(rows)


def last_relational_rows(fitted, graph, features):
    groups = [group.toarray() for group in fitted.topology.messages(graph.index).of_layer(0)]
    hidden = features.astype(np.float64)
    for layer in fitted.network.layers[:-1]:
        matrices = layer.matrices().detach().numpy().astype(np.float64)
        hidden = sum(group @ hidden @ matrix for group, matrix in zip(groups, matrices, strict=True))
        hidden = hidden + layer.bias.detach().numpy()
        hidden = np.where(hidden > 0, hidden, 0.2 * hidden)
    brought = np.stack([group @ hidden for group in groups])
    last = fitted.network.layers[-1]
    if last.mixture is not None:
        brought = np.einsum("kti,kb->bti", brought, last.mixture.detach().numpy().astype(np.float64))
    return np.concatenate([*brought, np.ones((len(hidden), 1))], axis=1)


def test_the_last_layer_solves_its_normal_equations(solved):
    graph, features, targets, fitted = solved
    rows, readout = last_rows(fitted, graph, features, SEEN), fitted.readout
    penalty = readout.penalty * float((rows**2).sum()) / len(SEEN)
    normal = rows.T @ rows + penalty * np.eye(rows.shape[1])
    np.testing.assert_allclose(normal @ readout.weight, rows.T @ targets, atol=1e-5)


def test_the_network_gives_what_the_solution_gives(solved):
    graph, features, _, fitted = solved
    raw = last_rows(fitted, graph, features, ["zebra", "donkey"]) @ fitted.readout.weight
    raw /= np.linalg.norm(raw, axis=1, keepdims=True)
    np.testing.assert_allclose(fitted.weights(graph.index, features, concepts=["zebra", "donkey"]), raw, atol=1e-5)


def test_what_the_seen_classes_give_adds_up_to_the_score(solved):
    graph, features, _, fitted = solved
    x = np.random.default_rng(1).normal(size=5)
    passed = flow(fitted.opened(graph.index, "zebra"), features, x, 2.0)
    row = passed.hidden[-1][0]
    score = 2.0 * float(row @ x) / float(np.linalg.norm(row))
    assert support_shares(passed, x, 2.0).sum() == pytest.approx(score, abs=1e-12)


def test_the_penalty_is_the_best_when_each_seen_class_is_left_out(solved):
    graph, features, targets, fitted = solved
    from kgzsl.propagation.ridge_readout import PENALTIES

    rows = last_rows(fitted, graph, features, SEEN)
    scale = float((rows**2).sum()) / len(SEEN)

    def left_out(penalty):
        error = 0.0
        for out in range(len(SEEN)):
            kept = [place for place in range(len(SEEN)) if place != out]
            normal = rows[kept].T @ rows[kept] + penalty * scale * np.eye(rows.shape[1])
            guess = rows[out] @ np.linalg.solve(normal, rows[kept].T @ targets[kept])
            error += float(((guess - targets[out]) ** 2).sum())
        return error

    assert left_out(fitted.readout.penalty) <= min(map(left_out, PENALTIES)) * (1 + 1e-4)


def test_it_is_saved_and_read_back(solved):
    graph, features, _, fitted = solved
    config, arrays = fitted.state()
    again = FittedNetwork.from_state(config, arrays)
    np.testing.assert_array_equal(again.weights(graph.index, features), fitted.weights(graph.index, features))
    np.testing.assert_array_equal(again.readout.coefficients, fitted.readout.coefficients)
    with pytest.raises(IntegrityError):
        FittedNetwork.from_state(config, {**arrays, "readout.targets": arrays["readout.targets"][:2]})


@pytest.mark.parametrize("name", ["dgp", "rgcn", "rgcn with bases"])
def test_a_solved_network_is_explained_by_its_seen_classes_too(name):
    graph = zoo()
    rng = np.random.default_rng(0)
    clf = kgzsl.ZeroShotClassifier(
        graph,
        features=MatrixFeatures(rng.normal(size=(len(graph), 4)).astype(np.float32), graph.ids),
        propagator=NETWORKS[name],
        unseen=["zebra", "donkey"],
    ).fit(rng.normal(size=(9, 6)), list(SEEN) * 3)
    for space in ("unseen", "all"):
        explanation = clf.explain(rng.normal(size=6), label_space=space)
        assert explanation.views == ("paths", "facts", "support", "concepts", "patterns")
        for view in explanation.views:
            assert sum(row.credit for row in explanation.by(view)) == pytest.approx(explanation.total, rel=1e-10)
        explanation.verify()


def test_a_readout_that_does_not_exist_is_refused():
    with pytest.raises(InputFormatError, match='"trained" or "ridge"'):
        SGCN(readout="lasso")
