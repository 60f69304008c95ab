"""Results of a benchmark in one table: means over seeds or splits, and standard deviations."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import polars as pl

from kgzsl.bench.cells import Cell, Measured
from kgzsl.display.text import text_table, wrap

__all__ = ["BenchRow", "BenchTable", "rows_of"]

HEADS = {
    "top1": "top-1",
    "top5": "top-5",
    "u": "u",
    "s": "s",
    "harmonic_mean": "H",
    "best_harmonic_mean": "best H",
    "ausuc": "AUSUC",
}
"""What a table is headed by, for each measure."""

_HINDSIGHT = "best H: at the best gamma in hindsight, beside which the chosen gamma is judged"
_WIDTH = 110


@dataclass(frozen=True)
class BenchRow:
    """One model on one variant of the problem: means over `num_seeds` seeds or splits, and standard deviations.

    A measure that the model has no number for is left out of both. `seconds` is the mean time of a fit; it takes no
    part in comparisons, and neither in what a table prints or writes unless asked for.

    >>> from kgzsl.bench import BenchRow
    >>> BenchRow("guess", (), 1, {"top1": 0.5}, {"top1": 0.0}, seconds=0.1).printed("top1")
    '50.0'
    """

    model: str
    variant: tuple[str, ...]
    num_seeds: int
    mean: Mapping[str, float]
    deviation: Mapping[str, float]
    seconds: float = field(compare=False)

    @property
    def features(self) -> str:
        """What describes the classes: the first part of the variant; "" if there is none."""
        return self.variant[0] if self.variant else ""

    @property
    def targets(self) -> str:
        """What the seen classes are given by: the second part of the variant; "" if there is none."""
        return self.variant[1] if len(self.variant) > 1 else ""

    def printed(self, name: str) -> str:
        """A mean in percent, with its deviation if it is one over several."""
        if name not in self.mean:
            return "-"
        spread = f" ±{100 * self.deviation[name]:.1f}" if self.num_seeds > 1 else ""
        return f"{100 * self.mean[name]:.1f}{spread}"


@dataclass(frozen=True)
class BenchTable:
    """Rows in the order of the benchmark; prints as a table of percentages.

    `variants` names the parts of a row's variant. Seconds are left out unless `times`, so that the same results
    always print the same.

    >>> from kgzsl.bench import BenchRow, BenchTable
    >>> row = BenchRow("guess", (), 1, {"top1": 0.5}, {"top1": 0.0}, seconds=0.1)
    >>> print(BenchTable((row,), "two coins", variants=()))
    two coins
    <BLANKLINE>
    model  top-1
    guess   50.0
    """

    rows: tuple[BenchRow, ...]
    facts: str
    variants: tuple[str, ...] = ("features", "targets")

    def __str__(self) -> str:
        return self.to_text()

    def to_text(self, *, times: bool = False) -> str:
        """The table as it is printed, with the seconds of a fit if `times`."""
        names = self._measures()
        heads = [HEADS.get(name, name) for name in names]
        shown, same = self._variants()
        columns = ["model", *(self.variants[place] for place in shown), *heads, *(["fit s"] if times else [])]
        lines = [
            [
                row.model,
                *(row.variant[place] for place in shown),
                *map(row.printed, names),
                *([f"{row.seconds:.1f}"] if times else []),
            ]
            for row in self.rows
        ]
        told = [self.facts, *same, *([_HINDSIGHT] if "best_harmonic_mean" in names else [])]
        table = text_table(lines, columns, right=columns[1 + len(shown) :], width=_WIDTH)
        return "\n".join([*wrap("; ".join(told), 96), "", table])

    def _variants(self) -> tuple[list[int], list[str]]:
        """Parts of the variant in which rows differ, which have a column, and what all rows share."""
        values = [sorted({row.variant[place] for row in self.rows}) for place in range(len(self.variants))]
        shown = [place for place, found in enumerate(values) if len(found) > 1]
        same = [f"{self.variants[place]}: {found[0]}" for place, found in enumerate(values) if len(found) == 1]
        return shown, same

    def to_frame(self, *, times: bool = False) -> pl.DataFrame:
        """One row a model, accuracies in [0, 1]."""
        names = self._measures()
        return pl.DataFrame(
            [
                {"model": row.model}
                | dict(zip(self.variants, row.variant, strict=True))
                | {"num_seeds": row.num_seeds}
                | {name: row.mean.get(name) for name in names}
                | {f"{name}_sd": row.deviation.get(name) for name in names}
                | ({"seconds": row.seconds} if times else {})
                for row in self.rows
            ],
            infer_schema_length=None,
        )

    def _measures(self) -> list[str]:
        """What any row has a number for, in the order of the rows."""
        return list(dict.fromkeys(name for row in self.rows for name in row.mean))


def rows_of(found: Mapping[Cell, Measured]) -> tuple[BenchRow, ...]:
    """A row for each model and variant, in the order in which they come first."""
    groups: dict[tuple[str, tuple[str, ...]], list[Measured]] = {}
    for cell, measured in found.items():
        groups.setdefault((cell.method, cell.variant), []).append(measured)
    return tuple(_row(model, variant, several) for (model, variant), several in groups.items())


def _row(model: str, variant: tuple[str, ...], several: Sequence[Measured]) -> BenchRow:
    columns = {name: np.array([each.values[name] for each in several]) for name in several[0].values}
    spread = {name: float(column.std(ddof=1)) if len(several) > 1 else 0.0 for name, column in columns.items()}
    means = {name: float(column.mean()) for name, column in columns.items()}
    seconds = float(np.mean([each.seconds for each in several]))
    return BenchRow(model, variant, len(several), means, spread, seconds)
