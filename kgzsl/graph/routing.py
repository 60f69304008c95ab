"""Ways from one concept to another, as steps along the edges of chosen relations."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Sequence, Set
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from kgzsl.errors import InputFormatError
from kgzsl.graph.index import IntArray
from kgzsl.graph.meeting import meet
from kgzsl.graph.relation import POSITIVE_KINDS, stored_relation

if TYPE_CHECKING:
    from kgzsl.graph.index import GraphIndex

__all__ = [
    "NO_LIMIT",
    "Arcs",
    "arcs_of",
    "checked_degree",
    "named_relations",
    "room_of",
    "shortest_route",
]

_Relations = Iterable[str] | str | None
_Ints = NDArray[np.int32]
NO_LIMIT = 2**31 - 1
_PATIENCE = 100_000
"""Loading numba and compiling takes seconds, 100,000 arcs some tenths of one without it."""
_HUB = 1_000
"""Arcs from one place with which the first search may already be long."""


class Arcs:
    """The steps that may be taken: an arc leads along an edge from one place to another.

    Arcs are sorted by source, target and `ranks`, so that the first of several is the first in the order of paths.
    A place stands for a concept; in the product of a graph with an automaton several places stand for one.
    """

    def __init__(
        self,
        sources: IntArray,
        targets: IntArray,
        rows: IntArray,
        ranks: IntArray,
        *,
        num: int,
        mirrored: bool = False,
        concepts: IntArray | None = None,
        symmetric: Sequence[int] = (),
    ) -> None:
        """Take arcs in any order; `ranks` are twice the code of the relation, plus one if walked to the edge's head.

        `mirrored` says that each edge may be walked both ways; `concepts` are those that the places stand for;
        `symmetric` are codes of relations of which it is the same whether a stands to b or b to a. `patience` is how
        many arcs may be looked at as Python before searches are compiled; it wears off.
        """
        order = _order(sources, targets, ranks, num)
        self.num = num
        self.mirrored = mirrored
        self.symmetric = symmetric
        self.concepts = np.arange(num, dtype=np.int32) if concepts is None else concepts.astype(np.int32)
        self.sources = sources[order].astype(np.int32)
        self.targets = targets[order].astype(np.int32)
        self.rows = rows[order]
        self.ranks = ranks[order].astype(np.int32)
        self.starts = np.searchsorted(self.sources, np.arange(num + 1)).astype(np.int64)
        self.patience = _PATIENCE if np.diff(self.starts).max(initial=0) < _HUB else 0

    @cached_property
    def back(self) -> IntArray:
        """The arcs sorted by their targets, then by their sources."""
        return np.argsort(self.targets, kind="stable").astype(np.int64)

    @cached_property
    def back_sources(self) -> _Ints:
        """Where the arcs that lead to each place come from, by place."""
        return self.targets if self.mirrored else self.sources[self.back]

    @cached_property
    def back_starts(self) -> IntArray:
        """Where among `back` and `back_sources` the arcs to each place begin, `[num + 1]`."""
        if self.mirrored:
            return self.starts
        return np.searchsorted(self.targets[self.back], np.arange(self.num + 1)).astype(np.int64)

    @cached_property
    def inner(self) -> Inner:
        """The arcs that do not lead to a dead end."""
        return _inner(self.starts, self.sources, self.targets, self.degree)

    @cached_property
    def back_inner(self) -> Inner:
        """The arcs that do not come from a dead end, turned round; `arcs` are places in `back`."""
        if self.mirrored:
            return self.inner
        return _inner(self.back_starts, self.targets[self.back], self.back_sources, self.degree)

    @cached_property
    def twins(self) -> IntArray:
        """Arcs after which stands one that says the same: of a symmetric relation that is stated both ways."""
        codes = self.ranks // 2
        same = (self.sources[1:] == self.sources[:-1]) & (self.targets[1:] == self.targets[:-1])
        return np.flatnonzero(same & (codes[1:] == codes[:-1]) & np.isin(codes[1:], self.symmetric))

    @cached_property
    def once(self) -> Arcs:
        """Without the second of two that say the same."""
        return self.without(self.twins + 1) if len(self.twins) else self

    def without(self, gone: IntArray) -> Arcs:
        """All arcs but these, of each pair of twins one; as many edges touch a concept as before."""
        kept = np.delete(np.arange(len(self.targets)), gone)
        columns = (column[kept].astype(np.int64) for column in (self.sources, self.targets, self.rows, self.ranks))
        arcs = Arcs(*columns, num=self.num, mirrored=self.mirrored, concepts=self.concepts.astype(np.int64))
        arcs.__dict__["degree"] = self.degree
        return arcs

    @cached_property
    def no_costs(self) -> IntArray:
        """Arcs that cost nothing."""
        return np.zeros(len(self.targets), dtype=np.int64)

    @cached_property
    def no_rest(self) -> IntArray:
        """Places from which nothing costs anything."""
        return np.zeros(self.num, dtype=np.int64)

    @cached_property
    def no_steps(self) -> _Ints:
        """Places from which no number of steps is needed."""
        return np.zeros(self.num, dtype=np.int32)

    @cached_property
    def degree(self) -> _Ints:
        """How many edges touch each concept: one that may be walked both ways counts once."""
        if self.mirrored:
            return np.diff(self.starts).astype(np.int32)
        _, once = np.unique(self.rows, return_index=True)
        ends = self.concepts[np.concatenate([self.sources[once], self.targets[once]])]
        return np.bincount(ends, minlength=int(self.concepts.max(initial=-1)) + 1).astype(np.int32)


def _order(sources: IntArray, targets: IntArray, ranks: IntArray, num: int) -> IntArray:
    span = int(ranks.max(initial=0)) + 1
    if num * num * span < 2**63:  # one key sorts several times as fast as three
        return np.argsort((sources * num + targets) * span + ranks, kind="stable")
    return np.lexsort((ranks, targets, sources))


class Inner(NamedTuple):
    """Arcs that a shortest way may go along unless it ends there: to no concept that only one edge touches.

    In a taxonomy these are far fewer than all arcs. `degrees` are numbers of edges at the target of each arc, `sizes`
    of inner arcs from there, in the order in which a search reads them; `arcs` are the places among all arcs.
    """

    starts: IntArray
    targets: _Ints
    degrees: _Ints
    sizes: _Ints
    arcs: _Ints


def _inner(starts: IntArray, sources: _Ints, targets: _Ints, degree: _Ints) -> Inner:
    kept = np.flatnonzero((degree[targets] > 1) | (degree[sources] == 1))  # two dead ends may be joined to each other
    inner = np.searchsorted(kept, starts).astype(np.int64)
    ends = targets[kept]
    return Inner(inner, ends, degree[ends], np.diff(inner)[ends].astype(np.int32), kept.astype(np.int32))


class _Rooms(threading.local):
    """A room to search in for each thread."""

    room: Room | None = None

    def __reduce__(self) -> tuple[Any, ...]:
        return _Rooms, ()


@dataclass(slots=True)
class Room:
    """Arrays that a search writes in, kept from one to the next; `state` says which marks are of this search."""

    num: int
    state: IntArray
    marks: _Ints
    queues: _Ints


def room_of(index: GraphIndex, num: int) -> Room:
    """This thread's room for searches over `num` places."""
    rooms = index.once(("rooms",), _Rooms)
    room: Room | None = rooms.room
    if room is None or room.num < num:
        room = rooms.room = Room(
            num,
            np.zeros(1, dtype=np.int64),
            np.zeros((num, 4), dtype=np.int32),  # three are used; four do not cross the border of a cache line
            np.empty((2, num), dtype=np.int32),
        )
    return room


