"""Whole numbers that callers give: how many, and from which random state."""

from collections.abc import Iterable
from numbers import Integral
from typing import Any

from kgzsl.errors import InputFormatError

__all__ = ["checked_count", "checked_seed", "checked_seeds"]


def _is_whole(value: Any) -> bool:
    return isinstance(value, Integral) and not isinstance(value, bool)


def checked_count(value: Any, name: str, *, least: int = 1) -> int:
    """The number itself if it is whole and at least `least`; else `InputFormatError` that names the argument.

    >>> checked_count(3, "num_draws")
    3
    >>> checked_count(0, "num_draws")
    Traceback (most recent call last):
        ...
    kgzsl.errors.InputFormatError: num_draws is an integer from 1 on, not 0
    """
    if not _is_whole(value) or value < least:
        raise InputFormatError(f"{name} is an integer from {least} on, not {value!r}")
    return int(value)


def checked_seed(random_state: Any) -> int:
    """The number that randomness starts from, 0 for None; else `InputFormatError`.

    >>> checked_seed(None), checked_seed(7)
    (0, 7)
    >>> checked_seed(-1)
    Traceback (most recent call last):
        ...
    kgzsl.errors.InputFormatError: random_state is None or a whole number from 0 on, not -1
    """
    if random_state is None:
        return 0
    if not _is_whole(random_state) or random_state < 0:
        raise InputFormatError(f"random_state is None or a whole number from 0 on, not {random_state!r}")
    return int(random_state)


def checked_seeds(seeds: Any) -> tuple[int, ...]:
    """The random states of several runs; `InputFormatError` if they are no list of whole numbers from 0 on.

    >>> checked_seeds(range(3))
    (0, 1, 2)
    """
    held = None if isinstance(seeds, str) or not isinstance(seeds, Iterable) else list(seeds)
    if held is None or any(not _is_whole(seed) or seed < 0 for seed in held):
        raise InputFormatError(f"seeds is a list of whole numbers from 0 on, such as [0, 1, 2], not {seeds!r}")
    return tuple(int(seed) for seed in held)
