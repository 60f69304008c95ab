"""A class added after the fit, as it is kept and written to disk."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from kgzsl.contracts import FloatArray, WeightArray
from kgzsl.errors import GroundingError, InputFormatError
from kgzsl.graph.editing import with_edges
from kgzsl.graph.knowledge_graph import KnowledgeGraph
from kgzsl.graph.relation import Relation, given_relations
from kgzsl.query.grounding import ground_classes

__all__ = ["Addition"]


def _no_rows() -> FloatArray:
    return np.empty((0, 0), dtype=np.float32)


@dataclass(frozen=True, eq=False)
class Addition:
    """What the user said of the class; the concepts and feature rows it brought along, and its weights `[1, dim]`.

    `borrowed` are those of the new concepts that the encoder could not describe: their rows are their neighbours' mean.
    `relations` describes those of the edges.
    """

    label: str
    edges: tuple[tuple[str, str, str], ...]
    definition: str
    aliases: tuple[str, ...]
    new: tuple[str, ...] = ()
    rows: FloatArray = field(default_factory=_no_rows)
    weights: WeightArray = field(default_factory=_no_rows)
    borrowed: tuple[str, ...] = ()
    relations: tuple[Relation, ...] = ()

    @classmethod
    def stated(
        cls,
        label: str,
        edges: Iterable[tuple[str, str, str]],
        definition: str,
        aliases: Sequence[str],
        relations: Iterable[Relation] = (),
    ) -> "Addition":
        """What the user said, checked for its form."""
        if not isinstance(label, str) or not label.strip():
            raise InputFormatError(f"a class added to a graph is named by its concept's id or name, not {label!r}")
        if not isinstance(definition, str):
            raise InputFormatError(f"a definition is a string, not {type(definition).__name__}")
        if not isinstance(edges, Iterable):
            raise InputFormatError(f"edges are a list of (head, relation, tail), not {edges!r}")
        if isinstance(aliases, str) or not isinstance(aliases, Iterable):
            raise InputFormatError(f"aliases are a list of strings, not {aliases!r}")
        aliases = tuple(aliases)
        if not all(isinstance(alias, str) for alias in aliases):
            raise InputFormatError(f"aliases are a list of strings, not {aliases!r}")
        described = tuple(given_relations(relations).values())
        return cls(str(label), tuple(_edge(edge) for edge in edges), definition, aliases, relations=described)

    def applied(self, graph: KnowledgeGraph, *, takes_slips: bool = False) -> tuple[KnowledgeGraph, str]:
        """The graph with the concept that the label stands for, and its id.

        A label that is no id becomes a new concept if anything is said of it; alone, it is the name of one there is.
        `takes_slips` as in `with_edges`.
        """
        is_described = bool(self.definition or self.aliases)
        row = graph.concept_columns.row(self.label)
        if row is None:
            if not is_described and not self.edges:
                return graph, _known(graph, self.label)
            concept = self.label
            words = {"label": concept.replace("_", " "), "definition": self.definition, "aliases": list(self.aliases)}
            graph = graph.add_concepts([{"id": concept, **words}])
        elif is_described:
            raise InputFormatError(
                f"{self.label!r} is in the graph already, with its own words: leave definition= and aliases= out, "
                "or choose another id"
            )
        else:
            concept = graph.ids[row]
        if self.edges:
            graph = with_edges(graph, self.edges, given_relations(self.relations), takes_slips=takes_slips)
        return graph, concept


def _known(graph: KnowledgeGraph, label: str) -> str:
    """The concept of a class of which nothing but its label is said."""
    try:
        return ground_classes(graph, [label])[0]
    except GroundingError as error:
        if error.missing:
            error.message += f"\na concept that is new needs edges=[({label!r}, 'is_a', …)], which say what it is"
        raise


def _edge(edge: Any) -> tuple[str, str, str]:
    parts = tuple(edge) if isinstance(edge, tuple | list) else ()
    if len(parts) != 3 or not all(isinstance(part, str) for part in parts):
        raise InputFormatError(f"edges are a list of (head, relation, tail), each a string; one is {edge!r}")
    head, relation, tail = (str(part) for part in parts)
    return head, relation, tail
