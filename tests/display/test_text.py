from hypothesis import given, settings
from hypothesis import strategies as st

from kgzsl.display.text import cell_width, escape_text, fit, pad, text_table, wrap


def test_control_characters_colour_codes_and_direction_overrides_are_shown():
    assert escape_text("a\x1b[31mb\r\n\tc\u202ed\u2028e") == "a\\x1b[31mb\\r\\n\\tc\\u202ed\\u2028e"


def test_letters_of_any_script_stay():
    assert escape_text("шимпанзе 虎 café") == "шимпанзе 虎 café"


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=40), st.integers(1, 30))
def test_fitted_text_never_exceeds_its_width(text, width):
    assert cell_width(fit(escape_text(text), width)) <= width


def test_wide_characters_take_two_columns():
    assert cell_width("虎a") == 3
    assert pad("虎", 4) + "|" == "虎  |"
    assert pad("7", 3, align="right") == "  7"


def test_wrapping_breaks_at_blanks_and_indents_what_follows():
    assert wrap("one two three four", 9, indent="  ") == ["one two", "  three", "  four"]


def test_a_table_keeps_to_its_width():
    table = text_table([["x" * 80, "y" * 80], ["short", "z"]], ["left", "right"], width=60)
    assert max(cell_width(line) for line in table.splitlines()) <= 60
    assert "…" in table


def test_columns_that_are_to_stay_whole_are_not_cut():
    rows = [["x" * 30, "y" * 30]]
    assert text_table(rows, ["id", "text"], width=20, whole=["id"]).splitlines()[1] == "x" * 30 + "  yyyyyyy…"
    assert text_table([["x" * 30]], ["id"], width=20, whole=["id"]).splitlines()[1] == "x" * 30


def test_a_column_whose_name_would_act_is_shown_as_an_escape():
    assert text_table([[1]], ["a\x1b[2J"]) == "a\\x1b[2J\n1"
