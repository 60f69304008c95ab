"""Parts of a graph against their definition, written down over whole tables: the rows that belong, ends renumbered."""

import copy
import pickle
from contextlib import ExitStack
from unittest.mock import patch

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kgzsl.graph import selection
from kgzsl.graph.columns import Columns
from kgzsl.graph.knowledge_graph import KnowledgeGraph
from kgzsl.graph.relation import SHARED_RELATIONS

RELATIONS = ("antonym", "has_part", "instance_of", "is_a")
laws = settings(max_examples=60, deadline=None)


@st.composite
def graphs(draw):
    size = draw(st.integers(1, 14))
    place = st.integers(0, size - 1)
    triples = draw(st.sets(st.tuples(place, st.sampled_from(RELATIONS), place), max_size=40))
    triples = sorted((h, r, t) for h, r, t in triples if h != t)
    ids = [f"c{number:02d}" for number in range(size)]
    concepts = pl.DataFrame(
        {
            "id": ids,
            "label": [f"label {number % 5}" for number in range(size)],
            "aliases": [[f"also {number}"] * (number % 3) for number in range(size)],
            "alternate_ids": [[f"n{number:08d}"] for number in range(size)],
            "rank": [None if number % 4 == 0 else number for number in range(size)],
        },
        schema_overrides={"rank": pl.Int32},
    )
    edges = pl.DataFrame(
        [(ids[h], r, ids[t], 1.0 + number, f"book {number % 2}", [r]) for number, (h, r, t) in enumerate(triples)],
        schema={
            "head": pl.String,
            "relation": pl.String,
            "tail": pl.String,
            "weight": pl.Float64,
            "source": pl.String,
            "said": pl.List(pl.String),
        },
        orient="row",
    )
    return KnowledgeGraph.from_tables(concepts, edges, [SHARED_RELATIONS[name] for name in RELATIONS], name="random")


def either_way(*, few):
    """Parts found as of a large graph, or as all of a small one is."""
    ways = ExitStack()
    ways.enter_context(patch.object(selection, "_SPARSE", 0 if few else 10**6))
    ways.enter_context(patch.object(selection, "_FEW", 10**6 if few else 0))
    return ways


def defined(kg, ids, kept):
    """The concepts of these ids and the edges among them that are kept, cut out of the spelled tables."""
    concepts = kg.concepts_table.filter(pl.col("id").is_in(sorted(ids)))
    among = pl.col("head").is_in(sorted(ids)) & pl.col("tail").is_in(sorted(ids)) & pl.col("relation").is_in(kept)
    return KnowledgeGraph.from_tables(concepts, kg.edges_table.filter(among), kg.relations.values(), name=kg.name)


def walked(kg, start, kept, *, hops, up_only=False):
    """All within reach, an edge at a time."""
    found = set(start)
    for _ in range(len(kg) if hops is None else hops):
        edges = [edge for edge in kg.edges() if edge.relation in kept]
        found |= {edge.tail for edge in edges if edge.head in found} | (
            set() if up_only else {edge.head for edge in edges if edge.tail in found}
        )
    return found


def chosen_names(relations):
    if relations is None:
        return RELATIONS
    return [name for name in RELATIONS if name == relations or SHARED_RELATIONS[name].kind == relations]


def assert_same(part, wanted):
    """Whatever is asked first, and by whatever way."""
    assert part.ids == wanted.ids
    for place, id_ in enumerate(part.ids):
        assert part.read_concept(place, "label") == wanted.read_concept(place, "label")
        assert part.concept(id_).aliases == wanted.concept(id_).aliases
        assert part.concept(id_).more == wanted.concept(id_).more
        assert part.find(part.concept(id_).label).ids == wanted.find(wanted.concept(id_).label).ids
        assert [part.resolve(other) for other in part.concept(id_).alternate_ids] == [id_]
    for name in ("head", "relation", "tail", "weight"):
        mine, other = getattr(part.index, name), getattr(wanted.index, name)
        assert (mine.tolist(), mine.dtype) == (other.tolist(), other.dtype)
    assert part.index.starts.tolist() == wanted.index.starts.tolist()
    assert part.edges() == wanted.edges()
    assert [edge.more for edge in part.edges()] == [edge.more for edge in wanted.edges()]
    assert part.concepts_table.equals(wanted.concepts_table)
    assert part.concepts_table.schema == wanted.concepts_table.schema
    assert part.coded_edges.equals(wanted.coded_edges)
    assert part.coded_edges.schema == wanted.coded_edges.schema
    assert part.edges_table.equals(wanted.edges_table)
    assert (part.relations, part.name, part.report) == (wanted.relations, wanted.name, wanted.report)
    assert part.fingerprint == wanted.fingerprint


