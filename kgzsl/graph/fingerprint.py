"""A graph's content as one number."""

import hashlib
import json
from collections.abc import Iterable

import polars as pl

from kgzsl.graph.relation import Relation

__all__ = ["fingerprint"]


def _lengths(lengths: pl.Series) -> bytes:
    return lengths.to_numpy().astype("<i8").tobytes()


def _bytes(column: pl.Series) -> bytes:
    """A column so that no other column of the same type has the same bytes: the lengths go before the text."""
    if isinstance(column.dtype, pl.List):
        return _lengths(column.list.len()) + _bytes(column.explode().drop_nulls())
    if column.dtype == pl.Float64():
        return column.to_numpy().astype("<f8").tobytes()
    return _lengths(column.str.len_bytes()) + "".join(column.to_list()).encode()


def fingerprint(concepts: pl.DataFrame, edges: pl.DataFrame, relations: Iterable[Relation]) -> str:
    """sha256 over tables in their order: ids, names, definitions; ends, relations, weights; kinds of those relations.

    Sources and further columns do not count, so the same knowledge from two files has one fingerprint; nor do
    relations without an edge.
    """
    digest = hashlib.sha256()
    for name in ("id", "label", "aliases", "definition"):
        digest.update(_bytes(concepts[name]))
    for name in ("head", "relation", "tail", "weight"):
        digest.update(_bytes(edges[name]))
    used = set(edges["relation"].unique().to_list())
    kinds = sorted(
        [relation.name, relation.kind, relation.symmetric] for relation in relations if relation.name in used
    )
    digest.update(json.dumps(kinds).encode())
    return digest.hexdigest()
