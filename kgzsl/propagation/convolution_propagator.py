"""What SGCN, GCNZ, DGP, DGPM and RGCN have in common before they are fitted: how they are trained, and on what."""

from abc import ABC, abstractmethod
from dataclasses import dataclass

from kgzsl.contracts import FloatArray, Supervision
from kgzsl.graph.index import GraphIndex
from kgzsl.propagation.convolution_network import Architecture
from kgzsl.propagation.fitted_network import FittedNetwork
from kgzsl.propagation.network import Readout, fit_architecture, require_settings, settings_of
from kgzsl.propagation.topology import Topology

__all__ = ["ConvolutionPropagator"]


@dataclass(frozen=True)
class ConvolutionPropagator(ABC):
    """A network of graph convolutions that regresses the weights of the seen classes; `plan` says which.

    Training is full-batch Adam for `epochs`, `weight_decay` on all parameters; between the layers are LeakyReLU 0.2,
    rows have unit length at the end. `relations` are names or kinds, None the taxonomic ones. `readout` "ridge" solves
    the last layer anew in closed form once the network is trained (`kgzsl.propagation.ridge_readout`): then what each
    seen class gives to another class is known exactly. `device` "auto" is CUDA where there is one.

    >>> from kgzsl.propagation import DGP, RGCN, SGCN, ConvolutionPropagator
    >>> [issubclass(network, ConvolutionPropagator) for network in (SGCN, DGP, RGCN)]
    [True, True, True]
    """

    epochs: int = 300
    learning_rate: float = 1e-3
    weight_decay: float = 5e-4
    relations: tuple[str, ...] | None = None
    readout: Readout = "trained"
    device: str = "auto"

    def __post_init__(self) -> None:
        require_settings(self)

    @abstractmethod
    def plan(self, index: GraphIndex) -> tuple[Architecture, Topology]:
        """The layers, and the rule for the messages between them."""
        ...

    def fit(self, index: GraphIndex, features: FloatArray, supervision: Supervision) -> FittedNetwork:
        """Train; the result holds parameters and no graph."""
        architecture, topology = self.plan(index)
        return fit_architecture(architecture, topology, index, features, supervision, settings=settings_of(self))
