"""From a document to its triples as columns, with every fault named by line and nothing opened on the way."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from xml.etree import ElementTree

import polars as pl
import pyoxigraph as ox

from kgzsl.errors import LimitExceededError, SourceError
from kgzsl.sources.file_content import text_of
from kgzsl.sources.limits import Limits
from kgzsl.sources.rdf_formats import SPOKEN
from kgzsl.sources.rdf_jsonld import whole_json
from kgzsl.sources.rdf_repair import repaired
from kgzsl.sources.rdf_safety import checked_nesting, xml_as_utf8
from kgzsl.sources.rdf_terms import escaped, unescaped
from kgzsl.sources.tally import Tally
from kgzsl.sources.xml_guard import guard_xml

__all__ = ["RELATIVE_BASE", "RdfDocument", "Triples", "parsed", "triples_of_lines"]

RELATIVE_BASE: Final = "kgzsl:rel/"
"""What relative IRIs are resolved against when nobody says: never the current folder."""

_LONGEST_TOKEN: Final = 1 << 24  # of the parser, fixed
_WITH_GRAPHS: Final = ("nquads", "trig", "jsonld")
_WHERE: Final = re.compile(r"\AParser error (?:at line|between line) .*?: |\s*\(line \d+\)\Z", re.DOTALL)
_XML_LITERAL: Final = "^^<http://www.w3.org/1999/02/22-rdf-syntax-ns#XMLLiteral>"
_REST: Final = r'^(<<\(.*\)>>|".*"(?:@[A-Za-z0-9-]+|\^\^<[^>]*>)?|<[^>]*>|_:[^\s]+)(?: (<[^>]*>|_:[^\s]+))? \.$'


@dataclass(frozen=True)
class RdfDocument:
    """What is to be parsed: where it is from, its bytes, its format, and the base of its relative IRIs."""

    location: str
    content: bytes
    format: str
    base: str = RELATIVE_BASE


@dataclass(frozen=True)
class Triples:
    """All triples of all graphs of a document, spelled as in canonical N-Triples.

    Columns `s`, `p`, `o`, and `g`, the graph's name or null. `prefixes` are those the document declares.
    """

    table: pl.DataFrame
    prefixes: Mapping[str, str]


def parsed(
    document: RdfDocument,
    tally: Tally,
    *,
    limits: Limits,
    contexts: Mapping[str, str | Path | Mapping[str, Any]] | None = None,
) -> Triples:
    """The triples of a document, all or none.

    `SourceError` names the line of a syntax error. What can be put right without guessing (see `rdf_repair`) is, and
    is a fault in the tally, unless it is strict.
    """
    content, prefixes = document.content.removeprefix(b"\xef\xbb\xbf"), dict[str, str]()
    if document.format == "rdfxml":
        content = xml_as_utf8(content, document.location)
        if not content.isascii():
            text_of(content, document.location)
        prefixes.update(guard_xml(content, document.location, limits=limits, encoding="utf-8"))
    else:
        if not content.isascii():
            text_of(content, document.location)
        checked_nesting(content, document.format, document.location, limits)
    if document.format == "jsonld":
        content, found = whole_json(content, document.location, base=document.base, contexts=contexts, limits=limits)
        prefixes.update(found)
    try:
        lines, declared = _lines(content, document)
    except SyntaxError as error:
        if tally.strict:
            raise _told(error, document) from error
        lines, declared = _lines_after_repair(content, document, tally)
    if document.format == "jsonld":
        _count_dropped(content, document, lines, tally)
    return triples_of_lines(
        lines, {**declared, **prefixes}, has_graphs=document.format in _WITH_GRAPHS, location=document.location
    )


def _lines(content: bytes, document: RdfDocument, *, lenient: bool = False) -> tuple[bytes, Mapping[str, str]]:
    """The document as N-Quads, and its prefixes; the `SyntaxError` of the parser."""
    formats = {
        "turtle": ox.RdfFormat.TURTLE,
        "ntriples": ox.RdfFormat.N_TRIPLES,
        "nquads": ox.RdfFormat.N_QUADS,
        "trig": ox.RdfFormat.TRIG,
        "rdfxml": ox.RdfFormat.RDF_XML,
        "jsonld": ox.RdfFormat.JSON_LD,
    }
    has_base = document.format not in ("ntriples", "nquads")
    try:
        quads = ox.parse(
            content, formats[document.format], base_iri=document.base if has_base else None, lenient=lenient
        )
        return ox.serialize(quads, format=ox.RdfFormat.N_QUADS) or b"", dict(quads.prefixes)
    except SyntaxError:
        raise
    except MemoryError as error:
        raise LimitExceededError(
            document.location,
            limit="one literal, IRI or word (bytes)",
            allowed=_LONGEST_TOKEN,
            found="more",
            advice="the parser holds no longer ones; shorten it, or take it out",
        ) from error
    except (ValueError, OSError) as error:
        raise _told(error, document) from error


def _lines_after_repair(content: bytes, document: RdfDocument, tally: Tally) -> tuple[bytes, Mapping[str, str]]:
    text, faults = repaired(content.decode("utf-8"), document.format)
    try:
        found = _lines(text.encode("utf-8"), document)
    except SyntaxError as error:
        raise _told(error, document) from error
    for fault, places in faults.items():
        for line, excerpt in places:
            tally.fault(fault, line=line, found=excerpt)
    return found


def _told(error: Exception, document: RdfDocument) -> SourceError:
    """What a parser complains of, in one short line."""
    said = error.msg if isinstance(error, SyntaxError) else str(error)
    reason = _WHERE.sub("", said)
    reason = f"{reason[:80]!r}…" if len(reason) > 160 else reason
    line = getattr(error, "lineno", None)
    return SourceError(document.location, f"no valid {SPOKEN[document.format]}: {reason}", line=line)


def _count_dropped(content: bytes, document: RdfDocument, lines: bytes, tally: Tally) -> None:
    """JSON-LD says to drop triples whose IRIs are none; they are read leniently to be counted."""
    try:
        every, _ = _lines(content, document, lenient=True)
    except SyntaxError:
        return
    dropped = every.count(b"\n") - lines.count(b"\n")
    if dropped > 0:
        kept = set(lines.splitlines())
        example = next((line for line in every.splitlines() if b"_:" not in line and line not in kept), b"")
        tally.count("rows_read", dropped)
        tally.fault("skipped_bad_iri", dropped, found=example.decode("utf-8", "replace"))


def triples_of_lines(lines: bytes, prefixes: Mapping[str, str], *, has_graphs: bool, location: str) -> Triples:
    """Canonical N-Quads as columns; a split costs a tenth of reading the terms one by one through Python."""
    table = pl.read_csv(
        lines or b"\n",
        has_header=False,
        separator="\x01",  # canonical lines escape it
        quote_char=None,
        schema={"line": pl.String},
    ).drop_nulls()
    parts = table.select(pl.col("line").str.splitn(" ", 3).struct.rename_fields(["s", "p", "rest"])).unnest("line")
    if has_graphs:
        split = pl.col("rest").str.extract_groups(_REST).struct.rename_fields(["o", "g"])
        parts = parts.select("s", "p", split.alias("rest")).unnest("rest")
    else:
        parts = parts.select("s", "p", o=pl.col("rest").str.strip_suffix(" ."), g=pl.lit(None, dtype=pl.String))
    if parts["o"].has_nulls():
        raise SourceError(location, "has a triple that cannot be taken apart")
    return Triples(_canonical_xml(parts), prefixes)


def _canonical_xml(table: pl.DataFrame) -> pl.DataFrame:
    """The table with XML literals in canonical form, where a namespace stands where it is used."""
    marked = pl.col("o").str.ends_with(_XML_LITERAL)
    found = table.filter(marked)["o"].unique().to_list()
    if not found:
        return table
    forms = {}
    for term in found:
        text = unescaped(term[1 : -len(_XML_LITERAL) - 1])
        try:
            whole = ElementTree.canonicalize(f"<x>{text}</x>")
        except (ElementTree.ParseError, ValueError):
            continue
        inner = whole.removeprefix("<x>").removesuffix("</x>") if whole != "<x></x>" else ""
        forms[term] = f'"{escaped(inner)}"{_XML_LITERAL}'
    return table.with_columns(pl.col("o").replace(forms))
