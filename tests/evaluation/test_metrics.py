"""Hit@k, per-class accuracy, harmonic mean."""

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kgzsl.errors import InputFormatError
from kgzsl.evaluation.metrics import harmonic_mean, hits_at_k, per_class_accuracy

SCORES = np.array([[3.0, 2.0, 1.0], [1.0, 3.0, 2.0], [3.0, 2.0, 1.0], [1.0, 1.0, 1.0]])
LABELS = np.array([0, 0, 0, 1])


@st.composite
def tables(draw):
    num_classes = draw(st.integers(2, 5))
    num_samples = draw(st.integers(1, 12))
    # few distinct values: ties are the rule
    values = st.integers(0, 3).map(float)
    scores = draw(
        st.lists(
            st.lists(values, min_size=num_classes, max_size=num_classes), min_size=num_samples, max_size=num_samples
        )
    )
    labels = draw(st.lists(st.integers(0, num_classes - 1), min_size=num_samples, max_size=num_samples))
    return np.array(scores), np.array(labels)


def brute_hits(scores, labels, k, average):
    hit = []
    for row, label in zip(scores, labels, strict=True):
        ahead = sum(1 for c, value in enumerate(row) if c != label and value >= row[label])
        hit.append(ahead < k)
    if average == "micro":
        return np.mean(hit)
    return np.mean(
        [np.mean([h for h, label in zip(hit, labels, strict=True) if label == c]) for c in sorted(set(labels))]
    )


@settings(max_examples=60, deadline=None)
@given(tables(), st.integers(1, 6), st.sampled_from(["macro", "micro"]))
def test_hits_at_k_is_its_definition(table, k, average):
    scores, labels = table
    assert hits_at_k(scores, labels, k, average=average) == pytest.approx(
        brute_hits(scores, labels, k, average), abs=1e-12
    )


def test_macro_weighs_classes_and_micro_weighs_samples():
    assert hits_at_k(SCORES, LABELS, 1, average="macro") == pytest.approx((2 / 3 + 0) / 2)
    assert hits_at_k(SCORES, LABELS, 1, average="micro") == 2 / 4


def test_a_tie_counts_against_the_prediction():
    constant = np.zeros((4, 3))
    assert [hits_at_k(constant, LABELS, k) for k in (1, 2, 3)] == [0.0, 0.0, 1.0]


@settings(max_examples=40, deadline=None)
@given(tables(), st.integers(1, 6), st.sampled_from(["macro", "micro"]), st.sampled_from([np.float32, np.float64]))
def test_shared_ties_are_the_mean_over_all_orders_of_the_classes(table, k, average, kind):
    scores, labels = table
    values = []
    for order in permutations(range(scores.shape[1])):
        first = np.argsort(np.lexsort((np.broadcast_to(order, scores.shape), -scores)), axis=1)
        values.append((first[np.arange(len(labels)), labels] < k).astype(float))
    hit = np.mean(values, axis=0)
    means = hit if average == "micro" else [hit[labels == c].mean() for c in np.unique(labels)]
    noise = 1 + 3e-7 * np.sin(np.arange(scores.size)).reshape(scores.shape)
    told = hits_at_k((scores * noise).astype(kind), labels, k, average=average, ties="shared")
    assert told == pytest.approx(np.mean(means), abs=1e-12)


def test_shared_ties_of_constant_scores_are_chance():
    shares = [hits_at_k(np.zeros((4, 3)), LABELS, k, ties="shared") for k in (1, 2, 3, 4)]
    assert shares == pytest.approx([1 / 3, 2 / 3, 1, 1])


def test_scores_further_apart_are_no_tie():
    assert hits_at_k([[1.0, 1 + 3e-6], [1 + 3e-6, 1.0]], [0, 0], 1, ties="shared") == 0.5


@settings(max_examples=30, deadline=None)
@given(tables())
def test_hits_grow_with_k_up_to_one(table):
    scores, labels = table
    values = [hits_at_k(scores, labels, k) for k in range(1, scores.shape[1] + 1)]
    assert values == sorted(values)
    assert values[-1] == 1.0


def test_a_class_without_samples_is_counted_and_not_averaged():
    result = per_class_accuracy(SCORES, LABELS)
    np.testing.assert_array_equal(result.accuracy, [2 / 3, 0.0, np.nan])
    assert result.support.tolist() == [3, 1, 0]
    assert (result.mean, result.num_absent) == (pytest.approx(1 / 3), 1)


def test_harmonic_mean_has_a_value_with_a_zero_side():
    assert [harmonic_mean(*pair) for pair in ((0.0, 0.5), (0.5, 0.0), (0.0, 0.0), (0.5, 0.5))] == [0.0, 0.0, 0.0, 0.5]


@pytest.mark.parametrize(
    ("scores", "labels", "message"),
    [
        (np.zeros(3), [0, 0, 0], "have shape"),
        (np.zeros((2, 3)), [0], "as many labels"),
        (np.zeros((0, 3)), np.zeros(0, dtype=int), "no samples"),
        ([[0.0, np.nan], [0.0, 1.0]], [0, 1], r"not finite in 1 row\(s\): 0"),
        ([[0.0, np.inf]], [0], "not finite"),
        (np.zeros((3, 2)), [0, 5, -1], "outside the 2 columns of scores: -1, 5"),
        (np.zeros((1, 2)), [0.0], "integers"),
    ],
)
def test_wrong_input_is_named(scores, labels, message):
    with pytest.raises(InputFormatError, match=message):
        hits_at_k(scores, labels, 1)


@pytest.mark.parametrize("k", [0, -1, 1.5, True])
def test_wrong_k_is_named(k):
    with pytest.raises(InputFormatError, match="k is an integer from 1 on"):
        hits_at_k(SCORES, LABELS, k)


def test_wrong_average_is_named():
    with pytest.raises(InputFormatError, match="'weighted'"):
        hits_at_k(SCORES, LABELS, 1, average="weighted")


def test_wrong_ties_are_named():
    with pytest.raises(InputFormatError, match="ties is 'against' or 'shared', not 'for'"):
        hits_at_k(SCORES, LABELS, 1, ties="for")
