"""What a fitted model keeps of its pretended-unseen folds, so that decisions can be calibrated later."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kgzsl.decision.pseudo_unseen import MAX_SAMPLES_A_CLASS, PretendedFold

__all__ = ["KeptFold", "Pretended", "kept_folds"]

MOST_NUMBERS = 2_500_000
"""Scores kept of all folds together: 10 MB. With more classes fewer inputs of each are kept, down to two."""

_ARRAYS = {"scores": "f", "labels": "i", "held_out": "b", "class_variance": "f", "input_variance": "f"}


@dataclass(frozen=True, eq=False)
class KeptFold:
    """Scores of inputs against the seen classes, some of which the model was fitted without.

    Columns are the seen classes in the order of the problem, `labels` their places; `held_out` `[num_seen]` marks
    those that were pretended to be unseen. The variances are those of `kgzsl.decision.score_variance`; 0 without.
    """

    scores: NDArray[np.float32]
    labels: NDArray[np.int64]
    held_out: NDArray[np.bool_]
    class_variance: NDArray[np.float32]
    input_variance: NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Pretended:
    """The folds; each class was held out by one of them at most."""

    folds: tuple[KeptFold, ...]

    @property
    def num_held_out(self) -> int:
        """How many classes were pretended to be unseen."""
        return int(sum(fold.held_out.sum() for fold in self.folds))

    def arrays(self, prefix: str) -> dict[str, NDArray[Any]]:
        """All that `from_arrays` needs, under names that begin with `prefix`."""
        return {
            f"{prefix}/{number}/{name}": getattr(fold, name)
            for number, fold in enumerate(self.folds)
            for name in _ARRAYS
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]], prefix: str, num_folds: int, num_seen: int) -> Pretended:
        """What `arrays` described; `ValueError` if they do not fit together."""
        folds = []
        for number in range(num_folds):
            parts = {name: arrays[f"{prefix}/{number}/{name}"] for name in _ARRAYS}
            num_rows = len(parts["labels"])
            shapes = {
                "scores": (num_rows, num_seen),
                "labels": (num_rows,),
                "held_out": (num_seen,),
                "class_variance": (num_seen,),
                "input_variance": (num_rows,),
            }
            for name, kind in _ARRAYS.items():
                if parts[name].shape != shapes[name] or parts[name].dtype.kind != kind:
                    raise ValueError(f"{name} of a pretended-unseen fold of shape {parts[name].shape}")
            if num_rows and not 0 <= parts["labels"].min() <= parts["labels"].max() < num_seen:
                raise ValueError("labels of a pretended-unseen fold that are no classes")
            folds.append(KeptFold(**parts))
        return cls(tuple(folds))


def kept_folds(folds: Sequence[PretendedFold], places: Sequence[int]) -> Pretended | None:
    """What to keep of the folds; `places` are the places in the problem of the supervision's classes. None if none."""
    if not folds:
        return None
    num_seen = len(places)
    allowed = int(np.clip(MOST_NUMBERS // (len(folds) * num_seen**2), 2, MAX_SAMPLES_A_CLASS))
    kept = []
    for fold in folds:
        rows = np.flatnonzero(fold.ranks < allowed)
        place = np.asarray(places, dtype=np.int64)[fold.columns]
        column = np.argsort(place)  # of each seen class in its order
        kept.append(
            KeptFold(
                scores=fold.scores[rows][:, column].astype(np.float32),
                labels=place[fold.labels[rows]],
                held_out=~fold.is_seen[column],
                class_variance=fold.class_variance[column].astype(np.float32),
                input_variance=fold.input_variance[rows].astype(np.float32),
            )
        )
    return Pretended(tuple(kept))
