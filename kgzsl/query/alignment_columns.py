"""What two graphs say of part of speech and language, where both say it."""

import numpy as np
import polars as pl
from numpy.typing import NDArray

from kgzsl.graph.index import IntArray
from kgzsl.graph.knowledge_graph import KnowledgeGraph

__all__ = ["beside_noun", "may_be_one"]

_NOUN = "n"
_THINGS = 0.9
_SAME = {"s": "a"}  # a satellite is an adjective


def may_be_one(a: KnowledgeGraph, b: KnowledgeGraph, first: IntArray, second: IntArray) -> NDArray[np.bool_]:
    """Whether each pair is not told apart by the columns `pos` or `language`; a graph without them tells nothing."""
    pairs = pl.DataFrame({"pair": np.arange(len(first)), "first": first, "second": second})
    allowed = np.ones(len(first), dtype=bool)
    for column in ("pos", "language"):
        left, right = (_said(graph, column) for graph in (a, b))
        if len(left) and len(right):
            by_a = pairs.join(left, left_on="first", right_on="row").select("pair", "value")
            by_b = pairs.join(right, left_on="second", right_on="row").select("pair", "value")
            told = np.intersect1d(by_a["pair"].to_numpy(), by_b["pair"].to_numpy())
            alike = by_a.join(by_b, on=["pair", "value"], how="semi")["pair"].to_numpy()
            allowed[np.setdiff1d(told, alike)] = False
    return allowed


def beside_noun(a: KnowledgeGraph, b: KnowledgeGraph, first: IntArray, second: IntArray) -> NDArray[np.bool_]:
    """Pairs of a concept without a part of speech and one that is no noun, where the former is in a pair with a noun.

    Only from the side of a graph that speaks of things: of its concepts whose pairs agree whether they are nouns, at
    least nine of ten say that they are. The classes of most ontologies do so, a list of words of every kind does not.
    """
    left, right = (_said(graph, "pos") for graph in (a, b))
    held = np.zeros(len(first), dtype=bool)
    for own, end, other, other_end in ((left, first, right, second), (right, second, left, first)):
        noun = np.isin(other_end, other.filter(pl.col("value") == _NOUN)["row"].to_numpy())
        apart = np.isin(other_end, other["row"].to_numpy()) & ~noun
        untold = ~np.isin(end, own["row"].to_numpy())
        with_noun, with_other = (np.unique(end[untold & kind]) for kind in (noun, apart))
        things, others = (len(np.setdiff1d(*ends)) for ends in ((with_noun, with_other), (with_other, with_noun)))
        if things >= _THINGS * (things + others):
            held |= untold & apart & np.isin(end, with_noun)
    return held


def _said(graph: KnowledgeGraph, column: str) -> pl.DataFrame:
    """Place and value, a row for each that is said; none if the column is not of texts, or lists of them."""
    empty = pl.DataFrame(schema={"row": pl.Int64, "value": pl.String})
    if column not in graph.concept_columns.names:
        return empty
    table = pl.DataFrame({"value": graph.concept_columns.series(column)[0]}).with_row_index("row")
    if isinstance(table.schema["value"], pl.List):
        table = table.explode("value")
    if table.schema["value"] != pl.String:
        return empty
    plain = pl.col("value").str.to_lowercase().replace(_SAME)
    return table.select(pl.col("row").cast(pl.Int64), plain).drop_nulls().filter(pl.col("value") != "").unique()
