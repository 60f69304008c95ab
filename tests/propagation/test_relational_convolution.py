"""Layers with a matrix for each relation: the formula, PyTorch Geometric's own layer, gradients, messages."""

import numpy as np
import polars as pl
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch_geometric.nn import RGCNConv

from kgzsl.errors import InputFormatError, UnknownRelationError
from kgzsl.graph.knowledge_graph import KnowledgeGraph
from kgzsl.propagation.convolution_network import Architecture
from kgzsl.propagation.receptive_field import receptive_field
from kgzsl.propagation.relational_convolution import RelationalConvolution
from kgzsl.propagation.rgcn import RGCN
from kgzsl.propagation.sparse_product import SparseBlock
from kgzsl.propagation.topology import RelationTopology

CPU = torch.device("cpu")
SIZE = 9


def index_of(facts, size=SIZE):
    table = pl.DataFrame(
        [(f"c{head}", relation, f"c{tail}") for head, relation, tail in facts],
        schema=dict.fromkeys(("head", "relation", "tail"), pl.String),
        orient="row",
    )
    return KnowledgeGraph.from_tables(
        pl.DataFrame({"id": [f"c{place}" for place in range(size)]}), table, name="toy"
    ).index


def drawn(seed, num_facts=14):
    rng = np.random.default_rng(seed)
    facts = {(0, "is_a", 1)}
    while len(facts) < num_facts:
        head, tail = rng.choice(SIZE, 2, replace=False).tolist()
        facts.add((head, ["eats", "has_part", "is_a"][rng.integers(3)], tail))
    return index_of(sorted(facts))


def layer_of(num_groups, num_bases=None, widths=(3, 4), seed=0):
    generator = torch.Generator().manual_seed(seed)
    layer = RelationalConvolution(*widths, num_groups=num_groups, num_bases=num_bases, generator=generator)
    with torch.no_grad():
        layer.bias.uniform_(-0.5, 0.5, generator=generator)
    return layer


TOPOLOGY = RelationTopology(("eats", "has_part", "is_a"))


def test_each_relation_is_heard_both_ways_in_groups_of_its_own():
    index = index_of([(0, "is_a", 2), (1, "is_a", 2), (0, "eats", 2), (3, "is_a", 2)], size=4)
    topology = RelationTopology.of(index, ("taxonomic", "association"))
    assert topology.relations == ("eats", "is_a")
    groups = dict(zip(topology.links, topology.messages(index).of_layer(0), strict=True))
    assert list(groups) == ["eats", "^eats", "is_a", "^is_a", ""]
    assert {link: sorted(matrix.todok().items()) for link, matrix in groups.items()} == {
        "eats": [((0, 2), 1.0)],
        "^eats": [((2, 0), 1.0)],
        "is_a": [((0, 2), 1.0), ((1, 2), 1.0), ((3, 2), 1.0)],
        "^is_a": [((2, place), pytest.approx(1 / 3)) for place in (0, 1, 3)],
        "": [((place, place), 1.0) for place in range(4)],
    }


def test_a_graph_without_a_relation_sends_nothing_over_it_and_new_relations_are_not_heard():
    topology = RelationTopology(("is_a",))
    counts = [matrix.nnz for matrix in topology.messages(index_of([(0, "eats", 1)], size=2)).of_layer(0)]
    assert counts == [0, 0, 2]


