"""How the messages of errors are worded: no character in them acts, and none of them is endless."""

import unicodedata
from collections.abc import Sequence

__all__ = ["begun", "cut", "harmless", "listing", "offered"]

# control, format (direction overrides, zero width), surrogate, private, unassigned, line and paragraph separator
_ACTING = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_LONGEST_ID = 80


def harmless(text: str, *, kept: str = "") -> str:
    r"""`text` with characters that would act on a terminal or reorder a line written as escapes, but for `kept`.

    >>> harmless("zebra\x1b[31m\nhorse", kept="\n")
    'zebra\\x1b[31m\nhorse'
    """
    if text.isascii() and text.isprintable():
        return text
    acting = {mark for mark in set(text) - set(kept) if unicodedata.category(mark) in _ACTING}
    return text.translate({ord(mark): mark.encode("unicode_escape").decode("ascii") for mark in acting})


def cut(text: str) -> str:
    """`text` as a literal, of which a message shows the beginning if it is long.

    >>> print(cut("zebra" * 1_000))
    'zebrazebrazebrazebrazebrazebrazebrazebrazebrazebrazebrazebrazebrazebrazebrazebra'… (5,000 characters)
    """
    whole = str(text)
    return repr(whole) if len(whole) <= _LONGEST_ID else f"{whole[:_LONGEST_ID]!r}… ({len(whole):,} characters)"


def begun(text: str) -> str:
    """A text, or its beginning if it is long, in a line of a message.

    >>> begun("zebra " * 20)[-9:]
    ' zebra z…'
    """
    return harmless(text if len(text) <= _LONGEST_ID else f"{text[: _LONGEST_ID - 1]}…")


def listing(items: Sequence[object], *, limit: int = 10) -> str:
    """`'a', 'b', 'c' and 7 more`: at most `limit` items, the rest counted.

    >>> listing(["cat", "dog", "fox"], limit=2)
    "'cat', 'dog' and 1 more"
    """
    shown = ", ".join(repr(item) for item in items[:limit])
    hidden = len(items) - limit
    return f"{shown} and {hidden:,} more" if hidden > 0 else shown


def offered(nearest: Sequence[str]) -> str:
    """What a message offers in place of a name that is not there; nothing if nothing is near.

    >>> offered(["tiger.n.02"])
    "; nearest: 'tiger.n.02'"
    """
    return f"; nearest: {listing(nearest, limit=5)}" if nearest else ""
