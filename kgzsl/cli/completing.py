"""What the shell may fill in when Tab is pressed: names of graphs, concepts, relations, models and classes.

Nothing here may fail or print: a graph that cannot be read completes to nothing. What would act on the terminal, or in
the shell, which evaluates what it is offered, is never offered: names of concepts and of files are other people's.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kgzsl.display.text import escape_text

if TYPE_CHECKING:
    from kgzsl.graph.knowledge_graph import KnowledgeGraph

__all__ = [
    "EXPLAINER_NAMES",
    "GRAPH_HELP",
    "PROPAGATOR_NAMES",
    "GraphOption",
    "calibrations",
    "concept_ids",
    "explainers",
    "feature_names",
    "graph_names",
    "label_spaces",
    "propagators",
    "recipes",
    "relation_names",
]

PROPAGATOR_NAMES = (
    "graph-gp", "sgcn", "gcnz", "dgp", "dgpm", "rgcn", "ale", "clip", "conse", "dap", "devise", "eszsl", "exem",
    "iap", "prototype", "sae", "sje", "sync",
)  # fmt: skip
"""As the registry has them, which is not loaded for a Tab; a test holds the two together."""
EXPLAINER_NAMES = ("exact", "gnn-explainer", "gradient", "integrated-gradients", "occlusion", "shapley")
_MOST = 50
_COMMANDING = frozenset("\\`$;&|<>")


def graph_names(incomplete: str) -> list[str]:
    """Graphs that `load_graph` knows, and files."""
    from kgzsl.sources.catalog import list_graphs

    try:
        known = [name for entry in list_graphs() for name in (entry.name, f"{entry.name}-{entry.version}")]
    except Exception:  # a folder of graphs that is damaged
        known = []
    return [*_begun(known, incomplete), *_paths(incomplete)]


def concept_ids(ctx: typer.Context, incomplete: str) -> list[str]:
    """Ids of the graph that the command line names so far, the first that begin so."""
    graph = _graph(ctx)
    if graph is None:
        return []
    place = bisect_left(graph.ids, incomplete)
    return _begun(graph.ids[place : place + _MOST], incomplete)


def relation_names(ctx: typer.Context, incomplete: str) -> list[str]:
    """Relations of the graph that the command line names so far, and kinds of relations."""
    from kgzsl.graph.relation import KINDS

    graph = _graph(ctx)
    names = [] if graph is None else list(graph.relations)
    return _begun((*names, *KINDS), incomplete)


def propagators(incomplete: str) -> list[str]:
    """Models by name."""
    return _begun(PROPAGATOR_NAMES, incomplete)


def explainers(incomplete: str) -> list[str]:
    """Ways of explaining by name."""
    return _begun(EXPLAINER_NAMES, incomplete)


def feature_names(incomplete: str) -> list[str]:
    """What describes concepts."""
    return [*_begun(("text", "sentence"), incomplete), *_paths(incomplete)]


def calibrations(incomplete: str) -> list[str]:
    """The one word among the values of --calibration."""
    return _begun(("stacking",), incomplete)


def label_spaces(incomplete: str) -> list[str]:
    """Classes to choose from."""
    return _begun(("all", "seen", "unseen"), incomplete)


def recipes(incomplete: str) -> list[str]:
    """Graphs that can be rebuilt."""
    return _begun(("freshwater", "wordnet"), incomplete)


def _begun(words: Iterable[str], incomplete: str) -> list[str]:
    return list(dict.fromkeys(word for word in words if word.startswith(incomplete) and _is_harmless(word)))


def _is_harmless(word: str) -> bool:
    """Whether no shell reads a command into the word: bash inserts it as it is, typer leaves backslashes to zsh."""
    return escape_text(word) == word and not _COMMANDING.intersection(word)


def _paths(incomplete: str) -> list[str]:
    """Files and folders that begin so, as a shell has them."""
    folder, mark, begun = incomplete.rpartition("/")
    try:
        found = sorted(Path(f"{folder}{mark}" or ".").iterdir())
    except OSError:
        return []
    shown = [path for path in found if path.name.startswith(begun) and (begun or not path.name.startswith("."))]
    named = [f"{folder}{mark}{path.name}{'/' if path.is_dir() else ''}" for path in shown[:_MOST]]
    return [name for name in named if _is_harmless(name)]


def _graph(ctx: typer.Context) -> KnowledgeGraph | None:
    from kgzsl.cli.locating import graph_at

    named = ctx.params.get("graph")
    words: Sequence[str] = [named] if isinstance(named, str) else ["wordnet"]
    try:
        return graph_at(words[0])
    except Exception:  # of a reader, each of its own kind
        return None


GRAPH_HELP = "A shipped graph such as wordnet, or a file, a folder or a URL."
GraphOption = Annotated[
    str,
    typer.Option(
        "--graph",
        "-g",
        help=GRAPH_HELP,
        autocompletion=graph_names,
        is_eager=True,  # what else is completed depends on it
    ),
]
