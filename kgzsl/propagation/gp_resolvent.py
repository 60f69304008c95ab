"""Walks of every length over a graph: (I + beta L)^-1, only where it is asked for.

Knowledge graphs are nearly trees. What hangs on the rest by one edge is eliminated exactly, round by round, at a
cost proportional to the number of nodes; only the core that remains, where the cycles are, is inverted or solved.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from kgzsl.graph.index import IntArray
from kgzsl.propagation.gp_core import core_solver

__all__ = ["Peeling", "Resolvent", "Rows", "normalized_adjacency"]

DENSE_CORE = 500
"""Largest core that is inverted as a dense matrix; above, a sparse factorisation was faster on WordNet."""

SOLVE_BATCH = 256
"""Right-hand sides that a sparse factorisation solves at once."""

Float64 = NDArray[np.float64]


def normalized_adjacency(adjacency: Any) -> Any:
    """D^-1/2 (A + I) D^-1/2 as `csr_array` float64, for a symmetric A without self loops."""
    with_loops = (adjacency + sparse.eye_array(adjacency.shape[0], format="csr")).tocsr().astype(np.float64)
    root = 1 / np.sqrt(with_loops.sum(axis=1))
    scaled = with_loops.multiply(root[:, None]).multiply(root[None, :]).tocsr()
    scaled.sort_indices()
    return scaled


@dataclass(frozen=True, eq=False)
class Peeling:
    """In which order the tree-like parts of a graph can be eliminated without any fill.

    `rounds` are the nodes of each round, each node with at most one neighbour left when its turn comes: its `parent`,
    or -1 for the last of its component. `link` is the entry of the matrix between node and parent. `core` holds the
    nodes that stay, ascending, `place` their places in it (-1 outside).
    """

    matrix: Any
    rounds: tuple[IntArray, ...]
    parent: IntArray
    link: Float64
    core: IntArray
    place: IntArray

    @classmethod
    def of(cls, matrix: Any) -> "Peeling":
        """Peel the graph of a symmetric `csr_array`; its diagonal does not count as an edge."""
        num = matrix.shape[0]
        entries = matrix.tocoo()
        off = (entries.row != entries.col) & (entries.data != 0)
        row, col, data = entries.row[off].astype(np.int64), entries.col[off].astype(np.int64), entries.data[off]
        degree = np.bincount(row, minlength=num)
        # the sums over the neighbours that are left name the last of them without a search
        last = np.bincount(row, weights=col, minlength=num).astype(np.int64)
        left = np.ones(num, dtype=bool)
        parent = np.full(num, -1, dtype=np.int64)
        rounds = []
        ready = np.flatnonzero(degree <= 1)
        while len(ready):
            neighbour = np.where(degree[ready] == 1, last[ready], -1)
            # of two that have only each other, the first goes now
            waits = (neighbour >= 0) & (degree[neighbour] == 1) & (neighbour < ready)
            nodes, up = ready[~waits], neighbour[~waits]
            left[nodes] = False
            parent[nodes] = up
            rounds.append(nodes)
            up, nodes = up[up >= 0], nodes[up >= 0]
            np.subtract.at(degree, up, 1)
            np.subtract.at(last, up, nodes)
            touched = np.unique(up)
            ready = touched[left[touched] & (degree[touched] <= 1)]
        link = np.zeros(num)
        is_link = parent[row] == col
        link[row[is_link]] = data[is_link]
        core = np.flatnonzero(left)
        place = np.full(num, -1, dtype=np.int64)
        place[core] = np.arange(len(core))
        return cls(matrix, tuple(rounds), parent, link, core, place)


@dataclass(frozen=True, eq=False)
class Rows:
    """Some nodes written over what is left of the system after elimination.

    `tree` `[n, num_nodes]` is sparse, over eliminated nodes; in the core each node has one place at most:
    `root` is the place in the core where a node hangs (-1 if nowhere) and `gain` its weight there.
    """

    tree: Any
    root: IntArray
    gain: Float64


class Resolvent:
    """R = (I + beta L)^-1 with L = I - A for a normalised adjacency A: a convergent sum over walks of every length.

    R is symmetric and positive definite, its entries are non-negative, and
    R = 1/(1+beta) Σ_l (beta/(1+beta))^l A^l. The whole of R is never formed.

    >>> import numpy as np
    >>> from scipy import sparse
    >>> path = sparse.csr_array(np.array([[0., 1, 0], [1, 0, 1], [0, 1, 0]]))
    >>> resolvent = Resolvent(Peeling.of(normalized_adjacency(path)), beta=1.0)
    >>> resolvent.between(np.array([2]), np.array([0, 1])).round(4).tolist()
    [[0.0513, 0.1884]]
    """

    def __init__(self, peeling: Peeling, beta: float, *, dense_core: int = DENSE_CORE) -> None:
        self.peeling = peeling
        self.beta = beta
        diagonal = 1 + beta - beta * peeling.matrix.diagonal()
        gain = np.zeros(len(diagonal))
        for nodes in peeling.rounds:
            up = peeling.parent[nodes]
            gain[nodes] = beta * peeling.link[nodes] / diagonal[nodes]
            inner = up >= 0
            np.subtract.at(diagonal, up[inner], gain[nodes[inner]] ** 2 * diagonal[nodes[inner]])
        self._diagonal = diagonal
        self._gain = gain
        core = peeling.core
        block = (-beta * peeling.matrix[core][:, core]).tocsc()
        block.setdiag(diagonal[core])
        self._inverse: Float64 | None = None
        if len(core) <= dense_core:
            self._inverse = np.linalg.inv(block.toarray())
        else:
            self._solve = core_solver(block)

    def rows(self, positions: IntArray) -> Rows:
        """Nodes in the form that `between`, `diagonal` and `solved` work with."""
        parent, place = self.peeling.parent, self.peeling.place
        num = len(positions)
        root, weight = np.full(num, -1, dtype=np.int64), np.zeros(num)
        row, node, gain = np.arange(num), np.asarray(positions, dtype=np.int64), np.ones(num)
        found: list[tuple[IntArray, IntArray, Float64]] = []
        while len(row):
            inside = place[node] >= 0
            root[row[inside]] = place[node[inside]]
            weight[row[inside]] = gain[inside]
            row, node, gain = row[~inside], node[~inside], gain[~inside]
            found.append((row, node, gain))
            gain = gain * self._gain[node]
            node = parent[node]
            inner = node >= 0
            row, node, gain = row[inner], node[inner], gain[inner]
        rows = np.concatenate([part[0] for part in found] or [np.empty(0, dtype=np.int64)])
        nodes = np.concatenate([part[1] for part in found] or [np.empty(0, dtype=np.int64)])
        gains = np.concatenate([part[2] for part in found] or [np.empty(0)])
        tree = sparse.csr_array((gains, (rows, nodes)), shape=(num, len(parent)))
        return Rows(tree, root, weight)

    def between(self, first: IntArray | Rows, second: IntArray | Rows) -> Float64:
        """R[first, second] `[len(first), len(second)]`."""
        one = first if isinstance(first, Rows) else self.rows(first)
        two = second if isinstance(second, Rows) else self.rows(second)
        used = np.unique(two.tree.indices)
        right = (two.tree[:, used] / self._diagonal[used][None, :]).toarray().T
        out = np.asarray(one.tree[:, used] @ right)
        if len(self.peeling.core):
            # nodes that hang on no core node have gain 0, whatever place -1 picks for them
            block = self._core_block(one.root, two.root)
            block *= one.gain[:, None]
            block *= two.gain[None, :]
            out += block
        return out

    def diagonal(self, positions: IntArray | Rows) -> Float64:
        """R[u, u] for each position."""
        rows = positions if isinstance(positions, Rows) else self.rows(positions)
        out = np.asarray((rows.tree**2) @ (1 / self._diagonal))
        hangs = np.flatnonzero(rows.root >= 0)
        if len(hangs):
            out[hangs] += rows.gain[hangs] ** 2 * self._core_diagonal(rows.root[hangs])
        return out

    def half_solved(self, values: Float64) -> Float64:
        """What `solved` needs of `values` `[num_nodes, dim]`; computed once, then any rows of R values are cheap."""
        half = np.array(values, dtype=np.float64)
        parent = self.peeling.parent
        for nodes in self.peeling.rounds:
            inner = nodes[parent[nodes] >= 0]
            if len(inner):
                targets, where = np.unique(parent[inner], return_inverse=True)
                shape = (len(targets), len(inner))
                push = sparse.csr_array((self._gain[inner], (where, np.arange(len(inner)))), shape=shape)
                half[targets] += push @ half[inner]
        core = self.peeling.core
        if len(core):
            half[core] = self._inverse @ half[core] if self._inverse is not None else self._solve(half[core])
        return half

    def solved(self, positions: IntArray | Rows, half: Float64) -> Float64:
        """Rows of R values, given `half = half_solved(values)`."""
        rows = positions if isinstance(positions, Rows) else self.rows(positions)
        out = np.asarray((rows.tree / self._diagonal[None, :]) @ half)
        hangs = np.flatnonzero(rows.root >= 0)
        out[hangs] += rows.gain[hangs, None] * half[self.peeling.core[rows.root[hangs]]]
        return out

    def _core_block(self, first: IntArray, second: IntArray) -> Float64:
        if self._inverse is not None:
            return np.array(self._inverse[np.ix_(first, second)])
        if len(first) < len(second):
            return self._core_block(second, first).T
        columns, where = np.unique(second, return_inverse=True)
        out = np.empty((len(first), len(columns)))
        for start, solution in self._core_columns(columns):
            out[:, start : start + solution.shape[1]] = solution[first]
        return out[:, where]

    def _core_diagonal(self, places: IntArray) -> Float64:
        if self._inverse is not None:
            return np.diagonal(self._inverse)[places]
        columns, where = np.unique(places, return_inverse=True)
        out = np.empty(len(columns))
        for start, solution in self._core_columns(columns):
            part = slice(start, start + solution.shape[1])
            out[part] = solution[columns[part], np.arange(solution.shape[1])]
        return out[where]

    def _core_columns(self, columns: IntArray) -> Any:
        """Columns of the core's inverse, a batch at a time, with the place where the batch starts."""
        for start in range(0, len(columns), SOLVE_BATCH):
            batch = columns[start : start + SOLVE_BATCH]
            unit = np.zeros((len(self.peeling.core), len(batch)))
            unit[batch, np.arange(len(batch))] = 1
            yield start, self._solve(unit)
