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

MOST_PATTERNS = 64
"""What makes a pattern or joins two: `.`, `;` and `,` in braces, `/`, OPTIONAL, braces but for UNION and VALUES, items
of a list. The engine's planning takes time in the cube of these, and more: a hundred OPTIONAL take a second.
"""

MOST_CHARACTERS = 1_000_000

_UPDATES = {"LOAD", "CLEAR", "DROP", "CREATE", "ADD", "MOVE", "COPY", "INSERT", "DELETE"}
_REPEATED = {"UNION", "OPTIONAL", "MINUS", "FILTER", "BIND", "LATERAL", "EXISTS", "NOT"}
_OPERATORS = {"&&", "||", "!", "+", "-", "*", "/", "|", "^", "{", "="}
_A_TERM = "a term"
_FORMS = ("SELECT", "ASK", "CONSTRUCT", "DESCRIBE")
_ESCAPED = re.compile(r"\\u([0-9A-Fa-f]{4})|\\U([0-9A-Fa-f]{8})")
_LOCAL_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_TOKEN = re.compile(
    r"""
      (?P<quoted> <(?:[^<>"{}|^`\\\x00-\x20] | \\u[0-9A-Fa-f]{4} | \\U[0-9A-Fa-f]{8})*>
                | \"{3}(?:\"{0,2}(?:[^"\\]|\\.))*\"{3} | '{3}(?:'{0,2}(?:[^'\\]|\\.))*'{3}
                | "(?:[^"\\\n\r]|\\.)*" | '(?:[^'\\\n\r]|\\.)*' )
    | (?P<comment> \#[^\r\n]* )
    | (?P<name> (?P<prefix>(?:[^\W\d_](?:[\w.-]*[\w-])?)?):
                (?P<local>(?:[\w:%-]|\\[_~.!$&'()*+,;=/?\#@%-]|\.+(?=[\w:%\\-]))*) )
    | (?P<skipped> [?$]\w+ | @[A-Za-z]+(?:-[A-Za-z0-9]+)* | _:\w+ | (?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)? )
    | (?P<word> [^\W\d]\w* )
    | (?P<mark> && | \|\| | \S )
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
    order: list[str] = []
    names: list[PrefixedName] = []
    moved: list[int] = []
    declared: set[str] = set()
    size = _Size()
    for token in _TOKEN.finditer(query):
        if token["name"] is not None:
            if order[-1:] == ["PREFIX"]:
                declared.add(token["prefix"])
            elif token["local"]:
                names.append(PrefixedName(token["prefix"], _LOCAL_ESCAPE.sub(r"\1", token["local"]), token.start()))
            start = token.start("local")
            moved += [start + dot.start() for dot in re.finditer(r"(?<!\\)\.", token["local"])]
        if token["word"]:
            order.append(token[0].upper())
            size.add_word(order[-1])
        elif token["mark"]:
            size.add_mark(token[0])
        elif token["comment"] is None:
            size.add_term()
            order += [":"] if order[-1:] == ["PREFIX"] else []
    words = Counter(order)
    _refuse(words, order)
    _limit("nesting", size.deepest, MOST_NESTED)
    _limit("operators and groups", size.operators, MOST_OPERATORS)
    _limit("patterns", size.patterns, MOST_PATTERNS)
    form = next((word for word in order if word in _FORMS), "")
    return Checked(_escaped(query, moved), form, words["ORDER"] > 0, tuple(names), frozenset(declared), tuple(moved))


class _Size:
    """Counts what costs the engine stack or time."""

    def __init__(self) -> None:
        self.opened: list[str] = []
        self.deepest = self.operators = self.patterns = 0
        self.previous = self.last_word = ""

    def add_term(self) -> None:
        """A name, a variable, a number or a text; one right after another in parentheses is an item of a list."""
        is_item = self.previous == _A_TERM and self.opened[-1:] == ["("] and self.opened[-2:-1] != ["VALUES"]
        self.patterns += is_item
        self.previous = _A_TERM

    def add_word(self, word: str) -> None:
        """A keyword."""
        self.operators += word in _REPEATED
        self.patterns += word == "OPTIONAL"
        self.previous = self.last_word = word

    def add_mark(self, mark: str) -> None:
        """A bracket or another sign."""
        self.operators += mark in _OPERATORS
        self.patterns += mark in ("/", ".", ";") or (mark == "," and self.opened[-1:] != ["("])
        if mark in ("{", "(", "["):
            is_table = mark == "{" and self.last_word == "VALUES" and self.previous in (_A_TERM, ")")
            is_joined = mark == "[" or (mark == "{" and not is_table and not self.previous.isalpha())
            self.patterns += is_joined
            self.opened.append("VALUES" if is_table else mark)
            self.deepest = max(self.deepest, len(self.opened))
        elif mark in ("}", ")", "]"):
            self.opened[-1:] = []
        elif mark == "\\":
            raise UnsafeInputError("a backslash outside of texts and names hides what the query says")
        self.previous = mark


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
