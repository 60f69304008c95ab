"""Sets of classes as an answer: they print, show themselves in a notebook, and can be held against the truth."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kgzsl.display.table import Table
from kgzsl.display.text import escape_text
from kgzsl.errors import InputFormatError

__all__ = ["ClassSets", "Kind", "holds_label"]

_NAMED = 8


@dataclass(frozen=True)
class Kind:
    """One word of a set: a class by itself, or, with `is_kind`, a concept that stands for all classes below it."""

    concept: str
    label: str
    classes: tuple[Any, ...]
    probability: float
    is_kind: bool

    def __str__(self) -> str:
        return escape_text(f"any {self.label} ({len(self.classes)})" if self.is_kind else self.label)


@dataclass(frozen=True, eq=False)
class ClassSets:
    """A set of classes for each input.

    `labels` are the classes of each set, the most probable first, and `probabilities` theirs. `kinds` are the words
    that a hierarchical set is made of, the most probable first; empty for flat sets. `limits` is how much a class of
    either side may fail to conform; `guarantee` says what is promised, and what for; `names` is what the graph calls
    the classes.

    >>> from kgzsl.testing import example_classifier
    >>> found = example_classifier().predict_set([[0, 0, 1, 0, 1, 0], [1, 0, 0, 1, 0, 0]], coverage=0.8)
    >>> found[1], found.sizes.tolist(), found.holds(["fox", "eagle"]).tolist()
    (('owl',), [2, 1], [True, False])
    >>> found.to_table()["set"]
    ('tiger, fox', 'owl')
    """

    labels: tuple[tuple[Any, ...], ...]
    probabilities: tuple[tuple[float, ...], ...] = field(repr=False)
    coverage: float
    method: str
    limits: Mapping[str, float]
    guarantee: str
    kinds: tuple[tuple[Kind, ...], ...] = ()
    names: Mapping[Any, str] = field(default_factory=dict, repr=False)

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, row: int) -> tuple[Any, ...]:
        return self.labels[row]

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        return iter(self.labels)

    @property
    def sizes(self) -> NDArray[np.int64]:
        """How many classes each set has."""
        return np.array([len(row) for row in self.labels], dtype=np.int64)

    @property
    def num_words(self) -> NDArray[np.int64]:
        """How many words each answer has: kinds and single classes of hierarchical sets, classes of flat ones."""
        return np.array([len(row) for row in self.kinds or self.labels], dtype=np.int64)

    def holds(self, labels: Sequence[Any]) -> NDArray[np.bool_]:
        """Whether each set has the label that stands beside it; labels as `classes_` has them."""
        return holds_label(self.labels, labels)

    def to_table(self) -> Table:
        """A row for each input: the words of its set, how many classes those are, and their probability."""
        return self._table(None)

    def __str__(self) -> str:
        return str(self._table(_NAMED))

    def _repr_html_(self) -> str:
        return self._table(_NAMED)._repr_html_()

    def _table(self, limit: int | None) -> Table:
        rows = (
            (row, self._text(words, limit), len(self.labels[row]), float(sum(self.probabilities[row])))
            for row, words in enumerate(self.kinds or self.labels)
        )
        columns = ["input", "set", "classes", "probability"]
        return Table(columns, rows, caption=self._title(), note=self.guarantee)

    def _title(self) -> str:
        mean = f", of {self.sizes.mean():.3g} classes on average" if len(self) else ""
        return f"{len(self):,} sets at coverage {self.coverage:g}{mean} ({self.method})"

    def __repr__(self) -> str:
        return f"<ClassSets {self._title()}>"

    def _text(self, words: Sequence[Any], limit: int | None) -> str:
        """The words, classes as the graph calls them; at most `limit` of them, the rest counted."""
        named = [
            str(word) if isinstance(word, Kind) else escape_text(self.names.get(word, str(word))) for word in words
        ]
        more = 0 if limit is None else len(named) - limit
        return ", ".join(named[:limit]) + (f" and {more} more" if more > 0 else "")


def holds_label(sets: Sequence[Sequence[Any]], labels: Sequence[Any]) -> NDArray[np.bool_]:
    """Whether each set has the label beside it."""
    wanted = list(labels)
    if len(wanted) != len(sets):
        raise InputFormatError(f"{len(sets):,} answers are held against as many labels, not {len(wanted):,}")
    return np.array([label in row for row, label in zip(sets, wanted, strict=True)], dtype=bool)
