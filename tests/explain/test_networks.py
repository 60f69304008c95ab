"""Decisions of trained networks, taken apart walk by walk."""

from itertools import product

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import kgzsl
from kgzsl.errors import ExplanationError
from kgzsl.explain.chains import Chains
from kgzsl.explain.network_walks import erased, flow, search
from kgzsl.features.matrix import MatrixFeatures
from kgzsl.propagation.dgp import DGP
from kgzsl.propagation.gcnz import GCNZ
from kgzsl.propagation.sgcn import SGCN

NETWORKS = {
    "sgcn": SGCN(hidden=5, epochs=8),
    "dgp": DGP(hidden=5, epochs=8),
    "gcnz": GCNZ(hidden=(4, 4), epochs=8),
}
EDGES = [
    ("zebra", "equine"),
    ("horse", "equine"),
    ("donkey", "equine"),
    ("equine", "mammal"),
    ("tiger", "feline"),
    ("lion", "feline"),
    ("feline", "carnivore"),
    ("carnivore", "mammal"),
    ("tiger", "striped thing"),
    ("zebra", "striped thing"),
]


def fitted(propagator, *, edges=EDGES, random_state=0, bias=0.0):
    graph = kgzsl.KnowledgeGraph.from_networkx(nx.MultiDiGraph([(*pair, "is_a") for pair in edges]))
    rng = np.random.default_rng(random_state)
    features = rng.normal(size=(len(graph), 4)).astype(np.float32)
    seen = ["horse", "lion", "tiger"]
    X = rng.normal(size=(9, 6))
    y = [seen[row % 3] for row in range(9)]
    clf = kgzsl.ZeroShotClassifier(
        graph,
        features=MatrixFeatures(features, graph.ids),
        propagator=propagator,
        unseen=["zebra", "donkey"],
        random_state=random_state,
    ).fit(X, y)
    if bias:
        for layer in clf.problem_.model.network.layers:
            if layer.bias is not None:
                layer.bias.data += bias
    return clf, rng.normal(size=6)


def opened(clf, concept, x, *, share=1.0, at_most=10_000):
    problem = clf.problem_
    view = problem.views[0]
    network = problem.model.opened(view.index, concept)
    passed = flow(network, view.features, x, 1.0)
    chains = Chains(view.index, problem.model.relations)
    return network, passed, search(passed, chains, share=share, at_most=at_most), chains


def brute_force(network, passed, features, chains):
    """Every walk of messages, one by one, from features and from biases: credit by loop erasure."""
    found = {}
    steps = []
    for layer in network.layers:
        matrix = layer.operator.toarray()
        steps.append([(t, s, matrix[t, s]) for t, s in product(*map(range, matrix.shape)) if matrix[t, s]])

    def follow(number, place, vector, visited):
        """From a row entering layer `number`, already sent through its weight."""
        for target, source, share in steps[number]:
            if source != place:
                continue
            carried = passed.slopes[number][target] * share * vector
            seen = [*visited, int(network.rows[number + 1][target])]
            if number + 1 == len(network.layers):
                key = (seen[-1],)
                for here, there in zip(seen[::-1], seen[-2::-1], strict=False):
                    key = erased(key, chains.between(here, there))
                found[key] = found.get(key, 0.0) + float(carried @ passed.pull)
            else:
                follow(number + 1, target, carried @ network.layers[number + 1].weight, seen)

    for place, row in enumerate(network.rows[0]):
        follow(0, place, features[row].astype(np.float64) @ network.layers[0].weight, [int(row)])
    for number, layer in enumerate(network.layers):
        if layer.before is not None:
            for place, row in enumerate(network.rows[number]):
                follow(number, place, layer.before, [int(row)])
        if layer.after is not None and number + 1 < len(network.layers):
            for place, row in enumerate(network.rows[number + 1]):
                start = passed.slopes[number][place] * layer.after
                follow(number + 1, place, start @ network.layers[number + 1].weight, [int(row)])
    return found


@pytest.mark.parametrize("name", NETWORKS)
def test_groups_of_walks_are_those_of_an_enumeration_of_all_walks(name):
    clf, x = fitted(NETWORKS[name], bias=0.2)
    network, passed, found, chains = opened(clf, "zebra", x)
    expected = brute_force(network, passed, clf.problem_.views[0].features, chains)
    assert found.is_certified
    listed = {group.nodes: group.credit for group in found.shares}
    for key, credit in expected.items():
        assert listed.pop(key, 0.0) == pytest.approx(credit, abs=1e-12)
    assert listed == {}


