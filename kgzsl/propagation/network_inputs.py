"""What a network reads to give the weights of a few concepts: as little of the graph as it allows."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from kgzsl.contracts import FloatArray
from kgzsl.errors import InputFormatError
from kgzsl.propagation.convolution_network import Blocks, ConvolutionNetwork
from kgzsl.propagation.receptive_field import receptive_field, surroundings
from kgzsl.propagation.topology import Messages

__all__ = ["NetworkInputs", "network_inputs", "predicted"]


@dataclass(frozen=True)
class NetworkInputs:
    """Arguments of `forward`; `targets` are the rows wanted of its result, None for all.

    Modules that hear each relation by itself get the types of edges for `edge_weight`.
    `num_rows` counts the rows read by the first layer, the second, ..., and the rows given.
    """

    x: Tensor
    edge_index: Any
    edge_weight: Any
    targets: Tensor | None
    num_rows: tuple[int, ...]

    def for_training(self, network: nn.Module) -> "NetworkInputs":
        """The same with the first product multiplied out once, where it never changes."""
        if isinstance(network, ConvolutionNetwork) and isinstance(self.edge_index, Blocks):
            return replace(self, edge_index=network.with_known_input(self.x, self.edge_index))
        return self


def network_inputs(
    network: nn.Module,
    messages: Messages,
    features: FloatArray,
    rows: NDArray[np.int64],
    *,
    hops: int | None,
    device: torch.device,
) -> NetworkInputs:
    """For our networks the receptive field of `rows`, layer by layer; for other modules the edges within `hops`.

    With `hops=None` another module gets the whole graph. Of messages that are told apart by relation it gets
    `(x, edge_index, edge_type)`, as PyTorch Geometric's relational layers do. `rows` must not repeat.
    """
    if isinstance(network, ConvolutionNetwork):
        field = receptive_field(messages, rows, num_layers=network.num_layers)
        x = torch.from_numpy(features[field.rows[0]]).to(device)
        return NetworkInputs(x, Blocks.of(field, device=device), None, None, tuple(field.num_rows))
    if messages.links:
        _require_relations(network, sum(map(bool, messages.links)))
    elif len(messages.steps) > 1 or messages.num_groups > 1:
        return _grouped_inputs(messages, features, rows, hops=hops, device=device)
    part = surroundings(messages, rows, hops=hops)
    return NetworkInputs(
        x=torch.from_numpy(features[part.nodes]).to(device),
        edge_index=torch.from_numpy(part.edge_index).to(device),
        edge_weight=torch.from_numpy(part.edge_weight if part.edge_type is None else part.edge_type).to(device),
        targets=torch.from_numpy(part.targets).to(device),
        num_rows=(len(part.nodes), len(rows)),
    )


def _require_relations(network: nn.Module, count: int) -> None:
    """Refuse layers that have more or fewer relations: of edges of other types they would hear nothing, or fail."""
    for name, module in network.named_modules():
        found = getattr(module, "num_relations", count)
        if found != count:
            raise InputFormatError(
                f"{name or type(network).__name__} has num_relations={found!r}, but the topology sends messages of "
                f"{count} types, two for each relation: use its num_relations"
            )


def _grouped_inputs(
    messages: Messages, features: FloatArray, rows: NDArray[np.int64], *, hops: int | None, device: torch.device
) -> NetworkInputs:
    """`edge_index[step][group]` and `edge_weight[step][group]` of the whole graph."""
    if hops is not None:
        raise InputFormatError(f"hops={hops!r} is not allowed with a topology of several groups or steps: use None")
    edges = [
        [messages.edges(step, group) for group in range(messages.num_groups)] for step in range(len(messages.steps))
    ]
    return NetworkInputs(
        x=torch.from_numpy(features).to(device),
        edge_index=[[torch.from_numpy(index).to(device) for index, _ in groups] for groups in edges],
        edge_weight=[[torch.from_numpy(weight).to(device) for _, weight in groups] for groups in edges],
        targets=torch.from_numpy(rows).to(device),
        num_rows=(len(features), len(rows)),
    )


def predicted(network: nn.Module, inputs: NetworkInputs) -> Tensor:
    """Unit rows `[num_rows, dim]`, in the order of the rows asked for."""
    out: Tensor = network(inputs.x, inputs.edge_index, inputs.edge_weight)
    return out if inputs.targets is None else functional.normalize(out[inputs.targets], dim=1)
