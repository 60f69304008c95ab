"""One SPARQL endpoint: ask, count, read page by page, and know when an answer is not all there is."""

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, NamedTuple
from urllib.parse import quote, urlencode, urlsplit, urlunsplit

from kgzsl.errors import InputFormatError, LimitExceededError, SourceError
from kgzsl.sources.http import Response, fetch, masked
from kgzsl.sources.limits import Limits
from kgzsl.sources.sparql_query import Key, Triples, checked_iri, is_iri
from kgzsl.sources.tally import Tally

__all__ = ["Endpoint", "Row", "Term", "batches", "with_credentials"]

_RESULTS: Final = "application/sparql-results+json"
_BATCH: Final = 100
_BATCH_CHARACTERS: Final = 30_000
_ADVICE: Final = "try later, ask for less with relations= or hops=, or read a dump of the same data with read_rdf"
_LITERALS: Final = ("literal", "typed-literal")
_FAULTS: Final = {"blank": "skipped_blank_nodes_unasked", "bad IRI": "skipped_bad_iris"}


class Term(NamedTuple):
    """A value of an answer: `kind` is "iri", "blank" or "literal"."""

    kind: str
    value: str
    language: str = ""


class Row(NamedTuple):
    """A triple of an answer; its ends and predicate are IRIs, the object may be a literal."""

    s: str
    p: str
    o: Term

    @property
    def key(self) -> Key:
        """The row as text, in the order that pages come in."""
        return self.s, self.p, self.o.value


@dataclass
class Endpoint:
    """Where questions go. `tally` counts what came, `max_rows` and `max_seconds` bound all questions together."""

    url: str
    tally: Tally
    graphs: Sequence[str] = ()
    limits: Limits = field(default_factory=Limits)
    page_size: int = 5_000
    max_rows: int = 1_000_000
    max_seconds: float = 900.0
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    _num_rows: dict[str, int] = field(default_factory=dict)
    _started: float = field(default_factory=time.monotonic)

    def __post_init__(self) -> None:
        if self.page_size < 1 or self.max_rows < 1:
            raise InputFormatError(f"pages and edges are counted from 1, not {self.page_size} and {self.max_rows}")
        self.graphs = tuple(checked_iri(graph) for graph in self.graphs)

    @property
    def name(self) -> str:
        """The address without credentials."""
        return masked(self.url)

    def bindings(self, query: str) -> list[Mapping[str, Any]]:
        """The rows that answer a SELECT, as they came."""
        left = self.max_seconds - (time.monotonic() - self._started)
        if left <= 0:
            raise LimitExceededError(
                self.name,
                limit="max_seconds",
                allowed=self.max_seconds,
                found="more",
                advice="ask for less with relations= or hops=, or give max_seconds=",
            )
        fields = [("query", query), *(("default-graph-uri", graph) for graph in self.graphs)]
        answers: list[Any] = []
        fetch(
            self.url,
            accept=_RESULTS,
            limits=replace(self.limits, total_seconds=min(self.limits.total_seconds, left)),
            data=urlencode(fields).encode(),
            content_type="application/x-www-form-urlencoded",
            expect=(_RESULTS, "application/json"),
            advice=_ADVICE,
            headers=self.headers,
            check=lambda answer: answers.append(_json(answer)),
        )
        self.tally.count("requests")
        return _bindings(self.name, answers[-1])

    def leave_out(self, reason: str, number: int = 1) -> None:
        """Count rows that go no further; all others are counted by who makes the graph."""
        self.tally.count(reason, number)
        self.tally.count("rows_read", number)

    def census(self, triples: Triples) -> Mapping[str, int]:
        """How many triples have an IRI, a blank node, a literal at the far end."""
        sent = self.bindings(triples.census())
        binding = sent[0] if len(sent) == 1 and isinstance(sent[0], dict) else {}
        try:
            total = int(binding["all"]["value"])
            iris, blank = (int(binding[test]["value"]) if total else 0 for test in ("isIRI", "isBlank"))
            if min(iris, blank, total - iris - blank) < 0:
                raise ValueError("the parts are not parts of the whole")
        except (KeyError, TypeError, ValueError) as error:
            raise SourceError(self.name, f"a count was answered with {str(sent)[:80]!r}") from error
        return {"iri": iris, "blank": blank, "literal": total - iris - blank}

    def rows(self, triples: Triples, expected: int) -> list[Row]:
        """All rows, page by page; `expected` is what the census says.

        A server may cut every answer at a number of its own without a word, so a short page proves nothing: pages
        are read until the census is met. They are told apart by the last row of the one before, which costs the same
        for each; where that does not lead to the expected number (an engine that sorts otherwise than it compares),
        by their offset. What is still missing then is counted as `rows_withheld`.
        """
        if not expected:
            return []
        kind = "rows of texts" if triples.text else "max_edges"
        self._num_rows[kind] = self._num_rows.get(kind, 0) + expected
        if self._num_rows[kind] > self.max_rows:
            found = f"at least {self._num_rows[kind]:,}"
            raise LimitExceededError(
                self.name,
                limit=kind,
                allowed=f"{self.max_rows:,}",
                found=found,
                advice="ask for less with relations= or hops=, or give max_edges=",
            )
        page = self._by_key(triples, expected) if triples.has_keys else None
        if page is None or page.num_seen < expected:
            page = self._by_offset(triples, expected)
        self.tally.count("rows_received", page.num_seen)
        for reason, found in page.faults:
            self.tally.fault(reason, found=found)
        self.tally.count("rows_read", len(page.faults))
        for reason, number in page.counts.items():
            self.tally.count(reason, number)
        missing = max(0, expected - page.num_seen)
        if missing and self.tally.strict:
            raise SourceError(
                self.name, f"gave {page.num_seen:,} of {expected:,} rows and no more (strict=False counts them)"
            )
        if missing:
            self.tally.count("rows_withheld", missing)
            self.tally.count("truncated")
        return list(page.rows)

    def _by_key(self, triples: Triples, expected: int) -> "_Page | None":
        """Pages that each start after the last row of the one before; None if the rows do not come in that order."""
        whole, after = _Page(), None
        while whole.num_seen < expected:
            page = self._page(triples, after=after)
            keys = [row.key for row in page.rows]
            is_alone = after is None and page.num_seen >= expected
            in_order = keys == sorted(set(keys)) and (after is None or not keys or keys[0] > after)
            if not is_alone and (page.faults or not in_order):
                return None
            whole.add(page)
            if not keys:
                break
            after = keys[-1]
            whole.note_short(page, self.page_size, expected)
        return whole

    def _by_offset(self, triples: Triples, expected: int) -> "_Page":
        """Pages by number; what comes twice is no progress, and without progress there is no further page."""
        whole, offset = _Page(), 0
        while whole.num_seen < expected:
            page = self._page(triples, offset=offset)
            before = whole.num_seen
            whole.add(page)
            if whole.num_seen == before:
                break
            offset += page.num_sent
            whole.note_short(page, self.page_size, expected)
        return whole

    def _page(self, triples: Triples, *, offset: int = 0, after: Key | None = None) -> "_Page":
        sent = self.bindings(triples.page(self.page_size, offset=offset, after=after))
        if len(sent) > self.page_size:
            raise SourceError(
                self.name,
                f"answered {len(sent):,} rows to LIMIT {self.page_size:,}: it does not keep to SPARQL's LIMIT",
            )
        page = _Page(num_sent=len(sent))
        for binding in sent:
            page.take(binding, triples)
        return page


