"""One thread for training that is made of many small tensor operations."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock
from typing import Any

import torch

__all__ = ["one_torch_thread"]

_lock = Lock()
_state: dict[str, Any] = {"inside": 0, "before": 1}


@contextmanager
def one_torch_thread() -> Iterator[None]:
    """Inside, PyTorch does not share an operation out to several threads; afterwards it does what it did before.

    Small operations gain nothing from it, and on a machine whose cores are taken the threads of one operation wait for
    each other. The setting is the process's, so trainings that run at the same time share one.
    """
    with _lock:
        if not _state["inside"]:
            _state["before"] = torch.get_num_threads()
        _state["inside"] += 1
        torch.set_num_threads(1)
    try:
        yield
    finally:
        with _lock:
            _state["inside"] -= 1
            # every thread lifts its own limit: to OpenMP the number belongs to the thread that set it
            torch.set_num_threads(_state["before"])
