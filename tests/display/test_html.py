from html.parser import HTMLParser

from kgzsl.display.html import Bar, Block, Card, Fold, card_html, escape_html, html_table
from kgzsl.display.style import STYLE
from kgzsl.display.svg import diverging_bar

EVIL = "<script>alert('1')</script>\x1b[0m\"'&"
VOID = {"rect", "line"}


class Reader(HTMLParser):
    """Collects tags and fails on one that is not closed."""

    def __init__(self):
        super().__init__()
        self.tags, self.open = [], []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def card(label):
    bar = Bar(label, label, 1.0, label)
    blocks = (Block(label, (bar, Bar("against", "", -0.5, "-0.5"))), Block("empty", ()))
    return Card(label, label, label, label, (label,), blocks, bar, (Fold(label, ((label, label),)),), label)


def tags(text):
    reader = Reader()
    reader.feed(text)
    assert not reader.open
    return reader.tags


def test_no_label_becomes_markup_anywhere_in_a_card():
    text = card_html(card(EVIL))
    assert tags(text) == tags(card_html(card("plain")))
    assert "script" not in tags(text)
    assert "\x1b" not in text


def test_a_card_loads_nothing_and_serves_light_and_dark():
    text = card_html(card("plain"))
    assert "http" not in text
    assert "url(" not in text
    assert "prefers-color-scheme:dark" in text
    assert text.startswith('<section class="kx" role="figure" aria-label="plain">')


def test_an_empty_block_is_left_out():
    assert "empty" not in card_html(card("plain"))


def test_very_long_labels_are_cut():
    assert len(card_html(card("x" * 100_000))) < 120_000
    assert "…" in card_html(card("x" * 100_000))


def test_signs_differ_in_side_and_shape_not_in_colour_alone():
    up, down = diverging_bar(1.0, 2.0), diverging_bar(-1.0, 2.0)
    assert 'class="kx-for" x="50%"' in up
    assert "kx-against" not in up
    assert 'class="kx-against" x1="50%" x2="25.5%"' in down
    assert ".kx-against{stroke-width:10px;stroke-dasharray:3 1.5}" in STYLE
    assert diverging_bar(0.0, 0.0).count("<rect") == 0


def test_a_table_escapes_its_cells():
    text = html_table([[EVIL, 3]], [EVIL, "n"], caption=EVIL)
    assert "<script" not in text
    assert escape_html(EVIL) in text


def test_a_table_has_its_notes_below_and_numbers_flushed_right():
    html = html_table([["tiger", 4]], ["class", "n"], right=["n"], notes=["a <note>"], summary="open")
    assert '<td>tiger</td><td class="kx-num">4</td>' in html
    assert html.endswith("</table></div></details><p><small>a &lt;note&gt;</small></p></section>")
    assert '<details><summary>open</summary><div class="kx-net"><table class="kx-table">' in html


def test_a_block_without_rows_says_why_or_is_left_out():
    def card(empty):
        return Card("t", "", "", "", (), (Block("caption", (), empty),), Bar("total", "", 0.0, "0.00"), (), "")

    assert "<caption>caption</caption><tr><td>nothing &amp; no one</td></tr>" in card_html(card("nothing & no one"))
    assert "<caption>" not in card_html(card(""))
