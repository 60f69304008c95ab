"""The measures as NLTK 3.10 computes them, where that is not what the definitions say."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from numpy.typing import NDArray

from kgzsl.errors import InputFormatError
from kgzsl.query.similarity_ancestry import Above, Ancestry
from kgzsl.query.similarity_kernels import (
    DISTANCE,
    best_shared,
    nltk_wu_palmer,
    nltk_wu_palmer_of_pair,
)
from kgzsl.query.similarity_measures import (
    Asked,
    ByInformation,
    FloatArray,
    fewest_steps,
    jiang_conrath,
    looked_up,
    similarity_of_distance,
)

if TYPE_CHECKING:
    from kgzsl.graph.index import IntArray
    from kgzsl.graph.knowledge_graph import KnowledgeGraph

__all__ = ["NltkByDepth", "NltkByDistance", "NltkByInformation", "Parts", "parts_of_speech"]

_FAKE_ROOT = "*ROOT*"
_INFINITY = 1e300  # NLTK's
_OF_ITSELF = {"jcn": _INFINITY, "jcn_distance": 0.0}


@dataclass(frozen=True, eq=False)
class Parts:
    """The part of speech of each node, as a number; whether it needs a fake root, as all but nouns do; depths."""

    part: IntArray
    rooted: NDArray[np.bool_]
    deepest: FloatArray
    """By part: edges from the deepest node of it to its root, fake or not."""

    @cached_property
    def rooted_bytes(self) -> bytes:
        """`rooted`, read faster one at a time."""
        return self.rooted.tobytes()


def parts_of_speech(graph: KnowledgeGraph, ancestry: Ancestry) -> Parts:
    """What NLTK goes by; `InputFormatError` if the graph's concepts have no part of speech."""

    def found() -> Parts:
        if "pos" not in graph.concept_columns.names:
            raise InputFormatError(
                f'compat="nltk" goes by parts of speech, and concepts of graph {graph.name} have no column "pos"; '
                "leave compat out"
            )
        tags = graph.concept_columns.series("pos")[0].cast(pl.String).fill_null("").gather(ancestry.first)
        names = tags.unique().sort().to_numpy()
        part = tags.rank("dense").to_numpy().astype(np.int64) - 1
        deepest = np.zeros(len(names))
        np.maximum.at(deepest, part, ancestry.longest)
        needed = names != "n"
        return Parts(part, needed[part], deepest + needed)

    return graph.index.once(("parts of speech", ancestry), found)  # type: ignore[no-any-return]


def _to_fake_root(above: Above) -> IntArray:
    """Edges to the fake root: NLTK hangs it above the ancestor that is farthest, not above each root."""
    if not len(above.nodes):
        return np.zeros(0, dtype=np.int64)
    return np.maximum.reduceat(above.steps, above.starts[:-1]) + 1


@dataclass(frozen=True, eq=False)
class NltkByDistance:
    """`path_similarity` and `lch_similarity`: nan where NLTK answers None, or raises for two parts of speech."""

    ancestry: Ancestry
    measure: str
    root: bool
    parts: Parts

    def pair(self, x: int, y: int) -> float:
        rooted, taxonomy = self.parts.rooted_bytes, self.ancestry
        fewest = fewest_steps(taxonomy, x, y)
        if self.root and x != y and (rooted[x] or rooted[y]):
            fewest = min(fewest, max(taxonomy.above(x).values()) + max(taxonomy.above(y).values()) + 2)
        if self.measure == "path":
            return similarity_of_distance(fewest, ()) if fewest < math.inf else math.nan
        part = self.parts.part
        if part[x] != part[y] or fewest == math.inf:
            return math.nan
        return similarity_of_distance(fewest, (float(self.parts.deepest[part[x]]),))

    def block(self, xs: Asked, ys: Asked) -> FloatArray:
        steps = np.full((len(xs.nodes), len(ys.nodes)), -np.inf)
        mark = np.full(self.ancestry.size, -1, dtype=np.int64)
        best_shared(DISTANCE, *xs.above, *ys.above, np.zeros(0), mark, steps)
        np.negative(steps, out=steps)
        x_nodes, y_nodes = xs.nodes[:, None], ys.nodes[None, :]
        if self.root:
            over = _to_fake_root(xs.above)[:, None] + _to_fake_root(ys.above)[None, :]
            fake = (self.parts.rooted[x_nodes] | self.parts.rooted[y_nodes]) & (x_nodes != y_nodes)
            np.minimum(steps, over, out=steps, where=fake)
        if self.measure == "path":
            return np.where(np.isinf(steps), np.nan, 1.0 / (steps + 1))
        found = np.full(steps.shape, np.nan)
        part = self.parts.part
        for tag in np.unique(part[xs.nodes]).tolist():
            cells = np.ix_(part[xs.nodes] == tag, part[ys.nodes] == tag)
            found[cells] = looked_up(steps[cells], (float(self.parts.deepest[tag]),))
        return np.where(np.isinf(steps), np.nan, found)


