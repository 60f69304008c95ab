"""A fitted zero-shot problem as one value: everything a prediction is a function of."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kgzsl.contracts import FittedPropagator, FloatArray, NodeEncoder
from kgzsl.decision.calibration import Calibration
from kgzsl.decision.classes import Classes
from kgzsl.decision.inputs import InputScale
from kgzsl.decision.view import GraphView, encoded
from kgzsl.errors import InputFormatError, SplitError, UnknownConceptError
from kgzsl.graph.knowledge_graph import KnowledgeGraph
from kgzsl.query.grounding import ground_classes

__all__ = ["Addition", "Problem"]


@dataclass(frozen=True, eq=False)
class Addition:
    """A class added after the fit: what the user said of it, and the concepts and feature rows it brought along."""

    label: str
    edges: tuple[tuple[str, str, str], ...]
    definition: str
    aliases: tuple[str, ...]
    new: tuple[str, ...] = ()
    rows: FloatArray = field(default_factory=lambda: np.empty((0, 0), dtype=np.float32))

    def applied(self, graph: KnowledgeGraph) -> tuple[KnowledgeGraph, str]:
        """The graph with the concept that the label stands for, and its id.

        A label that is no id becomes a new concept if anything is said of it; alone, it is the name of one there is.
        """
        described = bool(self.definition or self.aliases)
        try:
            concept = graph.resolve(self.label)
        except UnknownConceptError:
            if not described and not self.edges:
                return graph, ground_classes(graph, [self.label])[0]
            concept = self.label
            words = {"label": concept.replace("_", " "), "definition": self.definition, "aliases": list(self.aliases)}
            graph = graph.add_concepts([{"id": concept, **words}])
        else:
            if described:
                raise InputFormatError(
                    f"{self.label!r} is in the graph already, with its own words: leave definition= and aliases= out, "
                    "or choose another id"
                )
        return (graph.add_edges(self.edges) if self.edges else graph), concept


@dataclass(frozen=True, eq=False)
class Problem:
    """Classes, how inputs are prepared, a weight row a class, and the graph that the rows came from.

    `views[view_of[c]]` is the graph that class c was seen in: the one of the fit, or, for a class added later, that
    graph with the class in it. `base` is the whole graph of the fit, `graph` that one with all additions. Seen
    classes keep their own `weights`; the others got theirs from `model`.
    """

    classes: Classes
    scale: InputScale
    weights: FloatArray
    calibration: Calibration
    base: KnowledgeGraph | None = None
    graph: KnowledgeGraph | None = None
    views: tuple[GraphView, ...] = ()
    view_of: tuple[int, ...] = ()
    model: FittedPropagator | None = None
    encoder: NodeEncoder | None = None
    relations: tuple[str, ...] | None = None
    additions: tuple[Addition, ...] = ()

    def view(self, place: int) -> GraphView:
        """The graph that a class was seen in."""
        return self.views[self.view_of[place]]

    def raw_scores(self, inputs: NDArray[np.float64], places: Sequence[int]) -> NDArray[np.float64]:
        """Scores of prepared inputs `[num_samples, len(places)]` before gamma and temperature."""
        scorer = getattr(self.model, "scores", None)
        if scorer is None:
            return np.asarray(inputs @ self.weights[list(places)].astype(np.float64).T)
        scores = np.empty((len(inputs), len(places)))
        for number in sorted({self.view_of[place] for place in places}):
            columns = [column for column, place in enumerate(places) if self.view_of[place] == number]
            view, concepts = self.views[number], [self.classes.concepts[places[column]] for column in columns]
            scores[:, columns] = scorer(inputs, view.index, view.features, concepts=concepts)
        return scores

    def scores(self, inputs: NDArray[np.float64], places: Sequence[int]) -> NDArray[np.float64]:
        """Scores of prepared inputs in units of log odds: gamma taken off seen classes, over the temperature."""
        gamma = np.where(self.classes.is_seen[list(places)], self.calibration.gamma, 0.0)
        scores: NDArray[np.float64] = (self.raw_scores(inputs, places) - gamma) / self.calibration.temperature
        return scores

    def with_class(
        self,
        label: str,
        *,
        edges: Iterable[tuple[str, str, str]],
        definition: str,
        aliases: Sequence[str],
        features: NDArray[Any] | None,
    ) -> "Problem":
        """The same problem with one more unseen class; no other class moves.

        An id the graph does not have becomes a new concept, with these edges, words and, if given, this feature row.
        """
        if self.graph is None or self.model is None or self.encoder is None:
            raise SplitError("add_class needs a graph: this classifier was fitted without one")
        addition = Addition(label, tuple(tuple(edge) for edge in edges), definition, tuple(aliases))  # type: ignore[misc]
        full, concept = addition.applied(self.graph)
        if concept in self.classes.concepts:
            raise SplitError(f"{label!r} ({concept}) is a class already", overlap=[concept])
        last = self.views[-1]
        grown = _grown(last.graph, full, concept, self.relations)
        new = tuple(id_ for id_ in grown.ids if id_ not in last.graph)
        rows = np.empty((len(new), last.features.shape[1]), dtype=np.float32)
        to_encode = [place for place, id_ in enumerate(new) if features is None or id_ != concept]
        if to_encode:
            rows[to_encode] = encoded(self.encoder, full, [new[place] for place in to_encode])
        if features is not None:
            if concept not in new:
                raise InputFormatError(f"{concept!r} has features in the graph already; leave features= out")
            rows[new.index(concept)] = _feature_row(features, last.features.shape[1])
        return self._extended(
            replace(addition, new=new, rows=rows), full, concept, last.replaced(grown, rows, new), None
        )

    def replayed(self, addition: Addition, weights: FloatArray) -> "Problem":
        """The problem with a class that was added before, its weights known."""
        assert self.graph is not None
        full, concept = addition.applied(self.graph)
        last = self.views[-1]
        grown = _grown(last.graph, full, concept, self.relations)
        return self._extended(addition, full, concept, last.replaced(grown, addition.rows, addition.new), weights)

    def _extended(
        self, addition: Addition, full: KnowledgeGraph, concept: str, view: GraphView, row: FloatArray | None
    ) -> "Problem":
        if row is None and hasattr(self.model, "weights"):
            assert self.model is not None
            row = np.asarray(self.model.weights(view.index, view.features, concepts=[concept]), dtype=np.float32)
        elif row is None:
            row = np.zeros((1, self.weights.shape[1]), dtype=np.float32)
        if row.shape != (1, self.weights.shape[1]) or not np.isfinite(row).all():
            raise InputFormatError(f"the propagator gave {concept!r} weights of shape {row.shape}, or not finite ones")
        return replace(
            self,
            classes=self.classes.with_unseen(addition.label, concept),
            weights=np.vstack([self.weights, row]),
            graph=full,
            views=(*self.views, view),
            view_of=(*self.view_of, len(self.views)),
            additions=(*self.additions, addition),
        )


def _grown(
    view: KnowledgeGraph, full: KnowledgeGraph, concept: str, relations: tuple[str, ...] | None
) -> KnowledgeGraph:
    """The graph of the last view with the concept and all that it brings along."""
    return view.merge(full.induced([concept], relations=relations), name=view.name)


def _feature_row(features: NDArray[Any] | None, dim: int) -> NDArray[np.float32]:
    row = np.asarray(features, dtype=np.float32).ravel()
    if row.shape != (dim,) or not np.isfinite(row).all():
        raise InputFormatError(f"features of a class are {dim} finite numbers here, not an array of shape {row.shape}")
    return row
