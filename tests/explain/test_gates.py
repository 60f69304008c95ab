"""Facts switched on and off: gates, what they do to the margin, and credits of facts."""

from dataclasses import dataclass
from itertools import chain, combinations
from math import factorial

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

import kgzsl
from kgzsl.errors import ExplanationError, InputFormatError, ResourceLimitError, UnknownNameError
from kgzsl.explain import Candidate, Decision
from kgzsl.explain.decision import Running
from kgzsl.explain.fact_credits import fact_credits
from kgzsl.explain.gates import GatedMargin
from kgzsl.explain.rerun import Rerun
from kgzsl.features.matrix import MatrixFeatures
from kgzsl.propagation.dgp import DGP
from kgzsl.propagation.gcnz import GCNZ
from kgzsl.propagation.gp_settings import GPSettings
from kgzsl.propagation.graph_gp import GraphGP
from kgzsl.propagation.rgcn import RGCN
from kgzsl.propagation.sgcn import SGCN

MODELS = {
    "graph-gp": GraphGP(
        settings=GPSettings.of(text=1, walk=1, convolved=1, walk_beta=2.0, convolved_beta=1.0, noise=0.2)
    ),
    "sgcn": SGCN(hidden=5, epochs=8),
    "gcnz": GCNZ(hidden=(4, 4), epochs=8),
    "dgp": DGP(hidden=5, epochs=8),
    "rgcn": RGCN(hidden=(5, 4), num_bases=2, epochs=8, relations=("is_a", "related_to")),
}
PAIRS = [
    "horse equine",
    "zebra equine",
    "donkey equine",
    "tiger feline",
    "lion feline",
    "equine mammal",
    "feline mammal",
    "zebra striped",
    "tiger striped",
]


def decided(model, *, seed=0, target="zebra", against="donkey"):
    facts = [(*pair.split(), "is_a") for pair in PAIRS]
    if model == "rgcn":  # to whom facts that join the same two concepts are different
        facts += [("zebra", "equine", "related_to"), ("equine", "zebra", "related_to")]
    kg = kgzsl.KnowledgeGraph.from_networkx(nx.MultiDiGraph(facts))
    rng = np.random.default_rng(seed)
    features = MatrixFeatures(rng.normal(size=(len(kg), 4)).astype(np.float32), kg.ids)
    clf = kgzsl.ZeroShotClassifier(
        kg, features=features, propagator=MODELS[model], unseen=["zebra", "donkey"], random_state=seed
    ).fit(rng.normal(size=(9, 5)), ["horse", "tiger", "lion"] * 3)
    return clf.explain(rng.normal(size=5), target=target, against=against).decision


def slack(decision):
    return 1e-4 * max(1.0, *(abs(side.score) for _, side in decision.sides()))


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("semantics", ["remove", "suppress"])
@pytest.mark.parametrize("frozen", [False, True])
def test_with_all_gates_open_the_margin_is_that_of_the_decision(model, semantics, frozen):
    decision = decided(model)
    assert GatedMargin(decision, frozen=frozen).margin(semantics=semantics) == pytest.approx(
        decision.margin, abs=slack(decision)
    )


@pytest.mark.parametrize("model", ["graph-gp", "sgcn", "gcnz", "rgcn"])
@settings(max_examples=8, deadline=None)
@given(data=st.data())
def test_shut_gates_give_the_margin_of_the_graph_without_their_facts(model, data):
    decision = decided(model)
    gated = GatedMargin(decision)
    gates = np.array(
        data.draw(st.lists(st.sampled_from([0.0, 1.0]), min_size=len(gated.facts), max_size=len(gated.facts)))
    )
    gone = [fact for fact, gate in zip(gated.facts, gates, strict=True) if not gate]
    assert gated.margin(gates) == pytest.approx(Rerun(decision).outcome(gone).margin, abs=slack(decision))


