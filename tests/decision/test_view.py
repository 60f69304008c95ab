import gc

import numpy as np
import pytest

from kgzsl.decision.view import GraphView, encoded, unreachable
from kgzsl.errors import InputFormatError, MissingFeaturesError
from kgzsl.features import MatrixFeatures


@pytest.fixture
def base(toy_graph) -> GraphView:
    return GraphView(toy_graph, np.arange(20, dtype=np.float32).reshape(10, 2))


def grown_by(view: GraphView, *ids: str, first: float) -> GraphView:
    rows = np.arange(first, first + 2 * len(ids), dtype=np.float32).reshape(len(ids), 2)
    return view.grown(view.graph.add_concepts(ids), ids, rows)


def test_known_concepts_keep_their_rows_and_new_ones_get_theirs(base):
    once = grown_by(base, "ant", "zebra", first=100)
    twice = grown_by(once, "moth", first=200)
    row = {id_: base.features[place] for place, id_ in enumerate(base.graph.ids)}
    row |= {"ant": [100, 101], "zebra": [102, 103], "moth": [200, 201]}
    for view in (base, once, twice):
        assert np.array_equal(view.features, np.stack([row[id_] for id_ in view.graph.ids]))
        assert (view.dim, view.index is view.graph.index) == (2, True)


def test_features_are_the_same_array_for_as_long_as_somebody_holds_it(base):
    view = grown_by(base, "ant", first=100)
    held = view.features
    assert view.features is held
    copy = held.copy()
    del held
    gc.collect()
    assert view._made() is None
    assert np.array_equal(view.features, copy)


def test_concepts_without_a_finite_row_are_all_named(toy_graph):
    class Broken(MatrixFeatures):
        def encode(self, graph, concepts):
            rows = np.ones((len(concepts), 2))
            rows[[0, 2]] = np.nan, np.inf
            return rows

    with pytest.raises(MissingFeaturesError, match="their rows hold NaN") as caught:
        encoded(Broken([[1.0]], ["cat"]), toy_graph, ["cat", "dog", "owl"])
    assert caught.value.ids == ("cat", "owl")


@pytest.mark.parametrize("shape", [(2, 3), (3,), (3, 1, 1)])
def test_an_encoder_gives_a_row_for_each_concept(toy_graph, shape):
    class Short(MatrixFeatures):
        def encode(self, graph, concepts):
            return np.ones(shape)

    with pytest.raises(InputFormatError, match="the features of 3 concepts came as an array of shape"):
        encoded(Short([[1.0]], ["cat"]), toy_graph, ["cat", "dog", "owl"])


@pytest.mark.parametrize(
    ("relations", "expected"),
    [(None, ("day", "wing")), (("is_a", "has_part"), ("day",)), (("antonym",), ("owl", "wing"))],
)
def test_paths_are_walked_either_way_over_the_relations_that_count(toy_graph, relations, expected):
    seen = ["night"] if relations == ("antonym",) else ["cat", "dog"]
    assert unreachable(toy_graph.index, seen, ("owl", "day", "wing"), relations) == expected
