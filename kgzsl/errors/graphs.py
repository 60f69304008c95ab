"""Tables that make no graph, and questions to which a graph has no answer."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from kgzsl.errors.inputs import InputFormatError
from kgzsl.errors.root import KgzslError
from kgzsl.errors.wording import harmless, listing

__all__ = ["InvalidGraphError", "NoPathError", "NotEntailedError", "PatternSyntaxError", "ProofError"]


class InvalidGraphError(KgzslError, ValueError):
    """The tables do not make a graph. `report` maps each fault to its examples."""

    def __init__(self, message: str, *, report: Mapping[str, Sequence[object]] | None = None) -> None:
        self.report = {fault: tuple(examples) for fault, examples in (report or {}).items()}
        lines = "".join(f"\n  {fault}: {listing(examples, limit=5)}" for fault, examples in self.report.items())
        super().__init__(message + lines)


class NoPathError(KgzslError, LookupError):
    """Two concepts are not connected by the relations asked for. Attributes: `start`, `end`."""

    def __init__(self, start: str, end: str, *, relations: str) -> None:
        self.start = start
        self.end = end
        super().__init__(f"no path from {start!r} to {end!r} over {relations}; allow more relations with relations=")


class PatternSyntaxError(InputFormatError):
    """A pattern that cannot be read. Attributes: `pattern`, `place` (from 0), `expected`."""

    def __init__(self, pattern: str, place: int, expected: str, *, end: int | None = None) -> None:
        self.pattern = pattern
        self.place = place
        self.expected = expected
        shown, column = _surroundings(pattern, place)
        found = "the pattern ends" if place >= (len(pattern) if end is None else end) else f"it has {pattern[place]!r}"
        caret = f"  {shown}\n  {' ' * column}^"
        super().__init__(f"cannot read the pattern: {found} at place {place}, expected {expected}\n{caret}")


def _surroundings(pattern: str, place: int) -> tuple[str, int]:
    """One line of the pattern, cut to 72 characters around a place, and the place in it."""
    first = max(0, min(place - 36, len(pattern) - 72))
    shown = "".join(mark if mark.isprintable() else " " for mark in pattern[first : first + 72])
    before, after = "…" * (first > 0), "…" * (first + 72 < len(pattern))
    return f"{before}{shown}{after}", place - first + len(before)


class NotEntailedError(KgzslError, LookupError):
    """An edge is neither stated nor follows. Attributes: `edge` as (head, relation, tail), `rules` by name."""

    def __init__(self, edge: tuple[str, str, str], *, graph: str, rules: tuple[str, ...]) -> None:
        self.edge = edge
        self.rules = rules
        by = ", ".join(rules[:5]) + (f" and {len(rules) - 5} more" if len(rules) > 5 else "") if rules else "no rule"
        super().__init__(
            f"{' '.join(edge)!r} is not stated in graph {harmless(graph)} and does not follow by {by}; "
            'name other rules with rules=, as in rules=["rdfs", "inherited"]'
        )


class _Statement(Protocol):
    """What an error says of an edge; the class of edges stands some floors above."""

    @property
    def head(self) -> str: ...
    @property
    def relation(self) -> str: ...
    @property
    def tail(self) -> str: ...


class ProofError(KgzslError, AssertionError):
    """A proof does not hold in a graph. Attributes: `step`, its place; `edge`, which does not follow."""

    def __init__(self, step: int, edge: _Statement, reason: str) -> None:
        self.step = step
        self.edge = edge
        super().__init__(f"step {step} of the proof, {str(edge)!r}, does not hold: {reason}")
