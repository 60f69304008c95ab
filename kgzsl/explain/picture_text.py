"""The graph of an explanation as text for other renderers: Graphviz' DOT and Mermaid."""

from typing import Any

from kgzsl.display.text import escape_text, fit

__all__ = ["dot", "mermaid"]

_DOT_SHAPES = {"target": "ellipse", "foil": "ellipse", "seen": "box", "concept": "diamond"}
_MERMAID_SHAPES = {"target": '(["{}"])', "foil": '(["{}"])', "seen": '["{}"]', "concept": '{{"{}"}}'}
_LONGEST = 60
_THINNEST, _THICKEST = 1.0, 6.0


def dot(drawn: Any) -> str:
    """DOT: an edge is as wide as its credit is large, dashed where it speaks against the target."""
    lines = ["digraph explanation {", "  rankdir=LR;", "  node [fontname=sans];", "  edge [fontname=sans];"]
    for node, data in drawn.nodes(data=True):
        strong = ", style=bold" if data["role"] in ("target", "foil") else ""
        lines.append(f"  {_quoted(node)} [label={_quoted(data['label'])}, shape={_DOT_SHAPES[data['role']]}{strong}];")
    for head, tail, _, data, width in _edges(drawn):
        label = f"{data['verb']} {data['credit']:+.3g}"
        style = "dashed" if data["credit"] < 0 else "solid"
        ends = f"{_quoted(head)} -> {_quoted(tail)}"
        lines.append(f"  {ends} [label={_quoted(label)}, style={style}, penwidth={width:.1f}];")
    return "\n".join([*lines, "}", ""])


def mermaid(drawn: Any) -> str:
    """Mermaid flowchart: a dotted edge speaks against the target."""
    places = {node: f"n{place}" for place, node in enumerate(drawn.nodes)}
    lines = ["flowchart LR"]
    for node, data in drawn.nodes(data=True):
        lines.append(f"  {places[node]}{_MERMAID_SHAPES[data['role']].format(_entities(data['label']))}")
    widths = []
    for place, (head, tail, _, data, width) in enumerate(_edges(drawn)):
        label = _entities(f"{data['verb']} {data['credit']:+.3g}")
        arrow = "-.->" if data["credit"] < 0 else "-->"
        lines.append(f'  {places[head]} {arrow}|"{label}"| {places[tail]}')
        widths.append(f"  linkStyle {place} stroke-width:{width:.1f}px")
    return "\n".join([*lines, *widths, ""])


def _edges(drawn: Any) -> list[tuple[str, str, str, Any, float]]:
    """Head, tail, relation, data and width."""
    edges = list(drawn.edges(keys=True, data=True))
    largest = max((abs(data["credit"]) for *_, data in edges), default=0.0)
    return [
        (*edge, _THINNEST + (_THICKEST - _THINNEST) * (abs(edge[3]["credit"]) / largest if largest else 0.0))
        for edge in edges
    ]


def _quoted(text: str) -> str:
    """A DOT string: only quotes and backslashes end or escape it."""
    shown = fit(escape_text(text), _LONGEST).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{shown}"'


def _entities(text: str) -> str:
    """A Mermaid label: what is not a plain word character or blank is a numbered entity where it could act."""
    return "".join(
        f"#{ord(sign)};" if sign in '"#<>&;`|{}[]()\\' else sign for sign in fit(escape_text(text), _LONGEST)
    )
