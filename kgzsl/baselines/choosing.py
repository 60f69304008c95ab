"""How a setting is chosen: a model without some of the seen classes, and the best of what such models reached."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from kgzsl.baselines.contract import unit_rows
from kgzsl.baselines.selection import ScoreTables, fold_accuracies
from kgzsl.contracts import FloatArray

__all__ = ["chosen_setting", "each_map", "left_out_features"]

Setting = TypeVar("Setting")
Array = NDArray[np.float64]
IntArray = NDArray[np.int64]


def chosen_setting(
    settings: Sequence[Setting],
    inputs: FloatArray,
    labels: IntArray,
    folds: Sequence[IntArray],
    without: Callable[[int], ScoreTables],
    *,
    prefers_last: bool = False,
) -> tuple[Setting, dict[str, Any]]:
    """The setting of the highest fold accuracy, of equal ones the first or the last; and what the report says of it.

    `settings` stand in the order of the tables that `without` gives (`fold_accuracies`). Equal accuracies are sums of
    the same fractions in the same order, so that equal ones are equal to the last bit.
    """
    accuracy = fold_accuracies(inputs, labels, folds, without)
    best = len(settings) - 1 - int(np.argmax(accuracy[::-1])) if prefers_last else int(np.argmax(accuracy))
    candidates = [
        [*(setting if isinstance(setting, tuple) else (setting,)), float(value)]
        for setting, value in zip(settings, accuracy, strict=True)
    ]
    return settings[best], {"chosen_by": "fold accuracy", "num_folds": len(folds), "candidates": candidates}


def left_out_features(rows: Array, fold: IntArray) -> tuple[IntArray, Array, Array]:
    """(places of the classes that train, their features, those of the `fold`): unit rows from the mean of those."""
    rest = np.setdiff1d(np.arange(len(rows)), fold)
    mean = rows[rest].mean(axis=0)
    return rest, unit_rows(rows[rest] - mean), unit_rows(rows[fold] - mean)


def each_map(maps: Iterable[Array], *, origin: Array | float = 0.0) -> ScoreTables:
    """The products of samples, taken from the `origin`, with the rows of each map `[num_classes, dim]`."""
    held = list(maps)
    return lambda samples: ((samples - origin) @ each.T for each in held)
