import polars as pl
import pytest

from kgzsl.errors import InputFormatError, InvalidGraphError
from kgzsl.graph.concept import Edge
from kgzsl.graph.knowledge_graph import KnowledgeGraph
from kgzsl.graph.making import MERGED
from kgzsl.graph.relation import Relation

CONCEPTS = pl.DataFrame({"id": ["animal", "cat", "dog"]})


def edges_of(*rows):
    return pl.DataFrame(rows, schema=["head", "relation", "tail"], orient="row")


def triples(kg):
    return kg.edges_table.select("head", "relation", "tail").rows()


def test_an_edge_named_by_an_inverse_is_held_the_other_way_round():
    kg = KnowledgeGraph.from_tables(CONCEPTS, edges_of(("animal", "has_kind", "cat"), ("dog", "is_a", "animal")))
    assert triples(kg) == [("cat", "is_a", "animal"), ("dog", "is_a", "animal")]
    assert kg.ancestors("cat") == ("animal",)
    assert dict(kg.report) == {}


def test_tables_and_add_edges_mean_the_same():
    stated = [("animal", "has_kind", "cat"), ("dog", "is_a", "animal")]
    added = KnowledgeGraph.from_tables(CONCEPTS, [("dog", "is_a", "animal")]).add_edges(stated[:1])
    assert KnowledgeGraph.from_tables(CONCEPTS, stated).fingerprint == added.fingerprint


def test_adding_to_a_graph_without_the_relation_means_the_same_as_well():
    edge = ("animal", "has_kind", "cat")
    kg = KnowledgeGraph.from_tables(CONCEPTS, [])
    assert triples(kg.add_edges([edge])) == [("cat", "is_a", "animal")]
    own = kg.add_edges([("dog", "is_a", "animal")]).add_edges([edge], relations=[Relation("has_kind")])
    assert triples(own) == [edge, ("dog", "is_a", "animal")]


def test_what_is_there_both_ways_round_is_one_edge_and_counted():
    edges = edges_of(("animal", "has_kind", "cat"), ("cat", "is_a", "animal"), ("animal", "has_kind", "dog"))
    kg = KnowledgeGraph.from_tables(CONCEPTS, edges, report={"lines read": 3})
    assert triples(kg) == [("cat", "is_a", "animal"), ("dog", "is_a", "animal")]
    assert dict(kg.report) == {"lines read": 3, MERGED: 1}


def test_an_edge_given_twice_is_refused_whichever_way_it_is_named():
    with pytest.raises(InvalidGraphError, match="edge given twice: 'cat is_a animal'"):
        KnowledgeGraph.from_tables(CONCEPTS, [("animal", "has_kind", "cat")] * 2)


def test_a_name_that_is_described_is_a_relation_of_its_own():
    own = Relation("has_kind", "association")
    kg = KnowledgeGraph.from_tables(CONCEPTS, edges_of(("animal", "has_kind", "cat")), [own])
    assert triples(kg) == [("animal", "has_kind", "cat")]
    assert kg.relations["has_kind"] == own


def test_the_inverse_of_a_given_relation_comes_before_a_shared_one():
    given = Relation("contains", "part", inverse="part_of")
    kg = KnowledgeGraph.from_tables(CONCEPTS, edges_of(("cat", "part_of", "dog")), [given])
    assert triples(kg) == [("dog", "contains", "cat")]


def test_an_inverse_of_two_relations_is_refused():
    given = [Relation("holds", inverse="within"), Relation("has", inverse="within")]
    with pytest.raises(InputFormatError, match="'within' is the inverse of holds and of has"):
        KnowledgeGraph.from_tables(CONCEPTS, edges_of(("cat", "within", "dog")), given)


def test_more_columns_and_categories_are_turned_as_well():
    edges = (
        edges_of(("animal", "has_kind", "cat")).cast(pl.Categorical).with_columns(line=pl.lit(7), weight=pl.lit(2.0))
    )
    edge = KnowledgeGraph.from_tables(CONCEPTS, edges).edges()[0]
    assert (edge, edge.more) == (Edge("cat", "is_a", "animal", 2.0), {"line": 7})


