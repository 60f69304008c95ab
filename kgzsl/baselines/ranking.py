"""What DeViSE, ALE and SJE share: a bilinear form, a margin between the right class and others, and gradient steps.

The score of class y is F(x, y) = xᵀ W s_y. The slack of a wrong class y is max(0, margin + F(x, y) - F(x, own)); the
methods differ in what they make of the slacks.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from kgzsl.baselines.choosing import chosen_setting, each_map, left_out_features
from kgzsl.baselines.contract import class_features, showing_progress, unit_rows
from kgzsl.baselines.frames import InputFrame, framed_examples
from kgzsl.baselines.selection import ScoreTables, given_or, require_settings, seen_folds
from kgzsl.baselines.stored import LinearForms
from kgzsl.contracts import FloatArray, Supervision
from kgzsl.errors import NumericError
from kgzsl.graph.index import GraphIndex

__all__ = ["FittedRanking", "RankingBaseline", "descend", "slacks"]

Array = NDArray[np.float64]
IntArray = NDArray[np.int64]
Loss = Callable[[Array, IntArray], tuple[Array, Array]]
"""From scores `[num_samples, num_classes]` and own columns to losses `[num_samples]` and their gradient by scores."""

EPOCHS = (1, 2, 5, 10, 20)


@dataclass(frozen=True)
class RankingBaseline(ABC):
    """A bilinear form learned by stochastic gradient descent from W = 0, in steps of `batch_size` examples.

    The problem is convex, so it has no other starting point; chance only draws the order of the examples. Inputs and
    features are taken from their means and have unit length (inputs of kind "linear": on average). `learning_rate`
    and `epochs` that are None are chosen by zero-shot accuracy on the seen classes: each of `folds` groups in turn
    pretends to be unseen; of equally good settings, that with fewer epochs and then smaller steps wins.
    """

    margin: float = 1.0
    learning_rate: float | None = None
    epochs: int | None = None
    batch_size: int = 128
    folds: int = 3

    rates: ClassVar[tuple[float, ...]]
    """Learning rates to choose from, for a margin of 1."""

    def __post_init__(self) -> None:
        require_settings(
            positive={"margin": self.margin, "learning_rate": self.learning_rate},
            counts={"epochs": self.epochs, "batch_size": self.batch_size},
            folds=self.folds,
        )

    @abstractmethod
    def losses(self, scores: Array, labels: IntArray) -> tuple[Array, Array]:
        """Loss of each sample `[num_samples]`, and its gradient by the scores `[num_samples, num_classes]`."""

    def settled(self, fitted: "FittedRanking") -> Self:
        """The same method with the learning rate and the epochs that `fitted` chose."""
        return replace(self, learning_rate=fitted.report["learning_rate"], epochs=fitted.report["epochs"])

    @showing_progress
    def fit(self, index: GraphIndex, features: FloatArray, supervision: Supervision) -> "FittedRanking":
        """Choose what is None and descend.

        Raises `InputFormatError` without examples, and if something has to be chosen among fewer than four seen
        classes; `NumericError` if the steps are too large.
        """
        name = type(self).__name__
        frame, inputs, labels, rows = framed_examples(index, features, supervision, name)
        rates = given_or(self.learning_rate, [self.margin * rate for rate in self.rates])
        epochs = given_or(self.epochs, EPOCHS)
        report: dict[str, Any] = {"chosen_by": "given"}
        choice = (epochs[0], rates[0])
        if len(rates) > 1 or len(epochs) > 1:
            choice, report = self._choose(inputs, labels, rows, supervision.random_state, (rates, epochs))
        mean = rows.mean(axis=0)
        described = unit_rows(rows - mean)
        maps, curve = descend(
            inputs, labels, described, self.losses, choice[1], choice[:1], self.batch_size, supervision.random_state
        )
        return FittedRanking(
            classes=supervision.classes,
            compatibility=np.asarray(maps[0] / frame.scale),
            feature_mean=mean,
            input_mean=frame.mean,
            report={"method": name, "epochs": choice[0], "learning_rate": choice[1], "loss": curve, **report},
        )

    def _choose(
        self,
        inputs: FloatArray,
        labels: IntArray,
        rows: Array,
        random_state: int,
        candidates: tuple[Sequence[float], Sequence[int]],
    ) -> tuple[tuple[int, float], dict[str, Any]]:
        rates, epochs = candidates
        folds = seen_folds(len(rows), self.folds, random_state, advice="give learning_rate= and epochs=")

        def without(place: int) -> ScoreTables:
            rest, known, new = left_out_features(rows, folds[place])
            kept = np.flatnonzero(np.isin(labels, rest))
            own = np.searchsorted(rest, labels[kept])
            found = [
                descend(inputs[kept], own, known, self.losses, rate, epochs, self.batch_size, random_state)[0]
                for rate in rates
            ]
            return each_map(new @ maps[epoch].T for epoch in range(len(epochs)) for maps in found)

        settings = [(epoch, rate) for epoch in epochs for rate in rates]
        return chosen_setting(settings, inputs, labels, folds, without)


@dataclass(frozen=True, eq=False)
class FittedRanking(LinearForms):
    """The bilinear form W as `compatibility` `[dim, num_features]`, and the means that are taken off first.

    >>> import numpy as np
    >>> from kgzsl.baselines import ALE
    >>> from kgzsl.testing import example_graph, example_supervision
    >>> features = np.random.default_rng(0).normal(size=(12, 4)).astype(np.float32)
    >>> index, given = example_graph().index, example_supervision()
    >>> fitted = ALE(epochs=2).fit(index, features, given)
    >>> fitted.classes[:2], fitted.compatibility.shape
    (('cat', 'dog'), (5, 4))
    """

    classes: tuple[str, ...]
    compatibility: Array
    feature_mean: Array
    input_mean: Array
    report: Mapping[str, Any] = field(default_factory=dict)

    def weights(self, index: GraphIndex, features: FloatArray, *, concepts: Sequence[str] | None = None) -> FloatArray:
        """W s of each concept `[len(concepts), dim]`, not of unit length; all concepts of the index if none are named.

        Where inputs are centred, the score that the mean input would have is taken off the last column, which meets
        the inputs' constant 1.
        """
        rows = class_features(index, features, concepts, dim=self.compatibility.shape[1])
        forms = unit_rows(rows - self.feature_mean) @ self.compatibility.T
        return InputFrame(self.input_mean, 1.0).unframed(forms).astype(np.float32)


def slacks(scores: Array, labels: IntArray, margin: float) -> Array:
    """max(0, margin + score - own score) `[num_samples, num_classes]`; 0 for the own class."""
    samples = np.arange(len(labels))
    slack = np.maximum(margin + scores - scores[samples, labels][:, None], 0.0)
    slack[samples, labels] = 0.0
    return slack


def descend(
    inputs: FloatArray,
    labels: IntArray,
    described: Array,
    loss: Loss,
    rate: float,
    epochs: Sequence[int],
    batch_size: int,
    random_state: int,
) -> tuple[list[Array], list[float]]:
    """W `[dim, num_features]` after each of these numbers of epochs, ascending; and the mean loss of each epoch.

    W = A S with A `[dim, num_classes]`, as every step is of this form; a step then costs no product as wide as the
    features. The loss of a batch is taken before its step.
    """
    rng = np.random.default_rng(random_state)
    alike = described @ described.T
    steps = np.zeros((inputs.shape[1], len(described)))
    maps, curve = [], []
    for epoch in range(1, epochs[-1] + 1):
        order = rng.permutation(len(labels))
        with np.errstate(over="ignore", invalid="ignore"):  # what overflows is found below
            total = 0.0
            for start in range(0, len(order), batch_size):
                rows = order[start : start + batch_size]
                samples = inputs[rows].astype(np.float64)
                values, gradient = loss(samples @ (steps @ alike), labels[rows])
                total += float(values.sum())
                steps -= (rate / len(rows)) * (samples.T @ gradient)
        curve.append(total / len(labels))
        if not np.isfinite(curve[-1]) or not np.isfinite(steps).all():
            raise NumericError(f"the loss is {curve[-1]} at epoch {epoch}; lower learning_rate", epoch=epoch)
        if epoch in epochs:
            maps.append(steps @ described)
    return maps, curve
