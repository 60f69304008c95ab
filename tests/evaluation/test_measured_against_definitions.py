"""Each measure against its definition, written out as loops, on small random problems with many ties."""

import itertools
import json
import time

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kgzsl.errors import InputFormatError
from kgzsl.evaluation.calibration_error import brier_score, expected_calibration_error, reliability_bins
from kgzsl.evaluation.distances import accuracy_by_distance, ancestor_heights, distance_to_nearest
from kgzsl.evaluation.distances_near import near_classes
from kgzsl.evaluation.hierarchy import hierarchical_precision, hierarchy_distances, nearest_classes
from kgzsl.evaluation.intervals import bootstrap_interval, generalized_intervals
from kgzsl.evaluation.metrics import hits_at_k, set_measures
from kgzsl.graph.knowledge_graph import KnowledgeGraph
from kgzsl.sources.catalog import load_graph

SEEDS = st.integers(0, 10_000)


def dag(rng, num=14):
    """A random taxonomy where a concept may have two parents, and the last two have no tie to the others."""
    ids = [f"c{place:02d}" for place in range(num)]
    edges = {(place, int(rng.integers(0, place))) for place in range(1, num - 2) for _ in range(rng.integers(1, 3))}
    edges.add((num - 1, num - 2))
    table = pl.DataFrame([{"head": ids[a], "relation": "is_a", "tail": ids[b]} for a, b in sorted(edges)])
    return KnowledgeGraph.from_tables(pl.DataFrame({"id": ids}), table, name="dag"), sorted(edges)


def tied_scores(rng, num_samples, num_classes):
    return rng.integers(0, 4, (num_samples, num_classes)).astype(float)


@given(SEEDS)
@settings(max_examples=30, deadline=None)
def test_hits_are_counted_sample_by_sample_and_class_by_class(seed):
    rng = np.random.default_rng(seed)
    scores, labels = tied_scores(rng, 12, 5), rng.integers(0, 5, 12)
    for k in (1, 2, 4):
        hit = [sum(scores[i, c] >= scores[i, labels[i]] for c in range(5)) <= k for i in range(12)]
        assert hits_at_k(scores, labels, k, average="micro") == pytest.approx(np.mean(hit))
        by_class = [np.mean([hit[i] for i in range(12) if labels[i] == c]) for c in sorted(set(labels.tolist()))]
        assert hits_at_k(scores, labels, k) == pytest.approx(np.mean(by_class))


@given(SEEDS)
@settings(max_examples=30, deadline=None)
def test_hierarchical_precision_by_lists_is_that_by_matrix_and_that_by_loops(seed):
    rng = np.random.default_rng(seed)
    graph, _ = dag(rng)
    classes = [graph.ids[place] for place in np.sort(rng.permutation(14)[:9])]
    scores, labels = tied_scores(rng, 10, 9), rng.integers(0, 9, 10)
    distances = hierarchy_distances(graph.index, classes)
    near = near_classes(graph.index, classes, (1, 2, 5, 9), places=np.unique(labels))
    found = near.precision(scores, labels)
    for k in (1, 2, 5, 9):
        expected = []
        for row, label in zip(scores, labels, strict=True):
            reach = np.sort(distances[label])[k - 1]
            correct = {c for c in range(9) if distances[label, c] <= reach and np.isfinite(distances[label, c])}
            first = sorted(range(9), key=lambda c: (-row[c], c in correct))[:k]
            expected.append(len(correct & set(first)) / k)
        np.testing.assert_allclose(found[k], expected)
        assert hierarchical_precision(scores, labels, distances, k, average="micro") == pytest.approx(np.mean(expected))


@given(SEEDS)
@settings(max_examples=30, deadline=None)
def test_the_height_of_a_mistake_is_that_of_the_lowest_common_ancestor(seed):
    rng = np.random.default_rng(seed)
    graph, edges = dag(rng)
    children = {place: [a for a, b in edges if b == place] for place in range(14)}
    parents = {place: [b for a, b in edges if a == place] for place in range(14)}

    def height(place):
        return max((1 + height(child) for child in children[place]), default=0)

    def above(place):
        return {place}.union(*(above(parent) for parent in parents[place]))

    root = 1 + max(map(height, range(14)))
    pairs = np.array(list(itertools.product(range(14), repeat=2)))
    expected = [min(map(height, above(a) & above(b)), default=root) for a, b in pairs]
    heights = ancestor_heights(graph.index)
    assert heights.root == root
    assert heights.between(pairs[:, 0], pairs[:, 1]).tolist() == expected


