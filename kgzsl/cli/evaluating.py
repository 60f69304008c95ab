"""`kgzsl evaluate`: a saved model and a data set in, every measure and a page out."""

from __future__ import annotations

import json
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from kgzsl.cli.inputs import is_plain, read_plain
from kgzsl.cli.running import aside, writable

if TYPE_CHECKING:
    from kgzsl.classifier import ZeroShotClassifier
    from kgzsl.evaluation.data_set import Dataset
    from kgzsl.evaluation.results import EvaluationReport

__all__ = ["evaluate"]


class _Average(StrEnum):
    macro = "macro"
    micro = "micro"


def evaluate(
    model: Annotated[Path, typer.Argument(help="Folder of a saved classifier.")],
    data: Annotated[
        Path,
        typer.Argument(
            help="Samples with labels: a file or folder of features, a .csv with a label column, GBU's .mat."
        ),
    ],
    out: Annotated[Path | None, typer.Option(help="Write the whole report here as HTML.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of tables.")] = False,
    form: Annotated[str | None, typer.Option(help="How the data are stored, where that is not plain to see.")] = None,
    average: Annotated[_Average, typer.Option(help="Mean of Hit@k over classes or over samples.")] = _Average.macro,
) -> None:
    """Measure a saved classifier on held-out samples of seen and of unseen classes.

    kgzsl evaluate zebra-model test.npz --out report.html

    With splits in the data (GBU's, or seen_train, seen_test and unseen_test), the test splits are measured under a
    protocol whose certificate is part of the report. Without, every sample is measured, by the model's own classes.
    """
    from kgzsl.evaluation.data_reading import read_dataset
    from kgzsl.evaluation.report_page import report_page
    from kgzsl.loading import load_model

    if out is not None:
        writable(out)
    clf = load_model(model)
    found = read_dataset(data, form=form) if form or not is_plain(data) else read_plain(data, clf)
    report, certificate = _measured(clf, found, average.value)
    if out is not None:
        title = f"{model.name} on {data.name}"
        out.write_text(report_page(report, title=title, certificate=certificate), encoding="utf-8")
    if as_json:
        typer.echo(json.dumps(report.to_dict(), ensure_ascii=False, indent=1))
    else:
        typer.echo(str(report))
        if certificate is not None:
            typer.echo(f"\n{certificate}")
    if out is not None:
        aside(f"report: {out}")


def _measured(clf: ZeroShotClassifier, data: Dataset, average: Any) -> tuple[EvaluationReport, Any]:
    """The report, and the certificate where the data say what was trained on."""
    from kgzsl.errors import InputFormatError
    from kgzsl.evaluation.protocol import Protocol
    from kgzsl.evaluation.report import evaluate as measure

    if data.features is None or data.labels is None:
        raise InputFormatError(
            f"{data.source} has no {'features' if data.features is None else 'labels'}: a classifier is measured on "
            "features with labels; encode texts and images first"
        )
    if data.splits:
        protocol = Protocol.from_dataset(data, share=0.0, average=average)
        with protocol.final():
            seen, unseen = (protocol.samples(data, part) for part in ("test_seen", "test_unseen"))
        sides = [(X, y.tolist()) for X, y in (seen, unseen)]
        return measure(clf, *sides[0], *sides[1], average=average, protocol=protocol), protocol.certificate
    sides = _by_side(clf, data)
    facts = {"data": data.source, "data_sha256": data.sha256, "splits": "none: every sample was measured"}
    return measure(clf, *sides[0], *sides[1], average=average, protocol=facts), None


def _by_side(clf: ZeroShotClassifier, data: Dataset) -> list[tuple[Any, list[Any]]]:
    """All samples, apart by whether the model calls their class seen."""
    import numpy as np

    from kgzsl.evaluation.scorer import KnownClasses

    assert data.features is not None
    classes = KnownClasses.of(clf)
    labels = data.labels_of()
    unseen = {label: classes.label_of(label) in classes.unseen.place for label in dict.fromkeys(labels.tolist())}
    is_unseen = np.array([unseen[label] for label in labels.tolist()])
    return [(data.features[rows], labels[rows].tolist()) for rows in (~is_unseen, is_unseen)]
