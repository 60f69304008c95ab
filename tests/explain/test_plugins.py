"""Explainers by name, other people's, and explanations by facts."""

import json
from dataclasses import dataclass, replace
from importlib.metadata import EntryPoint

import numpy as np
import pytest

from kgzsl.classifier import ZeroShotClassifier
from kgzsl.contracts import Explainer
from kgzsl.decision.asking import decision_for
from kgzsl.errors import ExplanationError, InputFormatError, PluginError, UnknownNameError
from kgzsl.explain import ExactExplainer, Explanation
from kgzsl.explain import plugins as module
from kgzsl.explain.counterfactual import counterfactual, facts_against
from kgzsl.explain.fact_credits import fact_credits
from kgzsl.explain.foreign_network import ForeignMargin
from kgzsl.explain.gates import GatedMargin
from kgzsl.explain.message_network import MessageMargin
from kgzsl.explain.plugins import EXPLAINERS, FactExplainer, explained, resolve_explainer
from kgzsl.explain.rerun import Rerun
from kgzsl.features.matrix import MatrixFeatures
from kgzsl.propagation.network import NetworkPropagator
from kgzsl.propagation.sgcn import SGCN
from kgzsl.testing import example_decision, example_graph, example_supervision

METHODS = ("integrated-gradients", "shapley", "occlusion", "gradient")


@pytest.fixture(scope="module")
def network():
    return example_decision("sgcn")


def _layers(kind):
    def build(in_channels, out_channels):
        from torch_geometric import nn

        return getattr(nn, kind)(in_channels, 8, num_layers=2, out_channels=out_channels)

    return build


@pytest.fixture(scope="module")
def foreign():
    return {
        kind: example_decision(NetworkPropagator(_layers(kind), hops=3, epochs=15))
        for kind in ("GraphSAGE", "GAT", "GCN")
    }


# -- names ---------------------------------------------------------------------------------------------------------


def test_without_a_name_a_decision_is_taken_apart_exactly(network):
    assert isinstance(explained(network), Explanation)
    assert explained(network).to_text() == ExactExplainer().explain(network).to_text()


@pytest.mark.parametrize("name", METHODS)
def test_a_name_gives_the_credits_of_the_method(network, name):
    found = explained(network, name, k=50)
    shares = fact_credits(network, name)
    assert {row.key[1:]: row.credit for row in found.items} == dict(
        zip(shares.facts, shares.credits.tolist(), strict=True)
    )
    assert found.scores.baseline == shares.baseline
    assert found.residual == pytest.approx(shares.residual, abs=1e-4)


def test_an_unknown_name_offers_the_nearest():
    with pytest.raises(UnknownNameError, match="nearest: 'shapley'"):
        resolve_explainer("shapely")


@pytest.mark.parametrize("what", [3, object(), ExactExplainer])
def test_what_is_no_explainer_is_refused(what):
    with pytest.raises(InputFormatError, match="explainer is a name"):
        resolve_explainer(what)


@dataclass(frozen=True)
class Ours:
    def explain(self, decision, *, k=10):
        return ExactExplainer().explain(decision, k=1)


READY = Ours()


@pytest.mark.parametrize("attribute", ["Ours", "READY"])
def test_other_packages_offer_theirs_by_name(monkeypatch, network, attribute):
    point = EntryPoint("ours", f"{__name__}:{attribute}", "kgzsl.explainers")
    monkeypatch.setattr(EntryPoint, "load", lambda self: globals()[self.attr])
    monkeypatch.setattr(EXPLAINERS, "_found", {"ours": point})
    assert "ours" in EXPLAINERS.names()
    assert isinstance(resolve_explainer("ours"), Explainer)
    assert len(explained(network, "ours").items) == 1


def test_a_name_behind_which_is_no_explainer_is_named(monkeypatch):
    monkeypatch.setattr(module, "METHODLESS", dict, raising=False)
    monkeypatch.setattr(EXPLAINERS, "builtin", {"odd": "kgzsl.explain.plugins:METHODLESS"})
    with pytest.raises(PluginError, match="'odd' has no explain"):
        resolve_explainer("odd")


def test_effects_are_asked_of_those_who_have_them(network):
    class Bare:
        def explain(self, decision, *, k=10):
            return object()

    with pytest.raises(ExplanationError, match="with_effects"):
        explained(network, Bare(), effects=True)
    found = explained(network, "occlusion", k=3, effects=True)
    rerun = Rerun(network)
    assert found.effects == {row.key: rerun.outcome([row.key[1:]]).margin for row in found.items}


# -- explanations by facts -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", METHODS)
@pytest.mark.parametrize("effects", [False, True])
def test_the_text_is_short_narrow_and_adds_up_as_printed(network, name, effects):
    text = explained(network, name, k=4, effects=effects).to_text()
    lines = text.splitlines()
    assert len(lines) <= 16
    assert max(map(len, lines)) <= 96
    rule = next(place for place, line in enumerate(lines) if set(line.strip()) == {"─"})
    numbers = [line.split()[0] for line in lines[:rule] if line.startswith("  ") and line.split()[0][0] in "+-0"]
    assert sum(round(float(number) * 1e6) for number in numbers) == round(float(lines[rule + 1].split()[0]) * 1e6)


def test_ten_facts_still_fit_on_the_page(network):
    assert len(explained(network, "integrated-gradients", k=10).to_text().splitlines()) <= 16


