"""Networks as layers whose messages can be masked: our own convolutions opened up, and foreign modules as they are."""

import copy
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeGuard

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from kgzsl.errors import ExplanationError, PluginError
from kgzsl.explain.decision import Candidate, OpenLayer, OpenNetwork
from kgzsl.explain.maskable_layers import heeding_masks, with_maskable_layers
from kgzsl.explain.rerun import Fact
from kgzsl.explain.walk_steps import parts_of
from kgzsl.graph.index import GraphIndex
from kgzsl.propagation.convolution_network import ConvolutionNetwork
from kgzsl.propagation.fitted_network import FittedNetwork
from kgzsl.propagation.opened_network import OpenedPart, OpenedRelationalLayer
from kgzsl.propagation.receptive_field import surroundings
from kgzsl.propagation.topology import Topology

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)  # its import uses torch.jit, which PyTorch is about to drop
    from torch_geometric.nn import MessagePassing

__all__ = ["ForeignNetwork", "Part", "Spread", "is_foreign", "layers_of", "offers_messages"]

Float64 = NDArray[np.float64]
_Sent = tuple[int, int, str]
"""Source, target and relation of a message."""
IntArray = NDArray[np.int64]


class ForeignNetwork(Protocol):
    """A trained network that cannot be opened up, but run: what a model has to offer beside `weights`."""

    @property
    def relations(self) -> tuple[str, ...] | None:
        """Relations whose edges messages take; None for the taxonomic ones."""
        ...

    @property
    def network(self) -> nn.Module:
        """A row of its output at unit length is a classifier.

        Of forward signature `(x, edge_index, edge_weight)`; where messages have links, `(x, edge_index, edge_type)`.
        """
        ...

    @property
    def topology(self) -> Topology:
        """The rule that makes edges and weights of a graph, in one step, and one group or one for each relation."""
        ...

    @property
    def hops(self) -> int | None:
        """How far an output row depends on other concepts; None for the whole graph."""
        ...


@dataclass(frozen=True, eq=False)
class Part:
    """The messages on one graph: `links` are (source, target) between two concepts, `loops` those within one.

    `nodes` are positions in the index, ascending; links and loops count places among them. `facts` are those of the
    links, where each relation sends messages of its own; None where a link rests on all that joins its concepts.
    """

    index: GraphIndex
    nodes: IntArray
    links: list[tuple[int, int]]
    loops: list[int]
    facts: list[Fact] | None = None


def offers_messages(model: Any) -> TypeGuard[ForeignNetwork]:
    """Whether a model has what `ForeignNetwork` asks for."""
    return all(hasattr(model, name) for name in ("network", "topology", "hops", "relations"))


def is_foreign(model: Any, candidate: Candidate) -> bool:
    """Whether this is a network that can be run with masks, but not opened up."""
    if hasattr(model, "terms") or not offers_messages(model):
        return False
    if isinstance(model, FittedNetwork):  # nothing has to be opened to know it
        return not isinstance(model.network, ConvolutionNetwork)
    try:
        model.opened(candidate.index, candidate.concept)  # type: ignore[attr-defined]
    except (AttributeError, PluginError):
        return True
    return False


def layers_of(model: Any, groups: Sequence[Sequence[Candidate]]) -> tuple[nn.Module, list[Part]]:
    """A module of forward signature `(x, edge_index)`, and the messages on the graph of each group.

    Edges are the links of all parts, then their loops. Parameters are copies in float64.
    """
    if hasattr(model, "opened"):
        try:
            return _opened(model, groups)
        except PluginError:
            if not offers_messages(model):
                raise
    if offers_messages(model):
        return _foreign(model, groups)
    raise ExplanationError(
        f"{type(model).__name__} sends no messages that could be masked: a network offers opened(index, concept), or "
        "network, topology, hops and relations"
    )


class Spread(MessagePassing):  # type: ignore[misc]
    """Messages times the weight that each edge has in this layer, added up where they arrive."""

    weight: Tensor

    def __init__(self, weight: Tensor) -> None:
        super().__init__(aggr="add")
        self.register_buffer("weight", weight)

    def forward(self, x: Tensor, edge_index: Tensor) -> Any:
        return self.propagate(edge_index, x=x, weight=self.weight)

    def message(self, x_j: Tensor, weight: Tensor) -> Tensor:
        """What the source has, as far as the edge passes it."""
        return weight[:, None] * x_j


