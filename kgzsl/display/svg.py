"""Bars as static SVG: side, sign and hatching tell them apart, colour only helps."""

__all__ = ["diverging_bar"]


def diverging_bar(value: float, scale: float) -> str:
    """A bar from the middle: to the right and solid above zero, to the left and striped below.

    `scale` is the value that fills half the width; every bar of a card shares it. The bar is as wide as its place, and
    the style sheet draws the zero. It is an ornament for the number printed beside it, so it is hidden from screen
    readers. Its colours come from the classes `kx-for` and `kx-against`.
    """
    length = 0.0 if scale <= 0 else min(abs(value) / scale, 1.0) * 49
    # a dash pattern instead of <pattern id=…>: two cards on one page cannot take each other's fill
    if value >= 0:
        mark = f'<rect class="kx-for" x="50%" y="2" width="{length:.1f}%" height="10"/>'
    else:
        mark = f'<line class="kx-against" x1="50%" x2="{50 - length:.1f}%" y1="7" y2="7"/>'
    return f'<svg aria-hidden="true">{mark if length else ""}</svg>'
