"""CLIP-style: inputs and concepts embedded by one pair of encoders, compared by cosine; nothing is learned."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from kgzsl.baselines.contract import class_features, unit_rows
from kgzsl.baselines.selection import require_settings
from kgzsl.baselines.stored import Stored
from kgzsl.contracts import FloatArray, Supervision
from kgzsl.errors import InputFormatError
from kgzsl.graph.index import GraphIndex

__all__ = ["CLIPStyle", "FittedCLIPStyle", "average_prompts"]

Array = NDArray[np.float64]


@dataclass(frozen=True)
class CLIPStyle:
    """Scores a concept by `scale` times the cosine between the input and the concept's features.

    Radford et al., "Learning transferable visual models from natural language supervision", ICML 2021, section 3.1:
    softmax of cosines at temperature 1 / 100, a class being the mean of the unit embeddings of its prompts. Inputs and
    features have to come from one space: an encoder pair such as CLIP's, or one sentence encoder for texts and
    definitions. With `num_prompts` k > 1, features are k embeddings side by side (`CombinedFeatures` of k encoders).

    Inputs of kind "linear" are taken as they are, the constant 1 apart: the cosine is the paper's. Inputs of kind
    "prototype" come less the mean of the seen classes, so features are taken from the mean of the seen classes as well;
    `center` True or False decides instead of the kind. Seen classes are scored by their features, not their targets.

    To have the paper's scores from `ZeroShotClassifier`, give it features of the seen classes as a linear layer:
    `fit_weights(np.c_[features_of_seen, np.zeros(len(seen))], seen)`.

    Example:
        >>> from kgzsl.graph.knowledge_graph import KnowledgeGraph
        >>> graph = KnowledgeGraph.from_tables(["cat", "dog", "lion"], [("lion", "related_to", "cat")])
        >>> features = np.array([[1.0, 0.0], [0.0, 1.0], [0.8, 0.6]], dtype=np.float32)
        >>> layer = np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]], dtype=np.float32)
        >>> model = CLIPStyle().fit(graph.index, features, Supervision(("cat", "dog"), layer, "linear"))
        >>> photograph = np.array([[3.0, 0.0, 1.0]], dtype=np.float32)
        >>> model.scores(photograph, graph.index, features, concepts=["lion", "dog"]).round(2)
        array([[80.,  0.]], dtype=float32)

    """

    scale: float = 100.0
    num_prompts: int = 1
    center: bool | None = None

    def __post_init__(self) -> None:
        require_settings(positive={"scale": self.scale}, counts={"num_prompts": self.num_prompts})

    def settled(self, fitted: "FittedCLIPStyle") -> "CLIPStyle":
        """The same method: nothing was chosen."""
        return self

    def fit(self, index: GraphIndex, features: FloatArray, supervision: Supervision) -> "FittedCLIPStyle":
        """Keep the mean of the seen classes' features.

        Raises `InputFormatError` if features are not `num_prompts` times as wide as inputs.
        """
        width = supervision.weights.shape[1] - (supervision.kind == "linear")
        rows = class_features(index, features, supervision.classes)
        if rows.shape[1] != self.num_prompts * width:
            asked = f"{self.num_prompts} prompts of {width:,}" if self.num_prompts > 1 else f"{width:,}"
            raise InputFormatError(
                f"features have {rows.shape[1]:,} columns, and inputs {width:,}: CLIP-style scores compare the two "
                f"directly and need {asked} columns from the same encoder pair; embed both with one pair, or take a "
                "method that learns a map between two spaces (eszsl, prototype)"
            )
        center = supervision.kind == "prototype" if self.center is None else self.center
        mean = average_prompts(rows, self.num_prompts).mean(axis=0) if center else np.zeros(width)
        report = {"scale": self.scale, "num_prompts": self.num_prompts, "centered": center, "chosen_by": "given"}
        return FittedCLIPStyle(supervision.classes, mean, self.scale, self.num_prompts, report)


@dataclass(frozen=True, eq=False)
class FittedCLIPStyle(Stored):
    """The mean that is taken off features, `feature_mean` `[dim]`: zeros where nothing is centred.

    >>> import numpy as np
    >>> from kgzsl.baselines import CLIPStyle
    >>> from kgzsl.contracts import Supervision
    >>> from kgzsl.testing import example_graph
    >>> features = np.eye(12, 2, dtype=np.float32)
    >>> layer = np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]], dtype=np.float32)
    >>> fitted = CLIPStyle().fit(example_graph().index, features, Supervision(("cat", "dog"), layer, "linear"))
    >>> fitted.feature_mean.shape
    (2,)
    """

    log_odds: ClassVar[bool] = True
    """Softmax of its scores is meant as it is."""

    classes: tuple[str, ...]
    feature_mean: Array
    scale: float
    num_prompts: int
    report: Mapping[str, Any] = field(default_factory=dict)

    def scores(
        self, inputs: FloatArray, index: GraphIndex, features: FloatArray, *, concepts: Sequence[str] | None = None
    ) -> FloatArray:
        """`scale` times cosines, `[num_samples, len(concepts)]`; all concepts of the index if none are named."""
        width = len(self.feature_mean)
        rows = class_features(index, features, concepts, dim=self.num_prompts * width)
        texts = unit_rows(average_prompts(rows, self.num_prompts) - self.feature_mean)
        return np.asarray(self.scale * unit_rows(inputs[:, :width].astype(np.float64)) @ texts.T, dtype=np.float32)


def average_prompts(rows: Array, num_prompts: int) -> Array:
    """Unit rows `[num_concepts, dim]`: the mean of `num_prompts` embeddings that stand side by side, each of length 1.

    Example:
        >>> average_prompts(np.array([[3.0, 0.0, 0.0, 5.0]]), 2).round(2)
        array([[0.71, 0.71]])

    """
    parts = np.split(rows, num_prompts, axis=1)
    return unit_rows(np.sum([unit_rows(part) for part in parts], axis=0))
