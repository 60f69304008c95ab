"""The `.mat` files of "Zero-shot learning: the good, the bad and the ugly": features, attributes, proposed splits."""

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from kgzsl.contracts import FloatArray
from kgzsl.errors import InputFormatError, IntegrityError, SourceError, listing
from kgzsl.evaluation import mat_worker
from kgzsl.evaluation.data_checks import (
    class_names,
    feature_rows,
    files_sha256,
    integers,
    label_places,
    require_file,
    require_size,
    split_rows,
)
from kgzsl.evaluation.data_set import Dataset, IndexArray

__all__ = ["FEATURES_FILE", "SPLIT_FILES", "read_gbu"]

FEATURES_FILE = "res101.mat"
SPLIT_FILES = ("att_splits.mat", "binaryAtt_splits.mat")
_SPLITS = ("trainval_loc", "train_loc", "val_loc", "test_seen_loc", "test_unseen_loc")
_NEEDED = ("trainval_loc", "test_seen_loc", "test_unseen_loc")
_WANTED = {"features", "labels", "image_files", "allclasses_names", "att", "original_att", *_SPLITS}
_ITEM_BYTES = {"double": 8, "single": 4, "int64": 8, "uint64": 8, "int32": 4, "uint32": 4, "int16": 2, "uint16": 2}

Unannotated = Literal["keep", "zero", "mean", "error"]


def read_gbu(
    path: str | Path,
    *,
    splits: str = "att_splits.mat",
    attributes: Literal["att", "original_att"] = "att",
    unannotated: Unannotated = "keep",
    base: Literal[0, 1] = 1,
) -> Dataset:
    """Read a folder with `res101.mat` and the file named by `splits`, or one of these files alone.

    Xian et al., CVPR 2017 and TPAMI 2019. In the files samples and classes are columns and counting starts at 1; here
    they are rows, and counting starts at 0 (`base=0` reads files that somebody converted). `train_loc` and `val_loc`
    may be missing. `attributes` chooses the unit-length matrix or the percentages. -1 in `original_att` means that
    nobody judged the pair of class and attribute, and `att` holds small negative numbers there; `unannotated` says
    what becomes of both: "keep" the numbers, which is what published results are made with, "zero", the "mean" over the
    judged classes, or "error". `report["unannotated"]` counts the pairs in any case.

    Where labels are there, classes of `trainval_loc` and of `test_unseen_loc` must not meet: indices that are off by
    one show themselves in this way. Raises `DataMissingError`, `IntegrityError` for a file cut short, `SourceError`
    for anything that does not fit together, `LimitExceededError` before a file is unfolded to more than 16 GiB.
    """
    if unannotated not in {"keep", "zero", "mean", "error"}:
        raise InputFormatError(f"unannotated is 'keep', 'zero', 'mean' or 'error', not {unannotated!r}")
    if attributes not in {"att", "original_att"}:
        raise InputFormatError(f"attributes is 'att' or 'original_att', not {attributes!r}")
    if base not in {0, 1}:
        raise InputFormatError(f"base is 0 or 1, not {base!r}")
    features_file, splits_file = _files(Path(path), splits)
    samples = {} if features_file is None else _contents(features_file)
    told = {} if splits_file is None else _contents(splits_file)
    files = [file for file in (features_file, splits_file) if file is not None]
    report: dict[str, int] = {}

    X = None if features_file is None else _features(samples, features_file)
    num_samples = None if X is None else len(X)
    at = splits_file or files[0]
    names = _class_names(told or samples, at)
    matrix = None if splits_file is None else _attributes(told, splits_file, attributes, unannotated, report)
    num_classes = _num_classes(names, matrix, samples, at)
    labels = None if features_file is None else _labels(samples, num_classes, X, base, features_file)
    rows = {} if splits_file is None else _splits(told, splits_file, num_samples, base)
    if splits_file is not None and labels is not None:
        _require_apart(labels, rows, splits_file)
    report |= {
        f"without_{name}": 1 for name in ("train_loc", "val_loc") if splits_file is not None and name not in rows
    }
    return Dataset(
        classes=names or tuple(f"class {place + 1}" for place in range(num_classes)),
        features=X,
        labels=labels,
        attributes=matrix,
        splits=rows,
        names=() if features_file is None else _image_names(samples, num_samples or 0, features_file),
        source=str(path),
        sha256=files_sha256(files),
        report=report,
    )


