"""Self-contained HTML: every label is escaped, nothing is loaded, nothing runs."""

import html
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from kgzsl.display.layered import Drawing
from kgzsl.display.style import STYLE, TABLE_STYLE
from kgzsl.display.svg import diverging_bar
from kgzsl.display.text import escape_text, fit
from kgzsl.display.zoom import zoomable

__all__ = ["Bar", "Block", "Card", "Fold", "Noted", "card_html", "escape_html", "html_table"]

_LONGEST_LABEL = 160
_SENTENCE = 40


def escape_html(text: str) -> str:
    """`text` as it may stand in HTML or in a quoted attribute; characters that act are shown as escapes.

    >>> escape_html('<b title="x">')
    '&lt;b title=&quot;x&quot;&gt;'
    """
    return html.escape(escape_text(text), quote=True)


@dataclass(frozen=True)
class Bar:
    """One row: what it is, a remark, its value, the value as printed, and a second number of its own, not added up.

    >>> Bar("has stripes", "like tiger", 0.92, "+0.92").printed
    '+0.92'
    """

    label: str
    note: str
    value: float
    printed: str
    after: str = ""


@dataclass(frozen=True)
class Block:
    """Rows under a caption; without rows the block is left out, or `empty` stands in their place.

    >>> Block("why", (Bar("has stripes", "", 0.92, "+0.92"),)).bars[0].label
    'has stripes'
    """

    caption: str
    bars: tuple[Bar, ...]
    empty: str = ""


@dataclass(frozen=True)
class Fold:
    """A table, or a drawing, that opens on a click; the first cell of a row is its heading.

    >>> Fold("all facts", (("zebra is_a equine", "+0.46"),)).rows
    (('zebra is_a equine', '+0.46'),)
    """

    summary: str
    rows: tuple[tuple[str, ...], ...] = ()
    drawing: Drawing | None = None


@dataclass(frozen=True)
class Card:
    """What a card shows, from top to bottom, as plain text; `after` is the heading of the second numbers.

    >>> total = Bar("total", "", 0.92, "+0.92")
    >>> card = Card("zebra", "", "strong", "why zebra", (), (Block("why", (total,)),), total, (), "model 1")
    >>> card.title, len(card.blocks)
    ('zebra', 1)
    """

    title: str
    detail: str
    pill: str
    description: str
    cautions: tuple[str, ...]
    blocks: tuple[Block, ...]
    total: Bar
    folds: tuple[Fold, ...]
    footer: str
    after: str = ""


class Noted(str):
    """A cell of a table with a remark behind it, in small print."""

    __slots__ = ("note",)
    note: str

    def __new__(cls, text: str, note: str) -> "Noted":
        """Take the text of the cell and the remark."""
        cell = super().__new__(cls, text)
        cell.note = note
        return cell


def card_html(card: Card) -> str:
    """The card as one `<section>`: no script, nothing fetched, light or dark as the reader's system asks.

    >>> total = Bar("total", "", 0.92, "+0.92")
    >>> card = Card("zebra", "", "strong", "why zebra", (), (Block("why", (total,)),), total, (), "model 1")
    >>> card_html(card).startswith("<section")
    True
    """
    scale = max((abs(bar.value) for block in card.blocks for bar in block.bars), default=0.0)
    pill = f'<span class="kx-pill">{_label(card.pill)}</span>' if card.pill else ""
    shown = [block for block in card.blocks if block.bars or block.empty]
    blocks = "".join(_block(block, scale, card.after, is_first=not place) for place, block in enumerate(shown))
    total = (
        f'<table class="kx-totals"><tr class="kx-total"><th scope="row">{_label(card.total.label)}</th>'
        f"<td><small>{_label(card.total.note)}</small></td>"
        f'<td class="kx-num">{_label(card.total.printed)}</td>{_after("") if card.after else ""}</tr></table>'
    )
    return (
        f'<section class="kx" role="figure" aria-label="{escape_html(card.description)}"><style>{STYLE}</style>'
        f"<header><b>{_label(card.title)}</b><small>{_label(card.detail)}</small>{pill}</header>"
        + "".join(f'<div class="kx-caution" role="note">{_label(text)}</div>' for text in card.cautions)
        + blocks
        + total
        + "".join(_fold(fold) for fold in card.folds if fold.rows or fold.drawing)
        + f"<footer>{_label(card.footer)}</footer></section>"
    )


