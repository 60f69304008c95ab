"""The score of a network as a differentiable function of gates on the facts of its graph."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from kgzsl.explain.chains import Chains
from kgzsl.explain.decision import OpenNetwork
from kgzsl.explain.pair_gates import PairGates

__all__ = ["GatedNetwork"]

Float64 = NDArray[np.float64]


class GatedNetwork:
    """⟨pull, output of one concept⟩ with every link of the network multiplied by the gates of the facts behind it.

    Under "suppress" a link keeps its normalised weight, times its gate. Under "remove" gates are inside the
    normalisation: at 0 or 1 that is the weight on the edited graph. A link that stands for a chain of facts, as in
    DGP, has the product of their gates; such a link is not re-routed over another chain. With `frozen` slopes each
    unit passes what it passed with all gates open, else what it passes with these.
    """

    def __init__(
        self,
        network: OpenNetwork,
        features: NDArray[Any],
        pairs: PairGates,
        chains: Chains,
        slopes: Sequence[Float64] | None,
    ) -> None:
        self._network = network
        self._start = torch.from_numpy(np.asarray(features[network.rows[0]], dtype=np.float64))
        self._slopes = None if slopes is None else [torch.from_numpy(slope) for slope in slopes]
        self._weights = [torch.from_numpy(np.ascontiguousarray(layer.weight)) for layer in network.layers]
        self._biases = [(_tensor(layer.before), _tensor(layer.after)) for layer in network.layers]
        self._layers = [
            [_Links(group, network.rows[number], network.rows[number + 1], pairs, chains) for group in layer.groups]
            for number, layer in enumerate(network.layers)
        ]
        self._pairs = pairs

    def output(self, gates: Tensor, *, remove: bool) -> Tensor:
        """The row before it is brought to unit length `[dim]`."""
        pair_gates = self._pairs.gates(gates)
        roots = self._pairs.inverse_roots(pair_gates) if self._network.normalization == "symmetric" else None
        current, last = self._start, len(self._layers) - 1
        for number, groups in enumerate(self._layers):
            before, after = self._biases[number]
            sent = current @ self._weights[number]
            if before is not None:
                sent = sent + before
            received = torch.zeros(len(self._network.rows[number + 1]), sent.shape[1], dtype=torch.float64)
            for links in groups:
                weight = links.weights(pair_gates, self._network.normalization if remove else "kept", roots)
                received = received.index_add(0, links.target, weight[:, None] * sent[links.source])
            if after is not None:
                received = received + after
            if number == last:
                return received[0]
            slope = self._network.negative_slope
            if self._slopes is None:
                current = torch.nn.functional.leaky_relu(received, slope)
            else:
                current = self._slopes[number] * received
        raise AssertionError("a network has a layer")


class _Links:
    """The entries of one group of one layer: where they lead, their weight, and the facts they stand for."""

    def __init__(
        self, group: Any, sources: NDArray[np.int64], targets: NDArray[np.int64], pairs: PairGates, chains: Chains
    ) -> None:
        entries = group.tocoo()
        self.target = torch.from_numpy(entries.row.astype(np.int64))
        self.source = torch.from_numpy(entries.col.astype(np.int64))
        self._kept = torch.from_numpy(entries.data.astype(np.float64))
        heads, tails = targets[entries.row], sources[entries.col]
        self._ends = torch.from_numpy(heads), torch.from_numpy(tails)
        chained = [pairs.along(chains, int(head), int(tail)) for head, tail in zip(heads, tails, strict=True)]
        longest = max((len(chain) for chain in chained), default=0)
        # a place past the last gate stands for a gate that is always open
        self._chains = torch.full((len(chained), max(longest, 1)), pairs.num_pairs, dtype=torch.int64)
        for place, chain in enumerate(chained):
            self._chains[place, : len(chain)] = torch.tensor(chain, dtype=torch.int64)
        self._share = torch.zeros(len(targets), dtype=torch.float64).index_add(0, self.target, self._kept)

    def weights(self, pair_gates: Tensor, normalization: str, roots: Tensor | None) -> Tensor:
        """One for each entry."""
        open_ = torch.cat([pair_gates, torch.ones(1, dtype=torch.float64)])
        gate = open_[self._chains].prod(dim=1)
        if normalization in ("kept", "none"):
            return self._kept * gate
        if roots is not None:
            return gate * roots[self._ends[0]] * roots[self._ends[1]]
        open_share = self._kept * gate
        degree = torch.zeros(len(self._share), dtype=torch.float64).index_add(0, self.target, open_share)
        shut = torch.ones(len(self._share), dtype=torch.float64).scatter_reduce(0, self.target, 1 - gate, reduce="prod")
        # of a row with all gates shut nothing arrives; the factor makes that the limit and leaves open rows alone
        scale = self._share * (1 - shut) / torch.where(degree > 0, degree, torch.ones_like(degree))
        return open_share * scale[self.target]


def _tensor(values: Float64 | None) -> Tensor | None:
    return None if values is None else torch.from_numpy(values)
