"""The question that is asked, put to classes that were pretended to be unseen: what a decision is calibrated on.

Asked is a number of seen and a number of unseen classes. A fold has candidates of both sides, but in other numbers.
Where it has more of a side, each of its inputs meets a random draw of them, its own class among them; where it has
fewer, the others of that side count as often as it takes. The first is exact if the classes asked about resemble a
random draw of the known ones; the second is an approximation, and `Reference.is_extended` says that it was made.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax

from kgzsl.decision.calibration import MIN_CLASSES
from kgzsl.decision.pretended import KeptFold
from kgzsl.decision.problem import Problem
from kgzsl.errors import InputFormatError
from kgzsl.evaluation.conformal import hierarchical_quantile

__all__ = ["Calibrated", "Reference", "calibrated", "pretended_reference"]

Float64 = NDArray[np.float64]
SIDES = ("seen", "unseen")


@dataclass(frozen=True, eq=False)
class Reference:
    """Inputs of a fold before the candidates of a question; columns are the seen classes, in their order.

    `shares` `[num_inputs, num_seen]` says how often a column counts, 0 for one that is no candidate; `scores` are in
    log odds. `labels` are places of seen classes, `is_unseen` tells which inputs are of a held-out class.
    `class_variance` `[num_seen]` is that of `kgzsl.decision.score_variance`.
    """

    scores: Float64
    shares: Float64
    labels: NDArray[np.int64]
    is_unseen: NDArray[np.bool_]
    class_variance: Float64
    is_extended: bool

    @property
    def ranking(self) -> Float64:
        """`scores`, and -inf for columns that are no candidates."""
        return np.where(self.shares > 0, self.scores, -np.inf)

    @property
    def masses(self) -> Float64:
        """Probability of each column, as often as it counts: rows add up to 1."""
        with np.errstate(divide="ignore"):
            return np.asarray(softmax(self.scores + np.log(self.shares), axis=1))


def pretended_reference(problem: Problem, places: Sequence[int]) -> tuple[Reference, ...]:
    """One reference a fold, for a question about the classes at these places.

    `InputFormatError` says what is missing where the model has no folds.
    """
    pretended = problem.pretended
    if pretended is None:
        raise InputFormatError(_missing(problem))
    is_seen = problem.classes.is_seen[list(places)]
    asked = {"seen": int(is_seen.sum()), "unseen": int((~is_seen).sum())}
    rng = np.random.default_rng(0)
    found = tuple(_of_fold(problem, fold, asked, rng) for fold in pretended.folds)
    found = tuple(reference for reference in found if len(reference.labels))
    sides = _sides(np.concatenate([np.empty(0, dtype=bool), *(reference.is_unseen for reference in found)]))
    missing = [side for side in SIDES if asked[side] and side not in sides]
    if missing:
        raise InputFormatError(
            f"no example is left to calibrate the {missing[0]} side of the label space on: a class with one example "
            "cannot be judged by its own mean; give more examples of each class"
        )
    return found


def _missing(problem: Problem) -> str:
    if problem.graph is None:
        return "this is calibrated on classes pretended to be unseen, which needs a graph: fit with graph="
    name, count = type(problem.model).__name__, problem.classes.num_seen
    if count < MIN_CLASSES:
        return (
            "this is calibrated on examples of seen classes that are pretended to be unseen, which takes at least "
            f"{MIN_CLASSES} seen classes; this model has {count}: fit with examples of more classes"
        )
    if hasattr(problem.model, "terms") or hasattr(problem.model, "scores"):
        why = "fit with X and y, or give fit_weights both; or fit again a model that an older release saved"
    else:
        why = f'{name} is trained anew for that, so it is done on demand only: fit with calibration="stacking", X and y'
    return (
        "this is calibrated on examples of seen classes that are pretended to be unseen, and the model has none "
        f"of them: {why}"
    )


def _of_fold(problem: Problem, fold: KeptFold, asked: dict[str, int], rng: np.random.Generator) -> Reference:
    sides = {"seen": ~fold.held_out, "unseen": fold.held_out}
    of_unseen = fold.held_out[fold.labels]
    rows = np.flatnonzero(np.where(of_unseen, asked["unseen"] > 0, asked["seen"] > 0))
    labels, is_unseen = fold.labels[rows], of_unseen[rows]
    shares = np.zeros((len(rows), len(fold.held_out)))
    draws = rng.random(shares.shape)
    own = np.arange(len(rows)), labels
    is_extended = False
    for name, columns in sides.items():
        is_own = (is_unseen == (name == "unseen")).astype(np.int64)  # whether the own class is on this side
        wanted = asked[name] - is_own
        available = int(columns.sum()) - is_own
        others = np.where(columns, draws, np.inf)
        others[own] = np.inf
        rank = np.empty(shares.shape, dtype=np.int64)
        np.put_along_axis(rank, np.argsort(others, axis=1), np.arange(shares.shape[1])[None], axis=1)
        taken = (rank < np.minimum(wanted, available)[:, None]) & np.isfinite(others)
        often = np.maximum(wanted, available) / np.maximum(available, 1)
        often = np.where(wanted > available, often, 1.0)
        shares += taken * often[:, None]
        is_extended |= bool((wanted > available).any())
    shares[own] = 1.0
    gamma = np.where(fold.held_out, 0.0, problem.calibration.gamma)
    return Reference(
        scores=(fold.scores[rows].astype(np.float64) - gamma) / problem.calibration.temperature,
        shares=shares,
        labels=labels,
        is_unseen=is_unseen,
        class_variance=fold.class_variance.astype(np.float64),
        is_extended=is_extended,
    )


@dataclass(frozen=True, eq=False)
class Calibrated:
    """One value an input of the references, with the class of each: what limits are quantiles of."""

    values: Float64
    labels: NDArray[np.int64]
    is_unseen: NDArray[np.bool_]
    is_extended: bool

    @cached_property
    def _sides(self) -> dict[str, NDArray[np.bool_]]:
        return _sides(self.is_unseen)

    @property
    def num_classes(self) -> dict[str, int]:
        """How many classes each side is calibrated on."""
        return {name: len(np.unique(self.labels[side])) for name, side in self._sides.items()}

    def limits(self, coverage: float, *, name: str = "coverage") -> dict[str, float]:
        """The class-weighted quantile of each side that inputs are asked about; `name` is the argument in errors."""
        return {
            place: hierarchical_quantile(self.values[side], self.labels[side], coverage, name=name)
            for place, side in self._sides.items()
        }

    def guarantee(self, what: str, coverage: float) -> str:
        """What is promised, in a sentence: `what` holds for that share of a class's inputs, on average over classes."""
        counts = self.num_classes
        parts = []
        if "unseen" in counts:
            parts.append(
                "of new classes, valid if these resemble a random draw of the known ones, also to whatever made the "
                f"inputs ({counts['unseen']:,} were pretended to be unseen)"
            )
        if "seen" in counts:
            parts.append(
                f"of known classes, valid if their inputs are no stranger than the examples ({counts['seen']:,} "
                "classes)"
            )
        extended = ""
        if self.is_extended:
            extended = "; more classes are asked about than a fold has, which is allowed for approximately"
        return f"{what} for at least {coverage:.4g} of the inputs {', and '.join(parts)}{extended}"


def calibrated(
    problem: Problem, places: Sequence[int], name: str, measure: Callable[[Reference], Float64]
) -> Calibrated:
    """What `measure` gives every input before the candidates of a question; made once for each `name` and question.

    `InputFormatError` says what is missing where the model has no folds, or none of their inputs fits the question.
    """
    is_seen = problem.classes.is_seen[list(places)]

    def make() -> Calibrated:
        references = pretended_reference(problem, places)
        return Calibrated(
            values=np.concatenate([measure(reference) for reference in references]),
            labels=np.concatenate([reference.labels for reference in references]),
            is_unseen=np.concatenate([reference.is_unseen for reference in references]),
            is_extended=any(reference.is_extended for reference in references),
        )

    found: Calibrated = problem.once((name, int(is_seen.sum()), int((~is_seen).sum())), make)
    return found


def _sides(is_unseen: NDArray[np.bool_]) -> dict[str, NDArray[np.bool_]]:
    """Which inputs are of each side that there are inputs of."""
    sides = dict(zip(SIDES, (~is_unseen, is_unseen), strict=True))
    return {name: side for name, side in sides.items() if side.any()}
