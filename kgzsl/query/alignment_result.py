"""Which concepts of two graphs are the same, how surely, and why."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

import polars as pl

from kgzsl.display.html import html_table
from kgzsl.display.text import escape_text, text_table, wrap

__all__ = ["Alignment", "Conflict", "Match"]

_WIDTH = 96
_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Match:
    """A concept of one graph and the one of the other that it is; `confidence` is in (0, 1], 1 for equal ids.

    `method` is the way it was found, `evidence` why it is believed.
    """

    a: str
    b: str
    confidence: float
    method: str
    evidence: str
    label_a: str = ""
    label_b: str = ""


@dataclass(frozen=True, slots=True)
class Conflict:
    """A concept of the first graph that was not matched, or not without doubt, though something spoke for it.

    `candidates` are concepts of the other graph, each with the confidence it would have, best first.
    """

    a: str
    candidates: tuple[tuple[str, float], ...]
    reason: str


@dataclass(frozen=True, eq=False, repr=False)
class Alignment(Mapping[str, str]):
    """Concepts of graph `a` and the concepts of graph `b` they are: a mapping, one to one, in the order of `a`'s ids.

    It is what `KnowledgeGraph.merge` takes: `b.merge(a, alignment=align(a, b))`. `conflicts` are what was left open,
    `notes` what was not looked at, or held back.

    >>> import kgzsl
    >>> zoo = kgzsl.KnowledgeGraph.from_tables(["cat", "tiger"], [("tiger", "is_a", "cat")])
    >>> book = kgzsl.KnowledgeGraph.from_tables([{"id": "b:1", "label": "tiger"}, "cat"], [("b:1", "is_a", "cat")])
    >>> found = kgzsl.align(zoo, book)
    >>> dict(found), dict(found.counts), found.conflicts
    ({'cat': 'cat', 'tiger': 'b:1'}, {'ids': 1, 'labels': 1}, ())
    """

    a: str
    b: str
    matches: tuple[Match, ...]
    conflicts: tuple[Conflict, ...] = ()
    num_a: int = 0
    num_b: int = 0
    notes: tuple[str, ...] = ()
    _target: Mapping[str, str] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_target", {match.a: match.b for match in self.matches})

    def __getitem__(self, id: str) -> str:
        return self._target[id]

    def __iter__(self) -> Iterator[str]:
        return iter(self._target)

    def __len__(self) -> int:
        return len(self._target)

    @property
    def counts(self) -> Mapping[str, int]:
        """How many were found by each method."""
        return MappingProxyType(dict(sorted(Counter(match.method for match in self.matches).items())))

    def above(self, confidence: float) -> "Alignment":
        """Only the matches of at least this confidence; conflicts stay.

        >>> import kgzsl
        >>> zoo = kgzsl.KnowledgeGraph.from_tables(["cat", "tiger"], [("tiger", "is_a", "cat")])
        >>> len(kgzsl.align(zoo, zoo).above(0.9))
        2
        """
        return replace(self, matches=tuple(match for match in self.matches if match.confidence >= confidence))

    def inverse(self) -> "Alignment":
        """The same matches from `b` to `a`; conflicts, which are told from `a`, are not in it.

        >>> import kgzsl
        >>> book = kgzsl.KnowledgeGraph.from_tables([{"id": "b:1", "label": "tiger"}], [])
        >>> dict(kgzsl.align(kgzsl.KnowledgeGraph.from_tables(["tiger"], []), book).inverse())
        {'b:1': 'tiger'}
        """
        turned = (
            Match(match.b, match.a, match.confidence, match.method, match.evidence, match.label_b, match.label_a)
            for match in self.matches
        )
        ordered = tuple(sorted(turned, key=lambda match: match.a))
        return Alignment(self.b, self.a, ordered, (), self.num_b, self.num_a)

    def to_frame(self) -> pl.DataFrame:
        """A row for each match.

        >>> import kgzsl
        >>> zoo = kgzsl.KnowledgeGraph.from_tables(["tiger"], [])
        >>> kgzsl.align(zoo, zoo).to_frame()["confidence"].to_list()
        [1.0]
        """
        names = ("a", "label_a", "b", "label_b", "confidence", "method", "evidence")
        columns = {
            name: pl.Series(
                [getattr(match, name) for match in self.matches],
                dtype=pl.Float64 if name == "confidence" else pl.String,
            )
            for name in names
        }
        return pl.DataFrame(columns)

    def to_dict(self) -> dict[str, Any]:
        """JSON values.

        >>> import kgzsl
        >>> zoo = kgzsl.KnowledgeGraph.from_tables(["tiger"], [], name="zoo")
        >>> kgzsl.align(zoo, zoo).to_dict()["matches"][0]["b"]
        'tiger'
        """
        return {
            "a": self.a,
            "b": self.b,
            "num_a": self.num_a,
            "num_b": self.num_b,
            "matches": self.to_frame().to_dicts(),
            "conflicts": [
                {"a": conflict.a, "candidates": [list(pair) for pair in conflict.candidates], "reason": conflict.reason}
                for conflict in self.conflicts
            ],
            "notes": list(self.notes),
        }

    def __repr__(self) -> str:
        return f"<Alignment {escape_text(self._title())}>"

    def __str__(self) -> str:
        lines = wrap(escape_text(self._title()), _WIDTH, indent="  ")
        if self.matches:
            columns = ["a", "b", "conf.", "method", "evidence"]
            lines += ["", text_table(self._cells(), columns, width=_WIDTH, right=["conf."])]
            lines += _more(len(self.matches), "match(es)")
        if self.conflicts:
            lines += ["", "left open:", text_table(self._open(), ["a", "may be", "because"], width=_WIDTH)]
            lines += _more(len(self.conflicts), "left open")
        lines += [line for note in self.notes for line in ["", *wrap(escape_text(note), _WIDTH, indent="  ")]]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        page = html_table(self._cells(), ["a", "b", "confidence", "method", "evidence"], caption=self._title())
        if self.conflicts:
            rest = "; ".join(_more(len(self.conflicts), "in conflicts"))
            page += html_table(
                self._open(), ["a", "may be", "because"], caption="left open" + (f"; {rest}" if rest else "")
            )
        if self.notes:
            page += html_table([(note,) for note in self.notes], ["not looked at, or held back"])
        return page

    def _cells(self) -> list[tuple[str, str, str, str, str]]:
        return [
            (match.a, match.b, f"{match.confidence:.2f}", match.method, match.evidence)
            for match in self.matches[:_SHOWN]
        ]

    def _open(self) -> list[tuple[str, str, str]]:
        return [
            (conflict.a, ", ".join(id_ for id_, _ in conflict.candidates[:4]), conflict.reason)
            for conflict in self.conflicts[:_SHOWN]
        ]

    def _title(self) -> str:
        found = ", ".join(f"{number:,} by {method}" for method, number in self.counts.items())
        return (
            f"{len(self.matches):,} of {self.num_a:,} concepts of {self.a} are among the {self.num_b:,} of {self.b}"
            + (f": {found}" if found else "")
            + (f"; {len(self.conflicts):,} left open" if self.conflicts else "")
        )


def _more(count: int, what: str) -> list[str]:
    return [f"and {count - _SHOWN:,} more {what}"] if count > _SHOWN else []
