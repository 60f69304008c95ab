"""`kgzsl demo` and `kgzsl bench`: the whole story, and every model in one table."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from kgzsl.cli.running import aside, writable

__all__ = ["bench_app", "demo"]

bench_app = typer.Typer(help="Measure every model in one table.", no_args_is_help=True)


def demo(
    report: Annotated[Path, typer.Option(help="Where to write the HTML report.")] = Path("kgzsl-demo.html"),
    seed: Annotated[int, typer.Option(min=0, help="Which classes are unseen.")] = 0,
) -> None:
    """Show the whole story on the shipped WordNet, in under a minute and without a download."""
    from kgzsl.demo import run_demo

    writable(report)
    result = run_demo(random_state=seed, show_progress=None)
    typer.echo(str(result))
    report.write_text(result.to_html(), encoding="utf-8")
    typer.echo(f"\nreport: {report}")


@bench_app.command("tiny-imagenet")
def tiny_imagenet(
    data: Annotated[Path, typer.Option(help="Folder with features.npz and minilm.npz.")],
    seeds: Annotated[int, typer.Option(min=1, help="How often models with chance in them are fitted.")] = 3,
    models: Annotated[list[str] | None, typer.Option(help="Only these models (repeatable).")] = None,
    features: Annotated[list[str] | None, typer.Option(help="Only these features: text, minilm (repeatable).")] = None,
    targets: Annotated[list[str] | None, typer.Option(help="means (the default) or weights (repeatable).")] = None,
    csv: Annotated[Path | None, typer.Option(help="Write the table here as well.")] = None,
) -> None:
    """Propagators and baselines on real photographs: 130 seen and 35 unseen classes."""
    from kgzsl.bench import run_tiny_imagenet

    if csv is not None:
        writable(csv)
    table = run_tiny_imagenet(data, seeds=seeds, models=models, features=features, targets=targets, tell=aside)
    typer.echo(str(table))
    if csv is not None:
        table.to_frame().write_csv(csv)
