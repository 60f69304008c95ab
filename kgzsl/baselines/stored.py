"""A fitted baseline as plain values and arrays, and back: what its fields hold, nothing more."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from kgzsl.contracts import State
from kgzsl.errors import VersionError

__all__ = ["model_of", "state_of"]

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
