"""Paths that a graph finds: lazily read, yet values like any other; and the edges they are read from."""

import copy
import pickle
import random
import threading

import networkx as nx
import numpy as np
import polars as pl
import pytest

import kgzsl
from kgzsl.errors import InputFormatError, NoPathError
from kgzsl.graph.concept import Concept, Edge
from kgzsl.graph.knowledge_graph import KnowledgeGraph
from kgzsl.graph.path import Path
from kgzsl.graph.routing import arcs_of, room_of


def test_a_found_path_equals_one_made_of_its_edges(toy_graph):
    found = toy_graph.shortest_path("dog", "owl")
    made = Path("dog", [toy_graph.edges(head=h)[0] for h in ("dog", "mammal")], (True, True))
    assert Path(found.start, found.edges, found.forward) == found
    assert hash(Path(found.start, found.edges, found.forward)) == hash(found)
    assert {found, toy_graph.shortest_path("dog", "owl")} == {found}
    assert found == toy_graph.shortest_path("dog", "owl")
    assert found not in (made, ~found, toy_graph.shortest_path("cat", "owl"), "path")


def test_its_concepts_know_their_graph(toy_graph):
    path = toy_graph.shortest_path("cat", "dog")
    assert [type(concept) for concept in (path.start, path.end, *path.concepts)] == [Concept] * 5
    assert [concept.label for concept in path.concepts] == ["house cat", "mammal", "dog"]
    assert (path.labels["cat"], path.relation_types["is_a"].verb) == ("house cat", "is a kind of")


def test_it_cites_its_edges_and_their_sources(toy_graph):
    path = toy_graph.shortest_path("dog", "owl")
    assert path.sources == ("book", "web")
    assert path.to_table().to_dicts()[-1] == {
        "from": "bird",
        "relation": "^is_a",
        "to": "owl",
        "weight": 1.0,
        "source": "web",
    }
    assert 'title="owl is_a bird (web)">has kind</span> <b title="owl">' in path._repr_html_()


def test_it_cannot_be_changed(toy_graph):
    path = toy_graph.shortest_path("dog", "owl")
    for name in ("start", "edges", "forward", "cost", "other"):
        with pytest.raises(AttributeError):
            setattr(path, name, ())
    assert copy.copy(path) is copy.deepcopy(path) is path


def test_it_travels_without_its_graph(toy_graph):
    path = toy_graph.shortest_path("cat", "owl", weight="hub")
    there = pickle.loads(pickle.dumps(path))
    assert (there, there.cost, str(there)) == (path, path.cost, str(path))
    assert len(pickle.dumps(path)) < 3000


def test_the_way_back_and_on(toy_graph):
    there, on = toy_graph.shortest_path("dog", "bird"), toy_graph.shortest_path("bird", "wing")
    assert (~there).concepts == there.concepts[::-1]
    assert (~there).forward == tuple(not ahead for ahead in there.forward[::-1])
    assert ~~there == there
    both = there + on
    assert str(both).endswith("which has kind bird, which has part wing")
    assert (both.concepts, both.cost, len(both)) == ((*there.concepts, "wing"), 4.0, 4)
    assert ~both == ~on + ~there
    plain = [Path(path.start, path.edges, path.forward) for path in (there, on)]
    assert plain[0] + plain[1] == plain[0] + on == there + plain[1] == both
    weighed = toy_graph.shortest_path("dog", "bird", weight={"is_a": 0.5})
    assert (weighed.cost, (weighed + on).cost, (~weighed).cost) == (1.5, 2.5, 1.5)
    with pytest.raises(InputFormatError, match="a path that ends at 'wing' is not continued by one from 'dog'"):
        on + there
    with pytest.raises(TypeError):
        there + "bird"


