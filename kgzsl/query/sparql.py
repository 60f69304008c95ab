"""SPARQL 1.1 over a graph, answered by Oxigraph: `kg.sparql("SELECT ?x { ?x r:is_a c:equine.n.01 }")`.

`kgzsl.query.sparql_view` says what the graph looks like as RDF, and which prefixes need no declaration: `c:` for
concepts, `r:` for relations, rdfs, skos, rdf and xsd. The first query of a graph fills a store in memory, which takes
seconds for a graph of the size of WordNet; it is kept as long as the graph is.

A query only asks. SERVICE, updates, FROM and GRAPH are refused before the engine sees them, and so are queries that its
parser or planner could not take (`kgzsl.query.sparql_text` has the limits). A name behind `c:` or `r:` that the graph
does not have is an error, which SPARQL itself has no word for; in a CONSTRUCT query, or as a full IRI, it may be new.
The engine has no bound on time or memory, and cannot be interrupted: a query that multiplies large parts of the graph,
or texts with themselves, runs on. Ask what you trust, or in a process of its own.
`kg.match` finds rows as they are read, and has no need of the store.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

import pyoxigraph as ox

from kgzsl.display.table import Table
from kgzsl.errors import InputFormatError, KgzslError, ResourceLimitError, UnknownRelationError
from kgzsl.graph.concept import Concept
from kgzsl.graph.lookup import nearest_of
from kgzsl.query.match_filters import at_place
from kgzsl.query.sparql_text import Checked, PrefixedName, checked
from kgzsl.query.sparql_view import CONCEPTS, NAMESPACES, RELATIONS, iri_id, store_of

if TYPE_CHECKING:
    from kgzsl.graph.knowledge_graph import KnowledgeGraph

__all__ = ["sparql"]

MOST_ROWS = 5_000_000
_XSD = NAMESPACES["xsd"]
_INTEGERS = {
    _XSD + name
    for name in (
        "integer", "int", "long", "short", "byte", "nonNegativeInteger", "positiveInteger", "nonPositiveInteger",
        "negativeInteger", "unsignedLong", "unsignedInt", "unsignedShort", "unsignedByte",
    )
}  # fmt: skip
_FLOATS = {_XSD + name for name in ("decimal", "double", "float")}
_AT = re.compile(r"error at (\d+):(\d+): ?(.*)", re.DOTALL)


def sparql(graph: KnowledgeGraph, query: str) -> Table | bool:
    """What a SPARQL query says of the graph: a table for SELECT, a bool for ASK, a table of triples for the others.

    Cells are `Concept`, names of relations, CURIEs such as `rdfs:label`, str, int, float, bool, or None for no value.
    Rows stand as ORDER BY has them; without it they are sorted, those that LIMIT leaves being the first that the engine
    meets, each time the same. See `KnowledgeGraph.sparql`.
    """
    asked = checked(query)
    if asked.form != "CONSTRUCT":
        for name in asked.names:
            _check_name(graph, asked, name, query)
    answer = _answer(graph, asked, query)
    if isinstance(answer, ox.QueryBoolean):
        return bool(answer)
    cell = _cells(graph)
    if isinstance(answer, ox.QueryTriples):
        triples = ((triple.subject, triple.predicate, triple.object) for triple in answer)
        rows = _drawn(triples, cell)
        return Table(("subject", "predicate", "object"), sorted(set(rows), key=_order))
    columns = [variable.value for variable in answer.variables]
    rows = _drawn(answer, cell)
    return Table(columns, rows if asked.is_ordered else sorted(rows, key=_order))


def _answer(graph: KnowledgeGraph, asked: Checked, query: str) -> Any:
    prologue = "".join(f"PREFIX {prefix}: <{space}> " for prefix, space in NAMESPACES.items())
    try:
        return store_of(graph).query(prologue + asked.text)
    except SyntaxError as error:
        said = str(error)
    found = _AT.fullmatch(said)
    if found is None:
        raise InputFormatError(f"cannot read the query: {said[:200]}")
    line, column = int(found[1]), int(found[2]) - (len(prologue) if found[1] == "1" else 0)
    read = sum(len(one) + 1 for one in asked.text.split("\n")[: line - 1]) + column - 1
    place = max(0, min(asked.place(read), len(query)))
    column = place - query.rfind("\n", 0, place)
    # the parser tries keywords character by character, and tells the place it got to: up to a keyword too far
    said = found[3].replace(", [_]", "").replace("[_]", "something else")[:200]
    advice = "" if asked.names else "; concepts and relations have prefixes, as in ?x r:is_a c:dog.n.01"
    unreadable = InputFormatError(f"cannot read the query near line {line}, column {column} ({said}){advice}")
    raise at_place(unreadable, query, place)


def _drawn(rows: Iterable[Iterable[Any]], cell: Callable[[Any], Any]) -> list[tuple[Any, ...]]:
    """All rows now: the engine's iterator may not be handed to another thread."""
    found = []
    try:
        for row in rows:
            found.append(tuple([cell(value) for value in row]))
            if len(found) > MOST_ROWS:
                raise ResourceLimitError(f"over {MOST_ROWS:,} rows are the answer; add LIMIT, or another pattern")
    except (OSError, RuntimeError, ValueError) as error:
        if isinstance(error, KgzslError):
            raise
        raise InputFormatError(f"the engine could not answer: {str(error)[:200]}") from error
    return found


