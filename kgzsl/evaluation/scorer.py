"""What an evaluation asks of a classifier: its classes, and their scores, a bounded number of rows at a time."""

import difflib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

import numpy as np
import polars as pl
from numpy.typing import ArrayLike, NDArray

from kgzsl.errors import AmbiguousLabelError, InputFormatError, SplitError, UnknownConceptError, listing
from kgzsl.evaluation.metrics import checked
from kgzsl.graph.knowledge_graph import KnowledgeGraph

__all__ = ["Candidates", "KnownClasses", "Sample", "Scorer"]

_SCORES_AT_ONCE = 2**24


class Scorer(Protocol):
    """What `evaluate` asks of a classifier.

    Calibration is already part of the scores. Where they exist, `gamma_` and `random_state` are put on record, and
    `concepts_` (concept ids in the order of `class_labels("all")`) with `graph_` or `graph` let labels be given as
    anything the graph resolves and give hierarchical precision. `predict_set`, as `ZeroShotClassifier` has it, gives
    the coverage and the sizes of conformal sets.

    >>> from kgzsl.testing import example_classifier
    >>> scorer: Scorer = example_classifier()
    >>> scorer.class_labels("unseen").tolist()
    ['tiger', 'fox']
    """

    def class_labels(self, label_space: str) -> Any:
        """Labels of the columns of `decision_function`, for "all", "seen" and "unseen"."""
        ...

    def decision_function(self, X: Any, *, label_space: str) -> Any:
        """Scores `[num_samples, num_classes]`, the higher the likelier."""
        ...


@dataclass(frozen=True)
class Sample:
    """Test rows of one side, under names where the classifier learnt names, and the classifier's label of each."""

    X: NDArray[Any] | pl.DataFrame
    labels: tuple[Any, ...]


