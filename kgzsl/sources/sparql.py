"""A neighbourhood out of a SPARQL endpoint: the graph stays in its engine, and what is near comes here."""

import warnings
from collections.abc import Iterable, Mapping, Sequence
from typing import Final
from urllib.parse import urlsplit

import polars as pl

from kgzsl.errors import InputFormatError, KgzslWarning, UnknownConceptError, listing
from kgzsl.graph.knowledge_graph import KnowledgeGraph
from kgzsl.sources.http_headers import checked_headers
from kgzsl.sources.limits import Limits
from kgzsl.sources.rdf_graph import graph_of_triples
from kgzsl.sources.rdf_mapping import RdfMapping
from kgzsl.sources.rdf_parsing import Triples
from kgzsl.sources.rdf_roles import term
from kgzsl.sources.rdf_terms import iri_term, literal_term
from kgzsl.sources.sparql_endpoint import Endpoint, Row, with_credentials
from kgzsl.sources.sparql_neighborhood import Surroundings, absent, read_literals, read_resources, read_surroundings
from kgzsl.sources.sparql_query import checked_language
from kgzsl.sources.sparql_terms import SparqlTerms
from kgzsl.sources.tally import Tally

__all__ = ["read_sparql"]

_ALWAYS_COUNTED: Final = (
    "literals", "merged_met_again", "pages_cut_by_server", "requests", "rows_received", "rows_withheld",
    "skipped_blank_node", "skipped_not_an_edge", "skipped_outside", "truncated",
)  # fmt: skip
_TYPE: Final = term("rdf:type")
_RESOURCE: Final = term("rdfs:Resource")
_PROPERTY: Final = term("rdf:Property")


