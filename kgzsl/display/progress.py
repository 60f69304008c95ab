"""A progress bar for anything that may take more than two seconds."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass
from threading import Lock, Timer
from typing import Any, Protocol, TypeVar

from kgzsl.display.progress_notebook import NotebookBar
from kgzsl.display.text import escape_text
from kgzsl.errors import InputFormatError

__all__ = ["Advance", "progress", "shown", "silent", "steps"]

Item = TypeVar("Item")

_DELAY_S = 2.0


class Advance(Protocol):
    """Tell the bar that `steps` more steps are done; `note` is shown behind it."""

    def __call__(self, steps: int = 1, note: str = "") -> None: ...


class _Screen(Protocol):
    """Where bars are drawn, one below the other."""

    def add(self, total: int, description: str) -> int: ...
    def advance(self, task: int, steps: int, note: str) -> None: ...
    def remove(self, task: int) -> None: ...
    def close(self) -> None: ...


_NONE_YET, _ASKED = "none yet", "asked for"


@dataclass(eq=False)
class _Layer:
    """The screen of the bar that this work is a part of; None where nothing is to be drawn, a word where none is yet.

    `below` is what held before, and holds again once this `is_over`.
    """

    screen: _Screen | str | None
    below: _Layer | None
    is_over: bool = False


_layer: ContextVar[_Layer | None] = ContextVar("kgzsl_progress", default=None)


def _top() -> _Layer | None:
    layer = _layer.get()
    while layer is not None and layer.is_over:
        layer = layer.below
    return layer


def _outer_screen() -> _Screen | str | None:
    layer = _top()
    return _NONE_YET if layer is None else layer.screen


@contextmanager
def _within(screen: _Screen | str | None) -> Iterator[None]:
    layer = _Layer(screen, _top())
    token = _layer.set(layer)
    try:
        yield
    finally:
        layer.is_over = True
        with suppress(ValueError):  # a generator that ends in another thread, where there is nothing to undo
            _layer.reset(token)


@contextmanager
def silent() -> Iterator[None]:
    """No bar is drawn by anything within, whatever it takes, also by calls that have no `show_progress`.

    >>> with silent(), progress(3, "counting", show=None) as advance:
    ...     advance(3)
    """
    with _within(None):
        yield


@contextmanager
def shown(show: bool | None) -> Iterator[None]:
    """Bars within as `show` of `progress` says, but those that are told otherwise; None changes nothing.

    >>> with shown(False), progress(3, "counting") as advance:
    ...     advance(3)
    """
    if show is not None and not isinstance(show, bool):
        raise InputFormatError(f"show_progress is None, True or False, not {show!r}")
    if show is False:
        with silent():
            yield
    elif show and isinstance(_outer_screen(), str):
        with _within(_ASKED):
            yield
    else:
        yield


@contextmanager
def progress(total: int, description: str, *, show: bool | None = None) -> Iterator[Advance]:
    """A bar of `total` steps on standard error, seen only if the work takes over two seconds.

    `show=None` draws in a terminal or notebook and stays silent in a pipe; `False` never draws, `True` always. A bar
    within a bar stands below it for as long as it lasts; where the outer one is silent, the inner one is.
    The value of the `with` is the function that advances it.

    >>> with progress(3, "counting") as advance:
    ...     for _ in range(3):
    ...         advance()
    """
    outer = _outer_screen()
    is_asked = show is True or outer == _ASKED
    if show is False or outer is None or (isinstance(outer, str) and not is_asked and not _is_watched()):
        with silent():
            yield lambda steps=1, note="": None
        return
    screen = _opened(is_asked) if isinstance(outer, str) else outer
    task = screen.add(total, description)
    try:
        with _within(screen):
            yield lambda steps=1, note="": screen.advance(task, steps, note)
    finally:
        if isinstance(outer, str):
            screen.close()
        else:
            screen.remove(task)


def steps(items: Sequence[Item], description: str, *, show: bool | None = None) -> Iterator[Item]:
    """The items one by one, with a bar that advances after each.

    >>> sum(steps([1, 2, 3], "adding up"))
    6
    """
    with progress(len(items), description, show=show) as advance:
        for item in items:
            yield item
            advance()


def _shell() -> Any:
    """The notebook that this runs in, or None."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    return shell if type(shell).__name__ == "ZMQInteractiveShell" else None


def _is_watched() -> bool:
    """Whether a person looks on: a terminal, or a notebook."""
    return (sys.stderr is not None and sys.stderr.isatty()) or _shell() is not None


def _opened(is_asked: bool) -> _Screen:
    return _Terminal(0.0 if is_asked else _DELAY_S) if _shell() is None else _Notebook(-1.0 if is_asked else _DELAY_S)


class _Terminal:
    """Bars of Rich. A timer shows them, since a step may take longer than anybody waits."""

    def __init__(self, delay: float) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

        words = TextColumn("{task.description}", markup=False)  # names of files and of concepts may look like markup
        note = TextColumn("{task.fields[note]}", markup=False)
        counts = TextColumn("{task.completed:,.0f}/{task.total:,.0f}")
        console = Console(stderr=True, force_jupyter=False)
        self._bar = Progress(words, BarColumn(), counts, TimeRemainingColumn(), note, console=console)
        self._lock, self._is_drawn, self._is_closed = Lock(), False, False
        self._is_asked = delay <= 0
        self._timer = Timer(delay, self._draw)
        self._timer.daemon = True
        if not self._is_asked:
            self._timer.start()

    def _draw(self) -> None:
        with self._lock:
            if not self._is_drawn and not self._is_closed:
                self._bar.start()
                self._is_drawn = True

    def add(self, total: int, description: str) -> int:
        return int(self._bar.add_task(escape_text(description), total=total, note=""))

    def advance(self, task: int, steps: int, note: str) -> None:
        self._bar.update(task, advance=steps, note=escape_text(note))  # type: ignore[arg-type]  # a TaskID is an int
        if self._is_asked:
            self._draw()

    def remove(self, task: int) -> None:
        self._bar.remove_task(task)  # type: ignore[arg-type]

    def close(self) -> None:
        with self._lock:
            self._is_closed = True
            self._timer.cancel()
            if self._is_drawn:
                self._bar.stop()


class _Notebook:
    """A `NotebookBar` for each task."""

    def __init__(self, delay: float) -> None:
        self._bars: list[NotebookBar] = []
        self._begun, self._delay = time.monotonic(), delay

    def add(self, total: int, description: str) -> int:
        self._bars.append(NotebookBar(total, description))
        return len(self._bars) - 1

    def advance(self, task: int, steps: int, note: str) -> None:
        bar = self._bars[task]
        bar.done, bar.note = bar.done + steps, note
        if time.monotonic() - self._begun > self._delay:
            bar.draw()

    def remove(self, task: int) -> None:
        self._bars[task].stop()

    def close(self) -> None:
        for bar in self._bars:
            bar.stop()
