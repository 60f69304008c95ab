"""The rows of all ancestors: when they are made, and that they answer as walks do."""

import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kgzsl.graph import ancestor_rows
from kgzsl.graph.ancestor_rows import AncestorRows, only_lowest
from kgzsl.graph.compiled import kernel
from kgzsl.graph.index import Neighbors
from kgzsl.graph.walking import distances

laws = settings(max_examples=60, deadline=None)


@st.composite
def taxonomies(draw, *, acyclic=False):
    size = draw(st.integers(1, 9))
    place = st.integers(0, size - 1)
    ends = sorted(draw(st.lists(st.tuples(place, place), max_size=20)))
    ends = [(max(end), min(end)) for end in ends if end[0] != end[1]] if acyclic else ends
    heads, tails = (np.array([edge[side] for edge in ends], dtype=np.int64) for side in (0, 1))
    return Neighbors(heads, tails, np.arange(len(ends)), size), size


def longest(up, size):
    found = []
    for place in range(size):  # parents have smaller positions
        found.append(1 + max((found[parent] for parent in up.of(place)), default=-1))
    return np.array(found, dtype=np.int64)


@laws
@given(taxonomies())
def test_rows_are_what_is_walked_to(drawn):
    up, size = drawn
    rows = AncestorRows(up, size, patience=1)
    assert rows.are_there()
    for place in range(size):
        assert list(rows.distances(place).items()) == list(distances(up, place).items())
        assert rows.row(place) == list(distances(up, place))


@laws
@given(taxonomies(acyclic=True), st.booleans())
def test_the_lowest_common_ancestors_are_above_no_other(drawn, compiled):
    up, size = drawn
    rows, depth = AncestorRows(up, size, patience=1), longest(up, size)
    assert rows.are_there()
    rows.prepare_lowest(depth)
    ask = rows.only_lowest if compiled else lambda a, b: only_lowest.python(rows.packed, size, a, b)
    above = [set(distances(up, place)) for place in range(size)]
    for a in range(size):
        for b in range(size):
            common = above[a] & above[b]
            lowest = {one for one in common if not any(one in above[other] and one != other for other in common)}
            assert rows.lowest(a, b) == sorted(lowest, key=lambda one: (-depth[one], one))
            only = ask(a, b)
            assert (only == -2 and lowest) or (only == -1 and not lowest) or {only} == lowest


def test_rows_are_made_by_the_question_that_is_one_too_many():
    up = Neighbors(np.array([1]), np.array([0]), np.array([0]), 2)
    rows = AncestorRows(up, 2, patience=3)
    assert [rows.are_there() for _ in range(4)] == [False, False, True, True]


def test_too_many_ancestors_are_never_laid_out(monkeypatch):
    chain = Neighbors(np.arange(1, 60), np.arange(59), np.arange(59), 60)
    monkeypatch.setattr(ancestor_rows, "_MOST_PAIRS", 60 * 61 // 2 - 1)
    rows = AncestorRows(chain, 60, patience=1)
    assert not any(rows.are_there() for _ in range(3))
    monkeypatch.setattr(ancestor_rows, "_MOST_PAIRS", 60 * 61 // 2)
    assert AncestorRows(chain, 60, patience=1).are_there()


@pytest.mark.parametrize("reason", ["long rows", "no numba"])
def test_sets_answer_where_a_loop_in_a_loop_would_not_be_faster(monkeypatch, reason):
    if reason == "long rows":
        monkeypatch.setattr(ancestor_rows, "_SHORT", 2)
    else:
        monkeypatch.setitem(sys.modules, "numba", None)
        monkeypatch.setattr(ancestor_rows, "only_lowest", kernel(only_lowest.python))
    rows = AncestorRows(Neighbors(np.array([1, 2, 2]), np.array([0, 0, 1]), np.arange(3), 3), 3, patience=1)
    assert rows.are_there()
    rows.prepare_lowest(np.array([0, 1, 2]))
    assert rows.only_lowest(2, 1) == -2
    assert rows.lowest(2, 1) == [1]
