"""What a baseline offers: scores of any concept for given inputs, without looking at an edge of the graph.

A baseline is fitted like a propagator (`kgzsl.contracts.Propagator`), with the index serving only to say which row of
the features belongs to which concept. What it gives is not always a classifier a class, so it is asked for scores.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from typing import Any, Protocol, Self, TypeVar, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from kgzsl.contracts import FloatArray, State, Supervision
from kgzsl.display.progress import shown
from kgzsl.errors import InputFormatError
from kgzsl.graph.index import GraphIndex

__all__ = ["Baseline", "FittedBaseline"]

Owner = TypeVar("Owner")
Fitted = TypeVar("Fitted")
Fit = Callable[[Owner, GraphIndex, FloatArray, Supervision], Fitted]


@runtime_checkable
class FittedBaseline(Protocol):
    """A function from (inputs, index, features) to scores; it holds parameters and no graph.

    One whose scores are log odds says so by `log_odds = True`: probabilities are then their softmax, where no examples
    are there to choose a temperature on.

    >>> import numpy as np
    >>> from kgzsl.baselines import ConSE, FittedBaseline
    >>> from kgzsl.testing import example_graph, example_supervision
    >>> features = np.eye(12, dtype=np.float32)
    >>> isinstance(ConSE().fit(example_graph().index, features, example_supervision()), FittedBaseline)
    True
    """

    classes: tuple[str, ...]
    report: Mapping[str, Any]

    def scores(
        self, inputs: FloatArray, index: GraphIndex, features: FloatArray, *, concepts: Sequence[str] | None = None
    ) -> FloatArray:
        """`[num_samples, len(concepts)]` for inputs prepared as the seen ones were; all concepts if none are named."""
        ...

    def state(self) -> State:
        """All that `from_state` needs to build an equal model."""
        ...

    @classmethod
    def from_state(cls, config: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> Self:
        """The model that `state` described."""
        ...


@runtime_checkable
class Baseline(Protocol):
    """Learns from the inputs of seen classes to score any concept that has features.

    >>> from kgzsl.baselines import Baseline, ConSE
    >>> isinstance(ConSE(), Baseline)
    True
    """

    def fit(self, index: GraphIndex, features: FloatArray, supervision: Supervision) -> FittedBaseline:
        """Learn; `features` `[num_concepts, dim]` in the order of the index."""
        ...


def showing_progress(fit: Fit[Owner, Fitted]) -> Fit[Owner, Fitted]:
    """A `fit` whose bars are shown as `Supervision.show_progress` says."""

    @wraps(fit)
    def shown_fit(self: Owner, index: GraphIndex, features: FloatArray, supervision: Supervision) -> Fitted:
        with shown(supervision.show_progress):
            return fit(self, index, features, supervision)

    return shown_fit


def class_features(
    index: GraphIndex, features: FloatArray, concepts: Sequence[str] | None, *, dim: int | None = None
) -> NDArray[np.float64]:
    """Rows of `features` for these concepts (None: all); `dim` is the width the model was fitted with."""
    if features.ndim != 2 or len(features) != index.num_concepts:
        raise InputFormatError(f"features have shape {features.shape}; the graph has {index.num_concepts:,} concepts")
    if dim is not None and features.shape[1] != dim:
        raise InputFormatError(f"features have {features.shape[1]:,} columns; the model was fitted with {dim:,}")
    rows = features if concepts is None else features[index.positions(concepts)]
    return np.asarray(rows, dtype=np.float64)


def labelled_inputs(supervision: Supervision, name: str, advice: str) -> tuple[FloatArray, NDArray[np.int64]]:
    """Inputs and labels of the seen classes, or an error that says what to do without them."""
    if supervision.inputs is None or supervision.labels is None or not len(supervision.labels):
        raise InputFormatError(
            f"{name} learns from the seen classes' examples, and only their weights are given; {advice}"
        )
    return supervision.inputs, supervision.labels


def unit_rows(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    """Rows of length 1; a row of zeros stays one."""
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return rows / np.where(lengths > 0, lengths, 1.0)
