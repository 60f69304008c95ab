"""The measures against their definitions, written down plainly over NetworkX."""

import math

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kgzsl.errors import (
    InputFormatError,
    ResourceLimitError,
    UnknownConceptError,
    UnknownNameError,
    UnknownRelationError,
)
from kgzsl.graph.knowledge_graph import KnowledgeGraph
from kgzsl.query import similarity_matrix, similarity_measures, similarity_nltk
from kgzsl.query.information_content import InformationContent
from kgzsl.query.similarity_ancestry import ancestry
from kgzsl.query.similarity_kernels import best_shared, best_shared_of_pair, nltk_wu_palmer, nltk_wu_palmer_of_pair

BY_TAXONOMY = ("path", "wup", "lch")
BY_CONTENT = ("res", "jcn", "jcn_distance", "lin")
MEASURES = (*BY_TAXONOMY, *BY_CONTENT)
laws = settings(max_examples=60, deadline=None)


@st.composite
def graphs(draw, *, acyclic=True, pos=False):
    size = draw(st.integers(1, 11))
    place = st.integers(0, size - 1)
    pairs = draw(st.lists(st.tuples(place, place), max_size=24))
    edges = sorted({(max(h, t), min(h, t)) if acyclic else (h, t) for h, t in pairs if h != t})
    names = draw(st.permutations([f"c{place:02d}" for place in range(size)]))  # ids must not follow the order upward
    tags = draw(st.lists(st.sampled_from("nv"), min_size=size, max_size=size)) if pos else None
    concepts = [{"id": name} | ({"pos": tags[place]} if pos else {}) for place, name in enumerate(names)]
    kg = KnowledgeGraph.from_tables(concepts, [(names[h], "is_a", names[t]) for h, t in edges])
    if draw(st.booleans()):
        kg.index.walks.patience = 0  # all that many questions bring about is there from the first one on
    return kg


class Definition:
    """Distances, depths and common ancestors as the docstring says them, cycles condensed."""

    def __init__(self, kg, *, root=False):
        plain = nx.DiGraph()
        plain.add_nodes_from(kg.ids)
        plain.add_edges_from((edge.head, edge.tail) for edge in kg.edges(relation="taxonomic"))
        self.dag = nx.condensation(plain)
        self.of = self.dag.graph["mapping"]
        if root:
            tops = [node for node, degree in self.dag.out_degree() if degree == 0]
            self.dag.add_edges_from((top, "root") for top in tops)
        self.up = {node: nx.single_source_shortest_path_length(self.dag, node) for node in self.dag}
        self.depth = {}
        for node in reversed(list(nx.topological_sort(self.dag))):
            self.depth[node] = 1 + max((self.depth[parent] for parent in self.dag.successors(node)), default=-1)
        self.deepest = max(self.depth.values())

    def measure(self, name, a, b, content=None):
        x, y = self.of[a], self.of[b]
        up_x, up_y = self.up[x], self.up[y]
        common = up_x.keys() & up_y.keys()
        distance = min((up_x[c] + up_y[c] for c in common), default=math.inf)
        if name == "path":
            return 1 / (1 + distance)
        if name == "lch":
            if self.deepest == 0:
                return math.nan
            return -math.log((distance + 1) / (2 * self.deepest)) if common else -math.inf
        if name == "wup":
            ks = {c: self.depth[c] + 1 for c in common}
            return max((2 * k / (up_x[c] + up_y[c] + 2 * k) for c, k in ks.items()), default=0.0)
        own = {self.of[id_]: value for id_, value in content.items()}
        most = max((own[c] for c in common if c != "root"), default=0.0)
        apart = 0.0 if x == y else own[x] + own[y] - 2 * most
        if name == "lin":
            return 1.0 if x == y else 2 * most / (own[x] + own[y]) if own[x] + own[y] else 0.0
        return {"res": most, "jcn_distance": apart, "jcn": 1 / apart if apart else math.inf}[name]


@laws
@given(graphs(acyclic=False), st.booleans())
def test_taxonomic_measures_are_as_defined(kg, root):
    defined = Definition(kg, root=root)
    for name in BY_TAXONOMY:
        expected = [[defined.measure(name, a, b) for b in kg.ids] for a in kg.ids]
        found = kg.similarity_matrix(kg.ids, measure=name, virtual_root=root)
        np.testing.assert_allclose(found, expected, rtol=1e-14)


