"""A drawing as an answer: it shows itself in a notebook, prints as a table, and is written to a file."""

from dataclasses import dataclass
from pathlib import Path

from kgzsl.display.html import escape_html, html_table
from kgzsl.display.layered import Drawing, layered_svg
from kgzsl.display.style import STYLE, TABLE_STYLE
from kgzsl.display.table import Table
from kgzsl.display.text import escape_text
from kgzsl.display.zoom import zoomable
from kgzsl.errors import InputFormatError, OutputExistsError

__all__ = ["Picture"]


@dataclass(frozen=True)
class Picture:
    """A drawing, what stands above it, and the same in words: (from, relation, to) for each of its lines.

    A notebook shows it with sizes to choose from and fetches nothing for it; `print` has the words.

    >>> from kgzsl.display.layered import Link, Mark
    >>> marks = (Mark("a", "zebra", 0), Mark("b", "equine", 1))
    >>> drawing = Drawing(marks, (Link("a", "b", "is a kind of", 1.0),), "zebra", is_weighed=False)
    >>> print(Picture(drawing, "a zebra", (("zebra", "is a kind of", "equine"),)))
    a zebra
    from   relation      to
    zebra  is a kind of  equine
    """

    drawing: Drawing
    caption: str = ""
    said: tuple[tuple[str, str, str], ...] = ()

    def to_table(self) -> Table:
        """A row for each line of the drawing."""
        return Table(("from", "relation", "to"), self.said, caption=self.caption)

    def to_svg(self) -> str:
        """The drawing as a file of its own, light and dark."""
        return layered_svg(self.drawing)

    def to_html(self) -> str:
        """A card: the caption, the drawing, and its words to open on a click."""
        title = f'<div class="kx-title">{escape_html(self.caption)}</div>' if self.caption else ""
        words = ""
        if self.said:
            words = html_table(
                self.said, ("from", "relation", "to"), summary=f"in words ({len(self.said):,})", has_frame=False
            )
        style = f"<style>{STYLE}{TABLE_STYLE}</style>"
        return f'<section class="kx">{style}{title}{zoomable(self.drawing)}{words}</section>'

    def _repr_html_(self) -> str:
        return self.to_html()

    def write(self, path: str | Path, *, overwrite: bool = False) -> Path:
        """Write it as .svg or as .html; `OutputExistsError` if the file is there, unless `overwrite`."""
        target = Path(path)
        forms = {".svg": self.to_svg, ".html": self._page}
        if target.suffix.lower() not in forms:
            raise InputFormatError(f"a picture is written as .svg or .html, not {target.name!r}")
        if target.exists() and not overwrite:
            raise OutputExistsError(target, "is there already; overwrite=True replaces it")
        target.write_text(forms[target.suffix.lower()](), encoding="utf-8")
        return target

    def _page(self) -> str:
        return (
            '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
            f"<title>{escape_html(self.caption)}</title>"
            '<meta name="viewport" content="width=device-width, initial-scale=1">'
            f'<meta name="color-scheme" content="light dark"></head><body>{self.to_html()}</body></html>\n'
        )

    def __str__(self) -> str:
        return str(self.to_table())

    def __repr__(self) -> str:
        return f"<Picture {escape_text(self.caption)}>"
