"""EXEM: the mean of a class among the inputs, regressed by a kernel from its features; the nearest one wins."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.distance import cdist

from kgzsl.baselines.choosing import chosen_setting, left_out_features
from kgzsl.baselines.contract import class_features, showing_progress, unit_rows
from kgzsl.baselines.exemplars import Exemplars, kernel_regressions, median_distance
from kgzsl.baselines.frames import framed_examples
from kgzsl.baselines.selection import ScoreTables, given_or, require_settings, seen_folds
from kgzsl.baselines.stored import Stored
from kgzsl.contracts import FloatArray, Supervision
from kgzsl.graph.index import GraphIndex

__all__ = ["EXEM", "FittedEXEM"]

Array = NDArray[np.float64]
IntArray = NDArray[np.int64]

BANDWIDTHS = tuple(2.0 ** (power / 2) for power in range(-6, 7))
RIDGES = tuple(10.0 ** (power / 2) for power in range(-6, 3))


@dataclass(frozen=True)
class EXEM:
    """Scores a concept by the squared distance of the input to its exemplar, which a kernel predicts; the nearest wins.

    Changpinyo, Chao and Sha, "Predicting visual exemplars of unseen classes for zero-shot learning", ICCV 2017: the
    exemplar of a seen class is the mean of its examples after principal component analysis; each coordinate is
    regressed from the class features with the kernel exp(-d² / σ²), and inputs go to the nearest exemplar. With
    `standardize`, each coordinate is divided by its standard deviation within a class, averaged over the seen classes
    (the paper's "EXEM (1NNs)"), else not ("EXEM (1NN)"). At most `num_components` coordinates are kept, 500 in the
    paper.

    `bandwidth` is σ² in units of the median squared distance of seen classes' features, `ridge` what is added to the
    kernel's diagonal. What is None is chosen by zero-shot accuracy: each of `folds` groups of seen classes in turn
    pretends to be unseen; of equally good settings, the first of ascending bandwidths and ridges.

    Where we differ from the paper: ridge regression, which has a closed form and reproduces the seen exemplars as the
    ridge goes to 0, instead of support vector regression; features are taken from the mean of the seen classes and have
    unit length. Seen classes keep their own exemplars. Scores are minus half the squared distances |z - m|², less |z|²
    / 2, which all classes share.

    Example:
        >>> from kgzsl.graph.knowledge_graph import KnowledgeGraph
        >>> graph = KnowledgeGraph.from_tables(["cat", "dog", "lion"], [("lion", "related_to", "cat")])
        >>> features = np.array([[1.0, 0.0], [0.0, 1.0], [0.9, 0.1]], dtype=np.float32)
        >>> targets = np.eye(2, dtype=np.float32)
        >>> supervision = Supervision(("cat", "dog"), targets, "prototype", inputs=targets, labels=np.array([0, 1]))
        >>> model = EXEM(bandwidth=1.0, ridge=0.1).fit(graph.index, features, supervision)
        >>> model.scores(targets, graph.index, features, concepts=["lion", "dog"]).round(2)
        array([[ 0.25, -0.75],
               [-0.62,  0.25]], dtype=float32)

    """

    bandwidth: float | None = None
    ridge: float | None = None
    standardize: bool = True
    num_components: int = 500
    folds: int = 5

    def __post_init__(self) -> None:
        require_settings(
            positive={"bandwidth": self.bandwidth, "ridge": self.ridge},
            counts={"num_components": self.num_components},
            folds=self.folds,
        )

    def settled(self, fitted: "FittedEXEM") -> "EXEM":
        """The same method with the bandwidth and the ridge that `fitted` chose."""
        return replace(self, bandwidth=fitted.report["bandwidth"], ridge=fitted.report["ridge"])

    @showing_progress
    def fit(self, index: GraphIndex, features: FloatArray, supervision: Supervision) -> "FittedEXEM":
        """Choose what is None, find the exemplars and solve the regression.

        Raises `InputFormatError` without examples, and if something has to be chosen among fewer than four classes.
        """
        frame, inputs, labels, rows = framed_examples(index, features, supervision, "EXEM")
        bandwidths, ridges = given_or(self.bandwidth, BANDWIDTHS), given_or(self.ridge, RIDGES)
        choice, report = (bandwidths[0], ridges[0]), {"chosen_by": "given"}
        if len(bandwidths) > 1 or len(ridges) > 1:
            choice, report = self._choose(inputs, labels, rows, supervision.random_state, (bandwidths, ridges))
        mean = rows.mean(axis=0)
        described = unit_rows(rows - mean)
        variance = choice[0] * median_distance(described)
        exemplars = self._exemplars(inputs, labels, np.arange(len(rows)))
        kernel = np.exp(-cdist(described, described, "sqeuclidean") / variance)
        (coefficients,) = kernel_regressions(kernel, exemplars.means, choice[1:])
        return FittedEXEM(
            classes=supervision.classes,
            described=described,
            coefficients=coefficients,
            exemplars=exemplars.means,
            basis=exemplars.basis / frame.scale,
            feature_mean=mean,
            input_mean=frame.mean + frame.scale * exemplars.origin,
            variance=variance,
            report={
                "bandwidth": choice[0],
                "ridge": choice[1],
                "num_components": exemplars.basis.shape[1],
                "explained_variance": exemplars.explained,
                **report,
            },
        )

    def _exemplars(self, inputs: FloatArray, labels: IntArray, classes: IntArray) -> Exemplars:
        return Exemplars.of(inputs, labels, classes, num_components=self.num_components, standardize=self.standardize)

    def _choose(
        self,
        inputs: FloatArray,
        labels: IntArray,
        rows: Array,
        random_state: int,
        candidates: tuple[Sequence[float], Sequence[float]],
    ) -> tuple[tuple[float, float], dict[str, Any]]:
        folds = seen_folds(len(rows), self.folds, random_state, advice="give bandwidth= and ridge=")
        settings = [(bandwidth, ridge) for bandwidth in candidates[0] for ridge in candidates[1]]

        def without(place: int) -> ScoreTables:
            rest, known, new = left_out_features(rows, folds[place])
            exemplars = self._exemplars(inputs, labels, rest)
            predicted = []
            for bandwidth in candidates[0]:
                variance = bandwidth * median_distance(known)
                among, across = (np.exp(-cdist(some, known, "sqeuclidean") / variance) for some in (known, new))
                origin = exemplars.means.mean(axis=0)
                found = kernel_regressions(among, exemplars.means, candidates[1])
                predicted += [origin + across @ coefficients for coefficients in found]

            def tables(samples: Array) -> Iterator[Array]:
                reduced = exemplars.reduced(samples)
                for means in predicted:
                    yield reduced @ means.T - np.sum(means**2, axis=1) / 2

            return tables

        return chosen_setting(settings, inputs, labels, folds, without)


@dataclass(frozen=True, eq=False)
class FittedEXEM(Stored):
    """The seen classes' `exemplars` `[num_seen, num_components]`, and the regression that predicts others.

    `basis` `[dim, num_components]` reduces inputs less `input_mean`; `described` are the seen classes' features as the
    kernel compares them. Distances are not linear in inputs without a constant, so there are no weights to ask for.

    >>> import numpy as np
    >>> from kgzsl.baselines import EXEM
    >>> from kgzsl.testing import example_graph, example_supervision
    >>> features = np.random.default_rng(0).normal(size=(12, 4)).astype(np.float32)
    >>> index, given = example_graph().index, example_supervision()
    >>> fitted = EXEM().fit(index, features, given)
    >>> fitted.classes[:2], fitted.exemplars.shape
    (('cat', 'dog'), (6, 5))
    """

    classes: tuple[str, ...]
    described: Array
    coefficients: Array
    exemplars: Array
    basis: Array
    feature_mean: Array
    input_mean: Array
    variance: float
    report: Mapping[str, Any] = field(default_factory=dict)

    def predicted(
        self, index: GraphIndex, features: FloatArray, *, concepts: Sequence[str] | None = None
    ) -> NDArray[np.float64]:
        """What the regression says of each concept, seen ones too: `[len(concepts), num_components]`."""
        rows = class_features(index, features, concepts, dim=len(self.feature_mean))
        kernel = np.exp(-cdist(unit_rows(rows - self.feature_mean), self.described, "sqeuclidean") / self.variance)
        return np.asarray(self.exemplars.mean(axis=0) + kernel @ self.coefficients)

    def scores(
        self, inputs: FloatArray, index: GraphIndex, features: FloatArray, *, concepts: Sequence[str] | None = None
    ) -> FloatArray:
        """zᵀm - |m|² / 2 of reduced inputs z and exemplars m, `[num_samples, len(concepts)]`; None: all concepts.

        A seen class stands at its own exemplar, any other concept where it is predicted.
        """
        means = self.predicted(index, features, concepts=concepts)
        place = {class_: number for number, class_ in enumerate(self.classes)}
        for row, concept in enumerate(index.ids if concepts is None else concepts):
            if concept in place:
                means[row] = self.exemplars[place[concept]]
        reduced = (inputs - self.input_mean) @ self.basis
        return np.asarray(reduced @ means.T - np.sum(means**2, axis=1) / 2, dtype=np.float32)
