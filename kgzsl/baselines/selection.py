"""Choosing a setting on the seen classes: groups of them pretend in turn to be unseen."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from kgzsl.contracts import FloatArray
from kgzsl.display.progress import steps
from kgzsl.errors import InputFormatError
from kgzsl.evaluation.calibration import class_folds
from kgzsl.evaluation.metrics import label_ranks, mean_over

__all__ = [
    "ScoreTables",
    "example_chunks",
    "few_examples",
    "fold_accuracies",
    "given_or",
    "require_settings",
    "score_spread",
    "seen_folds",
]

Value = TypeVar("Value")
Array = NDArray[np.float64]
IntArray = NDArray[np.int64]
ScoreTables = Callable[[Array], Iterable[Array]]
"""From examples `[num_rows, dim]` to their scores for the classes left out, one table for each candidate setting."""

_ROWS_AT_ONCE = 4096


def seen_folds(num_classes: int, num_folds: int, random_state: int, *, advice: str) -> list[IntArray]:
    """Folds of at least two classes each, so fewer than `num_folds` where there are not enough classes.

    Raises `InputFormatError`, with `advice`, below four classes: one class alone is always recognised.
    """
    if num_classes < 4:
        raise InputFormatError(f"{num_classes} seen class(es) are too few to choose a setting among; {advice}")
    return class_folds(num_classes, min(num_folds, num_classes // 2), random_state)


def fold_accuracies(
    inputs: FloatArray, labels: IntArray, folds: Sequence[IntArray], without: Callable[[int], ScoreTables]
) -> Array:
    """Per-class accuracy among the classes left out, mean over folds, for each candidate setting.

    `without(place)` gives the score tables of a model fitted without the classes of `folds[place]`.
    """
    total = np.zeros(())
    for place, fold in enumerate(steps(folds, "choosing settings")):
        tables = without(place)
        own, correct = [], []
        for rows, classes in example_chunks(inputs, labels, fold):
            own.append(np.searchsorted(fold, classes))
            correct.append(np.stack([label_ranks(table, own[-1]) == 1 for table in tables(rows)]))
        hits = np.concatenate(correct, axis=1)
        total = total + [mean_over(row, np.concatenate(own), "macro") for row in hits]
    return np.asarray(total / len(folds))


def example_chunks(inputs: FloatArray, labels: IntArray, classes: IntArray) -> Iterator[tuple[Array, IntArray]]:
    """Examples of these classes in double precision, so many at a time that memory stays bounded."""
    rows = np.flatnonzero(np.isin(labels, classes))
    for start in range(0, len(rows), _ROWS_AT_ONCE):
        part = rows[start : start + _ROWS_AT_ONCE]
        yield inputs[part].astype(np.float64), labels[part]


def given_or(given: Value | None, candidates: Sequence[Value]) -> Sequence[Value]:
    """The value given, alone; the candidates if it is None."""
    return candidates if given is None else (given,)


def require_settings(
    *, positive: Mapping[str, float | None], counts: Mapping[str, int | None] = MappingProxyType({}), folds: int = 2
) -> None:
    """`InputFormatError` for the first that is no number above 0, no integer from 1 on, or fewer than two folds.

    None is a value to be chosen and passes.
    """
    for name, value in positive.items():
        is_number = isinstance(value, int | float | np.integer | np.floating) and not isinstance(value, bool)
        if value is not None and not (is_number and 0 < value < np.inf):
            raise InputFormatError(f"{name} is a number above 0, not {value!r}")
    for name, count in {**counts, "folds": folds}.items():
        least = 2 if name == "folds" else 1
        is_count = isinstance(count, int | np.integer) and not isinstance(count, bool)
        if count is not None and not (is_count and count >= least):
            raise InputFormatError(f"{name} is an integer from {least} on, not {count!r}")


def few_examples(labels: IntArray, most: int, random_state: int) -> IntArray:
    """Rows of at most `most` examples of each class, drawn by the seed; ascending."""
    order = np.random.default_rng(random_state).permutation(len(labels))
    by_class = order[np.argsort(labels[order], kind="stable")]
    counts = np.bincount(labels)
    starts = np.repeat(np.cumsum(counts) - counts, counts)
    return np.sort(by_class[np.arange(len(labels)) - starts < most])


def score_spread(scores: NDArray[Any]) -> float:
    """Root mean square of what is left of each row less its mean; 1.0 where nothing is."""
    return float(np.sqrt(np.mean(np.var(scores, axis=1, dtype=np.float64)))) or 1.0
