"""R-GCN: graph convolutions with a matrix for each relation and direction."""

from dataclasses import dataclass

from kgzsl.contracts import FloatArray, Supervision
from kgzsl.graph.index import GraphIndex
from kgzsl.propagation.convolution_network import Architecture
from kgzsl.propagation.fitted_network import FittedNetwork
from kgzsl.propagation.network import fit_architecture, require_settings, settings_of
from kgzsl.propagation.topology import RelationTopology

__all__ = ["RGCN"]


@dataclass(frozen=True)
class RGCN:
    """Schlichtkrull et al., "Modeling Relational Data with Graph Convolutional Networks", ESWC 2018: R-GCN.

    Layers of Σ_r D_r^-1 A_r H W_r + H W_0 + b (eq. 2), where r runs over every relation in both directions, so that
    what a concept hears from its parts is weighed otherwise than what it hears from its kinds. With `num_bases` the
    matrices of a layer, W_0 among them, are sums of so many common ones (eq. 3): fewer parameters where relations are
    many. We differ in that the network regresses classifiers, as SGCN does: LeakyReLU 0.2 between the layers, dropout
    of their input, rows of unit length, and a bias; Adam with `weight_decay` on all parameters.

    `hidden` are the channels between the layers. `relations` are names or kinds, None the taxonomic ones: those among
    them that the graph has while it is fitted get matrices, and no other one is heard later. `device` "auto" is CUDA
    where there is one.

    >>> import networkx as nx
    >>> import numpy as np
    >>> from kgzsl.contracts import Supervision
    >>> from kgzsl.graph.knowledge_graph import KnowledgeGraph
    >>> edges = [("cat", "feline"), ("lion", "feline"), ("dog", "canine"), ("wolf", "canine")]
    >>> index = KnowledgeGraph.from_networkx(nx.DiGraph(edges), relation="is_a").index
    >>> features = np.array([[0, 1], [1, 0], [0, 1], [1, 0], [1, 0], [0, 1]])  # canine, cat, dog, feline, lion, wolf
    >>> seen = Supervision(("cat", "dog"), np.eye(2, dtype=np.float32), "prototype")
    >>> fitted = RGCN(hidden=(16,), dropout=0.0, learning_rate=0.01, epochs=100).fit(index, features, seen)
    >>> fitted.relations
    ('is_a',)
    >>> fitted.weights(index, features, concepts=["lion", "wolf"]).argmax(axis=1)
    array([0, 1])
    """

    hidden: tuple[int, ...] = (512,)
    num_bases: int | None = None
    dropout: float = 0.5
    epochs: int = 300
    learning_rate: float = 1e-3
    weight_decay: float = 5e-4
    relations: tuple[str, ...] | None = None
    device: str = "auto"

    def __post_init__(self) -> None:
        require_settings(self)

    def fit(self, index: GraphIndex, features: FloatArray, supervision: Supervision) -> FittedNetwork:
        """Train; the result holds parameters and no graph."""
        topology = RelationTopology.of(index, self.relations)
        architecture = Architecture(
            hidden=self.hidden,
            num_groups=len(topology.links),
            bias="after",
            dropout=self.dropout,
            is_relational=True,
            num_bases=self.num_bases,
        )
        return fit_architecture(architecture, topology, index, features, supervision, settings=settings_of(self))
