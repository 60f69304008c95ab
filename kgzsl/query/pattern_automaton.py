"""A pattern bound to a graph: the finite automaton that walks it.

Every step of the pattern is a state (Glushkov 1961, "The abstract theory of automata": Thompson's automaton with its
empty transitions gone), so that a transition always walks an edge and a search over (concept, state) has no loop
that stands still. States that accept alike and lead on alike are one.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from kgzsl.errors import InputFormatError, ResourceLimitError, UnknownRelationError
from kgzsl.graph.index import Neighbors
from kgzsl.graph.lookup import nearest_of
from kgzsl.query.pattern_tree import (
    Alternative,
    AnyStep,
    Inverse,
    OtherStep,
    Pattern,
    Repeated,
    Sequence,
    Step,
    spelled_name,
)

if TYPE_CHECKING:
    from kgzsl.graph.index import GraphIndex

__all__ = ["Automaton", "Transition", "automaton_of", "neighbors_of", "step_codes"]

MOST_STATES = 1_000
"""States an automaton may have before equal ones are joined: steps of the pattern, each as often as it repeats."""

MOST_TRANSITIONS = 200_000
"""Transitions it may have: parts that may all be left out lead from each to each."""

_Label = tuple[frozenset[int], frozenset[int]]  # relation codes walked forward, and back


@dataclass(frozen=True, slots=True, order=True)
class Transition:
    """One edge walked: of a relation in `codes`, from head to tail if `forward`, and then on in state `target`.

    `codes` are places in `GraphIndex.relations`, ascending, at least one.
    """

    target: int
    forward: bool
    codes: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Automaton:
    """States 0 to `num_states` - 1, of which 0 is where a walk starts; a walk fits if it ends in an accepting one.

    `transitions[s]` are those out of state s, sorted; `accepting` are the states in which a walk may end. State 0
    among them means that the walk of no edges fits. A walk may fit in several ways: the automaton is not
    deterministic, so whoever lists walks must drop those listed twice.
    """

    transitions: tuple[tuple[Transition, ...], ...]
    accepting: frozenset[int]

    @property
    def num_states(self) -> int:
        """How many states there are."""
        return len(self.transitions)


def automaton_of(pattern: Pattern, index: GraphIndex) -> Automaton:
    """The automaton of a pattern over the relations of a graph.

    Names are relations, kinds or names of inverses; `UnknownRelationError` names the nearest. For the walks read
    from their end, take `automaton_of(Inverse(pattern), index)`. `ResourceLimitError` if it would be too large.

    >>> import networkx
    >>> from kgzsl.graph import KnowledgeGraph
    >>> from kgzsl.query.pattern_syntax import parse_pattern
    >>> animals = KnowledgeGraph.from_networkx(networkx.DiGraph([("dog", "mammal")]), relation="is_a")
    >>> found = automaton_of(parse_pattern("^is_a/is_a*"), animals.index)
    >>> found.accepting, found.transitions[0]
    (frozenset({1}), (Transition(target=1, forward=False, codes=(0,)),))
    >>> found.transitions[1]
    (Transition(target=1, forward=True, codes=(0,)),)
    """
    builder = _Builder(index)
    return builder.automaton(builder.part(pattern, True))


def neighbors_of(index: GraphIndex, transition: Transition) -> Neighbors:
    """Where a transition leads from each position, and over which rows of the edge table."""
    names = [index.relations[code].name for code in transition.codes]
    if index.relation_codes(names) == transition.codes:
        return index.up(names) if transition.forward else index.down(names)
    # a relation bears the name of a kind, which would bring others in
    rows = np.flatnonzero(np.isin(index.relation, transition.codes))
    ends = index.head[rows], index.tail[rows]
    return Neighbors(*(ends if transition.forward else ends[::-1]), rows, index.num_concepts)


def step_codes(index: GraphIndex, name: str) -> tuple[tuple[int, ...], bool]:
    """Codes of the relations that a name in a pattern stands for, and whether it walks them forward.

    A relation or kind goes from head to tail, the name of an inverse the other way.
    """
    names = [relation.name for relation in index.relations]
    if name in names:
        return index.relation_codes(name), True
    turned = [relation.name for relation in index.relations if relation.inverse == name]
    if len(turned) > 1:
        ways = " or ".join(f"^{spelled_name(relation)}" for relation in turned)
        raise InputFormatError(f"{name!r} is the inverse of {' and of '.join(turned)}; use {ways}")
    if turned:
        return index.relation_codes(turned[0]), False
    try:
        return index.relation_codes(name), True
    except UnknownRelationError:
        inverses = sorted({relation.inverse for relation in index.relations} - {"", *names})
        nearest = [spelled_name(near) for near in nearest_of(name, [*names, *inverses])]
        raise UnknownRelationError(name, graph=index.name, known=names, nearest=nearest) from None


@dataclass(frozen=True, slots=True)
class _Part:
    """A piece of the automaton: the states that it starts in, those it may end in, and whether it may be left out."""

    first: frozenset[int] = frozenset()
    last: frozenset[int] = frozenset()
    optional: bool = True


@dataclass(slots=True)
class _Builder:
    """Makes a state of each step, and keeps which states may follow it. Depth of recursion: that of the tree."""

    index: GraphIndex
    labels: list[_Label] = field(default_factory=lambda: [(frozenset(), frozenset())])
    following: list[set[int]] = field(default_factory=lambda: [set()])
    num_links: int = 0

    def part(self, pattern: Pattern, forward: bool) -> _Part:
        match pattern:
            case Sequence(parts):
                return self.joined(self.part(part, forward) for part in (parts if forward else parts[::-1]))
            case Alternative(parts):
                return self.either(parts, forward)
            case Inverse(part):
                return self.part(part, not forward)
            case Repeated():
                return self.repeated(pattern, forward)
        return self.state(self.label(pattern, forward))

    def state(self, label: _Label) -> _Part:
        if len(self.labels) > MOST_STATES:
            raise ResourceLimitError(
                f"the pattern stands for more than {MOST_STATES:,} steps; repeat fewer times, or use '+' or '*'"
            )
        self.labels.append(label)
        self.following.append(set())
        own = frozenset([len(self.labels) - 1])
        return _Part(own, own, False)

    def label(self, step: Pattern, forward: bool) -> _Label:
        every = frozenset(range(len(self.index.relations)))
        ahead: frozenset[int] = frozenset()
        back: frozenset[int] = frozenset()
        match step:
            case Step(name, towards):
                codes, as_stated = step_codes(self.index, name)
                ahead, back = (frozenset(codes), back) if towards == as_stated else (ahead, frozenset(codes))
            case AnyStep(towards):
                ahead, back = (every, back) if towards else (ahead, every)
            case OtherStep(excluded):
                sides = [self.label(one, True) for one in excluded]
                shut = [[codes for codes in column if codes] for column in zip(*sides, strict=True)] or [[], []]
                # `!` walks a direction in which it excludes something, and forward if it excludes nothing
                ways = [any(self.walks(one) == way for one in excluded) for way in (True, False)]
                ahead = every.difference(*shut[0]) if ways[0] or not excluded else ahead
                back = every.difference(*shut[1]) if ways[1] else back
        return (ahead, back) if forward else (back, ahead)

    def walks(self, step: Step) -> bool:
        """Whether a step goes from head to tail."""
        return step.forward == step_codes(self.index, step.name)[1]

    def either(self, parts: tuple[Pattern, ...], forward: bool) -> _Part:
        """One of several; steps among them are one state."""
        steps = [self.label(part, forward) for part in parts if isinstance(part, Step | AnyStep | OtherStep)]
        made = [self.part(part, forward) for part in parts if not isinstance(part, Step | AnyStep | OtherStep)]
        if steps:
            ahead, back = (frozenset().union(*side) for side in zip(*steps, strict=True))
            made.append(self.state((ahead, back)))
        first, last = (frozenset().union(*side) for side in ([p.first for p in made], [p.last for p in made]))
        return _Part(first, last, any(part.optional for part in made))

    def joined(self, parts: Iterable[_Part]) -> _Part:
        whole = _Part()
        for part in parts:
            self.link(whole.last, part.first)
            first = whole.first | part.first if whole.optional else whole.first
            last = whole.last | part.last if part.optional else part.last
            whole = _Part(first, last, whole.optional and part.optional)
        return whole

    def repeated(self, pattern: Repeated, forward: bool) -> _Part:
        """Copies in a row; past the least one, a walk may end after any. A last one without bound leads to itself."""
        if pattern.most == 0:
            self.part(pattern.part, forward)  # names in it must be known all the same
            return _Part()
        first = copy = self.part(pattern.part, forward)
        least = 0 if copy.optional else pattern.least  # what may be left out may be left out each time
        ends = [copy.last] if least <= 1 else []
        if not copy.first:  # a part of no steps
            return copy
        for times in range(2, (max(least, 1) if pattern.most is None else pattern.most) + 1):
            before, copy = copy, self.part(pattern.part, forward)
            self.link(before.last, copy.first)
            ends += [copy.last] if times >= least else []
        if pattern.most is None:
            self.link(copy.last, copy.first)
        return _Part(first.first, frozenset().union(*ends), least == 0)

    def link(self, ends: frozenset[int], starts: frozenset[int]) -> None:
        self.num_links += len(ends) * len(starts)
        if self.num_links > MOST_TRANSITIONS:
            raise ResourceLimitError(
                f"the pattern has more than {MOST_TRANSITIONS:,} ways to go on from one step to another; "
                "repeat fewer parts that may be left out"
            )
        for end in ends:
            self.following[end] |= starts

    def automaton(self, whole: _Part) -> Automaton:
        self.following[0] |= whole.first
        accepting = whole.last | ({0} if whole.optional else set())
        alike = self.alike(accepting)
        number: dict[int, int] = {alike[0]: 0}  # states that can be reached, in the order in which they are
        members = {own: state for state, own in enumerate(alike)}
        transitions = []
        for own in (waiting := [alike[0]]):
            codes: dict[tuple[int, bool], set[int]] = {}
            for target in sorted(self.following[members[own]]):
                for forward, found in zip((True, False), self.labels[target], strict=True):
                    if found:
                        if alike[target] not in number:
                            number[alike[target]] = len(number)
                            waiting.append(alike[target])
                        codes.setdefault((number[alike[target]], forward), set()).update(found)
            transitions.append(tuple(sorted(Transition(*way, tuple(sorted(found))) for way, found in codes.items())))
        return Automaton(tuple(transitions), frozenset(number[alike[s]] for s in accepting if alike[s] in number))

    def alike(self, accepting: frozenset[int] | set[int]) -> list[int]:
        """A number for each state; states that accept alike and lead on to the same by the same steps have the same.

        Joined until no more can be; there may be an automaton with fewer states still.
        """
        number, count = list(range(len(self.labels))), len(self.labels) + 1
        while len(set(number)) < count:
            count = len(set(number))
            seen: dict[object, int] = {}
            number = [
                seen.setdefault(
                    (state in accepting, frozenset((number[target], self.labels[target]) for target in targets)), state
                )
                for state, targets in enumerate(self.following)
            ]
        return number
