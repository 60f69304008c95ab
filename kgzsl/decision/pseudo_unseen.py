"""Seen classes pretended to be unseen: the scores a calibration may look at."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from kgzsl.contracts import FloatArray, Supervision
from kgzsl.evaluation.calibration import CalibrationFold, class_folds

__all__ = ["pretended_folds", "without"]

FoldScores = Callable[[Supervision, tuple[str, ...], FloatArray], NDArray[np.float64]]
"""(supervision of a fold, held-out classes, prepared inputs) -> scores of the fold's seen, then held-out classes."""

MAX_SAMPLES_A_CLASS = 50


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


def _sample(labels: NDArray[np.int64], random_state: int) -> NDArray[np.int64]:
    """At most MAX_SAMPLES_A_CLASS rows of each class, drawn by the seed, ascending."""
    order = np.random.default_rng(random_state).permutation(len(labels))
    by_class = order[np.argsort(labels[order], kind="stable")]
    counts = np.bincount(labels)
    rank = np.arange(len(labels)) - np.repeat(np.cumsum(counts) - counts, counts)
    return np.sort(by_class[rank < MAX_SAMPLES_A_CLASS])


def pretended_folds(
    supervision: Supervision, fold_scores: FoldScores, own_scores: NDArray[np.float64] | None, *, num_folds: int = 3
) -> list[CalibrationFold]:
    """Split the seen classes into folds; score inputs with each fold's classes pretended to be unseen.

    `own_scores` `[num_samples]` are the scores of the inputs against a classifier of their own class that was made
    without them; they stand in for the score of a class that is seen in the fold, so that an input is not judged by
    a classifier it helped to make. Where it is NaN (a class of one example), the input is left out as a seen one.
    """
    if supervision.inputs is None or supervision.labels is None:
        return []
    rows = _sample(supervision.labels, supervision.random_state)
    inputs, labels = supervision.inputs[rows], supervision.labels[rows]
    own = None if own_scores is None else own_scores[rows]
    num_classes = len(supervision.classes)
    if num_classes < 4:
        return []
    folds = []
    for held_out in class_folds(num_classes, min(num_folds, num_classes // 2), supervision.random_state):
        part = without(supervision, held_out)
        kept = np.setdiff1d(np.arange(num_classes), held_out)
        column = np.empty(num_classes, dtype=np.int64)
        column[np.concatenate([kept, held_out])] = np.arange(num_classes)
        scores = fold_scores(part, tuple(supervision.classes[p] for p in held_out), inputs)
        is_seen = np.arange(num_classes) < len(kept)
        target = column[labels]
        if own is not None:
            from_seen = is_seen[target]
            scores[from_seen, target[from_seen]] = own[from_seen]
        usable = np.isfinite(scores).all(axis=1)
        folds.append(CalibrationFold(scores[usable], target[usable], is_seen))
    return folds
