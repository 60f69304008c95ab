"""A closed form without a few facts at a time: what changes in its resolvents, not the resolvents again.

Removing the fact that joins i and j rescales rows and columns i and j of Â. With S the diagonal of the ratios of new
to old 1/sqrt(degree), the new resolvent is S^-1 [(1 + beta) S^-2 - beta Â°]^-1 S^-1, where Â° is Â without the entries
of the pairs that are gone. What stands in brackets differs from (1 + beta) I - beta Â in the rows and columns of the
ends alone, so its inverse follows from the old one (Woodbury).
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from kgzsl.explain.gated_closed_form import GatedClosedForm

__all__ = ["UpdatedClosedForm"]

_FEW = 4
"""Pairs of neighbours: more at a time are computed anew."""
_MOST_NUMBERS = 4_000_000


@dataclass(frozen=True, eq=False)
class _Touched:
    """The ends of what is gone, for each of n columns of gates, `t` at most; those that are no ends are not `real`.

    `nodes`, `real`, `ratio` are `[n, t]`; `lost` `[n, t, t]` what the entries of Â lose, and `ratio_asked`
    `[n, num_asked]` the ratios at the positions asked.
    """

    nodes: Tensor
    real: Tensor
    ratio: Tensor
    lost: Tensor
    ratio_asked: Tensor


class UpdatedClosedForm:
    """The rows of `GatedClosedForm.rows` for some positions, "remove", where few gates are not open.

    Gives the same to rounding; columns in which more than four pairs of neighbours are touched are computed anew.
    """

    def __init__(self, form: GatedClosedForm, nodes: NDArray[np.int64]) -> None:
        self._form, self._nodes = form, nodes
        self._asked = form.asked(nodes)
        self._old: dict[str, tuple[Tensor, Tensor]] = {}

    @property
    def size(self) -> int:
        """Numbers that a column of gates takes."""
        return 2 * max(len(self._asked) ** 2, 2 * _FEW * self._form.centred.shape[1])

    def rows(self, gates: Tensor) -> Tensor:
        """Raw weights `[n, num_positions, dim]` for columns of gates `[num_facts, n]`."""
        pair_gates = self._form.pairs.gates(gates)
        most = int((pair_gates != 1).sum(dim=0).max()) if pair_gates.numel() else 0
        if most > _FEW:
            step = max(1, _MOST_NUMBERS // len(self._roots) ** 2)
            parts = [gates[:, first : first + step] for first in range(0, gates.shape[1], step)]
            return torch.cat([self._form.rows(part, self._nodes, remove=True) for part in parts])
        touched = self._touched(pair_gates, max(most, 1))
        return self._form.solved(self._nodes, lambda name: self._kernel(name, touched), gates.shape[1])

    @cached_property
    def _roots(self) -> Tensor:
        return self._form.pairs.inverse_roots(torch.ones(self._form.pairs.num_pairs, dtype=torch.float64))

    def _touched(self, pair_gates: Tensor, most: int) -> _Touched:
        size, (low, high) = len(self._roots), self._form.pairs.ends
        if not len(low):
            low = high = torch.zeros(1, dtype=torch.int64)
            pair_gates = torch.ones(1, pair_gates.shape[1], dtype=torch.float64)
        lacking = 1 - pair_gates
        places = lacking.abs().topk(min(most, len(low)), dim=0).indices.T
        missing = lacking.T.gather(1, places)
        heads, tails = low[places], high[places]
        ends = torch.cat([heads, tails], dim=1)
        ends = torch.where(missing.repeat(1, 2) != 0, ends, size).sort(dim=1).values
        real = ends < size
        real[:, 1:] &= ends[:, 1:] != ends[:, :-1]
        nodes = torch.where(real, ends, 0)
        roots = self._form.pairs.inverse_roots(pair_gates).T
        ratio = torch.where(real, roots.gather(1, nodes) / self._roots[nodes], 1.0)
        here = ((ends[:, None, :] == heads[:, :, None]) & real[:, None, :]).to(torch.float64)
        there = ((ends[:, None, :] == tails[:, :, None]) & real[:, None, :]).to(torch.float64)
        entries = missing * self._roots[heads] * self._roots[tails]
        lost = torch.einsum("nka,nk,nkb->nab", here, entries, there)
        return _Touched(
            nodes, real, ratio, lost + lost.transpose(1, 2), roots[:, self._asked] / self._roots[self._asked]
        )

    def _resolvent(self, name: str) -> tuple[Tensor, Tensor]:
        """((1 + beta) I - beta Â)^-1 of the whole graph, and its product with the features."""
        if name not in self._old:
            resolvent = self._form.resolvent(name)
            self._old[name] = resolvent, resolvent @ self._form.centred
        return self._old[name]

    def _kernel(self, name: str, touched: _Touched) -> Tensor:
        """Between the positions asked `[n, num_asked, num_asked]`, before it is brought to a unit diagonal."""
        if name == "text":
            return self._form.text_kernel(self._asked)
        (resolvent, spread), beta = self._resolvent(name), self._form.beta(name)
        nodes, asked = touched.nodes, self._asked
        inner = resolvent[nodes[:, :, None], nodes[:, None, :]]
        across = resolvent[asked[None, :, None], nodes[:, None, :]]
        change = beta * touched.lost + torch.diag_embed((1 + beta) * (touched.ratio**-2 - 1))
        system = torch.eye(nodes.shape[1], dtype=torch.float64) + change @ inner
        core = torch.from_numpy(np.linalg.solve(system.numpy(), change.numpy()))
        scale = touched.ratio_asked[:, :, None] * touched.ratio_asked[:, None, :]
        if name == "walk":
            walk: Tensor = (resolvent[asked][:, asked] - across @ core @ across.transpose(1, 2)) / scale
            return walk
        own = (1 / touched.ratio - 1)[:, :, None] * self._form.centred[nodes]
        moved = own - core @ (spread[nodes] + inner @ own)
        before = spread[asked]
        mixed = across @ (moved @ before.T)
        met = before @ before.T + mixed + mixed.transpose(1, 2)
        met = met + across @ (moved @ moved.transpose(1, 2)) @ across.transpose(1, 2)
        return met / scale
