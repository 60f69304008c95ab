"""One door to every reader of data sets: which one is meant is told by the path and the first bytes."""

from collections.abc import Callable, Mapping
from os import PathLike
from pathlib import Path
from typing import Any

from kgzsl.errors import DataMissingError, InputFormatError, SourceError, listing
from kgzsl.evaluation.data_features import FORMS, read_features
from kgzsl.evaluation.data_gbu import FEATURES_FILE, read_gbu
from kgzsl.evaluation.data_images import IMAGE_SUFFIXES, image_files, read_images
from kgzsl.evaluation.data_set import Dataset
from kgzsl.evaluation.data_text import TEXT_SUFFIXES, looks_like_lines, read_text_lines
from kgzsl.evaluation.data_weights import read_fc_weights

__all__ = ["FORMS_READ", "read_dataset"]

FORMS_READ = {
    "gbu": "a folder with res101.mat and att_splits.mat, or one of them",
    "features": "features with labels as .npz, .npy beside .csv, .csv, .parquet or .safetensors, or a folder of them",
    "weights": "DGP's fc-weights.json",
    "text": "lines of a label and a text, as TREC's, or a folder of such files",
    "images": "<class>/<image> or <split>/<class>/<image>, with backbone=",
}
"""What can be read, by the name that `form` takes."""

_READERS: Mapping[str, Callable[[Path], Dataset]] = {
    "gbu": read_gbu,
    "features": read_features,
    "weights": read_fc_weights,
    "text": read_text_lines,
}


def read_dataset(
    path: str | Path,
    *,
    form: str | None = None,
    backbone: Callable[[Any], Any] | None = None,
    cache: str | Path | None = None,
) -> Dataset:
    r"""Read a data set of any form that `FORMS_READ` names; None as `form` looks at names, and at first lines of text.

    Calls `read_gbu`, `read_features`, `read_fc_weights`, `read_text_lines` or, with `backbone` and `cache`,
    `read_images`; call them yourself to set more. A folder that could be two things is an error that names both.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = (Path(folder) / "train.txt").write_text("NUM:dist How far is it ?\nHUM:ind Who was it ?\n")
    ...     data = read_dataset(folder)
    >>> data.classes, data.texts, data.rows("train").tolist()
    (('HUM:ind', 'NUM:dist'), ('How far is it ?', 'Who was it ?'), [0, 1])
    """
    if not isinstance(path, str | PathLike):
        raise InputFormatError(
            f"read_dataset takes the path of a file or folder, not {type(path).__name__} {path!r:.80}"
        )
    place = Path(path)
    if form is not None and form not in FORMS_READ:
        raise InputFormatError(f"form is one of {listing(list(FORMS_READ))}, not {form!r}")
    chosen = form or _form(place)
    if chosen == "images":
        if backbone is None:
            raise InputFormatError(
                f"{place}: images become features through a backbone; pass backbone= a network or a function on batches"
            )
        return read_images(place, backbone, cache=cache)
    if backbone is not None or cache is not None:
        raise InputFormatError(f"{place} is {FORMS_READ[chosen]}; backbone= and cache= are for folders of images")
    return _READERS[chosen](place)


def _form(place: Path) -> str:
    if place.is_dir():
        return _form_of_folder(place)
    if not place.is_file():
        raise DataMissingError(place, "no such file or folder")
    suffix = place.suffix.lower()
    if suffix == ".mat":
        return "gbu"
    if suffix in FORMS:
        return "features"
    if suffix == ".json":
        return "weights"
    if suffix in TEXT_SUFFIXES and looks_like_lines(place):
        return "text"
    raise SourceError(place, f"is no data set that is known; expected {'; '.join(FORMS_READ.values())}")


def _form_of_folder(folder: Path) -> str:
    files = [file for file in folder.iterdir() if file.is_file()]
    found = []
    if any(file.name == FEATURES_FILE for file in files):
        found.append("gbu")
    if any(file.suffix.lower() in FORMS and file.suffix.lower() != ".csv" for file in files):
        found.append("features")
    if not found and any(file.suffix.lower() == ".csv" for file in files):
        found.append("features")  # beside other data, a table is a note or a list of labels
    if not found and any(file.suffix.lower() in TEXT_SUFFIXES and looks_like_lines(file) for file in files):
        found.append("text")  # a note or a list of classes may stand beside features
    if not found and _has_images(folder):
        found.append("images")
    if len(found) > 1:
        raise SourceError(folder, f"could be read as {listing(found)}; say which with form=")
    if not found:
        raise DataMissingError(folder, f"no data set in this folder; expected {'; '.join(FORMS_READ.values())}")
    return found[0]


def _has_images(folder: Path) -> bool:
    if not any(file.suffix.lower() in IMAGE_SUFFIXES for file in folder.rglob("*")):
        return False
    image_files(folder)
    return True
