"""Columns of numbers that still add up after rounding."""

import math
from collections.abc import Sequence
from fractions import Fraction

from kgzsl.errors import InputFormatError

__all__ = ["decimals_for", "percent", "signed", "sum_preserving"]


def sum_preserving(values: Sequence[float], decimals: int) -> tuple[int, ...]:
    """The values in units of `10**-decimals`, rounded so that they sum to the rounded sum (largest remainder).

    No value moves by a whole unit. Equal remainders are served in the order of `values`.

    >>> sum_preserving([0.333, 0.333, 0.334], 1)
    (3, 3, 4)
    """
    if not all(math.isfinite(value) for value in values):
        raise InputFormatError("numbers to be printed in a column must be finite")
    # exact arithmetic: 0.1 + 0.2 must not decide which row gets the last unit
    exact = [Fraction(value) * 10**decimals for value in values]
    lower = [math.floor(value) for value in exact]
    missing = round(sum(exact, Fraction(0))) - sum(lower)
    order = sorted(range(len(exact)), key=lambda place: (lower[place] - exact[place], place))
    raised = set(order[:missing])
    return tuple(low + (place in raised) for place, low in enumerate(lower))


def signed(units: int, decimals: int) -> str:
    """`units` of `10**-decimals` as text that starts with its sign; zero has none.

    >>> signed(-48, 2), signed(5, 2), signed(0, 2)
    ('-0.48', '+0.05', '0.00')
    """
    sign = "-" if units < 0 else "+" if units > 0 else ""
    if decimals == 0:
        return f"{sign}{abs(units):,}"
    whole, part = divmod(abs(units), 10**decimals)
    return f"{sign}{whole:,}.{part:0{decimals}d}"


def percent(share: float, decimals: int = 0) -> str:
    """A share as it is printed everywhere; what is not quite nothing, or not quite all, is never said to be it.

    >>> percent(0.748), percent(0.9996), percent(1.0), percent(0.0002), percent(0.1234, 1)
    ('75 %', '>99 %', '100 %', '<1 %', '12.3 %')
    """
    unit = 10.0**-decimals
    if 0.0 < 100 * share < unit:
        return f"<{unit:.{decimals}f} %"
    if 100.0 - unit < 100 * share < 100.0:
        return f">{100.0 - unit:.{decimals}f} %"
    return f"{100 * share:.{decimals}f} %"


def decimals_for(values: Sequence[float], *, digits: int = 3, at_most: int = 8) -> int:
    """How many decimals show the largest of `values` with `digits` significant digits; 2 if all are zero.

    >>> decimals_for([1.32, -0.48]), decimals_for([0.0132])
    (2, 4)
    """
    largest = max((abs(value) for value in values), default=0.0)
    if largest == 0.0 or not math.isfinite(largest):
        return 2
    return min(max(digits - 1 - math.floor(math.log10(largest)), 0), at_most)
