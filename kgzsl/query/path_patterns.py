"""Paths that fit a pattern of relations: a graph multiplied by the automaton of a pattern.

A place of the product is a concept and a state of the automaton; an arc of it walks an edge and changes the state. So
the best path that fits is the best way in the product. The automaton is made deterministic first, so that a path with
its relations is one way, however many ways it fits.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from kgzsl.errors import ResourceLimitError
from kgzsl.graph.routing import Arcs
from kgzsl.query.pattern_automaton import Automaton, automaton_of
from kgzsl.query.pattern_syntax import parse_pattern

if TYPE_CHECKING:
    from kgzsl.graph.index import GraphIndex

__all__ = ["MOST_ARCS", "MOST_STATES", "Product", "product_of"]

MOST_STATES = 1_000
"""States of a deterministic automaton: a pattern of n steps may have 2**n."""

MOST_ARCS = 50_000_000
"""Arcs of a product, at some 50 bytes each."""

_KEPT = 4  # products of the patterns asked last; that of a short pattern over WordNet takes some 20 MB


@dataclass(frozen=True, slots=True)
class Product:
    """The arcs of a graph's product with an automaton; concept c in state s is place `c * num_states + s`."""

    arcs: Arcs
    num_states: int
    accepting: tuple[int, ...]

    def start(self, concept: int) -> int:
        """Where walks from a concept start."""
        return concept * self.num_states

    def goals(self, concept: int) -> tuple[int, ...]:
        """Where walks to a concept may end."""
        return tuple(concept * self.num_states + state for state in self.accepting)


def product_of(index: GraphIndex, pattern: str) -> Product:
    """The product with the automaton of a pattern; those of the patterns asked last are kept."""
    tree = parse_pattern(pattern)
    kept: dict[str, Product] = index.once(("products",), dict)
    key = str(tree)
    found = kept.get(key)
    if found is None:
        found = kept[key] = _product(index, *_deterministic(automaton_of(tree, index)))
        for old in list(kept)[:-_KEPT]:
            kept.pop(old, None)
    return found


_Moves = dict[tuple[bool, int], int]


def _deterministic(automaton: Automaton) -> tuple[list[_Moves], tuple[int, ...]]:
    """For each state where each step leads, and the accepting states: the subset construction (Rabin, Scott 1959)."""
    number = {frozenset([0]): 0}
    waiting = [frozenset([0])]
    moves: list[_Moves] = []
    for states in waiting:  # grows while it is walked
        reached: dict[tuple[bool, int], set[int]] = {}
        for state in sorted(states):
            for move in automaton.transitions[state]:
                for code in move.codes:
                    reached.setdefault((move.forward, code), set()).add(move.target)
        found: _Moves = {}
        for step, targets in sorted(reached.items()):
            together = frozenset(targets)
            if together not in number:
                if len(number) >= MOST_STATES:
                    raise ResourceLimitError(
                        f"the pattern needs more than {MOST_STATES:,} states to tell paths apart; repeat fewer times"
                    )
                number[together] = len(number)
                waiting.append(together)
            found[step] = number[together]
        moves.append(found)
    accepting = tuple(place for place, states in enumerate(waiting) if states & automaton.accepting)
    return moves, accepting


def _product(index: GraphIndex, moves: list[_Moves], accepting: tuple[int, ...]) -> Product:
    num = len(moves)
    counts = np.bincount(index.relation, minlength=len(index.relations))
    size = sum(int(counts[code]) for found in moves for _, code in found)
    if size > MOST_ARCS or num * index.num_concepts >= 2**31:
        raise ResourceLimitError(
            f"the pattern with {num:,} states over {index.num_concepts:,} concepts walks {size:,} arcs, and "
            f"{MOST_ARCS:,} are allowed; name fewer relations, or ask a part of the graph (neighborhood, induced)"
        )
    columns: list[tuple[np.ndarray, ...]] = []
    for state, found in enumerate(moves):
        ways: dict[tuple[bool, int], list[int]] = {}
        for (forward, code), target in found.items():
            ways.setdefault((forward, target), []).append(code)
        for (forward, target), codes in ways.items():
            rows = np.flatnonzero(np.isin(index.relation, codes))
            ends = (index.head[rows], index.tail[rows])
            here, there = ends if forward else ends[::-1]
            ranks = 2 * index.relation[rows] + (not forward)
            columns.append((here * num + state, there * num + target, rows, ranks))
    empty = (np.empty(0, dtype=np.int64),) * 4
    sources, targets, rows, ranks = (np.concatenate(column) for column in zip(empty, *columns, strict=True))
    concepts = np.repeat(np.arange(index.num_concepts), num)
    arcs = Arcs(sources, targets, rows, ranks, num=num * index.num_concepts, concepts=concepts)
    return Product(arcs, num, accepting)
