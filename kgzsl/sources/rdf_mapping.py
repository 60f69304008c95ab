"""Every decision between RDF and a knowledge graph, in one object that can be printed and changed."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from functools import cached_property
from types import MappingProxyType
from typing import Any, Final

from kgzsl.display.html import html_table
from kgzsl.errors import InputFormatError, UnknownNameError
from kgzsl.graph.lookup import nearest_of
from kgzsl.graph.relation import KINDS, Kind
from kgzsl.sources.terms import ALIAS_TERMS, DEFINITION_TERMS, LABEL_TERMS, PREFIXES, TERM_RULES, expanded

__all__ = ["RdfMapping"]

_SPACES: Final[Mapping[str, str]] = MappingProxyType(
    {
        **PREFIXES,
        "obo": "http://purl.obolibrary.org/obo/",
        "ro": "http://www.obofoundry.org/ro/ro.owl#",
        "isothes": "http://purl.org/iso25964/skos-thes#",
        "wdt": "http://www.wikidata.org/prop/direct/",
        "void": "http://rdfs.org/ns/void#",
        "prov": "http://www.w3.org/ns/prov#",
        "vann": "http://purl.org/vocab/vann/",
        "skosxl": "http://www.w3.org/2008/05/skos-xl#",
        "protege": "http://protege.stanford.edu/plugins/owl/protege#",
    }
)
_PART_OF: Final = (
    "obo:BFO_0000050", "obo:part_of", "ro:part_of", "dcterms:isPartOf", "schema:isPartOf", "isothes:broaderPartitive",
    "wdt:P361",
)  # fmt: skip
_HAS_PART: Final = (
    "obo:BFO_0000051", "obo:has_part", "ro:has_part", "dcterms:hasPart", "schema:hasPart", "isothes:narrowerPartitive",
    "wdt:P527",
)  # fmt: skip
_RELATIONS: Final[Mapping[str, str]] = MappingProxyType(
    {
        **{
            term: f"^{rule.relation}" if rule.reverse else rule.relation
            for term, rule in TERM_RULES.items()
            if term != "rdfs:subPropertyOf"  # properties are relations here, not concepts
        },
        **dict.fromkeys(_PART_OF, "^has_part"),
        **dict.fromkeys(_HAS_PART, "has_part"),
        "skos:broaderTransitive": "is_a",
        "skos:narrowerTransitive": "^is_a",
        "skos:closeMatch": "related_to",
        "isothes:broaderGeneric": "is_a",
        "isothes:narrowerGeneric": "^is_a",
        "isothes:broaderInstantial": "instance_of",
        "isothes:narrowerInstantial": "^instance_of",
        "owl:complementOf": "disjoint_with",
        "obo:RO_0002351": "has_member",
        "obo:RO_0002350": "^has_member",
        "wdt:P279": "is_a",
        "wdt:P31": "instance_of",
    }
)
_LOCAL_NAMES: Final[Mapping[str, str]] = MappingProxyType(
    {
        **dict.fromkeys(("partOf", "part_of", "isPartOf", "is_part_of"), "^has_part"),
        **dict.fromkeys(("hasPart", "has_part"), "has_part"),
    }
)
_IGNORED: Final = (
    "rdfs:isDefinedBy", "rdfs:seeAlso", "skos:inScheme", "skos:topConceptOf", "skos:hasTopConcept", "skos:note",
    "skos:example", "skos:changeNote", "skos:editorialNote", "skos:historyNote", "skos:notation", "owl:versionIRI",
    "owl:versionInfo", "owl:priorVersion", "owl:backwardCompatibleWith", "owl:incompatibleWith",
    "oboInOwl:", "dc:", "dcterms:", "void:", "prov:", "vann:", "foaf:depiction", "foaf:page", "foaf:homepage",
    "foaf:isPrimaryTopicOf", "foaf:primaryTopic",
)  # fmt: skip
_META: Final = (
    "rdf:", "rdfs:", "owl:", "xsd:", "protege:", "skos:Concept", "skos:ConceptScheme", "skos:Collection",
    "skos:OrderedCollection",
)  # fmt: skip


@dataclass(frozen=True)
class RdfMapping:
    """What the properties of RDF, RDFS, OWL and SKOS become. Print one to see it; give another to `read_rdf`.

    Properties are written as CURIEs, by the prefixes of the document, of `prefixes`, or common ones, or as IRIs.
    `labels`, `aliases`, `definitions`: properties with texts, best first; of several texts the language asked for comes
    first, then `languages` in their order ("" is none), then the rest by tag. `relations`: property -> name of a
    relation, "^" before it where the edge runs from object to subject, or "" to leave it out; `local_names` is the same
    for the end of an IRI in any namespace. A property without a rule is a relation under its own name. `ignored` tell
    of documents and their making; a name that ends in ":" stands for a namespace, and `relations` go first. `meta` are
    never concepts. `attributes` are properties whose literals become a column of that name.

    `kinds`: property -> kind of its relation, "attribute" or another of `KINDS`. No ontology says that, so a relation
    under its own name is an association, which classifiers leave out unless they are asked to take it. A property may
    also be written by the name that its relation gets, or by the end of its IRI. It is an error if the document has no
    such property, and if the relation is a shared one (`is_a`), whose kind is fixed.

    `axioms`: class expressions become edges: `A subClassOf (P some B)` and `(P value b)` give A P B, an intersection
    gives an edge for each of its parts, a union makes its members kinds of it. `inverses`: of two properties that are
    inverse to each other, the edges of one are turned round and take the name of the other. `individuals`: keep them,
    with `instance_of` to their classes. `deprecated`: keep deprecated terms; else they are left out, and
    `replaced_by` is followed when one is looked up. `obo_ids`: `http://purl.obolibrary.org/obo/GO_0008150` is
    `GO:0008150`. `prefixes` make CURIEs before those of the document.

    >>> mapping = RdfMapping(relations={"ex:eats": "eats"}, prefixes={"ex": "http://example.org/"})
    >>> mapping.relations["rdfs:subClassOf"], mapping.relations["ex:eats"]
    ('is_a', 'eats')
    >>> import kgzsl
    >>> zoo = "@prefix ex: <http://example.org/> . ex:zebra ex:livesIn ex:savanna ; ex:drawnBy ex:ann ."
    >>> kg = kgzsl.read_rdf(text=zoo, mapping=RdfMapping(kinds={"ex:livesIn": "attribute"}))
    >>> print(*kg.relations.values(), sep="; ")
    ex:drawnBy (association): a drawn by b; ex:livesIn (attribute): a lives in b
    """

    labels: tuple[str, ...] = LABEL_TERMS
    aliases: tuple[str, ...] = (
        *ALIAS_TERMS, "obo:IAO_0000118", "oboInOwl:hasRelatedSynonym", "oboInOwl:hasNarrowSynonym", "skos:hiddenLabel",
    )  # fmt: skip
    definitions: tuple[str, ...] = ("obo:IAO_0000115", *DEFINITION_TERMS, "schema:description", "skos:scopeNote")
    languages: tuple[str, ...] = ("en", "")
    relations: Mapping[str, str] = field(default_factory=dict)
    local_names: Mapping[str, str] = field(default_factory=lambda: _LOCAL_NAMES)
    kinds: Mapping[str, Kind] = field(default_factory=dict)
    ignored: tuple[str, ...] = _IGNORED
    meta: tuple[str, ...] = _META
    attributes: tuple[str, ...] = ()
    alternate_ids: tuple[str, ...] = ("oboInOwl:hasAlternativeId", "oboInOwl:id")
    replaced_by: tuple[str, ...] = ("obo:IAO_0100001", "dcterms:isReplacedBy")
    axioms: bool = True
    inverses: bool = True
    individuals: bool = True
    deprecated: bool = False
    obo_ids: bool = True
    prefixes: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in ("labels", "aliases", "definitions", "languages", "ignored", "meta", "attributes"):
            value = getattr(self, name)
            if isinstance(value, str) or not all(isinstance(term, str) for term in value):
                raise InputFormatError(f"{name} is a tuple of strings, not {value!r:.80}")
            object.__setattr__(self, name, tuple(value))
        # what is given is said besides the rules that everybody shares
        object.__setattr__(self, "relations", MappingProxyType({**_RELATIONS, **self.relations}))
        object.__setattr__(self, "local_names", MappingProxyType(dict(self.local_names)))
        object.__setattr__(self, "kinds", MappingProxyType(dict(self.kinds)))
        object.__setattr__(self, "prefixes", MappingProxyType(dict(self.prefixes)))
        for term, name in {**self.relations, **self.local_names}.items():
            if not isinstance(name, str) or name == "^":
                raise InputFormatError(
                    f"relations[{term!r}] names a relation, '^' before one turned round, not {name!r}"
                )
        for kind in self.kinds.values():
            if kind not in KINDS:
                raise UnknownNameError("kind of relation", str(kind), known=KINDS, nearest=nearest_of(str(kind), KINDS))

    def __hash__(self) -> int:
        return hash(str(self))

    def __reduce__(self) -> tuple[Any, ...]:
        plain = {f.name: getattr(self, f.name) for f in fields(self)}
        return _rebuilt, ({k: dict(v) if isinstance(v, Mapping) else v for k, v in plain.items()},)

    def __str__(self) -> str:
        lines = ["RdfMapping"]
        for name in (f.name for f in fields(self)):
            value = getattr(self, name)
            if isinstance(value, Mapping):
                ends: dict[str, list[str]] = {}
                for term, end in value.items():
                    ends.setdefault(end, []).append(term)
                lines.append(f"  {name}")
                lines += [f"    {end or '(left out)'}: {', '.join(terms)}" for end, terms in sorted(ends.items())]
            else:
                lines.append(f"  {name}: {', '.join(map(repr, value)) if name == 'languages' else _listed(value)}")
        return "\n".join(lines)

    def __repr__(self) -> str:
        said = {field.name: getattr(self, field.name) for field in fields(self)}
        usual = RdfMapping()
        told = (
            f"{name}={_own(value, getattr(usual, name))!r}"
            for name, value in said.items()
            if value != getattr(usual, name)
        )
        return f"RdfMapping({', '.join(told)})"

    def _repr_html_(self) -> str:
        rows: list[tuple[str, str]] = []
        for line in str(self).splitlines()[1:]:
            name, _, terms = line.strip().partition(": ")
            if line.startswith("    "):
                rows.append((f"… {name}", terms))
            else:
                rows.append((name.replace("_", " "), terms))
        return html_table(rows, ["what", "is read from"], caption="RdfMapping")

    @cached_property
    def spaces(self) -> Mapping[str, str]:
        """Prefix -> namespace: common ones, and `prefixes`."""
        return {**_SPACES, **self.prefixes}

    def iri(self, term: str, declared: Mapping[str, str]) -> str:
        """The IRI of a property as it is written here, by these prefixes, then those that a document declares."""
        prefix, colon, local = term.partition(":")
        if colon and not local:
            known = {name.casefold(): space for name, space in {**declared, **self.spaces}.items()}
            return known.get(prefix.casefold(), term)
        return expanded(term, {**declared, **self.spaces}) or term


def _rebuilt(values: dict[str, Any]) -> RdfMapping:
    return RdfMapping(**values)


def _own(value: object, usual: object) -> object:
    """What of a mapping is said besides the usual."""
    if isinstance(value, Mapping) and isinstance(usual, Mapping):
        return {key: end for key, end in value.items() if usual.get(key) != end}
    return value


def _listed(value: object) -> str:
    return (", ".join(value) or "none") if isinstance(value, tuple) else ("yes" if value else "no")
