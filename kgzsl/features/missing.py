"""What becomes of a concept that has no features: an error, or a stated policy whose count is reported."""

import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from kgzsl.contracts import FloatArray
from kgzsl.errors import KgzslWarning, MissingFeaturesError, UnknownNameError
from kgzsl.graph.knowledge_graph import KnowledgeGraph

__all__ = [
    "Described",
    "MissingPolicy",
    "check_policy",
    "completed",
    "resolved",
    "unit_rows",
    "warn_of_filled",
]

MissingPolicy = Literal["error", "zero", "neighbours"]
Described = tuple[FloatArray, NDArray[np.bool_]]
"""Rows `[n, dim]`, and which of them are really described; the others are zero."""


def check_policy(missing: str) -> None:
    """`UnknownNameError` if this is no policy."""
    known = get_args(MissingPolicy)
    if missing not in known:
        raise UnknownNameError("policy for missing features", missing, known=known)


def resolved(graph: KnowledgeGraph, concepts: Sequence[str]) -> list[str]:
    """The ids of concepts; one `UnknownConceptError` for all that are not in the graph."""
    return [graph.ids[row] for row in graph.concept_columns.rows(concepts, graph=graph.name).tolist()]


def unit_rows(rows: FloatArray) -> FloatArray:
    """Rows of length one; zero rows stay zero."""
    norms = np.linalg.norm(rows.astype(np.float64), axis=1, keepdims=True)
    return (rows / np.where(norms > 0, norms, 1.0)).astype(np.float32)


def completed(
    graph: KnowledgeGraph,
    ids: Sequence[str],
    describe: Callable[[Sequence[str]], Described],
    *,
    missing: MissingPolicy,
    source: str,
    unit: bool,
) -> tuple[FloatArray, dict[str, int]]:
    """Rows of `ids` with the policy applied, and how many concepts were described or filled in which way.

    "neighbours" takes the mean over the nearest described concepts on every taxonomic way up; a concept without
    any is still missing. With `unit` the mean is scaled to length one. All that stays missing is named in one
    `MissingFeaturesError`.
    """
    rows, known = describe(ids)
    lacking = [id_ for id_, found in zip(ids, known.tolist(), strict=True) if not found]
    counts = {"concepts": len(ids), "described": len(ids) - len(lacking), "from_neighbours": 0, "zero": 0}
    if not lacking:
        return rows, counts
    if missing == "zero":
        return rows, counts | {"zero": len(lacking)}
    means = _means_from_above(graph, lacking, describe) if missing == "neighbours" else {}
    left = sorted({id_ for id_ in lacking if id_ not in means})
    if left:
        advice = 'give them features, or choose missing="zero"'
        advice += "; nothing above them is described either" if missing == "neighbours" else ' or missing="neighbours"'
        raise MissingFeaturesError(left, source=source, advice=advice)
    filled = rows.copy()
    for place in np.flatnonzero(~known).tolist():
        filled[place] = means[ids[place]]
    if unit:
        filled[~known] = unit_rows(filled[~known])
    return filled, counts | {"from_neighbours": len(lacking)}


def _means_from_above(
    graph: KnowledgeGraph, lacking: Sequence[str], describe: Callable[[Sequence[str]], Described]
) -> Mapping[str, FloatArray]:
    """For each concept the mean over the nearest described ones above it; those without any are left out."""
    up = graph.index.up()
    start = [int(position) for position in graph.index.positions(lacking)]
    above: set[int] = set()
    frontier = list(start)
    while frontier:
        parents = {parent for position in frontier for parent in up.of(position)} - above
        above |= parents
        frontier = sorted(parents)
    places = sorted(above)
    rows, known = describe([graph.ids[place] for place in places])
    described = {place: rows[row] for row, place in enumerate(places) if known[row]}
    means: dict[str, FloatArray] = {}
    for id_, position in zip(lacking, start, strict=True):
        nearest = _nearest_described(up.of, position, described)
        if nearest:
            rows_above = np.stack([described[place] for place in nearest])
            means[id_] = rows_above.mean(axis=0, dtype=np.float64).astype(np.float32)
    return means


def _nearest_described(
    parents: Callable[[int], list[int]], position: int, described: Mapping[int, FloatArray]
) -> list[int]:
    """Walk up every way from a position, stopping at described concepts; those, sorted."""
    seen, found, frontier = {position}, set(), [position]
    while frontier:
        above = {parent for place in frontier for parent in parents(place)} - seen
        seen |= above
        found |= {place for place in above if place in described}
        frontier = sorted(above - found)
    return sorted(found)


def warn_of_filled(source: str, counts: Mapping[str, int]) -> None:
    """Warn at the line that fitted the encoder if a policy filled any row."""
    filled = counts["from_neighbours"] + counts["zero"]
    if filled:
        how = "the mean of what is above them" if counts["from_neighbours"] else "zeros"
        warnings.warn(
            f"{source}: {filled:,} of {counts['concepts']:,} concepts have no features and got {how}",
            KgzslWarning,
            stacklevel=3,
        )
