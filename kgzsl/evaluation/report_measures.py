"""What an evaluation keeps of each sample in one label space, and the measures made of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.special import logsumexp, softmax

from kgzsl.errors import InputFormatError
from kgzsl.evaluation.calibration_error import ReliabilityBins, brier_rows, reliability_of
from kgzsl.evaluation.distances import AncestorHeights, accuracy_by_distance, ancestor_heights, distance_to_nearest
from kgzsl.evaluation.distances_near import NearClasses
from kgzsl.evaluation.generalized import raw_margins
from kgzsl.evaluation.intervals import Interval, bootstrap_interval, generalized_intervals
from kgzsl.evaluation.intervals_curve import area_interval
from kgzsl.evaluation.metrics import PerClassAccuracy, label_ranks, mean_over
from kgzsl.evaluation.scorer import Candidates, KnownClasses, Sample, Scorer
from kgzsl.graph.index import GraphIndex

__all__ = ["Answers", "Hierarchy", "answered", "gives_softmax", "hit_rates", "intervals_of", "probability_measures"]

_Relations = Sequence[str] | str | None


@dataclass(frozen=True, eq=False)
class Answers:
    """One entry a sample: the column of its class, that of the answer, and how both were scored.

    Of equal scores a wrong class is the answer. `margin` and `contender` are those of `raw_margins`; `confidence`,
    `brier` and `surprise` (-log p of the own class) are NaN where scores are not known to be log odds; `precision` is
    by k.
    """

    places: NDArray[np.int64]
    ranks: NDArray[np.int64]
    answer: NDArray[np.int64]
    confidence: NDArray[np.float64]
    brier: NDArray[np.float64]
    surprise: NDArray[np.float64]
    margin: NDArray[np.float64]
    contender: NDArray[np.bool_]
    precision: Mapping[int, NDArray[np.float64]]

    @property
    def correct(self) -> NDArray[np.bool_]:
        """Whether the own class is the answer, ties counting against it."""
        return self.ranks <= 1


def gives_softmax(clf: Scorer, X: NDArray[Any] | pl.DataFrame, label_space: str) -> bool:
    """Whether the classifier's probabilities are the softmax of its scores, told from a few rows."""
    proba = getattr(clf, "predict_proba", None)
    if not callable(proba):
        return False
    try:
        given = np.asarray(proba(X[:8], label_space=label_space), dtype=np.float64)
    except TypeError:  # it knows no label spaces
        return False
    scores = np.asarray(clf.decision_function(X[:8], label_space=label_space), dtype=np.float64)
    return given.shape == scores.shape and np.allclose(given, softmax(scores, axis=1), atol=1e-6)


def answered(
    clf: Scorer,
    candidates: Candidates,
    sample: Sample,
    *,
    is_seen: NDArray[np.bool_] | None = None,
    near: NearClasses | None = None,
    has_odds: bool = False,
) -> Answers:
    """Score the rows, part after part, and keep what the measures need."""
    parts = [
        _part(scores, places, is_seen, near, has_odds=has_odds) for scores, places in candidates.batches(clf, sample)
    ]
    joined = {name: np.concatenate([part[name] for part in parts]) for name in parts[0] if name != "precision"}
    by_k = {k: np.concatenate([part["precision"][k] for part in parts]) for k in parts[0]["precision"]}
    return Answers(**joined, precision=by_k)


