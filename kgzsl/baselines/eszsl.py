"""ESZSL: one bilinear map between inputs and class features, in closed form."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kgzsl.baselines.choosing import chosen_setting
from kgzsl.baselines.contract import class_features, labelled_inputs, showing_progress, unit_rows
from kgzsl.baselines.eszsl_solution import Moments, Ridges, Spectrum
from kgzsl.baselines.frames import InputFrame
from kgzsl.baselines.selection import ScoreTables, given_or, require_settings, seen_folds
from kgzsl.baselines.stored import LinearForms
from kgzsl.contracts import FloatArray, Supervision
from kgzsl.graph.index import GraphIndex

__all__ = ["ESZSL", "FittedESZSL"]

INPUT_RIDGES = tuple(10.0**power for power in range(-3, 3))
FEATURE_RIDGES = tuple(10.0 ** (power / 2) for power in range(-4, 5))


@dataclass(frozen=True)
class ESZSL:
    """Scores a concept with features s by xᵀVs, V = (XXᵀ + γI)^-1 X Y Sᵀ (SSᵀ + λI)^-1, Y in {-1, 1}.

    Romera-Paredes and Torr, "An embarrassingly simple approach to zero-shot learning", ICML 2015. X are the examples
    of the seen classes, S their features with rows of unit length. `input_ridge` and `feature_ridge` are γ and λ in
    units of the mean eigenvalue of XXᵀ and of SSᵀ. What is None is chosen by zero-shot accuracy: each of `folds`
    groups of seen classes in turn pretends to be unseen, and the setting with the best mean per-class accuracy wins;
    of equally good ones, that with the stronger ridges. Fewer folds are made if there are fewer than two classes for
    each.

    Where we differ from the paper: with `center`, features are taken from the mean of the seen classes, and inputs from
    the mean of the examples if they are not centred yet (kind "linear"). Y is -1 almost everywhere, and without
    centring V spends itself on that constant.

    Example:
        >>> from kgzsl.graph.knowledge_graph import KnowledgeGraph
        >>> graph = KnowledgeGraph.from_tables(["cat", "dog", "lion"], [("lion", "related_to", "cat")])
        >>> features = np.array([[1.0, 0.0], [0.0, 1.0], [0.9, 0.1]], dtype=np.float32)
        >>> targets = np.eye(2, dtype=np.float32)
        >>> supervision = Supervision(("cat", "dog"), targets, "prototype", inputs=targets, labels=np.array([0, 1]))
        >>> model = ESZSL(input_ridge=1.0, feature_ridge=1.0).fit(graph.index, features, supervision)
        >>> model.scores(targets, graph.index, features, concepts=["lion", "dog"]).round(2)
        array([[ 0.33, -0.33],
               [-0.33,  0.33]], dtype=float32)

    """

    input_ridge: float | None = None
    feature_ridge: float | None = None
    center: bool = True
    folds: int = 5

    def __post_init__(self) -> None:
        ridges = {"input_ridge": self.input_ridge, "feature_ridge": self.feature_ridge}
        require_settings(positive=ridges, folds=self.folds)

    def settled(self, fitted: "FittedESZSL") -> "ESZSL":
        """The same method with the ridges that `fitted` chose."""
        return replace(self, input_ridge=fitted.report["input_ridge"], feature_ridge=fitted.report["feature_ridge"])

    @showing_progress
    def fit(self, index: GraphIndex, features: FloatArray, supervision: Supervision) -> "FittedESZSL":
        """Choose the ridges on the seen classes and solve: an eigenvalue problem of the inputs' width for each fold.

        Raises `InputFormatError` without examples, and if ridges have to be chosen among fewer than four seen classes.
        """
        inputs, labels = labelled_inputs(supervision, "ESZSL", "fit it on examples")
        described = class_features(index, features, supervision.classes)
        move_inputs = self.center and supervision.kind == "linear"
        if self.input_ridge is not None and self.feature_ridge is not None:
            ridges, report = (self.input_ridge, self.feature_ridge), {"chosen_by": "given"}
        else:
            advice = "give input_ridge= and feature_ridge="
            folds = seen_folds(len(described), self.folds, supervision.random_state, advice=advice)
            ridges, report = self._choose(inputs, labels, described, folds, move_inputs)
        everyone = np.arange(len(described))
        spectrum = Spectrum.of(
            Moments.of(inputs, labels, [everyone]),
            described,
            everyone,
            center=self.center,
            move_inputs=move_inputs,
        )
        return FittedESZSL(
            classes=supervision.classes,
            compatibility=spectrum.solve(ridges).astype(np.float32),
            feature_mean=spectrum.feature_mean.astype(np.float32),
            input_mean=spectrum.input_mean.astype(np.float32),
            report={"input_ridge": ridges[0], "feature_ridge": ridges[1], **report},
        )

    def _choose(
        self,
        inputs: FloatArray,
        labels: NDArray[np.int64],
        described: NDArray[np.float64],
        folds: Sequence[NDArray[np.int64]],
        move_inputs: bool,
    ) -> tuple[Ridges, dict[str, Any]]:
        input_ridges = given_or(self.input_ridge, INPUT_RIDGES)
        feature_ridges = given_or(self.feature_ridge, FEATURE_RIDGES)
        moments = Moments.of(inputs, labels, folds)

        def without(place: int) -> ScoreTables:
            rest = np.setdiff1d(np.arange(len(described)), folds[place])
            spectrum = Spectrum.of(
                moments, described, rest, left_out=place, center=self.center, move_inputs=move_inputs
            )
            return lambda rows: spectrum.scores(rows, described[folds[place]], input_ridges, feature_ridges)

        settings = list(product(input_ridges, feature_ridges))
        return chosen_setting(settings, inputs, labels, folds, without, prefers_last=True)


@dataclass(frozen=True, eq=False)
class FittedESZSL(LinearForms):
    """ESZSL with its map: `compatibility` V `[dim, num_features]` and the means that are taken off first.

    >>> import numpy as np
    >>> from kgzsl.baselines import ESZSL
    >>> from kgzsl.testing import example_graph, example_supervision
    >>> features = np.random.default_rng(0).normal(size=(12, 4)).astype(np.float32)
    >>> index, given = example_graph().index, example_supervision()
    >>> fitted = ESZSL().fit(index, features, given)
    >>> fitted.classes[:2], fitted.compatibility.shape
    (('cat', 'dog'), (5, 4))
    """

    classes: tuple[str, ...]
    compatibility: FloatArray
    feature_mean: FloatArray
    input_mean: FloatArray
    report: Mapping[str, Any] = field(default_factory=dict)

    def weights(self, index: GraphIndex, features: FloatArray, *, concepts: Sequence[str] | None = None) -> FloatArray:
        """V s of each concept, `[len(concepts), dim]`, not of unit length; all concepts of the index if none are named.

        Where inputs are centred, the score that the mean input would have is taken off the last column, which meets
        the inputs' constant 1.
        """
        described = class_features(index, features, concepts, dim=self.compatibility.shape[1])
        forms = unit_rows(described - self.feature_mean) @ self.compatibility.T.astype(np.float64)
        return InputFrame(self.input_mean.astype(np.float64), 1.0).unframed(forms).astype(np.float32)
