"""`kgzsl graph find`, `path` and `query`: questions to a graph."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from kgzsl.cli.answers import AsCsv, AsJson, Form, Limit
from kgzsl.cli.completing import GraphOption, concept_ids, relation_names
from kgzsl.cli.locating import graph_at
from kgzsl.cli.running import Command, aside
from kgzsl.display.text import escape_text
from kgzsl.errors import ConceptVersionError, KgzslError

if TYPE_CHECKING:
    from kgzsl.graph.concept import Concept
    from kgzsl.graph.knowledge_graph import KnowledgeGraph
    from kgzsl.graph.path import Path

__all__ = ["add_questions", "find", "path", "query"]

_Concept = Annotated[
    str, typer.Argument(help="An id, or a label that only one concept bears.", autocompletion=concept_ids)
]
_NOTHING_FOUND = 3
_ORDER = ("list", "info", "find", "path", "query", "audit", "convert", "build")
"""As the help lists the commands: to look, to ask, to look after."""
_ARGUMENTS = ("directed", "limit", "max_degree", "max_length", "pattern", "relations")


class _Weight(StrEnum):
    """The names that `weight=` of `KnowledgeGraph.paths` has."""

    weight = "weight"
    hub = "hub"


def add_questions(app: typer.Typer) -> None:
    """Make these functions commands."""
    for command in (find, path, query):
        app.command(cls=Command)(command)
    app.registered_commands.sort(key=lambda known: _ORDER.index(known.name or getattr(known.callback, "__name__", "")))


def find(
    text: Annotated[
        str, typer.Argument(help="A label, another name, or an id of any notation.", autocompletion=concept_ids)
    ],
    graph: GraphOption = "wordnet",
    limit: Limit = None,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
) -> None:
    """Show the concepts that bear a name; suggestions and exit code 3 if there are none."""
    form = Form(as_json, as_csv, limit)
    known = graph_at(graph)
    found = _borne(known, text)
    if found:
        columns = ("id", "label", "aliases", "definition")
        form.rows(columns, ((each, each.label, list(each.aliases), each.definition) for each in found))
        return
    suggested = _suggested(known, text)
    advice = "; did you mean:" if suggested else ""
    aside(escape_text(f"kgzsl: nothing in {known.name} is called {text!r}{advice}"))
    for each in suggested:
        aside(escape_text(f"  {each}  {each.label}" + (f": {each.definition}" if each.definition else "")))
    if form.as_json:
        form.objects([])
    raise typer.Exit(_NOTHING_FOUND)


def path(
    start: _Concept,
    end: _Concept,
    graph: GraphOption = "wordnet",
    k: Annotated[int, typer.Option("--k", "-k", "--limit", "-n", min=1, help="How many paths, the best first.")] = 5,
    relations: Annotated[
        list[str] | None,
        typer.Option(
            "--relations",
            "-r",
            help="Only along this relation or kind (repeatable, or parted by commas).",
            autocompletion=relation_names,
        ),
    ] = None,
    pattern: Annotated[str | None, typer.Option(help="Only along relations in this order: 'is_a+/has_part'.")] = None,
    max_length: Annotated[int, typer.Option(min=0, help="At most so many edges.")] = 6,
    max_degree: Annotated[
        int | None, typer.Option(min=1, help="Past no concept that has more edges than this.")
    ] = None,
    weight: Annotated[
        _Weight | None, typer.Option(help="What is best: heavy edges, or to keep from hubs; else the fewest edges.")
    ] = None,
    directed: Annotated[bool, typer.Option("--directed", help="Along edges only from head to tail.")] = False,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
) -> None:
    """Read aloud how two concepts are connected. --csv has a row for each step of each path."""
    form = Form(as_json, as_csv, None)
    known = graph_at(graph)
    with _options_named():
        paths = known.paths(
            _meant(known, start),
            _meant(known, end),
            k=k,
            max_length=max_length,
            relations=_relations(known, relations),
            pattern=pattern,
            weight=weight and weight.value,
            max_degree=max_degree,
            directed=directed,
        )
    if as_json:
        form.objects(map(_spelled, paths))
    elif as_csv:
        columns = ("path", "step", "from", "relation", "to", "weight", "source")
        form.rows(columns, (row for number, each in enumerate(paths, start=1) for row in _steps(number, each)))
    else:
        form.numbered(map(str, paths))


def query(
    pattern: Annotated[str, typer.Argument(help="The question; - reads it from standard input.")],
    graph: GraphOption = "wordnet",
    follow: Annotated[
        str | None,
        typer.Option(
            metavar="CONCEPT",
            help="The question is a pattern to follow from this concept.",
            autocompletion=concept_ids,
        ),
    ] = None,
    sparql: Annotated[bool, typer.Option("--sparql", help="The question is one of SPARQL 1.1.")] = False,
    labels: Annotated[
        bool, typer.Option("--labels", help="Beside each id, the label; --follow shows labels anyway.")
    ] = False,
    limit: Limit = None,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
) -> None:
    """Answer a question with variables, a pattern to follow, or SPARQL.

    kgzsl graph query '?x is_a canine.n.02 . ?x has_part ?part'

    kgzsl graph query --follow dog.n.01 'is_a+/has_part'

    kgzsl graph query --sparql 'SELECT ?x { ?x r:is_a c:canine.n.02 }'
    """
    if sparql and follow is not None:
        raise typer.BadParameter("--sparql and --follow exclude each other")
    form = Form(as_json, as_csv, limit)
    known = graph_at(graph)
    asked = sys.stdin.read() if pattern == "-" else pattern
    with _options_named():
        if follow is not None:
            found = known.follow(_meant(known, follow), asked)
            steps = found.distances or ()
            rows = ((step, each, each.label, each.definition) for step, each in zip(steps, found, strict=True))
            form.rows(("distance", "id", "label", "definition"), rows)
        elif sparql:
            _show(known.sparql(asked), form, labels=labels)
        else:
            table = known.match(asked, limit=form.most)
            _show(table, form, labels=labels)


def _show(answer: Any, form: Form, *, labels: bool) -> None:
    """Rows, or yes or no."""
    if not isinstance(answer, bool):
        columns = [each for name in answer.columns for each in ((name, f"{name}_label") if labels else (name,))]
        form.rows(columns, map(_labelled, answer) if labels else answer)
    elif form.is_data:
        form.rows(("answer",), [(answer,)])
    else:
        typer.echo("yes" if answer else "no")


def _labelled(row: Sequence[Any]) -> list[Any]:
    """Each value, and its label if it is a concept."""
    return [each for value in row for each in (value, getattr(value, "label", None))]


@contextmanager
def _options_named() -> Iterator[None]:
    """Errors within name options as they are written here."""
    try:
        yield
    except KgzslError as error:
        for name in _ARGUMENTS:
            error.message = error.message.replace(f"{name}=", f"--{name.replace('_', '-')}")
        error.message = error.message.replace("is for kg.sparql", "is asked with --sparql")
        raise


def _borne(graph: KnowledgeGraph, text: str) -> list[Concept]:
    """The concept with this id, then those with this name, each once."""
    row = graph.concept_columns.row(text)
    by_id = [] if row is None else [graph.concept(graph.ids[row])]
    return list(dict.fromkeys([*by_id, *graph.find(text)]))


def _suggested(graph: KnowledgeGraph, text: str) -> list[Concept]:
    error = graph.concept_columns.unknown([text], graph=graph.name)
    if isinstance(error, ConceptVersionError):
        raise error
    return [graph.concept(id_) for id_ in error.nearest]


def _meant(graph: KnowledgeGraph, text: str) -> Concept:
    """The concept with this id, or the one with this label."""
    row = graph.concept_columns.row(text)
    return graph.find_one(text) if row is None else graph.concept(graph.ids[row])


def _relations(graph: KnowledgeGraph, given: list[str] | None) -> list[str] | None:
    if not given:
        return None
    return [part.strip() for word in given for part in ([word] if word in graph.relations else word.split(","))]


def _steps(number: int, path: Path) -> list[tuple[Any, ...]]:
    concepts, relations = path.concepts, path.relations
    return [
        (number, step + 1, str(concepts[step]), relations[step], str(concepts[step + 1]), edge.weight, edge.source)
        for step, edge in enumerate(path.edges)
    ]


def _spelled(path: Path) -> dict[str, Any]:
    names = ("from", "relation", "to", "weight", "source")
    return {
        "sentence": str(path),
        "length": len(path),
        "cost": path.cost,
        "concepts": [str(concept) for concept in path.concepts],
        "steps": [dict(zip(names, row[2:], strict=True)) for row in _steps(0, path)],
    }
