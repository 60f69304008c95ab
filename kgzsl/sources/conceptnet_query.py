"""Questions in the form of ConceptNet's web API, as filters over rows."""

import re
from collections.abc import Mapping
from functools import reduce
from operator import and_

import polars as pl

from kgzsl.errors import InputFormatError, UnknownNameError

__all__ = ["query_expression"]

_COLUMNS = {"start": "start", "end": "end", "rel": "rel"}
_KEYS = ("start", "end", "rel", "node", "other", "source")


def query_expression(query: Mapping[str, str] | None) -> pl.Expr | None:
    """A filter over the columns start, end, rel and info; all parts must hold.

    Each part is the beginning of a URI up to a slash: `/c/en/test` fits `/c/en/test/n`, not `/c/en/tests`. `node` is
    either end, `other` then the one across; `source` stands anywhere among the sources of a row.
    """
    if query is None:
        return None
    if unknown := sorted(set(query) - set(_KEYS)):
        raise UnknownNameError("part of a query", unknown[0], known=_KEYS)
    if not query or not all(isinstance(value, str) and value.startswith("/") for value in query.values()):
        raise InputFormatError(f"a query maps {', '.join(_KEYS)} to beginnings of URIs such as '/c/en', not {query!r}")
    tests = [_within(column, query[key]) for key, column in _COLUMNS.items() if key in query]
    node, other = query.get("node"), query.get("other")
    if node is not None or other is not None:
        here, across = [uri for uri in (node, other) if uri is not None], []
        if len(here) == 2:
            here, across = here[:1], here[1:]
        ways = [
            reduce(and_, [_within(near, here[0]), *(_within(far, uri) for uri in across)])
            for near, far in (("start", "end"), ("end", "start"))
        ]
        tests.append(ways[0] | ways[1])
    if "source" in query:
        tests.append(pl.col("info").str.contains(f'"{re.escape(query["source"].rstrip("/"))}["/]'))
    return reduce(and_, tests)


def _within(column: str, uri: str) -> pl.Expr:
    stem = uri.rstrip("/")
    return (pl.col(column) == stem) | pl.col(column).str.starts_with(f"{stem}/")
