"""An explanation laid out as text and as an HTML card, from its record."""

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from kgzsl.display.html import Bar, Block, Card, Fold, card_html
from kgzsl.display.rounding import decimals_for, signed, sum_preserving
from kgzsl.display.text import cell_width, escape_text, fit, pad
from kgzsl.explain.page_head import cautions, coverage, footer, heading, named, nothing, question, supported, verdict
from kgzsl.explain.page_sheet import Sheet, also_rows, sheet
from kgzsl.explain.picture import picture

if TYPE_CHECKING:
    from kgzsl.explain.page_record import Record, Row

__all__ = ["CARD_VIEWS", "html", "text"]

WIDTH = 96
LINES = 16
_NARROWEST_LABEL, _WIDEST_LABEL = 24, 46
_LABELS_FIRST = 3
_FOLDED = 4
_DRAWN_PATHS = 12
_AFTER = ("margin if removed", "if removed")
CARD_VIEWS: Mapping[str, str] = {
    "paths": "path by path",
    "facts": "fact by fact",
    "concepts": "where it comes from, concept by concept",
    "support": "seen class by seen class",
}
"""The views that a card folds away, and what it calls them."""


def text(record: "Record") -> str:
    """At most `LINES` lines of at most `WIDTH` columns."""
    # seven lines are always there: verdict, question, two titles, rule, total, footer
    room = max(LINES - 7 - len(cautions(record)) - also_rows(record), 0)
    lines = _laid_out(record, room)
    while len(lines) > LINES and room > 0:  # the verdict takes a second line, or nothing speaks for the target
        room -= 1
        lines = _laid_out(record, room)
    return "\n".join(lines)


def _laid_out(record: "Record", room: int) -> list[str]:
    """The lines of a page with at most `room` reasons."""
    page = sheet(record, room)
    total = Bar("total", coverage(record), 0.0, page.total)
    columns = _Columns((*page.lines, total))
    lines = [*heading(record, page.total, WIDTH, rated=supported(record)), _asked(record, page)]
    lines += [columns.row(line) for line in page.reasons] or [f"  {nothing(record, is_opposed=bool(page.against))}"]
    for title, block in (("against", page.against), ("also", page.also)):
        lines += [f" {title}" if block else "", *map(columns.row, block)]
    lines += ["  " + "─" * columns.number, columns.row(total)]
    lines += [f" {caution}" for caution in cautions(record)]
    lines.append(f" {footer(record)}")
    return [fit(line.rstrip(), WIDTH) for line in lines if line]


class _Columns:
    """Numbers, labels, notes and what is left after a removal: as wide as cuts the least off labels and notes.

    Rows often begin alike and are told apart by how they end, so what is cut off a label counts for more.
    """

    def __init__(self, lines: Sequence[Bar]) -> None:
        self.number = max(len(line.printed) for line in lines)
        self.after = max(cell_width(line.after) for line in lines)
        self.room = WIDTH - self.number - 4 - (self.after + 2 if self.after else 0)
        sizes = [(cell_width(line.label), cell_width(line.note)) for line in lines]
        widest = min(max(label for label, _ in sizes), _WIDEST_LABEL, self.room)

        def lost(label: int) -> int:
            cut = sum(max(words - (label if note else self.room), 0) for words, note in sizes)
            return _LABELS_FIRST * cut + sum(max(label + 2 + note - self.room, 0) for _, note in sizes if note)

        self.label = min(range(min(_NARROWEST_LABEL, widest), widest + 1), key=lambda label: (lost(label), -label))

    def row(self, line: Bar) -> str:
        words = fit(line.label, self.room)
        if line.note:
            words = f"{pad(fit(line.label, self.label), self.label)}  {line.note}"
        if line.after:
            words = f"{pad(fit(words, self.room), self.room)}  {pad(line.after, self.after, align='right')}"
        return f"  {pad(line.printed, self.number, align='right')}  {fit(words, self.room + self.after + 2)}"


def _asked(record: "Record", page: Sheet) -> str:
    """The question, and the title of the last column at the right edge if there is one."""
    asked = f" {question(record)}"
    for title in _titles(record) if page.has_after else ():
        blanks = WIDTH - cell_width(asked) - cell_width(title)
        if blanks >= 2:
            return asked + " " * blanks + title
    return asked


def _titles(record: "Record") -> tuple[str, ...]:
    return _AFTER if record.foil is not None else ("score if removed", _AFTER[1])


def html(record: "Record") -> str:
    """A self-contained card, without script, of less than 15 kB for ten items."""
    page = sheet(record, len(record.items))
    told = verdict(record, page.total)
    rated = supported(record)
    blocks = {
        question(record): page.reasons,
        "against": page.against,
        "also": page.also,
    }
    card = Card(
        title=named(record)[0],
        detail=" · ".join(told),
        pill=f"knowledge support: {rated}" if rated else "",
        description=", ".join([named(record)[0], *told, question(record)]),
        cautions=tuple(cautions(record)),
        blocks=tuple(
            Block(
                caption,
                tuple(map(_bar, lines)),
                empty="" if place else nothing(record, is_opposed=bool(page.against)),
            )
            for place, (caption, lines) in enumerate(blocks.items())
        ),
        total=Bar("total", coverage(record), 0.0, page.total),
        folds=_folds(record),
        footer=footer(record),
        after=_titles(record)[0] if page.has_after else "",
    )
    return card_html(card)


def _bar(line: Bar) -> Bar:
    return Bar(fit(line.label, 90), fit(line.note, 110), line.value, line.printed, line.after)


def _folds(record: "Record") -> tuple[Fold, ...]:
    drawing = picture(record, max_paths=_DRAWN_PATHS) if "paths" in record.views else None
    drawn = [Fold("the largest paths, drawn", drawing=drawing)] if drawing is not None and drawing.links else []
    views = [
        Fold(title, _folded(record.views[name], record))
        for name, title in CARD_VIEWS.items()
        if any(name in (f"{row.kind}s", row.kind) for row in record.views.get(name, ()))
    ]
    return (*drawn, *views, Fold("what the numbers mean", tuple((words,) for words in record.assumptions)))


def _folded(rows: "Sequence[Row]", record: "Record") -> tuple[tuple[str, ...], ...]:
    """The largest rows of a view and the rest in one, rounded so that they add up; facts with their sources."""
    shown, left = rows[:_FOLDED], rows[_FOLDED:]
    values = [row.credit for row in shown] + ([math.fsum(row.credit for row in left)] if left else [])
    decimals = max(decimals_for([*values, record.total]), 2)
    numbers = [signed(unit, decimals) for unit in sum_preserving(values, decimals)]
    labels = [fit(escape_text(row.label), 100) for row in shown] + ([f"{len(left):,} more"] if left else [])
    sources = [fit(escape_text(", ".join(dict.fromkeys(fact.source for fact in row.facts))), 40) for row in shown]
    if not any(sources):
        return tuple(zip(labels, numbers, strict=True))
    return tuple(zip(labels, [*sources, *([""] if left else [])], numbers, strict=True))