def test_of_parallel_edges_the_first_relation_is_walked_and_ahead_before_back():
    table = pl.DataFrame(
        {"head": ["b", "a", "a"], "relation": ["causes", "is_a", "causes"], "tail": ["a", "b", "b"]},
    )
    kg = KnowledgeGraph.from_tables(pl.DataFrame({"id": ["a", "b"]}), table)
    assert [path.relations for path in kg.paths("a", "b")] == [("causes",), ("^causes",), ("is_a",)]
    assert [path.relations for path in kg.paths("b", "a")] == [("causes",), ("^causes",), ("^is_a",)]
    assert kg.shortest_path("a", "b").relations == ("causes",)
    assert kg.shortest_path("b", "a", relations=["is_a", "^causes"]).relations == ("^causes",)


def test_directions(toy_graph):
    assert toy_graph.shortest_path("dog", "animal", directed=True).relations == ("is_a", "is_a")
    assert toy_graph.shortest_path("animal", "dog", relations="has_kind").relations == ("^is_a", "^is_a")
    assert toy_graph.shortest_path("night", "day", relations="antonym", directed=True).forward == (False,)
    with pytest.raises(NoPathError):
        toy_graph.shortest_path("dog", "cat", directed=True)
    with pytest.raises(NoPathError, match=r"over \^is_a"):
        toy_graph.shortest_path("dog", "animal", relations="^is_a")
    with pytest.raises(InputFormatError, match="a relation is named by a string, not int 3"):
        toy_graph.shortest_path("dog", "animal", relations=[3])


def random_graph(seed, *, num=300, edges=500):
    maker = random.Random(seed)
    ids = [f"c{place:03d}" for place in range(num)]
    rows = {(*maker.sample(ids, 2), maker.choice(["is_a", "has_part"])) for _ in range(edges)}
    table = pl.DataFrame(sorted(rows), schema=["head", "tail", "relation"], orient="row")
    return KnowledgeGraph.from_tables(pl.DataFrame({"id": ids}), table, name="random")


def lengths(kg, pairs):
    def steps(a, b):
        try:
            return len(kg.shortest_path(a, b))
        except NoPathError:
            return None

    return [steps(a, b) for a, b in pairs]


def test_searches_in_many_threads_do_not_disturb_each_other():
    kg = random_graph(5)
    maker = random.Random(6)
    pairs = [maker.sample(kg.ids, 2) for _ in range(400)]
    plain = nx.Graph((e.head, e.tail) for e in kg.edges())
    plain.add_nodes_from(kg.ids)
    expected = [nx.shortest_path_length(plain, a, b) if nx.has_path(plain, a, b) else None for a, b in pairs]
    found, start = [], threading.Barrier(8)

    def ask():
        start.wait()
        found.append(lengths(kg, pairs))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [expected] * 8


def test_marks_begin_anew_before_they_run_out():
    kg = random_graph(7)
    pairs = [(a, kg.ids[-1]) for a in kg.ids[:40]]
    expected = lengths(kg, pairs)
    room_of(kg.index, len(kg.ids)).state[0] = 2**31 - 2 * len(kg.ids) - 40
    assert lengths(kg, pairs) == expected
    assert room_of(kg.index, len(kg.ids)).state[0] < 100_000


def test_steps_are_compiled_once_however_they_are_named(toy_graph):
    arcs = arcs_of(toy_graph.index, ["is_a"])
    assert arcs is arcs_of(toy_graph.index, "taxonomic") is arcs_of(toy_graph.index, {"is_a", "^is_a"})
    assert arcs is not arcs_of(toy_graph.index, "is_a", directed=True)
    assert arcs.degree.tolist() == arcs_of(toy_graph.index, "is_a", directed=True).degree.tolist()


# -- edges ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def sourced():
    """Edges of several sources."""
    rows = [
        {"head": "a", "relation": "is_a", "tail": "b", "source": "x"},
        {"head": "b", "relation": "is_a", "tail": "c", "source": "y"},
    ]
    return KnowledgeGraph.from_tables(["a", "b", "c"], rows, name="sourced")


