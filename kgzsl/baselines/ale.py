"""ALE: wrong classes cost the more, the higher the right one could stand."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from kgzsl.baselines.ranking import RankingBaseline, slacks

__all__ = ["ALE"]


@dataclass(frozen=True)
class ALE(RankingBaseline):
    """Scores a concept with features s by xᵀWs; the weighted approximate ranking loss puts the top of the list first.

    Akata et al., "Label-embedding for image classification", IEEE TPAMI 38(7), 2016: of r classes within the margin of
    1, the slacks are summed and weighed by (1 + 1/2 + ... + 1/r) / r, after Weston et al.'s WSABIE. What is None is
    chosen on the seen classes, as `RankingBaseline` says.

    Where we differ from the paper: it estimates r by drawing wrong classes until one is within the margin, and steps on
    that one; here r is counted and all of them count. Features are taken from the mean of the seen classes before they
    are brought to unit length.

    Example:
        >>> from kgzsl.contracts import Supervision
        >>> from kgzsl.graph.knowledge_graph import KnowledgeGraph
        >>> graph = KnowledgeGraph.from_tables(["cat", "dog", "lion"], [("lion", "related_to", "cat")])
        >>> features = np.array([[1.0, 0.0], [0.0, 1.0], [0.9, 0.1]], dtype=np.float32)
        >>> targets = np.eye(2, dtype=np.float32)
        >>> supervision = Supervision(("cat", "dog"), targets, "prototype", inputs=targets, labels=np.array([0, 1]))
        >>> model = ALE(learning_rate=1.0, epochs=1).fit(graph.index, features, supervision)
        >>> model.scores(targets, graph.index, features, concepts=["lion", "dog"]).round(2)
        array([[ 1., -1.],
               [-1.,  1.]], dtype=float32)

    """

    rates: ClassVar[tuple[float, ...]] = (0.1, 1.0)

    def losses(
        self, scores: NDArray[np.float64], labels: NDArray[np.int64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Weighed sum of the slacks, and its gradient by the scores; the weight stands still but where r jumps."""
        slack = slacks(scores, labels, self.margin)
        gradient = (slack > 0).astype(np.float64)
        num = gradient.sum(axis=1).astype(np.int64)
        harmonic = np.cumsum(1.0 / np.arange(1, scores.shape[1] + 1))
        weight = harmonic[np.maximum(num, 1) - 1] / np.maximum(num, 1)
        gradient *= weight[:, None]
        gradient[np.arange(len(labels)), labels] = -gradient.sum(axis=1)
        return weight * slack.sum(axis=1), gradient
