"""Measure a zero-shot classifier on samples of seen and unseen classes, by the field's protocol.

Xian et al., "Zero-shot learning: the good, the bad and the ugly", CVPR 2017: T1 among the unseen classes; u, s and
their harmonic mean among all; accuracies are means over classes. Nothing is chosen on the samples given: gamma is the
classifier's own.
"""

import difflib
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, cast

import numpy as np
import polars as pl
from numpy.typing import ArrayLike, NDArray

from kgzsl.errors import InputFormatError, SplitError, listing
from kgzsl.evaluation.generalized import curve_of, margins_from, raw_margins
from kgzsl.evaluation.hierarchy import hierarchy_distances, nearest_classes, precision_rows
from kgzsl.evaluation.metrics import (
    Average,
    PerClassAccuracy,
    accuracy_by_class,
    checked,
    harmonic_mean,
    label_ranks,
    mean_over,
    positive,
)
from kgzsl.evaluation.results import EvaluationReport

__all__ = ["EvaluationReport", "Scorer", "evaluate"]

_SCORES_AT_ONCE = 2**24


class Scorer(Protocol):
    """What `evaluate` asks of a classifier.

    Calibration is already part of the scores. If there, `gamma_`, `random_state`, and `graph_` with `concept_of(label)`
    are used too: for the protocol, and for hierarchical precision.
    """

    @property
    def classes_(self) -> Any:
        """Labels of the seen classes."""
        ...

    def class_labels(self, label_space: str) -> Any:
        """Labels of the columns of `decision_function`, for "all" or "unseen"."""
        ...

    def decision_function(self, X: Any, *, label_space: str) -> Any:
        """Scores `[num_samples, num_classes]`, the higher the likelier."""
        ...


