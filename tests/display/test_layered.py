from html.parser import HTMLParser
from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kgzsl.display.layered import Drawing, Link, Mark, layered_svg
from kgzsl.display.layout import Box, arrange
from kgzsl.errors import InputFormatError

EVIL = "<script>alert('1')</script>\x1b[0m\"'&"


class Reader(HTMLParser):
    """Collects tags, and fails on one that is not closed."""

    def __init__(self):
        super().__init__()
        self.tags, self.open = [], []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def read(svg):
    reader = Reader()
    reader.feed(svg)
    assert not reader.open
    return reader.tags


@st.composite
def drawings(draw):
    number = draw(st.integers(2, 14))
    columns = draw(st.integers(1, 5))
    words = st.sampled_from(
        ["zebra", "odd-toed ungulate", "a concept of many words that takes two lines", "w" * 40, ""]
    )
    marks = tuple(
        Mark(f"m{place}", draw(words), draw(st.integers(0, columns - 1)), draw(st.sampled_from(["square", "circle"])))
        for place in range(number)
    )
    ends = st.tuples(st.integers(0, number - 1), st.integers(0, number - 1)).filter(lambda pair: pair[0] != pair[1])
    links = tuple(
        Link(f"m{here}", f"m{there}", "is a kind of", draw(st.floats(-3, 3)))
        for here, there in draw(st.lists(ends, max_size=20, unique=True))
    )
    return Drawing(marks, links, "a drawing")


@settings(max_examples=60, deadline=None)
@given(drawings())
def test_no_two_labels_overlap_and_nothing_leaves_the_drawing(drawing):
    layout = arrange(drawing.marks, drawing.links)
    labels = [box for box in layout.labels if box]
    assert max((len(lines) for lines in layout.lines.values()), default=0) <= 2
    places = [Box(x, y, 20, 20) for x, y in layout.places.values()]
    assert not any(one.overlaps(other) for one, other in combinations(labels, 2))
    assert not any(one.overlaps(other) for one, other in combinations(places, 2))
    assert not any(label.overlaps(place) for label in labels for place in places)
    for x, y in [*layout.places.values(), *(point for route in layout.routes for point in route)]:
        assert 0 <= x <= layout.width
        assert 0 <= y <= layout.height
    read(layered_svg(drawing))


@settings(max_examples=20, deadline=None)
@given(drawings())
def test_the_same_marks_give_the_same_bytes(drawing):
    assert layered_svg(drawing) == layered_svg(drawing)


def test_columns_run_from_left_to_right_and_the_first_keeps_its_order():
    marks = (Mark("t", "target", 0), Mark("f", "foil", 0), Mark("m", "middle", 1), Mark("s", "source", 7))
    layout = arrange(marks, (Link("f", "m", "up", 1.0), Link("m", "s", "up", 1.0), Link("t", "s", "up", 1.0)))
    (tx, ty), (fx, fy), (mx, _), (sx, _) = (layout.places[key] for key in "tfms")
    assert tx == fx < mx < sx
    assert ty < fy


def test_a_link_that_passes_a_column_runs_around_its_marks():
    marks = (Mark("a", "a", 0), Mark("b", "b", 1), Mark("c", "c", 2))
    layout = arrange(marks, (Link("a", "c", "", 1.0), Link("a", "b", "", 1.0)))
    x, y = layout.places["b"]
    around = [point for point in layout.routes[0] if abs(point[0] - x) < 5]
    assert around
    assert all(abs(row - y) > 9 for _, row in around)


def test_sign_width_and_direction_of_a_link_are_drawn():
    marks = (Mark("a", "a", 0), Mark("b", "b", 1))
    links = (Link("a", "b", "x", 2.0), Link("b", "a", "y", -0.5), Link("a", "b", "", 0.0))
    tags = read(layered_svg(Drawing(marks, links, "d")))
    kinds = [
        attrs["class"] for tag, attrs in tags if tag == "g" and attrs["class"] in ("kx-for", "kx-against", "kx-zero")
    ]
    assert kinds == ["kx-for", "kx-against", "kx-zero"]
    widths = [float(attrs["stroke-width"]) for tag, attrs in tags if "stroke-width" in attrs]
    assert widths[0] > widths[1] > widths[2]
    tips = [attrs["d"] for tag, attrs in tags if tag == "path" and attrs["d"].endswith("Z")]
    assert len(tips) == 2
    places = arrange(marks, links).places
    ends = [float(tip[1:].split()[0]) for tip in tips]
    assert abs(ends[0] - places["b"][0]) < 12
    assert abs(ends[1] - places["a"][0]) < 12


def test_shapes_differ_and_bars_have_their_numbers():
    marks = (
        Mark("a", "a", 0, "square", is_strong=True),
        Mark("b", "b", 1, "circle", value=0.5, printed="+0.50"),
        Mark("c", "c", 1, "diamond", value=-0.2, printed="-0.20"),
        Mark("d", "+3 paths", 1, "none", "-0.01"),
    )
    svg = layered_svg(Drawing(marks, (), "d", "a legend"))
    assert svg.count("<circle") == 1
    assert svg.count('<rect class="kx-strong"') == 1
    for text in (">+0.50<", ">-0.20<", ">+3 paths<", ">a legend<", 'class="kx-note"'):
        assert text in svg


def test_no_label_becomes_markup():
    def svg(label):
        marks = (Mark("a", label, 0, note=label, title=label), Mark("b", label, 1, value=1.0, printed=label))
        return layered_svg(Drawing(marks, (Link("a", "b", label, 1.0, label),), label, label))

    assert "<script" not in svg(EVIL)
    assert "\x1b" not in svg(EVIL)
    assert {tag for tag, _ in read(svg(EVIL))} == {tag for tag, _ in read(svg("plain"))}


def test_a_drawing_loads_nothing_and_serves_light_and_dark():
    svg = layered_svg(Drawing((Mark("a", "a", 0),), (), "d"))
    assert svg.replace("http://www.w3.org/2000/svg", "").count("http") == 0
    assert "url(" not in svg
    assert "prefers-color-scheme:dark" in svg
    assert 'role="img" aria-label="d"' in svg
    assert "<style" not in layered_svg(Drawing((Mark("a", "a", 0),), (), "d"), is_alone=False)


def test_links_that_lead_nowhere_and_marks_of_one_key_are_errors():
    with pytest.raises(InputFormatError, match="'z'"):
        Drawing((Mark("a", "a", 0),), (Link("a", "z", "", 1.0),), "d")
    with pytest.raises(InputFormatError, match="same key"):
        Drawing((Mark("a", "a", 0), Mark("a", "b", 0)), (), "d")


def test_a_label_without_room_is_left_to_its_tooltip():
    marks = (Mark("a", "a", 0), Mark("b", "b", 1))
    links = tuple(Link("a", "b", f"{'m' * 30} {place}", 1.0, f"credit {place}") for place in range(30))
    layout = arrange(marks, links)
    missing = [place for place, box in enumerate(layout.labels) if box is None]
    svg = layered_svg(Drawing(marks, links, "d"))
    assert missing
    for place in missing:
        assert f"<title>{links[place].label} credit {place}</title>" in svg
