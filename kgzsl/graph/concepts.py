"""Several concepts as one answer, in a stated order."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, SupportsIndex, overload

from kgzsl.display.table import Table
from kgzsl.errors import InputFormatError
from kgzsl.graph.concept import Concept

__all__ = ["Concepts"]

_SHOWN = 20


class Concepts(tuple[Concept, ...]):
    """A tuple of concepts that composes as a set does and shows itself as a table.

    `a & b`, `a | b` and `a - b` keep the order of `a`, then that of `b`; a slice is an answer again. `distances` has
    the steps at which each was found, where the question was one of distance, else it is None.

    >>> import kgzsl
    >>> kg = kgzsl.load_graph("wordnet")
    >>> kg.ancestors("tiger.n.02", max_distance=3) & kg.ancestors("dog.n.01")
    (Concept('carnivore.n.01', 'carnivore'),)
    """

    _distances: Sequence[int] | None = None
    _told_by: tuple[Callable[[int, int], Sequence[int]], int] | None = None
    """What gives the distances for a place and a number of concepts, and the place: read only if somebody asks."""

    def __new__(cls, concepts: Iterable[Concept] = (), distances: Iterable[int] | None = None) -> Concepts:
        """Take concepts, and the distance of each where there is one."""
        made = super().__new__(cls, concepts)
        made._distances = None if distances is None else tuple(distances)
        return made

    @overload
    def __getitem__(self, place: SupportsIndex) -> Concept: ...
    @overload
    def __getitem__(self, place: slice) -> Concepts: ...
    def __getitem__(self, place: SupportsIndex | slice) -> Concept | Concepts:
        found = super().__getitem__(place)
        if not isinstance(place, slice):
            return found  # type: ignore[return-value]
        distances = self.distances
        return Concepts(found, None if distances is None else distances[place])  # type: ignore[arg-type]

    def __and__(self, other: Iterable[str] | str) -> Concepts:
        kept = _several(other)
        return Concepts(concept for concept in self if concept in kept)

    def __or__(self, other: Iterable[Concept] | Concept) -> Concepts:
        more = _several(other)
        strange = next((one for one in more if not isinstance(one, Concept)), None)
        if strange is not None:
            raise InputFormatError(f"concepts are joined by concepts, such as kg.concept({strange!r}), not {strange!r}")
        return Concepts(dict.fromkeys((*self, *more)))  # type: ignore[arg-type]

    def __sub__(self, other: Iterable[str] | str) -> Concepts:
        gone = _several(other)
        return Concepts(concept for concept in self if concept not in gone)

    @property
    def distances(self) -> tuple[int, ...] | None:
        """The steps at which each was found; None where the question was not one of distance."""
        if self._told_by is not None:
            steps_from, place = self._told_by
            self._distances, self._told_by = steps_from(place, len(self)), None
        return None if self._distances is None else tuple(self._distances)

    @property
    def ids(self) -> tuple[str, ...]:
        """The ids as plain strings."""
        return tuple(concept.id for concept in self)

    def to_table(self) -> Table:
        """A row for each concept: id, label, definition, and the distance where there is one.

        >>> import kgzsl
        >>> kgzsl.load_graph("wordnet").find("tiger").to_table().columns
        ('id', 'label', 'definition')
        """
        columns = ("id", "label", "definition")
        rows = ((concept.id, concept.label, concept.definition) for concept in self)
        if self.distances is None:
            return Table(columns, rows)
        return Table(
            (*columns, "distance"), ((*row, distance) for row, distance in zip(rows, self.distances, strict=True))
        )

    def to_polars(self) -> Any:
        """The table as a `polars.DataFrame`.

        >>> import kgzsl
        >>> kgzsl.load_graph("wordnet").find("tiger").to_polars()["id"].to_list()
        ['tiger.n.01', 'tiger.n.02']
        """
        return self.to_table().to_polars()

    def to_pandas(self) -> Any:
        """The table as a `pandas.DataFrame`.

        >>> import kgzsl
        >>> kgzsl.load_graph("wordnet").find("tiger").to_pandas()["id"].tolist()
        ['tiger.n.01', 'tiger.n.02']
        """
        return self.to_table().to_pandas()

    def __repr__(self) -> str:
        if len(self) <= _SHOWN:
            return super().__repr__()
        return f"({', '.join(map(repr, self[:_SHOWN]))}, … {len(self) - _SHOWN:,} more)"

    def __reduce__(self) -> tuple[Any, ...]:
        return (tuple, (tuple(self),))

    def _repr_html_(self) -> str:
        found = (0,) * len(self) if self.distances is None else self.distances
        rows = ((concept, concept.definition, distance) for concept, distance in zip(self, found, strict=True))
        columns = ("concept", "definition", "distance")
        kept = 2 if self.distances is None else 3
        return Table(columns[:kept], (row[:kept] for row in rows))._repr_html_()


def _several(concepts: Iterable[str] | str) -> dict[str, None]:
    return dict.fromkeys((concepts,) if isinstance(concepts, str) else concepts)
