import ast
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kgzsl.display.rounding import decimals_for, percent, signed, sum_preserving
from kgzsl.errors import InputFormatError

PACKAGE = Path(__file__).resolve().parents[2] / "kgzsl"
VALUES = st.lists(st.floats(-1e3, 1e3, allow_nan=False), min_size=1, max_size=30)


@settings(max_examples=60, deadline=None)
@given(VALUES, st.integers(0, 6))
def test_the_rounded_column_sums_to_the_rounded_sum_and_no_value_moves_by_a_unit(values, decimals):
    units = sum_preserving(values, decimals)
    assert abs(sum(units) - sum(values) * 10**decimals) <= 0.5 + 1e-6
    assert all(abs(unit - value * 10**decimals) < 1 + 1e-6 for unit, value in zip(units, values, strict=True))


def test_equal_remainders_are_served_in_order():
    assert sum_preserving([0.25, 0.25, 0.25, 0.25], 1) == (3, 3, 2, 2)


def test_integers_stay_as_they_are():
    assert sum_preserving([3.0, -4.0, 0.0], 2) == (300, -400, 0)


def test_an_infinite_number_is_refused():
    with pytest.raises(InputFormatError, match="finite"):
        sum_preserving([1.0, float("inf")], 2)


@pytest.mark.parametrize(
    ("units", "decimals", "text"),
    [(132, 2, "+1.32"), (-5, 2, "-0.05"), (0, 3, "0.000"), (-7, 0, "-7"), (123456, 2, "+1,234.56")],
)
def test_signed(units, decimals, text):
    assert signed(units, decimals) == text


@pytest.mark.parametrize(("values", "decimals"), [([12.3], 1), ([1.3, 0.1], 2), ([0.013], 4), ([1234.0], 0), ([], 2)])
def test_decimals_show_three_digits_of_the_largest(values, decimals):
    assert decimals_for(values) == decimals


@pytest.mark.parametrize(
    ("share", "decimals", "text"),
    [
        (0.0, 0, "0 %"),
        (1e-12, 0, "<1 %"),
        (0.01, 0, "1 %"),
        (0.748, 0, "75 %"),
        (0.99, 0, "99 %"),
        (0.991, 0, ">99 %"),
        (1.0, 0, "100 %"),
        (0.12345, 2, "12.35 %"),
        (0.00004, 2, "<0.01 %"),
        (0.99996, 1, ">99.9 %"),
    ],
)
def test_a_share_is_never_rounded_to_nothing_or_to_all(share, decimals, text):
    assert percent(share, decimals) == text


def test_no_percentage_is_written_by_a_format_of_pythons():
    """`f"{share:.0%}"` writes no blank before the sign, and 0% and 100% for what is neither."""
    found = [
        f"{path.relative_to(PACKAGE)}:{node.lineno}"
        for path in sorted(PACKAGE.rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FormattedValue)
        and isinstance(node.format_spec, ast.JoinedStr)
        and any(isinstance(part, ast.Constant) and str(part.value).endswith("%") for part in node.format_spec.values)
    ]
    assert found == []
