"""PyTorch Geometric's explainers as explainers of decisions."""

import numpy as np
import pytest
import torch

from kgzsl.errors import ExplanationError, PluginError, UnknownNameError
from kgzsl.explain.message_network import MessageMargin
from kgzsl.explain.plugins import FactExplainer, explained
from kgzsl.explain.pyg import PyGExplainer
from kgzsl.propagation.network import NetworkPropagator
from kgzsl.testing import check_explainer, example_decision

GNN = PyGExplainer("GNNExplainer", {"epochs": 15, "lr": 0.05})


def captum(method):
    pytest.importorskip("captum")
    return PyGExplainer("CaptumExplainer", {"attribution_method": method})


def _gat(in_channels, out_channels):
    from torch_geometric.nn import GAT

    return GAT(in_channels, 8, num_layers=2, out_channels=out_channels)


@pytest.fixture(scope="module")
def network():
    return example_decision("sgcn")


@pytest.fixture(scope="module")
def foreign():
    return example_decision(NetworkPropagator(_gat, hops=3, epochs=15))


@pytest.mark.parametrize("model", ["sgcn", "gcnz", "dgp"])
def test_the_decision_head_answers_the_margin(model):
    decision = example_decision(model)
    head = MessageMargin(decision)
    with torch.no_grad():
        answer = head(head.x, head.edge_index).numpy()
    assert answer.shape == (1, 2)
    assert answer[0] == pytest.approx([0.0, decision.margin], abs=1e-4)


def test_the_credits_of_messages_are_all_that_they_have(network):
    head = MessageMargin(network)
    mask = torch.arange(1.0, head.edge_index.shape[1] + 1, dtype=torch.float64)
    assert head.credits(mask).sum() == pytest.approx(float(mask[: head.num_links].sum()))


def test_masks_are_labelled_as_unsigned_and_never_added_up(network):
    found = explained(network, GNN, k=3)
    assert not found.scores.is_signed
    assert (found.total, found.residual) == (0.0, found.margin)
    assert all(row.credit >= 0 for row in found.items)
    assert found.others == found.constants == ()
    text = found.to_text()
    assert "unsigned masks: how much a fact matters, not for whom" in found.to_html().partition("<details")[0]
    assert "unsigned masks: how much a fact matters, not for whom" in text
    assert len(text.splitlines()) <= 16
    assert max(map(len, text.splitlines())) <= 96


def test_the_seed_decides_and_the_global_generator_stays(network):
    before = torch.get_rng_state()
    first, again = explained(network, GNN), explained(network, GNN)
    other = explained(network, PyGExplainer("GNNExplainer", {"epochs": 15, "lr": 0.05}, random_state=7))
    assert torch.equal(before, torch.get_rng_state())
    assert first.scores.values.tobytes() == again.scores.values.tobytes()
    assert first.scores.values.tobytes() != other.scores.values.tobytes()


def test_an_instance_is_used_as_a_copy(network):
    from torch_geometric.explain import GNNExplainer

    algorithm = GNNExplainer(epochs=15, lr=0.05)
    found = explained(network, PyGExplainer(algorithm))
    assert algorithm.edge_mask is None
    assert found.scores.values.tobytes() == explained(network, GNN).scores.values.tobytes()


def test_the_fitted_network_of_a_foreign_model_is_left_alone(foreign):
    network = foreign.model.network
    before = {name: value.clone() for name, value in network.state_dict().items()}
    slopes = [None if parameter.grad is None else parameter.grad.clone() for parameter in network.parameters()]
    explained(foreign, GNN)
    assert all(torch.equal(before[name], value) for name, value in network.state_dict().items())
    assert all(getattr(module, "_edge_mask", None) is None for module in network.modules())
    for slope, parameter in zip(slopes, network.parameters(), strict=True):
        assert parameter.requires_grad
        assert (slope is None) == (parameter.grad is None)
        assert slope is None or torch.equal(slope, parameter.grad)


@pytest.mark.parametrize("method", ["IntegratedGradients", "InputXGradient", "Saliency"])
def test_attributions_of_captum_keep_the_contract(network, foreign, method):
    explainer = captum(method)
    for decision in (network, foreign):
        check_explainer(explainer, decision)
    assert explained(network, explainer).scores.is_signed == (method != "Saliency")


def test_integrated_gradients_of_captum_are_near_ours(network):
    """Captum takes 50 Riemann nodes of each message, ours are Gauss-Legendre nodes of each fact."""
    theirs = explained(network, captum("IntegratedGradients"), k=50)
    ours = FactExplainer("integrated-gradients", semantics="suppress", num_nodes=64).explain(network, k=50)
    assert theirs.scores.facts == ours.scores.facts
    size = np.abs(ours.scores.values).sum()
    assert np.abs(theirs.scores.values - ours.scores.values).sum() <= 0.05 * size
    assert theirs.scores.baseline == pytest.approx(ours.scores.baseline, abs=1e-9)


def test_attention_is_read_where_there_is_some(network, foreign):
    found = explained(foreign, PyGExplainer("AttentionExplainer"))
    assert not found.scores.is_signed
    assert len(found.items) > 0
    with pytest.raises(ExplanationError, match="AttentionExplainer"):
        explained(network, PyGExplainer("AttentionExplainer"))


def test_a_decision_between_classes_with_examples_rests_on_no_fact():
    decision = example_decision("sgcn", foil="lion")
    seen = explained(type(decision)(**{**vars(decision), "target": decision.foil, "foil": None, "running": ()}), GNN)
    assert seen.items == ()
    assert "no fact bears on it" in seen.to_text()


def test_what_cannot_be_done_is_said(network):
    with pytest.raises(ExplanationError, match="closed form"):
        explained(example_decision("graph-gp"), GNN)
    with pytest.raises(UnknownNameError, match="'GNNExplainer'"):
        explained(network, PyGExplainer("GNNExplaner"))
    with pytest.raises(ExplanationError, match="PGExplainer"):
        explained(network, PyGExplainer("PGExplainer", {"epochs": 2}))
    captum("Saliency")
    with pytest.raises(PluginError, match="cannot be made"):
        explained(network, PyGExplainer("CaptumExplainer", {"attribution_method": "Nothing"}))
