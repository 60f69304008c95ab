"""What cannot all be true, each time with a smallest set of stated edges that says so.

| rule | edges that contradict each other |
|---|---|
| "disjoint" | a concept is a kind of two that are disjoint, or of one that it is disjoint with |
| "denied" | something holds of a concept, by itself or of a kind it is one of, and is denied in the same way |
| "opposite" | a concept is a kind of its opposite, or the same |
| "loop" | an asymmetric relation leads back to where it starts: a wheel that is a part of itself |

"is a kind of" is `is_a` by any number of steps, `instance_of` as a first step and, with `equivalence`, `same_as` from
either end: links between two graphs are wrong more often than what either says. Kinds are taken not to be empty: two
kinds with something below both are not disjoint, whether or not an individual is among it. `not_x` denies `x` where
the graph has both, as ConceptNet's `not_has_property` and `has_property`. An exception to a rule contradicts it: birds
fly, penguins do not. An `is_a` cycle says that its concepts are the same, which may be unwanted but is no
contradiction.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice

import numpy as np

from kgzsl.display.html import html_table
from kgzsl.display.text import escape_text
from kgzsl.errors import InputFormatError
from kgzsl.graph.concept import Edge
from kgzsl.graph.index import GraphIndex
from kgzsl.graph.knowledge_graph import KnowledgeGraph
from kgzsl.graph.relation import Relation
from kgzsl.query.contradiction_clashes import LOOP, Clashes, denied, disjoint, opposite
from kgzsl.query.contradiction_paths import Upward
from kgzsl.query.entailment import unentailed
from kgzsl.query.proofs import joined, spoken

__all__ = ["ASYMMETRIC", "Contradiction", "contradictions"]

ASYMMETRIC = ("has_member", "has_part")
"""Relations that may not lead back to where they start. Of a substance people say both: trees are made of wood, and it
of them."""


@dataclass(frozen=True, slots=True, repr=False)
class Contradiction:
    """Stated edges that cannot all be true, while all but any one of them can: `facts`, under a `rule`.

    `concept` is what they are about: the lowest one, or the first of a loop.

    >>> import kgzsl
    >>> says = [("bat", "is_a", "bird"), ("bat", "is_a", "mammal"), ("bird", "disjoint_with", "mammal")]
    >>> (found,) = kgzsl.KnowledgeGraph.from_tables(["bat", "bird", "mammal"], says).contradictions()
    >>> found.rule, found.concept, len(found.facts)
    ('disjoint', 'bat', 3)
    """

    rule: str
    concept: str
    facts: tuple[Edge, ...]
    labels: Mapping[str, str] = field(default_factory=dict, hash=False, compare=False)
    relation_types: Mapping[str, Relation] = field(default_factory=dict, hash=False, compare=False)

    def sentence(self) -> str:
        """The edges in words; of more than 12 the rest are counted.

        >>> import kgzsl
        >>> says = [("bat", "is_a", "bird"), ("bat", "is_a", "mammal"), ("bird", "disjoint_with", "mammal")]
        >>> (found,) = kgzsl.KnowledgeGraph.from_tables(["bat", "bird", "mammal"], says).contradictions()
        >>> found.sentence()
        'bat (disjoint): it cannot be that bat is a kind of bird, bat is a kind of mammal and bird is never a mammal'
        """
        said = [spoken(fact, self.labels, self.relation_types) for fact in self.facts]
        about = escape_text(self.labels.get(self.concept, self.concept))
        return f"{about} ({self.rule}): it cannot be that {joined(said)}"

    def __str__(self) -> str:
        return self.sentence()

    def __repr__(self) -> str:
        return f"<Contradiction {self.rule} at {escape_text(self.concept)}: {len(self.facts)} facts>"

    def _repr_html_(self) -> str:
        rows = [(spoken(fact, self.labels, self.relation_types), fact.source) for fact in self.facts]
        about = self.labels.get(self.concept, self.concept)
        return html_table(rows, ["not all of this is true", "source"], caption=f"⊥ {about}: {self.rule}")


def contradictions(
    graph: KnowledgeGraph,
    *,
    limit: int | None = 100,
    equivalence: bool = False,
    asymmetric: Iterable[str] | str | None = None,
) -> tuple[Contradiction, ...]:
    """The first `limit` contradictions (None: all) among the edges a graph states, inferred ones left aside.

    Of "disjoint", "denied" and "opposite" there is one for each pair of concepts set against each other and each
    concept below both by ways of its own; what is below only because something above it is, is not told again. Of
    "loop" there are shortest loops through edges, until each edge that is on one has been told, of relations in
    `asymmetric` (names or kinds; None: `has_part` and `has_member`). In the order of the table above, then of the
    edges that set two against each other, then of concepts. `equivalence` takes `same_as` for `is_a` both ways.

    >>> import kgzsl
    >>> edges = [("bat", "is_a", "mammal"), ("bat", "is_a", "bird"), ("bird", "disjoint_with", "mammal")]
    >>> kg = kgzsl.KnowledgeGraph.from_tables(["bat", "bird", "mammal"], edges)
    >>> print(kg.contradictions()[0])
    bat (disjoint): it cannot be that bat is a kind of bird, bat is a kind of mammal and bird is never a mammal
    """
    if limit is not None and (isinstance(limit, bool) or not isinstance(limit, int | np.integer) or limit < 0):
        raise InputFormatError(f"limit is a number of contradictions, or None for all, not {limit!r}")
    bare = unentailed(graph)
    present = [name for name in ASYMMETRIC if name in bare.relations]
    ways = bare.index.directions(present if asymmetric is None else asymmetric)  # a loop is one either way round
    loops = sorted({code for codes in ways for code in codes})
    return tuple(islice(_all(bare, Upward(bare.index, equivalence=equivalence), loops), limit))


def _all(graph: KnowledgeGraph, upward: Upward, loops: Iterable[int]) -> Iterator[Contradiction]:
    index = graph.index
    met: set[frozenset[int]] = set()
    for clashes in (disjoint(index), denied(index), opposite(index)):
        for concept, rows in _below_clashes(upward, clashes):
            if frozenset(rows) not in met:
                met.add(frozenset(rows))
                yield _told(graph, clashes.rule, concept, rows)
    for code in loops:
        for concept, rows in _loops(index, index.relations[code].name):
            yield _told(graph, LOOP, concept, rows)


def _below_clashes(upward: Upward, clashes: Clashes) -> Iterator[tuple[int, list[int]]]:
    for place, concepts in upward.shared(clashes.first, clashes.second):
        a, b = int(clashes.first[place]), int(clashes.second[place])
        for concept in concepts.tolist():
            if clashes.is_direct and concept not in (a, b):
                continue
            ways = upward.ways(concept, a, b)
            if ways is not None:
                yield concept, [*ways[0], *ways[1], *(int(row) for row in clashes.rows[place] if row >= 0)]


def _loops(index: GraphIndex, relation: str) -> Iterator[tuple[int, list[int]]]:
    """Shortest loops through edges, until each edge that is on one has been told, from their first concept."""
    component, up = index.components([relation]), index.up([relation])
    rows = index.edge_rows([relation])
    met: set[int] = set()
    for row in rows[component[index.head[rows]] == component[index.tail[rows]]].tolist():
        if row in met:
            continue
        start, goal = int(index.tail[row]), int(index.head[row])
        came = {start: -1}
        waiting = deque([start])
        while waiting and goal not in came:
            here = waiting.popleft()
            for other, edge in zip(up.of(here), up.edges_of(here), strict=True):
                if other not in came and component[other] == component[goal]:
                    came[other] = edge
                    waiting.append(other)
        loop, here = [row], goal
        while here != start:
            loop.append(came[here])
            here = int(index.head[came[here]])
        met.update(loop)
        heads = index.head[loop].tolist()
        loop, heads = loop[:1] + loop[:0:-1], heads[:1] + heads[:0:-1]
        first = heads.index(min(heads))
        yield heads[first], loop[first:] + loop[:first]


def _told(graph: KnowledgeGraph, rule: str, concept: int, rows: list[int]) -> Contradiction:
    facts = graph.edges_at(rows)
    ends = sorted({end for fact in facts for end in (fact.head, fact.tail)})
    labels = {end: str(graph.read_concept(graph.position(end), "label")) for end in ends}
    types = {fact.relation: graph.relations[fact.relation] for fact in facts}
    return Contradiction(rule, graph.ids[concept], facts, labels, types)
