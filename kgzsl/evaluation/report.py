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

from kgzsl.counts import checked_count
from kgzsl.display.progress import Advance, progress
from kgzsl.errors import InputFormatError
from kgzsl.evaluation.distances_near import NearClasses, near_classes
from kgzsl.evaluation.generalized import curve_of, margins_from
from kgzsl.evaluation.metrics import Average, PerClassAccuracy, accuracy_by_class, harmonic_mean, mean_over
from kgzsl.evaluation.report_measures import (
    Answers,
    Hierarchy,
    answered,
    by_distance,
    gives_softmax,
    hit_rates,
    intervals_of,
    probability_measures,
)
from kgzsl.evaluation.report_sets import checked_stated, set_table
from kgzsl.evaluation.results import EvaluationReport
from kgzsl.evaluation.scorer import Candidates, KnownClasses, Sample, Scorer

__all__ = ["EvaluationReport", "Scorer", "evaluate"]

LEVEL = 0.95
NUM_DRAWS = 2000
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
    coverage: float | None = 0.9,
    show_progress: bool | None = None,
) -> EvaluationReport:
    """Every zero-shot measure of a fitted classifier on held-out samples of seen and of unseen classes.

    `y_seen` and `y_unseen` hold labels as the classifier knows them, or anything its graph resolves to their
    concepts. `average` is for Hit@k and hierarchical precision ("micro" is usual on ImageNet); T1, u and s are always
    means over classes. `relations` span the hierarchy (None: taxonomic), which is that of the unseen classes and all
    that lies above them. `protocol` adds facts that only the caller knows, such as the file and the indices of the
    split, to the report's own. `coverage` is what conformal sets are asked to reach, of classifiers with `predict_set`;
    None leaves sets out.

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
    cutoffs, stated = _cutoffs(ks), checked_stated(coverage)
    if protocol is not None and not isinstance(protocol, Mapping):
        raise InputFormatError(f"protocol is a dictionary of facts about the split, not {protocol!r}")
    classes = KnownClasses.of(clf)
    samples = classes.samples(X_seen, y_seen, X_unseen, y_unseen)
    with progress(4, "evaluating", show=show_progress) as advance:
        return _evaluated(clf, classes, samples, cutoffs, stated, average, relations, protocol, advance)


def _evaluated(
    clf: Scorer,
    classes: KnownClasses,
    samples: tuple[Sample, Sample],
    cutoffs: tuple[int, ...],
    stated: float | None,
    average: Average,
    relations: _Relations,
    protocol: Mapping[str, Any] | None,
    advance: Advance,
) -> EvaluationReport:
    everything = classes.everything
    is_seen = np.array([label in classes.seen.place for label in everything.labels])
    near = _near(classes, samples[1], cutoffs, relations)
    zero_shot = answered(
        clf, classes.unseen, samples[1], near=near, has_odds=gives_softmax(clf, samples[1].X, "unseen")
    )
    advance(note="all classes")
    has_odds = gives_softmax(clf, samples[1].X, "all")
    seen, unseen = (answered(clf, everything, sample, is_seen=is_seen, has_odds=has_odds) for sample in samples)

    margin, contender, rows, correct = (
        np.concatenate([getattr(side, name) for side in (seen, unseen)])
        for name in ("margin", "contender", "places", "correct")
    )
    margins = margins_from(margin, contender, rows, is_seen)
    top1, own_side = (accuracy_by_class(values, rows, len(is_seen)) for values in (correct, contender))
    s, u = (float(np.nanmean(top1.accuracy[side])) for side in (is_seen, ~is_seen))
    gamma = getattr(clf, "gamma_", None)
    measures, bins = probability_measures({"unseen": zero_shot, "u": unseen, "s": seen})
    hierarchy = Hierarchy.of(classes, relations)
    told = None if near is None else "taxonomic" if relations is None else relations
    asked = {"unseen": (classes.unseen, samples[1]), "u": (everything, samples[1]), "s": (everything, samples[0])}
    advance(note="sets")
    sets, no_sets = set_table(clf, asked, stated, level=LEVEL, num_draws=NUM_DRAWS)
    advance(note="intervals")
    return EvaluationReport(
        t1=mean_over(zero_shot.correct, zero_shot.places, "macro"),
        hits={k: mean_over(zero_shot.ranks <= k, zero_shot.places, average) for k in cutoffs},
        hits_all={k: mean_over(unseen.ranks <= k, unseen.places, average) for k in cutoffs},
        u=u,
        s=s,
        harmonic_mean=harmonic_mean(s, u),
        ausuc=margins.area,
        gamma=None if gamma is None else float(gamma),
        hierarchical_precision={
            k: mean_over(zero_shot.precision[k], zero_shot.places, average)
            for k in dict.fromkeys(cutoffs)
            if k in zero_shot.precision
        },
        counts=_counts(top1, is_seen),
        protocol={**_protocol(clf, classes, samples, told), "average": average, **dict(protocol or {})},
        per_class=_per_class(classes, is_seen, top1, own_side, hierarchy),
        curve=curve_of(margins),
        hit_rates=hit_rates(zero_shot, unseen, cutoffs),
        intervals=intervals_of(zero_shot, seen, unseen, is_seen, level=LEVEL, num_draws=NUM_DRAWS),
        mistake_height={} if hierarchy is None else _heights(hierarchy, classes, zero_shot, seen, unseen),
        by_distance=None if hierarchy is None else by_distance(hierarchy.distances(), own_side, top1, ~is_seen),
        probability=measures,
        reliability=bins,
        confusion=_confusion(everything, seen, unseen),
        sets=sets,
        no_sets=no_sets,
    )


def _cutoffs(ks: Sequence[int]) -> tuple[int, ...]:
    if isinstance(ks, str) or not isinstance(ks, Iterable):
        raise InputFormatError(f"ks is a list of cut-offs such as (1, 5), not {ks!r}")
    return tuple(checked_count(k, "k") for k in ks)


def _near(classes: KnownClasses, sample: Sample, ks: Sequence[int], relations: _Relations) -> NearClasses | None:
    """Correct sets of the unseen classes with samples; None without a graph that has all unseen classes."""
    cutoffs = [k for k in ks if k <= len(classes.unseen.labels)]
    if classes.graph is None or classes.not_in_graph or not cutoffs:
        return None
    concepts = [classes.concept[label] for label in classes.unseen.labels]
    index = classes.graph.induced(concepts, relations=relations).index
    present = np.unique(classes.unseen.places(sample.labels))
    return near_classes(index, concepts, cutoffs, places=present, relations=relations)


def _heights(
    hierarchy: Hierarchy, classes: KnownClasses, zero_shot: Answers, seen: Answers, unseen: Answers
) -> dict[str, float]:
    """Mean height of the mistakes in each question, where there are any."""
    of_unseen = [classes.concept[label] for label in classes.unseen.labels]
    asked = {"t1": (zero_shot, of_unseen), "u": (unseen, hierarchy.concepts), "s": (seen, hierarchy.concepts)}
    found = {name: hierarchy.mistake_heights(answers, concepts) for name, (answers, concepts) in asked.items()}
    return {name: value for name, value in found.items() if value is not None}


def _confusion(everything: Candidates, seen: Answers, unseen: Answers) -> pl.DataFrame:
    """How many samples of each class were taken for which, all classes being candidates."""
    labels = np.array([str(label) for label in everything.labels])
    pairs = np.concatenate([np.stack([side.places, side.answer]) for side in (seen, unseen)], axis=1)
    kinds, counts = np.unique(pairs, axis=1, return_counts=True)
    return pl.DataFrame({"label": labels[kinds[0]], "answer": labels[kinds[1]], "num_samples": counts})


def _counts(top1: PerClassAccuracy, is_seen: NDArray[np.bool_]) -> dict[str, int]:
    counts = {}
    for name, side in (("seen", is_seen), ("unseen", ~is_seen)):
        support = top1.support[side]
        counts[f"num_{name}_classes"] = len(support)
        counts[f"num_{name}_samples"] = int(support.sum())
        counts[f"num_{name}_absent"] = int((support == 0).sum())
    return counts


def _per_class(
    classes: KnownClasses,
    is_seen: NDArray[np.bool_],
    top1: PerClassAccuracy,
    own: PerClassAccuracy,
    hierarchy: Hierarchy | None,
) -> pl.DataFrame:
    num = len(is_seen)
    far = np.full(num, np.inf) if hierarchy is None else hierarchy.distances()
    distance = [int(steps) if np.isfinite(steps) else None for steps in far.tolist()]
    groups = [None] * num if hierarchy is None else hierarchy.groups()
    table = pl.DataFrame(
        {
            "label": [str(label) for label in classes.everything.labels],
            "name": pl.Series([classes.name(label) for label in classes.everything.labels], dtype=pl.String),
            "side": np.where(is_seen, "seen", "unseen").tolist(),
            "num_samples": top1.support,
            "accuracy": top1.accuracy,
            "accuracy_own_side": own.accuracy,
            "distance_to_seen": pl.Series(distance, dtype=pl.Int64),
            "group": pl.Series(groups, dtype=pl.String),
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
