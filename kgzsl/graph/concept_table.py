"""The concepts of a graph as columns, and the one named by what a person or a file would write."""

from collections.abc import Iterable, Mapping, Sequence, Set
from functools import cached_property

import numpy as np
import polars as pl
from numpy.typing import NDArray

from kgzsl.errors import InputFormatError, UnknownConceptError, listing
from kgzsl.graph import lookup
from kgzsl.graph.columns import Columns

__all__ = ["ConceptTable"]


class ConceptTable(Columns):
    """Columns with a concept a row, sorted by id. Graphs with the same concepts share one, with all it has found."""

    def __init__(self, table: pl.DataFrame | pl.LazyFrame) -> None:
        super().__init__(table)
        self.ids: tuple[str, ...] = tuple(self.id_column.to_list())

    @property
    def id_column(self) -> pl.Series:
        """Ids as a column."""
        return self.series("id")[0]

    @cached_property
    def position(self) -> Mapping[str, int]:
        """Row of each id."""
        return dict(zip(self.ids, range(len(self.ids)), strict=True))

    @cached_property
    def _alternates(self) -> Mapping[str, int]:
        return lookup.alternate_ids(*self.series("alternate_ids"))

    @cached_property
    def _labels(self) -> Mapping[str, list[int]]:
        return lookup.label_rows(*self.series("label", "aliases"))

    def row(self, text: str) -> int | None:
        """Row of the concept meant by an id or an alternate id, or None."""
        if not isinstance(text, str):
            raise InputFormatError(f"an id is a string, not {type(text).__name__} {text!r}")
        position = self.position
        found = position.get(text)
        if found is not None:
            return found
        for spelling in lookup.spellings(text):
            if spelling in position:
                return position[spelling]
            if spelling.lower() in self._alternates:
                return self._alternates[spelling.lower()]
        return None

    def rows(self, texts: Iterable[str] | str, *, graph: str) -> NDArray[np.int64]:
        """Rows of the concepts meant, in their order; one error names the first that is unknown and lists the rest."""
        if not isinstance(texts, Iterable):
            raise InputFormatError(f"concepts are given by their ids in a list, not {type(texts).__name__} {texts!r}")
        asked = [texts] if isinstance(texts, str) else sorted(texts) if isinstance(texts, Set) else list(texts)
        found = [self.row(text) for text in asked]
        if None in found:
            unknown = [str(text) for text, row in zip(asked, found, strict=True) if row is None]
            raise self.unknown(list(dict.fromkeys(unknown)), graph=graph)
        return np.array(found, dtype=np.int64)

    def labelled(self, label: str) -> Sequence[int]:
        """Rows of the concepts that bear this label or alias, those whose label it is first."""
        if not isinstance(label, str):
            raise InputFormatError(f"a label is a string, not {type(label).__name__} {label!r}")
        return self._labels.get(lookup.plain(label), ())

    def unknown(self, texts: Sequence[str], *, graph: str) -> UnknownConceptError:
        """The error for ids that no concept has, with those nearest to the first."""
        first, others = texts[0], texts[1:]
        bearers = [self.ids[row] for row in self.labelled(first)]
        nearest = list(dict.fromkeys([*bearers, *lookup.nearest_of(first, self.id_column)]))[:5]
        hints = ["it is a label, and labels go through find"] if bearers else []
        hints += [f"and {len(others):,} more are unknown: {listing(others, limit=5)}"] if others else []
        count = len(self.ids)
        return UnknownConceptError(first, graph=graph, num_concepts=count, nearest=nearest, hint="; ".join(hints))
