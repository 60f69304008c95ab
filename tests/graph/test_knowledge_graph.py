import copy
import os
import pickle
import subprocess
import sys
import threading

import networkx as nx
import numpy as np
import polars as pl
import pytest

from kgzsl.errors import (
    AmbiguousLabelError,
    InputFormatError,
    NoPathError,
    UnknownConceptError,
    UnknownRelationError,
)
from kgzsl.graph.concept import Edge
from kgzsl.graph.knowledge_graph import KnowledgeGraph
from kgzsl.graph.relation import Relation

TRIPLES = {"head": pl.String, "relation": pl.String, "tail": pl.String}


def graph_of(*triples, more=()):
    ids = sorted({end for head, _, tail in triples for end in (head, tail)} | set(more))
    edges = pl.DataFrame(list(triples), schema=TRIPLES, orient="row")
    return KnowledgeGraph.from_tables(pl.DataFrame({"id": ids}, schema={"id": pl.String}), edges, name="small")


def names(edges):
    return [str(edge) for edge in edges]


# -- what it holds -----------------------------------------------------------------------------------------------


def test_ids_are_sorted_and_iterated(toy_graph):
    ids = ("animal", "bat", "bird", "cat", "day", "dog", "mammal", "night", "owl", "wing")
    assert toy_graph.ids == tuple(toy_graph) == ids
    assert len(toy_graph) == 10


def test_only_ids_are_contained(toy_graph):
    assert ("dog" in toy_graph, "hound" in toy_graph, "n02084071" in toy_graph, 1 in toy_graph) == (
        True,
        False,
        False,
        False,
    )


def test_relations_are_described_and_sorted(toy_graph):
    assert {name: relation.kind for name, relation in toy_graph.relations.items()} == {
        "antonym": "negative",
        "has_part": "part",
        "is_a": "taxonomic",
    }
    assert list(toy_graph.relations) == ["antonym", "has_part", "is_a"]


def test_report_and_relations_cannot_be_written_to(toy_graph):
    assert dict(toy_graph.report) == {"lines read": 19}
    with pytest.raises(TypeError):
        toy_graph.report["lines read"] = 0
    with pytest.raises(TypeError):
        toy_graph.relations["is_a"] = None


def test_a_concept_is_its_id_and_knows_the_rest(toy_graph):
    cat = toy_graph.concept("cat")
    assert cat == "cat" == cat.id
    assert hash(cat) == hash("cat")
    assert (cat.label, cat.aliases, cat.definition) == ("house cat", ("cat", "Felis catus"), "a mammal that purrs")
    assert (cat.source, cat.alternate_ids, dict(cat.more)) == ("", (), {})
    assert repr(cat) == "Concept('cat', 'house cat')"
    assert type(pickle.loads(pickle.dumps(cat))) is str


def test_further_columns_are_kept():
    kg = KnowledgeGraph.from_tables(
        pl.DataFrame({"id": ["a", "b"], "legs": [4, None]}),
        pl.DataFrame({"head": ["a"], "relation": ["is_a"], "tail": ["b"], "page": [7]}),
    )
    assert dict(kg.concept("a").more) == {"legs": 4}
    assert dict(kg.concept("b").more) == {"legs": None}
    assert dict(kg.edges()[0].more) == {"page": 7}


def test_it_says_what_it_is(toy_graph):
    assert repr(toy_graph) == "<KnowledgeGraph toy: 10 concepts, 9 edges, 3 relations>"


def test_texts_join_names_and_definition(toy_graph):
    assert toy_graph.texts(["cat", "owl", "day", "n02084071"]) == [
        "house cat, cat, Felis catus: a mammal that purrs",
        "owl, bird of night, hooter",
        "day",
        "dog, hound: a mammal that barks",
    ]


# -- finding -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["dog", " dog ", "DOG", "n02084071", "N2084071", "02084071-n", "n2084071"])
def test_the_ways_to_name_a_concept(toy_graph, text):
    assert toy_graph.resolve(text) == "dog"
    assert type(toy_graph.resolve(text)) is str


def test_a_concept_resolves_to_its_id(toy_graph):
    assert toy_graph.concept(toy_graph.concept("dog")) == "dog"


def test_an_exact_id_goes_before_one_that_differs_in_case():
    kg = graph_of(("A", "is_a", "a"))
    assert (kg.resolve("A"), kg.resolve("a")) == ("A", "a")


