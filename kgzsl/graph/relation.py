"""What a type of edge means: its kind, its inverse and the verbs that read it aloud."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal, get_args

from kgzsl.display.table import Table
from kgzsl.display.text import escape_text
from kgzsl.errors import InputFormatError

__all__ = [
    "KINDS",
    "POSITIVE_KINDS",
    "SHARED_RELATIONS",
    "Kind",
    "Relation",
    "Relations",
    "describe",
    "given_relations",
    "stored_relation",
]

Kind = Literal["taxonomic", "part", "attribute", "causal", "association", "equivalence", "negative", "annotation"]
KINDS: tuple[str, ...] = get_args(Kind)
POSITIVE_KINDS = ("taxonomic", "part", "attribute", "causal", "association", "equivalence")
"""Kinds that say two concepts have something to do with each other; "is not" and mere annotation do not."""


@dataclass(frozen=True, slots=True)
class Relation:
    """A type of edge.

    `verb` reads an edge from head to tail ("is a kind of"), `inverse_verb` from tail to head ("has kind").
    `inverse` is the name under which the same edges are asked for the other way round, or "".

    >>> Relation("lives_in", "attribute", inverse="home_of", inverse_verb="is home of").verb
    'lives in'
    """

    name: str
    kind: Kind = "association"
    inverse: str = ""
    verb: str = ""
    inverse_verb: str = ""
    symmetric: bool = False

    def __post_init__(self) -> None:
        if not self.name or self.name.startswith("^"):
            raise InputFormatError(f"a relation needs a name that does not start with '^', not {self.name!r}")
        if self.kind not in KINDS:
            raise InputFormatError(f"relation {self.name!r} has kind {self.kind!r}; choose one of {', '.join(KINDS)}")
        words = self.name.replace("_", " ").strip()
        object.__setattr__(self, "verb", self.verb or words)
        if not self.inverse_verb:
            object.__setattr__(self, "inverse_verb", self.verb if self.symmetric else _without_words(self.verb))

    @property
    def is_told_back(self) -> bool:
        """Whether there are words for the way from tail to head."""
        return self.inverse_verb != _without_words(self.verb)

    def __repr__(self) -> str:
        said = [f"{name}={getattr(self, name)!r}" for name in ("inverse", "verb") if getattr(self, name)]
        said += [f"inverse_verb={self.inverse_verb!r}"] if self.is_told_back else []
        said += ["symmetric=True"] if self.symmetric else []
        return f"Relation({', '.join([repr(self.name), repr(self.kind), *said])})"

    def __str__(self) -> str:
        back = f", b {self.inverse_verb} a" if self.is_told_back and not self.symmetric else ""
        return escape_text(f"{self.name} ({self.kind}): a {self.verb} b{back}")

    def _repr_html_(self) -> str:
        return Relations((self,))._repr_html_()


class Relations(Mapping[str, Relation]):
    """Relations by name, in the order given; it cannot be changed, and shows itself as a table.

    >>> print(Relations([SHARED_RELATIONS["is_a"], SHARED_RELATIONS["same_as"]]))
    relation  kind         inverse   read aloud
    is_a      taxonomic    has_kind  a is a kind of b, b has kind a
    same_as   equivalence            a is the same as b
    """

    __slots__ = ("_held",)

    def __init__(self, relations: Iterable[Relation]) -> None:
        self._held = {relation.name: relation for relation in relations}

    def __getitem__(self, name: str) -> Relation:
        return self._held[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._held)

    def __len__(self) -> int:
        return len(self._held)

    def __contains__(self, name: object) -> bool:
        return name in self._held

    def to_table(self) -> Table:
        """A row for each relation: its name, kind, inverse, and how it is read aloud."""
        rows = (
            (each.name, each.kind, "" if each.symmetric else each.inverse, str(each).partition(": ")[2])
            for each in self.values()
        )
        return Table(("relation", "kind", "inverse", "read aloud"), rows)

    def __repr__(self) -> str:
        return f"<Relations {escape_text(', '.join(self))}>"

    def __str__(self) -> str:
        return str(self.to_table())

    def _repr_html_(self) -> str:
        return self.to_table()._repr_html_()


def _without_words(verb: str) -> str:
    return f"is reached by “{verb}” from"


def _pair(name: str, kind: Kind, inverse: str, verb: str, inverse_verb: str) -> Relation:
    return Relation(name, kind, inverse, verb, inverse_verb)


def _both_ways(name: str, kind: Kind, verb: str) -> Relation:
    return Relation(name, kind, name, verb, verb, symmetric=True)


SHARED_RELATIONS: Mapping[str, Relation] = {
    relation.name: relation
    for relation in (
        _pair("is_a", "taxonomic", "has_kind", "is a kind of", "has kind"),
        _pair("instance_of", "taxonomic", "has_instance", "is an instance of", "has instance"),
        _pair("has_part", "part", "part_of", "has part", "is part of"),
        _pair("has_member", "part", "member_of", "has member", "is a member of"),
        _pair("has_substance", "part", "substance_of", "is made of", "is what makes up"),
        _pair("has_property", "attribute", "property_of", "has property", "is a property of"),
        _pair("causes", "causal", "caused_by", "causes", "is caused by"),
        _pair("entails", "causal", "entailed_by", "entails", "is entailed by"),
        _both_ways("related_to", "association", "is related to"),
        _both_ways("same_as", "equivalence", "is the same as"),
        _both_ways("antonym", "negative", "is the opposite of"),
        _both_ways("disjoint_with", "negative", "is never a"),
    )
}
"""Relations every source maps its own terms onto where the meaning is the same."""


def given_relations(relations: Iterable[Relation]) -> dict[str, Relation]:
    """The relations a caller describes, by name; `InputFormatError` for anything else, such as bare names."""
    asked = "relations are described by Relation objects, as in [Relation('is_a', 'taxonomic')]"
    if isinstance(relations, str | Relation) or not isinstance(relations, Iterable):
        raise InputFormatError(f"{asked}, not {type(relations).__name__} {relations!r:.80}")
    given = list(relations)
    for relation in given:
        if not isinstance(relation, Relation):
            raise InputFormatError(f"{asked}; the list holds {type(relation).__name__} {relation!r:.80}")
    return {relation.name: relation for relation in given}


def describe(names: Iterable[str], given: Iterable[Relation] = ()) -> dict[str, Relation]:
    """The given relations, and for every other name the shared one, else an association; sorted by name."""
    known = {relation.name: relation for relation in given}
    for name in set(names) - set(known):
        known[name] = SHARED_RELATIONS.get(name) or Relation(name)
    return dict(sorted(known.items()))


def stored_relation(relations: Iterable[Relation], name: str) -> str | None:
    """The relation that `name` is the other way round of: `^is_a` and `has_kind` of `is_a`; None if it is none."""
    if not isinstance(name, str):
        raise InputFormatError(f"a relation is named by a string, not {type(name).__name__} {name!r}")
    known = list(relations)
    if any(relation.name == name for relation in known):
        return None
    if name.startswith("^"):
        return name[1:]
    turned = [relation.name for relation in known if relation.inverse == name]
    if len(turned) > 1:
        raise InputFormatError(
            f"{name!r} is the inverse of {' and of '.join(turned)}; use ^{turned[0]} or ^{turned[1]}"
        )
    return turned[0] if turned else None
