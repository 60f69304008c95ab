"""DGP and DGPM: two graph convolutions over all pairs of a concept and an ancestor."""

from dataclasses import dataclass

from kgzsl.graph.index import GraphIndex
from kgzsl.propagation.convolution_network import Architecture
from kgzsl.propagation.convolution_propagator import ConvolutionPropagator
from kgzsl.propagation.topology import AncestorTopology, Topology

__all__ = ["DGP", "DGPM"]


@dataclass(frozen=True)
class _GroupedShape:
    """What DGP has of its own; its settings come before those of training."""

    hidden: int = 2048
    num_groups: int = 5
    dropout: float = 0.5


@dataclass(frozen=True)
class DGP(ConvolutionPropagator, _GroupedShape):
    """Kampffmeyer et al., "Rethinking Knowledge Graph Propagation for Zero-Shot Learning", CVPR 2019: DGP.

    The first layer averages over descendants, the second over ancestors, each separately for distances 0, 1, ... and
    `num_groups` - 1 or more; softmaxes of learned numbers, one for each group and layer, weigh the groups. The bias is
    added before propagation. Dropout of the input of both layers. Defaults are the paper's; other settings are those
    of every `ConvolutionPropagator`.

    >>> from kgzsl.propagation import DGP
    >>> from kgzsl.testing import example_classifier
    >>> clf = example_classifier(DGP(hidden=16, epochs=100))
    >>> claws_and_size = [[0, 0, 1, 0, 1, 0]]
    >>> clf.predict(claws_and_size, label_space="unseen").tolist()
    ['tiger']
    """

    epochs: int = 3000

    def plan(self, index: GraphIndex) -> tuple[Architecture, Topology]:
        """The layers, and the rule for the messages between them."""
        architecture = Architecture(
            hidden=(self.hidden,), num_groups=self.num_groups, bias="before", dropout=self.dropout
        )
        topology = AncestorTopology(num_groups=self.num_groups, relations=self.relations)
        return architecture, topology


@dataclass(frozen=True)
class _Shape:
    """What DGPM has of its own."""

    hidden: int = 2048
    dropout: float = 0.5


@dataclass(frozen=True)
class DGPM(ConvolutionPropagator, _Shape):
    """DGP without the grouping by distance, from the same paper: all pairs of a concept and an ancestor count alike.

    >>> from kgzsl.propagation import DGPM
    >>> from kgzsl.testing import example_classifier
    >>> clf = example_classifier(DGPM(hidden=16, epochs=100))
    >>> claws_and_size = [[0, 0, 1, 0, 1, 0]]
    >>> clf.predict(claws_and_size, label_space="unseen").tolist()
    ['tiger']
    """

    epochs: int = 3000

    def plan(self, index: GraphIndex) -> tuple[Architecture, Topology]:
        """The layers, and the rule for the messages between them."""
        architecture = Architecture(hidden=(self.hidden,), num_groups=1, bias="before", dropout=self.dropout)
        topology = AncestorTopology(num_groups=1, relations=self.relations)
        return architecture, topology