def test_an_alternate_id_that_two_concepts_share_names_neither():
    concepts = pl.DataFrame({"id": ["a", "b"], "alternate_ids": [["n1", "n2"], ["N1"]]})
    kg = KnowledgeGraph.from_tables(concepts, pl.DataFrame(schema=TRIPLES))
    assert kg.resolve("n2") == "a"
    with pytest.raises(UnknownConceptError):
        kg.resolve("n1")


def test_labels_and_aliases_are_found_whatever_their_case_and_hyphens(toy_graph):
    assert toy_graph.find("Felis_CATUS") == ("cat",)
    assert toy_graph.find("bird-of  night") == ("owl",)
    assert toy_graph.find("unicorn") == ()


def test_a_label_goes_before_an_alias_then_ids_ascend():
    concepts = pl.DataFrame({"id": ["a", "b", "c"], "label": ["x", "y", "x"], "aliases": [[], ["x"], ["x", "X"]]})
    kg = KnowledgeGraph.from_tables(concepts, pl.DataFrame(schema=TRIPLES))
    assert kg.find("x") == ("a", "c", "b")


def test_find_one_wants_exactly_one(toy_graph):
    assert toy_graph.find_one("hooter") == "owl"
    both = toy_graph.add_concepts([{"id": "hoot", "aliases": ["hooter"], "definition": "a thing that hoots"}])
    with pytest.raises(AmbiguousLabelError, match="'hooter' names 2 concepts; use one of the ids") as caught:
        both.find_one("hooter")
    assert caught.value.candidates == (("hoot", "a thing that hoots"), ("owl", ""))
    with pytest.raises(UnknownConceptError, match="no concept 'unicorn' in graph toy"):
        toy_graph.find_one("unicorn")


@pytest.fixture(scope="module")
def otters():
    concepts = pl.DataFrame(
        {
            "id": ["x:lutra", "x:giant_otter", "x:otterhound", "x:o1", "x:rotifer", "x:Zo-Otter"],
            "label": ["Eurasian Otter", "Pteronura", "otterhound", "sea-otter", "rotifer", "Z"],
            "aliases": [["otter of the river"], [], [], ["Otter"], [], []],
        }
    )
    return KnowledgeGraph.from_tables(concepts, pl.DataFrame(schema=TRIPLES), name="otters")


def test_names_that_hold_the_words_are_found_where_asked_for(otters):
    assert otters.find("otter").ids == ("x:o1",)
    # by that name; then by the shortest name, sea otter being found already; then by the id
    assert otters.find("OTTER", exact=False).ids == ("x:o1", "x:lutra", "x:Zo-Otter", "x:giant_otter")
    assert otters.find("of the_river", exact=False).ids == ("x:lutra",)
    assert otters.find("otte", exact=False).ids == otters.find(" ", exact=False).ids == ()


@pytest.mark.parametrize("asked", ["eurasian", "EURASIAN", "animals/eurasian", "y:eurasian", "http://y.org#eurasian"])
@pytest.mark.parametrize("door", ["concept", "find_one", "ancestors"])
def test_what_has_the_word_in_its_name_is_nearer_than_what_is_spelled_alike(otters, asked, door):
    with pytest.raises(UnknownConceptError) as caught:
        getattr(otters, door)(asked)
    assert caught.value.nearest == ("x:lutra",)
    assert str(caught.value).endswith("nearest: 'x:lutra' (whose names have the word)")


def test_signs_in_a_word_are_themselves(otters):
    assert otters.find("x.lutra", exact=False).ids == ()
    assert otters.find("(", exact=False).ids == ()


def test_an_unknown_concept_is_named_with_the_nearest_ids(toy_graph):
    with pytest.raises(UnknownConceptError) as caught:
        toy_graph.concept("mamal")
    assert caught.value.nearest == ("mammal", "animal")
    assert str(caught.value) == "no concept 'mamal' in graph toy (10 concepts); nearest: 'mammal', 'animal'"


def test_a_label_given_as_an_id_leads_to_find(toy_graph):
    with pytest.raises(UnknownConceptError) as caught:
        toy_graph.concept("Felis catus")
    assert caught.value.nearest[0] == "cat"
    assert str(caught.value).endswith("(it is a label, and labels go through find)")


def test_all_unknown_concepts_are_named_at_once(toy_graph):
    with pytest.raises(UnknownConceptError) as caught:
        toy_graph.induced(["dog", "dgo", "kat", "kat", "zzz"])
    assert caught.value.id == "dgo"
    assert str(caught.value) == (
        "no concept 'dgo' in graph toy (10 concepts); nearest: 'dog' (and 2 more are unknown: 'kat', 'zzz')"
    )


