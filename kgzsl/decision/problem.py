"""A fitted zero-shot problem as one value: everything a prediction is a function of."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kgzsl.contracts import FittedPropagator, NodeEncoder, WeightArray
from kgzsl.decision.addition import Addition
from kgzsl.decision.borrowed import described_or_borrowed
from kgzsl.decision.calibration import Calibration
from kgzsl.decision.classes import Classes
from kgzsl.decision.hubness import Hubness
from kgzsl.decision.inputs import InputScale
from kgzsl.decision.pretended import Pretended
from kgzsl.decision.view import GraphView, unreachable
from kgzsl.errors import InputFormatError, SplitError
from kgzsl.graph.knowledge_graph import KnowledgeGraph

__all__ = ["Problem"]

CHUNK = 4096
"""Classes scored at once: of 20,842 classes of 2,049 weights, 67 MB in double precision instead of 342."""

MOST_KEPT = 16


@dataclass(frozen=True, eq=False)
class Problem:
    """Classes, how inputs are prepared, a weight row a class, and the graph that the rows came from.

    `views[view_of[c]]` is the graph that class c was seen in: the one of the fit, or, for a class added later, that
    graph with the class in it. `base` is the whole graph of the fit, `graph` that one with all additions. Seen
    classes keep their own weights; the others got theirs from `model`. `fitted_weights` are those of the classes of
    the fit; a class added later has its own in `additions`. `offsets` `[num_classes]` is taken off the scores for
    `hubness`: it stays what it was when the class came in (None: nothing is). `pretended` is what sets and refusals
    are calibrated on; None where there was nothing to pretend with.
    """

    classes: Classes
    scale: InputScale
    fitted_weights: WeightArray
    calibration: Calibration
    base: KnowledgeGraph | None = None
    graph: KnowledgeGraph | None = None
    views: tuple[GraphView, ...] = ()
    view_of: tuple[int, ...] = ()
    model: FittedPropagator | None = None
    encoder: NodeEncoder | None = None
    relations: tuple[str, ...] | None = None
    additions: tuple[Addition, ...] = ()
    hubness: Hubness | None = None
    offsets: NDArray[np.float64] | None = None
    pretended: Pretended | None = None

    @cached_property
    def _kept(self) -> dict[Any, Any]:
        return {}

    def once(self, key: tuple[Any, ...], make: Callable[[], Any]) -> Any:
        """What `make` gives, kept under `key` with a few others: calibrations of a question, its hierarchy."""
        found = self._kept.get(key)
        if found is None:
            found = make()
            if len(self._kept) >= MOST_KEPT:
                self._kept.clear()
            self._kept[key] = found
        return found

    @cached_property
    def weights(self) -> WeightArray:
        """A row for each class, those of the fit first."""
        if not self.additions:
            return self.fitted_weights
        return np.vstack([self.fitted_weights, *(addition.weights for addition in self.additions)])

    def _rows(self, places: Sequence[int]) -> WeightArray:
        """Weights of some classes, without putting together those of all."""
        num_fitted = len(self.fitted_weights)
        added = [row for row, place in enumerate(places) if place >= num_fitted]
        rows: WeightArray = self.fitted_weights[[min(place, num_fitted - 1) for place in places]]
        if added:
            rows = rows.astype(np.result_type(rows, self.additions[0].weights))
        for row in added:
            rows[row] = self.additions[places[row] - num_fitted].weights[0]
        return rows

    def view(self, place: int) -> GraphView:
        """The graph that a class was seen in."""
        return self.views[self.view_of[place]]

    def raw_scores(self, inputs: NDArray[np.float64], places: Sequence[int]) -> NDArray[np.float64]:
        """Scores of prepared inputs `[num_samples, len(places)]` before gamma and temperature."""
        scores = np.empty((len(inputs), len(places)))
        scorer = getattr(self.model, "scores", None)
        if scorer is None:
            for start in range(0, len(places), CHUNK):
                rows = self._rows(places[start : start + CHUNK])
                scores[:, start : start + CHUNK] = inputs @ rows.astype(np.float64).T
            return scores
        for number in sorted({self.view_of[place] for place in places}):
            columns = [column for column, place in enumerate(places) if self.view_of[place] == number]
            view, concepts = self.views[number], [self.classes.concepts[places[column]] for column in columns]
            scores[:, columns] = scorer(inputs, view.index, view.features, concepts=concepts)
        return scores

    def offsets_of(self, places: Sequence[int]) -> NDArray[np.float64]:
        """What is taken off the scores of some classes, beyond gamma."""
        return np.zeros(len(places)) if self.offsets is None else self.offsets[list(places)]

    def scores(self, inputs: NDArray[np.float64], places: Sequence[int]) -> NDArray[np.float64]:
        """Scores of prepared inputs in units of log odds: gamma taken off seen classes, over the temperature."""
        taken = np.where(self.classes.is_seen[list(places)], self.calibration.gamma, 0.0) + self.offsets_of(places)
        scores: NDArray[np.float64] = (self.raw_scores(inputs, places) - taken) / self.calibration.temperature
        return scores

    def with_class(self, addition: Addition, *, features: NDArray[Any] | None = None) -> "Problem":
        """The same problem with one more unseen class; no other class moves.

        `features` is the row of its concept, if that is new to the graph and the encoder cannot describe it. Other
        concepts that it cannot describe borrow their rows from their neighbours: `additions[-1].borrowed`.
        """
        if self.graph is None or self.model is None or self.encoder is None:
            raise SplitError("add_class needs a graph: this classifier was fitted without one")
        if addition.label in self.classes.labels:
            raise SplitError(f"{addition.label!r} is a class already", overlap=[addition.label])
        full, concept = addition.applied(self.graph)
        if concept in self.classes.concepts:
            raise SplitError(f"{addition.label!r} ({concept}) is a class already", overlap=[concept])
        last, grown = self.views[-1], self._grown(full, concept)
        new = tuple(id_ for id_ in grown.ids if id_ not in last.graph)
        given = {}
        if features is not None:
            if concept not in new:
                raise InputFormatError(f"{concept!r} has features in the graph already; leave features= out")
            given[concept] = _feature_row(features, last.dim)
        rows, borrowed = described_or_borrowed(self.encoder, full, last, new, given)
        view = last.grown(grown, new, rows)
        weights = _class_weights(self.model, view, concept, dim=self.fitted_weights.shape[1])
        added = replace(addition, new=new, rows=rows, weights=weights, borrowed=borrowed)
        return self._extended(added, full, concept, view)

    def replayed(self, addition: Addition) -> "Problem":
        """The problem with a class that was added before: its rows and weights are known."""
        assert self.graph is not None
        full, concept = addition.applied(self.graph, takes_slips=True)
        grown = self._grown(full, concept)
        return self._extended(addition, full, concept, self.views[-1].grown(grown, addition.new, addition.rows))

    def unreached_addition(self) -> tuple[str, ...]:
        """The concept of the last class added, if no path connects it to a seen class."""
        seen = self.classes.concepts[: self.classes.num_seen]
        return unreachable(self.views[-1].index, seen, self.classes.concepts[-1:], self.relations)

    def _grown(self, full: KnowledgeGraph, concept: str) -> KnowledgeGraph:
        """The part of the graph that a fit with this class would be made on."""
        return full.induced([*self.classes.concepts, concept], relations=self.relations)

    def _extended(self, addition: Addition, full: KnowledgeGraph, concept: str, view: GraphView) -> "Problem":
        return replace(
            self,
            classes=self.classes.with_unseen(addition.label, concept),
            graph=full,
            views=(*self.views, view),
            view_of=(*self.view_of, len(self.views)),
            additions=(*self.additions, addition),
            offsets=self._extended_offsets(addition),
        )

    def _extended_offsets(self, addition: Addition) -> NDArray[np.float64] | None:
        if self.offsets is None:
            return None
        own = np.zeros(1) if self.hubness is None else self.hubness.offsets(addition.weights)
        return np.concatenate([self.offsets, own])


def _class_weights(model: FittedPropagator, view: GraphView, concept: str, *, dim: int) -> WeightArray:
    """The row of one class `[1, dim]`; zeros from a model that only gives scores."""
    if not hasattr(model, "weights"):
        return np.zeros((1, dim), dtype=np.float32)
    row = np.asarray(model.weights(view.index, view.features, concepts=[concept]))
    if row.shape != (1, dim) or not np.isfinite(row).all():
        raise InputFormatError(f"the propagator gave {concept!r} weights of shape {row.shape}, or not finite ones")
    return row


def _feature_row(features: NDArray[Any], dim: int) -> NDArray[np.float32]:
    row = np.asarray(features, dtype=np.float32).ravel()
    if row.shape != (dim,) or not np.isfinite(row).all():
        raise InputFormatError(f"features of a class are {dim} finite numbers here, not an array of shape {row.shape}")
    return row
