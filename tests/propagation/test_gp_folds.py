"""Closed-form hold-outs equal fitting again without the classes."""

import numpy as np
import pytest

from kgzsl.propagation.gp_folds import Fold, Guesses, held_out_smoother, leave_one_out_cosine, random_folds
from kgzsl.propagation.gp_kernels import unit_rows

NOISE = 0.3


def world(num: int = 12, dim: int = 5):
    rng = np.random.default_rng(4)
    features = rng.standard_normal((num, dim))
    kernel = unit_rows(features) @ unit_rows(features).T
    return features, kernel, unit_rows(rng.standard_normal((num, dim)))


def refitted(kernel, targets, fold, guess):
    """What the process gives the fold's classes when it is solved without them."""
    rest = np.setdiff1d(np.arange(len(kernel)), fold)
    left = targets[rest] - guess[rest]
    mean = left.mean(axis=0)
    solved = np.linalg.solve(kernel[np.ix_(rest, rest)] + NOISE * np.eye(len(rest)), left - mean)
    return guess[fold] + mean + kernel[np.ix_(fold, rest)] @ solved


@pytest.mark.parametrize("prior", [0.0, 0.7])
def test_leave_one_out_cosine_equals_refits(prior):
    features, kernel, targets = world()
    guess = prior * unit_rows(features)
    given = np.concatenate([refitted(kernel, targets, np.array([i]), guess) for i in range(len(targets))])
    expected = (unit_rows(given) * targets).sum(axis=1).mean()
    gram = np.linalg.inv(kernel + NOISE * np.eye(len(kernel)))
    assert leave_one_out_cosine(gram, targets, guess=guess if prior else None) == pytest.approx(expected, abs=1e-12)


def test_leave_one_out_with_a_fixed_mean_is_the_published_formula():
    # METHODS section 3: w_i - a_i / G_ii with a = G (W - m); equal to ours once the mean is no target's business
    _, kernel, targets = world()
    gram = np.linalg.inv(kernel + NOISE * np.eye(len(kernel)))
    published = targets - (gram @ targets) / np.diagonal(gram)[:, None]
    for i in range(len(targets)):
        rest = np.delete(np.arange(len(targets)), i)
        solved = np.linalg.solve(kernel[np.ix_(rest, rest)] + NOISE * np.eye(len(rest)), targets[rest])
        np.testing.assert_allclose(published[i], kernel[i, rest] @ solved, atol=1e-12)


def test_held_out_smoother_equals_a_refit():
    _, kernel, targets = world()
    fold = np.array([1, 4, 9])
    gram = np.linalg.inv(kernel + NOISE * np.eye(len(kernel)))
    smoother = held_out_smoother(gram, fold)
    np.testing.assert_allclose(smoother @ targets, refitted(kernel, targets, fold, np.zeros_like(targets)), atol=1e-12)
    np.testing.assert_array_equal(smoother[:, fold], 0)
    np.testing.assert_allclose(smoother.sum(axis=1), 1, atol=1e-12)


@pytest.mark.parametrize("shared_space", [True, False])
def test_fold_accuracies_equal_scoring_refits(shared_space):
    features, kernel, targets = world()
    rng = np.random.default_rng(8)
    fold = np.array([0, 3, 5, 7, 11])
    own = np.repeat(np.arange(len(fold)), 6)
    examples = targets[fold][own] + rng.standard_normal((len(own), targets.shape[1]))
    text = unit_rows(features) @ unit_rows(features).T
    guess = Guesses(features, text, targets, shared_space).without(fold)
    gram = np.linalg.inv(kernel + NOISE * np.eye(len(kernel)))
    counts = np.full(len(fold), 6)
    products = (targets @ examples.T).astype(np.float32), targets @ targets.T
    scored = Fold(fold, counts, own, *products).with_guess(examples, targets, guess)
    found = scored.accuracies(held_out_smoother(gram, fold), [0.0, 0.5, 2.0])
    for prior, accuracy in zip([0.0, 0.5, 2.0], found, strict=True):
        given = unit_rows(refitted(kernel, targets, fold, prior * guess))
        right = (examples @ given.T).argmax(axis=1) == own
        np.testing.assert_allclose(accuracy, right.reshape(len(fold), 6).mean(axis=1), atol=1e-12)


def test_a_ridge_guess_never_learns_from_the_fold():
    features, kernel, targets = world()
    fold = np.array([2, 6])
    changed = targets.copy()
    changed[fold] = 100.0
    before = Guesses(features, kernel, targets, shared_space=False)
    after = Guesses(features, kernel, changed, shared_space=False)
    np.testing.assert_array_equal(before.without(fold), after.without(fold))
    np.testing.assert_allclose(before.each_without_itself()[2], before.without(np.array([2]))[2], atol=1e-12)


def test_ties_count_against_the_class():
    fold = Fold(
        classes=np.array([0, 1]),
        counts=np.array([1, 1]),
        own=np.array([0, 1]),
        example_w=np.array([[0, 0], [0, 0], [1, 1]], dtype=np.float32),
        target_w=np.eye(3),
    )
    (accuracy,) = fold.accuracies(np.array([[0.0, 0, 1], [0, 0, 1]]), [0.0])
    assert accuracy.tolist() == [0.0, 0.0]


def test_random_folds_cut_every_class_once_a_repeat():
    parts = random_folds(11, 3, 2, random_state=5)
    assert [len(part) for part in parts] == [4, 4, 3, 4, 4, 3]
    for repeat in (parts[:3], parts[3:]):
        assert sorted(np.concatenate(repeat).tolist()) == list(range(11))
    assert [part.tolist() for part in random_folds(11, 3, 2, random_state=5)] == [part.tolist() for part in parts]
    assert [part.tolist() for part in random_folds(11, 3, 2, random_state=6)] != [part.tolist() for part in parts]
