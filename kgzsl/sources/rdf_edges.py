"""From sorted triples to an edge table: relations named, directions turned, what is said twice said once."""

from dataclasses import replace

import polars as pl

from kgzsl.graph.relation import SHARED_RELATIONS, Relation
from kgzsl.sources.rdf_owl import Expressions
from kgzsl.sources.rdf_roles import Role, Roles, Standing
from kgzsl.sources.rdf_sorting import Sorted
from kgzsl.sources.tally import Tally
from kgzsl.sources.terms import own_relation

__all__ = ["Directions", "axiom_edges", "named_edges"]


def axiom_edges(found: Sorted, roles: Roles, tally: Tally, *, nesting: int) -> pl.DataFrame:
    """The triples (s, p, o, g) that follow from class expressions; expressions that give none are counted."""
    empty = found.edges.select("s", "p", "o", "g").clear()
    if not roles.mapping.axioms:
        tally.count("skipped_axiom", len(found.axioms))
        return empty
    expressions = Expressions.of(found.structure, most_steps=nesting) if len(found.axioms) else Expressions()
    rows = []
    used = 0
    gone = frozenset[str]() if roles.mapping.deprecated else found.standing.deprecated
    left_out = gone | (frozenset() if roles.mapping.individuals else found.standing.individuals)
    for s, p, o, g in found.axioms.select("s", "p", "o", "g").sort("s", "p", "o").iter_rows():
        edges = expressions.edges(s, p, o)
        used += bool(edges)
        rows += [(*edge, g) for edge in edges if edge[0] not in left_out and edge[2] not in left_out]
    tally.count("kept_axioms", used)
    tally.count("skipped_axiom", len(found.axioms) - used)
    table = pl.DataFrame(rows, schema=empty.schema, orient="row")
    return table.filter(~roles.is_meta("s"), ~roles.is_meta("o"))


class Directions:
    """The relation of each property, with the one of two inverse properties that both are told by.

    That is the one that has a rule or is in use; if both or neither, the first by name. `relations` are those without
    a rule; `ruled` those that a rule names, are not shared ones, and can be read aloud by the label of a property;
    `meant` is the relation of each property, once asked for.
    """

    def __init__(self, roles: Roles, standing: Standing) -> None:
        self.roles, self.standing = roles, standing
        self.relations: dict[str, Relation] = {}
        self.ruled: dict[str, Relation] = {}
        self.meant: dict[str, str] = {}
        self.num_turned = 0
        self._used = frozenset[str]()

    def of(self, properties: list[str]) -> dict[str, tuple[str, bool]]:
        """Property -> (relation, whether its edges are turned round)."""
        self._used = frozenset(properties)
        found = {property_: self._of(property_) for property_ in sorted(properties)}
        self.meant = {property_: relation for property_, (relation, _) in found.items()}
        return found

    def _of(self, property_: str) -> tuple[str, bool]:
        role = self.roles.of(property_[1:-1])
        other = self.standing.inverse.get(property_)
        inverse = self.roles.of(other[1:-1]) if other is not None else None
        if inverse is not None and other is not None and self.roles.mapping.inverses and inverse.use == "edge":
            told_by_other = inverse.has_rule and not role.has_rule
            is_first = other < property_ and other in self._used and not role.has_rule and not inverse.has_rule
            if told_by_other or is_first:
                self.num_turned += 1
                return self._named(inverse, other, property_), not inverse.reverse
        return self._named(
            role, property_, other if inverse is not None and inverse.use == "edge" else None
        ), role.reverse

    def _named(self, role: Role, property_: str, other: str | None) -> str:
        if not role.has_rule:
            inverse = self.roles.of(other[1:-1]).relation if other is not None else ""
            iri = property_[1:-1]
            self.relations[role.relation] = self.standing.relation(role.relation, iri, inverse)
        elif property_ in self.standing.verbs and not role.reverse and role.relation not in SHARED_RELATIONS:
            plain = own_relation(role.relation)
            self.ruled.setdefault(role.relation, replace(plain, verb=self.standing.verbs[property_]))
        return role.relation


def named_edges(
    direct: pl.DataFrame, derived: pl.DataFrame, ids: pl.DataFrame, directions: Directions, tally: Tally
) -> pl.DataFrame:
    """The edge table of triples (s, p, o, g); `ids` has a row (term, id) for each of their ends."""
    both = pl.concat(
        [
            direct.select("s", "p", "o", "g", derived=pl.lit(value=False)),
            derived.select("s", "p", "o", "g", derived=pl.lit(value=True)),
        ]
    )
    meant = directions.of(both["p"].unique().to_list())
    names = pl.DataFrame(
        [(p, relation, reverse) for p, (relation, reverse) in meant.items()],
        schema={"p": pl.String, "relation": pl.String, "reverse": pl.Boolean},
        orient="row",
    )
    joined = (
        both.join(names, on="p", how="left", maintain_order="left")
        .join(ids.rename({"term": "s", "id": "from"}), on="s", how="left", maintain_order="left")
        .join(ids.rename({"term": "o", "id": "to"}), on="o", how="left", maintain_order="left")
        .select(
            "derived",
            "relation",
            "g",
            head=pl.when("reverse").then("to").otherwise("from"),
            tail=pl.when("reverse").then("from").otherwise("to"),
        )
    )
    proper = joined.filter(pl.col("head") != pl.col("tail"))
    loops = joined.filter(pl.col("head") == pl.col("tail"))
    tally.count("skipped_self_loop", int((~loops["derived"]).sum()))
    triple = ["head", "relation", "tail"]
    stated, followed = proper.filter(~pl.col("derived")), proper.filter("derived")
    edges = stated.unique(triple, keep="first", maintain_order=True)
    tally.count("kept_edges", len(edges))
    tally.count("merged_duplicate", len(stated) - len(edges))
    further = followed.unique(triple).join(edges.select(triple), on=triple, how="anti")
    tally.count("edges_from_axioms", len(further))
    edges = pl.concat([edges, further]).select(triple)
    if proper["g"].has_nulls() and proper["g"].null_count() == len(proper):
        return edges
    # a blank node has another name in every reading
    name = pl.col("g").str.strip_chars("<>").str.replace("^_:.*$", "_:")
    graphs = proper.drop_nulls("g").group_by(triple).agg(graphs=name.unique().sort())
    return edges.join(graphs, on=triple, how="left").with_columns(pl.col("graphs").fill_null([]))
