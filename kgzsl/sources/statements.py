"""From statements in a file's own terms to a graph in ours: one id a thing, shared relations, names set apart."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import polars as pl

from kgzsl.errors import InputFormatError
from kgzsl.graph.knowledge_graph import KnowledgeGraph
from kgzsl.graph.relation import SHARED_RELATIONS, Relation
from kgzsl.graph.tables import CONCEPT_COLUMNS
from kgzsl.sources.limits import Limits
from kgzsl.sources.tally import Tally
from kgzsl.sources.terms import (
    ALIAS_TERMS,
    DEFINITION_TERMS,
    LABEL_TERMS,
    TERM_RULES,
    TermRule,
    contracted,
    expanded,
    own_relation,
    spelled_prefix,
)

__all__ = ["Vocabulary", "checked_weights", "edge_table", "graph_of_statements"]

_PLAIN_RULES: Mapping[str, TermRule] = {
    **{name: TermRule(name) for name in SHARED_RELATIONS},
    **{relation.inverse: TermRule(name, reverse=True) for name, relation in SHARED_RELATIONS.items()
       if not relation.symmetric},
    **dict.fromkeys(("isa", "subclassof", "subclass_of", "kind_of", "hypernym"), TermRule("is_a")),
    "hyponym": TermRule("is_a", reverse=True),
    **dict.fromkeys(("instanceof", "instance_hypernym"), TermRule("instance_of")),
    "haspart": TermRule("has_part"),
    "partof": TermRule("has_part", reverse=True),
    "member_meronym": TermRule("has_member"),
    "hasproperty": TermRule("has_property"),
    "relatedto": TermRule("related_to"),
    "sameas": TermRule("same_as"),
    "disjointwith": TermRule("disjoint_with"),
}  # fmt: skip
"""What relation names without a prefix mean, compared as `_spelled`: "is a" and WN18RR's `_hypernym` are known."""


@dataclass
class Vocabulary:
    """How the terms of one file are spelled and what its relations mean.

    `rules` are the caller's: a name of ours, "^" before it to turn the edge round, or a `Relation`.
    """

    rules: Mapping[str, str | Relation]
    prefixes: Mapping[str, str]
    relations: dict[str, Relation] = field(default_factory=dict)
    without_rule: set[str] = field(default_factory=set)

    def ids(self, tokens: Iterable[str]) -> dict[str, str]:
        """The id of each token: the CURIE of an IRI; a CURIE with its prefix in one spelling; else the token."""
        known = sorted(set(tokens))
        spellings = {prefix.casefold(): prefix for prefix in self.prefixes}
        for token in known:
            prefix, colon, local = token.partition(":")
            if colon and local and not local.startswith("//"):
                spellings.setdefault(prefix.casefold(), prefix)
        return {token: self._id(token, spellings) for token in known}

    def _id(self, token: str, spellings: Mapping[str, str]) -> str:
        if token.startswith(("http://", "https://", "urn:")):
            return contracted(token, self.prefixes)
        prefix, colon, local = token.partition(":")
        if not colon or not local or any(mark.isspace() for mark in token):
            return token
        return f"{spelled_prefix(prefix, spellings)}:{local}"

    def rule(self, term: str) -> TermRule:
        """The relation a term stands for, and whether its edges are turned round."""
        given = self.rules.get(term)
        if isinstance(given, Relation):
            self.relations[given.name] = given
            return TermRule(given.name)
        if given is not None:
            if not given.removeprefix("^"):
                raise InputFormatError(f"relations[{term!r}] must name a relation, not {given!r}")
            return TermRule(given.removeprefix("^"), reverse=given.startswith("^"))
        found = TERM_RULES.get(term) or _PLAIN_RULES.get(_spelled(term))
        if found is None:
            self.without_rule.add(term)
            self.relations.setdefault(term, own_relation(term))
            return TermRule(term)
        return found


def _spelled(term: str) -> str:
    """A relation's name without case, its words joined by "_", none before the first: "Is a" is `is_a`."""
    return re.sub(r"[\s-]+", "_", term.strip()).casefold().removeprefix("_")


def graph_of_statements(
    statements: pl.DataFrame, vocabulary: Vocabulary, tally: Tally, *, name: str, limits: Limits
) -> KnowledgeGraph:
    """The graph of a table with `line`, `head`, `relation`, `tail`, `weight`, and further columns of the edges.

    Adds `kept_`, `merged_` and `skipped_` counts to the tally, of which `rows_read` is the sum, and finishes it.
    """
    terms = vocabulary.ids(statements["relation"].unique().to_list())
    statements = statements.with_columns(pl.col("relation").replace_strict(terms, return_dtype=pl.String))
    names = {"label": LABEL_TERMS, "alias": ALIAS_TERMS, "definition": DEFINITION_TERMS}
    rank = {term: (place, use) for use, listed in names.items() for place, term in enumerate(listed)}
    tally.count("relation_terms", len(set(terms.values())))
    names_it = pl.col("relation").is_in(list(rank))
    naming, linking = statements.filter(names_it), statements.filter(~names_it)
    tokens = pl.concat([naming["head"], linking["head"], linking["tail"]]).unique().to_list()
    ids = vocabulary.ids(tokens)
    spelled = pl.col("head").replace_strict(ids, return_dtype=pl.String)
    naming = naming.with_columns(spelled)
    linking = linking.with_columns(spelled, pl.col("tail").replace_strict(ids, return_dtype=pl.String))
    concepts = _concepts(ids, naming, rank, tally, vocabulary)
    edges = edge_table(linking, vocabulary, tally, source=tally.location.rpartition("/")[2])
    tally.count("relations_without_rule", len(vocabulary.without_rule))
    report = tally.finish(
        num_rows=tally.counts.get("rows_read", len(statements)), max_bad_fraction=limits.max_bad_fraction, stacklevel=5
    )
    described = [relation for relation in vocabulary.relations.values() if (edges["relation"] == relation.name).any()]
    return KnowledgeGraph.from_tables(concepts, edges, described, name=name, report=report)


