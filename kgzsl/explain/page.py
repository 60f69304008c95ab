"""An explanation laid out as text and as an HTML card."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kgzsl.display.html import Bar, Block, Card, Fold, card_html
from kgzsl.display.rounding import decimals_for, signed, sum_preserving
from kgzsl.display.text import cell_width, escape_text, fit, pad
from kgzsl.explain.making import counted

if TYPE_CHECKING:
    from kgzsl.explain.credits import Credit
    from kgzsl.explain.explanation import Explanation

__all__ = ["html", "text"]

WIDTH = 96
LINES = 16
_LABEL = 44
_NAME = 30
_FOLDED = 6
_CANCELLING = 0.3
_COVERED = 0.5


@dataclass(frozen=True)
class _Line:
    """A printed row: words, the value, and the value as printed."""

    label: str
    note: str
    value: float
    printed: str


@dataclass(frozen=True)
class _Sheet:
    """What both layouts show; the printed numbers add up to the printed total."""

    reasons: tuple[_Line, ...]
    against: tuple[_Line, ...]
    also: tuple[_Line, ...]
    total: str


def text(explanation: "Explanation") -> str:
    """At most `LINES` lines of at most `WIDTH` columns."""
    cautions = _cautions(explanation)
    # seven lines are always there: verdict, question, two titles, rule, total, footer
    room = max(LINES - 7 - len(cautions) - len(_also(explanation, 0)), 0)
    sheet = _sheet(explanation, room)
    if not sheet.reasons and sheet.against:
        sheet = _sheet(explanation, min(room, LINES - 8 - len(cautions) - len(_also(explanation, 0))))
    words = max((len(line.printed) for line in _lines(sheet)), default=0)
    words = max(words, len(sheet.total))
    label = min(max((cell_width(line.label) for line in _lines(sheet)), default=0), _LABEL)
    lines = [_heading(explanation, sheet.total), f" {_question(explanation)}"]
    lines += [_row(line, words, label) for line in sheet.reasons] or [f"  {_nothing(explanation, sheet)}"]
    for title, block in (("against", sheet.against), ("also", sheet.also)):
        lines += [f" {title}" if block else "", *(_row(line, words, label) for line in block)]
    lines.append("  " + "─" * words)
    lines.append(_row(_Line("total", _coverage(explanation), 0.0, sheet.total), words, label))
    lines += [f" {caution}" for caution in cautions]
    lines.append(f" {_footer(explanation)}")
    return "\n".join(fit(line.rstrip(), WIDTH) for line in lines if line)


def html(explanation: "Explanation") -> str:
    """A self-contained card, without script, of less than 15 kB."""
    sheet = _sheet(explanation, len(explanation.items))
    bars = {name: tuple(_bar(line) for line in block) for name, block in vars(sheet).items() if name != "total"}
    verdict = _verdict(explanation, sheet.total)
    card = Card(
        title=_named(explanation)[0],
        detail=" · ".join(verdict),
        pill=f"knowledge support: {explanation.support}",
        description=", ".join([_named(explanation)[0], *verdict, _question(explanation)]),
        cautions=tuple(_cautions(explanation)),
        blocks=(
            Block(_question(explanation), bars["reasons"], empty=_nothing(explanation, sheet)),
            Block("against", bars["against"]),
            Block("also", bars["also"]),
        ),
        total=Bar("total", _coverage(explanation), 0.0, sheet.total),
        folds=_folds(explanation),
        footer=_footer(explanation),
    )
    return card_html(card)


def _lines(sheet: _Sheet) -> tuple[_Line, ...]:
    return (*sheet.reasons, *sheet.against, *sheet.also)


def _sheet(explanation: "Explanation", room: int) -> _Sheet:
    """The `room` largest reasons and everything else, rounded as one column."""
    shown = explanation.items[:room]
    also = _also(explanation, room)
    values = [row.credit for row in shown] + [value for _, _, value in also]
    decimals = max(decimals_for(values), 2)
    units = sum_preserving(values, decimals)
    printed = [signed(unit, decimals) for unit in units]
    lines = [
        _Line(escape_text(row.label), escape_text(row.note), row.credit, number)
        for row, number in zip(shown, printed, strict=False)
    ]
    rest = [
        _Line(escape_text(label), escape_text(note), value, number)
        for (label, note, value), number in zip(also, printed[len(shown) :], strict=True)
    ]
    return _Sheet(
        reasons=tuple(line for line in lines if line.value >= 0),
        against=tuple(line for line in lines if line.value < 0),
        also=tuple(rest),
        total=signed(sum(units), decimals),
    )


def _also(explanation: "Explanation", room: int) -> list[tuple[str, str, float]]:
    """What no reason shows: smaller ones together, the constants, and a residual large enough to be seen."""
    hidden = explanation.items[room:]
    left = [*hidden, *explanation.others]
    rows = []
    if hidden:
        num_hidden = len(explanation.reasons.bundles) + len(_own(explanation)) - len(explanation.items) + len(hidden)
        fainter = sum(account.num_rest for account in explanation.reasons.ledger.accounts)
        note = f"and {counted(fainter, 'fainter source')}" if fainter else ""
        rows.append((counted(num_hidden, "smaller reason"), note, math.fsum(row.credit for row in left)))
    else:
        rows += [(row.label, row.note, row.credit) for row in left]
    rows += [(row.label, row.note, row.credit) for row in explanation.constants]
    largest = max((abs(row.credit) for row in explanation.rows), default=0.0)
    if abs(explanation.residual) > 5e-4 * largest:
        rows.append(("residual", "rounding of the stored weights", explanation.residual))
    return rows


def _own(explanation: "Explanation") -> list[str]:
    """Reasons that are no bundle of paths: examples, and a description beside the input."""
    accounts = explanation.reasons.ledger.accounts
    return [
        name for account in accounts for name, credit in account.constants if name in ("examples", "match") and credit
    ]


def _row(line: _Line, words: int, label: int) -> str:
    beginning = f"  {pad(line.printed, words, align='right')}  "
    if not line.note:
        return beginning + line.label
    return f"{beginning}{pad(fit(line.label, label), label)}  {line.note}"


def _named(explanation: "Explanation") -> tuple[str, str]:
    """Labels of target and foil, told apart if they are the same."""
    decision = explanation.decision
    target = decision.target.label
    foil = "" if decision.foil is None else decision.foil.label
    if target.casefold() == foil.casefold():
        target, foil = f"{target} ({explanation.prediction})", f"{foil} ({explanation.foil})"
    return fit(escape_text(target), _NAME), fit(escape_text(foil), _NAME)


def _question(explanation: "Explanation") -> str:
    """What is explained, and what was predicted if that is not the target."""
    target, foil = _named(explanation)
    question = f"why {target} rather than {foil}" if foil else f"what the score of {target} is made of"
    decision = explanation.decision
    predicted = decision.predicted
    if predicted is None or predicted.concept == decision.target.concept:
        return question
    if decision.foil is not None and predicted.concept == decision.foil.concept:
        return f"{question}, which was predicted"
    return f"{question}, though {fit(escape_text(predicted.label), _NAME)} was predicted"


def _nothing(explanation: "Explanation", sheet: _Sheet) -> str:
    """What stands below the question where no reason answers it."""
    target, foil = _named(explanation)
    if sheet.against:
        return f"no listed reason speaks for {target}"
    return "nothing the model knows tells them apart" if foil else f"nothing the model knows bears on {target}"


def _heading(explanation: "Explanation", total: str) -> str:
    """The verdict in one line; the last part is shortened where it would not fit."""
    target, _ = _named(explanation)
    parts = ["  ".join([target, *_verdict(explanation, total)[:1]]), *_verdict(explanation, total)[1:]]
    for support in ("knowledge support", "support"):
        heading = "   ".join([*parts, f"{support}: {explanation.support}"]).strip()
        if cell_width(heading) <= WIDTH:
            return heading
    return "   ".join(parts)


def _verdict(explanation: "Explanation", total: str) -> list[str]:
    """Probability, the foil and how it came to be the foil, odds and margin."""
    _, foil = _named(explanation)
    decision = explanation.decision
    parts = [_percent(explanation.probability)]
    if foil:
        place = "next:" if explanation.margin >= 0 else "beaten by:"
        place = "against" if decision.is_foil_chosen else place
        parts.append(f"{place} {foil} {_percent(explanation.foil_probability)}".rstrip())
        has_odds = explanation.probability is not None and explanation.foil_probability is not None
        parts.append(f"odds {_odds(explanation.margin)} (margin {total})" if has_odds else f"margin {total}")
    else:
        parts.append(f"score {total}")
    return [part for part in parts if part]


def _percent(probability: float | None) -> str:
    if probability is None:
        return ""
    if probability and probability < 0.01:
        return "<1 %"
    return ">99 %" if 0.99 < probability < 1.0 else f"{100 * probability:.0f} %"


def _odds(margin: float) -> str:
    if abs(margin) > math.log(1000.0):
        return "over 1,000 : 1" if margin > 0 else "under 1 : 1,000"
    ratio = math.exp(abs(margin))
    shown = f"{ratio:.1f}" if ratio < 10 else f"{ratio:.0f}"
    return f"{shown} : 1" if margin >= 0 else f"1 : {shown}"


def _coverage(explanation: "Explanation") -> str:
    return f"shown credit covers {100 * explanation.coverage:.0f} % of all |credit|"


def _cautions(explanation: "Explanation") -> list[str]:
    cautions = []
    if explanation.cancellation < _CANCELLING:
        cautions.append("opposing reasons nearly cancel")
    if explanation.coverage < _COVERED:
        cautions.append("less than half of all |credit| is shown")
    return ["caution: " + "; ".join(cautions)] if cautions else []


def _footer(explanation: "Explanation") -> str:
    decision = explanation.decision
    added = any(decision.graph_of(side) is not decision.graph for _, side in decision.sides())
    graph = f"{explanation.known_graph.name}@{explanation.fingerprint[:6]}{' and additions' if added else ''}"
    version = f"{explanation.method} · graph {graph}"
    return fit(escape_text(f"{version} · the model's reasons, not the world's"), WIDTH - 1)


def _bar(line: _Line) -> Bar:
    return Bar(fit(line.label, 90), fit(line.note, 110), line.value, line.printed)


def _folds(explanation: "Explanation") -> tuple[Fold, ...]:
    titles: Mapping[str, str] = {
        "paths": "path by path",
        "facts": "fact by fact",
        "support": "seen class by seen class",
    }
    return tuple(Fold(title, _folded(explanation.by(view), explanation)) for view, title in titles.items())


def _folded(rows: "Sequence[Credit]", explanation: "Explanation") -> tuple[tuple[str, ...], ...]:
    """The largest rows of a view and the rest in one, rounded so that they add up."""
    values = [row.credit for row in rows[:_FOLDED]]
    left = [row.credit for row in rows[_FOLDED:]]
    values += [math.fsum(left)] if left else []
    decimals = max(decimals_for([*values, explanation.total]), 2)
    numbers = [signed(unit, decimals) for unit in sum_preserving(values, decimals)]
    labels = [fit(escape_text(row.label), 100) for row in rows[:_FOLDED]] + ([f"{len(left):,} more"] if left else [])
    return tuple(zip(labels, numbers, strict=True))
