"""ConSE: a sample is the mixture of the seen classes it looks like, placed among the class embeddings."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.special import softmax

from kgzsl.baselines.choosing import chosen_setting
from kgzsl.baselines.contract import class_features, labelled_inputs, showing_progress, unit_rows
from kgzsl.baselines.selection import ScoreTables, require_settings, score_spread, seen_folds
from kgzsl.baselines.stored import Stored
from kgzsl.contracts import FloatArray, Supervision
from kgzsl.graph.index import GraphIndex

__all__ = ["ConSE", "FittedConSE"]

TEMPERATURES = tuple(10.0 ** (power / 4) for power in range(-6, 7))


@dataclass(frozen=True)
class ConSE:
    """Scores a concept by the cosine between its features and the mean features of the likeliest seen classes.

    Norouzi et al., "Zero-shot learning by convex combination of semantic embeddings", ICLR 2014: f(x) = sum of p_t
    e_t over the `num_likeliest` likeliest seen classes, divided by the sum of their p_t; 10 of them in the paper. p
    is softmax(scores / temperature), the scores being those of the seen classes' own targets. Seen classes too are
    scored by the cosine with f(x), not by their own targets.

    Where we differ from the paper: it takes the softmax its network was trained with. Targets here have unit length,
    which leaves the `temperature` open; None chooses it by zero-shot accuracy: each of `folds` groups of seen classes
    in turn pretends to be unseen, and the best of 13 temperatures around the spread of the scores (root mean square
    of what is left of a row less its mean) wins; of equally good ones, the highest.

    Example:
        >>> from kgzsl.graph.knowledge_graph import KnowledgeGraph
        >>> graph = KnowledgeGraph.from_tables(["cat", "dog", "lion"], [("lion", "related_to", "cat")])
        >>> features = np.array([[1.0, 0.0], [0.0, 1.0], [0.9, 0.1]], dtype=np.float32)
        >>> targets = np.eye(2, dtype=np.float32)
        >>> supervision = Supervision(("cat", "dog"), targets, "prototype", inputs=targets, labels=np.array([0, 1]))
        >>> model = ConSE(temperature=0.1).fit(graph.index, features, supervision)
        >>> model.scores(targets, graph.index, features, concepts=["lion", "dog"]).round(2)
        array([[0.99, 0.  ],
               [0.11, 1.  ]], dtype=float32)

    """

    num_likeliest: int = 10
    temperature: float | None = None
    folds: int = 5

    def __post_init__(self) -> None:
        require_settings(
            positive={"temperature": self.temperature}, counts={"num_likeliest": self.num_likeliest}, folds=self.folds
        )

    def settled(self, fitted: "FittedConSE") -> "ConSE":
        """The same method with the temperature that `fitted` chose."""
        return replace(self, temperature=fitted.temperature)

    @showing_progress
    def fit(self, index: GraphIndex, features: FloatArray, supervision: Supervision) -> "FittedConSE":
        """Keep the seen targets and their features, and choose the temperature if none is given.

        Raises `InputFormatError` if a temperature has to be chosen without examples or among fewer than four classes.
        """
        embeddings = class_features(index, features, supervision.classes)
        if self.temperature is not None:
            temperature, report = self.temperature, {"chosen_by": "given"}
        else:
            temperature, report = self._choose(embeddings, supervision)
        return FittedConSE(
            classes=supervision.classes,
            targets=np.array(supervision.weights, dtype=np.float32),
            embeddings=embeddings.astype(np.float32),
            num_likeliest=self.num_likeliest,
            temperature=temperature,
            report={"temperature": temperature, **report},
        )

    def _choose(self, embeddings: NDArray[np.float64], supervision: Supervision) -> tuple[float, dict[str, Any]]:
        inputs, labels = labelled_inputs(supervision, "ConSE", "give temperature=")
        folds = seen_folds(len(embeddings), self.folds, supervision.random_state, advice="give temperature=")
        targets = supervision.weights.astype(np.float64)
        spread = score_spread(inputs @ supervision.weights.T)
        candidates = [factor * spread for factor in TEMPERATURES]

        def without(place: int) -> ScoreTables:
            rest = np.setdiff1d(np.arange(len(targets)), folds[place])
            # a mixture's length does not change which class is nearest to it
            cosines = embeddings[rest] @ unit_rows(embeddings[folds[place]]).T

            def tables(rows: NDArray[np.float64]) -> Iterator[NDArray[np.float64]]:
                scores, likeliest = _likeliest(rows @ targets[rest].T, self.num_likeliest)
                for temperature in candidates:
                    yield _mixed(scores, likeliest, temperature, cosines)

            return tables

        return chosen_setting(candidates, inputs, labels, folds, without, prefers_last=True)


@dataclass(frozen=True, eq=False)
class FittedConSE(Stored):
    """ConSE with its seen classes: `targets` `[num_seen, dim]`, and their features as `embeddings` in the same order.

    It is not linear in the inputs, so there are no weights to ask for.

    >>> import numpy as np
    >>> from kgzsl.baselines import ConSE
    >>> from kgzsl.testing import example_graph, example_supervision
    >>> features = np.random.default_rng(0).normal(size=(12, 4)).astype(np.float32)
    >>> index, given = example_graph().index, example_supervision()
    >>> fitted = ConSE().fit(index, features, given)
    >>> fitted.classes[:2], fitted.scores(given.inputs[:1], index, features, concepts=["tiger"]).shape
    (('cat', 'dog'), (1, 1))
    """

    classes: tuple[str, ...]
    targets: FloatArray
    embeddings: FloatArray
    num_likeliest: int
    temperature: float
    report: Mapping[str, Any] = field(default_factory=dict)

    def scores(
        self, inputs: FloatArray, index: GraphIndex, features: FloatArray, *, concepts: Sequence[str] | None = None
    ) -> FloatArray:
        """Cosines in [-1, 1], `[num_samples, len(concepts)]`; all concepts of the index if none are named.

        A concept whose features are all zero scores 0.
        """
        candidates = unit_rows(class_features(index, features, concepts, dim=self.embeddings.shape[1]))
        return np.asarray(unit_rows(self.mixtures(inputs)) @ candidates.T, dtype=np.float32)

    def mixtures(self, inputs: FloatArray) -> NDArray[np.float64]:
        """f(x) of each sample, `[num_samples, num_features]`."""
        scores = inputs.astype(np.float64) @ self.targets.astype(np.float64).T
        return _mixed(*_likeliest(scores, self.num_likeliest), self.temperature, self.embeddings.astype(np.float64))


def _likeliest(scores: NDArray[np.float64], num: int) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """The `num` highest scores of each row and their columns; of equal ones the first column, whatever the machine."""
    columns = np.argsort(-scores, axis=1, kind="stable")[:, :num]
    return np.take_along_axis(scores, columns, axis=1), columns


def _mixed(
    scores: NDArray[np.float64], columns: NDArray[np.int64], temperature: float, rows: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Mean of `rows` under the softmax over the likeliest: dividing by their sum makes the others' share cancel."""
    shares = softmax(scores / temperature, axis=1)
    starts = np.arange(0, shares.size + 1, shares.shape[1])
    mixture = csr_array((shares.ravel(), columns.ravel(), starts), shape=(len(shares), len(rows)))
    return np.asarray(mixture @ rows)
