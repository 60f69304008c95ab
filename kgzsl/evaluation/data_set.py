"""A data set as one value: what was measured of each sample, which class it is of, and the splits that came along."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kgzsl.contracts import FloatArray
from kgzsl.display.html import html_table
from kgzsl.display.text import escape_text
from kgzsl.errors import InputFormatError, UnknownNameError, listing

__all__ = ["Dataset", "IndexArray"]

IndexArray = NDArray[np.int64]


@dataclass(frozen=True, eq=False, repr=False)
class Dataset:
    """Samples of classes, as a reader found them; arrays are read-only.

    * `features` float32 `[num_samples, dim]`; None where the source has none, as a split file or plain texts.
    * `labels` int64 `[num_samples]`, places in `classes`; None where the source does not say.
    * `attributes` float32 `[num_classes, num_attributes]`, in the order of `classes`; `attribute_names` may be ().
    * `splits`: by name, 0-based rows, ascending. They may overlap, and those of AWA2 do.
    * `names`: of the samples, such as files of images; () if there are none. `texts`: the samples, where they are text.
    * `kind`: "samples", or "weights" where each row is the last-layer row of a class, with the bias as last column.
    * `source`: path that was read; `sha256`: of all bytes that were read, by name and content.
    * `report`: what was counted in reading, and how often a policy was followed.

    >>> import numpy as np
    >>> import kgzsl
    >>> parts = {"train": np.array([0, 2])}
    >>> data = kgzsl.Dataset(("cat", "dog"), np.eye(3, dtype=np.float32), np.array([0, 1, 1]), splits=parts)
    >>> data.rows("train").tolist(), data.labels_of([0, 2]).tolist(), data.classes_of([0])
    ([0, 2], ['cat', 'dog'], ('cat',))
    >>> data.with_splits({"test": [1]}).to_dict()["splits"]
    {'test': 1}
    """

    classes: tuple[str, ...]
    features: FloatArray | None = None
    labels: IndexArray | None = None
    attributes: FloatArray | None = None
    attribute_names: tuple[str, ...] = ()
    splits: Mapping[str, IndexArray] = field(default_factory=dict)
    names: tuple[str, ...] = ()
    texts: tuple[str, ...] = ()
    kind: str = "samples"
    source: str = ""
    sha256: str = ""
    report: Mapping[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in ("features", "labels", "attributes"):
            if (array := getattr(self, name)) is not None:
                object.__setattr__(self, name, _fixed(array))
        self._check()
        object.__setattr__(self, "splits", MappingProxyType({name: _fixed(rows) for name, rows in self.splits.items()}))
        object.__setattr__(self, "report", MappingProxyType(dict(self.report)))

    def _check(self) -> None:
        """Everything that has a row a sample has as many, and labels are places in `classes`."""
        columns = {"features": self.features, "labels": self.labels, "texts": self.texts, "names": self.names}
        sizes = {name: len(rows) for name, rows in columns.items() if rows is not None and len(rows)}
        if len(set(sizes.values())) > 1:
            raise InputFormatError(f"as many rows a column are needed, not {sizes}")
        if self.attributes is not None and len(self.attributes) != len(self.classes):
            raise InputFormatError(
                f"attributes of {len(self.attributes):,} classes for {len(self.classes):,} class names"
            )
        if self.labels is not None and len(self.labels):
            low, high = int(self.labels.min()), int(self.labels.max())
            if low < 0 or high >= len(self.classes):
                raise InputFormatError(f"labels from {low} to {high} are no places in {len(self.classes):,} classes")

    @property
    def num_samples(self) -> int:
        """How many samples there are; of a split file, as many as its largest row says."""
        for rows in (self.labels, self.features, self.texts or None, self.names or None):
            if rows is not None:
                return len(rows)
        return 1 + max((int(rows[-1]) for rows in self.splits.values() if len(rows)), default=-1)

    def rows(self, split: str) -> IndexArray:
        """Rows of a split, ascending; `UnknownNameError` with the names there are."""
        if split not in self.splits:
            raise UnknownNameError(f"split of {self.source or 'this data set'}", split, known=list(self.splits))
        return self.splits[split]

    def labels_of(self, rows: ArrayLike | None = None) -> NDArray[np.str_]:
        """Class names of these rows, or of all."""
        if self.labels is None:
            raise InputFormatError(f"{self.source or 'this data set'} does not say which class a sample is of")
        places = self.labels if rows is None else self.labels[np.asarray(rows)]
        named: NDArray[np.str_] = np.array(self.classes)[places]
        return named

    def classes_of(self, rows: ArrayLike) -> tuple[str, ...]:
        """Classes that have samples among these rows, in the order of `classes`."""
        if self.labels is None:
            raise InputFormatError(f"{self.source or 'this data set'} does not say which class a sample is of")
        return tuple(self.classes[place] for place in np.unique(self.labels[np.asarray(rows, dtype=np.int64)]))

    def encoded(self, encode: Callable[[list[str]], ArrayLike]) -> "Dataset":
        """The same with features made from its texts by `encode(texts)`, which gives a row for each.

        >>> texts = Dataset(("a", "b"), labels=np.array([0, 1]), texts=("on it", "out of it"))
        >>> texts.encoded(lambda lines: [[len(line), line.count("o")] for line in lines]).features.tolist()
        [[5.0, 1.0], [9.0, 2.0]]
        """
        if not self.texts:
            raise InputFormatError(f"{self.source or 'this data set'} has no texts to encode")
        features = np.asarray(encode(list(self.texts)))
        if features.ndim != 2 or len(features) != len(self.texts):
            raise InputFormatError(f"encode gave shape {features.shape} for {len(self.texts):,} texts")
        if not np.issubdtype(features.dtype, np.number) or not np.isfinite(features).all():
            raise InputFormatError("encode gave values that are not finite numbers")
        return replace(self, features=features.astype(np.float32))

    def with_splits(self, splits: Mapping[str, Sequence[int] | IndexArray]) -> "Dataset":
        """The same with other splits: 0-based rows by name; each row once, inside the data set."""
        held = {}
        for name, given in splits.items():
            if len(given) and np.asarray(given).dtype.kind not in "iu":
                raise InputFormatError(f"split {name!r} lists rows by whole numbers, not {np.asarray(given).dtype}")
            rows = np.unique(np.asarray(given, dtype=np.int64))
            if len(rows) != len(given) or (len(rows) and (rows[0] < 0 or rows[-1] >= self.num_samples)):
                raise InputFormatError(f"split {name!r} has rows twice, or outside 0 to {self.num_samples - 1:,}")
            held[name] = rows
        return replace(self, splits=held)

    @cached_property
    def content_sha256(self) -> str:
        """Tells whether two data sets hold the same samples and labels, however they were stored."""
        digest = hashlib.sha256("\0".join(self.classes).encode())
        for array in (self.features, self.labels, self.attributes):
            digest.update(b"-" if array is None else f"{array.shape}".encode() + np.ascontiguousarray(array).tobytes())
        digest.update("\0".join(self.texts).encode())
        return digest.hexdigest()

    def to_dict(self) -> dict[str, Any]:
        """What it is, without the arrays: plain values."""
        dim = None if self.features is None else int(self.features.shape[1])
        return {
            "source": self.source,
            "sha256": self.sha256,
            "kind": self.kind,
            "num_samples": self.num_samples,
            "num_classes": len(self.classes),
            "dim": dim,
            "num_attributes": None if self.attributes is None else int(self.attributes.shape[1]),
            "splits": {name: len(rows) for name, rows in self.splits.items()},
            "report": dict(self.report),
        }

    def __str__(self) -> str:
        told = self.to_dict()
        parts = [f"{told['num_samples']:,} {self.kind}", f"{told['num_classes']:,} classes"]
        parts += [f"{told['dim']:,} features"] if told["dim"] is not None else []
        parts += [f"{told['num_attributes']:,} attributes"] if told["num_attributes"] is not None else []
        lines = [f"{escape_text(self.source) or 'data set'}: {', '.join(parts)}"]
        lines += [f"  {escape_text(name)}: {len(rows):,} samples" for name, rows in self.splits.items()]
        lines += [f"  {escape_text(name)}: {count:,}" for name, count in self.report.items() if count]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        first, *more = str(self).splitlines()
        rows = [tuple(line.strip().rsplit(": ", 1)) for line in more]
        notes = [f"classes {listing(self.classes, limit=12)}"]
        return html_table(rows, ["part", "count"] if rows else [], caption=first, notes=notes, right=["count"])

    def __repr__(self) -> str:
        return f"<Dataset {str(self).splitlines()[0]}; classes {listing(self.classes, limit=3)}>"


def _fixed(array: NDArray[Any]) -> NDArray[Any]:
    """A view that cannot be written to; the caller's own array stays as it is."""
    view = array.view()
    view.flags.writeable = False
    return view
