r"""Patterns with variables, joined: `kg.match("?x is_a equine.n.01 . ?x has_part ?y")`.

A query is a list of patterns and filters, parted by ` . `, `;` or a new line:

    ?x is_a equine.n.01             a variable, a relation, an id: any of the three may be a variable
    ?x ?r dog.n.01                  ?r is a relation that is stated, walked from head to tail
    ?x has_kind ?y   ?x ^is_a ?y    the other way round; kinds (`?x part ?y`) are any of their relations
    ?x is_a+/has_part? ?y           a pattern of relations, as in `kg.follow`; alone, `.` is written `(.)`
    <c/en/a b> <r/is a> ?y          what has blanks or signs in it; a backslash before `<`, `>` and itself

    ?y != hoof.n.01                 = != and, by id, < <= > >=; between variables or with an id
    ?y in (wing.n.02, hoof.n.01)    also `not in`; for relations, names and kinds
    label(?x) contains "big"        = != contains matches, on any text column of the concepts, without regard to case;
                                    of `aliases`, one must fit; `matches` takes a regular expression (Rust's dialect,
                                    in time linear in the texts)
    FILTER (... || ... && !(...))   conditions joined; FILTER may be left out before a single comparison
    FILTER NOT EXISTS { ... }       no row of the group agrees; also EXISTS
    OPTIONAL { ... }                last, what may be missing: None where it is

Edges are those that are stated, from head to tail, symmetric relations too: `?x antonym|^antonym ?y` goes both ways.
A `.` parts patterns where a word ends with it; inside a word it belongs to the id. FILTER, OPTIONAL, NOT and EXISTS
are written in capitals.

**Rows** are a set: each combination of values once, as after SELECT DISTINCT in SPARQL. They come sorted by the first
column, then the second, and so on, ascending by id (relations by name); columns are the variables in the order in which
they first stand in a pattern. Rows are found as they are read, so `limit=1`, `table.head()` and `bool(table)` cost
little even where there are millions. Patterns that share no variable give every combination.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from operator import getitem
from typing import TYPE_CHECKING, Any

from kgzsl.display.table import Table
from kgzsl.errors import InputFormatError, ResourceLimitError
from kgzsl.graph.concept import Concept
from kgzsl.query.match_building import Query
from kgzsl.query.match_syntax import parse_query

if TYPE_CHECKING:
    from kgzsl.graph.knowledge_graph import KnowledgeGraph

__all__ = ["match"]

MOST_ROWS = 5_000_000
"""Rows that are given without a `limit`: a table keeps what it has shown."""


def match(graph: KnowledgeGraph, pattern: str, *, limit: int | None = None) -> Table:
    """A table with a row for each way in which all the patterns hold; cells are `Concept`, or names of relations.

    See `KnowledgeGraph.match`; the grammar and the order stand above.
    """
    if limit is not None and (isinstance(limit, bool) or not isinstance(limit, int) or limit < 0):
        raise InputFormatError(f"limit is a number of rows, or None for all, not {limit!r}")
    query = Query(graph, pattern, parse_query(pattern))
    columns = [name.removeprefix("?") for name in query.names]
    return Table(columns, islice(_cells(graph, query, bounded=limit is None), limit))


class _Concepts(dict[int | None, Any]):
    """Concepts by position, each made once for a table."""

    def __init__(self, graph: KnowledgeGraph) -> None:
        super().__init__({None: None})
        self.graph = graph

    def __missing__(self, position: int) -> Concept:
        self[position] = concept = Concept(self.graph, position)
        return concept


def _cells(graph: KnowledgeGraph, query: Query, *, bounded: bool) -> Iterator[tuple[Any, ...]]:
    concepts = _Concepts(graph)
    names: dict[int | None, Any] = {None: None, **dict(enumerate(graph.relations))}
    kinds = [names if is_relation else concepts for is_relation in query.relations]
    for count, row in enumerate(query.rows()):
        if bounded and count == MOST_ROWS:
            raise ResourceLimitError(
                f"over {MOST_ROWS:,} rows match; add a pattern or filter, or say how many you want with limit="
            )
        yield tuple(map(getitem, kinds, row))
