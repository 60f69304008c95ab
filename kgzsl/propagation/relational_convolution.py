"""One layer of graph convolution with a matrix for each relation and direction."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from kgzsl.errors import InputFormatError
from kgzsl.propagation.convolution import Edges, GraphConvolution, Weights
from kgzsl.propagation.sparse_product import KnownProduct, SparseBlock

__all__ = ["RelationalConvolution"]


class RelationalConvolution(GraphConvolution):
    """Sum over groups of A_k X W_k + b: Schlichtkrull et al., ESWC 2018, eq. 2; a group is a relation or the concepts.

    `weight` `[num_groups, in_channels, out_channels]` without a basis; with `num_bases` it is `[num_bases, ...]` and
    W_k is the sum over bases of `mixture[k, b] weight[b]` (eq. 3). Each matrix is drawn uniformly from `generator`,
    as by Glorot and Bengio (AISTATS 2010, eq. 16), the mixture like a matrix of its own. Edge weights are used as
    they are: normalisation is the topology's work.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        *,
        num_groups: int,
        num_bases: int | None = None,
        generator: torch.Generator | None = None,
    ) -> None:
        super().__init__(in_channels, out_channels, num_groups=1, bias="after", generator=generator)
        self.num_groups, self.num_bases = num_groups, num_bases
        self.weight = nn.Parameter(torch.empty(num_bases or num_groups, in_channels, out_channels))
        self.mixture = nn.Parameter(torch.empty(num_groups, num_bases)) if num_bases else None
        self.reset_parameters(generator)

    def reset_parameters(self, generator: torch.Generator | None = None) -> None:
        """Draw new weights; the bias becomes 0."""
        if self.weight.dim() == 2:  # while the parts that all convolutions have are built
            return
        for matrix in self.weight:
            nn.init.xavier_uniform_(matrix, generator=generator)
        if self.mixture is not None:
            nn.init.xavier_uniform_(self.mixture, generator=generator)
        assert self.bias is not None
        nn.init.zeros_(self.bias)

    def matrices(self) -> Tensor:
        """W_k `[num_groups, in_channels, out_channels]`."""
        if self.mixture is None:
            return self.weight
        return torch.einsum("kb,bio->kio", self.mixture, self.weight)

    def forward(self, x: Tensor, edge_index: Edges, edge_weight: Weights = None) -> Tensor:
        """`[num_targets, out_channels]`, of the arguments of `GraphConvolution.forward`."""
        assert self.bias is not None
        groups = self._spread(x, edge_index, edge_weight)
        return torch.einsum("kti,kio->to", groups, self.matrices()) + self.bias

    def collected(self, x: Tensor, block: SparseBlock) -> Tensor:
        """`[num_targets, num_groups * in_channels + 1]`, or as many times in_channels as there are bases."""
        groups = block.spread(x)
        parts = groups if self.mixture is None else torch.einsum("kti,kb->bti", groups, self.mixture)
        return torch.cat([*parts, x.new_ones(groups.shape[1], 1)], dim=1)

    def take(self, solution: Tensor) -> None:
        """Put the matrices below each other, and a bias, in the place of those that it has; the mixture stays."""
        assert self.bias is not None
        with torch.no_grad():
            self.weight.copy_(solution[:-1].view(self.weight.shape))
            self.bias.copy_(solution[-1])

    def _spread(self, x: Tensor, edge_index: Any, edge_weight: Any) -> Tensor:
        """What each group brings, `[num_groups, num_targets, in_channels]`."""
        if isinstance(edge_index, SparseBlock | KnownProduct):
            return edge_index.spread(x)
        edges: Sequence[Any] = (edge_index,) if isinstance(edge_index, Tensor) else tuple(edge_index)
        weights = (edge_weight,) * len(edges) if isinstance(edge_weight, Tensor | None) else tuple(edge_weight)
        if len(edges) != self.num_groups or len(weights) != self.num_groups:
            found = f"{len(edges)} edge_index and {len(weights)} edge_weight"
            raise InputFormatError(f"this layer has {self.num_groups} group(s) of edges but was given {found}")
        brought = [self.propagate(each, x=x, edge_weight=weight) for each, weight in zip(edges, weights, strict=True)]
        return torch.stack(brought)
