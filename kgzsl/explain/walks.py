"""What a walk kernel carries along each simple path of a graph, exactly.

The walk kernel R = (I + beta L)^-1 with L = I - Â is 1 / (1 + beta) times the sum of all walks, each weighted
by c per step and the entries of Â, with c = beta / (1 + beta). A walk that wanders is counted under its
loop-erased path. With G = (I - c Â)^-1 = (1 + beta) R, all walks whose loop erasure is the simple path p weigh

    c^length · product of Â along p · det G[p, p],

because the loops erased at each node of p are the Green's function of the graph without the nodes before it, and
their product telescopes to that determinant (Lawler, "Loop-erased random walk", 1999, section 2; Marchal 2000).
No walk is cut off by length.
"""

import heapq
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import scipy.sparse
import scipy.sparse.linalg
from numpy.typing import NDArray

from kgzsl.errors import NumericError

__all__ = ["WalkKernel", "WalkPath"]

_Array = NDArray[np.float64]

# A factorisation of a near-tree stays sparse; of a dense tangle it does not, and conjugate gradients take over.
_DIRECT_SIZE = 3_000
_DIRECT_DEGREE = 3.0
_MOST_EXPANSIONS = 3_000


@dataclass(frozen=True)
class WalkPath:
    """A simple path as positions, and the weight in R of all walks whose loop erasure it is."""

    nodes: tuple[int, ...]
    weight: float


class _Open(NamedTuple):
    """A path in the queue, largest first, then by its nodes; `complete` if it ends here, else it may go on.

    `size` is minus the magnitude of all that begins with these nodes, `weight` that of the nodes without the loops at
    the last one, `loops_taken` how far earlier nodes cut those loops.
    """

    size: float
    nodes: tuple[int, ...]
    complete: bool
    weight: float
    loops_taken: float


class _Next(NamedTuple):
    """What may follow a path: nodes, and for each the weight so far, the loops taken, and what flows to each end."""

    nodes: list[int]
    weights: _Array
    loops_taken: _Array
    flows: _Array


