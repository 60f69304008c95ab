"""What to ask a SPARQL endpoint for: the IRIs that are meant, and the predicates that lead on or name things."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Final

from kgzsl.errors import InputFormatError
from kgzsl.graph.relation import KINDS, SHARED_RELATIONS
from kgzsl.sources.rdf_mapping import RdfMapping
from kgzsl.sources.rdf_names import own_name
from kgzsl.sources.rdf_roles import Roles
from kgzsl.sources.sparql_query import Predicates, checked_iri, checked_language, is_iri

__all__ = ["SparqlTerms"]

_OBO_ID: Final = re.compile(r"([A-Za-z][A-Za-z0-9]*(?:_[A-Za-z]+)?):(\d+)")
_EDGES: Final = ("edge", "type")
_TEXTS: Final = ("labels", "aliases", "definitions", "attributes", "alternate_ids")


@dataclass(frozen=True)
class SparqlTerms:
    """The terms of an endpoint under a mapping; `prefixes` make and unfold CURIEs."""

    mapping: RdfMapping = field(default_factory=RdfMapping)
    prefixes: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for prefix, space in {**self.prefixes, **self.mapping.prefixes}.items():
            if not is_iri(space):
                raise InputFormatError(f"prefixes[{prefix!r}] is {str(space)[:80]!r}, which is no absolute IRI")
        for tag in self.mapping.languages:
            if tag:
                checked_language(tag)
        _ = self.text_predicates  # what cannot be asked for is refused before anything is

    @cached_property
    def roles(self) -> Roles:
        """What each predicate is used for."""
        return Roles(self.mapping, self.prefixes)

    def id(self, iri: str) -> str:
        """The id of the concept with this IRI."""
        return own_name(iri, self.roles.prefixes, self.mapping)

    def iri(self, text: str) -> str:
        """The IRI that is meant, checked; a CURIE is spelled out."""
        if not isinstance(text, str):
            return checked_iri(text)
        spelled = self.mapping.iri(text, self.prefixes)
        found = _OBO_ID.fullmatch(text) if spelled == text and self.mapping.obo_ids else None
        return checked_iri(f"http://purl.obolibrary.org/obo/{found[1]}_{found[2]}" if found else spelled)

    @cached_property
    def text_predicates(self) -> tuple[str, ...]:
        """The predicates whose literals say something of a concept."""
        terms = [term for name in _TEXTS for term in getattr(self.mapping, name)]
        return self._spelled([*terms, "owl:deprecated"])

    @cached_property
    def label_predicates(self) -> tuple[str, ...]:
        """The predicates of labels."""
        return self._spelled(self.mapping.labels)

    @cached_property
    def relation_predicates(self) -> Predicates:
        """The predicates that tell what kind of relation another one is."""
        return Predicates((self.iri("rdf:type"), self.iri("owl:inverseOf")))

    def _spelled(self, terms: Iterable[str]) -> tuple[str, ...]:
        iris = {self.iri(term) for term in terms}
        return tuple(sorted(iris | {_secure(iri) for iri in iris}))

    def predicates(self, relations: Iterable[str] | str | None) -> Predicates | None:
        """The predicates of these relations: names of ours, kinds, CURIEs or IRIs. None stands for all."""
        if relations is None:
            return None
        iris: set[str] = set()
        local_names: set[str] = set()
        for name in [relations] if isinstance(relations, str) else relations:
            found = {self.iri(term) for term, end in self.mapping.relations.items() if _is_named(end, name)}
            ends = {local for local, end in self.mapping.local_names.items() if _is_named(end, name)}
            given, ends_given = self._of_kind(name)
            found, ends = found | given, ends | ends_given
            is_ours = name in SHARED_RELATIONS or name in KINDS
            if name == "association" or (is_ours and not found and not ends):
                # whatever has no rule is an association, so those with one would not be all
                raise InputFormatError(f"{name!r} stands for no list of predicates; name them by IRI or CURIE")
            iris |= found | {_secure(iri) for iri in found} if found or ends else {self.iri(name)}
            local_names |= ends
        if not iris and not local_names:
            raise InputFormatError("relations= is empty; leave it out for all relations")
        return Predicates(tuple(sorted(iris)), tuple(sorted(local_names)))

    def _of_kind(self, kind: str) -> tuple[set[str], set[str]]:
        """The IRIs, and ends of IRIs, of the properties that the mapping says are of this kind."""
        given = {term for term, said in self.mapping.kinds.items() if said == kind}
        relation = {term: end.removeprefix("^") for term, end in self.mapping.relations.items()}
        ruled = {term for term, name in relation.items() if name in given}
        plain = given - {relation[term] for term in ruled}
        return {self.iri(term) for term in ruled | {term for term in plain if ":" in term}}, {
            term for term in plain if ":" not in term
        }

    def asking(self, asked: Predicates | None) -> "SparqlTerms":
        """These terms, with what is asked for by its IRI as a relation, whatever else it is used for."""
        unruled = {} if asked is None else {iri: self.id(iri) for iri in asked.iris if not self._leads_on(iri)}
        if not unruled:
            return self
        return SparqlTerms(replace(self.mapping, relations={**self.mapping.relations, **unruled}), self.prefixes)

    def _leads_on(self, predicate: str) -> bool:
        return self.roles.of(predicate).use in _EDGES

    def is_meta(self, iri: str) -> bool:
        """Whether an IRI belongs to the language of ontologies (owl:Class), which would link all with all."""
        whole, spaces = self.roles.meta
        return iri in whole or iri.startswith(spaces or ("\0",))

    def is_edge(self, triple: tuple[str, str, str]) -> bool:
        """Whether a triple of IRIs links two concepts, rather than saying what one is declared to be."""
        s, p, o = triple
        role = self.roles.of(p)
        leads_on = role.use in _EDGES and (role.use != "type" or self.mapping.individuals)
        return leads_on and not self.is_meta(s) and not self.is_meta(o)


def _secure(iri: str) -> str:
    """The other address of schema.org."""
    return iri.replace("http://schema.org/", "https://schema.org/", 1)


def _is_named(end: str, name: str) -> bool:
    relation = end.removeprefix("^")
    return name == relation or (relation in SHARED_RELATIONS and name == SHARED_RELATIONS[relation].kind)
