"""What baselines share when they choose and when they are told."""

import numpy as np
import pytest

from kgzsl.baselines.frames import InputFrame
from kgzsl.baselines.selection import few_examples, given_or, require_settings, score_spread
from kgzsl.contracts import Supervision
from kgzsl.errors import InputFormatError


def test_few_examples_of_each_class_are_drawn_by_the_seed():
    labels = np.array([0, 1, 1, 0, 2, 1, 1, 0, 0])
    rows = few_examples(labels, 2, 0)
    assert rows.tolist() == sorted(rows.tolist())
    assert np.bincount(labels[rows]).tolist() == [2, 2, 1]
    assert few_examples(labels, 9, 0).tolist() == list(range(9))
    assert few_examples(labels, 2, 0).tolist() == rows.tolist()
    assert len({tuple(few_examples(labels, 2, seed)) for seed in range(20)}) > 1


def test_a_value_given_stands_alone():
    assert given_or(0.5, (1.0, 2.0)) == (0.5,)
    assert given_or(None, (1.0, 2.0)) == (1.0, 2.0)


def test_settings_out_of_range_are_named_and_none_passes():
    require_settings(positive={"ridge": None, "scale": np.float32(2)}, counts={"epochs": None, "size": np.int64(1)})
    for name, value in (("ridge", -1), ("ridge", np.nan), ("ridge", "1")):
        with pytest.raises(InputFormatError, match="ridge is a number above 0, not"):
            require_settings(positive={name: value})
    with pytest.raises(InputFormatError, match=r"epochs is an integer from 1 on, not 1\.5"):
        require_settings(positive={}, counts={"epochs": 1.5})


def test_the_spread_of_scores_is_free_of_what_a_row_shares():
    assert score_spread(np.array([[1.0, 3.0], [11.0, 13.0]])) == 1.0
    assert score_spread(np.ones((2, 3))) == 1.0


def test_a_frame_centres_linear_inputs_and_gives_their_forms_back():
    rng = np.random.default_rng(0)
    inputs = np.c_[3 * rng.normal(size=(50, 4)) + 7, np.ones(50)].astype(np.float32)
    frame = InputFrame.of(inputs, Supervision(("a",), inputs[:1], "linear"))
    framed = frame.framed(inputs)
    np.testing.assert_allclose(framed.mean(axis=0), 0, atol=1e-5)
    assert np.mean(np.sum(framed.astype(float) ** 2, axis=1)) == pytest.approx(1.0, abs=1e-5)
    assert not framed[:, -1].any()
    forms = rng.normal(size=(3, 5))
    np.testing.assert_allclose(inputs @ frame.unframed(forms).T, framed @ forms.T, atol=1e-5)


def test_a_frame_leaves_prepared_inputs_as_they_are():
    inputs = np.eye(3, dtype=np.float32)
    frame = InputFrame.of(inputs, Supervision(("a",), inputs[:1], "prototype"))
    assert frame.framed(inputs) is inputs
    np.testing.assert_array_equal(frame.unframed(np.eye(3)), np.eye(3))
