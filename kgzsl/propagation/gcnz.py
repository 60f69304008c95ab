"""GCNZ: six graph convolutions over undirected edges."""

from dataclasses import dataclass

from kgzsl.graph.index import GraphIndex
from kgzsl.propagation.convolution_network import Architecture
from kgzsl.propagation.convolution_propagator import ConvolutionPropagator
from kgzsl.propagation.topology import NeighborTopology, Normalization, Topology

__all__ = ["GCNZ"]


@dataclass(frozen=True)
class _Shape:
    """What GCNZ has of its own; its settings come before those of training."""

    hidden: tuple[int, ...] = (2048, 2048, 1024, 1024, 512)
    bias: bool = False
    dropout: float = 0.0
    normalization: Normalization = "symmetric"


@dataclass(frozen=True)
class GCNZ(ConvolutionPropagator, _Shape):
    """Wang, Ye and Gupta, "Zero-Shot Recognition via Semantic Embeddings and Knowledge Graphs", CVPR 2018.

    Layers of D^-1/2 (A + I) D^-1/2 H W, `hidden` channels between them; defaults are the paper's. `bias=True` adds a
    bias after each propagation and `normalization="row"` takes D^-1 (A + I), as the six-layer network of Kampffmeyer
    et al. (CVPR 2019) does. Other settings are those of every `ConvolutionPropagator`.

    >>> from kgzsl.propagation import GCNZ
    >>> from kgzsl.testing import example_classifier
    >>> clf = example_classifier(GCNZ(hidden=(16, 16), epochs=100))
    >>> claws_and_size = [[0, 0, 1, 0, 1, 0]]
    >>> clf.predict(claws_and_size, label_space="unseen").tolist()
    ['tiger']
    """

    def plan(self, index: GraphIndex) -> tuple[Architecture, Topology]:
        """The layers, and the rule for the messages between them."""
        architecture = Architecture(hidden=self.hidden, bias="after" if self.bias else "none", dropout=self.dropout)
        topology = NeighborTopology(normalization=self.normalization, relations=self.relations)
        return architecture, topology
