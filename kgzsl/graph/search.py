"""Questions about a few concepts, answered by walking from them."""

from collections.abc import Iterable

from kgzsl.graph.index import GraphIndex, Neighbors

__all__ = ["common_ancestors", "distances", "lowest_common_ancestors", "shortest_route", "taxonomic_distance"]

_Relations = Iterable[str] | str | None


def distances(neighbors: Neighbors, start: int, *, limit: int | None = None) -> dict[int, int]:
    """Fewest steps from `start` to all that can be reached in at most `limit`, nearest first, then by position."""
    found = {start: 0}
    frontier = [start]
    steps = 0
    while frontier and (limit is None or steps < limit):
        steps += 1
        reached = {other for position in frontier for other in neighbors.of(position) if other not in found}
        frontier = sorted(reached)
        found.update(dict.fromkeys(frontier, steps))
    return found


def common_ancestors(index: GraphIndex, a: int, b: int, relations: _Relations = None) -> dict[int, int]:
    """Positions above both (each counts as above itself), with the fewest edges from a up to it and down to b."""
    up = index.up(relations)
    above_a, above_b = distances(up, a), distances(up, b)
    return {position: steps + above_b[position] for position, steps in above_a.items() if position in above_b}


def lowest_common_ancestors(index: GraphIndex, a: int, b: int, relations: _Relations = None) -> list[int]:
    """Common ancestors that have no other common ancestor below them; deepest first, then by position.

    On a cycle, where each concept is below the others, all of them stay.
    """
    up = index.up(relations)
    common = set(common_ancestors(index, a, b, relations))
    covered: set[int] = set()
    for position in sorted(common):
        if position in covered:
            continue
        above = set(distances(up, position)) - {position}
        covered |= {other for other in above & common if position not in distances(up, other)}
    depth = index.depths(relations)[1]
    return sorted(common - covered, key=lambda position: (-int(depth[position]), position))


def taxonomic_distance(index: GraphIndex, a: int, b: int, relations: _Relations = None) -> int | None:
    """Edges on the shortest way up from a and down to b; None without a common ancestor."""
    return min(common_ancestors(index, a, b, relations).values(), default=None)


def shortest_route(index: GraphIndex, a: int, b: int, relations: _Relations) -> list[tuple[int, int]] | None:
    """Shortest way from a to b, edges walked either way: (edge row, position reached) for each step.

    Two breadth-first searches meet in the middle. Among equally short ways the one whose positions come first,
    read from a, is taken; None if there is none.
    """
    if a == b:
        return []
    around = index.around(relations)
    steps: tuple[dict[int, int], dict[int, int]] = ({a: 0}, {b: 0})
    frontiers = [[a], [b]]
    while frontiers[0] and frontiers[1]:
        side = 0 if len(frontiers[0]) <= len(frontiers[1]) else 1
        mine, theirs = steps[side], steps[1 - side]
        depth = mine[frontiers[side][0]] + 1
        reached = {other for position in frontiers[side] for other in around.of(position) if other not in mine}
        mine.update(dict.fromkeys(reached, depth))
        if any(position in theirs for position in reached):
            return _walk(around, a, b, steps)
        frontiers[side] = sorted(reached)
    return None


def _walk(around: Neighbors, a: int, b: int, steps: tuple[dict[int, int], dict[int, int]]) -> list[tuple[int, int]]:
    """The first shortest route through the two searches, built backwards from where they met."""
    from_a, from_b = steps
    total = min(from_a[position] + from_b[position] for position in from_a.keys() & from_b.keys())
    to_b = _remaining(around, from_a, from_b, total)
    route, here = [], a
    while here != b:
        row, here = next(
            (row, other)
            for other, row in zip(around.of(here), around.edges_of(here), strict=True)
            if to_b.get(other) == to_b[here] - 1
        )
        route.append((row, here))
    return route


def _remaining(around: Neighbors, from_a: dict[int, int], from_b: dict[int, int], total: int) -> dict[int, int]:
    """Steps still to go for every position that lies on a shortest way."""
    to_b = dict(from_b)
    frontier = [p for p in from_a if p in from_b and from_a[p] + from_b[p] == total]
    while frontier:
        back = {
            other
            for position in frontier
            for other in around.of(position)
            if from_a.get(other, -1) == from_a[position] - 1
        }
        to_b.update({other: total - from_a[other] for other in back})
        frontier = sorted(back)
    return to_b