def test_relations_that_say_what_a_class_is_not_are_refused():
    index = index_of([(0, "is_a", 1), (0, "antonym", 2)])
    with pytest.raises(InputFormatError, match="antonym"):
        RelationTopology.of(index, ("is_a", "antonym"))
    with pytest.raises(UnknownRelationError):
        RelationTopology.of(index, ("isa",))


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 99), st.sampled_from([None, 2]))
def test_whole_and_sliced_layers_are_the_sum_over_relations(seed, num_bases):
    index = drawn(seed)
    messages = TOPOLOGY.messages(index)
    groups = messages.of_layer(0)
    layer = layer_of(len(groups), num_bases, seed=seed)
    x = np.random.default_rng(seed).standard_normal((SIZE, 3))
    matrices = layer.matrices().detach().double().numpy()
    expected = sum(group.toarray() @ x @ matrix for group, matrix in zip(groups, matrices, strict=True))
    expected = expected + layer.bias.detach().double().numpy()
    edges = [messages.edges(0, group) for group in range(len(groups))]
    indices, weights = ([torch.from_numpy(edge[place]) for edge in edges] for place in (0, 1))
    inputs = torch.tensor(x, dtype=torch.float32)
    np.testing.assert_allclose(layer(inputs, indices, weights).detach().numpy(), expected, atol=1e-6)
    rows = np.array([5, 2])
    field = receptive_field(messages, rows, num_layers=1)
    block = SparseBlock.of(field.layers[0], device=CPU)
    part = inputs[torch.from_numpy(field.rows[0])]
    for given_block in (block, block.with_input(part)):
        np.testing.assert_allclose(layer(part, given_block).detach().numpy(), expected[rows], atol=1e-6)


@pytest.mark.parametrize("num_bases", [None, 2])
def test_it_is_the_layer_of_pytorch_geometric(num_bases):
    index = drawn(3)
    messages = TOPOLOGY.messages(index)
    groups = messages.of_layer(0)
    ours = layer_of(len(groups), num_bases)
    theirs = RGCNConv(3, 4, num_relations=len(groups) - 1, num_bases=num_bases)
    matrices = ours.matrices().detach()
    with torch.no_grad():
        theirs.weight.copy_(matrices[:-1] if num_bases is None else ours.weight)
        if num_bases is not None:
            theirs.comp.copy_(ours.mixture[:-1])
        theirs.root.copy_(matrices[-1])
        theirs.bias.copy_(ours.bias)
    edges = [torch.from_numpy(messages.edges(0, group)[0]) for group in range(len(groups) - 1)]
    types = torch.cat([torch.full((edge.shape[1],), number) for number, edge in enumerate(edges)])
    x = torch.randn(SIZE, 3, generator=torch.Generator().manual_seed(0))
    block = SparseBlock.of(groups, device=CPU)
    torch.testing.assert_close(ours(x, block), theirs(x, torch.cat(edges, dim=1), types), atol=1e-6, rtol=0)


@pytest.mark.parametrize("num_bases", [None, 2])
def test_gradients_of_a_block_are_those_of_dense_matrices(num_bases):
    groups = TOPOLOGY.messages(drawn(1)).of_layer(0)
    layer = layer_of(len(groups), num_bases)
    block = SparseBlock.of([group[[4, 0]] for group in groups], device=CPU)
    dense = torch.stack([torch.from_numpy(group[[4, 0]].toarray()).float() for group in groups])
    found = []
    for spread in (block.spread, lambda x: dense @ x):
        x = torch.randn(SIZE, 3, generator=torch.Generator().manual_seed(0), requires_grad=True)
        out = torch.einsum("kti,kio->to", spread(x), layer.matrices())
        found.append(
            torch.autograd.grad(out.square().sum(), [x, *(p for p in layer.parameters() if p is not layer.bias)])
        )
    for one, other in zip(*found, strict=True):
        torch.testing.assert_close(one, other, atol=1e-5, rtol=1e-5)


def test_a_wrong_number_of_groups_is_refused():
    with pytest.raises(InputFormatError, match="3 group"):
        layer_of(3)(torch.zeros(2, 3), [torch.zeros(2, 0, dtype=torch.int64)], [None])


def test_files_of_other_networks_say_nothing_of_relations():
    assert "is_relational" not in Architecture((8,)).config()
    relational = Architecture((8,), num_groups=3, is_relational=True, num_bases=2)
    assert Architecture.from_config(relational.config()) == relational


@pytest.mark.parametrize("options", [{"num_bases": 0}, {"hidden": 8}, {"num_bases": 1.5}])
def test_settings_out_of_range_are_refused(options):
    with pytest.raises(InputFormatError):
        RGCN(**options)
