"""The six measures by their definitions, for a pair and for a block of pairs."""

from __future__ import annotations

import difflib
import math
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from kgzsl.errors import InputFormatError, UnknownNameError
from kgzsl.query.similarity_ancestry import Above, Ancestry
from kgzsl.query.similarity_kernels import DISTANCE, INFORMATION, WU_PALMER, best_shared, best_shared_of_pair

if TYPE_CHECKING:
    from kgzsl.graph.index import IntArray

__all__ = [
    "DISTANCES",
    "INFORMED",
    "Asked",
    "ByDepth",
    "ByDistance",
    "ByInformation",
    "FloatArray",
    "Measure",
    "fewest_steps",
    "jiang_conrath",
    "looked_up",
    "measure_named",
    "similarity_of_distance",
]

FloatArray = NDArray[np.float64]

MEASURES = ("path", "wup", "lch", "res", "jcn", "jcn_distance", "lin")
INFORMED = frozenset({"res", "jcn", "jcn_distance", "lin"})
DISTANCES = frozenset({"jcn_distance"})
"""Measures that are smaller the more alike two concepts are."""

_ALIASES = {
    "shortest_path": "path",
    "wu_palmer": "wup",
    "wupalmer": "wup",
    "leacock_chodorow": "lch",
    "resnik": "res",
    "jiang_conrath": "jcn",
    "jiang_conrath_distance": "jcn_distance",
}


def measure_named(name: str) -> str:
    """The short name of a measure: "wup" for "Wu-Palmer". `UnknownNameError` offers the nearest ones.

    >>> measure_named("Wu-Palmer"), measure_named("leacock_chodorow"), measure_named("lin")
    ('wup', 'lch', 'lin')
    """
    if not isinstance(name, str):
        raise InputFormatError(f"a measure is named by a string, not {type(name).__name__} {name!r:.80}")
    plain = name.strip().lower().replace("-", "_").replace(" ", "_")
    plain = _ALIASES.get(plain, plain)
    if plain not in MEASURES:
        known = (*MEASURES, *_ALIASES)
        raise UnknownNameError(
            "similarity measure", name, known=known, nearest=difflib.get_close_matches(plain, known, n=3)
        )
    return plain


class Asked(NamedTuple):
    """Nodes asked about, and what is above each."""

    nodes: IntArray
    above: Above

    def part(self, start: int, stop: int) -> Asked:
        """The nodes from `start` to `stop`."""
        starts, nodes, steps = self.above
        first, last = starts[start], starts[stop]
        return Asked(
            self.nodes[start:stop], Above(starts[start : stop + 1] - first, nodes[first:last], steps[first:last])
        )


class Measure(Protocol):
    """One question about pairs of nodes, with all that it needs at hand."""

    @property
    def ancestry(self) -> Ancestry:
        """The taxonomy asked about."""

    def pair(self, x: int, y: int) -> float:
        """The answer for two nodes."""

    def block(self, xs: Asked, ys: Asked) -> FloatArray:
        """The same answers, bit for bit, for each of `xs` with each of `ys`: `[len(xs), len(ys)]`."""


def _best(kind: int, ancestry: Ancestry, xs: Asked, ys: Asked, worth: FloatArray) -> FloatArray:
    if len(xs.nodes) * len(ys.above.nodes) > 4 * len(ys.nodes) * len(xs.above.nodes):  # one has far more above it
        return _best(kind, ancestry, ys, xs, worth).T
    best = np.full((len(xs.nodes), len(ys.nodes)), -np.inf)
    best_shared(kind, *xs.above, *ys.above, worth, np.full(ancestry.size, -1, dtype=np.int64), best)
    return best


_NONE = np.zeros(0)


# -- by distance ------------------------------------------------------------------------------------------------------


def by_distance(measure: str, deepest: int) -> tuple[float, ...]:
    """`deepest` for Leacock-Chodorow, nothing for the path measure: what `similarity_of_distance` wants."""
    return () if measure == "path" else (float(deepest),)


def similarity_of_distance(steps: float, deepest: tuple[float, ...]) -> float:
    """1/(steps + 1), or -ln((steps + 1)/(2 deepest)); steps may be infinite.

    >>> similarity_of_distance(4, ()), similarity_of_distance(math.inf, ())
    (0.2, 0.0)
    """
    if not deepest:
        return 1.0 / (steps + 1)
    if deepest[0] == 0:
        return math.nan  # every concept is a root: there is no scale
    return -math.log((steps + 1) / (2.0 * deepest[0])) if steps < math.inf else -math.inf


def fewest_steps(ancestry: Ancestry, x: int, y: int) -> float:
    """The fewest steps up to a common ancestor of two nodes and down again; infinite without one."""
    if ancestry.packed is not None:
        return -best_shared_of_pair(DISTANCE, ancestry.packed, ancestry.size, _NONE, x, y)
    above_x, above_y, fewest = ancestry.above(x), ancestry.above(y), math.inf
    for node in above_x.keys() & above_y.keys():
        steps = above_x[node] + above_y[node]
        if steps < fewest:  # noqa: PLR1730
            fewest = steps
    return fewest