def html_table(
    rows: Iterable[Sequence[object]],
    columns: Sequence[str],
    *,
    caption: str = "",
    notes: Sequence[str] = (),
    right: Sequence[str] = (),
    summary: str = "",
    drawing: Drawing | None = None,
    has_frame: bool = True,
) -> str:
    """Rows under their column names, as a card of its own; every cell is escaped, and may be `Noted`.

    Columns named in `right` are flushed right, `drawing` and `notes` stand below the table, and with a `summary` the
    table opens on a click. A cell is cut where it is very long, a caption or a note never; a table that is wider than
    its card is scrolled within it. Without `has_frame` it is what a card of another shows, that has the style.

    >>> html_table([["<tiger>", 4]], ["class", "paths"]).count("&lt;tiger&gt;")
    1
    """
    classes = [' class="kx-num"' if column in right else "" for column in columns]
    head = "".join(
        f'<th scope="col"{kind}><small>{_label(column)}</small></th>'
        for column, kind in zip(columns, classes, strict=True)
    )
    body = "".join(
        "<tr>"
        + "".join(f"<td{_kind(cell, kind)}>{_cell(cell)}</td>" for cell, kind in zip(row, classes, strict=True))
        + "</tr>"
        for row in rows
    )
    named = f' aria-label="{escape_html(caption)}"' if caption else ""
    title = f'<div class="kx-title">{escape_html(caption)}</div>' if caption else ""
    table = f'<div class="kx-net"><table class="kx-table"{named}><tr>{head}</tr>{body}</table></div>' if columns else ""
    if summary:
        table = f"<details><summary>{_label(summary)}</summary>{table}</details>"
    paragraphs = "".join(f"<p><small>{escape_html(note)}</small></p>" for note in notes)
    inner = f"{title}{table}{_drawn(drawing)}{paragraphs}"
    return f'<section class="kx"><style>{STYLE}{TABLE_STYLE}</style>{inner}</section>' if has_frame else inner


def _label(text: str) -> str:
    return escape_html(fit(text, _LONGEST_LABEL))


def _kind(cell: object, kind: str) -> str:
    """Sentences have a least width, so that ids beside them do not press them into a word a line."""
    return kind or (' class="kx-text"' if len(str(cell)) > _SENTENCE else "")


def _cell(cell: object) -> str:
    note = f" <small>{_label(cell.note)}</small>" if isinstance(cell, Noted) and cell.note else ""
    return _label(str(cell)) + note


def _block(block: Block, scale: float, after: str, *, is_first: bool) -> str:
    head = ""
    if after and is_first:
        head = f'<tr><td></td><td class="kx-bar"></td><td class="kx-num"></td>{_after(after, "th")}</tr>'
    rows = "".join(_row(bar, scale, after) for bar in block.bars) or f"<tr><td>{_label(block.empty)}</td></tr>"
    return f'<table class="kx-rows"><caption>{_label(block.caption)}</caption>{head}{rows}</table>'


def _row(bar: Bar, scale: float, after: str) -> str:
    note = f"<small>{_label(bar.note)}</small>" if bar.note else ""
    return (
        f'<tr><th scope="row">{_label(bar.label)}{note}</th><td class="kx-bar">{diverging_bar(bar.value, scale)}</td>'
        f'<td class="kx-num">{_label(bar.printed)}</td>{_after(bar.after) if after else ""}</tr>'
    )


def _after(text: str, tag: str = "td") -> str:
    scope = ' scope="col"' if tag == "th" else ""
    return f'<{tag} class="kx-after"{scope}>{_label(text)}</{tag}>'


def _fold(fold: Fold) -> str:
    rows = "".join(
        f"<tr><th>{_label(row[0])}</th>" + "".join(f"<td>{_label(cell)}</td>" for cell in row[1:]) + "</tr>"
        for row in fold.rows
    )
    table = f"<table>{rows}</table>" if rows else ""
    return f"<details><summary>{_label(fold.summary)}</summary>{_drawn(fold.drawing)}{table}</details>"


def _drawn(drawing: Drawing | None) -> str:
    """A drawing that is wider than its card is scrolled within it, by keyboard too."""
    return "" if drawing is None else zoomable(drawing)
