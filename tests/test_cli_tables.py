"""Tables of text are read rightly or refused by file and line, however odd they are."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kgzsl.cli import tables
from kgzsl.cli.inputs import read_names, read_samples
from kgzsl.errors import InputFormatError

ONE = ([[1.0, 2.0]], ["cat"], ("a", "b"))
TWO = ([[1.0, 2.0], [3.0, 4.0]], ["cat", "dog"], ("a", "b"))
READ = {
    "plain": ("a,b,label\n1,2,cat\n3,4,dog\n", TWO),
    "a byte-order mark": ("\ufeffa,b,label\n1,2,cat\n", ONE),
    "a byte-order mark before quotes": ('\ufeff"label",a,b\ncat,1,2\n', ONE),
    "lines of Windows": ("a,b,label\r\n1,2,cat\r\n3,4,dog\r\n", TWO),
    "lines of old Macs": ("a,b,label\r1,2,cat\r3,4,dog\r", TWO),
    "no last newline": ("a,b,label\n1,2,cat", ONE),
    "empty lines": ("\n\na,b,label\n\n1,2,cat\n,,\n3,4,dog\n\n", TWO),
    "blanks": (" a , b , label \n 1 , 2 , cat \n", ONE),
    "quotes around all": ('"a","b","label"\n"1","2","cat"\n', ONE),
    "a comma in quotes": ('a,b,label\n1,2,"cat, big"\n', ([[1.0, 2.0]], ["cat, big"], ("a", "b"))),
    "a newline in quotes": ('a,b,label\n1,2,"cat\nbig"\n', ([[1.0, 2.0]], ["cat\nbig"], ("a", "b"))),
    "quotes in quotes": ('a,b,label\n1,2,"a ""cat"""\n', ([[1.0, 2.0]], ['a "cat"'], ("a", "b"))),
    "commas at the end": ("a,b,label,\n1,2,cat,\n3,4,dog,,\n", TWO),
    "labels like numbers": ("a,b,label\n1,2,007\n", ([[1.0, 2.0]], ["007"], ("a", "b"))),
    "labels like nothing": ("a,b,label\n1,2,null\n", ([[1.0, 2.0]], ["null"], ("a", "b"))),
    "large integers": (f"a,b,label\n{10**30},2,cat\n", ([[1e30, 2.0]], ["cat"], ("a", "b"))),
    "names that are numbers": ("1,2,label\n1,2,cat\n", ([[1.0, 2.0]], ["cat"], ("1", "2"))),
    "numbers alone": ("1,2\n3,4\n", ([[1.0, 2.0], [3.0, 4.0]], None, ())),
    "one number": ("5\n", ([[5.0]], None, ())),
}
REFUSED = {
    "nothing": ("", "is empty"),
    "blanks alone": (" \n\n", "is empty"),
    "names alone": ("a,b,label\n", "has names of columns, and no rows"),
    "labels alone": ("label\ncat\n", "has labels, and no columns of numbers"),
    "a short row": ("a,b,label\n1,2,cat\n3,dog\n", r"line 3: has 2 cell\(s\), and line 1 has 3"),
    "a short row of numbers": ("1,2\n3\n", r"line 2: has 1 cell\(s\), and line 1 has 2"),
    "a long row": ("\na,b,label\n1,2,cat\n\n3,4,dog,5\n", r"line 5: has 4 cell\(s\), and line 2 has 3"),
    "a row after a newline in quotes": ('a,label\n1,"cat\nbig"\nx,dog\n', "line 4, column 'a': 'x' is no number"),
    "quotes that stay open": ('a,b,label\n1,2,cat\n3,4,"dog\n5,6,cow\n', "line 3: the quotes of a cell do not match"),
    "text after quotes": ('a,b,label\n1,2,"cat"s\n', "line 2: the quotes of a cell do not match"),
    "two equal names": ("\na,b,a\n1,2,3\n", "line 2: more than one column is called 'a'"),
    "two equal names but for blanks": ("a, a\n1,2\n", "line 1: more than one column is called 'a'"),
    "two columns of labels": ("a,y,label\n1,2,cat\n", "line 1: columns 'y', 'label' may each be the labels"),
    "a column without a name": ("a,,label\n1,2,cat\n", "line 1: column 2 has no name"),
    "an index of pandas": (",a,label\n0,1,cat\n", r"line 1: column 1 has no name; pandas .* to_csv\(index=False\)"),
    "semicolons": ("a;b;label\n1;2;cat\n", "line 1: there is one column, called 'a;b;label'; commas part"),
    "a word": ("a,b,label\n1,2,cat\n3,four,dog\n", "line 3, column 'b': 'four' is no number"),
    "a word among numbers": ("1,2\n3,four\n", "line 2, column 2: 'four' is no number"),
    "a truth value": ("a,label\ntrue,cat\n", "line 2, column 'a': 'true' is no number"),
    "a number of Python": ("a,label\n1_000,cat\n", "line 2, column 'a': '1_000' is no number"),
    "a decimal comma": ('a,label\n"1,5",cat\n', "line 2, column 'a': '1,5' is no number"),
    "an empty cell": ("a,b,label\n1,,cat\n", "line 2, column 'b': is empty"),
    "no label": ("a,label\n1,cat\n2,\n", "line 3: has no label"),
    "a label of blanks": ("a,label\n1, \n", "line 2: has no label"),
    "a NUL": ("a,label\n1,cat\n2,d\0g\n", "line 3: has a NUL, so it is no text"),
    "Latin-1": ("a,label\n1,café\n".encode("latin-1"), "line 2: the byte 0xe9 is no text in UTF-8"),
    "UTF-16": ("a,label\n1,cat\n".encode("utf-16"), "line 1: is text in UTF-16; save it in UTF-8"),
}