@dataclass(frozen=True, eq=False)
class NltkByDepth:
    """`wup_similarity`: by the common ancestor whose shortest way to a root is longest; nan for NLTK's None.

    Among several it is the first concept itself, else the first by name. Its depth is its longest way to a root, and
    the steps to it are those of the shortest path, which may go over another ancestor.
    """

    ancestry: Ancestry
    root: bool
    parts: Parts

    def _shortest(self, above: dict[int, int], ancestor: int) -> int:
        """Steps of the shortest path from a node, by what is above it, to one of its ancestors."""
        further = self.ancestry.above(ancestor)
        return min(above[other] + steps for other, steps in further.items())

    @cached_property
    def _traits(self) -> NDArray[np.int32]:
        taxonomy = self.ancestry
        rooted = self.parts.rooted & self.root
        columns = [taxonomy.shortest, taxonomy.longest, rooted, self._before_root]
        return np.ascontiguousarray(np.stack(columns, axis=1), dtype=np.int32)

    @cached_property
    def _rank(self) -> Callable[[int], int]:
        """Of several ancestors, NLTK takes the one of the highest rank: far from the root, first by name."""
        size = self.ancestry.size
        ranks: list[int] = (self.ancestry.shortest * size + np.arange(size)[::-1]).tolist()
        return ranks.__getitem__

    @cached_property
    def _rooted(self) -> bytes:
        return (self.parts.rooted & self.root).tobytes()

    @cached_property
    def _before_root(self) -> NDArray[np.bool_]:
        return np.array([id_ < _FAKE_ROOT for id_ in self.ancestry.index.ids], dtype=np.bool_)

    def pair(self, x: int, y: int) -> float:
        packed = self.ancestry.packed
        if packed is not None:
            return nltk_wu_palmer_of_pair(packed, self._traits, self.ancestry.size, x, y)
        above_x, above_y = self.ancestry.above(x), self.ancestry.above(y)
        common = above_x.keys() & above_y.keys()
        shortest, chosen = self.ancestry.root_steps, -1
        if common:
            chosen = max(common, key=self._rank)
            if x in common and shortest[x] == shortest[chosen]:
                chosen = x
        rooted = self._rooted
        if rooted[x] or rooted[y]:
            first = shortest[chosen] == 0 and chosen != x and self.ancestry.index.ids[chosen] >= _FAKE_ROOT
            if chosen < 0 or first:
                return 2.0 / (max(above_x.values()) + max(above_y.values()) + 4)
        if chosen < 0:
            return math.nan
        depth = self._depths[chosen]
        return (2.0 * depth) / (self._shortest(above_x, chosen) + depth + self._shortest(above_y, chosen) + depth)

    @cached_property
    def _depths(self) -> list[int]:
        depths: list[int] = (self.ancestry.longest + 1).tolist()
        return depths

    def block(self, xs: Asked, ys: Asked) -> FloatArray:
        out = np.empty((len(xs.nodes), len(ys.nodes)))
        mark = np.full(self.ancestry.size, -1, dtype=np.int64)
        rooted = self.parts.rooted & self.root
        taxonomy = self.ancestry
        nltk_wu_palmer(
            *self._rows(xs), *self._rows(ys), taxonomy.shortest, taxonomy.longest, rooted, self._before_root, mark, out
        )
        return out

    def _rows(self, asked: Asked) -> tuple[IntArray, IntArray, IntArray, IntArray]:
        starts, nodes, steps = asked.above
        own = np.stack([asked.nodes, _to_fake_root(asked.above)], axis=1)
        lengths = np.diff(starts)
        branching = np.flatnonzero(lengths != own[:, 1])
        if len(branching):
            steps = steps.copy()
        for place in branching.tolist():
            first, last = int(starts[place]), int(starts[place + 1])
            above = self.ancestry.above(int(asked.nodes[place]))
            steps[first:last] = [self._shortest(above, node) for node in nodes[first:last].tolist()]
        return starts, nodes, steps, own


@dataclass(frozen=True, eq=False)
class NltkByInformation:
    """`res_`, `jcn_` and `lin_similarity`: nan where NLTK raises, for two parts of speech or 0/0.

    NLTK's Jiang-Conrath is 0 if either concept has no content, and its infinity is 1e300.
    """

    ancestry: Ancestry
    measure: str
    given: FloatArray
    parts: Parts

    @cached_property
    def content(self) -> FloatArray:
        """The content given, infinities as NLTK has them."""
        return np.where(np.isinf(self.given), _INFINITY, self.given)

    @cached_property
    def _resnik(self) -> ByInformation:
        return ByInformation(self.ancestry, "res", self.content)

    def pair(self, x: int, y: int) -> float:
        part, x_content, y_content = self.parts.part, float(self.content[x]), float(self.content[y])
        if x == y and self.measure in _OF_ITSELF:
            return _OF_ITSELF[self.measure]
        if part[x] != part[y] or math.isnan(x_content + y_content):
            return math.nan
        most = self._resnik.pair(x, y)
        if self.measure == "res":
            return most
        total = x_content + y_content
        if self.measure == "lin":
            return 2.0 * most / total if total else math.nan
        apart = total - 2 * most
        if self.measure == "jcn":
            apart = 0.0 if x_content == 0 or y_content == 0 else 1 / apart if apart else _INFINITY
        return apart

    def block(self, xs: Asked, ys: Asked) -> FloatArray:
        most = self._resnik.block(xs, ys)
        x_nodes, y_nodes = xs.nodes[:, None], ys.nodes[None, :]
        x_content, y_content = self.content[x_nodes], self.content[y_nodes]
        with np.errstate(divide="ignore", invalid="ignore"):
            total = x_content + y_content
            found = most
            if self.measure == "lin":
                found = np.where(total == 0, np.nan, 2.0 * most / total)
            elif self.measure != "res":
                found = total - 2 * most
            if self.measure == "jcn":
                found = np.where((x_content == 0) | (y_content == 0), 0.0, jiang_conrath(found, _INFINITY))
        found = np.where((self.parts.part[x_nodes] != self.parts.part[y_nodes]) | np.isnan(total), np.nan, found)
        return np.where(x_nodes == y_nodes, _OF_ITSELF.get(self.measure, found), found)
