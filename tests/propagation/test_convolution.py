"""One layer: the dense formula, PyTorch Geometric's own layer, and gradients."""

import subprocess
import sys

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch_geometric.nn import GCNConv

from kgzsl.errors import InputFormatError
from kgzsl.propagation.convolution import GraphConvolution
from kgzsl.propagation.receptive_field import receptive_field
from kgzsl.propagation.sparse_product import SparseBlock
from kgzsl.propagation.topology import AncestorTopology, NeighborTopology

CPU = torch.device("cpu")
SIZE = 12
# single precision, sums of at most 12 x 7 products of order 1
TOLERANCE = 1e-6


def layer_of(in_channels, out_channels, num_groups, bias, seed=0):
    generator = torch.Generator().manual_seed(seed)
    layer = GraphConvolution(in_channels, out_channels, num_groups=num_groups, bias=bias, generator=generator)
    with torch.no_grad():
        for parameter in layer.parameters():
            parameter.uniform_(-0.5, 0.5, generator=generator)
    return layer


def dense(layer, x, groups):
    weight = layer.weight.detach().double().numpy()
    bias = 0.0 if layer.bias is None else layer.bias.detach().double().numpy()
    support = x @ weight.T + (bias if layer.bias_place == "before" else 0.0)
    shares = layer.shares().detach().double().numpy()
    out = sum(share * (matrix.toarray() @ support) for share, matrix in zip(shares, groups, strict=True))
    return out + (bias if layer.bias_place == "after" else 0.0)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 50), st.sampled_from([(3, 7), (7, 3)]), st.sampled_from(["after", "before", "none"]))
def test_sliced_and_whole_layers_are_the_dense_formula(tree_of, seed, widths, bias):
    for topology, num_groups in ((NeighborTopology("symmetric"), 1), (AncestorTopology(3), 3)):
        messages = topology.messages(tree_of(SIZE, seed))
        groups = messages.of_layer(1)
        layer = layer_of(*widths, num_groups, bias, seed)
        x = np.random.default_rng(seed).standard_normal((SIZE, widths[0]))
        expected = dense(layer, x, groups)
        edges = [messages.edges(len(messages.steps) - 1, group) for group in range(num_groups)]
        indices, weights = ([torch.from_numpy(edge[place]) for edge in edges] for place in (0, 1))
        whole = layer(torch.tensor(x, dtype=torch.float32), indices, weights)
        np.testing.assert_allclose(whole.detach().numpy(), expected, atol=TOLERANCE)

        rows = np.array([5, 2])
        field = receptive_field(type(messages)(steps=(groups,)), rows, num_layers=1)
        block = SparseBlock.of(field.layers[0], device=CPU)
        part = torch.tensor(x[field.rows[0]], dtype=torch.float32)
        for given_block in (block, block.with_input(part)):
            np.testing.assert_allclose(layer(part, given_block).detach().numpy(), expected[rows], atol=TOLERANCE)
        with torch.inference_mode():
            np.testing.assert_allclose(layer(part, block).numpy(), expected[rows], atol=TOLERANCE)


def test_with_one_group_it_is_gcnconv(tree_of):
    messages = NeighborTopology("symmetric").messages(tree_of(SIZE))
    edge_index, edge_weight = (torch.from_numpy(array) for array in messages.edges())
    ours, theirs = layer_of(3, 4, 1, "after"), GCNConv(3, 4, normalize=False)
    theirs.load_state_dict({"bias": ours.bias, "lin.weight": ours.weight})
    x = torch.randn(SIZE, 3, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(ours(x, edge_index, edge_weight), theirs(x, edge_index, edge_weight), atol=1e-6, rtol=0)


@pytest.mark.parametrize("widths", [(3, 7), (7, 3)])
@pytest.mark.parametrize("bias", ["after", "before"])
def test_gradients_of_a_block_are_those_of_dense_matrices(tree_of, widths, bias):
    messages = AncestorTopology(3).messages(tree_of(SIZE))
    layer = layer_of(*widths, 3, bias)
    block = SparseBlock.of(messages.of_layer(0), device=CPU)
    matrices = torch.stack([torch.from_numpy(matrix.toarray()).float() for matrix in messages.of_layer(0)])
    x = torch.randn(SIZE, widths[0], generator=torch.Generator().manual_seed(0), requires_grad=True)

    layer(x, block).square().sum().backward()
    found = [x.grad, *(parameter.grad for parameter in layer.parameters())]
    x.grad = None
    layer.zero_grad()
    support = x @ layer.weight.T + (layer.bias if bias == "before" else 0.0)
    out = torch.einsum("k,kij,jd->id", layer.shares(), matrices, support) + (layer.bias if bias == "after" else 0.0)
    out.square().sum().backward()
    expected = [x.grad, *(parameter.grad for parameter in layer.parameters())]
    for ours, theirs in zip(found, expected, strict=True):
        torch.testing.assert_close(ours, theirs, atol=1e-5, rtol=1e-5)


def test_the_wrong_number_of_groups_is_refused(tree_of):
    edge_index, edge_weight = (torch.from_numpy(array) for array in NeighborTopology().messages(tree_of(SIZE)).edges())
    with pytest.raises(InputFormatError, match="this layer has 3 group"):
        layer_of(3, 4, 3, "after")(torch.zeros(SIZE, 3), edge_index, edge_weight)


# -- in a notebook ----------------------------------------------------------------------------------------------------

KERNEL_WITHOUT_WIDGETS = """
import sys, types
sys.modules["ipykernel.zmqshell"] = types.ModuleType("ipykernel.zmqshell")
sys.modules["IPython"] = types.ModuleType("IPython")
sys.modules["IPython"].get_ipython = object
sys.modules["ipywidgets"] = None
import kgzsl.propagation.convolution
assert "tqdm.notebook" in sys.modules or "tqdm" not in sys.modules
"""


def test_no_widgets_are_asked_for_that_nothing_shows():
    done = subprocess.run(
        [sys.executable, "-W", "always", "-c", KERNEL_WITHOUT_WIDGETS], check=False, capture_output=True, text=True
    )
    assert (done.returncode, "IProgress" in done.stderr) == (0, False), done.stderr
