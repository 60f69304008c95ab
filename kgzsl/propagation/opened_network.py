"""A trained network as plain matrices, cut down to what one concept's weights depend on."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from kgzsl.errors import ExplanationError
from kgzsl.propagation.convolution import GraphConvolution
from kgzsl.propagation.convolution_network import ConvolutionNetwork
from kgzsl.propagation.receptive_field import receptive_field
from kgzsl.propagation.relational_convolution import RelationalConvolution
from kgzsl.propagation.ridge_readout import RidgeReadout
from kgzsl.propagation.topology import Messages

__all__ = ["OpenedLayer", "OpenedNetwork", "OpenedPart", "OpenedRelationalLayer", "opened", "opened_matrices"]

_SEVERAL = (
    "this layer has a matrix for each relation, which this way of explaining does not follow; the exact shares "
    "(explainer=None) do"
)


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
class OpenedPart:
    """What one relation brings to a layer: `operator` (H W), with W `weight` `[in_channels, out_channels]`.

    `relation` is its name, `^` before one that is heard against its direction; "" for what concepts tell themselves.
    """

    relation: str
    operator: sparse.csr_array
    weight: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class OpenedRelationalLayer:
    """The sum of `parts`, one for each relation and direction that brings something, and `after`."""

    parts: tuple[OpenedPart, ...]
    after: NDArray[np.float64] | None
    before: None = None

    @property
    def operator(self) -> sparse.csr_array:
        """`ExplanationError`: there is one for each part."""
        raise ExplanationError(_SEVERAL)

    @property
    def groups(self) -> tuple[sparse.csr_array, ...]:
        """`ExplanationError`: each part has one, and a matrix of its own."""
        raise ExplanationError(_SEVERAL)

    @property
    def weight(self) -> NDArray[np.float64]:
        """`ExplanationError`: there is one for each part."""
        raise ExplanationError(_SEVERAL)


@dataclass(frozen=True, eq=False)
class OpenedNetwork:
    """Layers with LeakyReLU between them and a row of unit length at the end.

    `rows[l]` are the positions that layer `l` reads, ascending; `rows[-1]` is the one concept asked for.
    `normalization` says how a group is made of ones: "row", "symmetric" or "none"; `readout` is the closed form of
    the last layer, if it was solved, with the rows of C for one of its parts below those for another.
    """

    rows: tuple[NDArray[np.int64], ...]
    layers: tuple[OpenedLayer | OpenedRelationalLayer, ...]
    negative_slope: float
    normalization: str
    readout: RidgeReadout | None = None


def opened(
    network: ConvolutionNetwork,
    messages: Messages,
    position: int,
    *,
    normalization: str,
    links: Sequence[str] = (),
    readout: RidgeReadout | None = None,
    matrices: Sequence[NDArray[np.float64]] | None = None,
) -> OpenedNetwork:
    """The layers that the output row at `position` is computed by, and the rows that each of them reads.

    `links` name the groups of messages, where a layer has a matrix for each; `matrices` are those of
    `opened_matrices`, if they are at hand.
    A last layer that was solved in closed form is taken from its solution in float64, not as it is stored.
    """
    field = receptive_field(messages, np.array([position], dtype=np.int64), num_layers=network.num_layers)
    layers: list[OpenedLayer | OpenedRelationalLayer] = []
    matrices = opened_matrices(network) if matrices is None else matrices
    for layer, groups, matrix in zip(network.layers, field.layers, matrices, strict=True):
        assert isinstance(layer, GraphConvolution)
        if isinstance(layer, RelationalConvolution):
            layers.append(_relational(layer, groups, links, matrix))
            continue
        shares = layer.shares().detach().cpu().numpy().astype(np.float64)
        scaled = tuple(sparse.csr_array(share * group) for share, group in zip(shares, groups, strict=True))
        operator = sparse.csr_array(sum(scaled[1:], scaled[0]), dtype=np.float64)
        operator.sort_indices()
        bias = None if layer.bias is None else layer.bias.detach().cpu().numpy().astype(np.float64)
        before, after = (bias, None) if layer.bias_place == "before" else (None, bias)
        layers.append(OpenedLayer(operator, scaled, matrix, before, after))
    if readout is not None and isinstance(layers[-1], OpenedLayer):
        layers[-1] = _solved(layers[-1], readout)
    elif readout is not None:
        layer = network.layers[-1]
        assert isinstance(layer, RelationalConvolution)
        readout = _of_groups(layer, readout)
        layers[-1] = _solved_relational(layer, field.layers[-1], links, readout)
        readout = _of_parts(layer, field.layers[-1], readout)
    return OpenedNetwork(field.rows, tuple(layers), float(network.architecture.negative_slope), normalization, readout)


def opened_matrices(network: ConvolutionNetwork) -> list[NDArray[np.float64]]:
    """What each layer multiplies by, `[in_channels, out_channels]`, or one of these for each group of messages.

    Of a wide network these are tens of megabytes: who opens it for several concepts makes them once.
    """
    found = []
    for layer in network.layers:
        assert isinstance(layer, GraphConvolution)
        matrix = layer.matrices() if isinstance(layer, RelationalConvolution) else layer.weight.T
        found.append(matrix.detach().cpu().numpy().astype(np.float64))
    return found


def _relational(
    layer: RelationalConvolution,
    groups: Sequence[sparse.csr_array],
    links: Sequence[str],
    matrices: NDArray[np.float64],
) -> OpenedRelationalLayer:
    parts = [
        OpenedPart(link, sparse.csr_array(group), matrix)
        for link, group, matrix in zip(links, groups, matrices, strict=True)
        if group.nnz
    ]
    assert layer.bias is not None
    return OpenedRelationalLayer(tuple(parts), layer.bias.detach().cpu().numpy().astype(np.float64))


def _of_groups(layer: RelationalConvolution, readout: RidgeReadout) -> RidgeReadout:
    """The same with rows of C for each group, where it was solved for bases that are mixed."""
    if layer.mixture is None:
        return readout
    mixture = layer.mixture.detach().cpu().numpy().astype(np.float64)
    bases = readout.coefficients[:-1].reshape(mixture.shape[1], layer.in_channels, -1)
    groups = np.einsum("kb,bis->kis", mixture, bases).reshape(-1, bases.shape[2])
    return replace(readout, coefficients=np.concatenate([groups, readout.coefficients[-1:]]))


def _of_parts(layer: RelationalConvolution, groups: Sequence[sparse.csr_array], readout: RidgeReadout) -> RidgeReadout:
    """The same without the rows of groups that bring nothing."""
    kept = np.repeat([group.nnz > 0 for group in groups], layer.in_channels)
    return replace(readout, coefficients=readout.coefficients[np.append(kept, True)])


def _solved_relational(
    layer: RelationalConvolution, groups: Sequence[sparse.csr_array], links: Sequence[str], readout: RidgeReadout
) -> OpenedRelationalLayer:
    solved = readout.weight
    matrices = solved[:-1].reshape(len(groups), layer.in_channels, -1)
    return replace(_relational(layer, groups, links, matrices), after=solved[-1])


def _solved(layer: OpenedLayer, readout: RidgeReadout) -> OpenedLayer:
    channels, solved = len(layer.weight), readout.weight
    bias = solved[channels] if len(solved) > channels else None
    return replace(
        layer,
        weight=solved[:channels],
        before=None if layer.before is None else bias,
        after=None if layer.after is None else bias,
    )
