"""What fitted baselines share: they become plain values and arrays and back, and most score by linear forms."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any, ClassVar, Self, TypeVar

import numpy as np
from numpy.typing import NDArray

from kgzsl.contracts import FloatArray, State
from kgzsl.errors import VersionError
from kgzsl.graph.index import GraphIndex

__all__ = ["LinearForms", "Stored", "model_of", "state_of"]

FORMAT = 1

Model = TypeVar("Model")


def state_of(model: Any) -> State:
    """The fields of a fitted dataclass: arrays by name, all others as JSON values beside the format's number."""
    config: dict[str, Any] = {"format": FORMAT}
    arrays: dict[str, NDArray[Any]] = {}
    for each in fields(model):
        value = getattr(model, each.name)
        if isinstance(value, np.ndarray):
            arrays[each.name] = value
        elif isinstance(value, Mapping):
            config[each.name] = dict(value)
        else:
            config[each.name] = list(value) if isinstance(value, tuple) else value
    return config, arrays


def model_of(kind: type[Model], config: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> Model:
    """The model of this kind that `state_of` described; `VersionError` for a format of another release."""
    if config["format"] != FORMAT:
        raise VersionError(kind.__name__, found=config["format"], supported=f"format {FORMAT}")
    values: dict[str, Any] = {name: value for name, value in config.items() if name != "format"}
    values["classes"] = tuple(values["classes"])
    return kind(**values, **{name: np.array(array) for name, array in arrays.items()})


class Stored:
    """A fitted dataclass that is stored by its fields."""

    def state(self) -> State:
        """Arrays by name; classes, settings and report as plain values."""
        return state_of(self)

    @classmethod
    def from_state(cls, config: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> Self:
        """The model that `state` described; `VersionError` for a format of another release."""
        return model_of(cls, config, arrays)


class LinearForms(Stored, ABC):
    """A fitted dataclass whose scores are linear in the inputs."""

    unit_rows: ClassVar[bool] = False
    """Weights keep their lengths: the score is the form itself, and unit rows would change the ranking."""

    @abstractmethod
    def weights(self, index: GraphIndex, features: FloatArray, *, concepts: Sequence[str] | None = None) -> FloatArray:
        """The form of each concept `[len(concepts), dim]`; all concepts of the index if none are named."""

    def scores(
        self, inputs: FloatArray, index: GraphIndex, features: FloatArray, *, concepts: Sequence[str] | None = None
    ) -> FloatArray:
        """The forms' values `[num_samples, len(concepts)]`; all concepts of the index if none are named."""
        return np.asarray(inputs @ self.weights(index, features, concepts=concepts).T, dtype=np.float32)
