"""Forward chaining over edges as integers: every edge that follows, each with its smallest derivation.

Knuth's generalisation of Dijkstra's algorithm (Knuth 1977, "A generalization of Dijkstra's algorithm", Information
Processing Letters 6(1)) over the hypergraph of derivations: an edge costs one more than its premises together, a
stated edge costs 1, and the cheapest edge that is left is settled next. A settled edge is joined with the settled
ones, so that each pair of premises meets once. Of equally cheap derivations that by the earliest rule is kept, then
that whose middle concept comes first. An edge from a concept to itself takes part, though no graph shows it.
"""

from __future__ import annotations

import heapq
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kgzsl.graph.compiled import kernel

__all__ = ["COST", "HEAD", "LEFT", "RELATION", "RIGHT", "RULE", "TAIL", "VIA", "Ints", "forward"]

Ints = NDArray[np.int32]

HEAD, RELATION, TAIL, RULE, LEFT, RIGHT, VIA, COST, SETTLED, NEXT = range(10)
"""Columns of a fact: its ends, the rule and the premises it follows from (-1: none), what joins them, its cost.

From NEXT on stands the settled fact that comes after it in each of four lists: those with its relation and its head,
with its relation and its tail, and the same without what follows by the relation's own transitive rule.
"""
_WIDTH = NEXT + 4
FIRST, TURN_FIRST, SECOND, TURN_SECOND, CONCLUSION, CONSTANT, SOLE_FIRST, SOLE_SECOND = range(8)
"""Columns of a rule: relation codes and whether they are read backwards; SECOND and CONSTANT are -1 without.

SOLE_FIRST and SOLE_SECOND name a transitive rule whose conclusions need not be this premise, since the facts they
are made of lead to the same end at the same cost; -1 without.
"""


@kernel
def _slot(facts, table, head, relation, tail):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """Where the fact stands in the hash table, or the free slot where it belongs."""
    mask = len(table) - 1
    key = int(head) * 2654435761 + int(tail) * 2246822519 + int(relation) * 3266489917
    key = ((key ^ (key >> 29)) & 0x7FFFFFFF) * 2654435761  # once more, or ends in a row crowd together
    slot = (key ^ (key >> 31)) & mask
    while table[slot] >= 0:
        fact = facts[table[slot]]
        if fact[0] == head and fact[2] == tail and fact[1] == relation:
            return slot
        slot = (slot + 1) & mask
    return slot


@kernel
def _doubled(facts, weight, count):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """The facts with as much room again, a hash table for them, and their weights."""
    larger = np.full((2 * len(facts), facts.shape[1]), -1, np.int32)
    larger[:count] = facts[:count]
    table = np.full(4 * len(facts), -1, np.int32)
    for place in range(count):
        table[_slot(larger, table, larger[place, 0], larger[place, 1], larger[place, 2])] = place
    longer = np.ones(len(larger), np.float64)
    longer[:count] = weight[:count]
    return larger, table, longer


@kernel
def _offer(facts, table, count, fact):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """Take a derivation if it is of a new fact or a better one of an unsettled fact; (facts now, fact to queue)."""
    slot = _slot(facts, table, fact[0], fact[1], fact[2])
    place = table[slot]
    if place < 0:
        table[slot] = count
        facts[count] = fact
        return count + 1, count
    known = facts[place]
    if known[8] == 1 or fact[7] > known[7]:
        return count, -1
    cheaper = fact[7] < known[7]
    if not cheaper and (fact[3] > known[3] or (fact[3] == known[3] and fact[6] >= known[6])):
        return count, -1
    facts[place] = fact
    return count, (place if cheaper else -1)


