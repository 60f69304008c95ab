"""Prototype: the mean of an unseen class, regressed from its features; the nearest one wins."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kgzsl.baselines.choosing import chosen_setting, each_map, left_out_features
from kgzsl.baselines.contract import class_features, labelled_inputs, showing_progress, unit_rows
from kgzsl.baselines.selection import ScoreTables, require_settings, seen_folds
from kgzsl.baselines.stored import Stored
from kgzsl.contracts import FloatArray, Supervision
from kgzsl.graph.index import GraphIndex

__all__ = ["FittedPrototype", "Prototype"]

Array = NDArray[np.float64]

RIDGES = tuple(10.0 ** (power / 2) for power in range(-6, 5))


@dataclass(frozen=True)
class Prototype:
    """Gives a concept the mean that ridge regression from its features predicts; inputs go to the nearest by cosine.

    Snell, Swersky and Zemel, "Prototypical networks for few-shot learning", NIPS 2017: in zero-shot learning, the
    prototype of a class is a map of its meta-data, c_k = g(v_k). Here g is linear and has a closed form, c = m + Vᵀs
    with V = (SᵀS + λI)^-1 Sᵀ(C - m), C being the targets of the seen classes with mean m, S their features from their
    mean and of unit length. `ridge` is λ in units of the mean eigenvalue of SᵀS; None chooses it by zero-shot accuracy:
    each of `folds` groups of seen classes in turn pretends to be unseen; of equally good ones, the strongest wins.

    Where we differ from the paper: inputs are not embedded by a network trained for this. Seen classes keep their own
    means. With targets of kind "linear", what is generated are their weights instead of means.

    Example:
        >>> from kgzsl.graph.knowledge_graph import KnowledgeGraph
        >>> graph = KnowledgeGraph.from_tables(["cat", "dog", "lion"], [("lion", "related_to", "cat")])
        >>> features = np.array([[1.0, 0.0], [0.0, 1.0], [0.9, 0.1]], dtype=np.float32)
        >>> supervision = Supervision(("cat", "dog"), np.eye(2, dtype=np.float32), "prototype")
        >>> model = Prototype(ridge=0.1).fit(graph.index, features, supervision)
        >>> model.weights(graph.index, features, concepts=["lion"]).round(2)
        array([[1.  , 0.02]], dtype=float32)

    """

    ridge: float | None = None
    folds: int = 5

    def __post_init__(self) -> None:
        require_settings(positive={"ridge": self.ridge}, folds=self.folds)

    def settled(self, fitted: "FittedPrototype") -> "Prototype":
        """The same method with the ridge that `fitted` chose."""
        return replace(self, ridge=fitted.report["ridge"])

    @showing_progress
    def fit(self, index: GraphIndex, features: FloatArray, supervision: Supervision) -> "FittedPrototype":
        """Choose the ridge and solve.

        Raises `InputFormatError` if a ridge has to be chosen without examples or among fewer than four classes.
        """
        rows = class_features(index, features, supervision.classes)
        targets = supervision.weights.astype(np.float64)
        report: dict[str, Any] = {"ridge": self.ridge, "chosen_by": "given"}
        if self.ridge is None:
            report = self._choose(rows, targets, supervision)
        mean, origin = rows.mean(axis=0), targets.mean(axis=0)
        (regression,) = regressions(unit_rows(rows - mean), targets - origin, [report["ridge"]])
        return FittedPrototype(supervision.classes, regression, mean, origin, report)

    def _choose(self, rows: Array, targets: Array, supervision: Supervision) -> dict[str, Any]:
        inputs, labels = labelled_inputs(supervision, "Prototype", "give ridge=")
        folds = seen_folds(len(rows), self.folds, supervision.random_state, advice="give ridge=")

        def without(place: int) -> ScoreTables:
            rest, known, new = left_out_features(rows, folds[place])
            origin = targets[rest].mean(axis=0)
            found = regressions(known, targets[rest] - origin, RIDGES)
            return each_map(unit_rows(origin + new @ regression) for regression in found)

        ridge, report = chosen_setting(RIDGES, inputs, labels, folds, without, prefers_last=True)
        return {"ridge": ridge, **report}


@dataclass(frozen=True, eq=False)
class FittedPrototype(Stored):
    """The map from features to means as `regression` `[num_features, dim]`, and the mean of both sides.

    >>> import numpy as np
    >>> from kgzsl.baselines import Prototype
    >>> from kgzsl.testing import example_graph, example_supervision
    >>> features = np.random.default_rng(0).normal(size=(12, 4)).astype(np.float32)
    >>> index, given = example_graph().index, example_supervision()
    >>> fitted = Prototype().fit(index, features, given)
    >>> fitted.classes[:2], fitted.regression.shape
    (('cat', 'dog'), (4, 5))
    """

    classes: tuple[str, ...]
    regression: Array
    feature_mean: Array
    target_mean: Array
    report: Mapping[str, Any] = field(default_factory=dict)

    def weights(self, index: GraphIndex, features: FloatArray, *, concepts: Sequence[str] | None = None) -> FloatArray:
        """Generated means as unit rows `[len(concepts), dim]`; all concepts of the index if none are named.

        Of seen classes too: their own means are with whoever gave them.
        """
        rows = class_features(index, features, concepts, dim=len(self.feature_mean))
        generated = self.target_mean + unit_rows(rows - self.feature_mean) @ self.regression
        return unit_rows(generated).astype(np.float32)


def regressions(described: Array, targets: Array, ridges: Sequence[float]) -> list[Array]:
    """(SᵀS + λI)^-1 SᵀC `[num_features, dim]` for each ridge, λ in units of the mean eigenvalue of SᵀS."""
    left, singular, right = np.linalg.svd(described, full_matrices=False)
    unit = float(singular @ singular) / described.shape[1] or 1.0
    turned = left.T @ targets
    return [(right.T * (singular / (singular**2 + ridge * unit))) @ turned for ridge in ridges]