def test_a_removed_link_of_dgp_is_removed_with_all_that_hangs_on_it():
    decision = decided("dgp")
    gated = GatedMargin(decision)
    for place, fact in enumerate(gated.facts):
        gates = np.ones(len(gated.facts))
        gates[place] = 0.0
        again = Rerun(decision).outcome([fact]).margin
        assert gated.margin(gates) == pytest.approx(again, abs=slack(decision)), fact


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("semantics", ["remove", "suppress"])
def test_the_gradient_is_the_slope_of_the_margin(model, semantics):
    gated = GatedMargin(decided(model), frozen=True)
    gates = np.random.default_rng(1).uniform(0.3, 0.9, size=len(gated.facts))
    slopes = gated.gradient(gates, semantics=semantics)
    for place in range(len(gates)):
        up, down = gates.copy(), gates.copy()
        up[place] += 1e-5
        down[place] -= 1e-5
        numeric = (gated.margin(up, semantics=semantics) - gated.margin(down, semantics=semantics)) / 2e-5
        assert slopes[place] == pytest.approx(numeric, abs=1e-5 * max(1.0, np.abs(slopes).max()))


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("semantics", ["remove", "suppress"])
@pytest.mark.parametrize("frozen", [False, True])
def test_what_is_computed_only_where_it_changes_is_the_whole_computation(model, semantics, frozen):
    import torch

    gated = GatedMargin(decided(model), frozen=frozen)
    rng = np.random.default_rng(2)
    gates = rng.choice([0.0, 0.4, 1.0], size=(7, len(gated.facts)), p=[0.2, 0.2, 0.6])
    with torch.no_grad():
        whole = gated._scores.of(torch.from_numpy(gates.T.copy()), remove=semantics == "remove").numpy()
    np.testing.assert_allclose(gated.margins(gates, semantics=semantics), whole[:, 0] - whole[:, 1], atol=1e-12)


@pytest.mark.parametrize("model", MODELS)
def test_many_gradients_at_once_are_those_asked_one_by_one(model, monkeypatch):
    gated = GatedMargin(decided(model))
    gates = np.random.default_rng(3).uniform(size=(5, len(gated.facts)))
    expected = [gated.gradient(row) for row in gates]
    np.testing.assert_allclose(gated.gradients(gates), expected, rtol=1e-10, atol=1e-13)
    monkeypatch.setattr("kgzsl.explain.gates._MOST_NUMBERS", 1)
    np.testing.assert_allclose(gated.gradients(gates), expected, rtol=1e-10, atol=1e-13)
    np.testing.assert_allclose(gated.margins(gates), [gated.margin(row) for row in gates], rtol=1e-10)


def brute_force_shapley(gated):
    """Over all 2^n coalitions of facts, messages suppressed and gates of the network frozen."""
    count = len(gated.facts)
    everyone = range(count)
    coalitions = [*chain.from_iterable(combinations(everyone, size) for size in range(count + 1))]
    gates = np.zeros((len(coalitions), count))
    for row, coalition in zip(gates, coalitions, strict=True):
        row[list(coalition)] = 1.0
    margins = gated.margins(gates, semantics="suppress").tolist()
    value = {frozenset(coalition): margin for coalition, margin in zip(coalitions, margins, strict=True)}
    shares = np.zeros(count)
    for player in everyone:
        others = [other for other in everyone if other != player]
        for coalition in chain.from_iterable(combinations(others, size) for size in range(count)):
            before = frozenset(coalition)
            weight = factorial(len(before)) * factorial(count - len(before) - 1) / factorial(count)
            shares[player] += weight * (value[before | {player}] - value[before])
    return dict(zip(gated.facts, shares, strict=True)), value[frozenset()]


@pytest.mark.parametrize("model", ["sgcn", "gcnz", "dgp", "rgcn"])
def test_shapley_credits_are_those_of_all_coalitions(model):
    decision = decided(model)
    shares, nothing = brute_force_shapley(GatedMargin(decision, frozen=True))
    found = fact_credits(decision, "shapley")
    for fact, share in shares.items():
        assert found.credit(fact) == pytest.approx(share, abs=1e-9)
    assert found.baseline == pytest.approx(nothing, abs=1e-9)
    assert abs(found.residual) < slack(decision)


@pytest.mark.parametrize("model", ["sgcn", "dgp"])
def test_few_nodes_integrate_a_network_with_frozen_gates_exactly(model):
    gated = GatedMargin(decided(model), frozen=True)
    sums = []
    for count in (1, 2, 20):  # two layers: a polynomial of degree 1 in the gates, one node is enough
        nodes, weights = np.polynomial.legendre.leggauss(count)
        total = sum(
            w / 2 * gated.gradient(np.full(len(gated.facts), (n + 1) / 2), semantics="suppress")
            for n, w in zip(nodes, weights, strict=True)
        )
        sums.append(total)
    if model == "sgcn":
        np.testing.assert_allclose(sums[0], sums[2], atol=1e-9)
    nothing = gated.margin(np.zeros(len(gated.facts)), semantics="suppress")
    assert sums[2].sum() == pytest.approx(gated.margin(semantics="suppress") - nothing, abs=1e-6)


@pytest.mark.parametrize("model", MODELS)
def test_integrated_gradients_add_up_to_what_the_facts_change(model):
    decision = decided(model)
    found = fact_credits(decision, num_nodes=64)
    assert abs(found.residual) < 0.05 * (abs(found.margin - found.baseline) + 1)
    finer = fact_credits(decision, num_nodes=16)
    assert [fact for fact, _ in finer.ranked()[:2]] == [fact for fact, _ in found.ranked()[:2]]


