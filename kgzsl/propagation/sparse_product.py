"""A sliced adjacency on a device, and its product with a dense matrix, forward and backward."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from scipy import sparse
from torch import Tensor
from torch.nn import functional

__all__ = ["Block", "KnownProduct", "SparseBlock"]


@dataclass(frozen=True)
class CompressedRows:
    """Rows of a sparse matrix: `starts` `[num_rows + 1]`, `columns` and `values` `[num_entries]`."""

    starts: Tensor
    columns: Tensor
    values: Tensor

    def times(self, dense: Tensor, values: Tensor | None = None) -> Tensor:
        """The product with `dense`, outside of automatic differentiation; `values` may stand in for the stored ones."""
        # an embedding bag is the same sum, threaded over rows, and beat PyTorch's own sparse products in every shape
        # that a receptive field has
        weights = (self.values if values is None else values).detach().to(dense.dtype)
        return functional.embedding_bag(
            self.columns, dense.detach(), self.starts, mode="sum", per_sample_weights=weights, include_last_offset=True
        )


@dataclass(frozen=True)
class SparseBlock:
    """The adjacencies `[num_targets, num_sources]` of one layer, its groups one below the other.

    `sums` `[num_groups, num_targets]` are the sums of their rows. The transpose is kept for gradients; `group_of` is
    the group of each of its entries, and its columns count targets within the group.
    """

    num_groups: int
    num_targets: int
    num_sources: int
    rows: CompressedRows
    sums: Tensor
    transposed: CompressedRows
    group_of: Tensor

    @classmethod
    def of(cls, groups: Sequence[sparse.csr_array], *, device: torch.device) -> "SparseBlock":
        """Build from one adjacency a group, as 32-bit floats on `device`."""
        num_targets, num_sources = groups[0].shape
        stacked = sparse.csr_array(sparse.vstack(groups, format="csr"))
        transposed = stacked.T.tocsr()
        row_sums = np.asarray(stacked.sum(axis=1)).reshape(len(groups), num_targets)
        return cls(
            num_groups=len(groups),
            num_targets=num_targets,
            num_sources=num_sources,
            rows=_compressed(stacked, stacked.indices, device),
            sums=torch.from_numpy(row_sums.astype(np.float32)).to(device),
            transposed=_compressed(transposed, transposed.indices % max(num_targets, 1), device),
            group_of=_integers(transposed.indices // max(num_targets, 1), device),
        )

    @property
    def num_entries(self) -> int:
        """Messages that are sent."""
        return int(self.rows.columns.shape[0])

    def product(self, x: Tensor) -> Tensor:
        """`[num_groups, num_targets, dim]`: what each group brings; no gradient flows through it."""
        return self.rows.times(x).view(self.num_groups, self.num_targets, x.shape[1])

    def product_of_group(self, x: Tensor, group: int) -> Tensor:
        """`product(x)[group]` alone, for when all of them would be large."""
        starts = self.rows.starts[group * self.num_targets : (group + 1) * self.num_targets + 1]
        first, last = int(starts[0]), int(starts[-1])
        part = CompressedRows(starts - first, self.rows.columns[first:last], self.rows.values[first:last])
        return part.times(x)

    def mix(self, x: Tensor, shares: Tensor) -> Tensor:
        """The sum over groups of `shares[k] * A_k @ x`; differentiable in both."""
        mixed: Tensor = _MixedProduct.apply(x, shares, self)  # type: ignore[no-untyped-call]
        return mixed

    def spread(self, x: Tensor) -> Tensor:
        """`product`, differentiable in `x`."""
        spread: Tensor = _SpreadProduct.apply(x, self)  # type: ignore[no-untyped-call]
        return spread

    def with_input(self, x: Tensor) -> "KnownProduct":
        """This block multiplied out for rows that never change."""
        return KnownProduct(groups=self.product(x), sums=self.sums)


@dataclass(frozen=True)
class KnownProduct:
    """A block whose source rows never change, multiplied out once: `groups` `[num_groups, num_targets, dim]`."""

    groups: Tensor
    sums: Tensor

    def mix(self, x: Tensor, shares: Tensor) -> Tensor:
        """The sum over groups of `shares[k] * A_k @ x`, for the `x` it was made from."""
        return _mixed(self.groups, shares)

    def spread(self, x: Tensor) -> Tensor:
        """What each group brings, for the `x` it was made from."""
        return self.groups


Block = SparseBlock | KnownProduct


class _MixedProduct(torch.autograd.Function):
    """sum_k shares[k] A_k x, whose backward pass never holds one gradient a group."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, shares: Tensor, block: SparseBlock) -> Tensor:
        ctx.block = block
        groups = block.product(x) if ctx.needs_input_grad[1] else None
        ctx.save_for_backward(groups, shares)
        if groups is not None:
            return _mixed(groups, shares)
        mixed = block.product_of_group(x, 0)
        for group in range(1, block.num_groups):
            mixed = mixed.mul_(shares[0]) if group == 1 else mixed
            mixed.addcmul_(block.product_of_group(x, group), shares[group])
        return mixed

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, Tensor | None, None]:
        gradient = gradients[0].contiguous()
        groups, shares = ctx.saved_tensors
        block: SparseBlock = ctx.block
        for_x = for_shares = None
        if ctx.needs_input_grad[0]:
            for_x = block.transposed.times(gradient, block.transposed.values * shares[block.group_of])
        if ctx.needs_input_grad[1]:
            for_shares = groups.view(block.num_groups, -1) @ gradient.view(-1)
        return for_x, for_shares, None


class _SpreadProduct(torch.autograd.Function):
    """A_k x for each group."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, block: SparseBlock) -> Tensor:
        ctx.block = block
        return block.product(x)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        block: SparseBlock = ctx.block
        back = block.transposed
        rows = CompressedRows(back.starts, back.columns + block.group_of * block.num_targets, back.values)
        stacked = gradients[0].contiguous().view(block.num_groups * block.num_targets, -1)
        return rows.times(stacked), None


def _mixed(groups: Tensor, shares: Tensor) -> Tensor:
    """One group has a share of 1 by definition, so nothing is copied for it."""
    # torch.tensordot takes more than twice the time of this matrix-vector product
    return groups[0] if len(groups) == 1 else (shares @ groups.view(len(groups), -1)).view(groups.shape[1:])


def _compressed(matrix: sparse.csr_array, columns: Any, device: torch.device) -> CompressedRows:
    values = torch.from_numpy(matrix.data.astype(np.float32)).to(device)
    return CompressedRows(_integers(matrix.indptr, device), _integers(columns, device), values)


def _integers(values: Any, device: torch.device) -> Tensor:
    return torch.from_numpy(np.asarray(values, dtype=np.int64)).to(device)
