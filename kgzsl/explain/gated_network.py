"""The outputs of a network as a function of gates on the facts of its graph: differentiable, or of many gates fast."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import sparse
from torch import Tensor

from kgzsl.explain.chains import Chains
from kgzsl.explain.decision import OpenNetwork
from kgzsl.explain.fact_gates import FactGates
from kgzsl.explain.gated_links import GatedLinks, LayerLinks
from kgzsl.explain.gated_matrices import Change
from kgzsl.explain.pair_gates import PairGates

__all__ = ["GatedNetwork", "NearOutputs"]


class GatedNetwork:
    """The output rows of some concepts with every link of the network multiplied by the gates of the facts behind it.

    `networks` are those opened for each concept, of one model on one graph; what they share is computed once. A link
    that stands for a chain is not re-routed over another chain. With `frozen` each unit passes what it passed with
    all gates open, else what it passes with these.
    """

    def __init__(
        self,
        networks: Sequence[OpenNetwork],
        features: NDArray[Any],
        gating: PairGates | FactGates,
        chains: Chains,
        *,
        num_facts: int,
        frozen: bool = False,
    ) -> None:
        self._links = GatedLinks(networks, gating, chains)
        layers = networks[0].layers
        self._slope = networks[0].negative_slope
        self._matrices = [layer.matrices for layer in self._links.layers]
        self._before = [_tensor(layer.before) for layer in layers]
        self._after = [_tensor(layer.after) for layer in layers]
        start = torch.from_numpy(np.asarray(features[self._links.rows[0]], dtype=np.float64))
        # the last layer collects before it multiplies, others multiply first
        self._start = start if len(layers) == 1 else self._sent(0, start)
        asked = np.concatenate([network.rows[-1] for network in networks])
        self._asked = torch.from_numpy(np.searchsorted(self._links.rows[-1], asked))
        self.size = max(len(layer.target) for layer in self._links.layers) * max(w.in_channels for w in self._matrices)
        """Numbers that a column of gates takes at the most, where gradients are taken."""
        widths = [matrices.out_channels for matrices in self._matrices[:-1]] + [self._matrices[-1].in_channels]
        rows = [layer.num_targets * width for layer, width in zip(self._links.layers, widths, strict=True)]
        links = [len(layer.target) for layer in self._links.layers]
        stops = [matrices.num_stops * matrices.out_channels for matrices in self._matrices[1:-1]]
        self.near_size = max(*rows, *links, *stops, len(networks) * self._matrices[-1].out_channels)
        """The same where only what differs is computed, should all of it differ."""
        self._slopes: list[Tensor] | None = None
        if frozen:
            everything = torch.ones(num_facts, 1, dtype=torch.float64)
            with torch.no_grad():
                received = self._received(self._links.weights(everything, remove=False))
            self._slopes = [torch.where(part > 0, torch.ones_like(part), self._slope) for part in received[:-1]]

    def outputs(self, gates: Tensor, *, remove: bool) -> Tensor:
        """Rows before they are brought to unit length `[n, num_networks, dim]`, for columns of gates `[num_facts, n]`.

        What gradients are taken of.
        """
        weights = self._links.weights(gates, remove=remove)
        return self._read_out(self._received(weights)[-1], weights[-1]).transpose(0, 1)

    def outputs_near(self, gates: Tensor, *, remove: bool) -> "NearOutputs":
        """The same rows, without gradients.

        The network is run once, with all facts that any of the columns has; of each column only what differs from that
        is computed, layer by layer.
        """
        with torch.no_grad():
            most = gates.max(dim=1, keepdim=True).values
            weights = self._links.weights(torch.cat([most, gates], dim=1), remove=remove)
            sent, received = self._received_once([weight[:, 0] for weight in weights])
            change: Change | None = None
            last = len(weights) - 1
            for number, (layer, weight) in enumerate(zip(self._links.layers, weights, strict=True)):
                change = _spread(layer, sent[number], weight[:, 1:], weight[:, :1], change)
                if number < last:
                    change = self._passed_on(number, received[number], change)
            assert change is not None
            return self._near(received[-1], weights[-1], change)

    def touched(self, gates: Tensor, *, remove: bool) -> Tensor:
        """Whether a row is made of anything that has another weight with a column of gates than with the last one.

        `[num_networks, n - 1]`; what is made of other things may still come to the same.
        """
        weights = self._links.weights(gates, remove=remove)
        rows = torch.zeros(len(self._links.rows[0]), gates.shape[1] - 1, dtype=torch.bool)
        for layer, weight in zip(self._links.layers, weights, strict=True):
            touched = (weight[:, :-1] != weight[:, -1:]) | rows[layer.tail]
            rows = _reached(layer.head, layer.num_rows, touched)
        return rows[self._asked]

    def _near(self, received: Tensor, weight: Tensor, change: Change) -> "NearOutputs":
        """The rows of the first column of weights, and those of the others where they differ."""
        base = self._read_out(received, weight[:, 0])
        member, column, rows = self._matrices[-1].read_changed(received, change, self._asked)
        before, after = self._before[-1], self._after[-1]
        if before is not None:
            rows = rows + self._sums(weight[:, 1:])[self._asked[member], column][:, None] * before
        return NearOutputs(base, member, column, rows if after is None else rows + after)

    def _received(self, weights: Sequence[Tensor]) -> list[Tensor]:
        """What arrives at the rows of each layer `[num_targets, n, channels]`; at the last, before its matrices."""
        found: list[Tensor] = []
        current, last = self._start[:, None], len(weights) - 1
        for number, (layer, weight) in enumerate(zip(self._links.layers, weights, strict=True)):
            if number:
                current = self._passed(number - 1, found[-1])
                current = current if number == last else self._sent(number, current)
            shape = layer.num_targets, weight.shape[1], current.shape[2]
            arriving = weight[:, :, None] * current[layer.source]
            received = current.new_zeros(shape).index_add(0, layer.target, arriving)
            after = self._after[number]
            found.append(received if after is None or number == last else received + after)
        return found

    def _received_once(self, weights: Sequence[Tensor]) -> tuple[list[Tensor], list[Tensor]]:
        """What each layer is sent and what arrives, for one column of gates and without gradients."""
        sent, received = [self._start], list[Tensor]()
        last = len(weights) - 1
        for number, (layer, weight) in enumerate(zip(self._links.layers, weights, strict=True)):
            if number:
                passed = self._passed(number - 1, received[-1])
                sent.append(passed if number == last else self._sent(number, passed))
            arrived = _collected(weight, layer.target, layer.source, sent[-1], layer.num_targets)
            after = self._after[number]
            received.append(arrived if after is None or number == last else arrived + after)
        return sent, received

    def _sent(self, number: int, hidden: Tensor) -> Tensor:
        before, sent = self._before[number], self._matrices[number].times(hidden)
        return sent if before is None else sent + before

    def _passed(self, number: int, received: Tensor) -> Tensor:
        """By the units after a layer, `received` `[num_targets, (n,) channels]`."""
        if self._slopes is None:
            return torch.nn.functional.leaky_relu(received, self._slope)
        slopes = self._slopes[number]
        return received * (slopes if received.ndim == 3 else slopes[:, 0])

    def _passed_on(self, number: int, received: Tensor, change: Change) -> Change:
        """By the units after a layer and the matrices of the next one, but those of the last."""
        before = received[change.row]
        if self._slopes is None:
            unit = torch.nn.functional.leaky_relu
            values = unit(before + change.values, self._slope) - unit(before, self._slope)
        else:
            values = self._slopes[number][change.row, 0] * change.values
        passed = Change(change.row, change.column, values, change.slot)
        return self._matrices[number + 1].changed(passed) if number + 1 < len(self._matrices) - 1 else passed

    def _read_out(self, received: Tensor, weight: Tensor) -> Tensor:
        """The last layer's matrices and biases, for the concepts asked `[num_networks, (n,) dim]`."""
        rows = self._matrices[-1].read(received, self._asked)
        before, after = self._before[-1], self._after[-1]
        if before is not None:
            rows = rows + self._sums(weight)[self._asked][..., None] * before
        return rows if after is None else rows + after

    def _sums(self, weight: Tensor) -> Tensor:
        """Of the weights of all links to each row of the last layer."""
        layer = self._links.layers[-1]
        return weight.new_zeros(layer.num_targets, *weight.shape[1:]).index_add(0, layer.target, weight)


