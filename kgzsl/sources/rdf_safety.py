"""What a document may not do to its reader beside what `xml_guard` looks for: nest without bound, hide its encoding."""

import codecs
import re
from typing import Final

from kgzsl.errors import LimitExceededError, SourceError
from kgzsl.sources.limits import Limits

__all__ = ["checked_nesting", "xml_as_utf8"]

_DECLARED: Final = re.compile(rb"""\A\s*<\?xml[^>]*?\bencoding\s*=\s*["']([A-Za-z0-9._-]{1,40})["']""")
_ENCODINGS: Final = ("utf-8", "ascii", "iso8859-1", "iso8859-15", "cp1252")
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
