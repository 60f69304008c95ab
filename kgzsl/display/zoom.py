"""A drawing that can be made larger within its card, by style alone.

No script: notebooks that are not trusted and code hosts take scripts out, and pages forbid them. What is left where
the style is taken out as well is the drawing at its own size.
"""

from kgzsl.display.layered import Drawing, drawn
from kgzsl.display.layout import arrange
from kgzsl.display.style import ZOOM_SIZES, ZOOM_STYLE

__all__ = ["zoomable"]

_WIDE, _TALL = 724.0, 480.0
"""What fits into a card and onto a screen needs no zoom."""


def zoomable(drawing: Drawing) -> str:
    """The drawing in a box that scrolls, by keyboard too; a large one with sizes to choose from.

    The choice is made of radio buttons in a form of their own, so that two drawings on a page do not share it, and
    the form goes nowhere.
    """
    layout = arrange(drawing.marks, drawing.links)
    box = f'<div class="kx-net" tabindex="0">{drawn(drawing, layout, is_alone=False)}</div>'
    if layout.width <= _WIDE and layout.height <= _TALL:
        return box
    buttons = "".join(
        f'<label><input type="radio" name="size" value="{size:g}"{" checked" if size == 1.0 else ""}>{words}</label>'
        for words, size in ZOOM_SIZES
    )
    sizes = f"<style>{ZOOM_STYLE}</style><fieldset><legend>size</legend>{buttons}</fieldset>"
    return f'<form class="kx-zoom" method="dialog">{sizes}{box}</form>'
