"""Models that cannot be fitted, extended, tested or explained as was asked."""

from collections.abc import Sequence

from kgzsl.errors.root import KgzslError
from kgzsl.errors.wording import listing

__all__ = [
    "ExplanationError",
    "MissingFeaturesError",
    "NotInductiveError",
    "NumericError",
    "SplitError",
    "TestRowsError",
]


class MissingFeaturesError(KgzslError, LookupError):
    """Concepts without features. `ids` lists every one of them."""

    def __init__(self, ids: Sequence[str], *, source: str, advice: str) -> None:
        self.ids = tuple(ids)
        super().__init__(f"{source} has no features for {len(ids):,} concept(s): {listing(self.ids)}; {advice}")


class SplitError(KgzslError, ValueError):
    """Seen and unseen classes overlap, or one side is empty. `overlap` lists the classes on both sides."""

    def __init__(self, message: str, *, overlap: Sequence[str] = ()) -> None:
        self.overlap = tuple(overlap)
        super().__init__(message)


class TestRowsError(KgzslError, PermissionError):
    """Test rows were asked for before the final phase. Attribute: `part`."""

    __test__ = False  # its name begins like that of a test

    def __init__(self, part: str, num_rows: int) -> None:
        self.part = part
        super().__init__(
            f"{part} ({num_rows:,} rows) is read in the final phase only, once every choice is made: "
            "with protocol.final(): ..."
        )


class NotInductiveError(KgzslError, TypeError):
    """This model cannot give weights to a concept that was not there when it was fitted."""


class NumericError(KgzslError, FloatingPointError):
    """A computation left the finite numbers. Attribute: `epoch`, or None outside training.

    >>> NumericError("the loss is nan", epoch=7).epoch
    7
    """

    def __init__(self, message: str, *, epoch: int | None = None) -> None:
        self.epoch = epoch
        super().__init__(message)


class ExplanationError(KgzslError, AssertionError):
    """An explanation's printed numbers do not follow from the model and the graph."""
