"""The part of a graph that classes are seen in, with a feature row for each of its concepts."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse.csgraph import connected_components

from kgzsl.contracts import FloatArray, NodeEncoder
from kgzsl.errors import InputFormatError, MissingFeaturesError
from kgzsl.graph.index import GraphIndex
from kgzsl.graph.knowledge_graph import KnowledgeGraph

__all__ = ["GraphView", "encoded", "unreachable"]

Relations = Sequence[str] | None


@dataclass(frozen=True, eq=False)
class GraphView:
    """A graph and `features` `[num_concepts, dim]` in the order of its ids."""

    graph: KnowledgeGraph
    features: FloatArray

    @property
    def index(self) -> GraphIndex:
        """The graph as integers."""
        return self.graph.index

    def replaced(self, graph: KnowledgeGraph, rows: FloatArray, ids: Sequence[str]) -> "GraphView":
        """The view of a larger graph: known concepts keep their rows, the new `ids` get `rows`."""
        features = np.empty((len(graph), self.features.shape[1]), dtype=np.float32)
        place = graph.index.positions
        features[place(self.graph.ids)] = self.features
        features[place(ids)] = rows
        return GraphView(graph, features)


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
