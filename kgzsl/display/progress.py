"""A progress bar for anything that may take more than two seconds."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

__all__ = ["Advance", "progress"]

_DELAY_S = 2.0


class Advance(Protocol):
    """Tell the bar that `steps` more steps are done; `note` is shown behind it."""

    def __call__(self, steps: int = 1, note: str = "") -> None: ...


def _is_watched() -> bool:
    """Whether a person looks on: a terminal, or a notebook."""
    if sys.stderr is not None and sys.stderr.isatty():
        return True
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    return shell is not None and type(shell).__name__ == "ZMQInteractiveShell"


@contextmanager
def progress(total: int, description: str, *, show: bool | None = None) -> Iterator[Advance]:
    """A bar of `total` steps on standard error, seen only if the work takes over two seconds.

    `show=None` draws in a terminal or notebook and stays silent in a pipe; `False` never draws, `True` always.
    The value of the `with` is the function that advances it.

    >>> with progress(3, "counting") as advance:
    ...     for _ in range(3):
    ...         advance()
    """
    watched = _is_watched() if show is None else show
    if not watched:
        yield lambda steps=1, note="": None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.completed:,.0f}/{task.total:,.0f}"))
    bar = Progress(*columns, TimeRemainingColumn(), TextColumn("{task.fields[note]}"), console=Console(stderr=True))
    task = bar.add_task(description, total=total, note="")
    started, drawn = time.monotonic(), False

    def advance(steps: int = 1, note: str = "") -> None:
        nonlocal drawn
        bar.update(task, advance=steps, note=note)
        if not drawn and (show is True or time.monotonic() - started > _DELAY_S):
            bar.start()
            drawn = True

    try:
        yield advance
    finally:
        if drawn:
            bar.stop()
