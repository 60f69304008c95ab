"""Charts of an evaluation as static SVG: no script, colours from the page's style, every number also in a table."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kgzsl.display.html import escape_html
from kgzsl.evaluation.calibration_error import ReliabilityBins
from kgzsl.evaluation.generalized import CalibrationCurve

__all__ = ["CHART_STYLE", "reliability_svg", "seen_unseen_svg"]

CHART_STYLE = (
    ".kx .kx-chart{width:100%;max-width:440px;height:auto;margin:4px 0}"
    ".kx-chart text{font:12px system-ui,sans-serif;fill:var(--dim)}.kx-chart .kx-axis{stroke:var(--line);fill:none}"
    ".kx-chart .kx-even{stroke:var(--dim);stroke-dasharray:4 4;fill:none}"
    ".kx-chart .kx-line{stroke:var(--for);stroke-width:2;fill:none}.kx-chart .kx-dot{fill:var(--against)}"
    ".kx-chart .kx-first{fill:var(--for)}.kx-chart .kx-second{fill:none;stroke:var(--against);stroke-width:2}"
    ".kx-chart .kx-told{fill:var(--ink)}"
)

_LEFT, _TOP, _SIDE = 44.0, 10.0, 230.0
_WIDTH, _HEIGHT = 360, 290
_MOST_POINTS = 400


def seen_unseen_svg(curve: CalibrationCurve, s: float, u: float) -> str:
    """Accuracy on seen against unseen classes as gamma goes through all values, and where the classifier stands."""
    top = _rounded_up(max(float(curve.seen.max()), float(curve.unseen.max()), s, u))
    points = _thinned(np.stack([curve.seen, curve.unseen], axis=1))
    line = " ".join(f"{_x(x, top):.1f},{_y(y, top):.1f}" for x, y in points)
    x, y = _x(s, top), _y(u, top)
    # below the falling line, where nothing else is drawn
    beside = f'x="{x - 8:.1f}" text-anchor="end"' if x > _LEFT + _SIDE * 0.4 else f'x="{x + 8:.1f}"'
    height = min(y + 18, _TOP + _SIDE - 4)
    marks = (
        f'<polyline class="kx-line" points="{line}"/><circle class="kx-dot" cx="{x:.1f}" cy="{y:.1f}" r="5"/>'
        f'<text class="kx-told" {beside} y="{height:.1f}">s {100 * s:.1f}, u {100 * u:.1f}</text>'
    )
    return _chart(marks, top, "accuracy on seen classes, %", "on unseen classes, %", "seen and unseen accuracy")


def reliability_svg(first: ReliabilityBins, second: ReliabilityBins | None, names: Sequence[str]) -> str:
    """Accuracy against confidence, a mark a bin: filled circles for the first, empty squares for the second."""
    top = 1.0
    even = f'<path class="kx-even" d="M{_x(0, top)} {_y(0, top)}L{_x(1, top)} {_y(1, top)}"/>'
    dots = "".join(
        f'<circle class="kx-first" cx="{_x(c, top):.1f}" cy="{_y(a, top):.1f}" r="4"/>'
        for c, a in zip(first.confidence, first.accuracy, strict=True)
    )
    squares = "".join(
        f'<rect class="kx-second" x="{_x(c, top) - 4:.1f}" y="{_y(a, top) - 4:.1f}" width="8" height="8"/>'
        for c, a in (zip(second.confidence, second.accuracy, strict=True) if second is not None else ())
    )
    key = (
        '<circle class="kx-first" cx="58" cy="298" r="4"/>'
        f'<text class="kx-told" x="68" y="302">{_text(names[0])}</text>'
    )
    if second is not None:
        key += (
            '<rect class="kx-second" x="54" y="312" width="8" height="8"/>'
            f'<text class="kx-told" x="68" y="320">{_text(names[1])}</text>'
        )
    marks = even + dots + squares + key
    return _chart(marks, top, "confidence, %", "accuracy, %", "accuracy by confidence", below=40)


def _chart(marks: str, top: float, across: str, up: str, label: str, *, below: int = 0) -> str:
    ticks = np.linspace(0, top, 6 if round(top * 100) % 50 == 0 else 5)
    axes = f'<path class="kx-axis" d="M{_LEFT} {_TOP}V{_TOP + _SIDE}H{_LEFT + _SIDE}"/>'
    for tick in ticks:
        told = f"{100 * tick:.0f}"
        axes += (
            f'<text x="{_x(tick, top):.1f}" y="{_TOP + _SIDE + 16}" text-anchor="middle">{told}</text>'
            f'<text x="{_LEFT - 6}" y="{_y(tick, top) + 4:.1f}" text-anchor="end">{told}</text>'
        )
    names = (
        f'<text x="{_LEFT + _SIDE / 2}" y="{_TOP + _SIDE + 36}" text-anchor="middle">{_text(across)}</text>'
        f'<text transform="translate(12 {_TOP + _SIDE / 2}) rotate(-90)" text-anchor="middle">{_text(up)}</text>'
    )
    return (
        f'<svg class="kx-chart" viewBox="0 0 {_WIDTH} {_HEIGHT + below}" role="img" aria-label="{escape_html(label)}">'
        f"{axes}{names}{marks}</svg>"
    )


def _x(value: float, top: float) -> float:
    return _LEFT + _SIDE * value / top


def _y(value: float, top: float) -> float:
    return _TOP + _SIDE * (1 - value / top)


def _rounded_up(value: float) -> float:
    return next((step for step in (0.2, 0.4, 0.5, 0.6, 0.8, 1.0) if value <= step), 1.0)


def _thinned(points: NDArray[Any]) -> NDArray[Any]:
    """At most so many points that nobody sees the difference; both ends stay."""
    kept: NDArray[Any] = points[np.concatenate([[True], (np.diff(points, axis=0) != 0).any(axis=1)])]
    if len(kept) <= _MOST_POINTS:
        return kept
    places = np.unique(np.linspace(0, len(kept) - 1, _MOST_POINTS).round().astype(np.int64))
    return np.asarray(kept[places])


def _text(text: str) -> str:
    return escape_html(text)
