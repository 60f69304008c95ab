"""Decisions of networks with a matrix for each relation: walks told apart by the facts that they take."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from threadpoolctl import threadpool_limits

import kgzsl
import kgzsl.testing
from kgzsl.errors import ExplanationError
from kgzsl.explain.chains import Chains
from kgzsl.explain.fact_credits import fact_credits
from kgzsl.explain.foreign_network import ForeignMargin
from kgzsl.explain.gates import GatedMargin
from kgzsl.explain.network_walks import flow, search
from kgzsl.explain.plugins import FactExplainer
from kgzsl.explain.routes import Facts
from kgzsl.features.matrix import MatrixFeatures
from kgzsl.propagation.rgcn import RGCN

# random facts may leave a class without a way to any other
pytestmark = pytest.mark.filterwarnings("ignore:.*no path to any seen class")

SEEN, UNSEEN = ["horse", "lion", "tiger"], ["donkey", "zebra"]
EVERY = ("taxonomic", "part", "attribute", "association")
ANIMALS = [
    ("zebra", "is_a", "equine"),
    ("zebra", "related_to", "equine"),
    ("horse", "is_a", "equine"),
    ("donkey", "is_a", "equine"),
    ("donkey", "related_to", "horse"),
    ("equine", "is_a", "mammal"),
    ("tiger", "is_a", "feline"),
    ("lion", "is_a", "feline"),
    ("feline", "is_a", "mammal"),
    ("zebra", "has_property", "striped"),
    ("tiger", "has_property", "striped"),
    ("lion", "eats", "zebra"),
    ("hoof", "related_to", "zebra"),
    ("zebra", "related_to", "hoof"),
]


def fitted(edges=ANIMALS, *, seed=0, bias=0.0, **options):
    triples = nx.MultiDiGraph()
    triples.add_nodes_from([*SEEN, *UNSEEN])
    for head, relation, tail in edges:
        triples.add_edge(head, tail, key=relation)
    graph = kgzsl.KnowledgeGraph.from_networkx(triples)
    rng = np.random.default_rng(seed)
    features = rng.normal(size=(len(graph), 4)).astype(np.float32)
    propagator = RGCN(**{"hidden": (5,), "epochs": 6, "relations": EVERY, "device": "cpu", **options})
    clf = kgzsl.ZeroShotClassifier(
        graph, features=MatrixFeatures(features, graph.ids), propagator=propagator, unseen=UNSEEN, random_state=seed
    ).fit(rng.normal(size=(9, 6)), [SEEN[row % 3] for row in range(9)])
    for layer in clf.problem_.model.network.layers:
        layer.bias.data += bias
    return clf, rng.normal(size=6)


def walks_of(clf, concept, x, *, share=1.0, at_most=10_000):
    """What the explainer finds, by (nodes, relations)."""
    model, view = clf.problem_.model, clf.problem_.views[0]
    passed = flow(model.opened(view.index, concept), view.features, x, 1.0)
    found = search(passed, Chains(view.index, model.relations), share=share, at_most=at_most)
    ids = view.index.ids
    listed = {(tuple(ids[node] for node in one.nodes), one.relations): one.credit for one in found.shares}
    assert len(listed) == len(found.shares)
    return passed, listed, found


def without_loops(walk):
    """Chronological loop erasure of (concept, relation it was reached by)."""
    kept = []
    for concept, relation in walk:
        seen = [each for each, _ in kept]
        kept = kept[: seen.index(concept) + 1] if concept in seen else [*kept, (concept, relation)]
    return tuple(concept for concept, _ in kept), tuple(relation for _, relation in kept[1:])


def enumerated(clf, concept, x, silent=()):
    """Every walk through dense matrices that are built from the facts themselves: (credits, constant, score).

    Facts that are `silent` count in the means, but say nothing.
    """
    model, view = clf.problem_.model, clf.problem_.views[0]
    index, table = view.index, clf.problem_.graph.edges_table
    place = {id_: number for number, id_ in enumerate(index.ids)}
    links = model.topology.links
    heard = {link: np.zeros((len(place), len(place))) for link in links}
    heard[""] = np.eye(len(place))
    for head, relation, tail in zip(table["head"], table["relation"], table["tail"], strict=True):
        if relation in heard and head in place and tail in place:  # the part of the graph that decides
            heard[relation][place[head], place[tail]] = 1.0
            heard[f"^{relation}"][place[tail], place[head]] = 1.0
    for link, matrix in heard.items():
        heard[link] = matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1.0)
    for head, relation, tail in silent:
        heard[relation][place[head], place[tail]] = heard[f"^{relation}"][place[tail], place[head]] = 0.0
    layers = [
        (
            dict(zip(links, layer.matrices().detach().numpy().astype(np.float64), strict=True)),
            layer.bias.detach().numpy(),
        )
        for layer in model.network.layers
    ]
    hidden, slopes = view.features.astype(np.float64), []
    for number, (weights, bias) in enumerate(layers):
        received = sum(heard[link] @ hidden @ weights[link] for link in links) + bias
        slopes.append(np.where((received > 0) | (number == len(layers) - 1), 1.0, 0.2))
        hidden = slopes[-1] * received
    row = hidden[place[concept]]
    pull = x / np.linalg.norm(row)
    found = {}

    def follow(number, vector, walk):
        key = without_loops(walk)
        weights, bias = layers[number]
        here = place[walk[-1][0]]
        pulled = slopes[number][here] * vector
        if number < len(layers) - 1:
            found[key] = found.get(key, 0.0) + float(pulled @ bias)
        for link in links:
            for there in np.flatnonzero(heard[link][here]):
                carried = heard[link][here, there] * (weights[link] @ pulled)
                further = [*walk, (index.ids[there], link)]
                if number:
                    follow(number - 1, carried, further)
                else:
                    key = without_loops(further)
                    found[key] = found.get(key, 0.0) + float(carried @ view.features[there].astype(np.float64))

    follow(len(layers) - 1, pull, [(concept, "")])
    return found, float(pull @ layers[-1][1]), float(row @ pull)


CONCEPTS = [*SEEN, *UNSEEN, "a", "b", "c"]
FACTS = st.lists(
    st.tuples(
        st.sampled_from(CONCEPTS), st.sampled_from(["is_a", "eats", "has_part"]), st.sampled_from(CONCEPTS)
    ).filter(lambda fact: fact[0] != fact[2]),
    min_size=1,
    max_size=14,
    unique=True,
).filter(lambda facts: any(fact[1] == "is_a" for fact in facts))


@settings(max_examples=25, deadline=None)
@given(FACTS, st.integers(0, 99), st.sampled_from([(4,), (4, 3)]), st.sampled_from([None, 2]))
def test_groups_of_walks_are_those_of_an_enumeration_of_all_walks(facts, seed, hidden, num_bases):
    clf, x = fitted(facts, seed=seed, bias=0.2, hidden=hidden, num_bases=num_bases)
    _, listed, found = walks_of(clf, "zebra", x)
    expected, constant, score = enumerated(clf, "zebra", x)
    assert found.is_certified
    for key, credit in expected.items():
        assert listed.pop(key, 0.0) == pytest.approx(credit, abs=1e-11)
    assert listed == {}
    assert sum(expected.values()) + constant == pytest.approx(score, abs=1e-11)


@settings(max_examples=20, deadline=None)
@given(FACTS, st.integers(0, 99))
def test_shares_add_up_whatever_is_read(facts, seed):
    clf, x = fitted(facts, seed=seed)
    explanation = clf.explain(x, target="zebra", against="donkey", k=4)
    size = sum(row.gross for row in explanation.rows)
    assert abs(explanation.residual) <= 1e-5 * max(size, 1e-9)
    for view in explanation.views:
        assert sum(row.credit for row in explanation.by(view)) == pytest.approx(explanation.total, rel=1e-10, abs=1e-12)
    explanation.verify()


@settings(max_examples=15, deadline=None)
@given(FACTS, st.integers(0, 99))
def test_what_flows_into_a_concept_flows_out_of_it(facts, seed):
    clf, x = fitted(facts, seed=seed, bias=0.2)
    passed, _, _ = walks_of(clf, "zebra", x)
    network, gradient = passed.network, passed.pull[None, :]
    for number in reversed(range(len(network.layers))):
        layer, hidden = network.layers[number], passed.hidden[number]
        pulled = passed.slopes[number] * gradient
        messages = [
            part.operator.toarray() * ((pulled @ part.weight.T) @ hidden.T) for part in layer.parts
        ]  # [target, source]
        relevance = (passed.hidden[number + 1] * gradient).sum(axis=1)
        arrived = sum(each.sum(axis=1) for each in messages) + pulled @ layer.after
        np.testing.assert_allclose(arrived, relevance, atol=1e-10)
        gradient = sum(part.operator.T @ (pulled @ part.weight.T) for part in layer.parts)
        left = sum(each.sum(axis=0) for each in messages)
        np.testing.assert_allclose(left, (hidden * gradient).sum(axis=1), atol=1e-10)


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 2**16))
def test_a_margin_read_the_other_way_round_is_its_negative(seed):
    clf, x = fitted(seed=seed)
    one = clf.explain(x, target="zebra", against="donkey", k=50)
    other = clf.explain(x, target="donkey", against="zebra", k=50)
    assert one.total == pytest.approx(-other.total, abs=1e-9)
    for view in ("facts", "patterns"):
        turned = {row.key: -row.credit for row in other.by(view) if row.kind != "rest"}
        assert {row.key: row.credit for row in one.by(view) if row.kind != "rest"} == pytest.approx(turned, abs=1e-9)


def test_parallel_facts_have_rows_and_words_of_their_own():
    clf, x = fitted()
    explanation = clf.explain(x, target="zebra", against=None, k=50)
    rows = {row.key[2:]: row for row in explanation.by("paths")}
    one, other = (rows["zebra", "equine", relation] for relation in ("is_a", "related_to"))
    assert (one.label, other.label) == ("zebra is a kind of equine", "zebra is related to equine")
    assert abs(one.credit - other.credit) > 1e-6
    assert [edge.relation for row in (one, other) for edge in row.paths[0].edges] == ["is_a", "related_to"]
    labels = [row.label for row in explanation.items]
    assert {"is a kind of equine", "is related to equine"} <= set(labels)


def test_a_fact_told_both_ways_is_two_facts():
    clf, x = fitted()
    _, listed, _ = walks_of(clf, "zebra", x)
    one, other = listed[("zebra", "hoof"), ("related_to",)], listed[("zebra", "hoof"), ("^related_to",)]
    assert min(abs(one), abs(other), abs(one - other)) > 1e-6
    facts = Facts(clf.problem_.graph, clf.problem_.model.relations)
    for relation, head in (("related_to", "zebra"), ("^related_to", "hoof")):
        (step,) = facts.route(("zebra", "hoof"), (relation,)).steps
        assert [facts.edges([row])[0].head for row in step.rows] == [head]


def test_a_relation_without_weight_has_no_share_and_the_parallel_one_keeps_its_own():
    clf, x = fitted()
    model = clf.problem_.model
    _, before, _ = walks_of(clf, "zebra", x)
    silent = [place for place, link in enumerate(model.topology.links) if link.endswith("related_to")]
    for layer in model.network.layers:
        layer.weight.data[silent] = 0.0
    _, after, _ = walks_of(clf, "zebra", x)
    assert any("related_to" in "".join(relations) and credit for (_, relations), credit in before.items())
    assert all(not credit for (_, relations), credit in after.items() if "related_to" in "".join(relations))
    assert after[("zebra", "equine"), ("is_a",)]


def test_a_fact_beyond_reach_has_no_share():
    far = [("mammal", "is_a", "animal"), ("animal", "is_a", "being"), ("being", "related_to", "thing")]
    clf, x = fitted([*ANIMALS, *far])
    cited = {
        end
        for row in clf.explain(x, target="zebra").by("facts")
        for edge in row.facts
        for end in (edge.head, edge.tail)
    }
    assert "mammal" in cited
    assert cited.isdisjoint({"being", "thing"})


def test_the_largest_groups_of_a_short_search_are_the_largest_of_all():
    clf, x = fitted(bias=0.2)
    _, _, whole = walks_of(clf, "zebra", x)
    _, _, short = walks_of(clf, "zebra", x, at_most=4)
    assert short.shares == whole.shares[: len(short.shares)]
    assert len(short.shares) >= 4


@pytest.mark.parametrize("forge", ["credit", "relation"])
def test_a_forged_path_is_found_out(forge):
    clf, x = fitted()
    explanation = clf.explain(x, target="zebra", against=None)
    (account,) = explanation.reasons.ledger.accounts
    place = next(number for number, path in enumerate(account.paths) if path.relations == ("is_a",))
    path = account.paths[place]
    forged = replace(path, credit=path.credit + 0.01) if forge == "credit" else replace(path, relations=("related_to",))
    paths = (*account.paths[:place], forged, *account.paths[place + 1 :])
    ledger = replace(explanation.reasons.ledger, accounts=(replace(account, paths=paths),))
    with pytest.raises(ExplanationError):
        replace(explanation, reasons=replace(explanation.reasons, ledger=ledger)).verify()


def test_a_saved_model_explains_in_the_same_bytes(tmp_path):
    clf, x = fitted(num_bases=2)
    clf.save(tmp_path / "model")
    loaded = kgzsl.load_model(tmp_path / "model")
    assert json.dumps(loaded.explain(x).to_dict()) == json.dumps(clf.explain(x).to_dict())


def test_threads_and_hash_seeds_leave_every_byte():
    clf, x = fitted()
    here = json.dumps(clf.explain(x, k=20).to_dict())
    code = (
        "import json, sys; sys.path.insert(0, sys.argv[1]); import test_relational_walks as t;"
        "clf, x = t.fitted(); print(json.dumps(clf.explain(x, k=20).to_dict()))"
    )
    threads = {"OMP_NUM_THREADS": "3", "OPENBLAS_NUM_THREADS": "3"}
    command = [sys.executable, "-W", "ignore", "-c", code, str(Path(__file__).parent)]
    environment = {**os.environ, "PYTHONHASHSEED": "7", **threads}
    there = subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout
    assert there.strip() == here


def test_concepts_in_another_order_have_the_same_shares():
    """A relabelling permutes the answer and nothing else: what is trained is put back under the new names."""
    clf, x = fitted()
    model, view = clf.problem_.model, clf.problem_.views[0]
    turned = {name: f"{9 - place}-{name}" for place, name in enumerate(view.index.ids)}
    renamed = kgzsl.KnowledgeGraph.from_networkx(nx.relabel_nodes(clf.problem_.graph.to_networkx(), turned))
    back = {new: old for old, new in turned.items()}
    features = view.features[view.index.positions([back[id_] for id_ in renamed.ids])]
    with threadpool_limits(1):
        one = flow(model.opened(view.index, "zebra"), view.features, x, 1.0)
        two = flow(model.opened(renamed.index, turned["zebra"]), features, x, 1.0)
    other = search(two, Chains(renamed.index, model.relations), share=1.0, at_most=10_000)
    names = renamed.index.ids
    found = {(tuple(back[names[node]] for node in each.nodes), each.relations): each.credit for each in other.shares}
    whole = search(one, Chains(view.index, model.relations), share=1.0, at_most=10_000)
    expected = {(tuple(view.index.ids[n] for n in each.nodes), each.relations): each.credit for each in whole.shares}
    assert found == pytest.approx(expected, abs=1e-12)


def test_gates_silence_one_fact_and_leave_the_parallel_one():
    clf, x = fitted()
    for target, foil in (("zebra", None), ("zebra", "donkey")):
        decision = clf.explain(x, target=target, against=foil).decision
        gated = ForeignMargin(decision)
        for silent in ([], [("zebra", "is_a", "equine")], [("zebra", "related_to", "equine")], list(gated.facts)):
            gates = np.array([float(fact not in silent) for fact in gated.facts])
            scores = [
                sign * enumerated(clf, side.concept, decision.inputs, silent)[2] for sign, side in decision.sides()
            ]
            assert gated.margin(gates) == pytest.approx(sum(scores) / decision.temperature, rel=1e-9)


@pytest.mark.parametrize("semantics", ["remove", "suppress"])
@pytest.mark.parametrize("frozen", [False, True])
def test_gates_of_the_opened_network_are_those_on_its_messages(semantics, frozen):
    """By other roads: PyTorch Geometric's masks on messages, and the model run on the edited graph."""
    clf, x = fitted(hidden=(5, 4))
    decision = clf.explain(x, target="zebra", against="donkey").decision
    gated, masked = GatedMargin(decision, frozen=frozen), ForeignMargin(decision)
    assert gated.facts == masked.facts
    rows = np.ones((len(gated.facts) + 1, len(gated.facts)))
    rows[np.arange(len(gated.facts)), np.arange(len(gated.facts))] = 0.0
    rows = rows[-1:] if frozen else rows
    expected = [masked.margin(gates, semantics=semantics) for gates in rows]
    np.testing.assert_allclose(gated.margins(rows, semantics=semantics), expected, atol=2e-5)