def read(folder, content, name="inputs.csv"):
    (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    samples = read_samples(folder / name)
    return samples.inputs.tolist(), samples.labels, samples.columns


@pytest.mark.parametrize("name", READ)
@pytest.mark.parametrize("suffix", [".csv", ".tsv"])
def test_what_is_odd_is_read_rightly(tmp_path, name, suffix):
    content, expected = READ[name]
    if suffix == ".tsv":
        content = content.replace(",", "\t")
        expected = (expected[0], [label.replace(",", "\t") for label in expected[1] or []] or None, expected[2])
    assert read(tmp_path, content, f"inputs{suffix}") == expected


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_read_is_refused_by_file_and_line(tmp_path, name):
    content, message = REFUSED[name]
    with pytest.raises(InputFormatError, match=f"^--input inputs.csv: {message}"):
        read(tmp_path, content)


NUMBERS = st.floats(allow_nan=False) | st.integers(-(2**40), 2**40)


@settings(max_examples=60, deadline=None)
@given(
    rows=st.lists(st.tuples(NUMBERS, NUMBERS, st.text("abcé,\"'\n;", min_size=1)), min_size=1, max_size=6),
    is_labelled=st.booleans(),
)
def test_reading_quickly_and_with_care_give_the_same(rows, is_labelled):
    def quoted(label):
        return '"' + label.replace('"', '""') + '"'

    text = "a,b,label\n" if is_labelled else "a,b\n"
    for a, b, label in rows:
        text += f"{a!r},{b!r},{quoted(label)}\n" if is_labelled else f"{a!r},{b!r}\n"
    _, first = next(tables._rows(text, ","))
    head = tables._head(first, 1)
    quick = tables._quickly(text, ",", head, first)
    if any(is_labelled and not label.strip() for *_, label in rows):
        assert quick is None
        return
    careful = tables._carefully(text, ",", head)
    np.testing.assert_array_equal(careful.numbers, [[float(a), float(b)] for a, b, _ in rows])
    assert careful.labels == ([label.strip() for *_, label in rows] if is_labelled else None)
    if quick is not None:
        np.testing.assert_array_equal(quick.numbers, careful.numbers)
        assert (quick.labels, quick.names) == (careful.labels, careful.names)


def test_a_plain_table_is_read_quickly(tmp_path, monkeypatch):
    monkeypatch.setattr(tables, "_carefully", lambda *given: pytest.fail("row by row takes long"))
    for name in ("plain", "lines of Windows", "no last newline", "numbers alone", "a newline in quotes"):
        content, expected = READ[name]
        assert read(tmp_path, content) == expected


def test_what_is_no_finite_number_is_kept_for_whom_it_concerns(tmp_path):
    (row,), _, _ = read(tmp_path, "a,b\nnan,-inf\n")
    assert math.isnan(row[0])
    assert row[1] == -math.inf


def test_a_byte_order_mark_is_no_part_of_the_first_name(tmp_path):
    (tmp_path / "unseen.txt").write_text("zebra\ntiger\n", encoding="utf-8-sig")
    assert read_names(tmp_path / "unseen.txt", option="--unseen") == ["zebra", "tiger"]
