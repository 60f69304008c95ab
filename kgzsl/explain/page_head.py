"""The words around the rows of an explanation: verdict, question, cautions and footer."""

import math
from typing import TYPE_CHECKING

from kgzsl.display.rounding import percent
from kgzsl.display.text import cell_width, escape_text, fit

if TYPE_CHECKING:
    from kgzsl.explain.page_record import Record

__all__ = ["cautions", "coverage", "footer", "heading", "named", "nothing", "odds", "question", "supported", "verdict"]

_NAME = 30
_CANCELLING = 0.3
_COVERED = 0.5
_FOOTER = 95


def named(record: "Record") -> tuple[str, str]:
    """Labels of target and foil, told apart if they are the same; "" for no foil."""
    target = record.labels[record.prediction]
    foil = "" if record.foil is None else record.labels[record.foil]
    if target.casefold() == foil.casefold():
        target, foil = f"{target} ({record.prediction})", f"{foil} ({record.foil})"
    return fit(escape_text(target), _NAME), fit(escape_text(foil), _NAME)


def question(record: "Record") -> str:
    """What is explained, and what was predicted if that is not the target."""
    target, foil = named(record)
    asked = f"why {target} rather than {foil}" if foil else f"what the score of {target} is made of"
    if record.predicted is None or record.predicted == record.prediction:
        return asked
    if record.predicted == record.foil:
        return f"{asked}, which was predicted"
    return f"{asked}, though {fit(escape_text(record.labels[record.predicted]), _NAME)} was predicted"


def nothing(record: "Record", *, is_opposed: bool) -> str:
    """What stands below the question where no reason answers it."""
    target, foil = named(record)
    if is_opposed:
        return f"no listed reason speaks for {target}"
    return "nothing the model knows tells them apart" if foil else f"nothing the model knows bears on {target}"


def verdict(record: "Record", total: str) -> list[str]:
    """Probability, the foil and how it came to be the foil, odds and margin."""
    _, foil = named(record)
    parts = [_percent(record.probability)]
    if foil:
        place = "next:" if record.margin >= 0 else "beaten by:"
        place = "against" if record.is_foil_chosen else place
        parts.append(f"{place} {foil} {_percent(record.foil_probability)}".rstrip())
        has_odds = record.probability is not None and record.foil_probability is not None
        parts.append(f"odds {odds(record.margin)} (margin {total})" if has_odds else f"margin {total}")
    else:
        parts.append(f"score {total}")
    return [part for part in parts if part]


def heading(record: "Record", total: str, width: int, *, rated: str = "") -> list[str]:
    """The verdict in one line, or in two where names are long: odds, margin and support are never cut off."""
    first, *others = verdict(record, total)
    parts = [f"{named(record)[0]}  {first}", *others]
    supports = (f"knowledge support: {rated}", f"support: {rated}") if rated else ("",)
    for support in supports:
        line = _joined(*parts, support)
        if cell_width(line) <= width:
            return [line]
    return [_joined(*parts[:-1]), f"  {_joined(parts[-1], supports[0])}"]


def _joined(*parts: str) -> str:
    return "   ".join(part for part in parts if part)


def _percent(probability: float | None) -> str:
    return "" if probability is None else percent(probability)


def odds(margin: float) -> str:
    """The odds that a margin is the log of: "5.6 : 1"."""
    if abs(margin) > math.log(1000.0):
        return "over 1,000 : 1" if margin > 0 else "under 1 : 1,000"
    ratio = math.exp(abs(margin))
    shown = f"{ratio:.1f}" if ratio < 10 else f"{ratio:.0f}"
    return f"{shown} : 1" if margin >= 0 else f"1 : {shown}"


def supported(record: "Record") -> str:
    """How well the target is known; "" where the model has no measure of it."""
    return "" if record.support == "not rated" else record.support


def coverage(record: "Record") -> str:
    """The only percentage: of the sum of magnitudes, and named so."""
    return f"shown credit covers {percent(round(record.coverage, 9))} of all |credit|"


def cautions(record: "Record") -> list[str]:
    """What a reader of the largest rows would get wrong."""
    found = []
    if record.cancellation < _CANCELLING:
        found.append("opposing reasons nearly cancel")
    if record.coverage < _COVERED:
        found.append("less than half of all |credit| is shown")
    return ["caution: " + "; ".join(found)] if found else []


def footer(record: "Record") -> str:
    """Model, graph and how far paths were searched; the graph's name gives way where the line is too long."""
    version = f"@{record.fingerprint[:6]}{' and additions' if record.has_additions else ''}"
    searched = " · no larger path missed" if record.is_certified else ""
    end = f"{searched} · the model's reasons, not the world's"
    beginning = f"{escape_text(record.method)} · graph "
    room = max(_FOOTER - len(beginning) - len(version) - len(end), 8)
    return fit(f"{beginning}{fit(escape_text(record.graph), room)}{version}{end}", _FOOTER)
