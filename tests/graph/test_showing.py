import re

import polars as pl
import pytest

from kgzsl.errors import KgzslError, UnknownConceptError
from kgzsl.graph.concept import Edge
from kgzsl.graph.knowledge_graph import KnowledgeGraph


def cells(html):
    return re.findall(r"<td[^>]*>(.*?)</td>", html)


def test_a_graph_shows_its_counts_and_its_relations_the_most_edges_first(toy_graph):
    html = toy_graph._repr_html_()
    assert '<div class="kx-title">toy: 10 concepts, 9 edges, 3 relations</div>' in html
    assert cells(html) == ["is_a", "taxonomic", "6", "has_part", "part", "2", "antonym", "negative", "1"]


def test_relations_without_edges_are_not_shown(toy_graph):
    assert cells(toy_graph.induced(["cat"])._repr_html_()) == ["is_a", "taxonomic", "2"]


def test_every_name_is_escaped():
    edges = pl.DataFrame({"head": ["a"], "relation": ["<i>"], "tail": ["b"]})
    html = KnowledgeGraph.from_tables(pl.DataFrame({"id": ["a", "b"]}), edges, name="<script>")._repr_html_()
    assert "<script>" not in html
    assert "<i>" not in html
    assert "&lt;script&gt;" in html


def test_a_concept_shows_its_names_and_definition(toy_graph):
    html = toy_graph.concept("cat")._repr_html_()
    assert html.endswith(
        "<header><b>house cat, cat, Felis catus</b><small>cat</small></header><div>a mammal that purrs</div></section>"
    )
    assert "<div>" not in toy_graph.concept("day")._repr_html_()


def test_characters_that_act_on_a_terminal_are_shown_as_escapes():
    acting = "\x1b[31mred\u202e\n"
    concepts = pl.DataFrame({"id": ["a", "b"], "label": [acting, "B"], "definition": [acting, ""]})
    kg = KnowledgeGraph.from_tables(concepts, [("a", "is_a", "b")], name=f"g{acting}")
    path = kg.shortest_path("a", "b")
    shown = [str(path), path._repr_html_(), repr(kg), kg._repr_html_(), repr(kg.concept("a"))]
    shown += [kg.concept("a")._repr_html_(), str(Edge(acting, "is_a", "b"))]
    for wrong in (lambda: kg.concept(acting), lambda: kg.edges(relation=acting), lambda: kg.add_concepts("a")):
        with pytest.raises(KgzslError) as caught:
            wrong()
        shown.append(str(caught.value).replace("\n  ", " "))
    for text in shown:
        assert "\\x1b[31mred\\u202e\\n" in text
        assert not set(acting) & {"\x1b", "\u202e", "\n"} & set(text)


def test_a_long_id_is_cut_in_the_message_and_whole_in_the_error(toy_graph):
    with pytest.raises(UnknownConceptError) as caught:
        toy_graph.concept("x" * 10_000)
    assert len(str(caught.value)) < 300
    assert "(10,000 characters)" in str(caught.value)
    assert caught.value.id == "x" * 10_000
