"""What each property of a document is used for, and which of its terms are properties, classes, headers or gone."""

import re
from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import polars as pl

from kgzsl.graph.relation import SHARED_RELATIONS, Relation
from kgzsl.sources.rdf_mapping import RdfMapping
from kgzsl.sources.rdf_names import ids_of, own_name, own_prefixes
from kgzsl.sources.rdf_terms import unescaped
from kgzsl.sources.terms import PREFIXES, own_relation

__all__ = ["Role", "Roles", "Standing", "standing_of", "term"]

_EXPRESSIONS: Final = ("owl:intersectionOf", "owl:unionOf", "owl:oneOf", "owl:disjointUnionOf")
_PROPERTY_TYPES: Final = (
    "rdf:Property", "owl:ObjectProperty", "owl:DatatypeProperty", "owl:AnnotationProperty", "owl:OntologyProperty",
    "owl:FunctionalProperty", "owl:InverseFunctionalProperty", "owl:TransitiveProperty", "owl:SymmetricProperty",
    "owl:AsymmetricProperty", "owl:ReflexiveProperty", "owl:IrreflexiveProperty", "owl:DeprecatedProperty",
    "rdfs:ContainerMembershipProperty",
)  # fmt: skip
_CLASS_TYPES: Final = ("owl:Class", "rdfs:Class", "owl:DeprecatedClass", "skos:Concept")
_HEADER_TYPES: Final = ("owl:Ontology", "skos:ConceptScheme", "http://rdfs.org/ns/void#Dataset")
_BETWEEN_PROPERTIES: Final = (
    "rdfs:subPropertyOf",
    "owl:inverseOf",
    "owl:equivalentProperty",
    "owl:propertyDisjointWith",
)
_OF_PROPERTIES: Final = ("rdfs:domain", "rdfs:range", "owl:propertyChainAxiom")
_LITERAL: Final = re.compile(r'^"(.*)"(?:@([A-Za-z0-9-]+)|\^\^<([^>]*)>)?$', re.DOTALL)


def term(curie: str) -> str:
    """A common CURIE, or an IRI, as a term of N-Triples.

    >>> term("rdfs:label")
    '<http://www.w3.org/2000/01/rdf-schema#label>'
    """
    prefix, _, local = curie.partition(":")
    return f"<{PREFIXES[prefix]}{local}>" if prefix in PREFIXES else f"<{curie}>"


TYPE: Final = term("rdf:type")


@dataclass(frozen=True, slots=True)
class Role:
    """What a property is used for: a `use`, its place among others of that use, and for edges the relation.

    Uses: label, alias, definition, attribute, alternate, replaced_by, deprecated, type, edge, expression, schema,
    ignored.
    """

    use: str
    rank: int = 0
    relation: str = ""
    reverse: bool = False
    has_rule: bool = True


class Roles:
    """The roles of the properties of one document under a mapping."""

    def __init__(self, mapping: RdfMapping, declared: Mapping[str, str]) -> None:
        self.mapping, self.declared = mapping, declared
        self.prefixes = own_prefixes(declared, mapping)
        self.found: dict[str, Role] = {}
        self._names: dict[str, str] = {}

    def _iris(self, terms: Iterable[str]) -> dict[str, int]:
        return {self.mapping.iri(name, self.declared): rank for rank, name in enumerate(terms)}

    @cached_property
    def _fixed(self) -> dict[str, Role]:
        """IRI -> role, for the properties that the mapping names."""
        mapping = self.mapping
        roles: dict[str, Role] = {}
        for property_, name in mapping.relations.items():
            iri, relation = mapping.iri(property_, self.declared), name.removeprefix("^")
            use = "type" if f"<{iri}>" == TYPE else "edge"
            roles[iri] = Role(use, 0, relation, name.startswith("^")) if relation else Role("ignored")
        # a text property given by the caller may have been a relation by default, and the other way round
        named = {
            "replaced_by": mapping.replaced_by,
            "alternate": mapping.alternate_ids,
            "attribute": mapping.attributes,
            "definition": mapping.definitions,
            "alias": mapping.aliases,
            "label": mapping.labels,
        }
        for use, terms in named.items():
            roles.update({iri: Role(use, rank) for iri, rank in self._iris(terms).items()})
        roles.update({iri: Role("expression") for iri in self._iris(_EXPRESSIONS)})
        roles[self.mapping.iri("owl:deprecated", {})] = Role("deprecated")
        return roles

    @cached_property
    def _ignored(self) -> tuple[frozenset[str], tuple[str, ...]]:
        return self._whole_and_spaces(self.mapping.ignored)

    @cached_property
    def meta(self) -> tuple[frozenset[str], tuple[str, ...]]:
        """IRIs, and namespaces, that are never concepts."""
        return self._whole_and_spaces(self.mapping.meta)

    def _whole_and_spaces(self, terms: Iterable[str]) -> tuple[frozenset[str], tuple[str, ...]]:
        spaces = {name for name in terms if name.endswith((":", "/", "#"))}
        whole = frozenset(self.mapping.iri(name, self.declared) for name in set(terms) - spaces)
        return whole, tuple(sorted(self.mapping.iri(name, self.declared) for name in spaces))

    def of(self, iri: str) -> Role:
        """The role of a property."""
        if iri not in self.found:
            self.found[iri] = self._role(iri)
        return self.found[iri]

    def _role(self, iri: str) -> Role:
        plain = "http://schema.org/" + iri[19:] if iri.startswith("https://schema.org/") else iri
        if plain in self._fixed:
            return self._fixed[plain]
        whole, spaces = self._ignored
        if iri in whole or iri.startswith(spaces or ("\0",)):
            return Role("ignored")
        whole, spaces = self.meta
        if iri in whole or iri.startswith(spaces or ("\0",)):
            return Role("schema")
        local = re.split(r"[#/:]", iri)[-1]
        name = self.mapping.local_names.get(local)
        if name is not None:
            relation = name.removeprefix("^")
            return Role("edge", 0, relation, name.startswith("^")) if relation else Role("ignored")
        name = self._names.get(iri) or own_name(iri, self.prefixes, self.mapping)
        return Role("edge", 0, name, has_rule=False)

    def learn(self, iris: pl.Series) -> None:
        """Find the names of many properties at once, which one by one would take their time."""
        self._names.update(zip(iris.to_list(), ids_of(iris, self.prefixes, self.mapping).to_list(), strict=True))

    def is_meta(self, column: str) -> pl.Expr:
        """Whether the terms of a column belong to the language of ontologies rather than to the world."""
        whole, spaces = self.meta
        return pl.any_horizontal(
            pl.col(column).is_in([f"<{iri}>" for iri in sorted(whole)]),
            *(pl.col(column).str.starts_with(f"<{space}") for space in spaces),
        )


