"""ConceptNet's URIs: what they are made of, and how a word becomes one."""

import re
import unicodedata
from collections.abc import Sequence

from kgzsl.errors import InputFormatError

__all__ = [
    "assertion_uri",
    "composed_term",
    "compound_uri",
    "concept_uri",
    "is_absolute_url",
    "is_concept",
    "is_relation",
    "is_term",
    "join_uri",
    "normal_term",
    "parse_compound_uri",
    "split_uri",
    "uri_label",
    "uri_language",
    "uri_prefix",
    "uri_prefixes",
]

_ARTICLES = ("the", "a", "an")
_DROPPED_FIRST = ("to",)
_APOSTROPHES = "'’"
_JOINER = "\u200d"


def join_uri(*pieces: str) -> str:
    """Pieces as one URI, with one slash before each.

    >>> join_uri("/r/", "AtLocation/")
    '/r/AtLocation'
    """
    return "/" + "/".join(piece.strip("/") for piece in pieces)


def split_uri(uri: str) -> list[str]:
    """What stands between the slashes.

    >>> split_uri("/c/en/cat/n/animal")
    ['c', 'en', 'cat', 'n', 'animal']
    """
    return [piece for piece in uri.strip("/").split("/") if piece]


def is_absolute_url(uri: str) -> bool:
    """Whether it is an address of the web and no URI of ConceptNet."""
    return uri.startswith("http")


def is_concept(uri: str) -> bool:
    """Whether it names a concept, in any language and with or without a sense."""
    return uri.startswith("/c/")


def is_relation(uri: str) -> bool:
    """Whether it names a relation."""
    return uri.startswith("/r/")


def is_term(uri: str) -> bool:
    """Whether it names a concept or an affix."""
    return uri.startswith(("/c/", "/x/"))


def uri_prefix(uri: str, max_pieces: int = 3) -> str:
    """The first pieces of a URI; with three, a concept without its sense.

    >>> uri_prefix("/c/en/cat/n/animal")
    '/c/en/cat'
    """
    return uri if is_absolute_url(uri) else join_uri(*split_uri(uri)[:max_pieces])


def uri_prefixes(uri: str, min_pieces: int = 2) -> list[str]:
    """Every URI that this one belongs to, itself included, shortest first; brackets are not cut open.

    >>> uri_prefixes("/c/en/cat/n")
    ['/c/en', '/c/en/cat', '/c/en/cat/n']
    """
    if is_absolute_url(uri):
        return [uri]
    pieces, prefixes = split_uri(uri), []
    for place in range(min_pieces, len(pieces) + 1):
        prefix = join_uri(*pieces[:place])
        if prefix.count("[") == prefix.count("]"):
            prefixes.append(prefix)
    return prefixes


def compound_uri(operator: str, arguments: Sequence[str]) -> str:
    """An operator and its arguments as one URI.

    >>> compound_uri("/and", ["/s/one", "/s/two"])
    '/and/[/s/one/,/s/two/]'
    """
    inside = ",".join(f"{join_uri(argument)}/" for argument in arguments)
    return f"{join_uri(operator)}/[{inside or '/'}]"


def assertion_uri(relation: str, start: str, end: str) -> str:
    """The URI of an edge, as in the first column of the dump.

    >>> assertion_uri("/r/CapableOf", "/c/en/cat", "/c/en/sleep")
    '/a/[/r/CapableOf/,/c/en/cat/,/c/en/sleep/]'
    """
    return compound_uri("/a", (relation, start, end))


def parse_compound_uri(uri: str) -> tuple[str, list[str]]:
    """The operator and the arguments of a compound URI; arguments that are compound stay whole.

    >>> parse_compound_uri("/a/[/r/CapableOf/,/c/en/cat/,/c/en/sleep/]")
    ('/a', ['/r/CapableOf', '/c/en/cat', '/c/en/sleep'])
    """
    operator, bracket, inside = uri.partition("/[")
    if not bracket or not inside.endswith("]"):
        raise InputFormatError(f"{uri[:80]!r} is not a compound URI such as '/a/[/r/IsA/,/c/en/cat/,/c/en/pet/]'")
    arguments, depth, start = [], 0, 0
    inside = inside[:-1]
    for place, character in enumerate(f"{inside},"):
        depth += (character == "[") - (character == "]")
        if character == "," and depth == 0 and inside[place - 1 : place] == "/":
            arguments.append(inside[start:place])
            start = place + 1
    return join_uri(operator), [join_uri(argument) for argument in arguments if argument != "/"]


def uri_language(uri: str) -> str:
    """The language of a term, or of the first term of an assertion; "" if it has none.

    >>> uri_language("/c/pl/cześć")
    'pl'
    """
    if uri.startswith("/a/["):
        return next((uri_language(part) for part in parse_compound_uri(uri)[1] if is_term(part)), "")
    pieces = split_uri(uri)
    return pieces[1] if is_term(uri) and len(pieces) > 1 else ""


def uri_label(uri: str) -> str:
    """The words of a URI.

    >>> uri_label("/c/en/canary_islands/n/wn/location")
    'canary islands'
    """
    if is_term(uri):
        return "".join(split_uri(uri)[2:3]).replace("_", " ")
    return uri.rstrip("/").rpartition("/")[2]


def composed_term(term: str) -> str:
    """A term that stands in a URI already, in composed form (NFC) and lower case; its signs stay.

    >>> composed_term("C++")
    'c++'
    """
    return re.sub(r"\s", "_", unicodedata.normalize("NFC", term).lower())


def normal_term(text: str) -> str:
    """A text as it stands in a URI: its words in lower case, composed (NFC), joined by underscores.

    >>> normal_term("  Italian supercat!")
    'italian_supercat'
    """
    plain = unicodedata.normalize("NFC", text).lower()
    kept = [character if _is_inside_word(plain, place) else " " for place, character in enumerate(plain)]
    return "_".join("".join(kept).split())


def _is_inside_word(text: str, place: int) -> bool:
    """Letters, marks, digits and pictures; an apostrophe or a joiner only between two of them."""
    character = text[place]
    if character in _APOSTROPHES or character == _JOINER:
        around = text[place - 1 : place], text[place + 1 : place + 2]
        return all(side and _is_of_word(side) for side in around)
    return _is_of_word(character)


def _is_of_word(character: str) -> bool:
    return unicodedata.category(character)[0] in "LMN" or unicodedata.category(character) == "So"


def concept_uri(language: str, text: str, *sense: str) -> str:
    """The id of a concept from its language and words, with part of speech and sense if given.

    English loses articles, and the "to" of verbs, as ConceptNet does it. Text without a word in it is an
    `InputFormatError`. Unlike ConceptNet, no script is turned into another.

    >>> concept_uri("en", "a hot dog"), concept_uri("en", "cat", "n", "feline")
    ('/c/en/hot_dog', '/c/en/cat/n/feline')
    """
    term = normal_term(text)
    if language == "en":
        words = [word for word in term.split("_") if word not in _ARTICLES]
        while words and words[0] in _DROPPED_FIRST:
            del words[0]
        term = "_".join(words) or term
    if not term or not re.fullmatch(r"[A-Za-z]{2,8}(?:[-_][A-Za-z0-9]+)*", language):
        raise InputFormatError(f"{text[:80]!r} in language {language[:20]!r} is not a word that a concept can have")
    return join_uri("c", language, term, *(normal_term(piece) for piece in sense))