class _Convolutions(nn.Module):
    """Graph convolutions with LeakyReLU between them; what a concept sends itself is no message."""

    def __init__(self, network: OpenNetwork, weights: Sequence[Float64], own: Sequence[Float64]) -> None:
        super().__init__()
        self._layers = [
            (torch.from_numpy(np.ascontiguousarray(layer.weight)), _tensor(layer.before), _tensor(layer.after))
            for layer in network.layers
        ]
        self._spread = nn.ModuleList(Spread(torch.from_numpy(weight)) for weight in weights)
        self._own = [torch.from_numpy(diagonal) for diagonal in own]
        self._slope = network.negative_slope

    def forward(self, x: Tensor, edge_index: Tensor) -> Tensor:
        for number, (weight, before, after) in enumerate(self._layers):
            sent = x @ weight
            if before is not None:
                sent = sent + before
            x = self._own[number][:, None] * sent + self._spread[number](sent, edge_index)
            if after is not None:
                x = x + after
            if number < len(self._layers) - 1:
                x = nn.functional.leaky_relu(x, self._slope)
        return x


class _Relational(nn.Module):
    """The same with a matrix for each relation; `weights[l]` has a row of shares of the links for each part."""

    def __init__(self, layers: Sequence[OpenLayer], weights: Sequence[Sequence[Float64]], slope: float) -> None:
        super().__init__()
        self._parts = [[(part.relation, torch.from_numpy(part.weight)) for part in parts_of(layer)] for layer in layers]
        self._after = [_tensor(layer.after) for layer in layers]
        spread = [Spread(torch.from_numpy(share)) for shares in weights for share in shares]
        self._spread, self._slope = nn.ModuleList(spread), slope

    def forward(self, x: Tensor, edge_index: Tensor) -> Tensor:
        spread = iter(self._spread)
        for number, (parts, after) in enumerate(zip(self._parts, self._after, strict=True)):
            brought = [
                x @ weight if not relation else next(spread)(x @ weight, edge_index) for relation, weight in parts
            ]
            x = sum(brought[1:], brought[0])
            if after is not None:
                x = x + after
            if number < len(self._parts) - 1:
                x = nn.functional.leaky_relu(x, self._slope)
        return x


class _Run(nn.Module):
    """A module of forward signature `(x, edge_index, about)`, given what it takes to know about edges."""

    about: Tensor

    def __init__(self, network: nn.Module, about: NDArray[Any]) -> None:
        super().__init__()
        self.network = network
        self.register_buffer("about", torch.from_numpy(about))

    def forward(self, x: Tensor, edge_index: Tensor) -> Any:
        return self.network(x, edge_index, self.about)


def _opened(model: Any, groups: Sequence[Sequence[Candidate]]) -> tuple[nn.Module, list[Part]]:
    """The union of what the concepts of each group depend on, layer by layer."""
    parts: list[Part] = []
    found: list[list[dict[tuple[int, int], float]]] = []
    for group in groups:
        networks: list[OpenNetwork] = [model.opened(one.index, one.concept) for one in group]
        if any(hasattr(layer, "parts") for layer in networks[0].layers):
            return _opened_relational(model, groups)
        nodes = np.unique(np.concatenate([rows for network in networks for rows in network.rows]))
        entries: list[dict[tuple[int, int], float]] = [{} for _ in networks[0].layers]
        for network in networks:
            for number, layer in enumerate(network.layers):
                matrix = layer.operator.tocoo()
                targets = np.searchsorted(nodes, network.rows[number + 1][matrix.row])
                sources = np.searchsorted(nodes, network.rows[number][matrix.col])
                keys = zip(sources.tolist(), targets.tolist(), strict=True)
                entries[number].update(zip(keys, matrix.data.tolist(), strict=True))
        links = sorted({pair for layer in entries for pair in layer if pair[0] != pair[1]})
        parts.append(Part(group[0].index, nodes, links, []))
        found.append(entries)
    weights, own = [], []
    for number in range(len(networks[0].layers)):
        layers = [(part, entries[number]) for part, entries in zip(parts, found, strict=True)]
        weights.append(np.array([layer.get(pair, 0.0) for part, layer in layers for pair in part.links]))
        own.append(
            np.array([layer.get((place, place), 0.0) for part, layer in layers for place in range(len(part.nodes))])
        )
    return _Convolutions(networks[0], weights, own), parts


