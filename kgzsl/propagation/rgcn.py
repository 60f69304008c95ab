"""R-GCN: graph convolutions with a matrix for each relation and direction."""

from dataclasses import dataclass

from kgzsl.graph.index import GraphIndex
from kgzsl.propagation.convolution_network import Architecture
from kgzsl.propagation.convolution_propagator import ConvolutionPropagator
from kgzsl.propagation.topology import RelationTopology, Topology

__all__ = ["RGCN"]


@dataclass(frozen=True)
class _Shape:
    """What RGCN has of its own; its settings come before those of training."""

    hidden: tuple[int, ...] = (512,)
    num_bases: int | None = None
    dropout: float = 0.5


@dataclass(frozen=True)
class RGCN(ConvolutionPropagator, _Shape):
    """Schlichtkrull et al., "Modeling Relational Data with Graph Convolutional Networks", ESWC 2018: R-GCN.

    Layers of Σ_r D_r^-1 A_r H W_r + H W_0 + b (eq. 2), where r runs over every relation in both directions, so that
    what a concept hears from its parts is weighed otherwise than what it hears from its kinds. With `num_bases` the
    matrices of a layer, W_0 among them, are sums of so many common ones (eq. 3): fewer parameters where relations are
    many. We differ in that the network regresses classifiers, as SGCN does, with dropout of the layers' input and a
    bias; other settings are those of every `ConvolutionPropagator`.

    `hidden` are the channels between the layers. Those of the `relations` that the graph has while it is fitted get
    matrices, and no other one is heard later. With `num_bases`, `readout` "ridge" solves for the common matrices of
    the last layer, their mixture as it was trained.

    >>> from kgzsl.propagation import RGCN
    >>> from kgzsl.testing import example_classifier
    >>> clf = example_classifier(RGCN(hidden=(16,), epochs=100))
    >>> clf.problem_.model.relations
    ('is_a',)
    >>> claws_and_size = [[0, 0, 1, 0, 1, 0]]
    >>> clf.predict(claws_and_size, label_space="unseen").tolist()
    ['tiger']
    """

    def plan(self, index: GraphIndex) -> tuple[Architecture, Topology]:
        """The layers, and the rule for the messages between them."""
        topology = RelationTopology.of(index, self.relations)
        architecture = Architecture(
            hidden=self.hidden,
            num_groups=len(topology.links),
            bias="after",
            dropout=self.dropout,
            is_relational=True,
            num_bases=self.num_bases,
        )
        return architecture, topology
