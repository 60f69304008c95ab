import re

import polars as pl

from kgzsl.graph.knowledge_graph import KnowledgeGraph


def cells(html):
    return re.findall(r"<td>(.*?)</td>", html)


def test_a_graph_shows_its_counts_and_its_relations_the_most_edges_first(toy_graph):
    html = toy_graph._repr_html_()
    assert "<caption>toy: 10 concepts, 9 edges, 3 relations</caption>" in html
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
    assert toy_graph.concept("cat")._repr_html_() == (
        "<div><b>house cat, cat, Felis catus</b> <code>cat</code><br><i>a mammal that purrs</i></div>"
    )
