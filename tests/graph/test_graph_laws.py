"""What must hold for every graph, against definitions written down plainly and against NetworkX."""

import random

import networkx as nx
import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kgzsl.errors import NoPathError
from kgzsl.graph.knowledge_graph import KnowledgeGraph
from kgzsl.graph.relation import SHARED_RELATIONS

RELATIONS = ("is_a", "instance_of", "has_part", "related_to")
COLUMNS = {"head": pl.String, "relation": pl.String, "tail": pl.String}
laws = settings(max_examples=40, deadline=None)


def built(size, triples, *, order=None):
    ids = [f"c{place:02d}" for place in range(size)]
    rows = [(ids[head], relation, ids[tail]) for head, relation, tail in triples]
    if order is not None:
        random.Random(order).shuffle(ids)
        random.Random(order).shuffle(rows)
    concepts = pl.DataFrame({"id": ids, "definition": [f"is {id_}" for id_ in ids]})
    edges = pl.DataFrame(rows, schema=COLUMNS, orient="row")
    return KnowledgeGraph.from_tables(concepts, edges, [SHARED_RELATIONS[name] for name in RELATIONS], name="random")


@st.composite
def triples(draw, *, acyclic=False):
    size = draw(st.integers(1, 12))
    place = st.integers(0, size - 1)
    found = draw(st.lists(st.tuples(place, st.sampled_from(RELATIONS), place), max_size=30))
    found = {(max(h, t), r, min(h, t)) if acyclic else (h, r, t) for h, r, t in found if h != t}
    return size, sorted(found)


def graphs(*, acyclic=False):
    return triples(acyclic=acyclic).map(lambda drawn: built(*drawn))


def taxonomy(kg):
    plain = nx.DiGraph()
    plain.add_nodes_from(kg.ids)
    plain.add_edges_from((e.head, e.tail) for e in kg.edges(relation="taxonomic"))
    return plain


def lowest(plain, a, b):
    """Common ancestors with no common ancestor strictly below: below it, and not above it as well."""
    above = {node: {node} | nx.descendants(plain, node) for node in plain}
    common = above[a] & above[b]
    return {p for p in common if not any(p in above[q] and q not in above[p] for q in common)}


@laws
@given(graphs())
def test_the_closure_has_every_ancestor_at_its_shortest_distance(kg):
    node, ancestor, distance = kg.index.ancestor_pairs()
    found = list(zip(node.tolist(), distance.tolist(), ancestor.tolist(), strict=True))
    wanted = [
        (kg.ids.index(a), steps, kg.ids.index(b))
        for a in kg.ids
        for b, steps in nx.single_source_shortest_path_length(taxonomy(kg), a).items()
    ]
    assert found == sorted(wanted)


@laws
@given(graphs())
def test_ancestors_and_descendants_mirror_each_other_and_the_closure(kg):
    plain = taxonomy(kg)
    for id_ in kg.ids:
        steps = nx.single_source_shortest_path_length(plain, id_)
        assert kg.ancestors(id_, include_self=True) == tuple(sorted(steps, key=lambda other: (steps[other], other)))
        assert set(kg.descendants(id_)) == nx.ancestors(plain, id_)
        assert kg.ancestors(id_, max_distance=1) == tuple(sorted(plain.successors(id_)))


@laws
@given(graphs())
def test_lowest_common_ancestors_follow_their_definition(kg):
    plain = taxonomy(kg)
    for a in kg.ids[:5]:
        for b in kg.ids:
            found = kg.lowest_common_ancestors(a, b)
            assert set(found) == lowest(plain, a, b)
            depths = [kg.depth(id_, longest=True) for id_ in found]
            assert list(found) == sorted(found, key=lambda id_: (-kg.depth(id_, longest=True), id_))
            assert depths == sorted(depths, reverse=True)
            assert kg.lowest_common_ancestors(b, a) == found


@laws
@given(graphs())
def test_depths_are_those_of_the_graph_with_its_cycles_condensed(kg):
    condensed = nx.condensation(taxonomy(kg))
    component = condensed.graph["mapping"]
    shortest, longest = {}, {}
    for node in reversed(list(nx.topological_sort(condensed))):
        up = list(condensed.successors(node))
        shortest[node] = min((shortest[other] + 1 for other in up), default=0)
        longest[node] = max((longest[other] + 1 for other in up), default=0)
    assert [kg.depth(id_) for id_ in kg.ids] == [shortest[component[id_]] for id_ in kg.ids]
    assert [kg.depth(id_, longest=True) for id_ in kg.ids] == [longest[component[id_]] for id_ in kg.ids]


@laws
@given(graphs())
def test_components_are_the_strongly_connected_ones(kg):
    component = kg.index.components()
    found = {frozenset(np.array(kg.ids)[component == number].tolist()) for number in set(component.tolist())}
    assert found == {frozenset(part) for part in nx.strongly_connected_components(taxonomy(kg))}