def _opened_relational(model: Any, groups: Sequence[Sequence[Candidate]]) -> tuple[nn.Module, list[Part]]:
    """Like `_opened`: each fact has a link of its own either way, and each relation its share of it."""
    parts: list[Part] = []
    found: list[list[dict[_Sent, float]]] = []
    for group in groups:
        networks: list[OpenNetwork] = [model.opened(one.index, one.concept) for one in group]
        nodes = np.unique(np.concatenate([rows for network in networks for rows in network.rows]))
        entries: list[dict[_Sent, float]] = [{} for _ in networks[0].layers]
        for network in networks:
            for number, layer in enumerate(network.layers):
                for part in parts_of(layer):
                    matrix = part.operator.tocoo()
                    targets = np.searchsorted(nodes, network.rows[number + 1][matrix.row]).tolist()
                    sources = np.searchsorted(nodes, network.rows[number][matrix.col]).tolist()
                    keys = zip(sources, targets, [part.relation or ""] * matrix.nnz, strict=True)
                    entries[number].update(zip(keys, matrix.data.tolist(), strict=True))
        links = sorted({sent for layer in entries for sent in layer if sent[2]})
        ids = [group[0].index.ids[place] for place in nodes.tolist()]
        facts = [_fact(ids[source], ids[target], relation) for source, target, relation in links]
        parts.append(Part(group[0].index, nodes, [sent[:2] for sent in links], [], facts))
        found.append([{sent: layer.get(sent, 0.0) for sent in links} for layer in entries])
    opened = [model.opened(one.index, one.concept) for group in groups for one in group]
    layers = [_whole([network.layers[number] for network in opened]) for number in range(len(opened[0].layers))]
    weights = [
        [
            np.array(
                [share if sent[2] == part.relation else 0.0 for each in found for sent, share in each[number].items()]
            )
            for part in layer.parts
            if part.relation
        ]
        for number, layer in enumerate(layers)
    ]
    return _Relational(layers, weights, opened[0].negative_slope), parts


def _whole(layers: Sequence[OpenLayer]) -> OpenedRelationalLayer:
    """The parts of one layer that any of the networks has: one may hear over relations that another does not."""
    parts = {part.relation or "": part for layer in layers for part in parts_of(layer)}
    opened = (OpenedPart(name, part.operator, part.weight) for name, part in sorted(parts.items()))
    return OpenedRelationalLayer(tuple(opened), layers[0].after)


def _fact(source: str, target: str, relation: str) -> Fact:
    """What a target hears from a source over a relation, `^` before one against its direction."""
    if relation.startswith("^"):
        return source, relation[1:], target
    return target, relation, source


def _foreign(model: ForeignNetwork, groups: Sequence[Sequence[Candidate]]) -> tuple[nn.Module, list[Part]]:
    """The module's copy, and the edges within its reach of the concepts."""
    network = heeding_masks(copy.deepcopy(model.network).cpu().double())
    if not any(isinstance(module, MessagePassing) for module in network.modules()):
        raise ExplanationError(
            f"{type(network).__name__} has no MessagePassing layer of PyTorch Geometric, whose messages could be "
            "masked: explainer='occlusion' removes facts one by one"
        )
    parts: list[Part] = []
    passing: list[float] = []
    staying: list[float] = []
    for group in groups:
        index = group[0].index
        messages = model.topology.messages(index)
        if not messages.links and (len(messages.steps) > 1 or messages.num_groups > 1):
            raise ExplanationError(
                f"{type(model.topology).__name__} sends messages in several groups or steps, which a foreign module "
                "takes in its own way: explainer='occlusion' removes facts one by one"
            )
        near = surroundings(messages, index.positions([one.concept for one in group]), hops=model.hops)
        ends = list(zip(*near.edge_index.tolist(), strict=True))
        if near.edge_type is not None:
            ids = [index.ids[place] for place in near.nodes.tolist()]
            named = zip(ends, near.edge_type.tolist(), strict=True)
            facts = [_fact(ids[source], ids[target], messages.links[kind]) for (source, target), kind in named]
            parts.append(Part(index, near.nodes, ends, [], facts))
            passing += near.edge_type.tolist()
            continue
        weight = dict(zip(ends, near.edge_weight.astype(np.float64).tolist(), strict=True))
        links = [pair for pair in ends if pair[0] != pair[1]]
        loops = sorted(source for source, target in ends if source == target)
        parts.append(Part(index, np.asarray(near.nodes, dtype=np.int64), links, loops))
        passing += [weight[pair] for pair in links]
        staying += [weight[place, place] for place in loops]
    if parts[0].facts is not None:
        return _Run(with_maskable_layers(network), np.array(passing, dtype=np.int64)), parts
    return _Run(network, np.array([*passing, *staying])), parts


def _tensor(values: Float64 | None) -> Tensor | None:
    return None if values is None else torch.from_numpy(values)
