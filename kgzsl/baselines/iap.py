"""IAP: attributes of an input, by way of the seen classes it may belong to."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax

from kgzsl.baselines.binary import BinaryAttributes, attribute_scores
from kgzsl.baselines.choosing import chosen_setting
from kgzsl.baselines.conse import TEMPERATURES
from kgzsl.baselines.contract import class_features, labelled_inputs, showing_progress
from kgzsl.baselines.selection import ScoreTables, require_settings, score_spread, seen_folds
from kgzsl.baselines.stored import Stored
from kgzsl.contracts import FloatArray, Supervision
from kgzsl.graph.index import GraphIndex

__all__ = ["IAP", "FittedIAP"]

Array = NDArray[np.float64]


@dataclass(frozen=True)
class IAP:
    """Scores a concept by Σ log(p(a|x) / p(a)) over its attributes a, with p(a|x) = Σ p(a|k) p(k|x) over seen classes.

    Lampert, Nickisch and Harmeling, "Learning to detect unseen object classes by between-class attribute transfer",
    CVPR 2009, "indirect attribute prediction". p(a|k) is 1 if class k has a, else 0; p(a) is the share of the seen
    classes that have it. Features are read as yes or no by the mean over the seen classes (`BinaryAttributes`). p(k|x)
    is softmax(scores / temperature), the scores being those of the seen classes' own targets. Seen classes are scored
    by their attributes too.

    Where we differ from the paper: its p(k|x) are those of a classifier trained for it. Targets here have unit length,
    which leaves the `temperature` open; None chooses it by zero-shot accuracy: each of `folds` groups of seen classes
    in turn pretends to be unseen, and the best of 13 temperatures around the spread of the scores wins; of equally good
    ones, the highest. Probabilities are kept 1e-6 away from 0 and 1.

    Example:
        >>> from kgzsl.graph.knowledge_graph import KnowledgeGraph
        >>> graph = KnowledgeGraph.from_tables(["cat", "dog", "lion"], [("lion", "related_to", "cat")])
        >>> purrs_and_barks = np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 0.0]], dtype=np.float32)
        >>> targets = np.eye(2, dtype=np.float32)
        >>> supervision = Supervision(("cat", "dog"), targets, "prototype", inputs=targets, labels=np.array([0, 1]))
        >>> model = IAP(temperature=0.5).fit(graph.index, purrs_and_barks, supervision)
        >>> model.scores(targets, graph.index, purrs_and_barks, concepts=["lion", "dog"]).round(2)
        array([[ 1.13, -2.87],
               [-2.87,  1.13]], dtype=float32)

    """

    temperature: float | None = None
    folds: int = 5

    def __post_init__(self) -> None:
        require_settings(positive={"temperature": self.temperature}, folds=self.folds)

    def settled(self, fitted: "FittedIAP") -> "IAP":
        """The same method with the temperature that `fitted` chose."""
        return replace(self, temperature=fitted.temperature)

    @showing_progress
    def fit(self, index: GraphIndex, features: FloatArray, supervision: Supervision) -> "FittedIAP":
        """Read the attributes as yes or no, and choose the temperature if none is given.

        Raises `InputFormatError` if no attribute differs among the seen classes, or if a temperature has to be chosen
        without examples or among fewer than four classes.
        """
        rows = class_features(index, features, supervision.classes)
        attributes = BinaryAttributes.of(rows)
        temperature, report = self.temperature, {"chosen_by": "given"}
        if temperature is None:
            temperature, report = self._choose(rows, supervision)
        counts = {"num_attributes": len(attributes.used), "num_left_out": rows.shape[1] - len(attributes.used)}
        return FittedIAP(
            classes=supervision.classes,
            targets=np.array(supervision.weights, dtype=np.float32),
            has=attributes.has(rows),
            thresholds=attributes.thresholds,
            used=attributes.used,
            temperature=temperature,
            report={"temperature": temperature, **counts, **report},
        )

    def _choose(self, rows: Array, supervision: Supervision) -> tuple[float, dict[str, Any]]:
        inputs, labels = labelled_inputs(supervision, "IAP", "give temperature=")
        folds = seen_folds(len(rows), self.folds, supervision.random_state, advice="give temperature=")
        targets = supervision.weights.astype(np.float64)
        spread = score_spread(inputs @ supervision.weights.T)
        candidates = [factor * spread for factor in TEMPERATURES]

        def without(place: int) -> ScoreTables:
            rest = np.setdiff1d(np.arange(len(rows)), folds[place])
            attributes = BinaryAttributes.of(rows[rest])
            known, new = attributes.has(rows[rest]), attributes.has(rows[folds[place]])

            def tables(samples: Array) -> Iterator[Array]:
                scores = samples @ targets[rest].T
                for temperature in candidates:
                    probabilities = softmax(scores / temperature, axis=1) @ known
                    yield attribute_scores(probabilities, attributes.priors, new)

            return tables

        return chosen_setting(candidates, inputs, labels, folds, without, prefers_last=True)


@dataclass(frozen=True, eq=False)
class FittedIAP(Stored):
    """The seen classes' `targets` `[num_seen, dim]`, and what they have: `has` `[num_seen, len(used)]`, 1 or 0.

    `thresholds` `[num_features]` and `used` are those of `BinaryAttributes`. It is not linear in the inputs, so there
    are no weights to ask for.

    >>> import numpy as np
    >>> from kgzsl.baselines import IAP
    >>> from kgzsl.testing import example_graph, example_supervision
    >>> features = np.random.default_rng(0).normal(size=(12, 4)).astype(np.float32)
    >>> index, given = example_graph().index, example_supervision()
    >>> fitted = IAP().fit(index, features, given)
    >>> fitted.classes[:2], fitted.has.shape
    (('cat', 'dog'), (6, 4))
    """

    log_odds: ClassVar[bool] = True
    """Softmax of its scores is meant as it is."""

    classes: tuple[str, ...]
    targets: FloatArray
    has: Array
    thresholds: Array
    used: NDArray[np.int64]
    temperature: float
    report: Mapping[str, Any] = field(default_factory=dict)

    def probabilities(self, inputs: FloatArray) -> NDArray[np.float64]:
        """p(a|x) of the attributes used, `[num_samples, len(used)]`."""
        scores = inputs.astype(np.float64) @ self.targets.astype(np.float64).T
        return np.asarray(softmax(scores / self.temperature, axis=1) @ self.has)

    def scores(
        self, inputs: FloatArray, index: GraphIndex, features: FloatArray, *, concepts: Sequence[str] | None = None
    ) -> FloatArray:
        """Σ log(p(a|x) / p(a)) `[num_samples, len(concepts)]`; all concepts of the index if none are named."""
        attributes = BinaryAttributes(self.thresholds, self.used, self.has.mean(axis=0))
        has = attributes.has(class_features(index, features, concepts, dim=len(self.thresholds)))
        return attribute_scores(self.probabilities(inputs), attributes.priors, has).astype(np.float32)
