"""Loops that are compiled when they are first called, or run as the Python they are."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property, update_wrapper
from types import FunctionType
from typing import Any, Generic, ParamSpec, TypeVar

__all__ = ["Kernel", "kernel"]

_Arguments = ParamSpec("_Arguments")
_Result = TypeVar("_Result")


class Kernel(Generic[_Arguments, _Result]):
    """A function over arrays and numbers, compiled by numba on the first call and kept on disk.

    Without numba the same lines run as Python: slower, same answers. `python` is the function as it was written.
    A kernel may call the kernels of its own file; those of others are not seen to change by the cache.
    """

    def __init__(self, function: Callable[_Arguments, _Result]) -> None:
        self.python = function
        self._compiled: Callable[_Arguments, _Result] | None = None
        update_wrapper(self, function)

    def __call__(self, *args: _Arguments.args, **kwargs: _Arguments.kwargs) -> _Result:
        return (self._compiled or self.compiled)(*args, **kwargs)

    @cached_property
    def interpreted(self) -> Callable[_Arguments, _Result]:
        """`python`, calling the Python of other kernels too: for a question that is not worth compiling for."""
        called = {name: found.interpreted for name, found in _called(self.python)}
        return _calling(self.python, called) if called else self.python

    @property
    def is_compiled(self) -> bool:
        """Whether it has been compiled, or found to be left as Python."""
        return self._compiled is not None

    @property
    def compiled(self) -> Callable[_Arguments, _Result]:
        """The function to call: numba's, or `python` where there is no numba."""
        if self._compiled is None:
            self._compiled = _compile(self.python)
        return self._compiled


def kernel(function: Callable[_Arguments, _Result]) -> Kernel[_Arguments, _Result]:
    """Make a `Kernel` of a function: arrays and numbers in and out, no objects.

    >>> import numpy as np
    >>> @kernel
    ... def total(values):
    ...     added = 0
    ...     for value in values:
    ...         added += value
    ...     return added
    >>> int(total.python(np.arange(4)))
    6
    """
    return Kernel(function)


def _called(function: Callable[..., Any]) -> list[tuple[str, Kernel[..., Any]]]:
    found = ((name, function.__globals__.get(name)) for name in function.__code__.co_names)
    return [(name, other) for name, other in found if isinstance(other, Kernel)]


def _calling(function: Callable[_Arguments, _Result], called: dict[str, Callable[..., Any]]) -> Any:
    """The function with others under the names that it calls."""
    plain = FunctionType(function.__code__, {**function.__globals__, **called}, function.__name__)
    plain.__qualname__, plain.__module__ = function.__qualname__, function.__module__
    return plain


def _compile(function: Callable[_Arguments, _Result]) -> Callable[_Arguments, _Result]:
    try:
        import numba  # 0.4 s: only for those who ask
    except ImportError:
        return function
    called = {name: found.compiled for name, found in _called(function)}
    plain: Any = _calling(function, called) if called else function  # numba sees functions where Python sees kernels
    try:
        return numba.njit(plain, cache=True, nogil=True)  # type: ignore[no-any-return]
    except RuntimeError:  # no directory may be written to
        return numba.njit(plain, nogil=True)  # type: ignore[no-any-return]
