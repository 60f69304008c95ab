"""SynC: classifiers mixed from those of phantom classes, which stand where the seen classes are."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.distance import cdist
from scipy.special import softmax

from kgzsl.baselines.choosing import chosen_setting, each_map, left_out_features
from kgzsl.baselines.contract import class_features, showing_progress, unit_rows
from kgzsl.baselines.eszsl_solution import Moments
from kgzsl.baselines.exemplars import median_distance
from kgzsl.baselines.frames import InputFrame, framed_examples
from kgzsl.baselines.selection import ScoreTables, given_or, require_settings, seen_folds
from kgzsl.baselines.stored import LinearForms
from kgzsl.contracts import FloatArray, Supervision
from kgzsl.graph.index import GraphIndex

__all__ = ["FittedSynC", "SynC", "similarities"]

Array = NDArray[np.float64]
IntArray = NDArray[np.int64]

BANDWIDTHS = tuple(2.0 ** (power / 2) for power in range(-8, 3))
RIDGES = tuple(10.0**power for power in range(-3, 3))


@dataclass(frozen=True)
class SynC:
    """Gives a concept the mixture Σ s_r v_r of phantom classifiers, s being softmax(-d²(concept, phantom) / σ²).

    Changpinyo, Chao, Gong and Sha, "Synthesized classifiers for zero-shot learning", CVPR 2016, section 3, in the
    one-versus-other form with a phantom at each seen class. As the penalty is on the classifiers W of the seen classes
    and as many phantoms as classes can give any W, those are trained as if alone and the phantoms are V = S^-1 W. If
    every class is similar to itself alone, V = W.

    `bandwidth` is σ² in units of the median squared distance of seen classes, `ridge` the paper's λ in units of the
    mean eigenvalue of XXᵀ. What is None is chosen by zero-shot accuracy: each of `folds` groups of seen classes in turn
    pretends to be unseen; of equally good settings, the first of ascending bandwidths and ridges.

    Where we differ from the paper: the squared loss, which has a closed form, instead of the squared hinge; and
    inputs and features are taken from their means, features with unit length. That the right sides Y are -1 almost
    everywhere would else give all classes a common part, the longer the less the examples are centred.

    Example:
        >>> from kgzsl.graph.knowledge_graph import KnowledgeGraph
        >>> graph = KnowledgeGraph.from_tables(["cat", "dog", "lion"], [("lion", "related_to", "cat")])
        >>> features = np.array([[1.0, 0.0], [0.0, 1.0], [0.9, 0.1]], dtype=np.float32)
        >>> targets = np.eye(2, dtype=np.float32)
        >>> supervision = Supervision(("cat", "dog"), targets, "prototype", inputs=targets, labels=np.array([0, 1]))
        >>> model = SynC(bandwidth=1.0, ridge=1.0).fit(graph.index, features, supervision)
        >>> model.scores(targets, graph.index, features, concepts=["lion", "dog"]).round(2)
        array([[ 0.67, -0.67],
               [-0.67,  0.67]], dtype=float32)

    """

    bandwidth: float | None = None
    ridge: float | None = None
    folds: int = 5

    def __post_init__(self) -> None:
        require_settings(positive={"bandwidth": self.bandwidth, "ridge": self.ridge}, folds=self.folds)

    def settled(self, fitted: "FittedSynC") -> "SynC":
        """The same method with the bandwidth and the ridge that `fitted` chose."""
        return replace(self, bandwidth=fitted.report["bandwidth"], ridge=fitted.report["ridge"])

    @showing_progress
    def fit(self, index: GraphIndex, features: FloatArray, supervision: Supervision) -> "FittedSynC":
        """Choose what is None, train the seen classifiers and solve for the phantoms.

        Raises `InputFormatError` without examples, and if something has to be chosen among fewer than four classes.
        """
        frame, inputs, labels, rows = framed_examples(index, features, supervision, "SynC")
        bandwidths, ridges = given_or(self.bandwidth, BANDWIDTHS), given_or(self.ridge, RIDGES)
        choice, report = (bandwidths[0], ridges[0]), {"chosen_by": "given"}
        if len(bandwidths) > 1 or len(ridges) > 1:
            choice, report = self._choose(inputs, labels, rows, supervision.random_state, (bandwidths, ridges))
        everyone = np.arange(len(rows))
        mean = rows.mean(axis=0)
        described = unit_rows(rows - mean)
        variance = choice[0] * median_distance(described)
        (classifiers,), origin = one_versus_other(Moments.of(inputs, labels, [everyone]), everyone, choice[1:])
        return FittedSynC(
            classes=supervision.classes,
            phantoms=described,
            classifiers=phantom_classifiers(similarities(described, described, variance), classifiers),
            feature_mean=mean,
            input_mean=frame.mean,
            input_scale=frame.scale,
            origin=origin if supervision.kind == "prototype" else np.zeros_like(origin),
            variance=variance,
            report={"bandwidth": choice[0], "ridge": choice[1], **report},
        )

    def _choose(
        self,
        inputs: FloatArray,
        labels: IntArray,
        rows: Array,
        random_state: int,
        candidates: tuple[Sequence[float], Sequence[float]],
    ) -> tuple[tuple[float, float], dict[str, Any]]:
        folds = seen_folds(len(rows), self.folds, random_state, advice="give bandwidth= and ridge=")
        moments = Moments.of(inputs, labels, folds)
        settings = [(bandwidth, ridge) for bandwidth in candidates[0] for ridge in candidates[1]]

        def without(place: int) -> ScoreTables:
            rest, known, new = left_out_features(rows, folds[place])
            trained, origin = one_versus_other(moments, rest, candidates[1], left_out=place)
            synthesized = []
            for bandwidth in candidates[0]:
                variance = bandwidth * median_distance(known)
                mixture, among = similarities(new, known, variance), similarities(known, known, variance)
                synthesized += [
                    mixture @ part
                    for part in np.split(phantom_classifiers(among, np.hstack(trained)), len(trained), axis=1)
                ]
            return each_map(synthesized, origin=origin)

        return chosen_setting(settings, inputs, labels, folds, without)


@dataclass(frozen=True, eq=False)
class FittedSynC(LinearForms):
    """`phantoms` `[num_seen, num_features]` with their `classifiers` `[num_seen, dim]`, and the variance σ².

    `origin` `[dim]` is the mean of the prepared examples of kind "prototype", near 0, from which they are scored.

    >>> import numpy as np
    >>> from kgzsl.baselines import SynC
    >>> from kgzsl.testing import example_graph, example_supervision
    >>> features = np.random.default_rng(0).normal(size=(12, 4)).astype(np.float32)
    >>> index, given = example_graph().index, example_supervision()
    >>> fitted = SynC().fit(index, features, given)
    >>> fitted.classes[:2], fitted.phantoms.shape
    (('cat', 'dog'), (6, 4))
    """

    classes: tuple[str, ...]
    phantoms: Array
    classifiers: Array
    feature_mean: Array
    input_mean: Array
    input_scale: float
    origin: Array
    variance: float
    report: Mapping[str, Any] = field(default_factory=dict)

    def weights(self, index: GraphIndex, features: FloatArray, *, concepts: Sequence[str] | None = None) -> FloatArray:
        """Σ s_r v_r of each concept `[len(concepts), dim]`, not of unit length; all concepts if none are named.

        With inputs of kind "linear" they are taken off the inputs' mean, by the last column.
        """
        rows = class_features(index, features, concepts, dim=len(self.feature_mean))
        mixture = similarities(unit_rows(rows - self.feature_mean), self.phantoms, self.variance)
        frame = InputFrame(self.input_mean, self.input_scale)
        return frame.unframed(mixture @ self.classifiers).astype(np.float32)

    def scores(
        self, inputs: FloatArray, index: GraphIndex, features: FloatArray, *, concepts: Sequence[str] | None = None
    ) -> FloatArray:
        """wᵀ(x - origin) `[num_samples, len(concepts)]`; all concepts of the index if none are named."""
        weights = self.weights(index, features, concepts=concepts)
        return np.asarray(inputs @ weights.T - weights @ self.origin, dtype=np.float32)


def similarities(described: Array, phantoms: Array, variance: float) -> Array:
    """Softmax over phantoms of minus the squared distance over the variance, `[num_concepts, num_phantoms]`."""
    return np.asarray(softmax(-cdist(described, phantoms, "sqeuclidean") / variance, axis=1))


def phantom_classifiers(similarity: Array, classifiers: Array) -> Array:
    """The shortest V with S V = W, or as near as it can be where classes are described alike."""
    return np.asarray(np.linalg.lstsq(similarity, classifiers, rcond=1e-10)[0])


def one_versus_other(
    moments: Moments, classes: IntArray, ridges: Sequence[float], *, left_out: int | None = None
) -> tuple[list[Array], Array]:
    """For each λ, W `[num_classes, dim]` with (XXᵀ + λI) Wᵀ = X Y, Y in {-1, 1}; and the mean taken off X first.

    λ is in units of the mean eigenvalue of XXᵀ.
    """
    product = sum((part for place, part in enumerate(moments.products) if place != left_out), np.zeros(()))
    sums, counts = moments.sums[classes], moments.counts[classes]
    origin = sums.sum(axis=0) / counts.sum()
    values, basis = np.linalg.eigh(product - counts.sum() * np.outer(origin, origin))
    values = np.maximum(values, 0.0)
    # of centred inputs the part of all -1 vanishes, and what is left of +1 is the class's own sum, twice
    turned = 2 * (sums - counts[:, None] * origin) @ basis
    unit = float(values.mean()) or 1.0
    return [(turned / (values + ridge * unit)) @ basis.T for ridge in ridges], np.asarray(origin)