@laws
@given(graphs(), st.data(), st.booleans())
def test_a_subgraph_is_its_concepts_and_every_edge_between_two_of_them(kg, data, few):
    ids = data.draw(st.lists(st.sampled_from(kg.ids)))
    with either_way(few=few):
        assert_same(kg.subgraph(ids), defined(kg, ids, RELATIONS))


@laws
@given(graphs(), st.data(), st.booleans())
def test_a_neighborhood_is_what_is_within_reach_and_the_edges_it_was_reached_by(kg, data, few):
    ids = data.draw(st.lists(st.sampled_from(kg.ids), max_size=3))
    relations = data.draw(st.sampled_from([None, "is_a", "taxonomic", "negative"]))
    hops = data.draw(st.integers(0, 4))
    kept = chosen_names(relations)
    with either_way(few=few):
        part = kg.neighborhood(ids, hops=hops, relations=relations)
        assert_same(part, defined(kg, walked(kg, ids, kept, hops=hops), kept))


@laws
@given(graphs(), st.data(), st.booleans())
def test_an_induced_graph_is_what_is_above_and_the_edges_up(kg, data, few):
    ids = data.draw(st.lists(st.sampled_from(kg.ids), max_size=3))
    relations = data.draw(st.sampled_from([None, "has_part", "taxonomic"]))
    kept = chosen_names(relations or "taxonomic")
    with either_way(few=few):
        part = kg.induced(ids, relations=relations)
        assert_same(part, defined(kg, walked(kg, ids, kept, hops=None, up_only=True), kept))


@laws
@given(graphs(), st.data(), st.booleans())
def test_a_part_of_a_part_is_the_part_of_the_whole(kg, data, few):
    first = data.draw(st.lists(st.sampled_from(kg.ids), min_size=1))
    second = data.draw(st.lists(st.sampled_from(first)))
    with either_way(few=few):
        middle = kg.subgraph(first).remove_edges(kg.subgraph(first).edges(relation="antonym"))
        kept = [name for name in RELATIONS if name != "antonym"]
        assert_same(kg.subgraph(first).subgraph(second), defined(kg, second, RELATIONS))
        assert_same(middle.subgraph(second), defined(kg, second, kept))


@pytest.mark.parametrize("hops", [0, 1, 2, 3, 50])
def test_a_walk_that_starts_small_and_grows_reaches_as_far_as_any(toy_graph, hops):
    for few in range(12):
        with patch.object(selection, "_FEW", few):
            near = toy_graph.neighborhood("dog", hops=hops)
        assert near.ids == toy_graph.neighborhood("dog", hops=hops).ids
        assert set(near.ids) == walked(toy_graph, ["dog"], list(toy_graph.relations), hops=hops)


def test_a_part_of_a_part_reads_from_the_whole_alone(toy_graph):
    part = toy_graph.subgraph(toy_graph.ids).subgraph(["bat", "cat", "mammal"]).subgraph(["cat", "mammal"])
    assert part.concept_columns._table.whole is toy_graph.concept_columns
    assert part._edges._table.whole is toy_graph._edges


def test_a_small_part_gathers_nothing_until_it_is_asked(toy_graph, monkeypatch):
    toy_graph.index  # noqa: B018  # compiled once for the whole
    monkeypatch.setattr(Columns, "series", lambda self, *names: pytest.fail(f"read {names}"))
    monkeypatch.setattr(Columns, "table", property(lambda self: pytest.fail("read the table")))
    part = toy_graph.neighborhood("mammal")
    assert (len(part), "cat" in part, list(part)) == (5, True, ["animal", "bat", "cat", "dog", "mammal"])


def test_parts_are_pickled_and_changed_like_any_graph(toy_graph):
    part = toy_graph.neighborhood("mammal")
    again = pickle.loads(pickle.dumps(part))
    assert (again.fingerprint, again.edges()) == (part.fingerprint, part.edges())
    assert copy.deepcopy(part) is part
    grown = part.add_concepts(["fox"]).add_edges([("fox", "is_a", "mammal")])
    assert grown.children("mammal").ids == ("bat", "cat", "dog", "fox")
    assert part.with_tables(name="near").edges() == part.edges()