@pytest.mark.parametrize("wrong", [1, 1.0, True, None, float("nan"), ("dog",)])
def test_only_strings_are_ids(toy_graph, wrong):
    with pytest.raises(InputFormatError, match="an id is a string, not"):
        toy_graph.concept(wrong)


def test_only_strings_are_labels_and_relations(toy_graph):
    with pytest.raises(InputFormatError, match="a label is a string, not int 5"):
        toy_graph.find(5)
    with pytest.raises(InputFormatError, match="a relation is named by a string, not int 5"):
        toy_graph.edges(relation=5)


# -- edges -------------------------------------------------------------------------------------------------------


def test_edges_by_head_relation_and_tail(toy_graph):
    assert names(toy_graph.edges(head="bat")) == ["bat has_part wing", "bat is_a mammal"]
    assert names(toy_graph.edges(tail="wing")) == ["bat has_part wing", "bird has_part wing"]
    assert names(toy_graph.edges(tail="animal", relation="is_a")) == ["bird is_a animal", "mammal is_a animal"]
    assert names(toy_graph.edges("bird", "part", "wing")) == ["bird has_part wing"]
    assert toy_graph.edges("wing", "is_a", "bird") == ()
    assert toy_graph.edges("bird", "has_part", "wing")[0] == Edge("bird", "has_part", "wing", 2.0, "book")


def test_all_edges_are_sorted(toy_graph):
    assert [tuple(row) for row in toy_graph.edges_table.select("head", "relation", "tail").iter_rows()] == [
        (edge.head, edge.relation, edge.tail) for edge in toy_graph.edges()
    ]
    assert names(toy_graph.edges())[:4] == [
        "bat has_part wing",
        "bat is_a mammal",
        "bird has_part wing",
        "bird is_a animal",
    ]


@pytest.mark.parametrize("asked", ["has_kind", "^is_a"])
def test_edges_asked_for_the_other_way_round_come_back_reversed(toy_graph, asked):
    assert names(toy_graph.edges(head="mammal", relation=asked)) == [
        f"mammal {asked} {kind}" for kind in ["bat", "cat", "dog"]
    ]
    assert names(toy_graph.edges(relation=asked, tail="owl")) == [f"bird {asked} owl"]


def test_an_inverse_that_two_relations_share_is_not_chosen_between():
    kg = KnowledgeGraph.from_tables(
        pl.DataFrame({"id": ["a", "b"]}),
        pl.DataFrame(schema=TRIPLES),
        [Relation("eats", inverse="fed_by"), Relation("bites", inverse="fed_by")],
    )
    with pytest.raises(InputFormatError, match=r"'fed_by' is the inverse of bites and of eats; use \^bites or \^eats"):
        kg.edges(relation="fed_by")


def test_an_unknown_relation_is_named_with_those_there_are(toy_graph):
    with pytest.raises(UnknownRelationError) as caught:
        toy_graph.edges(relation="isa")
    assert caught.value.nearest == ("is_a",)
    assert str(caught.value) == (
        "no relation 'isa' in graph toy; nearest: 'is_a'; it has 'antonym', 'has_part', 'is_a'"
    )


# -- parts -------------------------------------------------------------------------------------------------------


def test_induced_takes_all_above_and_the_taxonomy_alone(toy_graph):
    part = toy_graph.induced(["cat", "owl"])
    assert part.ids == ("animal", "bird", "cat", "mammal", "owl")
    assert names(part.edges()) == ["bird is_a animal", "cat is_a mammal", "mammal is_a animal", "owl is_a bird"]
    assert part.concept("cat").definition == "a mammal that purrs"


def test_induced_by_other_relations_takes_their_edges(toy_graph):
    part = toy_graph.induced("bat", relations=["is_a", "has_part"])
    assert part.ids == ("animal", "bat", "mammal", "wing")
    assert names(part.edges()) == ["bat has_part wing", "bat is_a mammal", "mammal is_a animal"]


def test_induced_by_no_relation_has_no_edge(toy_graph):
    part = toy_graph.induced(["bat", "mammal"], relations=[])
    assert (part.ids, part.edges()) == (("bat", "mammal"), ())


