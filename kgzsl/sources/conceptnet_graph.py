"""From checked rows of ConceptNet to a knowledge graph."""

from collections.abc import Sequence

import polars as pl

from kgzsl.graph.knowledge_graph import KnowledgeGraph
from kgzsl.graph.relation import Relation
from kgzsl.graph.tables import CONCEPT_COLUMNS
from kgzsl.sources.conceptnet_relations import relation_of
from kgzsl.sources.conceptnet_rows import Rows
from kgzsl.sources.tally import Tally

__all__ = ["graph_of_rows"]

_NAME = "conceptnet"
_TRIPLE = ("head", "relation", "tail")
_LISTS = {"surface": "surface_texts", "head_sense": "head_senses", "tail_sense": "tail_senses"}
_EMPTY = pl.lit([], dtype=pl.List(pl.String()))


def graph_of_rows(
    rows: Rows, *, roots: Sequence[str], max_bad_fraction: float, tally: Tally, stacklevel: int
) -> KnowledgeGraph:
    """Merge rows into edges, gather what they say of concepts, and count it all.

    `roots` are concepts in any case, with or without edges. Ids become positions before anything is compared or
    sorted, and the tables are made as a graph holds them: sorting and checking strings took as long as reading.
    """
    proper = _without_loops(rows.edges, tally)
    ids = pl.concat([proper["start_id"], proper["end_id"], pl.Series(roots, dtype=pl.String)]).unique().sort()
    rules = {uri: relation_of(uri) for uri in proper["rel"].unique()}
    relations = sorted({rule.relation for rule in rules.values()}, key=lambda relation: relation.name)
    coded = _coded(proper, ids, relations)
    edges = _merged(coded, tally)
    concepts = _concepts(coded, ids, rows.pages, tally)
    negative = [place for place, relation in enumerate(relations) if relation.kind == "negative"]
    tally.count("negative_edges", int(edges["relation"].is_in(negative).sum()))
    tally.count("relations_without_rule", sum(not rule.is_known for rule in rules.values()))
    report = tally.finish(
        num_rows=tally.counts["rows_read"], max_bad_fraction=max_bad_fraction, stacklevel=stacklevel + 1
    )
    return KnowledgeGraph(concepts, edges, relations, name=_NAME, report=report)


def _without_loops(rows: pl.DataFrame, tally: Tally) -> pl.DataFrame:
    """Rows between two concepts; a loop that was one in the file is told from one that normal form or merging made."""
    is_loop = pl.col("start_id") == pl.col("end_id")
    loops = rows.filter(is_loop)
    written = int(loops["is_loop"].sum())
    tally.count("skipped_self_loop", written)
    tally.count("skipped_self_loop_after_merging", len(loops) - written)
    return rows.filter(~is_loop)


def _coded(rows: pl.DataFrame, ids: pl.Series, relations: Sequence[Relation]) -> pl.DataFrame:
    """Rows with positions for ids and relations, each relation in our direction; symmetric ones from the smaller id."""
    places = {relation.name: place for place, relation in enumerate(relations)}
    found = {uri: relation_of(uri) for uri in rows["rel"].unique().sort()}
    rules = pl.DataFrame(
        {
            "rel": list(found),
            "relation": [places[rule.relation.name] for rule in found.values()],
            "reverse": [rule.reverse for rule in found.values()],
            "symmetric": [rule.relation.symmetric for rule in found.values()],
        },
        schema={"rel": pl.String(), "relation": pl.Int64(), "reverse": pl.Boolean(), "symmetric": pl.Boolean()},
    )
    concept = pl.Enum(ids)
    start, end = (pl.col(name).cast(concept).to_physical().cast(pl.Int64) for name in ("start_id", "end_id"))
    is_turned = pl.when("symmetric").then(pl.col("start") > pl.col("end")).otherwise("reverse")
    turned = (
        rows.with_columns(start.alias("start"), end.alias("end"))
        .join(rules, on="rel", how="left")
        .with_columns(is_turned.alias("turned"))
    )

    def side(near: str, far: str) -> pl.Expr:
        return pl.when("turned").then(far).otherwise(near)

    return turned.select(
        side("start", "end").alias("head"),
        "relation",
        side("end", "start").alias("tail"),
        "weight",
        pl.col("dataset").alias("source"),
        "surface",
        side("start_sense", "end_sense").alias("head_sense"),
        side("end_sense", "start_sense").alias("tail_sense"),
        (pl.col("turned") & pl.col("symmetric")).alias("turned"),
    )


