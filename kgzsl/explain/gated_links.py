"""The links of the networks behind some concepts, each once, and what gates on facts make of their weights."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from kgzsl.explain.chains import Chains
from kgzsl.explain.decision import OpenNetwork
from kgzsl.explain.pair_gates import PairGates

__all__ = ["GatedLinks", "LayerLinks"]


class LayerLinks:
    """The entries of all groups of one layer: where they lead, and what they weigh with all gates open.

    `target` and `source` are places among the rows that the layer gives and reads; a cell is the entries of one group
    that lead to one target, which "row" scales together.
    """

    def __init__(
        self, parts: Sequence[tuple[OpenNetwork, int]], read: NDArray[np.int64], given: NDArray[np.int64]
    ) -> None:
        groups = [_entries(parts, number) for number in range(len(parts[0][0].layers[parts[0][1]].groups))]
        self.heads = np.concatenate([heads for heads, _, _ in groups])
        self.tails = np.concatenate([tails for _, tails, _ in groups])
        self.num_targets = len(given)
        self.target = torch.from_numpy(np.searchsorted(given, self.heads))
        self.source = torch.from_numpy(np.searchsorted(read, self.tails))
        self.kept = torch.from_numpy(np.concatenate([kept for _, _, kept in groups]))
        group = np.repeat(np.arange(len(groups)), [len(heads) for heads, _, _ in groups])
        self.cell = torch.from_numpy(group * len(given)) + self.target
        self.num_cells = len(groups) * len(given)
        self.share = torch.zeros(self.num_cells, dtype=torch.float64).index_add(0, self.cell, self.kept)
        own = torch.from_numpy(self.heads == self.tails)
        held = torch.zeros(self.num_cells, dtype=torch.bool)
        held[self.cell[own]] = True
        self.has_bare_cells = bool((~held[self.cell]).any())
        """Whether all entries of some cell can be shut."""


class GatedLinks:
    """Weights of the links of every layer, for columns of gates `[num_facts, n]`.

    Under "suppress" a link keeps its normalised weight, times its gate. Under "remove" gates are inside the
    normalisation: at 0 or 1 that is the weight on the edited graph. A link that stands for a chain of facts, as in
    DGP, has the product of their gates.
    """

    def __init__(self, networks: Sequence[OpenNetwork], pairs: PairGates, chains: Chains) -> None:
        self._pairs, self._normalization = pairs, networks[0].normalization
        depth = len(networks[0].layers)
        self.rows = [_union([network.rows[number] for network in networks]) for number in range(depth + 1)]
        self.layers = [
            LayerLinks([(network, number) for network in networks], self.rows[number], self.rows[number + 1])
            for number in range(depth)
        ]
        heads = np.concatenate([layer.heads for layer in self.layers])
        tails = np.concatenate([layer.tails for layer in self.layers])
        far = max(int(heads.max(initial=0)), int(tails.max(initial=0))) + 1
        keys, link_of = np.unique(heads * far + tails, return_inverse=True)
        self._heads, self._tails = torch.from_numpy(keys // far), torch.from_numpy(keys % far)
        self._chains = torch.from_numpy(pairs.all_along(chains, keys // far, keys % far))
        ends = np.cumsum([len(layer.heads) for layer in self.layers])[:-1]
        self._link_of = [torch.from_numpy(part) for part in np.split(link_of, ends)]

    def weights(self, gates: Tensor, *, remove: bool) -> list[Tensor]:
        """Of the entries of each layer `[num_entries, n]`."""
        pair_gates = self._pairs.gates(gates)
        # a place past the last gate stands for a gate that is always open
        open_ = torch.cat([pair_gates, pair_gates.new_ones(1, pair_gates.shape[1])])
        gate = open_[self._chains[:, 0]] if self._chains.shape[1] == 1 else open_[self._chains].prod(dim=1)
        if remove and self._normalization == "symmetric":
            roots = self._pairs.inverse_roots(pair_gates)
            whole = gate * roots[self._heads] * roots[self._tails]
            return [whole[links] for links in self._link_of]
        found = []
        for layer, links in zip(self.layers, self._link_of, strict=True):
            mine = gate[links]
            weight = layer.kept[:, None] * mine
            found.append(_rescaled(layer, mine, weight) if remove and self._normalization == "row" else weight)
        return found


def _rescaled(layer: LayerLinks, gate: Tensor, weight: Tensor) -> Tensor:
    """Each cell has the weight again that it had with all gates open."""
    degree = weight.new_zeros(layer.num_cells, weight.shape[1]).index_add(0, layer.cell, weight)
    scale = layer.share[:, None] / torch.where(degree > 0, degree, 1.0)
    if layer.has_bare_cells:
        # of a cell with all gates shut nothing arrives; the factor makes that the limit and leaves open ones alone
        shut = torch.ones_like(degree).scatter_reduce(0, layer.cell[:, None].expand_as(gate), 1 - gate, reduce="prod")
        scale = scale * (1 - shut)
    return weight * scale[layer.cell]


def _entries(parts: Sequence[tuple[OpenNetwork, int]], group: int) -> tuple[Any, Any, Any]:
    """Positions that entries of one group lead to and come from, and their weights, by position."""
    heads, tails, kept = [], [], []
    for network, number in parts:
        entries = network.layers[number].groups[group].tocoo()
        heads.append(network.rows[number + 1][entries.row].astype(np.int64))
        tails.append(network.rows[number][entries.col].astype(np.int64))
        kept.append(entries.data.astype(np.float64))
    head, tail, weight = np.concatenate(heads), np.concatenate(tails), np.concatenate(kept)
    far = max(int(head.max(initial=0)), int(tail.max(initial=0))) + 1
    _, first = np.unique(head * far + tail, return_index=True)
    return head[first], tail[first], weight[first]


def _union(rows: Sequence[NDArray[np.int64]]) -> NDArray[np.int64]:
    return np.unique(np.concatenate(rows)).astype(np.int64)
