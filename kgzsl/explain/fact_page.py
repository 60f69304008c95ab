"""An explanation by facts laid out as text and as an HTML card."""

import math
from typing import TYPE_CHECKING, Any, cast

from kgzsl.display.html import Bar, Block, Card, Fold, card_html
from kgzsl.display.rounding import decimals_for, signed, sum_preserving
from kgzsl.display.text import cell_width, escape_text, fit, pad
from kgzsl.explain.making import counted
from kgzsl.explain.page_head import heading, named, question, verdict
from kgzsl.explain.page_sheet import after_removal

if TYPE_CHECKING:
    from kgzsl.explain.credits import Credit
    from kgzsl.explain.fact_explanation import FactExplanation
    from kgzsl.explain.page_record import Record

__all__ = ["html", "text"]

WIDTH = 96
LINES = 16
_MEANING = {
    "remove": "facts taken out of the graph",
    "suppress": "messages silenced, degrees kept",
}
_UNSIGNED = "unsigned masks: how much a fact matters, not for whom; they add up to nothing"


def text(explanation: "FactExplanation") -> str:
    """At most `LINES` lines of at most `WIDTH` columns."""
    room = LINES - 10
    lines = _laid_out(explanation, room)
    while len(lines) > LINES and room > 0:  # the verdict takes a second line, or more than two rows stand below
        room -= 1
        lines = _laid_out(explanation, room)
    return "\n".join(lines)


def _laid_out(explanation: "FactExplanation", room: int) -> list[str]:
    """The lines of a page with at most `room` facts."""
    page = _Sheet(explanation, room)
    width = max(len(bar.printed) for bar in page.bars)
    after = max((cell_width(bar.after) for bar in page.bars), default=0)

    def row(bar: Bar) -> str:
        space = WIDTH - width - 4 - (after + 2 if after else 0)
        words = fit(f"{bar.label}   {bar.note}" if bar.note else bar.label, space)
        tail = f"  {pad(bar.after, after, align='right')}" if after else ""
        return f"  {pad(bar.printed, width, align='right')}  {pad(words, space) + tail if bar.after else words}"

    head: Any = explanation
    told = heading(head, page.total.printed, WIDTH)
    asked = f" {question(head)}"
    column = f"{'margin' if explanation.foil else 'score'} if removed"
    if after and len(asked) + len(column) + 2 <= WIDTH:
        asked = pad(asked, WIDTH - len(column)) + column
    lines = [*told, asked]
    for title, bars in (("", page.reasons), (" against", page.against), (" also", page.also)):
        lines += [title if bars else "", *map(row, bars)]
    if not page.reasons and not page.against:
        lines.insert(len(told) + 1, "  no fact bears on it")
    lines += ["  " + "─" * width, row(page.total), f" {_told(explanation)}", f" {_footer(explanation)}"]
    return [fit(line.rstrip(), WIDTH) for line in lines if line]


def html(explanation: "FactExplanation") -> str:
    """A self-contained card, without script."""
    page = _Sheet(explanation, len(explanation.items))
    head: Any = explanation
    told = verdict(head, page.total.printed)
    asked = question(head)
    nothing = "" if page.reasons or page.against else "no fact bears on it"
    blocks = (Block(asked, page.reasons, empty=nothing), Block("against", page.against), Block("also", page.also))
    cited = [(row.label, row.facts[0].source) for row in explanation.items if row.facts and row.facts[0].source]
    meaning = [f"a missing fact: {_MEANING[explanation.scores.semantics]}"]
    return card_html(
        Card(
            title=named(head)[0],
            detail=" · ".join(told),
            pill="",
            description=", ".join([named(head)[0], *told, asked]),
            cautions=(_told(explanation),),
            blocks=blocks,
            total=page.total,
            folds=(
                Fold("where the facts are from", tuple((escape_text(label), source) for label, source in cited)),
                Fold("what the numbers mean", tuple((words,) for words in meaning)),
            ),
            footer=_footer(explanation),
            after=("margin" if explanation.foil else "score") + " if removed" if explanation.effects else "",
        )
    )


