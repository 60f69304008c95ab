"""The syntax of OBO flat files: stanzas of tags, each with its line."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from kgzsl.errors import LimitExceededError, SourceError
from kgzsl.sources.limits import Limits

__all__ = ["Stanza", "bare", "quoted", "read_stanzas"]

_TAG = re.compile(r"([A-Za-z_][\w-]*):[ \t]*(.*)", re.DOTALL)
_STANZA = re.compile(r"\[([A-Za-z]+)\][ \t]*(?:!.*)?")
_QUOTED = re.compile(r'"([^"\\]*(?:\\.[^"\\]*)*)"(.*)', re.DOTALL)
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_COMMENT = re.compile(r"(?:^|\s)![^\n]*$")
_MODIFIERS = re.compile(r"(?<!\\)\{[^{}]*\}\s*$")
_ESCAPES = {"n": "\n", "W": " ", "t": "\t"}


@dataclass
class Stanza:
    """Tags of one frame, or of the header (kind ""), each value with the line it stands in."""

    kind: str
    line: int
    tags: dict[str, list[tuple[str, int]]] = field(default_factory=dict)

    def first(self, tag: str, default: str = "") -> str:
        """The value of a tag that stands once, without comment and escapes."""
        return bare(self.tags[tag][0][0]) if tag in self.tags else default

    def all(self, *names: str) -> Iterator[tuple[str, str, int]]:
        """Every value of these tags: tag, value as it stands, line."""
        return ((tag, value, line) for tag in names for value, line in self.tags.get(tag, ()))

    @property
    def is_obsolete(self) -> bool:
        """Whether the term is no longer in use."""
        return self.first("is_obsolete").casefold() == "true"


def bare(value: str) -> str:
    """A value without its comment (`! ...`), trailing modifiers (`{...}`) and escapes."""
    return _plain(_MODIFIERS.sub("", _COMMENT.sub("", value)).strip())


def quoted(value: str, location: str, line: int) -> tuple[str, str]:
    """The text in quotes at the start of a value, and what follows it."""
    match = _QUOTED.match(value)
    if match is None:
        raise SourceError(location, f"expected a text in quotes, found {value[:80]!r}", line=line)
    return _plain(match[1]), match[2].strip()


def _plain(text: str) -> str:
    return _ESCAPE.sub(lambda match: _ESCAPES.get(match[1], match[1]), text)


def read_stanzas(text: str, location: str, limits: Limits) -> tuple[Stanza, list[Stanza]]:
    """The header and the stanzas of a file; `SourceError` with the line where it is not of this form."""
    header = Stanza("", 1)
    stanzas: list[Stanza] = []
    current = header
    for number, line in _logical_lines(text):
        if len(line) > limits.line_bytes:
            raise LimitExceededError(location, limit="line_bytes", allowed=limits.line_bytes, found=len(line))
        stripped = line.strip()
        if not stripped or stripped.startswith("!"):
            continue
        if opening := _STANZA.fullmatch(stripped):
            current = Stanza(opening[1], number)
            stanzas.append(current)
            continue
        tag = _TAG.fullmatch(stripped)
        if tag is None:
            raise SourceError(
                location, f"expected a tag such as `name: ...` or `[Term]`, found {stripped[:80]!r}", line=number
            )
        current.tags.setdefault(tag[1], []).append((tag[2], number))
    if not stanzas:
        raise SourceError(location, "has no stanza such as [Term]; is it an OBO file?")
    return header, stanzas


def _logical_lines(text: str) -> Iterator[tuple[int, str]]:
    """Lines with their numbers; one that ends in a single backslash goes on in the next."""
    held, start = "", 0
    for number, raw in enumerate(text.split("\n"), start=1):
        line = raw.removesuffix("\r")
        start = start or number
        if (len(line) - len(line.rstrip("\\"))) % 2:
            held += line[:-1]
            continue
        yield start, held + line
        held, start = "", 0
    if held:
        yield start, held
