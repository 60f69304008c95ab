"""The concepts of a graph as columns, and the one named by what a person or a file would write."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence, Set
from functools import cached_property

import numpy as np
import polars as pl
from numpy.typing import NDArray

from kgzsl.errors import ConceptFormError, ConceptVersionError, InputFormatError, UnknownConceptError, listing
from kgzsl.graph import lookup
from kgzsl.graph.columns import Columns, Rows

__all__ = ["ConceptTable"]

_WORDNET = r"(?i)(?:wordnet|wn)[-_ ]?(\d)\.?(\d)"
_NEAREST = 5


class ConceptTable(Columns):
    """Columns with a concept a row, sorted by id. Graphs with the same concepts share one, with all it has found."""

    def __init__(self, table: pl.DataFrame | pl.LazyFrame | Rows, *, ids: tuple[str, ...] | None = None) -> None:
        """Take the table; `ids`, if they are at hand, are not read from it."""
        super().__init__(table)
        self.ids: tuple[str, ...] = tuple(self.id_column.to_list()) if ids is None else ids

    def part(self, rows: NDArray[np.int64]) -> ConceptTable:
        """The concepts in these rows, ascending; what is said of them is read here when asked for."""
        return ConceptTable(Rows(self, rows, {}), ids=tuple(map(self.ids.__getitem__, rows.tolist())))

    @property
    def id_column(self) -> pl.Series:
        """Ids as a column."""
        return self.series("id")[0]

    @cached_property
    def position(self) -> Mapping[str, int]:
        """Row of each id."""
        return dict(zip(self.ids, range(len(self.ids)), strict=True))

    @cached_property
    def _alternates(self) -> Mapping[str, int]:
        return lookup.alternate_ids(*self.series("alternate_ids"))

    @cached_property
    def _labels(self) -> Mapping[str, list[int]]:
        return lookup.label_rows(*self.series("label", "aliases"))

    def row(self, text: str) -> int | None:
        """Row of the concept meant by an id or an alternate id, or None."""
        if not isinstance(text, str):
            raise InputFormatError(f"an id is a string, not {type(text).__name__} {text!r}")
        position = self.position
        found = position.get(text)
        if found is not None:
            return found
        for spelling in lookup.spellings(text):
            if spelling in position:
                return position[spelling]
            if spelling.lower() in self._alternates:
                return self._alternates[spelling.lower()]
        version = lookup.wordnet_version(text)
        return self._alternates.get(lookup.offset_within(text)) if version in self.wordnet_versions else None

    def rows(self, texts: Iterable[str] | str, *, graph: str) -> NDArray[np.int64]:
        """Rows of the concepts meant, in their order; one error names the first that is unknown and lists the rest."""
        if not isinstance(texts, Iterable):
            raise InputFormatError(f"concepts are given by their ids in a list, not {type(texts).__name__} {texts!r}")
        asked = [texts] if isinstance(texts, str) else sorted(texts) if isinstance(texts, Set) else list(texts)
        found = [self.row(text) for text in asked]
        if None in found:
            unknown = [str(text) for text, row in zip(asked, found, strict=True) if row is None]
            raise self.unknown(list(dict.fromkeys(unknown)), graph=graph)
        return np.array(found, dtype=np.int64)

    def labelled(self, label: str) -> Sequence[int]:
        """Rows of the concepts that bear this label or alias, those whose label it is first."""
        if not isinstance(label, str):
            raise InputFormatError(f"a label is a string, not {type(label).__name__} {label!r}")
        return self._labels.get(lookup.plain(label), ())

    def worded(self, text: str, *, at_most: int | None = None) -> list[int]:
        """Rows of the concepts in one of whose names `text` stands as whole words, those of the shortest names first.

        After them, those in whose ids it stands. Of a text with `#`, `/` or `:` that nothing has, the end
        is looked for.
        """
        word = lookup.plain(str(text))
        if not word:
            return []
        stands = re.compile(rf"(?<!\w){re.escape(word)}(?!\w)").search
        named = [
            (len(name), row) for name, rows in self._labels.items() if word in name and stands(name) for row in rows
        ]
        likely = self.id_column.str.to_lowercase().str.contains(max(word.split(), key=len), literal=True).arg_true()
        inside = [(len(id_), row) for row in likely for id_ in [lookup.plain(self.ids[row])] if stands(id_)]
        found = list(dict.fromkeys(row for _, row in [*sorted(named), *sorted(inside)]))[:at_most]
        end = re.split(r"[#/:]", str(text))[-1]
        return found or (self.worded(end, at_most=at_most) if end != text else [])

    # -- numbered senses -------------------------------------------------------------------------------------

    @property
    def numbers_senses(self) -> bool:
        """Whether these concepts number the senses of words, as WordNet's do: each has `sense_numbers`."""
        return "sense_numbers" in self.names

    @cached_property
    def wordnet_versions(self) -> frozenset[str]:
        """The versions of WordNet, such as "3.0", that the concepts say they are from."""
        found = self.series("source")[0].unique().str.extract_groups(_WORDNET).struct.unnest()
        return frozenset(f"{major}.{minor}" for major, minor in found.iter_rows() if major is not None)

    def senses(self, word: str, part: str) -> list[int]:
        """Rows of the concepts that bear a word as this part of speech; satellites are adjectives."""
        if "pos" not in self.names:
            return []
        parts = ("a", "s") if part in "as" else (part,)
        return [row for row in self.labelled(word) if self.cell(row, "pos") in parts]

    def sense_number(self, row: int, name: str) -> float:
        """The number of this concept among the senses of a word, infinity if it is none."""
        wanted = lookup.plain(name)
        names = [self.cell(row, "label"), *self.cell(row, "aliases")]
        numbers = self.cell(row, "sense_numbers") or []
        own = [number for word, number in zip(names, numbers, strict=False) if lookup.plain(word) == wanted]
        return float(min(own, default=float("inf")))

    def counted_senses(self, word: str, part: str, number: int) -> str:
        """Why there is no such sense of a word, or "" if it has none at all.

        >>> import kgzsl
        >>> kgzsl.load_graph("wordnet").concept_columns.counted_senses("dog", "n", 0)
        'sense numbers start at 1; dog.n has 7'
        """
        count = len(self.senses(word, part))
        return f"{'sense numbers start at 1; ' if number < 1 else ''}{word}.{part} has {count}" if count else ""

    # -- what is not there -----------------------------------------------------------------------------------

    def unknown(self, texts: Sequence[str], *, graph: str) -> UnknownConceptError:
        """The error for ids that no concept has, with those nearest to the first and the reason if there is one."""
        first, others = texts[0], texts[1:]
        count = len(self.ids)
        version = lookup.wordnet_version(first) or ("3.1" if lookup.has_nine_digits(first) else "")
        if version and self.wordnet_versions and version not in self.wordnet_versions:
            return ConceptVersionError(
                first, graph=graph, num_concepts=count, found=f"WordNet {version}", supported=self._wordnet
            )
        bearers = [self.ids[row] for row in self.labelled(first)]
        own, hints = self._misnumbered(first)
        within = [] if bearers or own or hints else [self.ids[row] for row in self.worded(first, at_most=_NEAREST)]
        alike = () if within else lookup.nearest_of(first, self.id_column)
        nearest = list(dict.fromkeys([*bearers, *own, *within, *alike]))[:_NEAREST]
        kind = UnknownConceptError
        if self.numbers_senses and not hints and _is_sense(nearest[:1]) and not lookup.numbered_sense(first):
            kind, hints = ConceptFormError, ["ids have the form lemma.pos.number, such as dog.n.01"]
        hints += ["it is a label, and labels go through find"] if bearers else []
        hints += ["whose names have the word"] if within else []
        hints += [f"and {len(others):,} more are unknown: {listing(others, limit=5)}"] if others else []
        return kind(first, graph=graph, num_concepts=count, nearest=nearest, hint="; ".join(hints))

    @property
    def _wordnet(self) -> str:
        return f"WordNet {', '.join(sorted(self.wordnet_versions))}"

    def _misnumbered(self, text: str) -> tuple[list[str], list[str]]:
        """Of a sense or an offset by its number, the ids that come closest, and why there is none of that number."""
        if not self.numbers_senses:
            return [], []
        if asked := lookup.numbered_sense(text):
            word, part, number = asked
            rows = sorted(self.senses(word, part), key=lambda row: abs(self.sense_number(row, word) - number))
            exact = [row for row in rows if self.sense_number(row, word) == number]
            said = f"that sense is called {self.ids[exact[0]]}" if exact else self.counted_senses(*asked)
            return [self.ids[row] for row in rows], [said] if said else []
        offset = lookup.offset_within(text)
        if not offset:
            return [], []
        near = sorted(
            (abs(int(other[1:]) - int(offset[1:])), other)
            for other in self._alternates
            if other[0] == offset[0] and len(other) == len(offset) and other[1:].isdecimal()
        )
        said = f"{self._wordnet if self.wordnet_versions else 'this graph'} has no concept with the offset {offset}"
        if not near:
            return [], [said]
        return [self.ids[self._alternates[other]] for _, other in near[:2]], [f"{said}; the nearest is {near[0][1]}"]


def _is_sense(nearest: Sequence[str]) -> bool:
    """Whether the nearest id, if there is one, is a numbered sense; in a merged graph it may be of another form."""
    return all(lookup.numbered_sense(id_) is not None for id_ in nearest)