@laws
@given(graphs(acyclic=False), st.sampled_from(["seco", "sanchez"]))
def test_informed_measures_are_as_defined(kg, ic):
    defined = Definition(kg)
    content = dict(zip(kg.ids, InformationContent.intrinsic(kg, ic).values.tolist(), strict=True))
    for name in BY_CONTENT:
        expected = [[defined.measure(name, a, b, content) for b in kg.ids] for a in kg.ids]
        np.testing.assert_allclose(kg.similarity_matrix(kg.ids, measure=name, ic=ic), expected, rtol=1e-14)


@laws
@given(graphs(acyclic=False))
def test_measures_are_symmetric_bounded_and_greatest_of_itself(kg):
    for name in MEASURES:
        found = kg.similarity_matrix(kg.ids, measure=name)
        np.testing.assert_array_equal(found, found.T)
        own = np.diagonal(found)[:, None]
        if name == "lch" and Definition(kg).deepest == 0:
            assert np.isnan(found).all()
            continue
        best = own <= found if name == "jcn_distance" else own >= found
        assert best.all(), name
        if name in ("path", "wup", "lin"):
            assert (own == 1).all()
            assert (found >= 0).all()


@laws
@given(graphs(acyclic=False, pos=True), st.sampled_from([None, "nltk"]), st.sampled_from([None, True, False]))
def test_pairs_lists_and_matrices_agree_to_the_last_bit(kg, compat, root):
    for name in MEASURES:
        options = {"measure": name, "compat": compat, "virtual_root": root}
        pairs = [[kg.similarity(a, b, **options) for b in kg.ids] for a in kg.ids]
        np.testing.assert_array_equal(kg.similarity(kg.ids[0], kg.ids, **options), pairs[0])
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(similarity_matrix, "_FEW_PAIRS", 0)
            patched.setattr(similarity_matrix, "_BLOCK", 2 * len(kg))
            np.testing.assert_array_equal(
                kg.similarity_matrix(kg.ids, measure=name, compat=compat, virtual_root=root), pairs
            )
            others = kg.ids[::-2]
            expected = [row[::-2] for row in pairs]
            np.testing.assert_array_equal(kg.similarity_matrix(kg.ids, others, **options), expected)


@laws
@given(graphs(pos=True))
def test_kernels_give_what_their_python_gives(kg):
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(similarity_matrix, "_FEW_PAIRS", 0)
        options = [{"measure": name, "compat": compat} for name in MEASURES for compat in (None, "nltk")]
        compiled = [kg.similarity_matrix(kg.ids, **option) for option in options]
        patched.setattr(similarity_measures, "best_shared", best_shared.python)
        patched.setattr(similarity_nltk, "best_shared", best_shared.python)
        patched.setattr(similarity_nltk, "nltk_wu_palmer", nltk_wu_palmer.python)
        for option, found in zip(options, compiled, strict=True):
            np.testing.assert_array_equal(kg.similarity_matrix(kg.ids, **option), found)


@laws
@given(graphs(pos=True))
def test_pairs_are_the_same_by_dicts_by_kernels_and_by_their_python(kg):
    options = [{"measure": name, "compat": compat} for name in MEASURES for compat in (None, "nltk")]
    pairs = [(a, b, option) for option in options for a in kg.ids for b in kg.ids]

    def answers(patience):
        asked = KnowledgeGraph.from_tables(kg.concepts_table, kg.edges_table, kg.relations.values())
        asked.index.walks.patience = patience
        found = [asked.similarity(a, b, **option) for a, b, option in pairs]
        return found, ancestry(asked, None).packed is not None

    by_dicts, has_rows = answers(None)
    assert not has_rows
    by_kernels, has_rows = answers(0)
    assert has_rows
    np.testing.assert_array_equal(by_kernels, by_dicts)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(similarity_measures, "best_shared_of_pair", best_shared_of_pair.python)
        patched.setattr(similarity_nltk, "nltk_wu_palmer_of_pair", nltk_wu_palmer_of_pair.python)
        by_python, has_rows = answers(0)
    assert has_rows
    np.testing.assert_array_equal(by_python, by_dicts)


