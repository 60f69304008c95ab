"""From examples or weights of seen classes, and a graph, to a fitted problem."""

import time
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from kgzsl.contracts import FittedPropagator, FloatArray, NodeEncoder, Propagator, Supervision, WeightArray
from kgzsl.decision.calibration import Calibration, calibrate, check_stacking, default_temperature
from kgzsl.decision.classes import Classes
from kgzsl.decision.hubness import Hubness, check_hubness, input_bank
from kgzsl.decision.inputs import InputScale, class_means, unit_rows
from kgzsl.decision.pretended import kept_folds
from kgzsl.decision.problem import Problem
from kgzsl.decision.pseudo_unseen import JudgedInputs, PretendedFold, pretended_folds
from kgzsl.decision.report import FitReport, unused_relations
from kgzsl.decision.score_variance import class_variances, has_variance, input_variances
from kgzsl.decision.seen_side import seen_margins
from kgzsl.decision.view import GraphView, encoded, unreachable
from kgzsl.errors import InputFormatError, PluginError, SplitError
from kgzsl.graph.knowledge_graph import KnowledgeGraph

__all__ = ["Examples", "Settings", "fit_problem"]


@dataclass(frozen=True, eq=False)
class Examples:
    """Seen classes as given: labels, weights or means, and examples where there are any."""

    classes: Classes
    weights: NDArray[np.float64]
    kind: Literal["prototype", "linear"]
    X: NDArray[Any] | None = None
    y: NDArray[np.int64] | None = None


@dataclass(frozen=True)
class Settings:
    """The estimator's parameters, as its fit needs them."""

    graph: KnowledgeGraph
    encoder: NodeEncoder
    propagator: Propagator
    calibration: str | float | None
    relations: tuple[str, ...]
    random_state: int
    hubness: str | None = None


def fit_problem(settings: Settings, examples: Examples) -> tuple[Problem, FitReport]:
    """Encode the graph around the classes, propagate, calibrate."""
    classes = examples.classes
    scale = InputScale.of(examples.kind, examples.weights)
    targets = scale.targets(examples.weights)
    undirected = _undirected(classes, targets)
    check_stacking(settings.calibration, 0 if examples.X is None else classes.num_seen)
    check_hubness(settings.hubness)
    clock = _Clock()
    graph = settings.graph.induced(classes.concepts, relations=settings.relations)
    encoder = settings.encoder.fit(settings.graph, graph.ids)
    view = GraphView(graph, encoded(encoder, settings.graph, graph.ids))
    clock.lap("features")
    supervision = _supervision(examples, scale, targets, settings.random_state)
    model = _fitted_model(settings.propagator, view, supervision)
    weights = _all_weights(model, view, classes, targets)
    hubness = _hubness(settings, supervision, model)
    problem = Problem(
        classes,
        scale,
        weights,
        Calibration(0.0, 1.0, "none"),
        base=settings.graph,
        graph=settings.graph,
        views=(view,),
        view_of=(0,) * len(classes.labels),
        model=model,
        encoder=encoder,
        relations=settings.relations,
        hubness=hubness,
        offsets=np.zeros(len(weights)) if hubness is None else hubness.offsets(weights),
    )
    clock.lap("propagation")
    folds = _folds(problem, settings, supervision, examples)
    is_cosine = scale.kind == "prototype" and not hasattr(model, "scores")
    problem = replace(
        problem,
        calibration=calibrate(
            settings.calibration,
            folds,
            is_cosine=is_cosine,
            seen=seen_margins(folds),
            default=default_temperature(scale.kind, examples.weights, model),
        ),
        pretended=kept_folds(folds, [classes.place(concept) for concept in supervision.classes]),
    )
    clock.lap("calibration")
    seen, unseen = classes.concepts[: classes.num_seen], classes.concepts[classes.num_seen :]
    report = FitReport(
        num_seen=len(seen),
        num_unseen=len(unseen),
        num_concepts=len(graph),
        num_edges=graph.index.num_edges,
        num_examples=0 if examples.X is None else len(examples.X),
        unreachable=unreachable(view.index, seen, unseen, settings.relations),
        unused=unused_relations(settings.graph.index, classes.concepts, settings.relations),
        undirected=undirected,
        calibration=problem.calibration,
        propagation=getattr(model, "report", {}),
        seconds=clock.laps,
    )
    return problem, report


class _Clock:
    def __init__(self) -> None:
        self.laps: dict[str, float] = {}
        self._last = time.perf_counter()

    def lap(self, name: str) -> None:
        now = time.perf_counter()
        self.laps[name] = now - self._last
        self._last = now


def _undirected(classes: Classes, targets: FloatArray) -> tuple[str, ...]:
    """Seen classes without a direction; `SplitError` if none has one, so that there is nothing to propagate."""
    zero = np.flatnonzero(~targets.any(axis=1)).tolist()
    if len(zero) == len(targets):
        raise SplitError(
            f"{len(targets)} seen class(es), and nothing that sets one apart from the others: inputs are centred on "
            "the mean of the class means; give at least two seen classes with different examples"
        )
    return tuple(classes.concepts[place] for place in zero)


def _supervision(examples: Examples, scale: InputScale, targets: FloatArray, random_state: int) -> Supervision:
    """What the propagator may know, its classes sorted by concept id."""
    concepts = examples.classes.concepts[: examples.classes.num_seen]
    order = sorted(range(len(concepts)), key=concepts.__getitem__)
    place = np.argsort(order)
    inputs = labels = None
    if examples.X is not None and examples.y is not None:
        inputs = scale.prepare(examples.X).astype(np.float32)
        labels = place[examples.y].astype(np.int64)
    return Supervision(
        classes=tuple(concepts[p] for p in order),
        weights=targets[order],
        kind=examples.kind,
        inputs=inputs,
        labels=labels,
        random_state=random_state,
    )


