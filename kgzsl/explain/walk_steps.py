"""How the walks of a network step from concept to concept, and how what they loop is forgotten."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kgzsl.explain.chains import Chains
from kgzsl.explain.decision import OpenLayer, OpenNetwork

__all__ = ["Key", "LayerPart", "WalkSteps", "erased", "parts_of"]

Key = tuple[int, ...]
"""A walk whose loops are forgotten: positions, or positions with the links by which they were reached."""


@dataclass(frozen=True, eq=False)
class LayerPart:
    """Messages that share a matrix: `operator` (H `weight`).

    `relation` is that of their facts, `^` before one heard against its direction, and "" for what concepts tell
    themselves; None where any fact, or a chain of them, may be behind a message.
    """

    relation: str | None
    operator: Any
    weight: NDArray[np.float64]


def parts_of(layer: OpenLayer) -> tuple[LayerPart, ...]:
    """What a layer is the sum of, its biases aside: one part, or one for each relation and direction."""
    parts = getattr(layer, "parts", None)
    if parts is None:
        return (LayerPart(None, layer.operator, layer.weight),)
    return tuple(LayerPart(part.relation, part.operator, part.weight) for part in parts)


def erased(key: Key, steps: Sequence[int]) -> Key:
    """`key` walked on by `steps`; returning to a concept forgets the loop.

    >>> erased((3, 5), [8, 5, 2])
    (3, 5, 2)
    """
    for step in steps:
        key = key[: key.index(step) + 1] if step in key else (*key, step)
    return key


class WalkSteps:
    """Keys of walks, and what they become when the walks go on.

    Where each relation has a matrix, a step is a position plus the number of its relation times that of all concepts,
    so that walks over parallel facts are told apart; a walk that returns forgets its loop, whatever facts it took.
    """

    def __init__(self, network: OpenNetwork, chains: Chains) -> None:
        self._chains, self._size = chains, chains.num_concepts
        named = {part.relation for layer in network.layers for part in parts_of(layer)}
        self._relations = tuple(sorted(relation for relation in named if relation is not None))
        self._number = {relation: place for place, relation in enumerate(self._relations, start=1)}

    def position(self, step: int) -> int:
        """Where a step has come to."""
        return step % self._size

    def relations(self, key: Key) -> tuple[str, ...]:
        """The relation of each step; empty where messages do not tell it."""
        return tuple(self._relations[step // self._size - 1] for step in key[1:]) if self._relations else ()

    def nodes(self, key: Key) -> tuple[int, ...]:
        """The positions of a key."""
        return tuple(step % self._size for step in key) if self._relations else key

    def longer(self, key: Key, relation: str | None, ends: Sequence[int]) -> Iterator[Key]:
        """The key walked on to each of `ends`, its loops forgotten."""
        return self._along_chains(key, ends) if relation is None else self._along(key, relation, ends)

    def _along(self, key: Key, relation: str, ends: Sequence[int]) -> Iterator[Key]:
        place = {step % self._size: number for number, step in enumerate(key)}
        taken = self._number[relation] * self._size
        for end in ends:
            yield key[: place[end] + 1] if end in place else (*key, end + taken)

    def _along_chains(self, key: Key, ends: Sequence[int]) -> Iterator[Key]:
        """`erased(key, steps)` for the steps to each end; neither the key nor these meet a concept twice."""
        place = {node: number for number, node in enumerate(key)}
        is_new = place.keys().isdisjoint
        for steps in self._chains.all_between(key[-1], ends):
            if is_new(steps):
                yield key + steps
                continue
            kept, first = len(key), 0
            for number, step in enumerate(steps, start=1):
                if place.get(step, kept) < kept:
                    kept, first = place[step] + 1, number
            yield key[:kept] + steps[first:]
