import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from kgzsl.decision.inputs import InputScale, class_means, require_finite, unit_rows
from kgzsl.errors import InputFormatError

FINITE = st.integers(-1000, 1000).map(lambda number: number / 64)


@given(arrays(np.float64, (5, 3), elements=FINITE))
def test_rows_have_unit_length_or_are_zero(rows):
    found = unit_rows(rows)
    lengths = np.linalg.norm(found, axis=1)
    np.testing.assert_allclose(lengths, rows.any(axis=1), rtol=1e-12)
    np.testing.assert_allclose(found * np.linalg.norm(rows, axis=1, keepdims=True), rows, rtol=1e-12, atol=1e-12)


@given(arrays(np.float64, (6, 2), elements=FINITE), st.permutations(range(6)))
def test_means_are_those_of_each_class_in_any_order(X, order):
    labels = np.array([0, 1, 1, 2, 2, 2])
    found = class_means(X[list(order)], labels[list(order)], 3)
    np.testing.assert_allclose(found, [X[:1].mean(axis=0), X[1:3].mean(axis=0), X[3:].mean(axis=0)], atol=1e-9)


def test_prototypes_are_centred_and_linear_inputs_get_a_constant():
    prototype = InputScale("prototype", np.array([1.0, 2.0]))
    assert prototype.prepare(np.array([[4, 6], [1, 2]])).tolist() == [[0.6, 0.8], [0.0, 0.0]]
    assert prototype.targets(np.array([[4, 6]])).dtype == np.float32
    linear = InputScale("linear", np.zeros(2))
    assert linear.prepare(np.array([[4, 6]])).tolist() == [[4.0, 6.0, 1.0]]
    np.testing.assert_allclose(linear.targets(np.array([[0, 3, 4]])), [[0, 0.6, 0.8]], rtol=1e-7)
    assert (prototype.dim, linear.dim) == (2, 2)


@given(arrays(np.float64, (5, 3), elements=FINITE), st.integers(-900, 900))
def test_rows_times_a_power_of_two_are_the_same_unit_rows(rows, exponent):
    assert unit_rows(np.ldexp(rows, exponent)).tobytes() == unit_rows(rows).tobytes()


def test_inputs_too_large_to_be_prepared_are_refused():
    huge = np.array([[1.0, 1.0], [1.5e308, -1.5e308]])
    with pytest.raises(InputFormatError, match=r"1 value\(s\) of the inputs are too large.*row\(s\) 1 "):
        InputScale("prototype", np.array([-1e308, 0])).prepare(huge)
    with pytest.raises(InputFormatError, match="class means are too large"):
        InputScale.of("prototype", np.vstack([huge[1:]] * 2)).targets(huge)
    with pytest.raises(InputFormatError, match="are too large"):
        InputScale("linear", np.zeros(2)).prepare(huge)
    assert InputScale.of("linear", np.ones((3, 4))).dim == 3


def test_values_that_are_not_finite_are_counted():
    rows = np.ones((3, 2))
    require_finite(rows, "rows")
    rows[2, 1] = rows[1, 0] = -np.inf
    with pytest.raises(InputFormatError, match=r"rows has 2 value\(s\).*the first is -inf at row 1, column 0"):
        require_finite(rows, "rows")
