"""Pairs of concepts that may be one, and how much speaks for each: by names, or by texts."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import polars as pl
from numpy.typing import NDArray

from kgzsl.errors import listing
from kgzsl.graph.index import IntArray
from kgzsl.graph.knowledge_graph import KnowledgeGraph
from kgzsl.query.alignment_columns import beside_noun, may_be_one
from kgzsl.query.alignment_names import names_in_common, texts
from kgzsl.query.alignment_texts import WordVectors, cosines, nearest_pairs, words_in_common

__all__ = ["NamedPairs", "Pairs", "WordedPairs", "named_pairs", "worded_pairs"]

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

_PRIOR, _PRIOR_NEIGHBOURS = 0.3, 2.0
_SURE_COSINE = 0.5
_BESIDE_NOUN = 0.8
_LEAST_COSINE = 0.1
_MOST_OF_TEXTS = 0.95
_LEAST_WORDS = 3


class Pairs(Protocol):
    """Positions `first` in a and `second` in b, sorted; `rows` below are rows of these."""

    @property
    def first(self) -> IntArray: ...
    @property
    def second(self) -> IntArray: ...
    @property
    def method(self) -> str: ...
    @property
    def notes(self) -> tuple[str, ...]: ...

    def judge(self, rows: IntArray, count: IntArray, possible: IntArray) -> tuple[FloatArray, FloatArray]:
        """Confidence, and the value by which pairs are compared, when `count` of `possible` neighbours agree."""
        ...

    def is_evident(self, rows: IntArray, count: IntArray) -> BoolArray:
        """Whether enough is known of a pair to choose it."""
        ...

    def evidence(self, row: int, count: int, possible: int) -> str:
        """Why a pair is a match."""
        ...

    def reason(self, row: int, *, is_clear: bool) -> str:
        """Why a pair is none."""
        ...


@dataclass(frozen=True)
class NamedPairs:
    """Pairs with a name in common: `prior` is what names say, `cosine` that of the definitions where both are `known`.

    `contested` pairs share an end with another pair.
    """

    first: IntArray
    second: IntArray
    prior: FloatArray
    name: pl.Series
    contested: BoolArray
    cosine: FloatArray
    known: BoolArray
    notes: tuple[str, ...] = ()
    method: str = "labels"

    def judge(self, rows: IntArray, count: IntArray, possible: IntArray) -> tuple[FloatArray, FloatArray]:
        """From 0.6 of the prior where definitions and neighbours disagree to all of it where they agree."""
        around = _smoothed(count, possible)
        alike = np.minimum(1.0, self.cosine[rows] / _SURE_COSINE)
        # definitions without a common word speak a little against a pair
        context = np.where(self.known[rows], 1 - (1 - 0.9 * alike) * (1 - 0.6 * around), around)
        prior = self.prior[rows]
        return prior * (0.6 + 0.4 * np.minimum(1.0, context / 0.5)), prior * (0.4 + 0.6 * context)

    def is_evident(self, rows: IntArray, count: IntArray) -> BoolArray:
        """Among several of one name, definitions or neighbours must have something in common."""
        return ~self.contested[rows] | (count > 0) | (self.cosine[rows] >= _LEAST_COSINE)

    def evidence(self, row: int, count: int, possible: int) -> str:
        """The name, the cosine of the definitions, and the neighbours."""
        alike = f", definitions alike {self.cosine[row]:.2f}" if self.known[row] else ""
        return f"both are called {self.name[row]!r}{alike}{_neighbours(count, possible)}"

    def reason(self, row: int, *, is_clear: bool) -> str:
        """Either others have the name too, or all else disagrees."""
        why = "but little else agrees" if is_clear else "and so are others"
        return f"both are called {self.name[row]!r}, {why}"


@dataclass(frozen=True)
class WordedPairs:
    """Pairs whose definitions and names together are alike."""

    first: IntArray
    second: IntArray
    cosine: FloatArray
    notes: tuple[str, ...] = ()
    method: str = "texts"

    def judge(self, rows: IntArray, count: IntArray, possible: IntArray) -> tuple[FloatArray, FloatArray]:
        """The cosine, times 0.75 to 1.15 as neighbours agree."""
        confidence = np.minimum(_MOST_OF_TEXTS, self.cosine[rows] * (0.75 + 0.4 * _smoothed(count, possible)))
        return confidence, confidence

    def is_evident(self, rows: IntArray, count: IntArray) -> BoolArray:
        """A cosine is evidence."""
        return np.ones(len(rows), dtype=bool)

    def evidence(self, row: int, count: int, possible: int) -> str:
        """The cosine, and the neighbours."""
        return f"texts alike {self.cosine[row]:.2f}{_neighbours(count, possible)}"

    def reason(self, row: int, *, is_clear: bool) -> str:
        """Texts of several are as much alike."""
        return "its text is like that of several"


def _smoothed(count: IntArray, possible: IntArray) -> FloatArray:
    """The share of neighbours that agree, as if two more had been seen that agree by 0.3."""
    share: FloatArray = (count + _PRIOR * _PRIOR_NEIGHBOURS) / (possible + _PRIOR_NEIGHBOURS)
    return share


def _neighbours(count: int, possible: int) -> str:
    return f", {count:,} of {possible:,} neighbours agree" if possible else ""


def named_pairs(a: KnowledgeGraph, b: KnowledgeGraph, of_a: BoolArray, of_b: BoolArray) -> NamedPairs:
    """Every pair with a label or alias in common among these positions of a and of b."""
    first, second, prior, name, contested, too_many = names_in_common(a, b, of_a, of_b)
    vectors = WordVectors(_only(texts(a)[0], _where(first, len(a))), _only(texts(b)[0], _where(second, len(b))))
    left, right = vectors.matrices()
    known = vectors.has_words[: len(a)][first] & vectors.has_words[len(a) :][second]
    held = beside_noun(a, b, first, second)
    prior[held] *= _BESIDE_NOUN
    notes: tuple[str, ...] = ()
    if too_many:
        notes += (f"{len(too_many):,} name(s) of too many concepts not compared: {listing(too_many, limit=4)}",)
    if held.any():
        notes += (f"{held.sum():,} pair(s) with a verb, adjective or adverb held back: a noun has the name as well",)
    return NamedPairs(first, second, prior, name, contested, cosines(left, right, first, second), known, notes)


def worded_pairs(a: KnowledgeGraph, b: KnowledgeGraph, of_a: BoolArray, of_b: BoolArray) -> WordedPairs:
    """Pairs with at least three words in common among these positions of a and of b: a name alone is no text."""
    vectors = WordVectors(_only(texts(a)[1], of_a), _only(texts(b)[1], of_b))
    left, right = vectors.matrices()
    rows, others = (np.flatnonzero(told) for told in (vectors.has_words[: len(a)], vectors.has_words[len(a) :]))
    first, second, too_common = nearest_pairs(left, right, rows, others)
    kept = may_be_one(a, b, first, second) & (words_in_common(left, right, first, second) >= _LEAST_WORDS)
    first, second = first[kept], second[kept]
    notes = (f"the {too_common:,} commonest word(s) not searched for in texts",) if too_common else ()
    return WordedPairs(first, second, cosines(left, right, first, second), notes)


def _only(words: pl.Series, chosen: BoolArray) -> pl.Series:
    """The chosen texts, "" for the others: words are rare or common among those compared."""
    return pl.select(pl.when(pl.Series(chosen)).then(words).otherwise(pl.lit(""))).to_series()


def _where(positions: IntArray, count: int) -> BoolArray:
    chosen = np.zeros(count, dtype=bool)
    chosen[positions] = True
    return chosen
