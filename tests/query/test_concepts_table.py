"""Answers as tables: what a notebook shows, what a data frame holds."""

import polars as pl
import pytest

from kgzsl.errors import InputFormatError
from kgzsl.graph.concept import Concept
from kgzsl.graph.concepts import Concepts


@pytest.fixture
def mammals(toy_graph):
    return toy_graph.descendants("mammal")


def test_frames_of_concepts_hold_plain_strings(toy_graph, mammals):
    frame = mammals.to_polars()
    assert frame.columns == ["id", "label", "definition", "distance"]
    assert frame.schema["id"] == pl.String
    assert frame["label"].to_list() == ["bat", "house cat", "dog"]
    assert [type(value) for value in mammals.to_pandas()["id"]] == [str] * 3
    matched = toy_graph.match("?x is_a mammal OPTIONAL { ?x has_part ?y }")
    assert matched.to_polars().rows() == [("bat", "wing"), ("cat", None), ("dog", None)]
    assert matched.to_pandas()["y"].isna().tolist() == [False, True, True]
    assert matched.to_dicts()[0] == {"x": "bat", "y": "wing"}
    assert isinstance(matched.to_dicts()[0]["x"], Concept)


def test_a_slice_of_an_answer_is_an_answer(toy_graph):
    found = toy_graph.ancestors("dog")
    assert (type(found[:1]), type(found[0])) == (Concepts, Concept)
    assert (found[-1:].ids, found[-1:].distances) == (found.ids[-1:], found.distances[-1:])
    listed = toy_graph.children("mammal")
    assert (listed[::2].ids, listed[::2].distances) == (listed.ids[::2], None)


def test_columns_of_numbers_stay_numbers(toy_graph):
    found = toy_graph.sparql("SELECT ?x (STRLEN(?l) AS ?n) (?n / 2 AS ?half) { ?x r:is_a c:mammal ; rdfs:label ?l }")
    assert found.to_polars().schema == {"x": pl.String, "n": pl.Int64, "half": pl.Float64}
    assert found["n"] == (3, 9, 3)


def test_a_notebook_shows_labels_with_the_id_where_it_says_more(toy_graph, mammals):
    html = toy_graph.match("?x is_a mammal")._repr_html_()
    assert "<td>house cat <small>cat</small></td>" in html
    assert "<td>bat</td>" in html
    assert "<td>house cat <small>cat</small></td><td>a mammal that purrs</td>" in mammals._repr_html_()


def test_text_shows_ids_which_are_asked_for_next(toy_graph):
    assert str(toy_graph.match("?x is_a mammal . ?x has_part ?y")) == "x    y\nbat  wing"


def test_what_acts_in_a_page_is_escaped():
    from kgzsl.graph.knowledge_graph import KnowledgeGraph

    concepts = [{"id": "<b>x</b>", "label": "<script>1</script>", "definition": '"<i>'}, "y"]
    graph = KnowledgeGraph.from_tables([concepts[0], {"id": "y"}], [("<b>x</b>", "is_a", "y")])
    for shown in (graph.match("?x is_a ?y")._repr_html_(), graph.descendants("y")._repr_html_()):
        assert "<b>x" not in shown
        assert "<script>" not in shown
        assert "<i>" not in shown


def test_no_rows_and_no_columns_are_said(toy_graph):
    assert str(toy_graph.match("?x is_a dog")) == "x\nno rows"
    assert str(toy_graph.match("bat is_a mammal")) == "a row without columns"
    assert str(toy_graph.match("bat is_a dog")) == "no rows"
    assert bool(toy_graph.match("bat is_a mammal")) is True
    assert bool(toy_graph.match("bat is_a dog")) is False
    assert "no rows" in toy_graph.match("bat is_a dog")._repr_html_()


def test_concepts_compose_and_keep_their_order(toy_graph, mammals):
    flying = toy_graph.match("?x has_part wing")["x"]
    assert (mammals & flying).ids == ("bat",)
    assert (mammals - flying).ids == ("cat", "dog")
    assert (mammals | Concepts(flying)).ids == ("bat", "cat", "dog", "bird")
    assert isinstance(mammals | Concepts(flying), Concepts)


def test_a_single_id_is_no_list_of_letters(toy_graph):
    mammals = toy_graph.children("mammal")
    assert (mammals & "cat").ids == ("cat",)
    assert (mammals - "cat").ids == ("bat", "dog")
    assert (mammals | toy_graph.concept("owl")).ids == ("bat", "cat", "dog", "owl")
    for other in ("owl", ["owl"]):
        with pytest.raises(InputFormatError, match=r"kg.concept\('owl'\)"):
            mammals | other


def test_a_head_is_a_number_of_rows(mammals):
    assert len(mammals.to_table().head(2)) == 2
    for count in ("a", -1, True, None):
        with pytest.raises(InputFormatError, match="head takes a number of rows"):
            mammals.to_table().head(count)
