"""A pattern of relations as a tree, and printed back as text."""

from __future__ import annotations

import re
from dataclasses import dataclass

__all__ = [
    "MODIFIERS",
    "Alternative",
    "AnyStep",
    "Inverse",
    "OtherStep",
    "Pattern",
    "Repeated",
    "Sequence",
    "Step",
    "spelled_name",
]

MODIFIERS = {(0, 1): "?", (0, None): "*", (1, None): "+"}
"""Signs for the least and the most times that a part is repeated."""

_PLAIN_NAME = re.compile(r"\w[\w:-]*")


@dataclass(frozen=True, slots=True)
class Step:
    """One edge of a relation, kind of relations, or inverse; walked from head to tail, or back if not `forward`."""

    name: str
    forward: bool = True

    def __str__(self) -> str:
        return "^" * (not self.forward) + spelled_name(self.name)


@dataclass(frozen=True, slots=True)
class AnyStep:
    """One edge of any relation, `.`."""

    forward: bool = True

    def __str__(self) -> str:
        return "^" * (not self.forward) + "."


@dataclass(frozen=True, slots=True)
class OtherStep:
    """One edge of a relation that is not excluded, walked forward and back as the excluded ones are.

    `!(is_a|^causes)` is an edge forward that is no `is_a`, or one back that is no `causes`; `!()` is any edge forward.
    """

    excluded: tuple[Step, ...]

    def __str__(self) -> str:
        names = "|".join(map(str, self.excluded))
        return f"!{names}" if len(self.excluded) == 1 else f"!({names})"


@dataclass(frozen=True, slots=True)
class Sequence:
    """One part after the other."""

    parts: tuple[Pattern, ...]

    def __str__(self) -> str:
        return "/".join(_grouped(part, Alternative, Sequence) for part in self.parts)


@dataclass(frozen=True, slots=True)
class Alternative:
    """One of the parts."""

    parts: tuple[Pattern, ...]

    def __str__(self) -> str:
        return "|".join(_grouped(part, Alternative) for part in self.parts)


@dataclass(frozen=True, slots=True)
class Inverse:
    """A part walked from its end to its start."""

    part: Pattern

    def __str__(self) -> str:
        if isinstance(self.part, Step | AnyStep) and self.part.forward:
            return f"^({self.part})"
        return f"^{_grouped(self.part, Alternative, Sequence, Inverse, Step, AnyStep)}"


@dataclass(frozen=True, slots=True)
class Repeated:
    """A part `least` to `most` times; None for any number."""

    part: Pattern
    least: int
    most: int | None

    def __str__(self) -> str:
        part = self.part
        turned = isinstance(part, Step | AnyStep) and not part.forward
        text = f"({part})" if turned else _grouped(part, Alternative, Sequence, Inverse, Repeated)
        return text + MODIFIERS.get((self.least, self.most), self._counted())

    def _counted(self) -> str:
        if self.least == self.most:
            return f"{{{self.least}}}"
        return f"{{{self.least},{'' if self.most is None else self.most}}}"


Pattern = Step | AnyStep | OtherStep | Sequence | Alternative | Inverse | Repeated
"""What `parse_pattern` gives; `str()` of it is the same pattern in its shortest spelling."""


def _grouped(part: Pattern, *weaker: type) -> str:
    return f"({part})" if isinstance(part, weaker) else str(part)


def spelled_name(name: str) -> str:
    """A relation's name as a pattern has it: `is_a`, `<cn:dbpedia/genus>`."""
    if _PLAIN_NAME.fullmatch(name):
        return name
    escaped = re.sub(r"([<>\\])", r"\\\1", name)
    return f"<{escaped}>"
