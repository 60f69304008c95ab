"""SGCN: two graph convolutions over undirected edges."""

from dataclasses import dataclass

from kgzsl.contracts import FloatArray, Supervision
from kgzsl.graph.index import GraphIndex
from kgzsl.propagation.convolution_network import Architecture
from kgzsl.propagation.fitted_network import FittedNetwork
from kgzsl.propagation.network import Readout, fit_architecture, require_settings, settings_of
from kgzsl.propagation.topology import NeighborTopology, Normalization

__all__ = ["SGCN"]


@dataclass(frozen=True)
class SGCN:
    """Kampffmeyer et al., "Rethinking Knowledge Graph Propagation for Zero-Shot Learning", CVPR 2019: SGCN.

    Two layers of D^-1 (A + I) H W + b with `hidden` channels between them, dropout of the input of both, LeakyReLU
    0.2, rows of unit length; Adam with `weight_decay` on all parameters. Defaults are the paper's.
    `relations` are names or kinds, None the taxonomic ones; `device` "auto" is CUDA where there is one. `readout`
    "ridge" solves the last layer anew in closed form once the network is trained (`kgzsl.propagation.ridge_readout`):
    then what each seen class gives to another class is known exactly.

    >>> import networkx as nx
    >>> import numpy as np
    >>> from kgzsl.contracts import Supervision
    >>> from kgzsl.graph.knowledge_graph import KnowledgeGraph
    >>> edges = [("cat", "feline"), ("lion", "feline"), ("dog", "canine"), ("wolf", "canine")]
    >>> index = KnowledgeGraph.from_networkx(nx.DiGraph(edges), relation="is_a").index
    >>> features = np.array([[0, 1], [1, 0], [0, 1], [1, 0], [1, 0], [0, 1]])  # canine, cat, dog, feline, lion, wolf
    >>> seen = Supervision(("cat", "dog"), np.eye(2, dtype=np.float32), "prototype")
    >>> fitted = SGCN(hidden=16, dropout=0.0, learning_rate=0.01, epochs=100).fit(index, features, seen)
    >>> fitted.weights(index, features, concepts=["lion", "wolf"]).argmax(axis=1)
    array([0, 1])
    """

    hidden: int = 2048
    dropout: float = 0.5
    normalization: Normalization = "row"
    epochs: int = 3000
    learning_rate: float = 1e-3
    weight_decay: float = 5e-4
    relations: tuple[str, ...] | None = None
    readout: Readout = "trained"
    device: str = "auto"

    def __post_init__(self) -> None:
        require_settings(self)

    def fit(self, index: GraphIndex, features: FloatArray, supervision: Supervision) -> FittedNetwork:
        """Train; the result holds parameters and no graph."""
        architecture = Architecture(hidden=(self.hidden,), bias="after", dropout=self.dropout)
        topology = NeighborTopology(normalization=self.normalization, relations=self.relations)
        return fit_architecture(architecture, topology, index, features, supervision, settings=settings_of(self))