@laws
@given(graphs(acyclic=False), st.integers(1, 4))
def test_most_similar_are_the_first_of_all_sorted(kg, k):
    for name in ("wup", "jcn_distance"):
        values = kg.similarity(kg.ids[0], kg.ids, measure=name)
        sign = 1 if name == "jcn_distance" else -1
        expected = sorted((sign * value, id_) for value, id_ in zip(values.tolist(), kg.ids, strict=True))
        expected = [(id_, sign * value) for value, id_ in expected if id_ != kg.ids[0]][:k]
        found = kg.most_similar(kg.ids[0], k=k, measure=name)
        assert found.columns == ("id", "label", name)
        assert [(row[0], row[2]) for row in found] == expected


# -- by hand -----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def ways() -> KnowledgeGraph:
    """Give x and y under two ancestors: `near` right above both, `deep` two above, but three deep; z stands alone."""
    up = [("x", "near"), ("y", "near"), ("near", "top"), ("x", "xx"), ("y", "yy"), ("xx", "deep"), ("yy", "deep")]
    up += [("deep", "d2"), ("d2", "d1"), ("d1", "top"), ("z", "other")]
    return KnowledgeGraph.from_tables(sorted({id_ for pair in up for id_ in pair}), [(h, "is_a", t) for h, t in up])


def test_golden_values_of_the_toy_graph(toy_graph):
    assert toy_graph.similarity("cat", "dog") == 1 / 3
    assert toy_graph.similarity("cat", "dog", measure="wup") == 4 / 6
    assert toy_graph.similarity("cat", "owl", measure="wup") == 2 / 6
    assert toy_graph.similarity("cat", "dog", measure="lch") == -math.log(3 / 4)
    mammal, leaf = 1 - math.log(4) / math.log(7), 1.0
    assert toy_graph.similarity("cat", "dog", measure="res") == pytest.approx(mammal)
    assert toy_graph.similarity("cat", "dog", measure="lin") == pytest.approx(2 * mammal / (leaf + leaf))
    assert toy_graph.similarity("cat", "dog", measure="jcn") == pytest.approx(1 / (2 * leaf - 2 * mammal))
    assert toy_graph.similarity("cat", "owl", measure="res") == 0.0


def test_each_measure_takes_the_ancestor_that_gives_most(ways):
    assert ways.similarity("x", "y") == 1 / 3  # by way of near
    assert ways.similarity("x", "y", measure="wup") == 8 / 12  # by way of deep, not 4/6 of near


def test_without_a_common_ancestor(ways):
    values = {name: ways.similarity("x", "z", measure=name) for name in MEASURES}
    content = InformationContent.intrinsic(ways)
    apart = content["x"] + content["z"]
    assert values == {
        "path": 0.0, "wup": 0.0, "lch": -math.inf, "res": 0.0, "lin": 0.0, "jcn_distance": apart, "jcn": 1 / apart
    }  # fmt: skip


def test_a_virtual_root_stands_above_all_roots(ways):
    assert ways.similarity("x", "z", virtual_root=True) == 1 / (1 + 3 + 2)
    assert ways.similarity("x", "z", measure="wup", virtual_root=True) == 2 / (3 + 2 + 2)
    assert ways.similarity("x", "z", measure="lch", virtual_root=True) == -math.log(6 / (2 * 6))
    assert ways.similarity("x", "y", measure="wup", virtual_root=True) == 6 / 8  # now by way of near
    assert ways.similarity("x", "z", measure="res", virtual_root=True) == 0.0


def test_a_relation_may_be_climbed_backwards(ways):
    turned = KnowledgeGraph.from_tables(ways.ids, [(edge.tail, "is_a", edge.head) for edge in ways.edges()])
    for name in MEASURES:
        down = ways.similarity_matrix(ways.ids, measure=name, relations="^is_a")
        np.testing.assert_array_equal(down, turned.similarity_matrix(ways.ids, measure=name))
        assert not np.array_equal(down, ways.similarity_matrix(ways.ids, measure=name))


