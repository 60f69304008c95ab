"""Hierarchical precision@k over a small taxonomy."""

import numpy as np
import polars as pl
import pytest

from kgzsl.errors import InputFormatError, UnknownConceptError
from kgzsl.evaluation.hierarchy import hierarchical_precision, hierarchy_distances, nearest_classes
from kgzsl.evaluation.metrics import hits_at_k
from kgzsl.graph.knowledge_graph import KnowledgeGraph
from kgzsl.graph.relation import SHARED_RELATIONS

EDGES = [("cat", "feline"), ("tiger", "feline"), ("feline", "animal"), ("dog", "animal"), ("oak", "plant")]
CLASSES = ["cat", "dog", "oak", "tiger"]


@pytest.fixture(scope="module")
def index():
    ids = sorted({end for edge in EDGES for end in edge})
    is_a = next(r for r in SHARED_RELATIONS.values() if r.name == "is_a")
    edges = pl.DataFrame([{"head": a, "relation": "is_a", "tail": b} for a, b in EDGES])
    return KnowledgeGraph.from_tables(pl.DataFrame({"id": ids}), edges, [is_a], name="toy").index


def test_distances_count_edges_up_and_down(index):
    inf = np.inf
    expected = [[0, 3, inf, 2], [3, 0, inf, 3], [inf, inf, 0, inf], [2, 3, inf, 0]]
    np.testing.assert_array_equal(hierarchy_distances(index, CLASSES), expected)
    np.testing.assert_array_equal(hierarchy_distances(index, ["tiger"], CLASSES), [expected[3]])


def test_unknown_concepts_are_named(index):
    with pytest.raises(UnknownConceptError, match="lion"):
        hierarchy_distances(index, ["cat", "lion"])


def test_the_correct_set_grows_by_whole_rings(index):
    distances = hierarchy_distances(index, CLASSES)
    sets = []
    for k in (1, 2, 3, 4):
        marked = nearest_classes(distances, k)
        sets.append(["".join(name[0] for name, near in zip(CLASSES, row, strict=True) if near) for row in marked])
    # dog's nearest two are at the same distance; oak reaches nothing, so its set never grows
    assert sets == [
        ["c", "d", "o", "t"],
        ["ct", "cdt", "o", "ct"],
        ["cdt", "cdt", "o", "cdt"],
        ["cdt", "cdt", "o", "cdt"],
    ]


def test_precision_by_hand(index):
    distances = hierarchy_distances(index, CLASSES)
    # a cat taken for a tiger, then a cat, then an oak; and a dog recognised
    scores, labels = [[0.3, 0.1, 0.2, 0.4], [0.0, 0.9, 0.2, 0.1]], [0, 1]
    values = [hierarchical_precision(scores, labels, distances, k) for k in (1, 2, 3)]
    assert values == pytest.approx([(0 + 1) / 2, (2 / 2 + 1 / 2) / 2, (2 / 3 + 2 / 3) / 2])


def test_first_place_is_hit_at_one(index):
    rng = np.random.default_rng(0)
    scores, labels = rng.integers(0, 3, size=(40, 4)).astype(float), rng.integers(0, 4, size=40)
    distances = hierarchy_distances(index, CLASSES)
    for average in ("macro", "micro"):
        at_one = hierarchical_precision(scores, labels, distances, 1, average=average)
        assert at_one == pytest.approx(hits_at_k(scores, labels, 1, average=average))


def test_ties_count_against_the_prediction(index):
    distances = hierarchy_distances(index, CLASSES)
    assert hierarchical_precision(np.zeros((1, 4)), [0], distances, 2) == 0.0
    assert hierarchical_precision(np.zeros((1, 4)), [0], distances, 4) == 3 / 4


def test_wrong_input_is_named(index):
    distances = hierarchy_distances(index, CLASSES)
    with pytest.raises(InputFormatError, match="first 5 of 4"):
        hierarchical_precision(np.zeros((1, 4)), [0], distances, 5)
    with pytest.raises(InputFormatError, match=r"distances are \[4, 4\]"):
        hierarchical_precision(np.zeros((1, 4)), [0], distances[:2], 1)
    with pytest.raises(InputFormatError, match="without NaN"):
        nearest_classes([[np.nan]], 1)
