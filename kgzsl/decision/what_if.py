"""What would be predicted if the graph said something else: the same parameters on an edited graph."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax

from kgzsl.decision.asking import decision_for
from kgzsl.decision.borrowed import described_or_borrowed
from kgzsl.decision.classes import LabelSpace
from kgzsl.decision.problem import Problem
from kgzsl.decision.view import GraphView
from kgzsl.display.html import Noted, html_table
from kgzsl.display.rounding import percent
from kgzsl.display.table import Table
from kgzsl.errors import InputFormatError
from kgzsl.explain.explaining import explain
from kgzsl.explain.explanation import Explanation
from kgzsl.explain.rerun import Fact, fact_of
from kgzsl.explain.spoken import Spoken
from kgzsl.explain.wording import listed
from kgzsl.graph.concept import Edge
from kgzsl.graph.knowledge_graph import KnowledgeGraph
from kgzsl.graph.relation import stored_relation

__all__ = ["WhatIf", "edited_problem", "what_if"]

_SHOWN = 20


@dataclass(frozen=True, eq=False)
class WhatIf:
    """One input, decided on the graph as it is and on the edited one.

    `labels` are the classes of the label space in the order of both probabilities `[num_classes]`. `explain` takes
    the second decision apart.

    >>> from kgzsl.testing import example_classifier
    >>> told = example_classifier().what_if([0, 1, 1, 0, 1, 0], add=[("fox", "is_a", "lion")], label_space="unseen")
    >>> print(told)
    with “fox is a kind of lion”: fox instead of tiger (80 %, was <1 %)
    >>> told.is_changed, told.to_table()["class"], told.explain(k=1).prediction
    (True, ('fox', 'tiger'), 'fox')
    """

    removed: tuple[Fact, ...]
    added: tuple[Fact, ...]
    labels: tuple[Any, ...]
    before: NDArray[np.float64] = field(repr=False)
    after: NDArray[np.float64] = field(repr=False)
    problem: Problem = field(repr=False)
    inputs: NDArray[Any] = field(repr=False)

    @property
    def prediction_before(self) -> Any:
        """What is predicted on the graph as it is."""
        return self.labels[int(self.before.argmax())]

    @property
    def prediction(self) -> Any:
        """What is predicted on the edited graph."""
        return self.labels[int(self.after.argmax())]

    @property
    def is_changed(self) -> bool:
        """Whether that is another class."""
        return bool(self.prediction != self.prediction_before)

    def to_table(self) -> Table:
        """Classes with their probabilities, those that change most first."""
        order = sorted(range(len(self.labels)), key=lambda place: (-abs(self.after[place] - self.before[place]), place))
        rows = [(self.labels[p], float(self.before[p]), float(self.after[p])) for p in order]
        return Table(["class", "before", "after"], rows, caption=str(self))

    def explain(self, *, target: str | None = None, against: str | None = "runner-up", k: int = 10) -> Explanation:
        """Why the edited graph's prediction, as `ZeroShotClassifier.explain` says it of the graph's own."""
        return explain(decision_for(self.problem, self.inputs, target, against, list(self.labels)), k=k)

    def __str__(self) -> str:
        spoken, place = self._spoken, int(self.after.argmax())
        now, before = (self._named(self.labels[int(shares.argmax())]) for shares in (self.after, self.before))
        verdict = f"{now} instead of {before}" if self.is_changed else f"still {now}"
        shares = f"{percent(float(self.after[place]))}, was {percent(float(self.before[place]))}"
        unread = f"; {self._unread()}" if self._unread() else ""
        return f"{spoken.edits(self.removed, self.added)}: {verdict} ({shares}{unread})"

    def __repr__(self) -> str:
        return f"<WhatIf {self}>"

    def _repr_html_(self) -> str:
        rows = self.to_table().rows
        cells = [(self._cell(label), percent(before), percent(after)) for label, before, after in rows[:_SHOWN]]
        left = len(rows) - len(cells)
        order = "the largest changes first" + (f", … {left:,} more classes" if left else "")
        columns = ["class", "before", "after"]
        return html_table(cells, columns, caption=str(self), right=columns[1:], notes=[order])

    def _cell(self, label: Any) -> str:
        name = self._named(label)
        return name if name == str(label) else Noted(name, str(label))

    def _unread(self) -> str:
        """What of the edits the model does not look at, in words."""
        graph = self.problem.graph
        assert graph is not None
        known = graph.index.relations
        walked = {known[code].name for code in graph.index.relation_codes(self.problem.relations)}
        names = {stored_relation(known, name) or name for _, name, _ in (*self.removed, *self.added)} - walked
        return f"the model does not look at {listed(sorted(names))}" if names else ""

    def _named(self, label: Any) -> str:
        return self._spoken.name(self.problem.classes.concepts[self.problem.classes.place(label)])

    @cached_property
    def _spoken(self) -> Spoken:
        classes = self.problem.classes
        concepts = {classes.concepts[classes.place(label)] for label in self.labels}
        concepts |= {end for head, _, tail in (*self.removed, *self.added) for end in (head, tail)}
        return Spoken.of([graph for graph in (self.problem.graph,) if graph is not None], concepts)


def what_if(
    problem: Problem,
    x: NDArray[Any],
    label_space: LabelSpace,
    *,
    remove: Iterable[Edge | Fact] = (),
    add: Iterable[Edge | Fact] = (),
) -> WhatIf:
    """The input `x` `[1, dim]` decided before and after the edits."""
    removed, added = tuple(_facts(remove, "remove")), tuple(_facts(add, "add"))
    if not removed and not added:
        raise InputFormatError("nothing is edited: give remove= or add= a list of (head, relation, tail)")
    places = problem.classes.places(label_space)
    changed = edited_problem(problem, removed, added)
    inputs = problem.scale.prepare(x)
    return WhatIf(
        removed=removed,
        added=added,
        labels=tuple(problem.classes.labels[place] for place in places),
        before=softmax(problem.scores(inputs, places)[0]),
        after=softmax(changed.scores(inputs, places)[0]),
        problem=changed,
        inputs=x,
    )


def edited_problem(problem: Problem, removed: Sequence[Fact], added: Sequence[Fact]) -> Problem:
    """The same classes, parameters and calibration on an edited graph.

    Unseen classes get their weights anew, seen ones keep theirs. Concepts that an added fact brings into reach come
    along with their features. What is removed must be there, what is added must not.
    """
    if (
        problem.graph is None
        or problem.model is None
        or problem.encoder is None
        or not hasattr(problem.model, "weights")
    ):
        raise InputFormatError("what_if needs a graph and a model that gives weights; this classifier has none")
    graph = problem.graph.remove_edges(removed) if removed else problem.graph
    graph = graph.add_edges(added) if added else graph
    views = tuple(_edited_view(problem, graph, view, added) for view in problem.views)
    weights = problem.fitted_weights.copy()
    additions = list(problem.additions)
    for number, view in enumerate(views):
        places = [
            place
            for place in range(problem.classes.num_seen, len(problem.classes.labels))
            if problem.view_of[place] == number
        ]
        if not places:
            continue
        concepts = [problem.classes.concepts[place] for place in places]
        rows = np.asarray(problem.model.weights(view.index, view.features, concepts=concepts))
        for place, row in zip(places, rows, strict=True):
            if place < len(weights):
                weights[place] = row
            else:
                extra = place - len(weights)
                additions[extra] = replace(additions[extra], weights=row[None])
    return replace(problem, fitted_weights=weights, additions=tuple(additions), base=graph, graph=graph, views=views)


def _edited_view(problem: Problem, graph: KnowledgeGraph, view: GraphView, added: Sequence[Fact]) -> GraphView:
    """The view's concepts, and those that added facts bring into reach, on the edited graph."""
    assert problem.encoder is not None
    known = set(view.graph.ids)
    reached = graph.induced(
        [fact[0] for fact in added if fact[0] in known] or [view.graph.ids[0]], relations=problem.relations
    )
    new = tuple(id_ for id_ in reached.ids if id_ not in known)
    part = graph.subgraph([*view.graph.ids, *new])
    rows, _ = (
        described_or_borrowed(problem.encoder, graph, view, new, {})
        if new
        else (np.empty((0, view.dim), np.float32), ())
    )
    features = np.empty((len(part), view.dim), dtype=np.float32)
    features[part.index.positions(view.graph.ids)] = view.features
    if new:
        features[part.index.positions(new)] = rows
    return GraphView(part, features)


def _facts(edges: Iterable[Edge | Fact], what: str) -> Iterable[Fact]:
    if isinstance(edges, str | Edge) or not isinstance(edges, Iterable):
        raise InputFormatError(f"{what} is a list of edges or (head, relation, tail), not {edges!r:.80}")
    return (fact_of(edge) for edge in edges)
