"""What a reader did with each row: kept, merged, skipped and why, with examples."""

import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field

from kgzsl.errors import KgzslWarning, SourceError

__all__ = ["Tally", "refuse_too_many"]

MAX_EXAMPLES = 5


def refuse_too_many(location: str, num_bad: int, num_rows: int, *, max_bad_fraction: float, described: str) -> None:
    """`SourceError` if more than `max_bad_fraction` of the rows are bad, and more than one.

    In a file of ninety, one bad row is no reason to refuse the others. A fraction of 0 tolerates none.
    """
    if num_bad > max(max_bad_fraction * num_rows, 1 if max_bad_fraction > 0 else 0):
        reason = f"{num_bad:,} of {num_rows:,} rows are bad, more than {100 * max_bad_fraction:g} %: {described}"
        raise SourceError(location, reason)


@dataclass
class Tally:
    """Counts by reason while a source is read; afterwards they are the graph's `report`.

    `faults` are reasons that tell of bad data: they are warned of, and too many of them are an error. Other counts
    tell of a stated policy.

    >>> tally = Tally("edges.csv")
    >>> tally.fault("columns", line=3, found="two")
    >>> tally.count("kept", 7)
    >>> dict(tally.counts), tally.examples["columns"]
    ({'columns': 1, 'kept': 7}, ['line 3: two'])
    """

    location: str
    strict: bool = False
    counts: dict[str, int] = field(default_factory=dict)
    examples: dict[str, list[str]] = field(default_factory=dict)
    faults: set[str] = field(default_factory=set)

    def count(self, reason: str, number: int = 1) -> None:
        """Add to a count; a count of 0 is kept, so that a report always has the same keys."""
        self.counts[reason] = self.counts.get(reason, 0) + number

    def fault(self, reason: str, number: int = 1, *, line: int | None = None, found: str = "") -> None:
        """Count bad data, with an example if there is room; with `strict` it is an error at once."""
        if not number:
            return
        if self.strict:
            raise SourceError(self.location, f"{reason}: {found[:80]!r} (strict=False counts it instead)", line=line)
        self.count(reason, number)
        self.faults.add(reason)
        shown = self.examples.setdefault(reason, [])
        if len(shown) < MAX_EXAMPLES:
            shown.append(f"line {line}: {found[:80]}" if line is not None else found[:80])

    def finish(self, *, num_rows: int, max_bad_fraction: float, stacklevel: int = 3) -> Mapping[str, int]:
        """The counts, after one `KgzslWarning` with all faults; `SourceError` if they are too many of `num_rows`."""
        bad = {reason: self.counts[reason] for reason in sorted(self.faults)}
        total = sum(bad.values())
        described = ", ".join(f"{number:,} {reason} ({self.examples[reason][0]})" for reason, number in bad.items())
        refuse_too_many(self.location, total, num_rows, max_bad_fraction=max_bad_fraction, described=described)
        if total:
            warnings.warn(f"{self.location}: skipped {described}", KgzslWarning, stacklevel=stacklevel)
        return dict(sorted(self.counts.items()))
