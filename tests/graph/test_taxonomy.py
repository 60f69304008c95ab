"""The taxonomy's questions against their definitions, written down plainly, with walks compiled and not."""

from collections import Counter

import networkx as nx
import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kgzsl.errors import InputFormatError, ResourceLimitError, UnknownConceptError, UnknownRelationError
from kgzsl.graph import root_paths
from kgzsl.graph.knowledge_graph import KnowledgeGraph
from kgzsl.graph.relation import POSITIVE_KINDS, SHARED_RELATIONS

RELATIONS = ("is_a", "instance_of", "has_part", "antonym")
laws = settings(max_examples=40, deadline=None)


def built(ids, edges, *, compiled=None):
    table = pl.DataFrame(edges, schema=dict.fromkeys(["head", "relation", "tail"], pl.String), orient="row")
    concepts = pl.DataFrame({"id": ids}, schema={"id": pl.String})
    kg = KnowledgeGraph.from_tables(concepts, table, [SHARED_RELATIONS[name] for name in RELATIONS], name="random")
    if compiled is not None:
        kg.index.walks.patience = 0 if compiled else None
    return kg


@st.composite
def graphs(draw):
    """A random graph, with or without cycles, over four relations; two of them are one taxonomy."""
    size, acyclic = draw(st.integers(1, 10)), draw(st.booleans())
    place = st.integers(0, size - 1)
    found = draw(st.lists(st.tuples(place, st.sampled_from(RELATIONS), place), max_size=24))
    ids = [f"c{number}" for number in range(size)]
    edges = {(max(h, t), r, min(h, t)) if acyclic else (h, r, t) for h, r, t in found if h != t}
    return built(ids, sorted((ids[h], r, ids[t]) for h, r, t in edges), compiled=draw(st.booleans()))


def plain(kg, kinds=("taxonomic",)):
    graph = nx.MultiDiGraph()
    graph.add_nodes_from(kg.ids)
    graph.add_edges_from((e.head, e.tail, e.relation) for e in kg.edges() if kg.relations[e.relation].kind in kinds)
    return graph


def above(graph):
    return dict(nx.all_pairs_shortest_path_length(graph))


def by_distance(steps):
    return sorted(((distance, id_) for id_, distance in steps.items()))


def answered(concepts):
    return list(zip(concepts.distances, concepts, strict=True))


@laws
@given(graphs())
def test_ancestors_and_descendants_come_with_their_distances_and_are_the_same_again(kg):
    steps = above(plain(kg))
    for id_ in kg.ids:
        for _ in range(2):
            found = kg.ancestors(id_)
            assert answered(found) == by_distance({b: d for b, d in steps[id_].items() if b != id_})
            below = kg.descendants(id_, max_distance=2, include_self=True)
            assert answered(below) == by_distance({a: steps[a][id_] for a in steps if steps[a].get(id_, 3) <= 2})
            assert all(concept.id == kg.concept(concept).id and concept.label == concept for concept in found)


@laws
@given(graphs(), st.integers(0, 4))
def test_neighbours_are_within_hops_either_way(kg, hops):
    everything = nx.Graph(plain(kg, POSITIVE_KINDS))
    taxonomy = nx.Graph(plain(kg))
    for id_ in kg.ids:
        for graph, relations in ((everything, None), (taxonomy, "taxonomic"), (taxonomy, ["^taxonomic", "is_a"])):
            steps = nx.single_source_shortest_path_length(graph, id_, cutoff=hops)
            wanted = by_distance({other: distance for other, distance in steps.items() if other != id_})
            assert answered(kg.neighbors(id_, hops=hops, relations=relations)) == wanted


@laws
@given(graphs())
def test_parents_children_and_siblings(kg):
    graph = plain(kg)
    for id_ in kg.ids:
        parents = sorted(graph.successors(id_))
        assert list(kg.parents(id_)) == parents
        assert list(kg.children(id_)) == sorted(graph.predecessors(id_))
        assert list(kg.siblings(id_)) == sorted({c for p in parents for c in graph.predecessors(p)} - {id_})


