"""What a document may not do to its reader: expand without bound, nest without bound, point at files to open."""

import codecs
import re
from collections.abc import Mapping
from typing import Any, Final
from xml.parsers import expat

from kgzsl.errors import LimitExceededError, SourceError, UnsafeInputError
from kgzsl.sources.limits import Limits

__all__ = ["checked_nesting", "checked_xml", "xml_as_utf8"]

_DECLARED: Final = re.compile(rb"""\A\s*<\?xml[^>]*?\bencoding\s*=\s*["']([A-Za-z0-9._-]{1,40})["']""")
_ENCODINGS: Final = ("utf-8", "ascii", "iso8859-1", "iso8859-15", "cp1252")
_PREDEFINED: Final = frozenset({"lt", "gt", "amp", "quot", "apos"})
_MOST_STEPS: Final = 3_000_000_000
"""Steps of the parser, which grow with the depth of elements and the square of their attributes: about ten seconds."""
_STRING: Final = rb'"(?:[^"\\]|\\.)*+"'
_JSON_TOKENS: Final = re.compile(_STRING + rb"|[][{}]", re.DOTALL)
_TEXT_TOKENS: Final = re.compile(
    rb'"""(?:[^"\\]|\\.|"(?!""))*+"""|'
    rb"'''(?:[^'\\]|\\.|'(?!''))*+'''|"
    rb'"(?:[^"\\\r\n]|\\.)*+"|'
    rb"'(?:[^'\\\r\n]|\\.)*+'|"
    rb"#[^\r\n]*+|<[^<>\"{}|^`\\\s]*+>|<<|>>|[][(){}]",
    re.DOTALL,
)
_OPENING: Final = (b"(", b"[", b"{", b"<<")
_CLOSING: Final = (b")", b"]", b"}", b">>")


def checked_nesting(content: bytes, format: str, location: str, limits: Limits) -> None:
    """`LimitExceededError` if brackets nest deeper than `limits.nesting`, which would exhaust a parser's stack."""
    marks = {"jsonld": (b"[", b"{"), "ntriples": (b"<<",), "nquads": (b"<<",)}.get(format, _OPENING)
    if sum(map(content.count, marks)) <= limits.nesting:
        return
    depth = 0
    for token in (_JSON_TOKENS if format == "jsonld" else _TEXT_TOKENS).finditer(content):
        if token[0] in _OPENING:
            depth += 1
            if depth > limits.nesting:
                line = content.count(b"\n", 0, token.start()) + 1
                found = f"more, in line {line}"
                raise LimitExceededError(location, limit="nesting", allowed=limits.nesting, found=found)
        elif token[0] in _CLOSING and depth:
            depth -= 1


def xml_as_utf8(content: bytes, location: str) -> bytes:
    """The document in UTF-8, from the encoding that its declaration states."""
    declared = _DECLARED.match(content)
    if declared is None:
        return content
    stated = declared[1].decode("ascii")
    try:
        encoding = codecs.lookup(stated).name
    except LookupError:
        encoding = ""
    if encoding not in _ENCODINGS:
        raise SourceError(location, f"states the encoding {stated!r}, which is not read here; save it as UTF-8", line=1)
    if encoding == "utf-8":
        return content
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        raise SourceError(location, f"byte {error.start:,} is not {stated}, the encoding it states") from error
    return (text[: declared.start(1)] + "UTF-8" + text[declared.end(1) :]).encode("utf-8")


def checked_xml(content: bytes, location: str, limits: Limits) -> Mapping[str, str]:
    """The namespace prefixes of an XML document (the first meaning of each), after a look at what it declares.

    Allowed are entities that stand for plain text, as OWL tools write them for namespaces: at most
    `limits.xml_entities` of `limits.xml_entity_bytes` each, whose use may add `expansion_factor` times the size of
    the document and `expansion_slack` bytes. `UnsafeInputError` names one that stands for a file or a URL, for other
    entities, or a parameter entity, and a document type kept elsewhere; nothing of it is opened. `SourceError` names
    the line where the document is not well-formed.
    """
    guard = _Guard(content, location, limits)
    parser: Any = expat.ParserCreate("utf-8", namespace_separator=" ")
    parser.StartDoctypeDeclHandler = guard.doctype
    parser.EntityDeclHandler = guard.entity
    parser.EndDoctypeDeclHandler = guard.budget
    parser.StartNamespaceDeclHandler = guard.namespace
    parser.StartElementHandler, parser.EndElementHandler = guard.start, guard.end
    parser.ordered_attributes = True
    parser.SetParamEntityParsing(expat.XML_PARAM_ENTITY_PARSING_NEVER)
    try:
        parser.Parse(content, True)
    except expat.ExpatError as error:
        reason = expat.ErrorString(error.code)
        raise SourceError(location, f"is not well-formed XML: {reason}", line=error.lineno) from error
    return guard.prefixes


class _Guard:
    """Handlers for what an XML document declares."""

    def __init__(self, content: bytes, location: str, limits: Limits) -> None:
        self.content, self.location, self.limits = content, location, limits
        self.entities: dict[str, str] = {}
        self.prefixes: dict[str, str] = {}
        self.depth = self.steps = 0

    def start(self, name: str, attributes: list[str]) -> None:
        self.depth += 1
        self.steps += self.depth + len(attributes) ** 2 // 4
        if self.steps > _MOST_STEPS:
            found = f"depth {self.depth:,}, {len(attributes) // 2:,} attributes"
            raise LimitExceededError(
                self.location,
                limit="work for depth and attributes of XML elements",
                allowed=f"{_MOST_STEPS:,}",
                found=found,
            )

    def end(self, name: str) -> None:
        self.depth -= 1

    def doctype(self, name: str, system: str | None, public: str | None, internal: bool) -> None:
        if system is not None:
            raise UnsafeInputError(
                f"{self.location}: the document type is kept at {system[:80]!r}, which is not opened; "
                "take the DOCTYPE line out"
            )

    def entity(
        self, name: str, parameter: bool, value: str | None, base: str | None, system: str | None, *more: Any
    ) -> None:
        if parameter:
            raise UnsafeInputError(f"{self.location}: parameter entity {name[:80]!r}; only plain entities are read")
        if value is None:
            raise UnsafeInputError(
                f"{self.location}: external entity {name[:80]!r} stands for {str(system)[:80]!r}, which is not opened"
            )
        if any(part not in _PREDEFINED for part in re.findall(r"&([^#;\s][^;\s]*);", value)):
            raise UnsafeInputError(f"{self.location}: nested entity {name[:80]!r}; entities may only hold plain text")
        allowed, size = self.limits.xml_entity_bytes, len(value.encode())
        if size > allowed:
            raise LimitExceededError(self.location, limit="xml_entity_bytes", allowed=allowed, found=size)
        self.entities.setdefault(name, value)
        if len(self.entities) > self.limits.xml_entities:
            found = f"more than {self.limits.xml_entities}"
            raise LimitExceededError(self.location, limit="xml_entities", allowed=self.limits.xml_entities, found=found)

    def budget(self) -> None:
        added = sum(
            len(value.encode()) * self.content.count(b"&" + name.encode() + b";")
            for name, value in self.entities.items()
        )
        allowed = self.limits.expansion_factor * len(self.content) + self.limits.expansion_slack
        if added > allowed:
            raise LimitExceededError(
                self.location, limit="expansion by entities (bytes)", allowed=f"{allowed:,}", found=f"{added:,}"
            )

    def namespace(self, prefix: str | None, uri: str | None) -> None:
        self.prefixes.setdefault(prefix or "", uri or "")
