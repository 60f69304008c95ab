"""The command `kgzsl`."""

from __future__ import annotations

from typing import Annotated

import typer

from kgzsl._version import __version__
from kgzsl.cli.asking import add_questions
from kgzsl.cli.benching import bench_app
from kgzsl.cli.evaluating import evaluate
from kgzsl.cli.explaining import explain
from kgzsl.cli.graphs import graph_app
from kgzsl.cli.measuring import demo
from kgzsl.cli.predicting import fit, predict
from kgzsl.cli.running import CommandGroup, run, shown

__all__ = ["app", "main"]

app = typer.Typer(
    name="kgzsl",
    cls=CommandGroup,
    help="Recognise classes without examples by what a knowledge graph says of them.",
    epilog="Start with: kgzsl demo",
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
)
for command in (demo, fit, predict, explain, evaluate):
    app.command()(command)
add_questions(graph_app)
app.add_typer(graph_app, name="graph")
app.add_typer(bench_app, name="bench")


def _version(value: bool) -> None:
    if value:
        typer.echo(f"kgzsl {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and stop.")
    ] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show where an error came from.")] = False,
) -> None:
    shown.debug = debug


def main() -> None:
    """Run the command line."""
    run(app)
