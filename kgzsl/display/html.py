"""Self-contained HTML: every label is escaped, nothing is loaded, nothing runs."""

import html
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from kgzsl.display.svg import diverging_bar
from kgzsl.display.text import escape_text, fit

__all__ = ["Bar", "Block", "Card", "Fold", "Noted", "card_html", "escape_html", "html_table"]

_LONGEST_LABEL = 160

_COLOURS = "--ink:#1c2126;--dim:#5b6670;--line:#d9dee3;--paper:#fff;--soft:#f4f6f8;--for:#1f6fb2;--against:#b85c00;"
_DARK = "--ink:#e8ecf0;--dim:#9aa6b2;--line:#3a434c;--paper:#181c20;--soft:#22282e;--for:#6db3f2;--against:#f0a04b;"
_STYLE = (
    f".kx{{{_COLOURS}color:var(--ink);background:var(--paper);border:1px solid var(--line);border-radius:10px;"
    "font:14px/1.45 system-ui,sans-serif;max-width:760px;padding:14px 18px;box-sizing:border-box}"
    f"@media(prefers-color-scheme:dark){{.kx{{{_DARK}}}}}"
    ".kx header{display:flex;flex-wrap:wrap;align-items:baseline;gap:2px 14px;margin-bottom:8px}"
    ".kx header b{font-size:20px}.kx small,.kx footer,.kx summary{color:var(--dim)}.kx small{font-size:12.5px}"
    ".kx .kx-pill{margin-left:auto;border:1px solid var(--line);border-radius:99px;padding:1px 10px;font-size:12.5px}"
    ".kx table{border-collapse:collapse;width:100%;margin:0;background:none;color:inherit;font-size:inherit}"
    ".kx caption{text-align:left;color:var(--dim);padding:8px 0 2px;caption-side:top;font-size:12.5px;font-weight:600}"
    ".kx tr,.kx tr:hover,.kx tbody tr:nth-child(odd){background:none}"
    ".kx th,.kx td{padding:3px 0;border:0;text-align:left;font-weight:400;vertical-align:top;color:inherit}"
    ".kx th small{display:block}.kx td.kx-bar{width:232px;padding:5px 6px 0}.kx svg{display:block}"
    ".kx td.kx-num{width:78px;text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}"
    ".kx .kx-totals{margin-top:8px}.kx .kx-total th,.kx .kx-total td{border-top:1px solid var(--line);padding-top:6px}"
    ".kx .kx-total th,.kx .kx-total .kx-num{font-weight:600;width:78px}"
    ".kx .kx-for{fill:var(--for)}.kx .kx-against{stroke:var(--against)}.kx .kx-zero{stroke:var(--dim)}"
    ".kx .kx-caution{background:var(--soft);border-left:3px solid var(--against);padding:4px 10px;margin:6px 0}"
    ".kx details{margin-top:6px}.kx summary{cursor:pointer}.kx details table{margin:2px 0 4px 14px;width:auto}"
    ".kx details td,.kx details th{padding:1px 14px 1px 0;font-size:12.5px}"
    ".kx details td{text-align:right;font-variant-numeric:tabular-nums}.kx details td:first-child{text-align:left}"
    ".kx th.kx-num{text-align:right;padding-left:10px}.kx p{margin:8px 0 0}.kx+.kx{margin-top:12px}"
    ".kx footer{margin-top:10px;font-size:12px;overflow-wrap:anywhere}"
)


def escape_html(text: str) -> str:
    """`text` as it may stand in HTML or in a quoted attribute; characters that act are shown as escapes.

    >>> escape_html('<b title="x">')
    '&lt;b title=&quot;x&quot;&gt;'
    """
    return html.escape(escape_text(text), quote=True)


@dataclass(frozen=True)
class Bar:
    """One row: what it is, a remark, its value, and the value as it shall be printed."""

    label: str
    note: str
    value: float
    printed: str


@dataclass(frozen=True)
class Block:
    """Rows under a caption; without rows the block is left out, or `empty` stands in their place."""

    caption: str
    bars: tuple[Bar, ...]
    empty: str = ""


