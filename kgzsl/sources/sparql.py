"""A neighbourhood out of a SPARQL endpoint: the graph stays in its engine, and what is near comes here."""

import warnings
from collections.abc import Iterable, Mapping, Sequence
from typing import Final
from urllib.parse import urlsplit

from kgzsl.errors import InputFormatError, KgzslWarning, UnknownConceptError, listing
from kgzsl.graph.knowledge_graph import KnowledgeGraph
from kgzsl.sources.limits import Limits
from kgzsl.sources.sparql_endpoint import Endpoint, Row, with_credentials
from kgzsl.sources.sparql_graph import graph_of_triples
from kgzsl.sources.sparql_neighborhood import absent, read_surroundings, read_texts
from kgzsl.sources.sparql_query import checked_language
from kgzsl.sources.sparql_terms import SparqlTerms
from kgzsl.sources.tally import Tally

__all__ = ["read_sparql"]

_ALWAYS_COUNTED: Final = (
    "concepts_without_label", "kept_edges", "kept_texts", "literals", "merged_duplicate", "merged_duplicate_text",
    "merged_met_again", "pages_cut_by_server", "requests", "rows_withheld", "skipped_administrative",
    "skipped_blank_node", "skipped_meta_vocabulary", "skipped_outside", "skipped_second_definition",
    "skipped_self_loop", "texts_cleaned", "truncated",
)  # fmt: skip


def read_sparql(
    endpoint: str,
    *,
    around: Iterable[str] | str,
    hops: int = 1,
    relations: Iterable[str] | str | None = None,
    language: str = "en",
    prefixes: Mapping[str, str] | None = None,
    graphs: Sequence[str] = (),
    page_size: int = 5_000,
    max_edges: int = 1_000_000,
    max_seconds: float = 900.0,
    auth: tuple[str, str] | None = None,
    name: str | None = None,
    strict: bool = False,
    limits: Limits = Limits(),  # noqa: B008 - frozen
    show_progress: bool | None = None,
) -> KnowledgeGraph:
    """All within `hops` edges of the IRIs `around`, walked either way, and the edges among them.

    For graphs that outgrow one machine. `around` and `relations` are IRIs or CURIEs by `prefixes` and the common ones;
    `relations` may also be names or kinds of ours (`"is_a"`, `"taxonomic"`), and None stands for all. `graphs` are the
    named graphs to read in place of the endpoint's default graph; `auth` is a user name and a password. The labels,
    aliases and definitions are those in `language`, in English and without one, and where there is no label at all,
    those of any language.

    Before rows are fetched they are counted, at the endpoint: more than `max_edges` in all, those included that turn
    out to lead outside, are a `LimitExceededError` before they travel. A server that cuts its answers at a number of
    its own is read on from there until the count is met; if that is not to be had, `report["truncated"]` is not 0,
    `report["rows_withheld"]` says how many are missing, and a warning tells (with `strict` it is a `SourceError`).

    Edges to blank nodes are left out and counted, so are the literals that name nothing here, the vocabulary of
    ontologies itself (owl:Class) and what speaks of files and schemes (owl:imports, skos:inScheme). `report`:
    `rows_read` is the sum of what starts with `kept_`, `merged_` and `skipped_`. A broken row is skipped and told in
    one warning, with `strict` or above `limits.max_bad_fraction` it is a `SourceError`. `NetworkError` where the
    endpoint fails for good, `UnknownConceptError` where it knows nothing of an IRI, `UnsafeInputError` where an IRI has
    a character that none has: nothing else ever enters a query.

    >>> import kgzsl
    >>> kgzsl.read_sparql("http://localhost:7878/query", around="http://x.org/cat", hops=2)  # doctest: +SKIP
    """
    terms = SparqlTerms(prefixes or {})
    wanted = sorted({terms.iri(iri) for iri in ([around] if isinstance(around, str) else around)})
    if not wanted:
        raise InputFormatError("around= is empty; name at least one IRI to start from")
    if hops < 0:
        raise InputFormatError(f"hops counts edges from 0 on, not {hops}")
    language = checked_language(language)
    predicates = terms.predicates(relations)
    tally = Tally(endpoint, strict=strict, counts=dict.fromkeys(_ALWAYS_COUNTED, 0))
    server = Endpoint(
        with_credentials(endpoint, auth), tally, graphs, limits, page_size, max_rows=max_edges, max_seconds=max_seconds
    )
    tally.location = server.name
    name = name or urlsplit(endpoint).hostname or "sparql"
    _check_present(server, wanted, name)
    start = frozenset(wanted)
    near = read_surroundings(
        server,
        wanted,
        hops=hops,
        predicates=predicates,
        skipped=lambda row: _reason_to_skip(row, terms, start),
        show_progress=show_progress,
    )
    texts = _texts(server, near.iris, terms, language, show_progress)
    graph = graph_of_triples(
        near.iris, near.triples, texts, terms=terms, language=language, tally=tally, name=name,
        max_bad_fraction=limits.max_bad_fraction,
    )  # fmt: skip
    if graph.report["truncated"]:
        missing = graph.report["rows_withheld"]
        warnings.warn(f"{server.name}: the endpoint withheld {missing:,} rows", KgzslWarning, stacklevel=2)
    return graph


def _check_present(server: Endpoint, wanted: Sequence[str], name: str) -> None:
    if unknown := absent(server, wanted):
        hint = f"{server.name} says nothing of {listing(unknown, limit=5)}; is it in a named graph? then give graphs="
        raise UnknownConceptError(unknown[0], graph=name, num_concepts=0, hint=hint)


def _reason_to_skip(row: Row, terms: SparqlTerms, wanted: frozenset[str]) -> str:
    if terms.is_administrative(row.p):
        return "administrative"
    if any(terms.is_meta(end) and end not in wanted for end in (row.s, row.o.value)):
        return "meta_vocabulary"
    return ""


def _texts(
    server: Endpoint, iris: Sequence[str], terms: SparqlTerms, language: str, show_progress: bool | None
) -> list[Row]:
    """Labels and the like in the languages asked for; where there is no label, labels of any language."""
    languages = tuple(dict.fromkeys((language, "en", "")))
    rows = read_texts(
        server, iris, predicates=tuple(sorted(terms.uses)), languages=languages, show_progress=show_progress
    )
    labels = tuple(sorted(predicate for predicate, (use, _) in terms.uses.items() if use == "label"))
    labelled = {row.s for row in rows if row.p in labels}
    rest = [iri for iri in iris if iri not in labelled]
    return rows + read_texts(server, rest, predicates=labels, languages=None, show_progress=show_progress)
