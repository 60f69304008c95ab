"""PyTorch Geometric's relational layers as propagators."""

import numpy as np
import polars as pl
import pytest
import torch
from torch_geometric.nn import FastRGCNConv, RGCNConv

from kgzsl.contracts import Supervision
from kgzsl.decision.propagators import resolve_propagator
from kgzsl.errors import InputFormatError, UnknownRelationError
from kgzsl.graph.knowledge_graph import KnowledgeGraph
from kgzsl.propagation.convolution_network import Architecture
from kgzsl.propagation.fitted_network import FittedNetwork
from kgzsl.propagation.network import NetworkPropagator
from kgzsl.propagation.topology import NeighborTopology, RelationTopology

TOPOLOGY = RelationTopology(("eats", "has_part", "is_a"))
SIZE = 12


class Layers(torch.nn.Module):
    """Two of their layers, with our units between them."""

    def __init__(self, in_channels, out_channels, *, kind=RGCNConv, num_relations=6, **options):
        super().__init__()
        self.first = kind(in_channels, 4, num_relations, **options)
        self.last = kind(4, out_channels, num_relations, **options)

    def forward(self, x, edge_index, edge_type):
        hidden = torch.nn.functional.leaky_relu(self.first(x, edge_index, edge_type), 0.2)
        return self.last(hidden, edge_index, edge_type)


@pytest.fixture(scope="module")
def index():
    rng = np.random.default_rng(0)
    facts = {(f"c{head:02}", "is_a", f"c{tail:02}") for head, tail in rng.integers(SIZE, size=(10, 2)) if head != tail}
    for relation in ("eats", "has_part"):
        facts |= {
            (f"c{head:02}", relation, f"c{tail:02}") for head, tail in rng.integers(SIZE, size=(6, 2)) if head != tail
        }
    table = pl.DataFrame(sorted(facts), schema=dict.fromkeys(("head", "relation", "tail"), pl.String), orient="row")
    names = [f"c{place:02}" for place in range(SIZE)]
    return KnowledgeGraph.from_tables(pl.DataFrame({"id": names}), table, name="toy").index


@pytest.fixture(scope="module")
def features():
    return np.random.default_rng(1).normal(size=(SIZE, 3)).astype(np.float32)


def same_as(ours, **options):
    """Their layers with our parameters."""
    theirs = Layers(3, 5, **options)
    with torch.no_grad():
        for mine, other in zip(ours.layers, (theirs.first, theirs.last), strict=True):
            mine.bias.uniform_(-0.5, 0.5, generator=torch.Generator().manual_seed(2))
            other.bias.copy_(mine.bias)
            other.root.copy_(mine.matrices()[-1])
            if mine.mixture is None:
                other.weight.copy_(mine.weight[:-1])
            else:
                other.weight.copy_(mine.weight)
                other.comp.copy_(mine.mixture[:-1])
    return theirs


@pytest.mark.parametrize("kind", [RGCNConv, FastRGCNConv])
@pytest.mark.parametrize("num_bases", [None, 2])
@pytest.mark.parametrize("hops", [None, 2])
def test_with_our_parameters_it_gives_our_weights(index, features, kind, num_bases, hops):
    ours = Architecture((4,), num_groups=7, is_relational=True, num_bases=num_bases).build(3, 5)
    theirs = same_as(ours, kind=kind, num_bases=num_bases)
    one, other = (
        FittedNetwork(network, channels=(3, 5), topology=TOPOLOGY, classes=("c00",), report={}, hops=steps)
        for network, steps in ((ours, None), (theirs, hops))
    )
    for concepts in (None, ["c03", "c01"]):
        expected = one.weights(index, features, concepts=concepts)
        np.testing.assert_allclose(other.weights(index, features, concepts=concepts), expected, atol=1e-6)


def test_it_is_trained_saved_and_read_back(index, features):
    supervision = Supervision(("c00", "c01", "c02"), np.eye(5, dtype=np.float32)[:3], "prototype")
    propagator = NetworkPropagator(Layers, topology=TOPOLOGY, hops=2, epochs=60, learning_rate=0.02, weight_decay=0.0)
    fitted = propagator.fit(index, features, supervision)
    assert fitted.report["losses"][-1] < 0.1 * fitted.report["losses"][0]
    again = FittedNetwork.from_state(*fitted.state(), module_factory=Layers)
    np.testing.assert_array_equal(again.weights(index, features), fitted.weights(index, features))


def fit(index, features, **options):
    supervision = Supervision(("c00", "c01"), np.eye(5, dtype=np.float32)[:2], "prototype")
    topology = RelationTopology(options.pop("relations", TOPOLOGY.relations))

    def factory(in_channels, out_channels):
        return Layers(in_channels, out_channels, **options)

    return NetworkPropagator(factory, topology=topology, epochs=1).fit(index, features, supervision)


@pytest.mark.parametrize("count", [3, 7])
def test_layers_with_another_number_of_relations_are_refused(index, features, count):
    with pytest.raises(InputFormatError, match=f"first has num_relations={count}, but .* of 6 types"):
        fit(index, features, num_relations=count)


def test_relations_that_a_graph_does_not_have_and_kinds_are_refused(index, features):
    with pytest.raises(UnknownRelationError, match="isa"):
        fit(index, features, relations=("isa",), num_relations=2)
    with pytest.raises(InputFormatError, match=r"'taxonomic' are kinds of relations.*'is_a'"):
        fit(index, features, relations=("taxonomic",), num_relations=2)


@pytest.mark.parametrize(
    ("topology", "asked", "found"),
    [
        (NeighborTopology(), None, ("taxonomic", "attribute")),
        (NeighborTopology(), ["is_a", "eats"], ("is_a", "eats")),
        (NeighborTopology(relations=("eats",)), None, ("eats",)),
        (RelationTopology(("eats", "is_a")), None, ("eats", "is_a")),
    ],
)
def test_relations_are_those_of_the_topology_or_go_there(topology, asked, found):
    given = None if asked is None else tuple(asked)
    propagator, relations = resolve_propagator(NetworkPropagator(Layers, topology=topology), given)
    assert propagator.topology.relations == propagator.relations == relations == found


def test_relations_are_given_once():
    with pytest.raises(InputFormatError, match="give them once"):
        resolve_propagator(NetworkPropagator(Layers, topology=TOPOLOGY), ("is_a",))


class Own:
    """A topology that knows by itself what it goes over."""

    def messages(self, index):
        return NeighborTopology().messages(index)

    def config(self):
        return {"kind": "own"}


def test_a_topology_without_relations_is_left_alone():
    propagator = NetworkPropagator(Layers, topology=Own())
    assert resolve_propagator(propagator, None)[0] is propagator
