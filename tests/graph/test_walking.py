"""Walks compiled and as Python, and what is kept of their answers."""

import sys

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from kgzsl.graph import walk_kernels
from kgzsl.graph.compiled import kernel
from kgzsl.graph.index import Neighbors
from kgzsl.graph.walking import Walks, Workspace, distances

laws = settings(max_examples=40, deadline=None)


@st.composite
def neighbors(draw):
    size = draw(st.integers(1, 9))
    place = st.integers(0, size - 1)
    ends = sorted(draw(st.lists(st.tuples(place, place), max_size=20)))
    heads, tails = (np.array([edge[side] for edge in ends], dtype=np.int64) for side in (0, 1))
    return Neighbors(heads, tails, np.arange(len(ends)), size), size


@laws
@given(neighbors(), st.integers(-1, 4))
def test_walks_agree_compiled_as_python_and_as_sets(drawn, limit):
    found, size = drawn
    one, other = Workspace(size), Workspace(size)
    for start in [*range(size), 0]:
        count = walk_kernels.walk(found.packed, one.array, start, limit)
        assert walk_kernels.walk.python(found.packed, other.array, start, limit) == count
        wanted = distances(found, start, limit=None if limit < 0 else limit)
        for space in (one, other):
            assert space.places_view[: abs(count)].tolist() == list(wanted)
            assert list(space.steps(0, abs(count), limit)) == list(wanted.values())
        for end in range(size):
            reached = walk_kernels.is_reached(found.packed, one.array, start, end)
            assert reached == walk_kernels.is_reached.python(found.packed, other.array, start, end)
            assert reached == (end in distances(found, start))
    assert walk_kernels.walk(found.packed, one.array, 0, limit) > 0  # nothing is new any more


@laws
@given(neighbors(), st.data())
def test_what_all_reach_agrees_compiled_and_as_python(drawn, data):
    found, size = drawn
    one, other = Workspace(size), Workspace(size)
    for _ in range(4):
        starts = data.draw(st.lists(st.integers(0, size - 1), min_size=1, unique=True))
        steps = [distances(found, start) for start in starts]
        wanted = {p: sum(of[p] for of in steps) for p in steps[0] if all(p in of for of in steps)}
        for space, question in ((one, walk_kernels.above_all), (other, walk_kernels.above_all.python)):
            space.start_from(starts)
            count = question(found.packed, space.array, len(starts))
            assert {p: space.total_view[p] for p in space.places_view[:count].tolist()} == wanted


def hub(size):
    return Neighbors(np.zeros(size, dtype=np.int64), np.arange(1, size + 1), np.arange(size), size + 1)


def test_steps_of_many_are_counted_by_level():
    found, space = hub(50), Workspace(51)
    count = abs(walk_kernels.walk(found.packed, space.array, 0, 2))
    assert space.steps(0, count, 2) == (0, *[1] * 50)
    assert space.steps(1, count, 2) == (1,) * 50
    assert space.steps(1, count, -1) == [1] * 50


def test_walks_are_compiled_once_they_have_been_many():
    walks = Walks(51, patience=1500)
    assert [walks.are_compiled() for _ in range(4)] == [False, False, False, True]
    never = Walks(51, patience=None)
    assert not any(never.are_compiled(10**9) for _ in range(3))
    assert [row.tolist() for row in walks.row(hub(50), 0)] == [row.tolist() for row in never.row(hub(50), 0)]


def test_without_numba_walks_stay_as_they_are(monkeypatch):
    monkeypatch.setitem(sys.modules, "numba", None)
    monkeypatch.setattr(walk_kernels, "walk", kernel(walk_kernels.walk.python))
    walks = Walks(3, patience=0)
    assert not walks.are_compiled()
    assert walks.patience is None
