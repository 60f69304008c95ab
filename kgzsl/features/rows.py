"""Rows of numbers under names that a user gave, found for the concepts of any graph."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kgzsl.contracts import FloatArray
from kgzsl.errors import InputFormatError, IntegrityError, listing
from kgzsl.features.missing import Described
from kgzsl.graph.knowledge_graph import KnowledgeGraph

__all__ = ["NamedRows", "checked_matrix"]


def checked_matrix(values: ArrayLike, *, source: str) -> FloatArray:
    """The values as a finite float32 matrix; `InputFormatError` tells the shape, or the first place that is not finite.

    Wider floats and integers are rounded to float32; a value too large for it is not finite.
    """
    try:
        given = np.asarray(values)
        numeric = np.issubdtype(given.dtype, np.number) and not np.iscomplexobj(given)
    except ValueError as error:  # rows of unequal length
        raise InputFormatError(f"{source} is not a matrix: {error}") from error
    if not (numeric or given.dtype == np.bool_):
        raise InputFormatError(f"{source} holds {given.dtype}, not numbers; features are real numbers")
    if given.ndim != 2 or 0 in given.shape:
        raise InputFormatError(f"{source} has shape {given.shape}; expected [num_rows, dim], neither of them 0")
    with np.errstate(over="ignore"):
        matrix = given.astype(np.float32)
    bad = np.argwhere(~np.isfinite(matrix))
    if len(bad):
        row, column = bad[0].tolist()
        raise InputFormatError(
            f"{source} has {len(bad):,} values that are not finite in float32, "
            f"the first at row {row}, column {column}: {given[row, column]}"
        )
    return matrix


@dataclass(frozen=True, eq=False)
class NamedRows:
    """A matrix and the name of each row: a concept id, or anything `KnowledgeGraph.resolve` takes."""

    names: tuple[str, ...]
    matrix: FloatArray
    source: str

    @classmethod
    def checked(cls, names: Sequence[object], values: ArrayLike, *, source: str) -> "NamedRows":
        """One distinct name a row, all values finite; else `InputFormatError`."""
        matrix = checked_matrix(values, source=source)
        strange = [name for name in names if not isinstance(name, str)]
        if strange:
            raise InputFormatError(f"{source} has row ids that are not strings: {listing(strange)}")
        if len(names) != len(matrix):
            raise InputFormatError(f"{source} has {len(matrix):,} rows and {len(names):,} ids; expected one id a row")
        plain = tuple(str(name) for name in names)
        if len(set(plain)) < len(plain):
            raise InputFormatError(f"{source} has several rows for {listing(_repeated(plain))}; expected one a concept")
        return cls(plain, matrix, source)

    @classmethod
    def restored(cls, names: Sequence[str], matrix: NDArray[np.float32], *, source: str) -> "NamedRows":
        """From a saved state."""
        if matrix.ndim != 2 or len(matrix) != len(names):
            raise IntegrityError(f"the state of {source}", expected=f"{len(names)} rows", found=f"shape {matrix.shape}")
        return cls(tuple(names), matrix, source)

    def rows_of(self, graph: KnowledgeGraph) -> Mapping[str, int]:
        """The row of each concept of this graph that has one; two rows for one concept are an error."""
        rows: dict[str, int] = {}
        for row, name in enumerate(self.names):
            position = graph.concept_columns.row(name)  # resolve() would look for the nearest ids of each stranger
            concept = None if position is None else graph.ids[position]
            if concept in rows:
                both = listing([self.names[rows[concept]], self.names[row]])
                raise InputFormatError(f"{self.source}: the rows {both} both mean {concept!r} of graph {graph.name}")
            if concept is not None:
                rows[concept] = row
        return rows

    def described(self, rows: Mapping[str, int], ids: Sequence[str]) -> Described:
        """The rows of concepts, given what `rows_of` found."""
        places = np.array([rows.get(id_, -1) for id_ in ids], dtype=np.int64)
        matrix = np.zeros((len(ids), self.matrix.shape[1]), dtype=np.float32)
        matrix[places >= 0] = self.matrix[places[places >= 0]]
        return matrix, places >= 0


def _repeated(names: Sequence[str]) -> list[str]:
    seen: set[str] = set()
    return sorted({name for name in names if name in seen or seen.add(name)})  # type: ignore[func-returns-value]
