"""Ontologies and other RDF as a knowledge graph."""

import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import polars as pl
import pyoxigraph as ox

from kgzsl.display.progress import progress
from kgzsl.errors import InputFormatError, KgzslWarning, SourceError, listing
from kgzsl.graph.knowledge_graph import KnowledgeGraph
from kgzsl.sources.limits import Limits
from kgzsl.sources.rdf_content import document_of_source, document_of_text, is_rdflib, stem_of, triples_of_rdflib
from kgzsl.sources.rdf_graph import graph_of_triples
from kgzsl.sources.rdf_mapping import RdfMapping
from kgzsl.sources.rdf_parsing import RdfDocument, Triples, parsed
from kgzsl.sources.rdf_roles import term
from kgzsl.sources.tally import Tally
from kgzsl.sources.written_rdf import GRAPH, written_graph

__all__ = ["RdfMapping", "read_rdf"]

_IMPORTS = term("owl:imports")
_DESCRIPTION = "<urn:kgzsl:term:description>"


def read_rdf(
    source: Any = None,
    *,
    text: str | bytes | None = None,
    format: str | None = None,
    mapping: RdfMapping | None = None,
    base: str | None = None,
    contexts: Mapping[str, str | Path | Mapping[str, Any]] | None = None,
    imports: Mapping[str, str | Path] | None = None,
    language: str | None = "en",
    headers: Mapping[str, str] | None = None,
    strict: bool = False,
    limits: Limits = Limits(),  # noqa: B008 - frozen
    name: str | None = None,
    show_progress: bool | None = None,
) -> KnowledgeGraph:
    """A graph from RDF: Turtle, N-Triples, N-Quads, TriG, RDF/XML or JSON-LD; RDFS, OWL, SKOS and OBO terms.

    `source` is a path (also of a gzip file), an http(s) address, or an `rdflib.Graph` or `Dataset`; `text` is RDF
    itself. The format is the one asked for, else follows from the content type, the suffix or the first bytes. All
    named graphs are read; edges from one carry `graphs`.

    What becomes of each property is written in `mapping` (print `RdfMapping()`). A concept's id is its CURIE by the
    document's prefixes, else its IRI; the other spellings resolve to it. An empty prefix makes no CURIE, for it means
    another thing in the next document. Blank nodes, properties, and the language of ontologies itself (`owl:Class`)
    are never concepts. Of several texts the one in `language` is taken, or else the next by `mapping.languages`.
    Relative IRIs are resolved against `base`, else they start with `kgzsl:rel/`.

    Nothing is fetched or opened because a document names it: `imports` (IRI -> file or address) are the ontologies that
    `owl:imports` may bring, `contexts` (URL -> file or object) those of JSON-LD. `headers` (a bearer token) go along
    with the request for an address, and to no other host. XML with nested or external
    entities is refused.

    `report`: `rows_read` is the sum of what starts with `kept_`, `merged_` and `skipped_`; the edges are `kept_edges`
    and `edges_from_axioms`. IRIs with characters that no IRI may hold, halves of characters and control characters are
    put right, and literals in the place of concepts left out; one warning tells of both, and of imports that were not
    given. With `strict` the first fault is an error. A syntax error is a `SourceError` with the line, and nothing is
    returned.

    >>> text = '''
    ... @prefix zoo: <http://example.org/zoo#> . @prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
    ... zoo:Zebra rdfs:subClassOf zoo:Equine ; rdfs:label "zebra"@en ; zoo:livesIn zoo:Savanna .'''
    >>> [str(edge) for edge in read_rdf(text=text).edges()]
    ['zoo:Zebra is_a zoo:Equine', 'zoo:Zebra zoo:livesIn zoo:Savanna']
    """
    if (source is None) == (text is None):
        raise InputFormatError("give either a source (path, address, rdflib.Graph) or text=")
    if headers and not isinstance(source, str):
        raise InputFormatError("headers= go along with a request: the source must be an http or https address")
    with progress(3, "reading RDF", show=show_progress) as advance:
        if source is not None and is_rdflib(source):
            tally = Tally(type(source).__name__, strict=strict)
            triples, counts = triples_of_rdflib(source), {"read_from_rdflib": 1}
        else:
            if text is not None:
                document = document_of_text(text, format=format, base=base)
            elif isinstance(source, str | Path):
                document = document_of_source(source, format=format, base=base, limits=limits, headers=headers)
            else:
                raise InputFormatError(f"source is a path, an address or an rdflib.Graph, not {type(source).__name__}")
            tally = Tally(document.location, strict=strict)
            triples, counts = (
                parsed(document, tally, limits=limits, contexts=contexts),
                {f"read_as_{document.format}": 1},
            )
        advance(note="linking")
        if triples.table.is_empty():
            raise SourceError(tally.location, "0 triples: there is nothing to make a graph of")
        if mapping is None and (written := _written(triples, tally.location)) is not None:
            return written if name is None else written.with_tables(name=name)
        triples = _with_imports(triples, dict(imports or {}), tally, limits, contexts)
        advance(note="naming")
        graph = graph_of_triples(
            triples,
            mapping or RdfMapping(),
            tally,
            name=stem_of(tally.location) if name is None else name,
            language=language,
            limits=limits,
            report=counts,
        )
    _warn(tally)
    return graph


