"""The links of the networks behind some concepts, each once, and what gates on facts make of their weights."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from kgzsl.explain.chains import Chains
from kgzsl.explain.decision import OpenNetwork
from kgzsl.explain.fact_gates import FactGates
from kgzsl.explain.gated_matrices import LayerMatrices
from kgzsl.explain.pair_gates import PairGates
from kgzsl.explain.walk_steps import parts_of

__all__ = ["GatedLinks", "LayerLinks"]


class LayerLinks:
    """The entries of all groups of one layer: where they lead, and what they weigh with all gates open.

    `tail` and `head` are places among the rows that the layer reads and gives. Messages are multiplied before they are
    sent, or, in a layer that collects them, where they arrive: `source` and `target` are those places or the stops of
    `matrices` at them, and `num_targets` counts what arrives. A cell is the entries of one group that lead to one row,
    which "row" scales together. `relations` are told by messages that have a matrix for each, and `relation` is the
    place of an entry's among them; of others the only one is None.
    """

    def __init__(
        self,
        parts: Sequence[tuple[OpenNetwork, int]],
        read: NDArray[np.int64],
        given: NDArray[np.int64],
        *,
        collects: bool,
    ) -> None:
        operators = _operators(parts)
        groups = [_entries(parts, each) for each in operators.values()]
        self.heads = np.concatenate([heads for heads, _, _ in groups])
        self.tails = np.concatenate([tails for _, tails, _ in groups])
        head, tail = np.searchsorted(given, self.heads), np.searchsorted(read, self.tails)
        self.head, self.tail = torch.from_numpy(head), torch.from_numpy(tail)
        self.kept = torch.from_numpy(np.concatenate([kept for _, _, kept in groups]))
        sizes = [len(heads) for heads, _, _ in groups]
        group = np.repeat(np.arange(len(groups)), sizes)
        self.relations = tuple(dict.fromkeys(relation for relation, _ in operators))
        place = np.array([self.relations.index(relation) for relation, _ in operators], dtype=np.int64)
        self.relation = np.repeat(place, sizes)
        weights = [_weight(parts, relation) for relation in self.relations]
        row, num_rows = (head, len(given)) if collects else (tail, len(read))
        self.matrices = LayerMatrices(weights, self.relation, row, num_rows)
        self.source = self.tail if collects else self.matrices.stop
        self.target = self.matrices.stop if collects else self.head
        self.num_rows = len(given)
        self.num_targets = self.matrices.num_stops if collects else len(given)
        self.cell = torch.from_numpy(group * len(given)) + self.head
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
    DGP, has the product of their gates; one of which the relation is told hangs on its own fact.
    """

    def __init__(self, networks: Sequence[OpenNetwork], gating: PairGates | FactGates, chains: Chains) -> None:
        self._gating, self._normalization = gating, networks[0].normalization
        depth = len(networks[0].layers)
        self.rows = [_union([network.rows[number] for network in networks]) for number in range(depth + 1)]
        self.layers = [
            LayerLinks(
                [(network, number) for network in networks],
                self.rows[number],
                self.rows[number + 1],
                collects=number == depth - 1,
            )
            for number in range(depth)
        ]
        heads = np.concatenate([layer.heads for layer in self.layers])
        tails = np.concatenate([layer.tails for layer in self.layers])
        relations = tuple(dict.fromkeys(relation for layer in self.layers for relation in layer.relations))
        told = np.concatenate(
            [np.array([relations.index(each) for each in layer.relations])[layer.relation] for layer in self.layers]
        )
        far = max(int(heads.max(initial=0)), int(tails.max(initial=0))) + 1
        keys, link_of = np.unique((told * far + heads) * far + tails, return_inverse=True)
        here, there, told = keys // far % far, keys % far, keys // far**2
        self._heads, self._tails = torch.from_numpy(here), torch.from_numpy(there)
        self._chains = torch.from_numpy(gating.behind(chains, here, there, relations, told))
        ends = np.cumsum([len(layer.heads) for layer in self.layers])[:-1]
        self._link_of = [torch.from_numpy(part) for part in np.split(link_of, ends)]

    def weights(self, gates: Tensor, *, remove: bool) -> list[Tensor]:
        """Of the entries of each layer `[num_entries, n]`."""
        own_gates = self._gating.gates(gates)
        # a place past the last gate stands for a gate that is always open
        open_ = torch.cat([own_gates, own_gates.new_ones(1, own_gates.shape[1])])
        gate = open_[self._chains[:, 0]] if self._chains.shape[1] == 1 else open_[self._chains].prod(dim=1)
        if remove and self._normalization == "symmetric":
            roots = self._gating.inverse_roots(own_gates)
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


def _operators(parts: Sequence[tuple[OpenNetwork, int]]) -> dict[tuple[str | None, int], dict[int, Any]]:
    """The adjacencies of one layer by relation and group, for each network that has one of these."""
    found: dict[tuple[str | None, int], dict[int, Any]] = {}
    for place, (network, number) in enumerate(parts):
        layer = network.layers[number]
        if hasattr(layer, "parts"):
            named: list[tuple[tuple[str | None, int], Any]] = [
                ((part.relation, 0), part.operator) for part in parts_of(layer)
            ]
        else:
            named = [((None, group), operator) for group, operator in enumerate(layer.groups)]
        for key, operator in named:
            found.setdefault(key, {})[place] = operator
    return dict(sorted(found.items(), key=lambda item: (item[0][0] or "", item[0][1])))


def _weight(parts: Sequence[tuple[OpenNetwork, int]], relation: str | None) -> Tensor:
    """What messages over a relation are multiplied with, from the first network that has any."""
    layers = (network.layers[number] for network, number in parts)
    weight = next(part.weight for layer in layers for part in parts_of(layer) if part.relation == relation)
    return torch.from_numpy(np.ascontiguousarray(weight, dtype=np.float64))


def _entries(parts: Sequence[tuple[OpenNetwork, int]], operators: Mapping[int, Any]) -> tuple[Any, Any, Any]:
    """Positions that entries of one group lead to and come from, and their weights, by position."""
    heads, tails, kept = [], [], []
    for place, operator in operators.items():
        network, number = parts[place]
        entries = operator.tocoo()
        heads.append(network.rows[number + 1][entries.row].astype(np.int64))
        tails.append(network.rows[number][entries.col].astype(np.int64))
        kept.append(entries.data.astype(np.float64))
    head, tail, weight = np.concatenate(heads), np.concatenate(tails), np.concatenate(kept)
    far = max(int(head.max(initial=0)), int(tail.max(initial=0))) + 1
    _, first = np.unique(head * far + tail, return_index=True)
    return head[first], tail[first], weight[first]


def _union(rows: Sequence[NDArray[np.int64]]) -> NDArray[np.int64]:
    return np.unique(np.concatenate(rows)).astype(np.int64)
