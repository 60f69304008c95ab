"""From a graph, features of its concepts and the weights of seen classes to the weights of every concept.

Names are imported on first use: networks need PyTorch, which takes longer to load than the closed form takes to fit.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kgzsl.propagation.convolution_propagator import ConvolutionPropagator
    from kgzsl.propagation.dgp import DGP, DGPM
    from kgzsl.propagation.fitted_network import FittedNetwork
    from kgzsl.propagation.gcnz import GCNZ
    from kgzsl.propagation.gp_settings import GPSettings
    from kgzsl.propagation.graph_gp import GraphGP
    from kgzsl.propagation.network import NetworkPropagator
    from kgzsl.propagation.rgcn import RGCN
    from kgzsl.propagation.sgcn import SGCN
    from kgzsl.propagation.topology import AncestorTopology, Messages, NeighborTopology, RelationTopology, Topology

__all__ = [
    "DGP",
    "DGPM",
    "GCNZ",
    "RGCN",
    "SGCN",
    "AncestorTopology",
    "ConvolutionPropagator",
    "FittedNetwork",
    "GPSettings",
    "GraphGP",
    "Messages",
    "NeighborTopology",
    "NetworkPropagator",
    "RelationTopology",
    "Topology",
]

_HOME = {
    "DGP": "dgp",
    "DGPM": "dgp",
    "GCNZ": "gcnz",
    "RGCN": "rgcn",
    "SGCN": "sgcn",
    "AncestorTopology": "topology",
    "ConvolutionPropagator": "convolution_propagator",
    "FittedNetwork": "fitted_network",
    "GPSettings": "gp_settings",
    "GraphGP": "graph_gp",
    "Messages": "topology",
    "NeighborTopology": "topology",
    "NetworkPropagator": "network",
    "RelationTopology": "topology",
    "Topology": "topology",
}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}; it has {', '.join(sorted(_HOME))}")
    value = getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOME})