def _part(
    scores: NDArray[Any],
    places: NDArray[np.int64],
    is_seen: NDArray[np.bool_] | None,
    near: NearClasses | None,
    *,
    has_odds: bool,
) -> dict[str, Any]:
    rows = np.arange(len(places))
    others = scores.astype(np.float64, copy=True)
    own = others[rows, places].copy()
    others[rows, places] = -np.inf
    rival = others.argmax(axis=1) if scores.shape[1] > 1 else places
    answer = np.where(own > others[rows, rival], places, rival) if scores.shape[1] > 1 else places
    nothing = np.full(len(places), np.nan)
    found: dict[str, Any] = {"confidence": nothing, "brier": nothing, "surprise": nothing}
    if has_odds:
        odds = scores.astype(np.float64)
        total = logsumexp(odds, axis=1)
        probabilities = np.exp(odds - total[:, None])
        found["confidence"] = probabilities.max(axis=1)
        found["brier"], found["surprise"] = brier_rows(probabilities, places), total - own
    margin, contender = (nothing, rows < 0) if is_seen is None else raw_margins(scores, places, is_seen)
    return found | {
        "places": places,
        "ranks": label_ranks(scores, places),
        "answer": answer.astype(np.int64),
        "margin": margin,
        "contender": contender,
        "precision": {} if near is None else near.precision(scores, places),
    }


def hit_rates(unseen: Answers, among_all: Answers, ks: Sequence[int]) -> pl.DataFrame:
    """Hit@k of samples of unseen classes: both candidate sets, both averages."""
    return pl.DataFrame(
        [
            {
                "k": k,
                "candidates": name,
                "average": average,
                "value": mean_over(found.ranks <= k, found.places, average),
            }
            for name, found in (("unseen", unseen), ("all", among_all))
            for average in ("macro", "micro")
            for k in dict.fromkeys(ks)
        ],
        schema={"k": pl.Int64, "candidates": pl.String, "average": pl.String, "value": pl.Float64},
        orient="row",
    )


def intervals_of(
    unseen: Answers,
    seen_all: Answers,
    unseen_all: Answers,
    is_seen: NDArray[np.bool_],
    *,
    level: float,
    num_draws: int,
) -> pl.DataFrame:
    """Intervals of T1, u, s, H and AUSUC, over classes and over samples, as a table."""
    rows: list[tuple[str, Interval]] = []
    margin, contender, labels = (
        np.concatenate([getattr(side, name) for side in (seen_all, unseen_all)])
        for name in ("margin", "contender", "places")
    )
    for over in ("classes", "samples"):
        options: dict[str, Any] = {"over": over, "level": level, "num_draws": num_draws}
        rows.append(("t1", bootstrap_interval(unseen.correct, unseen.places, **options)))
        sides = {"s": seen_all, "u": unseen_all}
        correct = {side: found.correct.astype(np.float64) for side, found in sides.items()}
        places = {side: found.places for side, found in sides.items()}
        rows += list(generalized_intervals(correct, places, **options).items())
        rows.append(("ausuc", area_interval(margin, contender, labels, is_seen, **options)))
    return pl.DataFrame(
        [
            {
                "measure": name,
                "over": each.over,
                "value": each.value,
                "low": each.low,
                "high": each.high,
                "level": level,
            }
            for name, each in rows
        ]
    )


def probability_measures(spaces: Mapping[str, Answers]) -> tuple[dict[str, float], dict[str, ReliabilityBins]]:
    """Calibration error, Brier score and negative log likelihood over the samples of each space, and the bins."""
    measures: dict[str, float] = {}
    bins = {}
    for name, found in spaces.items():
        if np.isnan(found.confidence).any():
            continue
        bins[name] = reliability_of(found.confidence, found.correct)
        measures[f"ece_{name}"] = bins[name].error
        measures[f"brier_{name}"] = float(found.brier.mean())
        measures[f"nll_{name}"] = float(found.surprise.mean())
    return measures, bins