def read_sparql(
    endpoint: str,
    *,
    around: Iterable[str] | str,
    hops: int = 1,
    relations: Iterable[str] | str | None = None,
    language: str = "en",
    mapping: RdfMapping | None = None,
    prefixes: Mapping[str, str] | None = None,
    graphs: Sequence[str] = (),
    page_size: int = 5_000,
    max_edges: int = 1_000_000,
    max_seconds: float = 900.0,
    auth: tuple[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
    name: str | None = None,
    strict: bool = False,
    limits: Limits = Limits(),  # noqa: B008 - frozen
    show_progress: bool | None = None,
) -> KnowledgeGraph:
    """All within `hops` edges of the IRIs `around`, walked either way, and the edges among them.

    For graphs that outgrow one machine: they stay in their engine. Triples mean what they mean in a file: see
    `read_rdf` and its `mapping`, which says what becomes of each predicate, class expressions of OWL included. `around`
    and `relations` are IRIs, or CURIEs by `prefixes` and the common ones; `relations` may also be names or kinds of
    ours (`"is_a"`, `"taxonomic"`), and None stands for all. Names and definitions are fetched in `language` and in the
    mapping's languages, and labels in any language where there is none in these. `graphs` are named graphs to read in
    place of the endpoint's default graph; `auth` is a user name and a password, `headers` (a bearer token) go along
    with every request; messages show neither.

    Rows are counted, at the endpoint, before they are fetched: if they are more than `max_edges` in all, those included
    that turn out to lead outside, a `LimitExceededError` comes before they travel; `max_seconds` bounds the whole.
    A server that cuts its answers at a number of its own is read on from there until the count is met. Where it gives
    no more, `report["truncated"]` is not 0, `report["rows_withheld"]` says how many are missing, and a warning tells.

    `report`: `rows_read` is the sum of what starts with `kept_`, `merged_` and `skipped_`, blank nodes among them,
    which are never concepts; `literals` counts all that the concepts have. Broken rows are skipped and told in one
    warning. With `strict`, and where they are more than `limits.max_bad_fraction` of all, they are a `SourceError`; so
    are withheld rows with `strict`. `NetworkError` where the endpoint fails for good; `UnknownConceptError` where it
    knows nothing of an IRI, or the mapping leaves it out; `UnsafeInputError` where a text has a character that no IRI
    has: nothing but checked IRIs, language tags and numbers enters a query.

    >>> import kgzsl
    >>> kgzsl.read_sparql("http://localhost:7878/query", around="http://x.org/cat", hops=2)  # doctest: +SKIP
    """
    terms = SparqlTerms(mapping or RdfMapping(), prefixes or {})
    wanted = sorted({terms.iri(iri) for iri in ([around] if isinstance(around, str) else around)})
    predicates = terms.predicates(relations)
    terms = terms.asking(predicates)
    _check(wanted, hops, terms)
    tally = Tally(endpoint, strict=strict, counts=dict.fromkeys(_ALWAYS_COUNTED, 0))
    server = Endpoint(
        with_credentials(endpoint, auth),
        tally,
        graphs,
        limits,
        page_size,
        max_rows=max_edges,
        max_seconds=max_seconds,
        headers=checked_headers(headers),
    )
    tally.location = server.name
    name = name or _host(endpoint)
    languages = tuple(dict.fromkeys((checked_language(language), *map(str.lower, terms.mapping.languages))))
    _check_present(server, wanted, name)
    near = read_surroundings(
        server,
        wanted,
        hops=hops,
        predicates=predicates,
        axioms=terms.mapping.axioms,
        is_edge=terms.is_edge,
        show_progress=show_progress,
    )
    texts = _texts(server, sorted(near.iris), terms, languages, show_progress)
    facts = _relation_facts(server, near, terms, languages, show_progress)
    tally.finish(num_rows=tally.counts["rows_received"], max_bad_fraction=limits.max_bad_fraction)
    broken = set(tally.faults)
    graph = _graph(near, [*texts, *facts], terms, tally, name=name, language=language, limits=limits)
    if left_out := [iri for iri in wanted if terms.id(iri) not in graph]:
        hint = "the mapping leaves it out: it is a property, a header, deprecated, or an individual"
        raise UnknownConceptError(left_out[0], graph=name, num_concepts=len(graph), hint=hint)
    told = [
        f"{tally.counts[reason]:,} {reason} ({tally.examples[reason][0]})" for reason in sorted(tally.faults - broken)
    ]
    if missing := tally.counts["rows_withheld"]:
        told.append(f"the endpoint withheld {missing:,} rows")
    if told:
        warnings.warn(f"{server.name}: {'; '.join(told)}", KgzslWarning, stacklevel=2)
    return graph


def _host(endpoint: str) -> str:
    try:
        return urlsplit(endpoint).hostname or "sparql"
    except ValueError:
        return "sparql"  # no request will accept it


def _check(wanted: Sequence[str], hops: int, terms: SparqlTerms) -> None:
    if not wanted:
        raise InputFormatError("around= is empty; name at least one IRI to start from")
    if hops < 0:
        raise InputFormatError(f"hops counts edges from 0 on, not {hops}")
    if meta := [iri for iri in wanted if terms.is_meta(iri)]:
        raise InputFormatError(
            f"{listing(meta, limit=3)} belongs to the language of ontologies, which is no part of a graph; "
            "start from a concept, or give a mapping= with another meta"
        )


def _check_present(server: Endpoint, wanted: Sequence[str], name: str) -> None:
    if unknown := absent(server, wanted):
        hint = f"{server.name} says nothing of {listing(unknown, limit=5)}; is it in a named graph? then give graphs="
        raise UnknownConceptError(unknown[0], graph=name, num_concepts=0, hint=hint)


def _texts(
    server: Endpoint, iris: Sequence[str], terms: SparqlTerms, languages: tuple[str, ...], show_progress: bool | None
) -> list[Row]:
    """Labels and the like in the languages asked for; where there is no label, labels of any language."""
    rows = read_literals(
        server, iris, predicates=terms.text_predicates, languages=languages, show_progress=show_progress
    )
    labelled = {row.s for row in rows if row.p in terms.label_predicates}
    rest = [iri for iri in iris if iri not in labelled]
    return rows + read_literals(
        server, rest, predicates=terms.label_predicates, languages=None, show_progress=show_progress
    )


def _relation_facts(
    server: Endpoint, near: Surroundings, terms: SparqlTerms, languages: tuple[str, ...], show_progress: bool | None
) -> list[Row]:
    """What the endpoint says of the relations met that have no rule: labels, and whether symmetric or inverse."""
    met = sorted({p for _, p, _ in near.edges if not terms.roles.of(p).has_rule} - near.iris)
    labels = read_literals(
        server, met, predicates=terms.label_predicates, languages=languages, show_progress=show_progress
    )
    return labels + read_resources(server, met, predicates=terms.relation_predicates)


def _graph(
    near: Surroundings,
    further: Iterable[Row],
    terms: SparqlTerms,
    tally: Tally,
    *,
    name: str,
    language: str,
    limits: Limits,
) -> KnowledgeGraph:
    """The graph of what was read, as `read_rdf` would make it of a document with the same triples."""
    rows = [(iri_term(s), iri_term(p), iri_term(o)) for s, p, o in sorted(near.edges | near.facts)]
    rows += [(iri_term(row.s), iri_term(row.p), _spelled(row)) for row in further]
    # a concept of which nothing else is said is one all the same, and a relation that has a label is none for that
    known = [(iri_term(iri), _TYPE, _RESOURCE) for iri in sorted(near.iris)]
    relations = [(iri_term(p), _TYPE, _PROPERTY) for p in sorted({p for _, p, _ in near.edges} - near.iris)]
    for reason, number in (("kept_declarations", len(known)), ("kept_relation_facts", len(relations))):
        tally.count("rows_read", -number)
        tally.count(reason, -number)
    columns = [(column, pl.String()) for column in "spo"]
    table = pl.DataFrame(rows + known + relations, schema=columns, orient="row").with_columns(
        g=pl.lit(None, dtype=pl.String)
    )
    graph = graph_of_triples(
        Triples(table, terms.prefixes),
        terms.mapping,
        tally,
        name=name,
        language=language,
        limits=limits,
        is_part=True,
    )
    source = pl.lit(tally.location)
    return graph.with_tables(
        concepts=graph.concepts_table.with_columns(source=source), edges=graph.coded_edges.with_columns(source=source)
    )


def _spelled(row: Row) -> str:
    if row.o.kind == "iri":
        return iri_term(row.o.value)
    return literal_term(row.o.value, language=row.o.language)
