"""A table of answers: drawn as it is read, printed as it is held."""

import pytest

import kgzsl
from kgzsl.display import Table
from kgzsl.errors import InputFormatError


def counting(drawn):
    for number in range(100):
        drawn.append(number)
        yield (number, number * number)


def test_rows_are_drawn_when_they_are_needed_and_kept():
    drawn = []
    table = Table(["n", "square"], counting(drawn))
    assert drawn == []
    assert table[2] == (2, 4)
    assert drawn == [0, 1, 2]
    assert table.head(2).rows == ((0, 0), (1, 1))
    assert drawn == [0, 1, 2]
    assert len(table) == len(drawn) == 100


def test_two_readers_of_one_table_see_all_its_rows():
    table = Table(["n", "square"], counting([]))
    first, second = iter(table), iter(table)
    assert [next(first), next(second), next(first)] == [(0, 0), (0, 0), (1, 1)]
    assert list(second) == [(n, n * n) for n in range(1, 100)]


def test_printing_says_how_many_rows_are_not_shown():
    text = str(Table(["n", "square"], counting([]), caption="squares"))
    assert text.splitlines()[0] == "squares"
    assert text.splitlines()[-1] == "… 80 more"


def test_numbers_stand_to_the_right_and_markup_is_escaped():
    table = Table(["name", "n"], [("<b>", 1)])
    assert "<b>" not in table._repr_html_()
    assert table._repr_html_().count('class="kx-num"') == 2
    assert str(table) == "name  n\n<b>   1"


def test_columns_are_asked_for_by_name():
    table = Table(["name", "n"], [("a", 1), ("b", 2)])
    assert table["n"] == (1, 2)
    with pytest.raises(InputFormatError, match="no column 'm'; the table has name, n"):
        table["m"]


def test_frames_hold_the_same_rows():
    table = Table(["name", "n"], [("a", 1), ("b", None)])
    assert table.to_polars().rows() == [("a", 1), ("b", None)]
    assert table.to_pandas()["name"].tolist() == ["a", "b"]
    assert table.to_dicts() == [{"name": "a", "n": 1}, {"name": "b", "n": None}]


def test_tables_are_equal_if_their_columns_and_rows_are():
    assert Table(["n"], [(1,)]) == Table(["n"], iter([[1]]))
    assert Table(["n"], [(1,)]) != Table(["m"], [(1,)])


def failing():
    yield (1,)
    yield (2,)
    raise InputFormatError("no more can be read")


def test_an_error_while_rows_are_drawn_is_raised_each_time_and_ends_no_table_silently():
    table = Table(["n"], failing())
    assert table[1] == (2,)
    for _ in range(2):
        with pytest.raises(InputFormatError, match="no more can be read"):
            len(table)
    assert table.head(2).rows == ((1,), (2,))


def test_printing_an_endless_table_ends():
    from itertools import count

    table = Table(["n"], ((number,) for number in count()))
    assert str(table).splitlines()[-1] == "… over 9,980 more"
    assert "… over 9,980 more" in table._repr_html_()
    assert table[2:6:2].rows == ((2,), (4,))


def test_a_slice_draws_no_more_than_it_needs():
    drawn = []
    table = Table(["n", "square"], counting(drawn))
    assert table[1:3].rows == ((1, 1), (2, 4))
    assert len(drawn) == 3
    assert table[-1] == (99, 9801)
    assert table[98:][0] == (98, 9604)


class Thing(str):
    label = "the <thing>"


def test_a_notebook_shows_labels_with_ids_behind_them():
    html = Table(["x"], [(Thing("t.1"),)])._repr_html_()
    assert "<td>the &lt;thing&gt; <small>t.1</small></td>" in html
    assert "t.1" in str(Table(["x"], [(Thing("t.1"),)]))


def test_a_table_is_copied_with_all_its_rows():
    from copy import deepcopy

    assert deepcopy(Table(["n", "square"], counting([]))) == Table(["n", "square"], counting([]))


def test_threads_that_read_one_table_see_the_same_rows():
    from concurrent.futures import ThreadPoolExecutor

    table = Table(["n"], ((number,) for number in range(20_000)))
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: tuple(iter(table)), range(4)))
    assert found == [tuple((number,) for number in range(20_000))] * 4


def test_a_label_stands_once_beside_its_id_in_a_notebook():
    kg = kgzsl.KnowledgeGraph.from_tables(
        [{"id": "d:1", "label": "malaria"}, {"id": "d:2", "label": "lupus"}], [("d:1", "related_to", "d:2")]
    )
    html = Table(["id", "label", "lin"], [(kg.concept("d:1"), "malaria", 0.5)])._repr_html_()
    assert html.count("malaria") == 1
    assert [name in html for name in (">concept<", ">label<", ">id<")] == [True, False, False]
    html = Table(["id", "label"], [(kg.concept("d:1"), "lupus")])._repr_html_()
    assert [name in html for name in ("malaria", "lupus", ">label<")] == [True, True, True]
