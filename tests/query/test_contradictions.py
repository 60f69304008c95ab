"""Contradictions are found, each with a smallest set of edges."""

from itertools import combinations

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings

from kgzsl.errors import InputFormatError, UnknownRelationError
from kgzsl.graph.knowledge_graph import KnowledgeGraph
from kgzsl.graph.relation import Relation
from kgzsl.sources.reading import read

CONCEPTS = ["a", "b", "c", "d", "e"]
RELATIONS = [
    Relation("not_p", "negative"),
    Relation("p", "attribute"),
]
NAMES = ["is_a", "instance_of", "disjoint_with", "antonym", "has_part", "p", "not_p", "same_as"]


def graph_of(edges, concepts=CONCEPTS):
    return KnowledgeGraph.from_tables(concepts, edges, RELATIONS)


def closed(pairs):
    more = {(h, t) for h, m in pairs for n, t in pairs if m == n}
    return pairs if more <= pairs else closed(pairs | more)


def is_inconsistent(edges, *, equivalence=False):
    """Whether edges contradict each other, by the definition, over the closure of what is below what."""
    up = {(h, t) for h, r, t in edges if r == "is_a"} | {(name, name) for name in CONCEPTS}
    if equivalence:
        up |= {pair for h, r, t in edges if r == "same_as" for pair in ((h, t), (t, h))}
    part = {(h, t) for h, r, t in edges if r == "has_part"}
    up, part = closed(up), closed(part)
    up |= {(h, t) for h, r, m in edges if r == "instance_of" for n, t in up if n == m}
    clashes = [(h, t) for h, r, t in edges if r == "disjoint_with"]
    clashes += [(h, k) for h, r, t in edges if r == "p" for k, s, u in edges if s == "not_p" and u == t]
    return (
        any((x, a) in up and (x, b) in up for a, b in clashes for x in CONCEPTS)
        or any((h, t) in up or (t, h) in up for h, r, t in edges if r == "antonym")
        or any(h == t for h, t in part)
    )


EDGE = st.tuples(st.sampled_from(CONCEPTS), st.sampled_from(NAMES), st.sampled_from(CONCEPTS))
EDGES = st.lists(EDGE.filter(lambda edge: edge[0] != edge[2]), max_size=10, unique=True)


@settings(max_examples=200, deadline=None)
@given(EDGES, st.booleans())
def test_what_is_found_is_inconsistent_and_no_less_of_it_is(edges, equivalence):
    found = graph_of(edges).contradictions(limit=None, equivalence=equivalence)
    assert bool(found) == is_inconsistent(edges, equivalence=equivalence)
    for contradiction in found:
        facts = [(edge.head, edge.relation, edge.tail) for edge in contradiction.facts]
        assert set(facts) <= set(edges)
        assert len(set(facts)) == len(facts)
        assert is_inconsistent(facts, equivalence=equivalence)
        for fewer in combinations(facts, len(facts) - 1):
            assert not is_inconsistent(fewer, equivalence=equivalence)
    assert len({frozenset(map(str, one.facts)) for one in found}) == len(found)


DAG = st.lists(
    st.tuples(st.integers(0, 5), st.integers(0, 5)).filter(lambda pair: pair[0] < pair[1]), max_size=12, unique=True
)


@settings(max_examples=150, deadline=None)
@given(DAG)
def test_every_concept_with_a_smallest_set_of_its_own_is_found(pairs):
    """Of all subsets of the edges that are inconsistent and smallest, each meets in a concept that is reported."""
    concepts = [f"c{place}" for place in range(6)]
    edges = [(f"c{low}", "is_a", f"c{high}") for low, high in pairs]
    clash = ("c4", "disjoint_with", "c5")
    graph = KnowledgeGraph.from_tables(concepts, [*edges, clash])

    def ways(start, goal):
        here = [[(start, None)]]
        while here:
            way = here.pop()
            if way[-1][0] == goal:
                yield {concept for concept, _ in way[1:]}
            here += [[*way, (t, None)] for h, _, t in edges if h == way[-1][0]]

    expected = {
        concept
        for concept in concepts
        if any(not one & other for one in ways(concept, "c4") for other in ways(concept, "c5"))
    }
    assert {found.concept for found in graph.contradictions(limit=None)} == expected


def told(*edges, **options):
    concepts = sorted({end for head, _, tail in edges for end in (head, tail)})
    return [str(found) for found in graph_of(edges, concepts).contradictions(**options)]


def test_a_kind_of_two_disjoint_ones():
    assert told(
        ("bat", "is_a", "bird"), ("bat", "is_a", "bat-like"), ("bat-like", "is_a", "mammal"), ("pip", "is_a", "bat"),
        ("bird", "disjoint_with", "mammal"), ("mammal", "disjoint_with", "bird"),
    ) == [
        "bat (disjoint): it cannot be that bat is a kind of bird, bat is a kind of bat-like, bat-like is a kind of "
        "mammal and bird is never a mammal"
    ]  # fmt: skip


