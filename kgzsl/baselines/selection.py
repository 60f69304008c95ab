"""Choosing a setting on the seen classes: groups of them pretend in turn to be unseen."""

from collections.abc import Callable, Iterable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from kgzsl.contracts import FloatArray
from kgzsl.errors import InputFormatError
from kgzsl.evaluation.calibration import class_folds
from kgzsl.evaluation.metrics import label_ranks, mean_over

__all__ = ["ScoreTables", "example_chunks", "fold_accuracies", "seen_folds"]

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
    for place, fold in enumerate(folds):
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