def _files(path: Path, splits: str) -> tuple[Path | None, Path | None]:
    """(features, splits): both of a folder, one of a single file."""
    if path.is_dir():
        return (
            require_file(path / FEATURES_FILE, "the features and labels of a GBU data set"),
            require_file(path / splits, "the attributes and splits of a GBU data set"),
        )
    file = require_file(path, "a .mat file of a GBU data set, or the folder of one")
    held = {name for name, *_ in _listed(file)}
    if "features" in held:
        return file, None
    if held & {"att", *_SPLITS}:
        return None, file
    raise SourceError(
        file, f"has neither features nor splits of a GBU data set, but {listing(sorted(held)) or 'nothing'}"
    )


def _listed(path: Path) -> list[tuple[str, tuple[int, ...], str]]:
    """Names, shapes and types of what a file holds, without reading it."""
    return [(name, tuple(shape), kind) for name, shape, kind in _asked(path, "list")["held"]]


def _contents(path: Path) -> Mapping[str, NDArray[Any]]:
    """The arrays that are wanted; nothing else of the file is read, and nothing in it runs."""
    wanted = [row for row in _listed(path) if row[0] in _WANTED]
    names = [name for name, *_ in wanted]
    if len(set(names)) != len(names):
        raise SourceError(path, "holds an array of one name twice")
    size = sum(int(np.prod([float(n) for n in shape])) * _ITEM_BYTES.get(kind, 8) for _, shape, kind in wanted)
    require_size(path, size)
    with TemporaryDirectory() as folder:
        held = _asked(path, "load", folder, *names)["held"]
        return {name: np.load(Path(folder) / f"{name}.npy", allow_pickle=False) for name in held}


def _asked(path: Path, task: str, *arguments: str) -> dict[str, Any]:
    """What a process of its own says of the file, or leaves in a folder; SciPy's parser may end it."""
    command = [sys.executable, "-P", str(Path(mat_worker.__file__)), task, str(path.resolve()), *arguments]
    done = subprocess.run(command, capture_output=True, check=False)  # noqa: S603 - our own script
    if done.returncode:
        raise _broken(path, f"bytes on which SciPy's reader ends with code {done.returncode}")
    answer: dict[str, Any] = json.loads(done.stdout)
    if "hdf5" in answer:
        raise SourceError(path, 'is a MATLAB 7.3 (HDF5) file; save it with "-v7" in MATLAB or with SciPy')
    if "error" in answer:
        raise _broken(path, answer["error"])
    return answer


def _broken(path: Path, found: str) -> IntegrityError:
    return IntegrityError(path, expected="a whole MATLAB file (version 4 to 7.2)", found=found, advice="get it again")


def _one(held: Mapping[str, NDArray[Any]], name: str, path: Path) -> NDArray[Any]:
    if name not in held:
        raise SourceError(path, f"has no {name!r}, but {listing(sorted(held)) or 'nothing of a GBU data set'}")
    return held[name]


def _features(held: Mapping[str, NDArray[Any]], path: Path) -> FloatArray:
    columns = _one(held, "features", path)
    labels = integers(_one(held, "labels", path), path, "labels")
    if columns.ndim != 2 or columns.shape[1] != len(labels):
        turned = columns.ndim == 2 and columns.shape[0] == len(labels)
        hint = "; it seems to be turned: samples are columns in this format" if turned else ""
        raise SourceError(path, f"features has shape {columns.shape} for {len(labels):,} labels{hint}")
    return feature_rows(columns.T, path)


def _labels(
    held: Mapping[str, NDArray[Any]], num_classes: int, X: FloatArray | None, base: int, path: Path
) -> IndexArray:
    assert X is not None
    return label_places(_one(held, "labels", path), num_classes, path, base=base)


