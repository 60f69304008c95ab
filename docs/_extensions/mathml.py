"""Formulas as MathML, which every current browser draws by itself: no script, no font, no network.

The translation is docutils' own. A command it does not know is a warning at the formula, and so fails the build.
"""

from typing import Any
from xml.etree import ElementTree

from docutils import nodes
from docutils.utils.math import MathError
from docutils.utils.math.latex2mathml import tex2mathml
from sphinx.application import Sphinx
from sphinx.util import logging
from sphinx.util.math import get_node_equation_number

_ACCENTS = set("ˆ^~˜ˉ¯˙¨→⃗")
_MATHML = "http://www.w3.org/1998/Math/MathML"
_log = logging.getLogger(__name__)


def mathml(tex: str, *, block: bool, location: Any = None) -> str:
    """The formula as an element `math`, with its TeX as the text to be copied or read out."""
    try:
        # the one entity that docutils writes, behind names of functions, is not one of XML's
        translated = tex2mathml(tex, as_block=block).replace("&ApplyFunction;", "\u2061")
        root = ElementTree.fromstring(translated)
    except MathError as error:
        _log.warning("%s in the formula %s", error, tex.strip(), location=location)
        return f"<code>{nodes.Text(tex)}</code>"
    for parent in root.iter():
        for place, child in enumerate(parent):
            _lower_index(child, parent, place)
    for accented in root.iter(f"{{{_MATHML}}}mover"):
        _keep_clear(accented)
    root.set("alttext", " ".join(tex.split()))
    ElementTree.register_namespace("", _MATHML)
    return ElementTree.tostring(root, encoding="unicode")


def _lower_index(element: ElementTree.Element, parent: ElementTree.Element, place: int) -> None:
    """Put the index of an accented letter beside it, where docutils puts it below as if it were a limit."""
    if element.tag != f"{{{_MATHML}}}munderover":
        return
    base, index, accent = element
    if (accent.text or "").strip() not in _ACCENTS:
        return
    accented = ElementTree.Element(f"{{{_MATHML}}}mover", accent="true")
    accented.extend([base, accent])
    indexed = ElementTree.Element(f"{{{_MATHML}}}msub")
    indexed.extend([accented, index])
    parent[place] = indexed


def _keep_clear(element: ElementTree.Element) -> None:
    """Leave a gap below a hat or a bar: without a font for mathematics it would touch the letter as an accent."""
    if (element[-1].text or "").strip() in _ACCENTS | {"~"}:
        element.attrib.pop("accent", None)
        element[-1].set("accent", "false")


def _inline(writer: Any, node: nodes.math) -> None:
    writer.body.append(mathml(node.astext(), block=False, location=node))
    raise nodes.SkipNode


def _block(writer: Any, node: nodes.math_block) -> None:
    writer.body.append(writer.starttag(node, "div", CLASS="math"))
    writer.body.append(mathml(node.astext(), block=True, location=node))
    if node["number"]:
        number = get_node_equation_number(writer, node)
        writer.body.append(f'<span class="eqno">({number})')
        writer.add_permalink_ref(node, "Link to this equation")
        writer.body.append("</span>")
    writer.body.append("</div>\n")
    raise nodes.SkipNode


def setup(app: Sphinx) -> dict[str, Any]:
    """Offer the renderer to Sphinx."""
    app.add_html_math_renderer("mathml", inline_renderers=(_inline, None), block_renderers=(_block, None))
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
