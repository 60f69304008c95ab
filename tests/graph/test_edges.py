"""Edges and relations as answers."""

import pickle

import pytest

from kgzsl.errors import InputFormatError
from kgzsl.graph.concept import Edge
from kgzsl.graph.edges import Edges
from kgzsl.graph.path import Path
from kgzsl.graph.relation import SHARED_RELATIONS, Relation, Relations


def test_an_edge_says_what_it_adds():
    assert repr(Edge("a", "is_a", "b")) == "Edge('a', 'is_a', 'b')"
    assert repr(Edge("a", "is_a", "b", 2.0, "web")) == "Edge('a', 'is_a', 'b', weight=2.0, source='web')"
    assert repr(Edge("a", "is_a", "b", more={"page": 7, "notes": []})) == "Edge('a', 'is_a', 'b', more={'page': 7})"
    assert eval(repr(Edge("a", "is_a", "b", 2.0, "web"))) == Edge("a", "is_a", "b", 2.0, "web")


def test_edges_are_a_tuple_with_a_table(toy_graph):
    found = toy_graph.edges(head="bat")
    assert isinstance(found, tuple)
    assert found == (Edge("bat", "has_part", "wing", 1.0, "book"), Edge("bat", "is_a", "mammal", 1.0, "book"))
    assert found.to_table().columns == ("head", "relation", "tail", "weight", "source")
    assert found.to_polars()["tail"].to_list() == ["wing", "mammal"]
    assert str(found) == str(found.to_table())
    assert pickle.loads(pickle.dumps(found)) == found


def test_a_notebook_sees_labels_and_only_what_differs(toy_graph):
    html = toy_graph.edges(head="cat")._repr_html_()
    assert "house cat <small>cat</small>" in html
    assert "<small>weight" not in html
    assert "<small>source" not in html
    every = toy_graph.edges()._repr_html_()
    assert "<small>weight</small>" in every
    assert "<small>source</small>" in every
    assert "9 edges" in every
    assert "no rows" in Edges()._repr_html_()


def test_many_edges_are_counted():
    many = Edges(Edge(f"a{place}", "is_a", "b") for place in range(30))
    assert repr(many).endswith("… 20 more)")
    assert repr(many[:2]) == "(Edge('a0', 'is_a', 'b'), Edge('a1', 'is_a', 'b'))"


def test_a_relation_reads_itself_aloud():
    assert str(SHARED_RELATIONS["is_a"]) == "is_a (taxonomic): a is a kind of b, b has kind a"
    assert str(SHARED_RELATIONS["same_as"]) == "same_as (equivalence): a is the same as b"
    assert str(Relation("eats")) == "eats (association): a eats b"
    assert [Relation("eats").is_told_back, SHARED_RELATIONS["is_a"].is_told_back] == [False, True]
    for relation in (*SHARED_RELATIONS.values(), Relation("eats"), Relation("x", inverse="y", verb="does x to")):
        assert eval(repr(relation)) == relation


def test_relations_are_a_mapping_that_shows_itself(toy_graph):
    relations = toy_graph.relations
    assert dict(relations) == {name: relations[name] for name in ("antonym", "has_part", "is_a")}
    assert relations == dict(relations)
    assert "is_a" in relations
    assert "eats" not in relations
    assert repr(relations) == "<Relations antonym, has_part, is_a>"
    assert "b has kind a" in relations._repr_html_()
    with pytest.raises(TypeError):
        relations["eats"] = Relation("eats")
    assert Relations([Relation("<i>")])._repr_html_().count("<i>") == 0


def test_a_way_back_without_words_is_read_from_its_other_end():
    eats = [Edge("lion", "eats", "zebra"), Edge("zebra", "eats", "grass")]
    assert str(Path("lion", eats, (True, True))) == "lion eats zebra, which eats grass"
    assert str(~Path("lion", eats, (True, True))) == "grass is what zebra eats; zebra is what lion eats"
    up = Edge("zebra", "is_a", "equine")
    assert str(Path("equine", (up, eats[0]), (False, False))) == "equine has kind zebra, which is what lion eats"
    assert str(Path("grass", (eats[1], up), (False, True))) == "grass is what zebra eats; zebra is a kind of equine"


def test_a_table_keeps_its_note_and_breaks_its_lines():
    from kgzsl.display.table import Table

    table = Table(["a"], [(1,)], caption="c " * 100, note="n " * 100)
    assert max(map(len, str(table).splitlines())) <= 96
    assert table.head(1).note == table.note
    assert pickle.loads(pickle.dumps(table)).note == table.note
    assert ("n " * 100).strip() in table._repr_html_()
    with pytest.raises(InputFormatError):
        table["b"]
