"""Seen against unseen: accuracies at a gamma, the whole curve, its area, the best gamma."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import trapezoid

from kgzsl.errors import InputFormatError, SplitError
from kgzsl.evaluation.generalized import (
    ausuc,
    calibration_curve,
    choose_gamma,
    harmonic_mean,
    pooled,
    sample_margins,
    seen_unseen_accuracy,
)


@st.composite
def problems(draw):
    num_seen, num_unseen = draw(st.integers(1, 3)), draw(st.integers(1, 3))
    num_classes = num_seen + num_unseen
    num_samples = draw(st.integers(2, 14))
    # eighths on a small range: exact in binary, so equal margins are really equal, and frequent
    value = st.integers(-6, 6).map(lambda v: v / 8)
    scores = draw(
        st.lists(
            st.lists(value, min_size=num_classes, max_size=num_classes), min_size=num_samples, max_size=num_samples
        )
    )
    labels = draw(st.lists(st.integers(0, num_classes - 1), min_size=num_samples - 2, max_size=num_samples - 2))
    is_seen = np.array(draw(st.permutations([True] * num_seen + [False] * num_unseen)))
    labels += [int(np.flatnonzero(is_seen)[0]), int(np.flatnonzero(~is_seen)[0])]
    return np.array(scores), np.array(labels), is_seen


def brute_accuracy(scores, labels, is_seen, gamma):
    """Both sides at a finite gamma, by subtracting it and comparing."""
    moved = scores - gamma * is_seen
    own = moved[np.arange(len(labels)), labels]
    right = (moved >= own[:, None]).sum(axis=1) == 1
    sides = []
    for side in (True, False):
        classes = [c for c in sorted(set(labels.tolist())) if is_seen[c] == side]
        sides.append(np.mean([right[labels == c].mean() for c in classes]))
    return sides


def all_gammas():
    # margins are multiples of 1/8 within [-1.5, 1.5]: this grid has each of them and a value between each two
    return np.arange(-2.0, 2.0, 1 / 16)


@settings(max_examples=80, deadline=None)
@given(problems(), st.integers(-20, 20).map(lambda v: v / 16))
def test_accuracies_are_those_of_subtracted_scores(problem, gamma):
    assert seen_unseen_accuracy(*problem, gamma=gamma) == pytest.approx(brute_accuracy(*problem, gamma), abs=1e-12)


@settings(max_examples=80, deadline=None)
@given(problems())
def test_area_is_that_of_a_brute_force_sweep(problem):
    points = np.array([brute_accuracy(*problem, gamma) for gamma in all_gammas()])
    # through every tie the curve moves along one axis at a time, so straight lines between points are exact
    area = -trapezoid(points[:, 1], points[:, 0])
    assert ausuc(*problem) == pytest.approx(area, abs=1e-12)


@settings(max_examples=50, deadline=None)
@given(problems())
def test_curve_is_the_brute_force_sweep(problem):
    curve = calibration_curve(*problem)
    assert (curve.gamma[0], curve.gamma[-1]) == (-np.inf, np.inf)
    assert (np.diff(curve.gamma) > 0).all()
    expected = np.array([brute_accuracy(*problem, gamma) for gamma in np.clip(curve.gamma, -50, 50)])
    np.testing.assert_allclose(np.c_[curve.seen, curve.unseen], expected, atol=1e-12)
    assert (np.diff(curve.seen) <= 0).all()
    assert (np.diff(curve.unseen) >= 0).all()
    assert -trapezoid(curve.unseen, curve.seen) == pytest.approx(ausuc(*problem), abs=1e-12)


@settings(max_examples=50, deadline=None)
@given(problems())
def test_infinite_gamma_gives_everything_to_one_side(problem):
    low, high = (seen_unseen_accuracy(*problem, gamma=g) for g in (-np.inf, np.inf))
    assert low.unseen == 0.0
    assert high.seen == 0.0
    assert low == pytest.approx(brute_accuracy(*problem, -100.0), abs=1e-12)
    assert high == pytest.approx(brute_accuracy(*problem, 100.0), abs=1e-12)


@settings(max_examples=60, deadline=None)
@given(problems())
def test_chosen_gamma_is_the_best_of_the_sweep(problem):
    gamma = choose_gamma(*problem)
    best = max(harmonic_mean(*brute_accuracy(*problem, g)) for g in all_gammas())
    assert harmonic_mean(*brute_accuracy(*problem, gamma)) == pytest.approx(best, abs=1e-9)


@settings(max_examples=40, deadline=None)
@given(problems(), st.integers(-8, 8).map(lambda v: v / 8))
def test_taking_gamma_off_beforehand_moves_the_curve_and_keeps_its_area(problem, offset):
    scores, labels, is_seen = problem
    moved = scores - offset * is_seen
    assert ausuc(moved, labels, is_seen) == pytest.approx(ausuc(*problem), abs=1e-12)
    assert seen_unseen_accuracy(moved, labels, is_seen) == seen_unseen_accuracy(*problem, gamma=offset)


def test_ties_count_against_both_sides():
    # seen and unseen sample with the same margin 0.25: at gamma = 0.25 both are lost, and no gamma gets both right
    scores, labels, is_seen = [[0.5, 0.25], [0.5, 0.25]], [0, 1], [True, False]
    assert seen_unseen_accuracy(scores, labels, is_seen, gamma=0.25) == (0.0, 0.0)
    assert ausuc(scores, labels, is_seen) == 0.0
    assert choose_gamma(scores, labels, is_seen) == 0.0


def test_gamma_nearest_to_zero_wins_among_equals():
    # margins: seen -1, 3; unseen -3, 1 -> the harmonic mean is 2/3 in (-3, -1) and in (1, 3), and 1/2 between
    scores = [[0.0, 1.0], [3.0, 0.0], [0.0, 3.0], [1.0, 0.0]]
    assert choose_gamma(scores, [0, 0, 1, 1], [True, False]) == -2.0
    curve = calibration_curve(scores, [0, 0, 1, 1], [True, False])
    assert curve.gamma.tolist() == [-np.inf, -3.0, -2.0, -1.0, 0.0, 1.0, 2.0, 3.0, np.inf]
    assert curve.harmonic_mean.tolist() == pytest.approx([0, 0, 2 / 3, 1 / 2, 1 / 2, 1 / 2, 2 / 3, 0, 0])


def test_pooled_margins_average_the_parts():
    rng = np.random.default_rng(0)
    is_seen = np.array([True, True, False])
    parts = [sample_margins(rng.normal(size=(9, 3)), np.arange(9) % 3, is_seen) for _ in range(3)]
    for gamma in (-1.0, 0.0, 0.4):
        expected = np.mean([part.accuracy(gamma) for part in parts], axis=0)
        np.testing.assert_allclose(pooled(parts).accuracy(gamma), expected, atol=1e-12)


@pytest.mark.parametrize("is_seen", [[True, True], [False, False]])
def test_one_sided_columns_are_named(is_seen):
    with pytest.raises(SplitError, match="both are needed"):
        ausuc([[0.0, 1.0]], [0], is_seen)


@pytest.mark.parametrize(("labels", "message"), [([0, 0], "an unseen class"), ([1, 1], "a seen class")])
def test_a_side_without_samples_is_named(labels, message):
    with pytest.raises(SplitError, match=message):
        ausuc([[0.0, 1.0], [1.0, 0.0]], labels, [True, False])


def test_wrong_masks_and_gammas_are_named():
    with pytest.raises(InputFormatError, match="one a column"):
        ausuc([[0.0, 1.0]], [0], [1, 0])
    with pytest.raises(InputFormatError, match="NaN"):
        seen_unseen_accuracy([[0.0, 1.0], [0.0, 1.0]], [0, 1], [True, False], gamma=float("nan"))