@laws
@given(graphs())
def test_roots_and_leaves_have_nothing_above_or_below_that_is_not_on_a_cycle_with_them(kg):
    graph = plain(kg)
    steps = above(graph)
    top = {a for a in kg.ids if all(a in steps[b] for b in steps[a])}
    bottom = {a for a in kg.ids if all(b in steps[a] for b in steps if a in steps[b])}
    inside = {id_ for id_ in kg.ids if graph.degree(id_)}
    assert list(kg.roots()) == sorted(top & inside)
    assert list(kg.leaves()) == sorted(bottom & inside)
    for id_ in kg.ids:
        assert answered(kg.roots(id_)) == by_distance({b: d for b, d in steps[id_].items() if b in top})
        assert answered(kg.leaves(id_)) == by_distance({a: steps[a][id_] for a in bottom if id_ in steps[a]})
        assert (kg.depth(id_) == 0) == (id_ in top)


@laws
@given(graphs(), st.data())
def test_common_ancestors_and_the_lowest_of_several(kg, data):
    steps = above(plain(kg))
    for _ in range(8):
        ids = data.draw(st.lists(st.sampled_from(kg.ids), min_size=1, max_size=4))
        common = set.intersection(*(set(steps[id_]) for id_ in ids))
        wanted = by_distance({c: sum(steps[id_][c] for id_ in set(ids)) for c in common})
        assert answered(kg.common_ancestors(*ids)) == wanted
        lowest = {c for c in common if not any(c in steps[d] and d not in steps[c] for d in common)}
        order = sorted(lowest, key=lambda id_: (-kg.depth(id_, longest=True), id_))
        assert list(kg.lowest_common_ancestors(*ids)) == order
        assert list(kg.lowest_common_ancestors(*reversed(ids))) == order


@laws
@given(graphs())
def test_a_concept_is_what_it_is_or_stands_below(kg):
    steps = above(plain(kg))
    for a in kg.ids:
        assert [kg.is_a(a, b) for b in kg.ids] == [b in steps[a] for b in kg.ids]


def ways_up(kg, roots, here, passed):
    """All simple ways to a root, edge by edge, by recursion."""
    if here in roots:
        return [()]
    edges = [e for e in kg.edges(head=here) if kg.relations[e.relation].kind == "taxonomic" and e.tail not in passed]
    return [((e.relation, e.tail), *rest) for e in edges for rest in ways_up(kg, roots, e.tail, {*passed, e.tail})]


@laws
@given(graphs())
def test_paths_to_the_root_are_all_simple_ways_shortest_first(kg):
    steps = above(plain(kg))
    roots = {a for a in kg.ids if all(a in steps[b] for b in steps[a])}
    for id_ in kg.ids:
        found = kg.paths_to_root(id_, limit=None)
        said = [tuple((e.relation, e.tail) for e in path.edges) for path in found]
        assert Counter(said) == Counter(ways_up(kg, roots, id_, {id_}))
        assert said == sorted(said, key=lambda way: (len(way), [tail for _, tail in way], way))
        assert all(path.start == id_ and path.end in roots and all(path.forward) for path in found)


@laws
@given(graphs())
def test_any_relation_is_climbed_and_its_inverse_down(kg):
    steps = above(plain(kg, ("part",)))
    for id_ in kg.ids:
        parts = by_distance({b: d for b, d in steps[id_].items() if b != id_})
        assert answered(kg.ancestors(id_, relations="has_part")) == parts
        assert answered(kg.descendants(id_, relations="part_of")) == parts
        assert answered(kg.ancestors(id_, relations="^^has_part")) == parts
        wholes = by_distance({a: steps[a][id_] for a in steps if id_ in steps[a] and a != id_})
        assert answered(kg.ancestors(id_, relations="part_of")) == answered(kg.ancestors(id_, relations="^has_part"))
        assert answered(kg.ancestors(id_, relations=["part_of"])) == wholes
        assert [kg.is_a(id_, other, relations="part_of") for other in kg.ids] == [id_ in steps[o] for o in kg.ids]


# -- hostile shapes ----------------------------------------------------------------------------------------------


def chain(size):
    ids = [f"c{number:05d}" for number in range(size)]
    return built(ids, [(a, "is_a", b) for a, b in zip(ids[1:], ids, strict=False)])


