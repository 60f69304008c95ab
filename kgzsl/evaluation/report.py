"""Measure a zero-shot classifier on samples of seen and unseen classes, by the field's protocol.

Xian et al., "Zero-shot learning: the good, the bad and the ugly", CVPR 2017: T1 among the unseen classes; u, s and
their harmonic mean among all; accuracies are means over classes. Nothing is chosen on the samples given: gamma is the
classifier's own.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import ArrayLike, NDArray

from kgzsl.errors import InputFormatError
from kgzsl.evaluation.generalized import curve_of, margins_from, raw_margins
from kgzsl.evaluation.hierarchy import hierarchy_distances, precision_rows, radii
from kgzsl.evaluation.metrics import (
    Average,
    PerClassAccuracy,
    accuracy_by_class,
    harmonic_mean,
    label_ranks,
    mean_over,
    positive,
)
from kgzsl.evaluation.results import EvaluationReport
from kgzsl.evaluation.scorer import Candidates, KnownClasses, Sample, Scorer

__all__ = ["EvaluationReport", "Scorer", "evaluate"]

_Relations = Sequence[str] | str | None


def evaluate(
    clf: Scorer,
    X_seen: ArrayLike,
    y_seen: Sequence[Any],
    X_unseen: ArrayLike,
    y_unseen: Sequence[Any],
    *,
    ks: Sequence[int] = (1, 2, 5, 10),
    average: Average = "macro",
    relations: _Relations = None,
    protocol: Mapping[str, Any] | None = None,
) -> EvaluationReport:
    """Every zero-shot measure of a fitted classifier on held-out samples of seen and of unseen classes.

    `y_seen` and `y_unseen` hold labels as the classifier knows them, or anything its graph resolves to their
    concepts. `average` is for Hit@k and hierarchical precision ("micro" is usual on ImageNet); T1, u and s are always
    means over classes. `relations` span the hierarchy (None: taxonomic), which is that of the unseen classes and all
    that lies above them. `protocol` adds facts that only the caller knows, such as the file and the indices of the
    split, to the report's own.

    Raises `SplitError` if a label stands on the wrong side, `InputFormatError` for labels the classifier does not
    know (all are listed), for lengths that differ, for a side without samples, and for arguments of another kind.

    Example:
        >>> from types import SimpleNamespace
        >>> scorer = SimpleNamespace(
        ...     class_labels={"all": ["cat", "fox", "elk"], "seen": ["cat"], "unseen": ["fox", "elk"]}.get,
        ...     decision_function=lambda X, label_space: X[:, label_space == "unseen" :],
        ... )
        >>> X_unseen, y_unseen = [[0.4, 0.5, 0.1], [0.6, 0.1, 0.5]], ["fox", "elk"]
        >>> report = evaluate(scorer, [[1.0, 0.2, 0.1]], ["cat"], X_unseen, y_unseen)
        >>> report.t1, report.s, report.u, round(report.harmonic_mean, 3), report.ausuc
        (1.0, 1.0, 0.5, 0.667, 1.0)

    """
    cutoffs = _cutoffs(ks)
    if protocol is not None and not isinstance(protocol, Mapping):
        raise InputFormatError(f"protocol is a dictionary of facts about the split, not {protocol!r}")
    classes = KnownClasses.of(clf)
    samples = classes.samples(X_seen, y_seen, X_unseen, y_unseen)
    everything, unseen = classes.everything, classes.unseen

    places = unseen.places(samples[1].labels)
    ranks, near = _among_unseen(clf, classes, samples[1], cutoffs, relations)
    is_seen = np.array([label in classes.seen.place for label in everything.labels])
    parts = [_among_all(clf, everything, sample, is_seen) for sample in samples]
    joint, margin, contender, rows = (np.concatenate(column) for column in zip(*parts, strict=True))
    margins = margins_from(margin, contender, rows, is_seen)
    top1 = accuracy_by_class(joint <= 1, rows, len(is_seen))
    s, u = (float(np.nanmean(top1.accuracy[side])) for side in (is_seen, ~is_seen))
    gamma = getattr(clf, "gamma_", None)
    hierarchy = None if not near else "taxonomic" if relations is None else relations
    return EvaluationReport(
        t1=mean_over(ranks <= 1, places, "macro"),
        hits={k: mean_over(ranks <= k, places, average) for k in cutoffs},
        hits_all={k: mean_over(joint[~is_seen[rows]] <= k, places, average) for k in cutoffs},
        u=u,
        s=s,
        harmonic_mean=harmonic_mean(s, u),
        ausuc=margins.area,
        gamma=None if gamma is None else float(gamma),
        hierarchical_precision={k: mean_over(values, places, average) for k, values in near.items()},
        counts=_counts(top1, is_seen),
        protocol={**_protocol(clf, classes, samples, hierarchy), "average": average, **dict(protocol or {})},
        per_class=_per_class(classes, is_seen, top1, accuracy_by_class(contender, rows, len(is_seen))),
        curve=curve_of(margins),
    )


def _cutoffs(ks: Sequence[int]) -> tuple[int, ...]:
    if isinstance(ks, str) or not isinstance(ks, Iterable):
        raise InputFormatError(f"ks is a list of cut-offs such as (1, 5), not {ks!r}")
    return tuple(positive(k, "k") for k in ks)


def _among_unseen(
    clf: Scorer, classes: KnownClasses, sample: Sample, ks: Sequence[int], relations: _Relations
) -> tuple[NDArray[np.int64], dict[int, NDArray[np.float64]]]:
    """Rank of each sample, and by k its hierarchical precision."""
    unseen = classes.unseen
    present = np.unique(unseen.places(sample.labels))
    distances = _distances(classes, present, relations)
    # a matrix of distances and a radius a row, not a matrix for every k: 20,842 classes squared are 1.7 GB
    radius = {} if distances is None else {k: radii(distances, k) for k in ks if k <= len(unseen.labels)}
    ranks: list[NDArray[np.int64]] = []
    precision: dict[int, list[NDArray[np.float64]]] = {k: [] for k in radius}
    for scores, places in unseen.batches(clf, sample):
        ranks.append(label_ranks(scores, places))
        rows = np.searchsorted(present, places)
        for k, reach in radius.items():
            assert distances is not None
            precision[k].append(precision_rows(scores, distances[rows] <= reach[rows, None], k))
    return np.concatenate(ranks), {k: np.concatenate(values) for k, values in precision.items()}


def _distances(classes: KnownClasses, present: NDArray[np.int64], relations: _Relations) -> NDArray[np.float32] | None:
    """From the unseen classes with samples to all unseen classes; None without a graph that has them all."""
    if classes.graph is None or classes.not_in_graph:
        return None
    concepts = [classes.concept[label] for label in classes.unseen.labels]
    index = classes.graph.induced(concepts, relations=relations).index
    return hierarchy_distances(index, [concepts[place] for place in present], concepts, relations=relations)


def _among_all(
    clf: Scorer, everything: Candidates, sample: Sample, is_seen: NDArray[np.bool_]
) -> tuple[NDArray[Any], ...]:
    """Rank, margin, whether best on its own side, and place, of each sample."""
    parts = [
        (label_ranks(scores, places), *raw_margins(scores, places, is_seen), places)
        for scores, places in everything.batches(clf, sample)
    ]
    return tuple(np.concatenate(column) for column in zip(*parts, strict=True))


def _counts(top1: PerClassAccuracy, is_seen: NDArray[np.bool_]) -> dict[str, int]:
    counts = {}
    for name, side in (("seen", is_seen), ("unseen", ~is_seen)):
        support = top1.support[side]
        counts[f"num_{name}_classes"] = len(support)
        counts[f"num_{name}_samples"] = int(support.sum())
        counts[f"num_{name}_absent"] = int((support == 0).sum())
    return counts


def _per_class(
    classes: KnownClasses, is_seen: NDArray[np.bool_], top1: PerClassAccuracy, own: PerClassAccuracy
) -> pl.DataFrame:
    table = pl.DataFrame(
        {
            "label": [str(label) for label in classes.everything.labels],
            "name": pl.Series([classes.name(label) for label in classes.everything.labels], dtype=pl.String),
            "side": np.where(is_seen, "seen", "unseen").tolist(),
            "num_samples": top1.support,
            "accuracy": top1.accuracy,
            "accuracy_own_side": own.accuracy,
        }
    )
    return table.with_columns(pl.col("accuracy", "accuracy_own_side").fill_nan(None)).sort(["side", "label"])


def _protocol(
    clf: Scorer, classes: KnownClasses, samples: tuple[Sample, Sample], hierarchy: _Relations
) -> dict[str, Any]:
    random_state = getattr(clf, "random_state", None)
    return {
        "candidates": {"t1": len(classes.unseen.labels), "u, s": len(classes.everything.labels)},
        "ties": "against the prediction",
        "t1, u, s": "macro",
        "gamma": "the classifier's own; AUSUC over all",
        "random_state": random_state if isinstance(random_state, int) else None,
        "hierarchy": hierarchy if hierarchy is None or isinstance(hierarchy, str) else list(hierarchy),
        "not_in_graph": classes.not_in_graph,
        "graph": None if classes.graph is None else classes.graph.name,
        "graph_fingerprint": None if classes.graph is None else classes.graph.fingerprint,
        "labels_sha256": {name: _digest(sample) for name, sample in zip(("seen", "unseen"), samples, strict=True)},
    }


def _digest(sample: Sample) -> str:
    """Tells whether two reports were measured on the same labels in the same order."""
    return hashlib.sha256("\n".join(map(str, sample.labels)).encode()).hexdigest()
