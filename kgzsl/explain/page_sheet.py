"""The rows of a page: which reasons are shown, what stands for the others, and numbers that add up as printed."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kgzsl.display.html import Bar
from kgzsl.display.rounding import decimals_for, signed, sum_preserving
from kgzsl.display.text import escape_text, fit
from kgzsl.explain.making import counted
from kgzsl.explain.page_head import named

if TYPE_CHECKING:
    from kgzsl.explain.page_record import Record, Row

__all__ = ["Sheet", "after_removal", "also_rows", "sheet"]

_REDUNDANT = 0.1
_LEADER = 18


@dataclass(frozen=True)
class Sheet:
    """What all layouts show; the printed numbers add up to the printed total, those after removal never do."""

    reasons: tuple[Bar, ...]
    against: tuple[Bar, ...]
    also: tuple[Bar, ...]
    total: str

    @property
    def lines(self) -> tuple[Bar, ...]:
        """All rows from top to bottom."""
        return (*self.reasons, *self.against, *self.also)

    @property
    def has_after(self) -> bool:
        """Whether the removal of any row was tried."""
        return any(line.after for line in self.lines)


def sheet(record: "Record", room: int) -> Sheet:
    """The `room` largest reasons that tell target and foil apart and everything else, rounded as one column."""
    shown, hidden = _parted(record, room)
    also = _also(record, hidden)
    values = [row.credit for row in shown] + [value for _, _, value in also]
    decimals = max(decimals_for(values), 2)
    units = sum_preserving(values, decimals)
    printed = [signed(unit, decimals) for unit in units]
    lines = [
        Bar(
            escape_text(row.label),
            escape_text(row.note),
            row.credit,
            number,
            after_removal(record, row.credit, row.effect, decimals),
        )
        for row, number in zip(shown, printed, strict=False)
    ]
    rest = [
        Bar(escape_text(label), escape_text(note), value, number)
        for (label, note, value), number in zip(also, printed[len(shown) :], strict=True)
    ]
    return Sheet(
        reasons=tuple(line for line in lines if line.value >= 0),
        against=tuple(line for line in lines if line.value < 0),
        also=tuple(rest),
        total=signed(sum(units), decimals),
    )


def also_rows(record: "Record") -> int:
    """How many rows stand below the reasons when some of these are left out."""
    return len(_also(record, record.items[:1]))


def _parted(record: "Record", room: int) -> "tuple[list[Row], list[Row]]":
    """Rows that are shown, and rows that are not: what both classes share tells nothing about the two."""
    telling = [row for row in record.items if record.foil is None or not row.is_shared]
    shown = telling[:room]
    kept = {row.key for row in shown}
    return shown, [row for row in record.items if row.key not in kept]


def _also(record: "Record", hidden: "Iterable[Row]") -> list[tuple[str, str, float]]:
    """What no reason shows: smaller ones together, the constants, and a residual large enough to be seen."""
    hidden = list(hidden)
    num_left = record.num_reasons - len(record.items) + len(hidden)
    rows: list[tuple[str, str, float]] = []
    if num_left > 0:
        shared = f"{record.num_shared:,} shared by both" if record.foil is not None and record.num_shared else ""
        fainter = counted(record.num_fainter, "fainter source") if record.num_fainter else ""
        note = " and ".join(part for part in (shared, fainter) if part)
        left = math.fsum(row.credit for row in (*hidden, *record.others))
        rows.append((counted(num_left, "smaller reason"), note if shared or not note else f"and {note}", left))
    else:
        rows += [(row.label, row.note, row.credit) for row in record.others]
    rows += [(row.label, row.note, row.credit) for row in record.constants]
    largest = max((abs(row.credit) for row in record.rows), default=0.0)
    if abs(record.residual) > 5e-4 * largest:
        rows.append(("residual", "rounding of the stored weights", record.residual))
    return rows


def after_removal(record: "Record", credit: float, effect: float | None, decimals: int) -> str:
    """The margin without the facts of a row, or who is ahead if that changes; "" where it was not tried.

    "others stand in" where nearly nothing is lost.
    """
    if effect is None:
        return ""
    if record.foil is not None and effect * record.margin < 0:
        return f"{fit(named(record)[0 if effect > 0 else 1], _LEADER)} ahead"
    number = signed(round(effect * 10**decimals), decimals)
    redundant = credit and abs(record.margin - effect) < _REDUNDANT * abs(credit)
    return f"{number}, others stand in" if redundant else number