def _written(triples: Triples, location: str) -> KnowledgeGraph | None:
    """The graph as it was, of a document that `write_graph` wrote; None for any other."""
    table = triples.table
    if table.filter(pl.col("s") == f"<{GRAPH}>", pl.col("p") == _DESCRIPTION).is_empty():
        return None
    lines = table.select(pl.concat_str("s", "p", "o", separator=" ") + " .").to_series()
    return written_graph(ox.parse("\n".join(lines), ox.RdfFormat.N_TRIPLES), location)


def _with_imports(
    triples: Triples,
    given: Mapping[str, str | Path],
    tally: Tally,
    limits: Limits,
    contexts: Mapping[str, str | Path | Mapping[str, Any]] | None,
) -> Triples:
    """The triples with those of every import that is given; the others are counted, and never opened."""
    tables, prefixes = [triples.table], dict(triples.prefixes)
    waiting, known, missing = _imported(triples), set[str](), []
    while waiting:
        iri = waiting.pop(0)
        if iri in known:
            continue
        known.add(iri)
        if iri not in given:
            missing.append(iri)
            continue
        document: RdfDocument = document_of_source(given[iri], format=None, base=iri, limits=limits)
        further = parsed(document, tally, limits=limits, contexts=contexts)
        tables.append(_with_own_blanks(further.table, len(tables)))
        prefixes = {**further.prefixes, **prefixes}
        waiting += _imported(further)
    tally.count("imports_loaded", len(tables) - 1)
    tally.count("imports_not_loaded", len(missing))
    if missing:
        tally.examples["imports_not_loaded"] = [f"not given in imports=: {listing(sorted(missing), limit=3)}"]
    return Triples(pl.concat(tables), prefixes) if len(tables) > 1 else triples


def _imported(triples: Triples) -> list[str]:
    found = triples.table.filter(pl.col("p") == _IMPORTS, pl.col("o").str.starts_with("<"))["o"].unique().sort()
    return [iri[1:-1] for iri in found.to_list()]


def _with_own_blanks(table: pl.DataFrame, number: int) -> pl.DataFrame:
    """Blank nodes of one document are none of another's, whatever they are called."""
    return table.with_columns(pl.col("s", "o", "g").str.replace("^_:", f"_:d{number}x"))


def _warn(tally: Tally) -> None:
    told = [*sorted(tally.faults), *(["imports_not_loaded"] if tally.counts.get("imports_not_loaded") else [])]
    if told:
        shown = "; ".join(f"{tally.counts[reason]:,} {reason} ({tally.examples[reason][0]})" for reason in told)
        warnings.warn(f"{tally.location}: {shown}", KgzslWarning, stacklevel=3)
