"""Leaks in how a result is told: another protocol's figures, means over samples, ties that count for the prediction."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from kgzsl.display.rounding import percent
from kgzsl.evaluation.leaks_run import Run
from kgzsl.evaluation.protocol import TIES
from kgzsl.query.audit_subject import Found, found

__all__ = ["other_protocol", "per_sample_means", "ties_for_the_prediction"]

_CLOSE = 5e-5
"""Figures are given to a hundredth of a per cent."""


def other_protocol(run: Run) -> Found:
    """A report that bears the hash of another protocol, or a protocol made for other data."""
    stored = _facts(run).get("protocol_sha256")
    faults = []
    if run.protocol is None:
        return Found(0, skipped="needs a protocol")
    if stored is not None and stored != run.protocol.sha256:
        faults.append(f"the report bears {str(stored)[:16]}, the protocol is {run.protocol.sha256[:16]}")
    made_for, data = run.protocol.data_sha256, run.dataset
    if made_for and data is not None and made_for not in {data.sha256, data.content_sha256}:
        faults.append(f"the protocol is for data {made_for[:16]}, these are {data.content_sha256[:16]}")
    return found(faults)


def per_sample_means(run: Run) -> Found:
    """Accuracies that are means over samples, where the protocol says over classes: stated, or computed again."""
    promised = "macro" if run.protocol is None else run.protocol.average
    stated = _facts(run).get("average")
    if promised != "macro":
        return Found(0)
    if stated == "micro":
        return Found(1, ("the report's Hit@k are means over samples",))
    rows = run.test_rows if run.tested is None else run.tested
    if not run.figures or run.predicted is None or run.labels is None:
        return Found(0, skipped="" if stated == "macro" else "needs a report, or figures with the predicted classes")
    if len(run.predicted) != len(rows):
        return Found(0, skipped=f"{len(run.predicted):,} predicted classes for {len(rows):,} test rows")
    told = []
    right = np.array([str(name) for name in run.predicted]) == run.labels[rows]
    for figure, side in (("u", run.unseen), ("s", run.seen)):
        own = np.isin(run.labels[rows], list(side))
        if figure not in run.figures or not own.any():
            continue
        classes = run.labels[rows][own]
        macro = float(np.mean([right[own][classes == name].mean() for name in np.unique(classes)]))
        micro = float(right[own].mean())
        claimed = float(run.figures[figure])
        if abs(claimed - micro) <= _CLOSE < abs(claimed - macro):
            told.append(
                f"{figure} = {percent(claimed, 2)} is the mean over samples; over classes it is {percent(macro, 2)}"
            )
    return found(told)


def ties_for_the_prediction(run: Run) -> Found:
    """Equal scores that count as right: a model that scores all classes alike would be perfect."""
    told = {"the protocol": None if run.protocol is None else run.protocol.ties, "the report": _facts(run).get("ties")}
    if not any(told.values()):
        return Found(0, skipped="needs a protocol or a report")
    return found([f"{who}: ties {how}" for who, how in told.items() if how and how != TIES])


def _facts(run: Run) -> Mapping[str, Any]:
    held = getattr(run.report, "protocol", None)
    return held if isinstance(held, Mapping) else {}
