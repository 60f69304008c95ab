"""Conditions of a query made into tests of a row, or into the few concepts that pass them."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from kgzsl.errors import InputFormatError, KgzslError, listing
from kgzsl.query.match_tree import (
    Comparison,
    Condition,
    Either,
    Every,
    Existence,
    Membership,
    Name,
    Negation,
    TextTest,
    Variable,
)
from kgzsl.query.pattern_automaton import step_codes
from kgzsl.query.pattern_syntax import PatternSyntaxError

if TYPE_CHECKING:
    from kgzsl.graph.index import IntArray
    from kgzsl.graph.knowledge_graph import KnowledgeGraph

__all__ = ["Place", "Scope", "Test", "at_place"]

Test = Callable[[Sequence[int]], bool]
_ORDERS = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}
_LONGEST_EXPRESSION = 10_000


@dataclass(frozen=True, slots=True)
class Place:
    """Where a row has the value of a variable, and whether that is a relation."""

    slot: int
    is_relation: bool


def at_place(error: KgzslError, text: str, place: int) -> KgzslError:
    """The error, with the line of the query that it comes from and a caret below it."""
    lines = str(PatternSyntaxError(text, place, "")).split("\n")[-2:]
    error.message = "\n".join([error.message, *lines])
    error.args = (error.message,)
    return error


class Scope:
    """The variables that a condition may speak of, and the graph that it is about."""

    def __init__(
        self,
        graph: KnowledgeGraph,
        text: str,
        places: Mapping[str, Place],
        exists: Callable[[Existence], Test],
    ) -> None:
        self.graph = graph
        self.text = text
        self.places = places
        self.exists = exists

    # -- tests of a row ----------------------------------------------------------------------------------------

    def test(self, condition: Condition) -> Test:
        """Whether a row passes; depth of recursion: that of the parentheses."""
        if isinstance(condition, Negation):
            passes = self.test(condition.part)
            return lambda row: not passes(row)
        if isinstance(condition, Every | Either):
            tests = [self.test(part) for part in condition.parts]
            joined = all if isinstance(condition, Every) else any
            return lambda row: joined(test(row) for test in tests)
        if isinstance(condition, Existence):
            return self.exists(condition)
        if isinstance(condition, Comparison):
            return self.comparison(condition)
        slot = self.place(condition.variable).slot
        if isinstance(condition, Membership):
            allowed = self.members(condition)
            return lambda row: row[slot] in allowed
        passing = self.passing(condition).tobytes()
        return lambda row: passing[row[slot]] == 1

    def place(self, variable: Variable) -> Place:
        """Where the variable stands in a row."""
        if variable.name not in self.places:
            known = f"; {listing(list(self.places), limit=8)} do" if self.places else ""
            error = InputFormatError(f"{variable.name} stands in no pattern that holds where it is filtered{known}")
            raise at_place(error, self.text, variable.place)
        return self.places[variable.name]

    def named(self, variable: Variable) -> str:
        """The variable's name, if it stands in a pattern."""
        self.place(variable)
        return variable.name

    def comparison(self, condition: Comparison) -> Test:
        left, right = condition.left, condition.right
        if condition.sign in _ORDERS:
            return self.order(condition)
        same = condition.sign == "="
        if isinstance(left, Variable) and isinstance(right, Variable):
            first, second = self.place(left), self.place(right)
            if first.is_relation != second.is_relation:
                error = InputFormatError(f"{left.name} and {right.name} are a relation and a concept: never the same")
                raise at_place(error, self.text, right.place)
            a, b = first.slot, second.slot
            return (lambda row: row[a] == row[b]) if same else (lambda row: row[a] != row[b])
        if isinstance(left, Name) and isinstance(right, Name):
            equal = (self.position(left) == self.position(right)) == same
            return lambda row: equal
        variable, name = (left, right) if isinstance(left, Variable) else (right, left)
        assert isinstance(variable, Variable)
        assert isinstance(name, Name)
        slot = self.place(variable).slot
        if not self.place(variable).is_relation:
            position = self.position(name)
            return (lambda row: row[slot] == position) if same else (lambda row: row[slot] != position)
        codes = self.codes(name)
        return (lambda row: row[slot] in codes) if same else (lambda row: row[slot] not in codes)

    def order(self, condition: Comparison) -> Test:
        """By id, which is the order of positions."""
        compare = _ORDERS[condition.sign]
        sides: list[tuple[bool, int]] = []
        for term in (condition.left, condition.right):
            if isinstance(term, Variable):
                sides.append((True, self.place(term).slot))
                if self.place(term).is_relation:
                    error = InputFormatError(f"{term.name} is a relation; '<' and '>' compare the ids of concepts")
                    raise at_place(error, self.text, term.place)
            else:
                sides.append((False, self.position(term)))
        (varies_a, a), (varies_b, b) = sides
        return lambda row: compare(row[a] if varies_a else a, row[b] if varies_b else b)

    # -- what a condition speaks of ----------------------------------------------------------------------------

    def position(self, name: Name) -> int:
        """The position of an id."""
        try:
            return self.graph.position(name.text)
        except KgzslError as error:
            raise at_place(error, self.text, name.place) from None

    def codes(self, name: Name) -> frozenset[int]:
        """The relations that a name or kind stands for."""
        try:
            codes, forward = step_codes(self.graph.index, name.text)
        except KgzslError as error:
            raise at_place(error, self.text, name.place) from None
        if not forward:
            turned = InputFormatError(f"{name.text!r} names edges the other way round; a variable holds their own name")
            raise at_place(turned, self.text, name.place)
        return frozenset(codes)

    def members(self, condition: Membership) -> frozenset[int]:
        """Positions or relation codes that are listed."""
        names = [name for name in condition.names if isinstance(name, Name)]
        if self.place(condition.variable).is_relation:
            return frozenset[int]().union(*(self.codes(name) for name in names))
        return frozenset(self.position(name) for name in names)

    def passing(self, condition: TextTest, within: IntArray | None = None) -> Any:
        """Which concepts pass, of those at `within` or of all, as truth values in their order."""
        if self.place(condition.variable).is_relation:
            error = InputFormatError(
                f"{condition.variable.name} is a relation; only concepts have a {condition.column}"
            )
            raise at_place(error, self.text, condition.variable.place)
        columns = self.graph.concept_columns
        texts = columns.series(condition.column)[0] if condition.column in columns.names else None
        if texts is None or texts.dtype not in (pl.String, pl.List(pl.String)):
            known = [name for name, kind in columns.table.schema.items() if kind in (pl.String, pl.List(pl.String))]
            missing = InputFormatError(f"concepts have no text {condition.column!r}; they have {', '.join(known)}")
            raise at_place(missing, self.text, condition.place)
        try:
            found = texts if within is None else texts.gather(within)
            return passing_texts(found, condition.sign, condition.text)
        except pl.exceptions.ComputeError as problem:
            said = " ".join(str(problem).partition("This error occurred")[0].split())[:200]
        raise at_place(InputFormatError(f"cannot use the expression: {said}"), self.text, condition.place)

    # -- the few that pass -------------------------------------------------------------------------------------

    def domain(self, condition: Condition) -> tuple[str, IntArray] | None:
        """A variable and the concepts that it may be, ascending, if that is all a condition says; else None."""
        match condition:
            case Comparison(Variable() as variable, "=", Name() as name) | Comparison(
                Name() as name, "=", Variable() as variable
            ) if not self.place(variable).is_relation:
                return variable.name, np.array([self.position(name)], dtype=np.int64)
            case Membership(variable, _) if not self.place(variable).is_relation:
                return variable.name, np.array(sorted(self.members(condition)), dtype=np.int64)
            case TextTest(_, variable):
                return variable.name, np.flatnonzero(self.passing(condition))
            case Either(parts):
                found = [self.domain(part) for part in parts]
                names = {one[0] for one in found if one is not None}
                if len(names) == 1 and None not in found:
                    return names.pop(), np.unique(np.concatenate([one[1] for one in found if one is not None]))
        return None


def passing_texts(texts: pl.Series, sign: str, text: str) -> Any:
    """Which cells of a column are, contain or match a text, without regard to case; of lists, if one entry does.

    Regular expressions are those of Rust's regex crate, which take time in proportion to the text they search.
    """
    column = pl.DataFrame({"text": texts}).with_row_index("row")
    if isinstance(texts.dtype, pl.List):
        column = column.explode("text")
    found = pl.col("text")
    if sign == "=":
        found = found.str.to_lowercase() == text.lower()
    elif sign == "contains":
        found = found.str.to_lowercase().str.contains(text.lower(), literal=True)
    elif len(text) > _LONGEST_EXPRESSION:
        raise pl.exceptions.ComputeError(f"it has {len(text):,} characters, and {_LONGEST_EXPRESSION:,} are allowed")
    else:
        found = found.str.contains(f"(?i){text}")
    passing = np.zeros(len(texts), dtype=bool)
    passing[column.filter(found.fill_null(False))["row"].to_numpy()] = True
    return passing
