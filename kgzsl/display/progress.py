"""A progress bar for anything that may take more than two seconds."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from kgzsl.display.progress_notebook import NotebookBar

__all__ = ["Advance", "progress"]

_DELAY_S = 2.0


class Advance(Protocol):
    """Tell the bar that `steps` more steps are done; `note` is shown behind it."""

    def __call__(self, steps: int = 1, note: str = "") -> None: ...


def _is_terminal() -> bool:
    return sys.stderr is not None and sys.stderr.isatty()


def _is_notebook() -> bool:
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    return shell is not None and type(shell).__name__ == "ZMQInteractiveShell"


@contextmanager
def progress(total: int, description: str, *, show: bool | None = None) -> Iterator[Advance]:
    """A bar of `total` steps on standard error, seen only if the work takes over two seconds.

    `show=None` draws in a terminal or notebook and stays silent in a pipe; `False` never draws, `True` always. In a
    notebook it stands in the output of the cell while the work goes on, and leaves nothing there.
    The value of the `with` is the function that advances it.

    >>> with progress(3, "counting") as advance:
    ...     for _ in range(3):
    ...         advance()
    """
    in_notebook = _is_notebook()
    if not (in_notebook or _is_terminal() if show is None else show):
        yield lambda steps=1, note="": None
    elif in_notebook:
        with _in_notebook(total, description, at_once=show is True) as advance:
            yield advance
    else:
        with _in_terminal(total, description, at_once=show is True) as advance:
            yield advance


@contextmanager
def _in_notebook(total: int, description: str, *, at_once: bool) -> Iterator[Advance]:
    bar = NotebookBar(total, description)
    started = time.monotonic()

    def advance(steps: int = 1, note: str = "") -> None:
        bar.done, bar.note = bar.done + steps, note
        if at_once or time.monotonic() - started > _DELAY_S:
            bar.draw()

    try:
        yield advance
    finally:
        bar.stop()


@contextmanager
def _in_terminal(total: int, description: str, *, at_once: bool) -> Iterator[Advance]:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.completed:,.0f}/{task.total:,.0f}"))
    bar = Progress(*columns, TimeRemainingColumn(), TextColumn("{task.fields[note]}"), console=Console(stderr=True))
    task = bar.add_task(description, total=total, note="")
    started, drawn = time.monotonic(), False

    def advance(steps: int = 1, note: str = "") -> None:
        nonlocal drawn
        bar.update(task, advance=steps, note=note)
        if not drawn and (at_once or time.monotonic() - started > _DELAY_S):
            bar.start()
            drawn = True

    try:
        yield advance
    finally:
        if drawn:
            bar.stop()
