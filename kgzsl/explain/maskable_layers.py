"""PyTorch Geometric's relational layers with all messages sent at once, so that each has a mask of its own."""

import warnings

import torch
from torch import Tensor, nn

from kgzsl.errors import ExplanationError

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)  # its import uses torch.jit, which PyTorch is about to drop
    from torch_geometric.nn import MessagePassing, RGCNConv

__all__ = ["MaskableRelational", "with_maskable_layers"]


class MaskableRelational(MessagePassing):  # type: ignore[misc]
    """What an `RGCNConv` gives, which sends the messages of one relation after the other and has no masks for these.

    Each message is divided by the number of those of its relation that come to the same concept, masked or not.
    `ExplanationError` where the layer does not add up or average messages: a maximum has no shares.
    """

    def __init__(self, layer: RGCNConv) -> None:
        super().__init__(aggr="add")
        if layer.aggr not in ("add", "sum", "mean"):
            raise ExplanationError(
                f"{layer} takes the {layer.aggr!r} of the messages of a relation, which are no sum that masks could be "
                "put on: explainer='occlusion' removes facts one by one"
            )
        self._is_mean = layer.aggr == "mean"
        self._matrices = [matrix.detach() for matrix in _matrices(layer)]
        self._own = None if layer.root is None else layer.root.detach()
        self._after = None if layer.bias is None else layer.bias.detach()

    def forward(self, x: Tensor, edge_index: Tensor, edge_type: Tensor) -> Tensor:
        brought = x.new_zeros(edge_index.shape[1], self._matrices[0].shape[1])
        for number, matrix in enumerate(self._matrices):
            (mine,) = (edge_type == number).nonzero(as_tuple=True)
            brought = brought.index_copy(0, mine, (x @ matrix)[edge_index[0, mine]])
        if self._is_mean:
            cell = edge_type * len(x) + edge_index[1]
            brought = brought / torch.bincount(cell)[cell][:, None]
        out: Tensor = self.propagate(edge_index, brought=brought, size=(len(x), len(x)))
        out = out if self._own is None else out + x @ self._own
        return out if self._after is None else out + self._after

    def message(self, brought: Tensor) -> Tensor:
        """What was made ready for each edge."""
        return brought


def with_maskable_layers(network: nn.Module) -> nn.Module:
    """The network, each `RGCNConv` in it replaced; `FastRGCNConv` too, which PyTorch Geometric 2.8 cannot mask."""
    if isinstance(network, RGCNConv):
        return MaskableRelational(network)
    for module in network.modules():
        for name, child in list(module.named_children()):
            if isinstance(child, RGCNConv):
                setattr(module, name, MaskableRelational(child))
    return network


def _matrices(layer: RGCNConv) -> list[Tensor]:
    """W of each relation `[in_channels, out_channels]`."""
    if layer.num_bases is not None:
        return list(torch.einsum("kb,bio->kio", layer.comp, layer.weight))
    if layer.num_blocks is not None:
        return [torch.block_diag(*blocks) for blocks in layer.weight]  # type: ignore[no-untyped-call]
    return list(layer.weight)
