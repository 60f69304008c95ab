"""Files of inputs on the command line: columns are found by their names, where both sides have names."""

from types import SimpleNamespace

import numpy as np
import pytest

from kgzsl.cli.inputs import read_samples
from kgzsl.errors import InputFormatError


@pytest.fixture
def read(tmp_path):
    def read(text, name="inputs.csv"):
        (tmp_path / name).write_text(text, encoding="utf-8")
        return read_samples(tmp_path / name)

    return read


FITTED = SimpleNamespace(feature_names_in_=np.array(["a", "b"], dtype=object))


def test_columns_in_another_order_are_put_into_that_of_the_fit(read):
    matched = read("b,label,a\n1,horse,2\n3,tiger,4\n").matched(FITTED)
    assert matched.columns == ["a", "b"]
    assert matched.rows() == [(2.0, 1.0), (4.0, 3.0)]


def test_columns_that_are_missing_are_named(read):
    with pytest.raises(InputFormatError, match="not there: 'b'"):
        read("a,c\n1,2\n").matched(FITTED)


def test_without_names_on_either_side_columns_are_taken_as_they_come(read):
    unnamed, named = read("1,2\n3,4\n"), read("b,a\n1,2\n", "named.csv")
    assert unnamed.matched(FITTED).rows() == [(1.0, 2.0), (3.0, 4.0)]
    np.testing.assert_array_equal(named.matched(SimpleNamespace()), [[1.0, 2.0]])
    np.testing.assert_array_equal(unnamed.table, [[1.0, 2.0], [3.0, 4.0]])
    assert named.table.columns == ["b", "a"]
