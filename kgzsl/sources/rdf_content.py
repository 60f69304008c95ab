"""Where RDF comes from: a file, an address, a text, or an object of rdflib."""

import re
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote, urlsplit

import polars as pl

from kgzsl.errors import InputFormatError, IntegrityError, LimitExceededError, NetworkError, UnsafeInputError
from kgzsl.sources.file_content import file_bytes
from kgzsl.sources.http import fetch, masked
from kgzsl.sources.limits import Limits
from kgzsl.sources.rdf_formats import ACCEPT, chosen_format
from kgzsl.sources.rdf_parsing import RELATIVE_BASE, RdfDocument, Triples
from kgzsl.sources.rdf_terms import spelled_term

__all__ = ["document_of_source", "document_of_text", "is_rdflib", "stem_of", "triples_of_rdflib"]

_GZIP: Final = b"\x1f\x8b"
_SCHEME: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:")
_ABSOLUTE: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[^\s<>\"{}|^`\\]*\Z")
_DEFAULT_GRAPH: Final = "urn:x-rdflib:default"


def document_of_source(
    source: str | Path,
    *,
    format: str | None,
    base: str | None,
    limits: Limits,
    headers: Mapping[str, str] | None = None,
) -> RdfDocument:
    """The document at a path or an http(s) address; other addresses are refused, `file:` among them."""
    _check_base(base)
    is_address = isinstance(source, str) and source.lower().startswith(("http://", "https://"))
    if headers and not is_address:
        raise InputFormatError("headers= go along with a request: the source must be an http or https address")
    if isinstance(source, str):
        if is_address:
            return _fetched(source, format=format, base=base, limits=limits, headers=headers)
        if "\n" in source or source.lstrip()[:1] in ("<", "{", "[", "@"):
            raise InputFormatError(f"source is a path or an address, not RDF itself ({source[:40]!r}…): pass text=")
        if _SCHEME.match(source) and not Path(source).exists():
            raise UnsafeInputError(
                f"{masked(source)[:80]!r} is not opened: only http and https addresses are; give a file as its path"
            )
    path = Path(source)
    content = file_bytes(path, limits=limits)
    suffixes = [suffix for suffix in path.suffixes if suffix.lower() != ".gz"]
    suffix = suffixes[-1] if suffixes else ""
    chosen = chosen_format(content, str(path), format=format, suffix=suffix)
    return RdfDocument(str(path), content, chosen, base or RELATIVE_BASE)


def document_of_text(text: str | bytes, *, format: str | None, base: str | None) -> RdfDocument:
    """The document that a text is."""
    _check_base(base)
    if not isinstance(text, str | bytes):
        raise InputFormatError(f"text is a string or bytes, not {type(text).__name__}")
    try:
        content = text.encode("utf-8") if isinstance(text, str) else text
    except UnicodeEncodeError as error:
        raise InputFormatError(f"text holds half a character, {text[error.start]!r}, at {error.start:,}") from error
    return RdfDocument("text", content, chosen_format(content, "text", format=format), base or RELATIVE_BASE)


def _check_base(base: str | None) -> None:
    if base is not None and not _ABSOLUTE.match(base):
        raise InputFormatError(f"base is an absolute IRI such as 'http://example.org/', not {base!r:.80}")


def _fetched(
    url: str, *, format: str | None, base: str | None, limits: Limits, headers: Mapping[str, str] | None
) -> RdfDocument:
    answer = fetch(url, accept=ACCEPT, limits=limits, advice="or save the file and give its path", headers=headers)
    content = answer.body
    if content.startswith(_GZIP):
        content = _unpacked(content, answer.url, limits)
    if not content.strip():
        raise NetworkError(f"{answer.url}: the answer is empty", url=answer.url, status=answer.status)
    path = urlsplit(answer.url).path.lower().removesuffix(".gz")
    suffix = Path(unquote(path)).suffix
    kind = answer.media_type
    chosen = chosen_format(content, answer.url, format=format, media_type=kind, suffix=suffix)
    return RdfDocument(answer.url, content, chosen, base or answer.url.partition("#")[0])


def _unpacked(packed: bytes, location: str, limits: Limits) -> bytes:
    most = limits.gzip_ratio * len(packed) + limits.expansion_slack
    unpacker = zlib.decompressobj(wbits=31)
    try:
        content = unpacker.decompress(packed, most)
    except zlib.error as error:
        raise IntegrityError(location, expected="gzip data", found=str(error), advice="get it again") from error
    if unpacker.unconsumed_tail:
        raise LimitExceededError(location, limit="gzip_ratio", allowed=limits.gzip_ratio, found="more")
    if not unpacker.eof:
        raise IntegrityError(location, expected="complete gzip data", found="an early end", advice="get it again")
    return content


def stem_of(location: str) -> str:
    """What a graph is called whose document is there."""
    last = unquote(location.partition("?")[0].partition("#")[0].rstrip("/")).replace("\\", "/").rpartition("/")[2]
    return last.removesuffix(".gz").rsplit(".", 1)[0] or "graph"


def is_rdflib(source: Any) -> bool:
    """Whether this is a Graph or a Dataset of rdflib."""
    return any(kind.__module__.startswith("rdflib.") for kind in type(source).__mro__) and hasattr(source, "triples")


def triples_of_rdflib(graph: Any) -> Triples:
    """All triples of all graphs; IRIs that are none are percent-encoded."""
    rows: list[tuple[str, str, str, str | None]] = []
    if hasattr(graph, "quads"):
        for s, p, o, context in graph.quads((None, None, None, None)):
            name = getattr(context, "identifier", context)
            is_default = name is None or str(name) == _DEFAULT_GRAPH
            rows.append((spelled_term(s), spelled_term(p), spelled_term(o), None if is_default else spelled_term(name)))
    else:
        rows = [(spelled_term(s), spelled_term(p), spelled_term(o), None) for s, p, o in graph]
    table = pl.DataFrame(rows, schema=dict.fromkeys("spog", pl.String), orient="row").sort("s", "p", "o", "g")
    # a name that the library binds by itself is no word of the graph's author, but a common one
    return Triples(table, {str(prefix): str(space) for prefix, space in graph.namespaces()})