def test_the_rows_the_graph_and_the_json_agree(network):
    found = explained(network, "integrated-gradients", k=3)
    document = json.loads(json.dumps(found.to_dict()))
    by_fact = {(row["head"], row["relation"], row["tail"]): row["credit"] for row in document["facts"]}
    assert by_fact == dict(zip(found.scores.facts, found.scores.values.tolist(), strict=True))
    drawn = {(head, key, tail): data["credit"] for head, tail, key, data in found.graph().edges(keys=True, data=True)}
    assert drawn == {row.key[1:]: row.credit for row in found.items}
    assert found.total == pytest.approx(found.scores.baseline + sum(by_fact.values()))
    assert found.margin == pytest.approx(found.total + found.residual)
    assert "<script" not in found.to_html()


def test_a_changed_credit_does_not_verify(network):
    found = explained(network, "occlusion")
    found.verify()
    values = found.scores.values.copy()
    values[0] += 1e-6
    with pytest.raises(ExplanationError, match="scored a second time"):
        replace(found, scores=replace(found.scores, values=values)).verify()


def test_facts_are_the_only_view(network):
    with pytest.raises(UnknownNameError, match="'facts'"):
        explained(network, "gradient").by("paths")


# -- networks that cannot be opened up -------------------------------------------------------------------------------


@pytest.mark.parametrize("model", ["sgcn", "gcnz", "dgp"])
def test_masked_messages_are_the_suppressed_facts_of_an_open_network(model):
    decision = example_decision(model)
    masked, gated = ForeignMargin(decision), GatedMargin(decision)
    assert masked.facts == gated.facts
    rng = np.random.default_rng(0)
    for gates in (np.ones(len(masked.facts)), np.zeros(len(masked.facts)), rng.random(len(masked.facts))):
        assert masked.margin(gates) == pytest.approx(gated.margin(gates, semantics="suppress"), abs=1e-10)
        assert masked.gradient(gates) == pytest.approx(gated.gradient(gates, semantics="suppress"), abs=1e-10)


@pytest.mark.parametrize("kind", ["GraphSAGE", "GAT", "GCN"])
def test_the_masks_of_a_foreign_network_begin_at_its_decision(foreign, kind):
    decision = foreign[kind]
    assert ForeignMargin(decision).margin() == pytest.approx(decision.margin, abs=1e-4)


@pytest.mark.parametrize("kind", ["GraphSAGE", "GAT", "GCN"])
def test_a_foreign_network_is_explained_by_integrated_gradients_that_nearly_add_up(foreign, kind):
    found = explained(foreign[kind])
    assert (found.method, found.scores.semantics) == ("integrated-gradients", "suppress")
    assert abs(found.residual) <= 0.01 * np.abs(found.scores.values).sum() + 1e-4
    assert "method: integrated gradients; not exact" in found.to_text()
    found.verify()


def test_slopes_of_a_foreign_network_are_those_of_small_steps(foreign):
    margin = ForeignMargin(foreign["GAT"])
    gates = np.full(len(margin.facts), 0.6)
    slope = margin.gradient(gates)
    for place in np.flatnonzero(slope)[:4].tolist():
        step = np.zeros(len(gates))
        step[place] = 1e-6
        assert slope[place] == pytest.approx(
            (margin.margin(gates + step) - margin.margin(gates - step)) / 2e-6, rel=1e-4
        )


def test_removal_from_a_foreign_network_is_a_decision_on_the_edited_graph(foreign):
    found = explained(foreign["GraphSAGE"], "occlusion", k=20)
    assert found.scores.semantics == "remove"
    rerun = Rerun(foreign["GraphSAGE"])
    for row in found.items:
        assert row.credit == pytest.approx(found.margin - rerun.outcome([row.key[1:]]).margin, abs=1e-5)


def test_what_a_foreign_network_cannot_be_asked_is_said(foreign):
    with pytest.raises(ExplanationError, match="integrated-gradients, gradient and occlusion"):
        explained(foreign["GCN"], "shapley")
    with pytest.raises(ExplanationError, match="no slope in its degrees"):
        FactExplainer("gradient", semantics="remove").explain(foreign["GCN"])


@pytest.mark.parametrize("model", ["sgcn", "GraphSAGE"])
def test_a_class_that_came_later_has_its_facts_in_a_graph_of_its_own(model):
    graph = example_graph()
    rng = np.random.default_rng(0)
    features = MatrixFeatures(rng.normal(size=(len(graph), 4)).astype(np.float32), graph.ids)
    propagator = NetworkPropagator(_layers(model), hops=2, epochs=10) if model != "sgcn" else SGCN(hidden=6, epochs=10)
    supervision = example_supervision()
    clf = ZeroShotClassifier(graph, features=features, propagator=propagator, unseen=["tiger"])
    clf.fit(supervision.inputs, np.array(supervision.classes)[supervision.labels])
    clf.add_class("puma", edges=[("puma", "is_a", "feline"), ("puma", "is_a", "tiger")], features=[1, 2, 3, 4])
    decision = decision_for(clf.problem_, rng.normal(size=(1, 5)), "puma", "tiger", "all")
    assert decision.method == model
    head = MessageMargin(decision)
    assert float(head.margin(head.x, head.edge_index)) == pytest.approx(decision.margin, abs=1e-4)
    found = explained(decision, "integrated-gradients", effects=True)
    found.verify()
    assert {"puma is a kind of feline", "puma is a kind of tiger"} <= {row.label for row in found.items}


def test_a_foreign_network_has_counterfactuals():
    decision = example_decision(NetworkPropagator(_layers("GraphSAGE"), hops=2, epochs=15))
    rows = explained(decision).by("facts")
    expected = tuple(row.key[1:] for row in rows if row.kind == "fact" and row.credit > 0)
    assert facts_against(decision) == expected
    counterfactual(decision, expected).verify()
