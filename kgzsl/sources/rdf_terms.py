"""How terms are spelled in canonical N-Triples, and what the spelling says."""

import re
from typing import Any, Final

__all__ = ["escaped", "iri_term", "literal_term", "spelled_term", "unescaped"]

_ESCAPE: Final = re.compile(r"\\(?:u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|(.))", re.DOTALL)
_PLAIN: Final = {"t": "\t", "b": "\b", "n": "\n", "r": "\r", "f": "\f"}
_MARKS: Final = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t", "\b": "\\b", "\f": "\\f"}
_MARKED: Final = re.compile(r'[\\"\x00-\x1f\x7f\ud800-\udfff]')
_NOT_IN_IRI: Final = re.compile(r'[\x00-\x20<>"{}|^`\\\x7f\ud800-\udfff]')
_TAG: Final = re.compile(r"[a-zA-Z]+(?:-[a-zA-Z0-9]+)*")


def unescaped(text: str) -> str:
    r"""What stands between the quotes of a literal, as it is meant.

    >>> unescaped('a\\tb\\u00e9')
    'a\tbé'
    """
    return _ESCAPE.sub(_meant, text) if "\\" in text else text


def _meant(escape: re.Match[str]) -> str:
    code = escape[1] or escape[2]
    return chr(int(code, 16)) if code else _PLAIN.get(escape[3], escape[3])


def escaped(text: str) -> str:
    """A text as it stands between quotes; half a character becomes U+FFFD."""
    return _MARKED.sub(_marked, text)


def _marked(found: re.Match[str]) -> str:
    mark = found[0]
    return _MARKS.get(mark) or ("\ufffd" if mark > "\x7f" else f"\\u{ord(mark):04X}")


def iri_term(iri: str) -> str:
    """An IRI in angle brackets; characters that no IRI may hold are percent-encoded."""
    return f"<{_NOT_IN_IRI.sub(lambda found: ''.join(f'%{b:02X}' for b in found[0].encode('utf-8', 'replace')), iri)}>"


def literal_term(text: str, *, language: str | None = None, datatype: str | None = None) -> str:
    """A literal in quotes, with its language or datatype; a language tag that is none is left out."""
    if language and _TAG.fullmatch(language):
        return f'"{escaped(text)}"@{language.lower()}'
    plain = datatype is None or datatype == "http://www.w3.org/2001/XMLSchema#string"
    return f'"{escaped(text)}"' + ("" if plain else f"^^{iri_term(str(datatype))}")


def spelled_term(term: Any) -> str:
    """A term of rdflib."""
    kind = type(term).__name__
    if kind == "Literal" or hasattr(term, "datatype"):
        return literal_term(str(term), language=term.language, datatype=term.datatype and str(term.datatype))
    if kind == "BNode":
        return "_:b" + "".join(mark if mark.isalnum() and mark.isascii() else f"x{ord(mark):x}x" for mark in str(term))
    return iri_term(str(term))
