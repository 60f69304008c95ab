"""One layer of graph convolution, over plain or grouped edges."""

import warnings
from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

from kgzsl.errors import InputFormatError
from kgzsl.propagation.sparse_product import Block, KnownProduct, SparseBlock

with warnings.catch_warnings():
    # PyTorch Geometric 2.8 compiles with torch.jit.script while it is imported, which torch 2.13 says is deprecated
    warnings.filterwarnings("ignore", message=r".*torch\.jit\.", category=DeprecationWarning)
    # it imports tqdm, which in a notebook asks for widgets; nothing here shows a bar of tqdm's
    warnings.filterwarnings("ignore", message="IProgress not found")
    from torch_geometric.nn import MessagePassing
    from torch_geometric.typing import OptTensor  # MessagePassing cannot read "Tensor | None"

__all__ = ["BiasPlace", "GraphConvolution"]

BiasPlace = Literal["after", "before", "none"]
Edges = Tensor | Sequence[Tensor] | Block
Weights = Tensor | Sequence[Tensor | None] | None

# multiplications of a dense product that take as long as one of a sparse product
_SPARSE_COST = 16


class GraphConvolution(MessagePassing):  # type: ignore[misc]
    """Sum over groups of share_k A_k (X W' + b_before) + b_after; the shares are softmax(`attention`).

    With one group and the bias "after" this is the layer of Kipf and Welling (ICLR 2017, eq. 2); with five groups and
    the bias "before" it is the one of DGP (Kampffmeyer et al., CVPR 2019), whose groups start with equal shares.
    Edge weights are used as they are: normalisation is the topology's work. `weight` `[out_channels, in_channels]` is
    drawn uniformly from `generator`, as by Glorot and Bengio (AISTATS 2010, eq. 16).

    Whichever of propagation and the dense product leaves less to compute comes first; the result is the same.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        *,
        num_groups: int = 1,
        bias: BiasPlace = "after",
        generator: torch.Generator | None = None,
    ) -> None:
        super().__init__(aggr="add")
        self.in_channels, self.out_channels = in_channels, out_channels
        self.num_groups, self.bias_place = num_groups, bias
        self.weight = nn.Parameter(torch.empty(out_channels, in_channels))
        self.bias = nn.Parameter(torch.empty(out_channels)) if bias != "none" else None
        self.attention = nn.Parameter(torch.empty(num_groups)) if num_groups > 1 else None
        self.reset_parameters(generator)

    def reset_parameters(self, generator: torch.Generator | None = None) -> None:
        """Draw new weights; biases become 0 and all groups equal."""
        super().reset_parameters()
        nn.init.xavier_uniform_(self.weight, generator=generator)
        if self.bias is not None:
            nn.init.zeros_(self.bias)
        if self.attention is not None:
            nn.init.ones_(self.attention)

    def forward(
        self,
        x: Tensor,
        edge_index: Edges,
        edge_weight: Weights = None,
    ) -> Tensor:
        """`[num_targets, out_channels]`.

        `edge_index` `[2, num_edges]` (source, target) with `edge_weight` `[num_edges]`, a sequence of one of each a
        group, or the block of a receptive field, which has its weights inside.
        """
        after = self.bias if self.bias_place == "after" else None
        before = self.bias if self.bias_place == "before" else None
        if self._propagates_first(edge_index):
            out = functional.linear(self._mixed(x, edge_index, edge_weight), self.weight, after)
            return out if before is None else torch.addr(out, self._row_sums(x, edge_index, edge_weight), before)
        out = self._mixed(functional.linear(x, self.weight, before), edge_index, edge_weight)
        return out if after is None else out + after

    def message(self, x_j: Tensor, edge_weight: OptTensor) -> Tensor:
        """What travels along the edges."""
        return x_j if edge_weight is None else edge_weight.view(-1, 1) * x_j

    def collected(self, x: Tensor, block: SparseBlock) -> Tensor:
        """What the weight is multiplied with, `[num_targets, in_channels]`, and a column for the bias if it has one."""
        rows = block.mix(x, self.shares())
        if self.bias is None:
            return rows
        ones = self.shares() @ block.sums if self.bias_place == "before" else rows.new_ones(len(rows))
        return torch.cat([rows, ones[:, None]], dim=1)

    def take(self, solution: Tensor) -> None:
        """Put a matrix for `collected` rows, `[in_channels (+ 1), out_channels]`, in the place of weight and bias."""
        with torch.no_grad():
            self.weight.copy_(solution[: self.in_channels].T)
            if self.bias is not None:
                self.bias.copy_(solution[self.in_channels])

    def shares(self) -> Tensor:
        """How much each group counts, `[num_groups]`; they add up to 1."""
        if self.attention is None:
            return torch.ones(1, device=self.weight.device, dtype=self.weight.dtype)
        return functional.softmax(self.attention, dim=0)

    def _mixed(self, x: Tensor, edge_index: Edges, edge_weight: Weights) -> Tensor:
        """The sum over groups of share_k A_k x."""
        shares = self.shares()
        if isinstance(edge_index, SparseBlock | KnownProduct):
            return edge_index.mix(x, shares)
        groups = (edge_index,) if isinstance(edge_index, Tensor) else tuple(edge_index)
        weights = (edge_weight,) * len(groups) if isinstance(edge_weight, Tensor | None) else tuple(edge_weight)
        if len(groups) != self.num_groups or len(weights) != self.num_groups:
            found = f"{len(groups)} edge_index and {len(weights)} edge_weight"
            raise InputFormatError(f"this layer has {self.num_groups} group(s) of edges but was given {found}")
        total = torch.zeros_like(x)
        for share, edges, weight in zip(shares, groups, weights, strict=True):
            total = total + share * self.propagate(edges, x=x, edge_weight=weight)
        return total

    def _row_sums(self, x: Tensor, edge_index: Edges, edge_weight: Weights) -> Tensor:
        """The same for a column of ones, `[num_targets]`."""
        if isinstance(edge_index, SparseBlock | KnownProduct):
            return self.shares() @ edge_index.sums
        return self._mixed(x.new_ones(len(x), 1), edge_index, edge_weight)[:, 0]

    def _propagates_first(self, edge_index: Edges) -> bool:
        """Whether (A X) W takes less time than A (X W)."""
        if isinstance(edge_index, KnownProduct):
            return True
        if not isinstance(edge_index, SparseBlock):
            return self.in_channels <= self.out_channels
        dense = self.in_channels * self.out_channels * (edge_index.num_targets - edge_index.num_sources)
        return dense + _SPARSE_COST * edge_index.num_entries * (self.in_channels - self.out_channels) <= 0
