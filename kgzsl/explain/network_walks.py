"""What the messages of a network carry, walk by walk, with the gates of its forward pass kept as they were.

With the gates frozen a network of graph convolutions and LeakyReLU is linear in each walk v_0 - v_1 - ... - v_L = u
that its messages take, so its output is a sum over walks, plus the walks that start at a bias
(Schnake et al., TPAMI 2022, section 3, without its propagation rules: those change the function). Here walks are
grouped by their loop erasure, read from u, and each group's share is exact.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import scipy.sparse
from numpy.typing import NDArray

from kgzsl.explain.chains import Chains
from kgzsl.explain.decision import OpenLayer, OpenNetwork

__all__ = ["Flow", "Search", "WalkShare", "erased", "flow", "search"]

Float64 = NDArray[np.float64]
Key = tuple[int, ...]

MOST_STATES = 4_096
"""Groups of walks followed at once; a search that had more is not certified."""
_MOST_ENDINGS = 5_000
# multiplications of a dense product that take as long as one of a sparse product, and as one of a row that is copied
_SPARSE_COST = 4
_GATHER_COST = 16


@dataclass(frozen=True, eq=False)
class Flow:
    """One pass through a network, and what each place of it gives to a weighted sum of its output.

    `hidden[l]` `[len(rows[l]), channels]` enters layer l, `hidden[-1]` is the output row before it is brought to unit
    length; `slopes[l]` is what the units after layer l multiply by. `features` and `biases` `[num_concepts]` are the
    shares of walks that start at a concept's features, or at a bias of a layer; `constant` is that of the last
    layer's own bias, the same for every class.
    """

    network: OpenNetwork = field(repr=False)
    hidden: tuple[Float64, ...] = field(repr=False)
    slopes: tuple[Float64, ...] = field(repr=False)
    pull: Float64 = field(repr=False)
    features: Float64
    biases: Float64
    constant: float

    @property
    def total(self) -> float:
        """The weighted sum of the output."""
        return math.fsum([*self.features.tolist(), *self.biases.tolist(), self.constant])


@dataclass(frozen=True)
class WalkShare:
    """All walks from a concept whose loop erasure is `nodes`: what they carry from features and from biases."""

    nodes: Key
    features: float
    biases: float

    @property
    def credit(self) -> float:
        """Both."""
        return self.features + self.biases


@dataclass(frozen=True)
class Search:
    """Groups of walks, largest first; `is_certified` if no larger one can have been missed."""

    shares: tuple[WalkShare, ...]
    is_certified: bool


def output(network: OpenNetwork, features: NDArray[np.floating]) -> tuple[tuple[Float64, ...], tuple[Float64, ...]]:
    """What enters each layer and leaves the last, and the slopes of the units after each layer."""
    hidden = [np.asarray(features[network.rows[0]], dtype=np.float64)]
    slopes = []
    last = len(network.layers) - 1
    for number, layer in enumerate(network.layers):
        received = _received(layer, hidden[-1])
        slope = np.ones_like(received) if number == last else np.where(received > 0, 1.0, network.negative_slope)
        slopes.append(slope)
        hidden.append(slope * received)
    return tuple(hidden), tuple(slopes)


def _received(layer: OpenLayer, rows: Float64) -> Float64:
    """What arrives: operator (H W + before) + after, whichever of the two products leaves less to compute first."""
    targets, sources = layer.operator.shape
    width, channels = layer.weight.shape
    dense = width * channels * (targets - sources)
    if dense + _SPARSE_COST * layer.operator.nnz * (width - channels) <= 0:
        received = np.asarray(layer.operator @ rows) @ layer.weight
        if layer.before is not None:
            received += np.outer(np.asarray(layer.operator.sum(axis=1)).ravel(), layer.before)
    else:
        sent = rows @ layer.weight
        if layer.before is not None:
            sent += layer.before
        received = np.asarray(layer.operator @ sent)
    if layer.after is not None:
        received += layer.after
    return received


def flow(network: OpenNetwork, features: NDArray[np.floating], inputs: Float64, unit: float) -> Flow:
    """The pass for one concept, its output at unit length weighted by `unit * inputs`; zeros where it has no length."""
    hidden, slopes = output(network, features)
    norm = float(np.linalg.norm(hidden[-1][0]))
    pull = unit / norm * inputs if norm else np.zeros_like(inputs)
    from_features, from_biases = np.zeros(len(features)), np.zeros(len(features))
    constant = 0.0
    gradient = pull[None, :]
    for number in reversed(range(len(network.layers))):
        layer, (sources, targets) = network.layers[number], network.rows[number : number + 2]
        gradient = slopes[number] * gradient
        if layer.after is not None and number == len(network.layers) - 1:
            constant = float(gradient[0] @ layer.after)
        elif layer.after is not None:
            from_biases[targets] += gradient @ layer.after
        if layer.before is not None:
            from_biases[sources] += np.asarray(layer.operator.T @ (gradient @ layer.before))
        gradient = gradient @ layer.weight.T
        if number > 0:
            gradient = np.asarray(layer.operator.T @ gradient)
    first = network.layers[0].operator
    carried = _carried(first, hidden[0], gradient)
    from_features[network.rows[0]] = np.bincount(first.indices, weights=carried, minlength=len(hidden[0]))
    return Flow(network, hidden, slopes, pull, from_features, from_biases, constant)


def _carried(operator: scipy.sparse.csr_array, rows: Float64, pulled: Float64) -> Float64:
    """What each entry of an operator carries from its row to its target, weighted by `pulled` there."""
    targets = np.repeat(np.arange(len(pulled)), np.diff(operator.indptr))
    if len(pulled) * len(rows) <= _GATHER_COST * operator.nnz:
        products = (rows @ pulled.T)[operator.indices, targets]
    else:
        products = np.empty(operator.nnz)
        for place, vector in enumerate(pulled):
            here = slice(operator.indptr[place], operator.indptr[place + 1])
            products[here] = rows[operator.indices[here]] @ vector
    shares: Float64 = operator.data * products
    return shares


def erased(key: Key, steps: Sequence[int]) -> Key:
    """`key` walked on by `steps`; returning to a concept forgets the loop.

    >>> erased((3, 5), [8, 5, 2])
    (3, 5, 2)
    """
    for step in steps:
        key = key[: key.index(step) + 1] if step in key else (*key, step)
    return key


def _extended(chains: Chains, key: Key, ends: Sequence[int]) -> list[Key]:
    """`erased(key, steps)` for the steps to each of `ends`; neither the key nor these meet a concept twice."""
    place = {node: number for number, node in enumerate(key)}
    is_new = place.keys().isdisjoint
    longer = []
    for steps in chains.all_between(key[-1], ends):
        if is_new(steps):
            longer.append(key + steps)
            continue
        kept, first = len(key), 0
        for number, step in enumerate(steps, start=1):
            if place.get(step, kept) < kept:
                kept, first = place[step] + 1, number
        longer.append(key[:kept] + steps[first:])
    return longer


def search(passed: Flow, chains: Chains, *, share: float, at_most: int) -> Search:
    """The largest groups of walks, until they carry `share` of the magnitudes of all, or are `at_most`.

    From the explained concept back, layer by layer: walks with the same loop erasure end at the same concept, so
    what they carry is one vector. Equals of the last group are taken as well.
    """
    network = passed.network
    keys: list[Key] = [(int(network.rows[-1][0]),)]
    ends = np.zeros(1, dtype=np.int64)
    carried = passed.pull[None, :]
    biases: dict[Key, float] = {}
    is_certified = True
    last = len(network.layers) - 1
    for number in reversed(range(last + 1)):
        layer, rows = network.layers[number], network.rows[number]
        carried = passed.slopes[number][ends] * carried
        if layer.after is not None and number != last:
            _add(biases, keys, carried @ layer.after)
        bias = np.zeros(len(keys)) if layer.before is None else carried @ layer.before
        carried = carried @ layer.weight.T
        operator = layer.operator[ends]  # the steps from each group of walks: one row each
        if number == 0:
            endings = _Endings.of(passed, keys, carried, operator, rows, bias)
            found, is_complete = endings.largest(chains, biases, share, at_most)
            return Search(found, is_certified and is_complete)
        keys, ends, carried, is_whole = _step(
            chains, keys, rows, operator, carried, bias, biases, passed.hidden[number]
        )
        is_certified = is_certified and is_whole
    raise AssertionError("a network has a layer")


def _add(sums: dict[Key, float], keys: Sequence[Key], values: Float64) -> None:
    for key, value in zip(keys, values.tolist(), strict=True):
        sums[key] = sums.get(key, 0.0) + value


def _step(
    chains: Chains,
    keys: Sequence[Key],
    rows: NDArray[np.int64],
    operator: scipy.sparse.csr_array,
    carried: Float64,
    bias: Float64,
    biases: dict[Key, float],
    hidden: Float64,
) -> tuple[list[Key], NDArray[np.int64], Float64, bool]:
    """All groups one step further, those with the same erasure added up; the least are dropped beyond `MOST_STATES`."""
    number_of: dict[Key, int] = {}
    ends: list[int] = []
    numbers = np.empty(operator.nnz, dtype=np.int64)
    starts, reached = operator.indptr.tolist(), rows[operator.indices].tolist()
    for place, key in enumerate(keys):
        here = slice(starts[place], starts[place + 1])
        for entry, longer in enumerate(_extended(chains, key, reached[here]), start=here.start):
            number = number_of.setdefault(longer, len(number_of))
            if number == len(ends):
                ends.append(int(operator.indices[entry]))
            numbers[entry] = number
    origin = np.repeat(np.arange(len(keys)), np.diff(operator.indptr))
    mix = scipy.sparse.csr_array((operator.data, (numbers, origin)), shape=(len(ends), len(keys)))
    longer_keys, places = list(number_of), np.array(ends, dtype=np.int64)
    _add(biases, longer_keys, np.asarray(mix @ bias))
    spread = np.asarray(mix @ carried)
    if len(longer_keys) <= MOST_STATES:
        return longer_keys, places, spread, True
    bound = np.linalg.norm(spread, axis=1) * np.linalg.norm(hidden[places], axis=1)
    kept = np.sort(np.argsort(-bound, kind="stable")[:MOST_STATES])
    return [longer_keys[place] for place in kept.tolist()], places[kept], spread[kept], False


@dataclass(frozen=True, eq=False)
class _Endings:
    """Every last step: the group of walks it ends, the position it ends at, and what it carries there.

    `features` come from the concept it ends at, `biases` from the first layer's own.
    """

    keys: Sequence[Key]
    origin: NDArray[np.int64]
    reached: NDArray[np.int64]
    features: Float64
    biases: Float64

    @classmethod
    def of(
        cls,
        passed: Flow,
        keys: Sequence[Key],
        carried: Float64,
        operator: scipy.sparse.csr_array,
        rows: NDArray[np.int64],
        bias: Float64,
    ) -> "_Endings":
        origin = np.repeat(np.arange(len(keys)), np.diff(operator.indptr))
        shares = _carried(operator, passed.hidden[0], carried)
        return cls(keys, origin, rows[operator.indices], shares, operator.data * bias[origin])

    def largest(
        self, chains: Chains, before: Mapping[Key, float], share: float, at_most: int
    ) -> tuple[tuple[WalkShare, ...], bool]:
        """The largest groups, with what biases of later layers gave `before`; of very many endings not all."""
        sizes = np.abs(self.features + self.biases)
        if len(sizes) <= _MOST_ENDINGS:
            return self._summed(chains, np.arange(len(sizes)), before).largest(share, at_most), True
        chosen = np.sort(np.argsort(-sizes, kind="stable")[:_MOST_ENDINGS])
        found = self._summed(chains, chosen, before).largest(share, at_most)
        # the same groups with all their last steps, the smallest too
        ends = np.array(sorted({group.nodes[-1] for group in found}), dtype=np.int64)
        sums = self._summed(chains, np.flatnonzero(np.isin(self.reached, ends)), before)
        whole = [sums.of(group.nodes) for group in found]
        return tuple(sorted(whole, key=lambda group: (-_size(group.credit), group.nodes))), False

    def _summed(self, chains: Chains, entries: NDArray[np.int64], before: Mapping[Key, float]) -> "_Sums":
        number_of = {key: number for number, key in enumerate(before)}
        numbers = list(range(len(before)))
        reached = self.reached[entries].tolist()
        starts = np.searchsorted(self.origin[entries], np.arange(len(self.keys) + 1)).tolist()
        for place, key in enumerate(self.keys):
            for longer in _extended(chains, key, reached[starts[place] : starts[place + 1]]):
                numbers.append(number_of.setdefault(longer, len(number_of)))
        earlier = np.fromiter(before.values(), dtype=np.float64, count=len(before))

        def added(values: Float64) -> Float64:
            return np.bincount(np.array(numbers, dtype=np.int64), weights=values, minlength=len(number_of))

        return _Sums(
            number_of,
            added(np.concatenate([np.zeros(len(before)), self.features[entries]])),
            added(np.concatenate([earlier, self.biases[entries]])),
        )


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
