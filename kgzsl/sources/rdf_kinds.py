"""The kinds that a mapping gives to the relations of a document."""

import re
from collections.abc import Mapping
from dataclasses import replace

from kgzsl.errors import InputFormatError, UnknownNameError
from kgzsl.graph.lookup import nearest_of
from kgzsl.graph.relation import SHARED_RELATIONS, Kind, Relation
from kgzsl.sources.rdf_roles import Roles, Standing
from kgzsl.sources.terms import own_relation

__all__ = ["local_name", "with_kinds"]


def local_name(iri: str) -> str:
    """The end of an IRI.

    >>> local_name("http://example.org/zoo#livesIn")
    'livesIn'
    """
    return re.split(r"[#/:]", iri)[-1]


def with_kinds(
    described: Mapping[str, Relation], meant: Mapping[str, str], roles: Roles, standing: Standing, *, is_part: bool
) -> dict[str, Relation]:
    """The relations by name, with the kinds that the mapping gives them.

    `meant` is the relation of each property that has edges. With `is_part` the triples are a part of something larger,
    which need not have every property that a kind is given to.
    """
    told: dict[str, tuple[str, Kind]] = {}
    for term, kind in roles.mapping.kinds.items():
        names = _relations(term, meant, roles, standing)
        if not names and not is_part and f"<{roles.mapping.iri(term, roles.declared)}>" not in standing.properties:
            _refuse(term, meant, roles)
        for name in names:
            first, before = told.setdefault(name, (term, kind))
            if before != kind:
                raise InputFormatError(f"kinds make {name} both {before} ({first!r}) and {kind} ({term!r})")
            if name in SHARED_RELATIONS and kind != SHARED_RELATIONS[name].kind:
                raise InputFormatError(
                    f"kinds[{term!r}] is {kind!r}, but the property becomes {name}, which every graph has as "
                    f"{SHARED_RELATIONS[name].kind}; give it a name of its own with relations={{{term!r}: ...}}"
                )
    own = {name: described.get(name) or own_relation(name) for name in told if name not in SHARED_RELATIONS}
    return {**described, **{name: replace(relation, kind=told[name][1]) for name, relation in own.items()}}


def _relations(term: str, meant: Mapping[str, str], roles: Roles, standing: Standing) -> set[str]:
    """The relations that a term of `kinds` stands for: by its IRI, by the relation's name, by the end of its IRI."""
    written = f"<{roles.mapping.iri(term, roles.declared)}>"
    for property_ in (written, standing.inverse.get(written, "")):
        if property_ in meant:
            return {meant[property_]}
    if term in meant.values():
        return {term}
    return {name for property_, name in meant.items() if ":" not in term and local_name(property_[1:-1]) == term}


def _refuse(term: str, meant: Mapping[str, str], roles: Roles) -> None:
    """Say why a term of `kinds` stands for no relation."""
    iri = roles.mapping.iri(term, roles.declared)
    if iri in roles.found and roles.of(iri).use not in ("edge", "type"):
        use = roles.of(iri).use.replace("_", " ")
        raise InputFormatError(
            f"kinds[{term!r}] is for a relation, but that property is {use if use == 'ignored' else f'read as {use}'}; "
            f"give it a name with relations={{{term!r}: ...}} as well"
        )
    known = sorted(set(meant.values()) - set(SHARED_RELATIONS)) or sorted(set(meant.values()))
    ends = {local_name(name): name for name in known}
    near = [ends.get(name, name) for name in nearest_of(local_name(term), [*known, *ends])]
    raise UnknownNameError("property with edges", term, known=known, nearest=list(dict.fromkeys(near)))
