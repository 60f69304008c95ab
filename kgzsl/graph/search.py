"""Questions about a few concepts, answered by walking from them."""

from collections.abc import Iterable

from kgzsl.graph.index import GraphIndex
from kgzsl.graph.walking import distances

__all__ = ["common_ancestors", "distances", "lowest_common_ancestors", "taxonomic_distance"]

_Relations = Iterable[str] | str | None


def common_ancestors(index: GraphIndex, a: int, b: int, relations: _Relations = None) -> dict[int, int]:
    """Positions above both (each counts as above itself), with the fewest edges from a up to it and down to b."""
    up = index.up(relations)
    above_a, above_b = distances(up, a), distances(up, b)
    return {position: steps + above_b[position] for position, steps in above_a.items() if position in above_b}


def lowest_common_ancestors(index: GraphIndex, a: int, b: int, relations: _Relations = None) -> list[int]:
    """Common ancestors that have no other common ancestor below them; deepest first, then by position.

    On a cycle, where each concept is below the others, all of them stay.
    """
    # What is above a common ancestor is one too, so the lowest are those that no edge from another one reaches.
    up, component = index.up(relations), index.components(relations)
    common = common_ancestors(index, a, b, relations)
    own = {position: int(component[position]) for position in common}
    covered = {own[parent] for position in common for parent in up.of(position) if own[parent] != own[position]}
    depth = index.depths(relations)[1]
    lowest = [position for position in common if own[position] not in covered]
    return sorted(lowest, key=lambda position: (-int(depth[position]), position))


def taxonomic_distance(index: GraphIndex, a: int, b: int, relations: _Relations = None) -> int | None:
    """Edges on the shortest way up from a and down to b; None without a common ancestor."""
    return min(common_ancestors(index, a, b, relations).values(), default=None)
