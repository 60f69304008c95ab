"""As specific an answer as one can be sure of: a class, or else the kind of thing that it is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax

from kgzsl.decision.classes import LabelSpace
from kgzsl.decision.climbing import climbed, heights_needed
from kgzsl.decision.conformal_sets import holds_label
from kgzsl.decision.hierarchy import ClassHierarchy, hierarchy_of
from kgzsl.decision.problem import Problem
from kgzsl.decision.reference import Reference, calibrated
from kgzsl.display.table import Table
from kgzsl.display.text import escape_text

__all__ = ["Ancestor", "Ancestors", "predict_ancestor"]

_NAMED = 3


@dataclass(frozen=True)
class Ancestor:
    """An answer: a concept, the probability of all classes it stands for, and those, the most probable first.

    `concept` is "" where no concept is enough and any class may be right. `names` is what the graph calls the first
    three classes.
    """

    concept: str
    label: str
    probability: float
    classes: tuple[tuple[Any, float], ...]
    names: tuple[str, ...] = field(default=(), repr=False)

    @property
    def shown(self) -> str:
        """The most probable classes as the graph calls them, with their probabilities."""
        pairs = list(zip(self.names, (share for _, share in self.classes), strict=False))[:_NAMED]
        more = len(self.classes) - len(pairs)
        return escape_text(
            ", ".join(f"{name} {share:.2f}" for name, share in pairs) + (f" and {more} more" if more else "")
        )

    def __str__(self) -> str:
        if len(self.classes) == 1:
            return escape_text(f"{self.label} ({self.probability:.2f})")
        kind = f"some kind of {self.label}" if self.concept else self.label
        return f"{escape_text(kind)} ({self.probability:.2f}): {self.shown}"


@dataclass(frozen=True, eq=False)
class Ancestors(Sequence[Ancestor]):
    """An answer for each input.

    `confidence` is the share of answers that are promised to be right, `threshold` the probability that an answer
    has to exceed for it, and `guarantee` what is promised, and what for.

    >>> from kgzsl.testing import example_classifier
    >>> found = example_classifier().predict_ancestor([[0, 0, 1, 0, 1, 0], [1, 0, 0, 1, 0, 0]], confidence=0.7)
    >>> [answer.label for answer in found], found.holds(["lion", "eagle"]).tolist()
    (['feline', 'owl'], [True, False])
    >>> found.to_table()["answer"]
    ('feline', 'owl')
    """

    answers: tuple[Ancestor, ...]
    confidence: float
    threshold: float
    guarantee: str
    num_classes: int = field(repr=False)

    def __len__(self) -> int:
        return len(self.answers)

    def __getitem__(self, row: Any) -> Any:
        return self.answers[row]

    def __iter__(self) -> Iterator[Ancestor]:
        return iter(self.answers)

    @property
    def concepts(self) -> tuple[str, ...]:
        """The id of each answer, "" for any class."""
        return tuple(answer.concept for answer in self.answers)

    @property
    def information(self) -> NDArray[np.float64]:
        """What is kept of a class's own log2(num_classes) bits, 1 for a class and 0 for any class."""
        sizes = np.array([len(answer.classes) for answer in self.answers], dtype=np.float64)
        return np.asarray(1.0 - np.log2(sizes) / max(np.log2(self.num_classes), 1e-300))

    def holds(self, labels: Sequence[Any]) -> NDArray[np.bool_]:
        """Whether the label beside each answer lies under it; labels as `classes_` has them."""
        return holds_label([[label for label, _ in answer.classes] for answer in self.answers], labels)

    def to_table(self) -> Table:
        """A row for each input."""
        rows = [
            (
                row,
                answer.label,
                answer.concept,
                answer.probability,
                len(answer.classes),
                answer.shown,
            )
            for row, answer in enumerate(self.answers)
        ]
        columns = ["input", "answer", "concept", "probability", "classes", "the most probable"]
        return Table(columns, rows, caption=self._title(), note=self.guarantee)

    def _title(self) -> str:
        single = sum(len(answer.classes) == 1 for answer in self.answers)
        return (
            f"{len(self):,} answers at confidence {self.confidence:g}: {single:,} classes, {len(self) - single:,} kinds"
        )

    def __repr__(self) -> str:
        return f"<Ancestors {self._title()}>"

    def __str__(self) -> str:
        return str(self.to_table())

    def _repr_html_(self) -> str:
        return self.to_table()._repr_html_()


def predict_ancestor(
    problem: Problem, inputs: NDArray[Any], *, confidence: float = 0.9, label_space: LabelSpace = "all"
) -> Ancestors:
    """For each input `[num_samples, dim]` the first concept on the way up that is enough; see `DecisionDoors`."""
    places = problem.classes.places(label_space)
    seen = list(range(problem.classes.num_seen))
    known = calibrated(problem, places, "ancestor", lambda reference: _heights(hierarchy_of(problem, seen), reference))
    threshold = max(known.limits(confidence, name="confidence").values())
    hierarchy = hierarchy_of(problem, places)
    scores = problem.scores(problem.scale.prepare(inputs), places)
    probabilities = np.asarray(softmax(scores, axis=1))
    nodes, shares = climbed(hierarchy, probabilities, scores.argmax(axis=1), threshold)
    labels = [problem.classes.labels[place] for place in places]
    answers = []
    for row, (node, share) in enumerate(zip(nodes.tolist(), shares.tolist(), strict=True)):
        columns = sorted(hierarchy.classes_below(node), key=lambda column: (-probabilities[row, column], column))
        classes = tuple((labels[column], float(probabilities[row, column])) for column in columns)
        names = tuple(hierarchy.label(column) for column in columns[:_NAMED])
        answers.append(Ancestor(hierarchy.node_concept(node), hierarchy.node_label(node), share, classes, names))
    return Ancestors(
        answers=tuple(answers),
        confidence=float(confidence),
        threshold=threshold,
        guarantee=known.guarantee("the class lies under the answer", confidence),
        num_classes=len(places),
    )


def _heights(hierarchy: ClassHierarchy, reference: Reference) -> NDArray[np.float64]:
    """The largest threshold at which the answer to each input is wrong."""
    return heights_needed(hierarchy, reference.masses, reference.ranking.argmax(axis=1), reference.labels)
