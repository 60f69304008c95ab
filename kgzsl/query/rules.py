"""Rules by which edges follow from edges, as values: made, printed, and read back from their own names.

| rule | says |
|---|---|
| `transitive(r)` | r(x, y), r(y, z) → r(x, z) |
| `symmetric(r)` | r(x, y) → r(y, x) |
| `inverse(r, s)` | r(x, y) → s(y, x); `RuleSet` of both directions |
| `sub_relation(r, s)` | r(x, y) → s(x, y) |
| `chain(r, s, t)` | r(x, y), s(y, z) → t(x, z) |
| `inherited(r, over)` | over(x, y), r(y, z) → r(x, z): what holds of a kind holds of what is one |
| `generalised(r, over)` | r(x, y), over(y, z) → r(x, z): a hoof is a foot, so hooves are feet one has |
| `domain(r, c)`, `range_of(r, c)` | r(x, y) → instance_of(x, c), instance_of(y, c) |

A relation may be written the other way round, as `^has_part` or by its inverse's name, `part_of`.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kgzsl.errors import InputFormatError, UnknownNameError
from kgzsl.graph.lookup import nearest_of

__all__ = [
    "FORMS",
    "Rule",
    "RuleSet",
    "chain",
    "disjointness",
    "domain",
    "equivalence",
    "generalised",
    "inherited",
    "inverse",
    "parsed_rule",
    "range_of",
    "sub_relation",
    "symmetric",
    "transitive",
]


def _turned(relation: str) -> str:
    return relation[1:] if relation.startswith("^") else f"^{relation}"


_Form = tuple[int, Callable[..., tuple[tuple[str, ...], str]]]
FORMS: Mapping[str, _Form] = {
    "transitive": (1, lambda r: ((r, r), r)),
    "symmetric": (1, lambda r: ((_turned(r),), r)),
    "inverse": (2, lambda r, s: ((_turned(r),), s)),
    "sub-relation": (2, lambda r, s: ((r,), s)),
    "chain": (3, lambda r, s, t: ((r, s), t)),
    "inherited": (2, lambda r, over: ((over, r), r)),
    "generalised": (2, lambda r, over: ((r, over), r)),
    "domain": (2, lambda r, _: ((r,), "instance_of")),
    "range": (2, lambda r, _: ((_turned(r),), "instance_of")),
}
"""Form of a rule -> how many arguments it takes, and the relations of its premises and its conclusion."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule: its form and what it is said of. Its name is how it stands in an edge's `inferred_by`.

    >>> rule = transitive("has_part")
    >>> rule.name, rule.premises, rule.conclusion
    ('transitive(has_part)', ('has_part', 'has_part'), 'has_part')
    >>> parsed_rule("transitive(has_part)") == rule
    True
    """

    form: str
    arguments: tuple[str, ...]

    def __post_init__(self) -> None:
        if self.form not in FORMS:
            raise UnknownNameError(
                "form of a rule", self.form, known=list(FORMS), nearest=nearest_of(self.form, list(FORMS))
            )
        object.__setattr__(self, "arguments", tuple(self.arguments))
        count = FORMS[self.form][0]
        if len(self.arguments) != count:
            raise InputFormatError(
                f"a rule of form {self.form} takes {count} name(s), not {len(self.arguments)}: {self.arguments}"
            )
        for argument in self.arguments:
            if not isinstance(argument, str) or not argument.removeprefix("^"):
                raise InputFormatError(f"a rule is said of names, not of {type(argument).__name__} {argument!r}")

    @property
    def name(self) -> str:
        """The rule as text that `parsed_rule` reads."""
        return f"{self.form}({', '.join(map(_written, self.arguments))})"

    @property
    def premises(self) -> tuple[str, ...]:
        """Relations of the one or two edges that it starts from; `^` before one that is read backwards."""
        return FORMS[self.form][1](*self.arguments)[0]

    @property
    def conclusion(self) -> str:
        """Relation of the edge that follows."""
        return FORMS[self.form][1](*self.arguments)[1]

    @property
    def concept(self) -> str:
        """The concept that the edge that follows leads to, for domain and range; else ""."""
        return self.arguments[1] if self.form in ("domain", "range") else ""

    def __str__(self) -> str:
        return self.name


class RuleSet(tuple[Rule, ...]):
    """Rules in an order; of two equally short proofs, that by the earlier rule is told.

    >>> print(RuleSet([transitive("is_a")]) + [symmetric("same_as")])
    transitive(is_a), symmetric(same_as)
    """

    __slots__ = ()

    def __new__(cls, rules: "Iterable[Rule | RuleSet]" = ()) -> "RuleSet":
        """Each rule once, at its first place."""
        return super().__new__(cls, dict.fromkeys(_flat(rules)))

    def __add__(self, other: Iterable[Any]) -> "RuleSet":
        return RuleSet([*self, *_flat(other)])

    def __str__(self) -> str:
        return ", ".join(map(str, self))

    def __repr__(self) -> str:
        return f"RuleSet({self})"


def _flat(rules: Iterable[Any]) -> Iterator[Rule]:
    for rule in rules:
        if isinstance(rule, RuleSet):
            yield from rule
        elif isinstance(rule, Rule):
            yield rule
        else:
            raise InputFormatError(f"a RuleSet is made of rules, not of {type(rule).__name__} {rule!r:.80}")


def transitive(relation: str) -> Rule:
    """r(x, y), r(y, z) → r(x, z)."""
    return Rule("transitive", (relation,))


def symmetric(relation: str) -> Rule:
    """r(x, y) → r(y, x)."""
    return Rule("symmetric", (relation,))


def inverse(relation: str, other: str) -> RuleSet:
    """r(x, y) → s(y, x), and s(x, y) → r(y, x)."""
    return RuleSet([Rule("inverse", (relation, other)), Rule("inverse", (other, relation))])


def sub_relation(relation: str, above: str) -> Rule:
    """r(x, y) → s(x, y): what has a hoof has a part."""
    return Rule("sub-relation", (relation, above))


def chain(first: str, second: str, conclusion: str) -> Rule:
    """r(x, y), s(y, z) → t(x, z): what is part of what lies in a land lies in that land."""
    return Rule("chain", (first, second, conclusion))


def inherited(relation: str, over: str = "is_a") -> Rule:
    """over(x, y), r(y, z) → r(x, z): what holds of a kind holds of what is one."""
    return Rule("inherited", (relation, over))


def generalised(relation: str, over: str = "is_a") -> Rule:
    """r(x, y), over(y, z) → r(x, z): what has a hoof has a foot."""
    return Rule("generalised", (relation, over))


def domain(relation: str, concept: str) -> Rule:
    """r(x, y) → instance_of(x, c). It types; people read it as a check, which it is not."""
    return Rule("domain", (relation, concept))


def range_of(relation: str, concept: str) -> Rule:
    """r(x, y) → instance_of(y, c); spelled `range(r, c)`."""
    return Rule("range", (relation, concept))


def equivalence(relations: Iterable[str], same: str = "same_as") -> RuleSet:
    """`same` goes both ways and on, and each of `relations` holds of one if it holds of the other."""
    alike = [
        rule
        for name in relations
        if name != same
        for rule in (
            inherited(name, same),
            generalised(name, same),
        )
    ]
    return RuleSet([symmetric(same), transitive(same), *alike])


def disjointness(relation: str = "disjoint_with", over: str = "is_a") -> RuleSet:
    """Disjoint kinds have disjoint kinds below them."""
    return RuleSet([symmetric(relation), inherited(relation, over)])


def _written(argument: str) -> str:
    """An argument as it is, or in quotes if it could be misread."""
    plain = not set(argument) & set('(),"') and argument == argument.strip()
    return argument if plain else json.dumps(argument, ensure_ascii=False)


def parsed_rule(text: str) -> Rule | None:
    """The rule whose name this is; None if the text is not of the form `name(argument, …)`.

    `inherited(r)` and `generalised(r)` are over `is_a`.
    """
    form, bracket, rest = text.partition("(")
    form = form.strip().replace("_", "-")
    if not bracket or not rest.rstrip().endswith(")") or form not in FORMS:
        return None
    arguments = _arguments(rest.rstrip()[:-1])
    if form in ("inherited", "generalised") and arguments is not None and len(arguments) == 1:
        arguments = [*arguments, "is_a"]
    return Rule(form, tuple(arguments)) if arguments is not None and len(arguments) == FORMS[form][0] else None


def _arguments(text: str) -> Sequence[str] | None:
    decoder, found, place = json.JSONDecoder(), [], 0
    while place <= len(text):
        while text[place : place + 1] == " ":
            place += 1
        if text[place : place + 1] == '"':
            try:
                argument, place = decoder.raw_decode(text, place)
            except ValueError:
                return None
            if text[place:].lstrip()[:1] not in ("", ","):
                return None
            end = text.find(",", place)
        else:
            end = text.find(",", place)
            argument = text[place : end if end >= 0 else len(text)].strip()
        if not argument.removeprefix("^"):
            return None
        found.append(argument)
        if end < 0:
            return found
        place = end + 1
    return None
