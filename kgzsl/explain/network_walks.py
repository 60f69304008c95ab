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
from kgzsl.explain.decision import OpenNetwork

__all__ = ["Flow", "Search", "WalkShare", "erased", "flow", "search"]

Float64 = NDArray[np.float64]
Key = tuple[int, ...]

MOST_STATES = 4_096
"""Groups of walks followed at once; a search that had more is not certified."""
_MOST_ENDINGS = 5_000


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
        sent = hidden[-1] @ layer.weight
        if layer.before is not None:
            sent = sent + layer.before
        received = np.asarray(layer.operator @ sent)
        if layer.after is not None:
            received = received + layer.after
        slope = np.ones_like(received) if number == last else np.where(received > 0, 1.0, network.negative_slope)
        slopes.append(slope)
        hidden.append(slope * received)
    return tuple(hidden), tuple(slopes)


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
        gradient = np.asarray(layer.operator.T @ (gradient @ layer.weight.T))
    from_features[network.rows[0]] = np.einsum("ij,ij->i", hidden[0], gradient)
    return Flow(network, hidden, slopes, pull, from_features, from_biases, constant)


def erased(key: Key, steps: Sequence[int]) -> Key:
    """`key` walked on by `steps`; returning to a concept forgets the loop.

    >>> erased((3, 5), [8, 5, 2])
    (3, 5, 2)
    """
    for step in steps:
        key = key[: key.index(step) + 1] if step in key else (*key, step)
    return key


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
    for place, key in enumerate(keys):
        for entry in range(operator.indptr[place], operator.indptr[place + 1]):
            local = int(operator.indices[entry])
            longer = erased(key, chains.between(key[-1], int(rows[local])))
            number = number_of.setdefault(longer, len(number_of))
            if number == len(ends):
                ends.append(local)
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
        counts = np.diff(operator.indptr)
        shares = np.empty(operator.nnz)
        for place in range(len(carried)):
            here = slice(operator.indptr[place], operator.indptr[place + 1])
            shares[here] = operator.data[here] * (passed.hidden[0][operator.indices[here]] @ carried[place])
        origin = np.repeat(np.arange(len(keys)), counts)
        return cls(keys, origin, rows[operator.indices], shares, operator.data * bias[origin])

    def largest(
        self, chains: Chains, before: Mapping[Key, float], share: float, at_most: int
    ) -> tuple[tuple[WalkShare, ...], bool]:
        """The largest groups, with what biases of later layers gave `before`; of very many endings not all."""
        sizes = np.abs(self.features + self.biases)
        chosen = np.arange(len(sizes))
        is_complete = len(sizes) <= _MOST_ENDINGS
        if not is_complete:
            chosen = np.sort(np.argsort(-sizes, kind="stable")[:_MOST_ENDINGS])
        features, biases = self._summed(chains, chosen, dict(before))
        found = _listed(features, biases, share, at_most)
        return (found if is_complete else self._completed(chains, found, before)), is_complete

    def _summed(
        self, chains: Chains, entries: NDArray[np.int64], biases: dict[Key, float]
    ) -> tuple[dict[Key, float], dict[Key, float]]:
        features: dict[Key, float] = {}
        columns = (self.origin, self.reached, self.features, self.biases)
        for group, end, feature, bias in zip(*(column[entries].tolist() for column in columns), strict=True):
            key = self.keys[group]
            key = erased(key, chains.between(key[-1], end))
            features[key] = features.get(key, 0.0) + feature
            if bias:
                biases[key] = biases.get(key, 0.0) + bias
        return features, biases

    def _completed(
        self, chains: Chains, found: Sequence[WalkShare], before: Mapping[Key, float]
    ) -> tuple[WalkShare, ...]:
        """The same groups with all their last steps, the smallest too."""
        ends = np.array(sorted({group.nodes[-1] for group in found}), dtype=np.int64)
        features, biases = self._summed(chains, np.flatnonzero(np.isin(self.reached, ends)), dict(before))
        whole = [
            WalkShare(group.nodes, features.get(group.nodes, 0.0), biases.get(group.nodes, 0.0)) for group in found
        ]
        return tuple(sorted(whole, key=lambda group: (-_size(group), group.nodes)))


def _listed(
    features: Mapping[Key, float], biases: Mapping[Key, float], share: float, at_most: int
) -> tuple[WalkShare, ...]:
    """The largest groups."""
    shares = [WalkShare(key, features.get(key, 0.0), biases.get(key, 0.0)) for key in {**features, **biases}]
    shares.sort(key=lambda group: (-_size(group), group.nodes))
    sizes = np.cumsum([abs(group.credit) for group in shares])
    enough = min(int(np.searchsorted(sizes, share * sizes[-1])) + 1, at_most, len(shares)) if shares else 0
    while 0 < enough < len(shares) and _size(shares[enough]) == _size(shares[enough - 1]) and enough < 2 * at_most:
        enough += 1
    return tuple(shares[:enough])


def _size(group: WalkShare) -> float:
    """To twelve digits: what differs by rounding alone is equal."""
    return float(f"{abs(group.credit):.11e}")
