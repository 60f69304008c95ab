"""Pictures of neighbourhoods: what is drawn, what it says, and that its words have room."""

from itertools import combinations, pairwise
from types import SimpleNamespace

import numpy as np
import pytest

import kgzsl
from kgzsl.display.layout import arrange
from kgzsl.errors import InputFormatError, UnknownConceptError
from kgzsl.graph import drawing, selection
from kgzsl.graph.closure import expand
from kgzsl.graph.knowledge_graph import KnowledgeGraph


def marks(picture):
    return {mark.key: mark for mark in picture.drawing.marks}


def boxes(picture):
    """Every box with words or a mark in it, and the labels that found no room."""
    from kgzsl.display import layout as place

    drawing = picture.drawing
    sheet = arrange(drawing.marks, drawing.links)
    maker = place._Sheet(drawing.marks, drawing.links)
    names = [box for mark in drawing.marks for box in maker._boxes(mark, sheet.places[mark.key])]
    worded = [(link, box) for link, box in zip(drawing.links, sheet.labels, strict=True) if link.label]
    return names + [box for _, box in worded if box], [link for link, box in worded if box is None], sheet


def woven(count, seed):
    """A taxonomy with other relations across it, as ontologies have them."""
    rng = np.random.default_rng(seed)
    names = [f"concept {place:02} of many words" if place % 3 else f"c{place}" for place in range(count)]
    edges = {(names[place], "is_a", names[int(rng.integers(max(place // 3, 1)))]) for place in range(1, count)}
    for _ in range(count // 2):
        one, other = rng.choice(count, 2, replace=False)
        edges.add((names[one], str(rng.choice(["lives_in", "eats", "has_part"])), names[other]))
    return KnowledgeGraph.from_tables(names, sorted(edges), name="woven")


@pytest.mark.parametrize("count", [5, 30, 80])
@pytest.mark.parametrize("seed", range(3))
def test_no_words_collide_at_any_size(count, seed):
    picture = woven(count, seed).draw(max_concepts=count)
    found, missing, sheet = boxes(picture)
    assert len(picture.drawing.marks) == count
    assert [pair for pair in combinations(found, 2) if pair[0].overlaps(pair[1])] == []
    assert len(missing) <= len(picture.drawing.links) // 10
    for box in found:
        assert box.x - box.width / 2 >= 0
        assert box.x + box.width / 2 <= sheet.width


def test_the_neighbourhood_of_a_concept_is_drawn_and_it_is_filled(toy_graph):
    picture = toy_graph.draw("bat")
    assert sorted(marks(picture)) == ["bat", "mammal", "wing"]
    assert [key for key, mark in marks(picture).items() if mark.is_strong] == ["bat"]
    assert picture.said == (("bat", "has part", "wing"), ("bat", "is a kind of", "mammal"))
    assert sorted(marks(toy_graph.draw("bat", hops=2))) == ["animal", "bat", "bird", "cat", "dog", "mammal", "wing"]
    assert sorted(marks(toy_graph.draw("bat", relations="part"))) == ["bat", "wing"]
    assert sorted(marks(toy_graph.draw(["day", "owl"], hops=0))) == ["day", "owl"]
    assert len(marks(toy_graph.draw())) == len(toy_graph)


def test_seen_and_unseen_differ_in_shape_and_the_legend_says_so(toy_graph):
    clf = SimpleNamespace(concepts_=("cat", "dog", "bat"), seen_classes_=np.array(["cat", "dog"]))
    for classes in (clf, {"seen": ["cat", "dog"], "unseen": "bat"}):
        picture = toy_graph.draw("mammal", classes=classes)
        shapes = {key: mark.shape for key, mark in marks(picture).items()}
        assert shapes == {
            "animal": "circle",
            "bat": "diamond",
            "cat": "square",
            "dog": "square",
            "mammal": "circle",
        }
        legend = picture.drawing.legend
        assert legend == "□ class with examples · ◇ class without · ○ concept · filled: asked about"
        assert "□ class with examples" in picture.to_svg()


def test_a_real_classifier_may_be_given(zoo):
    clf = kgzsl.ZeroShotClassifier(zoo.graph, features=zoo.rows, unseen=list(zoo.unseen))
    with pytest.raises(InputFormatError, match="ZeroShotClassifier before fit"):
        zoo.graph.draw("mammal.n", classes=clf)
    fitted = marks(zoo.graph.draw("mammal.n", hops=2, classes=clf.fit(zoo.X, zoo.y)))
    assert (fitted["zebra.n"].shape, fitted["horse.n"].shape, fitted["equine.n"].shape) == (
        "diamond",
        "square",
        "circle",
    )


def test_of_too_many_the_nearest_are_drawn_and_the_rest_is_counted(toy_graph):
    picture = toy_graph.draw("bat", hops=2, max_concepts=4, classes={"unseen": ["dog"]})
    assert sorted(marks(picture)) == ["bat", "dog", "mammal", "wing"]
    assert picture.caption == "bat and what is within 2 edges: the nearest 4 of 7 concepts, 3 edges"


def test_a_verb_on_most_lines_is_said_once_in_the_legend():
    fan = KnowledgeGraph.from_tables(
        [f"k{place}" for place in range(15)],
        [(f"k{place}", "is_a", "k0") for place in range(1, 14)] + [("k14", "eats", "k0")],
    )
    drawing = fan.draw().drawing
    assert {link.label for link in drawing.links} == {"", "eats"}
    assert "lines without words: is a kind of" in drawing.legend
    assert all("is a kind of" in link.title for link in drawing.links if not link.label)
    assert fan.draw("k1").drawing.links[0].label == "is a kind of"


def test_what_cannot_be_drawn_is_refused(toy_graph):
    with pytest.raises(UnknownConceptError, match="'cat'"):
        toy_graph.draw("catt")
    for wrong in ({"max_concepts": 0}, {"hops": -1}, {"classes": {"known": ["cat"]}}, {"classes": object()}):
        with pytest.raises(InputFormatError):
            toy_graph.draw("cat", **wrong)
    with pytest.raises(InputFormatError, match="empty"):
        toy_graph.draw([])


def test_the_same_question_gives_the_same_picture(toy_graph):
    assert toy_graph.draw("bat", hops=2).to_html() == toy_graph.draw("bat", hops=2).to_html()


def test_a_path_is_drawn_from_left_to_right_with_arrows_as_stated(toy_graph):
    picture = toy_graph.shortest_path("bat", "cat").draw()
    assert [mark.label for mark in picture.drawing.marks] == ["bat", "mammal", "house cat"]
    assert [mark.column for mark in picture.drawing.marks] == [0, 1, 2]
    assert [(link.start, link.end) for link in picture.drawing.links] == [("0", "1"), ("2", "1")]
    assert picture.said == (("bat", "is a kind of", "mammal"), ("house cat", "is a kind of", "mammal"))


def test_a_picture_shows_prints_and_writes_itself(toy_graph, tmp_path):
    picture = toy_graph.draw("bat")
    assert repr(picture) == "<Picture bat and what is within 1 edge: 3 concepts, 2 edges>"
    assert str(picture).splitlines()[1:] == [
        "from  relation      to",
        "bat   has part      wing",
        "bat   is a kind of  mammal",
    ]
    html = picture._repr_html_()
    for part in ("<svg", "in words (2)", "<td>wing</td>", "bat and what is within 1 edge"):
        assert part in html
    assert "<script" not in html
    assert picture.write(tmp_path / "bat.svg").read_text("utf-8").startswith("<svg")
    assert picture.write(tmp_path / "bat.html").read_text("utf-8").startswith("<!doctype html>")
    with pytest.raises(kgzsl.errors.OutputExistsError):
        picture.write(tmp_path / "bat.svg")
    picture.write(tmp_path / "bat.svg", overwrite=True)
    with pytest.raises(InputFormatError, match="svg"):
        picture.write(tmp_path / "bat.png")


def test_names_that_act_stay_words():
    evil = "<script>alert(1)</script>\x1b[0m"
    kg = KnowledgeGraph.from_tables([{"id": "a", "label": evil}, {"id": "b", "label": "b"}], [("a", "is_a", "b")])
    for shown in (kg.draw("a").to_html(), kg.draw("a").to_svg(), kg.shortest_path("a", "b")._repr_html_()):
        assert "<script" not in shown
        assert "\x1b" not in shown


def test_a_long_chain_is_walked_once_however_many_steps_are_allowed(monkeypatch):
    ids = [f"c{place:03d}" for place in range(300)]
    kg = KnowledgeGraph.from_tables(ids, [(a, "is_a", b) for a, b in pairwise(ids)])
    expanded = []

    def counted(neighbors, positions):
        expanded.extend(positions.tolist())
        return expand(neighbors, positions)

    for module in (selection, drawing):
        monkeypatch.setattr(module, "expand", counted, raising=False)
    picture = kg.draw("c000", hops=1000, max_concepts=5)
    assert picture.caption.endswith("the nearest 5 of 300 concepts, 4 edges")
    assert len(expanded) <= 2 * len(ids)
