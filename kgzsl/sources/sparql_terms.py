"""What the predicates met at a SPARQL endpoint mean: names, edges of a relation, or nothing of interest."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

from kgzsl.errors import InputFormatError
from kgzsl.graph.relation import KINDS, SHARED_RELATIONS, Relation
from kgzsl.sources.sparql_query import checked_iri, is_iri
from kgzsl.sources.terms import (
    ALIAS_TERMS,
    DEFINITION_TERMS,
    LABEL_TERMS,
    PREFIXES,
    TERM_RULES,
    TermRule,
    contracted,
    expanded,
    own_relation,
)

__all__ = ["SparqlTerms"]

_META_SPACES: Final = tuple(PREFIXES[prefix] for prefix in ("rdf", "rdfs", "owl", "xsd"))
_META_TERMS: Final = ("skos:Concept", "skos:ConceptScheme", "skos:Collection", "skos:OrderedCollection")
_ADMINISTRATIVE: Final = (
    "owl:imports", "owl:versionIRI", "owl:priorVersion", "rdfs:isDefinedBy", "rdfs:seeAlso", "skos:inScheme",
    "skos:topConceptOf", "skos:hasTopConcept",
)  # fmt: skip


@dataclass(frozen=True)
class SparqlTerms:
    """How IRIs are spelled and what predicates say."""

    prefixes: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for prefix, space in self.prefixes.items():
            if not is_iri(space):
                raise InputFormatError(f"prefixes[{prefix!r}] is {space[:80]!r}, which is no absolute IRI")

    def id(self, iri: str) -> str:
        """The CURIE of an IRI by these prefixes and the common ones, else the IRI."""
        known = self._ids.get(iri)
        if known is None:
            known = self._ids[iri] = contracted(iri, self.prefixes)
        return known

    @cached_property
    def _ids(self) -> dict[str, str]:
        return {}

    def iri(self, text: str) -> str:
        """The IRI that is meant, checked; a CURIE is spelled out."""
        return checked_iri((isinstance(text, str) and expanded(text, self.prefixes)) or text)

    @cached_property
    def uses(self) -> Mapping[str, tuple[str, int]]:
        """Predicates of texts, each with what it is used for and its place among those: IRI -> ("label", 0)."""
        listed = {"label": LABEL_TERMS, "alias": ALIAS_TERMS, "definition": DEFINITION_TERMS}
        return {self.iri(term): (use, place) for use, terms in listed.items() for place, term in enumerate(terms)}

    @cached_property
    def _rules(self) -> Mapping[str, TermRule]:
        return {self.iri(term): rule for term, rule in TERM_RULES.items()}

    @cached_property
    def _meta(self) -> frozenset[str]:
        return frozenset(map(self.iri, _META_TERMS))

    @cached_property
    def _administrative(self) -> frozenset[str]:
        return frozenset(map(self.iri, _ADMINISTRATIVE))

    def relation(self, predicate: str) -> tuple[Relation, bool]:
        """The relation of a predicate, and whether its edges run from object to subject."""
        rule = self._rules.get(predicate)
        if rule is None:
            return own_relation(self.id(predicate)), False
        return SHARED_RELATIONS[rule.relation], rule.reverse

    def is_meta(self, iri: str) -> bool:
        """Whether an IRI belongs to the language of ontologies (owl:Class), which would link all with all."""
        return iri.startswith(_META_SPACES) or iri in self._meta

    def is_administrative(self, predicate: str) -> bool:
        """Whether a predicate speaks of files and schemes rather than of things."""
        return predicate in self._administrative

    def predicates(self, relations: Iterable[str] | str | None) -> tuple[str, ...] | None:
        """The predicates of these relations: names of ours, kinds, CURIEs or IRIs. None stands for all."""
        if relations is None:
            return None
        found: set[str] = set()
        for name in [relations] if isinstance(relations, str) else relations:
            ours = {
                predicate
                for predicate, rule in self._rules.items()
                if name in (rule.relation, SHARED_RELATIONS[rule.relation].kind)
            }
            if not ours and (name in SHARED_RELATIONS or name in KINDS):
                raise InputFormatError(
                    f"no predicate is known for the relation {name!r}; name predicates by IRI or CURIE"
                )
            found |= ours or {self.iri(name)}
        if not found:
            raise InputFormatError("relations= is empty; leave it out for all relations")
        return tuple(sorted(found))
