"""OWL's class expressions, which RDF spells with blank nodes, as edges between named things."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

import polars as pl

from kgzsl.sources.rdf_roles import term

__all__ = ["SUB_CLASS_OF", "Expressions"]

SUB_CLASS_OF: Final = term("rdfs:subClassOf")
_EQUIVALENT: Final = term("owl:equivalentClass")
_TYPE: Final = term("rdf:type")
_DISJOINT: Final = term("owl:disjointWith")
_FIRST, _REST, _NIL = term("rdf:first"), term("rdf:rest"), term("rdf:nil")
_AND, _OR, _ONE_OF = term("owl:intersectionOf"), term("owl:unionOf"), term("owl:oneOf")
_DISJOINT_UNION, _NOT = term("owl:disjointUnionOf"), term("owl:complementOf")
_ON, _SOME, _VALUE = term("owl:onProperty"), term("owl:someValuesFrom"), term("owl:hasValue")
_INVERSE: Final = term("owl:inverseOf")

Edge = tuple[str, str, str]


@dataclass
class Expressions:
    """What the blank nodes of a document say, and the edges that follow from it.

    An edge is a triple of terms, its property as in the document. Only what follows by logic is said: of `C = A and (P
    some B)` that C is an A and C P B; of a union, that its members are kinds of the class. What lies inside a
    restriction is said of its class as well: `P some (A and Q)` gives C P A.
    """

    said: Mapping[str, Mapping[str, tuple[str, ...]]] = field(default_factory=dict)
    most_steps: int = 200

    @classmethod
    def of(cls, structure: pl.DataFrame, *, most_steps: int) -> "Expressions":
        """From the triples whose subject is a blank node."""
        said: dict[str, dict[str, tuple[str, ...]]] = {}
        for s, p, o in structure.select("s", "p", "o").sort("s", "p", "o").iter_rows():
            facts = said.setdefault(s, {})
            facts[p] = (*facts.get(p, ()), o)
        return cls(said, most_steps)

    def edges(self, s: str, p: str, o: str) -> list[Edge]:
        """The edges that follow from a triple of a named subject and an expression; none if it is not used."""
        if p in (SUB_CLASS_OF, _TYPE):
            return self._distinct(self._above(s, p, o, self.most_steps))
        if p == _EQUIVALENT:
            return self._distinct([*self._above(s, SUB_CLASS_OF, o, self.most_steps), *self._below(s, o)])
        if p == _AND:
            return self._distinct(
                edge for part in self._items(o) for edge in self._above(s, SUB_CLASS_OF, part, self.most_steps)
            )
        if p in (_OR, _DISJOINT_UNION, _ONE_OF):
            return self._distinct((part, _TYPE if p == _ONE_OF else SUB_CLASS_OF, s) for part in self._items(o))
        return []

    @staticmethod
    def _distinct(edges: Iterable[Edge]) -> list[Edge]:
        return list(dict.fromkeys(edge for edge in edges if edge[0][:1] == edge[2][:1] == "<"))

    def _facts(self, node: str) -> Mapping[str, tuple[str, ...]]:
        return self.said.get(node, {})

    def _items(self, node: str) -> Iterator[str]:
        """The members of a list; one that bites its tail ends there."""
        passed: set[str] = set()
        while node != _NIL and node not in passed:
            passed.add(node)
            facts = self._facts(node)
            yield from facts.get(_FIRST, ())[:1]
            node = next(iter(facts.get(_REST, (_NIL,))))

    def _above(self, s: str, p: str, node: str, steps: int) -> Iterator[Edge]:
        """What follows for `s` from being (`p`: a kind or an instance of) what `node` describes."""
        if not node.startswith("_:"):
            yield (s, p, node)
            return
        if steps == 0:
            return
        facts = self._facts(node)
        for first in facts.get(_AND, ()):
            for part in self._items(first):
                yield from self._above(s, p, part, steps - 1)
        for other in facts.get(_NOT, ()):
            if p == SUB_CLASS_OF:
                yield (s, _DISJOINT, other)
        for property_, reverse in self._properties(facts):
            fillers = [*facts.get(_VALUE, ())]
            for filler in facts.get(_SOME, ()):
                fillers += self._named(filler, steps - 1)
            for filler in fillers:
                yield (filler, property_, s) if reverse else (s, property_, filler)

    def _properties(self, facts: Mapping[str, tuple[str, ...]]) -> Iterator[tuple[str, bool]]:
        """The property of a restriction, and whether it is its inverse that is meant."""
        for property_ in facts.get(_ON, ()):
            if not property_.startswith("_:"):
                yield property_, False
            else:
                yield from ((inverse, True) for inverse in self._facts(property_).get(_INVERSE, ()))

    def _named(self, node: str, steps: int) -> Iterator[str]:
        """The named classes that all members of an expression belong to."""
        for _, p, above in self._above("<>", SUB_CLASS_OF, node, max(steps, 0)):
            if p == SUB_CLASS_OF:
                yield above

    def _below(self, s: str, node: str) -> Iterator[Edge]:
        """What an expression that is the same as `s` has for members."""
        facts = self._facts(node)
        for first in facts.get(_OR, ()):
            yield from ((part, SUB_CLASS_OF, s) for part in self._items(first))
        for first in facts.get(_ONE_OF, ()):
            yield from ((part, _TYPE, s) for part in self._items(first))
