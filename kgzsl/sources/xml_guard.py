"""XML that may be parsed: a first reading that refuses what entities and other documents could do."""

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final
from xml.parsers import expat

from kgzsl.errors import LimitExceededError, SourceError, UnsafeInputError
from kgzsl.sources.limits import Limits

__all__ = ["guard_xml"]

_NAMED: Final = re.compile(r"&([^#;\s][^;\s]*);")
_PREDEFINED: Final = frozenset({"lt", "gt", "amp", "quot", "apos"})
_MOST_STEPS: Final = 3_000_000_000
"""Steps of a parser, which grow with the depth of elements and the square of their attributes: about ten seconds."""

OnElement = Callable[[str, Mapping[str, str]], object]


def guard_xml(
    content: bytes,
    location: str | Path,
    *,
    limits: Limits,
    encoding: str | None = None,
    nesting: int | None = None,
    on_element: OnElement | None = None,
) -> Mapping[str, str]:
    """Refuse XML that names another document, nests entities, or grows beyond bounds when it is read.

    Flat entities (`<!ENTITY owl "http://…">`), which OWL tools write, are allowed: at most `limits.xml_entities` of
    `limits.xml_entity_bytes` each, and where there are any, all text together at most `expansion_factor` times the
    file and `expansion_slack`. Nothing is opened. `encoding` is that of the content, None what it states; `nesting`
    bounds the depth, for parsers that recurse; `on_element` sees the local name and the attributes of each element.

    Gives the namespace prefixes, the first meaning of each. `UnsafeInputError`, `LimitExceededError`, or `SourceError`
    with the line of what is no XML.
    """
    guard = _Guard(str(location), len(content), limits, encoding, nesting, on_element)
    guard.read(content)
    return guard.prefixes


class _Guard:
    """Handlers for what an XML document declares and holds."""

    def __init__(
        self,
        location: str,
        size: int,
        limits: Limits,
        encoding: str | None,
        nesting: int | None,
        on_element: OnElement | None,
    ) -> None:
        self.location, self.limits, self.nesting, self.on_element = location, limits, nesting, on_element
        self.most_text = limits.expansion_factor * size + limits.expansion_slack
        self.prefixes: dict[str, str] = {}
        self.num_entities = self.depth = self.steps = self.text = 0
        self.parser: Any = expat.ParserCreate(encoding, namespace_separator=" ")
        self.parser.buffer_text = self.parser.ordered_attributes = True
        self.parser.StartDoctypeDeclHandler = self._doctype
        self.parser.EntityDeclHandler = self._entity
        self.parser.StartNamespaceDeclHandler = self._namespace
        self.parser.StartElementHandler, self.parser.EndElementHandler = self._start, self._end
        self.parser.SetParamEntityParsing(expat.XML_PARAM_ENTITY_PARSING_NEVER)

    def read(self, content: bytes) -> None:
        try:
            self.parser.Parse(content, True)
        except expat.ExpatError as error:
            reason = expat.errors.messages.get(error.code, str(error))
            raise SourceError(self.location, f"is not well-formed XML: {reason}", line=error.lineno) from error
        except (UnicodeDecodeError, LookupError) as error:
            raise SourceError(self.location, f"its encoding cannot be read: {error}") from error

    def _unsafe(self, found: str, advice: str) -> UnsafeInputError:
        return UnsafeInputError(f"{self.location}, line {self.parser.CurrentLineNumber}: {found}; {advice}")

    def _over(self, limit: str, found: object, allowed: object, **more: str) -> LimitExceededError:
        return LimitExceededError(self.location, limit=limit, allowed=allowed, found=found, **more)

    def _doctype(self, name: str, system: str | None, public: str | None, internal: bool) -> None:
        if system is not None or public is not None:
            raise self._unsafe(
                f"the document type is kept at {(system or public or '')[:80]!r}, which is not opened",
                "take the DOCTYPE line out",
            )

    def _entity(
        self, name: str, parameter: bool, value: str | None, base: str | None, system: str | None, *more: Any
    ) -> None:
        if parameter:
            raise self._unsafe(f"parameter entity {name[:80]!r}", "only plain entities are read")
        if system is not None or value is None:
            raise self._unsafe(
                f"external entity {name[:80]!r} stands for {(system or '')[:80]!r}, which is not opened",
                "put its text into the file",
            )
        if not _PREDEFINED.issuperset(_NAMED.findall(value)):
            raise self._unsafe(f"nested entity {name[:80]!r}", "entities may only hold plain text")
        self.num_entities += 1
        if self.num_entities > self.limits.xml_entities:
            raise self._over("xml_entities", self.num_entities, self.limits.xml_entities)
        size = len(value.encode())
        if size > self.limits.xml_entity_bytes:
            raise self._over("xml_entity_bytes", size, self.limits.xml_entity_bytes)
        self.parser.CharacterDataHandler = self._more_text

    def _namespace(self, prefix: str | None, uri: str | None) -> None:
        self.prefixes.setdefault(prefix or "", uri or "")

    def _start(self, name: str, attributes: Sequence[str]) -> None:
        self.depth += 1
        if self.nesting is not None and self.depth > self.nesting:
            raise self._over("nesting", f"over {self.nesting}", self.nesting)
        self.steps += self.depth + len(attributes) ** 2 // 4
        if self.steps > _MOST_STEPS:
            raise self._over(
                "work for depth and attributes of XML elements",
                f"depth {self.depth:,}, {len(attributes) // 2:,} attributes",
                f"{_MOST_STEPS:,}",
                advice="convert the file to N-Triples or Turtle, which cost their length alone",
            )
        if self.num_entities:
            self._more_text("".join(attributes[1::2]))
        if self.on_element is not None:
            self.on_element(name.rpartition(" ")[2], dict(zip(attributes[::2], attributes[1::2], strict=True)))

    def _end(self, name: str) -> None:
        self.depth -= 1

    def _more_text(self, text: str) -> None:
        self.text += len(text)
        if self.text > self.most_text:
            raise self._over("expansion_factor", f"over {self.text:,} characters of text", f"{self.most_text:,}")
