"""Where the marks of a layered drawing stand, how its links run, and where their labels find room."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Protocol

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
_SWEEPS = 6
_ATTEMPTS = ((1.0, 1.0), (1.35, 1.0), (1.35, 1.08), (1.5, 1.16), (2.0, 1.3))
"""By how much rows and columns move apart until every label has room."""
_FAN = 4
"""By how many links one end of a link must be busier for its label to keep to the other."""
_STOPS = (0.5, 0.44, 0.56, 0.38, 0.62, 0.32, 0.68, 0.26, 0.74, 0.2, 0.8, 0.14, 0.86)

Point = tuple[float, float]
Stop = tuple[int, int]
"""Number of a link, and a column that it passes."""


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
    for rows, columns in _ATTEMPTS:
        layout = _Sheet(marks, links, stretch=rows, spread=columns).layout()
        if None not in layout.labels:
            break
    return layout


class _Sheet:
    """One attempt."""

    def __init__(self, marks: Sequence[Marked], links: Sequence[Linked], *, stretch: float, spread: float) -> None:
        self.marks, self.links, self.stretch = marks, links, stretch
        used = sorted({mark.column for mark in marks})
        self.column = {mark.key: used.index(mark.column) for mark in marks}
        self.num_columns = len(used)
        self.lines = {mark.key: _label_lines(mark) for mark in marks}
        self.bars = _BARS if any(mark.value is not None for mark in marks) else 0.0
        room = (_NATURAL - 2 * _MARGIN - self.bars) / max(self.num_columns - 1, 1)
        self.pitch = min(max(room, _NARROWEST), _WIDEST) * spread
        self.chains = [self._chain(number, link) for number, link in enumerate(links)]
        self.beside = self._beside()

    def layout(self) -> Layout:
        rows = self._rows(self._ordered())
        places = {mark.key: (self._x(self.column[mark.key]), rows[mark.key]) for mark in self.marks}
        routes = tuple(self._route(number, rows) for number in range(len(self.links)))
        height = max((rows[mark.key] + self._below(mark) for mark in self.marks), default=0.0) + 12
        height = max([height, *(y + 14 for route in routes for _, y in route)])
        width = 2 * _MARGIN + self.bars + self.pitch * max(self.num_columns - 1, 0)
        return Layout(width, height, places, self.lines, routes, self._labels(places, routes))

    def _x(self, column: int) -> float:
        return _MARGIN + self.pitch * column

    def _chain(self, number: int, link: Linked) -> list[str | Stop]:
        """The marks and passing places of a link, start to end."""
        here, there = self.column[link.start], self.column[link.end]
        step = 1 if there >= here else -1
        return [link.start, *((number, column) for column in range(here + step, there, step)), link.end]

    def _beside(self) -> dict[str | Stop, list[str | Stop]]:
        beside: dict[str | Stop, list[str | Stop]] = {}
        for chain in self.chains:
            for here, there in pairwise(chain):
                if self._at(here) != self._at(there):
                    beside.setdefault(here, []).append(there)
                    beside.setdefault(there, []).append(here)
        return beside

    def _at(self, item: str | Stop) -> int:
        return self.column[item] if isinstance(item, str) else item[1]

    def _ordered(self) -> list[list[str | Stop]]:
        """Columns top to bottom, by the mean place of what each item is linked with; the first stays as given."""
        columns: list[list[str | Stop]] = [[] for _ in range(self.num_columns)]
        for mark in self.marks:
            columns[self.column[mark.key]].append(mark.key)
        for chain in self.chains:
            for item in chain[1:-1]:
                columns[self._at(item)].append(item)
        for sweep in range(_SWEEPS):
            order = range(1, self.num_columns) if sweep % 2 == 0 else range(self.num_columns - 1, 0, -1)
            for column in order:
                near = column - 1 if sweep % 2 == 0 or column + 1 == self.num_columns else column + 1
                place = {item: number / max(len(columns[near]), 1) for number, item in enumerate(columns[near])}
                now = {item: number / max(len(columns[column]), 1) for number, item in enumerate(columns[column])}
                columns[column].sort(key=lambda item: (_mean(self.beside.get(item, ()), place, now[item]), now[item]))
        return columns

    def _rows(self, columns: list[list[str | Stop]]) -> dict[str | Stop, float]:
        """Each item as near to the middle of its neighbours as the order and the heights allow."""
        above, below = self._reach()
        rows: dict[str | Stop, float] = {}
        for column in columns:
            rows.update(zip(column, _apart([0.0] * len(column), column, above, below), strict=True))
        for sweep in range(_SWEEPS):
            for column in columns if sweep % 2 else reversed(columns):
                wanted = [_mean(self.beside.get(item, ()), rows, rows[item]) for item in column]
                rows.update(zip(column, _apart(wanted, column, above, below), strict=True))
        top = min((rows[item] - above[item] for item in rows), default=0.0)
        return {item: round(row - top + 8, 3) for item, row in rows.items()}

    def _reach(self) -> tuple[dict[str | Stop, float], dict[str | Stop, float]]:
        """How far up and down each item needs room."""
        above: dict[str | Stop, float] = {mark.key: RADIUS + 6 * self.stretch for mark in self.marks}
        below: dict[str | Stop, float] = {mark.key: self._below(mark) + 6 * self.stretch for mark in self.marks}
        for chain in self.chains:
            for item in chain[1:-1]:
                above[item] = below[item] = _PASSING * self.stretch / 2 + 2
        return above, below

    def _below(self, mark: Marked) -> float:
        return (RADIUS if mark.shape != "none" else 0.0) + LABEL_LINE * len(self.lines[mark.key]) + 4

    def _route(self, number: int, rows: dict[str | Stop, float]) -> tuple[Point, ...]:
        """Control points of cubic curves, level where they meet; links of one side of a mark share its edge."""
        chain = self.chains[number]
        first, last = self._at(chain[0]), self._at(chain[-1])
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
        points = [(x + side * RADIUS, y + self._port(number, chain[0], side, rows))]
        stops = [(self._x(self._at(item)), rows[item]) for item in chain[1:-1]]
        end = (self._x(last) - side * (RADIUS + 3), rows[chain[-1]] + self._port(number, chain[-1], -side, rows))
        for there in (*stops, end):
            here = points[-1]
            middle = (here[0] + there[0]) / 2
            points += [(middle, here[1]), (middle, there[1]), there]
        return tuple(points)

    def _port(self, number: int, mark: str | Stop, side: float, rows: dict[str | Stop, float]) -> float:
        """How far from the middle of a mark's side a link leaves it."""
        ends = []
        for other, chain in enumerate(self.chains):
            if mark in (chain[0], chain[-1]):
                beside = chain[1] if chain[0] == mark else chain[-2]
                if (self._at(beside) - self._at(mark)) * side > 0:
                    ends.append((rows[beside], other))
        place = [other for _, other in sorted(ends)].index(number)
        gap = min(5.0, 2 * (RADIUS - 2) / max(len(ends) - 1, 1))
        return (place - (len(ends) - 1) / 2) * gap

    def _labels(self, places: dict[str, Point], routes: Sequence[Sequence[Point]]) -> tuple[Box | None, ...]:
        """Largest links first, each at the first free place along its line."""
        taken = [box for mark in self.marks for box in self._boxes(mark, places[mark.key])]
        found: list[Box | None] = [None] * len(routes)
        for number in sorted(range(len(routes)), key=lambda number: (-abs(self.links[number].value), number)):
            label = self.links[number].label
            size = (_width(escape_text(label), _SMALL) + 4, LABEL_LINE)
            for x, y in _along(routes[number], self._freer_end(number)):
                box = Box(x, y, *size)
                if not label or not any(box.overlaps(other) for other in taken):
                    found[number] = box
                    taken.append(box)
                    break
        return tuple(found)

    def _freer_end(self, number: int) -> float:
        """Along which part of a link its label is looked for first: away from the end that more links share."""
        first, last = (
            sum(end in (chain[0], chain[-1]) for chain in self.chains)
            for end in (self.chains[number][0], self.chains[number][-1])
        )
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


