"""What became of each class label: the concept and how it was found, or why there is none."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import polars as pl

from kgzsl.display.html import html_table
from kgzsl.display.text import escape_text, fit, text_table, wrap
from kgzsl.errors import GroundingError

__all__ = ["WAYS", "GroundedLabel", "Grounding"]

WAYS = (
    "override", "id", "alternate id", "numbered sense", "label", "alias", "spelling", "plural", "list of names",
    "first sense", "ambiguous", "missing",
)  # fmt: skip
"""How a label may be found, or not."""

_WIDTH = 96
_SHOWN = 20
_CANDIDATES = 12


@dataclass(frozen=True, slots=True)
class GroundedLabel:
    """One label. `how` is one of `WAYS`; `via` is the spelling that was found where it is not the label's own.

    `concept` is "" for a label that is missing or ambiguous. `candidates` are (id, definition) pairs of the concepts
    it may stand for, `nearest` ids like it, best first; `note` says what is known of the reason.
    """

    label: str
    concept: str
    how: str
    via: str = ""
    definition: str = ""
    candidates: tuple[tuple[str, str], ...] = ()
    nearest: tuple[str, ...] = ()
    note: str = ""


@dataclass(frozen=True, eq=False, repr=False)
class Grounding(Mapping[str, str]):
    """Class labels and the concepts they stand for: a mapping of those found, and what to do about the others.

    `rows` has every label in the order given; `unused` the overrides for labels that were not asked for.

    >>> import kgzsl
    >>> from kgzsl.query import ground
    >>> found = ground(kgzsl.load_graph("wordnet"), ["polar bears", "n02129604"])
    >>> dict(found), found.counts
    ({'polar bears': 'ice_bear.n.01', 'n02129604': 'tiger.n.02'}, mappingproxy({'alternate id': 1, 'plural': 1}))
    """

    graph: str
    rows: tuple[GroundedLabel, ...]
    unused: tuple[str, ...] = ()
    _found: Mapping[str, str] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_found", {row.label: row.concept for row in self.rows if row.concept})

    def __getitem__(self, label: str) -> str:
        return self._found[label]

    def __iter__(self) -> Iterator[str]:
        return iter(self._found)

    def __len__(self) -> int:
        return len(self._found)

    @property
    def missing(self) -> dict[str, tuple[str, ...]]:
        """Labels that stand for no concept, each with the nearest ids."""
        return {row.label: row.nearest for row in self.rows if row.how == "missing"}

    @property
    def ambiguous(self) -> dict[str, tuple[tuple[str, str], ...]]:
        """Labels that may stand for several concepts, each with their (id, definition) pairs."""
        return {row.label: row.candidates for row in self.rows if row.how == "ambiguous"}

    @property
    def shared(self) -> dict[str, tuple[str, ...]]:
        """Concepts that several labels stand for, each with the labels."""
        labels: dict[str, list[str]] = {}
        for label, concept in self.items():
            labels.setdefault(concept, []).append(label)
        return {concept: tuple(several) for concept, several in labels.items() if len(several) > 1}

    @property
    def counts(self) -> Mapping[str, int]:
        """How many labels were found in each of the `WAYS`, or not."""
        counts = Counter(row.how for row in self.rows)
        return MappingProxyType({way: counts[way] for way in WAYS if counts[way]})

    @property
    def overrides(self) -> str:
        """Python text of `overrides={…}` with every candidate of the labels left open, for you to keep one of each.

        Every line is a comment: nothing is decided by pasting it.
        """
        lines = ["overrides={"]
        for row in self.rows:
            if row.how == "ambiguous":
                lines += [f"    # {row.label!r}: keep one"]
                lines += [
                    f"    # {row.label!r}: {id_!r},  # {_plain(text, 60)}".rstrip(" #") for id_, text in row.candidates
                ]
            elif row.how == "missing":
                lines += [f"    # {row.label!r}: not in the graph" + (f" ({_plain(row.note, 70)})" if row.note else "")]
                lines += [f"    # {row.label!r}: {id_!r}," for id_ in row.nearest]
        return "\n".join([*lines, "}"])

    def require(self) -> "Grounding":
        """The same, if every label stands for exactly one concept; else `GroundingError` with all that do not.

        >>> import kgzsl
        >>> kgzsl.ground(kgzsl.load_graph("wordnet"), ["zebra"]).require()["zebra"]
        'zebra.n.01'
        """
        if self.missing or self.ambiguous:
            raise GroundingError(missing=self.missing, ambiguous=self.ambiguous, graph=self.graph)
        return self

    def to_dict(self) -> dict[str, Any]:
        """JSON values.

        >>> import kgzsl
        >>> kgzsl.ground(kgzsl.load_graph("wordnet"), ["zebra"]).to_dict()["rows"][0]["how"]
        'label'
        """
        return {"graph": self.graph, "unused": list(self.unused), "rows": self.to_frame().to_dicts()}

    def to_frame(self) -> pl.DataFrame:
        """A row for each label; `concept` is null where there is none.

        >>> import kgzsl
        >>> kgzsl.ground(kgzsl.load_graph("wordnet"), ["zebra"]).to_frame()["concept"].to_list()
        ['zebra.n.01']
        """
        columns: dict[str, Any] = {
            name: [getattr(row, name) for row in self.rows]
            for name in ("label", "concept", "how", "via", "definition", "nearest", "note")
        }
        columns["concept"] = [concept or None for concept in columns["concept"]]
        columns["candidates"] = [[id_ for id_, _ in row.candidates] for row in self.rows]
        lists = dict.fromkeys(("nearest", "candidates"), pl.List(pl.String()))
        schema = {name: lists.get(name, pl.String()) for name in columns}
        return pl.DataFrame({name: [*map(_listed, cells)] for name, cells in columns.items()}, schema=schema)

    def __repr__(self) -> str:
        return f"<Grounding {escape_text(self._title())}>"

    def __str__(self) -> str:
        lines = wrap(escape_text(self._title()), _WIDTH, indent="  ")
        found = [row for row in self.rows if row.concept]
        if found:
            columns = ["label", "concept", "how", "definition"]
            cells = [(row.label, row.concept, row.how, row.definition) for row in found[:_SHOWN]]
            lines += ["", text_table(cells, columns, width=_WIDTH), *_more(found, "found")]
        several = [row for row in self.rows if row.how == "ambiguous"]
        for row in several[:_SHOWN]:
            lines += ["", _line(f"{row.label!r} may be any of {len(row.candidates)}:"), *_candidates(row)]
        lines += _more(several, "ambiguous")
        missing = [row for row in self.rows if row.how == "missing"]
        lines += ["", "not in the graph:"] if missing else []
        lines += [_line(f"  {row.label!r}{_reason(row)}") for row in missing[:_SHOWN]]
        lines += _more(missing, "missing")
        if several or missing:
            lines += [""]
            lines += ["under='…', the id of a concept, keeps what lies below it"] if several else []
            lines += ["print(….overrides) gives the text to paste; ….require() raises the error"]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        cells = [(row.label, row.concept, row.how, row.definition) for row in self.rows if row.concept]
        page = html_table(cells[:_SHOWN], ["label", "concept", "how", "definition"], caption=self._title())
        open_rows = [
            (row.label, id_, text) for row in self.rows for id_, text in row.candidates if row.how == "ambiguous"
        ]
        missing = [row for row in self.rows if row.how == "missing"]
        open_rows += [(row.label, "not in the graph", _reason(row).lstrip(":; ")) for row in missing]
        if open_rows:
            rest = len(open_rows) - 5 * _SHOWN
            caption = "to decide with overrides=" + (f"; {rest:,} more rows in to_frame()" if rest > 0 else "")
            page += html_table(open_rows[: 5 * _SHOWN], ["label", "candidate", "definition"], caption=caption)
        return page

    def _title(self) -> str:
        counts = ", ".join(f"{number:,} {how}" for how, number in self.counts.items())
        return f"{len(self):,} of {len(self.rows):,} labels found in {self.graph}" + (f": {counts}" if counts else "")


def _listed(cell: Any) -> Any:
    return list(cell) if isinstance(cell, tuple) else cell


def _plain(text: str, width: int) -> str:
    return fit(escape_text(text), width)


def _line(text: str) -> str:
    return fit(escape_text(text), _WIDTH)


def _more(rows: Sequence[GroundedLabel], what: str) -> list[str]:
    return [f"and {len(rows) - _SHOWN:,} more {what}"] if len(rows) > _SHOWN else []


def _candidates(row: GroundedLabel) -> list[str]:
    lines = text_table([("", *pair) for pair in row.candidates[:_CANDIDATES]], [" ", "", ""], width=_WIDTH)
    hidden = len(row.candidates) - _CANDIDATES
    return [*lines.splitlines()[1:], *([f"   and {hidden:,} more"] if hidden > 0 else [])]


def _reason(row: GroundedLabel) -> str:
    reason = f": {row.note}" if row.note else ""
    return f"{reason}; nearest: {', '.join(row.nearest[:5])}" if row.nearest else reason
