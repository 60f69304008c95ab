"""Text for terminals: characters that act are shown, columns line up, nothing runs over the edge."""

import unicodedata
from collections.abc import Sequence

from kgzsl.errors.wording import harmless

__all__ = ["cell_width", "escape_text", "fit", "pad", "text_table", "wrap"]


def escape_text(text: str) -> str:
    r"""`text` with every character that would act on a terminal or reorder a line written as an escape.

    >>> escape_text("zebra\x1b[31m\nhorse")
    'zebra\\x1b[31m\\nhorse'
    """
    return harmless(text)


def cell_width(text: str) -> int:
    """Columns that `text` takes in a terminal: wide East Asian characters take two, combining marks none.

    >>> cell_width("tiger"), cell_width("虎")
    (5, 2)
    """
    if text.isascii():
        return len(text)
    return sum(_columns(character) for character in text)


def _columns(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def fit(text: str, width: int) -> str:
    """`text` if it takes at most `width` columns, else its beginning and an ellipsis.

    >>> fit("a kind of odd-toed ungulate", 12)
    'a kind of o…'
    """
    if cell_width(text) <= width:
        return text
    kept, used = [], 0
    for character in text:
        used += _columns(character)
        if used > width - 1:
            break
        kept.append(character)
    return "".join(kept).rstrip(" …") + "…" if width > 0 else ""


def pad(text: str, width: int, *, align: str = "left") -> str:
    """`text` filled with blanks to `width` columns; `align` is "left" or "right". Longer text stays as it is.

    >>> pad("4", 3, align="right")
    '  4'
    """
    blanks = " " * max(width - cell_width(text), 0)
    return blanks + text if align == "right" else text + blanks


def wrap(text: str, width: int, *, indent: str = "") -> list[str]:
    """Lines of at most `width` columns, broken at blanks; lines after the first begin with `indent`.

    >>> wrap("zebra is a kind of equine", 12, indent="  ")
    ['zebra is a', '  kind of', '  equine']
    """
    lines: list[str] = []
    line = ""
    for word in text.split():
        longer = f"{line} {word}" if line.strip() else f"{line}{word}"
        if cell_width(longer) > width and line.strip():
            lines.append(line)
            longer = indent + word
        line = fit(longer, width)
    return [*lines, line] if line.strip() else lines


def text_table(
    rows: Sequence[Sequence[object]],
    columns: Sequence[str],
    *,
    width: int = 96,
    right: Sequence[str] = (),
    whole: Sequence[str] = (),
) -> str:
    """Rows under their column names; columns named in `right` are flushed right.

    Where the table is wider than `width`, the longest cells are cut, but for those of columns named in `whole`.

    >>> print(text_table([["tiger", 4], ["horse", 12]], ["class", "paths"], right=["paths"]))
    class  paths
    tiger      4
    horse     12
    """
    cells = [[escape_text(str(cell)) for cell in row] for row in (columns, *rows)]
    widths = [max(cell_width(row[place]) for row in cells) for place in range(len(columns))]
    cut = [place for place, column in enumerate(columns) if column not in whole]
    while sum(widths) + 2 * (len(widths) - 1) > width and max((widths[place] for place in cut), default=0) > 8:
        widths[max(cut, key=widths.__getitem__)] -= 1
    aligns = ["right" if column in right else "left" for column in columns]
    lines = (
        "  ".join(
            pad(fit(cell, room), room, align=align) for cell, room, align in zip(row, widths, aligns, strict=True)
        ).rstrip()
        for row in cells
    )
    return "\n".join(lines)
