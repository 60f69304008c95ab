"""DeViSE, ALE and SJE: their losses by hand, gradients by differences, and where the descent ends."""

from dataclasses import replace

import numpy as np
import pytest

from kgzsl.baselines import ALE, SJE, DeViSE
from kgzsl.baselines.contract import unit_rows
from kgzsl.baselines.ranking import descend, slacks
from kgzsl.errors import NumericError
from kgzsl.evaluation import hits_at_k

METHODS = [DeViSE(), ALE(), SJE()]
methods = pytest.mark.parametrize("method", METHODS, ids=lambda method: type(method).__name__)


def test_slacks_by_hand():
    scores = np.array([[0.3, 0.25, -0.5], [1.0, 0.0, 0.0]])
    np.testing.assert_allclose(slacks(scores, np.array([0, 1]), 0.1), [[0, 0.05, 0], [1.1, 0, 0.1]])


@pytest.mark.parametrize(
    ("method", "expected"),
    # slacks with a margin of 1 are 0.9, 0.2 and 0 beside the own class; ALE weighs two of them by (1 + 1/2) / 2
    [(DeViSE(margin=1.0), 1.1), (ALE(), 0.825), (SJE(), 0.9)],
    ids=["DeViSE", "ALE", "SJE"],
)
def test_losses_by_hand(method, expected):
    values, gradient = method.losses(np.array([[0.5, 0.4, -0.3, -0.6]]), np.array([0]))
    np.testing.assert_allclose(values, [expected])
    assert gradient.sum() == pytest.approx(0.0)
    assert gradient[0, 3] == 0.0


def test_a_sample_beyond_every_margin_costs_nothing():
    for method in METHODS:
        values, gradient = method.losses(np.array([[9.0, 1.0, 2.0]]), np.array([0]))
        assert values.tolist() == [0.0]
        assert not gradient.any()


@methods
def test_gradients_equal_finite_differences(method):
    rng = np.random.default_rng(0)
    scores, labels = 0.3 * rng.normal(size=(20, 6)), rng.integers(0, 6, size=20)
    _, gradient = method.losses(scores, labels)
    step, found = 1e-6, np.empty_like(gradient)
    for row, column in np.ndindex(*scores.shape):
        moved = [scores.copy(), scores.copy()]
        moved[0][row, column] -= step
        moved[1][row, column] += step
        low, high = (method.losses(each, labels)[0].sum() for each in moved)
        found[row, column] = (high - low) / (2 * step)
    # piecewise linear: differences are exact but for rounding, unless a kink lies within the step, and none does
    np.testing.assert_allclose(found, gradient, atol=1e-8)


@methods
def test_a_step_on_the_classes_is_a_step_on_the_map(method):
    rng = np.random.default_rng(1)
    inputs, described = rng.normal(size=(12, 4)).astype(np.float32), unit_rows(rng.normal(size=(3, 6)))
    labels = rng.integers(0, 3, size=12)
    (found,), _ = descend(inputs, labels, described, method.losses, 0.1, (2,), 5, 7)
    order, W = np.random.default_rng(7), np.zeros((4, 6))
    for _ in range(2):
        rows = order.permutation(12)
        for part in (rows[:5], rows[5:10], rows[10:]):
            X = inputs[part].astype(float)
            _, gradient = method.losses(X @ W @ described.T, labels[part])
            W -= 0.1 / len(part) * X.T @ gradient @ described
    np.testing.assert_allclose(found, W, atol=1e-12)


@methods
def test_the_loss_falls_and_the_seed_decides_the_order(learnable, method):
    problem = learnable(per_class=30)
    settled = type(method)(learning_rate=0.5 * method.margin, epochs=8, batch_size=16)
    losses = settled.fit(problem.index, problem.features, problem.supervision).report["loss"]
    assert len(losses) == 8
    assert losses[-1] < 0.7 * losses[0]
    assert losses[1] < losses[0]


@methods
def test_another_seed_gives_another_map_and_the_same_one_the_same(learnable, method):
    problem = learnable()
    settled = type(method)(learning_rate=0.1, epochs=2, batch_size=8)
    maps = [
        settled.fit(
            problem.index, problem.features, replace(problem.supervision, random_state=seed)
        ).compatibility.tobytes()
        for seed in (0, 0, 1)
    ]
    assert maps[0] == maps[1] != maps[2]


@methods
def test_separable_classes_end_up_ranked_right(learnable, method):
    problem = learnable(noise=0.0, num_features=6, dim=9, per_class=5)
    settled = type(method)(learning_rate=2.0 * method.margin, epochs=400)
    fitted = settled.fit(problem.index, problem.features, problem.supervision)
    assert fitted.report["loss"][-1] < 0.02 * method.margin
    seen = list(problem.supervision.classes)
    scores = fitted.scores(problem.supervision.inputs, problem.index, problem.features, concepts=seen)
    assert hits_at_k(scores, problem.supervision.labels, 1) == 1.0


def test_steps_that_are_too_large_are_named(learnable):
    problem = learnable()
    with pytest.raises(NumericError, match=r"epoch \d+; lower learning_rate"):
        DeViSE(learning_rate=1e308, epochs=50, batch_size=4).fit(problem.index, problem.features, problem.supervision)