def _mean(items: Sequence[str | Stop], place: dict[str | Stop, float], otherwise: float) -> float:
    found = sorted(place[item] for item in items if item in place)
    return sum(found) / len(found) if found else otherwise


def _apart(
    wanted: Sequence[float],
    column: Sequence[str | Stop],
    above: dict[str | Stop, float],
    below: dict[str | Stop, float],
) -> list[float]:
    """The places nearest to those wanted that keep order and distance (pooling of adjacent violators)."""
    offsets = [0.0]
    for here, there in pairwise(column):
        offsets.append(offsets[-1] + below[here] + above[there])
    pools: list[list[float]] = []
    for want, offset in zip(wanted, offsets, strict=False):
        pools.append([want - offset, 1.0])
        while len(pools) > 1 and pools[-2][0] > pools[-1][0]:
            (value, size), (other, more) = pools[-2], pools.pop()
            pools[-1] = [(value * size + other * more) / (size + more), size + more]
    levels = [value for value, size in pools for _ in range(int(size))]
    return [level + offset for level, offset in zip(levels, offsets, strict=False)]


def _along(route: Sequence[Point], start: float) -> list[Point]:
    """Places for a label on every piece of the line, from `start` (0.5 is the middle) outwards."""
    pieces = [route[place : place + 4] for place in range(0, len(route) - 1, 3)]
    middle = start if len(pieces) == 1 else 0.5
    aim = (len(pieces) - 1) * (round(start + 0.01) if start != middle else 0.5)
    order = sorted(range(len(pieces)), key=lambda number: (abs(number - aim), number))
    stops = sorted(_STOPS, key=lambda stop: round(abs(stop - middle), 6))
    return [_on(pieces[number], stop) for stop in stops for number in order]


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