@pytest.mark.parametrize("compiled", [True, False])
def test_a_hub_with_a_hundred_thousand_children(compiled):
    ids = [f"c{number:06d}" for number in range(100_000)]
    kg = built([*ids, "hub", "root"], [*((id_, "is_a", "hub") for id_ in ids), ("hub", "is_a", "root")])
    kg.index.walks.patience = 0 if compiled else None
    assert kg.descendants("root").ids == ("hub", *ids)
    assert kg.neighbors("c000007", hops=2).ids == ("hub", *(id_ for id_ in ids if id_ != "c000007"), "root")
    assert len(kg.siblings("c000007")) == 99_999
    assert kg.leaves() == tuple(ids)
    assert kg.lowest_common_ancestors(*ids[:2000]) == ("hub",)
    assert kg.common_ancestors(ids[0], ids[1]).distances == (2, 4)
    assert len(kg.index.ancestor_pairs()[0]) == 3 * 100_000 + 2 + 1


@pytest.mark.parametrize("compiled", [True, False])
def test_a_chain_of_ten_thousand(compiled):
    kg = chain(10_001)
    kg.index.walks.patience = 0 if compiled else None
    last = kg.ids[-1]
    assert kg.ancestors(last).ids == kg.ids[-2::-1]
    assert kg.descendants(kg.ids[0]).distances == tuple(range(1, 10_001))
    assert (kg.depth(last), kg.depth(last, longest=True)) == (10_000, 10_000)
    assert kg.lowest_common_ancestors(last, kg.ids[7_000]) == (kg.ids[7_000],)
    assert kg.roots(last).distances == (10_000,)
    assert [len(path) for path in kg.paths_to_root(last)] == [10_000]
    assert kg.is_a(last, kg.ids[0])
    with pytest.raises(ResourceLimitError, match=r"over 50,000,000 .* take fewer relations"):
        kg.index.ancestor_pairs()


def test_the_closure_of_a_deep_chain_ladder_and_ring():
    node, ancestor, distance = chain(1_000).index.ancestor_pairs()
    assert np.array_equal(node - ancestor, distance)
    assert np.array_equal(np.bincount(node), np.arange(1, 1_001))
    steps = [(f"{a}{n:03d}", "is_a", f"{b}{n - 1:03d}") for n in range(1, 300) for a in "xy" for b in "xy"]
    ladder = built(sorted({end for head, _, tail in steps for end in (head, tail)}), steps)
    assert len(ladder.index.ancestor_pairs()[0]) == sum(2 * (1 + 2 * n) for n in range(300))
    ids = [f"r{number:03d}" for number in range(300)]
    ring = built([*ids, "below"], [*((a, "is_a", ids[n - 1]) for n, a in enumerate(ids)), ("below", "is_a", ids[5])])
    node, ancestor, distance = ring.index.ancestor_pairs()
    assert len(node) == 300 * 300 + 301
    assert distance[node == 0].tolist() == list(range(301))  # "below" comes before the others
    assert distance[node == 1].tolist() == list(range(300))


def test_a_taxonomy_that_is_one_cycle():
    kg = built(["a", "b", "c", "d"], [("a", "is_a", "b"), ("b", "is_a", "c"), ("c", "is_a", "a"), ("d", "is_a", "a")])
    assert answered(kg.ancestors("d")) == [(1, "a"), (2, "b"), (3, "c")]
    assert kg.roots() == ("a", "b", "c") == kg.lowest_common_ancestors("a", "d")
    assert (kg.leaves(), kg.leaves("b")) == (("d",), ("d",))
    assert [str(path) for path in kg.paths_to_root("d")] == ["d is a kind of a"]
    assert [len(path) for path in kg.paths_to_root("a")] == [0]
    assert [kg.is_a("b", "a"), kg.is_a("a", "d")] == [True, False]


def test_an_empty_graph_and_a_single_concept():
    empty, single = built([], []), built(["a"], [])
    assert (empty.roots(), empty.leaves(), single.roots(), single.leaves()) == ((), (), (), ())
    assert [len(column) for column in empty.index.ancestor_pairs()] == [0, 0, 0]
    for question in (empty.ancestors, empty.parents, empty.paths_to_root, empty.roots, empty.lowest_common_ancestors):
        with pytest.raises(UnknownConceptError):
            question("a")
    for compiled in (False, True):
        single.index.walks.patience = 0 if compiled else None
        for question in (single.ancestors, single.children, single.siblings, single.neighbors):
            assert question("a") == ()
        for question in (single.roots, single.leaves, single.common_ancestors, single.lowest_common_ancestors):
            assert question("a") == ("a",)
        assert single.ancestors("a", include_self=True).distances == (0,)
        assert len(single.paths_to_root("a")) == 1
        assert single.is_a("a", "a")


