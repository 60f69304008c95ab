"""The text of a SPARQL query before an engine sees it: what it may not ask for, and what the engine cannot read."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass

from kgzsl.errors import InputFormatError, LimitExceededError, UnsafeInputError

__all__ = ["Checked", "PrefixedName", "checked"]

MOST_NESTED = 50
"""Braces and parentheses open at once. Far beyond, the engine's own parser overruns its stack and ends the process."""

MOST_OPERATORS = 250
"""Operators and groups such as `&&`, `+`, `!` and UNION, for the same reason."""

MOST_PATTERNS = 200
"""Full stops and semicolons, which end patterns; the engine's planning takes time in their cube."""

MOST_CHARACTERS = 1_000_000

_UPDATES = {"LOAD", "CLEAR", "DROP", "CREATE", "ADD", "MOVE", "COPY", "INSERT", "DELETE"}
_REPEATED = {"UNION", "OPTIONAL", "MINUS", "FILTER", "BIND", "LATERAL", "EXISTS", "NOT"}
_FORMS = ("SELECT", "ASK", "CONSTRUCT", "DESCRIBE")
_ESCAPED = re.compile(r"\\u([0-9A-Fa-f]{4})|\\U([0-9A-Fa-f]{8})")
_LOCAL_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_TOKEN = re.compile(
    r"""
      (?P<quoted> <[^<>"{}|^`\\\x00-\x20]*>
                | \"{3}(?:\"{0,2}(?:[^"\\]|\\.))*\"{3} | '{3}(?:'{0,2}(?:[^'\\]|\\.))*'{3}
                | "(?:[^"\\\n\r]|\\.)*" | '(?:[^'\\\n\r]|\\.)*' )
    | (?P<comment> \#[^\r\n]* )
    | (?P<name> (?P<prefix>(?:[^\W\d_](?:[\w.-]*[\w-])?)?):(?P<local>(?:[\w:%-]|\\[^\w\s]|\.+(?=[\w:%\\-]))*) )
    | (?P<skipped> [?$]\w+ | @[A-Za-z]+(?:-[A-Za-z0-9]+)* | _:\w+ | (?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)? )
    | (?P<word> [^\W\d]\w* )
    | (?P<mark> && | \|\| | . )
    """,
    re.VERBOSE | re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class PrefixedName:
    """`c:tiger.n.02` in a query: its prefix, what it stands for, and where it is."""

    prefix: str
    local: str
    place: int


@dataclass(frozen=True, slots=True)
class Checked:
    """A query that only asks. `text` is the same query as the engine reads it; `form` is SELECT, ASK and so on.

    `moved` are the places in the original before which a character was put in.
    """

    text: str
    form: str
    is_ordered: bool
    names: tuple[PrefixedName, ...]
    declared: frozenset[str]
    moved: tuple[int, ...]

    def place(self, place: int) -> int:
        """Where in the original stands what is at a place of `text`."""
        for count, inserted in enumerate(self.moved):
            if inserted + count >= place:
                return place - count
        return place - len(self.moved)


def checked(query: str) -> Checked:
    r"""The query, if it asks for nothing but the graph, within the limits of this file.

    `UnsafeInputError` for SERVICE, which would send a request, and for updates; `InputFormatError` for FROM and GRAPH,
    since there is one graph, and for what is no query. The engine reads no name with two dots (`c:tiger.n.02`), though
    SPARQL 1.1 has them (rule 169, PN_LOCAL), so dots in names are escaped for it, which means the same.

    >>> checked("ASK { c:tiger.n.02 r:is_a ?x }").text
    'ASK { c:tiger\\.n\\.02 r:is_a ?x }'
    """
    if not isinstance(query, str):
        raise InputFormatError(f"a query is a string, not {type(query).__name__} {query!r:.80}")
    _limit("characters", len(query), MOST_CHARACTERS)
    for match in _ESCAPED.finditer(query):
        if int(match[1] or match[2], 16) < 0x80:
            raise UnsafeInputError(f"{match[0]} stands for a plain character and hides what the query says; write it")
    words: Counter[str] = Counter()
    order: list[str] = []
    names: list[PrefixedName] = []
    moved: list[int] = []
    declared: set[str] = set()
    depth = deepest = operators = patterns = 0
    for token in _TOKEN.finditer(query):
        kind = token.lastgroup
        if token["name"] is not None:
            if order and order[-1] == "PREFIX":
                declared.add(token["prefix"])
                order.append(":")
            elif token["local"]:
                names.append(PrefixedName(token["prefix"], _LOCAL_ESCAPE.sub(r"\1", token["local"]), token.start()))
            start = token.start("local")
            moved += [start + dot.start() for dot in re.finditer(r"(?<!\\)\.", token["local"])]
        elif kind == "word":
            order.append(token[0].upper())
            words[order[-1]] += 1
            operators += order[-1] in _REPEATED
        elif kind == "mark":
            depth += (token[0] in "{([") - (token[0] in "})]")
            deepest = max(deepest, depth)
            operators += token[0] in ("&&", "||", "!", "+", "-", "*", "/", "|", "^", "{")
            patterns += token[0] in ".;"
    _refuse(words, order)
    for limit, found, allowed in (
        ("nesting", deepest, MOST_NESTED),
        ("operators and groups", operators, MOST_OPERATORS),
        ("patterns", patterns, MOST_PATTERNS),
    ):
        _limit(limit, found, allowed)
    form = next((word for word in order if word in _FORMS), "")
    return Checked(_escaped(query, moved), form, words["ORDER"] > 0, tuple(names), frozenset(declared), tuple(moved))


def _refuse(words: Counter[str], order: list[str]) -> None:
    if words["SERVICE"]:
        raise UnsafeInputError("SERVICE asks another endpoint, and this query is answered here; take the clause out")
    for word in ("FROM", "GRAPH"):
        if words[word]:
            raise InputFormatError(f"{word} names one of several graphs, and here there is one; take it out")
    first = next((word for word in order if word in _UPDATES or word in _FORMS), "")
    if first in _UPDATES:
        raise UnsafeInputError(
            f"{first} is an update, and a graph never changes; add_edges and the like give a new one"
        )
    if not first:
        raise InputFormatError(f"a query has one of {', '.join(_FORMS)}")


def _limit(limit: str, found: int, allowed: int) -> None:
    if found > allowed:
        raise LimitExceededError(
            "SPARQL query", limit=limit, allowed=f"{allowed:,}", found=f"{found:,}", advice="ask in several queries"
        )


def _escaped(query: str, moved: list[int]) -> str:
    parts, start = [], 0
    for place in moved:
        parts += [query[start:place], "\\"]
        start = place
    return "".join([*parts, query[start:]])
