"""The estimator: examples of some classes in, predictions and explanations over all classes out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import softmax
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from kgzsl.decision.asking import decision_for
from kgzsl.decision.calibration import Calibration, calibrate, is_calibration
from kgzsl.decision.classes import Classes, LabelSpace, require_disjoint
from kgzsl.decision.fitting import Examples, FitReport, Settings, fit_problem, relation_names, resolve_propagator
from kgzsl.decision.inputs import InputScale, class_means, require_finite
from kgzsl.decision.problem import Problem
from kgzsl.errors import InputFormatError, InvalidGraphError, KgzslWarning, SplitError, listing
from kgzsl.explain import Explanation, explain
from kgzsl.features import resolve_features
from kgzsl.graph.knowledge_graph import KnowledgeGraph
from kgzsl.query.grounding import ground_classes

__all__ = ["TopClasses", "ZeroShotClassifier"]


@dataclass(frozen=True, eq=False)
class TopClasses:
    """The best classes of each input: `labels` and `probabilities` `[num_samples, k]`, best first.

    Iterating gives, for each input, its (label, probability) pairs.
    """

    labels: NDArray[Any]
    probabilities: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, row: int) -> tuple[tuple[Any, float], ...]:
        pairs = zip(self.labels[row].tolist(), self.probabilities[row].tolist(), strict=True)
        return tuple(pairs)

    def __iter__(self) -> Iterator[tuple[tuple[Any, float], ...]]:
        return (self[row] for row in range(len(self)))


class ZeroShotClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """Recognises classes without examples by what a knowledge graph says of them.

    Parameters
    ----------
    graph
        The knowledge graph. None makes a plain nearest-mean classifier of the seen classes.
    features
        What describes concepts: "text", "sentence", a word-vector file, an attribute table, a matrix, an encoder.
    propagator
        "graph-gp" (closed form, explained exactly), "sgcn", "gcnz", "dgp", "dgpm", the baselines "conse" and "eszsl",
        or an object with `fit(index, features, supervision)`.
    unseen
        Classes without examples: concept ids, or names that one concept bears. `add_class` brings in more later.
    calibration
        The correction of the bias towards seen classes (calibrated stacking; Chao et al., ECCV 2016): "stacking"
        chooses gamma on seen classes that are pretended to be unseen, a number is gamma itself, None takes nothing
        off. Gamma is subtracted from the scores of seen classes.
    relations
        Relations, or kinds of relations, to propagate over. None stands for the taxonomic ones.
    random_state
        Seed; None counts as 0, so the same input always gives the same model.

    Attributes
    ----------
    classes_
        Labels of all classes, seen ones first: the order of all columns. `seen_classes_`, `unseen_classes_`: its parts.
    concepts_
        The concept id of each class.
    weights_
        `[num_classes, dim]`, float32, unit rows. Seen classes keep their own, unseen ones have what was propagated.
    gamma_, temperature_
        What is taken off the scores of seen classes, and what all are then divided by.
    fit_report_
        Counts, seconds, settings chosen, and the classes that no path connects to a seen one.

    Inputs are centred by the mean of the class means and brought to unit length; a class's weights are the unit mean
    of its inputs, and a score is their cosine. Nothing is chosen on an unseen class.
    """

    def __init__(
        self,
        graph: KnowledgeGraph | None = None,
        *,
        features: Any = "text",
        propagator: Any = "graph-gp",
        unseen: Sequence[str] | None = None,
        calibration: str | float | None = None,
        relations: Sequence[str] | str | None = None,
        random_state: int | None = None,
    ) -> None:
        self.graph = graph
        self.features = features
        self.propagator = propagator
        self.unseen = unseen
        self.calibration = calibration
        self.relations = relations
        self.random_state = random_state

    # -- fitting ---------------------------------------------------------------------------------------------

    def fit(self, X: ArrayLike, y: ArrayLike) -> ZeroShotClassifier:
        """Learn from inputs `[num_samples, dim]` and the label of each.

        With a graph, labels are concept ids, alternate ids, or names that one concept bears. Every label that is
        unknown or ambiguous is reported at once, before anything is computed.
        """
        self._check_parameters()
        inputs, targets = self._validated(X, y)
        labels, places = np.unique(targets, return_inverse=True)
        classes = self._classes(labels.tolist())
        means = class_means(inputs, places, len(labels))
        return self._fit(Examples(classes, means, "prototype", inputs, places.astype(np.int64)))

    def fit_weights(
        self,
        weights: ArrayLike,
        classes: Sequence[str],
        *,
        kind: Literal["linear", "prototype"] = "linear",
        X: ArrayLike | None = None,
        y: ArrayLike | None = None,
    ) -> ZeroShotClassifier:
        """Learn from a trained network's last layer, or from class means, instead of examples.

        `weights` `[len(classes), dim + 1]` with the bias as the last column (kind "linear"), or class means
        `[len(classes), dim]` (kind "prototype"). Examples `X`, `y` of these classes are optional; settings, gamma and
        temperature are chosen on them.
        """
        self._check_parameters()
        if kind not in ("linear", "prototype"):
            raise InputFormatError(f'kind is "linear" or "prototype", not {kind!r}')
        matrix = np.array(weights, dtype=np.float64, ndmin=2)
        labels = list(classes)
        if len(matrix) != len(labels) or not labels:
            raise InputFormatError(
                f"{len(matrix)} rows of weights for {len(labels)} classes: one row a class is needed"
            )
        require_finite(matrix, "weights")
        self.n_features_in_ = matrix.shape[1] - (kind == "linear")
        known = self._classes(labels)
        inputs, places = None, None
        if X is not None and y is not None:
            inputs, targets = self._validated(X, y, reset=False)
            places = _places(known, targets)
        elif X is not None or y is not None:
            raise InputFormatError("X and y come together, or not at all")
        return self._fit(Examples(known, matrix, kind, inputs, places))

    def _check_parameters(self) -> None:
        if not is_calibration(self.calibration):
            raise InputFormatError(f'calibration is None, "stacking" or a number, not {self.calibration!r}')
        if self.graph is None:
            if self.unseen is not None and len(self.unseen):
                raise SplitError("unseen classes need a graph that says what they are: give graph=")
        elif not isinstance(self.graph, KnowledgeGraph):
            raise InputFormatError(
                f"graph is a KnowledgeGraph, not {type(self.graph).__name__}; from_networkx makes one"
            )
        elif not len(self.graph):
            raise InvalidGraphError(f"graph {self.graph.name} has no concepts; there is nothing to propagate over")

    def _validated(self, X: ArrayLike, y: ArrayLike, *, reset: bool = True) -> tuple[NDArray[Any], NDArray[Any]]:
        inputs, targets = _named_errors(
            validate_data, self, X, y, reset=reset, ensure_all_finite=False, dtype="numeric", y_numeric=False
        )
        _named_errors(check_classification_targets, targets)
        require_finite(inputs, "X")
        return inputs, targets

    def _classes(self, seen: Sequence[Any]) -> Classes:
        """Classes grounded in the graph, every fault reported at once."""
        unseen = [] if self.unseen is None else list(self.unseen)
        if self.graph is None:
            return Classes(tuple(seen), tuple(str(label) for label in seen), len(seen))
        require_disjoint([str(label) for label in seen], [str(label) for label in unseen])
        concepts = ground_classes(self.graph, dict.fromkeys([*seen, *unseen]))
        if len(concepts) < len(seen) + len(unseen):
            twice = sorted({str(label) for label in [*seen, *unseen] if [*seen, *unseen].count(label) > 1})
            raise InputFormatError(f"classes named twice: {listing(twice)}; name each once")
        return Classes((*seen, *unseen), concepts, len(seen))

    def _fit(self, examples: Examples) -> ZeroShotClassifier:
        if self.graph is None:
            kind_mean = examples.weights.mean(axis=0) if examples.kind == "prototype" else np.zeros(self.n_features_in_)
            scale = InputScale(examples.kind, kind_mean)
            given = Calibration(0.0, calibrate(None, []).temperature, "default")
            problem = Problem(examples.classes, scale, scale.targets(examples.weights), given)
            return self._take(problem, None)
        propagator, relations = resolve_propagator(self.propagator, relation_names(self.relations))
        encoder = resolve_features(self.features, self.graph)
        settings = Settings(self.graph, encoder, propagator, self.calibration, relations, int(self.random_state or 0))
        problem, report = fit_problem(settings, examples)
        if report.unreachable:
            _warn_unreachable(report)
        return self._take(problem, report)

    def _take(self, problem: Problem, report: FitReport | None, *, num_inputs: int | None = None) -> ZeroShotClassifier:
        self.problem_ = problem
        self.fit_report_ = report
        if num_inputs is not None:
            self.n_features_in_ = num_inputs
        return self

    # -- what was learned --------------------------------------------------------------------------------------

    @property
    def classes_(self) -> NDArray[Any]:
        """Labels of all classes, seen ones first."""
        return self._fitted().classes.array

    @property
    def seen_classes_(self) -> NDArray[Any]:
        """Labels of the classes with examples."""
        classes = self._fitted().classes
        return classes.array[: classes.num_seen]

    @property
    def unseen_classes_(self) -> NDArray[Any]:
        """Labels of the classes without examples."""
        classes = self._fitted().classes
        return classes.array[classes.num_seen :]

    @property
    def concepts_(self) -> tuple[str, ...]:
        """The concept id of each class, in the order of `classes_`."""
        return self._fitted().classes.concepts

    @property
    def weights_(self) -> NDArray[np.float32]:
        """Unit weight rows of all classes, in the order of `classes_`."""
        return self._fitted().weights

    @property
    def gamma_(self) -> float:
        """What is taken off the scores of seen classes."""
        return self._fitted().calibration.gamma

    @property
    def temperature_(self) -> float:
        """What scores are divided by to be log odds."""
        return self._fitted().calibration.temperature

    def _fitted(self) -> Problem:
        check_is_fitted(self, "problem_")
        problem: Problem = self.problem_
        return problem

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "problem_")

    # -- predicting ------------------------------------------------------------------------------------------

    def class_labels(self, label_space: LabelSpace = "all") -> NDArray[Any]:
        """Labels of the classes in a label space, in the order of the columns of its scores."""
        classes = self._fitted().classes
        return classes.array[classes.places(label_space)]

    def _scores(self, X: ArrayLike, label_space: LabelSpace) -> tuple[NDArray[np.float64], list[int]]:
        problem = self._fitted()
        places = problem.classes.places(label_space)
        inputs = _named_errors(validate_data, self, X, reset=False, ensure_all_finite=False)
        require_finite(inputs, "X")
        return problem.scores(problem.scale.prepare(inputs), places), places

    def decision_function(self, X: ArrayLike, *, label_space: LabelSpace = "all") -> NDArray[np.float64]:
        """Scores `[num_samples, num_classes]` in log odds: gamma taken off seen classes, divided by the temperature.

        A plain classifier (no unseen class) of two classes gives `[num_samples]`, the second class's score less the
        first's, as scikit-learn has it.
        """
        scores, _ = self._scores(X, label_space)
        if label_space == "all" and scores.shape[1] == 2 and not len(self.unseen_classes_):
            difference: NDArray[np.float64] = scores[:, 1] - scores[:, 0]
            return difference
        return scores

    def predict(self, X: ArrayLike, *, label_space: LabelSpace = "all") -> NDArray[Any]:
        """The class of each input among those of the label space: "all", "seen", "unseen" or a list of classes."""
        scores, places = self._scores(X, label_space)
        return self.classes_[np.array(places)[scores.argmax(axis=1)]]

    def predict_proba(self, X: ArrayLike, *, label_space: LabelSpace = "all") -> NDArray[np.float64]:
        """Probabilities over the label space `[num_samples, num_classes]`; rows add up to 1."""
        scores, _ = self._scores(X, label_space)
        return np.asarray(softmax(scores, axis=1))

    def predict_top(self, X: ArrayLike, *, k: int = 5, label_space: LabelSpace = "all") -> TopClasses:
        """The k most probable classes of each input, best first; all of them if there are fewer."""
        if k < 1:
            raise InputFormatError(f"k is at least 1, not {k!r}")
        scores, places = self._scores(X, label_space)
        order = np.argsort(-scores, axis=1, kind="stable")[:, :k]
        probabilities = np.take_along_axis(softmax(scores, axis=1), order, axis=1)
        return TopClasses(self.classes_[np.array(places)[order]], probabilities)

    # -- classes added later, explanations, files ----------------------------------------------------------------

    def add_class(
        self,
        label: str,
        *,
        edges: Iterable[tuple[str, str, str]] = (),
        definition: str = "",
        aliases: Sequence[str] = (),
        features: ArrayLike | None = None,
    ) -> ZeroShotClassifier:
        """Add one unseen class, without retraining.

        `label` is a concept of the graph, or a new one that `edges` (head, relation, tail) tie to it. Its weights are
        those a fit with the class present gives under the same settings; no other class's weights move. `features`
        is its row of node features, where the encoder cannot make one from its words.
        """
        row = None if features is None else np.asarray(features)
        problem = self._fitted().with_class(label, edges=edges, definition=definition, aliases=aliases, features=row)
        self.problem_ = problem
        return self

    def explain(
        self,
        x: ArrayLike,
        *,
        target: str | None = None,
        against: str | None = "runner-up",
        k: int = 10,
        label_space: LabelSpace = "all",
    ) -> Explanation:
        """Why `target` (None: the prediction), rather than `against`.

        `against` is "runner-up", any other class, or None for the score itself. `label_space` are the classes that
        the prediction and the runner-up are chosen from. The explanation adds up to the margin, in log odds.
        """
        inputs = _named_errors(
            validate_data, self, np.asarray(x, dtype=np.float64).reshape(1, -1), reset=False, ensure_all_finite=False
        )
        require_finite(inputs, "x")
        return explain(decision_for(self._fitted(), inputs, target, against, label_space), k=k)

    def save(self, folder: str | Path, *, overwrite: bool = False) -> Path:
        """Write the fitted classifier to a folder; `kgzsl.load_model` reads it back.

        The folder appears whole or not at all. One that is there already is replaced only with `overwrite`.
        """
        from kgzsl.saving import save_model

        return save_model(self, Path(folder), overwrite=overwrite)


def _named_errors(check: Any, *args: Any, **options: Any) -> Any:
    """The check of scikit-learn, with its complaint about a value as ours; the message stays."""
    try:
        return check(*args, **options)
    except InputFormatError:
        raise
    except ValueError as error:
        raise InputFormatError(str(error)) from error


def _places(known: Classes, targets: NDArray[Any]) -> NDArray[np.int64]:
    """The place of each target among the seen classes, each of which needs an example."""
    found = np.array(known.places(dict.fromkeys(targets.tolist())), dtype=np.int64)
    unseen = [known.labels[place] for place in found if place >= known.num_seen]
    if unseen:
        raise SplitError(
            f"examples of unseen classes: {listing(unseen)}; give them weights or leave them out", overlap=unseen
        )
    without = sorted(set(range(known.num_seen)) - set(found.tolist()))
    if without:
        names = [known.labels[place] for place in without]
        raise SplitError(f"{len(names)} seen class(es) without examples in X, y: {listing(names)}")
    place = dict(zip(dict.fromkeys(targets.tolist()), found.tolist(), strict=True))
    return np.array([place[label] for label in targets.tolist()], dtype=np.int64)


def _warn_unreachable(report: FitReport) -> None:
    import warnings

    warnings.warn(
        f"{len(report.unreachable):,} unseen class(es) have no path to any seen class and are known by their features "
        f"alone: {listing(report.unreachable, limit=5)}; see fit_report_.unreachable",
        KgzslWarning,
        stacklevel=4,
    )
