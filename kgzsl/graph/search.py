"""What several concepts have above them in common, by walking up from each."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from kgzsl.graph.walking import distances

if TYPE_CHECKING:
    from kgzsl.graph.index import GraphIndex

__all__ = ["common_ancestors", "distances", "lowest_common_ancestors", "taxonomic_distance"]

_Relations = Iterable[str] | str | None


def common_ancestors(index: GraphIndex, positions: Sequence[int], relations: _Relations = None) -> dict[int, int]:
    """Positions above all of these (each is above itself), with the edges from each up to it, added up.

    In no order; one position given twice counts once.
    """
    up, starts = index.up(relations), list(dict.fromkeys(positions))
    if index.walks.are_compiled():
        space = index.walks.take()
        space.start_from(starts)
        count = index.walks.above_all(up.packed, space.array, len(starts))
        total = space.total_view
        found = {place: total[place] for place in space.places_view[:count].tolist()}
        index.walks.lay_back(space)
        return found
    common = distances(up, starts[0])
    for start in starts[1:]:
        above = distances(up, start)
        common = {place: steps + above[place] for place, steps in common.items() if place in above}
    return common


def lowest_common_ancestors(index: GraphIndex, positions: Sequence[int], relations: _Relations = None) -> list[int]:
    """Common ancestors that have no other common ancestor below them; deepest first, then by position.

    On a cycle, where each concept is below the others, all of them stay.
    """
    rows = index.lowest_rows(relations) if len(positions) == 2 else None
    if rows is not None:
        return rows.lowest(*positions)
    # What is above a common ancestor is one too, so the lowest are those that no edge from another one reaches.
    up, depth, component = index.up(relations), index.depths(relations)[1], index.components(relations)
    common = common_ancestors(index, positions, relations)
    own = {position: int(component[position]) for position in common}
    covered = {own[parent] for position in common for parent in up.of(position) if own[parent] != own[position]}
    lowest = [position for position in common if own[position] not in covered]
    return sorted(lowest, key=lambda position: (-int(depth[position]), position))


def taxonomic_distance(index: GraphIndex, a: int, b: int, relations: _Relations = None) -> int | None:
    """Edges on the shortest way up from a and down to b; None without a common ancestor."""
    return min(common_ancestors(index, (a, b), relations).values(), default=None)
