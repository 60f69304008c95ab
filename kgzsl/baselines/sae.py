"""SAE: one map from inputs to class features, whose transpose leads back."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from kgzsl.baselines.choosing import chosen_setting, each_map, left_out_features
from kgzsl.baselines.contract import class_features, showing_progress, unit_rows
from kgzsl.baselines.eszsl_solution import Moments
from kgzsl.baselines.frames import InputFrame, framed_examples
from kgzsl.baselines.selection import ScoreTables, given_or, require_settings, seen_folds
from kgzsl.baselines.stored import LinearForms
from kgzsl.contracts import FloatArray, Supervision
from kgzsl.errors import InputFormatError
from kgzsl.graph.index import GraphIndex

__all__ = ["SAE", "FittedSAE"]

Array = NDArray[np.float64]
IntArray = NDArray[np.int64]
Direction = Literal["encode", "decode"]

PENALTIES = tuple(10.0 ** (power / 2) for power in range(-6, 7))
DIRECTIONS: tuple[Direction, ...] = ("encode", "decode")


@dataclass(frozen=True)
class SAE:
    """Encodes inputs by W and decodes class features by Wᵀ; W solves the Sylvester equation AW + WB = C.

    Kodirov, Xiang and Gong, "Semantic autoencoder for zero-shot learning", CVPR 2017: A = SSᵀ, B =
    λXXᵀ, C = (1 + λ)SXᵀ, with X the examples and S the features of their classes, a column each. `penalty` is λ in
    units of tr(SSᵀ) / tr(XXᵀ). With `direction` "encode" an input is compared with concepts as Wx with s, with "decode"
    as x with Wᵀs, both by cosine. What is None is chosen by zero-shot accuracy: each of `folds` groups of seen classes
    in turn pretends to be unseen; of equally good settings, the first of ascending penalties, "encode" first.

    Where we differ from the paper: features are taken from the mean of the seen classes and have unit length. In
    "encode" the length of Wx, which the scores of one input share, is left out: scores are linear and rank alike.

    Example:
        >>> from kgzsl.graph.knowledge_graph import KnowledgeGraph
        >>> graph = KnowledgeGraph.from_tables(["cat", "dog", "lion"], [("lion", "related_to", "cat")])
        >>> features = np.array([[1.0, 0.0], [0.0, 1.0], [0.9, 0.1]], dtype=np.float32)
        >>> targets = np.eye(2, dtype=np.float32)
        >>> supervision = Supervision(("cat", "dog"), targets, "prototype", inputs=targets, labels=np.array([0, 1]))
        >>> model = SAE(penalty=1.0, direction="decode").fit(graph.index, features, supervision)
        >>> model.scores(targets, graph.index, features, concepts=["lion", "dog"]).round(2)
        array([[ 0.71, -0.71],
               [-0.71,  0.71]], dtype=float32)

    """

    penalty: float | None = None
    direction: Direction | None = None
    folds: int = 5

    def __post_init__(self) -> None:
        require_settings(positive={"penalty": self.penalty}, folds=self.folds)
        if self.direction not in (None, *DIRECTIONS):
            raise InputFormatError(f'direction is "encode", "decode" or None, not {self.direction!r}')

    def settled(self, fitted: "FittedSAE") -> "SAE":
        """The same method with the penalty and the direction that `fitted` chose."""
        return replace(self, penalty=fitted.report["penalty"], direction=fitted.direction)

    @showing_progress
    def fit(self, index: GraphIndex, features: FloatArray, supervision: Supervision) -> "FittedSAE":
        """Choose what is None and solve the equation: two eigenvalue problems, whatever the number of penalties.

        Raises `InputFormatError` without examples, and if something has to be chosen among fewer than four classes.
        """
        frame, inputs, labels, rows = framed_examples(index, features, supervision, "SAE")
        penalties, directions = given_or(self.penalty, PENALTIES), given_or(self.direction, DIRECTIONS)
        choice, report = (penalties[0], directions[0]), {"chosen_by": "given"}
        if len(penalties) > 1 or len(directions) > 1:
            choice, report = self._choose(inputs, labels, rows, supervision.random_state, (penalties, directions))
        everyone = np.arange(len(rows))
        mean = rows.mean(axis=0)
        moments = Moments.of(inputs, labels, [everyone])
        equation = SylvesterEquation.of(moments, unit_rows(rows - mean), everyone)
        return FittedSAE(
            classes=supervision.classes,
            encoder=equation.solve(choice[0]),
            feature_mean=mean,
            input_mean=frame.mean,
            input_scale=frame.scale,
            direction=choice[1],
            report={"penalty": choice[0], "direction": choice[1], **report},
        )

    def _choose(
        self,
        inputs: FloatArray,
        labels: IntArray,
        rows: Array,
        random_state: int,
        candidates: tuple[Sequence[float], Sequence[Direction]],
    ) -> tuple[tuple[float, Direction], dict[str, Any]]:
        folds = seen_folds(len(rows), self.folds, random_state, advice="give penalty= and direction=")
        moments = Moments.of(inputs, labels, folds)
        settings = [(penalty, direction) for penalty in candidates[0] for direction in candidates[1]]

        def without(place: int) -> ScoreTables:
            rest, known, new = left_out_features(rows, folds[place])
            equation = SylvesterEquation.of(moments, known, rest, left_out=place)
            forms = [new @ equation.solve(penalty) for penalty in candidates[0]]
            return each_map(unit_rows(form) if way == "decode" else form for form in forms for way in candidates[1])

        return chosen_setting(settings, inputs, labels, folds, without)


@dataclass(frozen=True, eq=False)
class SylvesterEquation:
    """A, B / λ and C / (1 + λ) with the eigenvectors of the first two, which make W a quotient of numbers."""

    feature_products: Array
    input_products: Array
    mixed: Array
    feature_values: Array
    feature_basis: Array
    input_values: Array
    input_basis: Array

    @classmethod
    def of(
        cls, moments: Moments, described: Array, classes: IntArray, *, left_out: int | None = None
    ) -> "SylvesterEquation":
        """`described` are the features of `classes`, those that train; their examples are all groups but `left_out`."""
        inputs = sum((part for place, part in enumerate(moments.products) if place != left_out), np.zeros(()))
        products = (described.T * moments.counts[classes]) @ described
        mixed = described.T @ moments.sums[classes]
        return cls(products, np.asarray(inputs), mixed, *np.linalg.eigh(products), *np.linalg.eigh(inputs))

    def strength(self, penalty: float) -> float:
        """λ for a penalty in units of tr(SSᵀ) / tr(XXᵀ)."""
        traces = np.trace(self.feature_products), np.trace(self.input_products)
        return penalty * float(traces[0] / traces[1]) if min(traces) > 0 else penalty

    def solve(self, penalty: float) -> Array:
        """W `[num_features, dim]`, the shortest solution where there are many."""
        lam = self.strength(penalty)
        sums = np.maximum(self.feature_values, 0.0)[:, None] + lam * np.maximum(self.input_values, 0.0)
        turned = (1 + lam) * self.feature_basis.T @ self.mixed @ self.input_basis
        # where both eigenvalues are 0 but for rounding, so is the right side
        is_known = sums > sums.max(initial=0.0) * 1e-13
        quotient = np.divide(turned, sums, out=np.zeros_like(turned), where=is_known)
        return np.asarray(self.feature_basis @ quotient @ self.input_basis.T)


@dataclass(frozen=True, eq=False)
class FittedSAE(LinearForms):
    """W as `encoder` `[num_features, dim]`, for inputs less their mean over the scale and features less theirs.

    >>> import numpy as np
    >>> from kgzsl.baselines import SAE
    >>> from kgzsl.testing import example_graph, example_supervision
    >>> features = np.random.default_rng(0).normal(size=(12, 4)).astype(np.float32)
    >>> index, given = example_graph().index, example_supervision()
    >>> fitted = SAE().fit(index, features, given)
    >>> fitted.classes[:2], fitted.encoder.shape
    (('cat', 'dog'), (4, 5))
    """

    classes: tuple[str, ...]
    encoder: Array
    feature_mean: Array
    input_mean: Array
    input_scale: float
    direction: Direction
    report: Mapping[str, Any] = field(default_factory=dict)

    def weights(self, index: GraphIndex, features: FloatArray, *, concepts: Sequence[str] | None = None) -> FloatArray:
        """Wᵀs of each concept `[len(concepts), dim]`, of unit length in "decode"; all concepts if none are named.

        With inputs of kind "linear" they are taken off the inputs' mean, by the last column.
        """
        rows = class_features(index, features, concepts, dim=len(self.feature_mean))
        forms = unit_rows(rows - self.feature_mean) @ self.encoder
        forms = unit_rows(forms) if self.direction == "decode" else forms
        return InputFrame(self.input_mean, self.input_scale).unframed(forms).astype(np.float32)