class WalkKernel:
    """R = (I + beta (I - Â))^-1 for a symmetric normalised adjacency, read one column at a time.

    `adjacency` is `[num_nodes, num_nodes]`, scipy sparse, symmetric, non-negative, with spectral radius at most
    1; entries on its diagonal are self loops. Columns are solved when first needed and kept.
    """

    def __init__(self, adjacency: Any, beta: float) -> None:
        self.adjacency = scipy.sparse.csr_array(adjacency).astype(np.float64)
        self.adjacency.sort_indices()
        self.beta = float(beta)
        self.damping = self.beta / (1.0 + self.beta)
        size = self.adjacency.shape[0]
        system = scipy.sparse.eye_array(size, format="csc") - self.damping * self.adjacency.tocsc()
        self._system = scipy.sparse.csc_array(system)
        self._factor: Any = None
        if size <= _DIRECT_SIZE or self.adjacency.nnz <= (_DIRECT_DEGREE + 1.0) * size:
            self._factor = scipy.sparse.linalg.splu(
                self._system, permc_spec="MMD_AT_PLUS_A", diag_pivot_thresh=0.0, options={"SymmetricMode": True}
            )
        self._columns: dict[int, _Array] = {}

    def apply(self, vectors: _Array) -> _Array:
        """R times a vector `[num_nodes]`, or times the columns of a matrix `[num_nodes, n]`."""
        return self._green(np.asarray(vectors, dtype=np.float64)) / (1.0 + self.beta)

    def column(self, node: int) -> _Array:
        """Column `node` of R, which is also its row: what walks of every length carry between it and each node."""
        return self._column(node) / (1.0 + self.beta)

    def paths(self, start: int, end: int, *, share: float = 1.0, at_most: int = 100) -> tuple[WalkPath, ...]:
        """Simple paths from `start` to `end`, heaviest first, until `share` of R[start, end] is covered."""
        ends, values = np.array([end], dtype=np.int64), np.ones(1)
        return self.best_paths(start, ends, values, share=share, at_most=at_most)

    def best_paths(
        self, start: int, ends: NDArray[np.int64], values: _Array, *, share: float, at_most: int
    ) -> tuple[WalkPath, ...]:
        """Simple paths from `start` to any of `ends`, largest |value of the end| x weight first.

        Best-first search on the exact size of all paths that begin with the same nodes, so no larger path is missed.
        It stops when `share` of the size of everything is covered and no equal path is left, after `at_most` paths,
        or after a few thousand steps; what was not found is then R[start, ends] minus what was. A path of one node
        needs no search and carries all of R[start, start].
        """
        sizes = np.abs(values)
        columns = np.stack([self._column(end) for end in ends.tolist()], axis=1)
        whole = float(columns[start] @ sizes)
        found: list[WalkPath] = []
        queue = [_Open(-whole, (start,), False, 1.0, 0.0)]
        for place in np.flatnonzero(ends == start).tolist():
            staying = float(columns[start, place])
            queue = [_Open(-staying * float(sizes[place]), (start,), True, staying, 0.0), *queue]
        # rounding leaves specks where nothing flows; what is dropped stays far below the uncovered share
        covered, least, expansions = 0.0, max((1.0 - share) * 1e-3, 1e-12) * whole, 0
        heapq.heapify(queue)
        smallest = whole
        while queue and len(found) < at_most and expansions < _MOST_EXPANSIONS:
            best = heapq.heappop(queue)
            # equals of the last path are taken as well, or their names would decide
            if covered >= share * whole and -best.size < (1.0 - 1e-9) * smallest:
                break
            if best.complete:
                covered -= best.size
                smallest = -best.size
                found.append(WalkPath(best.nodes, best.weight / (1.0 + self.beta)))
                continue
            expansions += 1
            for entry in self._longer(best, ends, sizes, columns):
                if -entry.size > least:
                    heapq.heappush(queue, entry)
        return tuple(found)

    def forget(self) -> None:
        """Drop the columns that were kept; they are solved again when needed."""
        self._columns.clear()

    def _green(self, vectors: _Array) -> _Array:
        if self._factor is not None:
            return np.asarray(self._factor.solve(vectors))
        if vectors.ndim == 2:
            return np.stack([self._green(vectors[:, place]) for place in range(vectors.shape[1])], axis=1)
        solution, unfinished = scipy.sparse.linalg.cg(self._system, vectors, rtol=1e-14, atol=0.0, maxiter=10_000)
        if unfinished:
            raise NumericError(f"the walk kernel with beta = {self.beta:g} did not converge; choose a smaller beta")
        return np.asarray(solution)

    def _column(self, node: int) -> _Array:
        if node not in self._columns:
            unit = np.zeros(self.adjacency.shape[0])
            unit[node] = 1.0
            self._columns[node] = self._green(unit)
        return self._columns[node]

    def _longer(self, path: _Open, ends: NDArray[np.int64], sizes: _Array, columns: _Array) -> Iterator[_Open]:
        """Each node that may follow: the path that ends there, and all those that go on."""
        following = self._next(path, columns)
        onward = following.flows @ sizes
        arriving = {int(end): place for place, end in enumerate(ends.tolist())}
        for row, node in enumerate(following.nodes):
            nodes = (*path.nodes, node)
            size = float(onward[row])
            if node in arriving:
                flow = float(following.flows[row, arriving[node]])
                here = flow * float(sizes[arriving[node]])
                size -= here
                yield _Open(-here, nodes, True, flow, 0.0)
            yield _Open(-size, nodes, False, float(following.weights[row]), float(following.loops_taken[row]))

    def _next(self, path: _Open, columns: _Array) -> _Next:
        nodes, here = list(path.nodes), path.nodes[-1]
        row = slice(self.adjacency.indptr[here], self.adjacency.indptr[here + 1])
        steps = [
            (node, step)
            for node, step in zip(self.adjacency.indices[row].tolist(), self.adjacency.data[row].tolist(), strict=True)
            if node not in nodes
        ]
        following = [node for node, _ in steps]
        green = np.stack([self._column(node)[nodes + following] for node in nodes], axis=1)
        inside, across = green[: len(nodes)], green[len(nodes) :]
        # taking the path out of the graph takes these loops and detours out of what follows
        projection = np.linalg.solve(inside, across.T)
        weight = path.weight * (float(inside[-1, -1]) - path.loops_taken)
        weights = weight * self.damping * np.array([step for _, step in steps])
        flows = weights[:, None] * (columns[following] - projection.T @ columns[nodes])
        return _Next(following, weights, (across.T * projection).sum(axis=0), flows)
