"""Choose matches one to one, the clear ones first, so that they tell of their neighbours."""

import numpy as np
from numpy.typing import NDArray

from kgzsl.graph.index import IntArray
from kgzsl.graph.knowledge_graph import KnowledgeGraph
from kgzsl.query.alignment_context import Surroundings, agreement
from kgzsl.query.alignment_ids import Candidate
from kgzsl.query.alignment_pairs import FloatArray, Pairs
from kgzsl.query.alignment_result import Alignment, Conflict, Match

__all__ = ["Settling"]

_ROUNDS = 10
_MARGIN = 0.04


class Settling:
    """An alignment in the making: `target` is the match of each position of a, `source` of each of b, -1 for none."""

    def __init__(self, a: KnowledgeGraph, b: KnowledgeGraph, threshold: float) -> None:
        self.a, self.b, self.threshold = a, b, threshold
        self.target = np.full(len(a), -1, dtype=np.int64)
        self.source = np.full(len(b), -1, dtype=np.int64)
        self._around = Surroundings(a.index), Surroundings(b.index)
        self._one = self._around[0].one, self._around[1].one
        self._matches: dict[int, tuple[Candidate, str]] = {}
        self._disputes: dict[tuple[int, str], dict[int, float]] = {}
        self._notes: tuple[str, ...] = ()

    def take(self, candidates: list[tuple[Candidate, str]]) -> None:
        """Match identified candidates in their order; one that comes too late is in dispute."""
        for candidate, method in candidates:
            first, second = candidate.a, candidate.b
            if candidate.confidence < self.threshold:
                continue
            if self.target[first] < 0 and self.source[second] < 0:
                self._match(candidate, method)
            elif not self._is_same(0, int(self.source[second]), first) and not self._is_same(
                1, int(self.target[first]), second
            ):
                self._dispute(first, second, candidate.confidence, f"{candidate.evidence}, but one of them is taken")

    def settle(self, pairs: Pairs) -> None:
        """Match pairs that are clear of all others, in rounds: each round knows the neighbours of the former."""
        for _ in range(_ROUNDS):
            free = self._free(pairs.first, pairs.second)
            count, possible, confidence, clear = self._judged(pairs, free)
            chosen = np.flatnonzero(clear & (confidence >= self.threshold)).tolist()
            for place in chosen:
                row = int(free[place])
                evidence = pairs.evidence(row, int(count[place]), int(possible[place]))
                self._match(
                    Candidate(int(pairs.first[row]), int(pairs.second[row]), confidence[place], evidence), pairs.method
                )
            if not chosen:
                return

    def dispute_rest(self, pairs: Pairs) -> None:
        """Note the pairs that are left, and why nothing was made of them; a pair noted before has its reason."""
        self._notes += pairs.notes
        noted = {(first, second) for (first, _), candidates in self._disputes.items() for second in candidates}
        free = self._free(pairs.first, pairs.second)
        _, _, confidence, clear = self._judged(pairs, free)
        for place, row in enumerate(free.tolist()):
            first, second = int(pairs.first[row]), int(pairs.second[row])
            is_told = confidence[place] >= self.threshold or pairs.method == "labels"
            if is_told and (first, second) not in noted:
                self._dispute(first, second, confidence[place], pairs.reason(row, is_clear=bool(clear[place])))

    def result(self) -> Alignment:
        """What was matched, and what was left open."""
        conflicts = []
        for (first, reason), candidates in sorted(self._disputes.items()):
            ordered = sorted(candidates.items(), key=lambda item: (-item[1], item[0]))
            named = tuple((self.b.ids[place], confidence) for place, confidence in ordered)
            conflicts.append(Conflict(self.a.ids[first], named, reason))
        matches = tuple(self._shown(*self._matches[first]) for first in sorted(self._matches))
        return Alignment(self.a.name, self.b.name, matches, tuple(conflicts), len(self.a), len(self.b), self._notes)

    def _shown(self, candidate: Candidate, method: str) -> Match:
        return Match(
            a=self.a.ids[candidate.a],
            b=self.b.ids[candidate.b],
            confidence=round(float(candidate.confidence), 4),
            method=method,
            evidence=candidate.evidence,
            label_a=str(self.a.read_concept(candidate.a, "label")),
            label_b=str(self.b.read_concept(candidate.b, "label")),
        )

    def _match(self, candidate: Candidate, method: str) -> None:
        self.target[candidate.a], self.source[candidate.b] = candidate.b, candidate.a
        self._matches[candidate.a] = candidate, method

    def _dispute(self, first: int, second: int, confidence: float, reason: str) -> None:
        candidates = self._disputes.setdefault((first, reason), {})
        candidates[second] = max(round(float(confidence), 4), candidates.get(second, 0.0))

    def _is_same(self, side: int, one: int, other: int) -> bool:
        return one >= 0 and bool(self._one[side][one] == self._one[side][other])

    def _free(self, first: IntArray, second: IntArray) -> IntArray:
        """Rows of the pairs of which neither end, nor another id of the same thing, is matched yet."""
        done = [
            np.bincount(one, weights=matched >= 0, minlength=len(one)) > 0
            for one, matched in zip(self._one, (self.target, self.source), strict=True)
        ]
        return np.flatnonzero(~done[0][self._one[0][first]] & ~done[1][self._one[1][second]])

    def _judged(self, pairs: Pairs, free: IntArray) -> tuple[IntArray, IntArray, FloatArray, NDArray[np.bool_]]:
        """For the free rows: neighbours that agree and could, confidence, and whether better than all others."""
        first, second = pairs.first[free], pairs.second[free]
        count, possible = agreement(*self._around, self.target, first, second)
        confidence, value = pairs.judge(free, count, possible)
        clear = self._clear(first, second, value) & pairs.is_evident(free, count)
        return count, possible, confidence, clear

    def _clear(self, first: IntArray, second: IntArray, value: FloatArray) -> NDArray[np.bool_]:
        """Whether a pair is better by a margin than every other pair with either of its ends.

        Of pairs between ids of the same two things, the best, or else the first, stands for all.
        """
        ends = self._one[0][first], self._one[1][second]
        order = np.lexsort((np.arange(len(value)), -value, ends[1], ends[0]))
        again = [np.diff(end[order], prepend=-1) == 0 for end in ends]
        stands = order[~(again[0] & again[1])]
        clear = np.zeros(len(value), dtype=bool)
        clear[stands] = _ahead(ends[0][stands], value[stands]) & _ahead(ends[1][stands], value[stands])
        return clear


def _ahead(end: IntArray, value: FloatArray) -> NDArray[np.bool_]:
    """Whether each value is the largest of its end by a margin, or the only one."""
    ahead = np.zeros(len(end), dtype=bool)
    if not len(end):
        return ahead
    order = np.lexsort((-value, end))
    ends, values = end[order], value[order]
    starts = np.flatnonzero(np.diff(ends, prepend=-1) != 0)
    following = np.minimum(starts + 1, len(ends) - 1)
    alone = (following == starts) | (ends[following] != ends[starts])
    ahead[order[starts[alone | (values[starts] - values[following] >= _MARGIN)]]] = True
    return ahead
