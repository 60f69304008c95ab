"""Features with labels in the forms people keep them: .npz, .npy beside .csv, .csv alone, Parquet, safetensors."""

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kgzsl.contracts import FloatArray
from kgzsl.errors import DataMissingError, SourceError, listing
from kgzsl.evaluation.data_arrays import npz_arrays, tensor_arrays
from kgzsl.evaluation.data_checks import (
    class_names,
    coded,
    feature_rows,
    files_sha256,
    label_places,
    require_file,
    split_rows,
)
from kgzsl.evaluation.data_set import Dataset, IndexArray
from kgzsl.evaluation.data_tables import Part, read_csv, read_npy, read_parquet, table_of

__all__ = ["FORMS", "read_features"]

FORMS = (".npz", ".npy", ".csv", ".parquet", ".safetensors")
_FEATURES = ("features", "X", "embeddings")
_LABELS = ("labels", "y", "label")
_CLASSES = ("classes", "class_names")
_NAMES = ("names", "image_files", "name", "file")


def read_features(path: str | Path, *, base: int = 0) -> Dataset:
    """Read features with their labels from a file, or from a folder of files of one form.

    * `.npz`: arrays `features` (or `X`) and `labels` (or `y`); or several pairs `<split>_features`, `<split>_labels`,
      each a split. `classes`, `attributes`, `names` and index arrays `<split>_loc` are optional.
    * `.npy` with a `.csv` of the same name (or `labels.csv`): columns `label` (or `y`, `class`), and optionally `name`
      and `split`.
    * `.csv` by itself: the same columns, and one column of numbers a feature, in the order of the file. Columns of
      words are left alone and counted; a column with both is an error, and so is an empty cell.
    * `.parquet`: as `.csv`, or with a list column `features`.
    * `.safetensors`: tensors as in `.npz`; text is in the metadata: `classes` and `names` as JSON lists.

    In a folder each file is a split that bears its name, unless there is only one. Labels that are integers are places
    in `classes` counted from `base` if classes are named, and names of classes otherwise; classes without such a list
    are in ascending order of their names. Other arrays are left alone and counted.

    Raises `DataMissingError`, `IntegrityError` for a file cut short, `UnsafeInputError` for pickled arrays,
    `SourceError` for what does not fit together, `LimitExceededError` for more than 16 GiB.
    """
    place = Path(path)
    files = _files(place)
    held: list[Part] = []
    extra: dict[str, Any] = {}
    ignored = 0
    for file in files:
        parts, more, left = _READERS[file.suffix.lower()](file)
        if len(files) > 1:
            parts = [Part(p.X, p.labels, p.names, f"{file.stem}{'/' * bool(p.split)}{p.split}") for p in parts]
        held += parts
        ignored += left
        _merge(extra, more, file)
    return _assembled(held, extra, place, files, base, ignored)


def _files(place: Path) -> list[Path]:
    if not place.is_dir():
        file = require_file(place, f"features as {listing(FORMS)}, or a folder of them")
        if file.suffix.lower() not in FORMS:
            raise SourceError(
                file, f"features come as {listing(FORMS)}, not as {file.suffix or 'a file without suffix'!r}"
            )
        return [file]
    found = sorted(file for file in place.iterdir() if file.is_file() and file.suffix.lower() in FORMS)
    # tables beside arrays are their labels, or notes; by themselves they are features
    found = [file for file in found if file.suffix.lower() != ".csv"] or found
    kinds = sorted({file.suffix.lower() for file in found})
    if not found:
        raise DataMissingError(place, f"no features in this folder; expected files {listing(FORMS)}")
    if len(kinds) > 1:
        raise SourceError(place, f"features in several forms, {listing(kinds)}; name the file that is meant")
    if kinds == [".npy"]:  # a matrix of labels beside the features would be taken for features
        found = [file for file in found if file.stem not in _LABELS]
    return [require_file(file, "features") for file in found]


def _merge(extra: dict[str, Any], more: Mapping[str, Any], file: Path) -> None:
    for name, value in more.items():
        if name in extra and not np.array_equal(np.asarray(extra[name]), np.asarray(value)):
            raise SourceError(file, f"has other {name} than the files before it")
        extra[name] = value


def _assembled(
    held: Sequence[Part], extra: Mapping[str, Any], place: Path, files: Sequence[Path], base: int, ignored: int
) -> Dataset:
    dims = sorted({part.X.shape[1] for part in held})
    if len(dims) > 1:
        raise SourceError(place, f"features of different lengths: {listing(dims)}")
    for part in held:
        if part.labels.shape != (len(part.X),):
            raise SourceError(
                place, f"{part.split or 'features'}: {len(part.X):,} rows, labels of shape {part.labels.shape}; "
                "expected a label a row"
            )  # fmt: skip
    X = np.concatenate([part.X for part in held])
    kinds = {part.labels.dtype.kind for part in held}
    if len({kind in "iuf" for kind in kinds}) > 1:
        raise SourceError(place, "some labels are numbers and some are text")
    labels = np.concatenate([part.labels for part in held])
    given = class_names(extra["classes"], place) if "classes" in extra else None
    classes, places = _places(labels, given, place, base)
    return Dataset(
        classes=classes,
        features=X,
        labels=places,
        attributes=_attributes(extra, given, place),
        splits=_splits(held, extra, len(X), place, base),
        names=_names(held, len(X), place),
        source=str(place),
        sha256=files_sha256(_read_files(files)),
        report={"arrays_ignored": ignored},
    )


