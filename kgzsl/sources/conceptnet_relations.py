"""What ConceptNet's relations mean among ours."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from kgzsl.errors import InputFormatError, UnknownNameError
from kgzsl.graph.relation import KINDS, SHARED_RELATIONS, Kind, Relation

__all__ = ["CONCEPTNET_RELATIONS", "EXTERNAL_URL", "ConceptNetRelation", "relation_of", "selected_relations"]

EXTERNAL_URL = "/r/ExternalURL"


@dataclass(frozen=True, slots=True)
class ConceptNetRelation:
    """A relation of ConceptNet as one of ours; `reverse` if its edges run the other way round there."""

    uri: str
    relation: Relation
    reverse: bool = False
    is_known: bool = True


def _shared(uri: str, name: str, *, reverse: bool = False) -> ConceptNetRelation:
    return ConceptNetRelation(f"/r/{uri}", SHARED_RELATIONS[name], reverse)


def _own(uri: str, name: str, kind: Kind, inverse: str, verb: str, inverse_verb: str) -> ConceptNetRelation:
    return ConceptNetRelation(f"/r/{uri}", Relation(name, kind, inverse, verb, inverse_verb))


def _both_ways(uri: str, name: str, kind: Kind, verb: str) -> ConceptNetRelation:
    return ConceptNetRelation(f"/r/{uri}", Relation(name, kind, name, verb, verb, symmetric=True))


CONCEPTNET_RELATIONS: Mapping[str, ConceptNetRelation] = {
    found.uri: found
    for found in (
        _shared("IsA", "is_a"),
        _shared("InstanceOf", "instance_of"),
        _shared("PartOf", "has_part", reverse=True),
        _shared("MadeOf", "has_substance"),
        _shared("HasProperty", "has_property"),
        _shared("Causes", "causes"),
        _shared("Entails", "entails"),
        _shared("RelatedTo", "related_to"),
        _shared("Antonym", "antonym"),
        _shared("DistinctFrom", "disjoint_with"),
        _both_ways("Synonym", "synonym", "equivalence", "means the same as"),
        _both_ways("SimilarTo", "similar_to", "association", "is similar to"),
        _both_ways(
            "EtymologicallyRelatedTo", "etymologically_related_to", "association", "shares its word origin with"
        ),
        _own("AtLocation", "at_location", "attribute", "location_of", "is found at", "is where one finds"),
        _own("CapableOf", "capable_of", "attribute", "ability_of", "can", "is what can be done by"),
        _own("CausesDesire", "causes_desire", "causal", "desire_caused_by", "makes one want", "is wanted because of"),
        _own("CreatedBy", "created_by", "causal", "creates", "is created by", "creates"),
        _own("DefinedAs", "defined_as", "equivalence", "definition_of", "is defined as", "defines"),
        _own("DerivedFrom", "derived_from", "association", "has_derived", "is derived from", "has derived word"),
        _own("Desires", "desires", "attribute", "desired_by", "wants", "is wanted by"),
        _own(
            "EtymologicallyDerivedFrom",
            "etymologically_derived_from",
            "association",
            "etymological_source_of",
            "has its word origin in",
            "is the word origin of",
        ),
        _own("FormOf", "form_of", "association", "has_form", "is a form of", "has form"),
        _own("HasA", "has_a", "part", "belongs_to", "has", "belongs to"),
        _own("HasContext", "has_context", "association", "context_of", "is a term of", "is the context of"),
        _own(
            "HasFirstSubevent",
            "has_first_subevent",
            "part",
            "first_subevent_of",
            "begins with",
            "is what begins",
        ),
        _own("HasLastSubevent", "has_last_subevent", "part", "last_subevent_of", "ends with", "is what ends"),
        _own("HasPrerequisite", "has_prerequisite", "causal", "prerequisite_of", "requires", "is required for"),
        _own("HasSubevent", "has_subevent", "part", "subevent_of", "includes", "happens during"),
        _own("LocatedNear", "located_near", "association", "near_to", "is found near", "has near it"),
        _own("MannerOf", "manner_of", "taxonomic", "has_manner", "is a way to", "can be done by way of"),
        _own("MotivatedByGoal", "motivated_by_goal", "causal", "goal_of", "is done in order to", "is the goal of"),
        _own("ObstructedBy", "obstructed_by", "negative", "obstructs", "is obstructed by", "obstructs"),
        _own("NotCapableOf", "not_capable_of", "negative", "not_ability_of", "cannot", "is what cannot be done by"),
        _own("NotDesires", "not_desires", "negative", "not_desired_by", "does not want", "is not wanted by"),
        _own(
            "NotHasProperty",
            "not_has_property",
            "negative",
            "not_property_of",
            "does not have property",
            "is not a property of",
        ),
        _own("NotUsedFor", "not_used_for", "negative", "not_use_of", "is not used for", "is not done with"),
        _own("ReceivesAction", "receives_action", "attribute", "action_received_by", "can be", "is what happens to"),
        _own("SymbolOf", "symbol_of", "association", "has_symbol", "is a symbol of", "has symbol"),
        _own("UsedFor", "used_for", "attribute", "use_of", "is used for", "is done with"),
        _own("ExternalURL", "external_url", "annotation", "page_about", "is described at", "describes"),
        _own("dbpedia/capital", "dbpedia_capital", "attribute", "capital_of", "has capital", "is the capital of"),
        _own("dbpedia/field", "dbpedia_field", "attribute", "field_of", "works in the field of", "is the field of"),
        _own("dbpedia/genre", "dbpedia_genre", "attribute", "genre_of", "is of genre", "is the genre of"),
        _own("dbpedia/genus", "dbpedia_genus", "taxonomic", "genus_of", "is of genus", "is the genus of"),
        _own(
            "dbpedia/influencedBy",
            "dbpedia_influenced_by",
            "association",
            "dbpedia_influences",
            "is influenced by",
            "influences",
        ),
        _own("dbpedia/knownFor", "dbpedia_known_for", "association", "what_is_known_of", "is known for", "made known"),
        _own("dbpedia/language", "dbpedia_language", "attribute", "language_of", "has language", "is the language of"),
        _own("dbpedia/leader", "dbpedia_leader", "attribute", "leader_of", "is led by", "leads"),
        _own(
            "dbpedia/occupation",
            "dbpedia_occupation",
            "attribute",
            "occupation_of",
            "has occupation",
            "is the occupation of",
        ),
        _own("dbpedia/product", "dbpedia_product", "association", "product_of", "makes", "is made by"),
    )
}
"""The 50 relations of ConceptNet 5.7, by URI.