def _concepts(
    ids: Mapping[str, str],
    naming: pl.DataFrame,
    rank: Mapping[str, tuple[int, str]],
    tally: Tally,
    vocabulary: Vocabulary,
) -> pl.DataFrame:
    """Concept table: the first label by term and text is the label, further ones are aliases."""
    labels: dict[str, list[tuple[int, str]]] = {}
    aliases: dict[str, set[str]] = {}
    definitions: dict[str, list[tuple[int, str]]] = {}
    for head, relation, text in naming.select("head", "relation", "tail").unique().iter_rows():
        place, use = rank[relation]
        if use == "alias":
            aliases.setdefault(head, set()).add(text)
        else:
            (labels if use == "label" else definitions).setdefault(head, []).append((place, text))
    tally.count("kept_names", naming.select("head", "relation", "tail").n_unique())
    tally.count("merged_duplicate", len(naming) - naming.select("head", "relation", "tail").n_unique())
    others = {head: sorted(found)[1:] for head, found in definitions.items() if len(found) > 1}
    tally.count("kept_names", -sum(map(len, others.values())))
    tally.count("skipped_second_definition", sum(map(len, others.values())))
    spellings: dict[str, set[str]] = {}
    for token, id_ in ids.items():
        spellings.setdefault(id_, set()).update({token} - {id_})
    rows = []
    for id_, written in sorted(spellings.items()):
        label = min(labels[id_])[1] if id_ in labels else id_
        more = {text for _, text in labels.get(id_, [])} | aliases.get(id_, set())
        iri = expanded(id_, vocabulary.prefixes)
        known_as = written | ({iri} if iri else set()) | ({id_} if iri and id_ != id_.casefold() else set())
        definition = min(definitions[id_])[1] if id_ in definitions else ""
        rows.append(
            (id_, label, sorted(more - {label}), definition, tally.location.rpartition("/")[2], sorted(known_as))
        )
    return pl.DataFrame(rows, schema=dict(CONCEPT_COLUMNS), orient="row")


def edge_table(linking: pl.DataFrame, vocabulary: Vocabulary, tally: Tally, *, source: str) -> pl.DataFrame:
    """Edge table: shared relation names and directions, no loops, the strongest of equal edges."""
    misnamed = pl.col("relation").str.starts_with("^") & ~pl.col("relation").is_in(list(vocabulary.rules))
    for line, relation in linking.filter(misnamed).select("line", "relation").iter_rows():
        tally.fault("skipped_relation_name", line=line, found=relation)
    linking = linking.filter(~misnamed)
    rules = {term: vocabulary.rule(term) for term in sorted(linking["relation"].unique().to_list())}
    turned = pl.col("relation").is_in([term for term, rule in rules.items() if rule.reverse])
    names = {term: rule.relation for term, rule in rules.items()}
    edges = linking.with_columns(
        pl.when(turned).then("tail").otherwise("head").alias("head"),
        pl.when(turned).then("head").otherwise("tail").alias("tail"),
        pl.col("relation").replace_strict(names, return_dtype=pl.String),
    )
    proper = edges.filter(pl.col("head") != pl.col("tail"))
    tally.count("skipped_self_loop", len(edges) - len(proper))
    triple = ["head", "relation", "tail"]
    kept = proper.sort(["weight", "line"], descending=[True, False]).unique(triple, keep="first", maintain_order=True)
    tally.count("merged_duplicate", len(proper) - len(kept))
    tally.count("kept_edges", len(kept))
    table = kept.drop("line")
    return table if "source" in table.columns else table.with_columns(pl.lit(source).alias("source"))


def checked_weights(table: pl.DataFrame, tally: Tally) -> pl.DataFrame:
    """The table with numbers for weights; an empty cell stands for 1."""
    if "weight" not in table.columns:
        return table.with_columns(pl.lit(1.0).alias("weight"))
    text = pl.when(pl.col("weight") == "").then(pl.lit("1")).otherwise("weight")
    table = table.with_columns(text.alias("text"), text.cast(pl.Float64, strict=False).alias("weight"))
    reasons = {
        "skipped_weight_not_number": pl.col("weight").is_null(),
        "skipped_weight_not_finite": ~pl.col("weight").is_finite(),
        "skipped_weight_not_positive": pl.col("weight") <= 0,
    }
    for reason, wrong in reasons.items():
        for line, found in table.filter(wrong).select("line", "text").iter_rows():
            tally.fault(reason, line=line, found=found)
        table = table.filter(~wrong)
    return table.drop("text")
