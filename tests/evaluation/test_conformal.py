"""The conformal quantile over classes: its definition, its promise on exchangeable data, and its refusals."""

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kgzsl.errors import InputFormatError
from kgzsl.evaluation.conformal import (
    aps_scores,
    attainable_coverage,
    checked_coverage,
    hierarchical_quantile,
    lac_scores,
)


def by_definition(scores, groups, coverage):
    """The smallest score at which the mixture of the classes' scores and a point at infinity reaches the level."""
    names = np.unique(groups)
    for value in np.sort(scores):
        reached = sum(np.mean(scores[groups == name] <= value) for name in names) / (len(names) + 1)
        if reached >= coverage - 1e-9:
            return value
    raise AssertionError


@pytest.mark.parametrize("seed", range(20))
def test_the_quantile_is_that_of_the_mixture_of_classes(seed):
    rng = np.random.default_rng(seed)
    groups = rng.integers(0, 12, 80)
    scores = rng.integers(0, 15, 80) / 4  # ties
    coverage = rng.uniform(0.05, 0.9)
    assert hierarchical_quantile(scores, groups, coverage) == by_definition(scores, groups, coverage)


def test_one_sample_a_class_is_the_usual_split_conformal_quantile():
    scores = np.random.default_rng(0).permutation(np.arange(99))
    # the 90th smallest of 99: ceil((n + 1) 0.9)
    assert hierarchical_quantile(scores, np.arange(99), 0.9) == 89


@pytest.mark.parametrize("coverage", [0.8, 0.9, 0.95])
def test_a_new_class_is_covered_as_promised_over_200_draws(coverage):
    """30 classes with scores of their own kind and number each, and a 31st drawn like them."""
    found = []
    for draw in range(200):
        rng = np.random.default_rng([draw, int(100 * coverage)])
        centers, widths = rng.standard_normal(31), rng.gamma(2.0, 0.5, 31)
        counts = rng.integers(1, 40, 30)
        groups = np.repeat(np.arange(30), counts)
        scores = centers[groups] + widths[groups] * rng.standard_normal(len(groups))
        limit = hierarchical_quantile(scores, groups, coverage)
        found.append(np.mean(centers[30] + widths[30] * rng.standard_normal(400) <= limit))
    # a class is covered whole or hardly, so 200 draws leave a standard error of about 0.015
    assert np.mean(found) >= coverage - np.std(found) / np.sqrt(200)
    assert np.mean(found) <= coverage + 1 / 31 + 3 * np.std(found) / np.sqrt(200)


@given(
    st.lists(st.lists(st.integers(0, 9), min_size=1, max_size=5), min_size=3, max_size=9),
    st.floats(0.05, 1.0, exclude_max=True),
)
def test_classes_left_out_in_turn_are_covered_as_promised_whatever_their_scores(classes, share):
    """The promise itself: over which of K + 1 classes is the new one, not over draws; so it holds for any scores."""
    coverage = share * attainable_coverage(len(classes) - 1)
    found = []
    for out, own in enumerate(classes):
        others = [(score, name) for name, scores in enumerate(classes) for score in scores if name != out]
        limit = hierarchical_quantile([score for score, _ in others], [name for _, name in others], coverage)
        found.append(np.mean(np.array(own) <= limit))
    assert np.mean(found) >= coverage - 1e-6


def test_counting_samples_instead_of_classes_would_not_do():
    """Nine easy classes of 100 samples and one hard one of 10: pooled, the hard one has no say."""
    groups = np.r_[np.repeat(np.arange(9), 100), np.full(10, 9)]
    scores = np.where(groups == 9, 5.0, 0.0)
    assert hierarchical_quantile(scores, groups, 0.9) == 5.0
    assert np.quantile(scores, 0.9) == 0.0


@pytest.mark.parametrize(
    ("coverage", "message"),
    [
        (0.9, "coverage=0.9 cannot be promised: 3 classes to calibrate on allow at most 0.75, and 0.9 needs 9"),
        (1.0, "coverage is a number between 0 and 1, not 1.0"),
        (0, "coverage is a number between 0 and 1, not 0"),
        (True, "coverage is a number between 0 and 1, not True"),
        (float("nan"), "coverage is a number between 0 and 1, not nan"),
        ("0.9", "coverage is a number between 0 and 1, not '0.9'"),
    ],
)
def test_what_cannot_be_promised_is_refused(coverage, message):
    with pytest.raises(InputFormatError, match=re.escape(message)):
        hierarchical_quantile([0.1, 0.2, 0.3], [0, 1, 2], coverage)


def test_exactly_the_attainable_coverage_is_allowed():
    for count in range(1, 60):
        assert checked_coverage(attainable_coverage(count), count) == count / (count + 1)
        assert hierarchical_quantile(np.arange(count), np.arange(count), count / (count + 1)) == count - 1


@pytest.mark.parametrize(("scores", "groups"), [([], []), ([0.1], [0, 1]), ([np.nan], [0])])
def test_scores_need_a_group_each(scores, groups):
    with pytest.raises(InputFormatError):
        hierarchical_quantile(scores, groups, 0.5)


def test_lac_and_aps_by_their_definitions():
    rng = np.random.default_rng(3)
    table = rng.integers(0, 6, (40, 7)).astype(float)  # ties
    table /= table.sum(axis=1, keepdims=True)
    before = np.array([[row[row > share].sum() for share in row] for row in table])
    np.testing.assert_allclose(aps_scores(table), before, atol=1e-12)
    best = table == table.max(axis=1, keepdims=True)
    np.testing.assert_allclose(lac_scores(table), np.where(best, 0, 1 - table), atol=1e-12)
    assert (aps_scores(table)[best] == 0).all()


def test_order_may_be_another_than_that_of_the_masses():
    masses, scores = np.array([[0.2, 0.5, 0.3]]), np.array([[3.0, 2.0, 1.0]])
    np.testing.assert_allclose(aps_scores(masses, scores), [[0.0, 0.2, 0.7]])
    np.testing.assert_allclose(lac_scores(masses, scores), [[0.0, 0.5, 0.7]])
