"""Walks of a network by the set of facts that they need, loops and all: the games that Shapley values are read from."""

from itertools import pairwise
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from kgzsl.errors import ResourceLimitError
from kgzsl.explain.chains import Chains
from kgzsl.explain.network_walks import Flow
from kgzsl.explain.walk_steps import parts_of

__all__ = ["MOST_GAMES", "Player", "fact_games"]

Float64 = NDArray[np.float64]
Player: TypeAlias = tuple[int, int] | tuple[int, str, int]
"""Two positions that any facts join, the lower one first; or head, relation and tail, where messages tell the fact."""
Players = frozenset[Player]

MOST_GAMES = 200_000
"""Sets of facts followed at once."""


def fact_games(passed: Flow, chains: Chains) -> dict[Players, float]:
    """What all walks carry that use exactly these players, whatever their order.

    Walks that start at a bias count as those that start at features; the share of the last layer's own bias is
    `passed.constant`. Together they are the weighted sum of the output.
    """
    network = passed.network
    states: dict[tuple[int, Players], Float64] = {(0, frozenset()): passed.pull}
    found: dict[Players, float] = {}
    last = len(network.layers) - 1
    for number in reversed(range(last + 1)):
        layer, rows, targets = network.layers[number], network.rows[number], network.rows[number + 1]
        parts = parts_of(layer)
        following: dict[tuple[int, Players], Float64] = {}
        for (place, players), carried in states.items():
            pulled = passed.slopes[number][place] * carried
            if layer.after is not None and number != last:
                found[players] = found.get(players, 0.0) + float(pulled @ layer.after)
            bias = 0.0 if layer.before is None else float(pulled @ layer.before)
            for part in parts:
                entries = range(part.operator.indptr[place], part.operator.indptr[place + 1])
                back = part.weight @ pulled if entries else pulled
                for entry in entries:
                    source, share = int(part.operator.indices[entry]), float(part.operator.data[entry])
                    used = players | _walked(chains, part.relation, int(targets[place]), int(rows[source]))
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


def _walked(chains: Chains, relation: str | None, here: int, there: int) -> Players:
    """What a message needs: the facts of a chain, the one fact of its relation, or nothing from a concept to itself."""
    if relation is None:
        steps = (here, *chains.between(here, there))
        return frozenset((min(pair), max(pair)) for pair in pairwise(steps))
    if not relation:
        return frozenset()
    if relation.startswith("^"):
        return frozenset({(there, relation[1:], here)})
    return frozenset({(here, relation, there)})
