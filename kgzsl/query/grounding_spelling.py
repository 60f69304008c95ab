"""The other ways a class may be written: offsets, joined words, plurals, lists of names."""

import re
import unicodedata
from collections.abc import Iterator

from kgzsl.graph.lookup import offset_within, plain

__all__ = ["JOINTS", "joined", "list_of_names", "other_numerus", "other_spellings"]

JOINTS = r"[\W_]+"
"""What stands between the words of a name and is not part of any."""
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")

_IRREGULAR = {
    "children": "child", "dice": "die", "feet": "foot", "geese": "goose", "lice": "louse", "mice": "mouse",
    "oxen": "ox", "people": "person", "teeth": "tooth",
}  # fmt: skip
# WordNet's own rules of detachment for nouns (morphy), then three of loan words
_ENDINGS = (
    ("ses", "s"), ("xes", "x"), ("zes", "z"), ("ches", "ch"), ("shes", "sh"), ("men", "man"), ("ies", "y"),
    ("ves", "f"), ("ves", "fe"), ("oes", "o"), ("ae", "a"), ("i", "us"), ("s", ""),
)  # fmt: skip
_NO_PLURAL = ("ss", "us", "is")
_SHORTEST = 3


def list_of_names(text: str) -> tuple[str, ...]:
    """The names in `great white shark, man-eater`; empty for one name alone."""
    names = tuple(name.strip() for name in text.split(",") if name.strip())
    return names if len(names) > 1 else ()


def other_spellings(text: str) -> Iterator[str]:
    """Ways to write the same identifier or name: an offset in full, words apart, without accents.

    >>> list(other_spellings("AwA:n2084071")), list(other_spellings("KillerWhale")), list(other_spellings("polar+bear"))
    (['n02084071'], ['Killer Whale'], ['polar bear'])
    """
    if offset := offset_within(text):
        yield offset
        return
    apart = _HUMP.sub(" ", text.replace("+", " ").replace("’", "'").replace("‘", "'"))
    unmarked = "".join(sign for sign in unicodedata.normalize("NFKD", apart) if not unicodedata.combining(sign))
    yield from (other for other in dict.fromkeys((apart, unmarked)) if other != text)


def joined(text: str) -> str:
    """A name with nothing between its words.

    >>> joined("St. Bernard-dog")
    'stbernarddog'
    """
    return re.sub(JOINTS, "", plain(text))


def other_numerus(text: str) -> Iterator[str]:
    """Singular forms a plural may come from, then plural forms; of `birds of prey`, those of `birds`.

    They are guesses by ending, to be looked up: most are no words.

    >>> list(other_numerus("polar bears"))[:2], next(other_numerus("Birds of prey"))
    (['polar bear', 'polar bearses'], 'bird of prey')
    """
    words = plain(text).split()
    if not words:
        return
    place = words.index("of") - 1 if "of" in words[1:] else len(words) - 1
    for form in dict.fromkeys((*_singulars(words[place]), *_plurals(words[place]))):
        yield " ".join((*words[:place], form, *words[place + 1 :]))


def _singulars(word: str) -> Iterator[str]:
    if word in _IRREGULAR:
        yield _IRREGULAR[word]
    if not word.endswith(_NO_PLURAL):
        for ending, singular in _ENDINGS:
            stem = word.removesuffix(ending)
            if stem != word and len(stem) + len(singular) >= _SHORTEST:
                yield stem + singular


def _plurals(word: str) -> Iterator[str]:
    yield from (plural for plural, singular in _IRREGULAR.items() if singular == word)
    for plural, ending in _ENDINGS:
        stem = word.removesuffix(ending)
        if (stem != word or not ending) and len(stem) >= _SHORTEST - 1:
            yield stem + plural
    yield f"{word}es"
