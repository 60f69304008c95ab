"""The shares of one candidate of a network computed a second time: forwards, walk by walk, as the messages ran.

The explainer goes backwards from the class and adds walks up as it goes. Here every walk is carried forwards from
where it starts, one at a time, and only then counted under its loop erasure. What the layers hold is taken from the
model; that they give the row that decided is checked.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from kgzsl.explain.chains import Chains
from kgzsl.explain.decision import Candidate, Decision, NetworkModel, OpenNetwork
from kgzsl.explain.network_walks import erased

__all__ = ["NetworkRecount", "network_recount"]

Float64 = NDArray[np.float64]

MOST_WALKS = 50_000
"""Networks with more walks behind a class have their paths checked in sum only."""
_MOST_PATHS = 12
"""Listed paths whose walks are carried one by one; the others are checked in sum."""
_CHUNK = 2**21


@dataclass(eq=False)
class NetworkRecount:
    """What the account of a candidate has to agree with; signed and scaled like it."""

    constants: dict[str, float]
    sources: Float64
    score: float
    support_word: str
    support: Float64 | None = None
    variance: None = None
    _walker: "_Walker | None" = field(default=None, repr=False)

    def path(self, nodes: Sequence[int], kernels: Iterable[str]) -> float | None:
        """The credit of a path; None where its walks are too many to be carried one by one."""
        return None if self._walker is None else self._walker.path(tuple(nodes))


def network_recount(decision: Decision, model: NetworkModel, sign: float, candidate: Candidate) -> NetworkRecount:
    """All shares of a candidate."""
    inputs = np.asarray(decision.inputs, dtype=np.float64)
    unit = sign / decision.temperature
    constants = {"offset": -unit * candidate.offset} if candidate.offset else {}
    size = candidate.index.num_concepts
    if candidate.is_seen:
        own = unit * float(np.asarray(candidate.weights, dtype=np.float64) @ inputs)
        constants |= {"gamma": -unit * decision.gamma, "examples": own}
        support = _alone(model, candidate.concept, own)
        return NetworkRecount(constants, np.zeros(size), sum(constants.values()), "seen", support)
    network = model.opened(candidate.index, candidate.concept)
    slopes, row = _gates(network, candidate.features)
    norm = float(np.linalg.norm(row))
    if not norm:
        constants["unknown"] = 0.0
        support = _alone(model, None, 0.0)
        return NetworkRecount(constants, np.zeros(size), sum(constants.values()), "none", support)
    pull = unit / norm * inputs
    sources = np.zeros(size)
    starts = [np.asarray(candidate.features[network.rows[0]], dtype=np.float64)]
    _carry(network, slopes, pull, 0, starts[0], sources)
    last = len(network.layers) - 1
    constant = 0.0
    for number, layer in enumerate(network.layers):
        if layer.before is not None:  # sent from every row of this layer, beside what its features send
            rows = np.tile(layer.before, (len(network.rows[number]), 1))
            _carry(network, slopes, pull, number, rows, sources, is_sent=True)
        if layer.after is not None and number == last:
            constant = float(layer.after @ pull)
        elif layer.after is not None:
            _carry(network, slopes, pull, number + 1, slopes[number] * layer.after, sources)
    if constant:
        constants["bias"] = constant
    score = float(row @ pull) + constants.get("offset", 0.0)
    chains = Chains(candidate.index, model.relations)
    return NetworkRecount(
        constants,
        sources,
        score,
        "not rated",
        _support(network, candidate, slopes, unit / norm, inputs),
        _walker=_walker(network, slopes, candidate, pull, chains),
    )


def _alone(model: NetworkModel, concept: str | None, share: float) -> Float64 | None:
    if getattr(model, "readout", None) is None:
        return None
    return np.array([share if seen == concept else 0.0 for seen in model.classes])


def _support(
    network: OpenNetwork, candidate: Candidate, slopes: Sequence[Float64], unit: float, inputs: Float64
) -> Float64 | None:
    """Each seen class's part of the output, of the rows that reach the last layer."""
    if network.readout is None:
        return None
    current = np.asarray(candidate.features[network.rows[0]], dtype=np.float64)
    for slope, layer in zip(slopes, network.layers[:-1], strict=False):
        sent = current @ layer.weight + (0.0 if layer.before is None else layer.before)
        current = slope * (layer.operator @ sent + (0.0 if layer.after is None else layer.after))
    last = network.layers[-1].operator.toarray()[0]
    parts = last @ current @ network.readout.coefficients[: current.shape[1]]
    if len(network.readout.coefficients) > current.shape[1]:
        reach = 1.0 if network.layers[-1].before is None else last.sum()
        parts = parts + reach * network.readout.coefficients[current.shape[1]]
    found: Float64 = unit * parts * (network.readout.targets @ inputs)
    return found


