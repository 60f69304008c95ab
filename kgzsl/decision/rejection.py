"""Inputs of nothing among the classes: a score of how little all classes together explain, and a threshold for it.

The score is the free energy -T log sum exp(s / T) (Liu et al., "Energy-based out-of-distribution detection", NeurIPS
2020) of moderated scores: s / sqrt(1 + π/8 · v / T²), v being the variance that the closed form leaves to a class's
score (MacKay, "The evidence framework applied to classification networks", 1992). A class that the graph says little
about can then neither claim an input nor hide it. The input's part of v is the mean over known inputs, not its own:
what is unlike them all lies where the seen classes do not differ either, and would be moderated least of all. Without
a closed form v is 0, and this is the plain energy.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp

from kgzsl.decision.classes import LabelSpace
from kgzsl.decision.problem import Problem
from kgzsl.decision.reference import Calibrated, Reference, calibrated
from kgzsl.decision.score_variance import class_variances, has_variance
from kgzsl.display.table import Table
from kgzsl.errors import InputFormatError
from kgzsl.evaluation.conformal import attainable_coverage

__all__ = ["OutOfGraph", "out_of_graph"]

Float64 = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class OutOfGraph:
    """How little the classes explain each input: `scores` `[num_samples]`, the larger the stranger, in log odds.

    `is_out` marks scores above `threshold`, which at most the share `rate` of inputs of the classes exceeds;
    `guarantee` says what is promised, and what for.

    >>> from kgzsl.testing import example_classifier
    >>> found = example_classifier().out_of_graph([[0, 0, 1, 0, 1, 0], [-1] * 6], rate=0.5)
    >>> found.is_out.tolist(), found.to_table()["out of graph"]
    ([False, True], (False, True))
    """

    scores: Float64
    threshold: float
    rate: float
    guarantee: str = field(repr=False)

    def __len__(self) -> int:
        return len(self.scores)

    @property
    def is_out(self) -> NDArray[np.bool_]:
        """Which inputs are taken for none of the classes."""
        return np.asarray(self.scores > self.threshold)

    def to_table(self) -> Table:
        """A row for each input."""
        rows = zip(range(len(self)), self.scores.tolist(), map(bool, self.is_out), strict=True)
        return Table(["input", "score", "out of graph"], rows, caption=self._title(), note=self.guarantee)

    def _title(self) -> str:
        out = int(self.is_out.sum())
        return f"{out:,} of {len(self):,} inputs out of the graph (score above {self.threshold:.4g})"

    def __repr__(self) -> str:
        return f"<OutOfGraph {self._title()}>"

    def __str__(self) -> str:
        return str(self.to_table())

    def _repr_html_(self) -> str:
        return self.to_table()._repr_html_()


def out_of_graph(
    problem: Problem, inputs: NDArray[Any], *, rate: float = 0.05, label_space: LabelSpace = "all"
) -> OutOfGraph:
    """For each input `[num_samples, dim]` whether it is of none of the classes; see `DecisionDoors`."""
    places = problem.classes.places(label_space)
    temperature = problem.calibration.temperature
    known = calibrated(
        problem, places, "energy", lambda reference: _energies(reference, _typical(problem), temperature)
    )
    _check_rate(rate, known)
    threshold = max(known.limits(1.0 - rate).values())
    return OutOfGraph(
        scores=strangeness(problem, inputs, places),
        threshold=threshold,
        rate=float(rate),
        guarantee=known.guarantee("an input is kept", 1.0 - rate),
    )


def strangeness(problem: Problem, inputs: NDArray[Any], places: Sequence[int]) -> Float64:
    """The moderated energy of each input `[num_samples, dim]` before these classes."""
    prepared = problem.scale.prepare(inputs)
    scores = problem.scores(prepared, places)
    is_seen = problem.classes.is_seen[list(places)]
    if has_variance(problem.model):
        for number in sorted({problem.view_of[p] for p, seen in zip(places, is_seen, strict=True) if not seen}):
            columns = [c for c, place in enumerate(places) if not is_seen[c] and problem.view_of[place] == number]
            view, concepts = problem.views[number], [problem.classes.concepts[places[c]] for c in columns]
            of_classes = class_variances(problem.model, view, concepts)
            scores[:, columns] *= _moderation(of_classes, _typical(problem), problem.calibration.temperature)
    return np.asarray(-logsumexp(scores, axis=1))


def _check_rate(rate: Any, known: Calibrated) -> None:
    """`InputFormatError` if the rate is none, or if so few classes can promise so few mistakes."""
    is_number = isinstance(rate, int | float | np.integer | np.floating) and not isinstance(rate, bool)
    if not is_number or not 0 < rate < 1:
        raise InputFormatError(f"rate is the share of known inputs that may be refused, between 0 and 1, not {rate!r}")
    least = 1.0 - min(attainable_coverage(count) for count in known.num_classes.values())
    if rate < least - 1e-9:
        raise InputFormatError(
            f"rate={rate:.6g} cannot be promised: the classes to calibrate on allow {math.ceil(1e4 * least) / 1e4:.4g} "
            "or more; allow more refusals, or fit with examples of more classes"
        )


def _moderation(of_classes: Float64, of_inputs: float, temperature: float) -> Float64:
    """1 / sqrt(1 + π/8 · v / T²) of every class."""
    return np.asarray(1.0 / np.sqrt(1.0 + np.pi / 8 * of_inputs * of_classes / temperature**2))


def _typical(problem: Problem) -> float:
    """The input's part of a variance, over the inputs that were kept."""
    folds = problem.pretended.folds if problem.pretended is not None else ()
    return float(np.mean([fold.input_variance.mean(dtype=np.float64) for fold in folds])) if folds else 0.0


def _energies(reference: Reference, of_inputs: float, temperature: float) -> Float64:
    """The moderated energy of each input of a reference."""
    moderation = _moderation(reference.class_variance, of_inputs, temperature)
    with np.errstate(divide="ignore"):
        return np.asarray(-logsumexp(reference.scores * moderation + np.log(reference.shares), axis=1))
