"""SJE: only the wrong class that comes nearest costs anything."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from kgzsl.baselines.ranking import RankingBaseline, slacks

__all__ = ["SJE"]


@dataclass(frozen=True)
class SJE(RankingBaseline):
    """Scores a concept with features s by xᵀWs; the structured hinge loss is the largest slack of a wrong class.

    Akata, Reed, Walter, Lee and Schiele, "Evaluation of output embeddings for fine-grained image classification", CVPR
    2015: the structured SVM's loss max(0, Δ + F(x, y) - F(x, own)) of the most violating y, with Δ = 1 for every wrong
    class. What is None is chosen on the seen classes, as `RankingBaseline` says.

    Where we differ from the paper: steps are taken for batches of examples, and features are taken from the mean of the
    seen classes before they are brought to unit length. Several kinds of features are joined before
    (`CombinedFeatures`), not by a form each.

    Example:
        >>> from kgzsl.contracts import Supervision
        >>> from kgzsl.graph.knowledge_graph import KnowledgeGraph
        >>> graph = KnowledgeGraph.from_tables(["cat", "dog", "lion"], [("lion", "related_to", "cat")])
        >>> features = np.array([[1.0, 0.0], [0.0, 1.0], [0.9, 0.1]], dtype=np.float32)
        >>> targets = np.eye(2, dtype=np.float32)
        >>> supervision = Supervision(("cat", "dog"), targets, "prototype", inputs=targets, labels=np.array([0, 1]))
        >>> model = SJE(learning_rate=1.0, epochs=1).fit(graph.index, features, supervision)
        >>> model.scores(targets, graph.index, features, concepts=["lion", "dog"]).round(2)
        array([[ 1., -1.],
               [-1.,  1.]], dtype=float32)

    """

    rates: ClassVar[tuple[float, ...]] = (0.1, 1.0)

    def losses(
        self, scores: NDArray[np.float64], labels: NDArray[np.int64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """The largest slack, and its gradient by the scores; of equal ones the first class, whatever the machine."""
        slack = slacks(scores, labels, self.margin)
        samples, worst = np.arange(len(labels)), slack.argmax(axis=1)
        value = slack[samples, worst]
        gradient = np.zeros_like(slack)
        gradient[samples, worst] = value > 0
        gradient[samples, labels] -= value > 0
        return value, gradient
