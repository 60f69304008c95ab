"""DAP: a yes-or-no question for each attribute, answered from the input alone."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from kgzsl.baselines.binary import BinaryAttributes, attribute_scores
from kgzsl.baselines.choosing import chosen_setting
from kgzsl.baselines.contract import class_features, showing_progress
from kgzsl.baselines.frames import framed_examples
from kgzsl.baselines.logistic import logistic_regressions
from kgzsl.baselines.selection import ScoreTables, few_examples, require_settings, seen_folds
from kgzsl.baselines.stored import Stored
from kgzsl.contracts import FloatArray, Supervision
from kgzsl.graph.index import GraphIndex

__all__ = ["DAP", "FittedDAP"]

Array = NDArray[np.float64]
IntArray = NDArray[np.int64]

RIDGES = (1e-2, 1e-1, 1.0, 10.0)
EXAMPLES_A_CLASS = 20
"""Of each class that trains while the ridge is chosen: there are as many regressions as attributes."""


@dataclass(frozen=True)
class DAP:
    """Scores a concept by Σ log(p(a|x) / p(a)) over its attributes a; p(a|x) is learned for each attribute by itself.

    Lampert, Nickisch and Harmeling, "Learning to detect unseen object classes by between-class attribute transfer",
    CVPR 2009, "direct attribute prediction": the product over attributes of p(a|x) / p(a), here in logarithms, p(a)
    being the share of the seen classes that have it. Features are read as yes or no by the mean over the seen classes
    (`BinaryAttributes`). Seen classes are scored by their attributes too.

    `ridge` is in units of the mean eigenvalue of the inputs' second moments; None chooses it by zero-shot accuracy with
    at most 20 examples of each class that trains: each of `folds` groups of seen classes in turn pretends to be unseen;
    of equally good ones, the strongest wins.

    Where we differ from the paper: p(a|x) is a penalised logistic regression instead of a support vector machine with
    Platt scaling. Probabilities are kept 1e-6 away from 0 and 1.

    Example:
        >>> from kgzsl.graph.knowledge_graph import KnowledgeGraph
        >>> graph = KnowledgeGraph.from_tables(["cat", "dog", "lion"], [("lion", "related_to", "cat")])
        >>> purrs_and_barks = np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 0.0]], dtype=np.float32)
        >>> targets = np.eye(2, dtype=np.float32)
        >>> supervision = Supervision(("cat", "dog"), targets, "prototype", inputs=targets, labels=np.array([0, 1]))
        >>> model = DAP(ridge=0.1).fit(graph.index, purrs_and_barks, supervision)
        >>> model.scores(targets, graph.index, purrs_and_barks, concepts=["lion", "dog"]).round(2)
        array([[ 1.03, -2.24],
               [-2.24,  1.03]], dtype=float32)

    """

    ridge: float | None = None
    folds: int = 3

    def __post_init__(self) -> None:
        require_settings(positive={"ridge": self.ridge}, folds=self.folds)

    def settled(self, fitted: "FittedDAP") -> "DAP":
        """The same method with the ridge that `fitted` chose."""
        return replace(self, ridge=fitted.report["ridge"])

    @showing_progress
    def fit(self, index: GraphIndex, features: FloatArray, supervision: Supervision) -> "FittedDAP":
        """Read the attributes as yes or no, choose the ridge if none is given, and learn each attribute.

        Raises `InputFormatError` without examples, if no attribute differs among the seen classes, and if a ridge has
        to be chosen among fewer than four classes.
        """
        frame, inputs, labels, rows = framed_examples(index, features, supervision, "DAP")
        attributes = BinaryAttributes.of(rows)
        report: dict[str, Any] = {"ridge": self.ridge, "chosen_by": "given"}
        if self.ridge is None:
            report = self._choose(inputs, labels, rows, supervision.random_state)
        (found,) = logistic_regressions(inputs, attributes.has(rows)[labels], [report["ridge"]])
        slopes = found[:-1] / frame.scale
        counts = {"num_attributes": len(attributes.used), "num_left_out": rows.shape[1] - len(attributes.used)}
        return FittedDAP(
            classes=supervision.classes,
            slopes=slopes,
            intercepts=np.asarray(found[-1] - frame.mean @ slopes),
            thresholds=attributes.thresholds,
            used=attributes.used,
            priors=attributes.priors,
            report={**counts, **report},
        )

    def _choose(self, inputs: FloatArray, labels: IntArray, rows: Array, random_state: int) -> dict[str, Any]:
        folds = seen_folds(len(rows), self.folds, random_state, advice="give ridge=")
        few = few_examples(labels, EXAMPLES_A_CLASS, random_state)

        def without(place: int) -> ScoreTables:
            rest = np.setdiff1d(np.arange(len(rows)), folds[place])
            attributes = BinaryAttributes.of(rows[rest])
            kept = few[np.isin(labels[few], rest)]
            answers = attributes.has(rows)[labels[kept]]
            found = logistic_regressions(inputs[kept], answers, RIDGES)
            new = attributes.has(rows[folds[place]])

            def tables(samples: Array) -> Iterator[Array]:
                for coefficients in found:
                    probabilities = expit(samples @ coefficients[:-1] + coefficients[-1])
                    yield attribute_scores(probabilities, attributes.priors, new)

            return tables

        ridge, report = chosen_setting(RIDGES, inputs, labels, folds, without, prefers_last=True)
        return {"ridge": ridge, **report}


@dataclass(frozen=True, eq=False)
class FittedDAP(Stored):
    """A logistic regression an attribute: `slopes` `[dim, len(used)]` and `intercepts` `[len(used)]`.

    `thresholds` `[num_features]`, `used` and `priors` are those of `BinaryAttributes`. It is not linear in the inputs,
    so there are no weights to ask for.

    >>> import numpy as np
    >>> from kgzsl.baselines import DAP
    >>> from kgzsl.testing import example_graph, example_supervision
    >>> features = np.random.default_rng(0).normal(size=(12, 4)).astype(np.float32)
    >>> index, given = example_graph().index, example_supervision()
    >>> fitted = DAP().fit(index, features, given)
    >>> fitted.classes[:2], fitted.slopes.shape
    (('cat', 'dog'), (5, 4))
    """

    log_odds: ClassVar[bool] = True
    """Softmax of its scores is meant as it is."""

    classes: tuple[str, ...]
    slopes: Array
    intercepts: Array
    thresholds: Array
    used: NDArray[np.int64]
    priors: Array
    report: Mapping[str, Any] = field(default_factory=dict)

    def probabilities(self, inputs: FloatArray) -> NDArray[np.float64]:
        """p(a|x) of the attributes used, `[num_samples, len(used)]`."""
        return np.asarray(expit(inputs @ self.slopes + self.intercepts))

    def scores(
        self, inputs: FloatArray, index: GraphIndex, features: FloatArray, *, concepts: Sequence[str] | None = None
    ) -> FloatArray:
        """Σ log(p(a|x) / p(a)) `[num_samples, len(concepts)]`; all concepts of the index if none are named."""
        attributes = BinaryAttributes(self.thresholds, self.used, self.priors)
        has = attributes.has(class_features(index, features, concepts, dim=len(self.thresholds)))
        return attribute_scores(self.probabilities(inputs), attributes.priors, has).astype(np.float32)