@dataclass(frozen=True)
class _Candidates:
    """Columns of the scores in one label space."""

    label_space: str
    labels: tuple[Any, ...]
    place: Mapping[Any, int]

    @classmethod
    def of(cls, clf: Scorer, label_space: str) -> "_Candidates":
        labels = _plain(clf.class_labels(label_space))
        return cls(label_space, labels, {label: place for place, label in enumerate(labels)})

    def batches(
        self, clf: Scorer, X: NDArray[Any], y: Sequence[Any]
    ) -> Iterator[tuple[NDArray[Any], NDArray[np.int64]]]:
        """Scores and places of the labels, so many rows at a time that memory stays bounded."""
        step = max(1, _SCORES_AT_ONCE // len(self.labels))
        for start in range(0, len(y), step):
            part = slice(start, start + step)
            places = np.array([self.place[label] for label in y[part]], dtype=np.int64)
            scores = np.asarray(clf.decision_function(X[part], label_space=self.label_space))
            if scores.shape != (len(places), len(self.labels)):
                raise InputFormatError(
                    f"decision_function gave scores of shape {scores.shape} for {len(places):,} samples and "
                    f"{len(self.labels):,} classes (label_space={self.label_space!r})"
                )
            yield checked(scores, places)


def evaluate(
    clf: Scorer,
    X_seen: ArrayLike,
    y_seen: Sequence[Any],
    X_unseen: ArrayLike,
    y_unseen: Sequence[Any],
    *,
    ks: Sequence[int] = (1, 2, 5, 10),
    average: Average = "macro",
    relations: Sequence[str] | str | None = None,
    protocol: Mapping[str, Any] | None = None,
) -> EvaluationReport:
    """Every zero-shot measure of a fitted classifier on held-out samples of seen and of unseen classes.

    `y_seen` and `y_unseen` hold labels as the classifier knows them. `average` is for Hit@k and hierarchical
    precision ("micro" is usual on ImageNet); T1, u and s are always means over classes. `relations` span the
    hierarchy (None: taxonomic). `protocol` adds facts that only the caller knows, such as the file and the indices of
    the split, to the report's own.

    Raises `SplitError` if a label stands on the wrong side, `InputFormatError` for labels the classifier does not
    know (all are listed), for lengths that differ, and for a side without samples.

    Example:
        >>> from types import SimpleNamespace
        >>> scorer = SimpleNamespace(
        ...     classes_=["cat"],
        ...     class_labels=lambda label_space: ["cat", "fox", "elk"][label_space == "unseen" :],
        ...     decision_function=lambda X, label_space: X[:, label_space == "unseen" :],
        ... )
        >>> X_unseen, y_unseen = [[0.4, 0.5, 0.1], [0.6, 0.1, 0.5]], ["fox", "elk"]
        >>> report = evaluate(scorer, [[1.0, 0.2, 0.1]], ["cat"], X_unseen, y_unseen)
        >>> report.t1, report.s, report.u, round(report.harmonic_mean, 3), report.ausuc
        (1.0, 1.0, 0.5, 0.667, 1.0)

    """
    everything, unseen = _Candidates.of(clf, "all"), _Candidates.of(clf, "unseen")
    seen = frozenset(_plain(clf.classes_))
    sides = {"seen": _side("seen", X_seen, y_seen), "unseen": _side("unseen", X_unseen, y_unseen)}
    _check_labels(sides["seen"][1], sides["unseen"][1], seen, unseen)
    cutoffs = tuple(positive(k, "k") for k in ks)

    y_u = sides["unseen"][1]
    ranks, near, hierarchy = _among_unseen(clf, unseen, sides["unseen"], cutoffs, relations)
    places = np.array([unseen.place[label] for label in y_u], dtype=np.int64)
    zsl = accuracy_by_class(ranks <= 1, places, len(unseen.labels))

    is_seen = np.array([label in seen for label in everything.labels])
    parts = [_among_all(clf, everything, *sides[name], is_seen) for name in ("seen", "unseen")]
    joint, margin, contender, rows = (np.concatenate(column) for column in zip(*parts, strict=True))
    margins = margins_from(margin, contender, rows, is_seen)
    top1 = accuracy_by_class(joint <= 1, rows, len(everything.labels))
    s, u = (float(np.nanmean(top1.accuracy[side])) for side in (is_seen, ~is_seen))
    own = accuracy_by_class(contender, rows, len(everything.labels))
    gamma = getattr(clf, "gamma_", None)
    return EvaluationReport(
        t1=zsl.mean,
        hits={k: mean_over(ranks <= k, places, average) for k in cutoffs},
        hits_all={k: mean_over(joint[~is_seen[rows]] <= k, places, average) for k in cutoffs},
        u=u,
        s=s,
        harmonic_mean=harmonic_mean(s, u),
        ausuc=margins.area,
        gamma=None if gamma is None else float(gamma),
        hierarchical_precision={k: mean_over(values, places, average) for k, values in near.items()},
        counts=_counts(top1, is_seen),
        protocol={**_protocol(clf, sides, everything, unseen, hierarchy), "average": average, **dict(protocol or {})},
        per_class=_per_class(everything, is_seen, top1, own),
        curve=curve_of(margins),
    )


def _among_unseen(
    clf: Scorer,
    unseen: _Candidates,
    side: tuple[NDArray[Any], Sequence[Any]],
    ks: Sequence[int],
    relations: Sequence[str] | str | None,
) -> tuple[NDArray[np.int64], dict[int, NDArray[np.float64]], str | None]:
    """Ranks, hierarchical precision of each sample by k, and which relations made the hierarchy (None without one)."""
    graph, concept_of = getattr(clf, "graph_", None), getattr(clf, "concept_of", None)
    near: dict[int, NDArray[np.bool_]] = {}
    present = sorted({unseen.place[label] for label in side[1]})
    row_of = np.full(len(unseen.labels), -1)
    row_of[present] = np.arange(len(present))
    if graph is not None and concept_of is not None:
        concepts = [concept_of(label) for label in unseen.labels]
        distances = hierarchy_distances(
            graph.index, [concepts[place] for place in present], concepts, relations=relations
        )
        near = {k: nearest_classes(distances, k) for k in ks if k <= len(unseen.labels)}
    ranks, precision = [], {k: [] for k in near}  # type: tuple[list[NDArray[np.int64]], dict[int, list[NDArray[Any]]]]
    for scores, places in unseen.batches(clf, *side):
        ranks.append(label_ranks(scores, places))
        for k, correct in near.items():
            precision[k].append(precision_rows(scores, correct[row_of[places]], k))
    described = None if not near else "taxonomic" if relations is None else repr(relations)
    return np.concatenate(ranks), {k: np.concatenate(rows) for k, rows in precision.items()}, described


def _among_all(
    clf: Scorer, everything: _Candidates, X: NDArray[Any], y: Sequence[Any], is_seen: NDArray[np.bool_]
) -> tuple[NDArray[Any], ...]:
    """Rank, margin, whether best on its own side, and place, of each sample."""
    parts = [
        (label_ranks(scores, places), *raw_margins(scores, places, is_seen), places)
        for scores, places in everything.batches(clf, X, y)
    ]
    return tuple(np.concatenate(column) for column in zip(*parts, strict=True))


def _side(name: str, X: ArrayLike, y: Sequence[Any]) -> tuple[NDArray[Any], tuple[Any, ...]]:
    table, labels = np.asarray(X), _plain(y)
    if table.ndim != 2:
        raise InputFormatError(f"X_{name} has shape [num_samples, dim], not {table.shape}")
    if len(table) != len(labels):
        raise InputFormatError(f"X_{name} has {len(table):,} rows and y_{name} {len(labels):,} labels")
    if not labels:
        raise InputFormatError(f"no samples of {name} classes: X_{name} is empty, and a mean over nothing has no value")
    return table, labels


def _check_labels(y_seen: Sequence[Any], y_unseen: Sequence[Any], seen: frozenset[Any], unseen: _Candidates) -> None:
    for name, labels, wrong in (("unseen", y_unseen, seen), ("seen", y_seen, frozenset(unseen.place))):
        overlap = sorted({str(label) for label in labels if label in wrong})
        if overlap:
            other = "seen" if name == "unseen" else "unseen"
            raise SplitError(f"y_{name} has {len(overlap):,} {other} class(es): {listing(overlap)}", overlap=overlap)
    known = seen | frozenset(unseen.place)
    unknown = sorted({str(label) for label in (*y_seen, *y_unseen) if label not in known})
    if unknown:
        valid = sorted(map(str, known))
        nearest = difflib.get_close_matches(unknown[0], valid, n=3)
        raise InputFormatError(
            f"the classifier has no class for {len(unknown):,} label(s): {listing(unknown, limit=len(unknown))}"
            + (f"; nearest to {unknown[0]!r}: {listing(nearest)}" if nearest else "")
        )


def _counts(top1: PerClassAccuracy, is_seen: NDArray[np.bool_]) -> dict[str, int]:
    counts = {}
    for name, side in (("seen", is_seen), ("unseen", ~is_seen)):
        support = top1.support[side]
        counts[f"num_{name}_classes"] = len(support)
        counts[f"num_{name}_samples"] = int(support.sum())
        counts[f"num_{name}_absent"] = int((support == 0).sum())
    return counts


def _per_class(
    everything: _Candidates, is_seen: NDArray[np.bool_], top1: PerClassAccuracy, own: PerClassAccuracy
) -> pl.DataFrame:
    table = pl.DataFrame(
        {
            "label": [str(label) for label in everything.labels],
            "side": np.where(is_seen, "seen", "unseen").tolist(),
            "num_samples": top1.support,
            "accuracy": top1.accuracy,
            "accuracy_own_side": own.accuracy,
        }
    )
    return table.with_columns(pl.col("accuracy", "accuracy_own_side").fill_nan(None)).sort(["side", "label"])


def _protocol(
    clf: Scorer,
    sides: Mapping[str, tuple[NDArray[Any], Sequence[Any]]],
    everything: _Candidates,
    unseen: _Candidates,
    hierarchy: str | None,
) -> dict[str, Any]:
    graph = getattr(clf, "graph_", None)
    random_state = getattr(clf, "random_state", None)
    return {
        "candidates": {"t1": len(unseen.labels), "u, s": len(everything.labels)},
        "ties": "against the prediction",
        "t1, u, s": "macro",
        "gamma": "the classifier's own; AUSUC over all",
        "random_state": random_state if isinstance(random_state, int) else None,
        "hierarchy": hierarchy,
        "graph": None if graph is None else str(graph.name),
        "graph_fingerprint": None if graph is None else str(graph.fingerprint),
        "labels_sha256": {name: _digest(labels) for name, (_, labels) in sides.items()},
    }


def _digest(labels: Sequence[Any]) -> str:
    """Tells whether two reports were measured on the same labels in the same order."""
    return hashlib.sha256("\n".join(map(str, labels)).encode()).hexdigest()


def _plain(labels: Any) -> tuple[Any, ...]:
    """Labels as Python values, so that a NumPy string and a string are the same label."""
    return tuple(cast("list[Any]", np.asarray(labels, dtype=object).tolist())) if len(labels) else ()
