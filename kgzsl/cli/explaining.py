"""`kgzsl explain`: why a saved model decided as it did."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from kgzsl.cli.answers import Form
from kgzsl.cli.completing import EXPLAINER_NAMES, explainers, label_spaces
from kgzsl.cli.inputs import read_samples, replaced_file
from kgzsl.cli.running import aside, writable
from kgzsl.errors import InputFormatError, KgzslError

if TYPE_CHECKING:
    from kgzsl.classifier import ZeroShotClassifier

__all__ = ["Input", "Model", "class_named", "explain", "is_explained", "options_named"]

Model = Annotated[Path, typer.Argument(metavar="MODEL", help="The folder that ZeroShotClassifier.save wrote.")]
Input = Annotated[
    Path, typer.Option("--input", "-i", help="Inputs: .npy, .npz, .csv, .tsv or .parquet, a row for each.")
]
_WIDTH = 96
_ARGUMENTS = ("against", "label_space", "target", "effects", "explainer", "unseen")


class _View(StrEnum):
    """The names that `Explanation.by` has."""

    paths = "paths"
    facts = "facts"
    support = "support"
    concepts = "concepts"
    patterns = "patterns"


def explain(
    model: Model,
    input_: Input,
    row: Annotated[int, typer.Option(min=0, help="Which row of the inputs, counted from 0.")] = 0,
    target: Annotated[
        str | None, typer.Option(metavar="CLASS", help="The class to explain; the predicted one unless told.")
    ] = None,
    against: Annotated[
        str, typer.Option(metavar="CLASS", help="The class to compare with: runner-up, none, or a class.")
    ] = "runner-up",
    k: Annotated[int, typer.Option("--k", "-k", min=1, help="How many reasons.")] = 10,
    by: Annotated[_View | None, typer.Option(help="Print all rows of one reading instead.")] = None,
    explainer: Annotated[
        str | None, typer.Option(help=f"How: {', '.join(EXPLAINER_NAMES)}.", autocompletion=explainers)
    ] = None,
    label_space: Annotated[
        str, typer.Option(help="Classes in the running: all, seen or unseen.", autocompletion=label_spaces)
    ] = "all",
    effects: Annotated[bool, typer.Option("--effects", help="Also take each reason's fact out, and decide anew.")] = (
        False
    ),
    counterfactual: Annotated[
        bool, typer.Option("--counterfactual", help="Also the fewest facts without which another class wins.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object, in UTF-8.")] = False,
    html: Annotated[Path | None, typer.Option(help="Write the explanation here as a page as well.")] = None,
) -> None:
    """Say why a class was predicted, in at most 16 lines whose numbers add up.

    kgzsl explain zebra-model --input photo.npy

    kgzsl explain zebra-model --input photos.csv --row 3 --against horse.n.01 --effects
    """
    if by is not None and as_json:
        raise typer.BadParameter("--by and --json exclude each other: the JSON has every reading")
    if html is not None:
        writable(html)
    Form(as_json=as_json)  # makes standard output fit for what is printed
    samples = read_samples(input_)
    if row >= len(samples.inputs):
        raise InputFormatError(f"--row {row}: {input_.name} has rows 0 to {len(samples.inputs) - 1}")
    clf = _loaded(model)
    with options_named():
        x = samples.matched(clf)[row : row + 1]
        named = None if target is None else class_named(clf, target)
        foil = None if against == "none" else against if against == "runner-up" else class_named(clf, against)
        found = clf.explain(
            x, target=named, against=foil, explainer=explainer, k=k, effects=effects, label_space=label_space
        )
        rows = None if by is None else found.by(by.value)
        change = _changed(clf, x, found, named, foil, label_space) if counterfactual else None
    _print(found, change, rows, k=k, as_json=as_json)
    if html is not None:
        replaced_file(html, _page(found, change))
        aside(f"wrote {html}")


def _loaded(model: Path) -> ZeroShotClassifier:
    from kgzsl.loading import load_model

    return load_model(model)


def _changed(clf: Any, x: Any, found: Any, target: Any, against: Any, label_space: str) -> Any:
    """What would make another class win: the one asked about, if it was not predicted, else the one named against."""
    predicted = found.decision.predicted.concept
    asked = target if found.prediction != predicted else None if against in (None, "runner-up") else against
    return clf.counterfactual(x, target=asked, label_space=label_space)


def _print(found: Any, change: Any, rows: Any, *, k: int, as_json: bool) -> None:
    if as_json:
        document: dict[str, Any] = found.to_dict()
        if change is not None:
            names = ("removed", "added", "before", "after", "margin", "certificate", "num_tried", "num_reruns")
            document = {"explanation": document, "counterfactual": {name: getattr(change, name) for name in names}}
        sys.stdout.write(json.dumps(document, ensure_ascii=False, indent=1, allow_nan=False) + "\n")
        return
    if rows is None:
        typer.echo(found.to_text())
    else:
        _print_view(rows, k)
    if change is not None:
        from kgzsl.display.text import wrap

        typer.echo("\n".join(f" {line}" for line in wrap(str(change), _WIDTH - 1, indent="  ")))


def _print_view(rows: Any, k: int) -> None:
    """The k first rows of a view, what is left in one, and the total: as printed they add up."""
    from kgzsl.display.rounding import decimals_for, signed, sum_preserving
    from kgzsl.display.text import pad

    shown, left = rows[:k], rows[k:]
    words = [(each.label, each.note) for each in shown] + ([(f"{len(left):,} more", "")] if left else [])
    values = [each.credit for each in shown] + ([math.fsum(each.credit for each in left)] if left else [])
    decimals = max(decimals_for(values), 2)
    units = sum_preserving(values, decimals)
    printed = [signed(unit, decimals) for unit in (*units, sum(units))]
    width = max(map(len, printed))
    cells = [
        (pad(number, width, align="right"), *each)
        for number, each in zip(printed, [*words, ("total", "")], strict=True)
    ]
    Form(limit=len(cells)).rows(("credit", "what", "note"), cells)


def _page(found: Any, change: Any) -> str:
    """The card as a page of its own."""
    from kgzsl.display.html import escape_html

    target = getattr(getattr(found, "decision", None), "target", None)  # explainers of others may keep none
    title = escape_html(f"Why {found.prediction if target is None else target.label}")
    more = "" if change is None else change._repr_html_()
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="color-scheme" content="light dark"></head>'
        f"<body>{found._repr_html_()}{more}</body></html>\n"
    )


def is_explained(clf: Any) -> bool:
    """Whether explanations work with a classifier's model; baselines have nothing to take apart."""
    model = clf.problem_.model
    return clf.graph_ is not None and (hasattr(model, "terms") or hasattr(model, "opened"))


def class_named(clf: Any, text: str) -> Any:
    """A class of a model by its label, its concept's id, or its concept's label; the last two as long as they are one.

    What is no class goes through, for the model to say what there is.
    """
    classes = clf.problem_.classes
    exact = [label for label in classes.labels if str(label) == text]
    if exact or text in classes.concepts:
        return exact[0] if exact else text
    graph = clf.graph_
    wanted = text.casefold()
    borne = [
        concept
        for concept in classes.concepts
        if graph is not None and concept in graph.index.position and graph.concept(concept).label.casefold() == wanted
    ]
    if len(borne) > 1:
        raise InputFormatError(f"{text!r} is what {len(borne)} classes are called; use one of the ids {borne}")
    return borne[0] if borne else text


@contextmanager
def options_named() -> Iterator[None]:
    """Errors within name options as they are written here."""
    try:
        yield
    except KgzslError as error:
        for name in _ARGUMENTS:
            option = f"--{name.replace('_', '-')}"
            told = error.message.replace(f"{name}=None", f"{option} none").replace(f"{name}=", f"{option} ")
            error.message = f"{option}{told.removeprefix(name)}" if told.startswith(f"{name} is") else told
        raise