@dataclass(frozen=True)
class Candidates:
    """Columns of the scores in one label space."""

    label_space: str
    labels: tuple[Any, ...]
    place: Mapping[Any, int]

    @classmethod
    def of(cls, clf: Scorer, label_space: str) -> "Candidates":
        """The columns as the classifier names them."""
        labels = plain(clf.class_labels(label_space))
        if not labels:
            raise SplitError(f"the classifier has no {'' if label_space == 'all' else label_space + ' '}classes")
        return cls(label_space, labels, {label: place for place, label in enumerate(labels)})

    def places(self, labels: Sequence[Any]) -> NDArray[np.int64]:
        """Columns of these labels."""
        return np.array([self.place[label] for label in labels], dtype=np.int64)

    def batches(self, clf: Scorer, sample: Sample) -> Iterator[tuple[NDArray[Any], NDArray[np.int64]]]:
        """Scores of the rows, part after part, and the column of each row's own class."""
        step = max(1, _SCORES_AT_ONCE // len(self.labels))
        for start in range(0, len(sample.labels), step):
            part = slice(start, start + step)
            places = self.places(sample.labels[part])
            scores = np.asarray(clf.decision_function(sample.X[part], label_space=self.label_space))
            if scores.shape != (len(places), len(self.labels)):
                raise InputFormatError(
                    f"decision_function gave scores of shape {scores.shape} for {len(places):,} samples and "
                    f"{len(self.labels):,} classes (label_space={self.label_space!r})"
                )
            yield checked(scores, places)


@dataclass(frozen=True)
class KnownClasses:
    """All classes of a classifier by side, and the concepts they stand for where it says so."""

    everything: Candidates
    seen: Candidates
    unseen: Candidates
    graph: KnowledgeGraph | None
    concept: Mapping[Any, str]
    inputs: tuple[str, ...] = ()
    """Names of the columns of a table that the classifier learnt from, as scikit-learn keeps them; () for none."""

    @classmethod
    def of(cls, clf: Scorer) -> "KnownClasses":
        """Ask the classifier."""
        lacking = [name for name in ("class_labels", "decision_function") if not callable(getattr(clf, name, None))]
        if lacking:
            raise InputFormatError(
                f"evaluate needs a classifier with {' and '.join(lacking)}, such as a fitted "
                f"kgzsl.ZeroShotClassifier; {type(clf).__name__} has none"
            )
        everything, seen, unseen = (Candidates.of(clf, space) for space in ("all", "seen", "unseen"))
        graph = getattr(clf, "graph_", None) or getattr(clf, "graph", None)
        concepts = getattr(clf, "concepts_", None)
        named = graph is not None and concepts is not None
        return cls(
            everything,
            seen,
            unseen,
            graph if named else None,
            dict(zip(everything.labels, plain(concepts), strict=True)) if named else {},
            tuple(str(name) for name in getattr(clf, "feature_names_in_", ())),
        )

    @cached_property
    def _label_of(self) -> dict[str, Any]:
        return {concept: label for label, concept in self.concept.items()}

    def name(self, label: Any) -> str | None:
        """What the graph calls a class; None if it does not know it."""
        if self.graph is None or label not in self.concept:
            return None
        columns = self.graph.concept_columns
        row = columns.row(self.concept[label])
        return None if row is None else str(columns.cell(row, "label"))

    @property
    def not_in_graph(self) -> list[str]:
        """Concepts of unseen classes that the graph does not have, such as those of classes added later."""
        return (
            sorted(self.concept[label] for label in self.unseen.labels if self.concept[label] not in self.graph)
            if self.graph is not None
            else []
        )

    def samples(self, X_seen: Any, y_seen: Any, X_unseen: Any, y_unseen: Any) -> tuple[Sample, Sample]:
        """Both sides, every label as the classifier has it; all that is wrong with labels is reported at once."""
        (X_s, given_s), (X_u, given_u) = _side("seen", X_seen, y_seen), _side("unseen", X_unseen, y_unseen)
        known = {given: self.label_of(given) for given in dict.fromkeys((*given_s, *given_u))}
        unknown = sorted(str(given) for given, label in known.items() if label is None)
        if unknown:
            raise InputFormatError(self._complaint(unknown))
        seen, unseen = tuple(known[given] for given in given_s), tuple(known[given] for given in given_u)
        _require_side("y_unseen", unseen, self.seen)
        _require_side("y_seen", seen, self.unseen)
        return Sample(self._named(X_s, X_seen), seen), Sample(self._named(X_u, X_unseen), unseen)

    def _named(self, rows: NDArray[Any], given: Any) -> NDArray[Any] | pl.DataFrame:
        """Rows under the names they came with, which the classifier compares with its own; without any, by order."""
        if not self.inputs or rows.shape[1] != len(self.inputs):
            return rows
        columns = getattr(given, "columns", None)
        names = list(columns) if isinstance(columns, Iterable) else []
        is_named = bool(names) and all(isinstance(name, str) for name in names)
        return pl.DataFrame(rows, schema=names if is_named else list(self.inputs), orient="row")

    def label_of(self, given: Any) -> Any:
        """The classifier's label: the same, or the one whose concept is meant; None if there is none."""
        if given in self.everything.place:
            return given
        if given in self._label_of or self.graph is None:
            return self._label_of.get(given)
        try:
            return self._label_of.get(self.graph.resolve(given))
        except (UnknownConceptError, AmbiguousLabelError):
            return None

    def _complaint(self, unknown: Sequence[str]) -> str:
        nearest = difflib.get_close_matches(unknown[0], [str(label) for label in self.everything.labels], n=3)
        return f"the classifier has no class for {len(unknown):,} label(s): {listing(unknown, limit=len(unknown))}" + (
            f"; nearest to {unknown[0]!r}: {listing(nearest)}" if nearest else ""
        )


def plain(labels: Any) -> tuple[Any, ...]:
    """Labels as Python values, so that a NumPy string and a string are the same label."""
    return tuple(np.asarray(labels, dtype=object).tolist())


def _side(name: str, X: ArrayLike, y: Any) -> tuple[NDArray[Any], tuple[Any, ...]]:
    if y is None or isinstance(y, str) or np.ndim(np.asarray(y, dtype=object)) != 1:
        raise InputFormatError(f"y_{name} is a list of labels, one a row of X_{name}, not {_kind(y)}")
    table, labels = np.asarray(X), plain(y)
    if table.ndim != 2:
        raise InputFormatError(f"X_{name} has shape [num_samples, dim], not {table.shape}")
    if len(table) != len(labels):
        raise InputFormatError(f"X_{name} has {len(table):,} rows and y_{name} {len(labels):,} labels")
    if not labels:
        raise InputFormatError(f"no samples of {name} classes: X_{name} is empty, and a mean over nothing has no value")
    return table, labels


def _kind(value: Any) -> str:
    return "None" if value is None else f"{type(value).__name__} {value!r}"[:80]


def _require_side(name: str, labels: Sequence[Any], other: Candidates) -> None:
    overlap = sorted({str(label) for label in labels if label in other.place})
    if overlap:
        raise SplitError(
            f"{name} has {len(overlap):,} {other.label_space} class(es): {listing(overlap)}", overlap=overlap
        )
