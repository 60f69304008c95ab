"""`kgzsl demo`: the whole story on shipped data."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from kgzsl.cli.running import writable

__all__ = ["demo"]


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
