"""DeViSE: every wrong class that comes too near costs what it lacks of the margin."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from kgzsl.baselines.ranking import RankingBaseline, slacks

__all__ = ["DeViSE"]


@dataclass(frozen=True)
class DeViSE(RankingBaseline):
    """Scores a concept with features s by xᵀWs; the hinge rank loss sums the slacks of all wrong classes.

    Frome et al., "DeViSE: a deep visual-semantic embedding model", NIPS 2013, equation 1, with the paper's margin of
    0.1. What is None is chosen on the seen classes, as `RankingBaseline` says.

    Where we differ from the paper: it stops at the first wrong class that is within the margin, of a random order, and
    goes on to train the network below; here all wrong classes count, and the inputs are what they are. Features are
    taken from the mean of the seen classes before they are brought to unit length.

    Example:
        >>> from kgzsl.contracts import Supervision
        >>> from kgzsl.graph.knowledge_graph import KnowledgeGraph
        >>> graph = KnowledgeGraph.from_tables(["cat", "dog", "lion"], [("lion", "related_to", "cat")])
        >>> features = np.array([[1.0, 0.0], [0.0, 1.0], [0.9, 0.1]], dtype=np.float32)
        >>> targets = np.eye(2, dtype=np.float32)
        >>> supervision = Supervision(("cat", "dog"), targets, "prototype", inputs=targets, labels=np.array([0, 1]))
        >>> model = DeViSE(learning_rate=0.1, epochs=1).fit(graph.index, features, supervision)
        >>> model.scores(targets, graph.index, features, concepts=["lion", "dog"]).round(2)
        array([[ 0.1, -0.1],
               [-0.1,  0.1]], dtype=float32)

    """

    margin: float = 0.1

    rates: ClassVar[tuple[float, ...]] = (0.01, 0.1)

    def losses(
        self, scores: NDArray[np.float64], labels: NDArray[np.int64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Sum of the slacks, and its gradient by the scores: 1 for each class within the margin, less their number."""
        slack = slacks(scores, labels, self.margin)
        gradient = (slack > 0).astype(np.float64)
        gradient[np.arange(len(labels)), labels] = -gradient.sum(axis=1)
        return slack.sum(axis=1), gradient
