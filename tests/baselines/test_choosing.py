"""What every baseline's choice of settings is made of."""

import numpy as np
import pytest

from kgzsl.baselines.choosing import chosen_setting, each_map, left_out_features

INPUTS = np.eye(4, dtype=np.float32)
LABELS = np.arange(4)
FOLDS = [np.array([0, 1]), np.array([2, 3])]
RIGHT, WRONG = np.eye(2), np.eye(2)[::-1]


def without(*tables):
    """Tables `[2, 2]` for the two samples of either fold, whatever the fold."""
    return lambda place: lambda samples: iter(tables)


@pytest.mark.parametrize(("prefers_last", "expected"), [(False, "b"), (True, "c")])
def test_of_equally_good_settings_the_first_or_the_last_is_taken(prefers_last, expected):
    tables = without(WRONG, RIGHT, RIGHT)
    setting, report = chosen_setting("abc", INPUTS, LABELS, FOLDS, tables, prefers_last=prefers_last)
    assert setting == expected
    assert report == {
        "chosen_by": "fold accuracy",
        "num_folds": 2,
        "candidates": [["a", 0.0], ["b", 1.0], ["c", 1.0]],
    }


def test_settings_of_several_parts_are_reported_part_by_part():
    _, report = chosen_setting([(1, "x"), (2, "y")], INPUTS, LABELS, FOLDS, without(RIGHT, WRONG))
    assert report["candidates"] == [[1, "x", 1.0], [2, "y", 0.0]]


def test_features_are_taken_from_the_mean_of_those_that_train():
    rows = np.array([[1.0, 0.0], [9.0, 9.0], [3.0, 0.0], [2.0, 5.0]])
    rest, known, new = left_out_features(rows, np.array([1, 3]))
    assert rest.tolist() == [0, 2]
    assert known.tolist() == [[-1, 0], [1, 0]]
    np.testing.assert_allclose(new, [[7 / np.hypot(7, 9), 9 / np.hypot(7, 9)], [0, 1]])


def test_each_map_scores_samples_from_the_origin():
    maps = [np.array([[1.0, 0.0]]), np.array([[0.0, 2.0], [1.0, 1.0]])]
    tables = each_map(iter(maps), origin=np.array([1.0, 1.0]))
    for _ in range(2):  # chunk after chunk of samples
        assert [table.tolist() for table in tables(np.array([[3.0, 2.0]]))] == [[[2.0]], [[2.0, 3.0]]]
