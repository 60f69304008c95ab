"""How every command runs: what ends it, with which exit code, and what is said aside."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

from kgzsl.errors import (
    DataMissingError,
    IntegrityError,
    KgzslError,
    NetworkError,
    OutputExistsError,
    ResourceLimitError,
    UnknownConceptError,
    VersionError,
)

__all__ = ["Command", "CommandGroup", "Subgroup", "aside", "run", "shown", "writable"]


class _BareFlags:
    """Flags take no value, so help shows none beside them: Typer would show `<bool>`, from a version on."""

    def get_params(self, ctx: Any) -> list[Any]:
        params: list[Any] = super().get_params(ctx)  # type: ignore[misc]
        for param in params:
            if getattr(param, "is_flag", False) and param.metavar is None:
                param.metavar = ""
        return params


class Command(_BareFlags, TyperCommand):
    """A command; its help shows what it takes."""


class Subgroup(_BareFlags, TyperGroup):
    """Commands under one name, such as those about graphs."""


class CommandGroup(Subgroup):
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
    aside("interrupted")
    return 130


def _unread() -> int:
    """Nobody reads the output any more, as behind `| head`: what is still to be written goes nowhere."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)
    return 0


@dataclass
class _Shown:
    """What this run of the command line shows of an error."""

    debug: bool = False


shown = _Shown()
_EXIT = (
    (UnknownConceptError, 3),  # also where it is an id of another version
    (IntegrityError, 5),
    (VersionError, 5),
    (ResourceLimitError, 6),
    (NetworkError, 4),
    (KgzslError, 3),
    (OSError, 3),
)


def aside(text: str) -> None:
    """A line for whoever watches, apart from the result."""
    typer.echo(text, err=True)


def writable(path: Path) -> Path:
    """The path of a file to be written, checked before the work that fills it."""
    if path.is_dir():
        raise OutputExistsError(path, "is a folder; name a file")
    if not path.parent.is_dir():
        raise DataMissingError(path.parent, f"the folder of {path.name} does not exist")
    return path


def run(app: typer.Typer) -> None:
    """Run the command line; a user's mistake is one line on standard error and an exit code.

    2 usage, 3 input, 4 network, 5 integrity, 6 resources, 130 interrupted.
    """
    try:
        app(prog_name="kgzsl")
    except KeyboardInterrupt:
        sys.exit(_interrupted())
    except BrokenPipeError:
        sys.exit(_unread())
    except tuple(kind for kind, _ in _EXIT) as error:
        if shown.debug:
            raise
        typer.echo(f"kgzsl: {error}", err=True)
        sys.exit(next(code for kind, code in _EXIT if isinstance(error, kind)))
    finally:
        try:
            sys.stdout.flush()
        except BrokenPipeError:
            _unread()