def test_neighborhood_walks_both_ways(toy_graph):
    near = toy_graph.neighborhood("wing")
    assert near.ids == ("bat", "bird", "wing")
    assert names(near.edges()) == ["bat has_part wing", "bird has_part wing"]
    further = toy_graph.neighborhood(["wing"], hops=2, relations="has_part")
    assert further.ids == ("bat", "bird", "wing")
    assert toy_graph.neighborhood("wing", hops=2).ids == ("animal", "bat", "bird", "mammal", "owl", "wing")
    assert toy_graph.neighborhood("wing", hops=0).ids == ("wing",)
    with pytest.raises(InputFormatError, match="hops counts edges from 0 on, not -1"):
        toy_graph.neighborhood("wing", hops=-1)


def test_subgraph_keeps_every_edge_between_its_concepts(toy_graph):
    part = toy_graph.subgraph(["wing", "bat", "night", "bat"])
    assert part.ids == ("bat", "night", "wing")
    assert names(part.edges()) == ["bat has_part wing"]
    assert toy_graph.subgraph("dog").ids == ("dog",)


def test_a_part_keeps_relations_without_edges_so_that_asking_for_them_stays_no_error(toy_graph):
    part = toy_graph.induced(["cat"])
    assert part.edges(relation="has_part") == ()
    assert repr(part) == "<KnowledgeGraph toy: 3 concepts, 2 edges, 1 relations>"


def test_the_subgraph_of_all_is_the_graph(toy_graph):
    assert toy_graph.subgraph(toy_graph).fingerprint == toy_graph.fingerprint


@pytest.mark.parametrize("wrong", [5, iter(["is_a"]), ["is_a", 5]])
def test_relations_that_are_no_names_are_refused(toy_graph, wrong):
    with pytest.raises(InputFormatError, match="relation"):
        toy_graph.ancestors("dog", relations=wrong)


# -- taxonomy and paths ------------------------------------------------------------------------------------------


def test_ancestors_and_descendants_are_nearest_first(toy_graph):
    assert toy_graph.ancestors("dog") == ("mammal", "animal")
    assert toy_graph.ancestors("dog", include_self=True) == ("dog", "mammal", "animal")
    assert toy_graph.ancestors("dog", max_distance=1) == ("mammal",)
    assert toy_graph.ancestors("bat", relations=["is_a", "part"]) == ("mammal", "wing", "animal")
    assert toy_graph.descendants("animal") == ("bird", "mammal", "bat", "cat", "dog", "owl")
    assert toy_graph.ancestors("animal") == ()


def test_lowest_common_ancestors(toy_graph):
    assert toy_graph.lowest_common_ancestors("dog", "cat") == ("mammal",)
    assert toy_graph.lowest_common_ancestors("dog", "owl") == ("animal",)
    assert toy_graph.lowest_common_ancestors("dog", "animal") == ("animal",)
    assert toy_graph.lowest_common_ancestors("dog", "day") == ()


def test_every_lowest_common_ancestor_is_given_deepest_first():
    kg = graph_of(
        ("x", "is_a", "b"), ("y", "is_a", "b"), ("x", "is_a", "a"), ("y", "is_a", "a"),
        ("b", "is_a", "c"), ("a", "is_a", "root"), ("c", "is_a", "root"),
    )  # fmt: skip
    assert kg.lowest_common_ancestors("x", "y") == ("b", "a")


def test_depth_counts_edges_to_a_root():
    kg = graph_of(("x", "is_a", "root"), ("x", "is_a", "y"), ("y", "is_a", "root"))
    assert (kg.depth("root"), kg.depth("x"), kg.depth("x", longest=True)) == (0, 1, 2)


def test_a_cycle_counts_as_one_concept():
    kg = graph_of(("a", "is_a", "b"), ("b", "is_a", "a"), ("a", "is_a", "top"), ("x", "is_a", "b"))
    assert [kg.depth(id_, longest=True) for id_ in ("a", "b", "top", "x")] == [1, 1, 0, 2]
    assert kg.ancestors("a") == ("b", "top")
    assert kg.lowest_common_ancestors("x", "a") == ("a", "b")


def test_taxonomic_distance(toy_graph):
    assert [toy_graph.taxonomic_distance("dog", other) for other in ("dog", "mammal", "cat", "owl")] == [0, 1, 2, 4]
    with pytest.raises(NoPathError) as caught:
        toy_graph.taxonomic_distance("dog", "day")
    assert (caught.value.start, caught.value.end) == ("dog", "day")


