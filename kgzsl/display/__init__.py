"""Plain marks in, text, HTML and SVG out; knows nothing of graphs or models."""

from kgzsl.display.html import Bar, Block, Card, Fold, card_html, escape_html, html_table
from kgzsl.display.layered import Drawing, Link, Mark, layered_svg
from kgzsl.display.progress import progress, shown, silent
from kgzsl.display.rounding import decimals_for, percent, signed, sum_preserving
from kgzsl.display.table import Table
from kgzsl.display.text import cell_width, escape_text, fit, pad, text_table, wrap

__all__ = [
    "Bar",
    "Block",
    "Card",
    "Drawing",
    "Fold",
    "Link",
    "Mark",
    "Table",
    "card_html",
    "cell_width",
    "decimals_for",
    "escape_html",
    "escape_text",
    "fit",
    "html_table",
    "layered_svg",
    "pad",
    "percent",
    "progress",
    "shown",
    "signed",
    "silent",
    "sum_preserving",
    "text_table",
    "wrap",
]
