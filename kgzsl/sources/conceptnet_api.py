"""ConceptNet's web API, asked page by page."""

import json
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final, Literal
from urllib.parse import parse_qs, quote, urlencode, urlsplit

import polars as pl

from kgzsl.display.progress import progress
from kgzsl.errors import NetworkError, SourceError, UnknownConceptError, UnsafeInputError
from kgzsl.sources import http
from kgzsl.sources.conceptnet_reach import Reach
from kgzsl.sources.conceptnet_rows import ROW_COLUMNS, RowChoice, Rows, checked_rows
from kgzsl.sources.conceptnet_uri import split_uri
from kgzsl.sources.http_cache import Kept, ResponseCache, user_cache_folder
from kgzsl.sources.http_headers import headers_digest
from kgzsl.sources.limits import Limits
from kgzsl.sources.tally import Tally

__all__ = ["Bucket", "read_api"]

LAST_OFFSET: Final = 100_000
"""The server answers any later offset with this page again."""

_PAGE: Final = 1000
_RETRIES: Final = 2
_KEPT_SECONDS: Final = 30 * 86_400.0
_MISSING_KEPT_SECONDS: Final = 600.0
_NOT_A_NODE: Final = "is not a node"
_ADVICE: Final = (
    "ConceptNet's API is often down; the dump works offline: "
    "read_conceptnet('conceptnet-assertions-5.7.0.csv.gz', around=..., hops=...)"
)
_MORE: Final = ("dataset", "license", "sources", "surfaceText", "surfaceStart", "surfaceEnd", "weight")


class Bucket:
    """Lets so many through a minute: a minute's worth at once, then one each time there is room again."""

    def __init__(
        self,
        per_minute: float,
        *,
        clock: Callable[[], float] = time.monotonic,
        wait: Callable[[float], None] = http.pause,
    ) -> None:
        self._rate = per_minute / 60
        self._most = max(1.0, per_minute)
        self._held = self._most
        self._clock = clock
        self._wait = wait
        self._seen = clock()

    def take(self) -> None:
        """Wait until one more may pass."""
        while True:
            now = self._clock()
            self._held = min(self._most, self._held + (now - self._seen) * self._rate)
            self._seen = now
            if self._held > 1 - 1e-9:  # what rounding leaves is not waited for
                self._held -= 1
                return
            self._wait((1 - self._held) / self._rate)


def read_api(
    api: str,
    choice: RowChoice,
    *,
    reach: Reach,
    cache: str | Path | Literal[False] | None,
    requests_per_minute: float,
    headers: Mapping[str, str],
    max_degree: int | None,
    limits: Limits,
    tally: Tally,
    show_progress: bool | None,
) -> Rows:
    """Every edge of the concepts within `reach.hops - 1`, as rows; edges met from both ends are there once."""
    folder = user_cache_folder() / "conceptnet" if cache is None else cache
    service = _Service(
        api.rstrip("/"), Bucket(requests_per_minute), ResponseCache(folder) if folder else None, headers, limits, tally
    )
    tally.count("rows_read", 0)
    seen: set[str] = set()
    parts: list[Rows] = []
    while reach.is_growing:
        asked = reach.frontier
        with progress(len(asked), f"asking {urlsplit(api).hostname}", show=show_progress) as advance:
            found = []
            for id_ in asked:
                found += list(_rows(service.edges(id_, max_degree=max_degree), seen, tally))
                advance()
        table = pl.DataFrame(found, schema=_schema(), orient="row")
        rows = checked_rows(table, choice, tally)
        parts.append(rows)
        reach.grow(rows)
    edges, pages = pl.concat([part.edges for part in parts]), pl.concat([part.pages for part in parts])
    near = edges.filter(pl.all_horizontal(pl.col("start_id", "end_id").is_in(pl.Series(reach.ids).implode())))
    tally.count("skipped_out_of_reach", len(edges) - len(near))
    return Rows(near, pages)


def _schema() -> dict[str, pl.DataType]:
    return dict(zip(ROW_COLUMNS, [pl.Int64(), *[pl.String()] * 4], strict=True))


def _rows(edges: Iterator[Any], seen: set[str], tally: Tally) -> Iterator[tuple[int, str, str, str, str]]:
    """Edges as rows of the dump; what an edge needs and lacks is named."""
    for edge in edges:
        number = tally.counts["rows_read"] = tally.counts["rows_read"] + 1
        row = _row(edge)
        if isinstance(row, str):
            tally.fault("skipped_edge_form", line=number, found=row)
            continue
        key = "\t".join(row)
        if key in seen:
            tally.count("merged_met_again")
            continue
        seen.add(key)
        yield (number, *row)


