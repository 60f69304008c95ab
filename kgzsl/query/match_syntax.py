"""The text of a query for `kg.match`, read into a tree. `kgzsl.query.matching` has the grammar."""

from __future__ import annotations

import re

from kgzsl.errors import InputFormatError, ResourceLimitError
from kgzsl.query.match_tree import (
    Comparison,
    Condition,
    Either,
    Every,
    Existence,
    Group,
    Membership,
    Name,
    Negation,
    Statement,
    Term,
    TextTest,
    Variable,
)
from kgzsl.query.pattern_syntax import PatternSyntaxError

__all__ = ["MOST_NESTED", "parse_query"]

MOST_NESTED = 50
"""Parentheses and braces that may be open at once."""

_QUOTED = r"<(?![\s=])(?:[^<>\\]|\\.)*>"
_STOP = r"\.(?=[\s;}]|$)"  # a dot at the end of a word parts two patterns; one inside belongs to an id
_GAP = re.compile(rf"(?:\s|;|{_STOP})*")
_PIECE = re.compile(
    rf'(?:{_QUOTED}|"(?:[^"\\]|\\.)*"|\{{[\s\d,]*\}}|[^\s;{{}}"<.]|<|{_STOP[:2]}(?![\s;}}]|$))+', re.DOTALL
)
_BLANK = re.compile(r"[^\S\n]*")
_SPACE = re.compile(r"\s*")
_KEYWORD = re.compile(r"(?P<word>FILTER|OPTIONAL|EXISTS|NOT)(?=[\s({?!\"<]|$)")
_VARIABLE = re.compile(r"\?[^\W\d]\w*")
_NAME = re.compile(rf'{_QUOTED}|(?:[^\s(),;"<>=!&|{{}}?.]|{_STOP[:2]}(?![\s;}})]|$))+', re.DOTALL)
_TEXT = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)
_SIGN = re.compile(r"==|!=|<=|>=|[=<>]|(?:not\s+in|in|contains|matches)(?=[\s(\"<?])", re.IGNORECASE)
_COLUMN = re.compile(r"(\w+)\s*\(\s*(?=\?)")
_EXISTS = re.compile(r"EXISTS\s*(?=\{)")
_NOT = re.compile(r"!(?!=)|NOT(?=[\s(])")
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_SPARQL = re.compile(r"\s*((?:SELECT|ASK|CONSTRUCT|DESCRIBE|PREFIX|BASE)\b)", re.IGNORECASE)
_SIGNS = {"=", "==", "!=", "<", "<=", ">", ">="}


def parse_query(text: str) -> Group:
    """The tree of a query; `InputFormatError` shows where it cannot be read and what was expected.

    >>> parse_query("?x is_a equine.n.01").statements[0].object
    Name(text='equine.n.01', place=8, quoted=False)
    """
    if not isinstance(text, str):
        raise InputFormatError(f"a query is a string such as '?x is_a ?y', not {type(text).__name__} {text!r:.80}")
    reader = _Reader(text)
    try:
        group = reader.group()
        if reader.place < len(text):
            raise reader.unexpected("a pattern, FILTER or OPTIONAL; this '}' closes nothing")
        if not group.statements:
            raise reader.unexpected("a pattern such as '?x is_a ?y'")
    except PatternSyntaxError:
        begun = _SPARQL.match(text)
        if begun is None:
            raise
        advice = "a pattern such as '?x is_a ?y'; a whole query of SPARQL is for kg.sparql"
        raise PatternSyntaxError(text, begun.start(1), advice) from None
    return group


