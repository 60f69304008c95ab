"""From the triples of a document to a knowledge graph, under a mapping."""

from collections.abc import Iterable, Mapping

import polars as pl

from kgzsl.graph.knowledge_graph import KnowledgeGraph
from kgzsl.sources.limits import Limits
from kgzsl.sources.rdf_edges import Directions, axiom_edges, named_edges
from kgzsl.sources.rdf_kinds import with_kinds
from kgzsl.sources.rdf_mapping import RdfMapping
from kgzsl.sources.rdf_names import alternate_spellings, ids_of, name_of, near_duplicates, relative
from kgzsl.sources.rdf_parsing import Triples
from kgzsl.sources.rdf_roles import Roles
from kgzsl.sources.rdf_sorting import Sorted, sorted_triples
from kgzsl.sources.rdf_terms import unescaped
from kgzsl.sources.rdf_texts import chosen_texts, control_characters, ill_typed, literals
from kgzsl.sources.tally import Tally
from kgzsl.sources.wordnet_pointers import taxonomic_cycles

__all__ = ["graph_of_triples"]


def graph_of_triples(
    triples: Triples,
    mapping: RdfMapping,
    tally: Tally,
    *,
    name: str,
    language: str | None,
    limits: Limits,
    report: Mapping[str, int] | None = None,
    is_part: bool = False,
) -> KnowledgeGraph:
    """The graph that the triples describe; `tally` has the counts, to which `report` is added.

    With `is_part` they are a part of something larger, which need not have every property that the mapping speaks of.
    """
    roles = Roles(mapping, triples.prefixes)
    table = _distinct(triples.table, tally)
    control_characters(table, tally)
    found = sorted_triples(table, roles, tally)
    derived = axiom_edges(found, roles, tally, nesting=limits.nesting)
    names = _names(found, derived, roles)
    directions = Directions(roles, found.standing)
    edges = named_edges(found.edges, derived, names.select("term", "id"), directions, tally)
    texts = chosen_texts(
        _with_ids(found.texts, names).select("id", "use", "rank", "o"),
        tally,
        language=language,
        languages=mapping.languages,
        limits=limits,
    )
    concepts = _concept_table(names, texts, found, roles, tally)
    _count(table, found, names, edges, directions, tally)
    counts = {**tally.counts, **(report or {})}
    source = pl.lit(tally.location.rpartition("/")[2] or name)
    described = {**directions.ruled, **directions.relations}
    described = with_kinds(described, directions.meant, roles, found.standing, is_part=is_part)
    used = set(edges["relation"].unique().to_list())
    return KnowledgeGraph.from_tables(
        concepts.with_columns(source=source),
        edges.with_columns(source=source),
        [relation for name, relation in described.items() if name in used],
        name=name,
        report=dict(sorted(counts.items())),
    )


def _distinct(table: pl.DataFrame, tally: Tally) -> pl.DataFrame:
    """Each triple once for each graph that says it; the same in several graphs is one triple."""
    tally.count("rows_read", len(table))
    if table["g"].null_count() == len(table):
        distinct = table.unique(["s", "p", "o"], maintain_order=True)
    else:
        # the name of one graph is kept with the triple; edges gather all of them from equal triples
        distinct = table.unique(["s", "p", "o", "g"], maintain_order=True)
    tally.count("merged_duplicate", len(table) - len(distinct))
    return distinct


def _names(found: Sorted, derived: pl.DataFrame, roles: Roles) -> pl.DataFrame:
    """Every concept's term, IRI and id, sorted by IRI."""
    ends = [found.edges["s"], found.edges["o"], derived["s"], derived["o"], *found.concepts]
    terms = pl.concat([end.rename("term") for end in ends]).unique().sort()
    iris = terms.str.slice(1, None).str.strip_suffix(">").alias("iri")
    return pl.DataFrame({"term": terms, "iri": iris, "id": ids_of(iris, roles.prefixes, roles.mapping)})


def _with_ids(table: pl.DataFrame, names: pl.DataFrame) -> pl.DataFrame:
    return table.join(names.select("id", s="term"), on="s", how="inner", maintain_order="left")


def _concept_table(names: pl.DataFrame, texts: pl.DataFrame, found: Sorted, roles: Roles, tally: Tally) -> pl.DataFrame:
    """The concepts with what names and describes them, and what else resolves to them."""
    others = [alternate_spellings(names.select("iri", "id"), roles.declared), *_further_ids(found, names, roles)]
    alternates = (
        pl.concat(others).unique().sort("id", "other").group_by("id", maintain_order=True).agg(alternate_ids="other")
    )
    ids = names.select("id", "iri").unique("id", keep="first", maintain_order=True)
    table = ids.join(texts, on="id", how="left").join(alternates, on="id", how="left")
    nameless = table.filter(pl.col("label").is_null())
    tally.count("concepts_without_label", len(nameless))
    fallback = {id_: name_of(iri, id_) for id_, iri in nameless.select("id", "iri").iter_rows() if iri == id_}
    label = pl.coalesce("label", pl.col("id").replace(fallback) if fallback else pl.col("id"))
    table = table.with_columns(label.alias("label")).drop("iri")
    attributes = _attributes(found, names, roles)
    return table if attributes is None else table.join(attributes, on="id", how="left")


