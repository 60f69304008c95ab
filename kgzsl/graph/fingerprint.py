"""A graph's content as one number."""

import hashlib

import polars as pl

__all__ = ["fingerprint"]

_FIELD, _ITEM = "\x1f", "\x1e"


def _digest(table: pl.DataFrame, columns: tuple[str, ...]) -> bytes:
    text = [
        (pl.col(name).list.join(_ITEM) if isinstance(table.schema[name], pl.List) else pl.col(name).cast(pl.String))
        for name in columns
    ]
    lines = table.select(pl.concat_str(text, separator=_FIELD)).to_series().sort()
    return hashlib.sha256("\n".join(lines.to_list()).encode()).digest()


def fingerprint(concepts: pl.DataFrame, edges: pl.DataFrame) -> str:
    """sha256 over the sorted rows of both tables: ids, names, definitions; ends, relations, weights.

    Sources and further columns do not count, so the same knowledge from two files has one fingerprint.
    """
    both = _digest(concepts, ("id", "label", "aliases", "definition")) + _digest(
        edges, ("head", "relation", "tail", "weight")
    )
    return hashlib.sha256(both).hexdigest()
