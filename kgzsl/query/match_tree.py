"""A query of `kg.match` as a tree: patterns, filters and groups, with the places where they stand in the text."""

from __future__ import annotations

from dataclasses import dataclass, field

__all__ = [
    "Comparison",
    "Condition",
    "Either",
    "Every",
    "Existence",
    "Group",
    "Membership",
    "Name",
    "Negation",
    "Statement",
    "Term",
    "TextTest",
    "Variable",
    "conditions_within",
    "mentioned",
    "variables_of",
]


@dataclass(frozen=True, slots=True)
class Variable:
    """`?x`."""

    name: str
    place: int


@dataclass(frozen=True, slots=True)
class Name:
    """An id, or what stands for a relation, as written; `quoted` if in `<...>`."""

    text: str
    place: int
    quoted: bool = False


Term = Variable | Name


@dataclass(frozen=True, slots=True)
class Statement:
    """`subject relation object`; a relation that is no variable is the text of a pattern over relations."""

    subject: Term
    relation: Term
    object: Term


@dataclass(frozen=True, slots=True)
class Comparison:
    """`?x != ?y`; `sign` is `=`, `!=`, `<`, `<=`, `>` or `>=`."""

    left: Term
    sign: str
    right: Term


@dataclass(frozen=True, slots=True)
class Membership:
    """`?x in (a, b)`."""

    variable: Variable
    names: tuple[Term, ...]


@dataclass(frozen=True, slots=True)
class TextTest:
    """`label(?x) contains "big"`; `sign` is `=`, `contains` or `matches`."""

    column: str
    variable: Variable
    sign: str
    text: str
    place: int


@dataclass(frozen=True, slots=True)
class Negation:
    """A condition that must not hold."""

    part: Condition


@dataclass(frozen=True, slots=True)
class Every:
    """Conditions that must all hold."""

    parts: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Either:
    """Conditions of which one must hold."""

    parts: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Existence:
    """`EXISTS { ... }`: the group has a row that agrees with this one."""

    group: Group
    place: int


Condition = Comparison | Membership | TextTest | Negation | Every | Either | Existence


@dataclass(slots=True)
class Group:
    """What stands between two braces, or in the whole query."""

    statements: list[Statement] = field(default_factory=list)
    filters: list[Condition] = field(default_factory=list)
    options: list[Group] = field(default_factory=list)


def conditions_within(condition: Condition) -> list[Condition]:
    """The condition and all that it is made of, but for what stands in groups of its own."""
    found, waiting = [], [condition]
    while waiting:
        part = waiting.pop()
        found.append(part)
        if isinstance(part, Negation):
            waiting.append(part.part)
        elif isinstance(part, Every | Either):
            waiting.extend(reversed(part.parts))
    return found


def variables_of(condition: Condition) -> list[Variable]:
    """Variables of a condition, each mention, without those that only stand in groups of its own."""
    found: list[Variable] = []
    for part in conditions_within(condition):
        if isinstance(part, Comparison):
            found += [term for term in (part.left, part.right) if isinstance(term, Variable)]
        elif isinstance(part, Membership | TextTest):
            found.append(part.variable)
    return found


def mentioned(group: Group) -> dict[str, Variable]:
    """First mention of each variable of a group and of the groups within it."""
    found: dict[str, Variable] = {}
    waiting = [group]
    while waiting:
        one = waiting.pop()
        for statement in one.statements:
            for term in (statement.subject, statement.relation, statement.object):
                if isinstance(term, Variable):
                    found.setdefault(term.name, term)
        for condition in one.filters:
            for variable in variables_of(condition):
                found.setdefault(variable.name, variable)
            waiting += [part.group for part in conditions_within(condition) if isinstance(part, Existence)]
        waiting += one.options
    return found