@dataclass
class _Page:
    """Rows of one answer or of several, each once, and what was wrong with the others."""

    rows: dict[Row, None] = field(default_factory=dict)
    faults: list[tuple[str, str]] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)
    num_sent: int = 0

    @property
    def num_seen(self) -> int:
        return len(self.rows) + len(self.faults)

    def add(self, page: "_Page") -> None:
        self.rows |= page.rows
        self.faults += page.faults
        for reason, number in page.counts.items():
            self.counts[reason] = self.counts.get(reason, 0) + number

    def note_short(self, page: "_Page", page_size: int, expected: int) -> None:
        """A page with fewer rows than asked for, when there are more: the server's own limit."""
        if page.num_sent < page_size and self.num_seen < expected:
            self.counts["pages_cut_by_server"] = self.counts.get("pages_cut_by_server", 0) + 1

    def take(self, binding: Any, question: Triples) -> None:
        """Keep a row, or say what is wrong with it."""
        found = binding if isinstance(binding, dict) else {}
        terms = {variable: _term(found[variable]) for variable in "spo" if variable in found}
        if len(terms) < 3:
            self.faults.append(("skipped_bindings_missing", str(binding)[:80]))
            return
        wanted = {"s": "iri", "p": "iri", "o": "literal" if question.text else "iri"}
        wrong = next((variable for variable in "spo" if terms[variable].kind != wanted[variable]), None)
        if wrong is not None:
            reason = _FAULTS.get(terms[wrong].kind, "skipped_bindings_of_another_kind")
            self.faults.append((reason, str(found[wrong])[:80]))
            return
        if terms[question.near].value not in question.iris:
            self.faults.append(("skipped_not_asked_for", terms[question.near].value[:80]))
            return
        for reason, number in (
            ("bindings_extra", len(found) - 3),
            ("typed_literals", found["o"].get("type") == "typed-literal"),
        ):
            if number:
                self.counts[reason] = self.counts.get(reason, 0) + number
        self.rows[Row(terms["s"].value, terms["p"].value, terms["o"])] = None


def _term(value: Any) -> Term:
    """A value of a binding; of kind "" if it is none, "bad IRI" if it could not stand in a query."""
    if not isinstance(value, dict) or not isinstance(value.get("value"), str):
        return Term("", "")
    said, text = value.get("type"), value["value"]
    if said == "uri":
        return Term("iri" if is_iri(text) else "bad IRI", text)
    if said == "bnode":
        return Term("blank", text)
    if said not in _LITERALS:
        return Term("", "")
    language = value.get("xml:lang")
    return Term("literal", text, language.lower() if isinstance(language, str) else "")


def _json(answer: Response) -> Any:
    try:
        return json.loads(answer.body)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error


def _bindings(location: str, answer: Any) -> list[Any]:
    """The rows of a result in JSON, which must have the form of one."""
    results = answer.get("results") if isinstance(answer, dict) else None
    bindings = results.get("bindings") if isinstance(results, dict) else None
    if not isinstance(bindings, list):
        raise SourceError(location, f"answered JSON that is no SPARQL result: {str(answer)[:80]!r}")
    return bindings


def with_credentials(endpoint: str, auth: tuple[str, str] | None) -> str:
    """The address with user name and password in it, which is how they are sent; messages mask them."""
    if auth is None:
        return endpoint
    try:
        parts = urlsplit(endpoint)
    except ValueError:
        return endpoint  # which no request will accept
    user, password = (quote(part, safe="") for part in auth)
    return urlunsplit(parts._replace(netloc=f"{user}:{password}@{parts.netloc.rpartition('@')[2]}"))


def batches(iris: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """The IRIs in groups that make questions of a bearable length."""
    batch: list[str] = []
    length = 0
    for iri in iris:
        if batch and (len(batch) == _BATCH or length + len(iri) > _BATCH_CHARACTERS):
            yield tuple(batch)
            batch, length = [], 0
        batch.append(iri)
        length += len(iri)
    if batch:
        yield tuple(batch)