def _row(edge: Any) -> tuple[str, str, str, str] | str:
    """Relation, ends and the rest of an edge as the dump has them; or what is wrong with it."""
    if not isinstance(edge, Mapping):
        return f"an edge is {type(edge).__name__}"
    uris = []
    for field in ("rel", "start", "end"):
        value = edge.get(field)
        if not isinstance(value, Mapping) or not isinstance(value.get("@id"), str):
            return f"{field!r} has no '@id' ({json.dumps(value)[:40]})"
        uris.append(value["@id"])
    if any(mark in uri for uri in uris for mark in "\t\n"):
        return f"an '@id' holds a tab or newline ({uris})"
    more = {field: edge[field] for field in _MORE if edge.get(field) is not None}
    return uris[0], uris[1], uris[2], json.dumps(more)


class _Service:
    """One API, through the cache and not too often."""

    def __init__(
        self,
        base: str,
        bucket: Bucket,
        cache: ResponseCache | None,
        headers: Mapping[str, str],
        limits: Limits,
        tally: Tally,
    ) -> None:
        self._base = base
        self._bucket = bucket
        self._cache = cache
        self._headers = headers
        self._reader = headers_digest(headers)  # what one may read is not kept for another
        self._limits = limits
        self._tally = tally

    def edges(self, id_: str, *, max_degree: int | None) -> Iterator[Any]:
        """The edges of a concept, page after page, until the last, a repeated one, or enough of them."""
        pieces = "/".join(quote(piece, safe="") for piece in split_uri(id_))
        url = f"{self._base}/{pieces}?{urlencode({'offset': 0, 'limit': _PAGE})}"
        asked: set[str] = set()
        given = 0
        while True:
            asked.add(url)
            page = self._page(url, id_)
            edges = page.get("edges")
            if not isinstance(edges, list):
                raise SourceError(http.masked(url), "the answer has no list 'edges'; is this ConceptNet's API?")
            yield from edges
            given += len(edges)
            following = self._following(page, url)
            if following is None:
                return
            if following in asked:
                self._tally.count("pages_repeated")
                return
            if _offset(following) > LAST_OFFSET:
                self._tally.counts["truncated_at"] = LAST_OFFSET
                return
            if max_degree is not None and given >= max_degree:
                self._tally.count("hubs_not_read_to_the_end")
                return
            url = following

    def _following(self, page: Mapping[str, Any], url: str) -> str | None:
        """The address of the next page, which must be of this API."""
        view = page.get("view")
        target = view.get("nextPage") if isinstance(view, Mapping) else None
        if not isinstance(target, str) or not target:
            return None
        full = f"{self._base}{target}" if target.startswith("/") and not target.startswith("//") else target
        safe = full.startswith(f"{self._base}/") and not any(ord(character) < 33 for character in full)
        if not safe or ".." in urlsplit(full).path.split("/"):
            raise UnsafeInputError(
                f"{http.masked(url)} names {target[:80]!r} as its next page, which is not of this API"
            )
        return full

    def _page(self, url: str, id_: str) -> Mapping[str, Any]:
        """One page, from the cache or the network; `UnknownConceptError` where there is no such concept."""
        kept = self._kept(url)
        if kept is None:
            kept = self._fetched(url)
            if self._cache is not None:
                self._cache.put(self._key(url), kept)
        else:
            self._tally.count("answers_from_cache")
        if kept.status == 404:
            hint = f"{http.masked(self._base)} says that it is not a node; ids look like /c/en/hot_dog"
            raise UnknownConceptError(id_, graph="conceptnet", num_concepts=0, hint=hint)
        try:
            page = json.loads(kept.text)
        except ValueError as error:
            raise SourceError(http.masked(url), f"the answer is not JSON: {error}") from error
        if not isinstance(page, Mapping):
            raise SourceError(http.masked(url), "the answer is no JSON object; is this ConceptNet's API?")
        return page

    def _kept(self, url: str) -> Kept | None:
        if self._cache is None:
            return None
        key = self._key(url)
        kept = self._cache.get(key, max_age=_KEPT_SECONDS)
        return kept if kept is None or kept.status == 200 else self._cache.get(key, max_age=_MISSING_KEPT_SECONDS)

    def _key(self, url: str) -> str:
        return f"{url}#{self._reader}" if self._reader else url

    def _fetched(self, url: str) -> Kept:
        self._tally.count("requests")
        try:
            if not http.is_offline():
                self._bucket.take()
            answer = http.fetch(
                url,
                accept="application/json",
                limits=self._limits,
                expect=("application/json", "application/*+json"),
                retries=_RETRIES,
                advice=_ADVICE,
                headers=self._headers,
                check=http.parsed_json,
            )
            http.checked_json(answer, advice=_ADVICE)
        except NetworkError as error:
            if error.status == 404 and _NOT_A_NODE in str(error):
                return Kept(404, "")
            raise
        self._tally.count("retries", answer.attempts - 1)
        return Kept(200, answer.body.decode())


def _offset(url: str) -> int:
    given = parse_qs(urlsplit(url).query).get("offset", ["0"])[0]
    return int(given) if given.isdigit() and len(given) < 12 else 0
