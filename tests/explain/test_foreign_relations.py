"""Decisions of PyTorch Geometric's relational layers: masks on messages, fact by fact."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from kgzsl.errors import ExplanationError
from kgzsl.explain.foreign_network import ForeignMargin
from kgzsl.explain.gates import GatedMargin
from kgzsl.explain.plugins import FactExplainer, explained
from kgzsl.explain.pyg import PyGExplainer
from kgzsl.propagation.fitted_network import FittedNetwork
from kgzsl.propagation.network import NetworkPropagator
from kgzsl.propagation.rgcn import RGCN
from kgzsl.propagation.topology import RelationTopology
from kgzsl.testing import check_explainer, example_decision

RELATIONS = ("feared_by", "is_a")
TOPOLOGY = RelationTopology(RELATIONS)


def layer(kind, *arguments, **options):
    from torch_geometric import nn  # warns unless our networks were imported before it

    return getattr(nn, kind)(*arguments, **options)


class Layers(torch.nn.Module):
    def __init__(self, in_channels, out_channels, *, kind="RGCNConv", **options):
        super().__init__()
        self.first = layer(kind, in_channels, 6, TOPOLOGY.num_relations, **options)
        self.last = layer(kind, 6, out_channels, TOPOLOGY.num_relations, **options)

    def forward(self, x, edge_index, edge_type):
        hidden = torch.nn.functional.leaky_relu(self.first(x, edge_index, edge_type), 0.2)
        return self.last(hidden, edge_index, edge_type)


def decided(**options):
    def factory(in_channels, out_channels):
        return Layers(in_channels, out_channels, **options)

    return example_decision(NetworkPropagator(factory, topology=TOPOLOGY, hops=2, epochs=15))


def with_their_layers(decision, **options):
    """The same decision by their layers, with our parameters."""
    model = decision.model
    theirs = Layers(model.in_channels, model.out_channels, **options)
    with torch.no_grad():
        for ours, other in zip(model.network.layers, (theirs.first, theirs.last), strict=True):
            matrices = ours.matrices()
            other.bias.copy_(ours.bias)
            other.root.copy_(matrices[-1])
            other.weight.copy_(matrices[:-1] if ours.mixture is None else ours.weight)
            if ours.mixture is not None:
                other.comp.copy_(ours.mixture[:-1])
    channels = model.in_channels, model.out_channels
    fitted = FittedNetwork(theirs, channels=channels, topology=TOPOLOGY, classes=model.classes, report={}, hops=2)
    return replace(decision, model=fitted)


@pytest.mark.parametrize("kind", ["RGCNConv", "FastRGCNConv"])
@pytest.mark.parametrize("num_bases", [None, 2])
@pytest.mark.parametrize("semantics", ["suppress", "remove"])
def test_masked_messages_give_what_gates_in_the_opened_network_give(kind, num_bases, semantics):
    decision = example_decision(RGCN(hidden=(6,), num_bases=num_bases, epochs=20, relations=RELATIONS))
    opened, masked = GatedMargin(decision), ForeignMargin(with_their_layers(decision, kind=kind, num_bases=num_bases))
    assert masked.facts == opened.facts
    assert ("tiger", "feared_by", "dog") in masked.facts
    rows = np.random.default_rng(0).choice([0.0, 1.0], size=(8, len(opened.facts)))
    found = [masked.margin(gates, semantics=semantics) for gates in rows]
    np.testing.assert_allclose(found, opened.margins(rows, semantics=semantics), atol=2e-5)
    if semantics == "suppress":
        np.testing.assert_allclose(masked.gradient(rows[0]), opened.gradient(rows[0], semantics="suppress"), atol=1e-6)


@pytest.mark.parametrize("options", [{}, {"num_blocks": 1}, {"aggr": "add"}, {"root_weight": False, "bias": False}])
def test_with_all_messages_open_the_margin_is_that_of_the_decision(options):
    decision = decided(**options)
    assert ForeignMargin(decision).margin() == pytest.approx(decision.margin, abs=1e-4)


@pytest.mark.parametrize("explainer", [FactExplainer("integrated-gradients"), FactExplainer("occlusion")])
def test_explainers_take_their_layers(explainer):
    topology = RelationTopology(("is_a",))  # the only one that the check lets matter

    def factory(in_channels, out_channels):
        return layer("RGCNConv", in_channels, out_channels, topology.num_relations)

    check_explainer(explainer, example_decision(NetworkPropagator(factory, topology=topology, epochs=15)))


def test_without_a_name_facts_are_integrated_and_pytorch_geometrics_explainers_see_messages():
    decision = decided()
    assert explained(decision).method == "integrated-gradients"
    masks = PyGExplainer("GNNExplainer", {"epochs": 5}).explain(decision, k=50)
    assert {row.key[1:] for row in masks.items} <= set(ForeignMargin(decision).facts)
    assert masks.items


def test_shapley_values_of_a_network_whose_walks_are_not_known_are_refused():
    with pytest.raises(ExplanationError, match="shapley is not known"):
        explained(decided(), "shapley")


def test_a_maximum_of_messages_has_no_masks_but_can_be_asked_without_a_fact():
    decision = decided(aggr="max")
    with pytest.raises(ExplanationError, match=r"'max' of the messages.*occlusion"):
        explained(decision, "integrated-gradients")
    explained(decision, "occlusion").verify()


class Dense(torch.nn.Module):
    """Sends no message that PyTorch Geometric knows of."""

    def __init__(self, in_channels, out_channels):
        super().__init__()
        self.layer = torch.nn.Linear(in_channels, out_channels)

    def forward(self, x, edge_index, edge_type):
        return self.layer(x.index_add(0, edge_index[1], (1 + edge_type)[:, None] * x[edge_index[0]]))


def test_a_network_without_known_messages_can_be_asked_without_a_fact():
    decision = example_decision(NetworkPropagator(Dense, topology=TOPOLOGY, hops=1, epochs=5))
    with pytest.raises(ExplanationError, match=r"no MessagePassing layer.*occlusion"):
        explained(decision)
    found = explained(decision, "occlusion", k=50)
    found.verify()
    assert {row.key[1:] for row in found.items} == {
        ("tiger", "is_a", "feline"),
        ("tiger", "is_a", "striped"),
        ("tiger", "feared_by", "dog"),
        ("puma", "is_a", "feline"),
    }


class Split(torch.nn.Module):
    """Sends half of its edges at a time, as `RGCNConv` does by relation."""

    def __init__(self, in_channels, out_channels):
        super().__init__()
        self.layer = layer("RGCNConv", in_channels, out_channels, TOPOLOGY.num_relations, aggr="add")

    def forward(self, x, edge_index, edge_type):
        halves = [self.layer(x, edge_index[:, part], edge_type[part]) for part in (edge_type < 2, edge_type >= 2)]
        return sum(halves)


def test_a_layer_that_sends_messages_in_parts_says_what_can_be_asked():
    decision = example_decision(NetworkPropagator(Split, topology=TOPOLOGY, epochs=5))
    with pytest.raises(ExplanationError, match=r"in several parts.*occlusion"):
        explained(decision)
    explained(decision, "occlusion").verify()


def test_a_layer_derived_from_theirs_is_not_taken_for_it():
    """It may compute something else, of which only its author knows."""
    from torch_geometric.nn import RGCNConv

    RGCNConv(2, 2, 1)  # PyTorch Geometric changes a class when its first layer is made

    class Doubled(RGCNConv):
        def forward(self, x, edge_index, edge_type):
            return 2 * super().forward(x, edge_index, edge_type)

    def factory(in_channels, out_channels):
        return Doubled(in_channels, out_channels, TOPOLOGY.num_relations)

    decision = example_decision(NetworkPropagator(factory, topology=TOPOLOGY, epochs=5))
    with pytest.raises(ExplanationError, match=r"in several parts.*occlusion"):
        explained(decision)
    explained(decision, "occlusion").verify()


def test_layers_derived_from_theirs_heed_masks():
    """Even where PyTorch Geometric has changed the class that they are derived from."""
    from torch_geometric.nn import SAGEConv

    SAGEConv(2, 2)

    class Louder(SAGEConv):
        def message(self, x_j):
            return 2 * x_j

    class Network(torch.nn.Module):
        def __init__(self, in_channels, out_channels):
            super().__init__()
            self.layer = Louder(in_channels, out_channels)

        def forward(self, x, edge_index, edge_weight):
            return self.layer(x, edge_index)

    decision = example_decision(NetworkPropagator(Network, hops=2, epochs=15))
    masked = ForeignMargin(decision)
    assert masked.margin() == pytest.approx(decision.margin, abs=1e-4)
    assert abs(masked.margin(np.zeros(len(masked.facts))) - decision.margin) > 1e-3
    before = vars(Louder)["_orig_propagate"]
    assert abs(explained(decision).residual) < 0.02 * np.abs(explained(decision).scores.values).sum()
    assert vars(Louder)["_orig_propagate"] is before
    check_explainer(FactExplainer("integrated-gradients"), decision)
