"""Concepts as means of pretrained word vectors."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.exceptions import NotFittedError

from kgzsl.contracts import FloatArray, State
from kgzsl.errors import DataMissingError, IntegrityError
from kgzsl.features.missing import (
    Described,
    MissingPolicy,
    check_policy,
    completed,
    resolved,
    unit_rows,
    warn_of_filled,
)
from kgzsl.features.vector_file import VectorFile
from kgzsl.graph.knowledge_graph import KnowledgeGraph

__all__ = ["WordVectors"]

_BETWEEN_WORDS = re.compile(r"[\s_]+")
_WITHIN_WORDS = re.compile(r"[\s_\-/]+")
Keys = tuple[str, ...]
Name = tuple[Keys, tuple[Keys, ...]]
"""One name of a concept: spellings of the whole, best first, and spellings of each of its words."""


@dataclass(frozen=True, eq=False)
class WordVectors:
    r"""The mean vector of a concept's names, as unit rows; the input features of GCNZ, SGCN and DGP.

    `path` is a file of word2vec (text or binary), GloVe, fastText (.vec) or Numberbatch, plain or gzip; the form is
    found from its first bytes, and only the words needed are kept. A name (label or alias) is looked up whole, spaces
    as underscores, as written, in lower case, and as `/c/<language>/…`; else it is the mean over those of its words
    that the file has. A concept whose id is a ConceptNet URI is looked up by that URI alone if the file has it.

    `missing` says what becomes of a concept none of whose words is in the file: "error", "zero" or "neighbours";
    `report` counts it after `fit`. A fitted encoder keeps its words: concepts it was fitted on need the file no more,
    other concepts are read from it when they are encoded, for which it must be unchanged in size.

    >>> import tempfile
    >>> import polars as pl
    >>> from kgzsl.graph import KnowledgeGraph
    >>> edges = pl.DataFrame({"head": ["cat"], "relation": ["is_a"], "tail": ["animal"]})
    >>> kg = KnowledgeGraph.from_tables(pl.DataFrame({"id": ["animal", "cat"]}), edges)
    >>> with tempfile.NamedTemporaryFile("w", suffix=".vec") as file:
    ...     _ = file.write("2 2\nanimal 1 0\ncat 3 4\n")
    ...     file.flush()
    ...     fitted = WordVectors(file.name).fit(kg, kg.ids)
    >>> fitted.encode(kg, ["cat"])
    array([[0.6, 0.8]], dtype=float32)
    """

    name: ClassVar[str] = "word-vectors"
    path: str | Path
    missing: MissingPolicy = "error"
    language: str = "en"
    asked: frozenset[str] = field(default=frozenset(), repr=False)
    words: tuple[str, ...] = field(default=(), repr=False)
    vectors: FloatArray | None = field(default=None, repr=False)
    file_size: int = field(default=0, repr=False)
    report: Mapping[str, int] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        check_policy(self.missing)

    def fit(self, graph: KnowledgeGraph, concepts: Sequence[str]) -> Self:
        """Read the words of these concepts, and of all above them if they may stand in for a missing one."""
        ids = resolved(graph, concepts)
        fitted = self._with_words_of(graph, ids)
        _, counts = fitted._completed(graph, ids)
        warn_of_filled(f"word vectors {self.path}", counts)
        return replace(fitted, report=counts | {"words": len(fitted.words)})

    def encode(self, graph: KnowledgeGraph, concepts: Sequence[str]) -> FloatArray:
        """Unit rows `[len(concepts), dim]`; reads the file again if there are words that it was not asked for."""
        if self.vectors is None:
            raise NotFittedError("these word vectors are not fitted; call fit(graph, concepts) first")
        ids = resolved(graph, concepts)
        return self._with_words_of(graph, ids)._completed(graph, ids)[0]

    def _with_words_of(self, graph: KnowledgeGraph, ids: Sequence[str]) -> Self:
        """The same encoder with all words that these concepts may need."""
        needed = set(ids)
        if self.missing == "neighbours":
            needed |= set(graph.induced(ids).ids)
        keys = {key for names in self._names(graph, sorted(needed)) for key in _keys_of(names)}
        new = keys - self.asked
        if not new and self.vectors is not None:
            return self
        file = self._unchanged_file()
        found = dict(self._vector_of) | dict(file.read(new))
        words = tuple(sorted(found))
        vectors = np.stack([found[word] for word in words]) if words else np.zeros((0, file.dim), dtype=np.float32)
        return replace(self, asked=self.asked | new, words=words, vectors=vectors, file_size=file.size)

    def _unchanged_file(self) -> VectorFile:
        try:
            file = VectorFile.open(self.path)
        except DataMissingError as error:
            if self.vectors is None:
                raise
            reason = "no such file; it is needed again, for concepts that this encoder was not fitted on"
            raise DataMissingError(self.path, reason) from error
        if self.vectors is not None and (file.size, file.dim) != (self.file_size, self.vectors.shape[1]):
            expected = f"{self.file_size:,} bytes, as when the encoder was fitted"
            raise IntegrityError(self.path, expected=expected, found=f"{file.size:,} bytes", advice="fit it again")
        return file

    @cached_property
    def _vector_of(self) -> Mapping[str, FloatArray]:
        return {} if self.vectors is None else dict(zip(self.words, self.vectors, strict=True))

    def _names(self, graph: KnowledgeGraph, ids: Sequence[str]) -> list[list[Name]]:
        """For each concept its names, in their spellings."""
        table = graph.concepts_table[graph.index.positions(ids)].select("id", "label", "aliases")
        return [
            [((_without_sense(id_),), ())] * id_.startswith("/c/")
            + [self._spellings(name) for name in dict.fromkeys([label, *aliases])]
            for id_, label, aliases in table.iter_rows()
        ]

    def _spellings(self, name: str) -> Name:
        def keys(text: str) -> Keys:
            lowered = text.lower()
            return tuple(dict.fromkeys([text, lowered, f"/c/{self.language}/{lowered}"]))

        words = [word for word in _WITHIN_WORDS.split(name) if word]
        whole = _BETWEEN_WORDS.sub("_", name.strip())
        return keys(whole), tuple(keys(word) for word in words)

    def _described(self, graph: KnowledgeGraph, ids: Sequence[str]) -> Described:
        assert self.vectors is not None
        rows = np.zeros((len(ids), self.vectors.shape[1]), dtype=np.float64)
        for row, names in enumerate(self._names(graph, ids)):
            found = [vector for name in names if (vector := self._vector(name)) is not None]
            if names and not names[0][1] and self._first(names[0][0]) is not None:
                found = found[:1]
            if found:
                rows[row] = np.mean(found, axis=0)
        unit = unit_rows(rows.astype(np.float32))
        return unit, np.linalg.norm(unit, axis=1) > 0

    def _first(self, keys: Keys) -> FloatArray | None:
        return next((self._vector_of[key] for key in keys if key in self._vector_of), None)

    def _vector(self, name: Name) -> NDArray[np.float64] | None:
        whole, words = name
        vector = self._first(whole)
        parts = [vector] if vector is not None else [part for word in words if (part := self._first(word)) is not None]
        return np.mean(parts, axis=0, dtype=np.float64) if parts else None

    def _completed(self, graph: KnowledgeGraph, ids: Sequence[str]) -> tuple[FloatArray, dict[str, int]]:
        return completed(
            graph,
            ids,
            lambda some: self._described(graph, some),
            missing=self.missing,
            source=f"the word-vector file {self.path}",
            unit=True,
        )

    def state(self) -> State:
        """Settings, the words kept and those that the file does not have; the vectors kept."""
        if self.vectors is None:
            raise NotFittedError("these word vectors are not fitted; call fit(graph, concepts) first")
        config = {"path": str(self.path), "missing": self.missing, "language": self.language}
        kept = {"words": list(self.words), "asked": sorted(self.asked), "file_size": self.file_size}
        return config | kept | {"report": dict(self.report)}, {"vectors": self.vectors}

    @classmethod
    def from_state(cls, config: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> Self:
        """The encoder that `state` described."""
        words, vectors = tuple(config["words"]), arrays["vectors"]
        if vectors.ndim != 2 or len(vectors) != len(words):
            found = f"shape {vectors.shape}"
            raise IntegrityError("the state of word vectors", expected=f"{len(words)} rows", found=found)
        return cls(**{**config, "words": words, "asked": frozenset(config["asked"])}, vectors=vectors)


def _keys_of(names: Iterable[Name]) -> set[str]:
    return {key for whole, words in names for keys in (whole, *words) for key in keys}


def _without_sense(uri: str) -> str:
    """`/c/en/dog/n/wn/animal` is looked up as `/c/en/dog`."""
    return "/".join(uri.split("/")[:4])
