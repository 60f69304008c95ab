"""A decision as a network that PyTorch Geometric can mask: its messages are the edges, its output is who is ahead."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from kgzsl.explain.chains import Chains
from kgzsl.explain.decision import Decision
from kgzsl.explain.message_layers import Part, layers_of
from kgzsl.explain.pair_gates import PairGates
from kgzsl.explain.rerun import Fact, walked

__all__ = ["MessageMargin"]

Float64 = NDArray[np.float64]


class MessageMargin(nn.Module):
    """`forward(x, edge_index)` gives `[1, 2]`: 0, and the margin of the decision, so that class 1 is the target.

    Messages pass through `MessagePassing` layers, where PyTorch Geometric masks them. `facts` are those that the model
    walks in the graphs of target and foil, sorted; a message between two concepts that no fact joins, as in DGP, rests
    on a chain of them. What a concept sends to itself is no fact. The model has to offer `opened`
    (`kgzsl.explain.NetworkModel`), or what `kgzsl.explain.message_layers.ForeignNetwork` asks for.
    """

    x: Tensor
    edge_index: Tensor

    def __init__(self, decision: Decision) -> None:
        super().__init__()
        unseen = [(sign, candidate) for sign, candidate in decision.sides() if not candidate.is_seen]
        graphs = list({id(one.index): one for _, one in unseen}.values())
        self._inputs = torch.from_numpy(np.asarray(decision.inputs, dtype=np.float64))
        self._temperature = decision.temperature
        self._constant = float(sum(sign * one.score for sign, one in decision.sides() if one.is_seen))
        self._network: nn.Module = nn.Identity()
        parts: list[Part] = []
        if graphs:
            groups = [[one for _, one in unseen if one.index is graph.index] for graph in graphs]
            self._network, parts = layers_of(decision.model, groups)
        starts = np.cumsum([0, *(len(part.nodes) for part in parts)]).tolist()
        start = {id(part.index): first for part, first in zip(parts, starts, strict=False)}
        nodes = {id(part.index): part.nodes for part in parts}
        self._rows = []
        for sign, one in unseen:
            position = one.index.positions([one.concept])[0]
            row = start[id(one.index)] + int(np.searchsorted(nodes[id(one.index)], position))
            self._rows.append((sign, row, one.offset))
        self._place(parts, starts, [one.features for one in graphs])
        # facts of a graph whose class has examples are known, though nothing rests on them
        indices = {id(one.index): one.index for _, one in decision.sides()}
        relations = decision.model.relations
        facts = {number: walked(index, relations) for number, index in indices.items()}
        self.facts: tuple[Fact, ...] = tuple(sorted({fact for named in facts.values() for fact in named}))
        place = {fact: number for number, fact in enumerate(self.facts)}
        self._gating = [
            _Gating(part, relations, [place[fact] for fact in facts[id(part.index)]], len(place))
            if part.facts is None
            else _FactGating([place[fact] for fact in part.facts], len(place))
            for part in parts
        ]
        read = {part.index.ids[position] for part in parts for position in part.nodes.tolist()}
        self.near = [place for place, (head, _, tail) in enumerate(self.facts) if head in read or tail in read]
        self.eval()
        self.requires_grad_(requires_grad=False)

    def _place(self, parts: Sequence[Part], starts: Sequence[int], features: Sequence[NDArray[Any]]) -> None:
        """All graphs side by side; what concepts send themselves comes last, where layers of others put it too."""
        placed = list(zip(parts, starts, strict=False))
        links = [(source + start, target + start) for part, start in placed for source, target in part.links]
        loops = [(place + start, place + start) for part, start in placed for place in part.loops]
        rows = [np.asarray(given[part.nodes], dtype=np.float64) for part, given in zip(parts, features, strict=True)]
        x = np.concatenate(rows) if rows else np.empty((0, 0))
        edges = np.array([*links, *loops], dtype=np.int64).reshape(-1, 2).T
        self.register_buffer("x", torch.from_numpy(x), persistent=False)
        self.register_buffer("edge_index", torch.from_numpy(np.ascontiguousarray(edges)), persistent=False)
        self.num_links = len(links)

    def forward(self, x: Tensor, edge_index: Tensor) -> Tensor:
        margin = self.margin(x, edge_index)
        return torch.stack([torch.zeros_like(margin), margin])[None]

    def margin(self, x: Tensor, edge_index: Tensor) -> Tensor:
        """Of the decision, messages masked as they are now."""
        total = torch.tensor(self._constant, dtype=torch.float64)
        if not self._rows:
            return total
        out = self._network(x, edge_index)
        for sign, row, own in self._rows:
            norm = torch.linalg.vector_norm(out[row])
            unit = out[row] / norm if float(norm.detach()) > 0 else torch.zeros_like(out[row])
            total = total + sign * (unit @ self._inputs - own) / self._temperature
        return total

    def masks(self, gates: Tensor) -> Tensor:
        """What each message is multiplied by, from a gate for each fact; what concepts send themselves passes."""
        loops = torch.ones(self.edge_index.shape[1] - self.num_links, dtype=torch.float64)
        return torch.cat([*(gating.masks(gates) for gating in self._gating), loops])

    def credits(self, mask: Tensor) -> Float64:
        """What the messages of each fact have, either way; the facts of a chain, or of two concepts, part it evenly."""
        shares = np.zeros(len(self.facts))
        first = 0
        for gating in self._gating:
            last = first + gating.num_links
            shares += gating.credits(mask[first:last].detach().to(torch.float64).numpy())
            first = last
        return shares


class _FactGating:
    """Each message rests on one fact, whose place is given."""

    def __init__(self, places: Sequence[int], num_facts: int) -> None:
        self._places, self._num_facts = np.array(places, dtype=np.int64), num_facts
        self.num_links = len(places)

    def masks(self, gates: Tensor) -> Tensor:
        """The gate of its fact."""
        return gates[torch.from_numpy(self._places)]

    def credits(self, mask: Float64) -> Float64:
        """Of a fact's messages either way."""
        return np.bincount(self._places, weights=mask, minlength=self._num_facts).astype(np.float64)


