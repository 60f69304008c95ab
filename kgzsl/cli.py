"""The command `kgzsl`."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from typer.core import TyperGroup

from kgzsl._version import __version__
from kgzsl.errors import (
    DataMissingError,
    IntegrityError,
    KgzslError,
    NetworkError,
    OutputExistsError,
    ResourceLimitError,
    VersionError,
)

__all__ = ["app", "main"]

if TYPE_CHECKING:
    from kgzsl.graph.knowledge_graph import KnowledgeGraph

_Location = Annotated[str, typer.Argument(help="A shipped graph such as wordnet, or a file, a folder or a URL.")]


class _Group(TyperGroup):
    """The root of the commands: an interruption and a reader that went away end them with their own exit codes."""

    # caught here, where Typer has not yet turned them into exit code 1

    def make_context(self, *arguments: Any, **options: Any) -> Any:
        with _endings():
            return super().make_context(*arguments, **options)

    def invoke(self, ctx: Any) -> Any:
        with _endings():
            result = super().invoke(ctx)
            sys.stdout.flush()
            return result


@contextmanager
def _endings() -> Iterator[None]:
    try:
        yield
    except KeyboardInterrupt:
        raise typer.Exit(_interrupted()) from None
    except BrokenPipeError:
        raise typer.Exit(_unread()) from None
    except SystemExit as ended:
        if isinstance(ended.__context__, BrokenPipeError):  # Rich ends the program with code 1
            raise typer.Exit(_unread()) from None
        raise


def _interrupted() -> int:
    _aside("interrupted")
    return 130


def _unread() -> int:
    """Nobody reads the output any more, as behind `| head`: what is still to be written goes nowhere."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)
    return 0


app = typer.Typer(
    name="kgzsl",
    cls=_Group,
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
_EXIT = (
    (IntegrityError, 5),
    (VersionError, 5),
    (ResourceLimitError, 6),
    (NetworkError, 4),
    (KgzslError, 3),
    (OSError, 3),
)


def _version(value: bool) -> None:
    if value:
        typer.echo(f"kgzsl {__version__}")
        raise typer.Exit


def _aside(text: str) -> None:
    """A line for whoever watches, apart from the result."""
    typer.echo(text, err=True)


def _writable(path: Path) -> Path:
    """The path of a file to be written, checked before the work that fills it."""
    if path.is_dir():
        raise OutputExistsError(path, "is a folder; name a file")
    if not path.parent.is_dir():
        raise DataMissingError(path.parent, f"the folder of {path.name} does not exist")
    return path


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
    seed: Annotated[int, typer.Option(min=0, help="Which classes are unseen.")] = 0,
) -> None:
    """Show the whole story on the shipped WordNet, in under a minute and without a download."""
    from kgzsl.demo import run_demo

    _writable(report)
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


def _graph(location: str) -> KnowledgeGraph:
    """A graph that comes with kgzsl, by its name, or one in a file, a folder or at a URL."""
    from kgzsl.sources.catalog import list_graphs, load_graph
    from kgzsl.sources.reading import read

    is_path = Path(location).exists() or any(mark in location for mark in "/\\.:")
    known = {entry.name for entry in list_graphs()}
    return read(location) if is_path and location not in known else load_graph(location)


@graph_app.command()
def info(graph: _Location) -> None:
    """Show what is in a graph."""
    _show_info(_graph(graph))


@graph_app.command()
def audit(
    graph: _Location,
    html: Annotated[Path | None, typer.Option(help="Write the report here as HTML as well.")] = None,
    ignore: Annotated[list[str] | None, typer.Option(help="Leave out this check, by its code (repeatable).")] = None,
) -> None:
    """Look for contradictions, gaps and confused names; exit code 1 if there are errors."""
    if html is not None:
        _writable(html)
    report = _graph(graph).audit(ignore=ignore or ())
    typer.echo(str(report))
    if html is not None:
        html.write_text(report._repr_html_(), encoding="utf-8")
    if not report.ok:
        raise typer.Exit(1)


@graph_app.command()
def convert(
    graph: _Location,
    target: Annotated[Path, typer.Argument(help="Where to write; the suffix says the format.")],
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace what is there.")] = False,
) -> None:
    """Write a graph in another format: .ttl, .nt, .jsonld, .graphml, .json, .csv, or a folder of Parquet tables."""
    typer.echo(f"wrote {_graph(graph).write(target, overwrite=overwrite)}")


def _show_info(graph: KnowledgeGraph) -> None:
    typer.echo(f"{graph.name}: {len(graph):,} concepts, {graph.index.num_edges:,} edges")
    table = Table("relation", "kind", "inverse", "edges", box=None)
    for code, relation in enumerate(graph.index.relations):
        count = int((graph.index.relation == code).sum())
        table.add_row(relation.name, relation.kind, relation.inverse, f"{count:,}")
    Console().print(table)
    typer.echo(f"fingerprint {graph.fingerprint}")


@graph_app.command()
def build(
    name: Annotated[str, typer.Argument(help="Which graph: freshwater or wordnet.")],
    source: Annotated[Path, typer.Option(help="The original file, or the folder with the original files.")],
    target: Annotated[Path | None, typer.Option(help="Folder to write into; graphs/NAME-VERSION by default.")] = None,
) -> None:
    """Rebuild a shipped graph, byte for byte, from its original files."""
    from kgzsl.errors import UnknownNameError
    from kgzsl.sources.freshwater_build import build_freshwater
    from kgzsl.sources.wordnet_build import build_wordnet

    recipes = {"freshwater": (build_freshwater, "freshwater-1.0"), "wordnet": (build_wordnet, "wordnet-3.0")}
    if name not in recipes:
        raise UnknownNameError("graph with a recipe", name, known=sorted(recipes))
    build, folder = recipes[name]
    target = target or Path("graphs", folder)
    build(source, target)
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

    if csv is not None:
        _writable(csv)
    table = run_tiny_imagenet(data, seeds=seeds, models=models, features=features, targets=targets, tell=_aside)
    typer.echo(str(table))
    if csv is not None:
        table.to_frame().write_csv(csv)


def main() -> None:
    """Run the command line; a user's mistake is one line on standard error and an exit code.

    2 usage, 3 input, 4 network, 5 integrity, 6 resources, 130 interrupted.
    """
    try:
        app()
    except KeyboardInterrupt:
        sys.exit(_interrupted())
    except BrokenPipeError:
        sys.exit(_unread())
    except tuple(kind for kind, _ in _EXIT) as error:
        if _shown.debug:
            raise
        typer.echo(f"kgzsl: {error}", err=True)
        sys.exit(next(code for kind, code in _EXIT if isinstance(error, kind)))
    finally:
        try:
            sys.stdout.flush()
        except BrokenPipeError:
            _unread()