def test_the_shortest_path_reads_aloud(toy_graph):
    path = toy_graph.shortest_path("dog", "owl")
    assert path.concepts == ("dog", "mammal", "animal", "bird", "owl")
    assert path.relations == ("is_a", "is_a", "^is_a", "^is_a")
    assert str(path) == "dog is a kind of mammal, which is a kind of animal, which has kind bird, which has kind owl"
    assert str(toy_graph.shortest_path("bat", "bird")) == "bat has part wing, which is part of bird"
    assert toy_graph.shortest_path("bat", "bird", relations="is_a").concepts == ("bat", "mammal", "animal", "bird")


def test_what_is_not_so_connects_nothing_unless_asked(toy_graph):
    with pytest.raises(
        NoPathError, match="no path from 'day' to 'night' over positive relations; allow more relations"
    ):
        toy_graph.shortest_path("day", "night")
    assert str(toy_graph.shortest_path("day", "night", relations="antonym")) == "day is the opposite of night"


def test_among_equally_short_paths_the_first_by_ids_is_taken():
    kg = graph_of(*((side, "is_a", middle) for middle in "cba" for side in "xy"), ("x", "has_part", "a"))
    path = kg.shortest_path("x", "y")
    assert (path.concepts, path.relations) == (("x", "a", "y"), ("has_part", "^is_a"))


def test_a_path_to_itself_is_empty(toy_graph):
    path = toy_graph.shortest_path("dog", "dog")
    assert (path.concepts, len(path), bool(path), str(path)) == (("dog",), 0, True, "dog")


# -- extremes ----------------------------------------------------------------------------------------------------


def test_a_graph_of_nothing_answers():
    kg = graph_of()
    assert (kg.ids, kg.edges(), kg.find("x"), len(kg)) == ((), (), (), 0)
    assert (kg.induced([]).ids, kg.subgraph([]).ids, kg.neighborhood([]).ids) == ((), (), ())
    assert kg.index.adjacency().shape == (0, 0)
    assert [len(part) for part in (*kg.index.ancestor_pairs(), *kg.index.depths())] == [0] * 5
    assert KnowledgeGraph.from_networkx(kg.nx).fingerprint == kg.fingerprint
    assert kg.add_concepts("x").ids == ("x",)
    with pytest.raises(UnknownConceptError, match=r"no concept 'x' in graph small \(0 concepts\)"):
        kg.concept("x")


def test_a_graph_of_one_concept_answers():
    kg = graph_of(more=["x"])
    assert (kg.ancestors("x"), kg.descendants("x"), kg.depth("x")) == ((), (), 0)
    assert kg.lowest_common_ancestors("x", "x") == ("x",)
    assert [part.tolist() for part in kg.index.ancestor_pairs()] == [[0], [0], [0]]


def test_a_chain_of_ten_thousand_needs_no_recursion():
    ids = [f"c{place:05d}" for place in range(10_001)]
    kg = graph_of(*zip(ids, ["is_a"] * 10_000, ids[1:], strict=False))
    assert kg.ancestors(ids[0]) == tuple(ids[1:])
    assert kg.depth(ids[0]) == kg.depth(ids[0], longest=True) == 10_000
    assert kg.lowest_common_ancestors(ids[0], ids[5000]) == (ids[5000],)
    assert kg.shortest_path(ids[0], ids[-1]).concepts == tuple(ids)
    assert len(kg.induced([ids[0]])) == 10_001


def test_a_hub_of_many_is_passed_through():
    ids = [f"c{place:05d}" for place in range(20_000)]
    kg = graph_of(*((id_, "is_a", "hub") for id_ in ids))
    assert kg.shortest_path(ids[7], ids[19_999]).concepts == (ids[7], "hub", ids[19_999])
    assert kg.lowest_common_ancestors(ids[0], ids[1]) == ("hub",)
    assert len(kg.descendants("hub")) == 20_000


# -- a value -----------------------------------------------------------------------------------------------------


def test_a_copy_is_the_graph_itself(toy_graph):
    assert copy.copy(toy_graph) is toy_graph
    assert copy.deepcopy({"kg": toy_graph})["kg"] is toy_graph


def test_a_graph_travels_between_processes(toy_graph):
    there = pickle.loads(pickle.dumps(toy_graph))
    assert (there.name, dict(there.report), there.fingerprint) == ("toy", {"lines read": 19}, toy_graph.fingerprint)
    assert there.relations == toy_graph.relations
    path = pickle.loads(pickle.dumps(toy_graph.shortest_path("cat", "owl")))
    assert str(path).startswith("house cat is a kind of mammal")