def _num_classes(
    names: tuple[str, ...], matrix: FloatArray | None, samples: Mapping[str, NDArray[Any]], path: Path
) -> int:
    if matrix is not None and names and len(matrix) != len(names):
        turned = "; it seems to be turned: classes are columns" if matrix.shape[1] == len(names) else ""
        raise SourceError(path, f"attributes of {len(matrix):,} classes for {len(names):,} class names{turned}")
    if matrix is not None or names:
        return len(names) if matrix is None else len(matrix)
    return int(integers(samples["labels"], path, "labels").max(initial=0))


def _class_names(held: Mapping[str, NDArray[Any]], path: Path) -> tuple[str, ...]:
    return class_names(_texts(held["allclasses_names"]), path) if "allclasses_names" in held else ()


def _image_names(held: Mapping[str, NDArray[Any]], num_samples: int, path: Path) -> tuple[str, ...]:
    names = _texts(held["image_files"]) if "image_files" in held else []
    if names and len(names) != num_samples:
        raise SourceError(path, f"image_files has {len(names):,} names for {num_samples:,} samples")
    return tuple(names)


def _texts(cells: NDArray[Any]) -> list[str]:
    """Strings of a cell array, or of a matrix of characters."""
    texts = [np.asarray(cell).reshape(-1) for cell in cells.reshape(-1)] if cells.dtype == object else list(cells)
    return ["".join(str(part) for part in np.atleast_1d(text)).strip() for text in texts]


def _attributes(
    held: Mapping[str, NDArray[Any]], path: Path, name: str, unannotated: Unannotated, report: dict[str, int]
) -> FloatArray | None:
    if "att" not in held and "original_att" not in held:
        return None
    table = feature_rows(_one(held, name, path).T, path, name=name)
    original = held.get("original_att")
    if original is not None and original.T.shape != table.shape:
        raise SourceError(path, f"att and original_att have different shapes: {table.T.shape} and {original.shape}")
    missing = np.asarray(original.T == -1) if original is not None else table == -1
    report["unannotated"] = int(missing.sum())
    if not missing.any() or unannotated == "keep":
        return table
    if unannotated == "error":
        places = [f"class {row + 1}, attribute {column + 1}" for row, column in np.argwhere(missing)[:10]]
        raise SourceError(path, f"{int(missing.sum()):,} value(s) of {name} were not annotated: {listing(places)}")
    judged = (~missing).sum(axis=0)
    mean = np.where(missing, 0.0, table).sum(axis=0, dtype=np.float64) / np.maximum(judged, 1)
    fill = mean.astype(np.float32) if unannotated == "mean" else np.zeros(table.shape[1], np.float32)
    return np.where(missing, fill, table)


def _splits(held: Mapping[str, NDArray[Any]], path: Path, num_samples: int | None, base: int) -> dict[str, IndexArray]:
    missing = [name for name in _NEEDED if name not in held]
    if missing:
        raise SourceError(path, f"has no {listing(missing)}; a GBU split file has {listing(_NEEDED)}")
    return {name: split_rows(held[name], num_samples, path, name, base=base) for name in _SPLITS if name in held}


def _require_apart(labels: IndexArray, rows: Mapping[str, IndexArray], path: Path) -> None:
    """Classes of training and of unseen test samples must not meet; tell where a shift by one would part them."""
    common = np.intersect1d(labels[rows["trainval_loc"]], labels[rows["test_unseen_loc"]])
    if not len(common):
        return
    hint = ""
    for shift in (1, -1):
        train, test = (rows[name] + shift for name in ("trainval_loc", "test_unseen_loc"))
        inside = min(train.min(), test.min()) >= 0 and max(train.max(), test.max()) < len(labels)
        if inside and not len(np.intersect1d(labels[train], labels[test])):
            hint = f"; with every index {'raised' if shift > 0 else 'lowered'} by one they are apart: wrong base?"
    raise SourceError(
        path, f"{len(common):,} class(es) have samples in trainval_loc and in test_unseen_loc, 0-based: "
        f"{listing(common.tolist())}{hint}"
    )  # fmt: skip
