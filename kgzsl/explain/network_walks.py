"""What the messages of a network carry, walk by walk, with the gates of its forward pass kept as they were.

With the gates frozen a network of graph convolutions and LeakyReLU is linear in each walk v_0 - v_1 - ... - v_L = u
that its messages take, so its output is a sum over walks, plus the walks that start at a bias
(Schnake et al., TPAMI 2022, section 3, without its propagation rules: those change the function). Here walks are
grouped by their loop erasure, read from u, and each group's share is exact.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import scipy.sparse
from numpy.typing import NDArray

from kgzsl.explain.chains import Chains
from kgzsl.explain.decision import OpenLayer, OpenNetwork
from kgzsl.explain.lockstep import Product, Task, run
from kgzsl.explain.walk_endings import Ending, WalkShare, largest
from kgzsl.explain.walk_steps import Key, LayerPart, WalkSteps, erased, parts_of

__all__ = [
    "Flow",
    "Pass",
    "Search",
    "WalkShare",
    "backward",
    "carried_along",
    "erased",
    "flow",
    "forward",
    "search",
    "searching",
]

Float64 = NDArray[np.float64]

MOST_STATES = 4_096
"""Groups of walks followed at once; a search that had more is not certified."""
# multiplications of a dense product that take as long as one of a sparse product, and as one of a row that is copied
_SPARSE_COST = 4
_GATHER_COST = 16


@dataclass(frozen=True, eq=False)
class Pass:
    """One pass through a network, and the weights of the sum over its output that is looked into.

    `hidden[l]` `[len(rows[l]), channels]` enters layer l, `hidden[-1]` is the output row before it is brought to unit
    length; `slopes[l]` is what the units after layer l multiply by, `pull` what the output is multiplied by.
    """

    network: OpenNetwork = field(repr=False)
    hidden: tuple[Float64, ...] = field(repr=False)
    slopes: tuple[Float64, ...] = field(repr=False)
    pull: Float64 = field(repr=False)


@dataclass(frozen=True, eq=False)
class Flow(Pass):
    """A pass, and what each place of the network gives to the weighted sum of its output.

    `features` and `biases` `[num_concepts]` are the shares of walks that start at a concept's features, or at a bias
    of a layer; `constant` is that of the last layer's own bias, the same for every class.
    """

    features: Float64
    biases: Float64
    constant: float

    @property
    def total(self) -> float:
        """The weighted sum of the output."""
        return math.fsum([*self.features.tolist(), *self.biases.tolist(), self.constant])


@dataclass(frozen=True)
class Search:
    """Groups of walks, largest first; `is_certified` if no larger one can have been missed."""

    shares: tuple[WalkShare, ...]
    is_certified: bool


def forward(network: OpenNetwork, features: NDArray[np.floating], inputs: Float64, unit: float) -> Task[Pass]:
    """The pass for one concept, its output at unit length weighted by `unit * inputs`; zeros where it has no length."""
    hidden = [np.asarray(features[network.rows[0]], dtype=np.float64)]
    slopes = []
    last = len(network.layers) - 1
    for number, layer in enumerate(network.layers):
        received = yield from _received(layer, hidden[-1])
        slope = np.ones_like(received) if number == last else np.where(received > 0, 1.0, network.negative_slope)
        slopes.append(slope)
        hidden.append(slope * received)
    norm = float(np.linalg.norm(hidden[-1][0]))
    pull = unit / norm * inputs if norm else np.zeros_like(inputs)
    return Pass(network, tuple(hidden), tuple(slopes), pull)


def _received(layer: OpenLayer, rows: Float64) -> Task[Float64]:
    """What arrives: the sum over parts of operator (H W + before), and after."""
    parts = parts_of(layer)
    first = [_collects_first(part) for part in parts]
    products = yield [
        Product(np.asarray(part.operator @ rows) if collects else rows, part.weight)
        for part, collects in zip(parts, first, strict=True)
    ]
    received: Float64 | None = None
    for part, collects, product in zip(parts, first, products, strict=True):
        sent = product
        if layer.before is not None:  # a layer that has it has one part
            reach = np.asarray(part.operator.sum(axis=1)) if collects else np.ones(len(product))
            sent = product + np.outer(reach, layer.before)
        arrived = sent if collects else np.asarray(part.operator @ sent)
        received = arrived if received is None else received + arrived
    assert received is not None  # a layer has a part
    return received if layer.after is None else received + layer.after


def _collects_first(part: LayerPart) -> bool:
    """Whether (operator H) W leaves less to compute than operator (H W)."""
    targets, sources = part.operator.shape
    width, channels = part.weight.shape
    dense = width * channels * (targets - sources)
    return bool(dense + _SPARSE_COST * part.operator.nnz * (width - channels) <= 0)


def flow(network: OpenNetwork, features: NDArray[np.floating], inputs: Float64, unit: float) -> Flow:
    """The pass for one concept as `forward` makes it, and what each place gives to the weighted sum."""
    return run(backward(run(forward(network, features, inputs, unit)), len(features)))


def backward(passed: Pass, num_concepts: int) -> Task[Flow]:
    """What each place gives, from the output back."""
    network, hidden, slopes = passed.network, passed.hidden, passed.slopes
    from_features, from_biases = np.zeros(num_concepts), np.zeros(num_concepts)
    constant = 0.0
    gradient = passed.pull[None, :]
    for number in reversed(range(len(network.layers))):
        layer, (sources, targets) = network.layers[number], network.rows[number : number + 2]
        gradient = slopes[number] * gradient
        if layer.after is not None and number == len(network.layers) - 1:
            constant = float(gradient[0] @ layer.after)
        elif layer.after is not None:
            from_biases[targets] += gradient @ layer.after
        if layer.before is not None:
            from_biases[sources] += np.asarray(layer.operator.T @ (gradient @ layer.before))
        parts = parts_of(layer)
        products = yield [Product(gradient, part.weight, is_transposed=True) for part in parts]
        pulled = [(part.operator, product) for part, product in zip(parts, products, strict=True)]
        if number > 0:
            gradient = np.asarray(sum(operator.T @ sent for operator, sent in pulled))
    for operator, sent in pulled:
        carried = carried_along(operator, hidden[0], sent)
        from_features[network.rows[0]] += np.bincount(operator.indices, weights=carried, minlength=len(hidden[0]))
    return Flow(network, hidden, slopes, passed.pull, from_features, from_biases, constant)


def carried_along(operator: scipy.sparse.csr_array, rows: Float64, pulled: Float64) -> Float64:
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


def search(passed: Pass, chains: Chains, *, share: float, at_most: int) -> Search:
    """The largest groups of walks, as `searching` finds them."""
    return run(searching(passed, chains, share=share, at_most=at_most))


def searching(passed: Pass, chains: Chains, *, share: float, at_most: int) -> Task[Search]:
    """The largest groups of walks, until they carry `share` of the magnitudes of all, or are `at_most`.

    From the explained concept back, layer by layer: walks with the same loop erasure end at the same concept, so
    what they carry is one vector. Equals of the last group are taken as well.
    """
    network = passed.network
    steps = WalkSteps(network, chains)
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
        parts = parts_of(layer)
        products = yield [Product(carried, part.weight, is_transposed=True) for part in parts]
        # the steps from each group of walks: one row each
        sent = [
            _Sent(part.relation, part.operator[ends], product) for part, product in zip(parts, products, strict=True)
        ]
        if number == 0:
            endings = [_ending(each, rows, passed.hidden[0], bias) for each in sent]
            found, is_complete = largest(steps, keys, endings, biases, share, at_most)
            return Search(found, is_certified and is_complete)
        keys, ends, carried, is_whole = _step(steps, keys, rows, sent, bias, biases, passed.hidden[number])
        is_certified = is_certified and is_whole
    raise AssertionError("a network has a layer")


def _add(sums: dict[Key, float], keys: Sequence[Key], values: Float64) -> None:
    for key, value in zip(keys, values.tolist(), strict=True):
        sums[key] = sums.get(key, 0.0) + value


@dataclass(frozen=True, eq=False)
class _Sent:
    """The steps of one part of a layer from each group of walks, and what the groups carry through its matrix."""

    relation: str | None
    operator: scipy.sparse.csr_array
    carried: Float64


def _ending(sent: _Sent, rows: NDArray[np.int64], hidden: Float64, bias: Float64) -> Ending:
    operator = sent.operator
    origin = np.repeat(np.arange(len(bias)), np.diff(operator.indptr))
    features = carried_along(operator, hidden, sent.carried)
    return Ending(sent.relation, origin, rows[operator.indices], features, operator.data * bias[origin])


def _step(
    steps: WalkSteps,
    keys: Sequence[Key],
    rows: NDArray[np.int64],
    sent: Sequence[_Sent],
    bias: Float64,
    biases: dict[Key, float],
    hidden: Float64,
) -> tuple[list[Key], NDArray[np.int64], Float64, bool]:
    """All groups one step further, those with the same erasure added up; the least are dropped beyond `MOST_STATES`."""
    number_of: dict[Key, int] = {}
    ends: list[int] = []
    numbered = [_numbers(steps, keys, rows, each, number_of, ends) for each in sent]
    mixes = []
    for each, numbers in zip(sent, numbered, strict=True):
        origin = np.repeat(np.arange(len(keys)), np.diff(each.operator.indptr))
        shape = len(ends), len(keys)
        mixes.append(scipy.sparse.csr_array((each.operator.data, (numbers, origin)), shape=shape))
    longer_keys, places = list(number_of), np.array(ends, dtype=np.int64)
    for mix in mixes:
        _add(biases, longer_keys, np.asarray(mix @ bias))
    spread = np.asarray(sum(mix @ each.carried for mix, each in zip(mixes, sent, strict=True)))
    if len(longer_keys) <= MOST_STATES:
        return longer_keys, places, spread, True
    bound = np.linalg.norm(spread, axis=1) * np.linalg.norm(hidden[places], axis=1)
    kept = np.sort(np.argsort(-bound, kind="stable")[:MOST_STATES])
    return [longer_keys[place] for place in kept.tolist()], places[kept], spread[kept], False


def _numbers(
    steps: WalkSteps,
    keys: Sequence[Key],
    rows: NDArray[np.int64],
    sent: _Sent,
    number_of: dict[Key, int],
    ends: list[int],
) -> list[int]:
    """For each step the number of the group that it leads to; new groups are numbered, and where they end noted."""
    starts, places = sent.operator.indptr.tolist(), sent.operator.indices.tolist()
    reached = rows[sent.operator.indices].tolist()
    numbers = []
    for place, key in enumerate(keys):
        here = slice(starts[place], starts[place + 1])
        for entry, longer in enumerate(steps.longer(key, sent.relation, reached[here]), start=here.start):
            number = number_of.setdefault(longer, len(number_of))
            if number == len(ends):
                ends.append(places[entry])
            numbers.append(number)
    return numbers