def test_an_instance_of_two_disjoint_ones():
    assert told(
        ("pip", "instance_of", "bird"), ("pip", "instance_of", "mammal"), ("bird", "disjoint_with", "mammal")
    ) == [
        "pip (disjoint): it cannot be that pip is an instance of bird, pip is an instance of mammal and bird is never "
        "a mammal"
    ]


def test_an_exception_is_denied():
    assert told(("bird", "p", "flight"), ("penguin", "is_a", "bird"), ("penguin", "not_p", "flight")) == [
        "penguin (denied): it cannot be that penguin is a kind of bird, penguin not p flight and bird p flight"
    ]


def test_an_opposite_of_its_kind():
    assert told(("a", "antonym", "c"), ("a", "is_a", "b"), ("b", "is_a", "c"), ("x", "is_a", "a")) == [
        "a (opposite): it cannot be that a is a kind of b, b is a kind of c and a is the opposite of c"
    ]


def test_a_part_of_itself():
    loop = [("c", "has_part", "a"), ("a", "has_part", "b"), ("b", "has_part", "c"), ("c", "has_part", "d")]
    assert told(*loop) == ["a (loop): it cannot be that a has part b, b has part c and c has part a"]
    assert told(*loop, asymmetric=[]) == []
    assert told(*loop, asymmetric="part_of") == told(*loop, asymmetric="^has_part") == told(*loop)
    assert told(("a", "is_a", "b"), ("b", "is_a", "a")) == []
    assert len(told(("a", "is_a", "b"), ("b", "is_a", "a"), asymmetric="is_a")) == 1


def test_inferred_edges_are_no_facts():
    edges = [("x", "is_a", "y"), ("y", "is_a", "z"), ("x", "disjoint_with", "z")]
    graph = graph_of(edges, ["x", "y", "z"])
    assert graph.entail("rdfs").contradictions() == graph.contradictions()
    assert len(graph.contradictions()) == 1


def test_limit_takes_the_first_and_mistakes_are_named():
    edges = [(f"x{place}", "is_a", kind) for place in range(9) for kind in ("y", "z")]
    graph = graph_of([*edges, ("y", "disjoint_with", "z")], ["y", "z", *(f"x{place}" for place in range(9))])
    assert graph.contradictions(limit=4) == graph.contradictions(limit=None)[:4]
    assert [found.concept for found in graph.contradictions()] == [f"x{place}" for place in range(9)]
    for limit in (-1, True, "all"):
        with pytest.raises(InputFormatError):
            graph.contradictions(limit=limit)
    with pytest.raises(UnknownRelationError):
        graph.contradictions(asymmetric="partof")


def test_a_contradiction_shows_itself_escaped():
    edges = [("x", "is_a", "y"), ("x", "disjoint_with", "y")]
    graph = KnowledgeGraph.from_tables([{"id": "x", "label": "<b>"}, "y"], edges)
    (found,) = graph.contradictions()
    assert "&lt;b&gt;" in found._repr_html_()
    assert "<td><b>" not in found._repr_html_()
    assert repr(found) == "<Contradiction disjoint at x: 2 facts>"


def test_a_hub_under_a_contradiction_is_answered():
    count = 100_000
    edges = [(f"x{place:06d}", "is_a", "top") for place in range(count)]
    more = [("top", "is_a", "y"), ("top", "is_a", "z"), ("y", "disjoint_with", "z")]
    graph = graph_of([*edges, *more], ["top", "y", "z", *(f"x{place:06d}" for place in range(count))])
    assert [found.concept for found in graph.contradictions()] == ["top"]


# -- KG-AwA ------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def awa(shared_data):
    return read(shared_data("kzsl/KG-AwA.csv"))


def test_kg_awa_does_not_contradict_itself(awa):
    assert awa.contradictions() == ()


def test_fifty_injected_contradictions_are_all_found_with_smallest_sets(awa):
    rng = np.random.default_rng(5)
    node, above, distance = awa.index.ancestor_pairs(["is_a"])
    pairs = awa.edges(relation="disjoint_with")
    injected = []
    while len(injected) < 50:
        pair = pairs[rng.integers(len(pairs))]
        below = node[(above == awa.position(pair.head)) & (distance > 0)]
        below = below if len(below) else np.array([awa.position(pair.head)])
        edge = (awa.ids[below[rng.integers(len(below))]], "is_a", pair.tail)
        if edge not in injected and edge[0] != edge[2] and not awa.edges(*edge):
            injected.append(edge)
    graph = awa.add_edges(injected)
    found = graph.contradictions(limit=None)
    used = {(fact.head, fact.relation, fact.tail) for one in found for fact in one.facts}
    assert used >= set(injected)
    stated = {(edge.head, edge.relation, edge.tail) for edge in graph.edges()}
    for one in found:
        facts = [(fact.head, fact.relation, fact.tail) for fact in one.facts]
        assert set(facts) <= stated
        assert set(facts) & set(injected)
        concepts = sorted({end for fact in facts for end in (fact[0], fact[2])})
        assert KnowledgeGraph.from_tables(concepts, facts).contradictions()
        for fewer in combinations(facts, len(facts) - 1):
            assert not KnowledgeGraph.from_tables(concepts, list(fewer)).contradictions()
