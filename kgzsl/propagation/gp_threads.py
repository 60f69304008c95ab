"""One thread for work that is made of many small matrix products."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock
from typing import Any

from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

__all__ = ["one_thread"]

_lock = Lock()
_state: dict[str, Any] = {"inside": 0, "limit": None}


@contextmanager
def one_thread() -> Iterator[None]:
    """Inside, BLAS does not share a product out to several threads; afterwards it does what it did before.

    Matrices of a few hundred rows gain nothing from it, and on a machine whose cores are taken the threads of one
    product wait for each other: a fit of 1.1 s took 70 to 180 s. The limit holds for the whole process, so threads
    that come in at the same time share one, and the last to leave lifts it.
    """
    with _lock:
        _state["inside"] += 1
        if _state["inside"] == 1:
            _state["limit"] = threadpool_limits(limits=1, user_api="blas")
    try:
        yield
    finally:
        with _lock:
            _state["inside"] -= 1
            if _state["inside"] == 0:
                _state["limit"].restore_original_limits()
