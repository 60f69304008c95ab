"""Explanations as drawings: which paths, which columns, and text for other renderers."""

import re
from xml.etree import ElementTree

import pytest

from kgzsl.errors import InputFormatError
from kgzsl.explain import explain
from kgzsl.explain.page_record import record_of
from kgzsl.explain.picture import picture

VIEWS = ("paths", "facts", "concepts")


@pytest.fixture(scope="module")
def explanation(animals):
    return explain(animals.decision("zebra", "lion"))


def drawn(explanation, **options):
    return picture(record_of(explanation, views=VIEWS), **options)


def test_classes_stand_left_and_what_they_borrow_from_right(explanation):
    drawing = drawn(explanation)
    first, second, *others = drawing.marks
    assert (first.key, first.column, first.is_strong) == ("zebra", 0, True)
    assert (second.key, second.column, second.is_strong) == ("lion", 0, True)
    last = max(mark.column for mark in others)
    ends = {mark.key for mark in others if mark.column == last}
    inner = {node for row in explanation.by("paths") for node in row.concepts[1:-1]}
    assert "horse" in ends
    assert not any(mark.is_strong for mark in others)
    assert {mark.shape for mark in others if mark.key in ("horse", "tiger", "dog")} == {"square"}
    assert [mark.shape for mark in others if mark.key == "equine"] == ["diamond"]
    assert (first.shape, second.shape) == ("circle", "circle")
    assert "equine" in inner - ends


def test_lines_are_facts_in_their_direction_with_their_credit(explanation, animals):
    drawing = drawn(explanation)
    credit = {row.concepts: row.credit for row in explanation.by("facts") if row.kind == "fact"}
    lines = [link for link in drawing.links if link.value]
    assert lines
    for link in lines:
        assert animals.kg.edges(link.start, None, link.end)
        if "+" not in link.label:
            assert link.value == pytest.approx(credit[link.start, link.end])


def test_at_most_as_many_nodes_as_asked_for_and_the_rest_is_counted(explanation):
    paths = [row for row in explanation.by("paths") if row.kind == "path" and len(row.concepts) > 1]
    for max_nodes in (3, 5, 12, 60):
        drawing = drawn(explanation, max_nodes=max_nodes)
        stubs = [mark for mark in drawing.marks if mark.shape == "none"]
        assert len(drawing.marks) - len(stubs) <= max_nodes
        for stub in stubs:
            left = int(re.fullmatch(r"\+(\d+) paths?", stub.label)[1])
            assert 0 < left < len(paths) or max_nodes == 3
    assert len([mark for mark in drawn(explanation, max_nodes=60, max_paths=1000).marks if mark.shape == "none"]) == 0


def test_the_largest_paths_are_drawn_first(explanation):
    largest = next(row for row in explanation.by("paths") if row.kind == "path" and len(row.concepts) > 1)
    drawing = drawn(explanation, max_paths=1)
    assert {mark.key for mark in drawing.marks if mark.shape != "none"} == {*largest.concepts, "zebra", "lion"}


@pytest.mark.parametrize("options", [{"max_nodes": 2}, {"max_paths": 0}])
def test_a_drawing_of_nothing_is_an_error(explanation, options):
    with pytest.raises(InputFormatError, match="at least 3 nodes"):
        explanation.to_svg(**options)


def test_the_svg_is_xml_and_the_same_each_time(explanation):
    svg = explanation.to_svg()
    assert svg == explanation.to_svg()
    root = ElementTree.fromstring(svg)
    assert root.tag.endswith("svg")
    assert "why zebra rather than lion" in root.attrib["aria-label"]


def test_a_seen_class_alone_has_no_lines_and_its_card_no_drawing(animals):
    e = explain(animals.decision("horse", "cow"))
    assert drawn(e).links == ()
    assert "drawn" not in e.to_html()
    assert [mark.note[:12] for mark in drawn(e).marks] == ["own examples", "own examples"]


def test_dot_and_mermaid_have_every_edge_of_the_graph_with_its_sign(explanation):
    graph = explanation.graph()
    edges = list(graph.edges(keys=True, data=True))
    dot, mermaid = explanation.to_dot(), explanation.to_mermaid()
    assert dot.count(" -> ") == len(edges)
    assert dot.count("style=dashed") == sum(data["credit"] < 0 for *_, data in edges)
    assert mermaid.count("-->") + mermaid.count("-.->") == len(edges) == mermaid.count("linkStyle")
    assert mermaid.count("-.->") == sum(data["credit"] < 0 for *_, data in edges)
    assert '"zebra" -> "equine" [label="is a kind of ' in dot
    assert mermaid.startswith("flowchart LR\n")


def test_labels_act_in_neither(make_world):
    evil = 'a"]; system("x") --> b\n"|\\'
    edges = [("a", None, "r"), ("b", None, "r"), ("u", None, "r")]
    world = make_world(edges, ["a", "b"], labels=dict.fromkeys("abur", evil))
    e = explain(world.decision("u"))
    for line in e.to_dot().splitlines():
        assert len(re.findall(r'(?<!\\)(?:\\\\)*"', line)) % 2 == 0
    for line in e.to_mermaid().splitlines()[1:]:
        assert line.count('"') in (0, 2)
        assert "system(" not in line


def test_a_default_plot_tells_for_from_against_without_colour(explanation):
    pytest.importorskip("matplotlib")
    ax = explanation.plot()
    assert {bool(bar.get_hatch()) for bar in ax.patches} == {True, False}
    assert [label.get_text() for label in ax.get_yticklabels()] == [row.label for row in explanation.rows]
    assert "hatched: for lion · solid: for zebra" in ax.get_xlabel()
    ax.figure.draw_without_rendering()
    left = min(label.get_window_extent().x0 for label in ax.get_yticklabels())
    assert left >= 0
