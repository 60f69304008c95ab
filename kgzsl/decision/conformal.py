"""Sets of classes that hold the right one with a stated probability, calibrated on pretended-unseen classes."""

from collections.abc import Sequence
from functools import cache
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax

from kgzsl.decision.classes import LabelSpace
from kgzsl.decision.conformal_sets import ClassSets, Kind
from kgzsl.decision.covers import Covers
from kgzsl.decision.hierarchy import hierarchy_of
from kgzsl.decision.problem import Problem
from kgzsl.decision.reference import Reference, calibrated
from kgzsl.errors import InputFormatError
from kgzsl.evaluation.conformal import aps_scores, lac_scores
from kgzsl.explain.spoken import Spoken

__all__ = ["Method", "predict_set"]

Method = Literal["lac", "aps"]
METHODS = ("lac", "aps")


def predict_set(
    problem: Problem,
    inputs: NDArray[Any],
    *,
    coverage: float = 0.9,
    label_space: LabelSpace = "all",
    method: Method = "lac",
    hierarchical: bool = False,
) -> ClassSets:
    """For each input `[num_samples, dim]` the classes that conform; see `ZeroShotClassifier.predict_set`."""
    if method not in METHODS:
        raise InputFormatError(f'method is "lac" or "aps", not {method!r}')
    places = problem.classes.places(label_space)
    known = calibrated(problem, places, method, lambda reference: _own_nonconformity(method, reference))
    limits = known.limits(coverage)
    scores = problem.scores(problem.scale.prepare(inputs), places)
    probabilities = np.asarray(softmax(scores, axis=1))
    is_seen = problem.classes.is_seen[places]
    limit = np.where(is_seen, limits.get("seen", -np.inf), limits.get("unseen", -np.inf))
    inside = _nonconformity(method, probabilities, scores) <= limit
    order = np.argsort(-scores, axis=1, kind="stable")
    labels = [problem.classes.labels[place] for place in places]
    kinds: tuple[tuple[Kind, ...], ...] = ()
    if hierarchical:
        kinds, inside = _covered(problem, places, labels, probabilities, inside)
    chosen = [[column for column in row if member[column]] for row, member in zip(order.tolist(), inside, strict=True)]
    return ClassSets(
        labels=tuple(tuple(labels[column] for column in row) for row in chosen),
        probabilities=tuple(
            tuple(float(share[column]) for column in row) for row, share in zip(chosen, probabilities, strict=True)
        ),
        coverage=float(coverage),
        method=method,
        limits=limits,
        guarantee=known.guarantee("the class is in the set", coverage),
        kinds=kinds,
        names=_names(problem, places),
    )


def _names(problem: Problem, places: Sequence[int]) -> dict[Any, str]:
    assert problem.graph is not None  # there are no folds without one
    classes = problem.classes
    names = Spoken.of([problem.graph], [classes.concepts[place] for place in places]).names
    return {classes.labels[place]: names[classes.concepts[place]] for place in places}


def _nonconformity(method: str, masses: NDArray[np.float64], scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """How little each class conforms; a class of the reference that counts several times has its mass in the sums."""
    return lac_scores(masses, scores) if method == "lac" else aps_scores(masses, scores)


def _own_nonconformity(method: str, reference: Reference) -> NDArray[np.float64]:
    """How little the right class of each input conforms."""
    found = _nonconformity(method, reference.masses, reference.ranking)
    return np.asarray(found[np.arange(len(found)), reference.labels])


def _covered(
    problem: Problem,
    places: Sequence[int],
    labels: Sequence[Any],
    probabilities: NDArray[np.float64],
    inside: NDArray[np.bool_],
) -> tuple[tuple[tuple[Kind, ...], ...], NDArray[np.bool_]]:
    """Each set in the fewest words, and the classes that those stand for: all of the set, perhaps a few more."""
    hierarchy = hierarchy_of(problem, places)
    covers = Covers(hierarchy)
    label, node_label = cache(hierarchy.label), cache(hierarchy.node_label)
    wider = np.zeros_like(inside)
    found = []
    for row, member in enumerate(inside):
        kinds = []
        for node, columns in covers.smallest(member):
            wider[row, columns] = True
            share = float(probabilities[row, columns].sum())
            in_order = sorted(columns, key=lambda column: (-probabilities[row, column], column))
            named = tuple(labels[column] for column in in_order)
            if node is None:
                kinds.append(Kind(hierarchy.concepts[columns[0]], label(columns[0]), named, share, False))
            else:
                kinds.append(Kind(hierarchy.node_concept(node), node_label(node), named, share, True))
        found.append(tuple(sorted(kinds, key=lambda kind: (-kind.probability, kind.concept))))
    return tuple(found), wider