class _Gating:
    """Which facts the messages on one graph rest on."""

    def __init__(self, part: Part, relations: tuple[str, ...] | None, places: Sequence[int], num_facts: int) -> None:
        index = part.index
        rows = index.edge_rows(relations)
        self._pairs = PairGates(index, rows, np.array(places, dtype=np.int64))
        self._num_facts = num_facts
        chains = Chains(index, relations)
        nodes = part.nodes.tolist()
        found = [self._pairs.along(chains, nodes[target], nodes[source]) for source, target in part.links]
        self.num_links = len(found)
        longest = max((len(chain) for chain in found), default=1)
        # a place past the last gate stands for a gate that is always open
        self._steps = np.full((len(found), longest), self._pairs.num_pairs, dtype=np.int64)
        for number, chain in enumerate(found):
            self._steps[number, : len(chain)] = chain
        ends = zip(places, index.head[rows].tolist(), index.tail[rows].tolist(), strict=True)
        joining = [(fact, *self._pairs.along(chains, head, tail)) for fact, head, tail in ends if head != tail]
        self._facts, self._pair_of = np.array(joining, dtype=np.int64).reshape(-1, 2).T

    def masks(self, gates: Tensor) -> Tensor:
        """The product of the gates along each chain."""
        open_ = torch.cat([self._pairs.gates(gates), torch.ones(1, dtype=torch.float64)])
        return open_[torch.from_numpy(self._steps)].prod(dim=1)

    def credits(self, mask: Float64) -> Float64:
        """Of each message to the pairs of its chain, of each pair to the facts that join it."""
        num_pairs = self._pairs.num_pairs
        length = np.maximum((self._steps < num_pairs).sum(axis=1), 1)
        of_pair = np.zeros(num_pairs + 1)
        np.add.at(of_pair, self._steps, (mask / length)[:, None])
        shared = np.bincount(self._pair_of, minlength=num_pairs)
        found = np.zeros(self._num_facts)
        np.add.at(found, self._facts, of_pair[self._pair_of] / np.maximum(shared[self._pair_of], 1))
        return found
