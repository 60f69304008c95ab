"""The estimator: examples of some classes in, predictions and explanations over all classes out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import softmax
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from kgzsl.decision.addition import Addition
from kgzsl.decision.borrowed import warn_borrowed
from kgzsl.decision.calibration import Calibration, default_temperature, warn_few_classes
from kgzsl.decision.checking import (
    check_parameters,
    checked_weights,
    example_places,
    grounded_problem,
    named_errors,
    path_of,
    unchanged_on_error,
    warn_undirected,
    warn_unreachable,
)
from kgzsl.decision.classes import Classes, LabelSpace
from kgzsl.decision.doors import DecisionDoors
from kgzsl.decision.explains import Explains
from kgzsl.decision.fitting import Examples, Settings, fit_problem
from kgzsl.decision.hubness import check_hubness
from kgzsl.decision.inputs import InputScale, class_means, require_finite
from kgzsl.decision.problem import Problem
from kgzsl.decision.propagators import relation_names, resolve_propagator
from kgzsl.decision.report import FitReport
from kgzsl.decision.top import TopClasses, top_classes
from kgzsl.display.progress import shown
from kgzsl.errors import InputFormatError
from kgzsl.features import resolve_features
from kgzsl.graph.knowledge_graph import KnowledgeGraph
from kgzsl.graph.relation import Relation
from kgzsl.saving import save_model

__all__ = ["TopClasses", "ZeroShotClassifier"]


class ZeroShotClassifier(Explains, DecisionDoors, ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """Recognises classes without examples by what a knowledge graph says of them.

    Parameters
    ----------
    graph
        The knowledge graph. None makes a plain nearest-mean classifier of the seen classes.
    features
        What describes concepts: "text", "sentence", a word-vector file, an attribute table, a matrix, an encoder.
    propagator
        "graph-gp" (closed form, explained exactly), "sgcn", "gcnz", "dgp", "dgpm", "rgcn", a baseline of
        `kgzsl.baselines` ("conse", "eszsl", "sae", "sync", "exem", "prototype", "devise", "ale", "sje", "dap", "iap",
        "clip"), or an object with `fit(index, features, supervision)`.
    unseen
        Classes without examples: concept ids, or names that one concept bears. `add_class` brings in more later.
    calibration
        The correction of the bias towards seen classes (calibrated stacking; Chao et al., ECCV 2016): "stacking"
        chooses gamma on seen classes that are pretended to be unseen; of less than 32 it is a guess, held back where it
        would cost them much of their accuracy, which `fit_report_` tells. A number is gamma itself, None takes nothing
        off. Gamma is subtracted from the scores of seen classes.
    relations
        Relations, or kinds of relations, to propagate over. None stands for taxonomic and attribute relations: what a
        class is, and what properties it has. `fit_report_.unused` counts what else the graph says of the classes.
    hubness
        What is taken off the score of a class that lies near to all inputs: "csls" or "inverted-softmax" (see
        `kgzsl.decision.hubness`), measured on the examples, or nothing (None).
    random_state
        Seed; None counts as 0, so the same input always gives the same model.
    show_progress
        Bars of whatever takes more than two seconds, in a fit and in all that is asked of it: None draws them in a
        terminal or notebook and nothing in a pipe, False never, True always. It is no part of a saved model.

    Attributes
    ----------
    classes_
        Labels of all classes, seen ones first: the order of all columns. `seen_classes_`, `unseen_classes_`: its parts.
    concepts_
        The concept id of each class.
    weights_
        `[num_classes, dim]`, unit rows. Seen classes keep their own, unseen ones have what was propagated.
    gamma_, temperature_
        What is taken off the scores of seen classes, and what all are then divided by.
    fit_report_
        Counts, seconds, settings chosen, and the classes that no path connects to a seen one.

    Inputs are centred by the mean of the class means and brought to unit length; a class's weights are the unit mean
    of its inputs, and a score is their cosine. Nothing is chosen on an unseen class.

    >>> import kgzsl
    >>> from kgzsl.testing import example_graph
    >>> clf = kgzsl.ZeroShotClassifier(example_graph(), unseen=["tiger"])
    >>> claws_feathers_size = [[1, 0, 0], [1, 0, 1], [0, 1, 0]]
    >>> clf = clf.fit(claws_feathers_size, ["cat", "lion", "eagle"])
    >>> clf.predict([[1, 0, 1]], label_space="unseen").tolist(), clf.class_labels("unseen").tolist()
    (['tiger'], ['tiger'])
    >>> clf.decision_function([[1, 0, 1]]).shape
    (1, 4)
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
        hubness: str | None = None,
        random_state: int | None = None,
        show_progress: bool | None = None,
    ) -> None:
        self.graph = graph
        self.features = features
        self.propagator = propagator
        self.unseen = unseen
        self.calibration = calibration
        self.relations = relations
        self.hubness = hubness
        self.random_state = random_state
        self.show_progress = show_progress

    # -- fitting ---------------------------------------------------------------------------------------------

    def fit(self, X: ArrayLike, y: ArrayLike) -> ZeroShotClassifier:
        """Learn from inputs `[num_samples, dim]` and the label of each.

        With a graph, labels are concept ids, alternate ids, or names that one concept bears. Every label that is
        unknown or ambiguous is reported at once, before anything is computed.
        """
        with unchanged_on_error(self), shown(self.show_progress):
            self._check_parameters()
            inputs, targets = self._validated(X, y)
            labels, places = np.unique(targets, return_inverse=True)
            classes = self._classes(labels.tolist())
            means = class_means(inputs, places, len(labels))
            self._fit(Examples(classes, means, "prototype", inputs, places.astype(np.int64)))
        return self

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
        `[len(classes), dim]` (kind "prototype"). Rows that bear names, those of a pandas table, must be named as the
        classes are; where rows and classes do not agree, the error names what is missing and extra. Examples `X`, `y`
        of these classes are optional; settings, gamma and temperature are chosen on them. They should be held-out
        ones: weights that were trained on `X` judge it too kindly.

        >>> import kgzsl
        >>> from kgzsl.testing import example_graph
        >>> clf = kgzsl.ZeroShotClassifier(example_graph(), unseen=["tiger"])
        >>> clf.fit_weights([[1, 0, 0.1], [0, 1, 0.2]], ["cat", "eagle"]).classes_.tolist()
        ['cat', 'eagle', 'tiger']
        """
        with unchanged_on_error(self), shown(self.show_progress):
            self._check_parameters()
            matrix, labels = checked_weights(weights, classes, kind, graph=self.graph, targets=y)
            self.n_features_in_ = matrix.shape[1] - (kind == "linear")
            self.__dict__.pop("feature_names_in_", None)
            known = self._classes(labels)
            inputs, places = None, None
            if X is not None and y is not None:
                inputs, targets = self._validated(X, y, reset=False)
                places = example_places(known, targets)
            elif X is not None or y is not None:
                raise InputFormatError("X and y come together, or not at all")
            self._fit(Examples(known, matrix, kind, inputs, places))
        return self

    def _check_parameters(self) -> None:
        check_parameters(self.graph, self.unseen, self.calibration, self.random_state)
        check_hubness(self.hubness, has_graph=self.graph is not None)

    def _validated(self, X: ArrayLike, y: ArrayLike, *, reset: bool = True) -> tuple[NDArray[Any], NDArray[Any]]:
        inputs, targets = named_errors(
            validate_data, self, X, y, reset=reset, ensure_all_finite=False, dtype="numeric", y_numeric=False
        )
        named_errors(check_classification_targets, targets)
        require_finite(inputs, "X")
        return inputs, targets

    def _classes(self, seen: Sequence[Any]) -> Classes:
        return grounded_problem(self.graph, seen, [] if self.unseen is None else list(self.unseen))

    def _fit(self, examples: Examples) -> None:
        if self.graph is None:
            scale = InputScale.of(examples.kind, examples.weights)
            given = Calibration(0.0, default_temperature(examples.kind, examples.weights), "default")
            self._take(Problem(examples.classes, scale, scale.targets(examples.weights), given), None)
            return
        propagator, relations = resolve_propagator(self.propagator, relation_names(self.relations))
        encoder = resolve_features(self.features, self.graph)
        settings = Settings(
            self.graph, encoder, propagator, self.calibration, relations, int(self.random_state or 0), self.hubness
        )
        problem, report = fit_problem(settings, examples)
        warn_undirected(report.undirected, stacklevel=3)
        warn_unreachable(report.unreachable, "see fit_report_.unreachable", stacklevel=3)
        warn_few_classes(self.calibration, report.num_seen, stacklevel=3)
        self._take(problem, report)

    def _take(
        self,
        problem: Problem,
        report: FitReport | None,
        *,
        num_inputs: int | None = None,
        columns: Sequence[str] = (),
    ) -> ZeroShotClassifier:
        self.problem_ = problem
        if columns:  # those of a table are compared by name, as after the fit
            self.feature_names_in_ = np.array(columns, dtype=object)
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
    def weights_(self) -> NDArray[np.floating[Any]]:
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

    @property
    def graph_(self) -> KnowledgeGraph | None:
        """The whole graph, with the classes added since the fit."""
        return self._fitted().graph

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
        return problem.scores(problem.scale.prepare(self._inputs(X)), places), places

    def _inputs(self, X: ArrayLike) -> NDArray[Any]:
        """Checked inputs `[num_samples, dim]`, as the user gave them."""
        inputs: NDArray[Any] = named_errors(validate_data, self, X, reset=False, ensure_all_finite=False)
        require_finite(inputs, "X")
        return inputs

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
        chosen: NDArray[Any] = self.classes_[np.array(places)[scores.argmax(axis=1)]]
        return chosen

    def predict_proba(self, X: ArrayLike, *, label_space: LabelSpace = "all") -> NDArray[np.float64]:
        """Probabilities over the label space `[num_samples, num_classes]`; rows add up to 1.

        >>> from kgzsl.testing import example_classifier
        >>> example_classifier().predict_proba([[0, 0, 1, 0, 1, 0]], label_space=["lion", "tiger"]).round(2).tolist()
        [[0.14, 0.86]]
        """
        scores, _ = self._scores(X, label_space)
        return np.asarray(softmax(scores, axis=1))

    def predict_top(self, X: ArrayLike, *, k: int = 5, label_space: LabelSpace = "all") -> TopClasses:
        """The k most probable classes of each input, best first; all of them if there are fewer.

        >>> from kgzsl.testing import example_classifier
        >>> example_classifier().predict_top([[0, 0, 1, 0, 1, 0]], k=2).labels.tolist()
        [['tiger', 'lion']]
        """
        scores, places = self._scores(X, label_space)
        return top_classes(scores, self.classes_[np.array(places)], k)

    # -- classes added later, explanations, files ----------------------------------------------------------------

    def add_class(
        self,
        label: str,
        *,
        edges: Iterable[tuple[str, str, str]] | None = (),
        definition: str = "",
        aliases: Sequence[str] | None = (),
        features: ArrayLike | None = None,
        relations: Iterable[Relation] = (),
    ) -> ZeroShotClassifier:
        """Add one unseen class, without retraining.

        `label` is a concept of the graph, or a new one that `edges` (head, relation, tail) tie to it. Its weights are
        those a fit with the class present gives under the same settings; no other class's weights move. They depend
        on the graph at the time of adding: classes added before count, those added later do not change them.
        `relations` describes new relations of the edges, as `KnowledgeGraph.add_edges` takes them.

        `features` is its row of node features, where the encoder cannot make one from its words. The class, or a
        concept above it that comes along, of which the encoder says nothing (no word known, no row in the matrix)
        gets the mean of the nearest concepts above it that have features, else of those below it, else of all;
        a `KgzslWarning` lists them.

        >>> from kgzsl.testing import example_classifier
        >>> clf = example_classifier()
        >>> clf = clf.add_class("puma", edges=[("puma", "is_a", "feline")], definition="a large plain feline")
        >>> clf.unseen_classes_.tolist()
        ['tiger', 'fox', 'puma']
        """
        row = None if features is None else named_errors(np.asarray, features, dtype=np.float64)
        addition = Addition.stated(
            label, () if edges is None else edges, definition, () if aliases is None else aliases, relations
        )
        problem = self._fitted().with_class(addition, features=row)
        warn_borrowed(problem.additions[-1].borrowed, stacklevel=2)
        advice = "give add_class edges that lead to it, of relations that the fit goes over (relations=)"
        warn_unreachable(problem.unreached_addition(), advice, stacklevel=2)
        self.problem_ = problem
        return self

    def save(self, folder: str | Path, *, overwrite: bool = False) -> Path:
        """Write the fitted classifier to a folder; `kgzsl.load_model` reads it back.

        The folder appears whole or not at all. One that is there already is replaced only with `overwrite`.

        >>> import tempfile
        >>> from kgzsl.testing import example_classifier
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     sorted(file.name for file in example_classifier().save(f"{folder}/model").iterdir())
        ['arrays.safetensors', 'graph', 'manifest.json', 'model.json']
        """
        columns = [str(name) for name in getattr(self, "feature_names_in_", ())]
        return save_model(
            self._fitted(), self.get_params(deep=False), path_of(folder), columns=columns, overwrite=overwrite
        )
