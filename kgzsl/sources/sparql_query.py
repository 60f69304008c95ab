"""The text of the questions asked of a SPARQL endpoint; nothing but checked IRIs and numbers ever enters one."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal

from kgzsl.errors import InputFormatError, UnsafeInputError

__all__ = ["LONGEST_IRI", "Predicates", "Triples", "checked_iri", "checked_language", "exists", "has_axioms", "is_iri"]

LONGEST_IRI: Final = 4096
_FORBIDDEN: Final = re.compile('[\x00-\x20\x7f-\x9f<>"{}|^`\\\\\ud800-\udfff]')
_ABSOLUTE: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:.")
_LANGUAGE: Final = re.compile(r"[A-Za-z]{1,8}(?:-[A-Za-z0-9]{1,8})*")

_LOCAL_NAME: Final = re.compile(r"[\w-]+")

Key = tuple[str, str, str]

_RDF: Final = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_RDFS: Final = "http://www.w3.org/2000/01/rdf-schema#"
_OWL: Final = "http://www.w3.org/2002/07/owl#"
_PARTS: Final = f"/<{_RDF}rest>*/<{_RDF}first>"
_IS: Final = f"(<{_RDFS}subClassOf>|<{_OWL}equivalentClass>)"
_KIND: Final = f"BIND(<{_RDFS}subClassOf> AS ?p)"
_AXIOMS: Final = (
    # a restriction, alone or as a part of an intersection
    f"?s ({_IS}|<{_RDF}type>)?/(<{_OWL}intersectionOf>{_PARTS})* ?e . ?e <{_OWL}onProperty> ?p . "
    f"?e (<{_OWL}someValuesFrom>|<{_OWL}hasValue>) ?o .",
    # a part of an intersection that has a name
    f"?s {_IS}?/(<{_OWL}intersectionOf>{_PARTS})+ ?o . {_KIND}",
    # a member of a union
    f"?o <{_OWL}equivalentClass>?/(<{_OWL}unionOf>|<{_OWL}disjointUnionOf>){_PARTS} ?s . {_KIND}",
)
"""What may be said through blank nodes, `?s ?p ?o` being what follows from it."""


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


def has_axioms() -> str:
    """One row if there are class expressions of OWL at all."""
    return f"SELECT ?s WHERE {{ ?s <{_OWL}onProperty>|<{_OWL}intersectionOf>|<{_OWL}unionOf> ?o }} LIMIT 1"


@dataclass(frozen=True)
class Predicates:
    """Predicates by IRI, and by how their IRIs end, in any namespace."""

    iris: tuple[str, ...]
    local_names: tuple[str, ...] = ()

    def filter(self) -> str:
        """A filter on `?p`."""
        tests = [f"?p IN ({', '.join(map(_written, self.iris))})"] if self.iris else []
        for name in self.local_names:
            if not _LOCAL_NAME.fullmatch(name):
                raise UnsafeInputError(f"{name[:80]!r} is no end of an IRI made of letters, digits, '_' and '-'")
        if self.local_names:
            tests.append(f'REGEX(STR(?p), "[#/:]({"|".join(self.local_names)})$")')
        return f" FILTER({' || '.join(tests)})"


@dataclass(frozen=True)
class Triples:
    """The triples that have one of `iris` at their `near` end, as a question.

    `predicates` None stands for every one. With `text` the far end is a literal, in one of `languages` (a tag covers
    its regions, "" is a literal without language, None is any); otherwise it is an IRI. `axioms` asks instead for
    what a class expression of OWL says, as if it stood there as a triple: `?s ?p ?o` for a subclass of `?p some ?o`.
    """

    near: Literal["s", "o"]
    iris: tuple[str, ...]
    predicates: Predicates | None = None
    text: bool = False
    languages: tuple[str, ...] | None = None
    axioms: bool = False

    @property
    def far(self) -> str:
        """The variable at the other end."""
        return "o" if self.near == "s" else "s"

    @property
    def has_keys(self) -> bool:
        """Whether a row can be named in a later question: only if all of it are IRIs."""
        return not self.text

    def _where(self) -> str:
        # a second VALUES would make an engine join all pairs: 80 times slower in Oxigraph
        named = self.predicates.filter() if self.predicates else ""
        values = _values(self.near, self.iris)
        if not self.axioms:
            return f"{values} ?s ?p ?o .{named}"
        branches = " UNION ".join(f"{{ {values} {branch} }}" for branch in _AXIOMS)
        return f"{branches} FILTER(isIRI(?s) && isIRI(?p) && ?s != ?o){named}"

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
