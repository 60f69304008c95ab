"""Walks of a network by the set of facts that they need, loops and all: the games that Shapley values are read from."""

import numpy as np
from numpy.typing import NDArray

from kgzsl.errors import ResourceLimitError
from kgzsl.explain.chains import Chains
from kgzsl.explain.network_walks import Flow

__all__ = ["MOST_GAMES", "fact_games"]

Float64 = NDArray[np.float64]
Pairs = frozenset[tuple[int, int]]

MOST_GAMES = 200_000
"""Sets of facts followed at once."""


def fact_games(passed: Flow, chains: Chains) -> dict[Pairs, float]:
    """What all walks carry that use exactly these pairs of neighbouring positions, whatever their order.

    Pairs are (lower, higher). Walks that start at a bias count as those that start at features; the share of the last
    layer's own bias is `passed.constant`. Together they are the weighted sum of the output.
    """
    network = passed.network
    states: dict[tuple[int, Pairs], Float64] = {(0, frozenset()): passed.pull}
    found: dict[Pairs, float] = {}
    last = len(network.layers) - 1
    for number in reversed(range(last + 1)):
        layer, rows = network.layers[number], network.rows[number]
        targets, operator = network.rows[number + 1], layer.operator
        following: dict[tuple[int, Pairs], Float64] = {}
        for (place, pairs), carried in states.items():
            pulled = passed.slopes[number][place] * carried
            if layer.after is not None and number != last:
                found[pairs] = found.get(pairs, 0.0) + float(pulled @ layer.after)
            bias = 0.0 if layer.before is None else float(pulled @ layer.before)
            back = layer.weight @ pulled
            for entry in range(operator.indptr[place], operator.indptr[place + 1]):
                source, share = int(operator.indices[entry]), float(operator.data[entry])
                used = pairs | _walked(chains, int(targets[place]), int(rows[source]))
                if bias:
                    found[used] = found.get(used, 0.0) + share * bias
                if number == 0:
                    found[used] = found.get(used, 0.0) + share * float(back @ passed.hidden[0][source])
                else:
                    key = source, used
                    following[key] = following[key] + share * back if key in following else share * back
        if len(following) > MOST_GAMES:
            raise ResourceLimitError(
                f"the walks behind one class use over {MOST_GAMES:,} sets of facts; ask for integrated-gradients"
            )
        states = following
    return found


def _walked(chains: Chains, here: int, there: int) -> Pairs:
    pairs, last = [], here
    for step in chains.between(here, there):
        pairs.append((min(last, step), max(last, step)))
        last = step
    return frozenset(pairs)
