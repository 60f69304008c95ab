"""What every reader asks of arrays before they become a data set; an error names the file, the value and the place."""

import hashlib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kgzsl.contracts import FloatArray
from kgzsl.errors import DataMissingError, LimitExceededError, SourceError, listing
from kgzsl.evaluation.data_set import IndexArray

__all__ = [
    "MOST_BYTES",
    "class_names",
    "coded",
    "feature_rows",
    "files_sha256",
    "integers",
    "label_places",
    "require_file",
    "require_size",
    "split_rows",
]

MOST_BYTES = 16 << 30
"""What one file may unfold to in memory: res101.mat of SUN, the largest of the GBU files, needs 0.3 GB."""

_CHUNK = 1 << 20


def require_file(path: str | Path, expected: str) -> Path:
    """The path if there is a file that is not empty; `expected` says what was looked for."""
    file = Path(path)
    try:
        is_file, size = file.is_file(), file.stat().st_size if file.is_file() else 0
    except (OSError, ValueError) as error:
        raise DataMissingError(file, f"cannot be read: {error}") from error
    if not is_file:
        raise DataMissingError(file, f"no such file; expected {expected}")
    if not size:
        raise SourceError(file, f"the file is empty; expected {expected}")
    return file


def require_size(path: Path, num_bytes: int, *, most: int = MOST_BYTES) -> None:
    """Refuse what would unfold to more memory than allowed, before anything is allocated."""
    if num_bytes > most:
        raise LimitExceededError(
            path,
            limit="size in memory",
            allowed=f"{most:,} bytes",
            found=f"{num_bytes:,} bytes",
            advice="give a file with fewer samples or columns",
        )


def files_sha256(paths: Iterable[Path]) -> str:
    """Of the names and the bytes of files, in this order; of a single file, of its bytes alone."""
    files = list(paths)
    digest = hashlib.sha256()
    for file in files:
        if len(files) > 1:
            digest.update(f"{file.name}\0{file.stat().st_size}\0".encode())
        with file.open("rb") as stream:
            while part := stream.read(_CHUNK):
                digest.update(part)
    return digest.hexdigest()


def feature_rows(values: Any, path: Path, *, name: str = "features") -> FloatArray:
    """A matrix of finite numbers as float32; rows with NaN or an infinite value are listed."""
    table = np.asarray(values)
    if table.ndim != 2 or not table.size:
        raise SourceError(path, f"{name} has shape {table.shape}; expected [num_samples, dim], neither of them 0")
    if table.dtype == np.bool_ or not np.issubdtype(table.dtype, np.number) or np.iscomplexobj(table):
        raise SourceError(path, f"{name} holds {table.dtype}, not real numbers")
    with np.errstate(over="ignore"):  # what float32 cannot hold becomes infinite, and is reported below
        rows = np.ascontiguousarray(table, dtype=np.float32)
    bad = np.flatnonzero(~np.isfinite(rows).all(axis=1))
    if len(bad):
        raise SourceError(
            path,
            f"{name} has NaN or infinite values in {len(bad):,} of {len(rows):,} row(s), 0-based: "
            f"{listing(bad.tolist())}; remove these samples or compute them again",
        )
    return rows if rows is not values else rows.copy()


def integers(values: Any, path: Path, name: str) -> IndexArray:
    """One dimension of whole numbers, whatever type they were stored as."""
    flat = np.asarray(values)
    if flat.ndim == 2 and 1 in flat.shape:
        flat = flat.reshape(-1)
    if flat.ndim != 1:
        raise SourceError(path, f"{name} has shape {np.asarray(values).shape}; expected one row or column of integers")
    if not np.issubdtype(flat.dtype, np.integer) and not _is_whole(flat):
        raise SourceError(path, f"{name} holds {flat.dtype} values that are not whole numbers")
    if np.issubdtype(flat.dtype, np.unsignedinteger) and len(flat) and int(flat.max()) > np.iinfo(np.int64).max:
        raise SourceError(path, f"{name} holds {int(flat.max())}, which no index is")
    return flat.astype(np.int64)


def _is_whole(values: NDArray[Any]) -> bool:
    is_real = np.issubdtype(values.dtype, np.floating)
    return bool(
        is_real and np.isfinite(values).all() and (values == np.round(values)).all() and (abs(values) < 2**53).all()
    )


def label_places(values: Any, num_classes: int, path: Path, *, base: int, name: str = "labels") -> IndexArray:
    """Places of classes from labels counted from `base`; all that are out of range are reported."""
    labels = integers(values, path, name)
    last = num_classes - 1 + base
    wrong = np.unique(labels[(labels < base) | (labels > last)])
    if len(wrong):
        hint = "; 0 is among them, so they seem to be 0-based" if base == 1 and 0 in wrong else ""
        raise SourceError(
            path,
            f"{name} outside {base} to {last}, which {num_classes:,} classes allow: {listing(wrong.tolist())}{hint}",
        )
    return labels - base


def split_rows(values: Any, num_samples: int | None, path: Path, name: str, *, base: int) -> IndexArray:
    """0-based rows of a split, ascending. A row twice, or one outside the samples, is an error."""
    given = integers(values, path, name)
    if base == 1 and (given == 0).any():
        raise SourceError(
            path,
            f"{name} has index 0, but indices are 1-based here: they seem to be 0-based; add 1, or read with base=0",
        )
    rows = given - base
    if len(rows) and rows.min() < 0:
        raise SourceError(path, f"{name} has the negative index {int(given.min())}")
    if num_samples is not None and len(rows) and int(rows.max()) >= num_samples:
        raise SourceError(
            path, f"{name} has index {int(given.max()):,}, and there are {num_samples:,} samples ({base}-based indices)"
        )
    kept, counts = np.unique(rows, return_counts=True)
    if len(kept) != len(rows):
        twice = kept[counts > 1] + base
        raise SourceError(path, f"{name} has {len(twice):,} index(es) more than once: {listing(twice.tolist())}")
    return kept.astype(np.int64)


def class_names(values: Iterable[Any], path: Path, *, name: str = "class names") -> tuple[str, ...]:
    """Names of classes, none of them empty or there twice."""
    names = tuple(str(value).strip() for value in values)
    if not names:
        raise SourceError(path, f"{name}: there are none")
    empty = [place for place, text in enumerate(names) if not text]
    if empty:
        raise SourceError(path, f"{name}: empty at place(s) {listing(empty)}, counted from 0")
    twice = sorted({text for text in names if names.count(text) > 1}) if len(set(names)) != len(names) else []
    if twice:
        raise SourceError(path, f"{name}: more than once: {listing(twice)}")
    return names


def coded(labels: Sequence[Any] | NDArray[Any], path: Path) -> tuple[tuple[str, ...], IndexArray]:
    """Class names in ascending order, and the place of each label among them."""
    texts = [str(label).strip() for label in labels]
    empty = [place for place, text in enumerate(texts) if not text or text in {"None", "nan"}]
    if empty:
        raise SourceError(path, f"{len(empty):,} sample(s) without a label, counted from 0: {listing(empty)}")
    names, places = np.unique(np.array(texts, dtype=str), return_inverse=True)
    return tuple(names.tolist()), places.reshape(-1).astype(np.int64)
