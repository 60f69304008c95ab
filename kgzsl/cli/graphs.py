"""`kgzsl graph`: what there is, what is in it, and other forms of it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kgzsl.cli.answers import width
from kgzsl.cli.completing import GRAPH_HELP, graph_names, recipes
from kgzsl.cli.locating import graph_at
from kgzsl.cli.running import Command, Subgroup, writable
from kgzsl.display.text import escape_text, text_table

if TYPE_CHECKING:
    from kgzsl.graph.knowledge_graph import KnowledgeGraph

__all__ = ["Location", "graph_app"]

Location = Annotated[
    str,
    typer.Argument(help=GRAPH_HELP, autocompletion=graph_names),
]

graph_app = typer.Typer(
    cls=Subgroup, help="Ask knowledge graphs, look at them, and build the shipped ones.", no_args_is_help=True
)


@graph_app.command("list", cls=Command)
def list_command() -> None:
    """List the graphs that come with kgzsl, and those in the folders that KGZSL_GRAPHS names."""
    from kgzsl.sources.catalog import list_graphs

    rows = [
        (entry.name, entry.version, f"{entry.num_concepts:,}", f"{entry.num_edges:,}", entry.licence)
        for entry in list_graphs()
    ]
    columns = ("name", "version", "concepts", "edges", "licence")
    typer.echo(text_table(rows, columns, width=width(), right=("concepts", "edges")))


@graph_app.command(cls=Command)
def info(graph: Location) -> None:
    """Show what is in a graph."""
    _show_info(graph_at(graph))


@graph_app.command(cls=Command)
def audit(
    graph: Location,
    html: Annotated[Path | None, typer.Option(help="Write the report here as HTML as well.")] = None,
    ignore: Annotated[list[str] | None, typer.Option(help="Leave out this check, by its code (repeatable).")] = None,
) -> None:
    """Look for contradictions, gaps and confused names; exit code 1 if there are errors."""
    if html is not None:
        writable(html)
    report = graph_at(graph).audit(ignore=ignore or ())
    typer.echo(str(report))
    if html is not None:
        html.write_text(report._repr_html_(), encoding="utf-8")
    if not report.ok:
        raise typer.Exit(1)


@graph_app.command(cls=Command)
def convert(
    graph: Location,
    target: Annotated[Path, typer.Argument(help="Where to write; the suffix says the format.")],
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace what is there.")] = False,
) -> None:
    """Write a graph in another format: .ttl, .nt, .jsonld, .graphml, .json, .csv, or a folder of Parquet tables."""
    typer.echo(f"wrote {graph_at(graph).write(target, overwrite=overwrite)}")


def _show_info(graph: KnowledgeGraph) -> None:
    typer.echo(f"{escape_text(graph.name)}: {len(graph):,} concepts, {graph.index.num_edges:,} edges")
    rows = [
        (relation.name, relation.kind, relation.inverse, f"{int((graph.index.relation == code).sum()):,}")
        for code, relation in enumerate(graph.index.relations)
    ]
    typer.echo(text_table(rows, ("relation", "kind", "inverse", "edges"), width=width(), right=("edges",)))
    typer.echo(f"fingerprint {graph.fingerprint}")


@graph_app.command(cls=Command)
def build(
    name: Annotated[str, typer.Argument(help="Which graph: freshwater or wordnet.", autocompletion=recipes)],
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
