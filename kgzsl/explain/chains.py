"""Links between concepts as chains of facts: one step where a fact joins them, else the shortest way up or down."""

from collections.abc import Sequence

from kgzsl.errors import ExplanationError
from kgzsl.graph.index import GraphIndex

__all__ = ["Chains"]

_Relations = tuple[str, ...] | None


class Chains:
    """The facts that a link stands for, found once for each pair.

    A network may link concepts that no single fact joins: DGP links a concept with all that is above it. Such a link
    stands for the shortest way up, edges walked head to tail; of several, the one whose positions come first.
    """

    def __init__(self, index: GraphIndex, relations: _Relations) -> None:
        self._index, self._relations = index, relations
        self._around, self._up = index.around(relations), index.up(relations)
        self._above: dict[int, dict[int, int]] = {}
        self._found: dict[int, dict[int, tuple[int, ...]]] = {}

    @property
    def num_concepts(self) -> int:
        """Of the index."""
        return self._index.num_concepts

    @classmethod
    def of(cls, index: GraphIndex, relations: _Relations) -> "Chains":
        """Those of an index, kept with it."""
        return index.once(("chains", relations), lambda: cls(index, relations))  # type: ignore[no-any-return]

    def between(self, here: int, there: int) -> tuple[int, ...]:
        """Positions walked through from `here` on, `there` the last of them; empty where they are the same."""
        return self.all_between(here, (there,))[0]

    def all_between(self, here: int, theres: Sequence[int]) -> list[tuple[int, ...]]:
        """`between` for each of `theres`."""
        found = self._found.get(here)
        if found is None:
            near = {there: (there,) for there in self._around.of(here)}
            found = self._found.setdefault(here, {**near, here: ()})
        for there in theres:
            if there not in found:
                found[there] = self._chain(here, there)
        return [found[there] for there in theres]

    def _chain(self, here: int, there: int) -> tuple[int, ...]:
        upward = self._climb(here, there)
        if upward:
            return upward
        downward = self._climb(there, here)
        if downward:
            return (*reversed(downward[:-1]), there)
        ids = self._index.ids
        raise ExplanationError(
            f"the model links {ids[here]!r} with {ids[there]!r}, but no facts of graph {self._index.name} join them"
        )

    def _climb(self, low: int, high: int) -> tuple[int, ...]:
        """The way up from `low` to `high`, without `low`; empty if there is none."""
        if low not in self._above:
            self._above[low] = self._steps_up(low)
        came_from = self._above[low]
        if high not in came_from:
            return ()
        chain = [high]
        while came_from[chain[-1]] != low:
            chain.append(came_from[chain[-1]])
        return tuple(reversed(chain))

    def _steps_up(self, low: int) -> dict[int, int]:
        """For everything above, the concept just below it on the first of its shortest ways."""
        came_from: dict[int, int] = {}
        frontier = [low]
        while frontier:
            reached: dict[int, int] = {}
            for position in frontier:
                for parent in self._up.of(position):
                    if parent != low and parent not in came_from:
                        reached.setdefault(parent, position)
            came_from.update(reached)
            frontier = sorted(reached)
        return came_from
