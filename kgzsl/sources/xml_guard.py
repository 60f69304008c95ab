"""XML that may be parsed: a first reading that refuses what entities and other documents could do."""

from collections.abc import Callable, Mapping
from pathlib import Path
from xml.parsers import expat

from kgzsl.errors import LimitExceededError, SourceError, UnsafeInputError
from kgzsl.sources.limits import Limits

__all__ = ["guard_xml"]


def guard_xml(
    content: bytes,
    location: str | Path,
    *,
    limits: Limits,
    on_element: Callable[[str, Mapping[str, str]], object] | None = None,
) -> None:
    """Refuse XML that names another document, nests entities, or grows beyond bounds when it is read.

    Flat entities (`<!ENTITY owl "http://…">`), which OWL tools write, are allowed: at most `limits.xml_entities` of
    `limits.xml_entity_bytes` each, and all text together at most `expansion_factor` times the file and
    `expansion_slack`. Nothing is opened. `on_element` sees the name and the attributes of each element on the way.
    `UnsafeInputError`, `LimitExceededError`, or `SourceError` for what is no XML.
    """
    _Guard(str(location), len(content), limits, on_element).read(content)


class _Guard:
    def __init__(
        self,
        location: str,
        size: int,
        limits: Limits,
        on_element: Callable[[str, Mapping[str, str]], object] | None,
    ) -> None:
        self.on_element = on_element
        self.location = location
        self.limits = limits
        self.depth = 0
        self.num_entities = 0
        self.text = 0
        self.most_text = limits.expansion_factor * size + limits.expansion_slack
        self.parser = expat.ParserCreate()
        self.parser.buffer_text = True
        self.parser.StartDoctypeDeclHandler = self._doctype
        self.parser.EntityDeclHandler = self._entity
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end

    def read(self, content: bytes) -> None:
        try:
            self.parser.Parse(content, True)
        except expat.ExpatError as error:
            reason = expat.errors.messages.get(error.code, str(error))
            raise SourceError(self.location, f"is not well-formed XML: {reason}", line=error.lineno) from error
        except (UnicodeDecodeError, LookupError) as error:
            raise SourceError(self.location, f"its encoding cannot be read: {error}") from error

    def _unsafe(self, found: str) -> UnsafeInputError:
        line = self.parser.CurrentLineNumber
        return UnsafeInputError(f"{self.location}, line {line}: {found}; take it out of the file, or convert the file")

    def _over(self, limit: str, found: object, allowed: object) -> LimitExceededError:
        return LimitExceededError(self.location, limit=limit, allowed=allowed, found=found)

    def _doctype(self, _name: str, system: str | None, public: str | None, _internal: bool) -> None:
        if system is not None or public is not None:
            raise self._unsafe(f"the document type names another document, {(system or public or '')[:80]!r}")

    def _entity(
        self,
        name: str,
        is_parameter: bool,
        value: str | None,
        _base: str | None,
        system: str | None,
        _public: str | None,
        _notation: str | None,
    ) -> None:
        if is_parameter:
            raise self._unsafe(f"parameter entity {name[:80]!r}")
        if system is not None or value is None:
            raise self._unsafe(f"entity {name[:80]!r} stands for another document, {(system or '')[:80]!r}")
        if "&" in value or "%" in value:
            raise self._unsafe(f"nested entity {name[:80]!r}")
        self.num_entities += 1
        if self.num_entities > self.limits.xml_entities:
            raise self._over("xml_entities", self.num_entities, self.limits.xml_entities)
        if len(value.encode()) > self.limits.xml_entity_bytes:
            raise self._over("xml_entity_bytes", len(value.encode()), self.limits.xml_entity_bytes)
        self.parser.CharacterDataHandler = self._more_text

    def _start(self, name: str, attributes: Mapping[str, str]) -> None:
        self.depth += 1
        if self.depth > self.limits.nesting:
            raise self._over("nesting", f"over {self.limits.nesting}", self.limits.nesting)
        if self.num_entities:
            self._more_text("".join(attributes.values()))
        if self.on_element is not None:
            self.on_element(name, attributes)

    def _end(self, _name: str) -> None:
        self.depth -= 1

    def _more_text(self, text: str) -> None:
        self.text += len(text)
        if self.text > self.most_text:
            raise self._over("expansion_factor", f"over {self.text:,} characters of text", f"{self.most_text:,}")
