"""Docstrings as they are written, prose with Markdown's backticks, in the form that Sphinx reads.

In reStructuredText a single backtick is a reference, and a name that ends in an underscore is a link. Here a code span
stays code, and becomes a link where it names something of the reference; whatever else would be markup is text.
"""

import re
from typing import Any

from sphinx.application import Sphinx

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)*(\(\))?")
_MARKUP = re.compile(r"([\\*|]|_(?!\w))")
_BULLET = re.compile(r"\s*\* ")
_RULE = re.compile(r"-{3,}")
_NAMES = re.compile(r"\w+(, \w+)*")
_DIRECTIVE = re.compile(r"\s*(\.\. |:\w+:)")


def prose(line: str) -> str:
    """One line of a docstring with its code spans kept and all other markup taken literally."""
    bullet = _BULLET.match(line)
    start, rest = (bullet[0], line[bullet.end() :]) if bullet else ("", line)
    made = start
    for part in re.split(r"(`[^`]+`)", rest):
        if part.startswith("`"):
            made += ("\\ " if made[-1:].isalnum() else "") + _code(part[1:-1])
        else:
            made += ("\\ " if made.endswith("`") and part[:1].isalnum() else "") + _MARKUP.sub(r"\\\1", part)
    return made


def _code(text: str) -> str:
    if _NAME.fullmatch(text):
        return f":py:obj:`{text.removesuffix('()')}`" if not text.endswith("()") else f"``{text}``"
    return f"``{text}``" if text.strip() == text else f"``{text.strip()}``"


def converted(lines: list[str]) -> list[str]:
    """The lines of a docstring; examples, from `>>>` to the next empty line, are left as they are.

    Underlined headings, as scikit-learn's estimators have them, become headings; what is indented under a name stands
    as its definition.
    """
    made: list[str] = []
    example = False
    for line, below in zip(lines, [*lines[1:], ""], strict=True):
        if _RULE.fullmatch(line) and made:
            made[-1:] = [f".. rubric:: {made[-1]}", ""]
            continue
        if _NAMES.fullmatch(line) and below.startswith("    ") and not example:
            made.append(re.sub(r"\w+", r"``\g<0>``", line))
            continue
        example = line.lstrip().startswith(">>>") or (example and bool(line.strip()))
        made.append(line if example or _DIRECTIVE.match(line) else prose(line))
    return made


def _convert(_app: Sphinx, _kind: str, _name: str, _object: Any, _options: Any, lines: list[str]) -> None:
    lines[:] = converted(_joined_spans(_flush_examples(lines)))


def _flush_examples(lines: list[str]) -> list[str]:
    """Examples that stand indented under the word `Example:` are moved to the margin, without the word."""
    if "Example:" not in lines:
        return lines
    place = lines.index("Example:")
    below = [line.removeprefix("    ") for line in lines[place + 1 :]]
    return [*lines[:place], *below]


def _joined_spans(lines: list[str]) -> list[str]:
    """Code spans that run over the end of a line are moved whole to its beginning."""
    whole = list(lines)
    for place in range(len(whole) - 1):
        line = whole[place]
        if line.lstrip().startswith((">>>", "...")) or line.count("`") % 2 == 0 or whole[place + 1].count("`") % 2 == 0:
            continue
        rest, _, tail = whole[place + 1].lstrip().partition("`")
        indent = whole[place + 1][: len(whole[place + 1]) - len(whole[place + 1].lstrip())]
        whole[place], whole[place + 1] = f"{line} {rest}`", f"{indent}{tail}"
    return whole


# NumPy's union of all that makes an array, and two aliases of ours, under names that a reader knows
_MODULE = r"~?(?:[a-z_]\w*\.)*"
_DTYPE = rf"{_MODULE}dtype\[{_MODULE}Any\]"
_ARRAY = rf"{_MODULE}_SupportsArray\[{_DTYPE}\]"
_PLAIN = r"complex \| bytes \| str"
_ARRAY_LIKE = re.compile(
    rf"{_MODULE}_?Buffer \| {_ARRAY} \| {_MODULE}_NestedSequence\[{_ARRAY}\] \| {_PLAIN}"
    rf" \| {_MODULE}_NestedSequence\[{_PLAIN}\]"
)
_ALIASES = {"_Relations": "Iterable[str] | str | None", "_Weight": "str | Mapping[str, float] | Callable | None"}


def public_types(signature: str) -> str:
    """A signature with the types that have private names written out, or under their public name."""
    short = re.sub(r"<[^<>]*>", "...", _ARRAY_LIKE.sub("ArrayLike", signature))  # defaults that are made anew
    return re.sub(r"\b_[A-Z]\w+", lambda found: _ALIASES.get(found[0], found[0]), short)


def _types(
    _app: Sphinx, _kind: str, _name: str, _object: Any, _options: Any, signature: str | None, returned: str | None
) -> tuple[str | None, str | None]:
    return signature and public_types(signature), returned and public_types(returned)


def setup(app: Sphinx) -> dict[str, Any]:
    """Convert before anything else looks at a docstring."""
    app.connect("autodoc-process-docstring", _convert, priority=900)
    app.connect("autodoc-process-signature", _types)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