def _merged(rows: pl.DataFrame, tally: Tally) -> pl.DataFrame:
    """One edge for all rows that say it: the largest weight; every data set, surface text and sense, sorted."""
    rows = rows.sort(_TRIPLE)
    same = pl.all_horizontal(pl.col(name) == pl.col(name).shift(1) for name in _TRIPLE).fill_null(value=False)
    is_repeated = rows.select((same | same.shift(-1, fill_value=False)).alias("same"))["same"]

    def listed(name: str) -> pl.Expr:
        return pl.when(pl.col(name) != "").then(pl.concat_list(name)).otherwise(_EMPTY).alias(_LISTS[name])

    def gathered(name: str) -> pl.Expr:
        return pl.col(name).filter(pl.col(name) != "").unique().sort().alias(_LISTS[name])

    single = rows.filter(~is_repeated).select(
        *_TRIPLE, "weight", "source", *map(listed, sorted(_LISTS)), pl.lit(1, dtype=pl.Int64).alias("num_rows")
    )
    groups = (
        rows.filter(is_repeated)
        .group_by(_TRIPLE)
        .agg(
            pl.col("weight").max(),
            pl.col("source").unique().sort().str.join(", "),
            *map(gathered, _LISTS),
            pl.len().cast(pl.Int64).alias("num_rows"),
            pl.col("turned").sum().cast(pl.Int64),
        )
    )
    both_ways = pl.when(pl.col("turned") < pl.col("num_rows")).then("turned").otherwise(0)
    other_way = int(groups.select(both_ways.sum()).item() or 0)
    edges = pl.concat([single, groups.select(single.columns)]).sort(_TRIPLE)
    tally.count("kept_edges", len(edges))
    tally.count("merged_other_way_round", other_way)
    tally.count("merged_duplicate", len(rows) - len(edges) - other_way)
    shared = (*_TRIPLE, "weight", "source")
    return edges.select(*shared, *sorted(set(edges.columns) - set(shared)))


def _concepts(rows: pl.DataFrame, ids: pl.Series, pages: pl.DataFrame, tally: Tally) -> pl.DataFrame:
    """Every concept, sorted: label, language, and the senses and addresses that rows give for it."""
    table = pl.DataFrame({"id": ids, "place": pl.Series(range(len(ids)), dtype=pl.Int64)})
    ends = [
        rows.filter(pl.col(f"{end}_sense") != "").select(
            pl.col(end).alias("place"), pl.col(f"{end}_sense").alias("sense")
        )
        for end in ("head", "tail")
    ]
    senses = pl.concat(ends).unique().join(table, on="place").sort("place", "sense")
    is_merged = ~pl.col("id").str.ends_with(pl.concat_str(pl.lit("/"), "sense"))  # an id that keeps its sense has it
    whole = pl.concat_str("id", pl.lit("/"), "sense")
    described = senses.group_by("place").agg(
        pl.col("sense").alias("senses"),
        pl.col("sense").str.extract(r"^([^/]+)").unique().sort().alias("pos"),
        whole.filter(is_merged).alias("alternate_ids"),
    )
    given = pages.unique()
    known = given.join(table, on="id")
    tally.count("kept_external_urls", len(known))
    tally.count("merged_duplicate", len(pages) - len(given))
    tally.count("skipped_external_url_of_no_concept", len(given) - len(known))
    addresses = known.group_by("place").agg(pl.col("url").sort().alias("external_urls"))
    words = pl.col("id").str.split("/")
    complete = (
        table.join(described, on="place", how="left")
        .join(addresses, on="place", how="left")
        .sort("place")
        .with_columns(
            words.list.get(3).str.replace_all("_", " ", literal=True).alias("label"),
            words.list.get(2).alias("language"),
            pl.col("senses", "pos", "alternate_ids", "external_urls").fill_null([]),
            _EMPTY.alias("aliases"),
            pl.lit("").alias("definition"),
            pl.lit(_NAME).alias("source"),
        )
        .drop("place")
    )
    return complete.select(*CONCEPT_COLUMNS, *sorted(set(complete.columns) - set(CONCEPT_COLUMNS)))