def _further_ids(found: Sorted, names: pl.DataFrame, roles: Roles) -> Iterable[pl.DataFrame]:
    """Rows (id, other): alternative ids that literals give, and deprecated terms that a concept replaces."""
    stated = _with_ids(literals(found.alternates), names)
    yield stated.select("id", other="text").filter(pl.col("other") != "", pl.col("other") != pl.col("id"))
    replaced = _replaced(found, names, roles)
    gone = pl.Series("iri", sorted(replaced), dtype=pl.String)
    spelled = pl.DataFrame({"iri": gone, "id": ids_of(gone, roles.prefixes, roles.mapping)})
    target = pl.DataFrame(
        {"iri": gone, "to": [replaced[iri] for iri in gone]}, schema={"iri": pl.String, "to": pl.String}
    )
    others = pl.concat([spelled.select("iri", other="id"), spelled.select("iri", other="iri")]).unique()
    curies = alternate_spellings(spelled, roles.declared).join(spelled, on="id").select("iri", "other")
    yield pl.concat([others, curies]).join(target, on="iri").select("other", id="to").select("id", "other").unique()


def _replaced(found: Sorted, names: pl.DataFrame, roles: Roles) -> dict[str, str]:
    """IRI of a deprecated term -> id of the concept that replaces it, over several steps if need be."""
    if found.replacements.is_empty():
        return {}
    id_of = dict(names.select("term", "id").iter_rows())
    by_id = {id_: id_ for id_ in id_of.values()}
    steps: dict[str, str] = {}
    for s, o in found.replacements.select("s", "o").sort("s", "o").iter_rows():
        steps.setdefault(s, o)
    known: dict[str, str] = {}
    for start in sorted(steps):
        if start in id_of:
            continue
        term, passed = start, {start}
        while term in steps and term not in id_of:
            term = steps[term]
            if term in passed:
                break
            passed.add(term)
        id_ = id_of.get(term) or (by_id.get(unescaped(term[1:].rpartition('"')[0])) if term[:1] == '"' else None)
        if id_ is not None:
            known[start[1:-1]] = id_
    return known


def _attributes(found: Sorted, names: pl.DataFrame, roles: Roles) -> pl.DataFrame | None:
    """A column of texts for each of the mapping's attributes, named as there."""
    if not roles.mapping.attributes:
        return None
    stated = _with_ids(literals(found.attributes), names)
    table = names.select("id").unique().sort("id")
    for name in roles.mapping.attributes:
        iri = roles.mapping.iri(name, roles.declared)
        own = stated.filter(pl.col("p") == f"<{iri}>").select("id", pl.col("text").map_elements(unescaped, pl.String))
        column = own.unique().sort("id", "text").group_by("id", maintain_order=True).agg(pl.col("text").alias(name))
        table = table.join(column, on="id", how="left").with_columns(pl.col(name).fill_null([]))
    return table


def _count(
    table: pl.DataFrame,
    found: Sorted,
    names: pl.DataFrame,
    edges: pl.DataFrame,
    directions: Directions,
    tally: Tally,
) -> None:
    """What the report tells besides the fate of the triples."""
    standing = found.standing
    counts = {
        "triples": table.select("s", "p", "o").n_unique() if table["g"].null_count() < len(table) else len(table),
        "relation_terms": table["p"].n_unique(),
        "named_graphs": table["g"].drop_nulls().n_unique(),
        "concepts": names["id"].n_unique(),
        "individuals": len(standing.individuals),
        "punned": standing.num_punned,
        "deprecated": len(standing.deprecated),
        "property_chains": standing.num_chains,
        "inverses_turned": directions.num_turned,
        "relations_without_rule": len(set(edges["relation"].unique()) & set(directions.relations)),
        "taxonomic_cycles": len(taxonomic_cycles(edges)),
        "ill_typed_literals": ill_typed(table),
        "relative_iris": relative(names["iri"]),
        "iri_near_duplicates": len(near_duplicates(names["iri"].to_list())),
        "iris_of_one_id": len(names) - names["id"].n_unique(),
    }
    for reason, number in counts.items():
        tally.count(reason, number)
