"""What every check of an audit is given, and what it gives back."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from kgzsl.graph.index import GraphIndex, IntArray
from kgzsl.graph.knowledge_graph import KnowledgeGraph

__all__ = ["MOST_EXAMPLES", "Found", "Subject", "found", "pair_keys", "shown"]

MOST_EXAMPLES = 10


@dataclass(frozen=True, slots=True)
class Found:
    """How often a check found its fault, and up to ten examples; `skipped` says why it could not be run.

    `complete` tells that the examples sum up all that was found, however many there are.
    """

    count: int
    examples: tuple[str, ...] = ()
    skipped: str = ""
    complete: bool = False


@dataclass(frozen=True, eq=False)
class Subject:
    """The graph under audit; `relations` span its taxonomy, `seen` and `classes` are positions or None."""

    graph: KnowledgeGraph
    relations: tuple[str, ...] | str | None = None
    seen: IntArray | None = None
    classes: IntArray | None = None

    @property
    def index(self) -> GraphIndex:
        """The graph as integers."""
        return self.graph.index

    @property
    def ids(self) -> tuple[str, ...]:
        """Ids by position."""
        return self.graph.ids

    @cached_property
    def taxonomy(self) -> IntArray:
        """Rows of the taxonomic edges."""
        return self.index.edge_rows(self.relations)

    @cached_property
    def degree(self) -> IntArray:
        """Edges at each concept."""
        ends = np.concatenate([self.index.head, self.index.tail])
        return np.bincount(ends, minlength=len(self.ids)).astype(np.int64)

    def rows_of(self, chosen: Callable[[Any], bool]) -> IntArray:
        """Rows of the edges whose relation is chosen."""
        codes = [code for code, relation in enumerate(self.index.relations) if chosen(relation)]
        return np.flatnonzero(np.isin(self.index.relation, codes))

    def said(self, row: int) -> str:
        """An edge as text, whatever its numbers are."""
        index = self.index
        relation = int(index.relation[row])
        known = 0 <= relation < len(index.relations)
        name = index.relations[relation].name if known else f"<no relation {relation}>"
        return f"{self.id_at(int(index.head[row]))} {name} {self.id_at(int(index.tail[row]))}"

    def id_at(self, position: int) -> str:
        """The id at a position, or that there is none."""
        return self.ids[position] if 0 <= position < len(self.ids) else f"<no concept {position}>"


def found(items: Sequence[Any] | Any, text: Callable[[Any], str] = str) -> Found:
    """All of these, the first ten as examples."""
    return Found(len(items), tuple(text(item) for item in items[:MOST_EXAMPLES]))


def pair_keys(first: IntArray, second: IntArray, num_concepts: int) -> IntArray:
    """One number for each unordered pair."""
    keys: IntArray = np.minimum(first, second) * num_concepts + np.maximum(first, second)
    return keys


def shown(items: Iterable[str], limit: int = 4) -> str:
    """`a, b, c and 3 more`."""
    texts = list(items)
    hidden = len(texts) - limit
    return ", ".join(texts[:limit]) + (f" and {hidden:,} more" if hidden > 0 else "")
