"""The text of the questions asked of a SPARQL endpoint; nothing but checked IRIs and numbers ever enters one."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final, Literal

from kgzsl.errors import InputFormatError, UnsafeInputError

__all__ = ["LONGEST_IRI", "Triples", "checked_iri", "checked_language", "exists", "is_iri"]

LONGEST_IRI: Final = 4096
_FORBIDDEN: Final = re.compile('[\x00-\x20\x7f-\x9f<>"{}|^`\\\\\ud800-\udfff]')
_ABSOLUTE: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:.")
_LANGUAGE: Final = re.compile(r"[A-Za-z]{1,8}(?:-[A-Za-z0-9]{1,8})*")

Key = tuple[str, str, str]


def is_iri(text: str) -> bool:
    """Whether this may stand between `<` and `>` in a query: no character that ends an IRI, and an absolute one.

    The grammar is Oxigraph's, for one IRI that an engine refuses makes it refuse the question about all of them.
    """
    if len(text) > LONGEST_IRI or _FORBIDDEN.search(text) or not _ABSOLUTE.match(text):
        return False
    from pyoxigraph import NamedNode

    try:
        NamedNode(text)
    except ValueError:
        return False
    return True


def checked_iri(text: str) -> str:
    """The text, if it is an absolute IRI; `UnsafeInputError` where a character could end it, else `InputFormatError`.

    >>> checked_iri("http://example.org/x> } DROP ALL")
    Traceback (most recent call last):
        ...
    kgzsl.errors.UnsafeInputError: 'http://example.org/x> } DROP ALL' has '>', which no IRI has; nothing was asked
    """
    if not isinstance(text, str):
        raise InputFormatError(f"an IRI is a string, not {text!r:.80}")
    if found := _FORBIDDEN.search(text):
        raise UnsafeInputError(f"{text[:80]!r} has {found[0]!r}, which no IRI has; nothing was asked")
    if not is_iri(text):
        raise InputFormatError(
            f"{text[:80]!r} is no absolute IRI of at most {LONGEST_IRI:,} characters; "
            "write it in full, as http://example.org/x, or give prefixes= for short names"
        )
    return text


def checked_language(tag: str) -> str:
    """The tag in lower case, if it is one, such as "en" or "pt-BR"."""
    if not _LANGUAGE.fullmatch(tag):
        raise InputFormatError(f"{tag[:80]!r} is no language tag, such as 'en' or 'pt-BR'")
    return tag.lower()


def _written(iri: str) -> str:
    return f"<{checked_iri(iri)}>"


def _values(variable: str, iris: Iterable[str]) -> str:
    return f"VALUES ?{variable} {{ {' '.join(map(_written, iris))} }}"


def exists(iris: Iterable[str]) -> str:
    """Which of these IRIs the endpoint says anything of."""
    return f"SELECT ?s WHERE {{ {_values('s', iris)} FILTER(EXISTS {{ ?s ?p ?o }} || EXISTS {{ ?x ?q ?s }}) }}"


@dataclass(frozen=True)
class Triples:
    """The triples that have one of `iris` at their `near` end, as a question.

    `predicates` None stands for every one. With `text` the far end is a literal, in one of `languages` (a tag covers
    its regions, "" is a literal without language, None is any); otherwise it is an IRI. `axioms` asks instead for
    what OWL says through a restriction: `?s` a subclass of, or equivalent to, "`?p` some `?o`" or "`?p` value `?o`".
    """

    near: Literal["s", "o"]
    iris: tuple[str, ...]
    predicates: tuple[str, ...] | None = None
    text: bool = False
    languages: tuple[str, ...] | None = None

    @property
    def far(self) -> str:
        """The variable at the other end."""
        return "o" if self.near == "s" else "s"

    @property
    def has_keys(self) -> bool:
        """Whether a row can be named in a later question: only if all of it are IRIs."""
        return not self.text

    def only(self, iris: Iterable[str]) -> "Triples":
        """The same question about other IRIs."""
        return replace(self, iris=tuple(iris))

    def _where(self) -> str:
        # a second VALUES would make an engine join all pairs: 80 times slower in Oxigraph
        named = "" if self.predicates is None else f" FILTER(?p IN ({', '.join(map(_written, self.predicates))}))"
        return f"{_values(self.near, self.iris)} ?s ?p ?o .{named}"

    def _filter(self) -> str:
        if not self.text:
            return f"FILTER(isIRI(?{self.far}))"
        if self.languages is None:
            return "FILTER(isLiteral(?o))"
        tests = [
            f'LANGMATCHES(LANG(?o), "{checked_language(tag)}")' if tag else 'LANG(?o) = ""' for tag in self.languages
        ]
        return f"FILTER(isLiteral(?o) && ({' || '.join(tests)}))"

    def census(self) -> str:
        """How many triples there are, how many with an IRI and with a blank node at the far end: always one row."""
        inner = f"SELECT DISTINCT ?s ?p ?o WHERE {{ {self._where()} {self._filter() if self.text else ''} }}"
        numbers = " ".join(f"(SUM(IF({test}(?{self.far}), 1, 0)) AS ?{test})" for test in ("isIRI", "isBlank"))
        return f"SELECT (COUNT(*) AS ?all) {numbers} WHERE {{ {{ {inner} }} }}"

    def page(self, limit: int, *, offset: int = 0, after: Key | None = None) -> str:
        """At most `limit` rows in the order of their text, from `offset` on, or those that come after a row."""
        beyond = "" if after is None else _beyond(after)
        order = "STR(?s) STR(?p) STR(?o)" + (" LANG(?o)" if self.text else "")
        tail = f"LIMIT {int(limit)}" + (f" OFFSET {int(offset)}" if offset else "")
        return f"SELECT DISTINCT ?s ?p ?o WHERE {{ {self._where()} {self._filter()} {beyond}}} ORDER BY {order} {tail}"


def _beyond(after: Key) -> str:
    """A filter for rows that come after this one; an IRI has no character that could end its string."""
    s, p, o = (f'"{checked_iri(iri)}"' for iri in after)
    return f"FILTER(STR(?s) > {s} || (STR(?s) = {s} && (STR(?p) > {p} || (STR(?p) = {p} && STR(?o) > {o})))) "
