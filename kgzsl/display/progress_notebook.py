"""A progress bar in a notebook: one output that is drawn over, and empty once the work is done."""

import time
from importlib import import_module
from typing import Any

from kgzsl.display.html import escape_html
from kgzsl.display.text import escape_text

__all__ = ["NotebookBar"]

_PAUSE_S = 0.1


class NotebookBar:
    """Draws itself where the cell shows its output; `stop` leaves nothing there, so nothing is saved with it.

    Widgets would do the same, and leave the word `Output()` in a saved notebook wherever nobody looked on.
    """

    def __init__(self, total: int, description: str) -> None:
        self.total, self.description = total, description
        self.done, self.note = 0, ""
        self._started = self._drawn_at = time.monotonic()
        self._handle: Any = None

    def draw(self) -> None:
        """Show how far it is, at most ten times a second."""
        now = time.monotonic()
        if self._handle is None:
            # there is one, since this runs in its kernel; nothing else here needs it
            shown = import_module("IPython.display").display
            self._handle = shown(self._shown(now), raw=True, display_id=True)
        elif now - self._drawn_at < _PAUSE_S and self.done < self.total:
            return
        else:
            self._handle.update(self._shown(now), raw=True)
        self._drawn_at = now

    def stop(self) -> None:
        """Take it away."""
        if self._handle is not None:
            self._handle.update({}, raw=True)

    def _shown(self, now: float) -> dict[str, str]:
        told = f"{self.done:,.0f}/{self.total:,.0f}"
        if 0 < self.done < self.total:
            told += f"  {(now - self._started) * (self.total - self.done) / self.done:,.0f} s left"
        told += f"  {self.note}" if self.note else ""
        bar = f'<progress value="{self.done}" max="{self.total}" style="width:16em;vertical-align:middle"></progress>'
        return {
            "text/plain": escape_text(f"{self.description} {told}"),
            "text/html": f"<span>{escape_html(self.description)} {bar} {escape_html(told)}</span>",
        }
