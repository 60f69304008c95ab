"""Which of a document's triples say what: edges, axioms, names, facts of relations, or nothing that is used."""

from dataclasses import dataclass, field

import polars as pl

from kgzsl.sources.rdf_roles import TYPE, Roles, Standing, standing_of, term
from kgzsl.sources.tally import Tally

__all__ = ["Sorted", "sorted_triples"]

_USES = ("label", "alias", "definition")
_SCHEMA_USED = (TYPE, term("rdfs:label"), term("owl:inverseOf"))
_MOST_SHOWN = 5


@dataclass
class Sorted:
    """Triples by what they say. All have `s`, `p`, `o`, `g`; those of `texts` also `use` and `rank`."""

    standing: Standing
    edges: pl.DataFrame
    axioms: pl.DataFrame
    structure: pl.DataFrame
    texts: pl.DataFrame
    attributes: pl.DataFrame
    alternates: pl.DataFrame
    replacements: pl.DataFrame
    concepts: list[pl.Series] = field(default_factory=list)
    """Terms that are concepts even where no edge is left to say so."""


class _Heap:
    """Triples not yet spoken for; each taken part is counted."""

    def __init__(self, table: pl.DataFrame, tally: Tally) -> None:
        self.table, self.tally = table, tally

    def take(self, which: pl.Expr, reason: str = "") -> pl.DataFrame:
        marked = self.table.select(which.fill_null(value=False)).to_series()
        if len(marked) == 1 != len(self.table):  # a literal stands for every row
            marked = pl.repeat(marked[0], len(self.table), eager=True)
        if not marked.any():
            taken = self.table.clear()
        else:
            taken, self.table = self.table.filter(marked), self.table.filter(~marked)
        if reason:
            self.tally.count(reason, len(taken))
        return taken


def sorted_triples(table: pl.DataFrame, roles: Roles, tally: Tally) -> Sorted:
    """Put each triple where it belongs, and count it there (`kept_`) or as left out (`skipped_`)."""
    standing = standing_of(table, roles)
    mapping = roles.mapping
    heap = _Heap(_with_roles(table, roles), tally)
    heap.take(pl.col("o").str.starts_with("<<("), "skipped_triple_term")
    structure = heap.take(pl.col("s").str.starts_with("_:"), "skipped_blank_subject")
    heap.take(_among("s", standing.headers), "skipped_header")
    facts = heap.take(_among("s", standing.properties))
    used = int(facts["p"].is_in(_SCHEMA_USED).sum())
    tally.count("kept_relation_facts", used)
    tally.count("skipped_schema", len(facts) - used)
    heap.take(roles.is_meta("s"), "skipped_meta")
    concepts = []
    declarations = heap.take((pl.col("use") == "type") & roles.is_meta("o"), "kept_declarations")
    heap.take(pl.col("use") == "ignored", "skipped_about_documents")
    heap.take(pl.col("use") == "schema", "skipped_schema")
    replacements = heap.take(pl.col("use") == "replaced_by")
    gone = standing.deprecated if not mapping.deprecated else frozenset()
    of_gone = _among("s", gone) & (pl.col("use") != "deprecated")
    heap.take(of_gone, "skipped_deprecated")
    towards = heap.take(_among("o", gone) & pl.col("use").is_in(["edge", "type"]), "skipped_deprecated")
    heap.take(pl.col("use") == "deprecated", "kept_declarations")
    left_out = gone | (frozenset() if mapping.individuals else standing.individuals)
    of_individuals = _among("s", left_out) | _among("o", left_out)
    apart = heap.take(pl.lit(value=not mapping.individuals) & of_individuals, "skipped_individual")
    # a concept stays one even if all that is said of it leads to what is left out
    concepts += [part.filter(~_among("s", left_out))["s"] for part in (declarations, towards, apart)]
    tally.count("kept_replacements", len(replacements))
    concepts.append(heap.table["s"])
    is_literal = pl.col("o").str.starts_with('"')
    texts = heap.take(pl.col("use").is_in(_USES) & is_literal)
    attributes = heap.take((pl.col("use") == "attribute") & is_literal, "kept_attributes")
    alternates = heap.take((pl.col("use") == "alternate") & is_literal, "kept_alternate_ids")
    heap.take(pl.col("use").is_in([*_USES, "attribute", "alternate"]), "skipped_text_not_literal")
    _count_literals(heap, is_literal)
    axioms = heap.take((pl.col("use") == "expression") | pl.col("o").str.starts_with("_:"))
    heap.take(roles.is_meta("o"), "skipped_meta")
    heap.take(_among("o", standing.properties | standing.headers), "skipped_schema")
    return Sorted(standing, heap.table, axioms, structure, texts, attributes, alternates, replacements, concepts)


def _among(column: str, terms: frozenset[str]) -> pl.Expr:
    return pl.col(column).is_in(sorted(terms)) if terms else pl.lit(value=False)


def _with_roles(table: pl.DataFrame, roles: Roles) -> pl.DataFrame:
    properties = table["p"].unique().sort()
    roles.learn(properties.str.slice(1).str.strip_suffix(">"))
    found = {p: roles.of(p[1:-1]) for p in properties.to_list()}
    rows = [(p, role.use, role.rank, role.has_rule) for p, role in found.items()]
    schema = {"p": pl.String, "use": pl.String, "rank": pl.Int64, "has_rule": pl.Boolean}
    known = pl.DataFrame(rows, schema=schema, orient="row")
    return table.join(known, on="p", how="left", maintain_order="left")


def _count_literals(heap: _Heap, is_literal: pl.Expr) -> None:
    """Literals where a concept should stand are a fault if the property is one that we know to join concepts."""
    found = heap.take(is_literal)
    by_rule = found.filter(pl.col("has_rule"))
    for s, p, o in by_rule.select("s", "p", "o").head(_MOST_SHOWN).iter_rows():
        heap.tally.fault("skipped_literal_for_concept", found=f"{s} {p} {o}")
    heap.tally.count("skipped_literal_for_concept", max(0, len(by_rule) - _MOST_SHOWN))
    heap.tally.count("skipped_literal", len(found) - len(by_rule))
