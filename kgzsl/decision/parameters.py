"""The estimator's parameters as JSON values, and back."""

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np

from kgzsl.decision.propagators import PROPAGATORS
from kgzsl.propagation.gp_settings import GPSettings

__all__ = ["described_parameters", "restored_parameters"]

_OBJECT = "object"


class _NotPlainError(Exception):
    """A value that JSON has no word for."""


def described_parameters(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Those parameters that are plain values, or one of our propagators; all others are left out.

    Of `features` only a name is kept: data, a matrix as lists among them, are with the fitted encoder already. Arrays
    of numbers are never written.
    """
    found = {}
    for name, value in parameters.items():
        if name == "features" and not isinstance(value, str):
            continue
        try:
            found[name] = _described(value)
        except _NotPlainError:
            continue
    return found


def restored_parameters(described: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters that `described_parameters` described; what was a tuple or an array is a list."""
    return {name: _restored(value) for name, value in described.items()}


def _described(value: Any) -> Any:
    if isinstance(value, np.generic) or (isinstance(value, np.ndarray) and value.dtype.kind in "UO"):
        value = value.tolist()
    if value is None or isinstance(value, str | int | float | bool):
        return value
    if isinstance(value, list | tuple):
        return [_described(item) for item in value]
    name = type(value).__name__
    if _known(name) is not type(value):
        raise _NotPlainError
    fields = {each.name: _described(getattr(value, each.name)) for each in dataclasses.fields(value)}
    return {_OBJECT: name, "fields": fields}


def _restored(value: Any) -> Any:
    if isinstance(value, list):
        return [_restored(item) for item in value]
    if not isinstance(value, dict):
        return value
    fields = {name: _restored(field) for name, field in value["fields"].items()}
    return _known(value[_OBJECT])(**{n: tuple(v) if isinstance(v, list) else v for n, v in fields.items()})


def _known(name: str) -> Any:
    """One of our own classes by its name; no other is imported, as the networks bring PyTorch along."""
    if name == GPSettings.__name__:
        return GPSettings
    called = [known for known, place in PROPAGATORS.builtin.items() if place.endswith(f":{name}")]
    return PROPAGATORS.load(called[0]) if called else None
