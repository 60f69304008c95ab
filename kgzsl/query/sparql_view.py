r"""A graph as RDF for a SPARQL engine: what is called what, and the store that holds it.

    PREFIX c: <urn:kgzsl:concept:>      c:tiger.n.02 is the concept `tiger.n.02`
    PREFIX r: <urn:kgzsl:relation:>     c:tiger.n.02 r:is_a c:big_cat.n.01 is an edge, as it is stated

    c:tiger.n.02  rdfs:label "tiger" ; skos:altLabel "Panthera tigris" ; skos:definition "large feline ..." .

In an IRI, letters, digits and `_ . - ~ : /` of an id stand as they are and all else is percent-encoded: `/c/en/dog` is
`<urn:kgzsl:concept:/c/en/dog>`, and `big cat` is `c:big%20cat`. (In a prefixed name SPARQL wants `/` as `\/`.) Weights,
sources and further columns are not part of the view.
"""

from __future__ import annotations

from collections.abc import Iterator
from threading import Lock
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote
from weakref import WeakKeyDictionary

import polars as pl
import pyoxigraph as ox

if TYPE_CHECKING:
    from kgzsl.graph.knowledge_graph import KnowledgeGraph

__all__ = ["CONCEPTS", "NAMESPACES", "RELATIONS", "concept_iri", "iri_id", "relation_iri", "store_of"]

CONCEPTS = "urn:kgzsl:concept:"
RELATIONS = "urn:kgzsl:relation:"
_RDFS, _SKOS = "http://www.w3.org/2000/01/rdf-schema#", "http://www.w3.org/2004/02/skos/core#"
NAMESPACES = {
    "c": CONCEPTS,
    "r": RELATIONS,
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "rdfs": _RDFS,
    "skos": _SKOS,
    "xsd": "http://www.w3.org/2001/XMLSchema#",
}
"""Prefixes that every query may use without declaring them."""

_PLAIN = r"^[A-Za-z0-9_.~:/-]*$"
_BLOCK = 50_000
_STORES: WeakKeyDictionary[KnowledgeGraph, ox.Store] = WeakKeyDictionary()
_FILLING = Lock()


def concept_iri(id: str) -> str:
    """The IRI of a concept.

    >>> concept_iri("tiger.n.02"), concept_iri("big cat")
    ('urn:kgzsl:concept:tiger.n.02', 'urn:kgzsl:concept:big%20cat')
    """
    return CONCEPTS + quote(id, safe=":/")


def relation_iri(name: str) -> str:
    """The IRI of a relation."""
    return RELATIONS + quote(name, safe=":/")


def iri_id(iri: str, space: str) -> str | None:
    """The id or name behind an IRI in `CONCEPTS` or `RELATIONS`; None for any other IRI."""
    return unquote(iri[len(space) :]) if iri.startswith(space) else None


def store_of(graph: KnowledgeGraph) -> ox.Store:
    """The graph in a SPARQL store in memory, filled on first use and kept as long as the graph is."""
    with _FILLING:
        if graph not in _STORES:
            store = ox.Store()
            for lines in _lines(graph):  # `bulk_load` takes threads, and the order of answers would be their order
                store.load("\n".join(lines).encode(), format=ox.RdfFormat.N_TRIPLES)
            _STORES[graph] = store
        return _STORES[graph]


def _lines(graph: KnowledgeGraph) -> Iterator[pl.Series]:
    """N-Triples, block by block."""
    concepts = graph.concept_columns
    nodes = _nodes(concepts.id_column, CONCEPTS)
    texts = concepts.series("label", "aliases", "definition")
    terms = (f"{_RDFS}label", f"{_SKOS}altLabel", f"{_SKOS}definition")
    for term, column in zip(terms, texts, strict=True):
        named = pl.DataFrame({"node": nodes, "text": column})
        if isinstance(column.dtype, pl.List):
            named = named.explode("text")
        named = named.filter(pl.col("text").fill_null("") != "")
        line = pl.concat_str(pl.col("node"), pl.lit(f' <{term}> "'), _escaped(pl.col("text")), pl.lit('" .'))
        yield from _blocks(named, line)
    index = graph.index
    relations = _nodes(pl.Series(list(graph.relations), dtype=pl.String), RELATIONS)
    columns = zip((index.head, index.relation, index.tail), (nodes, relations, nodes), strict=True)
    edges = pl.DataFrame({str(place): names.gather(rows) for place, (rows, names) in enumerate(columns)})
    yield from _blocks(edges, pl.concat_str(pl.col("0"), pl.col("1"), pl.col("2"), pl.lit("."), separator=" "))


def _blocks(table: pl.DataFrame, line: pl.Expr) -> Iterator[pl.Series]:
    for start in range(0, len(table), _BLOCK):
        yield table.slice(start, _BLOCK).select(line.alias("line"))["line"]


def _nodes(names: pl.Series, space: str) -> pl.Series:
    """Each name as an IRI in angle brackets."""
    plain = names.str.contains(_PLAIN)
    parts = [name if as_it_is else quote(name, safe=":/") for name, as_it_is in zip(names, plain, strict=True)]
    return pl.Series([f"<{space}{part}>" for part in parts], dtype=pl.String)


def _escaped(text: pl.Expr) -> pl.Expr:
    for mark, written in (("\\", "\\\\"), ('"', '\\"'), ("\n", "\\n"), ("\r", "\\r")):
        text = text.str.replace_all(mark, written, literal=True)
    return text