@pytest.mark.parametrize("model", MODELS)
def test_occlusion_is_the_effect_of_each_fact_alone(model):
    decision = decided(model)
    rerun = Rerun(decision)
    for fact, credit in fact_credits(decision, "occlusion").ranked():
        assert credit == pytest.approx(decision.margin - rerun.outcome([fact]).margin, abs=2 * slack(decision))


@pytest.mark.parametrize("model", MODELS)
def test_the_two_ways_round_are_each_others_negative(model):
    one = fact_credits(decided(model))
    other = fact_credits(decided(model, target="donkey", against="zebra"))
    assert {fact: -credit for fact, credit in other.ranked()} == pytest.approx(dict(one.ranked()), abs=1e-9)


def test_a_fact_out_of_reach_has_exactly_no_credit():
    decision = decided("sgcn", against=None)
    listed = {fact for fact, _ in fact_credits(decision).ranked()}
    assert ("lion", "is_a", "feline") not in listed
    assert ("zebra", "is_a", "striped") in listed


def test_what_cannot_be_asked_is_refused():
    decision = decided("graph-gp")
    with pytest.raises(UnknownNameError):
        fact_credits(decision, "guess")
    with pytest.raises(UnknownNameError):
        GatedMargin(decision).margin(semantics="drop")
    with pytest.raises(InputFormatError):
        GatedMargin(decision).margin(np.full(3, 0.5))
    with pytest.raises(ExplanationError, match="have no end"):
        fact_credits(decision, "shapley")


def test_a_closed_form_of_very_many_concepts_says_what_to_do(monkeypatch):
    monkeypatch.setattr("kgzsl.explain.gated_closed_form.MOST_CONCEPTS", 3)
    with pytest.raises(ResourceLimitError, match="induced part"):
        fact_credits(decided("graph-gp"))


# -- the zebra and the donkey: every number by hand --------------------------------------------------------------

NAMES = ("donkey", "equine", "horse", "striped", "tiger", "zebra")
FACTS = {
    "f1": ("zebra", "is_a", "equine"),
    "f2": ("horse", "is_a", "equine"),
    "f3": ("zebra", "has_property", "striped"),
    "f4": ("tiger", "has_property", "striped"),
    "f5": ("donkey", "is_a", "equine"),
}
PULLS = {"horse": 5.4, "tiger": 4.8}


@dataclass(frozen=True)
class Layer:
    operator: sparse.csr_array
    weight: np.ndarray
    before: None = None
    after: None = None

    @property
    def groups(self):
        return (self.operator,)


@dataclass(frozen=True)
class Network:
    rows: tuple
    layers: tuple
    negative_slope: float = 1.0
    normalization: str = "row"
    readout: None = None


class Diffusion:
    """Two steps of P from the classifiers of the seen classes; zebra's kind counts twice its property."""

    classes = ("horse", "tiger")
    relations = ("taxonomic", "attribute")

    def matrix(self, index):
        dense = np.zeros((len(NAMES), len(NAMES)))
        for row in range(index.num_edges):
            head, tail = int(index.head[row]), int(index.tail[row])
            double = index.ids[head] == "zebra" and index.ids[tail] == "equine"
            dense[head, tail] = 2.0 if double else 1.0
            dense[tail, head] = 1.0
        sums = dense.sum(axis=1, keepdims=True)
        return dense / np.where(sums > 0, sums, 1.0)

    def opened(self, index, concept):
        step = self.matrix(index)
        node = index.position[concept]
        everyone = np.arange(len(NAMES))
        eye = np.eye(2)
        return Network(
            (everyone, everyone, np.array([node])),
            (Layer(sparse.csr_array(step), eye), Layer(sparse.csr_array(step[[node]]), eye)),
        )

    def weights(self, index, features, *, concepts):
        step = self.matrix(index)
        raw = (step @ step @ features)[[index.position[concept] for concept in concepts]]
        return raw / np.linalg.norm(raw, axis=1, keepdims=True)


@pytest.fixture
def zebra_or_donkey():
    relations = [kgzsl.Relation("has_property", "attribute", verb="has property")]
    graph = kgzsl.KnowledgeGraph.from_tables(list(NAMES), list(FACTS.values()), relations)
    features = np.zeros((len(NAMES), 2))
    features[NAMES.index("horse"), 0] = features[NAMES.index("tiger"), 1] = 1.0
    return graph, features