def test_relations_may_be_any(toy_graph):
    assert toy_graph.similarity("bat", "bird", relations="has_part") == 1 / 3
    assert toy_graph.similarity("bat", "bird", relations=["has_part"]) == 1 / 3
    assert toy_graph.similarity("bat", "bird", relations=["has_part", "is_a"], measure="path") == 1 / 3
    assert toy_graph.similarity("bat", "dog", relations="part", measure="wup") == 0.0


def test_concepts_on_a_cycle_are_one():
    kg = KnowledgeGraph.from_tables(list("abcd"), [(h, "is_a", t) for h, t in ["ab", "ba", "bc", "dc"]])
    assert kg.similarity("a", "b") == kg.similarity("a", "b", measure="lin") == 1.0
    assert kg.similarity("a", "b", measure="jcn") == math.inf
    assert kg.similarity("a", "d") == kg.similarity("b", "d") == 1 / 3


@pytest.mark.parametrize(
    ("alias", "name"),
    [
        ("Wu-Palmer", "wup"),
        ("wu_palmer", "wup"),
        ("leacock_chodorow", "lch"),
        ("Leacock-Chodorow", "lch"),
        ("resnik", "res"),
        ("jiang conrath", "jcn"),
        ("jiang_conrath_distance", "jcn_distance"),
        ("LIN", "lin"),
    ],
)
def test_measures_go_by_their_full_names(toy_graph, alias, name):
    assert toy_graph.similarity("cat", "dog", measure=alias) == toy_graph.similarity("cat", "dog", measure=name)


def test_most_similar_among_some(toy_graph):
    found = toy_graph.most_similar("cat", k=2, among=["owl", "dog", "dog", "cat", "wing"])
    assert found.rows == (("dog", "dog", 1 / 3), ("owl", "owl", 0.2))
    assert str(found).splitlines()[0].split() == ["id", "label", "path"]


def test_a_list_of_none_gives_an_array_of_none(toy_graph):
    assert toy_graph.similarity("cat", []).shape == (0,)
    assert toy_graph.similarity_matrix([]).shape == (0, 0)
    assert toy_graph.similarity_matrix([], ["cat"]).shape == (0, 1)


# -- errors ------------------------------------------------------------------------------------------------------------


def test_unknown_measure_names_the_nearest(toy_graph):
    with pytest.raises(UnknownNameError) as error:
        toy_graph.similarity("cat", "dog", measure="wupp")
    assert error.value.nearest[0] == "wup"
    with pytest.raises(InputFormatError):
        toy_graph.similarity("cat", "dog", measure=["wup"])


def test_unknown_names_are_errors(toy_graph):
    with pytest.raises(UnknownConceptError, match="cat"):
        toy_graph.similarity("dog", "catt")
    with pytest.raises(UnknownConceptError):
        toy_graph.similarity("dog", ["cat", "catt"])
    with pytest.raises(UnknownRelationError):
        toy_graph.similarity("dog", "cat", relations="is_b")
    with pytest.raises(UnknownNameError, match="nltk"):
        toy_graph.similarity("dog", "cat", compat="wn")
    with pytest.raises(InputFormatError, match="virtual_root"):
        toy_graph.similarity("dog", "cat", virtual_root="yes")
    with pytest.raises(InputFormatError, match="k is how many"):
        toy_graph.most_similar("dog", k=0)


@pytest.mark.parametrize("several", [["dog"], 5, None])
def test_several_with_several_are_a_matrix(toy_graph, several):
    for others in ("cat", ["cat"]):
        with pytest.raises(InputFormatError, match="similarity_matrix compares several with several"):
            toy_graph.similarity(several, others)


def test_options_that_would_be_ignored_are_errors(toy_graph):
    with pytest.raises(InputFormatError, match="leave ic out"):
        toy_graph.similarity("cat", "dog", measure="wup", ic="seco")


def test_compat_needs_parts_of_speech(toy_graph):
    with pytest.raises(InputFormatError, match="parts of speech"):
        toy_graph.similarity("cat", "dog", compat="nltk")


def test_too_large_a_matrix_is_refused_before_it_is_made(toy_graph):
    ids = ["cat"] * 16_000
    with pytest.raises(ResourceLimitError, match=r"256,000,000 similarities.*similarity_matrix\(ids\[:15,625\]"):
        toy_graph.similarity_matrix(ids)