def test_compiled_arrays_cannot_be_written_to(toy_graph):
    for array in (toy_graph.index.head, toy_graph.index.tail, toy_graph.index.relation, toy_graph.index.weight):
        assert not array.flags.writeable


def test_nx_is_frozen_and_to_networkx_is_not(toy_graph):
    assert toy_graph.nx is toy_graph.nx
    with pytest.raises(nx.NetworkXError):
        toy_graph.nx.add_node("x")
    mine = toy_graph.to_networkx()
    mine.add_node("x")
    assert "x" not in toy_graph.nx


def test_relations_out_of_order_are_refused():
    with pytest.raises(InputFormatError, match="in the order of their names, not b, a"):
        KnowledgeGraph(
            pl.DataFrame({"id": []}, schema={"id": pl.String}), pl.DataFrame(), [Relation("b"), Relation("a")], name="x"
        )


def test_eight_threads_asking_a_fresh_graph_agree(toy_graph):
    tables = (toy_graph.concepts_table, toy_graph.edges_table)
    for _ in range(5):
        fresh = KnowledgeGraph.from_tables(*tables, name="toy")
        start = threading.Barrier(8)
        answers, errors = [], []

        def ask(fresh=fresh, start=start, answers=answers, errors=errors):
            try:
                start.wait()
                answers.append(
                    (
                        fresh.resolve("n02084071"),
                        fresh.find("hooter"),
                        fresh.ancestors("dog"),
                        fresh.lowest_common_ancestors("dog", "cat"),
                        fresh.depth("owl"),
                        fresh.shortest_path("dog", "owl"),
                        fresh.edges(tail="wing"),
                        fresh.fingerprint,
                        [part.tolist() for part in fresh.index.ancestor_pairs()],
                        fresh.texts(["cat"]),
                        fresh.induced(["cat"]).ids,
                    )
                )
            except Exception as error:
                errors.append(error)

        threads = [threading.Thread(target=ask) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert errors == []
        assert all(answer == answers[0] for answer in answers)
        assert answers[0][0] == "dog"


_ANSWERS = """
import networkx as nx, hashlib, random
from kgzsl.graph.knowledge_graph import KnowledgeGraph
maker = random.Random(3)
names = [f"c{place}" for place in range(60)]
graph = nx.MultiDiGraph()
for _ in range(150):
    head, tail = maker.sample(names, 2)
    graph.add_edge(head, tail, key=maker.choice(["is_a", "has_part", "eats", "antonym"]))
kg = KnowledgeGraph.from_networkx(graph, name="random")
said = [kg.fingerprint, repr(kg.relations), kg.induced(names[:5]).ids, kg.neighborhood(names[0]).fingerprint]
for a, b in zip(kg.ids, kg.ids[1:]):
    said += [kg.ancestors(a), kg.lowest_common_ancestors(a, b), kg.depth(a), kg.edges(tail=a)]
    try: said.append(kg.shortest_path(a, b, relations=["part", "is_a"]).edges)
    except LookupError as error: said.append(str(error))
said.append([part.tolist() for part in kg.index.ancestor_pairs()])
said.append(kg.merge(kg.subgraph(names[5:]), alignment={"c7": "c1", "c9": "c1"}).concepts_table.write_json())
for ask in (
    lambda: kg.concept("c"),
    lambda: kg.subgraph({f"x{place}" for place in range(9)}),
    lambda: kg.ancestors("c1", relations={"wears", "drinks", "plays", "reads"}),
):
    try: ask()
    except KeyError as error: said.append(str(error))
said.append(kg.ancestors("c1", relations={"is_a", "eats", "part"}))
print(hashlib.sha256(repr(said).encode()).hexdigest())
"""


def test_answers_do_not_depend_on_the_hash_seed():
    said = {
        subprocess.run(
            [sys.executable, "-c", _ANSWERS],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("0", "4242")
    }
    assert len(said) == 1


def test_positions_of_the_index_are_those_of_the_ids(toy_graph):
    assert toy_graph.index.positions(["owl", "animal"]).tolist() == [8, 0]
    assert toy_graph.index.positions([]).dtype == np.int64
    with pytest.raises(UnknownConceptError, match="no concept 'wolf' in graph toy"):
        toy_graph.index.positions(["dog", "wolf"])
