"""Layers of PyTorch Geometric made so that every message of them has a mask, and heeds it."""

import warnings

import torch
from torch import Tensor, nn

from kgzsl.errors import ExplanationError

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)  # its import uses torch.jit, which PyTorch is about to drop
    from torch_geometric.nn import FastRGCNConv, MessagePassing, RGCNConv

__all__ = ["MaskableRelational", "heeding_masks", "with_maskable_layers"]

_REPLACED = (RGCNConv, FastRGCNConv)


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
    """The network, each `RGCNConv` in it replaced; `FastRGCNConv` too, which PyTorch Geometric 2.8 cannot mask.

    Classes derived from them may compute something else, and stay.
    """
    if type(network) in _REPLACED:
        return MaskableRelational(network)
    for module in network.modules():
        for name, child in list(module.named_children()):
            if type(child) in _REPLACED:
                setattr(module, name, MaskableRelational(child))
    return network


def heeding_masks(network: nn.Module) -> nn.Module:
    """The network, whose layers derived from other ones heed masks too.

    PyTorch Geometric puts a faster `propagate` without masks into a class when its first layer is made, and keeps the
    original for masks; of a class derived from that one it keeps the faster one, and masks are silently ignored.
    """
    for module in network.modules():
        if not isinstance(module, MessagePassing):
            continue
        family = [vars(each) for each in type(module).__mro__]
        faster = [each["_jinja_propagate"] for each in family if "_jinja_propagate" in each]
        kept = [each["_orig_propagate"] for each in family if "_orig_propagate" in each]
        originals = [each for each in kept if not any(each is one for one in faster)]
        if kept and originals and kept[0] is not originals[0]:
            own = type(module)
            module.__class__ = type(own.__name__, (own,), {"_orig_propagate": originals[0]})
    return network


def _matrices(layer: RGCNConv) -> list[Tensor]:
    """W of each relation `[in_channels, out_channels]`."""
    if layer.num_bases is not None:
        return list(torch.einsum("kb,bio->kio", layer.comp, layer.weight))
    if layer.num_blocks is not None:
        return [torch.block_diag(*blocks) for blocks in layer.weight]  # type: ignore[no-untyped-call]
    return list(layer.weight)
