"""Sentence embeddings of labels and definitions."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, ClassVar, Protocol, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.exceptions import NotFittedError

from kgzsl.contracts import FloatArray, State
from kgzsl.errors import DataMissingError, InputFormatError, IntegrityError, MissingDependencyError
from kgzsl.features.missing import resolved, unit_rows
from kgzsl.features.rows import checked_matrix
from kgzsl.graph.knowledge_graph import KnowledgeGraph

__all__ = ["SentenceEncoder", "SentenceFeatures"]


class SentenceEncoder(Protocol):
    """Anything that turns texts into rows of numbers, such as a `sentence_transformers.SentenceTransformer`."""

    def encode(self, sentences: list[str], /) -> Any:
        """Rows `[len(sentences), dim]`."""
        ...


@dataclass(frozen=True, eq=False)
class SentenceFeatures:
    """Unit rows from a sentence encoder over `KnowledgeGraph.texts` ("label, alias: definition").

    `model` is the name of a sentence-transformers model (downloaded on first use), the folder of one, or an object
    with `encode(list of texts)`. Code that a model brings along is never run. A fitted encoder keeps the rows of the
    texts it was fitted on, so they are computed once, and a saved one needs the model only for other texts; if the
    model was an object, give it back with `dataclasses.replace(features, model=...)`. A concept always has a text
    (at least its id), so none is ever missing.

    >>> class Lengths:
    ...     def encode(self, sentences):
    ...         return [[3.0 * len(text), 4.0 * len(text)] for text in sentences]
    >>> import polars as pl
    >>> from kgzsl.graph import KnowledgeGraph
    >>> edges = pl.DataFrame({"head": ["cat"], "relation": ["is_a"], "tail": ["animal"]})
    >>> kg = KnowledgeGraph.from_tables(pl.DataFrame({"id": ["animal", "cat"]}), edges)
    >>> SentenceFeatures(Lengths()).fit(kg, kg.ids).encode(kg, ["cat"])
    array([[0.6, 0.8]], dtype=float32)
    """

    name: ClassVar[str] = "sentence"
    model: str | Path | SentenceEncoder | None = "sentence-transformers/all-MiniLM-L6-v2"
    batch_size: int = 64
    device: str | None = None
    digests: tuple[str, ...] = field(default=(), repr=False)
    vectors: FloatArray | None = field(default=None, repr=False)
    report: Mapping[str, int] = field(default_factory=dict, repr=False)

    def fit(self, graph: KnowledgeGraph, concepts: Sequence[str]) -> Self:
        """Embed the texts of these concepts, each distinct text once."""
        texts = sorted(set(graph.texts(resolved(graph, concepts))))
        if not texts:
            raise InputFormatError("there are no concepts to fit on; give at least one")
        digests = tuple(_digest(text) for text in texts)
        report = {"concepts": len(concepts), "described": len(concepts), "from_neighbours": 0, "zero": 0}
        return replace(self, digests=digests, vectors=self._embedded(texts), report=report)

    def encode(self, graph: KnowledgeGraph, concepts: Sequence[str]) -> FloatArray:
        """Unit rows `[len(concepts), dim]`."""
        return self.encode_texts(graph.texts(resolved(graph, concepts)))

    def encode_texts(self, texts: Sequence[str]) -> FloatArray:
        """Unit rows `[len(texts), dim]` of any texts, in the same space."""
        if self.vectors is None:
            raise NotFittedError("these sentence features are not fitted; call fit(graph, concepts) first")
        digests = [_digest(text) for text in texts]
        new = {digest: text for digest, text in zip(digests, texts, strict=True) if digest not in self._row}
        rows = np.empty((len(texts), self.vectors.shape[1]), dtype=np.float32)
        embedded = dict(zip(new, self._embedded(list(new.values())), strict=True)) if new else {}
        for place, digest in enumerate(digests):
            rows[place] = embedded[digest] if digest in embedded else self.vectors[self._row[digest]]
        return rows

    def state(self) -> State:
        """The model's name and the digests of the texts; their rows."""
        if self.vectors is None:
            raise NotFittedError("these sentence features are not fitted; call fit(graph, concepts) first")
        model = str(self.model) if isinstance(self.model, str | Path) else None
        config = {"model": model, "batch_size": self.batch_size, "device": self.device}
        return config | {"digests": list(self.digests), "report": dict(self.report)}, {"vectors": self.vectors}

    @classmethod
    def from_state(cls, config: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> Self:
        """The encoder that `state` described."""
        digests, vectors = tuple(config["digests"]), arrays["vectors"]
        if vectors.ndim != 2 or len(vectors) != len(digests):
            found = f"shape {vectors.shape}"
            raise IntegrityError("the state of sentence features", expected=f"{len(digests)} rows", found=found)
        return cls(**{**config, "digests": digests}, vectors=vectors)

    @cached_property
    def _row(self) -> Mapping[str, int]:
        return {digest: row for row, digest in enumerate(self.digests)}

    def _encoder(self) -> SentenceEncoder:
        if self.model is None:
            raise InputFormatError(
                "the encoder was an object when these features were saved, and there are texts it was not fitted on; "
                "give it back with dataclasses.replace(features, model=...)"
            )
        return _loaded(str(self.model), self.device) if isinstance(self.model, str | Path) else self.model

    def _embedded(self, texts: list[str]) -> FloatArray:
        encoder = self._encoder()
        options: dict[str, Any] = {}
        if isinstance(self.model, str | Path):
            options = {"batch_size": self.batch_size, "show_progress_bar": False, "convert_to_numpy": True}
        rows = checked_matrix(encoder.encode(texts, **options), source=f"the output of the encoder {self.model}")
        if len(rows) != len(texts):
            raise InputFormatError(f"the encoder {self.model} gave {len(rows):,} rows for {len(texts):,} texts")
        if self.vectors is not None and rows.shape[1] != self.vectors.shape[1]:
            raise InputFormatError(
                f"the encoder {self.model} gave {rows.shape[1]} numbers a text, and {self.vectors.shape[1]} when fitted"
            )
        return unit_rows(rows)


@lru_cache(maxsize=2)
def _loaded(model: str, device: str | None) -> SentenceEncoder:
    """A model read from disk or downloaded; kept, since reading one takes seconds."""
    try:
        from sentence_transformers import SentenceTransformer
    except ImportError as error:
        purpose = 'features="sentence"'
        raise MissingDependencyError("sentence-transformers", extra="text", purpose=purpose) from error
    try:
        loaded: SentenceEncoder = SentenceTransformer(model, device=device, trust_remote_code=False)
    except (OSError, ValueError) as error:
        reason = "no sentence-transformers model of this name or in this folder could be loaded; "
        raise DataMissingError(model, reason + "check the name, or give the folder of a model") from error
    return loaded


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
