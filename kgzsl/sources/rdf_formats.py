"""Which RDF syntax a document is in: by its name, by what a server says, by its first bytes."""

import re
from collections.abc import Mapping
from typing import Final

from kgzsl.errors import SourceError, UnknownNameError

__all__ = ["ACCEPT", "MEDIA_TYPES", "SPOKEN", "chosen_format", "named_format"]

SPOKEN: Final[Mapping[str, str]] = {
    "turtle": "Turtle",
    "ntriples": "N-Triples",
    "nquads": "N-Quads",
    "trig": "TriG",
    "rdfxml": "RDF/XML",
    "jsonld": "JSON-LD",
}
"""The formats that are read, and what they are called."""

_NAMES: Final[Mapping[str, tuple[str, ...]]] = {
    "turtle": ("turtle", "ttl", "n3"),
    "ntriples": ("ntriples", "nt", "ntriple"),
    "nquads": ("nquads", "nq"),
    "trig": ("trig",),
    "rdfxml": ("rdfxml", "rdf", "xml", "rdfs"),
    "jsonld": ("jsonld", "json"),
}
_FORMAT_OF: Final = {name: kind for kind, names in _NAMES.items() for name in names}
MEDIA_TYPES: Final[Mapping[str, str]] = {
    "text/turtle": "turtle",
    "application/x-turtle": "turtle",
    "text/n3": "turtle",
    "application/n-triples": "ntriples",
    "application/n-quads": "nquads",
    "application/trig": "trig",
    "application/rdf+xml": "rdfxml",
    "application/ld+json": "jsonld",
}
"""Media type of an answer -> format; those that any format may hide behind are not listed."""
ACCEPT: Final = (
    "text/turtle, application/n-triples, application/rdf+xml;q=0.9, application/trig;q=0.9, "
    "application/n-quads;q=0.9, application/ld+json;q=0.8, */*;q=0.1"
)

_SPACE: Final = re.compile(rb"(?:\s|#[^\r\n]*)*")
_XML: Final = re.compile(
    rb"<\?xml|<!doctype(?!\s+html)|<!--|<[A-Za-z_][\w.-]*:[\w.-]+(?:\s+[\w:.-]+\s*=|\s*/?>(?!\s*<))"
    rb"|<[A-Za-z_][\w.-]*\s+[\w:.-]+\s*=",
    re.IGNORECASE,
)
_ROOT: Final = re.compile(
    rb"<(?![?!])(?:[\w.-]+:)?([\w.-]+)([^>]*)>\s*(?:<!--.*?-->\s*)*(?:<(?:[\w.-]+:)?([\w.-]+))?", re.S
)
_JSON: Final = re.compile(
    rb'\{\s*(?:"|\}|\Z)|\[\s*(?:\{|"|\[\s*[{"]|\Z)|(?:null|true|false|-?\d[\d.eE+-]*|"[^"]*")\s*\Z'
)
_QUAD: Final = re.compile(
    rb'(?:<[^>]*>|_:\S+)\s+<[^>]*>\s+(?:<[^>]*>|_:\S+|"(?:[^"\\]|\\.)*"(?:@[\w-]+|\^\^<[^>]*>)?)\s*(<[^>]*>|_:[^\s.]+)\s*\.\s*(?:#.*)?\Z'
)
_OTHERS: Final = (
    (
        re.compile(rb"(?:format-version|ontology|data-version|default-namespace)\s*:\s|\[Term\]"),
        "OBO",
        "read it with kgzsl.read_obo",
    ),
    (re.compile(rb"(?:Prefix|Ontology)\s*\("), "OWL functional syntax", "convert it with ROBOT or the OWL API"),
    (re.compile(rb"(?:Prefix|Ontology|Class)\s*:\s"), "OWL Manchester syntax", "convert it with ROBOT or the OWL API"),
)
_WIDE: Final = (b"\xff\xfe", b"\xfe\xff")
_LOOK: Final = 1 << 14


