"""The shares of one candidate of a network computed a second time: forwards, walk by walk, as the messages ran.

The explainer goes backwards from the class and adds walks up as it goes. Here every walk is carried forwards from
where it starts, one at a time, and only then counted under its loop erasure. What the layers hold is taken from the
model; that they give the row that decided is checked.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from kgzsl.explain.chains import Chains
from kgzsl.explain.decision import Candidate, Decision, NetworkModel, OpenLayer, OpenNetwork
from kgzsl.explain.walk_steps import erased, parts_of

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

    def path(self, nodes: Sequence[int], relations: Sequence[str] = ()) -> float | None:
        """The credit of a path; None where its walks are too many to be carried one by one."""
        return None if self._walker is None else self._walker.path((tuple(nodes), tuple(relations)))


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
        current = slope * _arriving(layer, current)
    last, rows = network.layers[-1], network.readout.coefficients
    parts, first = np.zeros(rows.shape[1]), 0
    for part in parts_of(last):
        parts += part.operator.toarray()[0] @ current @ rows[first : first + current.shape[1]]
        first += current.shape[1]
    if len(rows) > first:
        parts += rows[first] if last.before is None else last.operator.toarray()[0].sum() * rows[first]
    found: Float64 = unit * parts * (network.readout.targets @ inputs)
    return found


def _gates(network: OpenNetwork, features: NDArray[np.floating]) -> tuple[list[Float64], Float64]:
    """Slopes after each layer, and the output before it is brought to unit length, by dense products."""
    current = np.asarray(features[network.rows[0]], dtype=np.float64)
    slopes: list[Float64] = []
    for number, layer in enumerate(network.layers):
        received = _arriving(layer, current)
        is_last = number == len(network.layers) - 1
        slopes.append(np.where((received > 0) | is_last, 1.0, network.negative_slope))
        current = received * slopes[-1]
    return slopes, current[0]


def _arriving(layer: OpenLayer, rows: Float64) -> Float64:
    received = np.zeros(()) if layer.after is None else layer.after
    for part in parts_of(layer):
        sent = rows @ part.weight + (0.0 if layer.before is None else layer.before)
        received = received + part.operator @ sent
    return received


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
        part.weight.shape[1] for layer in network.layers for part in parts_of(layer)
    )
    step = max(1, _CHUNK // widest)
    for begin in range(0, len(rows), step):
        places = np.arange(begin, min(begin + step, len(rows)))
        received = []
        for part in parts_of(network.layers[first]):
            sent = starts[places] if is_sent else starts[places] @ part.weight
            received.append(np.einsum("ts,sc->stc", part.operator[:, places].toarray(), sent))
        current = slopes[first] * sum(received)
        for number in range(first + 1, len(network.layers)):
            parts = parts_of(network.layers[number])
            received = [np.einsum("ts,bsc->btc", part.operator.toarray(), current @ part.weight) for part in parts]
            current = slopes[number] * sum(received)
        np.add.at(sources, rows[places], current[:, 0] @ pull)


_Step = tuple[int, int]
"""A place in the rows of a layer, and the part of the layer by which it was reached from there."""
_Way = tuple[tuple[int, ...], tuple[str, ...]]
"""Positions, and the relations between them where these are told apart."""


@dataclass(eq=False)
class _Walker:
    """Every walk that ends at the class, as steps back from it, by loop erasure."""

    network: OpenNetwork
    slopes: Sequence[Float64]
    features: Float64
    pull: Float64
    walks: dict[_Way, list[tuple[_Step, ...]]]
    num_checked: int = 0

    def path(self, way: _Way) -> float | None:
        if self.num_checked >= _MOST_PATHS:
            return None
        self.num_checked += 1
        return sum(self._carried(walk) for walk in self.walks.get(way, ()))

    def _carried(self, walk: tuple[_Step, ...]) -> float:
        """A walk is (where it ends, ..., where it starts); shorter ones start at a layer's `after`."""
        layers = self.network.layers
        first = len(layers) - len(walk) + 1
        place, number = walk[-1]
        weight = parts_of(layers[first])[number].weight
        total = 0.0
        if first == 0:
            total += self._sent(walk, first, self.features[place] @ weight)
        elif (after := layers[first - 1].after) is not None:
            total += self._sent(walk, first, (self.slopes[first - 1][place] * after) @ weight)
        if (before := layers[first].before) is not None:
            total += self._sent(walk, first, before)
        return total

    def _sent(self, walk: tuple[_Step, ...], first: int, vector: Float64) -> float:
        """What a vector that has passed the first weight comes to."""
        for number in range(first, len(self.network.layers)):
            at = len(self.network.layers) - number
            (source, part_of_layer), (target, _) = walk[at], walk[at - 1]
            part = parts_of(self.network.layers[number])[part_of_layer]
            if number > first:
                vector = vector @ part.weight
            vector = self.slopes[number][target] * (float(part.operator[target, source]) * vector)
        return float(vector @ self.pull)


def _walker(
    network: OpenNetwork, slopes: Sequence[Float64], candidate: Candidate, pull: Float64, chains: Chains
) -> _Walker | None:
    """All walks, the shorter ones that start at a bias as well; None where they are too many."""
    walks: dict[_Way, list[tuple[_Step, ...]]] = {}
    start: _Way = (int(network.rows[-1][0]),), ()
    frontier: list[tuple[tuple[_Step, ...], _Way]] = [(((0, 0),), start)]
    count = 0
    for number in reversed(range(len(network.layers))):
        parts, rows = parts_of(network.layers[number]), network.rows[number]
        reached = []
        for walk, way in frontier:
            for part_number, part in enumerate(parts):
                operator, here = part.operator, walk[-1][0]
                for entry in range(operator.indptr[here], operator.indptr[here + 1]):
                    place = int(operator.indices[entry])
                    longer = _walked(way, int(rows[place]), part.relation, chains)
                    reached.append(((*walk, (place, part_number)), longer))
            if count + len(reached) > MOST_WALKS:
                return None
        for walk, way in reached:
            walks.setdefault(way, []).append(walk)
        count += len(reached)
        frontier = reached
    features = np.asarray(candidate.features[network.rows[0]], dtype=np.float64)
    return _Walker(network, slopes, features, pull, walks)


def _walked(way: _Way, end: int, relation: str | None, chains: Chains) -> _Way:
    """A path walked on to `end`, without the loop if it was there before."""
    nodes, relations = way
    if relation is None:
        return erased(nodes, chains.between(nodes[-1], end)), ()
    if end in nodes:
        kept = nodes.index(end)
        return nodes[: kept + 1], relations[:kept]
    return (*nodes, end), (*relations, relation)
