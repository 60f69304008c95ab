"""ConceptNet, from its dump or from its web API, as a knowledge graph."""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Literal

from kgzsl.counts import checked_count, checked_seed
from kgzsl.errors import InputFormatError
from kgzsl.graph.knowledge_graph import KnowledgeGraph
from kgzsl.sources.conceptnet_api import read_api
from kgzsl.sources.conceptnet_dump import read_dump
from kgzsl.sources.conceptnet_graph import graph_of_rows
from kgzsl.sources.conceptnet_query import query_expression
from kgzsl.sources.conceptnet_reach import Reach
from kgzsl.sources.conceptnet_relations import selected_relations
from kgzsl.sources.conceptnet_rows import RowChoice
from kgzsl.sources.conceptnet_uri import composed_term, is_concept, split_uri
from kgzsl.sources.http import masked
from kgzsl.sources.http_headers import checked_headers
from kgzsl.sources.limits import Limits
from kgzsl.sources.tally import Tally

__all__ = ["read_conceptnet"]

_LANGUAGE = re.compile(r"[A-Za-z]{2,8}(?:[-_][A-Za-z0-9]+)*")


def read_conceptnet(
    location: str | Path | None = None,
    *,
    api: str | None = None,
    languages: Iterable[str] | str | None = None,
    relations: Iterable[str] | str | None = None,
    min_weight: float | None = None,
    around: Iterable[str] | str | None = None,
    hops: int = 1,
    senses: Literal["merge", "keep"] = "merge",
    query: Mapping[str, str] | None = None,
    max_degree: int | None = None,
    cache: str | Path | Literal[False] | None = None,
    requests_per_minute: float = 50,
    headers: Mapping[str, str] | None = None,
    random_state: int | None = None,
    strict: bool = False,
    limits: Limits = Limits(),  # noqa: B008 -- frozen
    show_progress: bool | None = None,
) -> KnowledgeGraph:
    """ConceptNet from its dump of assertions, plain or packed with gzip or bzip2; or, with `api`, from its web API.

    The dump (five columns, tab-separated, 34 million lines) is streamed; memory follows the result. Rows are chosen by
    `languages` of both ends; `relations` by URI, name (IsA, is_a) or kind; `min_weight`; a `query` of the form that
    the web API takes (start, end, rel, node, other, source, each the beginning of a URI); and `around`, all within
    `hops` edges of some concepts, found by one pass over the file a hop and a last one for the edges among them.
    `max_degree` bounds how many neighbours of a hub are followed, drawn by `random_state`.

    A concept is a term in a language: `/c/en/dog`, label "dog". With `senses="merge"`, `/c/en/test/n/wn/act` is
    `/c/en/test`, and resolves to it; with "keep" it is a concept of its own. Either way a concept's `more` has
    `language`, `pos`, `senses` and `external_urls`, and an edge's has `surface_texts`, `head_senses`, `tail_senses`
    and `num_rows`. Terms not in lower case and composed form are put into it.

    Relations become ours: `/r/IsA` `is_a`, `/r/PartOf` `has_part` from whole to part; what says "not", and Antonym,
    DistinctFrom and ObstructedBy, is negative; one that is not known is an association under its own name. Rows that
    say the same edge, symmetric relations in either direction, are one edge with the largest weight; `source` names
    their data sets. ExternalURL rows are no edges but `external_urls` of their concept. `report` accounts for every
    line: `rows_read` is the sum of what starts with `kept_`, `merged_` and `skipped_`. Rows of other languages and
    out of reach are not looked at further; what is wrong with the others is warned of, and more than
    `limits.max_bad_fraction` of them is a `SourceError`, with `strict` the first.

    From the API come the edges of every concept within `hops - 1` of `around`, page by page, at most
    `requests_per_minute`, through a cache on disk (`cache`: a folder, None for the user's cache folder, False for
    none); `headers` go along with every request, and neither into messages nor onto the disk. The API has been down for
    long stretches: the dump is the way that always works.

    Raises `DataMissingError`, `SourceError`, `IntegrityError` (a dump that is cut or altered), `LimitExceededError`,
    `UnknownConceptError`, `NetworkError`, `OfflineError`; nothing is returned after an error.

    >>> import kgzsl
    >>> kgzsl.read_conceptnet("conceptnet-assertions-5.7.0.csv.gz", languages="en")  # doctest: +SKIP
    """
    if (location is None) == (api is None):
        raise InputFormatError("give the path of a dump, or api= with the address of a web API; one of the two")
    if api is None and headers:
        raise InputFormatError("headers= go along with requests: give them with api=, not with a dump")
    if senses not in ("merge", "keep"):
        raise InputFormatError(f"senses= is 'merge' or 'keep', not {senses!r}")
    choice = RowChoice(
        languages=_languages(languages),
        relations=selected_relations(relations),
        min_weight=min_weight,
        keep_senses=senses == "keep",
        query=query_expression(query),
    )
    tally = Tally(str(location) if api is None else masked(str(api)), strict=strict)
    reach = _reach(around, hops=hops, max_degree=max_degree, random_state=random_state, tally=tally)
    if api is None:
        path = Path(str(location))
        rows = read_dump(path, choice, reach=reach, limits=limits, tally=tally, show_progress=show_progress)
    elif reach is None:
        raise InputFormatError("the web API is asked about concepts: give around=['/c/en/dog']; a dump needs none")
    else:
        rows = read_api(
            api,
            choice,
            reach=reach,
            cache=cache,
            requests_per_minute=requests_per_minute,
            headers=checked_headers(headers),
            max_degree=max_degree,
            limits=limits,
            tally=tally,
            show_progress=show_progress,
        )
    roots = [] if reach is None else reach.found_roots
    return graph_of_rows(rows, roots=roots, max_bad_fraction=limits.max_bad_fraction, tally=tally, stacklevel=3)


def _languages(languages: Iterable[str] | str | None) -> tuple[str, ...] | None:
    if languages is None:
        return None
    codes = tuple(sorted({languages} if isinstance(languages, str) else set(languages)))
    wrong = [code for code in codes if not isinstance(code, str) or not _LANGUAGE.fullmatch(code)]
    if wrong or not codes:
        raise InputFormatError(f"languages= takes codes such as 'en', not {wrong or 'an empty list'}")
    return codes


def _reach(
    around: Iterable[str] | str | None, *, hops: int, max_degree: int | None, random_state: int | None, tally: Tally
) -> Reach | None:
    checked_count(hops, "hops", least=0)
    if max_degree is not None:
        checked_count(max_degree, "max_degree")
    seed = checked_seed(random_state)
    if around is None:
        return None
    roots = [_root(uri) for uri in ([around] if isinstance(around, str) else around)]
    if not roots:
        raise InputFormatError("around= names no concept; leave it out to read all")
    return Reach(roots, hops=hops, max_degree=max_degree, random_state=seed, tally=tally)


def _root(uri: str) -> str:
    pieces = split_uri(uri) if isinstance(uri, str) and is_concept(uri) else []
    term = composed_term(pieces[2]) if len(pieces) == 3 else ""
    if term in ("", ".", "..") or not _LANGUAGE.fullmatch(pieces[1]):
        raise InputFormatError(
            f"around= takes URIs of concepts without senses, such as '/c/en/hot_dog', not {str(uri)[:80]!r}"
        )
    return f"/c/{pieces[1]}/{term}"
