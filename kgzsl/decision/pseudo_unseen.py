"""Seen classes pretended to be unseen: the scores a calibration may look at."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from kgzsl.contracts import FloatArray, Supervision
from kgzsl.decision.calibration import MIN_CLASSES
from kgzsl.display.progress import steps
from kgzsl.evaluation.calibration import CalibrationFold, class_folds

__all__ = ["JudgedInputs", "PretendedFold", "pretended_folds", "sample_ranks", "without"]

MAX_SAMPLES_A_CLASS = 50


class JudgedInputs(NamedTuple):
    """Scores `[num_samples, num_classes]` of a fold's seen, then held-out classes, all that is taken off them included.

    The variances `[num_classes]` and `[num_samples]`, whose products are those of the scores, are zeros where the
    model has none; `offsets` `[num_classes]` is what was taken off.
    """

    scores: NDArray[np.float64]
    class_variance: NDArray[np.float64]
    input_variance: NDArray[np.float64]
    offsets: NDArray[np.float64]


FoldScores = Callable[[Supervision, tuple[str, ...], FloatArray], JudgedInputs]
"""(supervision of a fold, held-out classes, prepared inputs) -> how they are judged."""


@dataclass(frozen=True)
class PretendedFold(CalibrationFold):
    """A fold that knows which class each column is: places in the supervision; and each sample's rank in its class."""

    columns: NDArray[np.int64]
    ranks: NDArray[np.int64]
    class_variance: NDArray[np.float64]
    input_variance: NDArray[np.float64]


def without(supervision: Supervision, held_out: NDArray[np.int64]) -> Supervision:
    """The supervision as if these classes (by place) had no examples."""
    kept = np.setdiff1d(np.arange(len(supervision.classes)), held_out)
    place = np.full(len(supervision.classes), -1)
    place[kept] = np.arange(len(kept))
    inputs, labels = supervision.inputs, supervision.labels
    if inputs is not None and labels is not None:
        rows = place[labels] >= 0
        inputs, labels = inputs[rows], place[labels[rows]]
    classes = tuple(supervision.classes[p] for p in kept)
    return replace(supervision, classes=classes, weights=supervision.weights[kept], inputs=inputs, labels=labels)


def sample_ranks(inputs: FloatArray, labels: NDArray[np.int64], random_state: int) -> NDArray[np.int64]:
    """Each row's place among the rows of its class, in an order drawn by the seed.

    The draw is from rows sorted along a random direction, so that it does not depend on the order they are given in.
    """
    rng = np.random.default_rng(random_state)
    along = inputs.astype(np.float64) @ rng.standard_normal(inputs.shape[1])
    ranks = np.empty(len(labels), dtype=np.int64)
    sorted_rows = np.lexsort((along, labels))
    for rows in np.split(sorted_rows, np.cumsum(np.bincount(labels))[:-1]):
        ranks[rows] = rng.permutation(len(rows))
    return ranks


def pretended_folds(
    supervision: Supervision,
    fold_scores: FoldScores,
    own_scores: NDArray[np.float64] | None,
    *,
    num_folds: int = 3,
    used: int | None = None,
) -> list[PretendedFold]:
    """Split the seen classes into folds; score inputs with each fold's classes pretended to be unseen.

    No input is judged by a classifier that it helped to make. `own_scores` `[num_samples]` are the scores of the
    inputs against a classifier of their own class that was made without them, NaN for a class of one example; they
    stand in where the class is seen in the fold. Without them, every second input is kept from the fold's fit, and
    only those are judged on the seen side. At most 50 inputs a class are judged; only the first `used` folds are made.
    """
    num_classes = len(supervision.classes)
    if supervision.inputs is None or supervision.labels is None or num_classes < MIN_CLASSES:
        return []
    ranks = sample_ranks(supervision.inputs, supervision.labels, supervision.random_state)
    judged = np.flatnonzero(ranks < MAX_SAMPLES_A_CLASS)
    kept_back = ranks % 2 == 1
    if own_scores is None:
        taught = replace(supervision, inputs=supervision.inputs[~kept_back], labels=supervision.labels[~kept_back])
    else:
        taught = supervision
    folds = []
    parts = class_folds(num_classes, min(num_folds, num_classes // 2), supervision.random_state)[:used]
    for held_out in steps(parts, "pretending classes to be unseen", show=supervision.show_progress):
        kept = np.setdiff1d(np.arange(num_classes), held_out)
        columns = np.concatenate([kept, held_out])
        column = np.argsort(columns)
        names = tuple(supervision.classes[place] for place in held_out)
        found = fold_scores(without(taught, held_out), names, supervision.inputs[judged])
        scores = found.scores
        is_seen = np.arange(num_classes) < len(kept)
        target = column[supervision.labels[judged]]
        from_seen = is_seen[target]
        if own_scores is None:
            usable = ~from_seen | kept_back[judged]
        else:
            scores[from_seen, target[from_seen]] = own_scores[judged][from_seen] - found.offsets[target[from_seen]]
            usable = np.isfinite(scores).all(axis=1)
        folds.append(
            PretendedFold(
                scores[usable],
                target[usable],
                is_seen,
                columns,
                ranks[judged][usable],
                found.class_variance,
                found.input_variance[usable],
            )
        )
    return folds