@dataclass(frozen=True, eq=False)
class Hierarchy:
    """The classes in the taxonomy: what lies between them, and the groups they fall into."""

    index: GraphIndex
    concepts: tuple[str, ...]
    seen: tuple[str, ...]
    relations: _Relations

    @classmethod
    def of(cls, classes: KnownClasses, relations: _Relations) -> "Hierarchy | None":
        """Of all classes and what lies above them; None without a graph that has them all."""
        if classes.graph is None or any(classes.concept[label] not in classes.graph for label in classes.concept):
            return None
        concepts = tuple(classes.concept[label] for label in classes.everything.labels)
        seen = tuple(classes.concept[label] for label in classes.seen.labels)
        return cls(classes.graph.induced(concepts, relations=relations).index, concepts, seen, relations)

    def mistake_heights(self, found: Answers, concepts: Sequence[str]) -> float | None:
        """Mean height of the lowest common ancestor of right class and answer, over the mistakes; None without any."""
        wrong = found.answer != found.places
        if not wrong.any():
            return None
        positions = self.index.positions(concepts)
        between = self._heights.between(positions[found.places[wrong]], positions[found.answer[wrong]])
        return float(between.mean())

    @cached_property
    def _heights(self) -> AncestorHeights:
        return ancestor_heights(self.index, self.relations)

    def distances(self) -> NDArray[np.float64]:
        """Edges from each class to the nearest seen one; inf where there is no way."""
        return distance_to_nearest(self.index, self.concepts, self.seen, relations=self.relations)

    def groups(self, most: int = 12) -> list[str]:
        """A concept above each class, such that there are at most `most`, found by splitting the largest group.

        The group of all splits into what lies right below its top, and so on, as long as it stays within `most`. A
        class with several ways up goes the first way by id. Groups of one class are named by it.
        """
        above = self.index.up(self.relations)
        ways = [_way_up(above.indptr, above.indices, at) for at in self.index.positions(self.concepts).tolist()]
        return [self.index.ids[node] for node in _split_groups(ways, most)]


def _way_up(indptr: NDArray[Any], indices: NDArray[Any], start: int) -> tuple[int, ...]:
    """From the top down to the concept, always the first way by position; -1, thought above all, is the first."""
    way, met = [start], {start}
    while indptr[way[-1]] < indptr[way[-1] + 1]:
        upper = int(indices[indptr[way[-1]] : indptr[way[-1] + 1]].min())
        if upper in met:
            break
        met.add(upper)
        way.append(upper)
    return (-1, *reversed(way))


def _split_groups(ways: Sequence[tuple[int, ...]], most: int) -> list[int]:
    """How deep each way is followed: the largest group that can be split within `most` groups is split first."""
    if most < 1:
        raise InputFormatError(f"at least one group is needed, not {most!r}")
    depth = [0] * len(ways)
    closed: set[int] = set()
    while True:
        members: dict[int, list[int]] = {}
        for row, way in enumerate(ways):
            members.setdefault(way[depth[row]], []).append(row)
        open_groups = [(-len(rows), node) for node, rows in members.items() if node not in closed and len(rows) > 1]
        if not open_groups:
            return [way[depth[row]] for row, way in enumerate(ways)]
        node = min(open_groups)[1]
        parts = {ways[row][min(depth[row] + 1, len(ways[row]) - 1)] for row in members[node]}
        if len(members) - 1 + len(parts) > most:
            closed.add(node)
            continue
        stuck = all(depth[row] == len(ways[row]) - 1 for row in members[node])
        for row in members[node]:
            depth[row] = min(depth[row] + 1, len(ways[row]) - 1)
        if stuck:
            closed.add(node)


def by_distance(
    distance: NDArray[np.float64], own_side: PerClassAccuracy, among_all: PerClassAccuracy, unseen: NDArray[np.bool_]
) -> pl.DataFrame:
    """Accuracy of the unseen classes at each distance from the nearest seen one; null stands for "no way"."""
    columns = [
        accuracy_by_distance(each.accuracy[unseen], each.support[unseen], distance[unseen])
        for each in (own_side, among_all)
    ]
    return pl.DataFrame(
        [
            {
                "distance": int(first.distance) if np.isfinite(first.distance) else None,
                "num_classes": first.num_classes,
                "num_samples": first.num_samples,
                "t1": first.accuracy,
                "u": second.accuracy,
            }
            for first, second in zip(*columns, strict=True)
        ],
        schema={
            "distance": pl.Int64,
            "num_classes": pl.Int64,
            "num_samples": pl.Int64,
            "t1": pl.Float64,
            "u": pl.Float64,
        },
    )
