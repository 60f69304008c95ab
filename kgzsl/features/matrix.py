"""A matrix of the user's own, with the concept each row describes."""

import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
from numpy.lib import format as npy
from numpy.typing import ArrayLike, NDArray

from kgzsl.contracts import FloatArray, State
from kgzsl.errors import DataMissingError, InputFormatError, IntegrityError, ResourceLimitError, listing
from kgzsl.features.missing import MissingPolicy, check_policy, completed, resolved, warn_of_filled
from kgzsl.features.rows import NamedRows
from kgzsl.graph.knowledge_graph import KnowledgeGraph

__all__ = ["MatrixFeatures"]

_Header = tuple[tuple[int, ...], np.dtype[Any]]
MAX_BYTES = 8 * 2**30  # an array of a .npz file that says it is larger is not read


@dataclass(frozen=True, eq=False)
class MatrixFeatures:
    """Features that you computed: `matrix` `[num_rows, dim]`, and the concept of each row in `ids`.

    An id is anything `KnowledgeGraph.resolve` takes. Wider floats and integers are rounded to float32, values are
    kept as they are. Rows of concepts that the graph does not have are counted in `report` after `fit`, and are used
    once the graph has them. `missing` says what becomes of a concept without a row: "error", "zero" or "neighbours".

    >>> MatrixFeatures([[1.0, 0.0], [0.0, 1.0]], ids=["cat", "dog"])
    MatrixFeatures(2 rows of 2 numbers, missing='error')
    """

    name: ClassVar[str] = "matrix"
    matrix: ArrayLike = field(repr=False)
    ids: Sequence[str] = field(repr=False)
    missing: MissingPolicy = "error"
    report: Mapping[str, int] = field(default_factory=dict, repr=False)
    _rows: NamedRows | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        check_policy(self.missing)
        if self._rows is None:
            object.__setattr__(self, "_rows", NamedRows.checked(self.ids, self.matrix, source="the feature matrix"))
        object.__setattr__(self, "matrix", self.named_rows.matrix)
        object.__setattr__(self, "ids", self.named_rows.names)

    def __repr__(self) -> str:
        rows, dim = self.named_rows.matrix.shape
        return f"MatrixFeatures({rows:,} rows of {dim:,} numbers, missing={self.missing!r})"

    @property
    def named_rows(self) -> NamedRows:
        """The checked rows."""
        assert self._rows is not None
        return self._rows

    @classmethod
    def from_npz(
        cls,
        path: str | Path,
        *,
        ids: str | None = None,
        matrix: str | None = None,
        missing: MissingPolicy = "error",
        max_bytes: int = MAX_BYTES,
    ) -> Self:
        """From the arrays called `ids` (strings) and `matrix` of a .npz file.

        Either may be left out if the file has just one array of strings, or just one matrix of numbers. Nothing is
        unpickled, and no array whose header announces more than `max_bytes` is read.
        """
        file = Path(path)
        headers = _headers(file, max_bytes)
        ids = ids or _only(
            file, headers, "one-dimensional array of strings", "ids", lambda s, d: len(s) == 1 and d.kind == "U"
        )
        matrix = matrix or _only(
            file, headers, "matrix of numbers", "matrix", lambda s, d: len(s) == 2 and d.kind in "fiub"
        )
        absent = [name for name in (ids, matrix) if name not in headers]
        if absent:
            raise InputFormatError(f"{file}: no array {listing(absent)}; it holds {listing(sorted(headers))}")
        try:
            with np.load(file, allow_pickle=False) as arrays:
                return cls(arrays[matrix], arrays[ids].tolist(), missing=missing)
        except (zipfile.BadZipFile, EOFError, OSError) as error:
            raise IntegrityError(file, expected="whole arrays", found=str(error), advice="copy it again") from error

    def fit(self, graph: KnowledgeGraph, concepts: Sequence[str]) -> Self:
        """Check that the concepts have rows; `MissingFeaturesError` lists all that do not."""
        _, counts = self._completed(graph, concepts)
        warn_of_filled("the feature matrix", counts)
        rows = self.named_rows
        elsewhere = len(rows.names) - len(rows.rows_of(graph))
        zero_rows = int((~rows.matrix.any(axis=1)).sum())
        return replace(self, report=counts | {"rows_not_in_graph": elsewhere, "rows_of_zeros": zero_rows})

    def encode(self, graph: KnowledgeGraph, concepts: Sequence[str]) -> FloatArray:
        """The rows of these concepts, as they were given."""
        return self._completed(graph, concepts)[0]

    def _completed(self, graph: KnowledgeGraph, concepts: Sequence[str]) -> tuple[FloatArray, dict[str, int]]:
        ids = resolved(graph, concepts)
        rows = self.named_rows.rows_of(graph)
        return completed(
            graph,
            ids,
            lambda some: self.named_rows.described(rows, some),
            missing=self.missing,
            source="the feature matrix",
            unit=False,
        )

    def state(self) -> State:
        """Ids and settings; the matrix."""
        rows = self.named_rows
        return {"ids": list(rows.names), "missing": self.missing, "report": dict(self.report)}, {"matrix": rows.matrix}

    @classmethod
    def from_state(cls, config: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> Self:
        """The encoder that `state` described."""
        rows = NamedRows.restored(config["ids"], arrays["matrix"], source="the feature matrix")
        return cls(rows.matrix, rows.names, missing=config["missing"], report=config["report"], _rows=rows)


def _headers(file: Path, max_bytes: int) -> dict[str, _Header]:
    """Shape and type of each array, read from the headers alone."""
    if not file.is_file():
        raise DataMissingError(file, "no such file; expected a .npz file with ids and a matrix")
    headers = {}
    try:
        with zipfile.ZipFile(file) as archive:
            for member in archive.infolist():
                name = member.filename.removesuffix(".npy")
                with archive.open(member) as stream:
                    version = npy.read_magic(stream)
                    read = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
                    shape, _, dtype = read(stream)
                    begun = stream.tell()
                _check_size(file, name, (shape, dtype), stored=member.file_size - begun, limit=max_bytes)
                headers[name] = (shape, dtype)
    except (zipfile.BadZipFile, ValueError, EOFError, NotImplementedError, RuntimeError) as error:
        if isinstance(error, InputFormatError | IntegrityError):
            raise
        raise IntegrityError(file, expected="a .npz file of arrays", found=str(error)) from error
    return headers


def _check_size(file: Path, name: str, header: _Header, *, stored: int, limit: int) -> None:
    shape, dtype = header
    if dtype.hasobject:
        raise InputFormatError(
            f"{file}: array {name!r} holds Python objects, which are not read; save numbers or strings"
        )
    announced = int(np.prod([int(size) for size in shape], dtype=object)) * dtype.itemsize
    if announced > limit:
        raise ResourceLimitError(f"{file}: array {name!r} needs {announced:,} bytes; the limit is max_bytes={limit:,}")
    if announced != stored:
        found = f"{stored:,} bytes"
        raise IntegrityError(file, expected=f"{announced:,} bytes for array {name!r} of shape {shape}", found=found)


def _only(
    file: Path,
    headers: Mapping[str, _Header],
    what: str,
    argument: str,
    fits: Any,
) -> str:
    found = sorted(name for name, (shape, dtype) in headers.items() if fits(shape, dtype))
    if len(found) == 1:
        return found[0]
    held = ", ".join(f"{name} {dtype}{list(shape)}" for name, (shape, dtype) in sorted(headers.items()))
    raise InputFormatError(
        f"{file}: {len(found)} arrays are a {what}, expected one; name it with {argument}=. It holds {held}"
    )