@dataclass(frozen=True, eq=False)
class ByDistance:
    """Path and Leacock-Chodorow: by the fewest edges up to a common ancestor and down again."""

    ancestry: Ancestry
    measure: str
    root: bool

    @cached_property
    def _deepest(self) -> tuple[float, ...]:
        return by_distance(self.measure, self.ancestry.deepest + self.root)

    def pair(self, x: int, y: int) -> float:
        fewest = fewest_steps(self.ancestry, x, y)
        if self.root and x != y:
            shortest = self.ancestry.root_steps
            fewest = min(fewest, shortest[x] + shortest[y] + 2)
        return similarity_of_distance(fewest, self._deepest)

    def block(self, xs: Asked, ys: Asked) -> FloatArray:
        steps = -_best(DISTANCE, self.ancestry, xs, ys, _NONE)
        if self.root:
            shortest = self.ancestry.shortest
            over = shortest[xs.nodes][:, None] + shortest[ys.nodes][None, :] + 2
            np.minimum(steps, over, out=steps, where=xs.nodes[:, None] != ys.nodes[None, :])
        return looked_up(steps, self._deepest)


def looked_up(steps: FloatArray, deepest: tuple[float, ...]) -> FloatArray:
    """`similarity_of_distance` of whole numbers, each worked out once."""
    none = np.isinf(steps)
    most = int(np.max(steps, initial=0, where=~none))
    table = np.array([similarity_of_distance(count, deepest) for count in [*range(most + 1), math.inf]])
    found: FloatArray = table[np.where(none, most + 1, steps).astype(np.int64)]
    return found


# -- by depth ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class ByDepth:
    """Wu-Palmer: by the depth of the common ancestor that gives most."""

    ancestry: Ancestry
    root: bool

    @cached_property
    def _depth(self) -> FloatArray:
        return (self.ancestry.longest + 1 + self.root).astype(np.float64)

    @cached_property
    def _twice_deep(self) -> list[float]:
        depths: list[float] = (2 * self._depth).tolist()  # lists are read fastest
        return depths

    def pair(self, x: int, y: int) -> float:
        if x == y:
            return 1.0
        most, packed = 0.0, self.ancestry.packed
        if packed is None:
            twice_deep, above_x, above_y = self._twice_deep, self.ancestry.above(x), self.ancestry.above(y)
            for node in above_x.keys() & above_y.keys():
                twice = twice_deep[node]
                value = twice / (above_x[node] + above_y[node] + twice)
                if value > most:  # noqa: PLR1730
                    most = value
        else:
            most = max(best_shared_of_pair(WU_PALMER, packed, self.ancestry.size, self._depth, x, y), 0.0)
        if self.root:
            shortest = self.ancestry.root_steps
            most = max(most, 2.0 / (shortest[x] + shortest[y] + 4))
        return most

    def block(self, xs: Asked, ys: Asked) -> FloatArray:
        most = _best(WU_PALMER, self.ancestry, xs, ys, self._depth)
        np.maximum(most, 0.0, out=most)
        if self.root:
            shortest = self.ancestry.shortest
            np.maximum(most, 2.0 / (shortest[xs.nodes][:, None] + shortest[ys.nodes][None, :] + 4), out=most)
        return most


# -- by information ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class ByInformation:
    """Resnik, Lin and Jiang-Conrath: by the information of the most informative common ancestor.

    `content` is the information content of each node. Without a common ancestor that is 0: all they share is that
    they are something.
    """

    ancestry: Ancestry
    measure: str
    content: FloatArray

    @cached_property
    def _contents(self) -> list[float]:
        contents: list[float] = self.content.tolist()
        return contents

    def pair(self, x: int, y: int) -> float:
        contents, packed, most = self._contents, self.ancestry.packed, -math.inf
        if packed is None:
            for node in self.ancestry.above(x).keys() & self.ancestry.above(y).keys():
                value = contents[node]
                if value > most:  # noqa: PLR1730
                    most = value
        else:
            most = best_shared_of_pair(INFORMATION, packed, self.ancestry.size, self.content, x, y)
        if most == -math.inf:
            most = 0.0
        total = contents[x] + contents[y]
        if self.measure == "res":
            return most if total == total else math.nan  # noqa: PLR0124
        if self.measure == "lin":
            return 1.0 if x == y else 2 * most / total if total else 0.0
        apart = 0.0 if x == y else total - 2 * most
        return apart if self.measure == "jcn_distance" else 1 / apart if apart else math.inf

    def block(self, xs: Asked, ys: Asked) -> FloatArray:
        most = _best(INFORMATION, self.ancestry, xs, ys, self.content)
        most[most == -np.inf] = 0.0
        same = xs.nodes[:, None] == ys.nodes[None, :]
        total = self.content[xs.nodes][:, None] + self.content[ys.nodes][None, :]
        if self.measure == "res":
            return np.where(np.isnan(total), np.nan, most)
        with np.errstate(divide="ignore", invalid="ignore"):
            if self.measure == "lin":
                return np.where(same, 1.0, np.where(total == 0, 0.0, 2 * most / total))
            apart = np.where(same, 0.0, total - 2 * most)
            return apart if self.measure == "jcn_distance" else jiang_conrath(apart)


def jiang_conrath(apart: FloatArray, infinity: float = np.inf) -> FloatArray:
    """1/distance, infinite at 0."""
    return np.where(apart == 0, infinity, 1 / np.where(apart == 0, 1.0, apart))