@pytest.mark.parametrize("name", NETWORKS)
def test_shares_add_up_to_the_row_that_the_network_gives(name):
    clf, x = fitted(NETWORKS[name], bias=0.2)
    _, passed, found, _ = opened(clf, "zebra", x)
    row = passed.hidden[-1][0]
    score = float(row @ x) / float(np.linalg.norm(row))
    assert passed.total == pytest.approx(score, abs=1e-12)
    everything = sum(group.credit for group in found.shares) + passed.constant
    assert everything == pytest.approx(score, abs=1e-12)


@pytest.mark.parametrize("name", NETWORKS)
def test_the_largest_groups_of_a_short_search_are_the_largest_of_all(name):
    clf, x = fitted(NETWORKS[name], bias=0.2)
    _, _, whole, _ = opened(clf, "donkey", x)
    _, _, short, _ = opened(clf, "donkey", x, at_most=4)
    assert short.shares == whole.shares[: len(short.shares)]
    assert len(short.shares) >= 4


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("space", ["all", "unseen"])
def test_an_explanation_adds_up_and_is_found_true(name, space):
    clf, x = fitted(NETWORKS[name])
    explanation = clf.explain(x, label_space=space)
    scale = sum(row.gross for row in explanation.rows)
    assert abs(explanation.residual) < 1e-5 * scale
    for view in explanation.views:
        assert sum(row.credit for row in explanation.by(view)) == pytest.approx(explanation.total, rel=1e-10)
    explanation.verify()


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**16), st.sampled_from(sorted(NETWORKS)))
def test_a_margin_read_the_other_way_round_is_its_negative_row_by_row(seed, name):
    clf, x = fitted(NETWORKS[name], random_state=seed)
    one = clf.explain(x, target="zebra", against="donkey", k=50)
    other = clf.explain(x, target="donkey", against="zebra", k=50)
    assert one.total == pytest.approx(-other.total, abs=1e-9)
    facts = {row.key: row.credit for row in one.by("facts") if row.kind == "fact"}
    turned = {row.key: -row.credit for row in other.by("facts") if row.kind == "fact"}
    assert facts == pytest.approx(turned, abs=1e-9)


def test_a_fact_beyond_reach_has_no_share():
    clf, x = fitted(NETWORKS["sgcn"], edges=[*EDGES, ("mammal", "animal"), ("animal", "being"), ("being", "thing")])
    cited = {edge for row in clf.explain(x, target="zebra").by("facts") for edge in row.facts}
    assert not [edge for edge in cited if "thing" in (edge.head, edge.tail) or "being" in (edge.head, edge.tail)]


def test_links_to_far_ancestors_read_as_chains_of_facts():
    clf, x = fitted(NETWORKS["dgp"])
    far = [row for row in clf.explain(x, target="zebra", k=50).by("paths") if "mammal" in row.concepts]
    assert far
    assert all(
        ("equine", "mammal") in zip(row.concepts, row.concepts[1:], strict=False) or row.concepts[0] == "mammal"
        for row in far
        if row.concepts[0] == "zebra"
    )


def test_a_network_has_no_view_by_seen_class_and_says_why():
    clf, x = fitted(NETWORKS["sgcn"])
    explanation = clf.explain(x)
    assert explanation.views == ("paths", "facts", "concepts", "patterns")
    with pytest.raises(ExplanationError, match="exact shares of the seen classes"):
        explanation.by("support")


def test_a_changed_number_is_found_out():
    from dataclasses import replace

    clf, x = fitted(NETWORKS["sgcn"])
    explanation = clf.explain(x, label_space="unseen")
    row = explanation.items[0]
    forged = replace(explanation, items=(replace(row, credit=row.credit * 1.01), *explanation.items[1:]))
    with pytest.raises(ExplanationError):
        forged.verify()


def test_two_calls_give_the_same_bytes():
    clf, x = fitted(NETWORKS["dgp"])
    assert clf.explain(x).to_dict() == clf.explain(x).to_dict()