@pytest.mark.parametrize("method", ["occlusion", "integrated-gradients", "gradient", "shapley"])
def test_facts_have_credits_of_their_own(method):
    clf, x = fitted()
    explanation = clf.explain(x, target="zebra", against=None, explainer=method, k=20)
    shares = {row.key[-3:]: row.credit for row in explanation.items}
    assert shares["zebra", "is_a", "equine"] != shares["zebra", "related_to", "equine"]
    explanation.verify()


@pytest.mark.parametrize("method", ["occlusion", "integrated-gradients", "gradient", "shapley"])
def test_explainers_take_a_network_with_a_matrix_for_each_relation(method):
    kgzsl.testing.check_explainer(FactExplainer(method), kgzsl.testing.example_decision("rgcn"))


@settings(max_examples=20, deadline=None)
@given(FACTS, st.integers(0, 99), st.sampled_from([None, 2]))
def test_shapley_values_are_of_single_facts_and_add_up_to_the_last_digit(facts, seed, num_bases):
    clf, x = fitted(facts, seed=seed, num_bases=num_bases)
    decision = clf.explain(x, target="zebra", against="donkey").decision
    found = fact_credits(decision, "shapley")
    score = {side.concept: enumerated(clf, side.concept, decision.inputs)[2] for _, side in decision.sides()}
    exact = (score["zebra"] - score["donkey"]) / decision.temperature
    size = abs(found.baseline) + float(np.abs(found.credits).sum())
    assert found.total == pytest.approx(exact, abs=1e-13 * max(size, 1.0))
    assert set(found.facts) <= set(facts)
