"""Whether a SPARQL query would reach beyond the data it is asked over: another endpoint, a file, an update."""

import re
from collections import Counter
from collections.abc import Collection, Iterator
from typing import Any

from kgzsl.errors import InputFormatError, LimitExceededError, UnsafeInputError
from kgzsl.sources.limits import Limits

__all__ = ["refuse_federation"]

_READING = {"SERVICE": "asks another endpoint", "FROM": "makes the engine load a graph by its address"}
_CHANGING = {
    "LOAD", "CLEAR", "DROP", "CREATE", "ADD", "MOVE", "COPY", "INSERT", "DELETE", "WITH", "USING", "INTO",
}  # fmt: skip
_ABSOLUTE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
_ESCAPED = re.compile(r"\\u([0-9A-Fa-f]{4})|\\U([0-9A-Fa-f]{8})")
_TOKEN = re.compile(
    r"""
      (?P<quoted> <(?:[^<>"{}|^`\\\x00-\x20] | \\u[0-9A-Fa-f]{4} | \\U[0-9A-Fa-f]{8})*>
                | \"{3}(?:\"{0,2}(?:[^"\\]|\\.))*\"{3} | '{3}(?:'{0,2}(?:[^'\\]|\\.))*'{3}
                | "(?:[^"\\\n\r]|\\.)*" | '(?:[^'\\\n\r]|\\.)*' )
    | (?P<comment> \#[^\r\n]* )
    | (?P<name> [?$]\w+ | @[A-Za-z]+(?:-[A-Za-z0-9]+)* | (?:[^\W\d_](?:[\w.-]*[\w-])?)?:[\w%:-]*(?:\\[^\w\s][\w%:-]*)*
              | _:\w+ )
    | (?P<word> [^\W\d_]\w* )
    | (?P<mark> . )
    """,
    re.VERBOSE | re.DOTALL,
)


def refuse_federation(query: str, *, allowed: Collection[str] = (), limits: Limits | None = None) -> None:
    """Raise `UnsafeInputError` if a query over local data would fetch, read a file or change anything.

    That is SERVICE, FROM and FROM NAMED (rdflib loads what they name, `file:` included) and every update such as
    LOAD or INSERT. `allowed` are the absolute IRIs that SERVICE and FROM may name; a variable never is one. The
    query is judged by rdflib's parser and, independently of any grammar, by its bare words: where the two disagree it
    is refused, so a text that two engines read differently does not pass. A name with a dot before such a word
    (`ex:a.from`) counts as the word; write it as a full IRI. What is no query at all is an `InputFormatError`, and
    one that is longer or deeper than `limits` a `LimitExceededError`. Nothing is executed, opened or fetched.

    >>> refuse_federation('SELECT * WHERE { ?service ?p "from here" }')
    >>> refuse_federation("SELECT * FROM <file:///etc/passwd> WHERE { ?s ?p ?o }")
    Traceback (most recent call last):
        ...
    kgzsl.errors.UnsafeInputError: FROM <file:///etc/passwd> makes the engine load a graph by its address; take the \
clause out, or pass allowed=[iri] if it is trusted
    """
    words = _words(query, limits or Limits())
    for word in sorted(words.keys() & _CHANGING):
        raise UnsafeInputError(f"{word} belongs to an update, and only queries are answered here")
    try:
        clauses = list(_clauses(_parsed(query)))
    except InputFormatError as error:
        for keyword, danger in _READING.items():
            if words[keyword]:
                raise UnsafeInputError(f"{keyword} {danger}, in a query that cannot be read: {error}") from error
        raise
    for keyword, target in clauses:
        _check(keyword, target, allowed)
    found = Counter(keyword for keyword, _ in clauses)
    for keyword, danger in _READING.items():
        if found[keyword] != words[keyword]:
            raise UnsafeInputError(
                f"{keyword} stands {words[keyword]} times in the query, and {found[keyword]} clauses were understood; "
                f"it {danger}, so it must not be hidden"
            )


def _words(query: str, limits: Limits) -> Counter[str]:
    """The bare words, in capitals: what is no name, variable, IRI, string or comment."""
    if len(query) > limits.literal_bytes:
        raise LimitExceededError(
            "SPARQL query", limit="literal_bytes", allowed=limits.literal_bytes, found=f"{len(query):,}"
        )
    for match in _ESCAPED.finditer(query):
        # rdflib resolves such escapes before it looks for the end of a string, others after
        if int(match[1] or match[2], 16) < 0x80:
            raise UnsafeInputError(f"{match[0]} stands for a plain character, which engines read differently; write it")
    words: Counter[str] = Counter()
    depth = 0
    for token in _TOKEN.finditer(query):
        if token.lastgroup == "word":
            words[token[0].upper()] += 1
        elif token.lastgroup == "mark":
            depth += (token[0] in "{([") - (token[0] in "})]")
            if depth > limits.nesting:
                raise LimitExceededError("SPARQL query", limit="nesting", allowed=limits.nesting, found=f">= {depth}")
            if token[0] == "\\":
                raise UnsafeInputError("a backslash outside of strings and names hides what the query says")
    return words


def _parsed(query: str) -> Any:
    from pyparsing import ParseBaseException
    from rdflib.plugins.sparql.parser import parseQuery

    try:
        return parseQuery(query)
    except RecursionError as error:
        deep = "what the parser can follow"
        raise LimitExceededError(
            "SPARQL query",
            limit="nesting",
            allowed=deep,
            found="more",
            advice="write it with fewer brackets in brackets",
        ) from error
    except ParseBaseException as error:
        raise InputFormatError(f"this is no SPARQL query: {str(error)[:160]}") from error


def _clauses(node: Any) -> Iterator[tuple[str, Any]]:
    """Every SERVICE and FROM of a parsed query, with what it names; with a stack, for queries may be deep."""
    from pyparsing import ParseResults

    waiting = [node]
    while waiting:
        part = waiting.pop()
        kind = getattr(part, "name", None)
        if kind == "ServiceGraphPattern":
            yield "SERVICE", part.term
        elif kind == "DatasetClause":
            yield "FROM", part.default or part.named
        if isinstance(part, dict):
            waiting.extend(part.values())
        elif isinstance(part, list | tuple | ParseResults):
            waiting.extend(part)


def _check(keyword: str, target: Any, allowed: Collection[str]) -> None:
    from rdflib.term import URIRef

    iri = str(target) if isinstance(target, URIRef) and _ABSOLUTE.match(target) else None
    if iri is None or iri not in allowed:
        shown = f"<{iri}>" if iri else "without a full IRI"
        advice = "take the clause out" + (", or pass allowed=[iri] if it is trusted" if iri else "")
        raise UnsafeInputError(f"{keyword} {shown} {_READING[keyword]}; {advice}")