@dataclass(frozen=True)
class Fold:
    """A table that opens on a click; the first cell of a row is its heading."""

    summary: str
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Card:
    """What a card shows, from top to bottom, as plain text."""

    title: str
    detail: str
    pill: str
    description: str
    cautions: tuple[str, ...]
    blocks: tuple[Block, ...]
    total: Bar
    folds: tuple[Fold, ...]
    footer: str


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
    """The card as one `<section>`: no script, nothing fetched, light or dark as the reader's system asks."""
    scale = max((abs(bar.value) for block in card.blocks for bar in block.bars), default=0.0)
    pill = f'<span class="kx-pill">{_label(card.pill)}</span>' if card.pill else ""
    blocks = "".join(_block(block, scale) for block in card.blocks if block.bars or block.empty)
    total = (
        f'<table class="kx-totals"><tr class="kx-total"><th scope="row">{_label(card.total.label)}</th>'
        f"<td><small>{_label(card.total.note)}</small></td>"
        f'<td class="kx-num">{_label(card.total.printed)}</td></tr></table>'
    )
    return (
        f'<section class="kx" role="figure" aria-label="{escape_html(card.description)}"><style>{_STYLE}</style>'
        f"<header><b>{_label(card.title)}</b><small>{_label(card.detail)}</small>{pill}</header>"
        + "".join(f'<div class="kx-caution" role="note">{_label(text)}</div>' for text in card.cautions)
        + blocks
        + total
        + "".join(_fold(fold) for fold in card.folds if fold.rows)
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
) -> str:
    """Rows under their column names, as a card of its own; every cell is escaped, and may be `Noted`.

    Columns named in `right` are flushed right, `notes` stand below the table, and with a `summary` the table opens on
    a click.

    >>> html_table([["<tiger>", 4]], ["class", "paths"]).count("&lt;tiger&gt;")
    1
    """
    classes = [' class="kx-num"' if column in right else "" for column in columns]
    head = "".join(
        f'<th scope="col"{kind}><small>{_label(column)}</small></th>'
        for column, kind in zip(columns, classes, strict=True)
    )
    body = "".join(
        "<tr>" + "".join(f"<td{kind}>{_cell(cell)}</td>" for cell, kind in zip(row, classes, strict=True)) + "</tr>"
        for row in rows
    )
    title = f"<caption>{_label(caption)}</caption>" if caption else ""
    table = f"<table>{title}<tr>{head}</tr>{body}</table>"
    if summary:
        table = f"<details><summary>{_label(summary)}</summary>{table}</details>"
    paragraphs = "".join(f"<p><small>{_label(note)}</small></p>" for note in notes)
    return f'<section class="kx"><style>{_STYLE}</style>{table}{paragraphs}</section>'


def _label(text: str) -> str:
    return escape_html(fit(text, _LONGEST_LABEL))


def _cell(cell: object) -> str:
    note = f" <small>{_label(cell.note)}</small>" if isinstance(cell, Noted) and cell.note else ""
    return _label(str(cell)) + note


def _block(block: Block, scale: float) -> str:
    rows = "".join(_row(bar, scale) for bar in block.bars) or f"<tr><td>{_label(block.empty)}</td></tr>"
    return f"<table><caption>{_label(block.caption)}</caption>{rows}</table>"


def _row(bar: Bar, scale: float) -> str:
    note = f"<small>{_label(bar.note)}</small>" if bar.note else ""
    return (
        f'<tr><th scope="row">{_label(bar.label)}{note}</th><td class="kx-bar">{diverging_bar(bar.value, scale)}</td>'
        f'<td class="kx-num">{_label(bar.printed)}</td></tr>'
    )


def _fold(fold: Fold) -> str:
    rows = "".join(
        f'<tr><th scope="row">{_label(row[0])}</th>' + "".join(f"<td>{_label(cell)}</td>" for cell in row[1:]) + "</tr>"
        for row in fold.rows
    )
    return f"<details><summary>{_label(fold.summary)}</summary><table>{rows}</table></details>"
