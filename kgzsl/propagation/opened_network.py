"""A trained network as plain matrices, cut down to what one concept's weights depend on."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from kgzsl.propagation.convolution import GraphConvolution
from kgzsl.propagation.convolution_network import ConvolutionNetwork
from kgzsl.propagation.receptive_field import receptive_field
from kgzsl.propagation.ridge_readout import RidgeReadout
from kgzsl.propagation.topology import Messages

__all__ = ["OpenedLayer", "OpenedNetwork", "opened"]


@dataclass(frozen=True, eq=False)
class OpenedLayer:
    """One graph convolution: `operator` (H W + before) + after.

    `operator` `[num_targets, num_sources]` is the sum of `groups`, each a normalised adjacency times its share;
    `weight` is `[in_channels, out_channels]`; a bias that the layer does not have is None. All float64.
    """

    operator: sparse.csr_array
    groups: tuple[sparse.csr_array, ...]
    weight: NDArray[np.float64]
    before: NDArray[np.float64] | None
    after: NDArray[np.float64] | None


@dataclass(frozen=True, eq=False)
class OpenedNetwork:
    """Layers with LeakyReLU between them and a row of unit length at the end.

    `rows[l]` are the positions that layer `l` reads, ascending; `rows[-1]` is the one concept asked for.
    `normalization` says how a group is made of ones: "row", "symmetric" or "none"; `readout` is the closed form of
    the last layer, if it was solved.
    """

    rows: tuple[NDArray[np.int64], ...]
    layers: tuple[OpenedLayer, ...]
    negative_slope: float
    normalization: str
    readout: RidgeReadout | None = None


def opened(
    network: ConvolutionNetwork,
    messages: Messages,
    position: int,
    *,
    normalization: str,
    readout: RidgeReadout | None = None,
) -> OpenedNetwork:
    """The layers that the output row at `position` is computed by, and the rows that each of them reads.

    A last layer that was solved in closed form is taken from its solution in float64, not as it is stored.
    """
    field = receptive_field(messages, np.array([position], dtype=np.int64), num_layers=network.num_layers)
    layers = []
    for layer, groups in zip(network.layers, field.layers, strict=True):
        assert isinstance(layer, GraphConvolution)
        shares = layer.shares().detach().cpu().numpy().astype(np.float64)
        scaled = tuple(sparse.csr_array(share * group) for share, group in zip(shares, groups, strict=True))
        operator = sparse.csr_array(sum(scaled[1:], scaled[0]), dtype=np.float64)
        operator.sort_indices()
        bias = None if layer.bias is None else layer.bias.detach().cpu().numpy().astype(np.float64)
        weight = layer.weight.detach().cpu().numpy().astype(np.float64).T
        before, after = (bias, None) if layer.bias_place == "before" else (None, bias)
        layers.append(OpenedLayer(operator, scaled, weight, before, after))
    if readout is not None:
        layers[-1] = _solved(layers[-1], readout)
    return OpenedNetwork(field.rows, tuple(layers), float(network.architecture.negative_slope), normalization, readout)


def _solved(layer: OpenedLayer, readout: RidgeReadout) -> OpenedLayer:
    channels, solved = len(layer.weight), readout.weight
    bias = solved[channels] if len(solved) > channels else None
    return replace(
        layer,
        weight=solved[:channels],
        before=None if layer.before is None else bias,
        after=None if layer.after is None else bias,
    )
