"""DAP: attributes as yes or no, logistic regressions, and the product of their answers."""

from itertools import product

import numpy as np
import pytest
from scipy.optimize import check_grad
from scipy.special import expit

from kgzsl.baselines import DAP, IAP
from kgzsl.baselines.binary import BinaryAttributes, attribute_scores
from kgzsl.baselines.logistic import logistic_loss, logistic_regressions
from kgzsl.contracts import Supervision
from kgzsl.errors import InputFormatError
from kgzsl.features import AttributeTable
from kgzsl.testing import example_graph, example_supervision


def test_the_product_in_logarithms_equals_brute_force():
    rng = np.random.default_rng(0)
    probabilities, priors = rng.uniform(0.05, 0.95, size=(7, 4)), rng.uniform(0.2, 0.8, size=4)
    has = np.array(list(product([0.0, 1.0], repeat=4)))
    expected = np.ones((7, 16))
    for sample, row, m in np.ndindex(7, 16, 4):
        yes = has[row, m] == 1
        p, prior = probabilities[sample, m], priors[m]
        expected[sample, row] *= p / prior if yes else (1 - p) / (1 - prior)
    np.testing.assert_allclose(np.exp(attribute_scores(probabilities, priors, has)), expected, rtol=1e-12)


def test_an_attribute_that_is_certain_rules_no_class_out_for_good():
    scores = attribute_scores(np.array([[1.0, 0.0]]), np.array([0.5, 0.5]), np.array([[0.0, 1.0]]))
    assert np.isfinite(scores).all()


def test_attributes_are_had_above_the_mean_of_the_seen_classes():
    rows = np.array([[0.0, 5.0, 0.2], [1.0, 5.0, 0.3], [0.0, 5.0, 0.9]])
    found = BinaryAttributes.of(rows)
    assert found.used.tolist() == [0, 2]
    np.testing.assert_allclose(found.priors, [1 / 3, 1 / 3])
    # what is 0 or 1 stays so; the unseen class's 0.47 is above the mean of 0.4667
    assert found.has(np.array([[1.0, 7.0, 0.47], [0.0, 0.0, 0.46]])).tolist() == [[1.0, 1.0], [0.0, 0.0]]


def test_binary_attributes_stay_what_they_are(learnable):
    rows = learnable(binary=True, num_features=8).features[:12].astype(float)
    found = BinaryAttributes.of(rows)
    np.testing.assert_array_equal(found.has(rows), rows[:, found.used])
    np.testing.assert_allclose(found.priors, rows[:, found.used].mean(axis=0))


def test_a_column_whose_mean_is_beside_its_only_value_is_left_out():
    rows = np.full((3, 2), 0.1)
    rows[0, 1] = 0.5
    assert BinaryAttributes.of(rows).used.tolist() == [1]


def test_scores_are_the_product_of_the_models_own_probabilities(learnable):
    problem = learnable(binary=True, num_features=6)
    fitted = DAP(ridge=0.1).fit(problem.index, problem.features, problem.supervision)
    p = fitted.probabilities(problem.test)
    has = problem.features[12:, fitted.used] > fitted.thresholds[fitted.used]
    ratio = np.where(has[None], p[:, None] / fitted.priors, (1 - p)[:, None] / (1 - fitted.priors))
    scores = fitted.scores(problem.test, problem.index, problem.features, concepts=problem.unseen)
    np.testing.assert_allclose(scores, np.log(ratio.prod(axis=2)), atol=1e-4)


def test_regressions_end_where_the_gradient_vanishes():
    rng = np.random.default_rng(1)
    X = rng.normal(size=(60, 3)).astype(np.float32)
    Y = (X @ rng.normal(size=(3, 2)) + rng.normal(size=(60, 2)) > 0.3).astype(float)
    unit = float(np.mean(X.astype(float) ** 2))
    for ridge, found in zip((0.01, 1.0), logistic_regressions(X, Y, (0.01, 1.0)), strict=True):
        extended = np.c_[X.astype(float), np.ones(60)]
        penalty = ridge * unit * np.vstack([found[:-1], np.zeros((1, 2))])
        gradient = extended.T @ (expit(extended @ found) - Y) / 60 + penalty
        np.testing.assert_allclose(gradient, 0, atol=2e-4)
        best = logistic_loss(X.astype(float), Y, found, ridge * unit)
        for _ in range(20):
            other = found + 0.05 * rng.normal(size=found.shape)
            assert logistic_loss(X.astype(float), Y, other, ridge * unit) > best


def test_the_gradient_of_the_loss_equals_finite_differences():
    from kgzsl.baselines.logistic import _losses

    rng = np.random.default_rng(2)
    logits, answers = 3 * rng.normal(size=(5, 4)), (rng.uniform(size=(5, 4)) > 0.5).astype(float)

    def loss(flat):
        return _losses(flat.reshape(5, 4), answers)[0]

    def gradient(flat):
        return _losses(flat.reshape(5, 4), answers)[1].ravel()

    assert check_grad(loss, gradient, logits.ravel()) < 1e-6
    value, slope = _losses(np.array([[800.0, -800.0]]), np.array([[1.0, 1.0]]))
    assert value == 800.0
    np.testing.assert_allclose(slope, [[0.0, -1.0]])


def test_iap_mixes_what_the_likeliest_seen_classes_have(learnable):
    problem = learnable(binary=True, num_features=6)
    fitted = IAP(temperature=0.1).fit(problem.index, problem.features, problem.supervision)
    scores = problem.test.astype(float) @ problem.supervision.weights.astype(float).T / 0.1
    p_class = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    expected = np.zeros((len(problem.test), len(fitted.used)))
    for k in range(12):
        for place, m in enumerate(fitted.used):
            expected[:, place] += p_class[:, k] * (problem.features[k, m] == 1)
    np.testing.assert_allclose(fitted.probabilities(problem.test), expected, atol=1e-9)


@pytest.mark.parametrize("model", [DAP(), IAP()], ids=["DAP", "IAP"])
def test_a_table_of_attributes_is_what_they_are_made_for(model):
    graph, supervision = example_graph(), example_supervision()
    rng = np.random.default_rng(0)
    table = AttributeTable(
        {
            id_: {f"a{m}": float(value) for m, value in enumerate(row)}
            for id_, row in zip(graph.ids, rng.integers(0, 2, size=(len(graph.ids), 5)), strict=True)
        }
    )
    features = table.fit(graph, graph.ids).encode(graph, graph.ids)
    fitted = model.fit(graph.index, features, supervision)
    assert fitted.report["num_attributes"] + fitted.report["num_left_out"] == 5
    scores = fitted.scores(supervision.inputs, graph.index, features, concepts=["tiger"])
    assert np.isfinite(scores).all()


def test_attributes_that_tell_nothing_are_named(index_of):
    supervision = Supervision(("a", "b"), np.eye(2, dtype=np.float32), "prototype")
    with pytest.raises(InputFormatError, match="none of 2 attribute"):
        IAP(temperature=1.0).fit(index_of(["a", "b", "c"]), np.ones((3, 2), dtype=np.float32), supervision)
