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
from kgzsl.cli.running import Command, CommandGroup, run, shown

__all__ = ["app", "main"]

app = typer.Typer(
    name="kgzsl",
    cls=CommandGroup,
    help="Recognise classes without examples by what a knowledge graph says of them.",
    epilog="Start with: kgzsl demo",
    invoke_without_command=True,
    add_completion=True,
    pretty_exceptions_enable=False,
)
for command in (demo, fit, predict, explain, evaluate):
    app.command(cls=Command)(command)
add_questions(graph_app)
app.add_typer(graph_app, name="graph")
app.add_typer(bench_app, name="bench")


def _version(value: bool) -> None:
    if value:
        typer.echo(f"kgzsl {__version__}")
        raise typer.Exit


_START = """\
kgzsl recognises classes it has no example of, by what a knowledge graph says of them.

Try it, without data or a download:
  kgzsl demo                            the whole story, in under a minute
  kgzsl graph path dog.n.01 cat.n.01    a question to the shipped WordNet
  kgzsl bench synthetic                 models side by side on made-up classes

With data of yours:
  kgzsl fit --input train.npz --unseen unseen.txt --out model
  kgzsl predict model --input new.npz
  kgzsl explain model --input new.npz
  kgzsl evaluate model test.npz --out report.html

kgzsl --help lists all commands, kgzsl COMMAND --help says how to use one, and
kgzsl --install-completion lets Tab fill in names of graphs, concepts and relations.\
"""


@app.callback()
def _options(
    ctx: typer.Context,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and stop.")
    ] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show where an error came from.")] = False,
) -> None:
    shown.debug = debug
    if ctx.invoked_subcommand is None:
        typer.echo(_START)


def main() -> None:
    """Run the command line.

    >>> import sys
    >>> from unittest.mock import patch
    >>> from kgzsl.cli import main
    >>> with patch.object(sys, "argv", ["kgzsl", "--version"]):
    ...     main()
    Traceback (most recent call last):
        ...
    SystemExit: 0
    """
    run(app)
