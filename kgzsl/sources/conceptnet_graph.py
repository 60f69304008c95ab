"""From checked rows of ConceptNet to a knowledge graph."""

from collections.abc import Sequence

import polars as pl

from kgzsl.graph.knowledge_graph import KnowledgeGraph
from kgzsl.sources.conceptnet_relations import relation_of
from kgzsl.sources.conceptnet_rows import Rows
from kgzsl.sources.tally import Tally

__all__ = ["bad_fraction_allowed", "graph_of_rows"]

_NAME = "conceptnet"
_TRIPLE = ("head", "relation", "tail")


def bad_fraction_allowed(num_rows: int, max_bad_fraction: float) -> float:
    """The share of bad rows to put up with: `max_bad_fraction`, but a whole row at least, if any.

    Otherwise one bad row in a file of ninety would be too many.
    """
    rows = max(max_bad_fraction * num_rows, 1.0 if max_bad_fraction > 0 else 0.0)
    return rows / max(num_rows, 1)


def graph_of_rows(
    rows: Rows, *, roots: Sequence[str], max_bad_fraction: float, tally: Tally, stacklevel: int
) -> KnowledgeGraph:
    """Merge rows into edges, gather what they say of concepts, and count it all.

    `roots` are concepts in any case, with or without edges.
    """
    named = _renamed(rows.edges, tally)
    edges = _merged(_without_loops(named, tally), tally)
    concepts = _concepts(edges, named, rows.pages, roots, tally)
    relations = [relation_of(uri).relation for uri in rows.edges["rel"].unique().sort()]
    used = set(edges["relation"].unique())
    negative = [relation.name for relation in relations if relation.kind == "negative"]
    tally.count("negative_edges", int(edges["relation"].is_in(negative).sum()))
    unknown = [uri for uri in rows.edges["rel"].unique() if not relation_of(uri).is_known]
    tally.count("relations_without_rule", len(unknown))
    num_rows = tally.counts["rows_read"]
    report = tally.finish(
        num_rows=num_rows,
        max_bad_fraction=bad_fraction_allowed(num_rows, max_bad_fraction),
        stacklevel=stacklevel + 1,
    )
    kept = [relation for relation in relations if relation.name in used]
    return KnowledgeGraph.from_tables(concepts, edges, kept, name=_NAME, report=report)


def _renamed(rows: pl.DataFrame, tally: Tally) -> pl.DataFrame:
    """Rows with our relations, each in its direction; symmetric ones from the smaller id to the larger."""
    uris = rows["rel"].unique().sort()
    rules = pl.DataFrame(
        [
            (uri, rule.relation.name, rule.reverse, rule.relation.symmetric)
            for uri, rule in ((uri, relation_of(uri)) for uri in uris)
        ],
        schema={"rel": pl.String(), "relation": pl.String(), "reverse": pl.Boolean(), "symmetric": pl.Boolean()},
        orient="row",
    )
    is_turned = pl.when("symmetric").then(pl.col("start_id") > pl.col("end_id")).otherwise("reverse")
    turned = rows.join(rules, on="rel", how="left").with_columns(is_turned.alias("turned"))

    def end(near: str, far: str, part: str) -> pl.Expr:
        return pl.when("turned").then(f"{far}_{part}").otherwise(f"{near}_{part}")

    return turned.select(
        end("start", "end", "id").alias("head"),
        "relation",
        end("end", "start", "id").alias("tail"),
        "weight",
        pl.col("dataset").alias("source"),
        pl.col("surface"),
        end("start", "end", "sense").alias("head_sense"),
        end("end", "start", "sense").alias("tail_sense"),
        (pl.col("turned") & pl.col("symmetric")).alias("turned"),
        "is_loop",
    )


def _without_loops(rows: pl.DataFrame, tally: Tally) -> pl.DataFrame:
    """Rows between two concepts; a loop that was one in the file is told from one that normal form or merging made."""
    is_loop = pl.col("head") == pl.col("tail")
    loops = rows.filter(is_loop)
    written = int(loops["is_loop"].sum())
    tally.count("skipped_self_loop", written)
    tally.count("skipped_self_loop_after_merging", len(loops) - written)
    return rows.filter(~is_loop)


