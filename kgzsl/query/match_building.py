"""The tree of a query bound to a graph: names looked up, variables numbered, a plan for each group."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from kgzsl.errors import InputFormatError, KgzslError, ResourceLimitError, UnknownRelationError
from kgzsl.query.match_filters import Place, Scope, Test, at_place
from kgzsl.query.match_joining import Rows, joined
from kgzsl.query.match_links import Link, edge_link, edge_side, link_of
from kgzsl.query.match_planning import End, Plan, Relates, known_end, narrowed, planned_levels
from kgzsl.query.match_tree import (
    Condition,
    Every,
    Existence,
    Group,
    Name,
    Statement,
    Term,
    TextTest,
    Variable,
    conditions_within,
    mentioned,
    variables_of,
)
from kgzsl.query.pattern_automaton import Transition
from kgzsl.query.pattern_syntax import PatternSyntaxError, pattern_at
from kgzsl.query.pattern_tree import Pattern, Step

if TYPE_CHECKING:
    from kgzsl.graph.index import IntArray
    from kgzsl.graph.knowledge_graph import KnowledgeGraph

__all__ = ["Query"]

MOST_OPTIONS = 50
"""OPTIONAL groups of one query."""


class Query:
    """A query over a graph, ready to give its rows. `names` are its columns, `relations` those with relations."""

    def __init__(self, graph: KnowledgeGraph, text: str, group: Group) -> None:
        self.graph, self.text, self.index = graph, text, graph.index
        self._links: dict[str, Link] = {}
        self._relations: dict[str, bool] = {}
        places: dict[str, Place] = {}
        self._rows = joined(self.index, self._plan(group, places))
        self._options = self._optional(group, places)
        self.names = tuple(places)
        self.relations = tuple(place.is_relation for place in places.values())

    def rows(self) -> Iterator[tuple[int | None, ...]]:
        """Positions and relation codes by column; None where an option does not hold."""
        rows: Iterator[tuple[int | None, ...]] = self._rows()
        for option, given, added in self._options:
            rows = _with_option(rows, option, given, added)
        return rows

    # -- groups ------------------------------------------------------------------------------------------------

    def _plan(self, group: Group, places: dict[str, Place]) -> Plan:
        """The plan of a group; `places` are the variables given to it, and then those of its own as well."""
        num_given = len(places)
        given = set(places)
        statements = [self._sorted(statement) for statement in group.statements]
        for statement in statements:
            for term in (statement.subject, statement.relation, statement.object):
                if isinstance(term, Variable) and term.name not in places:
                    places[term.name] = Place(len(places), self._relations[term.name])
        patterns = [self._relates(statement) for statement in statements]
        domains: dict[str, IntArray] = {}
        for one in patterns:
            _start_domain(one, given, domains)
        scope = Scope(self.graph, self.text, dict(places), lambda condition: self._exists(condition, places))
        tests, texts = [], []
        for part in self._kept(group, scope, given, domains):
            if isinstance(part, TextTest) and part.variable.name not in given:
                texts.append(part)
            else:
                tests.append((scope.test(part), self._slots(part, places)))
        narrowed(patterns, domains, given)
        for text in texts:  # when few concepts are left, only their texts are read
            name = scope.named(text.variable)
            within = domains.get(name)
            found = np.flatnonzero(scope.passing(text, within))
            domains[name] = found if within is None else within[found]
        if texts:
            narrowed(patterns, domains, given)
        names = tuple(places)
        relations = {name for name, place in places.items() if place.is_relation}
        levels = planned_levels(names, num_given, patterns, domains, relations)
        plan = Plan(names, num_given, levels, is_empty=any(not len(domain) for domain in domains.values()))
        plan.tests += [self._holds(one, places) for one in patterns if _is_settled(one, places, num_given)]
        for test, slots in tests:
            last = max(slots, default=-1)
            (plan.tests if last < num_given else levels[last - num_given].tests).append(test)
        return plan

    def _kept(self, group: Group, scope: Scope, given: set[str], domains: dict[str, IntArray]) -> Iterator[Condition]:
        """The filters that have to be tested row by row; the others narrow `domains`."""
        waiting = list(reversed(group.filters))
        while waiting:
            condition = waiting.pop()
            if isinstance(condition, Every):
                waiting.extend(reversed(condition.parts))
                continue
            domain = None if isinstance(condition, TextTest) else scope.domain(condition)
            if domain is None or domain[0] in given:
                yield condition
            else:
                _narrow(domains, *domain)

    def _slots(self, condition: Condition, places: Mapping[str, Place]) -> list[int]:
        """Slots that a condition reads."""
        names = {variable.name for variable in variables_of(condition)}
        for part in conditions_within(condition):
            if isinstance(part, Existence):
                names |= mentioned(part.group).keys() & places.keys()
        return [places[name].slot for name in names]

    def _exists(self, condition: Existence, places: Mapping[str, Place]) -> Test:
        if condition.group.options:
            error = InputFormatError("OPTIONAL changes nothing inside EXISTS; take it out")
            raise at_place(error, self.text, condition.place)
        rows, given = self._inner(condition.group, places)
        return lambda row: next(rows([row[slot] for slot in given]), None) is not None

    def _inner(self, group: Group, places: Mapping[str, Place]) -> tuple[Rows, list[int]]:
        """The rows of a group for values from outside, and the slots that have these."""
        shared = [name for name in mentioned(group) if name in places]
        inner = {name: Place(slot, places[name].is_relation) for slot, name in enumerate(shared)}
        return joined(self.index, self._plan(group, inner)), [places[name].slot for name in shared]

    def _optional(self, group: Group, places: dict[str, Place]) -> list[tuple[Rows, list[int], int]]:
        if len(group.options) > MOST_OPTIONS:
            raise ResourceLimitError(
                f"the query has {len(group.options):,} OPTIONAL groups, and {MOST_OPTIONS} are allowed"
            )
        required = dict(places)
        options = []
        for option in group.options:
            if option.options:
                raise InputFormatError("an OPTIONAL group stands inside another; write them one after the other")
            before = len(places)
            own = mentioned(option)
            for name in own.keys() & places.keys() - required.keys():
                error = InputFormatError(f"{name} stands in two OPTIONAL groups, and may have no value in the second")
                raise at_place(error, self.text, own[name].place)
            rows, given = self._inner(option, required)
            for statement in option.statements:
                for term in (statement.subject, statement.relation, statement.object):
                    if isinstance(term, Variable) and term.name not in places:
                        places[term.name] = Place(len(places), self._relations[term.name])
            options.append((rows, given, len(places) - before))
        return options

    # -- patterns ----------------------------------------------------------------------------------------------

    def _sorted(self, statement: Statement) -> Statement:
        """The statement, once each of its variables is known to stand for a concept or for a relation."""
        for term, is_relation in (
            (statement.subject, False),
            (statement.relation, True),
            (statement.object, False),
        ):
            if isinstance(term, Variable) and self._relations.setdefault(term.name, is_relation) != is_relation:
                kinds = ("a relation", "a concept") if is_relation else ("a concept", "a relation")
                error = InputFormatError(f"{term.name} is {kinds[0]} here and {kinds[1]} elsewhere; use two variables")
                raise at_place(error, self.text, term.place)
        return statement

    def _relates(self, statement: Statement) -> Relates:
        subject, target = self._end(statement.subject), self._end(statement.object)
        relation = statement.relation
        if isinstance(relation, Variable):
            every = edge_link(self.index, tuple(range(len(self.index.relations))))
            return Relates(subject, every, target, relation.name)
        if relation.text not in self._links:
            self._links[relation.text] = self._link(relation)
        return Relates(subject, self._links[relation.text], target)

    def _end(self, term: Term) -> End:
        if isinstance(term, Variable):
            return term.name
        try:
            return self.graph.position(term.text)
        except KgzslError as error:
            raise at_place(error, self.text, term.place) from None

    def _link(self, relation: Name) -> Link:
        pattern: Pattern
        if relation.text in self.graph.relations:
            pattern = Step(relation.text)
        else:
            end = relation.place + len(relation.text)
            pattern, read = pattern_at(self.text, relation.place, end)
            if read < end:
                signs = "'/', '|', '?', '*', '+', '{m,n}' or an id or variable"
                raise PatternSyntaxError(self.text, read, f"{signs}: a pattern has three parts, as in '?x is_a ?y'")
        try:
            return link_of(self.index, pattern)
        except UnknownRelationError as error:
            place = max(self.text.find(error.name, relation.place), relation.place)
            raise at_place(error, self.text, place) from None
        except KgzslError as error:
            raise at_place(error, self.text, relation.place) from None

    def _holds(self, one: Relates, places: Mapping[str, Place]) -> Test:
        """Whether a pattern holds whose variables are all given."""
        slots = {name: place.slot for name, place in places.items()}
        subject, target = known_end(one.subject, slots), known_end(one.object, slots)
        side, varies = one.link.sides[0], slots.get(one.variable)
        if varies is None:
            return lambda row: side.holds(subject(row), target(row))
        index = self.index
        return lambda row: edge_side(index, Transition(1, True, (row[varies],))).holds(subject(row), target(row))


def _is_settled(one: Relates, places: Mapping[str, Place], num_given: int) -> bool:
    names = [name for name in (one.subject, one.object, one.variable) if isinstance(name, str) and name]
    return all(places[name].slot < num_given for name in names)


def _start_domain(one: Relates, given: set[str], domains: dict[str, IntArray]) -> None:
    """What a pattern with an id leaves to the variable at its other end."""
    for end, other, side in ((one.subject, one.object, 1), (one.object, one.subject, 0)):
        if isinstance(end, str) and isinstance(other, int) and end not in given:
            _narrow(domains, end, np.array(one.link.sides[side].of(other), dtype=np.int64))


def _narrow(domains: dict[str, IntArray], name: str, found: IntArray) -> None:
    known = domains.get(name)
    domains[name] = found if known is None else np.intersect1d(known, found, assume_unique=True)


def _with_option(
    rows: Iterator[tuple[int | None, ...]], option: Rows, given: Sequence[int], added: int
) -> Iterator[tuple[int | None, ...]]:
    """Each row with all that the option adds to it, or with nothing if it adds nothing."""
    empty = (None,) * added
    num_given = len(given)
    for row in rows:
        found = False
        for more in option([row[slot] for slot in given]):
            found = True
            yield (*row, *more[num_given:])
        if not found:
            yield (*row, *empty)
