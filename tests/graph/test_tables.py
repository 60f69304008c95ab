import polars as pl
import pytest

from kgzsl.errors import InputFormatError, InvalidGraphError
from kgzsl.graph.knowledge_graph import KnowledgeGraph
from kgzsl.graph.relation import Relation

CONCEPTS = pl.DataFrame({"id": ["b", "a", "c"]})
EDGES = pl.DataFrame({"head": ["b", "a"], "relation": ["is_a", "is_a"], "tail": ["c", "b"]})


def test_what_is_not_given_is_empty():
    kg = KnowledgeGraph.from_tables(CONCEPTS, EDGES)
    assert kg.concepts_table.rows() == [(id_, id_, [], "", "", []) for id_ in "abc"]
    assert kg.edges_table.rows() == [("a", "is_a", "b", 1.0, ""), ("b", "is_a", "c", 1.0, "")]
    assert kg.concepts_table.columns == ["id", "label", "aliases", "definition", "source", "alternate_ids"]
    assert kg.edges_table.columns == ["head", "relation", "tail", "weight", "source"]


def test_null_is_empty_in_cells_and_in_lists():
    concepts = pl.DataFrame({"id": ["a"], "label": [None], "aliases": [["x", None]], "definition": [None]})
    kg = KnowledgeGraph.from_tables(concepts, EDGES.clear())
    assert kg.concepts_table.rows() == [("a", "a", ["x"], "", "", [])]


def test_all_faults_of_the_concepts_are_told_at_once():
    with pytest.raises(InvalidGraphError, match="the concept table is not one concept a row") as caught:
        KnowledgeGraph.from_tables(pl.DataFrame({"id": ["a", "b", "a", "", None, "b"]}), EDGES)
    assert caught.value.report == {"empty id": ("", ""), "id given twice": ("", "a", "b")}


def test_all_faults_of_the_edges_are_told_at_once():
    edges = pl.DataFrame(
        {
            "head": ["a", "a", "a", "a", "a", "b", "c"],
            "relation": ["is_a", "is_a", "is_a", "", "eats", "eats", "eats"],
            "tail": ["b", "b", "x", "b", "a", "a", "b"],
            "weight": [1.0, 1.0, 1.0, 1.0, 1.0, float("nan"), 0.0],
        }
    )
    with pytest.raises(InvalidGraphError, match="the edge table does not fit the concepts") as caught:
        KnowledgeGraph.from_tables(CONCEPTS, edges)
    assert caught.value.report == {
        "edge end that is no concept": ("x",),
        "edge without a relation": ("a  b",),
        "weight that is not positive and finite": ("b eats a", "c eats b"),
        "edge from a concept to itself": ("a eats a",),
        "edge given twice": ("a is_a b",),
    }


@pytest.mark.parametrize("weight", [float("nan"), float("inf"), -1.0, 0.0])
def test_a_weight_is_positive_and_finite(weight):
    with pytest.raises(InvalidGraphError, match="not positive and finite: 'b is_a c'"):
        KnowledgeGraph.from_tables(CONCEPTS, EDGES[:1].with_columns(weight=pl.lit(weight)))


@pytest.mark.parametrize(
    ("concepts", "message"),
    [
        ({"id": [1, 2]}, r"column 'id' must hold strings, not Int64; the first is \[1\]"),
        ({"id": [1.5]}, "column 'id' must hold strings, not Float64"),
        ({"id": [True]}, "column 'id' must hold strings, not Boolean"),
        ({"id": ["a"], "label": [3]}, "column 'label' must hold strings, not Int64"),
        (
            {"id": ["a"], "aliases": ["x"]},
            r"column 'aliases' must hold lists of strings, not String; the first is \['x'\]",
        ),
    ],
)
def test_a_column_of_another_type_is_refused(concepts, message):
    with pytest.raises(InputFormatError, match=message):
        KnowledgeGraph.from_tables(pl.DataFrame(concepts), EDGES.clear())


def test_a_weight_that_is_text_is_refused():
    with pytest.raises(
        InputFormatError, match=r"column 'weight' must hold numbers, not String; the first is \['heavy'\]"
    ):
        KnowledgeGraph.from_tables(CONCEPTS, EDGES.with_columns(weight=pl.lit("heavy")))


def test_a_missing_column_is_named():
    with pytest.raises(InvalidGraphError, match=r"the table lacks the column\(s\) tail; it has head, relation"):
        KnowledgeGraph.from_tables(CONCEPTS, EDGES.drop("tail"))
    with pytest.raises(InvalidGraphError, match=r"lacks the column\(s\) id; it has name"):
        KnowledgeGraph.from_tables(pl.DataFrame({"name": ["a"]}), EDGES)


def test_categories_are_strings():
    kg = KnowledgeGraph.from_tables(CONCEPTS, EDGES.with_columns(pl.col("relation").cast(pl.Categorical)))
    assert list(kg.relations) == ["is_a"]


def test_two_relations_between_the_same_concepts_are_two_edges():
    both = pl.concat([EDGES, EDGES.with_columns(relation=pl.lit("eats"))])
    assert [str(edge) for edge in KnowledgeGraph.from_tables(CONCEPTS, both).edges(head="a")] == [
        "a eats b",
        "a is_a b",
    ]


def test_relations_are_the_given_the_shared_or_associations():
    eats = Relation("eats", "causal", verb="eats")
    edges = pl.concat([EDGES, pl.DataFrame({"head": ["a"], "relation": ["likes"], "tail": ["c"]})])
    kinds = {r.name: r.kind for r in KnowledgeGraph.from_tables(CONCEPTS, edges, [eats]).relations.values()}
    assert kinds == {"eats": "causal", "is_a": "taxonomic", "likes": "association"}


def test_tables_given_are_left_as_they_were():
    concepts, edges = CONCEPTS.clone(), EDGES.clone()
    KnowledgeGraph.from_tables(CONCEPTS, EDGES).add_edges([("a", "is_a", "c")])
    assert concepts.equals(CONCEPTS)
    assert edges.equals(EDGES)
