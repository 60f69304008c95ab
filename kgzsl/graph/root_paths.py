"""Every way from a concept up to a root."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from kgzsl.errors import ResourceLimitError
from kgzsl.graph.walking import distances

if TYPE_CHECKING:
    from kgzsl.graph.index import GraphIndex, Neighbors

__all__ = ["routes_to_roots"]

_MOST_STEPS = 5_000_000
"""Edges on all ways together, and edges tried where there are cycles."""

_Relations = Iterable[str] | str | None
_Route = list[tuple[int, int]]


def routes_to_roots(index: GraphIndex, start: int, relations: _Relations, *, limit: int | None) -> list[_Route]:
    """Ways up, each as (edge row, position reached) for each step, shortest first, then by positions and rows.

    No way passes a concept twice or goes on from a root. `ResourceLimitError` if there are more than `limit`: before
    any is walked, where nothing above stands on a cycle.
    """
    up, is_root = index.up(relations), index.ends(relations)[0]
    above = list(distances(up, start))
    depth, component = index.depths(relations)[1], index.components(relations)[above].tolist()
    if len(set(component)) == len(above):
        counts: dict[int, tuple[int, int]] = {}
        for place in sorted(above, key=lambda place: int(depth[place])):
            parents = [counts[parent] for parent in up.of(place)]
            ways = sum(count for count, _ in parents) if parents else 1
            counts[place] = ways, sum(count + steps for count, steps in parents)
        _check(index, start, *counts[start], limit)
    roots = {place for place in above if is_root[place]}
    routes = []
    for route in _climbed(index, up, start, roots):
        routes.append(route)
        _check(index, start, len(routes), 0, limit, found="at least ")
    return sorted(routes, key=lambda route: (len(route), [place for _, place in route], [row for row, _ in route]))


def _check(index: GraphIndex, start: int, num_paths: int, steps: int, limit: int | None, *, found: str = "") -> None:
    if limit is not None and num_paths > limit:
        raise ResourceLimitError(
            f"{index.ids[start]!r} has {found}{num_paths:,} paths to a root, and limit={limit:,} allows fewer; "
            "give a larger limit, or take fewer relations"
        )
    if steps > _MOST_STEPS:
        raise ResourceLimitError(
            f"the {num_paths:,} paths from {index.ids[start]!r} to a root have {steps:,} edges, more than "
            f"{_MOST_STEPS:,}; take fewer relations, or ask for ancestors or the depth"
        )


def _climbed(index: GraphIndex, up: Neighbors, start: int, roots: set[int]) -> Iterator[_Route]:
    """Depth first, with a stack of its own."""
    if start in roots:
        yield []
        return
    route: _Route = []
    passed = {start}
    waiting = [_steps(up, start)]
    tried = 0
    while waiting:
        step = next(waiting[-1], None)
        if step is None:
            waiting.pop()
            if route:
                passed.discard(route.pop()[1])
            continue
        tried += 1
        if tried > 2 * _MOST_STEPS:
            raise ResourceLimitError(
                f"the cycles above {index.ids[start]!r} have too many ways through them: {tried:,} edges were tried; "
                "take fewer relations, or ask for ancestors or the depth"
            )
        if step[1] in roots:
            yield [*route, step]
        elif step[1] not in passed:
            route.append(step)
            passed.add(step[1])
            waiting.append(_steps(up, step[1]))


def _steps(up: Neighbors, position: int) -> Iterator[tuple[int, int]]:
    return zip(up.edges_of(position), up.of(position), strict=True)
