"""`kgzsl fit` and `kgzsl predict`: a model from files, and what it says of others."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from kgzsl.cli.answers import AsCsv, AsJson, Form, Limit
from kgzsl.cli.completing import (
    PROPAGATOR_NAMES,
    GraphOption,
    calibrations,
    feature_names,
    label_spaces,
    propagators,
    relation_names,
)
from kgzsl.cli.explaining import Input, Model, is_explained, options_named
from kgzsl.cli.inputs import read_names, read_samples
from kgzsl.cli.locating import graph_at
from kgzsl.cli.running import aside
from kgzsl.display.rounding import percent
from kgzsl.errors import InputFormatError, OutputExistsError

__all__ = ["fit", "predict"]


def predict(
    model: Model,
    input_: Input,
    label_space: Annotated[
        str, typer.Option(help="Classes to choose from: all, seen or unseen.", autocompletion=label_spaces)
    ] = "all",
    k: Annotated[int, typer.Option("--k", "-k", min=1, help="How many classes for each input, the best first.")] = 5,
    limit: Limit = None,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
) -> None:
    """Say which class each input is. --csv and --json have a row for each input and class.

    kgzsl predict zebra-model --input photos.npy --label-space unseen -k 3
    """
    from kgzsl.loading import load_model

    form = Form(as_json, as_csv, limit)
    samples = read_samples(input_)
    clf = load_model(model)
    with options_named():
        top = clf.predict_top(samples.matched(clf), k=k, label_space=label_space)
    if form.is_data:
        concepts = dict(zip(clf.problem_.classes.labels, clf.concepts_, strict=True))
        form.rows(("row", "rank", "class", "concept", "probability"), _every(top, concepts))
    else:
        form.rows(("row", "class", "probability", *(["next"] if top.labels.shape[1] > 1 else [])), _best(top))
    if samples.labels is not None:
        right = sum(str(best) == label for best, label in zip(top.labels[:, 0].tolist(), samples.labels, strict=True))
        aside(f"{right:,} of {len(samples.labels):,} as labelled ({percent(right / len(samples.labels), 1)})")


def _every(top: Any, concepts: dict[Any, str]) -> Iterator[tuple[Any, ...]]:
    for row, pairs in enumerate(top):
        for rank, (label, probability) in enumerate(pairs, start=1):
            yield row, rank, label, concepts[label], probability


def _best(top: Any) -> Iterator[tuple[Any, ...]]:
    """One line for each input."""
    for row, ((label, probability), *others) in enumerate(top):
        following = ", ".join(f"{other} {percent(chance)}" for other, chance in others)
        yield (row, label, percent(probability), *([following] if others else []))


def fit(
    input_: Input,
    out: Annotated[Path, typer.Option("--out", "-o", help="The folder to write the model into.")],
    graph: GraphOption = "wordnet",
    unseen: Annotated[
        Path | None, typer.Option(help="A text file of classes without examples, one on each line.")
    ] = None,
    features: Annotated[
        str,
        typer.Option(
            help="What describes concepts: text, sentence, or a file of vectors.", autocompletion=feature_names
        ),
    ] = "text",
    propagator: Annotated[
        str, typer.Option(help=f"The model: {', '.join(PROPAGATOR_NAMES)}.", autocompletion=propagators)
    ] = "graph-gp",
    calibration: Annotated[
        str | None,
        typer.Option(
            help="stacking chooses what is taken off seen classes, a number is it.", autocompletion=calibrations
        ),
    ] = None,
    relations: Annotated[
        list[str] | None,
        typer.Option(
            "--relations",
            "-r",
            help="Propagate over this relation or kind (repeatable).",
            autocompletion=relation_names,
        ),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same model.")] = 0,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the model that is there.")] = False,
) -> None:
    """Learn from labelled inputs, and know the classes that have none from a graph.

    kgzsl fit --input train.npz --unseen unseen.txt --out zebra-model

    The inputs come with their labels: X and y in an .npz, a column called label in .csv, .tsv and .parquet.
    """
    from kgzsl.classifier import ZeroShotClassifier

    if out.exists() and not overwrite:
        raise OutputExistsError(out, "is there already; --overwrite replaces it")
    samples = read_samples(input_)
    if samples.labels is None:
        raise InputFormatError(
            f"--input {input_.name}: has no labels: an .npz has them as y, a table in a column called label"
        )
    names = None if unseen is None else read_names(unseen, option="--unseen")
    with options_named():
        clf = ZeroShotClassifier(
            graph_at(graph),
            features=features,
            propagator=propagator,
            unseen=names,
            calibration=_correction(calibration),
            relations=relations,
            random_state=seed,
        ).fit(samples.table, samples.labels)
    written = clf.save(out, overwrite=overwrite)
    counts = f"{len(clf.seen_classes_):,} seen and {len(clf.unseen_classes_):,} unseen classes"
    typer.echo(f"wrote {written}: {counts}, {len(samples.inputs):,} inputs of {samples.inputs.shape[1]:,} numbers")
    if not len(clf.unseen_classes_):
        aside(
            f"it predicts the {len(clf.seen_classes_):,} classes that have examples and no others; name classes "
            "without examples in a file, one on each line, and add --unseen FILE"
        )
    aside(f"kgzsl predict {written} --input … says which class new inputs are")
    if is_explained(clf):
        aside(f"kgzsl explain {written} --input … says why")


def _correction(text: str | None) -> str | float | None:
    if text is None or text == "stacking":
        return text
    try:
        return float(text)
    except ValueError:
        raise typer.BadParameter(f"--calibration is stacking or a number, not {text!r}") from None
