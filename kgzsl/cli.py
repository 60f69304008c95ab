"""The command `kgzsl`."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from kgzsl._version import __version__
from kgzsl.errors import DataMissingError, IntegrityError, KgzslError, ResourceLimitError, VersionError

__all__ = ["app", "main"]

app = typer.Typer(
    name="kgzsl",
    help="Recognise classes without examples by what a knowledge graph says of them.",
    epilog="Start with: kgzsl demo",
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
)
graph_app = typer.Typer(help="Look at knowledge graphs, and build the shipped ones.", no_args_is_help=True)
bench_app = typer.Typer(help="Measure every model in one table.", no_args_is_help=True)
app.add_typer(graph_app, name="graph")
app.add_typer(bench_app, name="bench")


@dataclass
class _Shown:
    """What this run of the command line shows of an error."""

    debug: bool = False


_shown = _Shown()
_EXIT = ((IntegrityError, 5), (VersionError, 5), (ResourceLimitError, 6), (KgzslError, 3), (OSError, 3))


def _version(value: bool) -> None:
    if value:
        typer.echo(f"kgzsl {__version__}")
        raise typer.Exit


def _aside(text: str) -> None:
    """A line for whoever watches, apart from the result."""
    typer.echo(text, err=True)


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and stop.")
    ] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show where an error came from.")] = False,
) -> None:
    _shown.debug = debug


@app.command()
def demo(
    report: Annotated[Path, typer.Option(help="Where to write the HTML report.")] = Path("kgzsl-demo.html"),
    seed: Annotated[int, typer.Option(help="Which classes are unseen.")] = 0,
) -> None:
    """Show the whole story on the shipped WordNet, in under a minute and without a download."""
    from kgzsl.demo import run_demo

    if not report.parent.is_dir():
        raise DataMissingError(report.parent, "the report's folder does not exist")
    result = run_demo(random_state=seed, show_progress=None)
    typer.echo(str(result))
    report.write_text(result.to_html(), encoding="utf-8")
    typer.echo(f"\nreport: {report}")


@graph_app.command("list")
def list_command() -> None:
    """List the graphs that `load_graph` knows."""
    from kgzsl.sources.catalog import list_graphs

    table = Table("name", "version", "concepts", "edges", "licence", box=None)
    for entry in list_graphs():
        table.add_row(entry.name, entry.version, f"{entry.num_concepts:,}", f"{entry.num_edges:,}", entry.licence)
    Console().print(table)


@graph_app.command()
def info(name: Annotated[str, typer.Argument(help="A graph, for example wordnet.")]) -> None:
    """Show what is in a graph."""
    from kgzsl.sources.catalog import load_graph

    graph = load_graph(name)
    typer.echo(f"{graph.name}: {len(graph):,} concepts, {graph.index.num_edges:,} edges")
    table = Table("relation", "kind", "inverse", "edges", box=None)
    for code, relation in enumerate(graph.index.relations):
        count = int((graph.index.relation == code).sum())
        table.add_row(relation.name, relation.kind, relation.inverse, f"{count:,}")
    Console().print(table)
    typer.echo(f"fingerprint {graph.fingerprint}")


@graph_app.command()
def build(
    name: Annotated[str, typer.Argument(help="Which graph: wordnet.")],
    source: Annotated[Path, typer.Option(help="Folder with the original files.")],
    target: Annotated[Path, typer.Option(help="Folder to write into.")] = Path("graphs/wordnet-3.0"),
) -> None:
    """Rebuild a shipped graph, byte for byte, from its original files."""
    from kgzsl.errors import UnknownNameError
    from kgzsl.sources.wordnet_build import build_wordnet

    if name != "wordnet":
        raise UnknownNameError("graph with a recipe", name, known=["wordnet"])
    build_wordnet(source, target)
    typer.echo(f"wrote {target}")


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

    table = run_tiny_imagenet(data, seeds=seeds, models=models, features=features, targets=targets, tell=_aside)
    typer.echo(str(table))
    if csv is not None:
        table.to_frame().write_csv(csv)


def main() -> None:
    """Run the command line; a user's mistake is one line on standard error and an exit code.

    2 usage, 3 input, 5 integrity, 6 resources, 130 interrupted.
    """
    try:
        app()
    except KeyboardInterrupt:
        typer.echo("interrupted", err=True)
        sys.exit(130)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except tuple(kind for kind, _ in _EXIT) as error:
        if _shown.debug:
            raise
        typer.echo(f"kgzsl: {error}", err=True)
        sys.exit(next(code for kind, code in _EXIT if isinstance(error, kind)))
