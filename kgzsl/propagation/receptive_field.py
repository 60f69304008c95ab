"""The rows of each layer that a few output rows of a network depend on."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from kgzsl.propagation.topology import Messages

__all__ = ["ReceptiveField", "Surroundings", "receptive_field", "surroundings"]


@dataclass(frozen=True)
class ReceptiveField:
    """What `num_layers` layers have to compute, and from what.

    `rows[l]` are the positions that layer `l` reads, ascending, and `rows[-1]` the ones asked for, in their order;
    `layers[l]` holds the adjacencies `[len(rows[l + 1]), len(rows[l])]` of layer `l`, one a group.
    """

    rows: tuple[NDArray[np.int64], ...]
    layers: tuple[tuple[sparse.csr_array, ...], ...]

    @property
    def num_rows(self) -> list[int]:
        """Rows read by the first layer, the second, ..., and rows given."""
        return [len(rows) for rows in self.rows]


@dataclass(frozen=True)
class Surroundings:
    """A part of the graph around some positions: `nodes`, where `targets` are in it, and its edges.

    `edge_type` is the place of each edge's link, None where there are no links.
    """

    nodes: NDArray[np.int64]
    targets: NDArray[np.int64]
    edge_index: NDArray[np.int64]
    edge_weight: NDArray[np.float32]
    edge_type: NDArray[np.int64] | None = None


def receptive_field(messages: Messages, rows: NDArray[np.int64], *, num_layers: int) -> ReceptiveField:
    """Slice the adjacency of every layer to the rows that are needed; `rows` must not repeat.

    Going backwards, the last layer gives `rows`, the one before it their neighbours, and so on
    (the loss of |S| seen classes reads no other row).
    """
    levels = [np.asarray(rows, dtype=np.int64)]
    layers: list[tuple[sparse.csr_array, ...]] = []
    for layer in reversed(range(num_layers)):
        groups = [matrix[levels[0]] for matrix in messages.of_layer(layer)]
        needed = np.unique(np.concatenate([matrix.indices for matrix in groups])).astype(np.int64)
        layers.insert(0, tuple(_with_columns(matrix, needed) for matrix in groups))
        levels.insert(0, needed)
    return ReceptiveField(rows=tuple(levels), layers=tuple(layers))


def surroundings(messages: Messages, rows: NDArray[np.int64], *, hops: int | None) -> Surroundings:
    """The edges that `hops` steps of message passing towards `rows` can use; all edges if `hops` is None.

    Positions are numbered anew, in ascending order of the old ones. Of messages with links, edges stand in the order of
    these, whose place is their type; what a concept tells itself is none of them.
    """
    links = messages.links or ("any",)
    groups = [matrix for link, matrix in zip(links, messages.of_layer(0), strict=False) if link]
    nodes = np.unique(rows) if hops is not None else np.arange(messages.num_nodes)
    receivers = nodes = nodes.astype(np.int64)
    for _ in range(hops or 0):
        receivers = nodes
        reached = [matrix[receivers].indices for matrix in groups]
        nodes = np.unique(np.concatenate([nodes, *reached])).astype(np.int64)
    parts = [matrix[receivers].tocoo() for matrix in groups]
    ends = np.concatenate([np.stack([part.col, receivers[part.row]]) for part in parts], axis=1)
    return Surroundings(
        nodes,
        np.searchsorted(nodes, rows),
        np.searchsorted(nodes, ends).astype(np.int64),
        np.concatenate([part.data for part in parts]).astype(np.float32),
        np.repeat(np.arange(len(parts)), [part.nnz for part in parts]) if messages.links else None,
    )


def _with_columns(matrix: sparse.csr_array, columns: NDArray[np.int64]) -> sparse.csr_array:
    """The same rows over fewer columns, none of which is left out that holds an entry."""
    place = np.searchsorted(columns, matrix.indices)
    return sparse.csr_array((matrix.data, place, matrix.indptr), shape=(matrix.shape[0], len(columns)))
