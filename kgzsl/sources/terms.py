"""Terms that many sources share: prefixes of namespaces, and what common properties mean among our relations."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from kgzsl.graph.relation import SHARED_RELATIONS, Relation

__all__ = [
    "ALIAS_TERMS",
    "DEFINITION_TERMS",
    "LABEL_TERMS",
    "PREFIXES",
    "TERM_RULES",
    "TermRule",
    "contracted",
    "expanded",
    "own_relation",
    "spelled_prefix",
]

PREFIXES: Mapping[str, str] = {
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "rdfs": "http://www.w3.org/2000/01/rdf-schema#",
    "owl": "http://www.w3.org/2002/07/owl#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
    "skos": "http://www.w3.org/2004/02/skos/core#",
    "dc": "http://purl.org/dc/elements/1.1/",
    "dcterms": "http://purl.org/dc/terms/",
    "foaf": "http://xmlns.com/foaf/0.1/",
    "schema": "http://schema.org/",
    "oboInOwl": "http://www.geneontology.org/formats/oboInOwl#",
    "AwA": "http://www.semanticweb.org/ontologies/AwA#",
    "ImNet-A": "http://www.semanticweb.org/ontologies/ImNet-A#",
    "cn": "http://www.semanticweb.org/ontologies/ConceptNet#",
}
"""Prefix -> namespace, with the prefix in the one spelling that ids have, whatever spelling a file declares."""

LABEL_TERMS = ("rdfs:label", "skos:prefLabel", "foaf:name", "schema:name")
ALIAS_TERMS = ("skos:altLabel", "oboInOwl:hasExactSynonym", "schema:alternateName")
DEFINITION_TERMS = ("skos:definition", "rdfs:comment", "dcterms:description", "dc:description")


@dataclass(frozen=True, slots=True)
class TermRule:
    """What a property means: a shared relation, in its direction or, if `reverse`, from object to subject."""

    relation: str
    reverse: bool = False


TERM_RULES: Mapping[str, TermRule] = {
    "rdfs:subClassOf": TermRule("is_a"),
    "rdfs:subPropertyOf": TermRule("is_a"),
    "rdf:type": TermRule("instance_of"),
    "owl:sameAs": TermRule("same_as"),
    "owl:equivalentClass": TermRule("same_as"),
    "owl:disjointWith": TermRule("disjoint_with"),
    "owl:differentFrom": TermRule("disjoint_with"),
    "skos:broader": TermRule("is_a"),
    "skos:broadMatch": TermRule("is_a"),
    "skos:narrower": TermRule("is_a", reverse=True),
    "skos:narrowMatch": TermRule("is_a", reverse=True),
    "skos:related": TermRule("related_to"),
    "skos:relatedMatch": TermRule("related_to"),
    "skos:exactMatch": TermRule("same_as"),
    "dcterms:hasPart": TermRule("has_part"),
    "dcterms:isPartOf": TermRule("has_part", reverse=True),
    "cn:isA": TermRule("is_a"),
    "cn:instanceOf": TermRule("instance_of"),
    "cn:partOf": TermRule("has_part", reverse=True),
    "cn:madeOf": TermRule("has_substance"),
    "cn:hasProperty": TermRule("has_property"),
    "cn:causes": TermRule("causes"),
    "cn:entails": TermRule("entails"),
    "cn:relatedTo": TermRule("related_to"),
    "cn:antonym": TermRule("antonym"),
}
"""CURIE of a property -> its rule; a property without one keeps its own name (`own_relation`)."""

_NEGATIVE = {"cn:distinctFrom", "cn:notCapableOf", "cn:notDesires", "cn:notHasProperty", "cn:notUsedFor"}
_CURIE = re.compile(r"([A-Za-z_][\w.-]*):(?!//)(\S+)")
_NUMBERED = re.compile(r"ns\d+")
_SPELLINGS = {prefix.casefold(): prefix for prefix in PREFIXES}
_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+|[^\W\d_a-zA-Z]+")


def spelled_prefix(prefix: str, spellings: Mapping[str, str] | None = None) -> str:
    """The one spelling of a prefix, compared without case: that of `PREFIXES`, else that of `spellings`, else itself.

    >>> spelled_prefix("awa"), spelled_prefix("myOnto")
    ('AwA', 'myOnto')
    """
    folded = prefix.casefold()
    return _SPELLINGS.get(folded) or (spellings or {}).get(folded) or prefix


def contracted(iri: str, prefixes: Mapping[str, str] | None = None) -> str:
    """The CURIE of an IRI by `PREFIXES`, then by a file's own; itself where no namespace fits.

    Of several namespaces the longest counts, but one that a writer has merely numbered (`ns1:`) only where there is
    no other; so `cn:dbpedia/genus` keeps the name its authors gave it.

    >>> contracted("http://www.w3.org/2000/01/rdf-schema#label")
    'rdfs:label'
    """
    known = {**{space: name for name, space in (prefixes or {}).items()}, **{s: p for p, s in PREFIXES.items()}}
    fitting = [(space, name) for space, name in known.items() if space and iri.startswith(space) and iri != space]
    if not fitting:
        return iri
    space, name = max(fitting, key=lambda pair: (_NUMBERED.fullmatch(pair[1]) is None, len(pair[0])))
    return f"{spelled_prefix(name)}:{iri[len(space) :]}"


def expanded(curie: str, prefixes: Mapping[str, str] | None = None) -> str | None:
    """The IRI of a CURIE by `PREFIXES` or a file's own, prefix compared without case; None if it is no CURIE of these.

    >>> expanded("awa:n02106662")
    'http://www.semanticweb.org/ontologies/AwA#n02106662'
    """
    match = _CURIE.fullmatch(curie)
    if match is None:
        return None
    own = {name.casefold(): space for name, space in (prefixes or {}).items()}
    folded = match[1].casefold()
    space = PREFIXES.get(_SPELLINGS.get(folded, "")) or own.get(folded)
    return None if space is None else space + match[2]


def own_relation(term: str) -> Relation:
    """The relation of a property without a rule: its own name, an association unless it says "not", verb by its words.

    >>> own_relation("AwA:hasHabitat").verb
    'has habitat'
    """
    if term in SHARED_RELATIONS:
        return SHARED_RELATIONS[term]
    local = re.split(r"[#/:]", term.rstrip("#/:"))[-1] or term
    words = " ".join(word if word.isupper() and len(word) > 1 else word.lower() for word in _WORDS.findall(local))
    return Relation(term, "negative" if term in _NEGATIVE else "association", verb=words or term)