def _fitted_model(propagator: Propagator, view: GraphView, supervision: Supervision) -> FittedPropagator:
    """What the propagator learned; `PluginError` if that can neither give weights nor scores."""
    model = propagator.fit(view.index, view.features, supervision)
    if not any(callable(getattr(model, method, None)) for method in ("weights", "scores")):
        raise PluginError(
            f"{type(propagator).__name__}.fit gave {'None' if model is None else 'a ' + type(model).__name__}, not a "
            "fitted propagator with weights(index, features, concepts=) or scores(...)"
        )
    return model


def _all_weights(model: FittedPropagator, view: GraphView, classes: Classes, seen: FloatArray) -> WeightArray:
    """Rows of all classes: seen ones keep their own."""
    unseen = classes.concepts[classes.num_seen :]
    if not unseen or not hasattr(model, "weights"):
        return np.vstack([seen, np.zeros((len(unseen), seen.shape[1]), dtype=seen.dtype)])
    rows = np.asarray(model.weights(view.index, view.features, concepts=list(unseen)))
    if rows.shape != (len(unseen), seen.shape[1]) or not np.isfinite(rows).all():
        raise InputFormatError(f"the propagator gave weights of shape {rows.shape} for {len(unseen)} unseen classes")
    return np.vstack([seen, rows])


def _hubness(settings: Settings, supervision: Supervision, model: FittedPropagator) -> Hubness | None:
    """The correction asked for, with its bank; `InputFormatError` if there is nothing to measure it on."""
    if settings.hubness is None:
        return None
    if hasattr(model, "scores"):
        raise InputFormatError(
            f"hubness={settings.hubness!r} needs a propagator that gives weights; {type(model).__name__} has scores of "
            "its own"
        )
    if supervision.inputs is None or supervision.labels is None:
        raise InputFormatError(
            f"hubness={settings.hubness!r} is measured on examples of seen classes, and only weights are known: give X "
            "and y"
        )
    return Hubness(settings.hubness, input_bank(supervision.inputs, supervision.labels, supervision.random_state))


def _folds(problem: Problem, settings: Settings, supervision: Supervision, examples: Examples) -> list[PretendedFold]:
    """Pretended-unseen folds, where they are asked for or cost next to nothing.

    A propagator that can be `settled` on what the fit chose is closed-form: its folds are always made. Others
    are trained anew, for one fold, and only if the correction asks for it.
    """
    propagator = settings.propagator
    settle = getattr(propagator, "settled", None)
    if settle is not None:
        propagator = settle(problem.model)
    elif settings.calibration != "stacking":
        return []
    view = problem.views[0]

    def fold_scores(part: Supervision, held_out: tuple[str, ...], inputs: FloatArray) -> JudgedInputs:
        model = _fitted_model(propagator, view, part)
        concepts, nothing = [*part.classes, *held_out], np.zeros(len(part.classes) + len(held_out))
        if hasattr(model, "scores"):
            scores = np.asarray(model.scores(inputs, view.index, view.features, concepts=concepts), dtype=np.float64)
            return JudgedInputs(scores, nothing, np.zeros(len(inputs)), nothing)
        rows = np.asarray(model.weights(view.index, view.features, concepts=list(held_out)))
        weights = np.vstack([part.weights, rows]).astype(np.float64)
        hubness = _hubness(settings, part, model)
        offsets = nothing if hubness is None else hubness.offsets(weights)
        scores = inputs.astype(np.float64) @ weights.T - offsets
        if not has_variance(model):
            return JudgedInputs(scores, nothing, np.zeros(len(inputs)), offsets)
        of_classes = nothing.copy()
        of_classes[len(part.classes) :] = class_variances(model, view, held_out)
        return JudgedInputs(scores, of_classes, input_variances(model, view, inputs), offsets)

    used = 1 if settle is None else None
    if not hasattr(problem.model, "scores"):
        own = _own_scores(problem.scale, examples)
        return pretended_folds(supervision, fold_scores, own, used=used)
    return _rescaled(problem, supervision, pretended_folds(supervision, fold_scores, None, used=used))


def _rescaled(problem: Problem, supervision: Supervision, folds: list[PretendedFold]) -> list[PretendedFold]:
    """Folds in the units of the whole model, whose scores spread less the more classes it was fitted on.

    For models with scores of their own; a cosine has one scale.
    """
    if not folds or supervision.inputs is None:
        return folds
    seen = range(problem.classes.num_seen)
    spread = float(np.std(problem.raw_scores(supervision.inputs.astype(np.float64), seen)))
    scaled = []
    for fold in folds:
        own_spread = float(np.std(fold.scores[:, fold.is_seen]))  # 0 where all scores are alike: nothing to scale
        scaled.append(replace(fold, scores=fold.scores * (spread / own_spread)) if own_spread else fold)
    return scaled


def _own_scores(scale: InputScale, examples: Examples) -> NDArray[np.float64] | None:
    """Each input's score against its own class's mean without it; NaN where it is the only example."""
    if scale.kind == "linear" or examples.X is None or examples.y is None:
        return None
    X = np.asarray(examples.X, dtype=np.float64)
    counts = np.bincount(examples.y, minlength=examples.classes.num_seen)[examples.y]
    sums = class_means(X, examples.y, examples.classes.num_seen)[examples.y] * counts[:, None]
    others = (sums - X) / np.maximum(counts - 1, 1)[:, None]
    scores = np.sum(scale.prepare(X) * unit_rows(others - scale.mean), axis=1)
    return np.where(counts > 1, scores, np.nan)
