"""SGCN: two graph convolutions over undirected edges."""

from dataclasses import dataclass

from kgzsl.graph.index import GraphIndex
from kgzsl.propagation.convolution_network import Architecture
from kgzsl.propagation.convolution_propagator import ConvolutionPropagator
from kgzsl.propagation.topology import NeighborTopology, Normalization, Topology

__all__ = ["SGCN"]


@dataclass(frozen=True)
class _Shape:
    """What SGCN has of its own; its settings come before those of training."""

    hidden: int = 2048
    dropout: float = 0.5
    normalization: Normalization = "row"


@dataclass(frozen=True)
class SGCN(ConvolutionPropagator, _Shape):
    """Kampffmeyer et al., "Rethinking Knowledge Graph Propagation for Zero-Shot Learning", CVPR 2019: SGCN.

    Two layers of D^-1 (A + I) H W + b with `hidden` channels between them, dropout of the input of both. Defaults are
    the paper's; other settings are those of every `ConvolutionPropagator`.

    >>> from kgzsl.propagation import SGCN
    >>> from kgzsl.testing import example_classifier
    >>> clf = example_classifier(SGCN(hidden=16, epochs=100))
    >>> claws_and_size = [[0, 0, 1, 0, 1, 0]]
    >>> clf.predict(claws_and_size, label_space="unseen").tolist()
    ['tiger']
    """

    epochs: int = 3000

    def plan(self, index: GraphIndex) -> tuple[Architecture, Topology]:
        """The layers, and the rule for the messages between them."""
        architecture = Architecture(hidden=(self.hidden,), bias="after", dropout=self.dropout)
        topology = NeighborTopology(normalization=self.normalization, relations=self.relations)
        return architecture, topology
