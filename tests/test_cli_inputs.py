"""Files of inputs on the command line: columns are found by their names, where both sides have names."""

from types import SimpleNamespace

import numpy as np
import pytest

from kgzsl.cli.inputs import is_plain, read_plain, read_samples
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


@pytest.mark.parametrize(
    "labels", [["007", "012"], ["1.0", "2.50"], ["true", "false"], ["12345678901234567890123", "1"]]
)
def test_labels_are_taken_as_they_are_written(read, labels):
    assert read("label,a\n" + "".join(f"{label},1\n" for label in labels)).labels == labels


def test_a_byte_order_mark_is_no_part_of_the_first_cell(tmp_path):
    for name, text in (("numbers.csv", "1,2\n3,4\n"), ("named.csv", "label,a,b\ncat,1,2\ndog,3,4\n")):
        (tmp_path / name).write_text(text, encoding="utf-8-sig")
    np.testing.assert_array_equal(read_samples(tmp_path / "numbers.csv").inputs, [[1, 2], [3, 4]])
    named = read_samples(tmp_path / "named.csv")
    assert (named.labels, named.columns) == (["cat", "dog"], ("a", "b"))
    assert is_plain(tmp_path / "named.csv")


def test_a_row_without_a_label_is_named(read):
    with pytest.raises(InputFormatError, match="line 3: has no label"):
        read("label,a\ncat,1\n,2\n")


def test_a_column_that_is_named_twice_is_refused(read):
    with pytest.raises(InputFormatError, match="more than one column is called 'a'"):
        read("label,a,a\ncat,1,2\n")


def test_numbers_beyond_float32_are_an_error_without_a_warning(tmp_path):
    (tmp_path / "large.csv").write_text("label,a\ncat,1e39\n", encoding="utf-8")
    assert np.isinf(read_plain(tmp_path / "large.csv", SimpleNamespace()).features).all()