@laws
@given(graphs(), st.sampled_from([None, "is_a", ["has_part", "taxonomic"]]))
def test_the_shortest_path_is_the_first_of_the_shortest(kg, relations):
    rows = kg.edges() if relations is None else [e for r in np.atleast_1d(relations) for e in kg.edges(relation=str(r))]
    plain = nx.Graph()
    plain.add_nodes_from(kg.ids)
    plain.add_edges_from((e.head, e.tail) for e in rows)
    start = kg.ids[0]
    for end in kg.ids:
        if not nx.has_path(plain, start, end):
            with pytest.raises(NoPathError):
                kg.shortest_path(start, end, relations=relations)
            continue
        path = kg.shortest_path(start, end, relations=relations)
        assert list(path.concepts) == min(nx.all_shortest_paths(plain, start, end))
        between = [
            min(
                ((e.head, e.relation, e.tail) for e in rows if {e.head, e.tail} == {a, b}),
                key=lambda e: (e[1], e[2] == a),
            )
            for a, b in zip(path.concepts, path.concepts[1:], strict=False)
        ]
        assert [(e.head, e.relation, e.tail) for e in path.edges] == between
        assert (~path).concepts == path.concepts[::-1]
        assert len(kg.shortest_path(end, start, relations=relations)) == len(path)


@laws
@given(graphs())
def test_taxonomic_distance_is_the_shortest_way_up_and_down(kg):
    steps = dict(nx.all_pairs_shortest_path_length(taxonomy(kg)))
    for b in kg.ids:
        ways = [steps["c00"][c] + steps[b][c] for c in steps["c00"].keys() & steps[b].keys()]
        if ways:
            assert kg.taxonomic_distance("c00", b) == min(ways)
        else:
            with pytest.raises(NoPathError):
                kg.taxonomic_distance("c00", b)


@laws
@given(graphs(), st.integers(0, 3))
def test_parts_are_what_they_reach(kg, hops):
    plain = taxonomy(kg)
    assert set(kg.induced([kg.ids[0]])) == {kg.ids[0]} | nx.descendants(plain, kg.ids[0])
    around = nx.Graph(kg.nx)
    assert set(kg.neighborhood(kg.ids[-1], hops=hops)) == set(nx.ego_graph(around, kg.ids[-1], radius=hops))
    some = kg.ids[::2]
    part = kg.subgraph(some)
    assert part.edges() == tuple(e for e in kg.edges() if e.head in some and e.tail in some)
    assert KnowledgeGraph.from_tables(part.concepts_table, part.edges_table).fingerprint == part.fingerprint


@laws
@given(graphs(), st.booleans())
def test_adjacency_has_a_one_where_an_edge_is(kg, symmetric):
    plain = nx.to_numpy_array(nx.DiGraph(taxonomy(kg)), nodelist=kg.ids)
    wanted = np.maximum(plain, plain.T) if symmetric else plain
    assert np.array_equal(kg.index.adjacency(symmetric=symmetric).toarray(), wanted)


@laws
@given(triples(), st.integers(0, 5))
def test_the_order_of_rows_changes_nothing(drawn, order):
    kg, other = built(*drawn), built(*drawn, order=order)
    assert other.fingerprint == kg.fingerprint
    assert other.concepts_table.equals(kg.concepts_table)
    assert other.edges_table.equals(kg.edges_table)


@laws
@given(graphs())
def test_there_and_back_through_networkx_is_the_same_graph(kg):
    back = KnowledgeGraph.from_networkx(kg.nx)
    assert (back.fingerprint, back.name, back.relations) == (kg.fingerprint, kg.name, kg.relations)
    assert back.edges_table.equals(kg.edges_table)
    assert back.concepts_table.equals(kg.concepts_table)


@laws
@given(graphs(), st.data())
def test_removing_edges_and_adding_them_again_is_the_same_graph(kg, data):
    edges = kg.edges()
    chosen = data.draw(st.lists(st.sampled_from(edges), unique=True)) if edges else []
    less = kg.remove_edges(chosen)
    assert less.edges() == tuple(edge for edge in edges if edge not in chosen)
    assert less.relations == kg.relations
    again = less.add_edges(chosen)
    assert again.fingerprint == kg.fingerprint
    assert again.edges_table.equals(kg.edges_table)


@laws
@given(triples(), st.data())
def test_a_graph_grown_piece_by_piece_is_the_graph_made_at_once(drawn, data):
    whole = built(*drawn)
    first = data.draw(st.sets(st.sampled_from(whole.ids)))
    kg = whole.subgraph(first)
    kg = kg.add_concepts(whole.concepts_table.filter(~pl.col("id").is_in(sorted(first))))
    kg = kg.add_edges([edge for edge in whole.edges() if edge not in kg.edges()])
    assert kg.fingerprint == whole.fingerprint
    assert kg.edges_table.equals(whole.edges_table)
    assert kg.index.head.tolist() == whole.index.head.tolist()


@laws
@given(graphs())
def test_merging_a_graph_with_itself_or_its_part_adds_nothing(kg):
    assert kg.merge(kg).fingerprint == kg.fingerprint
    assert kg.merge(kg.subgraph(kg.ids[::2])).fingerprint == kg.fingerprint
    assert kg.subgraph(kg.ids[::2]).merge(kg).fingerprint == kg.fingerprint