class _Sheet:
    """Rows rounded as one column; an unsigned mask's are rounded one by one."""

    def __init__(self, explanation: "FactExplanation", room: int) -> None:
        self._effects, self._record = explanation.effects or {}, cast("Record", explanation)
        self._is_additive = explanation.scores.is_additive
        shown, hidden = explanation.items[:room], explanation.items[room:]
        if not explanation.scores.is_signed:
            self._unsigned(explanation, shown)
            return
        also = list(_also(explanation, hidden))
        values = [row.credit for row in shown] + [value for _, _, value in also]
        decimals = max(decimals_for(values), 2)
        units = sum_preserving(values, decimals)
        bars = [self._bar(row, signed(unit, decimals), decimals) for row, unit in zip(shown, units, strict=False)]
        self.reasons = tuple(bar for bar in bars if bar.value >= 0)
        self.against = tuple(bar for bar in bars if bar.value < 0)
        rest = zip(also, units[len(shown) :], strict=True)
        self.also = tuple(Bar(label, note, value, signed(unit, decimals)) for (label, note, value), unit in rest)
        self.total = Bar("margin" if explanation.foil else "score", "", 0.0, signed(sum(units), decimals))

    def _unsigned(self, explanation: "FactExplanation", shown: "tuple[Credit, ...]") -> None:
        decimals = max(decimals_for([explanation.margin]), 2)
        self.reasons = tuple(self._bar(row, f"{row.credit:.3f}", decimals) for row in shown)
        self.against = ()
        left = len(explanation.by("facts")) - len(shown)
        self.also = (Bar(f"{left:,} more facts with a mask", "", 0.0, ""),) if left else ()
        printed = signed(round(explanation.margin * 10**decimals), decimals)
        self.total = Bar("margin" if explanation.foil else "score", "of which masks are no shares", 0.0, printed)

    def _bar(self, row: "Credit", printed: str, decimals: int) -> Bar:
        share = row.credit if self._is_additive else 0.0  # what is no share cannot be more than what is lost
        after = after_removal(self._record, share, self._effects.get(row.key), decimals)
        return Bar(escape_text(row.label), "", row.credit, printed, after)

    @property
    def bars(self) -> tuple[Bar, ...]:
        """All rows from top to bottom."""
        return (*self.reasons, *self.against, *self.also, self.total)


def _also(explanation: "FactExplanation", hidden: "tuple[Credit, ...]") -> list[tuple[str, str, float]]:
    """Smaller facts together, the margin without facts, and what of it the method leaves."""
    num_left = len(hidden) + len(explanation.by("facts")) - len(explanation.constants) - len(explanation.items)
    rows = []
    if num_left:
        left = math.fsum(row.credit for row in (*hidden, *explanation.others))
        rows.append((counted(num_left, "smaller fact"), "", left))
    rows += [(row.label, "", row.credit) for row in explanation.constants]
    largest = max((abs(row.credit) for row in explanation.rows), default=0.0)
    if abs(explanation.residual) > 5e-4 * largest or not explanation.scores.is_additive:
        note = "what the method leaves" if explanation.scores.is_additive else "credits are no shares of the margin"
        rows.append(("residual", note, explanation.residual))
    return rows


def _told(explanation: "FactExplanation") -> str:
    scores = explanation.scores
    name = scores.method.replace("-", " ")
    if not scores.is_signed:
        return f"method: {name}; {_UNSIGNED}"
    exact = "exact, gates frozen" if scores.method == "shapley" else "not exact"
    return f"method: {name}; {exact}; {_MEANING[scores.semantics]}"


def _footer(explanation: "FactExplanation") -> str:
    graph = explanation.known_graph
    end = f"@{graph.fingerprint[:6]} · the model's reasons, not the world's"
    beginning = f"{escape_text(explanation.decision.method)} · graph "
    return fit(f"{beginning}{fit(escape_text(graph.name), max(95 - len(beginning) - len(end), 8))}{end}", 95)
