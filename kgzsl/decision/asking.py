"""From a question about one input to the decision that an explainer takes apart."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp, softmax

from kgzsl.decision.classes import LabelSpace
from kgzsl.decision.problem import Problem
from kgzsl.errors import InputFormatError
from kgzsl.explain.decision import Candidate, Decision, Predicted, Running

__all__ = ["decision_for"]


def decision_for(
    problem: Problem, x: NDArray[Any], target: str | None, against: str | None, label_space: LabelSpace
) -> Decision:
    """The class to explain and the one it is compared with, each with the graph its weights came from.

    `x` `[1, dim]`. A target or foil outside the label space is scored with it.
    """
    if problem.graph is None or problem.model is None:
        raise InputFormatError("an explanation needs a graph: this classifier was fitted without one")
    if not (hasattr(problem.model, "terms") or hasattr(problem.model, "opened")):
        raise InputFormatError(
            f"{type(problem.model).__name__} cannot be taken apart; explanations work with the propagators graph-gp, "
            "sgcn, gcnz, dgp, dgpm and rgcn, and with any fitted model that has `terms` or `opened`"
        )
    classes = problem.classes
    places = classes.places(label_space)
    named = [classes.place(label) for label in (target, against) if label not in (None, "runner-up")]
    places += [place for place in dict.fromkeys(named) if place not in places]
    inputs = problem.scale.prepare(x)
    scores = problem.scores(inputs, places)[0]
    order = [places[column] for column in np.argsort(-scores, kind="stable")]
    chosen = order[0] if target is None else classes.place(target)
    foil = _foil(problem, chosen, against, order)
    probability = dict(zip(places, softmax(scores).tolist(), strict=True))
    score = dict(zip(places, scores.tolist(), strict=True))

    def candidate(place: int) -> Candidate:
        view = problem.view(place)
        concept = classes.concepts[place]
        return Candidate(
            concept=concept,
            label=view.graph.concept(concept).label,
            index=view.index,
            features=view.features,
            is_seen=bool(classes.is_seen[place]),
            score=score[place],
            probability=probability[place],
            offset=float(problem.offsets_of([place])[0]),
            graph=view.graph,
            weights=problem.weights[place] if hasattr(problem.model, "weights") else None,
        )

    return Decision(
        inputs=inputs[0],
        target=candidate(chosen),
        foil=None if foil is None else candidate(foil),
        model=problem.model,  # type: ignore[arg-type]  # it has terms: checked above
        graph=problem.views[0].graph,
        temperature=problem.calibration.temperature,
        gamma=problem.calibration.gamma,
        method=_method(problem.model),
        log_partition=float(logsumexp(scores)),
        predicted=_predicted(problem, order[0]),
        is_foil_chosen=against not in (None, "runner-up"),
        whole=problem.base,
        running=_running(problem, places),
    )


def _running(problem: Problem, places: list[int]) -> tuple[Running, ...]:
    """The classes of the label space, those of one graph together."""
    if not hasattr(problem.model, "weights"):
        return ()
    found = []
    for number in sorted({problem.view_of[place] for place in places}):
        mine = [place for place in places if problem.view_of[place] == number]
        view, is_seen = problem.views[number], problem.classes.is_seen[mine]
        seen = [place for place, has_examples in zip(mine, is_seen.tolist(), strict=True) if has_examples]
        found.append(
            Running(
                tuple(problem.classes.concepts[place] for place in mine),
                is_seen,
                problem.weights[seen],
                problem.offsets_of(mine),
                view.index,
                view.features,
                view.graph,
            )
        )
    return tuple(found)


def _method(model: Any) -> str:
    """The propagator's name as `propagator=` takes it, or its class; of a foreign network the module's."""
    name = str(model.report.get("settings", {}).get("name", "")) if hasattr(model, "report") else ""
    return name.lower() or ("graph-gp" if hasattr(model, "terms") else type(getattr(model, "network", model)).__name__)


def _predicted(problem: Problem, place: int) -> Predicted:
    concept, graph = problem.classes.concepts[place], problem.view(place).graph
    return Predicted(concept, graph.concept(concept).label)


def _foil(problem: Problem, chosen: int, against: str | None, order: list[int]) -> int | None:
    if against is None:
        return None
    if against == "runner-up":
        others = [place for place in order if place != chosen]
        if not others:
            raise InputFormatError("there is one class only, so no runner-up; explain its score with against=None")
        return others[0]
    foil = problem.classes.place(against)
    if foil == chosen:
        raise InputFormatError(f"{against!r} is the class to explain; compare it with another one, or against=None")
    return foil