def _check_name(graph: KnowledgeGraph, asked: Checked, name: PrefixedName, query: str) -> None:
    """Raise the error for a name behind `c:` or `r:` that the graph does not have."""
    if name.prefix in asked.declared or name.prefix not in ("c", "r"):
        return
    meant = iri_id(CONCEPTS + name.local, CONCEPTS) or ""
    if name.prefix == "c" and meant not in graph:
        raise at_place(graph.concept_columns.unknown([meant], graph=graph.name), query, name.place + 2)
    if name.prefix == "r" and meant not in graph.relations:
        known = list(graph.relations)
        turned = [f"^r:{relation.name}" for relation in graph.relations.values() if relation.inverse == meant]
        near = [*turned, *nearest_of(meant, known)]
        unknown = UnknownRelationError(meant, graph=graph.name, known=known, nearest=near)
        raise at_place(unknown, query, name.place + 2)


def _cells(graph: KnowledgeGraph) -> Callable[[Any], Any]:
    """What a term of the answer is in Python; each IRI is looked up once."""
    known: dict[str, Any] = {}
    position = graph.concept_columns.position
    usual = [(name, space) for name, space in NAMESPACES.items() if space.startswith("http")]

    def named(iri: str) -> Any:
        id_ = iri_id(iri, CONCEPTS)
        if id_ is not None:
            return Concept(graph, position[id_]) if id_ in position else id_
        relation = iri_id(iri, RELATIONS)
        if relation is not None:
            return relation
        return next((f"{name}:{iri[len(space) :]}" for name, space in usual if iri.startswith(space)), iri)

    def cell(term: Any) -> Any:
        if isinstance(term, ox.NamedNode):
            iri = term.value
            if iri not in known:
                known[iri] = named(iri)
            return known[iri]
        return _literal(term) if isinstance(term, ox.Literal) else None if term is None else str(term)

    return cell


def _literal(term: Any) -> Any:
    kind, text = term.datatype.value, term.value
    try:
        if kind in _INTEGERS:
            return int(text)
        if kind in _FLOATS:
            return float(text)
    except ValueError:
        return text
    return text in ("true", "1") if kind == f"{_XSD}boolean" else text


def _order(row: Sequence[Any]) -> tuple[tuple[int, Any], ...]:
    """None first, then numbers, then texts."""
    return tuple([_rank(value) for value in row])


def _rank(value: Any) -> tuple[int, Any]:
    if value is None:
        return 0, 0
    if isinstance(value, int | float):
        return (1, value) if not math.isnan(value) else (2, 0)
    return 3, value
