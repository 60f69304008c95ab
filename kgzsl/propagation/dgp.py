"""DGP and DGPM: two graph convolutions over all pairs of a concept and an ancestor."""

from dataclasses import dataclass

from kgzsl.contracts import FloatArray, Supervision
from kgzsl.graph.index import GraphIndex
from kgzsl.propagation.convolution_network import Architecture
from kgzsl.propagation.fitted_network import FittedNetwork
from kgzsl.propagation.network import Readout, fit_architecture, require_settings, settings_of
from kgzsl.propagation.topology import AncestorTopology

__all__ = ["DGP", "DGPM"]


@dataclass(frozen=True)
class DGP:
    """Kampffmeyer et al., "Rethinking Knowledge Graph Propagation for Zero-Shot Learning", CVPR 2019: DGP.

    The first layer averages over descendants, the second over ancestors, each separately for distances 0, 1, ... and
    `num_groups` - 1 or more; softmaxes of learned numbers, one for each group and layer, weigh the groups. The bias is
    added before propagation. Dropout of the input of both layers, LeakyReLU 0.2, rows of unit length; Adam with
    `weight_decay` on all parameters. Defaults are the paper's. `relations` are names or kinds, None the taxonomic
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
    >>> fitted = DGP(hidden=16, dropout=0.0, learning_rate=0.01, epochs=100).fit(index, features, seen)
    >>> fitted.weights(index, features, concepts=["lion", "wolf"]).argmax(axis=1)
    array([0, 1])
    """

    hidden: int = 2048
    num_groups: int = 5
    dropout: float = 0.5
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
        architecture = Architecture(
            hidden=(self.hidden,), num_groups=self.num_groups, bias="before", dropout=self.dropout
        )
        topology = AncestorTopology(num_groups=self.num_groups, relations=self.relations)
        return fit_architecture(architecture, topology, index, features, supervision, settings=settings_of(self))


@dataclass(frozen=True)
class DGPM:
    """DGP without the grouping by distance, from the same paper: all pairs of a concept and an ancestor count alike.

    >>> import networkx as nx
    >>> import numpy as np
    >>> from kgzsl.contracts import Supervision
    >>> from kgzsl.graph.knowledge_graph import KnowledgeGraph
    >>> edges = [("cat", "feline"), ("lion", "feline"), ("dog", "canine"), ("wolf", "canine")]
    >>> index = KnowledgeGraph.from_networkx(nx.DiGraph(edges), relation="is_a").index
    >>> features = np.array([[0, 1], [1, 0], [0, 1], [1, 0], [1, 0], [0, 1]])  # canine, cat, dog, feline, lion, wolf
    >>> seen = Supervision(("cat", "dog"), np.eye(2, dtype=np.float32), "prototype")
    >>> fitted = DGPM(hidden=16, dropout=0.0, learning_rate=0.01, epochs=100).fit(index, features, seen)
    >>> fitted.weights(index, features, concepts=["lion", "wolf"]).argmax(axis=1)
    array([0, 1])
    """

    hidden: int = 2048
    dropout: float = 0.5
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
        architecture = Architecture(hidden=(self.hidden,), num_groups=1, bias="before", dropout=self.dropout)
        topology = AncestorTopology(num_groups=1, relations=self.relations)
        return fit_architecture(architecture, topology, index, features, supervision, settings=settings_of(self))
