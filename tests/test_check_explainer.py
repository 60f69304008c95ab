"""The contract of explainers, run over every built-in one and over some that break it."""

from dataclasses import dataclass, replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from kgzsl.contracts import Explainer
from kgzsl.errors import ExplanationError, PluginError
from kgzsl.explain import ExactExplainer
from kgzsl.explain.plugins import EXPLAINERS, DefaultExplainer, FactExplainer, resolve_explainer
from kgzsl.explain.pyg import PyGExplainer
from kgzsl.propagation.network import NetworkPropagator
from kgzsl.testing import check_explainer, example_decision

BUILT_IN = {
    "exact": ExactExplainer(),
    "gnn-explainer": PyGExplainer("GNNExplainer", {"epochs": 5}),
    "gradient": FactExplainer("gradient"),
    "integrated-gradients": FactExplainer("integrated-gradients"),
    "occlusion": FactExplainer("occlusion"),
    "shapley": FactExplainer("shapley"),
}


def _sage(in_channels, out_channels):
    from torch_geometric.nn import GraphSAGE

    return GraphSAGE(in_channels, 8, num_layers=2, out_channels=out_channels)


@pytest.fixture(scope="module")
def decisions():
    foreign = NetworkPropagator(_sage, hops=2, epochs=10)
    return {name: example_decision(name) for name in ("graph-gp", "sgcn", "gcnz", "dgp")} | {
        "sage": example_decision(foreign),
        "score": example_decision("sgcn", foil=None),
        "seen foil": example_decision("sgcn", foil="lion"),
    }


def test_no_built_in_explainer_is_left_unchecked():
    assert sorted(EXPLAINERS.builtin) == sorted(BUILT_IN)


@pytest.mark.parametrize("name", BUILT_IN)
def test_built_in_explainers_keep_the_contract(name):
    assert type(resolve_explainer(name)) is type(BUILT_IN[name])
    assert isinstance(BUILT_IN[name], Explainer)
    check_explainer(BUILT_IN[name])


@pytest.mark.parametrize(
    "name, model",
    [(name, "dgp") for name in BUILT_IN]
    + [(name, model) for name in ("exact", "shapley", "gnn-explainer") for model in ("gcnz", "score", "seen foil")],
)
def test_built_in_explainers_keep_the_contract_on_other_networks(decisions, name, model):
    check_explainer(BUILT_IN[name], decisions[model])


@pytest.mark.parametrize(
    "explainer",
    [
        DefaultExplainer(),
        FactExplainer("occlusion"),
        FactExplainer("gradient"),
        PyGExplainer("GNNExplainer", {"epochs": 5}),
    ],
    ids=lambda explainer: getattr(explainer, "method", type(explainer).__name__),
)
def test_foreign_networks_are_explained_by_the_contract(decisions, explainer):
    check_explainer(explainer, decisions["sage"])


# -- and some that break it ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Broken:
    """The exact explainer, and something done to what it says or to what it was given."""

    how: str
    claims = frozenset({"additive", "antisymmetric"})

    def explain(self, decision, *, k=10):
        if self.how == "careless" and k < 1:
            k = 1
        if self.how == "foreign error" and k < 1:
            raise ZeroDivisionError
        found = ExactExplainer().explain(decision, k=50 if self.how == "greedy" else k)
        if self.how == "moody":
            torch.rand(1)
        if self.how == "writing":
            decision.target.features[0, 0] += 1
        if self.how == "random":
            return replace(found, total=found.total + np.random.default_rng().normal())
        if self.how == "lacking":
            return replace(found, total=found.total - 1)
        return found


@pytest.mark.parametrize(
    "how, said",
    [
        ("careless", "takes k=0"),
        ("foreign error", "k=0 ends in a foreign ZeroDivisionError"),
        ("greedy", "gives more than k items"),
        ("moody", "changed the decision, its model or a global generator"),
        ("writing", "changed the decision|two calls differ"),
        ("random", "two calls differ"),
        ("lacking", "claims to be additive"),
    ],
)
def test_a_broken_explainer_is_found_out(how, said):
    with pytest.raises(PluginError, match=said):
        check_explainer(Broken(how), example_decision("sgcn"))


def test_an_explainer_that_refuses_everything_is_no_explainer():
    class Refusing:
        def explain(self, decision, *, k=10):
            raise ExplanationError("not today")

    with pytest.raises(PluginError, match="refuses every decision: not today"):
        check_explainer(Refusing())


def test_an_unknown_claim_is_named():
    class Boastful(DefaultExplainer):
        claims = frozenset({"perfect"})

    with pytest.raises(PluginError, match="perfect"):
        check_explainer(Boastful())


def test_facts_that_are_no_edges_are_named():
    @dataclass(frozen=True)
    class Row:
        label: str
        credit: float
        facts: tuple

    class Loose:
        def explain(self, decision, *, k=10):
            found = ExactExplainer().explain(decision, k=k)
            rows = tuple(Row("a fact", 0.1, (("cat", "is_a", "feline"),)) for _ in found.items)
            return SimpleNamespace(
                **{
                    name: getattr(found, name)
                    for name in ("prediction", "foil", "method", "margin", "total", "residual")
                },
                items=rows,
                by=lambda view: rows,
                to_dict=dict,
                to_text=lambda: "words",
            )

    with pytest.raises(PluginError, match="its facts are edges of the graph"):
        check_explainer(Loose())


def test_something_else_is_no_explainer():
    with pytest.raises(PluginError, match="has no explain"):
        check_explainer(object())