def _gates(network: OpenNetwork, features: NDArray[np.floating]) -> tuple[list[Float64], Float64]:
    """Slopes after each layer, and the output before it is brought to unit length, by dense products."""
    current = np.asarray(features[network.rows[0]], dtype=np.float64)
    slopes: list[Float64] = []
    for number, layer in enumerate(network.layers):
        sent = current @ layer.weight + (0.0 if layer.before is None else layer.before)
        received = layer.operator @ sent + (0.0 if layer.after is None else layer.after)
        is_last = number == len(network.layers) - 1
        slopes.append(np.where((received > 0) | is_last, 1.0, network.negative_slope))
        current = received * slopes[-1]
    return slopes, current[0]


def _carry(
    network: OpenNetwork,
    slopes: Sequence[Float64],
    pull: Float64,
    first: int,
    starts: Float64,
    sources: Float64,
    *,
    is_sent: bool = False,
) -> None:
    """Add to `sources` what each row that enters layer `first` brings, each carried forwards by itself.

    With `is_sent` the rows have passed the layer's weight already.
    """
    rows = network.rows[first]
    widest = max(len(rows_) for rows_ in network.rows[first + 1 :]) * max(
        layer.weight.shape[1] for layer in network.layers
    )
    step = max(1, _CHUNK // widest)
    for begin in range(0, len(rows), step):
        places = np.arange(begin, min(begin + step, len(rows)))
        sent = starts[places] if is_sent else starts[places] @ network.layers[first].weight
        columns = network.layers[first].operator[:, places].toarray()
        current = slopes[first] * np.einsum("ts,sc->stc", columns, sent)
        for number in range(first + 1, len(network.layers)):
            layer = network.layers[number]
            current = slopes[number] * np.einsum("ts,bsc->btc", layer.operator.toarray(), current @ layer.weight)
        np.add.at(sources, rows[places], current[:, 0] @ pull)


@dataclass(eq=False)
class _Walker:
    """Every walk that ends at the class, as places in the rows of each layer, by loop erasure."""

    network: OpenNetwork
    slopes: Sequence[Float64]
    features: Float64
    pull: Float64
    walks: dict[tuple[int, ...], list[tuple[int, ...]]]
    num_checked: int = 0

    def path(self, nodes: tuple[int, ...]) -> float | None:
        if self.num_checked >= _MOST_PATHS:
            return None
        self.num_checked += 1
        return sum(self._carried(walk) for walk in self.walks.get(nodes, ()))

    def _carried(self, walk: tuple[int, ...]) -> float:
        """A walk is (place it ends at, ..., place it starts at); shorter ones start at a layer's `after`."""
        layers, forwards = self.network.layers, walk[::-1]
        first = len(layers) - len(walk) + 1
        total = 0.0
        if first == 0:
            total += self._sent(forwards, first, self.features[forwards[0]] @ layers[0].weight)
        elif (after := layers[first - 1].after) is not None:
            start = self.slopes[first - 1][forwards[0]] * after
            total += self._sent(forwards, first, start @ layers[first].weight)
        if (before := layers[first].before) is not None:
            total += self._sent(forwards, first, before)
        return total

    def _sent(self, forwards: tuple[int, ...], first: int, vector: Float64) -> float:
        for number, (source, target) in enumerate(pairwise(forwards), start=first):
            layer = self.network.layers[number]
            if number > first:
                vector = vector @ layer.weight
            vector = self.slopes[number][target] * (float(layer.operator[target, source]) * vector)
        return float(vector @ self.pull)


def _walker(
    network: OpenNetwork, slopes: Sequence[Float64], candidate: Candidate, pull: Float64, chains: Chains
) -> _Walker | None:
    """All walks, the shorter ones that start at a bias as well; None where they are too many."""
    walks: dict[tuple[int, ...], list[tuple[int, ...]]] = {}
    frontier: list[tuple[tuple[int, ...], tuple[int, ...]]] = [((0,), (int(network.rows[-1][0]),))]
    count = 0
    for number in reversed(range(len(network.layers))):
        operator, rows = network.layers[number].operator, network.rows[number]
        reached = []
        for walk, key in frontier:
            for entry in range(operator.indptr[walk[-1]], operator.indptr[walk[-1] + 1]):
                place = int(operator.indices[entry])
                longer = erased(key, chains.between(key[-1], int(rows[place])))
                reached.append(((*walk, place), longer))
            if count + len(reached) > MOST_WALKS:
                return None
        for walk, key in reached:
            walks.setdefault(key, []).append(walk)
        count += len(reached)
        frontier = reached
    features = np.asarray(candidate.features[network.rows[0]], dtype=np.float64)
    return _Walker(network, slopes, features, pull, walks)
