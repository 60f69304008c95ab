"""GCNZ: six graph convolutions over undirected edges."""

from dataclasses import dataclass

from kgzsl.contracts import FloatArray, Supervision
from kgzsl.graph.index import GraphIndex
from kgzsl.propagation.convolution_network import Architecture
from kgzsl.propagation.fitted_network import FittedNetwork
from kgzsl.propagation.network import Readout, fit_architecture, require_settings, settings_of
from kgzsl.propagation.topology import NeighborTopology, Normalization

__all__ = ["GCNZ"]


@dataclass(frozen=True)
class GCNZ:
    """Wang, Ye and Gupta, "Zero-Shot Recognition via Semantic Embeddings and Knowledge Graphs", CVPR 2018.

    Layers of D^-1/2 (A + I) D^-1/2 H W with LeakyReLU 0.2 between them and rows of unit length at the end; defaults
    are the paper's. `bias=True` adds a bias after each propagation and `normalization="row"` takes D^-1 (A + I), as
    the six-layer network of Kampffmeyer et al. (CVPR 2019) does. `relations` are names or kinds, None the taxonomic
    ones; `device` "auto" is CUDA where there is one; `readout` "ridge" solves the last layer anew in closed form
    (`kgzsl.propagation.ridge_readout`).

    >>> import networkx as nx
    >>> import numpy as np
    >>> from kgzsl.contracts import Supervision
    >>> from kgzsl.graph.knowledge_graph import KnowledgeGraph
    >>> edges = [("cat", "feline"), ("lion", "feline"), ("dog", "canine"), ("wolf", "canine")]
    >>> index = KnowledgeGraph.from_networkx(nx.DiGraph(edges), relation="is_a").index
    >>> features = np.array([[0, 1], [1, 0], [0, 1], [1, 0], [1, 0], [0, 1]])  # canine, cat, dog, feline, lion, wolf
    >>> seen = Supervision(("cat", "dog"), np.eye(2, dtype=np.float32), "prototype")
    >>> fitted = GCNZ(hidden=(16, 16), epochs=100).fit(index, features, seen)
    >>> fitted.weights(index, features, concepts=["lion", "wolf"]).argmax(axis=1)
    array([0, 1])
    """

    hidden: tuple[int, ...] = (2048, 2048, 1024, 1024, 512)
    bias: bool = False
    dropout: float = 0.0
    normalization: Normalization = "symmetric"
    epochs: int = 300
    learning_rate: float = 1e-3
    weight_decay: float = 5e-4
    relations: tuple[str, ...] | None = None
    readout: Readout = "trained"
    device: str = "auto"

    def __post_init__(self) -> None:
        require_settings(self)

    def fit(self, index: GraphIndex, features: FloatArray, supervision: Supervision) -> FittedNetwork:
        """Train; the result holds parameters and no graph."""
        architecture = Architecture(hidden=self.hidden, bias="after" if self.bias else "none", dropout=self.dropout)
        topology = NeighborTopology(normalization=self.normalization, relations=self.relations)
        return fit_architecture(architecture, topology, index, features, supervision, settings=settings_of(self))
