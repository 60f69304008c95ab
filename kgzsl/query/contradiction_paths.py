"""What lies below two concepts by ways of its own, and those ways."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator

import numpy as np

from kgzsl.errors import ResourceLimitError
from kgzsl.graph.index import GraphIndex, IntArray, Neighbors
from kgzsl.graph.relation import SHARED_RELATIONS
from kgzsl.query.audit_descent import TOO_LARGE, disjoint_ends_above

__all__ = ["Upward"]


class Upward:
    """The ways up: `is_a`, `instance_of` as a first step and, if asked for, `same_as` from either end.

    A contradiction at a concept is its own if two ways lead up from it, one to each end of a clash, that share nothing
    but the concept. Where all of them share another concept, the contradiction is that one's; so every smallest set of
    edges that contradicts itself belongs to one concept and two such ways.
    """

    def __init__(self, index: GraphIndex, *, equivalence: bool = False) -> None:
        names = {relation.name for relation in index.relations}
        kinds = index.edge_rows(["is_a"]) if "is_a" in names else np.zeros(0, dtype=np.int64)
        same = index.edge_rows(["same_as"]) if equivalence and "same_as" in names else np.zeros(0, dtype=np.int64)
        first = index.edge_rows(["instance_of"]) if "instance_of" in names else np.zeros(0, dtype=np.int64)
        self.rows = np.concatenate([kinds, same, same])
        head = np.concatenate([index.head[kinds], index.head[same], index.tail[same]])
        tail = np.concatenate([index.tail[kinds], index.tail[same], index.head[same]])
        self.taxonomy = GraphIndex(
            index.ids,
            [SHARED_RELATIONS["is_a"]],
            head=head,
            relation=np.zeros(len(head), dtype=np.int64),
            tail=tail,
            weight=np.ones(len(head)),
            name=index.name,
        )
        self.up = self.taxonomy.up("is_a")
        self.first = Neighbors(index.head[first], index.tail[first], first, index.num_concepts)

    def shared(self, first: IntArray, second: IntArray) -> Iterator[tuple[int, IntArray]]:
        """(place of a pair, concepts at or below both of its ends that may have two ways of their own)."""
        if not len(first):
            return
        below = disjoint_ends_above(self.taxonomy, "is_a", first, second)
        if below is None:
            raise ResourceLimitError(
                f"{TOO_LARGE}; ask for contradictions of a part of the graph, made by induced or neighborhood"
            )
        matrix, column = below.matrix, below.column
        heads = np.repeat(np.arange(self.taxonomy.num_concepts), np.diff(self.first.indptr))
        if len(heads):
            from scipy import sparse  # loaded by now

            shape = (self.taxonomy.num_concepts, self.taxonomy.num_concepts)
            step = sparse.coo_array((np.ones(len(heads), dtype=np.int32), (heads, self.first.indices)), shape=shape)
            matrix = matrix + step.tocsr() @ matrix
        matrix = matrix.tocsc()
        for place, (a, b) in enumerate(zip(column[first].tolist(), column[second].tolist(), strict=True)):
            under_a, under_b = (
                np.sort(matrix.indices[matrix.indptr[end] : matrix.indptr[end + 1]]).astype(np.int64) for end in (a, b)
            )
            both = np.intersect1d(under_a, under_b, assume_unique=True)
            if len(both):
                yield place, self._forking(both, under_a, under_b, int(first[place]), int(second[place]))

    def _forking(self, both: IntArray, under_a: IntArray, under_b: IntArray, a: int, b: int) -> IntArray:
        """Those of `both` that are an end themselves, or from which two edges lead to what is below one end each."""
        num = np.zeros((2, len(both)), dtype=np.int64)  # neighbours below a, below b
        either = np.zeros(len(both), dtype=np.int64)
        for side in (self.up, self.first):
            counts = side.indptr[both + 1] - side.indptr[both]
            place = np.repeat(np.arange(len(both)), counts)
            offsets = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
            over = side.indices[np.repeat(side.indptr[both], counts) + offsets]
            is_under = [np.isin(over, under) for under in (under_a, under_b)]
            for row, held in enumerate(is_under):
                num[row] += np.bincount(place[held], minlength=len(both))
            either += np.bincount(place[is_under[0] | is_under[1]], minlength=len(both))
        forks = (num.min(axis=0) > 0) & (either > 1)
        found: IntArray = both[forks | (both == a) | (both == b)]
        return found

    def ways(self, start: int, a: int, b: int) -> tuple[list[int], list[int]] | None:
        """Rows of the edges of two ways up, to a and to b, that share no concept but the start; None without."""
        if a == b and start == a:
            return [], []
        found = _reached(self._steps, start, {a, b} - {start})
        if found is None:
            return None
        if start == a:
            return [], [row for _, row in found]
        if start == b:
            return [row for _, row in found], []
        second = _second(self._steps, start, found, {a, b} - {found[-1][0]})
        if second is None:
            return None
        return (second[a], second[b]) if a in second and b in second else None

    def _steps(self, here: int, start: int) -> Iterator[tuple[int, int]]:
        """(concept above, row of the edge), by id."""
        for other, edge in zip(self.up.of(here), self.up.edges_of(here), strict=True):
            yield other, int(self.rows[edge])
        if here == start:
            yield from zip(self.first.of(here), self.first.edges_of(here), strict=True)


_Steps = Callable[[int, int], Iterator[tuple[int, int]]]
_State = tuple[int, bool]


def _reached(steps: _Steps, start: int, goals: set[int]) -> list[tuple[int, int]] | None:
    """The shortest way to one of the goals: (concept, row of the edge to it) for each step."""
    came: dict[int, tuple[int, int]] = {start: (-1, -1)}
    waiting = deque([start])
    while waiting:
        here = waiting.popleft()
        if here in goals:
            way = []
            while here != start:
                here, row, reached = *came[here], here
                way.append((reached, row))
            return way[::-1]
        for other, row in steps(here, start):
            if other not in came:
                came[other] = (here, row)
                waiting.append(other)
    return None


def _second(steps: _Steps, start: int, way: list[tuple[int, int]], goals: set[int]) -> dict[int, list[int]] | None:
    """Rows of two ways without a common concept, by the goal each leads to, from one way and another found beside it.

    One more unit of flow through a network in which a concept lets one unit pass (Suurballe 1974): a search that meets
    the first way must go back along it before it may leave it. A state is a concept, and whether it was so met.
    """
    before = dict(zip((here for here, _ in way), [start, *(here for here, _ in way)], strict=False))
    after = {before[here]: here for here, _ in way}
    came: dict[_State, tuple[_State, int]] = {}
    waiting: deque[_State] = deque([(start, False)])
    end = None
    while waiting and end is None:
        here, is_met = state = waiting.popleft()
        if is_met:
            moves = [((before[here], False), -1)] if before[here] != start else []
        else:
            moves = [((other, other in before), row) for other, row in steps(here, start) if after.get(here) != other]
            moves += [((here, True), -1)] if here in before else []
        for other, row in moves:
            if other not in came and other[0] != start:
                came[other] = (state, row)
                waiting.append(other)
                if other[0] in goals and not other[1]:
                    end = other
                    break
    if end is None:
        return None
    added: list[tuple[int, int, int]] = []  # (from, to, row)
    undone: set[int] = set()  # concepts whose edge from the first way is given up
    while end != (start, False):
        previous, row = came[end]
        if row >= 0:
            added.append((previous[0], end[0], row))
        elif previous[1]:
            undone.add(previous[0])
        end = previous
    edges = [(before[here], here, row) for here, row in way if here not in undone] + added
    return _untangled(edges, start)


def _untangled(edges: list[tuple[int, int, int]], start: int) -> dict[int, list[int]]:
    """Edges that make two ways from the start, as the rows of each by its last concept."""
    leaving = {here: (other, row) for here, other, row in edges if here != start}
    found: dict[int, list[int]] = {}
    for here, other, row in edges:
        if here == start:
            rows, place = [row], other
            while place in leaving:
                place, following = leaving[place]
                rows.append(following)
            found[place] = rows
    return found