def _read_files(files: Sequence[Path]) -> list[Path]:
    return [one for file in files for one in ([file, table_of(file)] if file.suffix.lower() == ".npy" else [file])]


def _places(
    labels: NDArray[Any], given: tuple[str, ...] | None, place: Path, base: int
) -> tuple[tuple[str, ...], IndexArray]:
    if given is None:
        return coded(labels.tolist(), place)
    if labels.dtype.kind in "iuf":
        return given, label_places(labels, len(given), place, base=base)
    at = {name: number for number, name in enumerate(given)}
    unknown = sorted({str(label) for label in labels.tolist()} - set(at))
    if unknown:
        raise SourceError(place, f"{len(unknown):,} label(s) are not among its classes: {listing(unknown)}")
    return given, np.array([at[str(label)] for label in labels.tolist()], dtype=np.int64)


def _attributes(extra: Mapping[str, Any], given: tuple[str, ...] | None, place: Path) -> FloatArray | None:
    if "attributes" not in extra:
        return None
    table = feature_rows(extra["attributes"], place, name="attributes")
    if given is None:
        raise SourceError(
            place, "attributes are rows of classes, and the classes are not named: add an array 'classes'"
        )
    if len(table) != len(given):
        raise SourceError(place, f"attributes of {len(table):,} classes for {len(given):,} class names")
    return table


def _names(held: Sequence[Part], num_samples: int, place: Path) -> tuple[str, ...]:
    names = tuple(name for part in held for name in part.names)
    if names and len(names) != num_samples:
        raise SourceError(place, f"{len(names):,} names for {num_samples:,} samples")
    return names


def _splits(
    held: Sequence[Part], extra: Mapping[str, Any], num_samples: int, place: Path, base: int
) -> dict[str, IndexArray]:
    splits: dict[str, IndexArray] = {}
    start = 0
    for part in held:
        rows = np.arange(start, start + len(part.X), dtype=np.int64)
        start += len(part.X)
        if part.split:
            splits[part.split] = rows
        if part.split_column is not None:
            told = np.array([str(value) for value in part.split_column.tolist()])
            splits |= {name: rows[told == name] for name in sorted(set(told.tolist()) - {"", "None"})}
    stored = {name: values for name, values in extra.items() if name.endswith("_loc")}
    return splits | {name: split_rows(stored[name], num_samples, place, name, base=base) for name in sorted(stored)}


def _from_arrays(arrays: Mapping[str, Any], file: Path) -> tuple[list[Part], dict[str, Any], int]:
    parts, used = [], set()
    names = _first(arrays, _NAMES)
    whole = _first(arrays, _FEATURES)
    if whole is not None:
        labels = _first(arrays, _LABELS)
        if labels is None:
            raise SourceError(file, f"has {whole!r} but no labels: expected one of {listing(_LABELS)}")
        texts = () if names is None else tuple(str(name) for name in np.asarray(arrays[names]).tolist())
        parts.append(Part(feature_rows(arrays[whole], file, name=whole), _flat(arrays[labels]), texts))
        used |= {whole, labels} | ({names} if names else set())
    else:
        for name in sorted(arrays):
            split = name.removesuffix("_features")
            if split != name and f"{split}_labels" in arrays:
                labels = f"{split}_labels"
                parts.append(Part(feature_rows(arrays[name], file, name=name), _flat(arrays[labels]), (), split))
                used |= {name, labels}
    if not parts:
        raise SourceError(
            file, f"has no features with labels, but {listing(sorted(arrays)) or 'nothing'}; expected 'features' and "
            "'labels', or '<split>_features' and '<split>_labels'"
        )  # fmt: skip
    extra: dict[str, Any] = {name: arrays[name] for name in arrays if name.endswith("_loc") or name == "attributes"}
    classes = _first(arrays, _CLASSES)
    if classes is not None:
        extra["classes"] = np.asarray(arrays[classes]).reshape(-1).tolist()
        used.add(classes)
    return parts, extra, len(set(arrays) - used - set(extra))


def _first(arrays: Mapping[str, Any], known: Sequence[str]) -> str | None:
    return next((name for name in known if name in arrays), None)


def _flat(values: Any) -> NDArray[Any]:
    labels = np.asarray(values)
    return labels.reshape(-1) if labels.ndim == 2 and 1 in labels.shape else labels


def _npz(file: Path) -> tuple[list[Part], dict[str, Any], int]:
    return _from_arrays(npz_arrays(file), file)


def _safetensors(file: Path) -> tuple[list[Part], dict[str, Any], int]:
    tensors, metadata = tensor_arrays(file)
    arrays: dict[str, Any] = dict(tensors)
    for name in (*_CLASSES, *_NAMES, *_LABELS):
        if name in metadata and name not in arrays:
            try:
                listed = json.loads(metadata[name])
            except json.JSONDecodeError as error:
                raise SourceError(file, f"metadata {name!r} is no JSON list: {error}") from error
            if not isinstance(listed, list):
                raise SourceError(file, f"metadata {name!r} is no JSON list")
            arrays[name] = np.array([str(value) for value in listed])
    return _from_arrays(arrays, file)


_READERS: Mapping[str, Callable[[Path], tuple[list[Part], dict[str, Any], int]]] = {
    ".npz": _npz,
    ".npy": read_npy,
    ".csv": read_csv,
    ".parquet": read_parquet,
    ".safetensors": _safetensors,
}
assert set(_READERS) == set(FORMS)
