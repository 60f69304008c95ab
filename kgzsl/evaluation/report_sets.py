"""Sets of classes held against the truth: how often they have the right one, and how much they say."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol

import numpy as np
import polars as pl
from numpy.typing import NDArray

from kgzsl.errors import InputFormatError
from kgzsl.evaluation.intervals import bootstrap_interval
from kgzsl.evaluation.metrics import mean_over
from kgzsl.evaluation.scorer import Candidates, Sample, Scorer

__all__ = ["SetAnswer", "checked_stated", "set_table"]

_SCORES_AT_ONCE = 2**22
_KINDS = {"flat": False, "hierarchical": True}
_SCHEMA = {
    "kind": pl.String,
    "question": pl.String,
    "stated": pl.Float64,
    "coverage": pl.Float64,
    "low": pl.Float64,
    "high": pl.Float64,
    "size": pl.Float64,
    "words": pl.Float64,
    "num_empty": pl.Int64,
}


class SetAnswer(Protocol):
    """What `predict_set` gives: a set for each input, with its size in classes and in words."""

    @property
    def sizes(self) -> NDArray[np.int64]:
        """How many classes each set has."""
        ...

    @property
    def num_words(self) -> NDArray[np.int64]:
        """How many words each set takes, where a word may stand for several classes."""
        ...

    def holds(self, labels: Sequence[Any]) -> NDArray[np.bool_]:
        """Whether each set has the label beside it."""
        ...


def checked_stated(coverage: float | None) -> float | None:
    """The stated coverage, or None where no sets are wanted; `InputFormatError` for anything else."""
    if coverage is None:
        return None
    is_number = isinstance(coverage, int | float | np.integer | np.floating) and not isinstance(coverage, bool)
    if not is_number or not 0 < coverage < 1:
        raise InputFormatError(f"coverage is a number between 0 and 1, or None for no sets, not {coverage!r}")
    return float(coverage)


def set_table(
    clf: Scorer,
    questions: Mapping[str, tuple[Candidates, Sample]],
    stated: float | None,
    *,
    level: float,
    num_draws: int,
) -> tuple[pl.DataFrame | None, str]:
    """A row for each kind of set and each question, or None and why there are no sets; "" where none were asked for.

    Coverage and sizes are means over classes, as what conformal sets promise is; the interval is over classes too.
    """
    if stated is None:
        return None, ""
    if not callable(getattr(clf, "predict_set", None)):
        return None, f"{type(clf).__name__} has no predict_set"
    rows = []
    try:
        for kind, is_hierarchical in _KINDS.items():
            for name, (candidates, sample) in questions.items():
                parts = list(_answered(clf, candidates, sample, stated, is_hierarchical=is_hierarchical))
                holds, sizes, words = (np.concatenate(each) for each in zip(*parts, strict=True))
                places = candidates.places(sample.labels)
                covered = bootstrap_interval(holds, places, level=level, num_draws=num_draws)
                ends = (covered.value, covered.low, covered.high)
                means = (mean_over(values, places, "macro") for values in (sizes, words))
                rows.append((kind, name, stated, *ends, *means, int((sizes == 0).sum())))
    except InputFormatError as error:  # the fit left nothing to calibrate sets on, or too few classes for this coverage
        return None, str(error)
    return pl.DataFrame(rows, schema=_SCHEMA, orient="row"), ""


def _answered(
    clf: Any, candidates: Candidates, sample: Sample, stated: float, *, is_hierarchical: bool
) -> Iterator[tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]]:
    """Whether each set holds the label, its classes and its words; part after part."""
    step = max(1, _SCORES_AT_ONCE // len(candidates.labels))
    space = candidates.label_space
    for start in range(0, len(sample.labels), step):
        part = slice(start, start + step)
        found: SetAnswer = clf.predict_set(
            sample.X[part], coverage=stated, label_space=space, hierarchical=is_hierarchical
        )
        told = found.holds(sample.labels[part]), found.sizes, found.num_words
        holds, sizes, words = (np.asarray(values, dtype=np.float64) for values in told)
        yield holds, sizes, words
