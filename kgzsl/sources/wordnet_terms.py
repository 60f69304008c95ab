"""The words of WordNet's database files (wndb(5WN), wninput(5WN)) and what they mean here."""

from collections.abc import Mapping

from kgzsl.graph.relation import SHARED_RELATIONS, Relation

__all__ = ["LEXICOGRAPHER_FILES", "PARTS", "POINTERS", "RELATIONS", "VERB_FRAMES"]

PARTS: Mapping[str, str] = {"noun": "n", "verb": "v", "adj": "a", "adv": "r"}
"""Suffix of the data and index file, and the letter that its offsets go with."""

LEXICOGRAPHER_FILES = (
    "adj.all",
    "adj.pert",
    "adv.all",
    "noun.Tops",
    "noun.act",
    "noun.animal",
    "noun.artifact",
    "noun.attribute",
    "noun.body",
    "noun.cognition",
    "noun.communication",
    "noun.event",
    "noun.feeling",
    "noun.food",
    "noun.group",
    "noun.location",
    "noun.motive",
    "noun.object",
    "noun.person",
    "noun.phenomenon",
    "noun.plant",
    "noun.possession",
    "noun.process",
    "noun.quantity",
    "noun.relation",
    "noun.shape",
    "noun.state",
    "noun.substance",
    "noun.time",
    "verb.body",
    "verb.change",
    "verb.cognition",
    "verb.communication",
    "verb.competition",
    "verb.consumption",
    "verb.contact",
    "verb.creation",
    "verb.emotion",
    "verb.motion",
    "verb.perception",
    "verb.possession",
    "verb.social",
    "verb.stative",
    "verb.weather",
    "adj.ppl",
)
"""Names of the lexicographer files by number, lexnames(5WN); built in because Debian's package lacks the table."""

VERB_FRAMES = (
    "Something ----s",
    "Somebody ----s",
    "It is ----ing",
    "Something is ----ing PP",
    "Something ----s something Adjective/Noun",
    "Something ----s Adjective/Noun",
    "Somebody ----s Adjective",
    "Somebody ----s something",
    "Somebody ----s somebody",
    "Something ----s somebody",
    "Something ----s something",
    "Something ----s to somebody",
    "Somebody ----s on something",
    "Somebody ----s somebody something",
    "Somebody ----s something to somebody",
    "Somebody ----s something from somebody",
    "Somebody ----s somebody with something",
    "Somebody ----s somebody of something",
    "Somebody ----s something on somebody",
    "Somebody ----s somebody PP",
    "Somebody ----s something PP",
    "Somebody ----s PP",
    "Somebody's (body part) ----s",
    "Somebody ----s somebody to INFINITIVE",
    "Somebody ----s somebody INFINITIVE",
    "Somebody ----s that CLAUSE",
    "Somebody ----s to somebody",
    "Somebody ----s to INFINITIVE",
    "Somebody ----s whether INFINITIVE",
    "Somebody ----s somebody into V-ing something",
    "Somebody ----s something with something",
    "Somebody ----s INFINITIVE",
    "Somebody ----s VERB-ing",
    "It ----s that CLAUSE",
    "Something ----s INFINITIVE",
)
"""The sentence frames, frame 1 first."""

RELATIONS: Mapping[str, Relation] = {
    **{
        name: SHARED_RELATIONS[name]
        for name in (
            "is_a",
            "instance_of",
            "has_part",
            "has_member",
            "has_substance",
            "entails",
            "causes",
            "antonym",
        )
    },
    **{
        relation.name: relation
        for relation in (
            Relation(
                "attribute", "attribute", "attribute", "is attribute or value of", "is attribute or value of", True
            ),
            Relation(
                "derivationally_related",
                "association",
                "derivationally_related",
                "shares its word root with",
                "shares its word root with",
                True,
            ),
            Relation(
                "has_domain_topic", "association", "domain_topic_of", "belongs to the topic of", "is the topic of"
            ),
            Relation(
                "has_domain_region", "association", "domain_region_of", "belongs to the region of", "is the region of"
            ),
            Relation("has_domain_usage", "association", "domain_usage_of", "is used as", "is the usage of"),
            Relation("also_see", "association", "also_seen_from", "refers on to", "is referred to by"),
            Relation("verb_group", "association", "verb_group", "is grouped with", "is grouped with", True),
            Relation("similar_to", "association", "similar_to", "is similar to", "is similar to", True),
            Relation("participle_of", "association", "has_participle", "is a participle of", "has participle"),
            Relation("pertains_to", "association", "has_pertainym", "pertains to", "has pertainym"),
            Relation("derived_from", "association", "has_derived", "is derived from", "has derived word"),
        )
    },
}
"""Every relation that WordNet's pointers become."""

POINTERS: Mapping[str, tuple[str, bool]] = {
    "@": ("is_a", False),
    "~": ("is_a", True),
    "@i": ("instance_of", False),
    "~i": ("instance_of", True),
    "%m": ("has_member", False),
    "#m": ("has_member", True),
    "%s": ("has_substance", False),
    "#s": ("has_substance", True),
    "%p": ("has_part", False),
    "#p": ("has_part", True),
    "=": ("attribute", False),
    "+": ("derivationally_related", False),
    ";c": ("has_domain_topic", False),
    "-c": ("has_domain_topic", True),
    ";r": ("has_domain_region", False),
    "-r": ("has_domain_region", True),
    ";u": ("has_domain_usage", False),
    "-u": ("has_domain_usage", True),
    "*": ("entails", False),
    ">": ("causes", False),
    "^": ("also_see", False),
    "$": ("verb_group", False),
    "&": ("similar_to", False),
    "<": ("participle_of", False),
    "\\": ("pertains_to", False),
    "!": ("antonym", False),
}
"""Pointer symbol -> relation, and whether the pointer runs against it. In `data.adv`, `\\` is derived_from."""