def scores(graph, features, *, gates=None, semantics="remove"):
    """Before the output is brought to unit length, which the worked example does not do."""
    import torch

    from kgzsl.explain.chains import Chains
    from kgzsl.explain.gated_network import GatedNetwork
    from kgzsl.explain.pair_gates import PairGates

    index, model = graph.index, Diffusion()
    rows = index.edge_rows(model.relations)
    pairs = PairGates(index, rows, np.arange(len(rows)))
    facts = [
        (index.ids[index.head[r]], index.relations[index.relation[r]].name, index.ids[index.tail[r]]) for r in rows
    ]
    values = torch.tensor([[0.0 if gates and fact in gates else 1.0] for fact in facts], dtype=torch.float64)
    names = "zebra", "donkey"
    networks = [model.opened(index, name) for name in names]
    gated = GatedNetwork(networks, features, pairs, Chains(index, model.relations), num_facts=len(facts))
    rows = gated.outputs(values, remove=semantics == "remove")[0].numpy()
    return dict(zip(names, (rows @ np.array([PULLS["horse"], PULLS["tiger"]])).tolist(), strict=True))


def test_zebra_beats_donkey_by_stripes_alone(zebra_or_donkey):
    assert scores(*zebra_or_donkey) == pytest.approx({"zebra": 2.0, "donkey": 1.8})


def test_suppressed_stripes_make_donkey_win_and_removed_ones_a_tie(zebra_or_donkey):
    shut = {FACTS["f3"]}
    assert scores(*zebra_or_donkey, gates=shut, semantics="suppress") == pytest.approx({"zebra": 1.2, "donkey": 1.8})
    assert scores(*zebra_or_donkey, gates=shut, semantics="remove") == pytest.approx({"zebra": 1.8, "donkey": 1.8})
    graph, features = zebra_or_donkey
    edited = graph.remove_edges(shut)
    raw = Diffusion().matrix(edited.index) @ Diffusion().matrix(edited.index) @ features
    np.testing.assert_allclose(raw[NAMES.index("zebra")], raw[NAMES.index("donkey")], atol=1e-15)


def test_paths_and_facts_of_the_worked_example(zebra_or_donkey):
    from kgzsl.explain.chains import Chains
    from kgzsl.explain.network_walks import flow, search
    from kgzsl.explain.walk_games import fact_games

    graph, features = zebra_or_donkey
    index, model = graph.index, Diffusion()
    pulls = np.array([PULLS["horse"], PULLS["tiger"]])
    paths, facts = {}, {}
    for sign, name in ((1.0, "zebra"), (-1.0, "donkey")):
        network = model.opened(index, name)
        raw = model.matrix(index) @ model.matrix(index) @ features
        passed = flow(network, features, pulls, sign * float(np.linalg.norm(raw[index.position[name]])))
        chains = Chains(index, model.relations)
        for group in search(passed, chains, share=1.0, at_most=100).shares:
            paths[tuple(NAMES[place] for place in group.nodes)] = group.credit
        for pairs, credit in fact_games(passed, chains).items():
            for pair in pairs:
                fact = frozenset(NAMES[place] for place in pair)
                facts[fact] = facts.get(fact, 0.0) + credit / len(pairs)
    paths = {path: credit for path, credit in paths.items() if credit}
    assert paths == pytest.approx(
        {("zebra", "striped", "tiger"): 0.8, ("zebra", "equine", "horse"): 1.2, ("donkey", "equine", "horse"): -1.8}
    )
    expected = {"f1": 0.6, "f2": 0.6 - 0.9, "f3": 0.4, "f4": 0.4, "f5": -0.9}
    for name, credit in expected.items():
        head, _, tail = FACTS[name]
        assert facts[frozenset((head, tail))] == pytest.approx(credit)


def test_a_model_of_ones_own_is_explained_through_the_contract(zebra_or_donkey):
    graph, features = zebra_or_donkey
    x = np.array([0.9, 0.8])
    rows = Diffusion().weights(graph.index, features, concepts=["zebra", "donkey"])
    sides = [
        Candidate(name, name, graph.index, features, False, float(row @ x))
        for name, row in zip(["zebra", "donkey"], rows, strict=True)
    ]
    running = Running(
        ("zebra", "donkey"), np.zeros(2, bool), np.empty((0, 2)), np.zeros(2), graph.index, features, graph
    )
    decision = Decision(x, *sides, Diffusion(), graph, running=(running,))
    from kgzsl.explain import explain

    explanation = explain(decision)
    explanation.verify()
    assert explanation.residual == pytest.approx(0.0, abs=1e-12)
    tie = Rerun(decision).outcome([FACTS["f3"]])
    assert tie.margin == pytest.approx(0.0, abs=1e-12)
