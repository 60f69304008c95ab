"""A drawing of marks in columns and labelled links between them, as SVG: the same marks give the same bytes."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from kgzsl.display.layout import LABEL_LINE, RADIUS, Box, Layout, arrange
from kgzsl.display.style import NET_STYLE
from kgzsl.display.text import escape_text, wrap
from kgzsl.errors import InputFormatError

__all__ = ["Drawing", "Link", "Mark", "drawn", "layered_svg"]

Shape = Literal["square", "circle", "diamond", "none"]

_THINNEST, _THICKEST = 1.2, 6.0
_BAR = 46.0
_PLAIN = {
    "kx-node": ' fill="#fff" stroke="#1c2126"',
    "kx-bars": ' stroke="#5b6670"',
    "kx-name": ' text-anchor="middle"',
    "kx-verb": ' text-anchor="middle" fill="#fff" stroke="none"',
}


@dataclass(frozen=True)
class Mark:
    """A thing: its label stands below it, `note` in small print below that; columns count from the left.

    `value` is drawn as a bar to its right, with `printed` behind it; None for no bar. `title` is its tooltip.

    >>> Mark("tiger", "tiger", column=0, shape="square").label
    'tiger'
    """

    key: str
    label: str
    column: int
    shape: Shape = "circle"
    note: str = ""
    is_strong: bool = False
    value: float | None = None
    printed: str = ""
    title: str = ""


@dataclass(frozen=True)
class Link:
    """A line between two marks: as wide as `value` is large, dashed below zero; 0 is a dotted one without an arrow.

    `title` is its tooltip.

    >>> Link("tiger", "cat", "is a kind of", 1.0).label
    'is a kind of'
    """

    start: str
    end: str
    label: str
    value: float
    title: str = ""


@dataclass(frozen=True)
class Drawing:
    """Marks, from top to bottom in their columns as far as nothing speaks against it, and the links between them.

    With `is_weighed` False all links are thin lines with an arrow, whatever their value.

    >>> marks = (Mark("tiger", "tiger", 0), Mark("cat", "cat", 1))
    >>> drawing = Drawing(marks, (Link("tiger", "cat", "is a kind of", 1.0),), "a tiger is a cat")
    >>> layered_svg(drawing).startswith("<svg")
    True
    """

    marks: tuple[Mark, ...]
    links: tuple[Link, ...]
    description: str
    legend: str = ""
    is_weighed: bool = True

    def __post_init__(self) -> None:
        keys = {mark.key for mark in self.marks}
        if len(keys) < len(self.marks):
            raise InputFormatError("two marks of a drawing have the same key")
        strange = sorted({end for link in self.links for end in (link.start, link.end)} - keys)
        if strange:
            raise InputFormatError(
                f"links lead to {', '.join(map(repr, strange[:3]))}, which is no mark of the drawing"
            )


def layered_svg(drawing: Drawing, *, is_alone: bool = True) -> str:
    """The drawing as one `<svg>`; `is_alone` gives it a style of its own, for it stands in no card.

    No two labels overlap: a label of a link that finds no free place is left out, and its tooltip has it.

    >>> marks = (Mark("a", "zebra", 0), Mark("b", "equine", 1))
    >>> svg = layered_svg(Drawing(marks, (Link("a", "b", "is a kind of", 0.5),), "zebra"))
    >>> svg.count("<path"), svg.count(">is a kind of</text>")
    (2, 1)
    """
    return drawn(drawing, arrange(drawing.marks, drawing.links), is_alone=is_alone)


def drawn(drawing: Drawing, layout: Layout, *, is_alone: bool = True) -> str:
    """The drawing as `layered_svg` gives it, by a layout of its marks and links.

    What the style says of lines and shapes is said once more in attributes, which it overrides: where a page takes
    the style out, lines are not filled, and shapes are not black.
    """
    told = wrap(escape_text(drawing.legend), max(int((layout.width - 16) / 6.2), 12))
    height = layout.height + LABEL_LINE * len(told) + (6 if told else 0)
    head = (
        f'<svg class="kx-g" width="{layout.width:.0f}" height="{height:.0f}" '
        f'viewBox="0 0 {layout.width:.0f} {height:.0f}" style="--w:{layout.width:.0f}px" '
        'font-family="sans-serif" font-size="12" '
    )
    paper = ""
    if is_alone:
        head += 'xmlns="http://www.w3.org/2000/svg" '
        paper = f'<style>{NET_STYLE}</style><rect class="kx-paper" width="100%" height="100%"/>'
    largest = max((abs(link.value) for link in drawing.links), default=0.0)
    kinds = [_kind(link) if drawing.is_weighed else "plain" for link in drawing.links]
    links = "".join(
        _line(link, kind, layout, number, largest)
        for number, (link, kind) in enumerate(zip(drawing.links, kinds, strict=True))
    )
    parts = {
        "kx-node": "".join(_shape(mark, *layout.places[mark.key]) for mark in drawing.marks),
        "kx-bars": _bars(drawing.marks, layout),
        "kx-name": "".join(_name(mark, layout) for mark in drawing.marks),
        "kx-verb": "".join(_words(box, link.label) for box, link in zip(layout.labels, drawing.links, strict=True)),
        "kx-dim": "".join(_at(8, height - 8 - LABEL_LINE * row, line) for row, line in enumerate(reversed(told))),
    }
    groups = "".join(f'<g class="{name}"{_PLAIN.get(name, "")}>{part}</g>' for name, part in parts.items() if part)
    return f'{head}role="img" aria-label="{_text(drawing.description)}">{paper}{links}{groups}</svg>'


def _text(text: str) -> str:
    shown = escape_text(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return shown.replace('"', "&quot;").replace("'", "&#x27;")


def _at(x: float, y: float, text: str, kind: str = "") -> str:
    return f'<text{kind} x="{x:.0f}" y="{y:.0f}">{_text(text)}</text>'


def _kind(link: Link) -> str:
    return "for" if link.value > 0 else "against" if link.value < 0 else "zero"


def _line(link: Link, kind: str, layout: Layout, number: int, largest: float) -> str:
    """A curve and, at its end, the arrow: the path behind a path."""
    route = layout.routes[number]
    share = abs(link.value) / largest if largest and kind != "plain" else 0.0
    width = _THINNEST + (_THICKEST - _THINNEST) * share
    curve = f"M{_point(route[0])}" + "".join(
        f"C{' '.join(map(_point, route[place : place + 3]))}" for place in range(1, len(route), 3)
    )
    line = f'<path stroke-width="{width:.1f}" d="{curve}"/>'
    if kind != "zero":
        (x, y), (before, _) = route[-1], route[-2]
        size = 5 + width / 2
        back = x - size if before <= x else x + size
        tip = x + 2 if before <= x else x - 2
        wing = size * 0.6
        line += f'<path d="M{tip:.0f} {y:.0f}L{back:.0f} {y - wing:.0f}V{y + wing:.0f}Z"/>'
    hidden = link.label if layout.labels[number] is None else ""
    words = " ".join(part for part in (hidden, link.title) if part)
    title = f"<title>{_text(words)}</title>" if words else ""
    return f'<g class="kx-{kind}" fill="none" stroke="#5b6670">{title}{line}</g>'


def _point(point: tuple[float, float]) -> str:
    return f"{point[0]:.0f} {point[1]:.0f}"


def _words(box: Box | None, label: str) -> str:
    """The words on a paper of their own, or the line would be seen between them."""
    if box is None or not label:
        return ""
    left, top = box.x - box.width / 2 + 2, box.y - 6
    paper = f'<rect x="{left:.0f}" y="{top:.0f}" width="{box.width - 4:.0f}" height="12"/>'
    return paper + _at(box.x, box.y + 4, label)


def _shape(mark: Mark, x: float, y: float) -> str:
    strong = ' class="kx-strong" fill="#1c2126"' if mark.is_strong else ""
    side = 2 * RADIUS - 2
    shapes = {
        "square": f'rect{strong} x="{x - side / 2:.0f}" y="{y - side / 2:.0f}" width="{side:.0f}" height="{side:.0f}"',
        "circle": f'circle{strong} cx="{x:.0f}" cy="{y:.0f}" r="{RADIUS:.0f}"',
        "diamond": f'path{strong} d="M{x:.0f} {y - RADIUS:.0f}l{RADIUS:.0f} {RADIUS:.0f}'
        f'l-{RADIUS:.0f} {RADIUS:.0f}l-{RADIUS:.0f} -{RADIUS:.0f}Z"',
    }
    if mark.shape == "none":
        return ""
    shape = shapes[mark.shape]
    return f"<{shape}><title>{_text(mark.title)}</title></{shape.split()[0]}>" if mark.title else f"<{shape}/>"


def _name(mark: Mark, layout: Layout) -> str:
    """The lines below a mark; a note is the last of them."""
    x, y = layout.places[mark.key]
    lines = layout.lines[mark.key]
    down = y + RADIUS + LABEL_LINE if mark.shape != "none" else y + 4
    kinds = [' class="kx-bold"' if mark.is_strong else ""] * len(lines)
    if mark.note:
        kinds[-1] = ' class="kx-note"'
    rows = zip(lines, kinds, strict=True)
    return "".join(_at(x, down + number * LABEL_LINE, line, kind) for number, (line, kind) in enumerate(rows))


def _bars(marks: Sequence[Mark], layout: Layout) -> str:
    drawn = ""
    largest = max((abs(mark.value) for mark in marks if mark.value is not None), default=0.0)
    for mark in marks:
        if mark.value is None:
            continue
        x, y = layout.places[mark.key]
        x += RADIUS + 6
        length = _BAR * (abs(mark.value) / largest if largest else 0.0)
        # the dashes are longer than the gaps, so that a bar against reads as one bar
        kind = "for" if mark.value >= 0 else "against"
        drawn += (
            f'<path class="kx-{kind}" d="M{x:.0f} {y:.0f}h{length:.0f}"/>{_at(x + length + 5, y + 4, mark.printed)}'
        )
    return drawn
