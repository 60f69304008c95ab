"""Pairs of concepts of two graphs that bear a name in common."""

import numpy as np
import polars as pl
from numpy.typing import NDArray

from kgzsl.graph.index import IntArray
from kgzsl.graph.knowledge_graph import KnowledgeGraph
from kgzsl.query.alignment_columns import may_be_one

__all__ = ["names_in_common", "texts"]

MOST_BEARERS = 10_000
"""Pairs that one name may give rise to; a name borne by more says nothing and is left out."""
_BOTH_LABELS, _ONE_LABEL, _BOTH_ALIASES = 0.92, 0.87, 0.8
_HIGHEST = 0.97


def names_in_common(
    a: KnowledgeGraph, b: KnowledgeGraph, of_a: NDArray[np.bool_], of_b: NDArray[np.bool_]
) -> tuple[IntArray, IntArray, NDArray[np.float64], pl.Series, NDArray[np.bool_], tuple[str, ...]]:
    """Every pair of these positions that shares a label or alias, compared as `find` does; sorted, each once.

    Pairs that part of speech or language tells apart are none.

    Position in a, position in b, how much the names alone say, one name they share, and whether either end is in
    another pair, each `[num_pairs]`; then the names borne by too many.
    """
    left, right = _names(a, of_a), _names(b, of_b).rename({"position": "second", "is_alias": "other_alias"})
    bearers = left.group_by("name").len("n").join(right.group_by("name").len("m"), on="name")
    is_usable = pl.col("n").cast(pl.Int64) * pl.col("m").cast(pl.Int64) <= MOST_BEARERS
    usable, too_many = bearers.filter(is_usable).select("name"), bearers.filter(~is_usable)["name"].sort()
    pairs = left.join(usable, on="name").join(right, on="name")
    num_aliases = pl.col("is_alias").cast(pl.Int64) + pl.col("other_alias").cast(pl.Int64)
    grouped = (
        pairs.with_columns(num_aliases.alias("aliases"))
        .group_by("position", "second")
        .agg(
            pl.col("aliases").min(),
            pl.len().alias("shared"),
            pl.col("name").sort_by("aliases", "name").first(),
        )
        .sort("position", "second")
    )
    first, second = (grouped[name].to_numpy().astype(np.int64) for name in ("position", "second"))
    allowed = may_be_one(a, b, first, second)
    grouped, first, second = grouped.filter(pl.Series(allowed)), first[allowed], second[allowed]
    base = np.array([_BOTH_LABELS, _ONE_LABEL, _BOTH_ALIASES])[grouped["aliases"].to_numpy()]
    prior = base + (_HIGHEST - base) * (1 - 0.5 ** (grouped["shared"].to_numpy() - 1.0))
    contested = (np.bincount(first)[first] > 1) | (np.bincount(second)[second] > 1) if len(first) else first > 0
    return first, second, prior, grouped["name"], contested, tuple(too_many.to_list())


def _names(graph: KnowledgeGraph, chosen: NDArray[np.bool_]) -> pl.DataFrame:
    """Name as it is compared, position, whether only an alias; a name once a concept."""
    labels, aliases = graph.concept_columns.series("label", "aliases")
    table = pl.concat(
        [
            pl.DataFrame({"name": labels}).with_row_index("position").with_columns(is_alias=pl.lit(False)),
            pl.DataFrame({"name": aliases})
            .with_row_index("position")
            .explode("name")
            .drop_nulls()
            .with_columns(is_alias=pl.lit(True)),
        ]
    )
    plain = pl.col("name").str.normalize("NFC").str.to_lowercase().str.replace_all(r"[_\-\s]+", " ").str.strip_chars()
    within = table.filter(pl.Series(chosen[table["position"].to_numpy()]))
    named = within.with_columns(plain).filter(pl.col("name").str.contains(r"\w"))
    return named.group_by("name", "position").agg(pl.col("is_alias").min())


def texts(graph: KnowledgeGraph) -> tuple[pl.Series, pl.Series]:
    """Definitions, and definitions with all names; a label that is only the id is no name."""
    ids, labels, aliases, definitions = graph.concept_columns.series("id", "label", "aliases", "definition")
    table = pl.DataFrame({"id": ids, "label": labels, "aliases": aliases, "definition": definitions})
    label = pl.when(pl.col("label") == pl.col("id")).then(pl.lit("")).otherwise(pl.col("label"))
    whole = pl.concat_str([label, pl.col("aliases").list.join(" "), pl.col("definition")], separator=" ")
    return definitions, table.select(whole.alias("text"))["text"]