def arcs_of(index: GraphIndex, relations: _Relations, *, directed: bool = False) -> Arcs:
    """The steps along edges of `relations`, compiled on first use.

    A name or a kind lets its edges be walked both ways or, if `directed`, from head to tail only, but for symmetric
    relations. `^is_a` or the inverse's name, `has_kind`, lets them be walked from tail to head only. None stands
    for all relations but negative ones and annotations.
    """
    words = _words(relations)
    return index.once(("arcs of", directed, *words), lambda: _arcs(index, words, directed))  # type: ignore[no-any-return]


def _words(relations: _Relations) -> tuple[str, ...]:
    if relations is None:
        return POSITIVE_KINDS
    if isinstance(relations, str):
        return (relations,)
    if isinstance(relations, Iterator) or not isinstance(relations, Iterable):  # an iterator lasts once
        raise InputFormatError(f"relations are a name, a kind, or a list of them, not {relations!r}")
    return tuple(sorted(relations)) if isinstance(relations, Set) else tuple(relations)


def named_relations(relations: _Relations) -> str:
    """The relations as an error names them."""
    return "positive relations" if relations is None else ", ".join(sorted(_words(relations)))


def _arcs(index: GraphIndex, words: tuple[str, ...], directed: bool) -> Arcs:
    ahead: set[int] = set()
    back: set[int] = set()
    for word in words:
        stored = stored_relation(index.relations, word)
        codes = index.relation_codes(word if stored is None else stored)
        if stored is None:
            ahead.update(codes)
            codes = tuple(code for code in codes if not directed or index.relations[code].symmetric)
        back.update(codes)
    ways = tuple(sorted(ahead)), tuple(sorted(back))
    return index.once(("arcs", *ways), lambda: _compiled(index, *ways))  # type: ignore[no-any-return]


def _compiled(index: GraphIndex, ahead: tuple[int, ...], back: tuple[int, ...]) -> Arcs:
    forward, backward = (np.flatnonzero(np.isin(index.relation, codes)) for codes in (ahead, back))
    rows = np.concatenate([forward, backward])
    turned = np.arange(len(rows)) >= len(forward)
    head, tail = index.head[rows], index.tail[rows]
    return Arcs(
        np.where(turned, tail, head),
        np.where(turned, head, tail),
        rows,
        2 * index.relation[rows] + turned,
        num=index.num_concepts,
        mirrored=ahead == back,
        symmetric=[code for code in ahead if index.relations[code].symmetric],
    )


def checked_degree(max_degree: int | None) -> int:
    """The number of edges beyond which a concept is not passed through."""
    if max_degree is None:
        return NO_LIMIT
    if isinstance(max_degree, bool) or not isinstance(max_degree, int | np.integer) or max_degree < 0:
        raise InputFormatError(f"max_degree= is a number of edges from 0 up, or None, not {max_degree!r}")
    return min(int(max_degree), NO_LIMIT)


def shortest_route(index: GraphIndex, arcs: Arcs, a: int, b: int, *, most: int = NO_LIMIT) -> _Ints | None:
    """Arcs of the shortest way from a to b, the first by its concepts, then by relations; None if there is none.

    Places of more than `most` edges are not passed through.
    """
    if a == b:
        return np.empty(0, dtype=np.int32)
    room = room_of(index, arcs.num)
    ahead, back = arcs.inner, arcs.back_inner
    length = meet(
        arcs.starts,
        arcs.targets,
        arcs.sources,
        *ahead,
        *back[:4],
        arcs.degree,
        most,
        a,
        b,
        room.state,
        room.marks,
        room.queues,
    )
    return None if length < 0 else room.queues[0, :length].copy()
