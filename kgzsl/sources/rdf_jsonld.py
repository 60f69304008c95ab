"""JSON-LD made whole before it is parsed: the contexts it points at are put in, or the document is refused."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import urljoin

from kgzsl.errors import LimitExceededError, SourceError, UnsafeInputError
from kgzsl.sources.file_content import file_bytes, text_of
from kgzsl.sources.limits import Limits
from kgzsl.sources.rdf_safety import checked_nesting

__all__ = ["whole_json"]

_MOST_CONTEXTS: Final = 1000
_MOST_STEPS: Final = 50_000_000
"""A parser copies all terms for each context that it meets: this is about ten seconds."""
_Contexts = Mapping[str, str | Path | Mapping[str, Any]]


def whole_json(
    content: bytes, location: str, *, base: str, contexts: _Contexts | None, limits: Limits
) -> tuple[bytes, Mapping[str, str]]:
    """The document with every context it names by URL put in its place, and the prefixes of its outermost context.

    Contexts come from `contexts` alone: URL -> file or object. `UnsafeInputError` names the first that is not there;
    nothing is fetched or opened for it. `SourceError` if the document is no JSON object or array.
    """
    checked_nesting(content, "jsonld", location, limits)
    document = _read(content, location)
    if not isinstance(document, dict | list):
        kind = "null" if document is None else {bool: "a truth value", str: "a string"}.get(type(document), "a number")
        raise SourceError(location, f"the top level is {kind}, and JSON-LD is an object or an array of objects")
    filling = _Filling(location, contexts or {}, limits)
    whole = filling.filled(document, base, ())
    filling.check_work()
    prefixes = _prefixes(whole)
    return (json.dumps(whole, ensure_ascii=True).encode() if filling.num_filled else content), prefixes


def _read(content: bytes, location: str) -> Any:
    try:
        return json.loads(content)
    except json.JSONDecodeError as error:
        raise SourceError(location, f"is not JSON: {error.msg}", line=error.lineno) from error
    except (ValueError, RecursionError) as error:
        raise SourceError(location, f"is not JSON: {str(error)[:80]}") from error


class _Filling:
    """Puts contexts in where a document names them."""

    def __init__(self, location: str, contexts: _Contexts, limits: Limits) -> None:
        self.location, self.contexts, self.limits = location, contexts, limits
        self.num_filled = self.num_contexts = self.num_scoped = self.num_terms = self.num_nodes = 0

    def check_work(self) -> None:
        """Refuse what would copy many terms many times; contexts within contexts may be met at every node."""
        steps = self.num_terms * (self.num_contexts + (self.num_nodes if self.num_scoped else 0))
        if steps > _MOST_STEPS:
            found = f"{self.num_contexts:,} contexts, {self.num_terms:,} terms, {self.num_nodes:,} nodes"
            raise LimitExceededError(
                self.location,
                limit="work for JSON-LD contexts",
                allowed=f"{_MOST_STEPS:,}",
                found=found,
                advice="put one @context at the top, or convert the file to N-Triples",
            )

    def filled(self, node: Any, base: str, inside: tuple[str, ...]) -> Any:
        if isinstance(node, list):
            return [self.filled(item, base, inside) for item in node]
        if not isinstance(node, dict):
            return node
        self.num_nodes += 1
        return {
            key: self._context(value, base, inside) if key == "@context" else self.filled(value, base, inside)
            for key, value in node.items()
        }

    def _context(self, context: Any, base: str, inside: tuple[str, ...]) -> Any:
        self.num_contexts += 1
        if isinstance(context, dict):
            self.num_terms += len(context)
            self.num_scoped += any(isinstance(term, dict) and "@context" in term for term in context.values())
        if isinstance(context, str):
            return self._named(context, base, inside)
        if isinstance(context, list):
            return [self._context(item, base, inside) for item in context]
        if isinstance(context, dict) and isinstance(context.get("@import"), str):
            imported = self._named(context["@import"], base, inside)
            if not isinstance(imported, dict):
                raise SourceError(self.location, "@import names a context that is not a single object")
            own = {key: value for key, value in context.items() if key != "@import"}
            return self.filled({**imported, **own}, base, inside)
        return self.filled(context, base, inside)

    def _named(self, reference: str, base: str, inside: tuple[str, ...]) -> Any:
        try:
            url = urljoin(base, reference)
        except ValueError:
            url = reference
        known = next((name for name in (reference, url) if name in self.contexts), None)
        if known is None:
            raise UnsafeInputError(
                f"{self.location}: @context {url[:120]!r} is not on the allow-list, and nothing was fetched; "
                f"pass contexts={{{url[:120]!r}: path}}"
            )
        self.num_filled += 1
        if known in inside or self.num_filled > _MOST_CONTEXTS:
            raise LimitExceededError(
                self.location,
                limit="contexts within contexts",
                allowed=f"{_MOST_CONTEXTS} without a circle",
                found=f"{known[:80]!r} inside itself" if known in inside else "more",
                advice="give contexts= that do not name each other",
            )
        source = self.contexts[known]
        if not isinstance(source, Mapping):
            content = file_bytes(source, limits=self.limits)
            text_of(content, source)
            checked_nesting(content, "jsonld", str(source), self.limits)
            source = _read(content.removeprefix(b"\xef\xbb\xbf"), str(source))
        if not isinstance(source, Mapping) or "@context" not in source:
            raise SourceError(f"contexts[{known!r}]", 'is no JSON object with "@context"')
        return self._context(source["@context"], url, (*inside, known))


def _prefixes(document: Any) -> Mapping[str, str]:
    """Terms of the outermost contexts that may serve as prefixes: those for an IRI that ends in a delimiter."""
    found: dict[str, str] = {}
    for node in document if isinstance(document, list) else [document]:
        context = node.get("@context") if isinstance(node, dict) else None
        for part in context if isinstance(context, list) else [context]:
            for term, meaning in part.items() if isinstance(part, dict) else ():
                iri = meaning.get("@id") if isinstance(meaning, dict) else meaning
                if isinstance(iri, str) and not term.startswith("@") and ":" in iri and iri[-1:] in "#/:?[]@_":
                    found.setdefault(term, iri)
    return found
