"""Faults of documents that can be put right without guessing: characters no IRI may hold, half of a character."""

import re
from typing import Final

from kgzsl.sources.tally import MAX_EXAMPLES

__all__ = ["repaired"]

Faults = dict[str, list[tuple[int | None, str]]]

_TOKENS: Final = re.compile(
    r'(?P<string>"""(?:[^"\\]|\\.|"(?!""))*+"""|' + r"'''(?:[^'\\]|\\.|'(?!''))*+'''|"
    r'"(?:[^"\\\r\n]|\\.)*+"|' + r"'(?:[^'\\\r\n]|\\.)*+')|(?P<comment>#[^\r\n]*+)|(?P<iri><(?![<(\s])[^>\r\n]*+>)",
    re.DOTALL,
)
_XML_IRIS: Final = re.compile(r"""(\b(?:about|resource|datatype|base)\s*=\s*)(?:"([^"<]*)"|'([^'<]*)')""")
_ESCAPE: Final = re.compile(r"\\u([0-9A-Fa-f]{4})|\\U([0-9A-Fa-f]{8})")
_ALLOWED: Final = (
    "\xa0-\ud7ff\uf900-\ufdcf\ufdf0-\uffef" + "".join(f"{chr(n << 16)}-{chr((n << 16) + 0xFFFD)}" for n in range(1, 14))
) + "\U000e1000-\U000efffd"
# control characters are left as they are, so that what has one in an IRI stays an error
_WRONG: Final = re.compile(rf'[ <>"{{}}|^`\\]|%(?![0-9A-Fa-f]{{2}})|[^\x00-\x7f{_ALLOWED}]')
_XML_WRONG: Final = re.compile(rf'[ "{{}}|^`\\]|%(?![0-9A-Fa-f]{{2}})|[^\x00-\x7f{_ALLOWED}]')
_HALVES: Final = re.compile(
    r"(?<!\\)((?:\\\\)*)\\(?:u[dD][89abAB]([0-9a-fA-F]{2})\\u[dD][c-fC-F]([0-9a-fA-F]{2})"
    r"|(?:u|U0000)[dD][89a-fA-F][0-9a-fA-F]{2})"
)


def repaired(text: str, format: str) -> tuple[str, Faults]:
    r"""The text with its faults put right, and what they were: name of the fault -> (line, what was found).

    Only the first few of a fault have their line.

    `bad_iri`: characters that no IRI may hold are percent-encoded. `lone_surrogate`: escapes such as `\ud800`, which
    are half of a character, become U+FFFD; two halves become the character they make.

    >>> repaired("<http://x/a b> <http://x/p> '\\ud800' .", "turtle")
    ("<http://x/a%20b> <http://x/p> '�' .", {'bad_iri': [(1, '<http://x/a b>')], 'lone_surrogate': [(1, '\\ud800')]})
    """
    faults: Faults = {}
    if format == "rdfxml":
        return _with_xml_iris(text, faults), faults
    if format == "jsonld":
        return _joined(text, text, 0, faults), faults

    def put_right(token: re.Match[str]) -> str:
        if token["iri"] is not None:
            return _encoded_iri(token, faults, text)
        return token[0] if token["string"] is None else _joined(token[0], text, token.start(), faults)

    return _TOKENS.sub(put_right, text), faults


def _note(faults: Faults, fault: str, text: str, start: int, found: str) -> None:
    places = faults.setdefault(fault, [])
    line = text.count("\n", 0, start) + 1 if len(places) < MAX_EXAMPLES else None
    places.append((line, found))


def _encoded(character: re.Match[str]) -> str:
    return "".join(f"%{byte:02X}" for byte in character[0].encode("utf-8", "replace"))


def _character(escape: re.Match[str]) -> str:
    code = int(escape[1] or escape[2], 16)
    return chr(code) if 0x20 <= code < 0xD800 or 0xDFFF < code <= 0x10FFFF else escape[0]


def _encoded_iri(token: re.Match[str], faults: Faults, text: str) -> str:
    inner = token[0][1:-1]
    plain = _ESCAPE.sub(_character, inner)
    if not _WRONG.search(plain) or _ESCAPE.search(plain):
        return token[0]
    _note(faults, "bad_iri", text, token.start(), token[0])
    return f"<{_WRONG.sub(_encoded, plain)}>"


def _with_xml_iris(text: str, faults: Faults) -> str:
    def put_right(attribute: re.Match[str]) -> str:
        value = attribute[2] if attribute[2] is not None else attribute[3]
        if not _XML_WRONG.search(value):
            return attribute[0]
        _note(faults, "bad_iri", text, attribute.start(), value)
        return f'{attribute[1]}"{_XML_WRONG.sub(_encoded, value)}"'

    return _XML_IRIS.sub(put_right, text)


def _joined(part: str, text: str, start: int, faults: Faults) -> str:
    """A part of `text` that starts at `start`, without escapes of half a character."""

    def put_right(escape: re.Match[str]) -> str:
        if escape[2] is not None:
            halves = escape[0][len(escape[1]) :]
            high, low = int(halves[2:6], 16), int(halves[8:12], 16)
            return escape[1] + chr(0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00))
        _note(faults, "lone_surrogate", text, start + escape.start(), escape[0][len(escape[1]) :])
        return f"{escape[1]}\ufffd"

    return _HALVES.sub(put_right, part)