def test_too_many_paths_are_counted_before_they_are_walked():
    steps = [(f"{a}{n:02d}", "is_a", f"{b}{n - 1:02d}") for n in range(1, 41) for a in "xy" for b in "xy"]
    kg = built(sorted({end for head, _, tail in steps for end in (head, tail)}), steps)
    with pytest.raises(ResourceLimitError, match=r"'x40' has 1,099,511,627,776 paths to a root, .* limit=10,000"):
        kg.paths_to_root("x40")
    with pytest.raises(ResourceLimitError, match=r"have 43,980,465,111,040 edges"):
        kg.paths_to_root("x40", limit=None)
    assert len(kg.paths_to_root("x04", limit=16)) == 16
    with pytest.raises(ResourceLimitError, match="'x04' has 16 paths to a root"):
        kg.paths_to_root("x04", limit=15)


def test_too_many_ways_through_cycles_end_with_an_error(monkeypatch):
    ids = [f"c{number:02d}" for number in range(12)]
    every = [(a, "is_a", b) for a in ids for b in ids if a != b]
    kg = built([*ids, "root"], [*every, (ids[-1], "is_a", "root")])
    with pytest.raises(ResourceLimitError, match="has at least 101 paths to a root"):
        kg.paths_to_root(ids[0], limit=100)
    monkeypatch.setattr(root_paths, "_MOST_STEPS", 1000)
    with pytest.raises(ResourceLimitError, match=r"2,001 edges were tried"):
        kg.paths_to_root(ids[0], limit=None)


def test_what_is_not_asked_well_is_answered_with_advice(toy_graph):
    with pytest.raises(UnknownRelationError, match="nearest: 'is_a'"):
        toy_graph.ancestors("dog", relations="is_aa")
    with pytest.raises(UnknownRelationError, match="no relation 'is_aa'"):
        toy_graph.lowest_common_ancestors("dog", "cat", relations="^is_aa")
    with pytest.raises(UnknownConceptError, match="nearest: 'dog'"):
        toy_graph.lowest_common_ancestors("dog", "dgo")
    with pytest.raises(InputFormatError, match="an id is a string, not list"):
        toy_graph.common_ancestors(["dog", "cat"])
    for question in (toy_graph.common_ancestors, toy_graph.lowest_common_ancestors):
        with pytest.raises(InputFormatError, match="one or more"):
            question()
    for wrong in (-1, True, 1.5, "2"):
        with pytest.raises(InputFormatError, match="max_distance counts edges from 0 on"):
            toy_graph.ancestors("dog", max_distance=wrong)
        with pytest.raises(InputFormatError, match="hops counts edges from 0 on"):
            toy_graph.neighbors("dog", hops=wrong)
        with pytest.raises(InputFormatError, match="limit counts paths from 1 on"):
            toy_graph.paths_to_root("dog", limit=wrong)


def test_alternate_ids_and_concepts_are_taken(toy_graph):
    dog = toy_graph.concept("dog")
    assert toy_graph.parents("n02084071") == toy_graph.parents(dog) == ("mammal",)
    assert toy_graph.lowest_common_ancestors("n02084071", dog, "owl") == ("animal",)
    assert toy_graph.is_a(dog, "animal")


def test_parts_of_a_graph_take_relations_backwards(toy_graph):
    for word in ("^is_a", "has_kind", ["^is_a"]):
        below = toy_graph.induced(["mammal"], relations=word)
        assert set(below.ids) == {"mammal", *toy_graph.descendants("mammal", relations="is_a")}
        assert below.edges() == tuple(e for e in toy_graph.subgraph(below.ids).edges() if e.relation == "is_a")
        near = toy_graph.neighborhood("mammal", relations=word)
        assert near.ids == toy_graph.neighborhood("mammal", relations="is_a").ids
        assert near.edges() == toy_graph.neighborhood("mammal", relations="is_a").edges()