def named_format(name: str) -> str:
    """The format that a name, a suffix or a media type stands for.

    >>> named_format("RDF/XML"), named_format(".ttl"), named_format("application/ld+json")
    ('rdfxml', 'turtle', 'jsonld')
    """
    found = MEDIA_TYPES.get(name.strip().lower()) or _FORMAT_OF.get(re.sub(r"[^a-z0-9]", "", name.lower()))
    if found is None:
        raise UnknownNameError("RDF format", name, known=sorted(SPOKEN))
    return found


def chosen_format(
    content: bytes, location: str, *, format: str | None = None, media_type: str = "", suffix: str = ""
) -> str:
    """The format to read `content` in: the one asked for, that of its media type, its suffix, or its first bytes.

    `SourceError` tells what the first bytes look like where they contradict it, and what to do about syntaxes that
    are not RDF's: OWL/XML, OBO, functional and Manchester syntax, HTML, UTF-16.
    """
    start = _start(content, location)
    seen = _family(start, location) if start else ""
    if format is not None:
        asked, said = named_format(format), f"format={format!r} says"
    elif media_type in MEDIA_TYPES:
        asked, said = MEDIA_TYPES[media_type], f"the content type {media_type} says"
    elif suffix.lower().lstrip(".") in _FORMAT_OF:
        asked, said = _FORMAT_OF[suffix.lower().lstrip(".")], f"the suffix {suffix} says"
    elif not start:
        raise SourceError(location, "0 triples: there is nothing in it but comments")
    else:
        return seen if seen != "text" else _of_text(content)
    family = asked if asked in ("rdfxml", "jsonld") else "text"
    if start and seen != family and (seen != "text" or _is_statement(start)):
        looks = SPOKEN.get(seen, "Turtle or one of its kin")
        raise SourceError(location, f"looks like {looks} (starts {start[:40]!r}), {said} {SPOKEN[asked]}")
    return asked


def _start(content: bytes, location: str) -> bytes:
    """The first bytes that say something; what is no UTF-8 text or no text at all is refused."""
    if content.startswith(_WIDE) or (content[:1] == b"\0" or content[1:2] == b"\0"):
        raise SourceError(location, "is UTF-16 or UTF-32, by its byte order mark or its NUL bytes; save it as UTF-8")
    plain = content.removeprefix(b"\xef\xbb\xbf")
    match = _SPACE.match(plain)
    start = plain[match.end() if match else 0 :][:_LOOK]
    if start[:200].lower().startswith((b"<!doctype html", b"<html")):
        raise SourceError(location, f"looks like an HTML page (starts {start[:40]!r}), not like RDF")
    return start


def _family(start: bytes, location: str) -> str:
    """`rdfxml`, `jsonld`, or `text` for all others."""
    for pattern, syntax, advice in _OTHERS:
        if pattern.match(start):
            raise SourceError(location, f"this is {syntax}; kgzsl reads {', '.join(SPOKEN.values())}: {advice}")
    if _XML.match(start):
        root = _ROOT.search(start)
        if (
            root
            and root[1] == b"Ontology"
            and (
                b"ontologyIRI" in root[2]
                or root[3] in (b"Prefix", b"Import", b"Declaration", b"SubClassOf", b"Annotation")
            )
        ):
            raise SourceError(
                location,
                f"this is OWL/XML; kgzsl reads {', '.join(SPOKEN.values())}: convert it with ROBOT or the OWL API, "
                'or save it from Protégé as "RDF/XML"',
            )
        return "rdfxml"
    return "jsonld" if _JSON.match(start) else "text"


def _is_statement(start: bytes) -> bool:
    """Whether text surely is Turtle or one of its kin, and not merely damaged XML or JSON."""
    return start.startswith((b"@prefix", b"@base", b"PREFIX", b"BASE", b"_:", b"<http", b"<urn:"))


def _of_text(content: bytes) -> str:
    """`nquads` if the first statement has four terms; else TriG, of which Turtle and N-Triples are part."""
    for line in content[:_LOOK].splitlines():
        stripped = line.strip()
        if stripped and not stripped.startswith(b"#"):
            return "nquads" if _QUAD.match(stripped) else "trig"
    return "trig"
