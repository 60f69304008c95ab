"""Folds of seen classes, the stacking gamma and the temperature chosen on them."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kgzsl.errors import InputFormatError, SplitError
from kgzsl.evaluation.calibration import (
    CalibrationFold,
    choose_stacking,
    choose_temperature,
    class_folds,
    negative_log_likelihood,
)
from kgzsl.evaluation.generalized import choose_gamma, seen_unseen_accuracy


def fold(seed=0, num_samples=400, num_classes=6, scale=1.0):
    """Scores whose softmax is the true distribution of the labels, times `scale`."""
    rng = np.random.default_rng(seed)
    scores = 2 * rng.normal(size=(num_samples, num_classes))
    noise = rng.gumbel(size=scores.shape)
    return CalibrationFold(scale * scores, (scores + noise).argmax(axis=1), np.arange(num_classes) < num_classes - 2)


@settings(max_examples=50, deadline=None)
@given(st.integers(2, 60), st.data())
def test_folds_partition_the_classes(num_classes, data):
    num_folds = data.draw(st.integers(2, num_classes))
    folds = class_folds(num_classes, num_folds, data.draw(st.integers(0, 5)))
    assert sorted(np.concatenate(folds).tolist()) == list(range(num_classes))
    assert len(folds) == num_folds
    assert max(map(len, folds)) - min(map(len, folds)) <= 1
    assert all((np.diff(part) > 0).all() and part.dtype == np.int64 for part in folds)


def test_folds_depend_on_the_seed_alone():
    first, again, other = (class_folds(20, 4, seed) for seed in (None, 0, 1))
    assert [part.tolist() for part in first] == [part.tolist() for part in again]
    assert [part.tolist() for part in first] != [part.tolist() for part in other]


@pytest.mark.parametrize(("num_classes", "num_folds"), [(5, 6), (5, 1), (1, 1), (5, 0)])
def test_impossible_folds_are_named(num_classes, num_folds):
    with pytest.raises(InputFormatError):
        class_folds(num_classes, num_folds, 0)


def test_one_fold_gives_the_gamma_of_its_own_sweep():
    part = fold()
    choice = choose_stacking([part])
    assert choice.gamma == choose_gamma(part.scores, part.labels, part.is_seen)
    for gamma, reported in ((choice.gamma, choice.at_gamma), (0.0, choice.at_zero)):
        assert reported == seen_unseen_accuracy(part.scores, part.labels, part.is_seen, gamma)


def test_gamma_of_several_folds_is_the_best_for_their_mean():
    parts = [fold(seed, 60) for seed in range(3)]
    choice = choose_stacking(parts)

    def mean_h(gamma):
        s, u = np.mean([seen_unseen_accuracy(p.scores, p.labels, p.is_seen, gamma) for p in parts], axis=0)
        return 2 * s * u / (s + u) if s * u else 0.0

    assert mean_h(choice.gamma) == pytest.approx(choice.at_gamma.harmonic_mean, abs=1e-12)
    assert mean_h(choice.gamma) >= max(mean_h(g) for g in np.linspace(-8, 8, 401)) - 1e-12


def test_gamma_finds_back_a_bias_put_on_seen_columns():
    part = fold(num_samples=4000)
    biased = CalibrationFold(part.scores + 5.0 * part.is_seen, part.labels, part.is_seen)
    assert choose_stacking([biased]).gamma == pytest.approx(choose_stacking([part]).gamma + 5.0, abs=1e-9)


@pytest.mark.parametrize("temperature", [0.05, 1.0, 30.0])
def test_temperature_finds_back_the_one_that_made_the_labels(temperature):
    choice = choose_temperature([fold(seed, 4000, scale=temperature) for seed in range(2)])
    assert choice.temperature == pytest.approx(temperature, rel=0.05)
    assert choice.at_bound == ""


def test_temperature_is_a_minimum():
    parts = [fold(seed) for seed in range(3)]
    choice = choose_temperature(parts)

    def loss(temperature):
        return np.mean([negative_log_likelihood(p.scores, p.labels, temperature) for p in parts])

    assert loss(choice.temperature) == pytest.approx(choice.negative_log_likelihood, abs=1e-12)
    assert loss(1.0) == pytest.approx(choice.at_one, abs=1e-12)
    grid = choice.temperature * np.exp(np.linspace(-2, 2, 101))
    assert choice.negative_log_likelihood <= min(loss(t) for t in grid) + 1e-12


def test_temperature_follows_the_scale_of_the_scores():
    one, hundred = (choose_temperature([fold(scale=scale)]).temperature for scale in (1.0, 100.0))
    assert hundred == pytest.approx(100 * one, rel=1e-6)


def test_separable_samples_end_at_the_stated_bound():
    scores = np.eye(3)[[0, 1, 2, 0]]
    choice = choose_temperature([CalibrationFold(scores, np.array([0, 1, 2, 0]), np.array([True, True, False]))])
    assert choice.at_bound == "low"
    assert choice.temperature == choice.bounds[0] == pytest.approx(1e-2 * np.sqrt(2) / 3)
    assert np.isfinite(choice.negative_log_likelihood)


def test_scores_worse_than_none_end_at_the_upper_bound():
    scores = -np.eye(3)[[0, 1, 2]]
    choice = choose_temperature([CalibrationFold(scores, np.arange(3), np.array([True, True, False]))])
    assert choice.at_bound == "high"


def test_constant_scores_leave_the_temperature_at_one():
    choice = choose_temperature([CalibrationFold(np.zeros((2, 3)), np.array([0, 2]), np.array([True, True, False]))])
    assert (choice.temperature, choice.negative_log_likelihood) == (1.0, pytest.approx(np.log(3)))


def test_gamma_is_taken_off_before_the_temperature_is_chosen():
    part = fold()
    biased = CalibrationFold(part.scores + 2.0 * part.is_seen, part.labels, part.is_seen)
    expected = choose_temperature([part]).temperature
    assert choose_temperature([biased], gamma=2.0).temperature == pytest.approx(expected, rel=1e-2)


def test_wrong_input_is_named():
    part = fold()
    for function in (choose_stacking, choose_temperature):
        with pytest.raises(InputFormatError, match="no folds"):
            function([])
    with pytest.raises(InputFormatError, match="bounds"):
        choose_temperature([part], bounds=(1.0, 0.5))
    with pytest.raises(InputFormatError, match="gamma inf"):
        choose_temperature([part], gamma=np.inf)
    with pytest.raises(InputFormatError, match="above 0"):
        negative_log_likelihood(part.scores, part.labels, 0.0)
    with pytest.raises(SplitError):
        choose_stacking([CalibrationFold(part.scores, part.labels, np.ones(6, dtype=bool))])
