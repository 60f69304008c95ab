"""The part of a graph that classes are seen in, with a feature row for each of its concepts."""

import weakref
from collections.abc import Callable, Iterable, Sequence
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse.csgraph import connected_components

from kgzsl.contracts import FloatArray, NodeEncoder
from kgzsl.errors import InputFormatError, MissingFeaturesError
from kgzsl.graph.index import GraphIndex
from kgzsl.graph.knowledge_graph import KnowledgeGraph

__all__ = ["GraphView", "GrownView", "encoded", "unreachable"]

Relations = Sequence[str] | None


class GraphView:
    """A graph and `features` `[num_concepts, dim]` in the order of its ids."""

    def __init__(self, graph: KnowledgeGraph, features: FloatArray) -> None:
        self.graph = graph
        self._features = features

    @property
    def index(self) -> GraphIndex:
        """The graph as integers."""
        return self.graph.index

    @property
    def features(self) -> FloatArray:
        """A row for each concept."""
        return self._features

    @property
    def dim(self) -> int:
        """Columns of the features."""
        return int(self._features.shape[1])

    def grown(self, graph: KnowledgeGraph, ids: Sequence[str], rows: FloatArray) -> "GrownView":
        """The view of a larger graph: known concepts keep their rows, the new `ids` get `rows`."""
        return GrownView(self, graph, tuple(ids), rows)


class GrownView(GraphView):
    """A view that took in more concepts.

    Its features are put together when they are asked for, and again once nobody holds them: each class that is added
    to the ImageNet graph would otherwise keep 28 MB.
    """

    def __init__(self, base: GraphView, graph: KnowledgeGraph, ids: tuple[str, ...], rows: FloatArray) -> None:
        self._first: GraphView = base
        self._ids: tuple[str, ...] = ids
        self._rows: FloatArray = rows
        if isinstance(base, GrownView):
            self._first, self._ids = base._first, (*base._ids, *ids)
            self._rows = np.vstack([base._rows, rows])
        super().__init__(graph, self._first._features)
        self._made: Callable[[], FloatArray | None] = _nothing
        self._lock = Lock()

    @property
    def features(self) -> FloatArray:
        """A row for each concept."""
        with self._lock:
            made = self._made()
            if made is None:
                made = np.empty((len(self.graph), self.dim), dtype=np.float32)
                place = self.graph.index.positions
                made[place(self._first.graph.ids)] = self._first.features
                made[place(self._ids)] = self._rows
                self._made = weakref.ref(made)
        return made


def _nothing() -> None:
    return None


def encoded(encoder: NodeEncoder, graph: KnowledgeGraph, concepts: Sequence[str]) -> FloatArray:
    """Features of these concepts, checked: one finite row each."""
    rows = np.asarray(encoder.encode(graph, concepts), dtype=np.float32)
    if rows.ndim != 2 or len(rows) != len(concepts):
        raise InputFormatError(f"the features of {len(concepts)} concepts came as an array of shape {rows.shape}")
    bad = [concepts[row] for row in np.flatnonzero(~np.isfinite(rows).all(axis=1)).tolist()]
    if bad:
        raise MissingFeaturesError(bad, source=type(encoder).__name__, advice="their rows hold NaN or infinite values")
    return rows


def unreachable(index: GraphIndex, seen: Iterable[str], others: Iterable[str], relations: Relations) -> tuple[str, ...]:
    """Those of `others` that no path over `relations`, walked either way, connects to any of `seen`."""
    adjacency: Any = index.adjacency(relations)
    _, component = connected_components(adjacency, directed=False)
    lit = np.zeros(component.max(initial=0) + 1, dtype=bool)
    lit[component[index.positions(seen)]] = True
    wanted = tuple(others)
    dark: NDArray[np.bool_] = ~lit[component[index.positions(wanted)]]
    return tuple(id_ for id_, is_dark in zip(wanted, dark, strict=True) if is_dark)