class _Reader:
    def __init__(self, text: str) -> None:
        self.text = text
        self.place = 0
        self.depth = 0

    # -- groups ------------------------------------------------------------------------------------------------

    def group(self) -> Group:
        """Patterns, filters and options up to the end or a closing brace."""
        group = Group()
        while True:
            self.skip(_GAP)
            if self.place >= len(self.text) or self.text[self.place] == "}":
                return group
            keyword = _KEYWORD.match(self.text, self.place)
            word = keyword["word"] if keyword else ""
            if group.options and word != "OPTIONAL":
                raise self.unexpected("OPTIONAL or the end: what is optional comes last")
            if word == "OPTIONAL":
                self.take(word)
                group.options.append(self.braced())
            elif word:
                if word == "FILTER":
                    self.take(word)
                group.filters.append(self.condition())
            else:
                self.statement(group)
            self.ended()

    def ended(self) -> None:
        """Check that what was read is parted from what follows; a closing bracket parts enough."""
        closed = self.text[self.place - 1] in "})"
        self.skip(_BLANK)
        rest = self.text[self.place : self.place + 1]
        if not closed and rest not in ("", ";", "\n", "}", ".") and not _KEYWORD.match(self.text, self.place):
            raise self.unexpected("' . ', ';' or a new line before what follows")

    def braced(self) -> Group:
        self.skip(_SPACE)
        opened = self.place
        self.take("{", "'{'")
        self.deeper()
        group = self.group()
        self.take("}", f"'}}' for the '{{' at place {opened}")
        self.depth -= 1
        return group

    def deeper(self) -> None:
        self.depth += 1
        if self.depth > MOST_NESTED:
            raise ResourceLimitError(
                f"the query opens more than {MOST_NESTED} parentheses or braces inside one another "
                f"(place {self.place}); leave out those that group nothing"
            )

    def statement(self, group: Group) -> None:
        pieces: list[re.Match[str]] = []
        place = self.place
        while found := _PIECE.match(self.text, place):
            if len(pieces) > 2 and _KEYWORD.match(self.text, place):
                break
            pieces.append(found)
            blank = _BLANK.match(self.text, found.end())
            place = blank.end() if blank else found.end()
        if not pieces:
            raise self.unexpected("a variable, an id (with other characters in <...>) or FILTER")
        if self.is_condition(pieces):
            group.filters.append(self.condition())
            return
        if len(pieces) < 3:
            self.place = pieces[-1].end()
            self.skip(_BLANK)
            parts = "a relation and an id or variable" if len(pieces) == 1 else "an id or variable"
            raise self.unexpected(f"{parts} after it: a pattern has three parts, as in '?x is_a ?y'")
        subject, target = self.term_of(pieces[0]), self.term_of(pieces[-1])
        first, last = pieces[1].start(), pieces[-2].end()
        relation: Term = Name(self.text[first:last], first)
        if len(pieces) == 3 and _VARIABLE.fullmatch(pieces[1][0]):
            relation = Variable(pieces[1][0], first)
        group.statements.append(Statement(subject, relation, target))
        self.place = pieces[-1].end()

    def is_condition(self, pieces: list[re.Match[str]]) -> bool:
        """Whether a line without FILTER is a filter: `?x != ?y`, `?x in (a, b)`, `label(?x) = "dog"`."""
        if _COLUMN.match(pieces[0][0]):
            return True
        after = [piece[0] for piece in pieces[1:3]]
        if after[:1] == ["not"]:
            after = [piece[0] for piece in pieces[2:4]]
        return bool(after) and (after[0] in _SIGNS or (after[0] + "".join(after[1:])).startswith("in("))

    def term_of(self, piece: re.Match[str]) -> Term:
        text, place = piece[0], piece.start()
        if _VARIABLE.fullmatch(text):
            return Variable(text, place)
        if text.startswith("?"):
            self.place = place
            raise self.unexpected("a variable of letters, digits and '_' after '?'; ids with a '?' stand in <...>")
        if text.startswith('"'):
            self.place = place
            raise self.unexpected('an id or a variable; texts are compared in a filter: label(?x) = "dog"')
        return _named(text, place)

    # -- conditions --------------------------------------------------------------------------------------------

    def condition(self) -> Condition:
        """`a || b`, where `&&` binds more."""
        return self.joined("||", Either, lambda: self.joined("&&", Every, self.single))

    def joined(self, sign: str, made: type[Either] | type[Every], read: object) -> Condition:
        parts: list[Condition] = [read()]  # type: ignore[operator]
        while True:
            place = self.place
            self.skip(_SPACE if self.depth else _BLANK)
            if not self.text.startswith(sign, self.place):
                self.place = place
                return parts[0] if len(parts) == 1 else made(tuple(parts))
            self.take(sign)
            parts.append(read())  # type: ignore[operator]

    def single(self) -> Condition:
        """A comparison, a group in parentheses, or the negation of either."""
        self.skip(_SPACE)
        negated = False
        while found := _NOT.match(self.text, self.place):
            negated = not negated
            self.place = found.end()
            self.skip(_SPACE)
        part: Condition
        if found := _EXISTS.match(self.text, self.place):
            place = self.place
            self.place = found.end()
            part = Existence(self.braced(), place)
        elif self.text.startswith("(", self.place):
            opened = self.place
            self.take("(")
            self.deeper()
            part = self.condition()
            self.skip(_SPACE)
            self.take(")", f"'&&', '||' or ')' for the '(' at place {opened}")
            self.depth -= 1
        else:
            part = self.comparison()
        return Negation(part) if negated else part

    def comparison(self) -> Condition:
        if found := _COLUMN.match(self.text, self.place):
            return self.text_test(found)
        left = self.term("a variable, an id, label(?x), EXISTS or '('")
        sign = self.sign()
        if sign in ("in", "not in"):
            if not isinstance(left, Variable):
                self.place = left.place
                raise self.unexpected("a variable before 'in'")
            inside = Membership(left, self.listed())
            return inside if sign == "in" else Negation(inside)
        if sign in ("contains", "matches"):
            self.place = left.place
            raise self.unexpected(f'a column before {sign!r}, as in label(?x) {sign} "dog"')
        self.skip(_SPACE)
        return Comparison(left, sign, self.term("a variable or an id"))

    def text_test(self, column: re.Match[str]) -> Condition:
        place = self.place
        self.place = column.end()
        variable = self.term("a variable")
        self.skip(_SPACE)
        self.take(")", "')'")
        at = self.place
        sign = self.sign()
        if sign not in ("=", "!=", "contains", "matches") or not isinstance(variable, Variable):
            self.place = at
            raise self.unexpected("'=', '!=', 'contains' or 'matches'")
        self.skip(_SPACE)
        found = _TEXT.match(self.text, self.place)
        if found is None:
            raise self.unexpected('a text in double quotes, with \\" for one in it')
        self.place = found.end()
        # a regular expression keeps its backslashes
        text = found[1].replace('\\"', '"') if sign == "matches" else _ESCAPED.sub(r"\1", found[1])
        test = TextTest(column[1], variable, "=" if sign == "!=" else sign, text, place)
        return Negation(test) if sign == "!=" else test

    def listed(self) -> tuple[Term, ...]:
        self.skip(_SPACE)
        self.take("(", "'(' and ids")
        names: list[Term] = []
        while True:
            self.skip(_SPACE)
            names.append(self.term("an id"))
            if isinstance(names[-1], Variable):
                self.place = names[-1].place
                raise self.unexpected("an id: a list has no variables")
            self.skip(_SPACE)
            if self.text.startswith(")", self.place):
                self.take(")")
                return tuple(names)
            self.take(",", "',' or ')'")

    def term(self, expected: str) -> Term:
        place = self.place
        if found := _VARIABLE.match(self.text, place):
            self.place = found.end()
            return Variable(found[0], place)
        found = _NAME.match(self.text, place)
        if found is None:
            raise self.unexpected(expected)
        self.place = found.end()
        return _named(found[0], place)

    def sign(self) -> str:
        self.skip(_SPACE)
        found = _SIGN.match(self.text, self.place)
        if found is None:
            raise self.unexpected("'=', '!=', '<', '>', 'in', 'contains' or 'matches'")
        self.place = found.end()
        sign = " ".join(found[0].lower().split())
        return "=" if sign == "==" else sign

    # -- signs -------------------------------------------------------------------------------------------------

    def skip(self, what: re.Pattern[str]) -> None:
        found = what.match(self.text, self.place)
        self.place = found.end() if found else self.place

    def take(self, sign: str, expected: str = "") -> None:
        if not self.text.startswith(sign, self.place):
            raise self.unexpected(expected or repr(sign))
        self.place += len(sign)

    def unexpected(self, expected: str) -> PatternSyntaxError:
        return PatternSyntaxError(self.text, self.place, expected)


def _named(text: str, place: int) -> Name:
    if text.startswith("<") and text.endswith(">") and len(text) > 2:
        return Name(_ESCAPED.sub(r"\1", text[1:-1]), place, quoted=True)
    return Name(text, place)