def test_a_networkx_graph_with_inverse_names_keeps_its_taxonomy():
    nx = pytest.importorskip("networkx")
    source = nx.DiGraph()
    source.add_edge("animal", "cat", relation="has_kind")
    assert triples(KnowledgeGraph.from_networkx(source)) == [("cat", "is_a", "animal")]


ROWS = [{"head": "cat", "relation": "is_a", "tail": "animal", "weight": 0.5}]
MAPPINGS = [{"id": "cat", "label": "Cat"}, {"id": "animal"}]
HELD = ["animal", "cat"], [("cat", "is_a", "animal", 0.5, "")]


@pytest.mark.parametrize(
    ("concepts", "edges"),
    [
        (pl.DataFrame(MAPPINGS).lazy(), pl.DataFrame(ROWS).lazy()),
        (MAPPINGS, ROWS),
        (["cat", "animal"], [("cat", "is_a", "animal", 0.5)]),
        (iter(MAPPINGS), [Edge("cat", "is_a", "animal", 0.5)]),
    ],
    ids=["lazy", "mappings", "tuples", "edges"],
)
def test_tables_may_be_lazy_or_lists(concepts, edges):
    kg = KnowledgeGraph.from_tables(concepts, edges)
    assert (list(kg), kg.edges_table.rows()) == HELD


def test_tables_may_be_of_pandas():
    pd = pytest.importorskip("pandas")
    concepts = pd.DataFrame({"id": ["cat", "animal"], "label": ["Cat", None], "aliases": [["puss"], []]})
    kg = KnowledgeGraph.from_tables(concepts, pd.DataFrame(ROWS))
    assert (list(kg), kg.edges_table.rows()) == HELD
    assert (kg.concept("cat").label, kg.concept("animal").label, kg.concept("cat").aliases) == (
        "Cat",
        "animal",
        ("puss",),
    )
    assert len(KnowledgeGraph.from_tables(concepts, pd.DataFrame(ROWS)[:0]).edges()) == 0
    with pytest.raises(InvalidGraphError, match="weight that is not positive and finite"):
        KnowledgeGraph.from_tables(concepts, pd.DataFrame(ROWS).assign(weight=float("nan")))


@pytest.mark.parametrize("wrong", [None, 3, "cat", {"id": ["cat"]}, b"cat"])
def test_what_is_no_table_is_refused_by_its_type(wrong):
    with pytest.raises(InputFormatError, match=f"concepts are given as .* not {type(wrong).__name__}"):
        KnowledgeGraph.from_tables(wrong, [])
    with pytest.raises(InputFormatError, match="edges are given as"):
        KnowledgeGraph.from_tables(CONCEPTS, wrong)


@pytest.mark.parametrize("wrong", [["is_a"], "is_a", None, Relation("is_a"), [None]])
def test_relations_are_relation_objects(toy_graph, wrong):
    with pytest.raises(InputFormatError, match="Relation objects"):
        KnowledgeGraph.from_tables(CONCEPTS, [], wrong)
    with pytest.raises(InputFormatError, match="Relation objects"):
        toy_graph.add_edges([("cat", "eats", "bat")], relations=wrong)


@pytest.mark.parametrize(
    "method", ["subgraph", "induced", "neighborhood", "add_concepts", "add_edges", "remove_edges", "merge"]
)
def test_nothing_where_something_is_needed_is_a_named_error(toy_graph, method):
    with pytest.raises(InputFormatError, match="not NoneType"):
        getattr(toy_graph, method)(None)


@pytest.mark.parametrize("hops", [None, 1.5, -1, True, "2"])
def test_hops_are_whole_numbers(toy_graph, hops):
    with pytest.raises(InputFormatError, match="hops counts edges"):
        toy_graph.neighborhood("cat", hops=hops)


def test_what_is_no_string_is_not_in_a_graph(toy_graph):
    assert [[] in toy_graph, None in toy_graph, 3 in toy_graph, "cat" in toy_graph] == [False, False, False, True]


def test_a_graph_keeps_its_name(toy_graph):
    with pytest.raises(AttributeError):
        toy_graph.name = "other"
    assert toy_graph.name == "toy"
