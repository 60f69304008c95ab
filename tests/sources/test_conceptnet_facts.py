"""The quick way to take the fifth column apart says what Python's json says."""

import json

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kgzsl.sources.conceptnet_facts import _USUAL, FACT_COLUMNS, _exact_facts, fact_table


def same(texts):
    """Whether both ways agree on these texts; how many of them took the quick one."""
    series = pl.Series("info", sorted(set(texts)), dtype=pl.String)
    quick, exact = fact_table(series).sort("info"), _exact_facts(series).sort("info")
    assert quick.columns == ["info", *FACT_COLUMNS]
    assert quick.equals(exact)
    return int(series.str.contains(_USUAL).sum())


def test_every_real_row_is_of_the_usual_form(shared_data):
    lines = shared_data("conceptnet/assertions.csv").read_text(encoding="utf-8").split("\n")[:-1]
    texts = {line.split("\t")[4] for line in lines}
    assert same(texts) == len(texts) == 86


USUAL = (
    '{"dataset": "/d/t", "license": "cc:by/4.0", "sources": [{"activity": "a", "contributor": "b", "process": "c"}], '
    '"surfaceEnd": "b", "surfaceStart": "a", "surfaceText": "[[a]] is [[b]]", "weight": 2.828}'
)


def test_the_usual_form_is_taken_apart():
    assert same([USUAL]) == 1
    (row,) = fact_table(pl.Series("info", [USUAL])).rows()
    assert row == (USUAL, 2.828, "/d/t", "[[a]] is [[b]]", None, False)


@pytest.mark.parametrize(
    "weight", ["0", "0.0", "-1.0", "1e5", "01", "1.", ".5", "NaN", "9" * 400, '"2"', "1.0, ", "null"]
)
def test_other_weights_go_the_exact_way(weight):
    text = USUAL.replace("2.828", weight)
    same([text])
    assert fact_table(pl.Series("info", [text]))["fault"].item() is not None or weight == "1e5"


@pytest.mark.parametrize("place", range(0, len(USUAL), 3))
@pytest.mark.parametrize("mark", ['"', "\\", "\x01", "{", "é", ""])
def test_a_changed_character_changes_both_ways_alike(place, mark):
    same([USUAL[:place] + mark + USUAL[place + 1 :]])


words = st.text(alphabet='ab"\\\n é{}[]:,', max_size=4)
infos = st.fixed_dictionaries(
    {
        "dataset": words,
        "license": words,
        "sources": st.lists(
            st.dictionaries(st.sampled_from(["activity", "contributor", "process", "x"]), words), max_size=2
        ),
        "weight": st.one_of(st.floats(), st.integers(), words),
    },
    optional={"surfaceEnd": words, "surfaceStart": words, "surfaceText": words, "uri": words},
)


@settings(max_examples=80, deadline=None)
@given(st.lists(infos, min_size=1, max_size=4), st.booleans())
def test_whatever_json_writes_is_read_alike(infos, ascii_only):
    same([json.dumps(info, sort_keys=True, ensure_ascii=ascii_only) for info in infos])
