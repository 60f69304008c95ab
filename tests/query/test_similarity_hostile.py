"""Graphs that break similarities elsewhere: empty, cyclic, very deep, very wide."""

import math

import numpy as np
import polars as pl
import pytest

from kgzsl.errors import ResourceLimitError, UnknownConceptError
from kgzsl.graph.knowledge_graph import KnowledgeGraph
from kgzsl.query import similarity_ancestry
from kgzsl.query.information_content import InformationContent

MEASURES = ("path", "wup", "lch", "res", "jcn", "jcn_distance", "lin")
DEEP = 10_000
WIDE = 100_000


def built(size, heads, tails):
    ids = pl.Series([f"c{place:06d}" for place in range(size)])
    edges = {"head": ids.gather(heads), "relation": ["is_a"] * len(heads), "tail": ids.gather(tails)}
    concepts = {"id": ids, "pos": ["n"] * size}
    return KnowledgeGraph.from_tables(
        pl.DataFrame(concepts), pl.DataFrame(edges, schema_overrides={"relation": pl.String}), name="hostile"
    )


@pytest.fixture(scope="module")
def chain() -> KnowledgeGraph:
    return built(DEEP, np.arange(1, DEEP), np.arange(DEEP - 1))


@pytest.fixture(scope="module")
def hub() -> KnowledgeGraph:
    return built(WIDE + 1, np.arange(1, WIDE + 1), np.zeros(WIDE, dtype=int))


@pytest.fixture(scope="module")
def climber() -> KnowledgeGraph:
    """Give one concept with 100,000 parents."""
    return built(WIDE + 1, np.zeros(WIDE, dtype=int), np.arange(1, WIDE + 1))


def test_an_empty_graph_has_nothing_to_compare():
    empty = KnowledgeGraph.from_tables([], [])
    with pytest.raises(UnknownConceptError):
        empty.similarity("a", "b")
    with pytest.raises(UnknownConceptError):
        empty.most_similar("a")
    for measure in MEASURES:
        assert empty.similarity_matrix([], measure=measure).shape == (0, 0)
    assert len(InformationContent.intrinsic(empty, "sanchez")) == 0
    assert len(InformationContent.from_counts(empty, {})) == 0


def test_concepts_without_an_edge_are_like_themselves_only():
    loose = built(3, [], [])
    for measure, same, other in (("path", 1.0, 0.0), ("wup", 1.0, 0.0), ("lin", 1.0, 0.0), ("jcn", math.inf, 0.5)):
        assert loose.similarity("c000000", ["c000000", "c000001"], measure=measure).tolist() == [same, other]
    assert np.isnan(loose.similarity("c000000", list(loose), measure="lch")).all()
    assert loose.similarity("c000000", "c000001", virtual_root=True, measure="lch") == -math.log(3 / 2)


def test_a_deep_chain_answers(chain):
    top, low, lowest = "c000000", f"c{DEEP - 2:06d}", f"c{DEEP - 1:06d}"
    assert chain.similarity(low, lowest) == 1 / 2
    assert chain.similarity(top, lowest) == 1 / DEEP
    assert chain.similarity(low, lowest, measure="wup") == 2 * (DEEP - 1) / (2 * (DEEP - 1) + 1)
    assert chain.similarity(low, lowest, measure="lch") == -math.log(2 / (2 * (DEEP - 1)))
    for measure in MEASURES:
        assert math.isfinite(chain.similarity(low, lowest, measure=measure, compat="nltk")), measure
    assert chain.similarity(low, lowest, measure="res") == pytest.approx(1 - math.log(2) / math.log(DEEP))
    assert chain.similarity(low, lowest, measure="lin", ic={lowest: 1}) > 0.9
    assert chain.similarity_matrix(chain.ids[::100], measure="wup").shape == (100, 100)
    assert InformationContent.intrinsic(chain, "sanchez")[lowest] == math.log(2)


def test_a_deep_chain_as_a_whole_is_refused_at_once(chain):
    with pytest.raises(ResourceLimitError, match="10,000 concepts have over 50,000,000 ancestors"):
        chain.most_similar("c000000")
    assert chain.most_similar("c000000", k=1, among=["c000001", "c000002"]).rows[0][0] == "c000001"


def test_too_many_ancestors_are_refused(chain, monkeypatch):
    monkeypatch.setattr(similarity_ancestry, "MOST_PAIRS", 100_000)
    with pytest.raises(ResourceLimitError, match="ask about fewer concepts"):
        chain.similarity_matrix(chain.ids[::100])


def test_a_cycle_is_one_concept():
    ring = built(DEEP, np.arange(DEEP), np.roll(np.arange(DEEP), -1))
    assert ring.similarity("c000000", "c005000") == 1.0
    assert ring.similarity("c000000", "c005000", measure="wup", compat="nltk") == 1.0
    assert ring.similarity_matrix(ring.ids[:50], measure="lin").min() == 1.0
    assert len(ring.most_similar("c000000", k=3)) == 3


def test_a_hub_answers(hub):
    for measure in MEASURES:
        for compat in (None, "nltk"):
            values = hub.similarity("c000001", hub.ids, measure=measure, compat=compat)
            assert values.shape == (WIDE + 1,)
            assert values[2] == values[-1]
    assert hub.similarity("c000001", "c000002") == 1 / 3
    assert hub.similarity_matrix(hub.ids[:300], measure="wup")[1, 2] == 0.5
    assert [row[0] for row in hub.most_similar("c000001", k=2)] == ["c000000", "c000002"]


def test_a_concept_with_many_parents_answers(climber):
    assert climber.similarity("c000000", "c000777") == 1 / 2
    assert climber.similarity("c000000", "c000777", measure="wup") == 2 / 3
    assert climber.similarity("c000000", "c000777", measure="wup", compat="nltk") == 2 / 3
    assert [row[0] for row in climber.most_similar("c000777", k=1)] == ["c000000"]


def test_what_is_kept_of_single_questions_is_bounded(monkeypatch):
    monkeypatch.setattr(similarity_ancestry, "MOST_HELD", 50)
    tree = built(200, np.arange(1, 200), (np.arange(1, 200) - 1) // 2)
    expected = tree.similarity_matrix(tree.ids, measure="wup")
    found = [[tree.similarity(a, b, measure="wup") for b in tree.ids] for a in tree.ids]
    np.testing.assert_array_equal(found, expected)
    taxonomy = similarity_ancestry.ancestry(tree, None)
    assert sum(map(len, taxonomy.known.values())) <= 50 + 2 * 8


def test_what_is_above_a_thicket_is_walked_not_kept(monkeypatch):
    monkeypatch.setattr(similarity_ancestry, "MOST_HELD", 50)
    rungs = np.array([(8 * row + a, 8 * (row - 1) + b) for row in range(1, 6) for a in range(8) for b in range(8)])
    thicket = built(48, *rungs.T)
    assert thicket.similarity("c000040", "c000047") == 1 / 3
    assert thicket.similarity("c000040", "c000000", measure="wup") == 1 / 3.5