def test_heights_end_where_the_taxonomy_has_a_cycle():
    edges = pl.DataFrame({"head": ["a", "b", "leaf"], "tail": ["b", "a", "a"], "relation": ["is_a"] * 3})
    index = KnowledgeGraph.from_tables(pl.DataFrame({"id": ["a", "b", "leaf"]}), edges, name="loop").index
    heights = ancestor_heights(index)
    assert heights.height.tolist() == [1, 1, 0]
    assert heights.between(np.array([0, 2]), np.array([2, 2])).tolist() == [1, 0]


@given(SEEDS)
@settings(max_examples=20, deadline=None)
def test_the_nearest_seen_class_is_the_nearest_of_all_of_them(seed):
    rng = np.random.default_rng(seed)
    graph, _ = dag(rng)
    order = [graph.ids[place] for place in rng.permutation(14)]
    seen, rest = order[:4], order[4:]
    every = hierarchy_distances(graph.index, rest, seen)
    assert distance_to_nearest(graph.index, rest, seen).tolist() == every.min(axis=1).tolist()


def test_accuracy_by_distance_is_the_mean_of_classes_with_samples():
    bands = accuracy_by_distance([0.2, 0.4, np.nan, 0.9, 1.0], [3, 1, 0, 2, 5], [2, 2, 2, np.inf, 3])
    assert [(band.distance, band.num_classes, band.num_samples) for band in bands] == [
        (2, 2, 4),
        (3, 1, 5),
        (np.inf, 1, 2),
    ]
    assert [band.accuracy for band in bands] == pytest.approx([0.3, 1.0, 0.9])


@given(SEEDS)
@settings(max_examples=30, deadline=None)
def test_calibration_error_and_brier_score_are_their_definitions(seed):
    rng = np.random.default_rng(seed)
    table, labels = rng.dirichlet(np.ones(4), 37), rng.integers(0, 4, 37)
    order = sorted(range(37), key=lambda i: table[i].max())
    error = 0.0
    for part in np.array_split(order, 15):
        sure = np.mean([table[i].max() for i in part])
        right = np.mean([table[i].argmax() == labels[i] for i in part])
        error += len(part) / 37 * abs(sure - right)
    assert expected_calibration_error(table, labels) == pytest.approx(error)
    squares = [sum((table[i, c] - (c == labels[i])) ** 2 for c in range(4)) for i in range(37)]
    assert brier_score(table, labels) == pytest.approx(np.mean(squares))
    assert reliability_bins(table, labels).count.tolist() == [3] * 7 + [2] * 8


def test_samples_of_equal_confidence_share_a_bin():
    bins = reliability_bins(np.full((30, 4), 0.25), np.arange(30) % 4)
    assert (bins.confidence.tolist(), bins.accuracy.tolist(), bins.count.tolist()) == ([0.25], [0.0], [30])


def test_scores_are_no_probabilities():
    with pytest.raises(InputFormatError, match="give predict_proba"):
        expected_calibration_error([[2.0, -1.0]], [0])


@given(SEEDS)
@settings(max_examples=20, deadline=None)
def test_coverage_and_size_are_counted(seed):
    rng = np.random.default_rng(seed)
    sets, labels = rng.random((20, 5)) < 0.4, rng.integers(0, 5, 20)
    inside = [bool(sets[i, labels[i]]) for i in range(20)]
    macro, micro = (set_measures(sets, labels, average=average) for average in ("macro", "micro"))
    assert micro.coverage == pytest.approx(np.mean(inside))
    assert micro.size == pytest.approx(np.mean([sum(row) for row in sets.tolist()]))
    by_class = [np.mean([inside[i] for i in range(20) if labels[i] == c]) for c in sorted(set(labels.tolist()))]
    assert macro.coverage == pytest.approx(np.mean(by_class))
    assert macro.num_empty == sum(not any(row) for row in sets.tolist())


