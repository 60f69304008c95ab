"""Latent semantic analysis of labels and definitions: features without any download."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, ClassVar, Literal, Self

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from sklearn.exceptions import NotFittedError

from kgzsl.contracts import FloatArray, State
from kgzsl.counts import checked_count, checked_seed
from kgzsl.errors import IntegrityError, MissingFeaturesError, UnknownNameError
from kgzsl.features.directions import leading_directions
from kgzsl.features.missing import (
    Described,
    MissingPolicy,
    check_policy,
    completed,
    resolved,
    unit_rows,
    warn_of_filled,
)
from kgzsl.features.words import content_words
from kgzsl.graph.knowledge_graph import KnowledgeGraph

__all__ = ["TextFeatures"]

_LEAST_LENGTH = 1e-5  # of a unit row: what is left below this is float32 rounding of directions that were cut off


@dataclass(frozen=True, eq=False)
class TextFeatures:
    """Label, aliases and definition of a concept as a unit vector (Deerwester et al. 1990).

    Words are weighted by (1 + log count) · idf, rows scaled to length one, projected on the leading `dim` right
    singular vectors of the corpus and scaled to length one again. A text that was not there when the encoder was
    fitted is folded in by the same projection. A word that the corpus does not have is not seen.

    `corpus` says what is read when fitting: "concepts" reads the texts of the concepts given to `fit` and nothing
    else; "graph" reads every concept of the graph, which knows more words, takes seconds on WordNet and, at the same
    `dim`, tells the concepts apart less well. A text that must not be learned from must not be in the graph.

    `missing` says what becomes of a concept none of whose words is known: "error", "zero", or "neighbours" (the mean
    over the nearest concepts above that have features); `report` counts it after `fit`.

    >>> import polars as pl
    >>> from kgzsl.graph import KnowledgeGraph
    >>> concepts = pl.DataFrame({"id": ["cat", "dog"], "definition": ["a feline that purrs", "a canine that barks"]})
    >>> edges = pl.DataFrame({"head": ["cat"], "relation": ["related_to"], "tail": ["dog"]})
    >>> kg = KnowledgeGraph.from_tables(concepts, edges)
    >>> features = TextFeatures().fit(kg, kg.ids)
    >>> features.encode(kg, ["dog", "cat"]).shape
    (2, 2)
    """

    name: ClassVar[str] = "text"
    corpus: Literal["concepts", "graph"] = "concepts"
    dim: int = 500
    missing: MissingPolicy = "error"
    random_state: int | None = None
    vocabulary: tuple[str, ...] = field(default=(), repr=False)
    idf: FloatArray | None = field(default=None, repr=False)
    components: FloatArray | None = field(default=None, repr=False)
    report: Mapping[str, int] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        check_policy(self.missing)
        if self.corpus not in ("concepts", "graph"):
            raise UnknownNameError("corpus", self.corpus, known=("concepts", "graph"))
        checked_count(self.dim, "dim")
        checked_seed(self.random_state)

    def fit(self, graph: KnowledgeGraph, concepts: Sequence[str]) -> Self:
        """Learn words and directions from the corpus; fewer than `dim` directions if the texts do not span more."""
        ids = resolved(graph, concepts)
        texts = graph.texts(ids if self.corpus == "concepts" else graph.ids)
        documents = [Counter(content_words(text)) for text in texts]
        frequency = Counter(word for document in documents for word in document)
        if not frequency:
            raise MissingFeaturesError(ids, source=f"the text of graph {graph.name}", advice="give them definitions")
        vocabulary = tuple(sorted(frequency))
        seen = np.array([frequency[word] for word in vocabulary], dtype=np.float64)
        idf = (np.log((1 + len(documents)) / (1 + seen)) + 1).astype(np.float32)
        learned = replace(self, vocabulary=vocabulary, idf=idf)
        weighted = learned._weighted(documents)
        components = leading_directions(weighted, self.dim, random_state=checked_seed(self.random_state))
        fitted = replace(learned, components=components)
        _, counts = fitted._completed(graph, ids)
        warn_of_filled("text features", counts)
        return replace(fitted, report=counts | {"documents": len(documents), "words": len(vocabulary)})

    def encode(self, graph: KnowledgeGraph, concepts: Sequence[str]) -> FloatArray:
        """Unit rows `[len(concepts), dim]`; `MissingFeaturesError` lists all concepts without a known word."""
        return self._completed(graph, resolved(graph, concepts))[0]

    def encode_texts(self, texts: Sequence[str]) -> FloatArray:
        """Unit rows `[len(texts), dim]` of any texts, in the same space.

        A text without a known word is an error, or a zero row if `missing="zero"`; nothing is above a text.
        """
        rows, known = self._described(texts)
        unknown = [text for text, found in zip(texts, known.tolist(), strict=True) if not found]
        if unknown and self.missing != "zero":
            raise MissingFeaturesError(
                unknown, source="the fitted vocabulary", advice='drop them or use missing="zero"'
            )
        return rows

    def word_loadings(self, text: str) -> dict[str, FloatArray]:
        """What each known word adds to the row of a text before it is scaled to length one, in the order of words.

        Keys are words as they are counted: in lower case, plurals cut back.
        """
        weighted = self._weighted([Counter(content_words(text))]).tocoo()
        components = self._fitted_components
        return {
            self.vocabulary[column]: (value * components[:, column]).astype(np.float32)
            for column, value in sorted(zip(weighted.col.tolist(), weighted.data.tolist(), strict=True))
        }

    def state(self) -> State:
        """Settings and words; inverse document frequencies and directions."""
        config = {"corpus": self.corpus, "dim": self.dim, "missing": self.missing, "random_state": self.random_state}
        arrays = {"idf": self._fitted_idf, "components": self._fitted_components}
        return config | {"vocabulary": list(self.vocabulary), "report": dict(self.report)}, arrays

    @classmethod
    def from_state(cls, config: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> Self:
        """The encoder that `state` described."""
        words, idf, components = tuple(config["vocabulary"]), arrays["idf"], arrays["components"]
        if idf.shape != (len(words),) or components.ndim != 2 or components.shape[1] != len(words):
            found = f"idf {idf.shape} and components {components.shape}"
            raise IntegrityError("the state of text features", expected=f"arrays for {len(words)} words", found=found)
        return cls(**{**config, "vocabulary": words}, idf=idf, components=components)

    @property
    def _fitted_idf(self) -> FloatArray:
        if self.idf is None:
            raise NotFittedError("these text features are not fitted; call fit(graph, concepts) first")
        return self.idf

    @property
    def _fitted_components(self) -> FloatArray:
        if self.components is None:
            raise NotFittedError("these text features are not fitted; call fit(graph, concepts) first")
        return self.components

    @cached_property
    def _column(self) -> Mapping[str, int]:
        return {word: column for column, word in enumerate(self.vocabulary)}

    def _weighted(self, documents: Sequence[Mapping[str, int]]) -> Any:
        """Unit rows of (1 + log count) · idf over the known words, `csr_array` `[len(documents), num_words]`."""
        idf = self._fitted_idf
        known = [[(self._column[word], n) for word, n in doc.items() if word in self._column] for doc in documents]
        indptr = np.cumsum([0, *(len(pairs) for pairs in known)])
        flat = np.array([pair for pairs in known for pair in pairs], dtype=np.int64).reshape(-1, 2)
        values = (1 + np.log(flat[:, 1])) * idf[flat[:, 0]]
        shape = (len(documents), len(self.vocabulary))
        matrix = sp.csr_array((values, flat[:, 0], indptr), shape=shape)
        norms = np.sqrt(matrix.multiply(matrix).sum(axis=1))
        return sp.csr_array(sp.diags_array(1 / np.where(norms > 0, norms, 1)) @ matrix)

    def _described(self, texts: Sequence[str]) -> Described:
        weighted = self._weighted([Counter(content_words(text)) for text in texts])
        projected = np.asarray(weighted @ self._fitted_components.T.astype(np.float64))
        known = np.linalg.norm(projected, axis=1) > _LEAST_LENGTH
        return unit_rows(np.where(known[:, None], projected, 0)), known

    def _completed(self, graph: KnowledgeGraph, ids: Sequence[str]) -> tuple[FloatArray, dict[str, int]]:
        return completed(
            graph,
            ids,
            lambda some: self._described(graph.texts(some)),
            missing=self.missing,
            source=f"the text of graph {graph.name} (no known word, or none that {self.dim} directions tell apart)",
            unit=True,
        )
