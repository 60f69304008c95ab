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
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import scipy.sparse
import scipy.sparse.csgraph
import scipy.sparse.linalg
from numpy.typing import NDArray

from kgzsl.errors import NumericError

__all__ = ["WalkKernel", "WalkPath"]

_Array = NDArray[np.float64]

# A factorisation of a near-tree stays sparse; of a dense tangle it does not, and conjugate gradients take over.
_DIRECT_SIZE = 3_000
_DIRECT_DEGREE = 3.0
_MOST_EXPANSIONS = 200


@dataclass(frozen=True)
class WalkPath:
    """A simple path as positions, and the weight in R of all walks whose loop erasure it is."""

    nodes: tuple[int, ...]
    weight: float


class _Open(NamedTuple):
    """A path in the queue; heaviest first, then by its nodes.

    `mass` is minus the weight of every way to the end that begins with these nodes, `weight` that of the nodes
    without the loops at the last one, `loops_taken` how far earlier nodes cut those loops.
    """

    mass: float
    nodes: tuple[int, ...]
    weight: float
    loops_taken: float


class _Prefix(NamedTuple):
    """What the next nodes of a path need, whatever the end: solved once, used for every end."""

    weight: float
    following: NDArray[np.int64]
    steps: _Array
    loops_taken: _Array
    projection: _Array


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
        self._prefixes: dict[tuple[int, ...], _Prefix] = {}

    def apply(self, vectors: _Array) -> _Array:
        """R times a vector `[num_nodes]`, or times the columns of a matrix `[num_nodes, n]`."""
        return self._green(np.asarray(vectors, dtype=np.float64)) / (1.0 + self.beta)

    def column(self, node: int) -> _Array:
        """Column `node` of R, which is also its row: what walks of every length carry between it and each node."""
        return self._column(node) / (1.0 + self.beta)

    def paths_to(
        self, start: int, ends: Iterable[int], *, share: float = 0.98, at_most: int = 5
    ) -> dict[int, tuple[WalkPath, ...]]:
        """What `paths` gives, for many ends: in a near-tree one path is nearly always enough, and found at once."""
        _, parents = scipy.sparse.csgraph.breadth_first_order(self.adjacency, start, directed=False)
        found: dict[int, tuple[WalkPath, ...]] = {}
        for end in ends:
            direct = None if end == start or parents[end] < 0 else self._along(start, end, parents)
            enough = direct is not None and direct.weight * (1.0 + self.beta) >= share * self._column(start)[end]
            found[end] = (direct,) if direct and enough else self.paths(start, end, share=share, at_most=at_most)
        return found

    def _along(self, start: int, end: int, parents: NDArray[np.int32]) -> WalkPath:
        """The path to `end` in the breadth-first tree of `start`."""
        nodes = [end]
        while nodes[-1] != start:
            nodes.append(int(parents[nodes[-1]]))
        nodes.reverse()
        opened = _Open(0.0, (start,), 1.0, 0.0)
        for length in range(1, len(nodes)):
            prefix = self._prefix(opened)
            place = int(np.searchsorted(prefix.following, nodes[length]))
            weight = prefix.weight * float(prefix.steps[place])
            opened = _Open(0.0, tuple(nodes[: length + 1]), weight, float(prefix.loops_taken[place]))
        loops = float(self._column(end)[end]) - opened.loops_taken
        return WalkPath(opened.nodes, opened.weight * loops / (1.0 + self.beta))

    def paths(self, start: int, end: int, *, share: float = 0.98, at_most: int = 5) -> tuple[WalkPath, ...]:
        """Simple paths from `start` to `end`, heaviest first, until `share` of R[start, end] is covered.

        Best-first search on the exact weight of all paths that begin with a prefix, so no heavier path is
        missed; it gives up after `at_most` paths or a few hundred steps, and R[start, end] minus what was found
        is then the exact weight of the rest.
        """
        whole = float(self._column(end)[start])
        if start == end:
            return (WalkPath((start,), whole / (1.0 + self.beta)),)
        if whole <= 0.0:
            return ()
        found: list[WalkPath] = []
        covered, expansions = 0.0, 0
        # rounding leaves specks where nothing flows; what is dropped here stays far below the uncovered share
        least = max((1.0 - share) * 1e-3, 1e-12) * whole
        queue = [_Open(-whole, (start,), 1.0, 0.0)]
        while queue and len(found) < at_most and covered < share * whole and expansions < _MOST_EXPANSIONS:
            best = heapq.heappop(queue)
            if best.nodes[-1] == end:
                covered -= best.mass
                found.append(WalkPath(best.nodes, -best.mass / (1.0 + self.beta)))
                continue
            expansions += 1
            for entry in self._continuations(self._prefix(best), best, end):
                if -entry.mass > least:
                    heapq.heappush(queue, entry)
        return tuple(found)

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

    def _prefix(self, opened: _Open) -> _Prefix:
        nodes = opened.nodes
        if nodes in self._prefixes:
            return self._prefixes[nodes]
        here = nodes[-1]
        row = slice(self.adjacency.indptr[here], self.adjacency.indptr[here + 1])
        neighbours, steps = self.adjacency.indices[row], self.adjacency.data[row]
        fresh = ~np.isin(neighbours, nodes)
        following = neighbours[fresh].astype(np.int64)
        columns = np.stack([self._column(node) for node in nodes], axis=1)
        across = columns[following]
        projection = np.linalg.solve(columns[list(nodes)], across.T)
        loops = float(columns[here, -1]) - opened.loops_taken
        taken = np.einsum("nk,kn->n", across, projection)
        prefix = _Prefix(opened.weight * loops, following, self.damping * steps[fresh], taken, projection)
        self._prefixes[nodes] = prefix
        return prefix

    def _continuations(self, prefix: _Prefix, opened: _Open, end: int) -> Iterator[_Open]:
        """Each next node, with the exact weight of all paths to `end` that go on through it."""
        column = self._column(end)
        outside = column[prefix.following] - column[list(opened.nodes)] @ prefix.projection
        weights = prefix.weight * prefix.steps
        for place, mass in enumerate((weights * outside).tolist()):
            nodes = (*opened.nodes, int(prefix.following[place]))
            yield _Open(-mass, nodes, float(weights[place]), float(prefix.loops_taken[place]))