`PartOf` becomes `has_part`, from whole to part. `Synonym` stays apart from `same_as`: it holds between words, across
senses and languages.
"""

_BY_NAME: Mapping[str, str] = {
    **{uri.removeprefix("/r/"): uri for uri in CONCEPTNET_RELATIONS},
    **{found.relation.name: uri for uri, found in CONCEPTNET_RELATIONS.items()},
}


def relation_of(uri: str) -> ConceptNetRelation:
    """What a relation's URI stands for here; one that is not known is an association under its own name.

    >>> relation_of("/r/PartOf").relation.name, relation_of("/r/PartOf").reverse
    ('has_part', True)
    >>> relation_of("/r/Frobnicates").relation.name
    'Frobnicates'
    """
    return CONCEPTNET_RELATIONS.get(uri) or ConceptNetRelation(uri, Relation(uri.removeprefix("/r/")), is_known=False)


def selected_relations(relations: Iterable[str] | str | None) -> tuple[str, ...] | None:
    """URIs of the relations chosen by URI, by ConceptNet's name, by our name, or by kind; sorted; None chooses all.

    >>> selected_relations(["IsA", "has_part", "negative"])[:3]
    ('/r/Antonym', '/r/DistinctFrom', '/r/IsA')
    """
    if relations is None:
        return None
    chosen: set[str] = set()
    for name in [relations] if isinstance(relations, str) else relations:
        if name in KINDS:
            chosen |= {uri for uri, found in CONCEPTNET_RELATIONS.items() if found.relation.kind == name}
        elif name.startswith("/r/") and len(name) > 3:
            chosen.add(name)
        elif name in _BY_NAME:
            chosen.add(_BY_NAME[name])
        else:
            raise UnknownNameError("relation of ConceptNet", name, known=sorted(_BY_NAME))
    if not chosen:
        raise InputFormatError("relations= chooses nothing; leave it out to read all of them")
    return tuple(sorted(chosen))
