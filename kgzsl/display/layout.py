"""Where the marks of a layered drawing stand, how its links run, and where their labels find room."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from kgzsl.display.stacking import Stacks
from kgzsl.display.text import cell_width, escape_text

__all__ = ["LABEL_LINE", "RADIUS", "Box", "Layout", "Linked", "Marked", "arrange"]

RADIUS = 9.0
LABEL_LINE = 14.0
"""Height of a line of a label."""

_SIZE, _SMALL = 12.0, 11.0
"""Of the type of labels, and of notes and labels of links."""
_NARROW, _SLIM, _BROAD = frozenset("ijl|.,:;'!"), frozenset("ftr ()[]-1I"), frozenset("mwMW@%…—")
_LABEL_WIDTH = 116.0
_LABEL_LINES = 2
_MARGIN = 66.0
_BARS = 100.0
_NATURAL = 700.0
_NARROWEST, _WIDEST = 122.0, 230.0
_PASSING = 14.0
_ATTEMPTS = ((1.0, 1.0), (1.35, 1.0), (1.35, 1.08), (1.5, 1.16), (2.0, 1.3))
"""By how much rows and columns move apart until every label has room."""
_FAN = 4
"""By how many links one end of a link must be busier for its label to keep to the other."""
_CELL = 40.0
_STOPS = (0.5, 0.44, 0.56, 0.38, 0.62, 0.32, 0.68, 0.26, 0.74, 0.2, 0.8, 0.14, 0.86)

Point = tuple[float, float]
Port = tuple[int, int, float]
"""Number of a link, of a mark at one of its ends, and the side of that mark: 1 or -1."""


class Marked(Protocol):
    """What stands somewhere."""

    @property
    def key(self) -> str: ...
    @property
    def label(self) -> str: ...
    @property
    def note(self) -> str: ...
    @property
    def column(self) -> int: ...
    @property
    def shape(self) -> str: ...
    @property
    def value(self) -> float | None: ...


class Linked(Protocol):
    """What runs between two marks."""

    @property
    def start(self) -> str: ...
    @property
    def end(self) -> str: ...
    @property
    def label(self) -> str: ...
    @property
    def value(self) -> float: ...


@dataclass(frozen=True)
class Box:
    """A rectangle by its middle."""

    x: float
    y: float
    width: float
    height: float

    def overlaps(self, other: "Box") -> bool:
        """Whether the two share some area."""
        return (
            2 * abs(self.x - other.x) < self.width + other.width
            and 2 * abs(self.y - other.y) < self.height + other.height
        )


@dataclass(frozen=True)
class Layout:
    """Places of marks by key, lines of their labels, cubic curves by link, and a box for each label that has room."""

    width: float
    height: float
    places: dict[str, Point]
    lines: dict[str, tuple[str, ...]]
    routes: tuple[tuple[Point, ...], ...]
    labels: tuple[Box | None, ...]


def arrange(marks: Sequence[Marked], links: Sequence[Linked]) -> Layout:
    """Columns from left to right, moved apart until every label has room, as far as that goes."""
    sheet = _Sheet(marks, links)
    for rows, columns in _ATTEMPTS:
        layout = sheet.layout(stretch=rows, spread=columns, is_last=(rows, columns) == _ATTEMPTS[-1])
        if None not in layout.labels:
            break
    return layout


class _Sheet:
    """What stands in which column, in what order, and the attempts to give each a place."""

    def __init__(self, marks: Sequence[Marked], links: Sequence[Linked]) -> None:
        self.marks, self.links = marks, links
        used = {column: number for number, column in enumerate(sorted({mark.column for mark in marks}))}
        self.num_columns = len(used)
        self.lines = {mark.key: _label_lines(mark) for mark in marks}
        self.bars = _BARS if any(mark.value is not None for mark in marks) else 0.0
        self.at = [used[mark.column] for mark in marks]  # column of each item: the marks, then where links pass columns
        places = {mark.key: number for number, mark in enumerate(marks)}
        self.chains = [self._chain(places[link.start], places[link.end]) for link in links]
        self.stacks = Stacks(self.at, self.chains)
        self.num_ends = Counter(end for chain in self.chains for end in {chain[0], chain[-1]})
        self.rows: dict[float, list[float]] = {}
        self.pitch = 0.0

    def layout(self, *, stretch: float, spread: float, is_last: bool) -> Layout:
        """An attempt; one that is not the last ends where a label finds no room."""
        room = (_NATURAL - 2 * _MARGIN - self.bars) / max(self.num_columns - 1, 1)
        self.pitch = min(max(room, _NARROWEST), _WIDEST) * spread
        if stretch not in self.rows:
            self.rows[stretch] = self._rows(stretch)
        rows = self.rows[stretch]
        places = {mark.key: (self._x(self.at[item]), rows[item]) for item, mark in enumerate(self.marks)}
        ports = self._ports(rows)
        routes = tuple(self._route(number, rows, ports) for number in range(len(self.links)))
        height = max((row + self._below(mark) for mark, row in zip(self.marks, rows, strict=False)), default=0.0) + 12
        height = max([height, *(y + 14 for route in routes for _, y in route)])
        width = 2 * _MARGIN + self.bars + self.pitch * max(self.num_columns - 1, 0)
        labels = self._labels(places, routes, is_last=is_last)
        return Layout(width, height, places, self.lines, routes, labels)

    def _x(self, column: int) -> float:
        return _MARGIN + self.pitch * column

    def _chain(self, start: int, end: int) -> list[int]:
        """The marks and passing places of a link, start to end."""
        here, there = self.at[start], self.at[end]
        passed = range(here + 1, there) if there >= here else range(here - 1, there, -1)
        first = len(self.at)
        self.at += passed
        return [start, *range(first, len(self.at)), end]

    def _rows(self, stretch: float) -> list[float]:
        """How far down each item stands, when rows move apart."""
        passing = [_PASSING * stretch / 2 + 2] * (len(self.at) - len(self.marks))
        above = [RADIUS + 6 * stretch] * len(self.marks) + passing
        rows = self.stacks.rows(above, [self._below(mark) + 6 * stretch for mark in self.marks] + passing)
        top = min((row - room for row, room in zip(rows, above, strict=True)), default=0.0)
        return [round(row - top + 8, 3) for row in rows]

    def _below(self, mark: Marked) -> float:
        return (RADIUS if mark.shape != "none" else 0.0) + LABEL_LINE * len(self.lines[mark.key]) + 4

    def _route(self, number: int, rows: Sequence[float], ports: dict[Port, float]) -> tuple[Point, ...]:
        """Control points of cubic curves, level where they meet; links of one side of a mark share its edge."""
        chain = self.chains[number]
        first, last = self.at[chain[0]], self.at[chain[-1]]
        x, y = self._x(first), rows[chain[0]]
        if first == last:
            side = -1.0 if first and first + 1 == self.num_columns else 1.0
            down = rows[chain[-1]]
            # the curve goes three quarters as far: for a long way round between the names of two columns
            most = 0.67 * self.pitch if self.num_columns > 1 else 62.0
            bulge = x + side * min(36 + abs(down - y) / 5, most)
            edge = x + side * RADIUS
            return (edge, y), (bulge, y), (bulge, down), (edge, down)
        side = 1.0 if last > first else -1.0
        points = [(x + side * RADIUS, y + ports[number, chain[0], side])]
        stops = [(self._x(self.at[item]), rows[item]) for item in chain[1:-1]]
        end = (self._x(last) - side * (RADIUS + 3), rows[chain[-1]] + ports[number, chain[-1], -side])
        for there in (*stops, end):
            here = points[-1]
            middle = (here[0] + there[0]) / 2
            points += [(middle, here[1]), (middle, there[1]), there]
        return tuple(points)

    def _ports(self, rows: Sequence[float]) -> dict[Port, float]:
        """How far from the middle of a mark's side each link leaves it."""
        sides: dict[tuple[int, float], list[tuple[float, int]]] = {}
        for number, chain in enumerate(self.chains):
            for mark, beside in ((chain[0], chain[1]), (chain[-1], chain[-2])):
                if self.at[beside] != self.at[mark]:
                    side = 1.0 if self.at[beside] > self.at[mark] else -1.0
                    sides.setdefault((mark, side), []).append((rows[beside], number))
        ports = {}
        for (mark, side), ends in sides.items():
            gap = min(5.0, 2 * (RADIUS - 2) / max(len(ends) - 1, 1))
            for place, (_, number) in enumerate(sorted(ends)):
                ports[number, mark, side] = (place - (len(ends) - 1) / 2) * gap
        return ports

    def _labels(
        self, places: dict[str, Point], routes: Sequence[Sequence[Point]], *, is_last: bool
    ) -> tuple[Box | None, ...]:
        """Largest links first, each at the first free place along its line."""
        taken = _Taken(box for mark in self.marks for box in self._boxes(mark, places[mark.key]))
        found: list[Box | None] = [None] * len(routes)
        for number in sorted(range(len(routes)), key=lambda number: (-abs(self.links[number].value), number)):
            label = self.links[number].label
            size = (_width(escape_text(label), _SMALL) + 4, LABEL_LINE)
            for x, y in _along(routes[number], self._freer_end(number)):
                box = Box(x, y, *size)
                if not label or not taken.overlaps(box):
                    found[number] = box
                    taken.add(box)
                    break
            if found[number] is None and not is_last:
                break
        return tuple(found)

    def _freer_end(self, number: int) -> float:
        """Along which part of a link its label is looked for first: away from the end that more links share."""
        first, last = (self.num_ends[end] for end in (self.chains[number][0], self.chains[number][-1]))
        return 0.5 if abs(first - last) < _FAN else 0.66 if first > last else 0.34

    def _boxes(self, mark: Marked, place: Point) -> list[Box]:
        x, y = place
        lines = self.lines[mark.key]
        width = max((_width(line, _SIZE) for line in lines), default=0.0) + 4
        start = RADIUS if mark.shape != "none" else -LABEL_LINE / 2
        height = LABEL_LINE * len(lines) + 2
        boxes = [Box(x, y + start + height / 2 + 2, width, height)]
        if mark.shape != "none":
            boxes.append(Box(x, y, 2 * RADIUS + 2, 2 * RADIUS + 2))
        if mark.value is not None:
            boxes.append(Box(x + RADIUS + _BARS / 2, y, _BARS, LABEL_LINE))
        return boxes