def test_rows_may_be_an_array_or_its_numbers(sourced):
    rows = sourced.index.edge_rows("is_a")
    assert sourced.edges_at(rows) == sourced.edges_at(list(rows)) == sourced.edges_at([0, 1]) == sourced.edges()


@pytest.mark.parametrize("rows", [[2], [-1], np.array([0, 7]), "ab", ["a"], [0.5], None, 3])
def test_what_is_no_row_is_refused(sourced, rows):
    with pytest.raises(InputFormatError, match=r"there is no row|whole numbers in a list"):
        sourced.edges_at(rows)


def test_few_edges_and_many_are_read_alike():
    kg = random_graph(8)
    every = kg.edges()
    assert (
        every
        == kg.edges_at(range(len(every)))
        == tuple(edge for row in range(len(every)) for edge in kg.edges_at([row]))
    )
    assert all(type(edge) is Edge for edge in every)
    for head in (None, *kg.ids[:30]):
        for tail in (None, *kg.ids[:30]):
            for relation in (None, "is_a"):
                expected = [
                    e
                    for e in every
                    if head in (None, e.head) and tail in (None, e.tail) and relation in (None, e.relation)
                ]
                assert list(kg.edges(head, relation, tail)) == expected


def test_what_a_source_says_more_is_read_when_asked_for_and_travels():
    table = pl.DataFrame({"head": ["a"], "relation": ["is_a"], "tail": ["b"], "page": [7], "lines": [[1, 2]]})
    edge = KnowledgeGraph.from_tables(pl.DataFrame({"id": ["a", "b"]}), table).edges()[0]
    assert (dict(edge.more), len(edge.more), edge.more.get("x")) == ({"page": 7, "lines": [1, 2]}, 2, None)
    assert edge.more == {"page": 7, "lines": [1, 2]}
    assert repr(edge).endswith("more={'lines': [1, 2], 'page': 7})")
    there = pickle.loads(pickle.dumps(edge))
    assert (there, there.more) == (edge, {"page": 7, "lines": [1, 2]})
    assert type(copy.deepcopy(edge).more) is dict
    with pytest.raises(KeyError):
        edge.more["x"]


def test_edges_of_wordnet_between_hubs():
    kg = kgzsl.load_graph("wordnet")
    one = kg.edges(head="dog.n.01", relation="is_a")
    assert [edge.tail for edge in one] == ["canine.n.02", "domestic_animal.n.01"]
    tail = max(kg.ids, key=lambda id_: len(kg.index.down("is_a").of(kg.position(id_))))
    arriving = kg.edges(tail=tail)
    assert len(arriving) == np.count_nonzero(kg.index.tail == kg.position(tail))
    assert kg.edges(arriving[5].head, None, tail) == arriving[5:6]


def test_dead_ends_are_found_from_either_side():
    """Chains and stars of every small shape, with one-way and parallel edges, against NetworkX."""
    maker = random.Random(11)
    for trial in range(150):
        num = maker.randint(2, 7)
        ids = [f"c{place}" for place in range(num)]
        rows = {(*maker.sample(ids, 2), maker.choice(["is_a", "has_part"])) for _ in range(maker.randint(1, num))}
        table = pl.DataFrame(sorted(rows), schema=["head", "tail", "relation"], orient="row")
        kg = KnowledgeGraph.from_tables(pl.DataFrame({"id": ids}), table)
        directed = trial % 2 == 1
        plain = (nx.DiGraph if directed else nx.Graph)((head, tail) for head, tail, _ in rows)
        plain.add_nodes_from(ids)
        for a in ids:
            for b in ids:
                expected = min(nx.all_shortest_paths(plain, a, b), default=None) if nx.has_path(plain, a, b) else None
                try:
                    found = list(kg.shortest_path(a, b, directed=directed).concepts)
                except NoPathError:
                    found = None
                assert found == expected, (rows, a, b)
