"""A large drawing can be made larger, without a script."""

from kgzsl.display.layered import Drawing, Link, Mark
from kgzsl.display.zoom import zoomable


def row(count):
    marks = tuple(Mark(str(place), f"m{place}", place) for place in range(count))
    links = tuple(Link(str(place), str(place + 1), "to", 1.0) for place in range(count - 1))
    return Drawing(marks, links, "a row", is_weighed=False)


def test_a_small_drawing_has_no_sizes_to_choose_from():
    assert "<input" not in zoomable(row(3))
    assert zoomable(row(3)).startswith('<div class="kx-net" tabindex="0"><svg')


def test_a_large_drawing_has_and_begins_at_its_own_size():
    html = zoomable(row(12))
    assert html.count('type="radio"') == 4
    assert html.count(" checked>1 ×") == 1
    assert 'style="--w:' in html


def test_nothing_runs_and_nothing_is_sent_or_shared_between_drawings():
    html = zoomable(row(12))
    assert "<script" not in html
    assert " on" not in html.replace("on(", "")
    assert " id=" not in html
    assert 'method="dialog"' in html


def test_without_its_style_a_drawing_is_still_lines_on_paper():
    svg = zoomable(row(3))
    assert svg.count('fill="none" stroke=') == 2
    assert '<g class="kx-node" fill="#fff" stroke=' in svg