class _Taken:
    """Boxes by the cells that they touch, so that a new one is compared with those nearby."""

    def __init__(self, boxes: Iterable[Box]) -> None:
        self._cells: dict[tuple[int, int], list[Box]] = {}
        for box in boxes:
            self.add(box)

    def add(self, box: Box) -> None:
        for cell in _cells(box):
            self._cells.setdefault(cell, []).append(box)

    def overlaps(self, box: Box) -> bool:
        return any(box.overlaps(other) for cell in _cells(box) for other in self._cells.get(cell, ()))


def _cells(box: Box) -> Iterator[tuple[int, int]]:
    wide, high = box.width / 2, box.height / 2
    for x in range(int((box.x - wide) // _CELL), int((box.x + wide) // _CELL) + 1):
        for y in range(int((box.y - high) // _CELL), int((box.y + high) // _CELL) + 1):
            yield x, y


def _along(route: Sequence[Point], start: float) -> Iterator[Point]:
    """Places for a label on every piece of the line, from `start` (0.5 is the middle) outwards."""
    pieces = [route[place : place + 4] for place in range(0, len(route) - 1, 3)]
    middle = start if len(pieces) == 1 else 0.5
    aim = (len(pieces) - 1) * (round(start + 0.01) if start != middle else 0.5)
    order = sorted(range(len(pieces)), key=lambda number: (abs(number - aim), number))
    stops = sorted(_STOPS, key=lambda stop: round(abs(stop - middle), 6))
    return (_on(pieces[number], stop) for stop in stops for number in order)


def _on(piece: Sequence[Point], t: float) -> Point:
    """A point of a cubic curve."""
    weights = ((1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t * t * (1 - t), t**3)
    x = sum(weight * point[0] for weight, point in zip(weights, piece, strict=True))
    return x, sum(weight * point[1] for weight, point in zip(weights, piece, strict=True))


def _label_lines(mark: Marked) -> tuple[str, ...]:
    """At most two lines for the label, and one for the note."""
    lines = [""]
    for word in escape_text(mark.label).split():
        longer = f"{lines[-1]} {word}".strip()
        if lines[-1] and _width(longer, _SIZE) > _LABEL_WIDTH:
            lines.append(word)
        else:
            lines[-1] = longer
    if len(lines) > _LABEL_LINES:
        lines = [*lines[: _LABEL_LINES - 1], " ".join(lines[_LABEL_LINES - 1 :])]
    shown = [_cut(line, _SIZE, _LABEL_WIDTH) for line in lines if line]
    return (*shown, *([_cut(escape_text(mark.note), _SMALL, _LABEL_WIDTH)] if mark.note else []))


def _cut(line: str, size: float, width: float) -> str:
    """The beginning that is no wider, and an ellipsis if that is not all."""
    if _width(line, size) <= width:
        return line
    kept = line
    while kept and _width(f"{kept}…", size) > width:
        kept = kept[:-1]
    return f"{kept.rstrip(' …')}…"


def _width(text: str, size: float) -> float:
    """About how wide a line is, at the generous side of common sans-serif types."""
    return size * sum(_em(sign) for sign in text)


def _em(sign: str) -> float:
    if sign in _NARROW:
        return 0.34
    if sign in _SLIM:
        return 0.43
    if sign in _BROAD or cell_width(sign) > 1:
        return 1.03
    return 0.76 if sign.isupper() or not sign.isascii() else 0.65