class NearOutputs(NamedTuple):
    """Rows `[num_networks, dim]`, and other `rows` `[k, dim]` in their place for some `member` and `column` `[k]`."""

    base: Tensor
    member: Tensor
    column: Tensor
    rows: Tensor


def _spread(layer: LayerLinks, sent: Tensor, weight: Tensor, first: Tensor, change: Change | None) -> Change:
    """What arrives differently, where other weights or other messages make it so."""
    moved = weight != first
    slot = None if change is None else change.slot[layer.source]
    reached = _reached(layer.target, layer.num_targets, moved if slot is None else moved | (slot >= 0))
    row, column = reached.nonzero(as_tuple=True)
    place = torch.full(reached.shape, -1, dtype=torch.int64)
    place[row, column] = torch.arange(len(row))
    entry, at = moved.nonzero(as_tuple=True)
    gained = weight[entry, at] - first[entry, 0]
    values = _collected(gained, place[layer.target[entry], at], layer.source[entry], sent, len(row))
    if change is not None and slot is not None:
        entry, at = (slot >= 0).nonzero(as_tuple=True)
        where = place[layer.target[entry], at]
        values += _collected(weight[entry, at], where, slot[entry, at], change.values, len(row))
    return Change(row, column, values, place)


def _reached(target: Tensor, num_targets: int, touched: Tensor) -> Tensor:
    """The targets `[num_targets, n]` to which any of the entries that are touched `[num_entries, n]` leads."""
    reached = torch.zeros(num_targets, touched.shape[1], dtype=torch.bool)
    return reached.index_put_((target,), touched, accumulate=True)


def _collected(weight: Tensor, target: Tensor, source: Tensor, messages: Tensor, num_targets: int) -> Tensor:
    """Sums of messages `[num_targets, channels]`, one weight for each way; by SciPy, which writes none of them out."""
    ways = weight.numpy(), (target.numpy(), source.numpy())
    operator = sparse.csr_array(ways, shape=(num_targets, len(messages)))
    return torch.from_numpy(operator @ messages.numpy())


def _tensor(values: NDArray[np.float64] | None) -> Tensor | None:
    return None if values is None else torch.from_numpy(np.asarray(values, dtype=np.float64))
