import pytest

from kgzsl.errors import InputFormatError
from kgzsl.graph.concept import Edge
from kgzsl.graph.path import Path
from kgzsl.graph.relation import Relation

UP, DOWN = Edge("dog", "is_a", "canine"), Edge("wolf", "is_a", "canine")


def test_a_path_knows_its_concepts_relations_and_ends():
    path = Path("dog", (UP, DOWN), (True, False))
    assert (path.concepts, path.relations) == (("dog", "canine", "wolf"), ("is_a", "^is_a"))
    assert (path.start, path.end, len(path)) == ("dog", "wolf", 2)


def test_it_reads_aloud_both_ways():
    path = Path("dog", (UP, DOWN), (True, False), labels={"wolf": "grey wolf"})
    assert str(path) == "dog is a kind of canine, which has kind grey wolf"
    assert str(~path) == "grey wolf is a kind of canine, which has kind dog"
    assert ~~path == path


def test_a_relation_without_verbs_is_read_by_its_name():
    eats = Edge("owl", "feeds_on", "mouse")
    assert str(Path("owl", (eats,), (True,))) == "owl feeds on mouse"
    told = {"feeds_on": Relation("feeds_on", verb="eats", inverse_verb="is eaten by")}
    assert str(Path("mouse", (eats,), (False,), relation_types=told)) == "mouse is eaten by owl"


def test_edges_that_do_not_join_are_refused():
    with pytest.raises(InputFormatError, match="the path is at 'canine', but the next edge is wolf is_a canine"):
        Path("dog", (UP, DOWN), (True, True))
    with pytest.raises(InputFormatError, match="a path of 2 edges has 1 directions"):
        Path("dog", (UP, DOWN), (True,))


def test_html_is_short_and_escaped():
    path = Path("a", (Edge("a", "is_a", "b"),), (True,), labels={"b": "<script>"})
    said = '<div><b title="a">a</b> <span title="a is_a b">is a kind of</span> <b title="b">&lt;script&gt;</b></div>'
    assert said in path._repr_html_()
    assert "<script" not in path._repr_html_()
    assert Path("a")._repr_html_().endswith('</style><div><b title="a">a</b></div></section>')
    three = Path("dog", (UP, DOWN), (True, False))._repr_html_()
    assert three.count(">has kind</span> <b") == 1
