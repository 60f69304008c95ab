"""Order and height of items against plain definitions, and the layout of drawings that are dense."""

import random
import time
from itertools import accumulate, pairwise
from statistics import fmean

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.isotonic import isotonic_regression

from kgzsl.display import layout
from kgzsl.display.layered import Drawing, Link, Mark, layered_svg
from kgzsl.display.stacking import Stacks, _apart

laws = settings(max_examples=60, deadline=None)
numbers = st.integers(-50, 50).map(float)


@laws
@given(st.lists(st.tuples(numbers, st.integers(1, 9)), max_size=12))
def test_places_are_the_nearest_to_those_wanted_that_keep_their_distance(items):
    wanted = [want for want, _ in items]
    offsets = [float(sum(gap for _, gap in items[1 : number + 1])) for number in range(len(items))]
    free = [want - offset for want, offset in zip(wanted, offsets, strict=True)]
    nearest = [level + offset for level, offset in zip(isotonic_regression(free) if free else [], offsets, strict=True)]
    assert _apart(wanted, offsets) == pytest.approx(nearest)


def test_columns_are_ordered_so_that_parallel_links_do_not_cross():
    # items 0 to 2 in the first column, 3 to 5 in the last, each link by way of one item between
    stacks = Stacks([0, 0, 0, 2, 2, 2, 1, 1, 1], [(0, 6, 5), (1, 7, 3), (2, 8, 4)])
    assert stacks.columns == [[0, 1, 2], [6, 7, 8], [5, 3, 4]]
    rows = stacks.rows([5.0] * 9, [5.0] * 9)
    assert [rows[0] == rows[6] == rows[5], rows[1] == rows[7] == rows[3], rows[2] == rows[8] == rows[4]] == [True] * 3
    assert (rows[1] - rows[0], rows[2] - rows[1]) == (10.0, 10.0)


@st.composite
def chained(draw):
    ends = draw(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), min_size=1, max_size=8))
    at, chains = [0, 0, 1, 1, 2, 3], []
    for start, end in ends:
        low, high = sorted((start, end))
        passed = range(at[low] + 1, at[high])
        chains.append([low, *range(len(at), len(at) + len(passed)), high])
        at += passed
    return at, chains


@laws
@given(chained())
def test_rows_are_six_times_drawn_to_the_mean_of_their_neighbours(drawn):
    at, chains = drawn
    heights = [5.0 + item % 4 for item in range(len(at))]
    stacks = Stacks(at, chains)
    beside = {item: [] for item in range(len(at))}
    for here, there in [pair for chain in chains for pair in pairwise(chain) if at[pair[0]] != at[pair[1]]]:
        beside[here].append(there)
        beside[there].append(here)
    rows = dict.fromkeys(beside, 0.0)
    for sweep in [None, *range(6)]:
        for column in reversed(stacks.columns) if sweep is not None and sweep % 2 == 0 else stacks.columns:
            offsets = [0.0, *accumulate(heights[a] + heights[b] for a, b in pairwise(column))]
            near = [[rows[other] for other in beside[item]] or [rows[item]] for item in column]
            wanted = [0.0 if sweep is None else fmean(found) for found in near]
            free = isotonic_regression([want - offset for want, offset in zip(wanted, offsets, strict=True)])
            rows.update(zip(column, (free + offsets).tolist(), strict=True))
    assert stacks.rows(heights, heights) == pytest.approx(list(rows.values()))


def test_an_item_with_many_neighbours_stands_in_the_middle_of_them():
    stacks = Stacks([0, 1, 1, 1], [(0, 1), (0, 2), (0, 3)])
    rows = stacks.rows([5.0] * 4, [5.0, 5.0, 5.0, 30.0])
    assert rows[0] == pytest.approx((rows[1] + rows[2] + rows[3]) / 3)
    assert Stacks([], []).rows([], []) == []


boxes = st.builds(layout.Box, numbers, numbers, st.integers(1, 120).map(float), st.integers(1, 60).map(float))


@laws
@given(st.lists(boxes, max_size=20), boxes)
def test_a_box_overlaps_what_is_taken_if_it_overlaps_any(taken, box):
    assert layout._Taken(taken).overlaps(box) == any(box.overlaps(other) for other in taken)


def drawn(seed, *, num_marks, num_links):
    maker = random.Random(seed)
    marks = [Mark(f"m{number}", f"mark {number}", maker.randrange(5)) for number in range(num_marks)]
    ends = [maker.sample(range(num_marks), 2) for _ in range(num_links)]
    words = ("", "is a kind of", "has part")
    return marks, [Link(f"m{a}", f"m{b}", maker.choice(words), maker.random()) for a, b in ends]


@pytest.mark.parametrize("seed", range(12))
def test_the_layout_is_the_first_with_room_for_all_labels_else_the_last(seed):
    marks, links = drawn(seed, num_marks=4 + seed, num_links=3 * seed)
    attempts = [
        layout._Sheet(marks, links).layout(stretch=rows, spread=columns, is_last=True)
        for rows, columns in layout._ATTEMPTS
    ]
    with_room = [attempt for attempt in attempts if None not in attempt.labels]
    assert layout.arrange(marks, links) == (with_room or attempts[-1:])[0]


def test_what_finds_no_room_in_the_last_attempt_leaves_room_to_the_others():
    marks = [Mark("a", "a", 0), Mark("b", "b", 1)]
    links = [Link("a", "b", "as long as the whole way from here to there " * 9, 9.0), Link("a", "b", "has", 1.0)]
    long, short = layout.arrange(marks, links).labels
    assert long is None
    assert short is not None


@pytest.mark.parametrize("turned", [False, True])
def test_labels_keep_away_from_the_end_that_many_links_share(turned):
    marks = [Mark("hub", "hub", 1), *(Mark(f"m{number}", "leaf", 0) for number in range(6))]
    ends = [(f"m{number}", "hub") for number in range(6)]
    found = layout.arrange(marks, [Link(*(end[::-1] if turned else end), "is", 1.0) for end in ends])
    middle = (found.places["hub"][0] + found.places["m0"][0]) / 2
    assert [box.x < middle - 9 for box in found.labels] == [True] * 6


def test_links_of_one_side_of_a_mark_leave_it_in_the_order_in_which_they_end():
    marks = [Mark("a", "a", 0), Mark("b", "b", 1), Mark("c", "c", 1), Mark("d", "d", 1)]
    links = [Link("a", end, "", 1.0) for end in "dbc"]
    found = layout.arrange(marks, links)
    down = [route[0][1] - found.places["a"][1] for route in found.routes]
    assert down == [5.0, -5.0, 0.0]
    assert [found.places[end][1] for end in "bcd"] == sorted(found.places[end][1] for end in "bcd")


def test_a_dense_drawing_takes_seconds_at_most():  # [1 s; pairwise comparison of links took 14 s]
    maker = random.Random(4)
    marks = tuple(Mark(f"m{number}", f"concept number {number}", number) for number in range(60))
    words = [f"has relation {number}" for number in range(200)]
    links = tuple(Link(f"m{a}", f"m{b}", maker.choice(words), 1.0) for b in range(60) for a in range(b))
    before = time.process_time()
    assert layered_svg(Drawing(marks, links, "dense")).count("<circle") == 60
    assert time.process_time() - before < 5
