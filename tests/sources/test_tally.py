"""What a reader counts, and when counting turns into an error."""

import pytest

from kgzsl.errors import KgzslWarning, SourceError
from kgzsl.sources.tally import Tally


def test_policies_are_counted_and_not_warned_of():
    tally = Tally("a.csv")
    tally.count("kept", 3)
    tally.count("merged", 0)
    assert tally.finish(num_rows=3, max_bad_fraction=0.01) == {"kept": 3, "merged": 0}


def test_faults_are_one_warning_with_an_example():
    tally = Tally("a.csv")
    tally.count("kept", 998)
    tally.fault("columns", line=7, found="two")
    with pytest.warns(KgzslWarning, match=r"a\.csv: skipped 1 columns \(line 7: two\)"):
        assert tally.finish(num_rows=1000, max_bad_fraction=0.01)["columns"] == 1


def test_too_many_faults_are_an_error():
    tally = Tally("a.csv")
    tally.fault("columns", 2, line=7, found="two")
    with pytest.raises(SourceError, match="2 of 100 rows are bad, more than 1 %"):
        tally.finish(num_rows=100, max_bad_fraction=0.01)


def test_strict_turns_the_first_fault_into_an_error():
    with pytest.raises(SourceError, match="line 7: columns"):
        Tally("a.csv", strict=True).fault("columns", line=7, found="two")


def test_at_most_five_examples_are_kept():
    tally = Tally("a.csv")
    for line in range(9):
        tally.fault("columns", line=line)
    assert len(tally.examples["columns"]) == 5
    assert tally.counts["columns"] == 9


@pytest.mark.filterwarnings("ignore::kgzsl.errors.KgzslWarning")
@pytest.mark.parametrize(
    ("num_bad", "num_rows", "fraction", "is_error"),
    [
        (1, 2, 0.01, False), (2, 3, 0.01, True), (2, 200, 0.01, False), (3, 200, 0.01, True),
        (1, 1000, 0, True), (0, 0, 0, False), (1, 1, 1e-9, False), (5, 5, 1.0, False),
    ],
)  # fmt: skip
def test_a_share_of_the_rows_may_be_bad_and_always_one(num_bad, num_rows, fraction, is_error):
    tally = Tally("a.csv")
    tally.fault("columns", num_bad)
    if is_error:
        with pytest.raises(SourceError, match=f"{num_bad} of {num_rows:,} rows are bad"):
            tally.finish(num_rows=num_rows, max_bad_fraction=fraction)
    else:
        assert tally.finish(num_rows=num_rows, max_bad_fraction=fraction).get("columns", 0) == num_bad
