"""Inputs and labels from files: NumPy arrays, CSV and Parquet."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kgzsl.cli.tables import LABELS, first_row, label_among, read_table
from kgzsl.errors import DataMissingError, InputFormatError, listing
from kgzsl.replacing import replace_file

if TYPE_CHECKING:
    import numpy as np
    import polars as pl
    from numpy.typing import NDArray

    from kgzsl.evaluation.data_set import Dataset

__all__ = ["Samples", "is_plain", "read_names", "read_plain", "read_samples", "replaced_file"]

_INPUTS = ("X", "x", "features", "inputs", "embeddings")
_SUFFIXES = (".npy", ".npz", ".csv", ".tsv", ".parquet")


@dataclass(frozen=True)
class Samples:
    """Inputs `[num_samples, dim]`, their labels where the file has them, and the names of columns that have any."""

    inputs: NDArray[np.float64]
    labels: list[str] | None
    columns: tuple[str, ...] = ()

    @property
    def table(self) -> Any:
        """The inputs under the names of their columns; as an array where these have none."""
        import polars as pl

        return pl.DataFrame(self.inputs, schema=list(self.columns), orient="row") if self.columns else self.inputs

    def matched(self, clf: Any) -> Any:
        """The inputs as a classifier knows their columns: by name, where both have names."""
        import polars as pl

        names = [str(name) for name in getattr(clf, "feature_names_in_", ())]
        if not names or len(names) != self.inputs.shape[1]:
            return self.inputs
        if not self.columns:
            return pl.DataFrame(self.inputs, schema=names, orient="row")
        missing = [name for name in names if name not in self.columns]
        if missing:
            raise InputFormatError(f"the model was fitted on columns that are not there: {listing(missing)}")
        return pl.DataFrame(self.inputs, schema=list(self.columns), orient="row").select(names)


def read_samples(path: Path, *, option: str = "--input") -> Samples:
    """Inputs of a file.

    .npy is one array; .npz has one array, or X and y (also features, labels ...); .csv, .tsv and .parquet have columns
    of numbers and perhaps one called label (or y, class); without a header a .csv is all numbers.
    """
    if not path.is_file():
        raise _missing(path, option)
    suffix = path.suffix.lower()
    if suffix not in _SUFFIXES:
        raise InputFormatError(f"{option} {path.name}: the suffix is none of {', '.join(_SUFFIXES)}")
    try:
        found = _from_numpy(path) if suffix in (".npy", ".npz") else _from_table(path)
    except InputFormatError as error:
        raise InputFormatError(f"{option} {path.name}: {error}") from None
    except Exception as error:  # of NumPy, polars and zipfile, each of its own kind
        raise InputFormatError(f"{option} {path.name}: cannot be read as {suffix}: {error}") from error
    return found


def is_plain(path: Path) -> bool:
    """Whether this is a table with a column of labels, and no data set that says which samples were trained on."""
    if path.suffix.lower() not in (".csv", ".tsv") or not path.is_file():
        return False
    names = {cell.casefold() for cell in first_row(path)}
    return bool(names & set(LABELS)) and "split" not in names


def read_plain(path: Path, clf: Any) -> Dataset:
    """The samples of such a table as a data set, their columns as the classifier knows them."""
    import hashlib

    import numpy as np

    from kgzsl.evaluation.data_set import Dataset

    samples = read_samples(path, option="DATA")
    labels = samples.labels or []
    classes = tuple(sorted(set(labels)))
    place = {name: number for number, name in enumerate(classes)}
    with np.errstate(over="ignore"):  # what is infinite is an error where it is measured
        features = np.asarray(samples.matched(clf), dtype=np.float32)
    return Dataset(
        classes,
        features=features,
        labels=np.array([place[label] for label in labels], dtype=np.int64),
        source=str(path),
        sha256=hashlib.sha256(path.read_bytes()).hexdigest(),
    )


def _missing(path: Path, option: str) -> DataMissingError:
    error = DataMissingError(path, "no such file")
    beside = sorted(path.parent.iterdir()) if path.parent.is_dir() else []
    near = get_close_matches(path.name, [each.name for each in beside if each.suffix == path.suffix], n=1)
    error.message = f"{option} {error.message}" + (f"; did you mean {str(path.with_name(near[0]))!r}?" if near else "")
    return error


def _from_numpy(path: Path) -> Samples:
    import numpy as np

    loaded: Any = np.load(path, allow_pickle=False)
    if path.suffix.lower() == ".npy":
        return Samples(_matrix(loaded), None)
    with loaded:
        names = list(loaded.files)
        label = next((name for name in LABELS if name in names), None)
        rest = [name for name in names if name != label]
        known = [name for name in _INPUTS if name in rest] or (rest if len(rest) == 1 else [])
        if not known:
            raise InputFormatError(f"has arrays {listing(names)}; the inputs are looked for as {', '.join(_INPUTS)}")
        inputs = _matrix(loaded[known[0]])
        labels = None if label is None else [str(each) for each in loaded[label].tolist()]
    return _agreeing(inputs, labels)


def _from_table(path: Path) -> Samples:
    import polars as pl

    if path.suffix.lower() != ".parquet":
        found = read_table(path)
        return Samples(found.numbers, found.labels, found.names)
    table = pl.read_parquet(path)
    label = label_among(table.columns)
    labels = None if label is None else _labels(table[label])
    numbers = table if label is None else table.drop(label)
    words = [name for name, kind in numbers.schema.items() if not kind.is_numeric()]
    if words:
        raise InputFormatError(f"columns {listing(words)} are no numbers; labels stand in a column called label")
    return _agreeing(_matrix(numbers.to_numpy()), labels, tuple(numbers.columns))


def _labels(column: pl.Series) -> list[str]:
    missing = [place for place, label in enumerate(column.to_list()) if label is None]
    if missing:
        raise InputFormatError(f"has {len(missing):,} row(s) without a label, counted from 0: {listing(missing)}")
    return [str(label) for label in column.to_list()]


def _matrix(values: Any) -> NDArray[np.float64]:
    import numpy as np

    array = np.asarray(values)
    if array.dtype.kind not in "fiub":
        raise InputFormatError(f"has values of type {array.dtype}, not numbers")
    if array.ndim == 1:
        array = array[None]
    if array.ndim != 2 or not array.size:
        raise InputFormatError(f"has shape {array.shape}, not a row of numbers for each input")
    return array.astype(np.float64)


def _agreeing(inputs: NDArray[np.float64], labels: list[str] | None, columns: tuple[str, ...] = ()) -> Samples:
    if labels is not None and len(labels) != len(inputs):
        raise InputFormatError(f"has {len(inputs):,} inputs, but {len(labels):,} labels")
    return Samples(inputs, labels, columns)


def read_names(path: Path, *, option: str) -> list[str]:
    """A list of names, one on each line; empty lines and what follows a # at the beginning are left out."""
    if not path.is_file():
        error = _missing(path, option)
        error.message += "; it is a text file with a name on each line"
        raise error
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except UnicodeDecodeError as fault:
        raise InputFormatError(f"{option} {path.name}: is no text in UTF-8: {fault}") from fault
    return [line.strip() for line in lines if line.strip() and not line.lstrip().startswith("#")]


def replaced_file(path: Path, text: str) -> None:
    """Write a file whole or not at all; one that is there stays until the new one is complete."""
    replace_file(path, text.encode())
