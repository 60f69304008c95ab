"""The parts of a protocol: checked rows, and what the splits of a data set make of them."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from kgzsl.counts import checked_seed
from kgzsl.errors import InputFormatError, SplitError, UnknownNameError, listing
from kgzsl.evaluation.data_set import Dataset, IndexArray

__all__ = ["dataset_parts", "parted"]

_KNOWN = {
    "train": ("trainval_loc", "seen_train", "trainval", "train", "train_loc"),
    "test_seen": ("test_seen_loc", "seen_test", "test_seen", "test_seen_loc"),
    "test_unseen": ("test_unseen_loc", "unseen_test", "test_unseen"),
}


def parted(given: Mapping[str, ArrayLike], num_samples: int) -> dict[str, IndexArray]:
    """Rows of each part as read-only arrays, ascending; a row outside, twice or in two parts is an error."""
    parts = {part: _checked(rows, num_samples, part) for part, rows in given.items()}
    names = list(parts)
    for place, one in enumerate(names):
        for other in names[place + 1 :]:
            common = np.intersect1d(parts[one], parts[other])
            if len(common):
                raise SplitError(
                    f"{len(common):,} row(s) are in {one} and in {other}: {listing(common[:10].tolist())}",
                    overlap=[str(row) for row in common[:1000].tolist()],
                )
    empty = [part for part in names if part != "tune" and not len(parts[part])]
    if empty:
        raise SplitError(f"no rows in {listing(empty)}")
    return parts


def dataset_parts(
    data: Dataset,
    names: tuple[str | None, str | None, str | None],
    *,
    tuning: str,
    share: float,
    random_state: int | None,
) -> tuple[dict[str, Any], dict[str, int]]:
    """(rows by part, rows that the file tunes on and must not): see `Protocol.from_dataset`."""
    if tuning not in {"pretended", "file"}:
        raise InputFormatError(f"tuning is 'pretended' or 'file', not {tuning!r}")
    if not data.splits:
        raise SplitError(
            f"{data.source or 'this data set'} has no splits, so nothing says which samples train and which test: "
            "give them with data.with_splits({'seen_train': rows, 'seen_test': rows, 'unseen_test': rows}), or make "
            "the protocol with Protocol.from_indices"
        )
    chosen = {part: _split(data, part, name) for part, name in zip(_KNOWN, names, strict=True)}
    fit = data.rows(chosen["train"])
    test = {part: data.rows(chosen[part]) for part in ("test_seen", "test_unseen")}
    removed: dict[str, int] = {}
    if tuning == "pretended":
        tune = _pretended(data, fit, share, random_state)
    else:
        tune, removed = _of_file(data, fit)
    return {"train": np.setdiff1d(fit, tune), "tune": tune, **test}, removed


def _split(data: Dataset, part: str, name: str | None) -> str:
    if name is not None:
        data.rows(name)
        return name
    found = [known for known in dict.fromkeys(_KNOWN[part]) if known in data.splits]
    if not found:
        raise UnknownNameError(f"split for {part}", part, known=list(data.splits), nearest=_KNOWN[part])
    return found[0]


def _pretended(data: Dataset, fit: IndexArray, share: float, random_state: int | None) -> IndexArray:
    """All training rows of a share of the seen classes, drawn at random."""
    if isinstance(share, bool) or not isinstance(share, int | float) or not 0 <= share < 1:
        raise InputFormatError(f"share is a number from 0 to below 1, not {share!r}")
    if data.labels is None:
        raise InputFormatError(
            f"{data.source or 'this data set'} does not say which class a sample is of, so no classes can be kept for "
            "tuning; read it with its features, or use tuning='file'"
        )
    classes = np.unique(data.labels[fit])
    count = round(share * len(classes))
    if share > 0 and not 0 < count < len(classes):
        raise SplitError(f"a share of {share:g} of {len(classes):,} seen classes leaves none on one side")
    held = np.random.default_rng(checked_seed(random_state)).permutation(classes)[:count]
    return np.asarray(fit[np.isin(data.labels[fit], held)], dtype=np.int64)


def _of_file(data: Dataset, fit: IndexArray) -> tuple[IndexArray, dict[str, int]]:
    """The file's own tuning rows, without those that are no training rows."""
    removed = {name: len(np.setdiff1d(data.rows(name), fit)) for name in ("train_loc", "val_loc")}
    return np.intersect1d(data.rows("val_loc"), fit), {name: count for name, count in removed.items() if count}


def _checked(given: ArrayLike, num_samples: int, part: str) -> IndexArray:
    rows = np.asarray(given)
    if rows.dtype == np.bool_ and rows.shape == (num_samples,):
        rows = np.flatnonzero(rows)
    if rows.ndim != 1 or (rows.size and not np.issubdtype(rows.dtype, np.integer)):
        raise InputFormatError(f"{part} is a list of 0-based rows, not {rows.dtype} of shape {rows.shape}")
    kept, counts = np.unique(rows.astype(np.int64), return_counts=True)
    wrong = kept[(kept < 0) | (kept >= num_samples)]
    if len(wrong):
        raise InputFormatError(f"{part} has rows outside 0 to {num_samples - 1:,}: {listing(wrong.tolist())}")
    if (counts > 1).any():
        raise InputFormatError(f"{part} has rows more than once: {listing(kept[counts > 1].tolist())}")
    kept.flags.writeable = False
    return kept