@kernel
def _chain(facts, table, count, weight, rules, use_start, uses, sole_of, first, num_stated, most):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202, PLR0912, PLR0915
    """Settle fact after fact, the cheapest first; (facts, weights, how many), or -1 as their number above `most`."""
    queue: list[Any] = [(np.int64(1), np.int64(place)) for place in range(num_stated)]
    new = np.full(facts.shape[1], -1, np.int32)
    while len(queue) > 0:
        cost, here = heapq.heappop(queue)
        if facts[here, 8] == 1 or facts[here, 7] != cost:
            continue
        facts[here, 8] = 1
        left, right, relation = facts[here, 4], facts[here, 5], facts[here, 1]
        if left >= 0:
            weight[here] = weight[left] if right < 0 else min(weight[left], weight[right])
        head, tail = facts[here, 0], facts[here, 2]
        for which in range(4 if facts[here, 3] != sole_of[relation] or sole_of[relation] < 0 else 2):
            end = tail if which % 2 == 1 else head
            facts[here, 9 + which], first[which, relation, end] = first[which, relation, end], here
        for use in range(use_start[relation], use_start[relation + 1]):
            rule, is_second = uses[use, 0], uses[use, 1] == 1
            own_turn = rules[rule, 3] if is_second else rules[rule, 1]
            sole = rules[rule, 7] if is_second else rules[rule, 6]
            if sole >= 0 and facts[here, 3] == sole:
                continue
            begin, end = (tail, head) if own_turn == 1 else (head, tail)
            new[1], new[3], new[8] = rules[rule, 4], rule, 0
            if rules[rule, 2] < 0:  # one premise
                new[0], new[2] = begin, (end if rules[rule, 5] < 0 else rules[rule, 5])
                price = min(cost + 1, 1 << 29)
                new[4], new[5], new[6], new[7] = here, -1, -1, price
                if count + 1 >= len(facts):
                    facts, table, weight = _doubled(facts, weight, count)
                count, queued = _offer(facts, table, count, new)
                if queued >= 0:
                    heapq.heappush(queue, (np.int64(price), np.int64(queued)))
                continue
            other = rules[rule, 0] if is_second else rules[rule, 2]
            other_turn = rules[rule, 1] if is_second else rules[rule, 3]
            other_sole = rules[rule, 6] if is_second else rules[rule, 7]
            middle = begin if is_second else end
            from_tail = (other_turn == 1) != is_second  # whether the middle is the tail of the other fact
            which = (1 if from_tail else 0) + (0 if other_sole < 0 else 2)
            there = first[which, other, middle]
            while there >= 0:
                following = facts[there, 9 + which]
                far = facts[there, 0] if from_tail else facts[there, 2]
                new[0], new[2] = (far, end) if is_second else (begin, far)
                new[4], new[5] = (there, here) if is_second else (here, there)
                price = min(cost + facts[there, 7] + 1, 1 << 29)
                new[6], new[7] = middle, price
                if count + 1 >= len(facts):
                    facts, table, weight = _doubled(facts, weight, count)
                count, queued = _offer(facts, table, count, new)
                if queued >= 0:
                    heapq.heappush(queue, (np.int64(price), np.int64(queued)))
                there = following
            if count - num_stated > most:
                return facts, weight, -1
    return facts, weight, count


def forward(
    stated: NDArray[np.int64],
    weight: NDArray[np.float64],
    rules: NDArray[np.int64],
    *,
    num_concepts: int,
    num_relations: int,
    most: int,
) -> tuple[Ints, NDArray[np.float64]] | None:
    """All facts, `[num_facts, 11]` with the stated ones (head, relation, tail) first, and their weights.

    A fact that follows weighs as little as the lightest stated one in its proof. None if over `most` follow.
    """
    size = 1 << max(int(len(stated) * 2).bit_length(), 6)
    facts = np.full((size, _WIDTH), -1, dtype=np.int32)
    facts[: len(stated), [HEAD, RELATION, TAIL]] = stated
    facts[: len(stated), COST] = 1
    table = np.full(2 * size, -1, dtype=np.int32)
    _enter(facts, table, len(stated))
    weights = np.ones(size)
    weights[: len(stated)] = weight
    start, uses = _uses(rules, num_relations)
    sole_of = np.full(num_relations, -1, dtype=np.int32)
    for premise, rule in ((FIRST, SOLE_FIRST), (SECOND, SOLE_SECOND)):
        known = rules[:, rule] >= 0
        sole_of[rules[known, premise]] = rules[known, rule]
    first = np.full((4, num_relations, max(num_concepts, 1)), -1, dtype=np.int32)
    arrays = (rules.astype(np.int32), start, uses, sole_of, first)
    if not len(stated):
        return facts[:0], weights[:0]
    facts, weights, count = _chain(facts, table, len(stated), weights, *arrays, len(stated), most)
    if count < 0 or count - len(stated) > most:
        return None
    return facts[:count], weights[:count]


@kernel
def _enter(facts, table, count):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """Put the first facts into the hash table."""
    for place in range(count):
        table[_slot(facts, table, facts[place, 0], facts[place, 1], facts[place, 2])] = place


def _uses(rules: NDArray[np.int64], num_relations: int) -> tuple[Ints, Ints]:
    """For each relation, the rules it is a premise of, and whether the second: rows `start[r]` to `start[r + 1]`."""
    found = [(int(rule[FIRST]), place, 0) for place, rule in enumerate(rules)]
    found += [(int(rule[SECOND]), place, 1) for place, rule in enumerate(rules) if rule[SECOND] >= 0]
    found.sort()
    start = np.searchsorted([relation for relation, _, _ in found], np.arange(num_relations + 1))
    uses = np.array([use[1:] for use in found], dtype=np.int32).reshape(-1, 2)
    return start.astype(np.int32), uses
