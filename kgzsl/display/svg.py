"""Bars as static SVG: side, sign and hatching tell them apart, colour only helps."""

__all__ = ["diverging_bar"]


def diverging_bar(value: float, scale: float, *, width: int = 220, height: int = 14) -> str:
    """A bar from the middle: to the right and solid above zero, to the left and striped below.

    `scale` is the value that fills half the width; every bar of a card shares it. The bar is an ornament for
    the number printed beside it, so it is hidden from screen readers. Its colours come from the classes
    `kx-for` and `kx-against` and follow the page's text colour where no style sheet defines them.
    """
    middle = width / 2
    length = 0.0 if scale <= 0 else min(abs(value) / scale, 1.0) * (middle - 2)
    # a dash pattern instead of <pattern id=…>: two cards on one page cannot take each other's fill
    if value >= 0:
        mark = f'<rect class="kx-for" x="{middle:g}" y="2" width="{length:.1f}" height="{height - 4}" rx="1"/>'
    else:
        mark = (
            f'<line class="kx-against" x1="{middle:g}" x2="{middle - length:.1f}" y1="{height / 2:g}" '
            f'y2="{height / 2:g}" stroke-width="{height - 4}" stroke-dasharray="3 1.5"/>'
        )
    return (
        f'<svg width="{width}" height="{height}" viewBox="0 0 {width} {height}" aria-hidden="true">'
        f'<line class="kx-zero" x1="{middle:g}" x2="{middle:g}" y1="0" y2="{height}"/>{mark if length else ""}</svg>'
    )
