"""Networks of graph convolutions with unit rows at the end: the form that SGCN, GCNZ and DGP share."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from kgzsl.errors import InputFormatError
from kgzsl.propagation.convolution import BiasPlace, GraphConvolution
from kgzsl.propagation.dropout import ByteDropout
from kgzsl.propagation.receptive_field import ReceptiveField
from kgzsl.propagation.relational_convolution import RelationalConvolution
from kgzsl.propagation.sparse_product import Block, SparseBlock

__all__ = ["Architecture", "Blocks", "ConvolutionNetwork"]


@dataclass(frozen=True)
class Blocks:
    """The sliced adjacencies of every layer; stands in the place of `edge_index`, with its weights inside."""

    layers: tuple[Block, ...]

    @classmethod
    def of(cls, field: ReceptiveField, *, device: torch.device) -> "Blocks":
        """Those of a receptive field, on `device`."""
        return cls(tuple(SparseBlock.of(groups, device=device) for groups in field.layers))


GroupedEdges = Sequence[Sequence[Tensor]]


@dataclass(frozen=True)
class Architecture:
    """The shape of a network beside its input and output: everything but parameters.

    `hidden` are the widths between input and output; `dropout` is the share of the input of every layer that is
    zeroed while training. With `is_relational` each group has a matrix of its own, mixed from `num_bases` where that
    is given.
    """

    hidden: tuple[int, ...]
    num_groups: int = 1
    bias: BiasPlace = "after"
    dropout: float = 0.0
    negative_slope: float = 0.2
    is_relational: bool = False
    num_bases: int | None = None

    def build(self, in_channels: int, out_channels: int, *, random_state: int = 0) -> "ConvolutionNetwork":
        """A network with new parameters, the same for the same `random_state`."""
        return ConvolutionNetwork(in_channels, out_channels, self, torch.Generator().manual_seed(random_state))

    def config(self) -> dict[str, Any]:
        """The fields as JSON values."""
        values = {**asdict(self), "hidden": list(self.hidden)}
        if not self.is_relational:  # as files of networks without relations have always been
            del values["is_relational"], values["num_bases"]
        return values

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> "Architecture":
        """The architecture that `config` described."""
        return cls(**{**config, "hidden": tuple(config["hidden"])})


class ConvolutionNetwork(nn.Module):
    """Graph convolutions with LeakyReLU between them, dropout before each, and rows of unit length at the end."""

    def __init__(
        self, in_channels: int, out_channels: int, architecture: Architecture, generator: torch.Generator | None = None
    ) -> None:
        super().__init__()
        self.in_channels, self.out_channels, self.architecture = in_channels, out_channels, architecture
        widths = (in_channels, *architecture.hidden, out_channels)
        self.layers = nn.ModuleList(
            _layer(before, after, architecture, generator) for before, after in pairwise(widths)
        )
        self.dropout = ByteDropout(architecture.dropout)

    @property
    def num_layers(self) -> int:
        """Graph convolutions, each of which reaches one step further."""
        return len(self.layers)

    def forward(
        self,
        x: Tensor,
        edge_index: Tensor | GroupedEdges | Blocks,
        edge_weight: Tensor | GroupedEdges | None = None,
    ) -> Tensor:
        """`[num_nodes, out_channels]`, or the target rows of `Blocks`.

        `edge_index` `[2, num_edges]` and `edge_weight` `[num_edges]` as in PyTorch Geometric; for a network with
        groups, or with alternating steps, `edge_index[step][group]` and `edge_weight[step][group]` of these shapes.
        """
        last = self.num_layers - 1
        for number, layer in enumerate(self.layers):
            edges, weights = _of_layer(number, edge_index, edge_weight)
            x = layer(self.dropout(x), edges, weights)
            if number != last:
                x = functional.leaky_relu(x, self.architecture.negative_slope)
        return functional.normalize(x, dim=1)

    def with_known_input(self, x: Tensor, blocks: Blocks) -> Blocks:
        """Blocks whose first product is multiplied out, where neither dropout nor training changes it."""
        first = blocks.layers[0]
        if self.dropout.threshold > 0 or not isinstance(first, SparseBlock):
            return blocks
        return Blocks((first.with_input(x), *blocks.layers[1:]))


def _layer(before: int, after: int, architecture: Architecture, generator: torch.Generator | None) -> GraphConvolution:
    groups = architecture.num_groups
    if architecture.is_relational:
        return RelationalConvolution(
            before, after, num_groups=groups, num_bases=architecture.num_bases, generator=generator
        )
    return GraphConvolution(before, after, num_groups=groups, bias=architecture.bias, generator=generator)


def _of_layer(
    number: int, edge_index: Tensor | GroupedEdges | Blocks, edge_weight: Tensor | GroupedEdges | None
) -> tuple[Any, Any]:
    if isinstance(edge_index, Blocks):
        return edge_index.layers[number], None
    if isinstance(edge_index, Tensor):
        return edge_index, edge_weight
    if edge_weight is None or isinstance(edge_weight, Tensor):
        raise InputFormatError("grouped edges need edge_weight[step][group] beside edge_index[step][group]")
    step = number % len(edge_index)
    return edge_index[step], edge_weight[step]
