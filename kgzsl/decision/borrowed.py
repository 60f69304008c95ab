"""Features for concepts that come with an added class and that the encoder cannot describe: their neighbours' mean."""

import warnings
from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from kgzsl.contracts import FloatArray, NodeEncoder
from kgzsl.decision.view import GraphView, encoded
from kgzsl.errors import InputFormatError, KgzslWarning, MissingFeaturesError, listing
from kgzsl.graph.knowledge_graph import KnowledgeGraph

__all__ = ["described_or_borrowed", "warn_borrowed"]

UNIT_TOLERANCE = 1e-3
"""How far from 1 the lengths of rows in single precision may be, for all of them to count as unit rows."""


def described_or_borrowed(
    encoder: NodeEncoder,
    graph: KnowledgeGraph,
    last: GraphView,
    new: Sequence[str],
    given: Mapping[str, FloatArray],
) -> tuple[FloatArray, tuple[str, ...]]:
    """Rows `[len(new), dim]` of concepts that `last` does not have, and those of them that the encoder cannot describe.

    `given` are rows that need no encoder. A concept that cannot be described gets the mean over the nearest described
    concepts on every taxonomic way up; if nothing above it is described, the same downward; else the mean row of
    `last`. Where the rows of `last` have length one, so has the mean.
    """
    described, rows = _described(encoder, graph, [id_ for id_ in new if id_ not in given])
    if described and rows.shape[1] != last.dim:
        raise InputFormatError(f"{type(encoder).__name__} gave rows of {rows.shape[1]} features, after {last.dim}")
    fresh = {**dict(zip(described, rows, strict=True)), **given}
    borrowed = tuple(id_ for id_ in new if id_ not in fresh)
    found = np.empty((len(new), last.dim), dtype=np.float32)
    lender = _Lender(graph, last, fresh) if borrowed else None
    for place, id_ in enumerate(new):
        found[place] = fresh[id_] if lender is None or id_ in fresh else lender.row(id_)
    return found, borrowed


def warn_borrowed(concepts: Sequence[str], *, stacklevel: int) -> None:
    """Warn of concepts whose features are those of their neighbours, if there are any."""
    if concepts:
        warnings.warn(
            f"the features say nothing of {len(concepts):,} concept(s) that come with this class, which got the mean "
            f"of what is next to them in the graph: {listing(concepts)}; to avoid it, give features= (the class "
            "itself), words that the fit knew, or an encoder that describes them",
            KgzslWarning,
            stacklevel=stacklevel + 1,
        )


def _described(encoder: NodeEncoder, graph: KnowledgeGraph, concepts: list[str]) -> tuple[list[str], FloatArray]:
    """Those concepts that the encoder describes, and their rows."""
    while concepts:
        try:
            return concepts, encoded(encoder, graph, concepts)
        except MissingFeaturesError as error:
            lacking = set(error.ids)
            fewer = [id_ for id_ in concepts if id_ not in lacking]
            if len(fewer) == len(concepts):
                raise
            concepts = fewer
    return [], np.empty((0, 0), dtype=np.float32)


class _Lender:
    """Gives the mean of the rows next to a concept."""

    def __init__(self, graph: KnowledgeGraph, last: GraphView, fresh: Mapping[str, FloatArray]) -> None:
        self._graph, self._last, self._fresh = graph, last, fresh
        self._rows = last.features
        lengths = np.linalg.norm(self._rows.astype(np.float64), axis=1)
        self._is_unit = bool(np.all(np.abs(lengths - 1) < UNIT_TOLERANCE))
        self._place = {id_: place for place, id_ in enumerate(last.graph.ids)}

    def row(self, concept: str) -> FloatArray:
        """The row that a concept gets."""
        start = int(self._graph.index.positions([concept])[0])
        index = self._graph.index
        lenders = self._nearest(index.up().of, start) or self._nearest(index.down().of, start)
        rows = np.stack([self._known(id_) for id_ in lenders]) if lenders else self._rows
        mean: NDArray[np.float64] = rows.mean(axis=0, dtype=np.float64)
        length = float(np.linalg.norm(mean))
        return (mean / length if self._is_unit and length > 0 else mean).astype(np.float32)

    def _known(self, id_: str) -> FloatArray:
        return self._fresh[id_] if id_ in self._fresh else self._rows[self._place[id_]]

    def _nearest(self, ways: Callable[[int], list[int]], start: int) -> list[str]:
        """Walk every way from a position, stopping at concepts with a row; those, sorted."""
        ids, seen, found, frontier = self._graph.ids, {start}, set(), [start]
        while frontier:
            further = {place for position in frontier for place in ways(position)} - seen
            seen |= further
            found |= {place for place in further if ids[place] in self._place or ids[place] in self._fresh}
            frontier = sorted(further - found)
        return [ids[place] for place in sorted(found)]
