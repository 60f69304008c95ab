"""Which samples train, tune and test, which classes compete, and how: fixed before anything is fitted."""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kgzsl.contracts import FloatArray
from kgzsl.counts import checked_seeds
from kgzsl.errors import InputFormatError, IntegrityError, SplitError, VersionError, listing
from kgzsl.evaluation.data_set import Dataset, IndexArray
from kgzsl.evaluation.protocol_certificate import Certificate
from kgzsl.evaluation.protocol_guard import GuardedRows, Read, ReadLog
from kgzsl.evaluation.protocol_parts import dataset_parts, parted

__all__ = ["TIES", "Protocol"]

FORMAT = 1
TIES = "against the prediction"
Tuning = Literal["pretended", "file"]

_TEXTS = ("name", "ties", "average", "semantics", "backbone", "data_sha256")
_LISTS = ("seen_classes", "unseen_classes", "tune_classes", "seeds", "backbone_classes")
_PARTS = ("train", "tune", "test_seen", "test_unseen")


@dataclass(frozen=True, eq=False, repr=False)
class Protocol(Mapping[str, Any]):
    """A split and the rules of a measurement. Parts are 0-based rows, ascending; no row is in two of them.

    * `train` is what is fitted while settings are chosen, `tune` what they are chosen on; the final fit may use both
      (`fit_rows`). The classes of `tune` stand for unseen ones where `tune_classes` are none of `train`'s.
    * `test_seen`, `test_unseen` are guarded: they raise `TestRowsError` outside `with protocol.final():`.
    * `seen_classes`, `unseen_classes`: candidates are the unseen ones (T1), or both (u, s, H).
    * `ties`: what becomes of equal scores. `seeds`: of every run that is reported. `average`: "macro" is over classes.
    * `semantics`: what describes the classes. `backbone`, `backbone_classes`: what made the features, and the
      classes it was trained on. `data_sha256`: of the data's content.
    * `removed`: rows of a file's tuning parts that were left out, since they are test rows.

    As a mapping it is what `kgzsl.evaluate(..., protocol=protocol)` puts on record: name, sha256 and certificate.
    `sha256` covers everything but the reads, so a result that bears it was measured under this protocol.

    >>> labels = ["cat", "cat", "cat", "dog", "dog", "fox"]
    >>> protocol = Protocol.from_indices(labels, train=[0, 1], tune=[3], test_seen=[2, 4], test_unseen=[5])
    >>> protocol.seen_classes, protocol.unseen_classes, len(protocol.test_unseen)
    (('cat', 'dog'), ('fox',), 1)
    >>> with protocol.final():
    ...     protocol.test_unseen.read().tolist()
    [5]
    """

    name: str
    num_samples: int
    train: IndexArray
    tune: IndexArray
    seen_classes: tuple[str, ...]
    unseen_classes: tuple[str, ...]
    tune_classes: tuple[str, ...] = ()
    ties: str = TIES
    average: str = "macro"
    seeds: tuple[int, ...] = (0,)
    semantics: str = ""
    backbone: str = ""
    backbone_classes: tuple[str, ...] = ()
    data_sha256: str = ""
    removed: Mapping[str, int] = field(default_factory=dict)
    _test: Mapping[str, IndexArray] = field(default_factory=dict)
    _log: ReadLog = field(default_factory=ReadLog)

    # -- making one ----------------------------------------------------------------------------------------------

    @classmethod
    def from_indices(
        cls,
        labels: Sequence[Any] | NDArray[Any],
        *,
        train: ArrayLike,
        test_seen: ArrayLike,
        test_unseen: ArrayLike,
        tune: ArrayLike = (),
        name: str = "own split",
        seeds: Sequence[int] = (0,),
        average: Literal["macro", "micro"] = "macro",
        semantics: str = "",
        backbone: str = "",
        backbone_classes: Sequence[str] = (),
        data_sha256: str = "",
    ) -> Self:
        """From the class of each sample and 0-based rows of each part.

        `SplitError` if a row is in two parts, if a class of `test_unseen` has samples in another part, or if one of
        `test_seen` has none in `train` and `tune`; `InputFormatError` for rows that do not exist or stand twice.
        """
        texts = np.array([str(label) for label in labels])
        given: dict[str, ArrayLike] = dict(zip(_PARTS, (train, tune, test_seen, test_unseen), strict=True))
        parts = parted(given, len(texts))
        classes = {part: set(texts[rows].tolist()) for part, rows in parts.items()}
        _require_apart(classes)
        seen = classes["train"] | classes["tune"]
        return cls(
            name=name,
            num_samples=len(texts),
            train=parts["train"],
            tune=parts["tune"],
            seen_classes=tuple(sorted(seen)),
            unseen_classes=tuple(sorted(classes["test_unseen"])),
            tune_classes=tuple(sorted(classes["tune"])),
            average=average,
            seeds=checked_seeds(seeds),
            semantics=semantics,
            backbone=backbone,
            backbone_classes=tuple(backbone_classes),
            data_sha256=data_sha256,
            _test={part: parts[part] for part in ("test_seen", "test_unseen")},
        )

    @classmethod
    def from_dataset(
        cls,
        data: Dataset,
        *,
        train: str | None = None,
        test_seen: str | None = None,
        test_unseen: str | None = None,
        tuning: Tuning = "pretended",
        share: float = 0.25,
        random_state: int | None = None,
        name: str = "",
        seeds: Sequence[int] = (0,),
        average: Literal["macro", "micro"] = "macro",
        semantics: str = "",
        backbone: str = "",
        backbone_classes: Sequence[str] = (),
    ) -> Self:
        """From the splits of a data set; None finds the names of GBU (`trainval_loc`) and `seen_train`.

        `tuning="pretended"` keeps a `share` of the seen classes, drawn with `random_state`, for tuning; all their
        training rows go there. "file" takes `train_loc` and `val_loc`, without the rows that are not in `trainval_loc`:
        those of AWA2 hold all of `test_seen_loc`, and `removed` counts what was left out. Without labels, as in a
        split file alone, classes are unknown and nothing can be kept back: `tuning` must be "file".

        >>> import numpy as np
        >>> import kgzsl
        >>> parts = {"seen_train": np.array([0, 1, 2, 3]), "seen_test": np.array([4]), "unseen_test": np.array([5])}
        >>> labels = np.array([0, 1, 2, 3, 0, 4])
        >>> data = kgzsl.Dataset(("cat", "dog", "owl", "elk", "fox"), np.eye(6, dtype=np.float32), labels, splits=parts)
        >>> protocol = kgzsl.Protocol.from_dataset(data)
        >>> protocol.tune_classes, protocol.unseen_classes
        (('owl',), ('fox',))
        """
        if not isinstance(data, Dataset):
            raise InputFormatError(
                f"from_dataset takes a kgzsl.Dataset, as read_dataset gives it, not {type(data).__name__}"
            )
        parts, removed = dataset_parts(
            data, (train, test_seen, test_unseen), tuning=tuning, share=share, random_state=random_state
        )
        shared: dict[str, Any] = {
            "name": name or Path(data.source).name or "own data",
            "average": average,
            "seeds": checked_seeds(seeds),
            "semantics": semantics,
            "backbone": backbone,
            "backbone_classes": tuple(backbone_classes),
            "data_sha256": data.content_sha256 if data.labels is not None else data.sha256,
        }
        if data.labels is not None:
            made = cls.from_indices(data.labels_of(), **parts, **shared)
            return replace(made, removed=removed)
        checked = parted(parts, data.num_samples)
        test = {part: checked[part] for part in ("test_seen", "test_unseen")}
        return cls(
            num_samples=data.num_samples, train=checked["train"], tune=checked["tune"], seen_classes=(),
            unseen_classes=(), removed=removed, _test=test, **shared,
        )  # fmt: skip

    # -- reading it ----------------------------------------------------------------------------------------------

    @property
    def fit_rows(self) -> IndexArray:
        """Rows of the final fit, after every setting is chosen: `train` and `tune` together, ascending."""
        return np.union1d(self.train, self.tune)

    @property
    def test_seen(self) -> GuardedRows:
        """Test rows of seen classes, guarded."""
        return GuardedRows("test_seen", self._test["test_seen"], self._log)

    @property
    def test_unseen(self) -> GuardedRows:
        """Test rows of unseen classes, guarded."""
        return GuardedRows("test_unseen", self._test["test_unseen"], self._log)

    def final(self) -> AbstractContextManager[None]:
        """The final phase: inside the block test rows can be read."""
        return self._log.final()

    def fresh(self) -> Self:
        """The same protocol with an empty record, for the next run: a model, a seed.

        >>> import kgzsl
        >>> rows = {"train": [0, 1], "test_seen": [2], "test_unseen": [3]}
        >>> protocol = kgzsl.Protocol.from_indices(["cat", "dog", "cat", "fox"], **rows)
        >>> protocol.fresh().reads
        ()
        """
        return replace(self, _log=ReadLog())

    @property
    def reads(self) -> tuple[Read, ...]:
        """Every read so far of test rows, and of data through `samples`, refused ones included."""
        return self._log.reads

    def samples(self, data: Dataset, part: str) -> tuple[FloatArray, NDArray[np.str_]]:
        """Features and class names of "train", "tune", "fit", "test_seen" or "test_unseen", on record.

        `TestRowsError` for test parts before the final phase; `IntegrityError` if the data are not those the protocol
        was made for.

        >>> import numpy as np
        >>> import kgzsl
        >>> data = kgzsl.Dataset(("cat", "fox"), np.eye(3, dtype=np.float32), np.array([0, 0, 1]))
        >>> protocol = kgzsl.Protocol.from_indices(data.labels_of(), train=[0], test_seen=[1], test_unseen=[2])
        >>> X, y = protocol.samples(data, "train")
        >>> y.tolist(), X.shape
        (['cat'], (1, 3))
        """
        if data.features is None:
            raise InputFormatError(
                f"{data.source or 'this data set'} has no features; encode its texts or images first"
            )
        is_test = part in self._test
        own = {"train": self.train, "tune": self.tune, "fit": self.fit_rows, **self._test}
        if part not in own:
            raise InputFormatError(f"part is one of {listing(list(own))}, not {part!r}")
        rows = own[part]
        self._log.record(part, is_test=is_test, num_rows=len(rows))
        if self.data_sha256 and self.data_sha256 not in {data.content_sha256, data.sha256}:
            raise IntegrityError(
                data.source or "the data", expected=f"data of sha256 {self.data_sha256[:16]}…",
                found=f"{data.content_sha256[:16]}…", advice="make the protocol from these data",
            )  # fmt: skip
        return data.features[rows], data.labels_of(rows)

    # -- telling it ----------------------------------------------------------------------------------------------

    @property
    def sha256(self) -> str:
        """Of everything it states, parts included, and of nothing that was read."""
        return hashlib.sha256(json.dumps(self._stated(), sort_keys=True).encode()).hexdigest()

    def _stated(self) -> dict[str, Any]:
        parts = {
            part: rows.tolist() for part, rows in (("train", self.train), ("tune", self.tune), *self._test.items())
        }
        return {
            "format": "kgzsl-protocol",
            "version": FORMAT,
            "num_samples": self.num_samples,
            **{name: getattr(self, name) for name in _TEXTS},
            **{name: list(getattr(self, name)) for name in _LISTS},
            "removed": dict(self.removed),
            "parts": parts,
        }

    def to_dict(self) -> dict[str, Any]:
        """JSON values that `from_dict` reads back, for a file beside the results; test rows among them, unguarded.

        >>> import kgzsl
        >>> rows = {"train": [0, 1], "test_seen": [2], "test_unseen": [3]}
        >>> kgzsl.Protocol.from_indices(["cat", "dog", "cat", "fox"], **rows).to_dict()["parts"]["train"]
        [0, 1]
        """
        return {**self._stated(), "sha256": self.sha256}

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> Self:
        """The protocol of `to_dict`; `IntegrityError` if it was altered, `VersionError` for another format.

        >>> import kgzsl
        >>> rows = {"train": [0, 1], "test_seen": [2], "test_unseen": [3]}
        >>> protocol = kgzsl.Protocol.from_indices(["cat", "dog", "cat", "fox"], **rows)
        >>> kgzsl.Protocol.from_dict(protocol.to_dict()) == protocol
        True
        """
        if stored.get("format") != "kgzsl-protocol" or stored.get("version") != FORMAT:
            found = f"{stored.get('format')} {stored.get('version')}"
            raise VersionError("the protocol", found=found, supported=f"kgzsl-protocol {FORMAT}")
        try:
            parts = parted({part: stored["parts"][part] for part in _PARTS}, int(stored["num_samples"]))
            texts: dict[str, Any] = {name: stored[name] for name in _TEXTS}
            lists: dict[str, Any] = {name: tuple(stored[name]) for name in _LISTS}
            made = cls(
                **texts,
                **lists,
                num_samples=int(stored["num_samples"]),
                removed=dict(stored["removed"]),
                train=parts["train"],
                tune=parts["tune"],
                _test={part: parts[part] for part in ("test_seen", "test_unseen")},
            )
        except (KeyError, TypeError, ValueError) as error:
            raise IntegrityError("the protocol", expected="what to_dict gives", found=f"{error!r}"[:120]) from error
        if made.sha256 != stored.get("sha256"):
            raise IntegrityError(
                "the protocol", expected=f"sha256 {made.sha256[:16]}…", found=f"{str(stored.get('sha256'))[:16]}…",
                advice="it was altered after it was written",
            )  # fmt: skip
        return made

    @property
    def certificate(self) -> Certificate:
        """What a report shows of it, with the reads so far."""
        return Certificate.of(self)

    def __getitem__(self, key: str) -> Any:
        return self._facts()[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._facts())

    def __len__(self) -> int:
        return len(self._facts())

    def _facts(self) -> dict[str, Any]:
        return {"protocol": self.name, "protocol_sha256": self.sha256, "certificate": self.certificate.to_dict()}

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Protocol) and self.sha256 == other.sha256

    def __hash__(self) -> int:
        return hash(self.sha256)

    def __repr__(self) -> str:
        return f"<Protocol {self.certificate.title}>"

    def __str__(self) -> str:
        return str(self.certificate)

    def _repr_html_(self) -> str:
        return self.certificate._repr_html_()


def _require_apart(classes: Mapping[str, set[str]]) -> None:
    """Unseen classes have no sample elsewhere, and seen test classes have some in training."""
    for part in ("train", "tune", "test_seen"):
        common = sorted(classes["test_unseen"] & classes[part])
        if common:
            raise SplitError(
                f"{len(common):,} class(es) of test_unseen have samples in {part}: {listing(common)}", overlap=common
            )
    strangers = sorted(classes["test_seen"] - classes["train"] - classes["tune"])
    if strangers:
        raise SplitError(
            f"{len(strangers):,} class(es) of test_seen have no sample in train or tune: {listing(strangers)}"
        )