@dataclass(frozen=True)
class Standing:
    """Terms of a document by what they are declared to be, and what is said of its properties."""

    properties: frozenset[str]
    classes: frozenset[str]
    individuals: frozenset[str]
    headers: frozenset[str]
    deprecated: frozenset[str]
    symmetric: frozenset[str]
    inverse: Mapping[str, str]
    verbs: Mapping[str, str]
    num_chains: int
    num_punned: int

    def relation(self, name: str, iri: str, inverse: str) -> Relation:
        """A relation under its own name, read aloud by the label of its property."""
        if name in SHARED_RELATIONS:
            return SHARED_RELATIONS[name]
        plain = own_relation(name)
        symmetric = f"<{iri}>" in self.symmetric
        other = self.inverse.get(f"<{iri}>", "")
        return Relation(
            name,
            plain.kind,
            inverse=name if symmetric else inverse,
            verb=self.verbs.get(f"<{iri}>", plain.verb),
            inverse_verb="" if symmetric else self.verbs.get(other, own_relation(inverse).verb if inverse else ""),
            symmetric=symmetric,
        )


def standing_of(table: pl.DataFrame, roles: Roles) -> Standing:
    """What the triples with an IRI as subject declare."""
    named = table.filter(~pl.col("s").str.starts_with("_:"))
    types = named.filter(pl.col("p") == TYPE).select("s", "o")

    def typed(names: Iterable[str]) -> frozenset[str]:
        return frozenset(types.filter(pl.col("o").is_in([term(name) for name in names]))["s"].to_list())

    classes, declared = typed(_CLASS_TYPES), typed(_PROPERTY_TYPES)
    stated = typed(["owl:NamedIndividual"])
    plain = types.filter(~roles.is_meta("o"))["s"].unique().to_list()
    related = named.filter(pl.col("p").is_in([term(name) for name in _BETWEEN_PROPERTIES]), _is_iri("o"))
    described = named.filter(pl.col("p").is_in([term(name) for name in _OF_PROPERTIES]))
    implied = {*related["s"].to_list(), *related["o"].to_list(), *described["s"].to_list()}
    properties = (declared | implied) - classes
    flags = named.filter((pl.col("p") == term("owl:deprecated")) & pl.col("o").str.contains('^"(?:true|1)"'))
    inverse = named.filter(pl.col("p") == term("owl:inverseOf"), _is_iri("o"))
    restricted = frozenset(table.filter(pl.col("p") == term("owl:onProperty"))["o"].to_list())
    labels = named.filter(pl.col("p") == term("rdfs:label"), pl.col("s").is_in(sorted(properties)))
    chains = named.filter(pl.col("p") == term("owl:propertyChainAxiom"))
    return Standing(
        properties=properties,
        classes=classes,
        individuals=(stated | frozenset(plain)) - classes - properties,
        headers=typed(_HEADER_TYPES),
        deprecated=(typed(["owl:DeprecatedClass"]) | frozenset(flags["s"].to_list())) - properties,
        symmetric=typed(["owl:SymmetricProperty"]),
        inverse=_inverses(inverse.select("s", "o").rows(), used=frozenset(table["p"].unique().to_list()) | restricted),
        verbs=_verbs(labels.select("s", "o").rows(), roles.mapping.languages),
        num_chains=len(chains),
        num_punned=len((stated | frozenset(plain)) & classes) if stated else 0,
    )


def _is_iri(column: str) -> pl.Expr:
    return pl.col(column).str.starts_with("<")


def _inverses(rows: Iterable[tuple[str, str]], *, used: Set[str]) -> dict[str, str]:
    """Both ways; a property with several inverses has one that is in use, and of those the first by name."""
    found: dict[str, str] = {}
    for one, other in sorted(set(rows), key=lambda row: ((row[0] not in used) + (row[1] not in used), row)):
        if one != other and one not in found and other not in found:
            found[one], found[other] = other, one
    return found


def _verbs(rows: Iterable[tuple[str, str]], languages: Iterable[str]) -> dict[str, str]:
    """The label of each property in the first of the languages that it has one in."""
    order = {language: rank for rank, language in enumerate(languages)}
    best: dict[str, tuple[int, str, str]] = {}
    for subject, literal in rows:
        match = _LITERAL.match(literal)
        if match and match[1].strip():
            tag = (match[2] or "").split("-")[0]
            key = (order.get(tag, len(order)), tag, unescaped(match[1]).strip().replace("_", " "))
            best[subject] = min(best.get(subject, key), key)
    return {subject: text for subject, (_, _, text) in best.items()}