def test_intervals_over_classes_are_percentiles_of_the_exact_bootstrap():
    """Three classes of equal size: 27 equally likely draws, so percentiles are known."""
    means = {0: 0.0, 1: 0.5, 2: 1.0}
    values = np.array([0, 0, 0, 1, 1, 1.0])
    labels = np.array([0, 0, 1, 1, 2, 2])
    exact = [np.mean([means[c] for c in draw]) for draw in itertools.product(range(3), repeat=3)]
    found = bootstrap_interval(values, labels, level=0.8, num_draws=50_000)
    assert found.value == pytest.approx(0.5)
    assert (found.low, found.high) == pytest.approx(tuple(np.quantile(exact, [0.1, 0.9])), abs=1e-9)


def test_intervals_over_samples_draw_within_each_class():
    """Against resampling row by row, whose percentiles agree within the noise of 4,000 draws."""
    rng = np.random.default_rng(3)
    labels = np.repeat(np.arange(4), [5, 10, 20, 40])
    values = (rng.random(75) < 0.6).astype(float)
    draws = []
    for _ in range(4000):
        means = [np.mean(rng.choice(values[labels == c], (labels == c).sum())) for c in range(4)]
        draws.append(np.mean(means))
    found = bootstrap_interval(values, labels, over="samples", num_draws=4000)
    # 0.01: a percentile of 4,000 draws with a spread of 0.06 moves by 0.003
    assert (found.low, found.high) == pytest.approx(tuple(np.quantile(draws, [0.025, 0.975])), abs=0.01)
    assert bootstrap_interval(values, labels, over="samples") == bootstrap_interval(values, labels, over="samples")


def test_intervals_cover_at_about_their_level():
    """Normal class means around 0.5: of 200 draws of 30 classes, the 90 % interval holds 0.5 in most."""
    rng = np.random.default_rng(0)
    held = 0
    for _ in range(200):
        found = bootstrap_interval(rng.normal(0.5, 0.2, 30), np.arange(30), level=0.9, num_draws=300)
        held += found.low <= 0.5 <= found.high
    assert 0.83 <= held / 200 <= 0.95


def test_both_sides_are_drawn_independently_for_the_harmonic_mean():
    correct = {"s": np.ones(6), "u": np.array([1, 0, 1, 0, 1, 0.0])}
    labels = {"s": np.repeat([0, 1], 3), "u": np.repeat([2, 3], 3)}
    found = generalized_intervals(correct, labels, over="classes")
    assert (found["s"].low, found["s"].high) == (1.0, 1.0)
    u = found["u"]
    assert (u.low, u.high) == pytest.approx((1 / 3, 2 / 3))
    h = found["harmonic_mean"]
    assert (h.low, h.high) == pytest.approx((2 * u.low / (1 + u.low), 2 * u.high / (1 + u.high)))


@pytest.mark.parametrize(
    ("change", "message"),
    [({"over": "rows"}, "over is"), ({"level": 1}, "level is"), ({"average": "both"}, "average is"),
     ({"num_draws": 0}, "num_draws is")],
)  # fmt: skip
def test_arguments_of_an_interval_are_checked(change, message):
    with pytest.raises(InputFormatError, match=message):
        bootstrap_interval([1.0, 0.0], [0, 1], **change)


@pytest.mark.slow
def test_correct_sets_of_all_imagenet_classes_take_less_time_than_the_distances_of_some(shared_data):
    """20,842 classes: searches that stop at the tenth nearest class, against searches of the whole graph."""
    wnids = json.loads(shared_data("imagenet/imagenet-split.json").read_text())["test"]
    wordnet = load_graph("wordnet")
    classes = [wordnet.resolve(wnid) for wnid in wnids]
    index = wordnet.induced(classes).index
    places = np.arange(0, len(classes), 200)
    start = time.perf_counter()
    distances = hierarchy_distances(index, [classes[place] for place in places], classes)
    whole = (time.perf_counter() - start) * len(classes) / len(places)
    start = time.perf_counter()
    near = near_classes(index, classes, (1, 10))
    assert time.perf_counter() - start < whole / 5
    correct = nearest_classes(distances, 10)
    for row, place in enumerate(places.tolist()):
        first = near.start[place]
        found = near.columns[first : first + near.within[10][place]]
        assert np.sort(found).tolist() == np.flatnonzero(correct[row]).tolist()
