"""Patterns of relations as text: `is_a+/has_part?/^made_of` read into a tree, and printed back.

The operators are those of SPARQL 1.1's property paths, from those that bind most to those that bind least:

    is_a  <schema:part of>   one edge of a relation, from head to tail; names beyond letters, digits, `_`, `:`
                             and `-` stand in `<...>`, where a backslash precedes `>` and itself
    .                        one edge of any relation (ours)
    !is_a  !(is_a|^causes)   one edge of any other relation; what `^` stands before is walked the other way
    (...)                    a group
    x?  x*  x+               x at most once, any number of times, at least once
    x{2}  x{2,}  x{2,4}      x twice, at least twice, two to four times (ours)
    ^x                       x walked the other way
    x/y                      x, then y
    x|y                      x or y

Nothing in this file knows a graph: `kgzsl.query.pattern_automaton` looks the names up.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache

from kgzsl.errors import InputFormatError, PatternSyntaxError, ResourceLimitError
from kgzsl.query.pattern_tree import (
    MODIFIERS,
    Alternative,
    AnyStep,
    Inverse,
    OtherStep,
    Pattern,
    Repeated,
    Sequence,
    Step,
)

__all__ = ["PatternSyntaxError", "parse_pattern", "pattern_at"]

MOST_NESTED = 30
"""Parentheses that may be open at once. What a person writes has three; beyond, a tree could not be walked safely."""

MOST_REPEATS = 1_000
"""The largest number in `{m,n}`: every repeat is a state of its own."""


_SPACE = re.compile(r"\s*")
_NAME = re.compile(r"(?P<plain>\w[\w:-]*)|<(?P<quoted>(?:[^<>\\]|\\.)*)>", re.DOTALL)
_COUNTS = re.compile(r"\{\s*([0-9]+)\s*(?:(,)\s*([0-9]+)?\s*)?\}")
_VARIABLE = re.compile(r"(?<=\s)\?\w")  # `is_a ?x` has a variable after the pattern
_MODIFIER_COUNTS = {sign: counts for counts, sign in MODIFIERS.items()}
_SIGNS = "()^!?*+{}"


def parse_pattern(text: str) -> Pattern:
    """The tree of a pattern; `PatternSyntaxError` shows where it cannot be read and what was expected.

    >>> parse_pattern("is_a+")
    Repeated(part=Step(name='is_a', forward=True), least=1, most=None)
    >>> print(parse_pattern("((is_a){1,} / (^(has_part)))"))
    is_a+/^has_part
    """
    if not isinstance(text, str):
        raise InputFormatError(
            f"a pattern is a string such as 'is_a+/has_part', not {type(text).__name__} {text!r:.80}"
        )
    return _parsed(text)


@lru_cache(maxsize=512)
def _parsed(text: str) -> Pattern:
    pattern, end = pattern_at(text, 0)
    if end < len(text):
        raise PatternSyntaxError(text, end, _expected_after(text, end))
    return pattern


def _expected_after(text: str, place: int) -> str:
    """What may follow a pattern that can be read up to here."""
    if _VARIABLE.match(text, place):
        return "'?' right after its step"
    modified = text[:place].rstrip()[-1:] in "?*+}"
    signs = "'/', '|' or the end" if modified else "'/', '|', '?', '*', '+', '{m,n}' or the end"
    return signs if text[place] in _SIGNS else f"{signs}; a name with other characters stands in '<…>'"


def pattern_at(text: str, start: int, end: int | None = None) -> tuple[Pattern, int]:
    """The longest pattern of `text[start:end]` from its beginning, and where what follows it begins.

    For languages with patterns inside, as `?x is_a+ ?y`: places in errors are those of the whole text. White space
    may stand between any two signs; a `?` before a letter is a variable and no longer part of the pattern.
    """
    return _Reader(text, start, len(text) if end is None else end).pattern()


@dataclass(slots=True)
class _Group:
    """What has been read since an opening parenthesis."""

    place: int
    branches: list[list[Pattern]] = field(default_factory=lambda: [[]])
    turned: bool = False  # `^` stands before what is read next

    def add(self, part: Pattern) -> None:
        if self.turned:
            part, self.turned = _turned(part), False
        self.branches[-1].extend(part.parts if isinstance(part, Sequence) else [part])

    def closed(self) -> Pattern:
        parts: list[Pattern] = []
        for branch in self.branches:
            part = branch[0] if len(branch) == 1 else Sequence(tuple(branch))
            parts.extend(part.parts if isinstance(part, Alternative) else [part])
        return parts[0] if len(parts) == 1 else Alternative(tuple(parts))


def _turned(part: Pattern) -> Pattern:
    if isinstance(part, Step):
        return Step(part.name, not part.forward)
    return AnyStep(not part.forward) if isinstance(part, AnyStep) else Inverse(part)


class _Reader:
    """Reads left to right with the open groups on a stack of its own, so that no depth of nesting recurses."""

    def __init__(self, text: str, start: int, end: int) -> None:
        self.text, self.end = text, end
        self.place = self.after_space(start)
        self.groups = [_Group(start)]

    def after_space(self, place: int) -> int:
        found = _SPACE.match(self.text, place, self.end)
        return found.end() if found else place

    def next_sign(self) -> str:
        return self.text[self.place] if self.place < self.end else ""

    def take(self, length: int = 1) -> None:
        self.place = self.after_space(self.place + length)

    def pattern(self) -> tuple[Pattern, int]:
        while True:
            part = self.opened()
            while True:
                group = self.groups[-1]
                group.add(self.modified(part))
                sign = self.next_sign()
                if sign == ")" and len(self.groups) > 1:
                    self.take()
                    part = self.groups.pop().closed()
                    continue
                break
            if sign == "/":
                self.take()
            elif sign == "|":
                self.take()
                group.branches.append([])
            elif len(self.groups) > 1:
                raise self.unexpected(f"')' for the '(' at place {group.place}, '/' or '|'")
            else:
                return group.closed(), self.place

    def opened(self) -> Pattern:
        """The next step, past any `^` and `(` that stand before it."""
        while True:
            sign = self.next_sign()
            if sign == "(":
                if len(self.groups) > MOST_NESTED:
                    raise ResourceLimitError(
                        f"the pattern opens more than {MOST_NESTED} parentheses inside one another "
                        f"(place {self.place}); leave out those that group nothing"
                    )
                self.groups.append(_Group(self.place))
            elif sign == "^" and not self.groups[-1].turned:
                self.groups[-1].turned = True
            else:
                return self.step(sign)
            self.take()

    def step(self, sign: str) -> Pattern:
        if sign == ".":
            self.take()
            return AnyStep()
        if sign == "!":
            self.take()
            return self.others()
        return Step(
            self.name("a relation, '.', '!', '(' or '^'" if not self.groups[-1].turned else "a relation or '('")
        )

    def name(self, expected: str) -> str:
        found = _NAME.match(self.text, self.place, self.end)
        if found is None or found.group() == "<>":
            quoted = self.next_sign() == "<"
            raise self.unexpected("a name between '<' and '>', with '\\>' for a '>' in it" if quoted else expected)
        self.take(len(found.group()))
        return found["plain"] or re.sub(r"\\(.)", r"\1", found["quoted"], flags=re.DOTALL)

    def others(self) -> Pattern:
        """What follows `!`: a relation, or several in parentheses."""
        if self.next_sign() != "(":
            return OtherStep((self.excluded("a relation, '^' or '(' after '!'"),))
        self.take()
        excluded: list[Step] = []
        while self.next_sign() != ")" or excluded:
            excluded.append(self.excluded("a relation or '^' and a relation"))
            if self.next_sign() != "|":
                break
            self.take()
        if self.next_sign() != ")":
            raise self.unexpected("'|' or ')'; only relations stand in '!(…)'")
        self.take()
        return OtherStep(tuple(excluded))

    def excluded(self, expected: str) -> Step:
        turned = self.next_sign() == "^"
        if turned:
            self.take()
        return Step(self.name("a relation" if turned else expected), not turned)

    def modified(self, part: Pattern) -> Pattern:
        """The part with the modifier that follows it, if one does."""
        sign = self.next_sign()
        if sign == "{":
            return self.counted(part)
        if sign not in _MODIFIER_COUNTS or _VARIABLE.match(self.text, self.place, self.end):
            return part
        self.take()
        return Repeated(part, *_MODIFIER_COUNTS[sign])

    def counted(self, part: Pattern) -> Pattern:
        found = _COUNTS.match(self.text, self.place, self.end)
        if found is None:
            raise self.unexpected("'{m}', '{m,}' or '{m,n}' with numbers")
        for digits in (found[1], found[3] or ""):
            if len(digits) > 9 or int(digits or 0) > MOST_REPEATS:  # int() itself refuses thousands of digits
                raise ResourceLimitError(
                    f"the pattern repeats {found.group()[:40]}, and at most {MOST_REPEATS:,} times is allowed; "
                    "use '+' or '*' for any number"
                )
        least = int(found[1])
        most = least if found[2] is None else None if found[3] is None else int(found[3])
        if most is not None and most < least:
            raise self.unexpected(f"a second number that is at least {least}")
        self.take(len(found.group()))
        return Repeated(part, least, most)

    def unexpected(self, expected: str) -> PatternSyntaxError:
        return PatternSyntaxError(self.text, self.place, expected, end=self.end)
