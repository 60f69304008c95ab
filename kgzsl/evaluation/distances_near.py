"""The classes nearest to each class in the taxonomy, as lists: a matrix of 20,842 classes squared is never made."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from kgzsl.graph.index import GraphIndex

__all__ = ["NearClasses", "near_classes"]

_AT_ONCE = 1024


@dataclass(frozen=True, eq=False)
class NearClasses:
    """Of each source the nearest candidates, by distance: `columns[start[i] : start[i + 1]]`.

    `source_of` `[num_candidates]` gives the source that a candidate is, -1 for none. `within[k]` `[num_sources]` tells
    how many of them are the correct set of size k: all candidates no farther than the k-th nearest one.
    """

    start: NDArray[np.int64]
    columns: NDArray[np.int64]
    source_of: NDArray[np.int64]
    within: dict[int, NDArray[np.int64]]

    def precision(self, scores: NDArray[Any], places: NDArray[np.int64]) -> dict[int, NDArray[np.float64]]:
        """By k, the share of each row's `k` best columns in the correct set of its class; in ties wrong ones go first.

        `scores` `[num_rows, num_candidates]`, `places` `[num_rows]` columns that are sources; every k is at most the
        number of candidates.
        """
        sources = self.source_of[places]
        deepest = min(max(self.within, default=1) + 1, scores.shape[1])
        best = -np.sort(-np.partition(scores, scores.shape[1] - deepest, axis=1)[:, -deepest:], axis=1)
        return {k: self._precision(scores, best, sources, k) for k in self.within}

    def _precision(
        self, scores: NDArray[Any], best: NDArray[Any], sources: NDArray[np.int64], k: int
    ) -> NDArray[np.float64]:
        """`best` are the first scores of each row, one more than the largest k, descending."""
        threshold = best[:, k - 1]
        num_above = (best > threshold[:, None]).sum(axis=1)
        num_tied = (best == threshold[:, None]).sum(axis=1)
        more = np.flatnonzero(best[:, -1] == threshold)  # there may be more of them among the rest
        num_tied[more] = (scores[more] == threshold[more, None]).sum(axis=1)
        sizes = self.within[k][sources]
        rows = np.repeat(np.arange(len(sources)), sizes)
        first = np.cumsum(sizes) - sizes
        near = self.columns[np.arange(len(rows)) - first[rows] + self.start[sources][rows]]
        score = scores[rows, near]
        right_above = np.bincount(rows[score > threshold[rows]], minlength=len(sources))
        right_tied = np.bincount(rows[score == threshold[rows]], minlength=len(sources))
        right = right_above + np.maximum(k - num_above - (num_tied - right_tied), 0)
        return np.asarray(right / k, dtype=np.float64)


def near_classes(
    index: GraphIndex,
    candidates: Sequence[str],
    ks: Iterable[int],
    *,
    places: NDArray[np.int64] | None = None,
    relations: Iterable[str] | str | None = None,
) -> NearClasses:
    """Search around each source, step by step, until the largest k candidates are inside or nothing more is reached.

    `places` are the candidates that are sources; None stands for all.
    """
    sources = np.arange(len(candidates)) if places is None else places
    cutoffs = sorted(set(ks))
    graph = index.adjacency(relations, symmetric=True).astype(np.int32)
    positions = index.positions(candidates)
    column = np.full(index.num_concepts, -1)
    column[positions] = np.arange(len(candidates))
    source_of = np.full(len(candidates), -1)
    source_of[sources] = np.arange(len(sources))
    starts = positions[sources]
    found = [
        _searched(graph, starts[first : first + _AT_ONCE], column, max(cutoffs, default=1))
        for first in range(0, len(starts), _AT_ONCE)
    ]
    rows = np.concatenate([part[0] + number * _AT_ONCE for number, part in enumerate(found)])
    columns, steps = (np.concatenate([part[place] for part in found]) for place in (1, 2))
    order = np.lexsort((columns, steps, rows))
    rows, columns, steps = rows[order], columns[order], steps[order]
    start = np.searchsorted(rows, np.arange(len(starts) + 1))
    return NearClasses(start, columns, source_of, {k: _within(rows, steps, start, k) for k in cutoffs})


def _searched(graph: Any, starts: NDArray[np.int64], column: NDArray[np.int64], most: int) -> tuple[Any, ...]:
    """(source, column, steps) of all candidates met, level by level; a source with enough of them is let go."""
    shape = (len(starts), graph.shape[0])
    frontier = csr_array((np.ones(len(starts), dtype=np.int32), (np.arange(len(starts)), starts)), shape=shape)
    active, reached, step = np.arange(len(starts)), frontier, 0
    met = np.zeros(len(starts), dtype=np.int64)
    found = []
    while len(active):
        row, node = frontier.nonzero()
        is_candidate = column[node] >= 0
        found.append((active[row[is_candidate]], column[node[is_candidate]], step))
        met += np.bincount(found[-1][0], minlength=len(starts))
        going = (met[active] < most) & (np.diff(frontier.indptr) > 0)
        active, frontier, reached = active[going], frontier[going], reached[going]
        if not len(active):
            break
        around = (frontier @ graph).tocsr()
        around.data[:] = 1
        fresh = (around - around * reached).tocsr()
        fresh.eliminate_zeros()
        frontier, reached, step = fresh, (reached + fresh).tocsr(), step + 1
    return (
        np.concatenate([part[0] for part in found]),
        np.concatenate([part[1] for part in found]),
        np.concatenate([np.full(len(part[0]), part[2]) for part in found]),
    )


def _within(rows: NDArray[np.int64], steps: NDArray[np.int64], start: NDArray[np.int64], k: int) -> NDArray[np.int64]:
    """How many candidates are no farther than the k-th of each source, or than the last where there are fewer."""
    size = np.diff(start)
    radius = np.full(len(size), -1)
    some = size > 0
    radius[some] = steps[start[:-1][some] + np.minimum(k, size[some]) - 1]
    return np.bincount(rows[steps <= radius[rows]], minlength=len(size))
