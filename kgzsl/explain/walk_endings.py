"""The last steps of walks added up by loop-erased path, and the largest of the sums."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kgzsl.explain.walk_steps import Key, WalkSteps

__all__ = ["Ending", "WalkShare", "largest"]

Float64 = NDArray[np.float64]

_MOST_ENDINGS = 5_000


@dataclass(frozen=True)
class WalkShare:
    """All walks from a concept whose loop erasure is `nodes`: what they carry from features and from biases.

    `relations` are those of the steps, `^` before one walked from tail to head; empty where a network has one matrix
    for all, and messages do not tell.
    """

    nodes: Key
    features: float
    biases: float
    relations: tuple[str, ...] = ()

    @property
    def credit(self) -> float:
        """Both."""
        return self.features + self.biases


@dataclass(frozen=True, eq=False)
class Ending:
    """Every last step over one relation: the group of walks it ends, the position it ends at, what it carries there.

    `relation` is None where messages do not tell. `features` come from the concept it ends at, `biases` from the first
    layer's own.
    """

    relation: str | None
    origin: NDArray[np.int64]
    reached: NDArray[np.int64]
    features: Float64
    biases: Float64


def largest(
    steps: WalkSteps,
    keys: Sequence[Key],
    endings: Sequence[Ending],
    before: Mapping[Key, float],
    share: float,
    at_most: int,
) -> tuple[tuple[WalkShare, ...], bool]:
    """The largest groups, with what biases of later layers gave `before`; of very many endings not all.

    They carry `share` of the magnitudes of all, or are `at_most`; equals of the last one are taken as well.
    """
    sizes = np.concatenate([np.abs(ending.features + ending.biases) for ending in endings])
    chosen = np.ones(len(sizes), dtype=bool)
    is_complete = len(sizes) <= _MOST_ENDINGS
    if not is_complete:
        chosen[np.argsort(-sizes, kind="stable")[_MOST_ENDINGS:]] = False
    parts = np.split(chosen, np.cumsum([len(ending.reached) for ending in endings])[:-1])
    found = _summed(steps, keys, endings, parts, before).largest(share, at_most)
    if is_complete:
        return tuple(_told(steps, group) for group in found), True
    # the same groups with all their last steps, the smallest too
    ends = np.array(sorted({steps.position(group.nodes[-1]) for group in found}), dtype=np.int64)
    sums = _summed(steps, keys, endings, [np.isin(ending.reached, ends) for ending in endings], before)
    whole = sorted((sums.of(group.nodes) for group in found), key=lambda group: (-_size(group.credit), group.nodes))
    return tuple(_told(steps, group) for group in whole), False


def _told(steps: WalkSteps, group: WalkShare) -> WalkShare:
    """With the relations of the steps beside their concepts."""
    return WalkShare(steps.nodes(group.nodes), group.features, group.biases, steps.relations(group.nodes))


def _summed(
    steps: WalkSteps,
    keys: Sequence[Key],
    endings: Sequence[Ending],
    chosen: Sequence[NDArray[np.bool_]],
    before: Mapping[Key, float],
) -> "_Sums":
    number_of = {key: number for number, key in enumerate(before)}
    numbers = list(range(len(before)))
    features = [np.zeros(len(before))]
    biases = [np.fromiter(before.values(), dtype=np.float64, count=len(before))]
    for ending, kept in zip(endings, chosen, strict=True):
        reached = ending.reached[kept].tolist()
        starts = np.searchsorted(ending.origin[kept], np.arange(len(keys) + 1)).tolist()
        for place, key in enumerate(keys):
            for longer in steps.longer(key, ending.relation, reached[starts[place] : starts[place + 1]]):
                numbers.append(number_of.setdefault(longer, len(number_of)))
        features.append(ending.features[kept])
        biases.append(ending.biases[kept])
    groups = np.array(numbers, dtype=np.int64)
    added = [
        np.bincount(groups, weights=np.concatenate(values), minlength=len(number_of)).astype(np.float64)
        for values in (features, biases)
    ]
    return _Sums(number_of, *added)


@dataclass(frozen=True, eq=False)
class _Sums:
    """Groups of walks, and what they carry by the number of each."""

    number_of: Mapping[Key, int]
    features: Float64
    biases: Float64

    def of(self, key: Key) -> WalkShare:
        """One group."""
        number = self.number_of[key]
        return WalkShare(key, float(self.features[number]), float(self.biases[number]))

    def largest(self, share: float, at_most: int) -> tuple[WalkShare, ...]:
        """The largest groups; equals, to twelve digits, by their concepts."""
        sizes = np.abs(self.features + self.biases)
        order = np.argsort(-sizes, kind="stable")
        first = min(2 * at_most + 1, len(order))
        while 0 < first < len(order) and sizes[order[first]] > (1 - 1e-10) * sizes[order[first - 1]]:
            first += 1
        keys = list(self.number_of)
        leading = [(-_size(sizes[number]), keys[number], number) for number in order[:first].tolist()]
        leading.sort()
        arranged = np.concatenate([[number for *_, number in leading], order[first:]]).astype(np.int64)
        added = np.cumsum(sizes[arranged])
        enough = min(int(np.searchsorted(added, share * added[-1])) + 1, at_most, len(keys)) if keys else 0
        while 0 < enough < len(keys) and leading[enough][0] == leading[enough - 1][0] and enough < 2 * at_most:
            enough += 1
        return tuple(self.of(key) for _, key, _ in leading[:enough])


def _size(credit: float) -> float:
    """To twelve digits: what differs by rounding alone is equal."""
    return float(f"{abs(credit):.11e}")