def _merged(rows: pl.DataFrame, tally: Tally) -> pl.DataFrame:
    """One edge for all rows that say it: the largest weight; every data set, surface text and sense, sorted."""
    is_repeated = rows.select(pl.struct(_TRIPLE).is_duplicated()).to_series()
    lists = {"surface": "surface_texts", "head_sense": "head_senses", "tail_sense": "tail_senses"}

    def listed(name: str) -> pl.Expr:
        empty = pl.lit([], dtype=pl.List(pl.String))
        return pl.when(pl.col(name).fill_null("") == "").then(empty).otherwise(pl.concat_list(name)).alias(lists[name])

    def gathered(name: str) -> pl.Expr:
        return pl.col(name).filter(pl.col(name).fill_null("") != "").unique().sort().alias(lists[name])

    single = rows.filter(~is_repeated).select(
        *_TRIPLE, "weight", "source", *map(listed, lists), pl.lit(1, dtype=pl.Int64).alias("num_rows")
    )
    groups = (
        rows.filter(is_repeated)
        .group_by(_TRIPLE)
        .agg(
            pl.col("weight").max(),
            pl.col("source").unique().sort().str.join(", "),
            *map(gathered, lists),
            pl.len().cast(pl.Int64).alias("num_rows"),
            pl.col("turned").sum().cast(pl.Int64),
        )
    )
    both_ways = pl.when(pl.col("turned") < pl.col("num_rows")).then("turned").otherwise(0)
    other_way = int(groups.select(both_ways.sum()).item() or 0)
    edges = pl.concat([single, groups.select(single.columns)])
    tally.count("kept_edges", len(edges))
    tally.count("merged_other_way_round", other_way)
    tally.count("merged_duplicate", len(rows) - len(edges) - other_way)
    return edges


def _concepts(
    edges: pl.DataFrame, rows: pl.DataFrame, pages: pl.DataFrame, roots: Sequence[str], tally: Tally
) -> pl.DataFrame:
    """Every end of an edge and every root: label, language, and the senses and addresses given for it."""
    ids = pl.concat([edges["head"], edges["tail"], pl.Series(roots, dtype=pl.String)]).unique().alias("id")
    ends = [
        rows.select(pl.col(end).alias("id"), pl.col(f"{end}_sense").alias("sense")).filter(pl.col("sense") != "")
        for end in ("head", "tail")
    ]
    whole = pl.format("{}/{}", "id", "sense")
    is_merged = ~pl.col("id").str.ends_with(pl.format("/{}", "sense"))  # where senses are kept, the id has its own
    senses = (
        pl.concat(ends)
        .unique()
        .sort("id", "sense")
        .group_by("id")
        .agg(
            pl.col("sense").alias("senses"),
            pl.col("sense").str.extract(r"^([^/]+)").unique().sort().alias("pos"),
            whole.filter(is_merged).alias("alternate_ids"),
        )
    )
    given = pages.unique()
    described = given.join(ids.to_frame(), on="id", how="semi")
    tally.count("kept_external_urls", len(described))
    tally.count("merged_duplicate", len(pages) - len(given))
    tally.count("skipped_external_url_of_no_concept", len(given) - len(described))
    addresses = described.group_by("id").agg(pl.col("url").sort().alias("external_urls"))
    words = pl.col("id").str.split("/")
    return (
        ids.to_frame()
        .join(senses, on="id", how="left")
        .join(addresses, on="id", how="left")
        .with_columns(
            words.list.get(3).str.replace_all("_", " ", literal=True).alias("label"),
            words.list.get(2).alias("language"),
            pl.col("senses", "pos", "alternate_ids", "external_urls").fill_null([]),
            pl.lit(_NAME).alias("source"),
        )
    )
