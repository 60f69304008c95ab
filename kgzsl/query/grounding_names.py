"""Whether the names in a table of ids are names of the concepts they stand beside."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import polars as pl

from kgzsl.display.html import html_table
from kgzsl.display.text import escape_text, text_table, wrap
from kgzsl.errors import InputFormatError
from kgzsl.graph.knowledge_graph import KnowledgeGraph
from kgzsl.query.grounding_advice import JoinedNames
from kgzsl.query.grounding_spelling import joined, list_of_names, other_numerus, other_spellings

__all__ = ["NameCheck", "NamedId", "check_names"]

_WIDTH = 96
_SHOWN = 20
_VERDICTS = ("agrees", "names another", "unknown name", "unknown id")


@dataclass(frozen=True, slots=True)
class NamedId:
    """One row of the table: `verdict` is "agrees", "names another", "unknown name" or "unknown id".

    `concept` is the id the row's own id resolves to, or ""; `others` are the concepts that do bear the name.
    """

    id: str
    name: str
    concept: str
    verdict: str
    others: tuple[str, ...] = ()


@dataclass(frozen=True, repr=False)
class NameCheck:
    """What `check_names` found, in the order of the table.

    >>> import kgzsl
    >>> found = kgzsl.check_names(kgzsl.load_graph("wordnet"), {"n02129604": "tiger", "n02391049": "horse"})
    >>> found.ok, dict(found.counts), found.wrong[0].concept
    (False, {'agrees': 1, 'names another': 1}, 'zebra.n.01')
    """

    graph: str
    rows: tuple[NamedId, ...]

    @property
    def ok(self) -> bool:
        """Whether every id is one of the graph's and bears its name."""
        return all(row.verdict == "agrees" for row in self.rows)

    @property
    def counts(self) -> Mapping[str, int]:
        """Number of rows by verdict."""
        found = Counter(row.verdict for row in self.rows)
        return MappingProxyType({verdict: found[verdict] for verdict in _VERDICTS if found[verdict]})

    @property
    def wrong(self) -> tuple[NamedId, ...]:
        """The rows that do not agree."""
        return tuple(row for row in self.rows if row.verdict != "agrees")

    def to_frame(self) -> pl.DataFrame:
        """A row for each id.

        >>> import kgzsl
        >>> kgzsl.check_names(kgzsl.load_graph("wordnet"), {"n02129604": "tiger"}).to_frame()["verdict"].to_list()
        ['agrees']
        """
        names = ("id", "name", "concept", "verdict")
        columns = {name: pl.Series([getattr(row, name) for row in self.rows], dtype=pl.String) for name in names}
        return pl.DataFrame(columns | {"others": pl.Series([list(r.others) for r in self.rows], dtype=pl.List(str))})

    def __repr__(self) -> str:
        return f"<NameCheck {escape_text(self._title())}>"

    def __str__(self) -> str:
        lines = wrap(escape_text(self._title()), _WIDTH, indent="  ")
        if self.wrong:
            lines += ["", text_table(self._cells(), ["id", "name", "verdict", "borne by"], width=_WIDTH)]
            hidden = len(self.wrong) - _SHOWN
            lines += [f"and {hidden:,} more"] if hidden > 0 else []
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        return html_table(self._cells(), ["id", "name", "verdict", "borne by"], caption=self._title())

    def _cells(self) -> list[tuple[str, str, str, str]]:
        return [(row.id, row.name, row.verdict, ", ".join(row.others)) for row in self.wrong[:_SHOWN]]

    def _title(self) -> str:
        counts = ", ".join(f"{number:,} {verdict}" for verdict, number in self.counts.items())
        return f"{len(self.rows):,} names of ids checked in {self.graph}" + (f": {counts}" if counts else "")


def check_names(graph: KnowledgeGraph, names: Mapping[str, str]) -> NameCheck:
    """Whether each id of a table bears the name beside it, in this graph.

    A name agrees if the concept bears it, or one of a list of names, in any spelling, singular or plural, words
    joined or apart. Class lists in circulation have rows that do not: MCM's calls the zebra (n02391049) a frilled
    lizard.

    >>> import kgzsl
    >>> kg = kgzsl.load_graph("wordnet")
    >>> print(check_names(kg, {"n02129604": "tiger, Panthera tigris", "n02391049": "frilledlizard"}))
    2 names of ids checked in wordnet: 1 agrees, 1 names another
    <BLANKLINE>
    id         name           verdict        borne by
    n02391049  frilledlizard  names another  frilled_lizard.n.01
    """
    rows = []
    names_joined = JoinedNames(graph)
    for id_, name in names.items():
        if not isinstance(name, str):
            raise InputFormatError(f"the name of {id_!r} is a string, not {type(name).__name__} {name!r}")
        row = graph.concept_columns.row(id_)
        parts = list_of_names(name) or (name,)
        if row is not None and any(_bears(graph, row, part) for part in parts):
            rows.append(NamedId(id_, name, graph.ids[row], "agrees"))
            continue
        others = dict.fromkeys(graph.ids[other] for part in parts for other in _bearers(graph, part, names_joined))
        verdict = "unknown id" if row is None else "names another" if others else "unknown name"
        rows.append(NamedId(id_, name, "" if row is None else graph.ids[row], verdict, tuple(others)))
    return NameCheck(graph.name, tuple(rows))


def _forms(name: str) -> list[str]:
    spelled = [name, *other_spellings(name)]
    return list(dict.fromkeys([*spelled, *(form for one in spelled for form in other_numerus(one))]))


def _bears(graph: KnowledgeGraph, row: int, name: str) -> bool:
    own = [str(graph.read_concept(row, "label")), *graph.read_concept(row, "aliases")]
    return not {joined(text) for text in own}.isdisjoint(joined(form) for form in _forms(name))


def _bearers(graph: KnowledgeGraph, name: str, names_joined: JoinedNames) -> list[int]:
    columns = graph.concept_columns
    found = next((rows for form in (name, *other_spellings(name)) if (rows := columns.labelled(form))), ())
    return (
        list(found)
        or names_joined.rows(name)
        or [row for form in other_numerus(name) for row in columns.labelled(form)]
    )
