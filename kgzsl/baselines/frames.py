"""Inputs of any kind as the iterative and the closed-form baselines want them: from their mean, of about length 1."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kgzsl.baselines.contract import class_features, labelled_inputs
from kgzsl.contracts import FloatArray, Supervision
from kgzsl.graph.index import GraphIndex

__all__ = ["InputFrame", "framed_examples"]

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class InputFrame:
    """`mean` `[dim]` is taken off inputs, which are then divided by `scale`.

    Inputs of kind "prototype" are centred and of unit length already and stay as they are: mean 0, scale 1. Those of
    kind "linear" are taken from the mean of the examples and divided by the root mean square of what is left; their
    constant 1 becomes 0 by that.
    """

    mean: Array
    scale: float

    @classmethod
    def of(cls, inputs: FloatArray, supervision: Supervision) -> "InputFrame":
        """The frame of these examples."""
        if supervision.kind == "prototype":
            return cls(np.zeros(inputs.shape[1]), 1.0)
        mean = inputs.mean(axis=0, dtype=np.float64)
        mean[-1] = 1.0
        spread = float(np.sqrt(inputs.var(axis=0, dtype=np.float64).sum()))
        return cls(mean, spread or 1.0)

    def framed(self, inputs: FloatArray) -> FloatArray:
        """The inputs in this frame, in single precision; the array itself where nothing is to be done."""
        if self.scale == 1.0 and not self.mean.any():
            return inputs
        return np.asarray((inputs - self.mean) / self.scale, dtype=np.float32)

    def unframed(self, rows: Array) -> Array:
        """Linear forms of framed inputs as forms of inputs as given: their constants go to the last column."""
        weights = np.asarray(rows / self.scale, dtype=np.float64)
        offsets = weights @ self.mean
        weights[:, -1] -= offsets  # the inputs' constant 1; offsets are 0 where there is none
        return weights


def framed_examples(
    index: GraphIndex, features: FloatArray, supervision: Supervision, name: str
) -> tuple[InputFrame, FloatArray, NDArray[np.int64], Array]:
    """(frame, examples in it, their labels, features of the seen classes); `InputFormatError` without examples."""
    given, labels = labelled_inputs(supervision, name, "fit it on examples")
    frame = InputFrame.of(given, supervision)
    return frame, frame.framed(given), labels, class_features(index, features, supervision.classes)
